"""Pings by ICMP timestamp, PROBE and node information, in virtual time."""

from ipaddress import IPv6Address
from typing import Any

import pytest

from rawkit.engine.ping_answers import InterfaceAnswer, NodeAnswer, TimestampAnswer
from rawkit.engine.ping_events import Damage, ErrorReply, Verdict
from rawkit.engine.ping_interface import ask_for_interface
from rawkit.engine.ping_node import NodeAsked, ask_the_node
from rawkit.engine.ping_report import Ledger
from rawkit.engine.ping_timestamp import ask_the_time, clock_difference
from rawkit.errors import BuildError, UsageError
from rawkit.record import replace
from rawkit.wire import extended_echo, extended_echo_ipv6, icmp, icmpv6
from rawkit.wire.extended_echo import (
    InterfaceAddress,
    InterfaceIndex,
    InterfaceName,
    structure,
)
from rawkit.wire.icmp_queries import TimestampReply, TimestampRequest
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.news import Transmitted
from rawkit.wire.node_information import Flags, NodeQuery, NodeReply, QType, Subject, encode_name
from rawkit.wire.packet import Packet
from tests.engine.ping_asking import (
    A6,
    IDENTIFIER,
    START,
    STRANGER,
    UNREACHABLE,
    US6,
    A,
    B,
    about,
    arrived,
    asking,
    back,
    only,
    sent,
    told,
)

BOTH = pytest.mark.parametrize("address", [A, A6], ids=["v4", "v6"])
HOUR = 3_600_000
GROUP6 = IPv6Address("ff02::1")


# ICMP timestamps


def asking_the_time(*addresses: Any, clock: float = 3600.0, **settings: Any) -> Any:
    """A ping that starts at one o'clock by our clock."""
    return asking(ask_the_time(lambda time: time - START + clock), *addresses, **settings)


def time_of(request: Packet, receive: int, transmit: int, **changes: Any) -> Packet:
    asked = request[TimestampRequest]
    source = changes.pop("source", None)
    reply = TimestampReply(asked.identifier, asked.sequence, asked.originate, receive, transmit)
    return back(request, replace(reply, **changes), source=source)


def test_it_sends_our_time_of_day() -> None:
    message = sent(asking_the_time())[TimestampRequest]

    assert (message.identifier, message.sequence, message.originate) == (IDENTIFIER, 1, HOUR)


def test_the_answer_tells_how_far_the_other_clock_is_ahead() -> None:
    engine = asking_the_time()
    request = sent(engine)
    told(engine, START, Transmitted(request, START))

    came = arrived(time_of(request, HOUR + 5100, HOUR + 5110), START + 0.21)
    reply = only(told(engine, START + 0.25, came))

    assert (reply.verdict, reply.size, round(reply.rtt, 6)) == (Verdict.IN_TIME, 20, 0.21)
    answer = reply.answer
    assert isinstance(answer, TimestampAnswer)
    assert (answer.originate, answer.receive, answer.transmit) == (HOUR, HOUR + 5100, HOUR + 5110)
    assert answer.difference == pytest.approx(5.0005)


@pytest.mark.parametrize(
    ("sent_at", "came_at", "receive", "transmit", "expected"),
    [
        (10.0, 10.2, 10_100, 10_100, 0.0005),  # both ways take 100 ms
        (10.0, 10.2, 12_100, 12_100, 2.0005),
        (10.0, 10.2, 8_100, 8_100, -1.9995),
        (86_399.9, 86_400.1, 0, 0, 0.0005),  # at midnight
        (86_400 * 20_000 - 0.1, 86_400 * 20_000 + 0.1, 0, 0, 0.0005),  # whatever the day
        (0.1, 0.3, 86_399_200, 86_399_200, -0.9995),  # theirs is still in yesterday
        (86_399.0, 86_399.2, 900, 900, 1.8005),  # theirs is in tomorrow already
        (10.0, 10.2, 0x8000_0001, 0x8000_0001, None),  # no time of day, says the highest bit
        (10.0, 10.2, 86_400_000, 86_400_000, None),  # nor is this
    ],
)
def test_clocks_are_compared_within_half_a_day(
    sent_at: float, came_at: float, receive: int, transmit: int, expected: float | None
) -> None:
    found = clock_difference(sent_at, came_at, receive, transmit)

    assert found == (None if expected is None else pytest.approx(expected, abs=1e-6))


def test_the_quickest_answer_says_what_time_it_is() -> None:
    engine = asking_the_time(count=3, interval=1.0)
    for number, (rtt, ahead) in enumerate(((0.2, 7), (0.1, 5), (0.3, 9))):
        at = START + number
        request = sent(engine, at)
        clock = HOUR + 1000 * number + ahead
        told(engine, at + rtt, arrived(time_of(request, clock, clock), at + rtt))

    assert engine.report()[0].answer.receive == HOUR + 1005


def test_an_answer_with_another_time_in_it_is_corrupted() -> None:
    engine = asking_the_time()
    request = sent(engine)

    came = arrived(time_of(request, HOUR, HOUR, originate=HOUR + 1))
    reply = only(told(engine, START + 0.25, came))

    assert (reply.verdict, reply.answer) == (Verdict.CORRUPTED, None)
    assert reply.damage == Damage(3, HOUR & 0xFF, (HOUR & 0xFF) + 1)


@pytest.mark.parametrize("other", [{"identifier": 8}, {"sequence": 2}], ids=str)
def test_a_time_that_nobody_asked_for_is_no_answer(other: dict[str, Any]) -> None:
    engine = asking_the_time()
    request = sent(engine)

    step = told(engine, START + 0.25, arrived(time_of(request, HOUR, HOUR, **other)))

    assert step.events == ()


def test_a_stranger_who_tells_the_time_does_not_count() -> None:
    engine = asking_the_time()
    request = sent(engine)

    came = arrived(time_of(request, HOUR, HOUR, source=STRANGER))

    assert only(told(engine, START + 0.25, came)).verdict is Verdict.WRONG_SOURCE


@pytest.mark.parametrize("octets", [None, 8])
def test_an_error_about_a_timestamp_request_is_known_by_eight_octets(octets: Any) -> None:
    engine = asking_the_time()
    request = sent(engine)

    event = only(told(engine, START + 0.25, arrived(about(request, icmp.Unreachable(), octets))))

    assert isinstance(event, ErrorReply)
    assert engine.report()[0].ledger == Ledger(sent=1, errors=1)


def test_an_error_about_another_ping_is_nothing_to_us() -> None:
    engine = asking_the_time()
    request = sent(engine)
    others = request.replace(TimestampRequest, identifier=8)
    elsewhere = request.replace(IPv4, dst=B)

    for packet in (others, elsewhere):
        step = told(engine, START + 0.25, arrived(about(packet, icmp.Unreachable(), 8)))
        assert step.events == ()


def test_ipv6_has_no_timestamps() -> None:
    with pytest.raises(UsageError, match="2001:db8::2: only IPv4 has ICMP timestamps"):
        asking_the_time(A6)


# PROBE


def asking_for_interface(*addresses: Any, **settings: Any) -> Any:
    return asking(ask_for_interface(InterfaceName("eth0")), *addresses, **settings)


def state_of(request: Packet, payload: bytes = b"", **changes: Any) -> Packet:
    asked: Any = request.headers[1]
    v4 = isinstance(request.headers[0], IPv4)
    kind: Any = (extended_echo if v4 else extended_echo_ipv6).ExtendedEchoReply
    reply = kind(asked.identifier, asked.sequence, active=True, ipv4=True)
    source = changes.pop("source", None)
    return back(request, replace(reply, **changes), payload=payload, source=source)


@BOTH
@pytest.mark.parametrize(
    "interface", [InterfaceName("eth0"), InterfaceIndex(3), InterfaceAddress(A6)], ids=str
)
def test_it_asks_for_an_interface_of_the_host_itself(address: Any, interface: Any) -> None:
    message: Any = sent(asking(ask_for_interface(interface), address)).headers[1]

    assert (message.identifier, message.sequence, message.local) == (IDENTIFIER, 1, True)
    assert message.object == interface
    kind: int = message.TYPE
    assert kind == (42 if address.version == 4 else 160)


@BOTH
@pytest.mark.parametrize("gives_back", [False, True])
def test_the_answer_tells_of_the_interface(address: Any, gives_back: bool) -> None:
    engine = asking_for_interface(address)
    request = sent(engine)
    payload = structure(InterfaceName("eth0")) if gives_back else b""

    reply = only(told(engine, START + 0.25, arrived(state_of(request, payload))))

    assert (reply.verdict, reply.size) == (Verdict.IN_TIME, 8 + len(payload))
    assert reply.answer == InterfaceAnswer(0, 0, active=True, ipv4=True, ipv6=False)


@BOTH
def test_a_host_that_knows_no_such_interface_has_answered(address: Any) -> None:
    engine = asking_for_interface(address)
    request = sent(engine)

    none = state_of(request, code=2, active=False, ipv4=False)
    reply = only(told(engine, START + 0.25, arrived(none)))

    assert (reply.answer.code, engine.report()[0].ledger.replied) == (2, 1)


def test_what_comes_back_and_is_not_what_was_sent_is_corrupted() -> None:
    engine = asking_for_interface()
    request = sent(engine)

    reply = only(told(engine, START + 0.25, arrived(state_of(request, b"\x20\x01"))))

    assert reply.verdict is Verdict.CORRUPTED


@BOTH
@pytest.mark.parametrize("other", [{"identifier": 8}, {"sequence": 2}], ids=str)
def test_a_state_that_nobody_asked_for_is_no_answer(address: Any, other: dict[str, Any]) -> None:
    engine = asking_for_interface(address)
    request = sent(engine)

    step = told(engine, START + 0.25, arrived(state_of(request, **other)))

    assert step.events == ()


def test_sequence_numbers_of_eight_bits_wrap() -> None:
    engine = asking_for_interface(count=300, interval=1.0)
    replies = []
    for turn in range(300):
        at = START + turn
        request = sent(engine, at)
        replies.append(only(told(engine, at, arrived(state_of(request), at))))
        assert request[extended_echo.ExtendedEchoRequest].sequence == (turn + 1) % 256

    assert [reply.sequence for reply in replies] == list(range(1, 301))
    assert engine.report()[0].ledger == Ledger(sent=300, replied=300)


@BOTH
@pytest.mark.parametrize("octets", [None, 8])
def test_an_error_about_a_probe_is_known_by_eight_octets(address: Any, octets: Any) -> None:
    engine = asking_for_interface(address)
    request = sent(engine)

    event = only(
        told(engine, START + 0.25, arrived(about(request, UNREACHABLE[address.version], octets)))
    )

    assert isinstance(event, ErrorReply)


def test_an_interface_that_no_packet_can_name_is_refused() -> None:
    with pytest.raises(BuildError, match="PROBE"):
        ask_for_interface(InterfaceIndex(2**32))


# Node information


def asking_the_node(*addresses: Any, asked: Any = None, **settings: Any) -> Any:
    wanted = asked or NodeAsked(QType.NAME)
    return asking(ask_the_node(wanted), *(addresses or (A6,)), **settings)


def said_by(request: Packet, data: bytes = b"", **changes: Any) -> Packet:
    asked = request[NodeQuery]
    source = changes.pop("source", None)
    reply = NodeReply(asked.nonce, asked.qtype, data=data)
    return back(request, replace(reply, **changes), source=source)


@pytest.mark.parametrize(
    ("subject", "code", "expected"),
    [
        (None, Subject.IPV6, A6),
        (US6, Subject.IPV6, US6),
        (B, Subject.IPV4, B),
        (encode_name("host"), Subject.NAME, encode_name("host")),
    ],
    ids=str,
)
def test_it_asks_a_node_about_a_subject(subject: Any, code: int, expected: Any) -> None:
    asked = NodeAsked(QType.ADDRESSES, Flags.ALL | Flags.GLOBAL, subject)

    query = sent(asking_the_node(asked=asked))[NodeQuery]

    assert (query.qtype, query.flags) == (3, Flags.ALL | Flags.GLOBAL)
    assert (query.code, query.subject) == (code, expected)


def test_the_answer_tells_the_name() -> None:
    engine = asking_the_node()
    request = sent(engine)
    data = bytes(4) + encode_name("host.example.")

    reply = only(told(engine, START + 0.25, arrived(said_by(request, data))))

    assert (reply.verdict, reply.size) == (Verdict.IN_TIME, 16 + len(data))
    assert reply.answer == NodeAnswer(0, 2, ("host.example.",))


def test_the_answer_tells_addresses_and_whether_there_are_more() -> None:
    engine = asking_the_node(asked=NodeAsked(QType.ADDRESSES))
    request = sent(engine)
    data = bytes(4) + A6.packed + bytes(4) + US6.packed

    reply = only(told(engine, START + 0.25, arrived(said_by(request, data, flags=Flags.TRUNCATED))))

    assert reply.answer == NodeAnswer(0, 3, (), (A6, US6), truncated=True)


@pytest.mark.parametrize("code", [1, 2])
def test_a_node_that_refuses_has_answered(code: int) -> None:
    engine = asking_the_node()
    request = sent(engine)

    reply = only(told(engine, START + 0.25, arrived(said_by(request, code=code))))

    assert (reply.answer.code, reply.answer.names) == (code, ())
    assert engine.report()[0].ledger.replied == 1


@pytest.mark.parametrize("place", [0, 3, 7])
def test_a_reply_needs_the_whole_nonce(place: int) -> None:
    engine = asking_the_node()
    request = sent(engine)
    nonce = bytearray(request[NodeQuery].nonce)
    nonce[place] ^= 1

    step = told(engine, START + 0.25, arrived(said_by(request, nonce=bytes(nonce))))

    assert step.events == ()
    assert engine.report()[0].ledger.strays == (place > 1)


def test_everybody_may_answer_a_question_to_a_group() -> None:
    engine = asking_the_node(GROUP6, count=2, interval=1.0)
    request = sent(engine)

    first = only(told(engine, START + 0.1, arrived(said_by(request, source=A6))))
    second = only(told(engine, START + 0.1, arrived(said_by(request, source=US6))))

    assert (first.verdict, second.verdict) == (Verdict.IN_TIME, Verdict.DUPLICATE)


def test_an_error_about_a_query_is_known_by_its_nonce() -> None:
    engine = asking_the_node()
    request = sent(engine)
    others = request.replace(NodeQuery, nonce=bytes(8))

    nothing = told(engine, START + 0.2, arrived(about(others, icmpv6.Unreachable())))
    event = only(told(engine, START + 0.25, arrived(about(request, icmpv6.Unreachable()))))

    assert nothing.events == ()
    assert isinstance(event, ErrorReply)


def test_ipv4_has_no_node_information() -> None:
    with pytest.raises(UsageError, match=r"192\.0\.2\.2: only IPv6 has node information"):
        asking_the_node(A)
