"""Which packet left when: stamps that are late, lost, or from an earlier count."""

import socket
import time
from collections.abc import Iterator
from ipaddress import IPv4Address

import pytest

from rawkit.sockets import departures
from rawkit.sockets.departures import MANY, NEVER_LEFT, Departures
from rawkit.wire import icmp
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.news import Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock

A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")


def packet(sequence: int) -> Packet:
    return IPv4(A, B) / icmp.EchoRequest(7, sequence)


FIRST, SECOND, THIRD = packet(1), packet(2), packet(3)


@pytest.fixture
def under_way() -> Iterator[Departures]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        yield Departures(sock, wanted=True)


def stamp_now() -> tuple[int, int]:
    return divmod(time.time_ns(), 10**9)


def test_a_stamp_belongs_to_the_packet_with_its_number(under_way: Departures) -> None:
    before = time.monotonic()
    assert under_way.add(FIRST, before) is None
    assert under_way.add(SECOND, before) is None

    told = under_way.stamped(1, *stamp_now())

    assert told is not None
    assert told.packet is SECOND
    assert told.clock is Clock.KERNEL
    assert before - 1e-4 <= told.time <= time.monotonic() + 1e-4
    assert [packet for packet, _ in under_way.waiting.values()] == [FIRST]


def test_a_second_or_unknown_stamp_is_ignored(under_way: Departures) -> None:
    under_way.add(FIRST, time.monotonic())
    under_way.stamped(0, *stamp_now())

    assert under_way.stamped(0, *stamp_now()) is None
    assert under_way.stamped(7, *stamp_now()) is None


@pytest.mark.parametrize("seconds_off", [-1, 1])
def test_a_stamp_from_another_time_is_not_believed(under_way: Departures, seconds_off: int) -> None:
    before = time.monotonic()
    under_way.add(FIRST, before)
    seconds, nanoseconds = stamp_now()

    told = under_way.stamped(0, seconds + seconds_off, nanoseconds)

    assert told == Transmitted(FIRST, before, Clock.USER)


def test_a_new_count_starts_at_nought(under_way: Departures) -> None:
    under_way.add(FIRST, time.monotonic())
    under_way.stamped(0, *stamp_now())

    assert under_way.restart() == []
    under_way.add(SECOND, time.monotonic())
    told = under_way.stamped(0, *stamp_now())

    assert told is not None
    assert told.packet is SECOND


def test_what_waits_when_the_count_starts_anew_gets_our_own_time(under_way: Departures) -> None:
    before = time.monotonic()
    under_way.add(FIRST, before)

    assert under_way.restart() == [Transmitted(FIRST, before, Clock.USER)]
    assert under_way.doubtful


def test_an_answer_before_any_stamp_shows_that_there_are_none(under_way: Departures) -> None:
    under_way.add(FIRST, 1.0)
    under_way.add(SECOND, 2.0)

    assert under_way.answered() == [
        Transmitted(FIRST, 1.0, Clock.USER),
        Transmitted(SECOND, 2.0, Clock.USER),
    ]
    assert under_way.add(THIRD, 3.0) == Transmitted(THIRD, 3.0, Clock.USER)


def test_an_answer_after_a_stamp_shows_nothing(under_way: Departures) -> None:
    under_way.add(FIRST, time.monotonic())
    under_way.stamped(0, *stamp_now())
    under_way.add(SECOND, time.monotonic())

    assert under_way.answered() == []
    assert under_way.waiting


def test_packets_that_never_left_are_forgotten(under_way: Departures) -> None:
    for sequence in range(MANY):
        under_way.add(packet(sequence), 10.0)
    under_way.add(SECOND, 10.0 + NEVER_LEFT)
    assert len(under_way.waiting) == MANY + 1

    under_way.add(THIRD, 10.1 + NEVER_LEFT)

    assert [packet for packet, _ in under_way.waiting.values()] == [SECOND, THIRD]


def test_the_count_wraps_as_the_kernels(
    under_way: Departures, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(departures, "KEYS", 2)
    for one in (FIRST, SECOND):
        under_way.add(one, time.monotonic())
    under_way.stamped(0, *stamp_now())

    under_way.add(THIRD, time.monotonic())
    told = under_way.stamped(0, *stamp_now())

    assert told is not None
    assert told.packet is THIRD
