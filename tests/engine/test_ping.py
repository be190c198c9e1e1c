"""The ping engine, in virtual time and without a socket."""

import errno
from ipaddress import IPv4Address

from rawkit.engine.ping import Lost, Ping, Reply
from rawkit.wire.news import SendFailed
from rawkit.wire import icmp
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.received import Received

US, TARGET = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")


def ping(count: int = 1) -> Ping:
    return Ping(US, TARGET, identifier=7, count=count, interval=1.0, timeout=0.5)


def reply(sequence: int, at: float, identifier: int = 7) -> Received:
    return Received(IPv4(TARGET, US, ttl=60) / icmp.EchoReply(identifier, sequence), at)


def test_sends_at_once_and_wakes_for_the_timeout() -> None:
    step = ping().step(now=10.0)

    assert [packet[icmp.EchoRequest].sequence for packet in step.send] == [0]
    assert step.wake_at == 10.5


def test_measures_the_round_trip_from_the_arrival_time_not_from_now() -> None:
    engine = ping()
    engine.step(now=10.0)

    step = engine.step(now=10.4, news=reply(0, at=10.25))

    assert step.events == (Reply(sequence=0, source=TARGET, ttl=60, rtt=0.25),)
    assert step.wake_at is None


def test_gives_a_silent_request_up_when_its_time_is_over() -> None:
    engine = ping()
    engine.step(now=10.0)

    assert engine.step(now=10.49).events == ()
    assert engine.step(now=10.5).events == (Lost(0),)
    assert engine.report().loss == 1.0


def test_ignores_replies_to_somebody_else() -> None:
    engine = ping()
    engine.step(now=10.0)

    assert engine.step(now=10.1, news=reply(0, at=10.1, identifier=8)).events == ()


def test_a_late_or_second_reply_is_no_news() -> None:
    engine = ping()
    engine.step(now=10.0)
    engine.step(now=10.1, news=reply(0, at=10.1))

    assert engine.step(now=10.2, news=reply(0, at=10.2)).events == ()


def test_a_request_that_cannot_be_sent_is_lost_and_says_why() -> None:
    engine, error = ping(), OSError(errno.ENETUNREACH, "Network is unreachable")
    (request,) = engine.step(now=10.0).send

    assert engine.step(now=10.0, news=SendFailed(request, error)).events == (Lost(0, error),)


def test_the_next_request_does_not_wait_for_the_last_answer() -> None:
    engine = Ping(US, TARGET, identifier=7, count=2, interval=0.1, timeout=5.0)

    assert engine.step(now=10.0).wake_at == 10.1
    assert len(engine.step(now=10.1).send) == 1
