"""What keeps the kernel's TCP away, in every way there is; and that nothing of it stays."""

import hashlib
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random

import pytest

from rawkit import lab
from rawkit.api.handshake import handshake
from rawkit.api.raw_tcp import connect, listen
from rawkit.endpoint.guard import Guard, NotSilenced
from rawkit.endpoint.guard_address import SpareAddress
from rawkit.endpoint.guard_nft import FirewallGuard
from rawkit.endpoint.guarding import GuardKind, open_guard
from rawkit.endpoint.host import Host
from rawkit.endpoint.opening import AS_THE_LINK
from rawkit.endpoint.raw_link import RawLink
from rawkit.errors import UsageError
from rawkit.lab.topology import Lab, Node
from rawkit.record import replace
from rawkit.sockets.nftables import Hook, OwnedTable, tables
from rawkit.tcp.flow import Flow
from rawkit.wire.address import Address

pytestmark = pytest.mark.netns

QUICK = replace(AS_THE_LINK, msl=0.05)
BODY = Random(3).randbytes(400_000)
HASH = hashlib.sha256(BODY).hexdigest()
PATIENCE = 20.0
VERSIONS = pytest.mark.parametrize("version", [4, 6])
KINDS: tuple[GuardKind, ...] = ("socket", "nft", "address")
EVERY_KIND = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    with lab.pair() as net:
        yield net


def of(node: Node, version: int) -> Address:
    return node.ipv4 if version == 4 else node.ipv6


def spare(node: Node, version: int, number: int = 1) -> Address:
    addresses = node.spare(number)
    return addresses.ipv4 if version == 4 else addresses.ipv6


def place(node: Node, version: int, kind: GuardKind) -> Address:
    """Return the address to be, for a guard."""
    return spare(node, version) if kind == "address" else of(node, version)


@contextmanager
def kernel_server(node: Node, version: int) -> Iterator[socket.socket]:
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with node.socket(family, socket.SOCK_STREAM) as server:
        server.settimeout(PATIENCE)
        server.bind((str(of(node, version)), 0))
        server.listen()
        yield server


@VERSIONS
@EVERY_KIND
def test_a_client_sends_and_hears_much_behind_each_guard(
    net: Lab, version: int, kind: GuardKind
) -> None:
    remote, source = of(net.last, version), place(net.first, version, kind)
    with kernel_server(net.last, version) as server:
        port = server.getsockname()[1]
        with connect(
            remote, port, source=source, guard=kind, settings=QUICK, timeout=PATIENCE, at=net.first
        ) as stream:
            stream.timeout = PATIENCE
            there, _ = server.accept()
            echoing = threading.Thread(target=echo, args=(there,))
            echoing.start()
            stream.sendall(BODY)
            stream.shutdown()
            answer = stream.recv_all()
            guard = stream.guard
        echoing.join()

    assert hashlib.sha256(answer).hexdigest() == HASH
    assert set(guard) <= {"filter", "digest", "hops"} if kind == "socket" else guard == (kind,)


@VERSIONS
@EVERY_KIND
def test_a_server_behind_each_guard_serves_the_kernel(
    net: Lab, version: int, kind: GuardKind
) -> None:
    address = place(net.first, version, kind)
    with listen(address, guard=kind, settings=QUICK, at=net.first) as waiting:
        waiting.timeout = PATIENCE
        family = socket.AF_INET if version == 4 else socket.AF_INET6
        with net.last.socket(family, socket.SOCK_STREAM) as client:
            client.settimeout(PATIENCE)
            client.connect((str(address), waiting.port))
            with waiting.accept() as stream:
                stream.timeout = PATIENCE
                client.sendall(BODY[:1000])
                client.shutdown(socket.SHUT_WR)
                heard = stream.recv_all()

    assert heard == BODY[:1000]


@VERSIONS
def test_our_own_resets_pass_the_firewall_guard(net: Lab, version: int) -> None:
    with kernel_server(net.last, version) as server:
        port = server.getsockname()[1]
        stream = connect(of(net.last, version), port, guard="nft", timeout=PATIENCE, at=net.first)
        there, _ = server.accept()
        there.settimeout(PATIENCE)

        stream.abort()

        with there, pytest.raises(ConnectionResetError):
            there.recv(1)


@VERSIONS
def test_one_table_guards_a_range_of_ports_and_no_other(net: Lab, version: int) -> None:
    with kernel_server(net.last, version) as server, net.first.here():
        guard = FirewallGuard(of(net.first, version), range(20000, 20010))
        try:
            inside = [survives(net, server, version, port) for port in (20000, 20009)]
            outside = [
                survives(net, server, version, port, patience=0.5) for port in (19999, 20010)
            ]
        finally:
            guard.close()

    assert inside == [True, True]
    assert outside == [False, False]


def test_a_table_belongs_to_its_process_and_goes_with_it(net: Lab) -> None:
    with net.first.here():
        guard = FirewallGuard(net.first.ipv4)
        try:
            with pytest.raises(OSError, match="not permitted"):
                OwnedTable(4, guard.name, Hook.OUTPUT)
            during = tables(4)
        finally:
            guard.close()
        after = tables(4)

    assert during == [guard.name]
    assert after == []


def test_no_two_tables_have_owners_of_one_number(net: Lab) -> None:
    """By it the kernel finds what to delete. A free one is given out again before that is done,
    so a guard that goes would take along one that comes."""
    numbers: list[int] = []
    with net.first.here():
        for _ in range(4):
            table = OwnedTable(4, "of somebody", Hook.OUTPUT)
            numbers.append(table.owner)
            table.close()

    assert len(set(numbers)) == 4
    assert os.getpid() not in numbers


@pytest.mark.skipif(shutil.which("nft") is None, reason="no nft here")
def test_nobody_else_can_flush_the_table(net: Lab) -> None:
    with net.first.here():
        guard = FirewallGuard(net.first.ipv4)
        try:
            subprocess.run(["nft", "flush", "ruleset"], check=False, timeout=PATIENCE)
            left = tables(4)
        finally:
            guard.close()

    assert left == [guard.name]


def test_the_firewall_guard_reserves_its_port(net: Lab) -> None:
    with net.first.here():
        guard = FirewallGuard(net.first.ipv4)
        try:
            with pytest.raises(UsageError, match="is taken"):
                FirewallGuard(net.first.ipv4, guard.port)
        finally:
            guard.close()


def test_where_no_socket_can_be_silenced_nftables_does_it(
    net: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Guard, "wanted", ())
    with net.first.here():
        guard = open_guard("auto", net.first.ipv4)
        guard.close()
        with pytest.raises(NotSilenced):
            open_guard("socket", net.first.ipv4)

    assert guard.layers == ("nft",)


def test_an_address_that_somebody_has_is_not_spare(net: Lab) -> None:
    with net.first.here():
        for address in (net.last.ipv4, net.last.ipv6):
            with pytest.raises(UsageError, match=r"is no spare address: .* has it"):
                SpareAddress(address, 0, "eth0")
        with pytest.raises(UsageError, match="this host's own"):
            SpareAddress(net.first.ipv4, 0, "eth0")
        with pytest.raises(UsageError, match="has no neighbours"):
            SpareAddress(spare(net.first, 4), 0, "lo")


def test_a_router_does_not_forward_what_is_for_a_spare_address(net: Lab) -> None:
    """With the kernel's own hardware address it would, and complain about it (ICMP redirects)."""
    net.first.sysctl("net.ipv4.ip_forward", 1)
    try:
        with kernel_server(net.last, 4) as server, icmp_ear(net.last) as ear:
            port = server.getsockname()[1]
            shaking = handshake(
                net.last.ipv4,
                port,
                source=spare(net.first, 4),
                guard="address",
                whole=True,
                settings=QUICK,
                at=net.first,
            )
            states = [str(shown.after) for shown in shaking]
            heard = drained(ear)
    finally:
        net.first.sysctl("net.ipv4.ip_forward", 0)

    assert "ESTABLISHED" in states
    assert heard == []


def test_without_the_capability_one_line_says_so(net: Lab) -> None:
    command = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin", sys.executable]
    command += ["-m", "rawkit", "handshake", "--guard", "nft", str(net.last.ipv4), "80"]
    with net.first.popen(command, stderr=subprocess.PIPE, text=True) as process:
        _, said = process.communicate(timeout=PATIENCE)

    assert process.returncode == 2
    assert said.count("\n") == 1
    assert said.startswith("rawkit handshake: cannot guard ports by nftables: ")
    assert "CAP_NET_ADMIN" in said


VICTIM = """
import sys
from ipaddress import ip_address
from rawkit import connect
kind, remote, port, source = sys.argv[1:]
while True:
    print("round", flush=True)
    stream = connect(ip_address(remote), int(port), guard=kind, source=source, timeout=5)
    stream.sendall(bytes(300_000))
    stream.abort()
"""
"""Opens and uses connections until it is killed."""


@EVERY_KIND
def test_whenever_it_is_killed_nothing_stays(net: Lab, kind: GuardKind) -> None:
    chance = Random(kind)
    before = what_is_set_up(net.first)
    with kernel_server(net.last, 4) as server:
        sinking = threading.Thread(target=sink, args=(server,), daemon=True)
        sinking.start()
        for _ in range(4):
            end = [str(net.last.ipv4), str(server.getsockname()[1])]
            words = [sys.executable, "-c", VICTIM, kind, *end, str(place(net.first, 4, kind))]
            with net.first.popen(words, stdout=subprocess.PIPE, text=True) as victim:
                assert victim.stdout is not None
                assert victim.stdout.readline() == "round\n"
                time.sleep(chance.uniform(0.0, 0.5))
                assert victim.poll() is None
                victim.kill()
                victim.wait(PATIENCE)

            after = what_is_set_up(net.first)
            assert after == before


def survives(
    net: Lab, server: socket.socket, version: int, port: int, patience: float = PATIENCE
) -> bool:
    """Whether a connection from a port gets through its handshake without the kernel's reset."""
    local, remote = of(net.first, version), of(net.last, version)
    host = Host(RawLink(local, port), None, secret=bytes(16))
    try:
        flow = Flow(local, port, remote, server.getsockname()[1])
        connection = host.connect(flow, QUICK)
        until = time.monotonic() + PATIENCE
        while not connection.is_open and not connection.is_over:
            host.turn()
            assert time.monotonic() < until
        server.settimeout(patience)
        try:
            there, _ = server.accept()
            with there:
                connection.write(b"alive?")
                host.flush()
                return there.recv(10) == b"alive?"
        except (TimeoutError, ConnectionResetError):
            return False
    finally:
        host.close()


def what_is_set_up(node: Node) -> str:
    """Return what a killed process could have left in a node's network."""
    commands = [["ip", "addr"], ["ip", "route", "show", "table", "all"], ["ss", "-Hlntuw"]]
    commands += [["ss", "-Hl0"]]
    if shutil.which("nft") is not None:
        commands.append(["nft", "list", "ruleset"])
    told = [str(node.run(tables, version)) for version in (4, 6)]
    for command in commands:
        with node.popen(command, stdout=subprocess.PIPE, text=True) as process:
            told.append(process.communicate(timeout=PATIENCE)[0])
    return "\n".join(told)


def echo(there: socket.socket) -> None:
    with there:
        there.settimeout(PATIENCE)
        parts: list[bytes] = []
        while part := there.recv(1 << 16):
            parts.append(part)
        there.sendall(b"".join(parts))


def sink(server: socket.socket) -> None:
    """Take all that comes, from one after the other."""
    while True:
        try:
            there, _ = server.accept()
        except OSError:
            return
        with there:
            there.settimeout(1.0)
            try:
                while there.recv(1 << 16):
                    pass
            except OSError:
                continue


@contextmanager
def icmp_ear(node: Node) -> Iterator[socket.socket]:
    with node.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as ear:
        ear.setblocking(False)
        yield ear


def drained(ear: socket.socket) -> list[bytes]:
    heard: list[bytes] = []
    while True:
        try:
            heard.append(ear.recv(2000))
        except BlockingIOError:
            return heard
