"""Packet sockets with a ring: what comes is there, all of it, once."""

import os
import pickle
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from rawkit.errors import NoRoute, UsageError
from rawkit.filters.filter import Filter
from rawkit.filters.links import Link
from rawkit.lab import Lab
from rawkit.lab.topology import Node
from rawkit.sockets import frame_ring, ring
from rawkit.sockets.bpf import attach
from rawkit.sockets.fanout import Fanout
from rawkit.sockets.frame_ring import PATIENCE, FrameRing, open_ring
from rawkit.sockets.frames import FrameSocket
from rawkit.sockets.keeping import Keeping
from rawkit.sockets.options import ETH_P_ALL
from rawkit.sockets.ring import BLOCK, SlotRing
from rawkit.sockets.settings import Settings
from rawkit.wire.address import MAC
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.link import VLAN, Direction
from rawkit.wire.news import Dropped, Opened
from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock
from rawkit.wire.received_frame import ReceivedFrame
from tests.contract.packet_io import CHECKS, Check, Subject, echo_requests
from tests.sockets.test_frames import IDENTIFIER, IPOverFrames, ip, mac_of, reply_filter

pytestmark = pytest.mark.netns

LabFactory = Callable[..., Lab]
Open = Callable[..., Any]
NOBODYS = 0x88B5
"""An EtherType for experiments (IEEE 802)."""
LONG_ENOUGH = 30.0
"""Seconds: no test may fail because its machine is slow."""
OURS: dict[str, Any] = {"program": Filter.compile(f"ether proto {NOBODYS}", Link.FRAMES).program}
"""Other frames are of no account; all protocols are heard, as only then tags are told."""


@pytest.fixture
def open_on() -> Iterator[Open]:
    opened: list[FrameSocket] = []

    def open_socket(node: Node, kind: type[FrameSocket] = FrameRing, **wanted: Any) -> FrameSocket:
        with node.here():
            opened.append(kind(wanted.pop("interface", "eth0"), ETH_P_ALL, **{**OURS, **wanted}))
        return opened[-1]

    yield open_socket
    for io in opened:
        io.close()


def send(node: Node, *payloads: bytes, to: MAC, tag: bytes = b"") -> None:
    """Send frames from a node, the way a program does."""
    with node.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind(("eth0", 0))
        for payload in payloads:
            sock.send(bytes(to) + bytes(mac_of(node)) + tag + b"\x88\xb5" + payload)


def numbered(count: int, size: int = 60) -> list[bytes]:
    return [number.to_bytes(4, "big") + bytes(size - 4) for number in range(count)]


def number_of(frame: ReceivedFrame) -> int:
    return int.from_bytes(frame.packet.payload[:4], "big")


def frames_of(io: FrameSocket, count: int) -> list[ReceivedFrame]:
    """Return the next frames, waiting as long as it takes."""
    found: list[ReceivedFrame] = []
    end = time.monotonic() + LONG_ENOUGH
    while len(found) < count and time.monotonic() < end:
        news = io.receive()
        if isinstance(news, ReceivedFrame):
            found.append(news)
        elif news is None:
            select.select([io.fileno()], [], [], PATIENCE)
    return found


def rest_of(io: FrameSocket) -> list[Any]:
    """Return all that comes after a stop."""
    found: list[Any] = []
    end = time.monotonic() + LONG_ENOUGH
    while time.monotonic() < end:
        news = io.receive()
        if news is not None:
            found.append(news)
        elif io.is_empty:
            return found
        else:
            select.select([io.fileno()], [], [], PATIENCE)
    raise AssertionError(f"it does not end: {io.counts()}, {len(found)} were told")


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("version", [4, 6])
def test_it_keeps_the_contract(check: Check, version: int, pair: LabFactory) -> None:
    net = pair()
    here, there = net.first, net.last
    ether_type = 0x0800 if version == 4 else 0x86DD
    with here.here():
        inner = FrameRing("eth0", ether_type, program=reply_filter(version))
    src, dst = (here.ipv4, there.ipv4) if version == 4 else (here.ipv6, there.ipv6)

    requests = echo_requests(src, dst, IDENTIFIER)
    try:
        check(Subject(IPOverFrames(inner, mac_of(there)), requests))
    finally:
        inner.close()


def test_a_frame_is_told_as_by_a_socket_without_a_ring(pair: LabFactory, open_on: Open) -> None:
    net = pair()
    ring_io, plain = open_on(net.last), open_on(net.last, FrameSocket)
    tag = (0b101 << 13 | 1 << 12 | 42).to_bytes(2, "big")

    send(net.first, b"untagged" + bytes(40), to=mac_of(net.last))
    send(net.first, b"tagged" + bytes(40), to=mac_of(net.last), tag=b"\x88\xa8" + tag)
    by_ring, by_reading = frames_of(ring_io, 2), frames_of(plain, 2)

    for one, other in zip(by_ring, by_reading, strict=True):
        assert abs(one.time - other.time) < 0.1
        assert abs(one.time_ns - other.time_ns) < 10**8
        assert (one.packet, one.interface, one.vlan, one.direction, one.checksum, one.number) == (
            other.packet, other.interface, other.vlan, other.direction, other.checksum, other.number
        )  # fmt: skip
        assert (one.octets, one.length, one.link_type) == (
            other.octets, other.length, other.link_type
        )  # fmt: skip
        assert one.clock is other.clock is Clock.KERNEL
    assert [one.vlan for one in by_ring] == [None, VLAN(42, 5, True, 0x88A8)]
    assert by_ring[1].octets[12:18] == b"\x88\xa8" + tag + b"\x88\xb5"
    assert by_ring[1].length == len(by_ring[1].octets) == 14 + 4 + 46


def test_real_time_and_monotonic_time_are_those_of_the_arrival(
    pair: LabFactory, open_on: Open
) -> None:
    net = pair()
    io = open_on(net.last)

    before, before_ns = time.monotonic(), time.time_ns()
    send(net.first, bytes(60), to=mac_of(net.last))
    after, after_ns = time.monotonic(), time.time_ns()
    time.sleep(0.05)
    (frame,) = frames_of(io, 1)

    assert before - 1e-4 <= frame.time <= after + 1e-4
    assert before_ns - 10**5 <= frame.time_ns <= after_ns + 10**5


def test_a_stop_right_after_the_last_frame_loses_none(pair: LabFactory, open_on: Open) -> None:
    """A block that is still being filled is handed over, too, and waited for."""
    net = pair()
    io = open_on(net.last)

    send(net.first, *numbered(500), to=mac_of(net.last))
    io.stop()
    send(net.first, b"too late", to=mac_of(net.last))
    found = [one for one in rest_of(io) if isinstance(one, ReceivedFrame)]

    assert [number_of(one) for one in found] == list(range(500))
    assert [one.number for one in found] == list(range(1, 501))
    assert io.counts() == (500, 0)


def test_what_finds_no_room_is_counted_to_the_last(pair: LabFactory, open_on: Open) -> None:
    net = pair()
    io = open_on(net.last, octets=2 * BLOCK)

    send(net.first, *numbered(1000, 1000), to=mac_of(net.last))
    io.stop()
    news = rest_of(io)

    told = [one for one in news if isinstance(one, ReceivedFrame)]
    dropped = sum(one.count for one in news if isinstance(one, Dropped))
    assert 0 < len(told) < 1000
    assert [number_of(one) for one in told] == list(range(len(told)))
    assert len(told) + dropped == 1000
    assert io.counts() == (1000, dropped)


def test_nobody_reads_for_a_while_and_nothing_is_lost(
    pair: LabFactory, open_on: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A block with one frame is as full as any: a reader who sleeps is not to lose by it."""
    net = pair()
    monkeypatch.setattr(frame_ring, "PATIENCE", 0.001)
    io = open_on(net.last, octets=4 * BLOCK)
    keeping = Keeping(io)

    for payload in numbered(40):
        send(net.first, payload, to=mac_of(net.last))
        time.sleep(0.004)
    keeping.end()
    io.stop()

    found = [number_of(one) for one in rest_of(io) if isinstance(one, ReceivedFrame)]
    assert found == list(range(40))
    assert io.counts() == (40, 0)


def test_keeping_ends_where_there_is_no_more_room(
    pair: LabFactory, open_on: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    net = pair()
    monkeypatch.setattr(ring, "KEPT", BLOCK)
    io = open_on(net.last, octets=2 * BLOCK)
    keeping = Keeping(io)

    for _ in range(8):
        send(net.first, *numbered(200, 1000), to=mac_of(net.last))
        time.sleep(2 * PATIENCE)
    keeping.end()
    keeping.end()
    io.stop()
    news = rest_of(io)

    told = sum(isinstance(one, ReceivedFrame) for one in news)
    assert 200 < told < 1600
    assert io.counts() == (1600, 1600 - told)


def test_a_ring_goes_round_many_times(pair: LabFactory, open_on: Open) -> None:
    net = pair()
    io = open_on(net.last, octets=2 * BLOCK)
    found: list[int] = []

    for start in range(0, 2000, 50):
        payloads = [(start + n).to_bytes(4, "big") + bytes(996) for n in range(50)]
        send(net.first, *payloads, to=mac_of(net.last))
        found += [number_of(one) for one in frames_of(io, 50)]

    assert found == list(range(2000))
    assert io.counts() == (2000, 0)


def test_all_interfaces_are_heard_and_named(line: LabFactory, open_on: Open) -> None:
    net = line(hops=1)
    (router,) = net.routers
    io = open_on(router, interface=None)

    send(net.first, b"left" + bytes(50), to=MAC(b"\xff" * 6))
    send(net.last, b"right" + bytes(50), to=MAC(b"\xff" * 6))

    heard = {frame.packet.payload[:4]: frame.interface for frame in frames_of(io, 2)}
    assert heard == {b"left": "eth0", b"righ": "eth1"}


def test_nothing_is_from_before_the_filter(pair: LabFactory, open_on: Open) -> None:
    """A socket of all interfaces hears from its opening on: that is neither told nor counted."""
    net = pair()
    stop = threading.Event()

    def talk() -> None:
        with net.first.here(), socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
            sock.bind(("eth0", 0))
            while not stop.is_set():
                sock.send(bytes(mac_of(net.last)) + bytes(6) + b"\x88\xb5" + bytes(60))

    talking = threading.Thread(target=talk)
    talking.start()
    try:
        for kind in (FrameRing, FrameSocket):
            with net.last.here():
                io = kind(None, program=b"\x06\0\0\0\0\0\0\0")
            time.sleep(0.05)
            io.stop()
            assert not any(isinstance(one, ReceivedFrame) for one in rest_of(io))
            assert io.counts() == (0, 0)
            io.close()
    finally:
        stop.set()
        talking.join()


def test_a_frame_that_is_not_kept_whole_is_cut_and_says_so(pair: LabFactory, open_on: Open) -> None:
    net = pair(mtu=1500)
    program = Filter.compile(f"ether proto {NOBODYS}", Link.FRAMES, keep=64).program
    io = open_on(net.last, program=program)

    send(net.first, bytes(range(200)), to=mac_of(net.last))
    (frame,) = frames_of(io, 1)

    assert (len(frame.octets), frame.length, frame.is_cut) == (64, 214, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("link", "set", "eth0", "down"), "eth0 is down"),
        (("link", "delete", "eth0"), "eth0 is gone"),
    ],
)
def test_an_interface_that_vanishes_is_told_in_one_line(
    words: tuple[str, ...], said: str, pair: LabFactory, open_on: Open
) -> None:
    node = pair().first
    io = open_on(node)

    ip(node, *words)

    with pytest.raises(NoRoute, match=said):
        frames_of(io, 1)


def test_an_interface_that_is_not_there_is_a_users_mistake(pair: LabFactory) -> None:
    with pair().first.here(), pytest.raises(UsageError, match="no interface 'eth9' here"):
        FrameRing("eth9")


def test_the_first_news_is_what_it_is(pair: LabFactory) -> None:
    with pair().first.here():
        io = open_ring("eth0", octets=1 << 20)

    opened = io.receive()
    io.close()

    assert opened == Opened("packet ring", "1 MiB, TPACKET_V3")


def test_where_there_is_no_ring_it_goes_without(
    pair: LabFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    monkeypatch.setattr(frame_ring, "BlockRing", refuse)
    with pair().first.here():
        io = open_ring("eth0")

    opened = io.receive()
    io.close()

    assert opened == Opened("packet socket", "no ring: Cannot allocate memory")


# Slots


def test_a_slot_holds_a_frame_with_its_tag(pair: LabFactory) -> None:
    net = pair()
    with net.last.here():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
    slots = SlotRing(sock, 1 << 20, 1500)
    attach(sock, OURS["program"])
    sock.bind(("eth0", ETH_P_ALL))

    send(net.first, b"plain" + bytes(50), to=mac_of(net.last))
    send(net.first, b"tagged" + bytes(50), to=mac_of(net.last), tag=b"\x81\x00\x00\x07")
    taken = [slots.take(), slots.take()]
    end = slots.take()
    sock.close()
    slots.close()

    assert end is None
    assert [one is not None and one[3][12:18] for one in taken] == [
        b"\x88\xb5plai",
        b"\x81\x00\x00\x07\x88\xb5",
    ]


# Groups


def test_a_group_shares_what_comes(pair: LabFactory, open_on: Open) -> None:
    net = pair()
    group = Fanout("balance")
    ios = [open_on(net.last, fanout=group) for _ in range(3)]

    send(net.first, *numbered(300), to=mac_of(net.last))
    for io in ios:
        io.stop()
    shares = [[number_of(o) for o in rest_of(io) if isinstance(o, ReceivedFrame)] for io in ios]

    assert sorted(number for share in shares for number in share) == list(range(300))
    assert [len(share) for share in shares] == [100, 100, 100]


@pytest.mark.parametrize("kind", [FrameRing, FrameSocket])
def test_who_joins_a_group_hears_nothing_that_another_has_heard(
    kind: type[FrameSocket], pair: LabFactory, open_on: Open
) -> None:
    net = pair()
    with net.first.socket(socket.AF_PACKET, socket.SOCK_RAW) as sock:
        sock.bind(("eth0", 0))
        talking = os.fork()
        if talking == 0:
            head = bytes(mac_of(net.last)) + bytes(6) + b"\x88\xb5"
            for number in range(1 << 18):  # at most: its parent will end it
                sock.send(head + number.to_bytes(4, "big") + bytes(56))
            os._exit(0)
    try:
        group = Fanout("balance", defragment=False)
        settings = Settings(receive_buffer=1 << 24)
        ios = [open_on(net.last, kind, fanout=group, settings=settings) for _ in range(5)]
    finally:
        os.kill(talking, signal.SIGKILL)
        os.waitpid(talking, 0)
    for io in ios:
        io.stop()
    heard = [number_of(o) for io in ios for o in rest_of(io) if isinstance(o, ReceivedFrame)]

    assert len(heard) == len(set(heard))


def test_every_new_group_has_a_number_of_its_own(pair: LabFactory, open_on: Open) -> None:
    node = pair().last
    groups = [Fanout(), Fanout()]
    for group in groups:
        open_on(node, fanout=group)

    numbers = [group.number for group in groups]

    assert None not in numbers
    assert len({*numbers}) == 2


def test_a_copy_of_a_group_in_another_process_is_the_same(pair: LabFactory, open_on: Open) -> None:
    net = pair()
    group = Fanout("balance")
    io = open_on(net.last, fanout=group)
    told, theirs = os.pipe()
    ready, go = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            copied = pickle.loads(pickle.dumps(group))
            with net.last.here():
                other = FrameRing("eth0", ETH_P_ALL, **OURS, fanout=copied)
            os.write(theirs, b"+")
            os.read(ready, 1)
            other.stop()
            count = sum(isinstance(one, ReceivedFrame) for one in rest_of(other))
            os.write(theirs, f"{copied.number} {count}".encode())
        finally:
            os._exit(0)
    assert os.read(told, 1) == b"+"

    send(net.first, *numbered(100), to=mac_of(net.last))
    os.write(go, b"+")
    number, share = os.read(told, 100).split()
    os.waitpid(child, 0)
    for fd in (told, theirs, ready, go):
        os.close(fd)
    io.stop()

    assert int(number) == group.number
    assert int(share) == 50
    assert sum(isinstance(one, ReceivedFrame) for one in rest_of(io)) == 50


def test_what_is_no_group_is_refused(pair: LabFactory) -> None:
    with pytest.raises(UsageError, match="fanout mode is 'odd', not one of hash"):
        Fanout("odd")  # type: ignore[arg-type]  # on purpose
    group = Fanout("balance")
    node = pair().last
    with node.here():
        one = FrameRing("eth0", NOBODYS, fanout=group)
        other = Fanout("cpu", number=group.number)
        with pytest.raises(UsageError, match=f"fanout group {group.number} is none of this"):
            FrameRing("eth0", NOBODYS, fanout=other)
    one.close()


def test_a_frame_that_is_sent_is_heard_on_its_way_out(pair: LabFactory) -> None:
    node = pair().first
    with node.here():
        io, mouth = FrameRing("eth0"), FrameSocket("eth0", 0)
    frame = Ethernet(MAC(b"\xff" * 6), mac_of(node), NOBODYS) / b"away"

    mouth.send(frame)
    (found,) = (one for one in frames_of(io, 1) if one.packet.payload == b"away")
    for each in (io, mouth):
        each.close()

    assert found.packet == Packet((Ethernet(MAC(b"\xff" * 6), mac_of(node), NOBODYS),), b"away")
    assert found.direction is Direction.OUT
