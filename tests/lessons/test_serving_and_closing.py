"""What is said of many clients, of reading and of the end, and what is so."""

import errno
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lessons.loopback import A_WHILE, HERE, PATIENCE, connected, errno_of, listening

pytestmark = [
    pytest.mark.netns,
    pytest.mark.filterwarnings(
        "ignore:.*use of fork:DeprecationWarning"
    ),  # the child takes no lock
]


@contextmanager
def child() -> Iterator[int]:
    """Fork; the child exits at once, and is a zombie until the end of the block."""
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    try:
        yield pid
    finally:
        os.waitpid(pid, 0)


def test_fork_makes_a_process_with_a_memory_of_its_own() -> None:
    read, write = os.pipe()
    mine = [os.getpid()]
    pid = os.fork()
    if pid == 0:
        mine.append(os.getpid())
        os.write(write, repr(mine).encode())
        os._exit(0)
    os.waitpid(pid, 0)

    assert os.read(read, 99).decode() == f"[{os.getpid()}, {pid}]"
    assert mine == [os.getpid()]
    os.close(read)
    os.close(write)


def test_a_child_that_has_ended_is_a_zombie_until_it_is_waited_for() -> None:
    with child() as pid:
        os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] == "Z"
    assert not Path(f"/proc/{pid}").exists()


def test_a_connection_ends_with_its_last_descriptor_and_not_with_one() -> None:
    with connected() as (client, server):
        copy = server.dup()  # as fork(2) makes one
        with copy:
            server.close()
            client.settimeout(A_WHILE)
            with pytest.raises(TimeoutError):
                client.recv(1)
        client.settimeout(PATIENCE)
        assert client.recv(1) == b""


def test_shutdown_ends_it_however_many_descriptors_there_are() -> None:
    with connected() as (client, server), server.dup():
        server.shutdown(socket.SHUT_WR)

        assert client.recv(1) == b""


def test_who_talks_with_one_client_serves_no_other() -> None:
    with listening() as server:
        address = server.getsockname()
        with socket.create_connection(address), socket.create_connection(address) as second:
            accepted, _ = server.accept()  # an iterative server would now read from the first
            with accepted:
                second.settimeout(A_WHILE)
                second.sendall(b"and me?")
                with pytest.raises(TimeoutError):
                    second.recv(1)


def test_read_gives_what_is_there_and_not_what_was_sent_or_asked_for() -> None:
    with connected() as (client, server):
        client.sendall(b"one")
        client.sendall(b"two")
        while len(server.recv(99, socket.MSG_PEEK)) < 6:
            pass

        assert server.recv(2) == b"on"
        assert server.recv(1000) == b"etwo"


def test_read_says_how_much_it_has_read_and_leaves_the_rest_of_the_buffer_alone() -> None:
    buffer = bytearray(b"rubbish")
    with connected() as (client, server):
        client.sendall(b"ok\0")

        assert server.recv_into(buffer) == 3
    assert buffer == b"ok\0bish"


def test_both_sides_speak_at_once() -> None:
    with connected() as (client, server):
        client.sendall(b"ping")
        server.sendall(b"pong")

        assert (server.recv(4), client.recv(4)) == (b"ping", b"pong")


def test_the_end_of_one_direction_leaves_the_other_open() -> None:
    with connected() as (client, server):
        client.shutdown(socket.SHUT_WR)
        assert server.recv(1) == b""
        server.sendall(b"still here")

        assert client.recv(99) == b"still here"


def test_close_with_words_unread_is_a_reset_and_no_end() -> None:
    with connected() as (client, server):
        client.sendall(b"you will not read this")
        while not server.recv(1, socket.MSG_PEEK):
            pass
        server.close()

        with pytest.raises(ConnectionResetError):
            client.recv(1)


@pytest.mark.parametrize(
    ("set_up", "status"), [("SIG_DFL", -signal.SIGPIPE), ("SIG_IGN", 0)], ids=["default", "ignored"]
)
def test_to_write_to_who_is_gone_kills_unless_the_signal_is_ignored(
    set_up: str, status: int
) -> None:
    program = (
        "import signal, socket, errno\n"
        f"signal.signal(signal.SIGPIPE, signal.{set_up})\n"
        "one, two = socket.socketpair(); two.close()\n"
        "try: one.send(b'x')\n"
        "except BrokenPipeError: pass\n"
    )
    ran = subprocess.run([sys.executable, "-S", "-c", program], timeout=60, check=False)

    assert ran.returncode == status


@pytest.mark.parametrize(("reuse", "number"), [(0, errno.EADDRINUSE), (1, 0)])
def test_after_the_end_the_port_is_kept_back_for_a_while_from_who_does_not_reuse_it(
    reuse: int, number: int
) -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        server.bind((HERE, 0))
        server.listen()
        address = server.getsockname()
        with socket.create_connection(address) as client:
            accepted, _ = server.accept()
            accepted.close()  # who closes first keeps the connection in TIME_WAIT
            assert client.recv(1) == b""
    with socket.socket() as next_one:
        next_one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, reuse)
        assert errno_of(lambda: next_one.bind(address)) == number


def test_a_port_that_somebody_listens_on_is_not_to_be_had_by_so_reuseaddr() -> None:
    with socket.socket() as server, socket.socket() as thief:
        for sock in (server, thief):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((HERE, 0))
        server.listen()
        with pytest.raises(OSError, match="Address already in use"):
            thief.bind(server.getsockname())
