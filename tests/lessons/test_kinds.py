"""What is said of families and types of sockets, and what is so."""

import errno
import os
import socket
import stat
import struct
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import perf_counter, sleep

import pytest

from rawkit import lab
from rawkit.host import capability
from rawkit.lab.topology import Lab
from rawkit.wire.icmp import EchoRequest
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.udp import UDP
from tests.lessons.loopback import (
    A_WHILE,
    HERE,
    PATIENCE,
    connected,
    datagrams,
    errno_of,
    listening,
)

pytestmark = pytest.mark.netns
SEGMENTS_OUT = slice(136, 140)
"""In struct tcp_info (linux/tcp.h)."""
STREAM, DATAGRAM, SEQPACKET = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    """Two hosts whose link has an MTU of 1500."""
    with lab.pair(sysctls={"net.ipv4.ping_group_range": "0 0"}) as pair:
        yield pair


@pytest.fixture(autouse=True)
def in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("kind", [STREAM, DATAGRAM, SEQPACKET])
def test_unix_sockets_are_of_three_types(kind: int) -> None:
    one, two = socket.socketpair(socket.AF_UNIX, kind)
    with one, two:
        one.send(b"first")
        one.send(b"second")

        whole = kind == STREAM
        assert two.recv(99) == (b"firstsecond" if whole else b"first")


def test_a_unix_socket_needs_no_file_and_one_of_a_pair_no_name() -> None:
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("\0rawkit-lesson")
        server.listen()
        client.connect("\0rawkit-lesson")
        assert list(Path.cwd().iterdir()) == []
    one, two = socket.socketpair()
    with one, two:
        assert one.getsockname() == two.getpeername() == ""


def test_it_is_not_the_name_that_makes_a_file_a_socket() -> None:
    Path("fake.socket").touch()
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind("plain.txt")
        server.listen()
        assert stat.S_ISSOCK(Path("plain.txt").stat().st_mode)
        assert client.connect_ex("fake.socket") == errno.ECONNREFUSED
        assert client.connect_ex("plain.txt") == 0


def test_the_file_comes_with_bind_and_outlives_the_server() -> None:
    with socket.socket(socket.AF_UNIX) as server:
        assert not Path("s").exists()
        server.bind("s")
        server.listen()
    with socket.socket(socket.AF_UNIX) as client, socket.socket(socket.AF_UNIX) as next_one:
        assert client.connect_ex("s") == errno.ECONNREFUSED
        with pytest.raises(OSError, match="Address already in use"):
            next_one.bind("s")
        Path("s").unlink()
        next_one.bind("s")


def test_who_may_not_write_to_the_file_may_not_connect() -> None:
    def connect() -> int:
        capability.drop()
        with socket.socket(socket.AF_UNIX) as client:
            return client.connect_ex("s")

    with socket.socket(socket.AF_UNIX) as server, lab.Namespace() as thread:
        server.bind("s")
        server.listen()
        Path("s").chmod(0o400)
        assert thread.run(connect) == errno.EACCES
        Path("s").chmod(0o200)
        assert thread.run(connect) == 0


def test_a_descriptor_goes_through_a_unix_socket_and_so_does_who_sent_it() -> None:
    one, two = socket.socketpair()
    read, write = os.pipe()
    with one, two:
        socket.send_fds(one, [b"take this"], [write])
        _, (received,), _, _ = socket.recv_fds(two, 99, 1)
        os.write(received, b"through it")
        assert os.read(read, 99) == b"through it"
        credentials = two.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        assert struct.unpack("=3i", credentials) == (os.getpid(), os.geteuid(), os.getegid())
    for descriptor in (read, write, received):
        os.close(descriptor)


def test_unix_datagrams_arrive_in_order_or_the_sender_waits() -> None:
    one, two = socket.socketpair(socket.AF_UNIX, DATAGRAM)
    with one, two:
        one.setblocking(False)
        count = 0
        while errno_of(partial(one.send, struct.pack("=I", count))) == 0:
            count += 1
        assert errno_of(partial(one.send, b"one more")) == errno.EAGAIN
        assert [struct.unpack("=I", two.recv(4))[0] for _ in range(count)] == list(range(count))


def test_send_succeeds_before_anybody_has_read_and_even_if_nobody_ever_will() -> None:
    with listening() as server, socket.create_connection(server.getsockname()) as client:
        client.sendall(b"in the queue of somebody who will not look")
        server.close()

        with pytest.raises(ConnectionResetError):
            client.recv(1)


def test_a_write_may_take_a_part() -> None:
    with connected() as (client, _):
        client.setblocking(False)
        much = bytes(64 << 20)

        assert 0 < client.send(much) < len(much)


@pytest.mark.parametrize("octets", [1, 20_000, 65_507])
def test_ip_cuts_long_datagrams_and_puts_them_together(net: Lab, octets: int) -> None:
    with net.first.socket(kind=DATAGRAM) as one, net.last.socket(kind=DATAGRAM) as two:
        two.settimeout(PATIENCE)
        two.bind((str(net.last.ipv4), 0))
        one.sendto(bytes(octets), two.getsockname())

        assert len(two.recv(1 << 16)) == octets


def test_65507_octets_are_the_most_in_a_datagram_of_udp() -> None:
    with datagrams() as (one, two), pytest.raises(OSError, match="Message too long") as caught:
        one.sendto(bytes(65_508), two.getsockname())

    assert caught.value.errno == errno.EMSGSIZE
    assert 65_508 + 20 + 8 == 2**16


def test_a_datagram_that_was_damaged_is_dropped(net: Lab) -> None:
    here, there = net.first.ipv4, net.last.ipv4
    raw, protocol = socket.SOCK_RAW, socket.IPPROTO_RAW
    with (
        net.last.socket(kind=DATAGRAM) as receiver,
        net.first.socket(kind=raw, protocol=protocol) as sender,
    ):
        receiver.bind((str(there), 0))
        port = receiver.getsockname()[1]
        whole = bytes(IPv4(here, there) / UDP(4000, port) / b"whole")
        damaged = bytes(IPv4(here, there) / UDP(4000, port) / b"wrong").replace(b"wrong", b"wrung")
        for octets in (damaged, whole):
            sender.sendto(octets, (str(there), 0))
        receiver.settimeout(PATIENCE)
        assert receiver.recv(99) == b"whole"
        receiver.settimeout(A_WHILE)
        with pytest.raises(TimeoutError):
            receiver.recv(99)


def test_a_datagram_socket_can_be_connected_and_then_hears_nobody_else() -> None:
    with datagrams() as (one, two), socket.socket(socket.AF_INET, DATAGRAM) as stranger:
        one.connect(two.getsockname())
        stranger.sendto(b"from a stranger", one.getsockname())
        two.sendto(b"from my peer", one.getsockname())

        assert one.recv(99) == b"from my peer"
        one.send(b"without an address")
        assert two.recv(99) == b"without an address"


def test_an_echo_request_of_icmp_takes_no_privilege_and_a_raw_socket_does(net: Lab) -> None:
    def ask() -> bytes:
        capability.drop()
        with pytest.raises(PermissionError):
            socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        with socket.socket(socket.AF_INET, DATAGRAM, socket.IPPROTO_ICMP) as sock:
            sock.settimeout(PATIENCE)
            sock.sendto(bytes(EchoRequest(0, 1) / b"anybody?"), (HERE, 0))
            return sock.recv(99)

    assert net.first.run(ask)[8:] == b"anybody?"


def test_a_round_trip_by_tcp_takes_about_as_long_as_one_by_udp() -> None:
    def quickest(one: socket.socket, two: socket.socket) -> float:
        times = []
        for _ in range(300):
            begun = perf_counter()
            for speaker, hearer in ((one, two), (two, one)):
                speaker.send(b"a question, or an answer")
                hearer.recv(99)
            times.append(perf_counter() - begun)
        return min(times)

    with connected() as tcp, datagrams() as udp:
        for sock, other in (udp, udp[::-1]):
            sock.connect(other.getsockname())

        assert quickest(*tcp) < 4 * quickest(*udp)  # by 1.2 as a rule


def test_a_connection_lasts_without_a_word() -> None:
    def sent(sock: socket.socket) -> bytes:
        return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, SEGMENTS_OUT.stop)[SEGMENTS_OUT]

    with connected() as (client, server):
        before = sent(client)
        sleep(A_WHILE)

        assert sent(client) == before
        client.sendall(b"still there?")
        assert server.recv(99) == b"still there?"
