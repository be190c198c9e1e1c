"""Ping against a path that answers wrongly on purpose, by ping socket and by raw socket.

Every ping tool that was ever tried has been fooled by some of these answers. What counts
is where each request ends up in the books, that the books add up, and what is believed.
"""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Literal

import pytest

import rawkit
from rawkit.engine.ping_events import ErrorReply, PingEvent, Reply, Verdict
from rawkit.engine.ping_report import Ledger, PingReport
from rawkit.lab.namespace import Namespace
from rawkit.lab.path import Answer, Path, Target
from rawkit.record import fields

pytestmark = pytest.mark.netns

Kind = Literal["ping", "raw"]

DEAD, DEAD6 = "203.0.113.9", "2001:db8:0:3::9"

both_kinds = pytest.mark.parametrize("kind", ["ping", "raw"])
both_versions = pytest.mark.parametrize("version", [4, 6])

# Two requests, 0.1 s apart and 0.3 s of patience, and what becomes of them.
BOOKS: dict[Answer, dict[str, int]] = {
    Answer.REPLY: {"replied": 2},
    Answer.SILENT: {"unanswered": 2},
    Answer.TRIPLE: {"replied": 2, "duplicates": 2},
    Answer.BAD_CHECKSUM: {"corrupted": 2},
    Answer.FLIPPED_PAYLOAD: {"corrupted": 2},
    Answer.ZEROED_PAYLOAD: {"corrupted": 2},
    Answer.REPLAYED_PAYLOAD: {"replied": 1, "corrupted": 1},
    Answer.TRUNCATED: {"corrupted": 2},
    Answer.CUT_OFF: {"unanswered": 2},
    Answer.OTHER_SOURCE: {"unanswered": 2, "wrong_source": 2},
    Answer.OPTIONS: {"replied": 2},
    Answer.NEXT_SEQUENCE: {"unanswered": 2, "strays": 2},
    Answer.WRONG_IDENTIFIER: {"unanswered": 2},
    Answer.HOST_UNREACHABLE: {"errors": 2},
    Answer.PROHIBITED: {"errors": 2},
    Answer.TOO_BIG: {"errors": 2},
    Answer.EXPIRED: {"errors": 2},
    Answer.OTHERS_ERROR: {"unanswered": 2, "strays": 2},
    Answer.OTHERS_ERROR_THEN_REPLY: {"replied": 2, "strays": 2},
    Answer.REDIRECT_THEN_REPLY: {"replied": 2, "advice": 2},
    Answer.QUENCH_THEN_REPLY: {"replied": 2, "advice": 2},
}

# Where less is handed on, or less is meant, there is less in the books.
KERNEL_DROPS_BAD_CHECKSUMS = {"unanswered": 2}
EXCEPTIONS: dict[tuple[str, int, Answer], dict[str, int]] = {
    ("ping", 4, Answer.BAD_CHECKSUM): KERNEL_DROPS_BAD_CHECKSUMS,
    ("ping", 6, Answer.BAD_CHECKSUM): KERNEL_DROPS_BAD_CHECKSUMS,
    ("raw", 6, Answer.BAD_CHECKSUM): KERNEL_DROPS_BAD_CHECKSUMS,
    # Linux follows an IPv6 redirect without a word to ping sockets.
    ("ping", 6, Answer.REDIRECT_THEN_REPLY): {"replied": 2},
    # IPv6 has no quench: this is an error of an unknown type, which says nothing to us.
    ("ping", 6, Answer.QUENCH_THEN_REPLY): {"replied": 2},
    ("raw", 6, Answer.QUENCH_THEN_REPLY): {"replied": 2},
}


@pytest.fixture
def node() -> Iterator[Namespace]:
    with Namespace("node") as node:
        node.sysctl("net.ipv4.ping_group_range", "0 0")
        yield node


def run(node: Namespace, host: Any, kind: Kind, **options: Any) -> tuple[list[PingEvent], Any]:
    wanted = {"count": 2, "interval": 0.1, "timeout": 0.3, "kind": kind} | options
    session = rawkit.ping(host, at=node, **wanted)
    events = list(session)
    return events, session.report()


def check(report: PingReport, expected: dict[str, int], **more: int) -> None:
    ledger = report.ledger
    assert ledger == Ledger(**({"sent": 2} | expected | more))
    parts = (ledger.replied, ledger.late, ledger.corrupted, ledger.errors)
    assert ledger.sent == sum(parts) + ledger.lost_here + ledger.unanswered
    assert report.is_alive == (ledger.replied > 0)
    assert (report.rtt is not None) == (ledger.replied > 0)
    if report.rtt is not None:
        assert report.rtt.count == ledger.replied
        assert 0 < report.rtt.min <= report.rtt.max < 0.3


@both_kinds
@both_versions
@pytest.mark.parametrize("answer", BOOKS, ids=lambda answer: answer.value)
def test_each_answer_ends_up_where_it_belongs(
    node: Namespace, answer: Answer, version: int, kind: Kind
) -> None:
    with Path(node, targets=answer) as path:
        _, report = run(node, path.target if version == 4 else path.target6, kind)

    expected = EXCEPTIONS.get((kind, version, answer), BOOKS[answer])
    if answer is Answer.TRIPLE:  # it ends with the second reply; what has come by then counts
        expected = expected | {"duplicates": min(max(report.ledger.duplicates, 2), 4)}
    check(report, expected)
    assert report.via == f"{kind} socket"


@both_kinds
def test_a_reply_wins_over_an_error_before_it(node: Namespace, kind: Kind) -> None:
    with Path(node, targets=Answer.ERROR_THEN_REPLY) as path:
        _, report = run(node, path.target, kind, count=3, interval=0.05)

    # The run ends with the error about the last request: nothing is waited for any more.
    assert report.ledger.replied >= 2
    assert report.ledger.replied + report.ledger.errors == 3


@pytest.mark.alone
@both_kinds
@both_versions
def test_a_late_reply_of_one_host_never_makes_another_alive(
    node: Namespace, version: int, kind: Kind
) -> None:
    late, dead = ("203.0.113.1", DEAD) if version == 4 else ("2001:db8:0:3::1", DEAD6)
    targets: dict[Any, Target] = {
        late: Target((Answer.LATE,), late=0.35),
        dead: Target((Answer.SILENT,)),
    }
    with Path(node, targets=targets) as path:
        events, (first, second) = run(node, path.addresses, kind, count=3, interval=0.2)

    verdicts = {event.verdict for event in events if isinstance(event, Reply)}
    assert verdicts == {Verdict.LATE}
    assert first.ledger.late > 0
    assert not first.is_alive
    check(second, {"unanswered": 3}, sent=3)
    assert not second.is_alive


@both_kinds
def test_an_error_says_who_and_why(node: Namespace, kind: Kind) -> None:
    with Path(node, targets=Answer.HOST_UNREACHABLE) as path:
        events, _ = run(node, path.target, kind, count=1)

    (error,) = events
    assert isinstance(error, ErrorReply)
    assert (type(error.message).__name__, getattr(error.message, "code", None)) == (
        "Unreachable",
        1,
    )
    assert str(error.source) == str(path.hops[-1].ipv4)


@pytest.mark.alone
@both_kinds
def test_a_replayed_time_in_the_payload_is_not_believed(node: Namespace, kind: Kind) -> None:
    with Path(node, targets=Target((Answer.REPLAYED_PAYLOAD,), pause=0.02)) as path:
        _, report = run(node, path.target, kind, count=3, interval=0.05)

    assert report.rtt is not None
    assert 0.02 <= report.rtt.min <= report.rtt.max < 0.1


def test_two_pings_with_one_identifier_keep_their_replies_apart(node: Namespace) -> None:
    """As two ping(8) with ``-e 777`` do not, nor processes in different pid namespaces."""
    with Path(node, targets=Answer.REPLY) as path:
        options: dict[str, Any] = {"count": 2, "interval": 0.1, "timeout": 0.3, "kind": "raw"}
        first = rawkit.ping(path.target, at=node, identifier=777, **options)
        second = rawkit.ping(path.target, at=node, identifier=777, **options)
        both = zip(first, second, strict=False)  # each opens its socket before either is done
        assert all(isinstance(a, Reply) and isinstance(b, Reply) for a, b in both)

    for session in (first, second):
        ledger = session.report().ledger
        assert (ledger.replied, ledger.duplicates, ledger.loss) == (2, 0, 0.0)


@pytest.mark.parametrize("answer", [Answer.TRIPLE, Answer.BAD_CHECKSUM, Answer.OTHER_SOURCE])
def test_the_command_line_exits_by_the_books(node: Namespace, answer: Answer) -> None:
    command = [sys.executable, "-m", "rawkit", "ping", "-c1", "-W0.3"]
    with Path(node, targets=answer) as path:
        process = node.popen([*command, str(path.target)], stdout=subprocess.PIPE, text=True)
        output, _ = process.communicate(timeout=20)

    assert process.returncode == (0 if answer is Answer.TRIPLE else 1)
    assert "1 packets transmitted" in output


def test_no_field_of_the_books_is_left_out_here() -> None:
    asked = {name for expected in BOOKS.values() for name in expected}

    assert {f.name for f in fields(Ledger)} - asked == {"sent", "late", "lost_here", "not_sent"}
