"""scripts/bench: its arithmetic, and how it reads what other tools print."""

import json
import socket
import struct
import time
from contextlib import nullcontext
from typing import cast

import pytest

from rawkit import lab
from rawkit.lab import Node
from rawkit.wire.notation import parse
from scripts.benches import packet_rounds, packet_work, readings, report, sending, sending_work
from scripts.benches.capture import Exchange, Frame, exchanges, icmp_of
from scripts.benches.figures import Spread, differences, mean_interval, quantile, ratios, spread
from scripts.benches.packet_rounds import Least
from scripts.benches.packet_values import KINDS, values_of
from scripts.benches.readings import Found, Shown
from scripts.benches.result import Column, Goal, Result, Row
from scripts.benches.running import (
    Command,
    CommandFailed,
    Outcome,
    environment_of,
    present,
    rounds,
)
from scripts.benches.turns import (
    Entry,
    note_of,
    take_turns,
    times_as_long,
    times_as_long_as_usual,
)

QUANTILES = [
    ([7.0], 0.25, 7.0),
    ([1.0, 2.0], 0.5, 1.5),
    ([1.0, 2.0, 3.0, 4.0, 5.0], 0.25, 2.0),
    ([1.0, 2.0, 3.0, 4.0], 0.75, 3.25),
    ([1.0, 2.0, 3.0], 0.0, 1.0),
    ([1.0, 2.0, 3.0], 1.0, 3.0),
]


@pytest.mark.parametrize(("ordered", "share", "expected"), QUANTILES)
def test_a_quantile_between_two_values_is_interpolated(
    ordered: list[float], share: float, expected: float
) -> None:
    assert quantile(ordered, share) == expected


def test_a_spread_does_not_depend_on_the_order_of_the_values() -> None:
    assert spread([5, 1, 4, 2, 3]) == Spread(2, 3, 4, 5)


def test_nothing_measured_has_no_spread() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        spread([])


def test_a_ratio_is_taken_within_each_round() -> None:
    slow_machine_in_the_last_round = [1.0, 1.0, 10.0]

    assert ratios([2.0, 2.0, 20.0], slow_machine_in_the_last_round) == Spread(2, 2, 2, 3)


def test_rounds_that_do_not_pair_have_no_ratio() -> None:
    with pytest.raises(ValueError, match="argument 2"):
        ratios([1.0], [1.0, 2.0])


def test_a_bias_is_what_is_shown_less_what_is_true() -> None:
    assert differences([0.75, 0.25], [0.5, 0.5]) == [0.25, -0.25]


def test_a_mean_interval_holds_the_drift_of_all_of_them() -> None:
    assert mean_interval([0.0, 1.0, 4.0]) == 2.0
    with pytest.raises(ValueError, match="two packets"):
        mean_interval([0.0])


PING = """\
PING 192.0.2.1 (192.0.2.1) 56(84) bytes of data.
64 bytes from 192.0.2.1: icmp_seq=1 ttl=64 time=0.033 ms
64 bytes from host.example (192.0.2.1): icmp_seq=2 ttl=64 time=12.5 ms
From 192.0.2.1 icmp_seq=3 Destination Host Unreachable

--- 192.0.2.1 ping statistics ---
3 packets transmitted, 2 received, 33.3333% packet loss, time 30ms
rtt min/avg/max/mdev = 0.025/0.029/0.033/0.003 ms
"""
FPING = """\
192.0.2.1 : [0], 64 bytes, 0.031 ms (0.031 avg, 0% loss)
192.0.2.1 : [1], timed out (0.031 avg, 50% loss)
192.0.2.1 : [2], 64 bytes, 1.02 ms (0.52 avg, 33% loss)

192.0.2.1   : xmt/rcv/%loss = 3/2/33%, min/avg/max = 0.031/0.52/1.02
192.0.2.200 : xmt/rcv/%loss = 1/0/100%
"""
PROGRAM = """\
0 0.5
1 None
2 0.25
2 asked, 1 alive
"""


def test_replies_of_ping_are_counted_from_0() -> None:
    assert readings.ping_replies(PING) == [Shown(0, 0.033e-3), Shown(1, 12.5e-3)]


def test_replies_of_fping_leave_out_what_timed_out() -> None:
    assert readings.fping_replies(FPING) == [Shown(0, 0.031e-3), Shown(2, 1.02e-3)]


def test_a_program_that_got_no_answer_shows_no_reply() -> None:
    assert readings.program_replies(PROGRAM) == [Shown(0, 0.5e-3), Shown(2, 0.25e-3)]


SUMMARIES = [
    (PING, Found(3, 2)),
    (PING + PING, Found(6, 4)),
    ("3 packets transmitted, 0 received, +3 errors, 100% packet loss, time 9ms\n", Found(3, 0)),
    (FPING, Found(4, 2)),
    (PROGRAM, Found(2, 1)),
    ("", Found(0, 0)),
]


@pytest.mark.parametrize(("text", "expected"), SUMMARIES)
def test_summaries_of_many_hosts_add_up(text: str, expected: Found) -> None:
    assert readings.found(text) == expected


TRACES = [
    (
        "traceroute to 192.0.2.9 (192.0.2.9), 30 hops max, 60 byte packets\n"
        " 1  198.51.100.1  0.034 ms  0.009 ms  0.005 ms\n 2  * * *\n"
        " 3  203.0.113.7  0.021 ms !H  203.0.113.8 0.010 ms  0.010 ms\n",
        {"192.0.2.9", "198.51.100.1", "203.0.113.7", "203.0.113.8"},
    ),
    (
        " 1?: [LOCALHOST]                        0.024ms pmtu 1500\n"
        " 1:  fd00:0:0:1::2                                         0.049ms \n 2:  no reply\n",
        {"fd00:0:0:1::2"},
    ),
    (
        "Start: 2026-07-30T19:23:21+0000\nHOST: here   Loss%   Snt   Last   Avg  Best  Wrst StDev\n"
        "  1.|-- 198.51.100.1   0.0%     1    0.1   0.1   0.1   0.1   0.0\n"
        "  2.|-- ???           100.0     1    0.0   0.0   0.0   0.0   0.0\n"
        " 12.|-- fd00:0:0:c::2  0.0%     1    0.1   0.1   0.1   0.1   0.0\n",
        {"198.51.100.1", "fd00:0:0:c::2"},
    ),
    (
        "tracelb from 192.0.2.1 to 192.0.2.9, 2 nodes, 1 links, 34 probes, 95%\n"
        "198.51.100.1 -> (203.0.113.7, 203.0.113.8) -> 192.0.2.9\n",
        {"192.0.2.1", "192.0.2.9", "198.51.100.1", "203.0.113.7", "203.0.113.8"},
    ),
    ("version 1.2.3.4.5 of 10.1.0.23x\n", set()),
]


@pytest.mark.parametrize(("text", "expected"), TRACES)
def test_the_addresses_that_a_tracer_shows_are_read_whole(text: str, expected: set[str]) -> None:
    assert readings.addresses(text) == expected


WAYS = [
    ("from 1 to 4: 3 wide, 3 hops, per flow\n3 ways; 71 probes in 21 flows, 0.029 s\n", 3),
    ("1 way; 12 probes in 6 flows, 0.004 s\n", 1),
    ("nobody has answered\n", 0),
]


@pytest.mark.parametrize(("text", "expected"), WAYS)
def test_how_many_ways_there_are_is_read_from_the_last_line(text: str, expected: int) -> None:
    assert readings.ways(text) == expected


PATH_MTUS = [
    (" 6:  192.0.2.6   0.01ms pmtu 1450\n     Resume: pmtu 1400 hops 13 back 13 \n", 1400),
    ("     Too many hops: pmtu 1500\n     Resume: pmtu 1500 \n", 1500),
    (" 1  192.0.2.1  0.01 ms F=1500  0.00 ms\n 7  192.0.2.7  0.01 ms F=1400  0.01 ms\n", 1400),
    (" 6  192.0.2.6  0.006 ms [mtu: 1500]\n 7  192.0.2.7  0.013 ms [mtu: 1400]\n", 1400),
    (" 6  192.0.2.6  0.022 ms [mtu: 1500]\n 7  192.0.2.7  0.168 ms [*mtu: 1400]\n", 1400),
    (" 7  *\n", 0),
]


@pytest.mark.parametrize(("text", "expected"), PATH_MTUS)
def test_the_path_mtu_is_what_a_tool_says_last(text: str, expected: int) -> None:
    assert readings.path_mtu(text) == expected


def frame(kind: int, sequence: int, time: int, *, options: int = 0, protocol: int = 1) -> Frame:
    ip = struct.pack("!BxHxxxxBB2x8x", 0x45 + options, 28 + 4 * options, 64, protocol)
    message = struct.pack("!BxHHH", kind, 0, 0xBEEF, sequence)
    return Frame(bytes(12) + b"\x08\x00" + ip + bytes(4 * options) + message, time)


def test_a_reply_is_found_behind_ip_options() -> None:
    assert icmp_of(frame(0, 7, 0, options=2).octets)[6:8] == b"\x00\x07"


NO_ICMP = [
    b"",
    bytes(60),
    frame(8, 1, 0).octets[:30],
    frame(8, 1, 0, protocol=17).octets,
    bytes(12) + b"\x86\xdd" + bytes(40),
]


@pytest.mark.parametrize("octets", NO_ICMP)
def test_other_frames_hold_no_icmp_message(octets: bytes) -> None:
    assert icmp_of(octets) == b""


def test_an_exchange_is_a_request_and_its_first_reply() -> None:
    frames = [
        frame(8, 1, 1_000_000_000),
        frame(0, 1, 1_000_250_000),
        frame(8, 2, 1_500_000_000),
        frame(8, 3, 2_000_000_000),
        frame(0, 3, 2_000_500_000),
        frame(0, 3, 2_900_000_000),
        frame(0, 9, 3_000_000_000),
    ]

    assert exchanges(frames) == [Exchange(0.0, 0.00025), Exchange(1.0, 0.0005)]
    assert exchanges([]) == []


def test_every_round_runs_each_command_once_and_begins_with_another() -> None:
    a, b, c = (Command(name, (name,)) for name in "abc")

    assert list(rounds([a, b, c], 4)) == [[a, b, c], [b, c, a], [c, a, b], [a, b, c]]


def turns_of(tools: list[str], slow: set[str], failing: set[str], repeat: int) -> list[str]:
    """Return who had a turn, in order, and who was not left out in the end."""
    had: list[str] = []
    place = nullcontext(cast("Node", None))  # they only hand it on

    def run(command: Command, _: object) -> Outcome:
        had.append(command.tool)
        if command.tool in failing:
            raise CommandFailed("no such option")
        return Outcome(2.0, 1.0, "")

    entries = [Entry(Command(tool, (tool,)), tool in slow) for tool in tools]
    outcomes = take_turns(entries, repeat, lambda _: place, run)
    return [*had, "then", *outcomes]


def test_a_slow_tool_has_its_turn_in_the_first_of_seven_rounds() -> None:
    had = turns_of(["quick", "slow"], {"slow"}, set(), 15)

    assert had.count("quick") == 15 + 1
    assert had.count("slow") == 3 + 1


def test_a_peer_that_fails_is_left_out_and_rawkit_is_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    had = turns_of(["peer", "rawkit trace"], set(), {"peer"}, 2)

    assert had == ["peer", "rawkit trace", "rawkit trace", "then", "rawkit trace"]
    assert capsys.readouterr().err == "bench: left out: peer: no such option\n"
    with pytest.raises(CommandFailed):
        turns_of(["rawkit trace"], set(), {"rawkit trace"}, 1)


def lasted(**walls: float) -> dict[int, Outcome]:
    return {int(turn[1:]): Outcome(wall, 0.0, "") for turn, wall in walls.items()}


def test_only_rounds_in_which_both_had_their_turn_are_compared() -> None:
    ours, theirs = lasted(r0=2.0, r1=9.0, r2=6.0), lasted(r0=1.0, r2=2.0)

    assert times_as_long(ours, theirs) == Spread(2.25, 2.5, 2.75, 2)
    assert times_as_long(ours, theirs, lasted(r2=1.0)) == Spread(2, 2, 2, 1)
    assert times_as_long(ours, {}) is None
    assert times_as_long_as_usual(ours, lasted(r1=2.0)) == Spread(2, 3, 3.75, 3)
    assert times_as_long_as_usual(ours, {}) is None
    assert (note_of(theirs, 3), note_of(ours, 3)) == ("2 of 3 rounds", "")


def test_a_peer_that_is_missing_is_left_out_with_all_its_variants() -> None:
    tools = [Command(name, (name,)) for name in ("fping -i0 -r0", "ping", "ping -U", "rawkit ping")]

    assert [command.tool for command in present(tools, ["ping"])] == [
        "fping -i0 -r0",
        "rawkit ping",
    ]


def test_a_tool_inherits_nothing_that_changes_python_or_the_language() -> None:
    mine = {
        "PYTHONPATH": "/nowhere",
        "PYTHONDONTWRITEBYTECODE": "1",
        "LC_ALL": "de_DE",
        "PATH": "/",
    }

    assert environment_of(mine) == {"LC_ALL": "C", "PATH": "/"}


RESULT = Result(
    "startup",
    "one ping",
    (Column("wall", "ms", 1), Column("x ping", "", 2)),
    (
        Row("ping", {"wall": Spread(1.0, 1.04, 1.1, 5), "x ping": Spread(1, 1, 1, 5)}),
        Row("rawkit", {"wall": Spread(2, 3, 4, 5)}, "with a note"),
    ),
    (Goal("wall", 3.0, 2.5), Goal("less", 2.5, 2.5, digits=0)),
)


def test_a_table_is_aligned_and_says_which_goals_are_missed() -> None:
    assert report.text_of(RESULT) == (
        "startup: one ping\n"
        "                   wall ms  x ping\n"
        "  ping    1.0 (1.0 to 1.1)    1.00\n"
        "  rawkit  3.0 (2.0 to 4.0)       -  with a note\n"
        "  goal MISSED: wall: 3.00, at most 2.50\n"
        "  goal met: less: 2, at most 2\n"
    )


def test_json_has_one_object_a_line_with_numbers_for_numbers() -> None:
    lines = [json.loads(line) for line in report.json_of(RESULT)]

    assert [line["type"] for line in lines] == ["figures", "figures", "goal", "goal"]
    assert lines[1] == {
        "schema": "rawkit.bench/1",
        "type": "figures",
        "bench": "startup",
        "tool": "rawkit",
        "note": "with a note",
        "wall": {"unit": "ms", "median": 3, "p25": 2, "p75": 4, "count": 5},
    }
    assert lines[2]["met"] is False
    assert lines[3]["met"] is True


def test_packets_to_measure_with_are_different_and_the_same_each_time() -> None:
    for kind in KINDS:
        values = list(values_of(kind, 100))

        assert values == list(values_of(kind, 100))
        assert len(set(values)) == 100


@pytest.mark.parametrize("name", ["rawkit", "scapy"])
@pytest.mark.parametrize("kind", KINDS)
def test_libraries_build_and_read_the_same_packets(name: str, kind: str) -> None:
    library, rawkit = packet_work.library(name), packet_work.library("rawkit")

    for values in values_of(kind, 5):
        octets = library.build[kind](library.prepared(values))

        assert octets == rawkit.build[kind](rawkit.prepared(values))
        assert library.plain(library.dissect[kind](octets)) == packet_work.expected(kind, values)


@pytest.mark.parametrize("name", ["rawkit", "scapy"])
def test_libraries_patch_and_sum_up_alike(name: str) -> None:
    library, rawkit = packet_work.library(name), packet_work.library("rawkit")
    first, *others = values_of("TCP", 5)

    for prepare in library.patch.values():
        patched = prepare(first)
        for values in others:
            changed = first._replace(
                dst=values.dst, identification=values.identification, sequence=values.sequence
            )
            assert patched(*packet_work.patches(library, values)) == rawkit.build["TCP"](
                rawkit.prepared(changed)
            )
    assert library.checksum(bytes(range(100))) == rawkit.checksum(bytes(range(100)))


def test_a_cost_is_that_of_one_item(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.5, 1.0])
    monkeypatch.setattr(time, "process_time", lambda: next(clock))
    monkeypatch.setattr(packet_work, "LEAST", 0.75)

    assert packet_work.cost(len, ["a", "b"]) == 1e9 / 4


def test_lines_of_a_worker_are_read() -> None:
    assert packet_rounds.readings("12.5 TCP\n3.0 TCP in IPv6\n") == [
        ("TCP", 12.5),
        ("TCP in IPv6", 3.0),
    ]


def test_a_row_has_ratios_to_the_peers_that_are_there() -> None:
    times = {("rawkit", "TCP"): [1000.0, 2000.0], ("dpkt", "TCP"): [4000.0, 8000.0]}

    rawkit, dpkt = packet_rounds.rows(times)

    assert (rawkit.tool, rawkit.figures["x dpkt"].median) == ("rawkit, TCP", 0.25)
    assert rawkit.figures["rate"].median == 750
    assert dpkt.figures["time"].median == 6
    assert "x scapy" not in rawkit.figures


def test_times_of_sending_are_compared_with_scapy_alone() -> None:
    times = {("rawkit", "ping"): [1e6, 2e6], ("scapy", "ping"): [1e8, 1e8]}

    rawkit, scapy = sending.rows(times)
    (goal,) = sending.goals(times, "ping", "a ping", Least("scapy", 100))

    assert (rawkit.tool, rawkit.figures["x scapy"].median) == ("rawkit, ping", 0.015)
    assert scapy.figures["time"].median == 100_000
    assert goal.what == "time of a ping, rawkit / scapy"
    assert not goal.met


@pytest.mark.netns
def test_a_packet_that_did_not_leave_is_no_measurement() -> None:
    with lab.pair() as net:
        octets = bytes(parse("ip(src=10.1.0.1,dst=10.1.0.2)/udp(4000,9)").packet)
        with net.first.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:

            def send(count: int) -> None:
                for _ in range(count):
                    raw.sendto(octets, ("10.1.0.2", 0))

            assert net.first.run(lambda: sending_work.cpu(3, send)) > 0
            with pytest.raises(SystemExit, match=r"only \d+ of 1000 packets left"):
                net.first.run(lambda: sending_work.cpu(1000, lambda _: None))


def test_a_goal_is_to_be_so_many_times_as_quick_as_a_peer_if_it_is_there() -> None:
    (goal,) = packet_rounds.goal("work", [1.0], [5.0], Least("dpkt", 4))

    assert goal.met
    assert goal.what == "time of work, rawkit / dpkt"
    assert packet_rounds.goal("work", [1.0], None, Least("dpkt", 4)) == ()
