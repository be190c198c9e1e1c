"""The running kernel makes of every ICMP error what the table says."""

import errno
import select
import socket
import struct
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errnos.icmp import TABLE, Situation, Told, behind, told
from rawkit.lab.namespace import Namespace
from rawkit.lab.ready import loopback_up
from rawkit.sockets import options
from rawkit.sockets.bpf import attach
from rawkit.wire import icmp, icmpv6
from rawkit.wire.bpf import RETURN, Op, assemble
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet
from rawkit.wire.udp import UDP

HOST4, HOST6 = IPv4Address("127.0.0.1"), IPv6Address("::1")
HOST = {4: HOST4, 6: HOST6}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
RECVERR = {4: options.IP_RECVERR, 6: options.IPV6_RECVERR}
ICMP = {4: socket.IPPROTO_ICMP, 6: socket.IPPROTO_ICMPV6}
NOTHING = assemble([Op(RETURN, 0)])
PATIENCE = 10.0


@pytest.fixture
def node() -> Iterator[Namespace]:
    """A network in which path MTUs may be spoilt."""
    with Namespace() as fresh:
        fresh.run(loopback_up)
        yield fresh


def ids(value: object) -> str:
    if isinstance(value, Told):
        return f"v{value.version}-{value.type}-{value.code}"
    return value.value if isinstance(value, Situation) else str(value)


def codes(one: Told) -> list[int]:
    """Return the codes to try: the one, or several where the table says that all are alike."""
    if one.code is not None:
        return [one.code]
    return [code for code in (0, 1, 16, 77) if told(one.version, one.type, code) is one]


@pytest.mark.netns
@pytest.mark.parametrize("situation", Situation, ids=ids)
@pytest.mark.parametrize("one", [*TABLE, told(6, 100, 0), told(6, 5, 0)], ids=ids)
def test_an_icmp_error_becomes_the_errno_of_the_table(
    one: Told, situation: Situation, node: Namespace
) -> None:
    for code in codes(one):
        found = node.run(SITUATIONS[situation], one.version, one.type, code)

        assert found == one.errno_in(situation), errno.errorcode.get(found)


@pytest.mark.netns
def test_so_error_tells_once_what_a_connection_has_survived(node: Namespace) -> None:
    def soft() -> tuple[int, int]:
        with in_connection(4, 3, 1) as client:
            read = [client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) for _ in range(2)]
            return read[0], read[1]

    assert node.run(soft) == (errno.EHOSTUNREACH, 0)


def test_an_error_is_found_by_its_numbers() -> None:
    refused, expired = told(4, 3, 3), told(6, 3, 77)

    assert refused is not None
    assert (refused.number, refused.is_fatal) == (errno.ECONNREFUSED, True)
    assert expired is not None
    assert expired.number == errno.EHOSTUNREACH
    assert told(4, 8, 0) is None
    assert told(6, 128, 0) is None


def test_the_errors_behind_an_errno_are_found() -> None:
    assert [(one.version, one.type, one.code) for one in behind(errno.ECONNREFUSED)] == [
        (4, 3, 3),
        (6, 1, 4),
    ]


def udp(version: int, type_: int, code: int, *, errors: bool = False) -> int:
    """Have an ICMP error answer a datagram; return the errno of its socket."""
    family, host = FAMILY[version], str(HOST[version])
    with (
        socket.socket(family, socket.SOCK_DGRAM) as server,
        socket.socket(family, socket.SOCK_DGRAM) as client,
    ):
        server.bind((host, 0))
        client.connect(server.getsockname())
        if errors:
            RECVERR[version].set(client)
        client.send(b"hello")
        ours, theirs = client.getsockname()[1], server.getsockname()[1]
        answer(version, type_, code, IPProtocol.UDP, UDP(ours, theirs) / b"hello")
        return client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


def udp_with_errors(version: int, type_: int, code: int) -> int:
    return udp(version, type_, code, errors=True)


def connecting(version: int, type_: int, code: int) -> int:
    """Have an ICMP error answer a SYN; return the errno of the socket that sent it."""
    family, host = FAMILY[version], str(HOST[version])
    with (
        socket.socket(family, socket.SOCK_STREAM) as silent,
        socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP) as tap,
        socket.socket(family, socket.SOCK_STREAM) as client,
    ):
        silent.bind((host, 0))
        attach(silent, NOTHING)
        silent.listen()
        client.setblocking(False)
        with suppress(BlockingIOError):
            client.connect(silent.getsockname())
        syn = segment_from(tap, version, client.getsockname()[1])
        answer(version, type_, code, IPProtocol.TCP, syn)
        return client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)


@contextmanager
def in_connection(version: int, type_: int, code: int) -> Iterator[socket.socket]:
    """Have an ICMP error answer data in a connection; give the socket that sent them."""
    family, host = FAMILY[version], str(HOST[version])
    with (
        socket.socket(family, socket.SOCK_STREAM) as server,
        socket.socket(family, socket.SOCK_STREAM) as client,
    ):
        server.bind((host, 0))
        server.listen()
        client.connect(server.getsockname())
        accepted, _ = server.accept()
        with accepted, socket.socket(family, socket.SOCK_RAW, socket.IPPROTO_TCP) as tap:
            attach(accepted, NOTHING)  # so that the data stay unacknowledged, and in the window
            client.send(b"hello")
            segment = segment_from(tap, version, client.getsockname()[1])
            answer(version, type_, code, IPProtocol.TCP, segment)
            yield client


def connected(version: int, type_: int, code: int) -> int:
    """Have an ICMP error answer data in a connection; return the errno of the next call."""
    with in_connection(version, type_, code) as client:
        client.setblocking(False)
        try:
            client.recv(1)
        except BlockingIOError:
            return 0
        except OSError as error:
            return error.errno or -1
    return -1


SITUATIONS = {
    Situation.UDP: udp,
    Situation.UDP_RECVERR: udp_with_errors,
    Situation.TCP_CONNECTING: connecting,
    Situation.TCP_CONNECTED: connected,
}


def segment_from(tap: socket.socket, version: int, port: int) -> bytes:
    """Return the next segment that comes from a port."""
    tap.settimeout(PATIENCE)
    while True:
        octets = tap.recv(65_535)
        segment = octets[20:] if version == 4 else octets
        if struct.unpack_from("!H", segment)[0] == port:
            return segment


def answer(
    version: int, type_: int, code: int, protocol: IPProtocol, inner: Packet | bytes
) -> None:
    """Send an ICMP error about a packet of ours, and wait until the kernel has read it."""
    around: Header = IPv6(HOST6, HOST6, next_header=protocol)
    if version == 4:
        around = IPv4(HOST4, HOST4, protocol=protocol)
    quoted = bytes(Packet((around,), bytes(inner)))
    address = (str(HOST[version]), 0)
    with socket.socket(FAMILY[version], socket.SOCK_RAW, ICMP[version]) as raw:
        message = bytes(Packet((message_of(version, type_, code),), quoted))
        raw.sendto(message, address)
        # What goes over the loopback has been read when the call returns; to be sure:
        heard = select.select([raw], [], [], PATIENCE)[0]
        assert heard, "the error has not come back"


def message_of(version: int, type_: int, code: int) -> Header:
    mtu = struct.pack("!HH", 0, 1400) if version == 4 else struct.pack("!I", 1400)
    if version == 4:
        return icmp.Other(type_, code, mtu if (type_, code) == (3, 4) else bytes(4))
    return icmpv6.Other(type_, code, mtu if type_ == 2 else bytes(4))
