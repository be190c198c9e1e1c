"""Recordings: what is read is what was written, and nothing else is believed."""

import asyncio
import errno
import json
import time
from ipaddress import IPv6Address
from pathlib import Path
from typing import get_args

import pytest

import rawkit
from rawkit.cli.errors import WriteError
from rawkit.cli.trace_record import Recorded, Replay, open_recording, read_recording
from rawkit.engine.ping_events import Target
from rawkit.engine.trace_events import (
    Answer,
    Dismissed,
    Hop,
    Kind,
    NotSent,
    Probe,
    RoundEnd,
    Stray,
    TraceEvent,
)
from rawkit.engine.trace_settings import TraceSettings
from rawkit.errors import UsageError
from rawkit.lab import Lab, line
from rawkit.record import replace
from rawkit.wire import icmp, icmpv6
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.multipart import InterfaceInfo, Label, Role, build, interface, mpls, read
from rawkit.wire.news import Dropped, Opened
from rawkit.wire.received import Clock
from rawkit.wire.udp import UDP
from tests.cli.trace_scenes import GOAL, HERE, OPENED, ROUTER, SETTINGS, TARGET, Scene, Told


def everything() -> list[TraceEvent]:
    """Return at least one event of each kind, with all that can be in it."""
    scene = Scene()
    labels = build([mpls(Label(24001, ttl=3)), interface(InterfaceInfo(Role.INCOMING, 2))])
    error = icmp.TimeExceeded(extensions=labels)
    quoted = IPv4(HERE, GOAL, ttl=1) / UDP(40000, 33434) / bytes(8)
    packet = dissect_ip(bytes(IPv4(ROUTER, HERE) / error / quoted))
    first = scene.answer(
        scene.sent(1),
        message=packet[icmp.TimeExceeded],
        packet=packet,
        extensions=read(labels),
        quoted_ttl=1,
        rewritten=("source port",),
        sent_by=Clock.USER,
    )
    scene.answer(first.probe, duplicate=True, received_by=Clock.USER)
    second = scene.sent(2)
    silence = scene.silence(second)
    scene.events.append(Hop(TARGET, 1, 1, (first,)))
    scene.events.append(Hop(TARGET, 2, 1, (silence,)))
    late = scene.answer(second, late=True, message=icmp.Unreachable(1))
    scene.events.append(Hop(TARGET, 2, 1, (late,), revised=True))
    refused = scene.sent(3)
    scene.events.append(NotSent(TARGET, refused, OSError(errno.EPERM, "not permitted"), 5.0))
    scene.events.append(Dismissed(TARGET, scene.sent(4)))
    scene.events.append(Stray(TARGET, GOAL, 1001.5))
    scene.events.append(Dropped(3))
    scene.events.append(Opened("raw socket", "asked for"))
    scene.answer(scene.sent(3), GOAL, kind=Kind.REFUSED, message=None)
    scene.events.append(RoundEnd(TARGET, 1, False, 1002.0))
    return scene.events


def recorded(folder: Path, session: Told) -> str:
    path = str(folder / "trace.jsonl")
    with open_recording(path) as file:
        for _ in Recorded(session, file):
            pass
    return path


def plain(events: list[TraceEvent]) -> list[object]:
    """Return events that can be compared: an error is not equal to its twin."""
    return [
        (one.probe, one.time, one.error.errno, one.error.strerror)
        if isinstance(one, NotSent)
        else one
        for one in events
    ]


def test_every_event_is_read_as_it_was_written(tmp_path: Path) -> None:
    path = recorded(tmp_path, Told(everything()))

    events = [event for _, event in read_recording(path).events()]

    assert plain(events) == plain(everything())
    assert {type(event) for event in events} == set(get_args(TraceEvent))


def test_a_replay_gives_the_report_of_the_session(tmp_path: Path) -> None:
    settings = TraceSettings(announce=True, queries=1, options=b"\x01", wait=2.5)
    session = Told(everything(), settings)
    path = recorded(tmp_path, session)

    replay = Replay(read_recording(path), speed=None)

    assert replay.run() == session.report()
    assert (replay.target, replay.settings) == (TARGET, settings)
    assert session.report().via == "UDP socket, raw socket"
    assert [row.ttl for row in session.report().rows] == [1, 2]


def test_a_row_may_have_an_outcome_that_was_not_told(tmp_path: Path) -> None:
    scene = Scene()
    answer = scene.answer(scene.sent(1))
    events: list[TraceEvent] = [Hop(TARGET, 1, 1, (answer,), True)]

    path = recorded(tmp_path, Told(events))

    assert [event for _, event in read_recording(path).events()] == events


def test_a_message_without_its_packet_is_kept_over_ipv6_too(tmp_path: Path) -> None:
    address, here = IPv6Address("2001:db8::7"), IPv6Address("2001:db8::1")
    target, message = Target("six", address, here), icmpv6.Unreachable(4)
    answer = Answer(target, Probe(1, 1), Kind.REACHED, address, 0.1, 1.0, 64, message)

    path = recorded(tmp_path, Told([answer], target=target))

    assert [event for _, event in read_recording(path).events()] == [answer]


@pytest.mark.netns
def test_a_real_trace_is_replayed_with_the_same_rows_and_report(tmp_path: Path) -> None:
    path = str(tmp_path / "real.jsonl")
    with line(hops=2) as net:
        session = rawkit.trace(net.last.ipv4, queries=2, announce=True, at=net.first)
        with open_recording(path) as file:
            events = list(Recorded(session, file))

    replay = Replay(read_recording(path), speed=None)

    assert list(replay) == events
    assert replay.report() == session.report()
    assert [row.ttl for row in replay.report().rows] == [1, 2, 3]


@pytest.mark.netns
def test_asyncio_records_and_replays_as_well(tmp_path: Path) -> None:
    path = str(tmp_path / "real.jsonl")

    async def record(net: Lab) -> list[TraceEvent]:
        session = rawkit.trace(net.last.ipv4, method="icmp", announce=True, at=net.first)
        with open_recording(path) as file:
            return [event async for event in Recorded(session, file)]

    async def play() -> list[TraceEvent]:
        return [event async for event in Replay(read_recording(path), speed=None)]

    with line(hops=1) as net:
        events = asyncio.run(record(net))

    assert asyncio.run(play()) == events


def test_a_recorder_that_is_left_closes_its_session(tmp_path: Path) -> None:
    session = Told([OPENED], endless=True)

    async def leave() -> None:
        with open_recording(str(tmp_path / "left.jsonl")) as file:
            events = aiter(Recorded(session, file))
            await anext(events)
            await events.aclose()  # type: ignore[attr-defined]  # a generator

    asyncio.run(leave())

    assert session.closed


def test_a_recording_that_breaks_off_is_good_up_to_there(tmp_path: Path) -> None:
    path = Path(recorded(tmp_path, Told(everything())))
    whole = path.read_bytes()
    path.write_bytes(whole[:-30])

    events = [event for _, event in read_recording(str(path)).events()]

    assert plain(events) == plain(everything()[:-1])


def test_a_replay_takes_its_time(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD, {"at": 0.2, **STRAY}, {"at": 0.6, **STRAY})

    began = time.monotonic()
    Replay(read_recording(path), speed=3.0).run()

    assert time.monotonic() - began >= 0.2


def test_a_replay_waits_for_who_pauses_it(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD, {"at": 0.0, **STRAY}, {"at": 1.0, **STRAY})
    events = iter(Replay(read_recording(path)))

    next(events)
    time.sleep(1.0)
    began = time.monotonic()
    next(events)

    assert time.monotonic() - began >= 0.4  # of the 0.5 s that are left after making up for some


HEAD = {
    "schema": "rawkit.recording/1",
    "command": "trace",
    "target": {"name": "a", "address": "192.0.2.7", "src": "192.0.2.1"},
    "settings": {"method": "udp"},
    "epoch": 1.7e9,
}
STRAY = {"type": "stray", "source": "192.0.2.9", "time": 1.0}
SENT = {"at": 0, "type": "sent", "probe": [1, 1, 0, 1, 0], "time": 1.0}
ANSWER = {
    "at": 0, "type": "answer", "probe": [1, 1, 0, 1, 0], "kind": "expired", "source": "192.0.2.9",
    "rtt": 0.1, "time": 1.0, "ttl": 64, "message": None, "extensions": [], "quoted_ttl": None,
    "rewritten": [], "late": False, "duplicate": False, "sent_by": "kernel",
    "received_by": "kernel", "packet": "",
}  # fmt: skip


def written(folder: Path, *lines: object) -> str:
    path = folder / "written.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in lines))
    return str(path)


def target(**changes: object) -> dict[str, object]:
    return HEAD | {"target": HEAD["target"] | changes}  # type: ignore[operator]


@pytest.mark.parametrize(
    ("head", "said"),
    [
        ({}, "no recording of a trace (rawkit trace --record makes one)"),
        ([], "line 1: no JSON object"),
        (HEAD | {"schema": "rawkit.recording/2"}, "no recording of a trace (rawkit trace"),
        (HEAD | {"command": "ping"}, "no recording of a trace (rawkit trace"),
        (HEAD | {"target": None}, "line 1: 'NoneType' object is not subscriptable"),
        (target(address="here"), "line 1: 'here' is no address"),
        (target(name="\x1b[2J"), r"line 1: '\x1b[2J' is no printable text"),
        (HEAD | {"settings": {"method": "smoke"}}, "line 1: method is 'smoke', not one of udp"),
        (HEAD | {"epoch": float("inf")}, "line 1: inf is no number"),
    ],
)
def test_a_header_that_is_none_is_told_in_one_line(tmp_path: Path, head: object, said: str) -> None:
    path = written(tmp_path, head)

    with pytest.raises(UsageError) as caught:
        read_recording(path)

    assert str(caught.value).startswith(f"{path}: {said}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("a", "no JSON object"),
        ({"at": 0}, "nothing behind 'type'"),
        ({"at": 0, "type": "weather"}, "unknown type 'weather'"),
        (SENT | {"at": float("nan")}, "nan is no number"),
        (SENT | {"probe": [1, 2]}, "not enough values to unpack (expected 5, got 2)"),
        (SENT | {"probe": [1, "1", 0, 1, 0]}, "'1' is no integer"),
        (ANSWER | {"kind": "odd"}, "'odd' is not a valid Kind"),
        (ANSWER | {"packet": "4"}, "non-hexadecimal number found in fromhex() arg"),
        (ANSWER | {"message": 0}, "the packet has no header 0"),
        (ANSWER | {"message": "0b"}, "the packet has no header 1"),
        (ANSWER | {"message": [1]}, "fromhex() argument must be str, not list"),
        (ANSWER | {"rewritten": ["\x07"]}, r"'\x07' is no printable text"),
        (
            {"at": 0, "type": "hop", "ttl": 1, "round": 1, "outcomes": [5], "is_last": True,
             "revised": False},
            "nothing behind 5",
        ),
        (
            {"at": 0, "type": "hop", "ttl": 1, "round": 1, "outcomes": [SENT], "is_last": True,
             "revised": False},
            "is no outcome",
        ),
    ],
)  # fmt: skip
def test_a_line_that_is_no_event_is_told_with_its_number(
    tmp_path: Path, line: object, said: str
) -> None:
    path = written(tmp_path, HEAD, line, HEAD)

    with pytest.raises(UsageError) as caught:
        list(read_recording(path).events())

    assert str(caught.value).startswith(f"{path}: line 2: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_what_a_newer_header_says_besides_does_not_disturb(tmp_path: Path) -> None:
    path = written(tmp_path, HEAD | {"mood": 1, "settings": {"method": "tcp", "smell": "none"}})

    assert read_recording(path).settings == TraceSettings(method="tcp")


def test_no_file_and_no_text_and_no_json_are_told_in_one_line(tmp_path: Path) -> None:
    missing, binary, prose = tmp_path / "missing", tmp_path / "binary", tmp_path / "prose"
    binary.write_bytes(b"\x80\x81\n")
    prose.write_text("once upon a time\n")

    for path, said in (
        (missing, f"cannot read {str(missing)!r}: No such file or directory"),
        (tmp_path, f"cannot read {str(tmp_path)!r}: Is a directory"),
        (binary, f"{binary}: not text"),
        (prose, f"{prose}: line 1: not JSON"),
    ):
        with pytest.raises(UsageError, match=r"^.+$") as caught:
            read_recording(str(path))
        assert str(caught.value) == said


def test_a_file_that_cannot_be_made_is_told_before_anything_is_sent(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"cannot record to '.*/none/x': No such file"):
        open_recording(str(tmp_path / "none" / "x"))
    with pytest.raises(UsageError, match="stdout is for what is shown"):
        open_recording("-")


def test_a_full_disk_is_told_in_one_line() -> None:
    with (
        pytest.raises(WriteError, match=r"^cannot write to '/dev/full': No space left on device$"),
        open_recording("/dev/full") as file,
    ):
        Recorded(Told([]), file)


def test_a_live_trace_without_end_keeps_no_rows(tmp_path: Path) -> None:
    scene = Scene()
    scene.round(1, 0.001, 0.002)
    path = recorded(tmp_path, Told(scene.events, SETTINGS))

    assert Replay(read_recording(path), speed=None).run().rows == ()
    assert replace(SETTINGS, rounds=2) != read_recording(path).settings == SETTINGS
