"""Conversations of real kernels over bad lines, followed: as tshark does, and as Linux reads."""

import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from rawkit.api.follow import follow
from rawkit.capture.writer import CaptureWriter
from rawkit.engine.follow_events import How
from rawkit.host.links import link
from rawkit.lab import Lab
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP, Flags
from tests.netns.capture import Capture

pytestmark = pytest.mark.netns

LabFactory = Callable[..., Lab]
SIZES = (10, 5_000, 60_000, 3)
SERVER = """
import socket
s = socket.create_server(("", 80))
print("ready", flush=True)
for number in range(2):
    connection, _ = s.accept()
    with connection, connection.makefile("rwb") as file:
        for line in file:
            file.write(bytes((place * 7 + number) % 251 for place in range(int(line))))
            file.flush()
"""


def asked() -> bytes:
    return b"".join(b"%d\n" % size for size in SIZES)


def answered(number: int) -> bytes:
    return b"".join(bytes((place * 7 + number) % 251 for place in range(size)) for size in SIZES)


def converse(net: Lab) -> None:
    """Ask for octets of some sizes, twice."""
    for _ in range(2):
        with net.first.socket() as client:
            client.settimeout(60)
            client.connect((str(net.last.ipv4), 80))
            file = client.makefile("rwb")
            for size in SIZES:
                file.write(b"%d\n" % size)
                file.flush()
                assert len(file.read(size)) == size
            file.close()


def captured(net: Lab, path: Path) -> Path:
    """Capture what two conversations look like at the client."""
    with net.last.popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            with Capture(net.first, "eth0") as capture:
                converse(net)
                frames = capture.during(0.5)
        finally:
            child.kill()
    with CaptureWriter(path) as writer:
        for frame in frames:
            writer.write(frame.octets, int(frame.time * 1e9))
    return path


def tshark_follows(path: Path, number: int) -> tuple[bytes, bytes]:
    """Return what the client and the server said, as tshark has it."""
    if (tshark := shutil.which("tshark")) is None:
        pytest.skip("there is no tshark here (apt-get install it)")
    command = [tshark, "-r", str(path), "-q", "-z", f"follow,tcp,raw,{number}"]
    out = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    rows = [row for row in out.splitlines() if row and not row.strip("0123456789abcdef\t")]
    client = "".join(row for row in rows if not row.startswith("\t"))
    server = "".join(row.strip() for row in rows if row.startswith("\t"))
    return bytes.fromhex(client), bytes.fromhex(server)


LINES = {
    "good": {},
    "lossy": {"loss": 0.08, "delay": 0.002},
    "jumbled": {"delay": 0.004, "jitter": 0.003, "reorder": 0.2, "duplicate": 0.1, "loss": 0.02},
}


@pytest.mark.parametrize("line", LINES)
def test_what_was_said_over_a_bad_line_is_what_tshark_says(
    lossy: LabFactory, tmp_path: Path, line: str
) -> None:
    path = captured(lossy(**{"loss": 0.0, **LINES[line]}), tmp_path / "x.pcapng")

    found = follow(path).run()

    assert [one.how for one in found] == [How.CLOSED] * 2
    for number, one in enumerate(found):
        assert one.missing == ()
        assert (one.client, one.server) == (asked(), answered(number))
        assert (one.client, one.server) == tshark_follows(path, number)


def test_damage_on_the_way_does_not_get_into_what_was_said(
    lossy: LabFactory, tmp_path: Path
) -> None:
    path = captured(lossy(loss=0.0, delay=0.001, corrupt=0.1), tmp_path / "x.pcapng")

    found = [one for one in follow(path).run() if one.how is How.CLOSED]

    assert sum(one.client_counts.damaged + one.server_counts.damaged for one in found) > 0
    assert [one.server for one in found] == [answered(number) for number in range(2)]
    assert [one.client for one in found] == [asked()] * 2


def test_packets_of_a_session_that_listens_are_followed(lossy: LabFactory) -> None:
    import rawkit

    net = lossy(loss=0.0)
    with net.last.popen([sys.executable, "-c", SERVER], stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
            with rawkit.sniff("tcp port 80", interface="eth0", at=net.first) as session:
                converse(net)
        finally:
            child.kill()

    found = follow(session.packets).run()

    assert [(one.client, one.server) for one in found] == [
        (asked(), answered(number)) for number in range(2)
    ]


class Forger:
    """A client made by hand, with an address that no kernel has."""

    def __init__(self, net: Lab) -> None:
        self.src, self.dst = net.first.spare(1).ipv4, net.last.ipv4
        self.mac = b"\2\0\0\0\0\x99"
        with net.last.popen(
            ["ip", "neigh", "add", str(self.src), "lladdr", self.mac.hex(":"), "dev", "eth0"]
        ) as setting:
            assert setting.wait() == 0
        self.capture = Capture(net.first, "eth0")
        with net.first.here():
            self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self._socket.bind(("eth0", 0))
        with net.last.here():
            self._server_mac = link("eth0").mac
        self.sent: list[Packet] = []
        self.isn, self.theirs = 2**32 - 5, 0

    def send(self, place: int, octets: bytes, flags: Flags = Flags.ACK) -> None:
        header = TCP(4000, 80, (self.isn + 1 + place) % 2**32, self.theirs, flags)
        packet = IPv4(IPv4Address(self.src), IPv4Address(self.dst)) / header / octets
        self.sent.append(packet)
        frame = Ethernet(self._server_mac, self.mac) / packet
        self._socket.send(bytes(frame))

    def shake_hands(self) -> None:
        self.send(-1, b"", Flags.SYN)

        def is_answer(octets: bytes) -> bool:
            found = dissect(octets, Ethernet.parse)
            return TCP in found and found[TCP].flags & Flags.SYN and found[TCP].src_port == 80  # type: ignore[return-value]

        (frame,) = self.capture.until(lambda one: is_answer(one.octets), 1, 10.0)
        answer = dissect(frame.octets, Ethernet.parse)
        self.sent.append(answer)
        self.theirs = (answer[TCP].sequence + 1) % 2**32
        self.send(0, b"")

    def close(self) -> None:
        self._socket.close()
        self.capture.__exit__()


OVERLAPS = [
    pytest.param([(1, b"1111"), (3, b"2222"), (0, b"0")], id="begins inside"),
    pytest.param([(3, b"1111"), (1, b"2222"), (0, b"0")], id="begins before"),
    pytest.param([(2, b"11"), (1, b"2222"), (0, b"0")], id="covers"),
    pytest.param([(1, b"1111"), (2, b"22"), (0, b"0")], id="is covered"),
    pytest.param([(1, b"11"), (1, b"2222"), (0, b"0")], id="longer"),
    pytest.param([(1, b"1111"), (1, b"22"), (0, b"0")], id="shorter"),
    pytest.param([(1, b"111"), (1, b"222"), (0, b"0")], id="alike"),
    pytest.param([(2, b"111"), (0, b"2222")], id="in order, and into what waits"),
    pytest.param([(1, b"1"), (3, b"2"), (0, b"33333")], id="in order, and over what waits"),
    pytest.param([(0, b"11"), (0, b"2222"), (1, b"3")], id="what was read already"),
    pytest.param([(6, b"11"), (2, b"22"), (1, b"3333333"), (4, b"4"), (0, b"0")], id="many"),
]


@pytest.mark.parametrize("segments", OVERLAPS)
def test_where_segments_overlap_linux_reads_what_we_say(
    pair: LabFactory, segments: list[tuple[int, bytes]]
) -> None:
    net = pair()
    end = max(place + len(octets) for place, octets in segments)
    with net.last.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.settimeout(30)
        server.bind(("", 80))
        server.listen()
        forger = Forger(net)
        try:
            shaking = threading.Thread(target=forger.shake_hands)
            shaking.start()
            connection, _ = server.accept()
            shaking.join()
            with connection:
                connection.settimeout(30)
                for place, octets in segments:
                    forger.send(place, octets)
                read = b""
                while len(read) < end:
                    read += connection.recv(end - len(read))
        finally:
            forger.close()

    (found,) = follow(forger.sent, policy="linux").run()

    assert found.client == read
