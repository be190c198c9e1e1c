"""Ping sockets and raw sockets on a real kernel: what leaves, what comes, what is told."""

import errno
import select
import socket
import statistics
import struct
import time
from ipaddress import IPv4Address
from itertools import pairwise

import pytest

from rawkit.errors import BuildError, UsageError
from rawkit.lab.namespace import Namespace
from rawkit.sockets import options
from rawkit.sockets.kernel import KernelSocket
from rawkit.sockets.ping import PingSocket
from rawkit.sockets.raw import RawSocket
from rawkit.wire import icmp, icmpv6
from rawkit.wire.extended_echo import Reply
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import Dropped, Transmitted, Volley
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Clock, Received
from rawkit.wire.udp import UDP
from tests.netns.capture import Capture
from tests.sockets.echo_host import (
    BOTH_KINDS,
    BOTH_VERSIONS,
    IDENTIFIER,
    LO,
    LO6,
    ROUTER,
    TARGET,
    Open,
    heard,
    news_of,
    received,
    request,
    say,
    tap,
)

pytestmark = pytest.mark.netns

# What leaves


@BOTH_KINDS
@pytest.mark.parametrize(
    "fields",
    [
        {"ttl": 9},
        {"dscp": 46, "ecn": 1},
        {"dont_fragment": True},
        {"dont_fragment": False},
        {"options": bytes.fromhex("07070400000000 00".replace(" ", ""))},
    ],
    ids=str,
)
def test_the_ipv4_header_is_as_the_packet_asks(
    kind: str, fields: dict[str, object], open_on: Open, host: Namespace
) -> None:
    io = open_on(kind)
    with tap(host) as wire:
        io.send(request(sequence=1))
        io.send(request(sequence=2, fields=fields))
        io.send(request(sequence=3))
        packets = [heard(wire, icmp.EchoRequest) for _ in range(3)]

    plain, asked, plain_again = (packet[IPv4] for packet in packets)
    for name, value in fields.items():
        if name != "options":  # those the kernel fills in on their way
            assert getattr(asked, name) == value
    assert len(asked.options) == len(fields.get("options", b""))  # type: ignore[arg-type]  # of a table
    assert plain.options == plain_again.options == b""
    assert (plain.ttl, plain.traffic_class) == (plain_again.ttl, plain_again.traffic_class)


@BOTH_KINDS
@pytest.mark.parametrize(
    "fields", [{"hop_limit": 9}, {"dscp": 46, "ecn": 1}, {"flow_label": 0xABCDE}], ids=str
)
def test_the_ipv6_header_is_as_the_packet_asks(
    kind: str, fields: dict[str, object], open_on: Open, host: Namespace
) -> None:
    io = open_on(kind, 6)
    with tap(host, 6) as wire:
        io.send(request(6, fields=fields))
        packet = heard(wire, icmpv6.EchoRequest)

    assert {name: getattr(packet[IPv6], name) for name in fields} == fields


@BOTH_KINDS
def test_a_flow_label_is_sent_where_somebody_has_leased_another(
    kind: str, open_on: Open, host: Namespace
) -> None:
    with host.socket(socket.AF_INET6, socket.SOCK_DGRAM) as somebody:
        lease_for_oneself(somebody, 0x99999)
        first, second = open_on(kind, 6), open_on(kind, 6)
        with tap(host, 6) as wire:
            for io in (first, second, second):
                io.send(request(6, fields={"flow_label": 5}))
            labels = [heard(wire, icmpv6.EchoRequest)[IPv6].flow_label for _ in range(3)]

    assert labels == [5, 5, 5]


@BOTH_KINDS
def test_a_flow_label_that_is_somebodys_own_is_refused_and_the_next_packet_is_not(
    kind: str, open_on: Open, host: Namespace
) -> None:
    with host.socket(socket.AF_INET6, socket.SOCK_DGRAM) as somebody:
        lease_for_oneself(somebody, 5)
        io = open_on(kind, 6)
        with pytest.raises(OSError, match="flow label 0x00005 is leased to another") as refusal:
            io.send(request(6, fields={"flow_label": 5}))
        io.send(request(6, fields={"flow_label": 6}))

        assert refusal.value.errno == errno.EPERM
        assert received(io).packet[IPv6].src == LO6


def lease_for_oneself(sock: socket.socket, label: int) -> None:
    """Lease a flow label that no other socket may then send (linux/in6.h)."""
    exclusively, create, get = 1, 1, 0
    wish = struct.pack(
        "=16sIBBHHH4x", LO6.packed, socket.htonl(label), get, exclusively, create, 0, 0
    )
    options.IPV6_FLOWLABEL_MGR.set(sock, wish)


@pytest.mark.parametrize(
    ("pmtu", "dont_fragment"), [("do", True), ("want", True), ("probe", True), ("dont", False)]
)
@BOTH_KINDS
def test_a_path_mtu_mode_overrides_the_packets_df_bit(
    kind: str, pmtu: str, dont_fragment: bool, open_on: Open, host: Namespace
) -> None:
    io = open_on(kind, pmtu=pmtu)
    with tap(host) as wire:
        io.send(request(fields={"dont_fragment": not dont_fragment}))

        assert heard(wire, icmp.EchoRequest)[IPv4].dont_fragment is dont_fragment


@BOTH_KINDS
@BOTH_VERSIONS
def test_what_is_too_large_goes_in_fragments(
    kind: str, version: int, open_on: Open, host: Namespace
) -> None:
    host.popen(["ip", "link", "set", "lo", "mtu", "1500"]).wait()
    io = open_on(kind, version)

    io.send(request(version, payload=bytes(5000)))

    departure, answer = news_of(io, 2)
    assert isinstance(departure, Transmitted)
    assert isinstance(answer, Received)
    assert answer.packet.payload == bytes(5000)


@BOTH_KINDS
@BOTH_VERSIONS
def test_what_may_not_be_fragmented_is_refused_and_forgotten(
    kind: str, version: int, open_on: Open, host: Namespace
) -> None:
    host.popen(["ip", "link", "set", "lo", "mtu", "1500"]).wait()
    io = open_on(kind, version, pmtu="do")
    small = [request(version, sequence) for sequence in (2, 3)]

    for packet in small:
        with pytest.raises(OSError, match="too long") as refusal:
            io.send(request(version, 1, payload=bytes(5000)))
        io.send(packet)

    assert refusal.value.errno == errno.EMSGSIZE
    news = news_of(io, 4)
    assert [id(one.packet) for one in news if isinstance(one, Transmitted)] == [*map(id, small)]
    assert [type(one) for one in news].count(Received) == 2
    assert io.receive() is None


@BOTH_KINDS
def test_a_chosen_source_address_is_used(kind: str, open_on: Open) -> None:
    io = open_on(kind, src=ROUTER)
    io.send(IPv4(ROUTER, TARGET) / icmp.EchoRequest(IDENTIFIER, 1))

    assert received(io).packet[IPv4].dst == ROUTER


@BOTH_KINDS
@BOTH_VERSIONS
def test_a_chosen_interface_is_used_and_told(kind: str, version: int, open_on: Open) -> None:
    io = open_on(kind, version, interface="lo", mark=7, dont_route=True, multicast_loop=False)
    io.send(request(version))

    assert received(io).interface == "lo"


@BOTH_KINDS
@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"interface": "nonesuch"}, "no interface 'nonesuch' here"),
        ({"interface": "longer than any name"}, "no interface 'longer than any name' here"),
        ({"src": IPv4Address("192.0.2.1")}, "192.0.2.1 is not an address of this host"),
        ({"src": LO6}, "source address ::1 for packets of IP version 4"),
    ],
)
def test_what_is_not_here_is_named(
    kind: str, wanted: dict[str, object], message: str, open_on: Open
) -> None:
    with pytest.raises(UsageError, match=message):
        open_on(kind, 4, IDENTIFIER, **wanted)


def test_packets_of_another_kind_are_refused(open_on: Open) -> None:
    ping, raw = open_on("ping"), open_on("raw")

    for io, packet in (
        (ping, request(6)),
        (ping, IPv4(LO, TARGET) / UDP(1, 2)),
        (ping, IPv4(LO, TARGET) / icmp.EchoRequest(IDENTIFIER + 1, 1)),
        (ping, Packet()),
        (raw, request(6)),
        (raw, IPv4(LO, TARGET) / UDP(1, 2)),
    ):
        with pytest.raises(BuildError):
            io.send(packet)


# What comes


@BOTH_KINDS
@BOTH_VERSIONS
def test_a_reply_tells_its_ttl_class_and_interface(
    kind: str, version: int, open_on: Open, host: Namespace
) -> None:
    io = open_on(kind, version)
    io.send(request(version, fields={"dscp": 8}))

    reply = received(io)
    ip = reply.packet.headers[0]
    assert isinstance(ip, IPv4 | IPv6)
    assert (ip.ttl, ip.dscp) == (64, 8)  # Linux answers in the class it was asked in
    assert reply.interface == "lo"
    assert reply.clock is Clock.KERNEL
    assert reply.checksum is Checksum.VALID


def test_a_ping_socket_shows_the_options_of_a_reply(open_on: Open) -> None:
    io = open_on("ping")
    record_route = bytes.fromhex("07 0b 04 00000000 00000000 00")
    io.send(request(fields={"options": record_route}))

    options = received(io).packet[IPv4].options
    assert options[:2] == record_route[:2]
    assert options[3:7] == LO.packed  # noted when the request left


def test_a_raw_socket_hears_only_its_own_ping(open_on: Open) -> None:
    ours, theirs = open_on("raw"), open_on("raw", identifier=IDENTIFIER + 1)
    theirs.send(IPv4(LO, TARGET) / icmp.EchoRequest(IDENTIFIER + 1, 1))

    assert len(news_of(theirs, 2)) == 2
    assert ours.receive() is None


def test_a_wrong_checksum_is_told_by_a_raw_socket(open_on: Open, host: Namespace) -> None:
    io = open_on("raw")
    say(host, IPv4(TARGET, LO) / icmp.EchoReply(IDENTIFIER, 1, checksum=0xDEAD))
    say(host, IPv4(TARGET, LO) / icmp.EchoReply(IDENTIFIER, 2))

    assert [received(io).checksum for _ in range(2)] == [Checksum.BAD, Checksum.VALID]


@BOTH_KINDS
@BOTH_VERSIONS
def test_arrivals_that_found_no_room_are_counted(
    kind: str, version: int, open_on: Open, host: Namespace
) -> None:
    host.sysctl("net.ipv4.icmp_ratelimit", 0)
    io = open_on(kind, version, receive_buffer=4096, transmit_stamps=False)
    assert isinstance(io, KernelSocket)
    volley = [request(version, sequence) for sequence in range(20)]

    for packet in volley:  # fewer than are sent before the pipe takes arrivals in by itself
        io.send(packet)
    news = list(iter(io.receive, None))

    arrived = sum(isinstance(one, Received) for one in news)
    (dropped,) = (one.count for one in news if isinstance(one, Dropped))
    assert 0 < arrived < 20
    if kind == "ping":
        assert arrived + dropped == 20
    else:  # our own requests found no room either, before the filter could look at them
        assert 20 < arrived + dropped <= 40


@BOTH_KINDS
@BOTH_VERSIONS
def test_a_burst_larger_than_the_buffer_loses_nothing(
    kind: str, version: int, open_on: Open, host: Namespace
) -> None:
    io = open_on(kind, version, receive_buffer=65536)

    for sequence in range(1000):
        io.send(request(version, sequence))

    news = news_of(io, 2000)
    assert sum(isinstance(one, Received) for one in news) == 1000
    assert sum(isinstance(one, Transmitted) for one in news) == 1000


@BOTH_KINDS
@BOTH_VERSIONS
def test_the_descriptor_is_quiet_when_all_is_told(kind: str, version: int, open_on: Open) -> None:
    io = open_on(kind, version)
    poll = select.poll()
    poll.register(io.fileno(), select.POLLIN)

    io.send(request(version))
    assert poll.poll(2000)
    news_of(io, 2)
    assert io.receive() is None

    assert poll.poll(0) == []


# When


@BOTH_KINDS
def test_a_stamp_that_nobody_waits_for_does_not_keep_us_awake(kind: str, open_on: Open) -> None:
    io = open_on(kind)
    assert isinstance(io, KernelSocket)
    io.send(request())
    news_of(io, count=2)
    io._socket.sendto(
        io._octets(request()), (str(TARGET), 0)
    )  # its stamp is a second one of a kind

    news_of(io, patience=0.2)
    assert [io.receive(), io.receive()] == [None, None]  # as after waking up for nothing

    assert not select.select([io], [], [], 0.05)[0]


@BOTH_VERSIONS
def test_a_reply_to_a_probe_is_no_echo_reply(version: int, open_on: Open, host: Namespace) -> None:
    """Linux hands extended echo replies (RFC 8335) to ping sockets, too."""
    io = open_on("ping", version)
    assert isinstance(io, KernelSocket)
    kernels_identifier = io._socket.getsockname()[1].to_bytes(2, "big")
    if version == 4:
        say(host, IPv4(LO, LO) / icmp.Other(43, rest=kernels_identifier + b"\1\0") / b"state")
    else:
        say(host, IPv6(LO6, LO6) / icmpv6.Other(161, rest=kernels_identifier + b"\1\0") / b"state")

    for news in news_of(io, patience=0.2):  # an older kernel hands nothing over
        assert isinstance(news, Received)
        _, message = news.packet.headers
        assert isinstance(message, Reply)
        assert (message.identifier, message.sequence) == (IDENTIFIER, 1)
        assert news.packet.payload == b"state"


@pytest.mark.alone
@BOTH_KINDS
@BOTH_VERSIONS
def test_round_trips_are_those_on_the_wire(
    kind: str, version: int, open_on: Open, host: Namespace
) -> None:
    io = open_on(kind, version)
    shown, captured = [], []
    with Capture(host, "lo") as capture:
        for sequence in range(40):
            io.send(request(version, sequence))
            departure, answer = news_of(io, 2)
            assert isinstance(departure, Transmitted)
            assert isinstance(answer, Received)
            assert departure.clock is answer.clock is Clock.KERNEL
            shown.append(answer.time - departure.time)
            frames = capture.until(lambda frame: frame.outgoing, 2)
            captured.append(frames[1].time - frames[0].time)

    pairs = zip(shown, captured, strict=True)
    assert abs(statistics.median(ours - theirs for ours, theirs in pairs)) < 10e-6


@pytest.mark.alone
@BOTH_KINDS
def test_a_consumer_that_sleeps_does_not_change_the_times(kind: str, open_on: Open) -> None:
    io = open_on(kind)
    io.send(request())
    time.sleep(0.05)

    departure, answer = news_of(io, 2)

    assert isinstance(departure, Transmitted)
    assert isinstance(answer, Received)
    assert answer.time - departure.time < 0.02


def test_without_stamps_the_program_tells_the_time(open_on: Open) -> None:
    io = open_on("ping", transmit_stamps=False)
    io.send(request())

    (departure,) = news_of(io)

    assert isinstance(departure, Transmitted)
    assert departure.clock is Clock.USER


# Volleys


@BOTH_KINDS
@BOTH_VERSIONS
def test_a_volley_is_answered_one_by_one(kind: str, version: int, open_on: Open) -> None:
    io = open_on(kind, version)
    assert isinstance(io, PingSocket | RawSocket)
    payloads = tuple(bytes([number]) * 56 for number in range(50))
    ip = request(version).headers[0]
    assert isinstance(ip, IPv4 | IPv6)

    played = io.play(Volley(ip, IDENTIFIER, 65_530, payloads, 1.0, time.monotonic() + 5))

    assert len(played.departures) == len(played.rtts) == 50
    gaps = [later - earlier for earlier, later in pairwise(played.departures)]
    assert all(0 < rtt <= gap for rtt, gap in zip(played.rtts, gaps, strict=False))
    assert io.receive() is None
    io.send(request(version))
    assert [type(one) for one in news_of(io, 2)] == [Transmitted, Received]


@BOTH_KINDS
def test_a_volley_stops_where_no_answer_comes(kind: str, open_on: Open, host: Namespace) -> None:
    host.sysctl("net.ipv4.icmp_echo_ignore_all", 1)
    io = open_on(kind)
    assert isinstance(io, PingSocket | RawSocket)
    ip = request()[IPv4]

    played = io.play(Volley(ip, IDENTIFIER, 1, (b"a", b"b"), 0.01, time.monotonic() + 5))

    assert (len(played.departures), played.rtts) == (1, ())


def test_a_volley_keeps_what_it_did_not_expect(open_on: Open, host: Namespace) -> None:
    io = open_on("raw")
    assert isinstance(io, RawSocket)
    say(host, IPv4(TARGET, LO) / icmp.EchoReply(IDENTIFIER, 9) / b"stray")

    volley = Volley(request()[IPv4], IDENTIFIER, 1, (b"a", b"b"), 1.0, time.monotonic() + 5)
    played = io.play(volley)

    assert (len(played.departures), played.rtts) == (1, ())
    assert [received(io).packet.payload for _ in range(2)] == [b"stray", b"a"]


def test_a_volley_ends_in_time(open_on: Open) -> None:
    io = open_on("ping")
    assert isinstance(io, PingSocket)

    played = io.play(Volley(request()[IPv4], IDENTIFIER, 1, (b"a",), 1.0, time.monotonic()))

    assert played.departures == ()
