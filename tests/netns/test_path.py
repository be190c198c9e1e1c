"""The simulated path before a real kernel: what comes in is what was promised."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from ipaddress import IPv4Address, IPv6Address, ip_network

import pytest

from rawkit.errors import LabError, UsageError
from rawkit.lab.namespace import Namespace
from rawkit.lab.path import Answer, Hop, Path, Target
from rawkit.wire import icmp, icmpv6, multipart
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.extensions import DestinationOptions
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.multipart import Label
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Packet
from rawkit.wire.quote import quoted
from tests.netns.capture import Capture, Frame
from tests.netns.leftovers import descriptors, names, survives_its_parent

pytestmark = pytest.mark.netns

NEIGHBOURS = range(130, 137)
"""ICMPv6 types of multicast listeners, routers and neighbours."""
DEAD = "203.0.113.9"
IDENTIFIER, SEQUENCE = 4242, 7
PAYLOAD = bytes(range(1, 57))
PATIENCE, A_WHILE = 20.0, 0.1
"""Seconds for what has to come, and for what else might."""

both = pytest.mark.parametrize("version", [4, 6])


@pytest.fixture
def node() -> Iterator[Namespace]:
    with Namespace("node") as node:
        yield node


def ping(node: Namespace, line: str) -> str:
    """Run the real ping(8); return all it says."""
    process = node.popen(
        ["ping", "-n", *line.split()], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output, _ = process.communicate(timeout=30)
    return output


def request(path: Path, version: int, ttl: int = 64) -> Packet:
    if version == 4:
        echo = icmp.EchoRequest(IDENTIFIER, SEQUENCE)
        return IPv4(path.ipv4, path.target, ttl=ttl) / echo / PAYLOAD
    echo6 = icmpv6.EchoRequest(IDENTIFIER, SEQUENCE)
    return IPv6(path.ipv6, path.target6, hop_limit=ttl) / echo6 / PAYLOAD


def stimulus(node: Namespace, path: Path, packet: Packet, least: int = 1) -> list[Packet]:
    """Send a packet by a raw socket; return what a packet socket sees come back for it.

    So many packets are waited for however long they take, and others for a while.
    """
    header = packet.headers[0]
    assert isinstance(header, IPv4 | IPv6)
    family = socket.AF_INET if isinstance(header, IPv4) else socket.AF_INET6
    raw = node.socket(family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    with Capture(node, path.interface) as capture, raw:
        raw.sendto(bytes(packet), (str(header.dst), 0))
        seen = capture.until(is_answer, least, PATIENCE) + capture.until(is_answer, 99, A_WHILE)
        return [dissect_ip(frame.octets[14:]) for frame in seen]


def is_answer(frame: Frame) -> bool:
    """Whether a frame came in and is no matter between neighbours."""
    match dissect_ip(frame.octets[14:]).headers:
        case (IPv6(), icmpv6.Message() as said) if said.pack()[0] in NEIGHBOURS:
            return False
        case (IPv4() | IPv6(), *_):
            return not frame.outgoing
    return False


def sums_up(packet: Packet) -> bool:
    octets, header = bytes(packet), packet.headers[0]
    if isinstance(header, IPv4):
        size = 20 + len(header.options)
        return internet_checksum(octets[:size]) == 0 == internet_checksum(octets[size:])
    body = octets[48 if DestinationOptions in packet else 40 :]
    return internet_checksum(header.pseudo_header(len(body), IPProtocol.ICMPV6) + body) == 0


def reply_in(packet: Packet) -> icmp.EchoReply | icmpv6.EchoReply | None:
    said = packet.headers[-1]
    return said if isinstance(said, icmp.EchoReply | icmpv6.EchoReply) else None


def source(packet: Packet) -> str:
    header = packet.headers[0]
    assert isinstance(header, IPv4 | IPv6)
    return str(header.src)


def is_right(packet: Packet) -> bool:
    """Whether this is the reply that a good host would send."""
    said = reply_in(packet)
    return (
        said is not None
        and (said.identifier, said.sequence) == (IDENTIFIER, SEQUENCE)
        and packet.payload == PAYLOAD
        and source(packet) in ("203.0.113.1", "2001:db8:0:3::1")
        and sums_up(packet)
    )


def is_error(packet: Packet, code4: tuple[int, int], code6: tuple[int, int]) -> bool:
    octets, about = bytes(packet), quoted(packet)
    four = octets[0] >> 4 == 4
    said = tuple(octets[20:22] if four else octets[40:42])
    return about is not None and said == (code4 if four else code6) and sums_up(packet)


def is_about(packet: Packet, *addresses: str) -> bool:
    about = quoted(packet)
    header = about.headers[0] if about else None
    assert isinstance(header, IPv4 | IPv6)
    return str(header.dst) in addresses


Seen = Callable[[list[Packet]], bool]
ON_THE_WIRE: dict[Answer, Seen] = {
    Answer.REPLY: lambda seen: [is_right(p) for p in seen] == [True],
    Answer.SILENT: lambda seen: seen == [],
    Answer.LATE: lambda seen: seen == [],
    Answer.TRIPLE: lambda seen: [is_right(p) for p in seen] == [True] * 3,
    Answer.BAD_CHECKSUM: lambda seen: (
        [sums_up(p) for p in seen] == [False] and seen[0].payload == PAYLOAD
    ),
    Answer.FLIPPED_PAYLOAD: lambda seen: (
        [sum(a != b for a, b in zip(p.payload, PAYLOAD, strict=True)) for p in seen] == [2]
        and sums_up(seen[0])
    ),
    Answer.ZEROED_PAYLOAD: lambda seen: (
        [p.payload for p in seen] == [bytes(56)] and sums_up(seen[0])
    ),
    Answer.REPLAYED_PAYLOAD: lambda seen: [is_right(p) for p in seen] == [True],
    Answer.TRUNCATED: lambda seen: [p.payload for p in seen] == [PAYLOAD[:28]] and sums_up(seen[0]),
    Answer.CUT_OFF: lambda seen: (
        [len(p.payload) for p in seen] == [4] and reply_in(seen[0]) is None
    ),
    Answer.OTHER_SOURCE: lambda seen: (
        [source(p) in ("203.0.113.254", "2001:db8:0:3::fe") for p in seen] == [True]
        and seen[0].payload == PAYLOAD
        and sums_up(seen[0])
    ),
    Answer.OPTIONS: lambda seen: (
        [is_right(p) for p in seen] == [True]
        and (DestinationOptions in seen[0] or seen[0][IPv4].options == b"\x01" * 4)
    ),
    Answer.NEXT_SEQUENCE: lambda seen: [numbers(p) for p in seen] == [(IDENTIFIER, SEQUENCE + 1)],
    Answer.WRONG_IDENTIFIER: lambda seen: (
        [numbers(p) for p in seen] == [(IDENTIFIER + 1, SEQUENCE)]
    ),
    Answer.HOST_UNREACHABLE: lambda seen: [is_error(p, (3, 1), (1, 3)) for p in seen] == [True],
    Answer.PROHIBITED: lambda seen: [is_error(p, (3, 13), (1, 1)) for p in seen] == [True],
    Answer.TOO_BIG: lambda seen: [is_error(p, (3, 4), (2, 0)) for p in seen] == [True],
    Answer.EXPIRED: lambda seen: [is_error(p, (11, 0), (3, 0)) for p in seen] == [True],
    Answer.OTHERS_ERROR: lambda seen: (
        [is_about(p, "203.0.113.254", "2001:db8:0:3::fe") for p in seen] == [True]
    ),
    Answer.OTHERS_ERROR_THEN_REPLY: lambda seen: (
        is_about(seen[0], "203.0.113.254", "2001:db8:0:3::fe")
        and [is_right(p) for p in seen[1:]] == [True]
    ),
    Answer.ERROR_THEN_REPLY: lambda seen: (
        is_about(seen[0], "203.0.113.1", "2001:db8:0:3::1")
        and [is_right(p) for p in seen[1:]] == [True]
    ),
    Answer.REDIRECT_THEN_REPLY: lambda seen: (
        is_error(seen[0], (5, 1), (137, 0)) and [is_right(p) for p in seen[1:]] == [True]
    ),
    Answer.QUENCH_THEN_REPLY: lambda seen: (
        kind(seen[0]) in (4, 100) and [is_right(p) for p in seen[1:]] == [True]
    ),
}


HOW_MANY = {
    Answer.SILENT: 0,
    Answer.LATE: 0,
    Answer.TRIPLE: 3,
    **{answer: 2 for answer in Answer if answer.name.endswith("_THEN_REPLY")},
}
"""Packets that come for one; of all others, one."""


def numbers(packet: Packet) -> tuple[int, int] | None:
    said = reply_in(packet)
    return (said.identifier, said.sequence) if said and sums_up(packet) else None


def kind(packet: Packet) -> int:
    octets = bytes(packet)
    return octets[20 if octets[0] >> 4 == 4 else 40]


@both
@pytest.mark.parametrize("answer", Answer)
def test_each_answer_is_on_the_wire_as_described(
    node: Namespace, version: int, answer: Answer
) -> None:
    with Path(node, [Hop(), Hop()], answer) as path:
        seen = stimulus(node, path, request(path, version), HOW_MANY.get(answer, 1))

    assert ON_THE_WIRE[answer](seen), [str(packet) for packet in seen]


WORDS = {
    Answer.REPLY: (r"icmp_seq=1 ttl=62 time=", r"\b1 received, 0% packet loss"),
    Answer.SILENT: (r"100% packet loss",),
    Answer.TRIPLE: (r"DUP!", r"2 received, \+2 duplicates"),
    Answer.FLIPPED_PAYLOAD: (r"wrong data byte", r"1 received"),
    Answer.OTHER_SOURCE: (r"DIFFERENT ADDRESS",),
    Answer.OPTIONS: (r"\b1 received, 0% packet loss",),
    Answer.TRUNCATED: (r"truncated",),
    Answer.NEXT_SEQUENCE: (r"icmp_seq=2 ",),
    Answer.WRONG_IDENTIFIER: (r"100% packet loss",),
    Answer.HOST_UNREACHABLE: (
        r"Destination Host Unreachable|Destination unreachable: Address unreachable",
        r"\+1 errors",
    ),
    Answer.PROHIBITED: (r"Packet filtered|Administratively prohibited", r"\+1 errors"),
    Answer.TOO_BIG: (r"Frag needed and DF set \(mtu = 1400\)|Packet too big: mtu=1400",),
    Answer.EXPIRED: (r"Time to live exceeded|Time exceeded: Hop limit", r"\+1 errors"),
    Answer.OTHERS_ERROR_THEN_REPLY: (r"\b1 received, 0% packet loss",),
}


@both
@pytest.mark.parametrize("answer", WORDS)
def test_ping_sees_each_answer_and_says_so(node: Namespace, version: int, answer: Answer) -> None:
    with Path(node, [Hop(), Hop()], answer) as path:
        target = path.target if version == 4 else path.target6
        # An ICMP error ends -c1; a duplicate is only seen while waiting for the next reply.
        count = 2 if answer is Answer.TRIPLE else 1
        output = ping(node, f"-c{count} -i0.3 -W0.4 -w1 {target}")

    for words in WORDS[answer]:
        assert re.search(words, output), output


def test_ping_believes_the_time_in_a_zeroed_payload(node: Namespace) -> None:
    """Shown so that nobody does likewise: a round trip of half a century."""
    with Path(node, targets=Answer.ZEROED_PAYLOAD) as path:
        output = ping(node, f"-c1 -W0.4 {path.target}")

    assert "1 received" in output
    found = re.search(r"time=([0-9.]+) ms", output)
    assert found is None or float(found[1]) > 1e12, output


@both
def test_a_redirect_is_survived_by_a_kernel_that_obeys_it(node: Namespace, version: int) -> None:
    for which in ("all", "default"):
        node.sysctl(f"net.ipv4.conf.{which}.accept_redirects", 1)
        node.sysctl(f"net.ipv6.conf.{which}.accept_redirects", 1)
    with Path(node, [Hop(), Hop()], Answer.REDIRECT_THEN_REPLY) as path:
        target = path.target if version == 4 else path.target6
        output = ping(node, f"-c4 -i0.2 -w3 {target}")
        requests = path.counts.requests

    assert "Redirect" in output or version == 6
    assert requests >= 2, "they still reach the target by the better gateway"


@pytest.mark.alone
def test_a_late_host_and_a_dead_one_are_told_apart(node: Namespace) -> None:
    targets: dict[str, Target | Answer] = {"203.0.113.1": Target(pause=0.5), DEAD: Answer.SILENT}
    with Path(node, targets=targets) as path:
        late = ping(node, "-c1 -W2 203.0.113.1")
        dead = ping(node, f"-c1 -W0.3 {DEAD}")

    assert 500 <= float(re.findall(r"time=([0-9.]+) ms", late)[0]) < 520
    assert "100% packet loss" in dead
    assert [str(address) for address in path.addresses] == ["203.0.113.1", DEAD]


@both
def test_every_router_shows_itself_where_the_ttl_ends(node: Namespace, version: int) -> None:
    hops = [Hop(delay=0.002), Hop(silent=True), Hop(ttl=255), Hop()]
    four = [["192.0.2.254"], [], ["198.51.100.3"], ["198.51.100.4"], ["203.0.113.1"]]
    six = [["2001:db8:0:1::fe"], [], ["2001:db8:0:2::3"], ["2001:db8:0:2::4"], ["2001:db8:0:3::1"]]
    expected = four if version == 4 else six
    with Path(node, hops) as path:
        for ttl, sources in enumerate(expected, 1):
            seen = stimulus(node, path, request(path, version, ttl), len(sources))
            assert [source(packet) for packet in seen] == sources


@both
def test_delays_add_up_to_the_round_trip(node: Namespace, version: int) -> None:
    with Path(node, [Hop(delay=0.005), Hop(delay=0.010)], Target(pause=0.020)) as path:
        target = path.target if version == 4 else path.target6
        output = ping(node, f"-q -c5 -i0.1 {target}")
        lateness = path.counts.lateness
    shortest = float(output.split("= ")[1].split("/")[0])

    assert 50.0 <= shortest < 51.0 + lateness * 1000


@both
def test_the_kernel_learns_the_path_mtu_from_a_router(node: Namespace, version: int) -> None:
    with Path(node, [Hop(), Hop(mtu=1400)]) as path:
        target = path.target if version == 4 else path.target6
        output = ping(node, f"-c2 -i0.2 -W0.4 -Mdo -s1420 {target}")

    assert re.search(r"mtu ?= ?1400", output), output
    assert "message too long" in output, "the second is refused by our own kernel"


@both
@pytest.mark.parametrize("size", [2000, 65000])
def test_pings_larger_than_the_mtu_come_back_whole(
    node: Namespace, version: int, size: int
) -> None:
    with Path(node, [Hop(), Hop()]) as path:
        target = path.target if version == 4 else path.target6
        output = ping(node, f"-c2 -i0.2 -W1 -Mdont -s{size} {target}")

    assert f"{size + 8} bytes from" in output
    assert "2 received, 0% packet loss" in output


@both
def test_a_black_hole_is_silent_above_its_mtu_only(node: Namespace, version: int) -> None:
    with Path(node, [Hop(), Hop(mtu=1400, filtered=True)]) as path:
        target = path.target if version == 4 else path.target6
        large = ping(node, f"-c1 -W0.3 -Mdo -s1420 {target}")
        small = ping(node, f"-c1 -W0.3 -Mdo -s1300 {target}")

    assert "0 received, 100% packet loss" in large
    assert "1 received, 0% packet loss" in small
    assert path.counts.swallowed == 1


@both
def test_mpls_labels_come_with_time_exceeded(node: Namespace, version: int) -> None:
    label = Label(24001, 3, True, 1)
    with Path(node, [Hop(), Hop(extensions=(multipart.mpls(label),))]) as path:
        (error,) = stimulus(node, path, request(path, version, ttl=2))
    said = error[icmp.TimeExceeded] if version == 4 else error[icmpv6.TimeExceeded]

    assert [one.decoded for one in multipart.read(said.extensions)] == [(label,)]


def test_a_stingy_router_loses_pings_that_the_target_does_not(node: Namespace) -> None:
    with Path(node, [Hop(answers_per_second=2.0, burst=2)]) as path:
        router = ping(node, "-q -c10 -i0.01 -W0.2 192.0.2.254")
        target = ping(node, f"-q -c10 -i0.01 -W0.2 {path.target}")

    assert "2 received" in router
    assert "10 received" in target


def test_thousands_of_hosts_answer_from_one_path(node: Namespace) -> None:
    with Path(node, targets={"10.9.0.0/16": Answer.REPLY}) as path:
        raw = node.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        with raw:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 24)
            raw.settimeout(0.3)
            alive: set[str] = set()
            for number in range(1000):
                echo = icmp.EchoRequest(IDENTIFIER, number)
                raw.sendto(echo.pack(PAYLOAD), (f"10.9.{number >> 8}.{number & 255}", 0))
                if number % 50 == 49:
                    alive |= drain(raw, 50)
        assert path.target == IPv4Address("10.9.0.1")

    assert len(alive) == 1000


def drain(raw: socket.socket, most: int) -> set[str]:
    found: set[str] = set()
    for _ in range(most):
        try:
            found.add(raw.recvfrom(2000)[1][0])
        except TimeoutError:
            break
    return found


def test_a_target_can_die_and_come_back_while_in_use(node: Namespace) -> None:
    with Path(node) as path:
        path.change(path.target, Answer.SILENT)
        assert "100% packet loss" in ping(node, f"-c1 -W0.2 {path.target}")
        path.change(str(path.target), Answer.REPLY)
        assert "0% packet loss" in ping(node, f"-c1 -W0.5 {path.target}")
        with pytest.raises(LabError, match=r"10\.0\.0\.1"):
            path.change("10.0.0.1", Answer.REPLY)


def test_what_makes_no_sense_is_refused(node: Namespace) -> None:
    with pytest.raises(UsageError, match="hops"):
        Path(node, [])
    with pytest.raises(UsageError, match="targets"):
        Path(node, targets={})
    with Path(node, targets={ip_network("2001:db8:9::/64"): Answer.REPLY}) as path:
        assert path.target6 == IPv6Address("2001:db8:9::1")
        with pytest.raises(LabError, match="no IPv4 target"):
            _ = path.target
    assert names(node) == {"lo"}


def test_closing_leaves_neither_process_nor_interface_nor_descriptor(node: Namespace) -> None:
    before = descriptors()
    path = Path(node)
    pid = path.pid
    assert names(node) == {"lo", "path0"}

    path.close()
    path.close()

    assert names(node) == {"lo"}
    assert descriptors() == before
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_a_killed_process_is_noticed(node: Namespace) -> None:
    path = Path(node)
    os.kill(path.pid, signal.SIGKILL)

    with pytest.raises(LabError, match="gone"):
        _ = path.counts
    path.close()
    assert names(node) == {"lo"}


def test_kill_9_of_the_parent_leaves_no_process() -> None:
    assert not survives_its_parent(PARENT)


PARENT = """
import time
from rawkit.lab.namespace import Namespace
from rawkit.lab.path import Path
path = Path(Namespace("node"))
print(path.pid, flush=True)
time.sleep(60)
"""
