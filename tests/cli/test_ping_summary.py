"""The last lines of ``rawkit ping``, to the letter, and the line for SIGQUIT."""

from ipaddress import IPv4Address

import pytest

from rawkit.cli.ping_options import parse
from rawkit.cli.ping_summary import live
from rawkit.cli.ping_text import PingText
from rawkit.engine.ping_events import Burst, NotSent, PingEvent, Reply, Sent, Target
from rawkit.engine.ping_report import Ledger, PingReport
from rawkit.engine.rtt import statistics
from rawkit.wire.received import Clock

TARGET = Target("192.0.2.7", IPv4Address("192.0.2.7"), IPv4Address("192.0.2.1"))
HEAD = "\n--- 192.0.2.7 ping statistics ---\n"
KERNEL = (Clock.KERNEL, Clock.KERNEL)


def report(ledger: Ledger, *milliseconds: float, elapsed: float = 2.0035) -> PingReport:
    rtt = statistics([time / 1000 for time in milliseconds])
    return PingReport(TARGET, ledger, rtt, elapsed, (), KERNEL if rtt else None, "raw socket", "so")


def closing(found: PingReport, line: str = "", *events: PingEvent) -> str:
    printer = PingText(parse([*line.split(), "192.0.2.7"]), lambda _: None, float)
    for event in events:
        printer.event(event)
    return printer.closing(found)


GOOD = report(Ledger(sent=2, replied=2), 0.042, 0.168)
TIMES = "rtt min/avg/max/mdev = 0.042/0.105/0.168/0.063 ms"

CLOSINGS = [
    ("", GOOD, f"2 packets transmitted, 2 received, 0% packet loss, time 2004ms\n{TIMES}\n"),
    ("-s 15", GOOD, "2 packets transmitted, 2 received, 0% packet loss, time 2004ms\n\n"),
    ("", report(Ledger(sent=3, replied=2, unanswered=1), 0.042, 0.168),
     f"3 packets transmitted, 2 received, 33.3333% packet loss, time 2004ms\n{TIMES}\n"),
    ("", report(Ledger(sent=1000, replied=997, unanswered=3), 0.042, 0.168),
     f"1000 packets transmitted, 997 received, 0.3% packet loss, time 2004ms\n{TIMES}\n"),
    ("", report(Ledger(sent=3, unanswered=3)),
     "3 packets transmitted, 0 received, 100% packet loss, time 2004ms\n\n"),
    ("", report(Ledger(), elapsed=0.0), "0 packets transmitted, 0 received\n\n"),
    ("", report(Ledger(sent=2, replied=2, duplicates=4), 0.042, 0.168),
     "2 packets transmitted, 2 received, +4 duplicates, 0% packet loss, time 2004ms\n"
     f"{TIMES}\n"),
    ("", report(Ledger(sent=4, replied=1, corrupted=1, errors=1, late=1, duplicates=1), 1.0),
     "4 packets transmitted, 1 received, +1 duplicates, +1 corrupted, +1 errors, +1 late, "
     "75% packet loss, time 2004ms\n"
     "rtt min/avg/max/mdev = 1.000/1.000/1.000/0.000 ms\n"),
    ("-A", GOOD, "2 packets transmitted, 2 received, 0% packet loss, time 2004ms\n"
     f"{TIMES}, ipg/ewma 2003.500/0.057 ms\n"),
    ("-f", GOOD, "2 packets transmitted, 2 received, 0% packet loss, time 2004ms\n"
     f"{TIMES}, ipg/ewma 2003.500/0.057 ms\n"),
    ("-i 0", GOOD, "2 packets transmitted, 2 received, 0% packet loss, time 2004ms\n"
     f"{TIMES}, ipg/ewma 2003.500/0.057 ms\n"),
    ("-f", report(Ledger(sent=1, replied=1), 1.0, elapsed=0.0),
     "1 packets transmitted, 1 received, 0% packet loss, time 0ms\n"
     "rtt min/avg/max/mdev = 1.000/1.000/1.000/0.000 ms\n"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "found", "shown"), CLOSINGS)
def test_it_ends_as_ping_does(line: str, found: PingReport, shown: str) -> None:
    assert closing(found, line) == HEAD + shown


def test_the_pipe_is_told_of_where_it_held_more_than_one() -> None:
    sent = [Sent(TARGET, sequence, 0.0) for sequence in (1, 2, 3)]
    burst = Burst(TARGET, 4, 1, (1e-6,))

    assert closing(GOOD, "", *sent, burst).endswith(f"{TIMES}\n")

    answer = Reply(TARGET, 1, TARGET.address, 64, 1e-3, 64, 0.0)
    assert closing(GOOD, "", *sent, answer).endswith(f"{TIMES}, pipe 3\n")
    assert closing(GOOD, "-s 0", *sent, answer).endswith("time 2004ms\npipe 3\n")
    assert closing(GOOD, "-A", *sent, answer).endswith(", pipe 3, ipg/ewma 2003.500/0.057 ms\n")


def test_a_packet_too_large_to_send_counts_as_an_error_as_in_ping() -> None:
    found = report(Ledger(sent=2, lost_here=2, not_sent=2))
    too_large = NotSent(TARGET, 1, OSError(90, "Message too long"))
    forbidden = NotSent(TARGET, 2, OSError(1, "Operation not permitted"))

    assert closing(found, "", too_large, forbidden) == (
        f"{HEAD}2 packets transmitted, 0 received, +1 errors, 100% packet loss, time 2004ms\n\n"
    )


def test_stats_add_where_every_request_went() -> None:
    ledger = Ledger(
        sent=7, replied=2, late=1, corrupted=1, errors=1, lost_here=1, unanswered=1,
        duplicates=5, wrong_source=6, strays=7, advice=8,
    )  # fmt: skip

    added, _, _ = closing(report(ledger, 0.042, 0.168), "--stats").partition(HEAD)

    assert added == (
        "\nsent 7 = 2 replied + 1 late + 1 corrupted + 1 errors + 1 lost here + 1 unanswered\n"
        "besides: 5 duplicates, 6 from a wrong source, 7 strays, 8 advice\n"
        "rtt median/p95/p99/jitter = 0.105/0.161/0.166/0.126 ms\n"
        "clocks: sent by kernel, received by kernel\n"
        "socket: raw socket (so)\n"
    )


def test_stats_say_nothing_of_times_where_nothing_came() -> None:
    text = closing(report(Ledger(sent=1, unanswered=1)), "--stats")

    assert "rtt" not in text
    assert "clocks" not in text
    assert "0 replied" in text


def test_there_is_no_jitter_of_one_reply() -> None:
    text = closing(report(Ledger(sent=1, replied=1), 1.0), "--stats")

    assert "rtt median/p95/p99/jitter = 1.000/1.000/1.000/- ms\n" in text


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (GOOD, "\r2/2 packets, 0% loss, min/avg/ewma/max = 0.042/0.105/0.057/0.168 ms\n"),
        (report(Ledger(sent=3, replied=2, unanswered=1), 1.0, 1.0),
         "\r2/3 packets, 33% loss, min/avg/ewma/max = 1.000/1.000/1.000/1.000 ms\n"),
        (report(Ledger(sent=3, unanswered=3)), "\r0/3 packets, 100% loss\n"),
        (report(Ledger()), "\r0/0 packets, 0% loss\n"),
    ],
)  # fmt: skip
def test_the_live_line_is_that_of_ping(found: PingReport, shown: str) -> None:
    assert live(found) == shown
