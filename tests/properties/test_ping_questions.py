"""Pings of every kind take whatever comes: nothing upsets them, and the books add up."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit.engine.ping import Ping
from rawkit.engine.ping_interface import ask_for_interface
from rawkit.engine.ping_node import NodeAsked, ask_the_node
from rawkit.engine.ping_tcp import ask_by_tcp
from rawkit.engine.ping_timestamp import ask_the_time
from rawkit.engine.ping_udp import ask_by_udp
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.extended_echo import InterfaceName
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.node_information import QType
from rawkit.wire.packet import Packet
from rawkit.wire.received import Received
from tests.engine import test_ping_queries as queries
from tests.engine.ping_asking import (
    A6,
    PORT_UNREACHABLE,
    START,
    A,
    about,
    asking,
    sent,
    source_ports,
)
from tests.engine.test_ping_tcp import answer as segment
from tests.engine.test_ping_udp import answer as datagram

Answer = Callable[[Packet], Packet]
KINDS: dict[str, tuple[Any, tuple[Any, ...], Answer]] = {
    "tcp": (ask_by_tcp(80, source_ports()), (A, A6), segment),
    "udp": (ask_by_udp(53, source_ports()), (A, A6), datagram),
    "data": (ask_by_udp(53, source_ports(), b"?"), (A, A6), datagram),
    "timestamp": (
        ask_the_time(lambda time: time),
        (A,),
        lambda request: queries.time_of(request, 1, 2),
    ),
    "probe": (ask_for_interface(InterfaceName("eth0")), (A, A6), queries.state_of),
    "node": (ask_the_node(NodeAsked(QType.NAME)), (A6,), lambda r: queries.said_by(r, b"\0" * 9)),
}
CASES = [(name, address) for name, (_, addresses, _) in KINDS.items() for address in addresses]
each_kind = pytest.mark.parametrize(
    ("name", "address"), CASES, ids=[f"{name}-v{address.version}" for name, address in CASES]
)
CHANGES = st.lists(st.tuples(st.integers(0, 200), st.integers(1, 255)), max_size=4)
"""Places and what is added there, modulo 256."""


def changed(octets: bytes, changes: list[tuple[int, int]], cut: int) -> bytes:
    """Return octets with some of them changed, and fewer of them."""
    found = bytearray(octets)
    for place, difference in changes:
        if found:
            found[place % len(found)] = (found[place % len(found)] + difference) % 256
    return bytes(found[: max(1, len(found) - cut)])


def asked(name: str, address: Any) -> tuple[Ping, Packet]:
    engine = asking(KINDS[name][0], address, count=2, interval=1.0)
    return engine, sent(engine)


def adds_up(engine: Ping) -> None:
    (report,) = engine.report()
    books = report.ledger
    parts = (books.replied, books.late, books.corrupted, books.errors)
    assert books.sent == sum(parts) + books.lost_here + books.unanswered
    assert all(part >= 0 for part in parts)
    assert books.replied <= 1


def told(engine: Ping, octets: bytes) -> None:
    packet = dissect_ip(octets)
    for at in (START + 0.25, START + 0.5):
        engine.step(at, Received(packet, at))
        engine.step(at)
        adds_up(engine)


@each_kind
@given(changes=CHANGES, cut=st.integers(0, 80))
def test_no_change_of_an_answer_upsets_a_ping(
    name: str, address: Any, changes: list[tuple[int, int]], cut: int
) -> None:
    engine, request = asked(name, address)

    told(engine, changed(bytes(KINDS[name][2](request)), changes, cut))


@each_kind
@given(changes=CHANGES, cut=st.integers(0, 80), octets=st.none() | st.integers(0, 60))
def test_no_change_of_an_error_upsets_a_ping(
    name: str, address: Any, changes: list[tuple[int, int]], cut: int, octets: int | None
) -> None:
    engine, request = asked(name, address)
    error = about(request, PORT_UNREACHABLE[address.version], octets, source=address)

    told(engine, changed(bytes(error), changes, cut))


@pytest.mark.parametrize(
    ("name", "address"), [case for case in CASES if case[0] not in ("udp", "data")], ids=str
)
@given(payload=st.binary(max_size=80))
def test_nothing_that_comes_from_nowhere_counts(name: str, address: Any, payload: bytes) -> None:
    """Apart from datagrams: what a service answers with is its own business."""
    engine, request = asked(name, address)
    ip = request.headers[0]
    assert isinstance(ip, IPv4 | IPv6)
    protocol = bytes(request)[9 if isinstance(ip, IPv4) else 6]
    outer: Any = IPv4(ip.dst, ip.src, protocol) if isinstance(ip, IPv4) else None
    outer = outer or IPv6(ip.dst, ip.src, protocol)  # type: ignore[arg-type]  # both of IPv6
    octets = bytes(Packet((outer,), payload))

    told(engine, octets)

    assert engine.report()[0].ledger.replied == 0
