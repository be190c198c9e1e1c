"""Listening: what is told, how much, until when, and the books."""

import math
from collections.abc import Callable
from ipaddress import IPv4Address

import pytest

from rawkit.engine.capture import MOST_INTERFACES, Capture, CaptureReport, CaptureSettings
from rawkit.errors import UsageError
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.news import Dropped, Opened
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Received
from rawkit.wire.received_frame import ReceivedFrame
from rawkit.wire.udp import UDP

PACKET = IPv4(IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")) / UDP(1, 2) / b"x"
START = 100.0


def frame(time: float = START, interface: str | None = "eth0", **known: object) -> ReceivedFrame:
    values = {"octets": bytes(60), "length": 60, **known}
    return ReceivedFrame(PACKET, time, interface, **values)  # type: ignore[arg-type]  # a test's own words


def capture(count: int | None = None, deadline: float | None = None) -> Capture:
    engine = Capture(CaptureSettings(count=count, deadline=deadline))
    engine.step(START)
    return engine


def test_what_is_heard_is_told_as_it_is() -> None:
    engine = capture()
    heard = frame()

    step = engine.step(START, heard)

    assert step.events == (heard,)
    assert step.send == ()
    assert step.wake_at == math.inf


def test_other_news_are_none_of_its_business() -> None:
    engine = capture()

    step = engine.step(START, Received(PACKET, START))

    assert step.events == ()
    assert engine.report().captured == 0


def test_it_ends_with_the_last_packet_that_is_wanted() -> None:
    engine = capture(count=2)

    first, second, third = (engine.step(START, frame()) for _ in range(3))

    assert first.wake_at == math.inf
    assert (len(second.events), second.wake_at) == (1, None)
    assert (third.events, third.wake_at) == ((), None)
    assert engine.is_full
    assert engine.report().captured == 2


def test_it_ends_when_its_time_is_over_and_nothing_is_left_to_read() -> None:
    engine = capture(deadline=2)

    waiting = engine.step(START + 1)
    late_but_arrived_in_time = engine.step(START + 3, frame(START + 1.9))
    end = engine.step(START + 3)

    assert waiting.wake_at == START + 2
    assert len(late_but_arrived_in_time.events) == 1
    assert late_but_arrived_in_time.wake_at == START + 2
    assert end.wake_at is None


def test_what_arrives_after_the_deadline_ends_it_and_is_not_told() -> None:
    engine = capture(deadline=2)

    step = engine.step(START + 2.1, frame(START + 2.05))

    assert (step.events, step.wake_at) == ((), None)
    assert engine.report().captured == 0


def test_time_runs_from_where_it_is_said_to_begin() -> None:
    engine = Capture(CaptureSettings(deadline=2))
    engine.begin(START)

    step = engine.step(START + 1.5)

    assert step.wake_at == START + 2


def test_a_deadline_of_nothing_takes_what_is_there() -> None:
    engine = Capture(CaptureSettings(deadline=0))
    engine.begin(START)

    arrived = engine.step(START + 1, frame(START))

    assert len(arrived.events) == 1
    assert engine.step(START + 1).wake_at is None


def test_a_stop_ends_it_once_there_is_nothing_left_to_read() -> None:
    engine = capture()
    engine.step(START, frame())

    engine.stop()
    unread = engine.step(START + 1, frame(START + 0.5))
    end = engine.step(START + 1)

    assert len(unread.events) == 1
    assert unread.wake_at is not None
    assert end.wake_at is None


def test_the_books_say_what_was_told() -> None:
    engine = capture()
    for heard in (
        frame(checksum=Checksum.BAD),
        frame(checksum=Checksum.UNFINISHED, super_packet=True, length=3000, octets=bytes(3000)),
        frame(interface="lo", length=100),
        frame(interface=None),
    ):
        engine.step(START + 1, heard)
    engine.step(START + 1, Opened("packet ring", "32 MiB"))
    engine.step(START + 5)

    assert engine.report() == CaptureReport(
        captured=4,
        passed=4,
        dropped=0,
        octets=60 + 3000 + 100 + 60,
        interfaces={"eth0": 2, "lo": 1, "?": 1},
        bad=1,
        unfinished=1,
        super_packets=1,
        cut=1,
        elapsed=5,
        via="packet ring",
        why="32 MiB",
    )


def test_drops_are_counted_as_they_are_told_and_the_kernel_has_the_last_word() -> None:
    engine = capture()
    engine.step(START, frame())
    engine.step(START, Dropped(3))
    engine.step(START, Dropped(4))

    before = engine.report()
    engine.settle(20, 9)
    after = engine.report()

    assert (before.passed, before.dropped) == (8, 7)
    assert (after.captured, after.passed, after.dropped) == (1, 20, 9)


def test_what_went_to_a_file_unread_is_in_the_books_as_well() -> None:
    engine = capture()
    engine.step(START, frame())

    engine.note_unread("eth0", captured=10, octets=1000, cut=2)
    engine.note_unread("eth1", captured=1, octets=60, cut=0)
    report = engine.report()

    assert (report.captured, report.octets, report.cut) == (12, 1120, 2)
    assert report.interfaces == {"eth0": 11, "eth1": 1}


def test_how_many_are_left_is_known() -> None:
    assert capture().left == math.inf
    engine = capture(count=3)
    engine.step(START, frame())
    assert engine.left == 2


def test_invented_interfaces_do_not_fill_the_memory() -> None:
    engine = capture()

    for number in range(MOST_INTERFACES + 10):
        engine.step(START, frame(interface=f"if{number}"))
    report = engine.report()

    assert len(report.interfaces) == MOST_INTERFACES
    assert report.captured == MOST_INTERFACES + 10


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: CaptureSettings(count=0), "count is 0, not at least 1"),
        (lambda: CaptureSettings(deadline=-1), "deadline is -1, not at least 0"),
        (lambda: CaptureSettings(deadline=math.nan), "deadline is nan, not at least 0"),
    ],
)
def test_what_makes_no_sense_is_refused(make: Callable[[], object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        make()


def test_a_report_before_the_beginning_is_empty() -> None:
    report = Capture().report()

    assert (report.captured, report.elapsed, report.interfaces) == (0, 0.0, {})


def test_a_frame_knows_its_headers_from_the_first_octet_on() -> None:
    untagged = frame()
    raw = ReceivedFrame(PACKET, START, "tun0", octets=bytes(PACKET), link_type=101)

    assert untagged.whole() is untagged.packet
    assert raw.whole() == PACKET
    assert isinstance(raw.whole(), Packet)
