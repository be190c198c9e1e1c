"""What the tests of kernel sockets share: pipes on a host of their own, and a tap beside."""

import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address
from typing import Literal, Protocol

import pytest

from rawkit.lab.namespace import Namespace
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.raw import RawSocket
from rawkit.sockets.settings import Settings
from rawkit.wire import icmp, icmpv6
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import News
from rawkit.wire.packet import Packet
from rawkit.wire.received import Received

IDENTIFIER = 4660
LO, LO6 = IPv4Address("127.0.0.1"), IPv6Address("::1")
TARGET, ROUTER = IPv4Address("127.0.0.7"), IPv4Address("127.0.0.254")
PAYLOAD = b"sixteen octets.."
Kind = Literal["ping", "raw"]
BOTH_KINDS = pytest.mark.parametrize("kind", ["ping", "raw"])
BOTH_VERSIONS = pytest.mark.parametrize("version", [4, 6])


class Open(Protocol):
    """Opens an echo pipe on the test's host; its first news is already taken."""

    def __call__(
        self, kind: str, version: int = 4, identifier: int = IDENTIFIER, **wanted: object
    ) -> PacketIO: ...


@contextmanager
def tap(host: Namespace, version: int = 4) -> Iterator[RawSocket]:
    """A raw socket that hears all ICMP of the host."""
    with host.here():
        io = RawSocket(version, 1 if version == 4 else 58)
    try:
        yield io
    finally:
        io.close()


def say(host: Namespace, packet: Packet) -> None:
    """Send any ICMP packet from the source address in it."""
    ip = packet.headers[0]
    assert isinstance(ip, IPv4 | IPv6)
    with host.here():
        v4 = isinstance(ip, IPv4)
        io = RawSocket(4 if v4 else 6, 1 if v4 else 58, Settings(src=ip.src))
    io.send(packet)
    io.close()


def request(
    version: int = 4,
    sequence: int = 1,
    payload: bytes = PAYLOAD,
    fields: dict[str, object] | None = None,
) -> Packet:
    """Return an echo request; ``fields`` are those of its IP header."""
    wanted: dict[str, object] = fields or {}
    if version == 4:
        v4 = IPv4(LO, TARGET, **wanted)  # type: ignore[arg-type]  # the fields of a table
        return v4 / icmp.EchoRequest(IDENTIFIER, sequence) / payload
    v6 = IPv6(LO6, LO6, **wanted)  # type: ignore[arg-type]  # the fields of a table
    return v6 / icmpv6.EchoRequest(IDENTIFIER, sequence) / payload


def news_of(io: PacketIO, count: int = 1, patience: float = 2.0) -> list[News]:
    """Return the next news, or as many as come in time."""
    found: list[News] = []
    end = time.monotonic() + patience
    while len(found) < count and (left := end - time.monotonic()) > 0:
        if (news := io.receive()) is not None:
            found.append(news)
        else:
            select.select([io], [], [], left)
    return found


def received(io: PacketIO) -> Received:
    """Return the next packet."""
    for _ in range(10):
        (news,) = news_of(io)
        if isinstance(news, Received):
            return news
    raise AssertionError("no packet among ten news")


def heard(io: PacketIO, kind: type[icmp.EchoRequest] | type[icmpv6.EchoRequest]) -> Packet:
    """Return the next packet of a kind."""
    while not isinstance((packet := received(io).packet).headers[1], kind):
        pass
    return packet
