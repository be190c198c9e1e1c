"""Packets with dpkt."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from scripts.benches.packet_library import Fields, Library
from scripts.benches.packet_values import TTL, WINDOW, Values

dpkt: Any = import_module("dpkt")


def segment(v: Values) -> Any:
    """Return TCP."""
    return dpkt.tcp.TCP(
        sport=v.src_port,
        dport=v.dst_port,
        seq=v.sequence,
        ack=v.acknowledgment,
        flags=v.flags,
        win=WINDOW,
        data=v.payload,
    )


def framed(v: Values, kind: int, ip: Any) -> Any:
    """Return a frame around an IP header."""
    return dpkt.ethernet.Ethernet(dst=v.dst_mac, src=v.src_mac, type=kind, data=ip)


def tcp(v: Values) -> Any:
    """Return TCP in IPv4."""
    ip = dpkt.ip.IP(src=v.src, dst=v.dst, id=v.identification, ttl=TTL, p=6, data=segment(v))
    ip.len = len(ip)
    return framed(v, 0x0800, ip)


def udp(v: Values) -> Any:
    """Return UDP in IPv4."""
    datagram = dpkt.udp.UDP(sport=v.src_port, dport=v.dst_port, data=v.payload)
    datagram.ulen = len(datagram)
    ip = dpkt.ip.IP(src=v.src, dst=v.dst, id=v.identification, ttl=TTL, p=17, data=datagram)
    ip.len = len(ip)
    return framed(v, 0x0800, ip)


def tcp_in_ipv6(v: Values) -> Any:
    """Return TCP in IPv6."""
    inner = segment(v)
    ip = dpkt.ip6.IP6(src=v.src, dst=v.dst, nxt=6, hlim=TTL, plen=len(inner), data=inner)
    return framed(v, 0x86DD, ip)


def read(octets: bytes) -> Fields:
    """Look at every field of TCP in IPv4."""
    frame = dpkt.ethernet.Ethernet(octets)
    ip = frame.data
    segment = ip.data
    return (
        *(frame.dst, frame.src, ip.src, ip.dst, ip.ttl),
        *(segment.sport, segment.dport, segment.seq, segment.flags, segment.data),
    )


def read_udp(octets: bytes) -> Fields:
    """Look at every field of UDP in IPv4."""
    frame = dpkt.ethernet.Ethernet(octets)
    ip = frame.data
    datagram = ip.data
    return (
        *(frame.dst, frame.src, ip.src, ip.dst, ip.ttl),
        *(datagram.sport, datagram.dport, 0, 0, datagram.data),
    )


def read_in_ipv6(octets: bytes) -> Fields:
    """Look at every field of TCP in IPv6."""
    frame = dpkt.ethernet.Ethernet(octets)
    ip = frame.data
    segment = ip.data
    return (
        *(frame.dst, frame.src, ip.src, ip.dst, ip.hlim),
        *(segment.sport, segment.dport, segment.seq, segment.flags, segment.data),
    )


def kept(values: Values) -> Callable[[bytes, int, int], bytes]:
    """Return what changes objects that are kept."""
    frame = tcp(values)
    ip = frame.data
    segment = ip.data

    def patched(dst: bytes, identification: int, sequence: int) -> bytes:
        ip.dst, ip.id, ip.sum = dst, identification, 0
        segment.seq, segment.sum = sequence, 0
        return bytes(frame)

    return patched


LIBRARY = Library(
    prepared=lambda values: values,
    build={
        "TCP": lambda v: bytes(tcp(v)),
        "UDP": lambda v: bytes(udp(v)),
        "TCP in IPv6": lambda v: bytes(tcp_in_ipv6(v)),
    },
    dissect={"TCP": read, "UDP": read_udp, "TCP in IPv6": read_in_ipv6},
    plain=lambda fields: fields,
    patch={"fields of a kept packet": kept},
    checksum=dpkt.dpkt.in_cksum,
)
