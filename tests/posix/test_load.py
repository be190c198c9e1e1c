"""``load()`` on servers that answer, answer wrongly, stand still, or are not there."""

import os
import resource
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rawkit import lab
from rawkit.engine.load_report import Cause, LoadReport
from rawkit.errors import ConnectionFailed, NameNotFound, UsageError
from rawkit.posix.load import load
from rawkit.posix.serve import serve
from rawkit.posix.service import Offer, Service
from rawkit.posix.services import SERVICES
from tests.posix.served import DATAGRAMS, STREAMS, reachable, served

pytestmark = pytest.mark.netns

TCP = "tcp4:127.0.0.1:0"


@contextmanager
def served_by(service: Service | Offer, address: str = TCP, **options: Any) -> Iterator[str]:
    with serve(service, address, grace=0.0, **options) as server:
        yield server.address


def echoed(form: str = TCP, **options: Any) -> LoadReport:
    """Return what a quick test of an echo server finds."""
    with served("epoll", form, grace=0.0) as server:
        return load(reachable(server.address), **options).run()


def causes(report: LoadReport) -> dict[tuple[str, str], int]:
    return {(cause.what, cause.says): times for cause, times in report.causes.items()}


@pytest.mark.parametrize("form", [*STREAMS.values(), *DATAGRAMS.values()])
def test_it_asks_at_every_kind_of_address(form: str) -> None:
    report = echoed(form, connections=5, count=500)

    assert report.is_whole
    assert (report.asked, report.answered, report.connected) == (500, 500, 5)
    assert report.latency is not None
    assert report.latency.count == 500
    assert (report.different, report.strays, report.causes) == (0, 0, {})
    assert 1 <= report.fewest <= 100 <= report.most


@pytest.mark.parametrize("form", [STREAMS["tcp4"], STREAMS["unix"], STREAMS["seqpacket"]])
def test_each_question_may_have_a_connection_of_its_own(form: str) -> None:
    report = echoed(form, connections=5, count=200, each_its_own=True)

    assert report.is_whole
    assert (report.answered, report.connected) == (200, 200)
    assert report.connecting is not None
    assert report.connecting.count == 200


def test_the_time_ends_it() -> None:
    report = echoed(connections=2, duration=0.2)

    assert report.is_whole
    assert 0.2 <= report.elapsed < 2
    assert report.asked > 2


def test_one_octet_and_more_than_a_socket_takes_at_once_come_back_whole() -> None:
    for size in (1, 3_000_000):
        report = echoed(connections=3, count=9, size=size, timeout=20.0, duration=20.0)

        assert report.is_whole, report
        assert report.different == 0


def test_datagrams_too_short_for_a_number_are_asked_with_all_the_same() -> None:
    assert echoed(DATAGRAMS["udp4"], connections=2, count=20, size=3).is_whole


def test_at_a_rate_questions_are_due_one_after_the_other() -> None:
    report = echoed(connections=50, rate=500, duration=0.4, timeout=10.0)

    assert (report.asked + report.unasked, report.answered) == (200, report.asked)
    assert report.corrected is not None
    assert report.corrected.count == 200


def test_a_server_that_stands_still_shows_in_an_open_loop_and_hardly_in_a_closed_one() -> None:
    """Coordinated omission: who waits for the answer does not ask meanwhile."""
    asked = 0

    def stands_still_once(data: bytes) -> bytes:
        nonlocal asked
        asked += 1
        if asked == 20:
            time.sleep(0.5)
        return data

    with served_by(stands_still_once) as address:
        report = load(address, connections=1, rate=200, duration=1.0, timeout=10.0).run()

    assert report.latency is not None
    assert report.corrected is not None
    # one question stood still; about a hundred were due meanwhile
    assert report.corrected.mean > 5 * report.latency.mean
    assert report.corrected.percentiles[90] > 0.1


def test_questions_for_which_no_connection_was_free_count_as_not_asked() -> None:
    def slow(data: bytes) -> bytes:
        time.sleep(0.1)
        return data

    with served_by(slow) as address:
        report = load(address, connections=1, rate=1000, duration=0.25, timeout=10.0).run()

    assert report.asked + report.unasked == 250
    assert report.unasked > 200
    assert not report.is_whole
    assert report.corrected is not None
    assert report.corrected.count == 250


def short(data: bytes) -> bytes:
    return data[:-1]


def upside_down(data: bytes) -> bytes:
    return data[::-1]


def twice(data: bytes) -> bytes:
    return data + data


def silent(data: bytes) -> bytes:
    return b""


def failing(data: bytes) -> bytes:
    raise OSError("no more")


@pytest.mark.parametrize(
    ("service", "address", "why"),
    [
        (silent, TCP, ("answer", "none in 0.2 s")),
        (short, TCP, ("answer", "none in 0.2 s")),
        (twice, TCP, ("answer", "longer than the question")),
        (failing, TCP, ("answer", "closed by the other side")),
        (silent, "udp4:127.0.0.1:0", ("answer", "none in 0.2 s")),
        (short, "udp4:127.0.0.1:0", ("answer", "shorter than the question")),
        (twice, "udp4:127.0.0.1:0", ("answer", "longer than the question")),
    ],
)
def test_what_is_no_answer_is_counted_by_its_cause(
    service: Service, address: str, why: tuple[str, str]
) -> None:
    with served_by(service, address, amplify=True) as place:
        report = load(place, connections=2, count=2, timeout=0.2).run()

    assert (report.asked, report.answered) == (2, 0)
    found = causes(report)
    assert found.pop(why, 0) + found.pop(("answer", "connection reset by peer"), 0) == 2
    assert found == {}


def test_answers_of_the_right_length_count_whatever_they_say() -> None:
    for address in (TCP, "udp4:127.0.0.1:0"):
        with served_by(upside_down, address) as place:
            report = load(place, connections=2, count=20).run()

        assert report.is_whole
        assert report.different == 20


def test_a_datagram_that_comes_twice_answers_one_question() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        server.settimeout(20)

        def answer_twice() -> None:
            for _ in range(10):
                data, client = server.recvfrom(100)
                server.sendto(data, client)
                server.sendto(data, client)

        thread = threading.Thread(target=answer_twice)
        thread.start()
        report = load(f"udp4:127.0.0.1:{server.getsockname()[1]}", connections=1, count=10).run()
        thread.join()

    assert report.is_whole
    assert (report.different, report.answered) == (0, 10)
    assert report.strays >= 8


def test_a_server_that_goes_away_is_told_of_and_not_pestered() -> None:
    with served_by(SERVICES["echo"], count=3) as address:
        report = load(address, connections=3, duration=0.5, each_its_own=True).run()

    assert report.answered <= 3
    assert not report.is_whole
    assert sum(report.causes.values()) <= 3 * 8  # once in a tenth of a second at most


def test_a_server_that_reads_nothing_is_given_up() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"tcp4:127.0.0.1:{server.getsockname()[1]}"
        report = load(place, connections=2, count=2, size=20_000_000, timeout=0.3).run()

    assert causes(report) == {("answer", "none in 0.3 s"): 2}


def test_a_full_queue_of_a_unix_socket_is_waited_for(tmp_path: Path) -> None:
    path = os.fspath(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(0)
        report = load(f"unix:{path}", connections=4, count=4, timeout=0.3, duration=0.3).run()

    assert report.answered == 0
    assert Cause("connect", 0, "none in 0.3 s") in report.causes


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("tcp4:127.0.0.1:9", ConnectionFailed),
        ("unix:/nonexistent/socket", ConnectionFailed),
        ("tcp:nobody.invalid:9", NameNotFound),
        ("fd:0", UsageError),
        ("packet:lo", UsageError),
        ("tcp:*:9", UsageError),
    ],
)
def test_who_is_not_there_cannot_be_asked(address: str, error: type[Exception]) -> None:
    with pytest.raises(error):
        load(address, timeout=5.0).run()


def test_datagrams_have_no_connections_to_be_made_anew() -> None:
    with pytest.raises(UsageError, match="no connections to be made anew"):
        load("udp4:127.0.0.1:9", each_its_own=True).run()


@pytest.mark.parametrize(
    "options",
    [
        {"connections": 0},
        {"duration": 0.0},
        {"duration": float("inf")},
        {"count": 0},
        {"rate": 0.0},
        {"rate": float("nan")},
        {"size": 0},
        {"timeout": -1.0},
    ],
)
def test_a_test_that_makes_no_sense_or_has_no_end_is_refused(options: Any) -> None:
    with pytest.raises(UsageError):
        load(TCP, **options)


def test_more_connections_than_descriptors_are_refused_before_anybody_is_asked() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if not 0 < hard < 1 << 20:
        pytest.skip("there is no such limit")

    with pytest.raises(UsageError, match="is the limit"):
        load("tcp4:127.0.0.1:9", connections=hard).run()


def test_it_can_be_stopped_and_tells_what_is_known() -> None:
    with served_by(SERVICES["echo"]) as address:
        test = load(address, connections=2, duration=60.0)
        timer = threading.Timer(0.2, test.stop)
        timer.start()
        report = test.run()
        timer.join()

    assert report.elapsed < 30
    assert report.answered > 0
    assert report.asked == report.answered + report.unfinished
    with pytest.raises(UsageError, match="run once"):
        test.run()


def test_a_test_that_was_never_run_has_nothing_to_report() -> None:
    with pytest.raises(UsageError, match="has not begun"):
        _ = load(TCP).report


def descriptors() -> int:
    return len([*Path("/proc/self/fd").iterdir()])


def test_it_asks_from_a_node_of_a_lab() -> None:
    with (
        lab.pair() as net,
        serve(SERVICES["echo"], "tcp4:*:7007", at=net.last, grace=0.0),
    ):
        report = load(f"tcp:{net.last.ipv4}:7007", at=net.first, connections=2, count=20).run()

    assert report.is_whole


def test_no_descriptor_is_left() -> None:
    before = descriptors()

    echoed(connections=20, count=100)
    with pytest.raises(ConnectionFailed):
        load("tcp4:127.0.0.1:9").run()

    assert descriptors() == before


def test_a_reset_is_told_as_what_it_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def reset() -> None:
            for _ in range(2):
                sock, _ = server.accept()
                sock.recv(1)
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, bytes([1, *bytes(7)]))
                sock.close()

        thread = threading.Thread(target=reset)
        thread.start()
        place = f"tcp4:127.0.0.1:{server.getsockname()[1]}"
        report = load(place, connections=2, count=2, timeout=5.0).run()
        thread.join()

    assert causes(report) == {("answer", "connection reset by peer"): 2}
