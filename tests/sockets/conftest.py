"""A host of its own for each test, with loopback up."""

import os
import socket
from collections.abc import Iterator

import pytest

from rawkit.lab.namespace import Namespace
from rawkit.sockets.ladder import open_echo
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.settings import Settings
from rawkit.sockets.timestamps import ask_for_timestamps
from rawkit.wire.news import Opened
from tests.sockets.echo_host import IDENTIFIER, Open


@pytest.fixture(scope="session", autouse=True)
def stamping() -> Iterator[None]:
    """Have the kernel stamp all that comes: its worker may be late for the first who asks."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(2)
        ask_for_timestamps(sock, departures=False)
        stamps: list[tuple[int, int, bytes]] = []
        while not stamps:
            sock.sendto(b"now?", sock.getsockname())
            _, stamps, _, _ = sock.recvmsg(16, 128)
        yield


@pytest.fixture
def closed_host() -> Iterator[Namespace]:
    """As the kernel makes it: ping sockets are closed to all."""
    with Namespace("host") as host, host.popen(["ip", "link", "set", "lo", "up"]) as setting:
        assert setting.wait() == 0
        yield host


@pytest.fixture
def host(closed_host: Namespace) -> Namespace:
    """Ping sockets are open to our group; other groups may have no number in here."""
    closed_host.sysctl("net.ipv4.ping_group_range", f"{os.getegid()} {os.getegid()}")
    return closed_host


@pytest.fixture
def open_on(host: Namespace) -> Iterator[Open]:
    opened: list[PacketIO] = []

    def open_pipe(
        kind: str, version: int = 4, identifier: int = IDENTIFIER, **wanted: object
    ) -> PacketIO:
        settings = Settings(kind=kind, **wanted)  # type: ignore[arg-type]  # a test's own words
        with host.here():
            io = open_echo(version, identifier, settings)
        opened.append(io)
        assert isinstance(io.receive(), Opened)
        return io

    yield open_pipe
    for io in opened:
        io.close()
