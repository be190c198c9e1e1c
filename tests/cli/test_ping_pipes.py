"""What ``rawkit ping`` puts around its socket."""

import time
from contextlib import suppress
from io import BytesIO
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from rawkit.cli.ping_pipes import UserTimes
from rawkit.sockets.packet_io import PacketIO, VolleyIO
from rawkit.sockets.tee import PcapTee
from rawkit.wire import icmp
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.news import (
    Dropped,
    Fired,
    News,
    Opened,
    Salvo,
    Transmitted,
    Volley,
    Volleyed,
)
from rawkit.wire.packet import Packet
from rawkit.wire.received import Clock, Received

HERE, THERE = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7")
REQUEST = IPv4(HERE, THERE) / icmp.EchoRequest(7, 1) / b"abc"
REPLY = IPv4(THERE, HERE) / icmp.EchoReply(7, 1) / b"abc"


class Canned:
    """A pipe that tells what it is given to tell."""

    def __init__(self, *news: News) -> None:
        self.news = list(news)
        self.sent: list[Packet] = []
        self.closed = 0

    def send(self, packet: Packet) -> None:
        self.sent.append(packet)

    def receive(self) -> News | None:
        return self.news.pop(0) if self.news else None

    def play(self, volley: Volley) -> Volleyed:
        return Volleyed(volley, (1.0,), (0.5,))

    def fire(self, salvo: Salvo) -> Fired:
        return Fired(salvo, (1.0,))

    def fileno(self) -> int:
        return 77

    def close(self) -> None:
        self.closed += 1


def everything(io: PacketIO) -> list[News]:
    return list(iter(io.receive, None))


def test_with_user_times_each_request_is_sent_and_timed_alone() -> None:
    inner = Canned(Opened("raw socket"))
    io = UserTimes(inner)

    assert isinstance(inner, VolleyIO)
    assert not isinstance(io, VolleyIO)
    io.send(REQUEST)
    io.close()
    assert (inner.sent, inner.closed, io.fileno()) == ([REQUEST], 1, 77)
    assert everything(io) == [Opened("raw socket")]


def test_user_times_are_those_at_which_packets_pass() -> None:
    io = UserTimes(Canned(Dropped(3), Transmitted(REQUEST, 1.0), Received(REPLY, 2.0)))

    before = time.monotonic()
    io.send(REQUEST)
    dropped, transmitted, received = everything(io)

    assert dropped == Dropped(3)
    assert isinstance(transmitted, Transmitted)
    assert isinstance(received, Received)
    assert before <= transmitted.time <= received.time <= time.monotonic()
    assert (transmitted.clock, received.clock) == (Clock.USER, Clock.USER)
    assert received.packet == REPLY


def test_a_capture_holds_what_left_and_what_came(tmp_path: Path) -> None:
    scapy = pytest.importorskip("scapy.utils")
    now = time.monotonic()
    never_left = REQUEST.replace(icmp.EchoRequest, sequence=2)
    inner = Canned(Transmitted(REQUEST, now), Dropped(1), Received(REPLY, now + 1.5e-6))

    with (tmp_path / "file").open("wb") as file:
        io = PcapTee(inner, file)
        io.send(REQUEST)
        io.send(never_left)
        told = everything(io)
        io.close()

    with scapy.RawPcapReader(str(tmp_path / "file")) as reader:
        packets = list(reader)
        assert (reader.linktype, reader.nano) == (101, True)
    assert [octets for octets, _ in packets] == [bytes(REQUEST), bytes(REPLY)]
    first, second = ((about.sec, about.usec) for _, about in packets)
    assert abs(first[0] - time.time()) < 5
    gap = (second[0] - first[0]) * 10**9 + second[1] - first[1]
    assert gap == pytest.approx(1500, abs=5)
    assert len(told) == 3
    assert (inner.sent, inner.closed) == ([REQUEST, never_left], 1)


def test_a_capture_is_complete_at_any_moment(tmp_path: Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        io = PcapTee(Canned(Received(REPLY, 1.0)), file)
        everything(io)

        assert path.read_bytes().endswith(bytes(REPLY))


def test_a_full_disk_is_told_of_with_the_name_of_the_file() -> None:
    file = Path("/dev/full").open("wb")  # noqa: SIM115  # closing fails, too
    io = PcapTee(Canned(Received(REPLY, 1.0)), file)

    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        everything(io)

    with suppress(OSError):
        file.close()


def test_a_capture_plays_no_volleys() -> None:
    assert not isinstance(PcapTee(Canned(), BytesIO()), VolleyIO)
