"""What is said of socket, bind, listen, accept and connect, and what is so."""

import errno
import os
import socket
import stat
from contextlib import closing
from pathlib import Path

import pytest

from tests.lessons.loopback import A_WHILE, HERE, PATIENCE, connected, errno_of, listening

pytestmark = pytest.mark.netns
STREAM, DATAGRAM = socket.SOCK_STREAM, socket.SOCK_DGRAM


def errno_of_bind(family: int, address: tuple[object, ...]) -> int:
    with socket.socket(family) as sock:
        return errno_of(lambda: sock.bind(address))


def test_a_socket_is_a_descriptor_that_read_and_write_take_and_lseek_does_not() -> None:
    with connected() as (client, server):
        assert os.write(client.fileno(), b"hello") == 5
        assert os.read(server.fileno(), 99) == b"hello"
        assert stat.S_ISSOCK(os.fstat(client.fileno()).st_mode)
        with pytest.raises(OSError, match="Illegal seek") as caught:
            os.lseek(client.fileno(), 0, os.SEEK_SET)
        assert caught.value.errno == errno.ESPIPE


def test_a_socket_of_the_internet_is_an_inode_without_a_name() -> None:
    with socket.socket() as sock:
        shown = Path(f"/proc/self/fd/{sock.fileno()}").readlink()

        assert str(shown) == f"socket:[{os.fstat(sock.fileno()).st_ino}]"


@pytest.mark.parametrize(
    ("kind", "protocol", "number"),
    [
        (STREAM, 0, 0),
        (STREAM, socket.IPPROTO_TCP, 0),
        (DATAGRAM, socket.IPPROTO_UDP, 0),
        (STREAM, socket.IPPROTO_UDP, errno.EPROTONOSUPPORT),
        (DATAGRAM, socket.IPPROTO_TCP, errno.EPROTONOSUPPORT),
    ],
)
def test_protocol_0_is_the_usual_one_and_another_has_to_fit_the_type(
    kind: int, protocol: int, number: int
) -> None:
    assert errno_of(lambda: socket.socket(socket.AF_INET, kind, protocol).close()) == number


@pytest.mark.parametrize(
    ("family", "address", "number"),
    [
        (socket.AF_INET, ("192.0.2.1", 0), errno.EADDRNOTAVAIL),
        (socket.AF_INET6, ("2001:db8::1", 0, 0, 0), errno.EADDRNOTAVAIL),
        (socket.AF_INET6, ("fe80::1", 0, 0, 0), errno.EINVAL),
        (socket.AF_INET6, ("fe80::1", 0, 0, 4321), errno.ENODEV),
    ],
)
def test_bind_fails_for_other_reasons_than_a_port_in_use(
    family: int, address: tuple[object, ...], number: int
) -> None:
    assert errno_of_bind(family, address) == number


def test_a_port_in_use_is_one_reason_and_a_second_bind_another() -> None:
    with listening() as server:
        assert errno_of_bind(socket.AF_INET, server.getsockname()) == errno.EADDRINUSE
        with pytest.raises(OSError, match="Invalid argument"):
            server.bind((HERE, 0))


def test_one_port_has_several_owners() -> None:
    with socket.socket() as first:
        first.bind((HERE, 0))
        first.listen()
        port = first.getsockname()[1]
        others = (
            (socket.AF_INET, STREAM, ("127.0.0.2", port)),
            (socket.AF_INET, DATAGRAM, (HERE, port)),
            (socket.AF_INET6, STREAM, ("::1", port)),
        )
        for family, kind, address in others:
            with socket.socket(family, kind) as other:
                other.bind(address)


def test_by_so_reuseport_even_the_same_address_has_several_owners() -> None:
    with socket.socket() as first, socket.socket() as second:
        for sock in (first, second):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        first.bind((HERE, 0))
        second.bind(first.getsockname())
        first.listen()
        second.listen()


def test_a_socket_is_bound_to_addresses_and_not_to_an_interface() -> None:
    with socket.socket() as server:
        server.bind(("0.0.0.0", 0))
        server.listen()
        port = server.getsockname()[1]
        for address in (HERE, "127.0.0.2", "127.99.0.1"):
            with socket.create_connection((address, port)) as client:
                accepted, _ = server.accept()
                with accepted:
                    assert accepted.getsockname()[0] == address
                    assert client.getpeername() == (address, port)


def test_nobody_is_let_in_between_bind_and_listen() -> None:
    with socket.socket() as server, socket.socket() as client:
        server.bind((HERE, 0))
        assert client.connect_ex(server.getsockname()) == errno.ECONNREFUSED

        server.listen()
        with socket.create_connection(server.getsockname()):
            pass


def test_listen_returns_at_once_and_it_is_accept_that_sleeps() -> None:
    with listening() as server:  # listen(2) has returned, and nobody has connected
        server.settimeout(A_WHILE)
        with pytest.raises(TimeoutError):
            server.accept()


def test_the_kernel_takes_connections_and_words_before_anybody_accepts() -> None:
    with listening() as server, socket.create_connection(server.getsockname()) as client:
        client.sendall(b"are you there?")
        client.shutdown(socket.SHUT_WR)

        accepted, peer = server.accept()
        with accepted:
            assert peer == client.getsockname()
            assert accepted.recv(99) == b"are you there?"


def test_accept_gives_another_socket_at_the_same_port_and_the_first_goes_on() -> None:
    with listening() as server:
        address = server.getsockname()
        with socket.create_connection(address) as one, socket.create_connection(address) as two:
            first, second = server.accept()[0], server.accept()[0]
            with first, second:
                assert len({sock.fileno() for sock in (server, first, second)}) == 3
                assert first.getsockname() == second.getsockname() == address
                assert {first.getpeername(), second.getpeername()} == {
                    one.getsockname(),
                    two.getsockname(),
                }


def test_a_refusal_comes_at_once_and_silence_lasts_as_long_as_patience() -> None:
    with listening(0) as full, socket.create_connection(full.getsockname()):
        client = socket.socket()
        client.settimeout(A_WHILE)
        with client, pytest.raises(TimeoutError):  # the queue is full, and the SYN is dropped
            client.connect(full.getsockname())
    with socket.socket() as closed, socket.socket() as client:
        closed.bind((HERE, 0))
        client.settimeout(PATIENCE)
        with pytest.raises(ConnectionRefusedError):
            client.connect(closed.getsockname())


def test_two_sides_need_not_be_a_client_and_a_server() -> None:
    with socket.socket() as alone:
        alone.bind((HERE, 0))
        alone.connect(alone.getsockname())  # both SYNs cross: RFC 9293 §3.5, figure 7
        alone.sendall(b"to myself")
        assert alone.recv(99) == b"to myself"
    one, two = socket.socketpair()
    with closing(one), closing(two):
        one.sendall(b"who serves?")
        two.sendall(b"nobody")
        assert (two.recv(99), one.recv(99)) == (b"who serves?", b"nobody")


@pytest.mark.parametrize(("only", "number"), [(0, errno.EADDRINUSE), (1, 0)])
def test_a_socket_of_ipv6_takes_ipv4_as_well_unless_it_is_told_not_to(
    only: int, number: int
) -> None:
    with socket.socket(socket.AF_INET6) as server:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, only)
        server.bind(("::", 0))
        server.listen()
        port = server.getsockname()[1]
        assert errno_of_bind(socket.AF_INET, ("0.0.0.0", port)) == number
        with socket.socket() as client:
            assert client.connect_ex((HERE, port)) == (errno.ECONNREFUSED if only else 0)
        if not only:
            accepted, peer = server.accept()
            with accepted:
                assert peer[0] == f"::ffff:{HERE}"
