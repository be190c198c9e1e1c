"""Questions to the resolver of the C library, in networks with their own names and servers."""

import threading
import time
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit import lab
from rawkit.host.name_questions import TIMED_OUT, Answer, ask
from rawkit.lab.names import hosts_file
from rawkit.lab.namespace import Namespace
from rawkit.lab.ready import loopback_up
from rawkit.record import replace
from tests.host.test_names import name_server

FOUR, SIX = IPv4Address("192.0.2.4"), IPv6Address("2001:db8::4")
PATIENCE = 30.0

pytestmark = pytest.mark.netns


def untimed(answer: Answer) -> Answer:
    assert answer.took > 0
    return replace(answer, took=0.0)


@pytest.mark.parametrize(
    ("question", "name", "version", "expected"),
    [
        ("getaddrinfo", "four.example.", 4,
            Answer("getaddrinfo", 4, (FOUR,), "four.example")),
        ("getaddrinfo", "four.example.", 6,
            Answer("getaddrinfo", 6, error="EAI_NODATA", cause="the name has no IPv6 address")),
        ("getaddrinfo", "dual.example.", 6, Answer("getaddrinfo", 6, (SIX,), "dual.example")),
        ("getaddrinfo", "nosuch.example.", None,
            Answer("getaddrinfo", error="EAI_NONAME", cause="unknown name")),
        ("gethostbyname", "dual.example.", None,
            Answer("gethostbyname", 4, (FOUR,), "dual.example")),
        ("gethostbyname", "nosuch.example.", None,
            Answer("gethostbyname", 4, error="HOST_NOT_FOUND", cause="unknown name")),
    ],
)  # fmt: skip
def test_a_question_has_the_answer_of_the_name_server(
    question: str, name: str, version: int | None, expected: Answer
) -> None:
    with Namespace() as namespace, name_server(namespace):
        found = namespace.run(ask, question, name, version, PATIENCE)  # type: ignore[arg-type]  # one of two

    assert untimed(found) == expected


def test_both_versions_are_asked_for_at_once() -> None:
    with Namespace() as namespace, name_server(namespace):
        found = namespace.run(ask, "getaddrinfo", "dual.example.", None, PATIENCE)

    assert set(found.addresses) == {FOUR, SIX}
    assert len(found.addresses) == 2


def test_a_silent_name_server_is_not_waited_for_longer_than_asked() -> None:
    with Namespace() as namespace, name_server(namespace):
        began = time.monotonic()
        found = namespace.run(ask, "getaddrinfo", "silent.example.", None, 0.2)
        waited = time.monotonic() - began

    assert (found.error, found.cause) == (TIMED_OUT, "no answer in 0.2 s")
    assert 0.2 <= found.took < waited < 4
    assert any(thread.name == "rawkit-names" for thread in threading.enumerate())


def test_a_name_server_that_cannot_be_reached_is_told_at_once() -> None:
    with Namespace() as namespace:
        found = namespace.run(ask, "getaddrinfo", "host.example.", None, None)
        old = namespace.run(ask, "gethostbyname", "host.example.", None, None)

    assert (found.error, old.error) == ("EAI_AGAIN", "TRY_AGAIN")


def test_the_hosts_file_of_a_node_answers_with_its_aliases() -> None:
    with lab.pair() as net:
        net.first.hosts_file = hosts_file({}) or "192.0.2.4 db.example db data\n"

        new = net.first.run(ask, "getaddrinfo", "db", None, PATIENCE)
        old = net.first.run(ask, "gethostbyname", "db", None, PATIENCE)

    assert untimed(new) == Answer("getaddrinfo", None, (FOUR,), "db.example")
    assert untimed(old) == Answer("gethostbyname", 4, (FOUR,), "db.example", ("db", "data"))


def test_a_name_of_other_letters_is_asked_for_in_ascii() -> None:
    with Namespace() as namespace:
        namespace.run(loopback_up)
        namespace.hosts_file = "192.0.2.4 xn--bcher-kva.example\n"

        found = namespace.run(ask, "getaddrinfo", "bücher.example", None, PATIENCE)

    assert found.addresses == (FOUR,)
