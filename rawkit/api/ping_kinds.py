"""Pings that ask for more than an echo: how each makes its question and opens its pipe."""

import math
import time
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Literal

from rawkit.api.common import Place, inside
from rawkit.engine.ping_question import Ask
from rawkit.engine.ping_settings import PingSettings
from rawkit.errors import UsageError
from rawkit.host.names import numeric
from rawkit.record import record
from rawkit.sockets.ladder import NODE, PROBE, TIMESTAMP, Query, open_echo
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.settings import Settings
from rawkit.wire.address import Address
from rawkit.wire.extended_echo import (
    Interface,
    InterfaceAddress,
    InterfaceIndex,
    InterfaceName,
)

MOST_PORTS = 64
"""Source ports at most: each takes a socket."""

InterfaceWords = str | int | Address | Interface
"""An interface: a name, an index or an address, each also as text."""
NodeWords = str | Sequence[str]
"""A node information query in ping(8)'s words, such as ``"ipv6-all"``, or several of them."""


@record
class Opening:
    """What a pipe is opened for."""

    version: int
    identifier: int
    settings: Settings
    target: Address | None
    """The only one; ``None``: there are several."""
    place: Place | None


Open = Callable[[Opening], PacketIO]


@record
class Kind:
    """One kind of ping."""

    ask: Ask
    open: Open
    version: Literal[4, 6] | None = None
    """The only version of IP that has it; ``None``: both have."""
    needs_source: bool = False
    """Whether a packet must know its source address before the kernel sees it."""


def kind_of(settings: PingSettings, wanted: dict[str, object]) -> Kind:
    """Return the kind of ping that some keywords of :func:`rawkit.ping` ask for.

    Args:
        settings: what holds for all kinds.
        wanted: the keywords that were given, with their values.

    Raises:
        UsageError: they ask for two kinds, or for something that makes no sense.
    """
    data = wanted.pop("data", None)
    if data is not None and "udp" not in wanted:
        raise UsageError("data is what a datagram carries: it takes udp")
    if len(wanted) > 1:
        raise UsageError(f"one question at a time: {' or '.join(sorted(wanted))}")
    match wanted:
        case {"tcp": int(port)} if port is not True:
            return _tcp(port, ports_for(settings))
        case {"udp": int(port)} if port is not True and isinstance(data, bytes | None):
            return _udp(port, ports_for(settings), data)
        case {"icmp_timestamp": True}:
            return _timestamp()
        case {"probe": str() | int() | IPv4Address() | IPv6Address() as words} if words is not True:
            return _probe(interface_of(words))
        case {"probe": InterfaceName() | InterfaceIndex() | InterfaceAddress() as interface}:
            return _probe(interface)
        case {"node_info": words}:
            return _node(words)
    name, value = next(iter(wanted.items()))
    raise UsageError(f"{name} is {value!r}, which makes no sense")


def ports_for(settings: PingSettings) -> int:
    """Return how many source ports are to take turns: one for each request under way."""
    seldom = settings.interval <= 0 or math.isinf(settings.timeout)
    under_way = MOST_PORTS if seldom else math.ceil(settings.timeout / settings.interval) + 1
    wanted = under_way + settings.preload
    if settings.count is not None and settings.deadline is None:
        wanted = min(wanted, settings.count)
    return min(wanted, MOST_PORTS)


def interface_of(words: str | int | Address) -> Interface:
    """Return the interface that a word or number means.

    Raises:
        UsageError: it means none.
    """
    if isinstance(words, int):
        return InterfaceIndex(words)
    if not isinstance(words, str):
        return InterfaceAddress(words)
    if (address := numeric(words)) is not None:
        return InterfaceAddress(address)
    if words.isascii() and words.isdigit():
        return InterfaceIndex(int(words))
    if not words or words.startswith("-") or any(letter.isspace() for letter in words):
        raise UsageError(f"no name, index or address of an interface: {words!r}")
    return InterfaceName(words)


def _tcp(port: int, count: int) -> Kind:
    from rawkit.engine.ping_ports import SourcePorts
    from rawkit.engine.ping_tcp import ask_by_tcp

    source_ports = SourcePorts()

    def open_(for_: Opening) -> PacketIO:
        from rawkit.sockets.asking import open_tcp

        version, settings, target = for_.version, for_.settings, for_.target
        pipe, ports = open_tcp(version, settings, count, target, lambda: inside(for_.place))
        source_ports.have(version, ports)
        return pipe

    return Kind(ask_by_tcp(port, source_ports), open_, needs_source=True)


def _udp(port: int, count: int, data: bytes | None) -> Kind:
    from rawkit.engine.ping_ports import SourcePorts
    from rawkit.engine.ping_udp import ask_by_udp

    source_ports = SourcePorts()

    def open_(for_: Opening) -> PacketIO:
        from rawkit.sockets.asking import open_udp

        version, settings, target = for_.version, for_.settings, for_.target
        pipe, ports = open_udp(version, settings, count, target)
        source_ports.have(version, ports)
        return pipe

    return Kind(ask_by_udp(port, source_ports, data), open_, needs_source=True)


def _timestamp() -> Kind:
    from rawkit.engine.ping_timestamp import ask_the_time

    return Kind(ask_the_time(_wall), _query(TIMESTAMP), version=4)


def _probe(interface: Interface) -> Kind:
    from rawkit.engine.ping_interface import ask_for_interface

    return Kind(ask_for_interface(interface), _query(PROBE))


def _node(words: object) -> Kind:
    from rawkit.api.ping_node import asked_by
    from rawkit.engine.ping_node import ask_the_node

    if isinstance(words, str):
        words = (words,)
    if not isinstance(words, Sequence):
        raise UsageError(f"node_info is {words!r}, not words such as 'ipv6-all'")
    return Kind(ask_the_node(asked_by(words)), _query(NODE), version=6)


def _query(query: Query) -> Open:
    """Return what opens a pipe for one kind of ICMP requests."""

    def open_(for_: Opening) -> PacketIO:
        return open_echo(for_.version, for_.identifier, for_.settings, query)

    return open_


def _wall(moment: float) -> float:
    """Turn a monotonic time into seconds since 1970, by the clock as it is set now."""
    return moment + (time.time() - time.monotonic())
