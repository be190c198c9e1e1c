"""A question and what answers it, in virtual time."""

import errno
from ipaddress import IPv4Address

import pytest

from rawkit.engine.exchange import Exchange
from rawkit.engine.exchange_events import Answered, Asked, ExchangeSettings, NotAsked
from rawkit.errors import UsageError
from rawkit.wire import icmp
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.news import Dropped, Opened, SendFailed, Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Clock, Received
from rawkit.wire.relation import Relation
from rawkit.wire.udp import UDP

US, THEM, ROUTER = (IPv4Address(f"192.0.2.{last}") for last in (1, 2, 254))
QUESTION = IPv4(US, THEM) / UDP(40000, 7) / b"hello"
REPLY = IPv4(THEM, US) / UDP(7, 40000) / b"hello"
REFUSAL = IPv4(THEM, US) / icmp.Unreachable(3) / QUESTION
ADVICE = IPv4(ROUTER, US) / icmp.Redirect(1, THEM) / QUESTION
STRANGER = IPv4(ROUTER, US) / UDP(7, 40000) / b"hello"


def came(packet: Packet, at: float, checksum: Checksum = Checksum.VALID) -> Received:
    return Received(packet, at, "eth0", Clock.KERNEL, checksum)


def test_a_question_is_sent_and_its_answer_ends_it() -> None:
    engine = Exchange(QUESTION)
    first = engine.step(10.0)
    waiting = engine.step(10.0, Transmitted(QUESTION, 10.001))
    last = engine.step(10.5, came(REPLY, 10.021))

    assert (first.send, first.events) == ((QUESTION,), (Asked(QUESTION, 1),))
    assert waiting.wake_at == 10.0
    assert engine.step(10.0).wake_at is None
    (answer,) = last.events
    assert isinstance(answer, Answered)
    assert (answer.packet, answer.is_reply, answer.asked) == (REPLY, True, 1)
    assert answer.rtt == pytest.approx(0.02)
    assert answer.clocks == (Clock.KERNEL, Clock.KERNEL)
    assert last.wake_at is None
    report = engine.report()
    assert (report.sent, report.answers, report.answer) == (1, 1, REPLY)
    assert report.rtt is not None
    assert report.elapsed == pytest.approx(0.021)


def test_it_asks_again_and_gives_up_in_the_end() -> None:
    engine = Exchange(QUESTION, ExchangeSettings(timeout=0.5, tries=3))
    times: list[float] = []
    now, step = 0.0, engine.step(0.0)
    while step.wake_at is not None:
        times.extend(now for _ in step.send)
        now = step.wake_at
        step = engine.step(now)

    assert times == [0.0, 0.5, 1.0]
    assert now == 1.5
    assert engine.report().sent == 3
    assert (engine.report().answer, engine.report().rtt) == (None, None)


def test_the_time_is_that_since_the_latest_question() -> None:
    engine = Exchange(QUESTION, ExchangeSettings(timeout=0.5))
    engine.step(0.0)
    engine.step(0.0, Transmitted(QUESTION, 0.0))
    engine.step(0.5)
    engine.step(0.5, Transmitted(QUESTION, 0.5))
    (answer,) = engine.step(0.7, came(REPLY, 0.7)).events

    assert isinstance(answer, Answered)
    assert answer.rtt == pytest.approx(0.2)
    assert answer.asked == 2


def test_an_answer_that_lay_in_the_socket_since_before_the_second_question_is_the_firsts() -> None:
    engine = Exchange(QUESTION, ExchangeSettings(timeout=0.5))
    engine.step(0.0)
    engine.step(0.5)
    (answer,) = engine.step(0.6, came(REPLY, 0.4)).events

    assert isinstance(answer, Answered)
    assert answer.rtt == pytest.approx(0.4)


def test_an_error_about_it_ends_it_unless_told_otherwise() -> None:
    strict = Exchange(QUESTION, ExchangeSettings(errors_answer=False))
    for engine in (ends := Exchange(QUESTION), strict):
        engine.step(0.0)
        (event,) = engine.step(0.1, came(REFUSAL, 0.1)).events
        assert isinstance(event, Answered)
        assert (event.relation, event.is_reply) == (Relation.ERROR, False)

    assert ends.step(0.1).wake_at is None
    assert strict.step(0.1).wake_at == 1.0
    assert (strict.report().errors, strict.report().answers) == (1, 0)


def test_advice_and_strangers_end_nothing() -> None:
    engine = Exchange(QUESTION)
    engine.step(0.0)
    advised = engine.step(0.1, came(ADVICE, 0.1))
    stranger = engine.step(0.1, came(STRANGER, 0.1))
    own = engine.step(0.1, came(QUESTION, 0.1))

    assert [type(event) for event in advised.events] == [Answered]
    assert stranger.events == own.events == ()
    assert engine.step(0.1).wake_at == 1.0
    assert (engine.report().advice, engine.report().answers) == (1, 0)


def test_a_damaged_answer_is_counted_and_not_believed() -> None:
    engine = Exchange(QUESTION)
    engine.step(0.0)

    assert engine.step(0.1, came(REPLY, 0.1, Checksum.BAD)).events == ()
    assert engine.report().damaged == 1
    assert engine.step(0.1, came(REPLY, 0.1, Checksum.UNFINISHED)).wake_at is None


def test_several_answers_may_be_wanted_or_all() -> None:
    two = Exchange(QUESTION, ExchangeSettings(wanted=2))
    every = Exchange(QUESTION, ExchangeSettings(wanted=None, tries=1))
    for engine in (two, every):
        engine.step(0.0)
        engine.step(0.1, came(REPLY, 0.1))
        engine.step(0.2, came(REPLY, 0.2))

    assert two.step(0.2).wake_at is None
    assert every.step(0.2).wake_at == 1.0
    assert every.step(1.0).wake_at is None
    assert every.report().answers == 2


def test_anybody_may_answer_where_everybody_was_asked() -> None:
    engine = Exchange(QUESTION, ExchangeSettings(from_anybody=True))
    engine.step(0.0)

    assert len(engine.step(0.1, came(STRANGER, 0.1)).events) == 1


def test_frames_are_answered_like_packets() -> None:
    ours, theirs = b"\2\0\0\0\0\1", b"\2\0\0\0\0\2"
    engine = Exchange(Ethernet(theirs, ours) / QUESTION)
    engine.step(0.0)

    assert engine.step(0.1, came(Ethernet(ours, theirs) / REPLY, 0.1)).wake_at is None


def test_what_the_kernel_refuses_is_told_and_tried_again() -> None:
    engine = Exchange(QUESTION, ExchangeSettings(timeout=0.5, tries=2))
    error = OSError(errno.ENOBUFS, "No buffer space available")
    engine.step(0.0)
    (event,) = engine.step(0.0, SendFailed(QUESTION, error)).events

    assert event == NotAsked(QUESTION, error)
    assert engine.step(0.0).wake_at == 0.5
    assert engine.step(0.5).send == (QUESTION,)
    assert (engine.report().sent, engine.report().not_sent) == (1, 1)


def test_it_ends_at_once_when_every_try_was_refused() -> None:
    engine = Exchange(QUESTION, ExchangeSettings(tries=1))
    error = OSError(errno.EMSGSIZE, "Message too long")
    engine.step(0.0)

    assert engine.step(0.0, SendFailed(QUESTION, error)).wake_at is None
    assert engine.report().failure == str(error)


def test_the_report_has_the_socket_and_what_was_lost_here() -> None:
    engine = Exchange(QUESTION)
    engine.step(0.0, Opened("raw socket", "it fits"))
    engine.step(0.0, Dropped(3))

    report = engine.report()
    assert (report.via, report.why, report.lost_here) == ("raw socket", "it fits", 3)


@pytest.mark.parametrize("wrong", [{"timeout": 0.0}, {"tries": 0}, {"wanted": 0}])
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError):
        ExchangeSettings(**wrong)  # type: ignore[arg-type]  # what is tested
