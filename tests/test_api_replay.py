"""rawkit.replay in virtual time: when packets leave, what is chosen, counted and told."""

import io
import math
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any, cast

import pytest

import rawkit
from rawkit.api.replay import RealTime, Replaying
from rawkit.api.replay_events import PacketReplayed, PacketSkipped, ReplayOptions
from rawkit.capture.mending_settings import Remark, Skip
from rawkit.capture.writer import CaptureWriter
from rawkit.errors import FilterError, ParseError, UsageError
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.link_types import LinkType
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP

FRAME = Ethernet(b"\2" * 6, b"\4" * 6)
A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7")
FOUR = IPv4(A, B, identification=7)
SECOND = 10**9
SUPER = FRAME / FOUR / TCP(1, 2, flags=Flags.ACK) / bytes(4000)


class Clock:
    """Virtual time, which passes while somebody waits, and a little after that."""

    def __init__(self, late: float = 0.0) -> None:
        self.at = 1000.0
        self.late = late

    def now(self) -> float:
        return self.at

    def wait_until(self, at: float) -> None:
        self.at = max(self.at, at) + self.late


class Quay:
    """Takes what would go to the kernel, with the time."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.took: list[tuple[float, bytes]] = []
        self.link = None

    def prepare(self) -> None: ...

    def send(self, octets: bytes, *, is_frame: bool) -> None:
        assert is_frame
        self.took.append((round(self.clock.at - 1000, 6), octets))


def numbered(number: int) -> Packet:
    return FRAME / FOUR / UDP(1, 2) / bytes([number])


def capture(*times: float, packet: Packet | None = None) -> io.BytesIO:
    """Return a capture with a packet at each of these seconds."""
    file = io.BytesIO()
    writer = CaptureWriter(file, format="pcapng")
    for number, at in enumerate(times):
        one = numbered(number) if packet is None else packet
        writer.write(bytes(one), 1_700_000_000 * SECOND + round(at * SECOND))
    writer.close()
    file.seek(0)
    return file


class Replay(Replaying):
    """A replay to a quay."""

    def __init__(self, source: Any, clock: Clock | None = None, **options: Any) -> None:
        self.clock = clock or Clock()
        self.quay = Quay(self.clock)
        super().__init__(source, cast("ReplayOptions", options), self.clock)

    def _find_exits(self, opened: object) -> None:
        self._exits: Any = self.quay

    @property
    def times(self) -> list[float]:
        return [at for at, _ in self.quay.took]


def replayed(source: Any, **options: Any) -> Replay:
    replay = Replay(source, **options)
    replay.run()
    return replay


@pytest.mark.parametrize(
    ("options", "times"),
    [
        ({}, [0, 1, 1.5, 61.5]),
        ({"speed": 2.0}, [0, 0.5, 0.75, 30.75]),
        ({"rate": 4.0}, [0, 0.25, 0.5, 0.75]),
        ({"bits": 43 * 8.0}, [0, 1, 2, 3]),
        ({"top": True}, [0, 0, 0, 0]),
        ({"longest": 0.75}, [0, 0.75, 1.25, 2.0]),
        ({"loops": 2, "limit": 6}, [0, 1, 1.5, 61.5, 61.5, 62.5]),
        ({"filter": "udp[8] != 1"}, [0, 1.5, 61.5]),
    ],
)
def test_packets_leave_when_they_are_due(options: dict[str, Any], times: list[float]) -> None:
    replay = replayed(capture(0, 1, 1.5, 61.5), **options)

    assert replay.times == pytest.approx(times)
    assert replay.report().sent == len(times)
    assert replay.report().elapsed == pytest.approx(times[-1])


def test_the_pieces_of_a_packet_leave_together_and_count_for_the_rate() -> None:
    replay = replayed(capture(0, 1, packet=SUPER), rate=10.0)

    assert replay.times == [0, 0, 0, 0.3, 0.3, 0.3]
    assert replay.report().remarks == {Remark.SEGMENTED: 2}


def test_one_that_is_late_does_not_make_the_next_ones_late() -> None:
    replay = replayed(capture(*range(10)), clock=Clock(late=0.25))
    report = replay.report()

    assert replay.times == pytest.approx([number + 0.25 for number in range(10)])
    assert report.late_median == pytest.approx(0.25, rel=0.05)
    assert report.late_worst == 0.25


def test_where_nothing_is_due_nothing_is_late() -> None:
    report = replayed(capture(0, 1), top=True).report()

    assert (report.late_median, report.late_most, report.late_worst) == (None, None, None)


def test_a_clock_that_was_set_back_makes_no_pause() -> None:
    assert replayed(capture(5, 3, 4)).times == [0, 0, 1]


def test_what_is_not_sent_is_told_with_the_reason() -> None:
    file = io.BytesIO()
    writer = CaptureWriter(file)
    whole = bytes(numbered(1))
    writer.write(whole, 0)
    writer.write(whole[:40], 1, length=len(whole))
    writer.write(whole, 2)
    writer.close()
    file.seek(0)
    events: list[Any] = []

    replay = replayed(file, announce=events.append)
    report = replay.report()

    assert (report.read, report.chosen, report.sent, report.is_whole) == (3, 3, 2, False)
    assert report.skipped == {Skip.CUT: 1}
    assert [type(event) for event in events] == [PacketReplayed, PacketSkipped, PacketReplayed]
    assert [event.number for event in events] == [1, 2, 3]
    assert events[1].reason == "cut short by the capture"
    assert events[2].due == 2e-9
    assert events[2].mended.pieces == (whole,)


def test_a_damaged_capture_is_sent_up_to_there(tmp_path: Path) -> None:
    octets = capture(0, 1, 2).getvalue()

    report = replayed(io.BytesIO(octets[:-10]), loops=3).report()

    assert (report.read, report.sent, report.is_whole) == (2, 2, False)
    assert report.damage is not None
    assert "breaks off" in report.damage


def test_loops_read_a_long_capture_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rawkit.api.replay.MOST_KEPT", 300)

    replay = replayed(capture(0, 1, 2), loops=3, rate=1.0)

    assert [octets[-1] for _, octets in replay.quay.took] == [0, 1, 2] * 3
    assert replay.times == list(range(9))
    assert replay.report().read == 9


def test_ctrl_c_leaves_a_report_of_what_was_sent() -> None:
    def interrupt(event: Any) -> None:
        if event.number == 3:
            raise KeyboardInterrupt

    replay = Replay(capture(*range(5)), announce=interrupt)
    with pytest.raises(KeyboardInterrupt):
        replay.run()

    assert (replay.report().sent, replay.report().elapsed) == (3, 2)
    assert replay.has_begun


def test_a_dry_run_takes_no_time_and_no_privilege_and_tells_the_same() -> None:
    events: list[Any] = []

    report = rawkit.replay(
        capture(0, 3600),
        dry_run=True,
        addresses={"192.0.2.0/24": "198.51.100.0/24"},
        announce=events.append,
    )

    assert (report.sent, report.is_dry, report.late_worst) == (2, True, None)
    assert [(event.due, event.late) for event in events] == [(0, None), (3600, None)]
    (octets,) = events[0].mended.pieces
    assert dissect_frame(octets)[IPv4].src == IPv4Address("198.51.100.1")


def test_a_capture_of_ip_packets_takes_no_interface() -> None:
    file = io.BytesIO()
    writer = CaptureWriter(file, link_type=LinkType.RAW)
    writer.write(bytes(FOUR / UDP(1, 2) / b"hello"), 0)
    writer.close()
    file.seek(0)

    assert rawkit.replay(file, dry_run=True).sent == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"loops": 0}, "loops is 0, below 1"),
        ({"limit": 0}, "limit is 0, below 1"),
        ({"speed": 0.0}, "speed is 0.0, not above 0"),
        ({"rate": 5.0, "top": True}, "one pace at a time: not rate and top"),
        ({"vlan": 4096}, "vlan is 4096, not from 0 to 4095"),
        ({"ports": {80: 65536}}, "80=65536: ports are from 0 to 65535"),
        ({"src_mac": "02:00"}, "'02:00' is no hardware address"),
        ({"macs": {"x": "02:00:00:00:00:01"}}, "'x' is no hardware address"),
        ({"addresses": {"192.0.2.0/24": "198.51.100.0/25"}}, "256 addresses cannot become 128"),
        ({"mtu": 10}, "mtu is 10, below 68"),
    ],
)
def test_options_that_make_no_sense_are_refused(options: Any, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        rawkit.replay(capture(0), dry_run=True, **options)


def test_a_filter_that_makes_no_sense_says_where() -> None:
    with pytest.raises(FilterError):
        rawkit.replay(capture(0), dry_run=True, filter="udp prot 53")


def test_standard_input_cannot_be_read_twice() -> None:
    with pytest.raises(UsageError, match="it can be read once only"):
        rawkit.replay("-", dry_run=True, loops=2)


def test_what_is_no_capture_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParseError):
        rawkit.replay(io.BytesIO(b"hello, world"), dry_run=True)
    with pytest.raises(FileNotFoundError):
        rawkit.replay(str(tmp_path / "none.pcap"), dry_run=True)


def test_real_time_is_not_early_and_the_past_is_not_waited_for() -> None:
    timer = RealTime()
    at = timer.now() + 0.003

    timer.wait_until(at)
    over = timer.now()
    timer.wait_until(at - 1)

    assert over >= at
    assert not math.isinf(timer.now())
