"""Packets with pypacker."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

from scripts.benches.packet_library import Fields, Library
from scripts.benches.packet_values import TTL, WINDOW, Values

ethernet: Any = import_module("pypacker.layer12.ethernet")
ip4: Any = import_module("pypacker.layer3.ip")
ip6: Any = import_module("pypacker.layer3.ip6")
layer_tcp: Any = import_module("pypacker.layer4.tcp")
layer_udp: Any = import_module("pypacker.layer4.udp")
sums: Any = import_module("pypacker.checksum")


def segment(v: Values) -> Any:
    """Return TCP."""
    return layer_tcp.TCP(
        sport=v.src_port,
        dport=v.dst_port,
        seq=v.sequence,
        ack=v.acknowledgment,
        flags=v.flags,
        win=WINDOW,
        body_bytes=v.payload,
    )


def tcp(v: Values) -> Any:
    """Return TCP in IPv4."""
    frame = ethernet.Ethernet(dst=v.dst_mac, src=v.src_mac, type=0x0800)
    ip = ip4.IP(src=v.src, dst=v.dst, id=v.identification, ttl=TTL, p=6)
    return frame + ip + segment(v)


def udp(v: Values) -> Any:
    """Return UDP in IPv4."""
    frame = ethernet.Ethernet(dst=v.dst_mac, src=v.src_mac, type=0x0800)
    ip = ip4.IP(src=v.src, dst=v.dst, id=v.identification, ttl=TTL, p=17)
    return frame + ip + layer_udp.UDP(sport=v.src_port, dport=v.dst_port, body_bytes=v.payload)


def tcp_in_ipv6(v: Values) -> Any:
    """Return TCP in IPv6."""
    frame = ethernet.Ethernet(dst=v.dst_mac, src=v.src_mac, type=0x86DD)
    return frame + ip6.IP6(src=v.src, dst=v.dst, nxt=6, hlim=TTL) + segment(v)


def read(octets: bytes) -> Fields:
    """Look at every field of TCP in IPv4."""
    frame = ethernet.Ethernet(octets)
    ip = frame[ip4.IP]
    segment = ip[layer_tcp.TCP]
    return (
        *(frame.dst, frame.src, ip.src, ip.dst, ip.ttl),
        *(segment.sport, segment.dport, segment.seq, segment.flags, segment.body_bytes),
    )


def read_udp(octets: bytes) -> Fields:
    """Look at every field of UDP in IPv4."""
    frame = ethernet.Ethernet(octets)
    ip = frame[ip4.IP]
    datagram = ip[layer_udp.UDP]
    return (
        *(frame.dst, frame.src, ip.src, ip.dst, ip.ttl),
        *(datagram.sport, datagram.dport, 0, 0, datagram.body_bytes),
    )


def read_in_ipv6(octets: bytes) -> Fields:
    """Look at every field of TCP in IPv6."""
    frame = ethernet.Ethernet(octets)
    ip = frame[ip6.IP6]
    segment = ip[layer_tcp.TCP]
    return (
        *(frame.dst, frame.src, ip.src, ip.dst, ip.hlim),
        *(segment.sport, segment.dport, segment.seq, segment.flags, segment.body_bytes),
    )


def kept(values: Values) -> Callable[[bytes, int, int], bytes]:
    """Return what changes objects that are kept."""
    frame = tcp(values)
    ip = frame[ip4.IP]
    segment = ip[layer_tcp.TCP]

    def patched(dst: bytes, identification: int, sequence: int) -> bytes:
        ip.dst, ip.id, segment.seq = dst, identification, sequence
        octets: bytes = frame.bin()
        return octets

    return patched


LIBRARY = Library(
    prepared=lambda values: values,
    build={
        "TCP": lambda v: bytes(tcp(v).bin()),
        "UDP": lambda v: bytes(udp(v).bin()),
        "TCP in IPv6": lambda v: bytes(tcp_in_ipv6(v).bin()),
    },
    dissect={"TCP": read, "UDP": read_udp, "TCP in IPv6": read_in_ipv6},
    plain=lambda fields: fields,
    patch={"fields of a kept packet": kept},
    checksum=sums.in_cksum,
)
