"""Ping by TCP, in virtual time and without a socket."""

from ipaddress import IPv6Address, ip_address
from typing import Any

import pytest

from rawkit.engine.ping_answers import PortState, TCPAnswer
from rawkit.engine.ping_events import ErrorReply, Lost, Verdict
from rawkit.engine.ping_report import Ledger
from rawkit.engine.ping_tcp import ask_by_tcp
from rawkit.errors import UsageError
from rawkit.wire import icmp
from rawkit.wire.handshake import Handshake
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.news import Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum
from rawkit.wire.tcp import TCP, Flags
from tests.engine.ping_asking import (
    A6,
    PORT_UNREACHABLE,
    PORTS,
    ROUTER,
    START,
    STRANGER,
    UNREACHABLE,
    A,
    B,
    about,
    arrived,
    asking,
    back,
    only,
    sent,
    source_ports,
    told,
)

SYN_ACK, RST_ACK = Flags.SYN | Flags.ACK, Flags.RST | Flags.ACK
BOTH = pytest.mark.parametrize("address", [A, A6], ids=["v4", "v6"])


def ping(*addresses: Any, **settings: Any) -> Any:
    return asking(ask_by_tcp(80, source_ports()), *addresses, **settings)


def answer(syn: Packet, flags: Flags = SYN_ACK, **changes: Any) -> Packet:
    """Return the right answer to a SYN, or one with changed fields."""
    asked, source = syn[TCP], changes.pop("source", None)
    wanted: dict[str, Any] = {
        "src_port": asked.dst_port,
        "dst_port": asked.src_port,
        "sequence": 99,
        "acknowledgment": asked.sequence + 1 & 0xFFFF_FFFF,
        "flags": flags,
        "options": bytes.fromhex("020405b4"),
    }
    return back(syn, TCP(**wanted | changes), source=source)


def made(syn: Packet, flags: Flags, handshake: Handshake, at: float) -> Any:
    """Return what a pipe tells of a connection that the kernel made."""
    shown = answer(syn, flags, sequence=0, options=b"")
    return arrived(shown, at, handshake=handshake)


@BOTH
def test_it_sends_a_bare_syn(address: Any) -> None:
    packet = sent(ping(address))

    syn = packet[TCP]
    assert (syn.dst_port, syn.flags, packet.payload) == (80, Flags.SYN, b"")
    assert syn.src_port in PORTS
    assert bytes(packet)[9 if address.version == 4 else 6] == 6


@BOTH
@pytest.mark.parametrize(
    ("flags", "state"), [(SYN_ACK, PortState.OPEN), (RST_ACK, PortState.CLOSED)]
)
def test_syn_ack_and_rst_are_answers(address: Any, flags: Flags, state: PortState) -> None:
    engine = ping(address)
    syn = sent(engine)
    told(engine, START, Transmitted(syn, START + 0.125))

    step = told(engine, START + 0.5, arrived(answer(syn, flags)))

    reply = only(step)
    assert (reply.verdict, reply.rtt, reply.ttl, reply.size) == (Verdict.IN_TIME, 0.125, 60, 24)
    assert reply.answer == TCPAnswer(state, flags)
    assert engine.report()[0].ledger == Ledger(sent=1, replied=1)
    assert engine.report()[0].answer == reply.answer


@pytest.mark.parametrize(
    "wrong",
    [
        {"acknowledgment": 5},
        {"src_port": 81},
        {"dst_port": 39_999},
        {"flags": Flags.ACK},
        {"flags": Flags.SYN},
        {"flags": Flags.RST},
        {"flags": Flags.ACK | Flags.PSH},
    ],
    ids=str,
)
def test_a_segment_that_does_not_answer_our_syn_is_a_stray(wrong: dict[str, Any]) -> None:
    engine = ping()
    syn = sent(engine)

    step = told(engine, START + 0.25, arrived(answer(syn, **wrong)))

    assert step.events == ()
    ledger = engine.report()[0].ledger
    assert (ledger.replied, ledger.strays) == (0, 1)


def test_nobody_answers_for_another() -> None:
    engine = ping()
    syn = sent(engine)

    reply = only(told(engine, START + 0.25, arrived(answer(syn, source=STRANGER))))

    assert reply.verdict is Verdict.WRONG_SOURCE
    assert engine.report()[0].ledger.replied == 0


def test_of_two_hosts_each_answers_for_itself() -> None:
    engine = ping(A, B, spacing=0.0)
    to_a, to_b = engine.step(START).send

    told(engine, START + 0.25, arrived(answer(to_b, RST_ACK)))
    told(engine, START + 0.25, arrived(answer(to_a)))

    first, second = engine.report()
    assert (first.answer.state, second.answer.state) == (PortState.OPEN, PortState.CLOSED)


def test_a_segment_that_is_damaged_is_no_answer() -> None:
    engine = ping()
    syn = sent(engine)

    reply = only(told(engine, START + 0.25, arrived(answer(syn), checksum=Checksum.BAD)))

    assert (reply.verdict, reply.damage) == (Verdict.CORRUPTED, None)


def test_a_syn_ack_sent_again_is_a_duplicate() -> None:
    engine = ping(count=2, interval=1.0)
    syn = sent(engine)
    told(engine, START + 0.25, arrived(answer(syn)))

    reply = only(told(engine, START + 0.75, arrived(answer(syn), START + 0.75)))

    assert reply.verdict is Verdict.DUPLICATE
    assert engine.report()[0].ledger == Ledger(sent=1, replied=1, duplicates=1)


def test_silence_is_no_answer_and_what_comes_then_is_late() -> None:
    engine = ping(count=2, interval=1.0)
    syn = sent(engine)

    assert isinstance(only(engine.step(START + 0.5)), Lost)
    reply = only(told(engine, START + 0.75, arrived(answer(syn), START + 0.75)))
    assert reply.verdict is Verdict.LATE


@BOTH
@pytest.mark.parametrize("octets", [None, 8])
def test_an_error_is_known_by_eight_octets_of_what_it_quotes(address: Any, octets: Any) -> None:
    engine = ping(address)
    syn = sent(engine)

    step = told(engine, START + 0.25, arrived(about(syn, UNREACHABLE[address.version], octets)))

    event = only(step)
    assert isinstance(event, ErrorReply)
    assert (event.sequence, event.final) == (1, True)
    assert engine.report()[0].ledger == Ledger(sent=1, errors=1)


@BOTH
def test_port_unreachable_is_a_rejection_even_from_the_host_itself(address: Any) -> None:
    engine = ping(address)
    syn = sent(engine)
    said = about(syn, PORT_UNREACHABLE[address.version], source=address)

    assert isinstance(only(told(engine, START + 0.25, arrived(said))), ErrorReply)


def test_an_error_about_a_translated_port_is_still_ours() -> None:
    engine = ping()
    syn = sent(engine)
    translated = syn.replace(TCP, src_port=1024)

    event = only(told(engine, START + 0.25, arrived(about(translated, icmp.Unreachable(13)))))

    assert event.sequence == 1


@pytest.mark.parametrize(
    "other", [{"sequence": 5}, {"dst_port": 81}], ids=["other number", "other port"]
)
def test_an_error_about_another_segment_is_nothing_to_us(other: dict[str, int]) -> None:
    engine = ping()
    syn = sent(engine)

    step = told(engine, START + 0.25, arrived(about(syn.replace(TCP, **other), icmp.Unreachable())))

    assert step.events == ()


def test_an_error_about_a_segment_to_somebody_else_is_nothing_to_us() -> None:
    engine = ping()
    syn = sent(engine)
    elsewhere = syn.replace(IPv4, dst=B)

    step = told(engine, START + 0.25, arrived(about(elsewhere, icmp.Unreachable())))

    assert step.events == ()


def test_a_redirect_is_advice_and_the_answer_counts() -> None:
    engine = ping()
    syn = sent(engine)

    advice = only(told(engine, START + 0.1, arrived(about(syn, icmp.Redirect(1, ROUTER)))))
    reply = only(told(engine, START + 0.25, arrived(answer(syn))))

    assert (advice.final, reply.verdict) == (False, Verdict.IN_TIME)
    assert engine.report()[0].ledger == Ledger(sent=1, replied=1, advice=1)


def test_requests_leave_from_other_ports_and_have_other_numbers() -> None:
    engine = ping(count=5, interval=0.0, preload=5)

    syns = [packet[TCP] for packet in engine.step(START).send]

    ports = [syn.src_port for syn in syns]
    assert sorted(ports[:4]) == list(PORTS)
    assert ports[4] == ports[0]
    assert len({syn.sequence for syn in syns}) == 5


def test_who_is_asked_twice_is_asked_from_two_ports() -> None:
    engine = ping(A, A)

    first, second = engine.step(START).send

    assert first[TCP].src_port != second[TCP].src_port


def test_before_the_pipe_is_open_the_kernel_chooses_the_port() -> None:
    engine = asking(ask_by_tcp(80, source_ports((0,))))

    assert sent(engine)[TCP].src_port == 0


@pytest.mark.parametrize("flags", [SYN_ACK, RST_ACK], ids=["made", "refused"])
def test_of_a_connection_both_times_are_told(flags: Flags) -> None:
    engine = asking(ask_by_tcp(80, source_ports((0,))))
    syn = sent(engine)
    told(engine, START, Transmitted(syn, START))

    done = made(syn, flags, Handshake(0.125, 0, 0.25), START + 0.125)
    reply = only(told(engine, START + 0.25, done))

    assert (reply.rtt, reply.size, reply.verdict) == (0.125, 0, Verdict.IN_TIME)
    assert (reply.answer.flags, reply.answer.connect_time) == (None, 0.25)


@pytest.mark.parametrize(
    ("rtt", "resent", "verdict"),
    [
        (0.06, 1, Verdict.LATE),  # the second SYN was answered
        (1.06, 1, Verdict.IN_TIME),  # the first one was: the kernel knows by the timestamps
        (None, 1, Verdict.LATE),  # nobody knows
        (None, 0, Verdict.IN_TIME),
    ],
)
def test_an_answer_to_a_syn_that_was_sent_again_is_late(
    rtt: float | None, resent: int, verdict: Verdict
) -> None:
    engine = asking(ask_by_tcp(80, source_ports((0,))), timeout=3.0)
    syn = sent(engine)

    done = made(syn, SYN_ACK, Handshake(rtt, resent, 1.07), START + 1.07)
    reply = only(told(engine, START + 1.1, done))

    assert reply.verdict is verdict
    assert reply.answer.resent == resent


@pytest.mark.parametrize("flags", [SYN_ACK, RST_ACK])
def test_a_link_may_be_named_or_numbered(flags: Flags) -> None:
    """A raw socket names the link that an answer came by; the caller may have numbered it."""
    engine = ping(IPv6Address("fe80::2%2"))
    syn = sent(engine)
    named = answer(syn, flags, source=IPv6Address("fe80::2%eth0"))

    assert only(told(engine, START + 0.25, arrived(named))).verdict is Verdict.IN_TIME


@pytest.mark.parametrize("group", ["224.0.0.1", "255.255.255.255", "ff02::1"])
def test_nobody_shakes_hands_with_a_group(group: str) -> None:
    with pytest.raises(UsageError, match=f"^{group} is a group: TCP asks one host at a time$"):
        ping(ip_address(group))


@pytest.mark.parametrize("port", [0, -1, 65_536, 70_000])
def test_what_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(UsageError, match=f"port is {port}, not 1 to 65535"):
        ask_by_tcp(port, source_ports())
