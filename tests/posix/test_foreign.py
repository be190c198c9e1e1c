"""Sockets of another process: found, borrowed, and left as they were."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from rawkit.errors import NotPermitted, UsageError
from rawkit.host import capability
from rawkit.host.threads import on_own_thread
from rawkit.posix.foreign import borrow, sockets_of

SERVER = """
import socket, sys
server = socket.create_server(("127.0.0.1", 0))
client = socket.create_connection(server.getsockname())
accepted, _ = server.accept()
print(server.fileno(), client.fileno(), accepted.fileno(), flush=True)
sys.stdin.readline()
client.settimeout(10)
print(client.recv(9).decode(), flush=True)
sys.stdin.readline()
"""


class Running(NamedTuple):
    process: subprocess.Popen[str]
    server: int
    client: int
    accepted: int


@pytest.fixture
def running() -> Iterator[Running]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        yield Running(process, *map(int, process.stdout.readline().split()))
        process.kill()


@pytest.mark.netns
def test_the_sockets_of_a_process_are_found(running: Running) -> None:
    found = list(sockets_of(running.process.pid))

    assert [one.number for one in found] == [running.server, running.client, running.accepted]
    assert len({one.inode for one in found}) == 3


@pytest.mark.netns
def test_a_borrowed_socket_is_the_same_and_closing_it_leaves_theirs_open(
    running: Running,
) -> None:
    with borrow(running.process.pid, running.accepted) as ours:
        ours.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        assert not os.get_inheritable(ours.fileno())
        ours.send(b"from here")
    assert running.process.stdin is not None
    assert running.process.stdout is not None
    print(file=running.process.stdin, flush=True)

    assert running.process.stdout.readline() == "from here\n"
    with borrow(running.process.pid, running.accepted) as again:
        assert again.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.netns
def test_what_is_no_socket_of_a_process_is_refused(running: Running) -> None:
    pid = running.process.pid
    with pytest.raises(UsageError, match=rf"descriptor 0 of process {pid} is no socket"):
        borrow(pid, 0)
    with pytest.raises(UsageError, match=rf"process {pid} has no descriptor 99 open"):
        borrow(pid, 99)


def test_a_process_that_is_not_there_is_refused() -> None:
    with subprocess.Popen(["true"]) as gone:
        gone.wait()

    for look in (lambda: list(sockets_of(gone.pid)), lambda: borrow(gone.pid, 3)):
        with pytest.raises(UsageError, match=rf"no process has the number {gone.pid}"):
            look()


@pytest.mark.netns
def test_a_process_with_more_power_keeps_its_sockets(running: Running) -> None:
    def powerless() -> None:
        capability.drop()
        borrow(running.process.pid, running.server)

    with pytest.raises(NotPermitted) as caught:
        on_own_thread(powerless)

    message = str(caught.value)
    assert message.startswith(f"cannot borrow a descriptor of process {running.process.pid}: ")
    assert message.endswith("(try: sudo, which has CAP_SYS_PTRACE)")
