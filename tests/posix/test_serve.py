"""``serve()``: limits, ending, counting, and what a service learns of its client."""

import os
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from rawkit import lab
from rawkit.errors import RawkitError, UsageError
from rawkit.posix import activation
from rawkit.posix.address import parse
from rawkit.posix.faults import Subject
from rawkit.posix.faults.subject import receive
from rawkit.posix.serve import Server, serve
from rawkit.posix.service import Client, Conversation, Offer, offer_of
from rawkit.posix.services import SERVICES
from rawkit.posix.serving import counts
from rawkit.posix.serving.counts import Reason, Stats
from rawkit.posix.serving.mischief import Mischief
from rawkit.posix.serving.settings import Settings
from rawkit.posix.serving.shift import Closed, Event, Trouble
from tests.posix.served import MODELS, POST_MODELS, subject_of

pytestmark = pytest.mark.netns

ECHO = SERVICES["echo"]
ONE_BY_ONE = ("iterative", "prefork", "pool")
"""Models whose clients wait in the backlog when all workers are busy."""
AT_ONCE = [model for model in MODELS if model not in ONE_BY_ONE]


@contextmanager
def echo(model: str = "epoll", **options: Any) -> Iterator[Server]:
    options.setdefault("workers", 2)
    options.setdefault("grace", 0.0)
    with serve(ECHO, "tcp4:127.0.0.1:0", model=model, **options) as server:
        yield server


@contextmanager
def talking(server: Server) -> Iterator[socket.socket]:
    """Be a client that has been served once."""
    with Subject(subject_of(server).address).connection() as sock:
        sock.sendall(b"hello")
        assert receive(sock, 5) == b"hello"
        yield sock


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def refuses(server: Server) -> bool:
    """Whether nobody is taken any more."""
    sock = Subject(subject_of(server).address).try_to_connect()
    if sock is not None:
        sock.close()
    return sock is None


def closed(server: Server) -> dict[Reason, int]:
    until(lambda: not server.stats.open)
    return server.stats.closed


@pytest.mark.parametrize("model", MODELS)
def test_a_silent_client_is_hung_up_on(model: str) -> None:
    with echo(model, idle=0.1) as server, talking(server) as sock:
        assert sock.recv(1) == b""
        assert closed(server) == {Reason.IDLE: 1}


@pytest.mark.parametrize("model", MODELS)
def test_a_client_that_is_never_idle_has_a_lifetime_all_the_same(model: str) -> None:
    with echo(model, lifetime=0.15, idle=0.1) as server, talking(server) as sock:
        try:
            while sock.send(b"x") and sock.recv(1):
                time.sleep(0.02)
        except ConnectionError:
            pass  # what was on the way as it closed
        assert closed(server) == {Reason.LIFETIME: 1}


@pytest.mark.parametrize("model", AT_ONCE)
def test_one_client_too_many_is_hung_up_on_at_once(model: str) -> None:
    with echo(model, max_connections=1, workers=1) as server, talking(server):
        with Subject(subject_of(server).address).connection() as second:
            assert second.recv(1) == b""
        assert (server.stats.full, server.stats.accepted) == (1, 1)


@pytest.mark.parametrize("model", MODELS)
def test_a_server_of_so_many_clients_ends_by_itself(model: str) -> None:
    with echo(model, count=2, grace=20) as server:
        for _ in range(2):
            with talking(server):
                pass

        until(lambda: refuses(server))
        assert server.stop().accepted == 2


@pytest.mark.parametrize("model", POST_MODELS)
def test_a_server_of_so_many_datagrams_ends_by_itself(model: str) -> None:
    with serve(ECHO, "udp4:127.0.0.1:0", model=model, count=2, workers=2) as server:
        with Subject(subject_of(server).address).connection() as sock:
            for _ in range(3):
                sock.send(b"hello")
            assert sock.recv(10) == sock.recv(10) == b"hello"
        stats = server.stop()

    assert (stats.datagrams, stats.answered) == (2, 2)


@pytest.mark.parametrize("model", MODELS)
def test_a_service_that_fails_costs_its_client_and_nobody_else(model: str) -> None:
    def divide(data: bytes) -> bytes:
        return bytes([100 // data[0]])

    with serve(divide, "tcp4:127.0.0.1:0", model=model, workers=2, grace=0) as server:
        address = subject_of(server).address
        with Subject(address).connection() as sock:
            sock.send(b"\0")
            assert sock.recv(1) == b""
        with Subject(address).connection() as sock:
            sock.send(b"\4")
            assert sock.recv(1) == b"\x19"
        until(lambda: not server.stats.open)
        stats = server.stop()

    assert stats.closed == {Reason.FAILED: 1, Reason.DONE: 1}


@pytest.mark.parametrize("model", MODELS)
def test_all_that_was_said_arrives_before_a_server_hangs_up_by_itself(model: str) -> None:
    with serve(SERVICES["daytime"], "tcp4:127.0.0.1:0", model=model, workers=2) as server:
        with Subject(subject_of(server).address).connection() as sock:
            sock.send(b"x" * 1000)  # unread, it would turn close() into a reset
            said = b"".join(iter(lambda: sock.recv(100), b""))
        assert closed(server) == {Reason.SERVED: 1}

    assert said.endswith(b"-UTC\r\n")


@pytest.mark.parametrize("model", MODELS)
def test_a_bad_server_resets_on_purpose(model: str) -> None:
    with echo(model, mischief=Mischief(reset=True)) as server:
        with Subject(subject_of(server).address).connection() as sock:
            sock.send(b"x")
            with pytest.raises(ConnectionResetError):
                sock.recv(1)
        assert closed(server) == {Reason.FAILED: 1}


@pytest.mark.parametrize("model", ["thread", "epoll", "asyncio"])
def test_a_bad_server_is_slow_on_purpose_and_others_are_not_disturbed(model: str) -> None:
    with echo(model, mischief=Mischief(rate=100.0)) as server, talking(server) as first:
        first.send(bytes(40))
        begun = time.monotonic()
        with talking(server):
            pass
        assert receive(first, 40) == bytes(40)
        assert time.monotonic() - begun > 0.25


def test_a_bad_server_drops_whom_it_accepts() -> None:
    with echo(mischief=Mischief(drop_accept=True)) as server:
        with Subject(subject_of(server).address).connection() as sock:
            assert sock.recv(1) == b""
        assert closed(server) == {Reason.DROPPED: 1}


def test_a_service_that_does_not_return_is_given_up() -> None:
    def sleep(data: bytes) -> bytes:
        time.sleep(60)
        return data

    server = serve(sleep, "tcp4:127.0.0.1:0", isolated=True, grace=0)
    with server, Subject(subject_of(server).address).connection() as sock:
        sock.send(b"x")
        until(lambda: server.stats.accepted == 1)

        with pytest.raises(RawkitError, match="the service sleep does not return"):
            server.stop()


def test_a_service_learns_who_its_client_is(tmp_path: Path) -> None:
    told: list[object] = []

    class Asking(Conversation):
        def __init__(self, client: Client) -> None:
            told.extend((client.credentials, client.address, client.local))
            process = client.process()
            told.append(os.path.samestat(os.fstat(process), os.fstat(mine)))
            os.close(process)
            self.over = True

    mine = os.pidfd_open(os.getpid())
    path = tmp_path / "s"
    with serve(Asking, f"unix:{path}") as server:
        with socket.socket(socket.AF_UNIX) as sock:
            sock.connect(str(path))
            assert sock.recv(1) == b""
        assert closed(server) == {Reason.SERVED: 1}
    os.close(mine)

    credentials = (os.getpid(), os.getuid(), os.getgid())
    assert [told[0], told[1], str(told[2])] == [credentials, None, f"unix:{path}"]


def test_whoami_tells_a_client_how_it_is_seen() -> None:
    whoami = serve(SERVICES["whoami"], "unix:@")
    with whoami as server, Subject(subject_of(server).address).connection() as sock:
        said = b"".join(iter(lambda: sock.recv(1000), b"")).decode()

    rows = said.splitlines()
    assert rows[0] == "you nameless"
    assert rows[2:4] == [
        f"pid {os.getpid()} uid {os.getuid()} gid {os.getgid()}",
        "socket AF_UNIX SOCK_STREAM",
    ]


def test_every_connection_is_told_to_the_log_with_why_it_ended() -> None:
    log: list[Event] = []
    with echo(log=log.append) as server:
        with talking(server) as sock:
            port = sock.getsockname()[1]
        with talking(server) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        closed(server)

    first, second = (one for one in log if isinstance(one, Closed))
    assert (str(first.client), first.reason) == (f"tcp4:127.0.0.1:{port}", Reason.DONE)
    assert (first.received, first.sent, first.error) == (5, 5, "")
    assert (second.reason, second.error) == (
        Reason.RESET,
        "connection reset by peer (ECONNRESET)",
    )


def test_a_log_that_cannot_be_written_ends_the_server() -> None:
    def full(event: Event) -> None:
        raise OSError(28, "No space left on device")

    with echo(log=full) as server:
        with talking(server):
            pass
        until(lambda: refuses(server))

        with pytest.raises(OSError, match="No space left"):
            server.stop()


def test_the_same_trouble_is_told_once_a_second() -> None:
    log: list[Event] = []
    with serve(ECHO, "unix-dgram:@", log=log.append) as server:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.connect("\0" + server.address.partition("@")[2])
            for _ in range(5):
                sock.send(b"who am I?")
        until(lambda: server.stats.datagrams == 5)

    about = "somebody without an address cannot be answered: a client has to bind"
    assert log[0] == Trouble(0, about)
    assert len(log) < 3
    assert server.stats.nameless == 5


def test_a_datagram_is_answered_from_the_address_that_it_came_to() -> None:
    with serve(ECHO, "udp4:*:0") as server:
        port = int(server.address.rpartition(":")[2])
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(20)
            sock.connect(("127.0.0.3", port))  # a connected socket hears nobody else
            sock.send(b"hello")

            assert sock.recv(10) == b"hello"


def test_a_server_in_front_hands_connections_over_to_workers() -> None:
    with echo("prefork", hand_over=True) as server:
        with talking(server) as one, talking(server) as other:
            assert one.getpeername() == other.getpeername()
        closed(server)
        stats = server.stop()

    assert [sum(worker.closed.values()) for worker in stats.workers] == [1, 1]


def test_workers_that_begin_to_count_at_once_are_all_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def slowly(*numbers: int) -> int:
        largest = max(numbers)
        time.sleep(0.1 if largest == 2 else 0)  # the note that row 1 is in use comes late
        return largest

    monkeypatch.setattr(counts, "max", slowly, raising=False)
    with echo("prefork", hand_over=True) as server:
        with talking(server) as one, talking(server):
            one.close()
        time.sleep(0.2)
        assert closed(server) == {Reason.DONE: 2}


def test_a_worker_that_dies_is_replaced_and_the_stats_tell_workers_apart() -> None:
    with echo("prefork") as server, talking(server):
        children = Path(f"/proc/{server.pid}/task/{server.pid}/children")
        first = children.read_text().split()
        os.kill(int(first[0]), signal.SIGKILL)
        until(lambda: len(set(children.read_text().split()) - {first[0]}) == 2)
        with talking(server):
            pass
        assert len(server.stats.workers) == 2


@pytest.mark.parametrize(
    ("service", "address", "model", "why"),
    [
        (ECHO, "udp4:127.0.0.1:0", "fork",
            "fork makes one for each connection; datagrams have none"),
        (SERVICES["slow"], "udp4:127.0.0.1:0", "epoll",
            "slow needs connections, and datagrams have none"),
        (ECHO, "tcp4:127.0.0.1:0", "epol", "no model 'epol' (did you mean 'epoll'?)"),
        (7, "tcp4:127.0.0.1:0", "epoll",
            "7 is no service: give a function of octets, or a Conversation"),
    ],
)  # fmt: skip
def test_what_does_not_go_together_is_refused(
    service: Offer, address: str, model: str, why: str
) -> None:
    with pytest.raises(UsageError) as caught, serve(service, address, model=model):
        pass

    assert str(caught.value) == why


def test_a_keyword_that_there_is_not_is_a_mistake() -> None:
    with pytest.raises(TypeError, match=r"serve\(\) got an unexpected keyword argument 'colour'$"):
        serve(ECHO, "unix:@", colour="red")  # type: ignore[call-arg]
    with pytest.raises(TypeError, match="'idel': did you mean 'idle'"):
        serve(ECHO, "unix:@", idel=3)  # type: ignore[call-arg]


def test_sockets_are_taken_from_systemd_by_the_process_they_are_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in (("LISTEN_PID", str(os.getpid())), ("LISTEN_FDS", "2")):
        monkeypatch.setenv(name, value)

    assert [str(one) for one in activation.passed()] == ["fd:3", "fd:4"]

    monkeypatch.setenv("LISTEN_PID", str(os.getppid()))
    assert activation.passed() == ()
    monkeypatch.setenv("LISTEN_PID", "me")
    with pytest.raises(UsageError, match="are no numbers"):
        activation.passed()
    activation.forget()
    assert activation.passed() == ()


def test_a_server_that_is_not_opened_holds_nothing_and_one_that_is_closed_neither() -> None:
    def descriptors() -> int:
        return len([*Path("/proc/self/fd").iterdir()])

    before = descriptors()
    server = serve(ECHO, "unix:@")
    assert descriptors() <= before
    server.close()

    for _ in range(3):
        with serve(ECHO, "unix:@", count=5), serve(ECHO, "unix:@", model="fork"):
            pass
    with pytest.raises(RawkitError), serve(ECHO, "unix:/nowhere/s"):
        pass
    assert descriptors() <= before


def test_stats_of_a_server_that_has_done_nothing_are_empty() -> None:
    with echo() as server:
        assert server.stats == Stats()


@pytest.mark.parametrize("model", ["epoll", "fork"])
def test_a_server_can_listen_in_a_node_of_a_lab(model: str) -> None:
    with lab.pair() as net:
        where = f"tcp4:{net.last.ipv4}:7007"
        with serve(ECHO, where, model=model, at=net.last) as server:
            with net.first.here():
                sock = socket.create_connection((str(net.last.ipv4), 7007), 20)
            with sock:
                sock.sendall(b"hello")
                assert receive(sock, 5) == b"hello"
            assert server.address == where


@pytest.mark.parametrize("model", ["iterative", "fork", "pool", "select", "epoll", "asyncio"])
def test_one_server_listens_in_several_places(model: str, tmp_path: Path) -> None:
    where = tuple(map(parse, ("tcp4:127.0.0.1:0", "tcp6:[::1]:0", f"unix:{tmp_path}/s")))
    settings = Settings(grace=0, workers=2)

    with Server(offer_of(ECHO), where, model, settings, isolated=True) as server:
        for text in server.addresses:
            with Subject(parse(text)).connection() as sock:
                sock.sendall(b"hello")
                assert receive(sock, 5) == b"hello"

    assert not (tmp_path / "s").exists()


def test_a_client_of_version_4_is_told_as_such_by_a_server_of_both() -> None:
    log: list[Event] = []
    with serve(ECHO, "tcp:*:0", log=log.append) as server:
        with socket.create_connection(
            ("127.0.0.1", int(server.address.rpartition(":")[2]))
        ) as sock:
            port = sock.getsockname()[1]
        closed(server)

    assert [str(one.client) for one in log if isinstance(one, Closed)] == [f"tcp4:127.0.0.1:{port}"]


def test_a_datagram_that_is_too_long_is_told_and_not_answered() -> None:
    log: list[Event] = []
    with serve(ECHO, "unix-dgram:@", log=log.append) as server:
        with Subject(subject_of(server).address).connection() as sock:
            sock.send(bytes(70_000))
        until(lambda: server.stats.datagrams == 1)
        stats = server.stop()

    assert (stats.truncated, stats.answered) == (1, 0)
    assert log == [Trouble(0, "a datagram has more than 65536 octets: not answered")]


def test_an_answer_to_another_host_is_no_longer_than_the_question() -> None:
    with lab.pair() as net:
        where = f"udp4:{net.last.ipv4}:7007"
        with serve(SERVICES["daytime"], where, at=net.last) as server:
            with net.first.here():
                sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            with sock:
                sock.settimeout(20)
                sock.connect((str(net.last.ipv4), 7007))
                sock.send(b"?")
                sock.send(bytes(100))
                assert sock.recv(100).endswith(b"-UTC\r\n")
            stats = server.stop()

    assert (stats.withheld, stats.answered) == (1, 1)
