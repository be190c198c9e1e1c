"""The ping engine, in virtual time and without a socket."""

import errno
import math
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from rawkit.engine.ping import Ping
from rawkit.engine.ping_events import (
    Burst,
    ErrorReply,
    Lost,
    NotSent,
    PingEvent,
    Reply,
    Sent,
    Target,
    Verdict,
)
from rawkit.engine.ping_report import Ledger
from rawkit.engine.ping_settings import PingSettings
from rawkit.engine.step import Step
from rawkit.record import replace
from rawkit.wire import icmp, icmpv6
from rawkit.wire.dissect import dissect
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import (
    Dropped,
    Fired,
    Hit,
    News,
    Opened,
    Salvo,
    SendFailed,
    Transmitted,
    Volley,
    Volleyed,
)
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Clock, Received

US, A, B = (IPv4Address(f"192.0.2.{last}") for last in (1, 2, 3))
ROUTER = IPv4Address("198.51.100.1")
US6, A6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")


def ping(*addresses: Any, **settings: Any) -> Ping:
    wanted = {"count": 1, "timeout": 0.5} | settings
    targets = tuple(Target(str(a), a, US if a.version == 4 else US6) for a in addresses or (A,))
    return Ping(targets, 7, b"key", PingSettings(**wanted))


def sent(engine: Ping, at: float = 10.0) -> Packet:
    (packet,) = engine.step(at).send
    return packet


def told(engine: Ping, now: float, news: News) -> Step[PingEvent]:
    """Tell an engine some news, and then that there is no more."""
    first = engine.step(now, news)
    if first.wake_at is None or first.wake_at > now:
        return first
    second = engine.step(now)
    return replace(second, events=first.events + second.events)


def reply_to(request: Packet, at: float, source: Any = None, **changes: Any) -> Received:
    """Return the right answer to a request, or one with a changed echo header or payload."""
    payload = changes.pop("payload", request.payload)
    checksum = changes.pop("verdict", Checksum.VALID)
    ip = request.headers[0]
    if isinstance(ip, IPv4):
        echo = request[icmp.EchoRequest]
        answer: Any = icmp.EchoReply(echo.identifier, echo.sequence)
        outer: Any = IPv4(source or ip.dst, ip.src, ttl=60)
    else:
        echo6 = request[icmpv6.EchoRequest]
        answer = icmpv6.EchoReply(echo6.identifier, echo6.sequence)
        outer = IPv6(source or request[IPv6].dst, request[IPv6].src, hop_limit=60)
    return Received(outer / replace(answer, **changes) / payload, at, checksum=checksum)


def error_about(request: Packet, at: float, message: Any = None) -> Received:
    outer = IPv4(ROUTER, US) / (message or icmp.Unreachable(1))
    return Received(outer / request, at)


def only(events: tuple[PingEvent, ...]) -> Any:
    (event,) = events
    return event


def test_sends_at_once_and_wakes_for_the_timeout() -> None:
    step = ping().step(now=10.0)

    assert [packet[icmp.EchoRequest].sequence for packet in step.send] == [1]
    assert step.wake_at == 10.5


def test_measures_the_round_trip_from_the_arrival_time_not_from_now() -> None:
    engine = ping()
    request = sent(engine)

    step = told(engine, 10.4, reply_to(request, at=10.25))

    reply = only(step.events)
    assert (reply.sequence, reply.source, reply.ttl, reply.rtt) == (1, A, 60, 0.25)
    assert (reply.verdict, reply.size) == (Verdict.IN_TIME, 64)
    assert step.wake_at is None


def test_measures_from_the_departure_that_the_kernel_saw() -> None:
    engine = ping()
    request = sent(engine)
    told(engine, 10.125, Transmitted(request, 10.125))

    reply = only(told(engine, 10.25, reply_to(request, at=10.25)).events)

    assert (reply.rtt, reply.sent_by, reply.stamped_by) == (0.125, Clock.KERNEL, Clock.KERNEL)
    assert engine.report()[0].clocks == (Clock.KERNEL, Clock.KERNEL)


def test_says_so_when_only_the_program_saw_the_departure() -> None:
    engine = ping()
    request = sent(engine)

    reply = only(told(engine, 10.25, reply_to(request, at=10.25)).events)

    assert reply.sent_by is Clock.USER
    assert engine.report()[0].clocks == (Clock.USER, Clock.KERNEL)


def test_gives_a_silent_request_up_when_its_time_is_over() -> None:
    engine = ping()
    sent(engine)

    assert engine.step(now=10.49).events == ()
    assert isinstance(only(engine.step(now=10.5).events), Lost)
    report = engine.report()[0]
    assert (report.loss, report.rtt, report.clocks) == (1.0, None, None)
    assert report.ledger == Ledger(sent=1, unanswered=1)


def test_ignores_replies_to_somebody_else() -> None:
    engine = ping()
    request = sent(engine)

    assert told(engine, 10.1, reply_to(request, 10.1, identifier=8)).events == ()
    assert engine.report()[0].ledger.strays == 0


def test_a_reply_to_a_sequence_never_sent_is_a_stray() -> None:
    engine = ping(count=2, interval=1.0)
    request = sent(engine)

    assert told(engine, 10.1, reply_to(request, 10.1, sequence=2)).events == ()
    assert engine.report()[0].ledger == Ledger(sent=1, unanswered=1, strays=1)


def test_further_replies_are_duplicates_and_enter_no_statistics() -> None:
    engine = ping(count=2)
    request = sent(engine)
    told(engine, 10.1, reply_to(request, 10.1))

    verdicts = [only(told(engine, at, reply_to(request, at)).events).verdict for at in (10.2, 10.3)]

    report = engine.report()[0]
    assert verdicts == [Verdict.DUPLICATE, Verdict.DUPLICATE]
    assert (report.ledger.replied, report.ledger.duplicates, report.loss) == (1, 2, 0.0)
    assert report.rtt is not None
    assert report.rtt.count == 1
    assert report.rtt.max == pytest.approx(0.1)


def test_a_late_reply_is_told_apart_and_counts_as_loss() -> None:
    engine = ping(count=2)
    request = sent(engine)
    engine.step(10.5)

    late = only(told(engine, 10.7, reply_to(request, 10.7)).events)

    report = engine.report()[0]
    assert late.verdict is Verdict.LATE
    assert late.rtt == pytest.approx(0.7)
    assert report.ledger == Ledger(sent=1, late=1)
    assert (report.loss, report.rtt) == (1.0, None)


def test_a_late_reply_of_one_host_never_makes_another_alive() -> None:
    engine = ping(A, B, count=2, interval=1.0, timeout=0.5)
    to_a, _ = engine.step(10.0).send
    engine.step(10.5)
    engine.step(11.0)

    late = only(told(engine, 11.2, reply_to(to_a, 11.2)).events)

    report_a, report_b = engine.report()
    assert (late.verdict, late.target.address) == (Verdict.LATE, A)
    assert (report_a.ledger.late, report_b.ledger) == (1, Ledger(sent=2, unanswered=2))


@pytest.mark.parametrize("payload", [bytes(56), b"", b"x" * 70], ids=["zeroed", "cut", "grown"])
def test_a_reply_with_another_payload_is_corrupted(payload: bytes) -> None:
    engine = ping()
    request = sent(engine)

    reply = only(told(engine, 10.1, reply_to(request, 10.1, payload=payload)).events)

    assert (reply.verdict, reply.payload) == (Verdict.CORRUPTED, payload)
    assert reply.damage is not None
    assert engine.report()[0].ledger == Ledger(sent=1, corrupted=1)


def test_says_which_octet_of_a_corrupted_reply_is_wrong() -> None:
    engine = ping()
    request = sent(engine)
    flipped = bytearray(request.payload)
    flipped[20] ^= 0xFF

    reply = only(told(engine, 10.1, reply_to(request, 10.1, payload=bytes(flipped))).events)

    assert (reply.damage.offset, reply.damage.expected, reply.damage.found) == (20, 20, 20 ^ 0xFF)


def test_a_reply_with_a_bad_checksum_is_corrupted_even_with_the_right_payload() -> None:
    engine = ping()
    request = sent(engine)

    reply = only(told(engine, 10.1, reply_to(request, 10.1, verdict=Checksum.BAD)).events)

    assert (reply.verdict, reply.damage) == (Verdict.CORRUPTED, None)


def test_a_good_reply_after_a_corrupted_one_wins() -> None:
    engine = ping(count=2)
    request = sent(engine)
    told(engine, 10.1, reply_to(request, 10.1, payload=bytes(56)))

    told(engine, 10.2, reply_to(request, 10.2))

    assert engine.report()[0].ledger == Ledger(sent=1, replied=1)


def test_a_reply_from_another_address_does_not_make_the_target_alive() -> None:
    engine = ping()
    request = sent(engine)

    reply = only(told(engine, 10.1, reply_to(request, 10.1, source=B)).events)

    report = engine.report()[0]
    assert (reply.verdict, reply.source) == (Verdict.WRONG_SOURCE, B)
    assert report.ledger == Ledger(sent=1, unanswered=1, wrong_source=1)
    assert not report.is_alive


def test_one_target_answering_for_another_is_a_wrong_source_for_the_other() -> None:
    engine = ping(A, B)
    to_a, _ = engine.step(10.0).send

    reply = only(told(engine, 10.1, reply_to(to_a, 10.1, source=B)).events)

    assert (reply.verdict, reply.target.address) == (Verdict.WRONG_SOURCE, A)
    assert [report.ledger.corrupted for report in engine.report()] == [0, 0]


def test_many_may_answer_for_a_multicast_address() -> None:
    engine = ping(IPv4Address("224.0.0.1"), count=2)
    request = sent(engine)

    replies = [
        only(told(engine, 10.1, reply_to(request, 10.1, source=source)).events) for source in (A, B)
    ]

    assert [r.verdict for r in replies] == [Verdict.IN_TIME, Verdict.DUPLICATE]
    assert request[IPv4].ttl == 1


def test_an_error_ends_the_wait_and_is_no_reply() -> None:
    engine = ping()
    request = sent(engine)

    step = told(engine, 10.1, error_about(request, 10.1))

    error = only(step.events)
    assert isinstance(error, ErrorReply)
    assert (error.source, error.message, error.final) == (ROUTER, icmp.Unreachable(1), True)
    assert step.wake_at is None
    assert engine.report()[0].ledger == Ledger(sent=1, errors=1)


@pytest.mark.parametrize("message", [icmp.Redirect(1, ROUTER), icmp.SourceQuench()])
def test_advice_never_ends_a_wait(message: Any) -> None:
    engine = ping()
    request = sent(engine)

    step = told(engine, 10.1, error_about(request, 10.1, message))
    reply = only(told(engine, 10.2, reply_to(request, 10.2)).events)

    assert only(step.events).final is False
    assert step.wake_at == 10.5
    assert reply.verdict is Verdict.IN_TIME
    assert engine.report()[0].ledger == Ledger(sent=1, replied=1, advice=1)


def test_an_error_that_quotes_another_destination_is_a_stray() -> None:
    engine = ping()
    request = sent(engine)
    other = request.replace(IPv4, dst=B)

    assert told(engine, 10.1, error_about(other, 10.1)).events == ()
    assert engine.report()[0].ledger == Ledger(sent=1, unanswered=1, strays=1)


def test_an_error_may_quote_eight_octets_only() -> None:
    engine = ping()
    request = sent(engine)
    quote = bytes(request)[:28]
    error = Received(IPv4(ROUTER, US) / icmp.TimeExceeded(0) / Packet(payload=quote), 10.1)
    read = replace(error, packet=dissect(bytes(error.packet)))

    assert isinstance(only(told(engine, 10.1, read).events), ErrorReply)


def test_a_request_that_cannot_be_sent_is_lost_here_and_says_why() -> None:
    engine, error = ping(), OSError(errno.ENETUNREACH, "Network is unreachable")
    request = sent(engine)

    event = only(told(engine, 10.0, SendFailed(request, error)).events)

    ledger = engine.report()[0].ledger
    assert isinstance(event, NotSent)
    assert event.error is error
    assert ledger == Ledger(sent=1, lost_here=1, not_sent=1)
    assert ledger.transmitted == 0


def test_a_departure_told_of_after_a_later_failure_still_counts() -> None:
    engine = ping(A, B)
    first, second = engine.step(10.0).send
    told(engine, 10.0, SendFailed(second, OSError(errno.ENOBUFS, "no buffer")))
    told(engine, 10.0, Transmitted(first, 10.125))

    reply = only(told(engine, 10.25, reply_to(first, 10.25)).events)

    assert reply.rtt == 0.125


def test_packets_dropped_by_the_socket_are_lost_here_not_unanswered() -> None:
    engine = ping(A, B, count=2, interval=0.0)
    engine.step(10.0)
    told(engine, 10.0, Dropped(3))

    engine.step(10.5)

    reports = engine.report()
    assert [r.ledger.lost_here for r in reports] == [2, 1]
    assert [r.ledger.unanswered for r in reports] == [0, 1]


def test_the_next_request_does_not_wait_for_the_last_answer() -> None:
    engine = ping(count=2, interval=0.1, timeout=5.0)

    assert engine.step(now=10.0).wake_at == pytest.approx(10.1)
    assert len(engine.step(now=10.11).send) == 1


def test_the_schedule_is_absolute() -> None:
    engine, at, times = ping(count=100, interval=0.1, timeout=0.05), 10.0, []
    while (wake := (step := engine.step(at)).wake_at) is not None:
        times += [at] * len(step.send)
        at = wake + 0.01  # every wake-up comes late

    assert len(times) == 100
    assert times[-1] - times[0] == pytest.approx(9.9, abs=0.011)


def test_an_adaptive_ping_sends_as_soon_as_all_is_answered() -> None:
    engine = ping(count=3, interval=1.0, adaptive=True, volleys=True)
    request = sent(engine)
    volley = told(engine, 10.01, reply_to(request, 10.01)).volley
    assert isinstance(volley, Volley)

    step = told(engine, 10.01, Volleyed(volley))  # this pipe plays none

    assert len(step.send) == 1
    assert len(engine.step(10.02).send) == 0
    assert len(engine.step(11.02).send) == 1


def test_preloaded_requests_leave_at_once() -> None:
    engine = ping(count=5, preload=3, interval=1.0)

    assert len(engine.step(10.0).send) == 3
    assert len(engine.step(10.99).send) == 0
    assert len(engine.step(11.0).send) == 1


def test_the_deadline_ends_everything() -> None:
    engine = ping(count=None, interval=1.0, deadline=2.5, timeout=9)
    for at in (10.0, 11.0, 12.0):
        step = engine.step(at)

    assert step.wake_at == 12.5
    step = engine.step(12.5)
    assert [type(event) for event in step.events] == [Lost, Lost, Lost]
    assert step.wake_at is None


def test_with_a_deadline_the_count_means_answers() -> None:
    engine = ping(count=1, interval=1.0, deadline=9, timeout=0.5)
    engine.step(10.0)
    (second,) = engine.step(11.0).send

    assert told(engine, 11.1, reply_to(second, 11.1)).wake_at is None


def test_in_a_hurry_two_round_trips_are_enough_after_the_last_request() -> None:
    engine = ping(count=2, interval=0.2, timeout=10.0, hurry=True)
    first = sent(engine)
    told(engine, 10.15, reply_to(first, 10.15))

    assert engine.step(10.2).wake_at == pytest.approx(10.5)
    assert isinstance(only(engine.step(10.51).events), Lost)


def test_in_a_hurry_a_dead_host_still_gets_its_timeout() -> None:
    engine = ping(timeout=10.0, hurry=True)

    assert engine.step(10.0).wake_at == 20.0


def test_tells_of_requests_sent_when_asked_to() -> None:
    event = only(ping(announce=True).step(10.0).events)

    assert isinstance(event, Sent)
    assert (event.sequence, event.time) == (1, 10.0)


def test_the_report_says_what_kind_of_socket_it_was_and_why() -> None:
    engine = ping()
    told(engine, 10.0, Opened("raw socket", "ping sockets are closed to us"))

    assert (engine.report()[0].via, engine.report()[0].why) == (
        "raw socket",
        "ping sockets are closed to us",
    )


@pytest.mark.thorough
def test_sequence_numbers_do_not_wrap_where_the_wire_does() -> None:
    """A reply to request k that comes after request k + 65,536 was sent is late, not a copy."""
    engine = ping(count=70_000, interval=1e-5, timeout=0.5)
    step, at = engine.step(10.0), 10.0
    (first,) = step.send  # stays silent for long
    while step.wake_at is not None:
        at = step.wake_at
        step = engine.step(at)
        for request in step.send:
            step = told(engine, at, reply_to(request, at))

    late = only(told(engine, at, reply_to(first, at)).events)

    ledger = engine.report()[0].ledger
    assert (late.verdict, late.sequence) == (Verdict.LATE, 1)
    assert ledger.duplicates == 0
    assert (ledger.sent, ledger.late) == (ledger.replied + 1, 1)


def test_ipv6_is_the_same_to_the_engine() -> None:
    engine = ping(A6, traffic_class=0xB9, flow_label=5, ttl=9)
    request = sent(engine)

    reply = only(told(engine, 10.1, reply_to(request, 10.1)).events)

    ip = request[IPv6]
    assert (ip.hop_limit, ip.traffic_class, ip.flow_label) == (9, 0xB9, 5)
    assert (reply.verdict, reply.source, reply.ttl) == (Verdict.IN_TIME, A6, 60)


@pytest.mark.parametrize("size", [0, 3, 8, 11, 12, 1472])
def test_every_size_of_payload_works(size: int) -> None:
    engine = ping(size=size)
    request = sent(engine)

    reply = only(told(engine, 10.1, reply_to(request, 10.1)).events)

    assert len(request.payload) == size
    assert (reply.verdict, reply.size) == (Verdict.IN_TIME, size + 8)


def test_a_pattern_fills_what_the_mark_leaves_free() -> None:
    request = sent(ping(size=20, pattern=bytes.fromhex("ff00aa")))

    assert request.payload[12:] == bytes.fromhex("ff00aa ff00aa ff00")


def test_two_pings_with_the_same_identifier_do_not_take_each_others_replies() -> None:
    ours = ping()
    theirs = Ping((Target("a", A, US),), 7, b"other key", PingSettings(count=1))
    sent(ours)
    (foreign,) = theirs.step(10.0).send

    event = only(told(ours, 10.1, reply_to(foreign, 10.1)).events)

    assert event.verdict is Verdict.CORRUPTED


@pytest.mark.parametrize(
    "news",
    [
        Received(Packet(), 10.0),
        Received(Packet((IPv4(A, US, protocol=1),), b"\x00"), 10.0),
        Received(IPv4(A, US) / icmp.Unreachable(1), 10.0),
        Received(IPv4(A, US) / icmp.Unreachable(1) / IPv4(US, A, protocol=17), 10.0),
        Transmitted(Packet(), 10.0),
        SendFailed(Packet(), OSError()),
    ],
)
def test_news_about_nothing_of_ours_is_no_news(news: Any) -> None:
    engine = ping()
    sent(engine)

    assert told(engine, 10.1, news).events == ()


def test_the_ledger_adds_up_whatever_happens() -> None:
    engine = ping(A, B, count=3, interval=0.0, timeout=0.5)
    requests = [packet for _ in range(6) for packet in engine.step(10.0).send]
    told(engine, 10.1, reply_to(requests[0], 10.1))
    told(engine, 10.1, reply_to(requests[0], 10.1))
    told(engine, 10.1, reply_to(requests[1], 10.1, payload=b"?"))
    told(engine, 10.1, error_about(requests[2], 10.1))
    told(engine, 10.1, SendFailed(requests[3], OSError()))
    told(engine, 10.1, Dropped(1))
    engine.step(10.5)

    ledgers = [report.ledger for report in engine.report()]
    for ledger in ledgers:
        parts = (ledger.replied, ledger.late, ledger.corrupted, ledger.errors)
        assert ledger.sent == sum(parts) + ledger.lost_here + ledger.unanswered
    assert sum(ledger.lost_here for ledger in ledgers) == 2
    assert math.isclose(sum(ledger.sent for ledger in ledgers), 6)


def volleyed(engine: Ping, rtts: tuple[float, ...], sent_more: int = 0) -> Any:
    """Have the engine's next volley played with these round trips, from 11 s on."""
    request = sent(engine)
    volley = told(engine, 10.5, reply_to(request, 10.5)).volley
    assert isinstance(volley, Volley)
    departures = tuple(11.0 + turn for turn in range(len(rtts) + sent_more))
    at = departures[-1] if departures else 10.5
    return volley, told(engine, at, Volleyed(volley, departures, rtts))


def test_an_adaptive_ping_hands_its_requests_out_in_volleys() -> None:
    engine = ping(count=5, adaptive=True, volleys=True, interval=0.01)

    volley, step = volleyed(engine, (0.1, 0.2, 0.3, 0.4))

    report = engine.report()[0]
    assert (volley.first, len(volley.payloads), volley.patience) == (2, 4, 0.01)
    assert step.wake_at is None
    assert report.ledger == Ledger(sent=5, replied=5)
    assert report.rtt is not None
    assert (report.rtt.count, report.rtt.max) == (5, 0.5)
    assert report.clocks == (Clock.USER, Clock.USER)


def test_a_request_left_over_from_a_volley_may_still_be_answered() -> None:
    engine = ping(count=5, adaptive=True, volleys=True, interval=0.01, timeout=60)
    volley, step = volleyed(engine, (0.1, 0.2), sent_more=1)
    assert step.volley is None
    left = IPv4(US, A) / icmp.EchoRequest(7, 4) / volley.payloads[2]

    step = told(engine, 13.001, reply_to(left, 13.001))

    reply = only(step.events)
    assert (reply.sequence, reply.verdict) == (4, Verdict.IN_TIME)
    assert reply.rtt == pytest.approx(0.001)
    assert step.volley is not None


def test_a_second_answer_to_a_request_of_a_volley_is_a_duplicate() -> None:
    engine = ping(count=9, adaptive=True, volleys=True, interval=0.01)
    volley, _ = volleyed(engine, (0.1, 0.2))
    first = IPv4(US, A) / icmp.EchoRequest(7, 2) / volley.payloads[0]

    assert only(told(engine, 12.0, reply_to(first, 12.0)).events).verdict is Verdict.DUPLICATE


def test_a_pipe_that_plays_no_volleys_gets_no_more_of_them() -> None:
    engine = ping(count=5, adaptive=True, volleys=True, interval=0.01)

    _, step = volleyed(engine, ())

    assert step.volley is None
    assert len(step.send) == 1


def test_a_volley_is_told_of_when_asked_for() -> None:
    engine = ping(count=9, adaptive=True, volleys=True, interval=0.01, announce=True)
    step = engine.step(10.0)
    volley = told(engine, 10.5, reply_to(step.send[0], 10.5)).volley
    assert isinstance(volley, Volley)

    events = told(engine, 11.5, Volleyed(volley, (11.0, 11.5), (0.25,))).events

    assert only(events) == Burst(Target(str(A), A, US), 2, 2, (0.25,))


def test_an_error_about_a_link_local_target_quotes_it_without_its_link() -> None:
    engine = ping(IPv6Address("fe80::2%eth0"))
    request = sent(engine)
    bare = request.replace(IPv6, dst=IPv6Address("fe80::2"))
    error = Received(IPv6(A6, US6) / icmpv6.Unreachable(3) / bare, 10.1)

    assert isinstance(only(told(engine, 10.1, error).events), ErrorReply)


def test_the_time_an_adaptive_ping_took_is_from_its_first_request_to_its_last() -> None:
    engine = ping(count=5, adaptive=True, volleys=True, interval=5.0)

    volleyed(engine, (0.1, 0.2, 0.3, 0.4))

    assert engine.report()[0].elapsed == 4.0  # from 10 s to the last departure at 14 s


def test_an_answer_that_came_before_the_departure_is_timed_by_the_program() -> None:
    """The kernel hands us our own multicasts before it hands them to the driver."""
    engine = ping(IPv4Address("224.0.0.1"))
    request = sent(engine)
    told(engine, 10.2, Transmitted(request, 10.2))

    reply = only(told(engine, 10.2, reply_to(request, at=10.125, source=A)).events)

    assert (reply.rtt, reply.sent_by) == (0.125, Clock.USER)


def test_the_time_a_ping_took_is_from_its_first_request_to_its_last() -> None:
    engine = ping(count=2, interval=1.0, timeout=5.0)
    first = sent(engine)
    (second,) = engine.step(11.0).send
    told(engine, 11.5, reply_to(first, 11.5))
    told(engine, 12.0, reply_to(second, 12.0))

    assert engine.report()[0].elapsed == 1.0


def salvo_of(engine: Ping, at: float = 10.0) -> Salvo:
    volley = engine.step(at).volley
    assert isinstance(volley, Salvo)
    return volley


def hit(turn: int, at: float) -> Hit:
    return Hit(turn, at, Clock.KERNEL, 61, 0, b"")


def test_an_adaptive_ping_of_many_hands_its_requests_out_in_salvos() -> None:
    engine = ping(A, B, count=1, adaptive=True)

    salvo = salvo_of(engine)
    step = told(engine, 10.25, Fired(salvo, (10.0, 10.125), {}, (hit(1, 10.25),)))

    reply = only(step.events)
    assert [ip.dst for ip, _, _ in salvo.requests] == [A, B]
    assert (reply.target.address, reply.rtt, reply.ttl) == (B, 0.125, 61)
    assert (reply.sent_by, reply.stamped_by) == (Clock.USER, Clock.KERNEL)
    assert step.wake_at == 10.5
    assert [r.ledger for r in engine.report()] == [
        Ledger(sent=1, unanswered=1),
        Ledger(sent=1, replied=1),
    ]


def test_what_comes_late_for_a_salvo_is_read_as_ever() -> None:
    engine = ping(A, B, count=1, adaptive=True, timeout=5.0)
    salvo = salvo_of(engine)
    told(engine, 10.25, Fired(salvo, (10.0, 10.125), {}, (hit(1, 10.25),)))
    ip, sequence, payload = salvo.requests[0]

    step = told(engine, 11.0, reply_to(ip / icmp.EchoRequest(7, sequence) / payload, 11.0))

    assert (only(step.events).rtt, step.wake_at) == (1.0, None)


def test_requests_of_a_salvo_that_the_kernel_refused_are_lost_here() -> None:
    engine, error = ping(A, B, count=1, adaptive=True), OSError(errno.ENETUNREACH, "?")
    salvo = salvo_of(engine)

    step = told(engine, 10.25, Fired(salvo, (10.0, 10.125), {0: error}, (hit(1, 10.25),)))

    assert [type(event) for event in step.events] == [NotSent, Reply]
    assert engine.report()[0].ledger == Ledger(sent=1, lost_here=1, not_sent=1)
    assert step.wake_at is None


def test_a_pipe_that_fires_no_salvos_gets_their_requests_one_by_one() -> None:
    engine = ping(A, B, count=1, adaptive=True)
    salvo = salvo_of(engine)

    step = told(engine, 10.0, Fired(salvo))

    assert [packet[IPv4].dst for packet in step.send] == [A, B]
    assert step.volley is None
    events = [e for p in step.send for e in told(engine, 10.25, reply_to(p, 10.25)).events]
    assert [only((event,)).verdict for event in events] == [Verdict.IN_TIME] * 2
    assert [r.ledger for r in engine.report()] == [Ledger(sent=1, replied=1)] * 2


def test_more_targets_than_fit_one_salvo_get_several() -> None:
    addresses = [IPv4Address(0xC6120000 + number) for number in range(300)]
    engine = ping(*addresses, count=1, adaptive=True)

    first = salvo_of(engine)
    done = Fired(first, (10.0,) * 256, {}, tuple(hit(turn, 10.1) for turn in range(256)))
    second = told(engine, 10.1, done).volley

    assert isinstance(second, Salvo)
    assert (len(first.requests), len(second.requests)) == (256, 44)


def test_an_adaptive_ping_tells_of_every_reply_unless_volleys_are_asked_for() -> None:
    engine = ping(count=3, adaptive=True)
    request = sent(engine)

    step = told(engine, 10.1, reply_to(request, 10.1))

    assert isinstance(only(step.events), Reply)
    assert step.volley is None
    assert len(step.send) == 1


def test_no_round_trip_is_negative_though_two_clocks_differ_a_little() -> None:
    engine = ping(A, B, count=1, adaptive=True)
    salvo = salvo_of(engine)

    step = engine.step(10.25, Fired(salvo, (10.0, 10.125), {}, (hit(0, 9.99999),)))

    assert only(step.events).rtt == 0.0
