"""A host of its own behind a TUN interface, beside the kernel."""

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from random import Random

import pytest

from rawkit import lab
from rawkit.api.raw_tcp import connect, listen
from rawkit.endpoint.conversation import Conversation
from rawkit.endpoint.driver import Driver
from rawkit.endpoint.host import Host
from rawkit.endpoint.listening import Listening
from rawkit.endpoint.stream import Stream
from rawkit.endpoint.tun_link import DEVICE, TunLink
from rawkit.errors import UsageError
from rawkit.lab.topology import Lab
from rawkit.tcp.flow import Flow
from rawkit.tcp.listener import Listener
from rawkit.tcp.settings import Settings
from rawkit.wire.address import Address
from tests.netns.leftovers import names

pytestmark = [
    pytest.mark.netns,
    pytest.mark.skipif(
        not os.access(DEVICE, os.R_OK | os.W_OK), reason=f"{DEVICE} cannot be opened here"
    ),
]

BODY = Random(6).randbytes(2_000_000)
QUICK = Settings(mtu=0xFFFF, msl=0.05)
ALONE = {4: ip_address("198.51.100.77"), 6: ip_address("2001:db8:51::77")}
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
VERSIONS = pytest.mark.parametrize("version", [4, 6])
PORT = 7000
PATIENCE = 20.0


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    with lab.pair() as net:
        yield net


def host_at(net: Lab, address: Address) -> Host:
    with net.first.here():
        return Host(TunLink(address), None, secret=b"nobody knows it")


@contextmanager
def kernel_echo(sock: socket.socket) -> Iterator[None]:
    """Have a connected kernel socket send all back once it has it."""

    def serve() -> None:
        with sock:
            sock.sendall(b"".join(iter(lambda: sock.recv(65536), b"")))

    thread = threading.Thread(target=serve)
    thread.start()
    yield
    thread.join()


def converse(stream: Stream, sock: socket.socket) -> bytes:
    stream.timeout = PATIENCE
    sock.settimeout(PATIENCE)
    with stream, kernel_echo(sock):
        stream.sendall(BODY)
        stream.shutdown()
        return stream.recv_all()


@VERSIONS
def test_it_connects_to_the_kernel_and_sends_in_large_pieces(net: Lab, version: int) -> None:
    address = ALONE[version]
    server = net.first.socket(FAMILIES[version], socket.SOCK_STREAM)
    with server:
        server.bind((str(net.first.ipv4 if version == 4 else net.first.ipv6), PORT))
        server.listen()
        server.settimeout(PATIENCE)
        there = net.first.ipv4 if version == 4 else net.first.ipv6
        host = host_at(net, address)
        flow = Flow(address, 50_000, there, PORT)
        conversation = Conversation(host, host.connect(flow, QUICK), flow)
        driver = Driver(host)
        driver.until(conversation.opened, PATIENCE, "no answer")
        stream = Stream(driver, conversation, owns=True)
        sock, (who, *_) = server.accept()
        answer = converse(stream, sock)
        sent = conversation.connection.block.counters.data_segments_out
        driver.stop()

    assert answer == BODY
    assert who == str(address)
    assert sent < len(BODY) / 1448 / 4
    assert {name for name in names(net.first) if name.startswith("rawkit")} == set()


@VERSIONS
def test_the_kernel_connects_to_it_and_only_where_it_listens(net: Lab, version: int) -> None:
    address = ALONE[version]
    host = host_at(net, address)
    listener = Listener(QUICK)
    host.listen(address, PORT, listener)
    waiting = Listening(Driver(host), listener, address, PORT)
    waiting.timeout = PATIENCE
    client, refused = (net.first.socket(FAMILIES[version], socket.SOCK_STREAM) for _ in range(2))
    client.settimeout(PATIENCE)
    refused.settimeout(PATIENCE)
    client.connect((str(address), PORT))
    answer = converse(waiting.accept(), client)

    with refused, pytest.raises(ConnectionRefusedError):
        refused.connect((str(address), PORT + 1))
    waiting.stop()

    assert answer == BODY


@VERSIONS
def test_the_verbs_take_a_host_of_its_own_as_well(net: Lab, version: int) -> None:
    address = ALONE[version]
    server = net.first.socket(FAMILIES[version], socket.SOCK_STREAM)
    there = net.first.ipv4 if version == 4 else net.first.ipv6
    with server:
        server.bind((str(there), PORT))
        server.listen()
        server.settimeout(PATIENCE)
        stream = connect(
            there, PORT, link="tun", source=address, settings=QUICK, timeout=PATIENCE, at=net.first
        )
        sock, (who, *_) = server.accept()
        answer = converse(stream, sock)

    assert (answer, who, stream.guard) == (BODY, str(address), ("tun",))


def test_a_tun_link_needs_an_address_and_no_guard() -> None:
    with pytest.raises(UsageError, match="needs a source"):
        connect("192.0.2.1", 80, link="tun")
    with pytest.raises(UsageError, match=r"nothing to guard \(by nft\)"):
        listen("192.0.2.1", 80, link="tun", guard="nft")
