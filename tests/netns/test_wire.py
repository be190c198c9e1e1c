"""The user-space wire between real kernels: what goes in, what comes out, and when."""

import os
import signal
import socket
import statistics
import struct
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest

from rawkit.errors import LabError, UsageError
from rawkit.lab.impairment import Impairment
from rawkit.lab.namespace import Namespace
from rawkit.lab.wire import Wire
from rawkit.record import as_dict
from tests.netns.capture import Capture, Frame
from tests.netns.leftovers import descriptors, names, survives_its_parent

pytestmark = pytest.mark.netns

A4, B4 = "192.0.2.1", "192.0.2.2"
A6, B6 = "2001:db8::1", "2001:db8::2"
PORT = 9
BROADCAST, SOMEBODY = b"\xff" * 6, bytes.fromhex("0200 5e10 0001")
ETH_P_ALL = 0x0003
SOL_PACKET, PACKET_AUXDATA, VLAN_VALID = 263, 8, 0x10


@pytest.fixture
def nodes() -> Iterator[tuple[Namespace, Namespace]]:
    with Namespace("a") as a, Namespace("b") as b:
        for node in (a, b):
            for which in ("all", "default"):
                node.sysctl(f"net.ipv6.conf.{which}.accept_dad", 0)
                node.sysctl(f"net.ipv6.conf.{which}.router_solicitations", 0)
        yield a, b


@contextmanager
def wired(nodes: tuple[Namespace, Namespace], wire: Wire) -> Iterator[Wire]:
    """Put addresses on a wire, and a socket at each end of it."""
    a, b = nodes
    with wire:
        for node, name, ipv4, ipv6 in (
            (a, wire.interface_a, A4, A6),
            (b, wire.interface_b, B4, B6),
        ):
            command(node, f"ip address add {ipv4}/24 dev {name}")
            command(node, f"ip address add {ipv6}/64 dev {name} nodad")
        yield wire


def command(node: Namespace, line: str) -> str:
    process = node.popen(line.split(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 0, output
    return output


class Flow:
    """Numbered datagrams from one node to the other, and the frames they were."""

    def __init__(self, nodes: tuple[Namespace, Namespace], wire: Wire, size: int = 64) -> None:
        a, b = nodes
        self.size = size
        self.captures = Capture(a, wire.interface_a), Capture(b, wire.interface_b)
        self.sender = a.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.receiver = b.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.receiver.bind((B4, PORT))

    def __enter__(self) -> "Flow":
        # Have the neighbour found first: three datagrams would wait for it, the rest be lost.
        self.receiver.settimeout(0.2)
        for _ in range(50):
            self.sender.sendto(b"hello", (B4, PORT))
            try:
                self.receiver.recv(100)
                break
            except TimeoutError:
                continue
        for capture in self.captures:
            capture.during(0.05)
        return self

    def __exit__(self, *_: object) -> None:
        for each in (*self.captures, self.sender, self.receiver):
            each.__exit__(None, None, None)

    def send(self, count: int, gap: float = 0.0) -> None:
        for number in range(count):
            self.sender.sendto(number.to_bytes(4, "big").ljust(self.size, b"."), (B4, PORT))
            if gap:
                time.sleep(gap)

    def sent(self) -> dict[int, Frame]:
        frames = self.captures[0].until(self._ours, 1 << 30, 0.2)
        return {self._number(frame): frame for frame in frames}

    def arrived(self, wait: float = 0.2) -> list[tuple[int, Frame]]:
        frames = self.captures[1].until(self._ours, 1 << 30, wait)
        return [(self._number(frame), frame) for frame in frames]

    def _ours(self, frame: Frame) -> bool:
        return len(frame.octets) == 42 + self.size and frame.octets[12:14] == b"\x08\x00"

    def _number(self, frame: Frame) -> int:
        return int.from_bytes(frame.octets[42:46], "big")


def test_ping_reaches_the_other_node_by_both_families(
    nodes: tuple[Namespace, Namespace],
) -> None:
    with wired(nodes, Wire(*nodes, delay=0.010)) as wire:
        four = command(nodes[0], f"ping -q -c4 -i0.05 {B4}")
        six = command(nodes[0], f"ping -q -c4 -i0.05 {B6}")
        counts = wire.counts

    for output in (four, six):
        assert "4 received" in output
        assert 20.0 <= float(output.split("= ")[1].split("/")[0]) < 23.0
    assert counts.forth.delivered >= 10, "8 requests, and the questions for the neighbour"
    assert counts.missed == 0


@pytest.mark.alone
def test_the_median_delay_is_right_within_50_microseconds(
    nodes: tuple[Namespace, Namespace],
) -> None:
    """By the kernel's own stamps: from leaving one node to reaching the other."""
    with wired(nodes, Wire(*nodes, delay=0.010)) as wire, Flow(nodes, wire) as flow:
        flow.send(300, gap=0.002)
        sent, arrived = flow.sent(), flow.arrived()
    errors = [frame.time - sent[number].time - 0.010 for number, frame in arrived]

    assert len(errors) == 300
    assert min(errors) > -2e-6, "never early"
    assert statistics.median(errors) <= 50e-6


def test_a_perfect_wire_loses_nothing_and_keeps_the_order(
    nodes: tuple[Namespace, Namespace],
) -> None:
    with wired(nodes, Wire(*nodes)) as wire, Flow(nodes, wire) as flow:
        flow.send(1000)
        order = [number for number, _ in flow.arrived()]

    assert order == list(range(1000))
    assert wire.counts.forth.delivered > 1000, "the counts outlive the wire"
    assert wire.counts.forth.lost == 0


def test_frames_are_lost_doubled_and_swapped_as_asked(
    nodes: tuple[Namespace, Namespace],
) -> None:
    wire = Wire(*nodes, delay=0.005, jitter=0.004, loss=0.2, duplicate=0.2, seed=11)
    with wired(nodes, wire), Flow(nodes, wire) as flow:
        flow.send(1000, gap=0.0001)
        order = [number for number, _ in flow.arrived()]
        counts = wire.counts.forth

    assert len(order) == pytest.approx(960, abs=70)
    assert len(set(order)) == pytest.approx(840, abs=50)
    assert sum(after < before for before, after in pairwise(order)) > 100
    assert counts.received + counts.duplicated == counts.delivered + counts.lost + counts.held


def test_a_corrupted_datagram_differs_in_one_bit_and_fails_its_checksum(
    nodes: tuple[Namespace, Namespace],
) -> None:
    with wired(nodes, Wire(*nodes)) as wire, Flow(nodes, wire, size=1000) as flow:
        wire.change(corrupt=1.0)
        flow.send(50)
        sent, arrived = flow.sent(), [frame for _, frame in flow.arrived()]
        flow.receiver.settimeout(0.1)
        with pytest.raises(TimeoutError):
            flow.receiver.recv(2000)

    originals = [int.from_bytes(frame.octets) for frame in sent.values()]
    assert len(arrived) > 40, "a flipped length or version loses a few earlier"
    for frame in arrived:
        flipped = (int.from_bytes(frame.octets) ^ other for other in originals)
        assert min(bits.bit_count() for bits in flipped) == 1


def test_frames_carry_finished_checksums_and_no_more_than_the_mtu(
    nodes: tuple[Namespace, Namespace],
) -> None:
    """A veth of the kernel's own would show 64 kB segments without a checksum."""
    wire = Wire(*nodes, mtu=1400)
    with wired(nodes, wire), Capture(nodes[1], wire.interface_b) as capture:
        received = transfer(nodes, 300_000)
        frames = [f for f in capture.during(0.1) if f.octets[12:14] == b"\x08\x00"]

    assert received == 300_000
    segments = [frame.octets[14:] for frame in frames if not frame.outgoing]
    assert len(segments) > 200
    assert max(len(segment) for segment in segments) == 1400
    assert all(tcp_sum(segment) in (0, 0xFFFF) for segment in segments)


@pytest.mark.alone
def test_tcp_gets_the_rate_of_the_wire_and_not_more(nodes: tuple[Namespace, Namespace]) -> None:
    wire = Wire(*nodes, rate=20e6, delay=0.002, limit=200)
    with wired(nodes, wire):
        begin = time.monotonic()
        received = transfer(nodes, 1_500_000)
        rate = received * 8 / (time.monotonic() - begin)

    assert 15e6 < rate < 20e6


def test_each_direction_can_be_bad_in_its_own_way(nodes: tuple[Namespace, Namespace]) -> None:
    wire = Wire(*nodes, delay=0.030, back=Impairment(delay=0.005))
    with wired(nodes, wire):
        output = command(nodes[1], f"ping -q -c3 -i0.1 {A4}")
    shortest = float(output.split("= ")[1].split("/")[0])

    assert 35.0 <= shortest < 38.0
    assert wire.back == Impairment(delay=0.005, mtu=1500)


def test_a_wire_can_be_cut_and_mended_while_in_use(nodes: tuple[Namespace, Namespace]) -> None:
    with wired(nodes, Wire(*nodes)) as wire, Flow(nodes, wire) as flow:
        wire.change(loss=1.0)
        flow.send(10)
        assert flow.arrived(0.1) == []
        wire.change(loss=0.0)
        flow.send(10)
        assert len(flow.arrived()) == 10
        with pytest.raises(UsageError, match="loss"):
            wire.change(loss=2.0)
        assert wire.forth.loss == 0.0


def test_what_is_longer_than_the_wire_allows_vanishes_without_a_word(
    nodes: tuple[Namespace, Namespace],
) -> None:
    with wired(nodes, Wire(*nodes, mtu=1500)) as wire:
        wire.change(mtu=1300)
        with Flow(nodes, wire, size=1400) as flow:
            flow.send(5)
            assert flow.arrived(0.1) == []
        assert wire.counts.forth.too_big >= 5
        with pytest.raises(UsageError, match="above 1500"):
            wire.change(mtu=9000)


def test_frames_above_the_size_it_was_laid_for_vanish_whole(
    nodes: tuple[Namespace, Namespace],
) -> None:
    with wired(nodes, Wire(*nodes)) as wire:
        for node, name in zip(nodes, (wire.interface_a, wire.interface_b), strict=True):
            command(node, f"ip link set {name} mtu 9000")
        with Flow(nodes, wire, size=6000) as flow:
            flow.send(3)
            assert flow.arrived(0.1) == []
        assert wire.counts.forth.too_big >= 3


def test_a_vlan_tag_goes_through_untouched(nodes: tuple[Namespace, Namespace]) -> None:
    sender = nodes[0].socket(socket.AF_PACKET, socket.SOCK_RAW)
    receiver = nodes[1].socket(socket.AF_PACKET, socket.SOCK_RAW)
    with Wire(*nodes) as wire, sender, receiver:
        sender.bind((wire.interface_a, 0))
        receiver.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        receiver.bind((wire.interface_b, ETH_P_ALL))
        receiver.settimeout(1.0)
        sender.send(BROADCAST + SOMEBODY + bytes.fromhex("8100 2064 88b5") + bytes(range(60)))
        octets, ancillary = b"", list[tuple[int, int, bytes]]()
        while octets[:6] != BROADCAST:
            octets, ancillary, _, _ = receiver.recvmsg(2000, 64)

    status, _, _, _, _, tag, kind = struct.unpack("=IIIHHHH", ancillary[0][2])
    assert octets == BROADCAST + SOMEBODY + bytes.fromhex("88b5") + bytes(range(60))
    assert status & VLAN_VALID
    assert (tag, kind) == (0x2064, 0x8100)


def test_the_kernel_in_the_middle_never_says_a_word(nodes: tuple[Namespace, Namespace]) -> None:
    with Wire(*nodes) as wire:
        for node in nodes:
            node.sysctl("net.ipv6.conf.all.disable_ipv6", 1)
        with Capture(nodes[1], wire.interface_b) as capture:
            begin = wire.counts
            frames = capture.during(0.5)
            end = wire.counts

    assert [frame.octets.hex() for frame in frames if not frame.outgoing] == []
    assert as_dict(begin.forth) == as_dict(end.forth)


def test_names_are_free_ones_unless_given(nodes: tuple[Namespace, Namespace]) -> None:
    with Wire(*nodes) as first, Wire(*nodes) as second:
        assert (first.interface_a, second.interface_b) == ("wire0", "wire1")
        with pytest.raises(LabError, match="wire0"):
            Wire(*nodes, interface_a="wire0")
        assert "wire0" in names(nodes[0]), "the one that was there before stays"


def test_closing_leaves_neither_process_nor_interface_nor_descriptor(
    nodes: tuple[Namespace, Namespace],
) -> None:
    before = descriptors()
    wire = Wire(*nodes)
    pid = wire.pid
    assert names(nodes[0]) == {"lo", "wire0"}

    wire.close()
    wire.close()

    assert names(nodes[0]) == names(nodes[1]) == {"lo"}
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert descriptors() == before


def test_a_wire_that_cannot_be_laid_leaves_nothing(nodes: tuple[Namespace, Namespace]) -> None:
    before = descriptors()

    with pytest.raises(LabError, match="a name far too long for it"):
        Wire(*nodes, interface_b="a name far too long for it")

    assert names(nodes[0]) == names(nodes[1]) == {"lo"}
    assert descriptors() == before


def test_an_interface_taken_down_and_up_again_works_again(
    nodes: tuple[Namespace, Namespace],
) -> None:
    with wired(nodes, Wire(*nodes)) as wire, Flow(nodes, wire) as flow:
        command(nodes[1], f"ip link set {wire.interface_b} down")
        flow.send(3)
        assert flow.arrived(0.1) == []
        assert_sleeps(wire.pid)
        command(nodes[1], f"ip link set {wire.interface_b} up")
        for _ in range(50):  # the kernel starts its queues up to a second after the carrier
            flow.send(3)
            if arrived := flow.arrived(0.1):
                break
        assert len(arrived) == 3


def test_a_wire_torn_off_at_one_end_counts_what_it_cannot_deliver(
    nodes: tuple[Namespace, Namespace],
) -> None:
    with Wire(*nodes) as wire, nodes[0].socket(socket.AF_PACKET, socket.SOCK_RAW) as sender:
        sender.bind((wire.interface_a, 0))
        command(nodes[1], f"ip link delete {wire.interface_b}")
        before = wire.counts.forth.refused
        for _ in range(4):
            sender.send(BROADCAST + SOMEBODY + bytes.fromhex("88b5") + bytes(60))
        time.sleep(0.05)

        assert wire.counts.forth.refused >= before + 4, "the kernel may have sent one of its own"
        assert_sleeps(wire.pid)


def test_the_process_survives_a_ctrl_c_at_the_terminal(nodes: tuple[Namespace, Namespace]) -> None:
    with Wire(*nodes) as wire:
        assert os.getsid(wire.pid) == wire.pid, "it belongs to no terminal"


def test_a_killed_process_is_noticed_and_said(nodes: tuple[Namespace, Namespace]) -> None:
    wire = Wire(*nodes)
    os.kill(wire.pid, signal.SIGKILL)

    with pytest.raises(LabError, match="gone"):
        _ = wire.counts
    wire.close()
    assert names(nodes[0]) == {"lo"}


def test_a_wire_laid_by_a_thread_outlives_the_thread(nodes: tuple[Namespace, Namespace]) -> None:
    wires: list[Wire] = []
    thread = threading.Thread(target=lambda: wires.append(Wire(*nodes)))
    thread.start()
    thread.join()
    time.sleep(0.1)

    with wired(nodes, wires[0]) as wire, Flow(nodes, wire) as flow:
        flow.send(5)
        assert len(flow.arrived()) == 5


@pytest.mark.alone
@pytest.mark.parametrize("laid_by", ["the main thread", "another thread"])
def test_kill_9_of_the_parent_leaves_no_process(laid_by: str) -> None:
    program = PARENT.replace("THREADED", str(laid_by == "another thread"))
    assert not survives_its_parent(program)


PARENT = """
import threading, time
from rawkit.lab.namespace import Namespace
from rawkit.lab.wire import Wire

def lay():
    wires.append(Wire(Namespace("a"), Namespace("b")))

wires = []
if THREADED:
    thread = threading.Thread(target=lay)
    thread.start()
    thread.join()
else:
    lay()
print(wires[0].pid, flush=True)
time.sleep(60)
"""


def assert_sleeps(pid: int) -> None:
    """It must not spin on an error that its socket reports."""
    busy = cpu_time(pid)
    time.sleep(0.3)
    assert cpu_time(pid) - busy < 0.1


def cpu_time(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def transfer(nodes: tuple[Namespace, Namespace], size: int) -> int:
    """Send so many octets over TCP from a to b; return how many came."""
    with nodes[1].socket() as listener, nodes[0].socket() as client:
        listener.bind((B4, 0))
        listener.listen()
        client.settimeout(20)
        client.connect(listener.getsockname())
        server, _ = listener.accept()

        def send() -> None:
            client.sendall(bytes(size))
            client.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        received = 0
        with server:
            server.settimeout(20)
            while octets := server.recv(1 << 16):
                received += len(octets)
        sender.join()
    return received


def tcp_sum(datagram: bytes) -> int:
    """The one's-complement sum over pseudo header and segment: all ones if right."""
    segment = datagram[20:]
    covered = datagram[12:20] + bytes([0, 6]) + len(segment).to_bytes(2, "big") + segment
    return int.from_bytes(covered + bytes(len(covered) % 2)) % 0xFFFF
