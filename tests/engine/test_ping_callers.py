"""The ping engine with callers that are late, slow, stopped or demanding."""

from typing import Any

import pytest

from rawkit.engine.ping_events import Lost, Reply, Verdict
from rawkit.errors import UsageError
from tests.engine.test_ping import A6, A, B, ping, reply_to, told


def test_answers_that_wait_in_the_queue_while_the_caller_sleeps_are_in_time() -> None:
    engine = ping(A, B, timeout=0.5)
    to_a, to_b = engine.step(10.0).send

    events: list[Any] = [*engine.step(12.0, reply_to(to_a, 10.1)).events]
    events += engine.step(12.0, reply_to(to_b, 10.1)).events

    assert not [event for event in events if isinstance(event, Lost)]
    assert [event.verdict for event in events] == [Verdict.IN_TIME, Verdict.IN_TIME]


def test_what_has_come_is_read_before_more_is_sent() -> None:
    engine = ping(A, count=100, interval=0.001, timeout=5.0)
    (request,) = engine.step(10.0).send

    step = engine.step(10.05, reply_to(request, 10.001))

    assert step.send == ()  # there may be more in the queue, and the buffer is finite
    assert step.wake_at == 10.05
    assert len(engine.step(10.05).send) > 0


def test_a_caller_that_was_stopped_for_an_hour_does_not_send_an_hours_requests_at_once() -> None:
    engine = ping(A, count=None, interval=1.0, timeout=1.0)
    engine.step(10.0)

    sent = 0
    for _ in range(200):
        sent += len(engine.step(3610.0).send)

    assert sent <= 3


def test_a_host_that_never_answered_is_waited_for_though_another_did() -> None:
    engine = ping(A, B, timeout=5.0, hurry=True, interval=0.1)
    to_a, _ = engine.step(10.0).send

    step = told(engine, 10.001, reply_to(to_a, 10.001))

    assert step.wake_at == 15.0  # as ping(8) gives one that never answered the full -W


def test_an_ipv6_ping_may_be_as_long_as_ipv6_allows() -> None:
    assert ping(A6, size=65_527)


def test_a_reply_that_came_too_late_is_late_even_if_nobody_was_there_to_give_up() -> None:
    engine = ping(timeout=0.5)
    (request,) = engine.step(10.0).send

    (reply,) = told(engine, 12.0, reply_to(request, 11.0)).events

    assert isinstance(reply, Reply)
    assert reply.verdict is Verdict.LATE


def test_endless_news_do_not_keep_it_from_sending_nor_from_its_deadline() -> None:
    engine = ping(count=None, interval=0.1, deadline=1.0)
    (request,) = engine.step(10.0).send
    copy = reply_to(request, 10.0)

    assert sum(len(engine.step(10.5, copy).send) for _ in range(200)) > 0
    assert [engine.step(11.0, copy).wake_at for _ in range(200)][-1] is None


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        (A, {"size": 65_508}),
        (A, {"size": 65_500, "options": bytes(8)}),
        (A, {"options": bytes(50)}),
    ],
)
def test_what_does_not_fit_a_datagram_is_refused(address: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        ping(address, **wrong)
