"""Namespaces that are open files: switched for a call, shared by nobody, gone without a trace."""

import asyncio
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from rawkit.errors import LabError
from rawkit.lab.namespace import Namespace
from rawkit.lab.ready import loopback_up

pytestmark = pytest.mark.netns


def network() -> int:
    """Return what tells the calling thread's network namespace from all others."""
    return Path("/proc/thread-self/ns/net").stat().st_ino


def interfaces() -> set[str]:
    return {name for _, name in socket.if_nameindex()}


def refuse() -> None:
    raise LookupError("on purpose")


def test_a_new_namespace_has_lo_only_and_no_name_anywhere() -> None:
    before = set(Path("/run/netns").iterdir()) if Path("/run/netns").exists() else set()

    with Namespace() as place:
        assert "lo" in place.run(interfaces)
        assert not any(name.startswith(("eth", "veth")) for name in place.run(interfaces))
        assert place.run(network) == os.fstat(place.fileno()).st_ino
        after = set(Path("/run/netns").iterdir()) if Path("/run/netns").exists() else set()
        assert after == before


def test_here_switches_this_thread_and_back_even_after_an_error() -> None:
    ours = network()

    with Namespace() as one, Namespace() as two:
        with one.here():
            first = network()
            with two.here():
                assert network() not in (ours, first)
            assert network() == first != ours
        with pytest.raises(LookupError), one.here():
            refuse()

    assert network() == ours


def test_run_moves_no_thread_but_its_own_and_hands_back_results_and_errors() -> None:
    threads = threading.enumerate()
    with Namespace() as place:
        with place.here():
            there = network()
            assert threading.enumerate() == threads
        assert place.run(max, 3, 7) == 7
        assert place.run(sorted, [1, 3, 2], reverse=True) == [3, 2, 1]
        with pytest.raises(LookupError, match="on purpose"):
            place.run(refuse)
        assert place.run(network) == there != network()


def test_a_socket_stays_where_it_was_opened() -> None:
    with Namespace() as one, Namespace() as two:
        for place in (one, two):
            place.run(loopback_up)
        with one.socket() as mine, two.socket() as yours:
            for listener in (mine, yours):  # one port, twice: two networks
                listener.bind(("127.0.0.1", 7007))
                listener.listen()
            with one.socket() as client:
                client.connect(("127.0.0.1", 7007))
                accepted, peer = mine.accept()
                accepted.close()
                assert peer == client.getsockname()
            yours.setblocking(False)
            with pytest.raises(BlockingIOError):
                yours.accept()


def test_on_asyncio_other_tasks_stay_where_they_are() -> None:
    async def talk(place: Namespace) -> bytes:
        loop = asyncio.get_running_loop()
        with place.socket(kind=socket.SOCK_DGRAM) as us, place.socket(kind=socket.SOCK_DGRAM) as it:
            for end in (us, it):
                end.setblocking(False)
            it.bind(("127.0.0.1", 7007))
            await loop.sock_sendto(us, place.name.encode(), ("127.0.0.1", 7007))
            await asyncio.sleep(0)
            assert network() == ours
            assert await asyncio.to_thread(place.run, network) != ours
            assert await asyncio.to_thread(network) == ours  # an executor's thread, kept
            return await loop.sock_recv(it, 100)

    async def both() -> list[bytes]:
        return list(await asyncio.gather(talk(one), talk(two)))

    ours = network()
    with Namespace("one") as one, Namespace("two") as two:
        for place in (one, two):
            place.run(loopback_up)
        assert asyncio.run(both()) == [b"one", b"two"]


def test_a_process_starts_in_there_and_is_killed_at_the_end() -> None:
    show = "import os; print(os.stat('/proc/self/ns/net').st_ino, flush=True); input()"
    with Namespace() as place:
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        child = place.popen([sys.executable, "-c", show], text=True, **pipes)  # type: ignore[call-overload]  # mypy cannot tell the keys
        assert int(child.stdout.readline()) == place.run(network)
        assert child.poll() is None

    assert child.poll() == -signal.SIGKILL


def test_what_a_killed_process_did_not_read_keeps_nothing_alive() -> None:
    with Namespace() as place:
        deaf = ["sh", "-c", "exec <&-; echo; exec sleep 60"]
        pipe = subprocess.PIPE
        children = [place.popen(deaf, stdin=pipe, stdout=pipe) for _ in range(2)]
        for child in children:
            assert child.stdin is not None
            assert child.stdout is not None
            child.stdout.readline()
            child.stdin.write(b"flushed when it is closed, and that is too late")

    assert [child.poll() for child in children] == [-signal.SIGKILL] * 2


PARENT = """
import os, sys
from rawkit.lab.namespace import Namespace
place = Namespace()
print(place.popen([sys.executable, "-c", "input()"], stdin=0).pid, flush=True)
input()
"""


def test_a_process_dies_with_us_even_by_kill_9() -> None:
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    parent = subprocess.Popen([sys.executable, "-c", PARENT], **pipes)  # type: ignore[call-overload]  # mypy cannot tell the keys
    with parent:
        grandchild = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()

        ended, _, _ = select.select([grandchild], [], [], 5)
        os.close(grandchild)
        assert ended


def test_a_namespace_ends_with_its_descriptor() -> None:
    place = Namespace("here")
    descriptor = place.fileno()

    place.close()
    place.close()

    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
    for use in (place.fileno, place.socket, lambda: place.run(network)):
        with pytest.raises(LabError, match="here is closed"):
            use()


def test_children_do_not_inherit_the_descriptor() -> None:
    with Namespace() as place:
        code = f"import os; os.fstat({place.fileno()})"
        child = subprocess.run(
            [sys.executable, "-c", code], close_fds=False, capture_output=True, check=False
        )

    assert b"Bad file descriptor" in child.stderr


def test_a_sysctl_is_set_in_there_and_nowhere_else() -> None:
    path = Path("/proc/sys/net/ipv4/ip_default_ttl")
    with Namespace() as place:
        place.sysctl("net.ipv4.ip_default_ttl", 42)

        assert place.run(path.read_text) == "42\n"
    assert path.read_text() == "64\n"


@pytest.mark.parametrize(
    ("key", "value", "why"),
    [
        ("net.ipv4.no_such_thing", 1, "No such file"),
        ("net.ipv4.ip_default_ttl", "many", "Invalid argument"),
        ("net.ipv4.ping_group_range", "no", "Invalid argument"),
    ],
)
def test_a_sysctl_that_cannot_be_set_is_named(key: str, value: str | int, why: str) -> None:
    with Namespace() as place, pytest.raises(LabError, match=f"cannot set {key} to {value}: {why}"):
        place.sysctl(key, value)


WITHOUT_PRIVILEGE = """
from rawkit.errors import LabError
from rawkit.host.capability import drop
from rawkit.lab.namespace import Namespace
place = Namespace("the lab")
drop()
for what in (Namespace, place.socket):
    try:
        what()
    except LabError as error:
        print(error)
"""


def test_without_privilege_the_error_says_what_to_do() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_PRIVILEGE], capture_output=True, text=True, check=True
    )

    cannot_make, cannot_enter = done.stdout.splitlines()
    assert "no CAP_SYS_ADMIN here (try: call rawkit.lab.enter()" in cannot_make
    assert "cannot enter the lab: CAP_SYS_ADMIN was given up" in cannot_enter


def test_making_a_namespace_leaves_no_thread_and_no_descriptor() -> None:
    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    Namespace().close()  # whatever is loaded but once
    before, started, threads = descriptors(), time.monotonic(), threading.enumerate()

    for _ in range(20):
        with Namespace() as place:
            place.run(network)
            place.socket().close()

    assert descriptors() == before
    assert threading.enumerate() == threads
    assert time.monotonic() - started < 5
