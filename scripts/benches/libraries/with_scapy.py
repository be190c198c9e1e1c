"""Packets with scapy."""

from collections.abc import Callable
from ipaddress import ip_address
from typing import Any

from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import Ether
from scapy.utils import checksum

from scripts.benches.packet_library import Fields, Library
from scripts.benches.packet_values import TTL, WINDOW, Values


def prepared(values: Values) -> Any:
    """Return the values with addresses as text."""
    return values._replace(
        dst_mac=values.dst_mac.hex(":"),  # type: ignore[arg-type]  # text, for once
        src_mac=values.src_mac.hex(":"),  # type: ignore[arg-type]
        src=str(ip_address(values.src)),  # type: ignore[arg-type]
        dst=str(ip_address(values.dst)),  # type: ignore[arg-type]
    )


def segment(v: Any) -> Any:
    """Return TCP."""
    numbers = {"seq": v.sequence, "ack": v.acknowledgment, "flags": v.flags, "window": WINDOW}
    return TCP(sport=v.src_port, dport=v.dst_port, **numbers) / v.payload


def tcp(v: Any) -> Any:
    """Return TCP in IPv4."""
    ip = IP(src=v.src, dst=v.dst, id=v.identification, ttl=TTL)
    return Ether(dst=v.dst_mac, src=v.src_mac) / ip / segment(v)


def udp(v: Any) -> Any:
    """Return UDP in IPv4."""
    ip = IP(src=v.src, dst=v.dst, id=v.identification, ttl=TTL)
    datagram = UDP(sport=v.src_port, dport=v.dst_port) / v.payload
    return Ether(dst=v.dst_mac, src=v.src_mac) / ip / datagram


def tcp_in_ipv6(v: Any) -> Any:
    """Return TCP in IPv6."""
    ip = IPv6(src=v.src, dst=v.dst, hlim=TTL)
    return Ether(dst=v.dst_mac, src=v.src_mac) / ip / segment(v)


def read(octets: bytes) -> Fields:
    """Look at every field of TCP in IPv4."""
    frame = Ether(octets)
    ip, segment = frame[IP], frame[TCP]
    return (
        *(frame.dst, frame.src, ip.src, ip.dst, ip.ttl),
        *(segment.sport, segment.dport, segment.seq, segment.flags, segment.payload.load),
    )


def read_udp(octets: bytes) -> Fields:
    """Look at every field of UDP in IPv4."""
    frame = Ether(octets)
    ip, datagram = frame[IP], frame[UDP]
    return (
        *(frame.dst, frame.src, ip.src, ip.dst, ip.ttl),
        *(datagram.sport, datagram.dport, 0, 0, datagram.payload.load),
    )


def read_in_ipv6(octets: bytes) -> Fields:
    """Look at every field of TCP in IPv6."""
    frame = Ether(octets)
    ip, segment = frame[IPv6], frame[TCP]
    return (
        *(frame.dst, frame.src, ip.src, ip.dst, ip.hlim),
        *(segment.sport, segment.dport, segment.seq, segment.flags, segment.payload.load),
    )


def plain(fields: Fields) -> Fields:
    """Return what was read as octets and numbers."""
    dst_mac, src_mac, src, dst, *rest = fields
    macs = (bytes.fromhex(mac.replace(":", "")) for mac in (dst_mac, src_mac))
    numbers = (int(each) if not isinstance(each, bytes) else each for each in rest)
    return (*macs, ip_address(src).packed, ip_address(dst).packed, *numbers)


def kept(values: Values) -> Callable[[str, int, int], bytes]:
    """Return what changes objects that are kept."""
    frame = tcp(prepared(values))
    ip, segment = frame[IP], frame[TCP]

    def patched(dst: str, identification: int, sequence: int) -> bytes:
        ip.dst, ip.id, segment.seq = dst, identification, sequence
        return bytes(frame)

    return patched


LIBRARY = Library(
    prepared=prepared,
    build={
        "TCP": lambda v: bytes(tcp(v)),
        "UDP": lambda v: bytes(udp(v)),
        "TCP in IPv6": lambda v: bytes(tcp_in_ipv6(v)),
    },
    dissect={"TCP": read, "UDP": read_udp, "TCP in IPv6": read_in_ipv6},
    plain=plain,
    patch={"fields of a kept packet": kept},
    checksum=checksum,
)
