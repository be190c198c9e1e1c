"""Packets with rawkit."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.template import Template
from rawkit.wire.udp import UDP
from scripts.benches.packet_library import Fields, Library
from scripts.benches.packet_values import Values


def prepared(values: Values) -> Values:
    """Return the values with addresses and flags as rawkit has them."""
    kind: Any = IPv4Address if len(values.src) == 4 else IPv6Address
    src, dst = kind(values.src), kind(values.dst)
    return values._replace(src=src, dst=dst, flags=Flags(values.flags))


def tcp(v: Any) -> Packet:
    """Return TCP in IPv4."""
    ip = IPv4(v.src, v.dst, identification=v.identification, dont_fragment=False)
    segment = TCP(v.src_port, v.dst_port, v.sequence, v.acknowledgment, v.flags)
    made: Packet = Ethernet(v.dst_mac, v.src_mac) / ip / segment / v.payload
    return made


def udp(v: Any) -> Packet:
    """Return UDP in IPv4."""
    ip = IPv4(v.src, v.dst, identification=v.identification, dont_fragment=False)
    made: Packet = Ethernet(v.dst_mac, v.src_mac) / ip / UDP(v.src_port, v.dst_port) / v.payload
    return made


def tcp_in_ipv6(v: Any) -> Packet:
    """Return TCP in IPv6."""
    segment = TCP(v.src_port, v.dst_port, v.sequence, v.acknowledgment, v.flags)
    made: Packet = Ethernet(v.dst_mac, v.src_mac) / IPv6(v.src, v.dst) / segment / v.payload
    return made


def read(octets: bytes) -> Fields:
    """Look at every field of TCP in either IP."""
    packet = dissect_frame(octets)
    headers: Any = packet.headers
    frame, ip, segment = headers
    return (
        *(frame.dst, frame.src, ip.src, ip.dst, ip.ttl),
        *(segment.src_port, segment.dst_port, segment.sequence, segment.flags, packet.payload),
    )


def read_udp(octets: bytes) -> Fields:
    """Look at every field of UDP in IPv4."""
    packet = dissect_frame(octets)
    headers: Any = packet.headers
    frame, ip, datagram = headers
    return (
        *(frame.dst, frame.src, ip.src, ip.dst, ip.ttl),
        *(datagram.src_port, datagram.dst_port, 0, 0, packet.payload),
    )


def plain(fields: Fields) -> Fields:
    """Return what was read as octets and numbers."""
    dst_mac, src_mac, src, dst, *rest = fields
    return (bytes(dst_mac), bytes(src_mac), src.packed, dst.packed, *rest)


def template(values: Values) -> Callable[[Any, int, int], bytes]:
    """Return what fills in a template."""
    packet = tcp(prepared(values))
    octets: Callable[[Any, int, int], bytes] = Template(
        packet, IPv4.dst, IPv4.identification, TCP.sequence
    ).octets
    return octets


def replacing(values: Values) -> Callable[[Any, int, int], bytes]:
    """Return what changes a packet as a value."""
    packet = tcp(prepared(values))

    def patched(dst: Any, identification: int, sequence: int) -> bytes:
        changed = packet.replace(IPv4, dst=dst, identification=identification)
        return bytes(changed.replace(TCP, sequence=sequence))

    return patched


LIBRARY = Library(
    prepared=prepared,
    build={
        "TCP": lambda v: bytes(tcp(v)),
        "UDP": lambda v: bytes(udp(v)),
        "TCP in IPv6": lambda v: bytes(tcp_in_ipv6(v)),
    },
    dissect={"TCP": read, "UDP": read_udp, "TCP in IPv6": read},
    plain=plain,
    patch={"Template": template, "Packet.replace": replacing},
    checksum=internet_checksum,
)
