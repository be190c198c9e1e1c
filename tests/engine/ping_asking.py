"""What the tests of questions share: pings of every kind in virtual time, and answers."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from rawkit.engine.ping import Ping
from rawkit.engine.ping_events import PingEvent, Target
from rawkit.engine.ping_ports import SourcePorts
from rawkit.engine.ping_question import Ask
from rawkit.engine.ping_settings import PingSettings
from rawkit.engine.step import Step
from rawkit.record import replace
from rawkit.wire import icmp, icmpv6
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import News
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Received

US, A, B, STRANGER = (IPv4Address(f"192.0.2.{last}") for last in (1, 2, 3, 77))
ROUTER = IPv4Address("198.51.100.1")
US6, A6, ROUTER6 = (IPv6Address(f"2001:db8::{last}") for last in (1, 2, "fe"))
IDENTIFIER, KEY = 7, b"sixteen octets.."
PORTS = range(40_000, 40_004)
START = 10.0


def source_ports(ports: Sequence[int] = PORTS) -> SourcePorts:
    found = SourcePorts()
    for version in (4, 6):
        found.have(version, ports)
    return found


def asking(ask: Ask, *addresses: Any, **settings: Any) -> Ping:
    """Return a ping with a question to some addresses, by default to ``A``."""
    wanted = {"count": 1, "timeout": 0.5} | settings
    targets = tuple(Target(str(a), a, US if a.version == 4 else US6) for a in addresses or (A,))
    return Ping(targets, IDENTIFIER, KEY, PingSettings(**wanted), ask)


def sent(engine: Ping, at: float = START) -> Packet:
    (packet,) = engine.step(at).send
    return packet


def told(engine: Ping, now: float, news: News) -> Step[PingEvent]:
    """Tell an engine some news, and then that there is no more."""
    first = engine.step(now, news)
    if first.wake_at is None or first.wake_at > now:
        return first
    second = engine.step(now)
    return replace(second, events=first.events + second.events)


def only(step: Step[PingEvent]) -> Any:
    (event,) = step.events
    return event


def back(request: Packet, *headers: Header, payload: bytes = b"", source: Any = None) -> Packet:
    """Return a packet to where a request came from, by default from where it went to."""
    outer: IPv4 | IPv6
    match request.headers[0], source:
        case IPv4(src=src, dst=dst), _:
            outer = IPv4(source or dst, src, ttl=60)
        case IPv6(src=src6, dst=dst6), _:
            outer = IPv6(source or dst6, src6, hop_limit=60)
        case _:
            raise ValueError(f"no IP packet: {request}")
    packet = Packet((outer,))
    for header in headers:
        packet = packet / header
    return packet / payload


def arrived(packet: Packet, at: float = START + 0.25, **more: Any) -> Received:
    return Received(packet, at, **more)


def about(request: Packet, message: Any, octets: int | None = None, source: Any = None) -> Packet:
    """Return an ICMP error as it is read: it quotes so many octets behind the IP header."""
    v4 = isinstance(request.headers[0], IPv4)
    quote = bytes(request)
    if octets is not None:
        quote = quote[: (20 if v4 else 40) + octets]
    router = source or (ROUTER if v4 else ROUTER6)
    return dissect_ip(bytes(back(request, message, payload=quote, source=router)))


UNREACHABLE: dict[int, Any] = {4: icmp.Unreachable(1), 6: icmpv6.Unreachable(3)}
PORT_UNREACHABLE: dict[int, Any] = {4: icmp.Unreachable(3), 6: icmpv6.Unreachable(4)}
