"""A simulated path in virtual time: how to ask it, and what its answers are checked for."""

import math
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from rawkit.lab.answers import Answer, Cast, Target
from rawkit.lab.hop import Hop
from rawkit.lab.responder import GATEWAY_MAC, Network, PathCounts, Responder
from rawkit.lab.serving import Report
from rawkit.record import replace
from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import Address
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import DestinationOptions
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Packet

OUR_MAC = bytes.fromhex("0200 5e10 0001")
US4, US6 = IPv4Address("192.0.2.1"), IPv6Address("2001:db8:0:1::1")
TARGET4, TARGET6 = IPv4Address("203.0.113.1"), IPv6Address("2001:db8:0:3::1")
US: dict[int, Address] = {4: US4, 6: US6}
TARGET: dict[int, Address] = {4: TARGET4, 6: TARGET6}
OTHER: dict[int, Address] = {4: IPv4Address("203.0.113.2"), 6: IPv6Address("2001:db8:0:3::2")}
STRANGER: dict[int, Address] = {4: IPv4Address("203.0.113.254"), 6: IPv6Address("2001:db8:0:3::fe")}
BETTER: dict[int, Address] = {4: IPv4Address("192.0.2.253"), 6: IPv6Address("2001:db8:0:1::fd")}
PAYLOAD = bytes(range(1, 57))
NOW = 1000.0

both = pytest.mark.parametrize("version", [4, 6])


def hop_address(number: int, version: int) -> Address:
    return ip_address(f"198.51.100.{number}" if version == 4 else f"2001:db8:0:2::{number}")


def path(
    *hops: Hop,
    targets: dict[Address | Network, Target] | None = None,
    answer: Answer = Answer.REPLY,
) -> Responder:
    """A path with the default addresses: one hop unless said otherwise."""
    placed = tuple(
        replace(
            hop,
            ipv4=IPv4Address(f"198.51.100.{number}"),
            ipv6=IPv6Address(f"2001:db8:0:2::{number}"),
        )
        for number, hop in enumerate(hops or (Hop(),), 1)
    )
    casts = {
        v: Cast(placed[0].address(v), BETTER[v], placed[-1].address(v), STRANGER[v], len(placed))
        for v in (4, 6)
    }
    if targets is None:
        targets = {TARGET[4]: Target((answer,)), TARGET[6]: Target((answer,))}
    return Responder(placed, targets, casts)


def ip(version: int, dst: Address | None = None, ttl: int = 64) -> IPv4 | IPv6:
    to = dst or TARGET[version]
    if version == 4:
        assert isinstance(to, IPv4Address)
        return IPv4(US4, to, ttl=ttl)
    assert isinstance(to, IPv6Address)
    return IPv6(US6, to, hop_limit=ttl)


def echo(version: int, sequence: int = 5, identifier: int = 777) -> icmp.EchoRequest:
    kind = icmp.EchoRequest if version == 4 else icmpv6.EchoRequest
    return kind(identifier, sequence)  # type: ignore[return-value]  # alike but for their home


def request(version: int, dst: Address | None = None, ttl: int = 64, sequence: int = 5) -> Packet:
    return ip(version, dst, ttl) / echo(version, sequence) / PAYLOAD


def ask(world: Responder, packet: Packet, now: float = NOW) -> list[tuple[float, Packet]]:
    """Send a packet; return all that comes back for it, each with how long it took."""
    world.take(now, 0, bytes(Ethernet(GATEWAY_MAC, OUR_MAC) / packet))
    return [(round(at - now, 9), packet) for at, packet in drain(world)]


def drain(world: Responder) -> list[tuple[float, Packet]]:
    back: list[tuple[float, Packet]] = []
    while not math.isinf(at := world.next_at()):
        for port, frame in world.due(at):
            assert port == 0
            assert frame[:12] == OUR_MAC + GATEWAY_MAC
            back.append((at, dissect_ip(frame[14:])))
    return back


def only(answers: list[tuple[float, Packet]]) -> Packet:
    assert len(answers) == 1, answers
    return answers[0][1]


def outer(packet: Packet) -> IPv4 | IPv6:
    header = packet.headers[0]
    assert isinstance(header, IPv4 | IPv6)
    return header


def sums_up(packet: Packet) -> bool:
    """Whether the ICMP checksum, and in IPv4 that of the header, is right."""
    octets, header = bytes(packet), outer(packet)
    if isinstance(header, IPv4):
        size = 20 + len(header.options)
        return internet_checksum(octets[:size]) == 0 == internet_checksum(octets[size:])
    skip = 48 if DestinationOptions in packet else 40
    body = octets[skip:]
    return internet_checksum(header.pseudo_header(len(body), IPProtocol.ICMPV6) + body) == 0


def is_right_reply(packet: Packet, version: int, dst: Address | None = None) -> bool:
    kind = icmp.EchoReply if version == 4 else icmpv6.EchoReply
    said = packet.headers[-1]
    return (
        isinstance(said, kind)
        and (said.identifier, said.sequence, said.code) == (777, 5, 0)
        and packet.payload == PAYLOAD
        and (outer(packet).src, outer(packet).dst) == (dst or TARGET[version], US[version])
        and sums_up(packet)
    )


def counts(world: Responder) -> PathCounts:
    return world.ask(Report())
