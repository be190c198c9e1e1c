"""Connections in user space are reset when their process is killed, whatever it was doing."""

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import IO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit import lab
from rawkit.api.raw_tcp import listen
from rawkit.endpoint import watchdog_process
from rawkit.endpoint.watchdog import FIRST_ROWS, Watchdog
from rawkit.endpoint.watchdog_process import ROW, numbered, packets
from rawkit.lab.topology import Lab, Node
from rawkit.tcp.codec import Reader, Writer
from rawkit.tcp.flow import Flow
from rawkit.tcp.segment import RST, Segment
from rawkit.wire.address import Address

REAL = pytest.mark.netns
VERSIONS = pytest.mark.parametrize("version", [4, 6])
PATIENCE = 20.0
SERVER = """
import sys, time
from ipaddress import ip_address
from rawkit import listen

_, address, link, guard, watched, clients = sys.argv
with listen(
    ip_address(address), 7777, link=link, guard=guard, watchdog=watched == "watched"
) as server:
    print(server.port, flush=True)
    streams = [server.accept() for _ in range(int(clients))]
    for stream in streams:
        stream.sendall(b"hello")
    time.sleep(60)
"""
FLOWS = [
    Flow(IPv4Address("10.1.0.1"), 80, IPv4Address("10.1.0.2"), 40_000),
    Flow(IPv6Address("fd00::1"), 80, IPv6Address("fd00::2"), 40_000),
]


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    with lab.line(hops=0) as net:
        yield net


def of(node: Node, version: int) -> Address:
    return node.ipv4 if version == 4 else node.ipv6


def serving(
    node: Node, address: Address, link: str, guard: str, *, watched: bool = True, clients: int = 1
) -> subprocess.Popen[str]:
    """Start the server above."""
    how = "watched" if watched else "alone"
    words = [str(address), link, guard, how, str(clients)]
    return node.popen([sys.executable, "-c", SERVER, *words], stdout=subprocess.PIPE, text=True)


def client(node: Node, address: Address) -> socket.socket:
    """Connect by the kernel, and hear the first word."""
    with node.here():
        sock = socket.create_connection((str(address), 7777), PATIENCE)
    assert sock.recv(5) == b"hello"
    return sock


def first_line(stdout: IO[str] | None) -> str:
    assert stdout is not None
    return stdout.readline()


def killed(process: subprocess.Popen[str]) -> None:
    """Kill it, once all that it sent is acknowledged."""
    time.sleep(0.1)
    process.send_signal(signal.SIGKILL)
    process.wait()


@given(sequence=st.integers(0, 2**32 - 1), which=st.sampled_from(FLOWS))
def test_a_reset_with_any_number_is_intact(sequence: int, which: Flow) -> None:
    packet = numbered(bytes(Writer(which).pack(Segment(RST, 0))), sequence)

    seen = Flow(which.remote, which.remote_port, which.local, which.local_port)
    arrival = Reader(takes_unfinished=False).read(packet)
    assert arrival == (seen.key, Segment(RST, sequence))


def test_rows_that_are_free_are_passed_over() -> None:
    packet = bytes(Writer(FLOWS[0]).pack(Segment(RST, 0)))
    table = ROW.pack(0, 7, packet) + ROW.pack(len(packet), 9, packet) + b"a half"

    assert [struct.unpack_from("!I", one, 24) for one in packets(table)] == [(9,)]


@REAL
@pytest.mark.parametrize(
    ("link", "guard"),
    [
        *(("raw", "socket"), ("packet", "socket"), ("offload", "socket")),
        *(("raw", "nft"), ("packet", "address")),
    ],
)
@VERSIONS
def test_a_client_that_only_listens_hears_of_it(
    net: Lab, version: int, link: str, guard: str
) -> None:
    address = of(net.last, version)
    if guard == "address":
        address = net.last.spare().ipv4 if version == 4 else net.last.spare().ipv6
    with serving(net.last, address, link, guard) as process:
        first_line(process.stdout)
        with client(net.first, address) as sock:
            killed(process)
            with pytest.raises(ConnectionResetError):
                sock.recv(1)


@REAL
@VERSIONS
def test_without_a_watchdog_it_would_not(net: Lab, version: int) -> None:
    address = of(net.last, version)
    with serving(net.last, address, "raw", "socket", watched=False) as process:
        first_line(process.stdout)
        with client(net.first, address) as sock:
            killed(process)
            sock.settimeout(1.0)
            with pytest.raises(TimeoutError):
                sock.recv(1)


@REAL
def test_it_resets_as_many_as_there_are(net: Lab) -> None:
    many = 2 * FIRST_ROWS + 1
    address = net.last.ipv4
    with serving(net.last, address, "raw", "socket", clients=many) as process, ExitStack() as all_:
        first_line(process.stdout)
        with net.first.here():
            made = [socket.create_connection((str(address), 7777), PATIENCE) for _ in range(many)]
        socks = [all_.enter_context(one) for one in made]
        assert [one.recv(5) for one in socks] == [b"hello"] * many
        killed(process)
        for sock in socks:
            with pytest.raises(ConnectionResetError):
                sock.recv(1)


@REAL
def test_those_that_were_closed_are_left_alone(net: Lab) -> None:
    def table_after() -> list[bytes]:
        with Watchdog(4) as one:
            for number in range(FIRST_ROWS + 3):
                flow = Flow(FLOWS[0].local, 80, FLOWS[0].remote, number + 1)
                one.note(flow, flow.key, number)
                one.note(flow, flow.key, 2**32 + number)
                if number != 70 % FIRST_ROWS:
                    one.forget(flow.key)
            return list(packets(one.table()))

    (left,) = net.first.run(table_after)
    found = Reader(takes_unfinished=False).read(left)
    assert found is not None
    assert found[1] == Segment(RST, 70 % FIRST_ROWS)


@REAL
def test_it_goes_with_the_host(net: Lab) -> None:
    server = listen(net.first.ipv4, watchdog=True, at=net.first)
    dog = server._driver.host.watchdog  # nobody else has to know of it
    assert dog is not None
    pid = dog.pid
    assert watchdog_process.__file__ in Path(f"/proc/{pid}/cmdline").read_text()

    server.stop()

    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@REAL
def test_it_goes_with_a_killed_process(net: Lab) -> None:
    with serving(net.last, net.last.ipv4, "raw", "socket") as process:
        first_line(process.stdout)
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        killed(process)
        until = time.monotonic() + PATIENCE
        while Path(f"/proc/{children[0]}/cmdline").exists() and time.monotonic() < until:
            time.sleep(0.05)

    assert len(children) == 1
    assert not Path(f"/proc/{children[0]}/cmdline").exists()
