"""Address translators: what those behind one get to see, and quote."""

from typing import Literal

from rawkit.record import record, replace
from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import Address
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP

OUTSIDE_PORT = 61000
"""Where a translator's own ports begin: a habit of old Linux."""


@record
class NAT:
    """A translator that every packet goes through, and every error on its way back.

    A good one restores what its errors quote; most forget something.
    """

    port: int | None = OUTSIDE_PORT
    """In place of the source port, or of the identifier of an echo request; ``None``: it
    keeps those."""
    restores: tuple[Literal["address", "port", "checksum"], ...] = ("address", "port")
    """What it puts back into the quotes of errors that pass it. What is not restored shows
    that there is a translator."""


def quoted_through(packet: bytes, nat: NAT, outside: Address) -> bytes:
    """Return a datagram as an error quotes it that comes from behind a translator.

    Args:
        packet: the datagram in front of it, but with the TTL that it has where it ends.
        nat: the translator.
        outside: its address, which those behind it see.
    """
    before = dissect_ip(packet)
    after = dissect_ip(bytes(_translated(before, nat, outside)))
    ip, *others = after.headers
    if "address" in nat.restores:
        ip = replace(ip.recomputed(), src=_source(before))
    if others and "port" in nat.restores:
        others[-1] = _numbered(others[-1], _number(before.headers[-1]))
    if others and "checksum" in nat.restores:
        others[-1] = _summed(others[-1], before.headers[-1])
    return bytes(Packet((ip, *others), after.payload))


def _translated(packet: Packet, nat: NAT, outside: Address) -> Packet:
    """Return a packet as the translator sends it on, its checksums adapted."""
    ip, *others = (header.recomputed() for header in packet.headers)
    if others and nat.port is not None:
        others[-1] = _numbered(others[-1], nat.port)
    return Packet((replace(ip, src=outside), *others), packet.payload)


def _source(packet: Packet) -> Address:
    ip = packet.headers[0]
    assert isinstance(ip, IPv4 | IPv6)
    return ip.src


def _number(header: Header) -> int | None:
    """Return what tells the flows of a host apart; ``None``: nothing."""
    match header:
        case UDP(src_port=number) | TCP(src_port=number):
            return number
        case icmp.EchoRequest(identifier=number) | icmpv6.EchoRequest(identifier=number):
            return number
    return None


def _numbered(header: Header, number: int | None) -> Header:
    """Return a header with another such number; its checksum stays, if it has one."""
    if number is None:
        return header
    match header:
        case UDP() | TCP():
            return replace(header, src_port=number)
        case icmp.EchoRequest() | icmpv6.EchoRequest():
            return replace(header, identifier=number)
    return header


def _summed(header: Header, like: Header) -> Header:
    checksum = getattr(like, "checksum", None)
    return header if checksum is None else replace(header, checksum=checksum)
