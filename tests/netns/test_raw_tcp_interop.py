"""TCP in user space against kernels that are set up unusually, and before tshark's eyes."""

import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest

from rawkit import lab
from rawkit.api.raw_tcp import connect, listen
from rawkit.capture.writer import CaptureWriter
from rawkit.endpoint.stream import Stream
from rawkit.lab.topology import Node
from rawkit.tcp.settings import Settings
from rawkit.wire.address import Address
from tests.netns.capture import Capture

pytestmark = pytest.mark.netns

BODY = Random(5).randbytes(150_000)
PATIENCE = 20.0
ALGORITHMS = Path("/proc/sys/net/ipv4/tcp_available_congestion_control")
QUICK = Settings(mtu=0xFFFF, msl=0.05)
KERNELS: dict[str, dict[str, str | int]] = {
    "no timestamps": {"net.ipv4.tcp_timestamps": 0},
    "no SACK": {"net.ipv4.tcp_sack": 0},
    "no scaling": {"net.ipv4.tcp_window_scaling": 0},
    "no options": {
        "net.ipv4.tcp_timestamps": 0,
        "net.ipv4.tcp_sack": 0,
        "net.ipv4.tcp_window_scaling": 0,
    },
    "ECN": {"net.ipv4.tcp_ecn": 1},
    "small receive buffer": {"net.ipv4.tcp_rmem": "4096 8192 16384"},
    "small send buffer": {"net.ipv4.tcp_wmem": "4096 8192 16384"},
    "MTU probing": {"net.ipv4.tcp_mtu_probing": 2},
    "SYN cookies": {"net.ipv4.tcp_syncookies": 2},
    "BBR": {"net.ipv4.tcp_congestion_control": "bbr"},
}


@contextmanager
def kernel_peer(sock: socket.socket) -> Iterator[list[bytes]]:
    """Have a connected kernel socket read all, then send all; gives what it has read."""
    arrived: list[bytes] = []

    def serve() -> None:
        with sock:
            while chunk := sock.recv(65536):
                arrived.append(chunk)
            sock.sendall(BODY)

    thread = threading.Thread(target=serve)
    thread.start()
    yield arrived
    thread.join()


def converse(stream: Stream, sock: socket.socket) -> tuple[bytes, bytes]:
    """Send the same both ways; return what arrived here, and there."""
    stream.timeout = PATIENCE
    sock.settimeout(PATIENCE)
    with stream, kernel_peer(sock) as arrived:
        stream.sendall(BODY)
        stream.shutdown()
        received = stream.recv_all()
    return received, b"".join(arrived)


def of(node: Node, version: int) -> Address:
    return node.ipv4 if version == 4 else node.ipv6


def kernel_socket(node: Node, version: int) -> socket.socket:
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    return node.socket(family, socket.SOCK_STREAM)


def listening(node: Node, version: int = 4) -> socket.socket:
    sock = kernel_socket(node, version)
    sock.bind((str(of(node, version)), 0))
    sock.listen(5)
    sock.settimeout(PATIENCE)
    return sock


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("ecn", [False, True], ids=["", "asking for ECN"])
@pytest.mark.parametrize("version", [4, 6])
def test_every_kernel_gets_on_with_our_client_and_our_server(
    kernel: str, ecn: bool, version: int
) -> None:
    settings = Settings(mtu=0xFFFF, msl=0.05, ecn=ecn)
    if kernel == "BBR" and "bbr" not in ALGORITHMS.read_text():
        pytest.skip("this kernel has no BBR")
    with lab.pair(sysctls=KERNELS[kernel]) as net:
        host = of(net.last, version)
        with listening(net.last, version) as server:
            port = server.getsockname()[1]
            ours = connect(host, port, settings=settings, timeout=PATIENCE, at=net.first)
            there, _ = server.accept()
            as_client = converse(ours, there)
        with listen(host, settings=settings, at=net.last) as waiting:
            waiting.timeout = PATIENCE
            client = kernel_socket(net.first, version)
            client.settimeout(PATIENCE)
            client.connect((str(waiting.address), waiting.port))
            as_server = converse(waiting.accept(), client)

    assert as_client == as_server == (BODY, BODY)


TROUBLES = (
    "tcp.analysis.retransmission",
    "tcp.analysis.out_of_order",
    "tcp.analysis.ack_lost_segment",
    "tcp.analysis.zero_window",
    "tcp.checksum.status==0",
    "ip.checksum.status==0",
    "_ws.malformed",
)


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")
def test_tshark_finds_nothing_wrong_with_what_we_send(tmp_path: Path) -> None:
    file = tmp_path / "x.pcap"
    # No timer of ours may run out because the machine is busy.
    patient = Settings(mtu=0xFFFF, msl=0.05, rack=False, rto_min=10.0)
    with lab.pair() as net, listening(net.last) as server:
        ours = str(net.first.ipv4)
        with Capture(net.first, "eth0") as capture:
            stream = connect(net.last.ipv4, server.getsockname()[1], settings=patient, at=net.first)
            there, _ = server.accept()
            answer = converse(stream, there)
            frames = capture.during(0.1)
    with CaptureWriter(file) as writer:
        for frame in frames:
            writer.write(frame.octets, int(frame.time * 1e9))

    checks = ("-o", "tcp.check_checksum:TRUE", "-o", "ip.check_checksum:TRUE")
    wrong = f"ip.src=={ours} && ({' || '.join(TROUBLES)})"
    found = tshark(file, *checks, "-Y", wrong)
    all_of_ours = tshark(file, "-Y", f"ip.src=={ours} && tcp.len>0")
    resets = tshark(file, "-Y", "tcp.flags.reset==1")

    assert answer == (BODY, BODY)
    assert found == []
    assert resets == []
    assert len(all_of_ours) >= len(BODY) // 1460


def tshark(file: Path, *words: str) -> list[str]:
    """Return a line for each packet that a filter finds."""
    command = ["tshark", "-n", "-r", str(file), *words]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return ran.stdout.splitlines()


def test_a_line_that_loses_and_reorders_spoils_nothing() -> None:
    line = lab.pair(loss=0.03, delay=0.002, reorder=0.05, seed=5)
    with line as net, listening(net.last) as server:
        port = server.getsockname()[1]
        ours = connect(net.last.ipv4, port, settings=QUICK, timeout=PATIENCE, at=net.first)
        there, _ = server.accept()
        answer = converse(ours, there)

    assert answer == (BODY, BODY)
