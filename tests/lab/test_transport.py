"""Targets that speak TCP and UDP, in virtual time (RFC 9293 §3.10.7)."""

import pytest

from rawkit.errors import UsageError
from rawkit.lab.answers import Answer, Target
from rawkit.lab.hop import Hop
from rawkit.lab.responder import Network, Responder
from rawkit.lab.transport import EVERY_PORT, Ports
from rawkit.record import replace
from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import Address
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP
from tests.lab.world import TARGET, US, ask, both, hop_address, ip, only, outer, path

PORTS = Ports(open=(80, 443), silent=range(1000, 2000))
SYN, ACK, RST, FIN = Flags.SYN, Flags.ACK, Flags.RST, Flags.FIN
START = 0xFFFF_FFFF
"""A sequence number after which they wrap."""


def world(tcp: Ports = PORTS, udp: Ports = PORTS, answer: Answer = Answer.REPLY) -> Responder:
    target = Target((answer,), tcp=tcp, udp=udp)
    targets: dict[Address | Network, Target] = {TARGET[4]: target, TARGET[6]: target}
    return path(Hop(delay=0.01), Hop(), targets=targets)


def segment(version: int, port: int, flags: Flags, **fields: int) -> Packet:
    header = TCP(40000, port, fields.pop("sequence", START), flags=flags)
    return ip(version) / replace(header, **fields)


def said(packet: Packet) -> tuple[int, int, Flags]:
    header = packet[TCP]
    assert (header.dst_port, packet.payload) == (40000, b"")
    return header.sequence, header.acknowledgment, header.flags


@both
def test_an_open_port_takes_a_connection(version: int) -> None:
    ((after, answer),) = ask(world(), segment(version, 80, SYN))

    assert after == 0.02
    assert (outer(answer).src, outer(answer).dst) == (TARGET[version], US[version])
    assert answer[TCP].src_port == 80
    assert said(answer)[1:] == (0, SYN | ACK), "the SYN counts, and numbers wrap"
    assert outer(answer).ttl == 62
    again = dissect_again(answer)
    assert again[TCP].checksum == answer[TCP].checksum


def dissect_again(packet: Packet) -> Packet:
    """Return the packet with its checksums worked out anew."""
    from rawkit.wire.dissect import dissect_ip

    return dissect_ip(bytes(packet.replace(TCP, checksum=None)))


@both
def test_a_whole_connection(version: int) -> None:
    server = world()
    start, *_ = said(only(ask(server, segment(version, 80, SYN))))
    ours = {"sequence": 0, "acknowledgment": start + 1}

    assert ask(server, segment(version, 80, ACK, **ours)) == []
    data = only(ask(server, segment(version, 80, ACK, **ours) / b"hello"))
    assert said(data) == (start + 1, 5, ACK)
    end = only(ask(server, segment(version, 80, ACK | FIN, sequence=5, acknowledgment=start + 1)))
    assert said(end) == (start + 1, 6, ACK | FIN)
    assert ask(server, segment(version, 80, ACK, sequence=6, acknowledgment=start + 2)) == []


CLOSED = [
    (81, SYN, 0, b"", (0, 0, RST | ACK)),
    (81, SYN, 0, b"data", (0, 4, RST | ACK)),
    (81, Flags(0), 0, b"", (0, START, RST | ACK)),
    (81, FIN, 0, b"", (0, 0, RST | ACK)),
    (81, ACK, 4711, b"", (4711, 0, RST)),
    (81, SYN | ACK, 4711, b"", (4711, 0, RST)),
    (80, ACK, 4711, b"", (4711, 0, RST)),
    (80, SYN | ACK, 4711, b"", (4711, 0, RST)),
]


@both
@pytest.mark.parametrize(("port", "flags", "acknowledgment", "payload", "answer"), CLOSED)
def test_what_belongs_to_no_connection_is_reset(
    version: int,
    port: int,
    flags: Flags,
    acknowledgment: int,
    payload: bytes,
    answer: tuple[int, int, Flags],
) -> None:
    sent = segment(version, port, flags, acknowledgment=acknowledgment) / payload

    assert said(only(ask(world(), sent))) == answer


@both
@pytest.mark.parametrize(
    ("port", "flags"),
    [(1500, SYN), (1500, ACK), (80, RST), (81, RST | ACK), (80, FIN), (80, Flags(0))],
)
def test_some_segments_are_not_answered(version: int, port: int, flags: Flags) -> None:
    assert ask(world(), segment(version, port, flags)) == []


@both
def test_a_dead_target_does_not_speak_tcp(version: int) -> None:
    dead = world(answer=Answer.SILENT)

    for port in (80, 81):
        assert ask(dead, segment(version, port, SYN)) == []
        assert ask(dead, ip(version) / UDP(40000, port) / b"x") == []


@both
def test_a_connection_is_told_from_all_others(version: int) -> None:
    server = world()
    starts = {
        said(only(ask(server, ip(version) / TCP(40000, port, START))))[0] for port in (80, 443)
    }

    assert len(starts) == 2
    wrong = segment(version, 80, ACK, acknowledgment=(min(starts) + 3) % (1 << 32))
    assert said(only(ask(server, wrong)))[2] == RST


@both
def test_an_open_udp_port_sends_datagrams_back(version: int) -> None:
    answer = only(ask(world(), ip(version) / UDP(40000, 443) / b"hello"))

    assert (answer[UDP].src_port, answer[UDP].dst_port) == (443, 40000)
    assert (outer(answer).src, answer.payload) == (TARGET[version], b"hello")


@both
def test_other_udp_ports_are_closed_or_silent(version: int) -> None:
    error = only(ask(world(), ip(version) / UDP(40000, 33434) / b"hello"))

    assert (icmp.Unreachable if version == 4 else icmpv6.Unreachable) in error
    assert ask(world(), ip(version) / UDP(40000, 1999) / b"hello") == []
    assert ask(world(udp=Ports(silent=EVERY_PORT)), ip(version) / UDP(40000, 9) / b"x") == []


@both
def test_routers_refuse_connections(version: int) -> None:
    sent = ip(version, dst=hop_address(2, version)) / TCP(40000, 179, START)

    answer = only(ask(world(), sent))

    assert said(answer) == (0, 0, RST | ACK)
    assert outer(answer).src == hop_address(2, version)


@both
def test_a_ttl_that_runs_out_stops_a_segment_too(version: int) -> None:
    error = only(ask(world(), ip(version, ttl=2) / TCP(40000, 80, START)))

    assert outer(error).src == hop_address(2, version)
    assert error[TCP].sequence == START


def test_ports_are_a_collection() -> None:
    with pytest.raises(UsageError, match="open: 80"):
        Ports(open=80)  # type: ignore[arg-type]  # on purpose
