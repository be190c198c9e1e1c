"""Connections that change between our TCP and the kernel's, while octets flow."""

import hashlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from rawkit import lab
from rawkit.api.hand_over import take_over
from rawkit.api.raw_tcp import connect, listen
from rawkit.endpoint.opening import AS_THE_LINK
from rawkit.endpoint.stream import Stream
from rawkit.errors import ConnectionFailed, NoAnswer, UsageError
from rawkit.lab.topology import Lab, Node
from rawkit.record import replace
from rawkit.sockets.nftables import tables
from rawkit.tcp.settings import Settings
from rawkit.wire.address import Address

pytestmark = pytest.mark.netns

QUICK = replace(AS_THE_LINK, msl=0.05)
PLAIN = replace(QUICK, timestamps=False, sack=False, window_scaling=False)
BODY = Random(5).randbytes(1_500_000)
PATIENCE = 20.0
VERSIONS = pytest.mark.parametrize("version", [4, 6])
Wire = Stream | socket.socket


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    with lab.pair() as net:
        yield net


@VERSIONS
@pytest.mark.parametrize("settings", [QUICK, PLAIN], ids=["options", "plain"])
def test_a_connection_opened_by_hand_goes_on_as_a_kernel_socket(
    net: Lab, version: int, settings: Settings
) -> None:
    resets = resets_of(net.first), resets_of(net.last)
    with echoing(net.last, version) as port, net.first.here():
        stream = opened(net, version, port, settings)
        before = exchange(stream, BODY)

        sock = stream.hand_over()

        size = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG)
        with sock:
            behind = exchange(sock, BODY)
            sock.shutdown(socket.SHUT_WR)
            end = sock.recv(1)

    assert type(sock) is socket.socket
    assert size > 1400, "of a segment: not the least that there is"
    assert (before, behind, end) == (digest(BODY), digest(BODY), b"")
    assert (resets_of(net.first), resets_of(net.last)) == resets


@VERSIONS
@pytest.mark.parametrize("link", ["raw", "packet", "offload"])
def test_a_kernel_socket_goes_on_in_user_space(net: Lab, version: int, link: str) -> None:
    resets = resets_of(net.first), resets_of(net.last)
    with echoing(net.last, version) as port, net.first.here():
        sock = connected(net, version, port)
        before = exchange(sock, BODY)

        stream = take_over(sock, link=link, settings=QUICK)  # type: ignore[arg-type]

        stream.timeout = PATIENCE
        behind = exchange(stream, BODY)
        guard = stream.guard
        stream.shutdown()
        end = stream.recv(1)
        stream.close()

    assert sock.fileno() == -1
    assert guard == ("repair",)
    assert (before, behind, end) == (digest(BODY), digest(BODY), b"")
    assert (resets_of(net.first), resets_of(net.last)) == resets


@VERSIONS
def test_there_and_back_while_the_other_side_sends(net: Lab, version: int) -> None:
    body, enough = BODY * 8, threading.Event()
    with pushing(net.last, version, body, enough) as port, net.first.here():
        end: Wire = opened(net, version, port, QUICK)
        parts: list[bytes] = []
        heard = moves = 0
        while part := end.recv(1 << 16):
            parts.append(part)
            heard += len(part)
            if moves < 4 and heard > (moves + 1) * len(body) // 20:
                end = moved(end)
                moves += 1
            if moves == 4:
                enough.set()
        end.close()

    assert moves == 4
    assert digest(b"".join(parts)) == digest(body)
    assert net.first.run(tables, version) == []


@VERSIONS
def test_what_is_unread_moves_along(net: Lab, version: int) -> None:
    with echoing(net.last, version) as port, net.first.here():
        stream = opened(net, version, port, QUICK)
        stream.sendall(BODY[:100_000])
        wait_for(lambda: stream.info.unread == 100_000)

        sock = stream.hand_over()
        unread_there = received(sock, 100_000)
        sock.sendall(BODY[:50_000])
        time.sleep(0.1)  # until all of it is back
        stream = take_over(sock, settings=QUICK)
        unread_here = received(stream, 50_000)
        stream.abort()

    assert unread_there == BODY[:100_000]
    assert unread_here == BODY[:50_000]


def test_a_socket_that_a_kernel_listener_accepted_can_be_taken_over(net: Lab) -> None:
    """Others on the same port stay the kernel's, and hear nothing of it."""
    with net.first.socket(socket.AF_INET, socket.SOCK_STREAM) as server:
        server.bind((str(net.first.ipv4), 0))
        server.listen()
        with (
            net.last.socket(socket.AF_INET, socket.SOCK_STREAM) as ours,
            net.last.socket(socket.AF_INET, socket.SOCK_STREAM) as theirs,
        ):
            for client in (ours, theirs):
                client.settimeout(PATIENCE)
                client.connect(server.getsockname())
            (first, _), (second, _) = server.accept(), server.accept()
            with net.first.here(), second:
                stream = take_over(first, settings=QUICK)
                ours.sendall(b"to user space")
                theirs.sendall(b"to the kernel")
                heard = received(stream, 13), received(second, 13)
                stream.sendall(b"and back")
                answer = received(ours, 8)
                stream.abort()

    assert heard == (b"to user space", b"to the kernel")
    assert answer == b"and back"


def test_a_stream_that_was_handed_over_says_so(net: Lab) -> None:
    with echoing(net.last, 4) as port, net.first.here():
        stream = opened(net, 4, port, QUICK)
        stream.hand_over().close()

        with pytest.raises(ConnectionFailed, match="handed over to another TCP"):
            stream.recv(1)


def test_what_is_half_closed_stays_where_it_is(net: Lab) -> None:
    with echoing(net.last, 4) as port, net.first.here():
        stream = opened(net, 4, port, QUICK)
        stream.sendall(b"hello")
        stream.shutdown()
        with pytest.raises(UsageError, match="only a connection that is ESTABLISHED"):
            stream.hand_over()
        heard = stream.recv_all()
        stream.close()

    with silent(net.last) as (_, port), net.first.here(), connected(net, 4, port) as sock:
        sock.shutdown(socket.SHUT_WR)
        with pytest.raises(UsageError, match="only a connection that is ESTABLISHED"):
            take_over(sock)

    assert heard == b"hello"


def test_what_cannot_be_taken_over_is_named(net: Lab) -> None:
    with net.first.here():
        with socket.socket() as fresh, pytest.raises(UsageError, match="not connected"):
            take_over(fresh)
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams,
            pytest.raises(UsageError, match="a TCP socket is wanted"),
        ):
            take_over(datagrams)


def test_one_of_many_behind_a_listener_is_not_handed_over(net: Lab) -> None:
    with (
        listen(net.first.ipv4, settings=QUICK, at=net.first) as waiting,
        net.last.socket(socket.AF_INET, socket.SOCK_STREAM) as client,
    ):
        client.connect((str(waiting.address), waiting.port))
        stream = waiting.accept()
        with pytest.raises(UsageError, match="other connections"):
            stream.hand_over()
        stream.abort()


def test_a_full_other_side_makes_both_ways_give_up_and_go_on(net: Lab) -> None:
    with silent(net.last) as (server, port), net.first.here():
        stream = opened(net, 4, port, QUICK)
        there, _ = server.accept()
        stream.sendall(bytes(4_000_000))
        with pytest.raises(NoAnswer, match="not all that was written"):
            stream.hand_over(timeout=0.2)
        with there:
            there.settimeout(PATIENCE)
            received(there, 4_000_000)
        stream.abort()


def test_without_the_capability_one_line_says_so(net: Lab) -> None:
    program = """
import sys
from rawkit import RawkitError, connect, take_over
stream = connect(sys.argv[1], int(sys.argv[2]), timeout=5)
try:
    stream.hand_over()
except RawkitError as error:
    print(error)
stream.abort()
import socket
with socket.create_connection((sys.argv[1], int(sys.argv[2]))) as sock:
    try:
        take_over(sock)
    except RawkitError as error:
        print(error)
    sock.sendall(b"still here")
    print(sock.recv(100))
"""
    with echoing(net.last, 4) as port:
        words = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"]
        words += [sys.executable, "-c", program, str(net.last.ipv4), str(port)]
        with net.first.popen(words, stdout=subprocess.PIPE, text=True) as process:
            told, _ = process.communicate(timeout=PATIENCE)

    first, second, alive = told.splitlines()
    assert first.startswith("cannot hand a connection over: ")
    assert "CAP_NET_ADMIN" in first
    assert second == first
    assert alive == "b'still here'"


def opened(net: Lab, version: int, port: int, settings: Settings) -> Stream:
    """Return a connection of ours to the last node."""
    remote = of(net.last, version)
    stream = connect(remote, port, settings=settings, timeout=PATIENCE, at=net.first)
    stream.timeout = PATIENCE
    return stream


def connected(net: Lab, version: int, port: int) -> socket.socket:
    """Return a connection of the kernel's to the last node."""
    sock = net.first.socket(family(version), socket.SOCK_STREAM)
    sock.settimeout(PATIENCE)
    sock.connect((str(of(net.last, version)), port))
    return sock


def moved(end: Wire) -> Wire:
    """Move a connection to the other TCP."""
    if isinstance(end, Stream):
        return end.hand_over()
    made = take_over(end, settings=QUICK)
    made.timeout = PATIENCE
    return made


def exchange(end: Wire, octets: bytes) -> str:
    """Send, and return the digest of what comes back meanwhile."""
    sending = threading.Thread(target=end.sendall, args=(octets,))
    sending.start()
    heard = received(end, len(octets))
    sending.join()
    return digest(heard)


def received(end: Wire, size: int) -> bytes:
    parts: list[bytes] = []
    while size:
        part = end.recv(min(size, 1 << 16))
        assert part, f"{size} octets are missing"
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


@contextmanager
def listening(node: Node, version: int) -> Iterator[socket.socket]:
    with node.socket(family(version), socket.SOCK_STREAM) as server:
        server.settimeout(PATIENCE)
        server.bind((str(of(node, version)), 0))
        server.listen()
        yield server


@contextmanager
def echoing(node: Node, version: int) -> Iterator[int]:
    """Give the port of a kernel server that sends everything back."""

    def serve() -> None:
        while True:
            try:
                there, _ = server.accept()
            except OSError:
                return
            with there:
                there.settimeout(PATIENCE)
                try:
                    while part := there.recv(1 << 16):
                        there.sendall(part)
                except OSError:
                    continue

    with listening(node, version) as server:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]


@contextmanager
def pushing(node: Node, version: int, body: bytes, enough: threading.Event) -> Iterator[int]:
    """Give the port of a kernel server that sends a body, and does not end before it is told."""

    def serve() -> None:
        there, _ = server.accept()
        with there:
            there.settimeout(PATIENCE)
            there.sendall(body)
            assert enough.wait(PATIENCE)

    with listening(node, version) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


@contextmanager
def silent(node: Node) -> Iterator[tuple[socket.socket, int]]:
    """Give a kernel server that reads nothing, and has little room."""
    with listening(node, 4) as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        yield server, server.getsockname()[1]


def wait_for(happens: Callable[[], bool]) -> None:
    """Wait until something is so."""
    until = time.monotonic() + PATIENCE
    while not happens():
        assert time.monotonic() < until
        time.sleep(0.005)


def resets_of(node: Node) -> int:
    """Return how many resets the kernel of a node has sent."""
    lines = node.run(lambda: Path("/proc/thread-self/net/snmp").read_text()).splitlines()
    names, values = (line.split() for line in lines if line.startswith("Tcp:"))
    return int(values[names.index("OutRsts")])


def of(node: Node, version: int) -> Address:
    return node.ipv4 if version == 4 else node.ipv6


def family(version: int) -> socket.AddressFamily:
    return socket.AF_INET if version == 4 else socket.AF_INET6


def digest(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()
