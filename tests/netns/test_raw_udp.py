"""UDP in user space against sockets of the kernel's, which know nothing of it."""

import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rawkit import lab
from rawkit.api.raw_udp import bind_udp_raw, udp_handshake, udp_handshakes, udp_raw
from rawkit.engine.udp_handshake_events import (
    Cause,
    Connected,
    HandshakeEvent,
    HandshakeReport,
    HandshakeSettings,
)
from rawkit.errors import ConnectionFailed, NoAnswer, UsageError
from rawkit.lab.topology import Lab, Node
from rawkit.record import replace
from rawkit.session import Session
from rawkit.wire.address import Address

pytestmark = pytest.mark.netns

PATIENCE = 10.0
VERSIONS = pytest.mark.parametrize("version", [4, 6])
QUICK = HandshakeSettings(wait=0.1, tries=8, linger=0.3)
MESSAGE = struct.Struct("!4sBBBB8s8s")
"""The wire format once more, for a peer that shares no code with ours."""
THEIR_TOKEN = b"kernel's"


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    with lab.pair() as net:
        yield net


@VERSIONS
def test_a_client_by_hand_speaks_to_a_kernel_server(net: Lab, version: int) -> None:
    with kernel_socket(net.last, version) as server:
        server.bind((str(of(net.last, version)), 0))
        with udp_raw(of(net.last, version), server.getsockname()[1], at=net.first) as ours:
            ours.timeout = PATIENCE
            for size in (0, 1, 1000, 20_000):
                ours.send(b"q" * size)
                question, source = server.recvfrom(65536)
                server.sendto(b"a" * size, source)
                answer = ours.receive()

                assert question == b"q" * size
                assert source[1] == ours.port
                assert (answer.payload, answer.source, answer.port) == (
                    b"a" * size,
                    of(net.last, version),
                    server.getsockname()[1],
                )
                assert answer.ttl == 64


@VERSIONS
def test_a_server_by_hand_answers_kernel_clients_and_the_kernel_stays_silent(
    net: Lab, version: int
) -> None:
    before = unreachables(net.first, version)
    with bind_udp_raw(of(net.first, version), at=net.first) as ours:
        ours.timeout = PATIENCE
        with kernel_socket(net.last, version) as one, kernel_socket(net.last, version) as other:
            for number, client in enumerate((one, other)):
                client.connect((str(ours.address), ours.port))
                client.send(b"question %d" % number)
                asked = ours.receive()
                ours.send(asked.payload.upper(), asked.source, asked.port)
                assert client.recv(100) == b"QUESTION %d" % number
            one.send(b"nobody reads that")
            time.sleep(0.05)
            one.send(b"it would be told now")  # ECONNREFUSED, had the kernel complained

    assert unreachables(net.first, version) == before


@VERSIONS
def test_behind_close_the_kernel_complains_again(net: Lab, version: int) -> None:
    ours = bind_udp_raw(of(net.first, version), at=net.first)
    ours.close()
    with kernel_socket(net.last, version) as client:
        client.connect((str(ours.address), ours.port))
        client.send(b"anybody?")
        with pytest.raises(ConnectionRefusedError):
            client.recv(1)


@VERSIONS
def test_a_client_is_told_that_nobody_is_there(net: Lab, version: int) -> None:
    with udp_raw(of(net.last, version), 9, at=net.first) as ours:
        ours.timeout = PATIENCE
        ours.send(b"anybody?")
        with pytest.raises(ConnectionFailed, match=r"[Uu]nreachable") as caught:
            ours.receive()

    assert caught.value.errno == 111


def test_a_flood_is_dropped_by_the_guard_and_takes_no_memory(net: Lab) -> None:
    with bind_udp_raw(net.first.ipv4, at=net.first) as ours, kernel_socket(net.last, 4) as client:
        client.connect((str(ours.address), ours.port))
        for _ in range(2000):
            client.send(bytes(500))
        client.send(b"last")
        row = net.first.run(guard_row, ours.port)

    assert row["waiting"] == 0
    assert row["drops"] == 2001


def test_somebody_else_is_not_heard_by_who_speaks_to_one(net: Lab) -> None:
    with kernel_socket(net.last, 4) as server, kernel_socket(net.last, 4) as stranger:
        server.bind((str(net.last.ipv4), 0))
        with udp_raw(net.last.ipv4, server.getsockname()[1], at=net.first) as ours:
            ours.timeout = 0.2
            stranger.sendto(b"not for you", (str(net.first.ipv4), ours.port))
            with pytest.raises(NoAnswer, match=r"nothing came in 0\.2 s"):
                ours.receive()


def test_a_wrong_checksum_is_dropped(net: Lab) -> None:
    with bind_udp_raw(net.first.ipv4, at=net.first) as ours:
        ours.timeout = 0.2
        header = struct.pack("!HHHH", 4000, ours.port, 12, 0xDEAD)
        with net.last.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP) as raw:
            raw.sendto(header + b"oops", (str(net.first.ipv4), 0))
        with pytest.raises(NoAnswer):
            ours.receive()
        damaged = ours.damaged

    assert damaged == 1


def test_mistakes_are_named(net: Lab) -> None:
    with bind_udp_raw(net.first.ipv4, at=net.first) as ours:
        with pytest.raises(UsageError, match="to whom"):
            ours.send(b"")
        with pytest.raises(UsageError, match="fit in a datagram"):
            ours.send(bytes(65_508), net.last.ipv4, 9)
        with pytest.raises(UsageError, match="not of the same family"):
            ours.send(b"", net.last.ipv6, 9)
        with pytest.raises(UsageError, match="is taken"):
            bind_udp_raw(net.first.ipv4, ours.port, at=net.first)
        with pytest.raises(UsageError, match="one address of this host"):
            bind_udp_raw("0.0.0.0", at=net.first)


@VERSIONS
def test_a_caller_by_hand_and_a_kernel_socket_shake_hands(net: Lab, version: int) -> None:
    with kernel_socket(net.last, version) as server:
        server.bind((str(of(net.last, version)), 0))
        patient = replace(QUICK, linger=1.0)
        shaking = udp_handshake(
            of(net.last, version), server.getsockname()[1], settings=patient, at=net.first
        )
        with running(shaking) as reports:
            first, source = server.recvfrom(100)  # and lost
            again, _ = server.recvfrom(100)
            token = MESSAGE.unpack(again)[5]
            answer = MESSAGE.pack(b"rkhs", 2, 2, 1, 0, token, THEIR_TOKEN)
            server.sendto(answer, source)
            confirmed = confirmation(server)
            server.sendto(answer, source)
            once_more = confirmation(server)

    assert MESSAGE.unpack(first) == (b"rkhs", 1, 1, 0, 0, token, bytes(8))
    assert MESSAGE.unpack(again) == (b"rkhs", 1, 2, 0, 0, token, bytes(8))
    expected = (b"rkhs", 3, 2, 1, 0, token, THEIR_TOKEN)
    assert MESSAGE.unpack(confirmed) == MESSAGE.unpack(once_more) == expected
    (report,) = reports
    assert len(report.connected) == 1
    assert report.duplicates == 1


@VERSIONS
def test_a_callee_by_hand_and_a_kernel_socket_shake_hands(net: Lab, version: int) -> None:
    address, port = of(net.first, version), 7001 + version
    waiting = udp_handshakes(address, port, wanted=1, settings=QUICK, at=net.first)
    with running(waiting) as reports, kernel_socket(net.last, version) as client:
        client.connect((str(address), port))
        client.send(MESSAGE.pack(b"rkhs", 1, 1, 0, 0, THEIR_TOKEN, bytes(8)))
        first = MESSAGE.unpack(client.recv(100))
        again = MESSAGE.unpack(client.recv(100))  # for it was not confirmed
        client.send(MESSAGE.pack(b"rkhs", 3, 0, again[3], 0, THEIR_TOKEN, again[6]))

    assert first[:4] == (b"rkhs", 2, 1, 1)
    assert again[:4] == (b"rkhs", 2, 0, 2)
    assert first[5:] == again[5:]
    (report,) = reports
    assert [one.peer.address for one in report.connected] == [of(net.last, version)]
    assert report.repeated >= 1


@VERSIONS
def test_both_sides_by_hand_shake_hands(net: Lab, version: int) -> None:
    address, port = of(net.first, version), 7101 + version
    waiting = udp_handshakes(address, port, wanted=1, settings=QUICK, at=net.first)
    with running(waiting) as reports:
        shaking = udp_handshake(address, port, settings=QUICK, at=net.last)
        events = list(shaking)

    connected = [one for one in events if isinstance(one, Connected)]
    assert len(connected) == len(reports[0].connected) == 1
    assert connected[0].peer.token == reports[0].connected[0].peer.token
    assert connected[0].rtt is not None


def test_a_caller_learns_at_once_that_nobody_is_there(net: Lab) -> None:
    report = udp_handshake(net.last.ipv4, 9, settings=QUICK, at=net.first).run()

    assert [one.cause for one in report.failed] == [Cause.ICMP]
    assert report.sent == 1


VICTIM = """
import sys
from rawkit import bind_udp_raw
ours = bind_udp_raw(sys.argv[1], 7777)
print("ready", flush=True)
while True:
    ours.receive()
"""


def test_a_killed_one_leaves_nothing_and_the_kernel_complains(net: Lab) -> None:
    before = what_listens(net.first)
    words = [sys.executable, "-c", VICTIM, str(net.first.ipv4)]
    with net.first.popen(words, stdout=subprocess.PIPE, text=True) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "ready\n"
        during = what_listens(net.first)
        victim.kill()
        victim.wait(PATIENCE)

    assert during != before
    assert what_listens(net.first) == before
    with kernel_socket(net.last, 4) as client:
        client.connect((str(net.first.ipv4), 7777))
        client.send(b"anybody?")
        with pytest.raises(ConnectionRefusedError):
            client.recv(1)


def test_without_the_capability_one_line_says_so(net: Lab) -> None:
    program = """
import sys
from rawkit import RawkitError, bind_udp_raw
try:
    bind_udp_raw(sys.argv[1])
except RawkitError as error:
    print(error)
"""
    words = ["setpriv", "--bounding-set=-net_raw", "--inh-caps=-net_raw", sys.executable]
    with net.first.popen(
        [*words, "-c", program, str(net.first.ipv4)], stdout=subprocess.PIPE, text=True
    ) as process:
        told, _ = process.communicate(timeout=PATIENCE)

    assert told.startswith("cannot speak UDP over raw sockets: ")
    assert told.count("\n") == 1


@contextmanager
def kernel_socket(node: Node, version: int) -> Iterator[socket.socket]:
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with node.socket(family, socket.SOCK_DGRAM) as opened:
        opened.settimeout(PATIENCE)
        yield opened


@contextmanager
def running(
    session: Session[HandshakeEvent, HandshakeReport],
) -> Iterator[list[HandshakeReport]]:
    """Run a session beside; give the list that its report goes to."""
    reports: list[HandshakeReport] = []
    thread = threading.Thread(target=lambda: reports.append(session.run()))
    thread.start()
    yield reports
    thread.join(PATIENCE)
    assert reports, "it does not come to an end"


def confirmation(server: socket.socket) -> bytes:
    """Return the next confirmation; requests may have been under way."""
    while True:
        octets = server.recv(100)
        if MESSAGE.unpack(octets)[1] == 3:
            return octets


def of(node: Node, version: int) -> Address:
    return node.ipv4 if version == 4 else node.ipv6


def unreachables(node: Node, version: int) -> int:
    """Return how often a node's kernel has said that something is unreachable."""
    if version == 4:
        lines = node.run(lambda: Path("/proc/thread-self/net/snmp").read_text()).splitlines()
        names, values = (line.split() for line in lines if line.startswith("Icmp:"))
        return int(values[names.index("OutDestUnreachs")])
    text = node.run(lambda: Path("/proc/thread-self/net/snmp6").read_text())
    return int(dict(line.split() for line in text.splitlines())["Icmp6OutDestUnreachs"])


def guard_row(port: int) -> dict[str, int]:
    """Return what waits in a UDP socket of this network, and what it has dropped."""
    for line in Path("/proc/thread-self/net/udp").read_text().splitlines()[1:]:
        words = line.split()
        if words[1].endswith(f":{port:04X}"):
            return {"waiting": int(words[4].partition(":")[2], 16), "drops": int(words[-1])}
    raise AssertionError(f"no socket has port {port}")


def what_listens(node: Node) -> str:
    with node.popen(["ss", "-Hlnuw"], stdout=subprocess.PIPE, text=True) as process:
        return process.communicate(timeout=PATIENCE)[0]
