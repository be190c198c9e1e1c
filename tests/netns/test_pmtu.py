"""Path MTU over real sockets: on simulated and on real routers, and no trace is left behind."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Literal

import pytest

import rawkit
from rawkit.engine.pmtu_report import PmtuRemark, PmtuReport
from rawkit.errors import NotPermitted
from rawkit.lab import Lab
from rawkit.lab.mistakes import Mistake
from rawkit.lab.namespace import Namespace
from rawkit.lab.path import Answer, Hop, Path
from rawkit.record import replace
from rawkit.testing.wrappers import Tracer
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.packet import Packet
from tests.netns.capture import Capture, Frame

pytestmark = pytest.mark.netns

Kind = Literal["socket", "raw"]
LabFactory = Callable[..., Lab]

ALL_FOUR = pytest.mark.parametrize(
    ("version", "kind"), [(4, "socket"), (4, "raw"), (6, "socket"), (6, "raw")]
)
PATIENT = 60.0
"""Seconds: no test may fail because its machine is slow."""
DROP_CAPABILITIES = """
import sys
from rawkit.host import capability
capability.drop()
from rawkit.cli.main import main
sys.exit(main(sys.argv[1:]))
"""
HOLE = Hop(mtu=1400, filtered=True)


@pytest.fixture
def node() -> Iterator[Namespace]:
    with Namespace("node") as node:
        node.sysctl("net.ipv4.ping_group_range", "0 0")
        yield node


def measure(node: Namespace, path: Path, version: int, kind: Kind) -> PmtuReport:
    target = path.target if version == 4 else path.target6
    return rawkit.pmtu(target, at=node, kind=kind, deadline=PATIENT).run()


def remembered(node: Namespace, target: object) -> str:
    """Return what the kernel has noted of the path to an address (``show cache`` is not all)."""
    told = said(node, "ip", "route", "get", str(target))
    return " ".join(re.findall(r"mtu \d+", told))


def said(node: Namespace, *command: str) -> str:
    with node.popen(command, text=True, stdout=subprocess.PIPE) as process:
        out, _ = process.communicate(timeout=PATIENT)
    return out


def is_deaf(version: int, kind: Kind) -> bool:
    return (version, kind) == (6, "socket")


PATHS = [
    ((Hop(), Hop(), Hop()), []),
    ((Hop(), Hop(mtu=1400), Hop()), [(2, 1400, True)]),
    ((Hop(), HOLE, Hop(), Hop()), [(2, 1400, False)]),
    ((Hop(), Hop(mtu=1337, filtered=True)), [(2, 1337, False)]),
    ((Hop(mtu=1400), Hop(), replace(HOLE, mtu=1300), Hop()), [(1, 1400, True), (3, 1300, False)]),
    ((HOLE, Hop(), Hop(mtu=1300), Hop()), [(1, 1400, False), (3, 1300, True)]),
]  # fmt: skip


@ALL_FOUR
@pytest.mark.parametrize(("hops", "narrow"), PATHS)
def test_narrow_places_are_found_and_no_trace_is_left(
    node: Namespace,
    hops: tuple[Hop, ...],
    narrow: list[tuple[int, int, bool]],
    version: int,
    kind: Kind,
) -> None:
    with Path(node, hops) as path:
        report = measure(node, path, version, kind)

        deaf = is_deaf(version, kind)
        found = [(one.ttl, one.mtu, one.announced) for one in report.narrowings]
        assert found == [(ttl, mtu, None if deaf else told) for ttl, mtu, told in narrow]
        assert report.mtu == min((mtu for _, mtu, _ in narrow), default=1500)
        assert report.distance == len(hops) + 1
        for one in report.narrowings:
            assert one.address == path.hops[one.ttl - 1].address(version)
        assert (PmtuRemark.DEAF in report.remarks) is deaf
        assert remembered(node, report.target.address) == ""


@ALL_FOUR
def test_a_noted_mtu_is_neither_believed_nor_forgotten(
    version: int, kind: Kind, line: LabFactory
) -> None:
    net = line(hops=1, mtu=1400)
    here, there = net.first, net.last
    target = there.ipv4 if version == 4 else there.ipv6
    said(here, "ping", "-c1", "-W1", "-Mdo", "-s1440", str(target))
    assert remembered(here, target) == "mtu 1400"  # or this test shows nothing
    widen(net, 1450)

    report = rawkit.pmtu(target, at=here, kind=kind, deadline=PATIENT).run()

    assert report.mtu == 1450
    assert remembered(here, target) == "mtu 1400"


def widen(net: Lab, mtu: int) -> None:
    for node, interface in ((net.routers[-1], "eth1"), (net.last, "eth0")):
        said(node, "ip", "link", "set", interface, "mtu", str(mtu))


@ALL_FOUR
def test_an_interface_narrower_than_the_path(node: Namespace, version: int, kind: Kind) -> None:
    with Path(node, (Hop(), Hop()), mtu=1300) as path:
        report = measure(node, path, version, kind)

    assert (report.mtu, report.local_mtu, report.narrowings) == (1300, 1300, ())


@ALL_FOUR
def test_of_a_silent_target_it_is_told_how_far_which_size_comes(
    node: Namespace, version: int, kind: Kind
) -> None:
    with Path(node, (Hop(), HOLE, Hop()), Answer.SILENT) as path:
        report = measure(node, path, version, kind)

    assert not report.reached
    assert [hop.size for hop in report.hops] == [1500, 1500, 1400]
    assert [(one.ttl, one.mtu) for one in report.narrowings] == [(2, 1400)]
    assert PmtuRemark.SILENT_TARGET in report.remarks


@pytest.mark.parametrize("kind", ["socket", "raw"])
def test_eight_quoted_octets_are_enough(node: Namespace, kind: Kind) -> None:
    hops = (Hop(quoted=28), Hop(mtu=1400, quoted=28), Hop(quoted=28))
    with Path(node, hops) as path:
        report = measure(node, path, 4, kind)

    assert report.mtu == 1400
    assert [one.mtu for one in report.narrowings] == [1400]


@pytest.mark.parametrize("mistake", [Mistake.OTHERS_TARGET, Mistake.OTHERS_PORT, Mistake.NO_QUOTE])
@ALL_FOUR
def test_a_complaint_about_another_packet_is_no_complaint(
    node: Namespace, version: int, kind: Kind, mistake: Mistake
) -> None:
    with Path(node, (Hop(), Hop(mtu=1400, mistakes=(mistake,)), Hop())) as path:
        report = measure(node, path, version, kind)

    assert report.mtu == 1400
    assert [one.announced or False for one in report.narrowings] == [False]


@pytest.mark.parametrize(("version", "mtu"), [(4, 65_535), (6, 65_536)])
@pytest.mark.parametrize("kind", ["socket", "raw"])
def test_loopback(version: int, mtu: int, kind: Kind, pair: LabFactory) -> None:
    address = "127.0.0.1" if version == 4 else "::1"

    report = rawkit.pmtu(address, at=pair().first, kind=kind, deadline=PATIENT).run()

    assert (report.mtu, report.local_mtu, report.distance) == (mtu, mtu, 1)


# Real routers


def routed(line: LabFactory, filtered: bool) -> Lab:
    """Return a line whose last link is narrow; its router says so, or does not."""
    net = line(hops=3, mtu=1400)
    if filtered:
        rules = (
            "add table inet f",
            "add chain inet f out { type filter hook output priority 0; }",
            "add rule inet f out icmp type destination-unreachable icmp code 4 drop",
            "add rule inet f out icmpv6 type packet-too-big drop",
        )
        with net.routers[-1].popen(["nft", "; ".join(rules)]) as process:
            assert process.wait(PATIENT) == 0
    return net


@ALL_FOUR
@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("method", ["auto", "udp"])
def test_real_routers_that_ration_their_answers(
    version: int, kind: Kind, filtered: bool, method: Literal["auto", "udp"], line: LabFactory
) -> None:
    net = routed(line, filtered)
    target = net.last.ipv4 if version == 4 else net.last.ipv6

    session = rawkit.pmtu(target, at=net.first, kind=kind, method=method, deadline=PATIENT)
    report = session.run()

    assert report.mtu == 1400
    (narrow,) = report.narrowings
    assert (narrow.ttl, narrow.mtu) == (3, 1400)
    assert narrow.announced is (None if is_deaf(version, kind) else not filtered)
    assert remembered(net.first, target) == ""


def test_where_ping_sockets_are_closed_udp_does_it_alone(line: LabFactory) -> None:
    net = line(hops=2, mtu=1400, sysctls={"net.ipv4.ping_group_range": "1 0"})

    report = rawkit.pmtu(net.last.ipv4, at=net.first, kind="socket", deadline=PATIENT).run()

    assert report.mtu == 1400
    assert report.via == "UDP sockets"
    # Seen by root; by anybody else, whose user namespace has not even those groups.
    ways = ("is 1 0", "holds no group of this user namespace")
    assert any(f"no ping sockets: net.ipv4.ping_group_range {way}" in report.why for way in ways)


@pytest.mark.parametrize("version", [4, 6])
def test_echo_alone_where_it_cannot_be_had_says_why(version: int, line: LabFactory) -> None:
    net = line(hops=1, sysctls={"net.ipv4.ping_group_range": "1 0"})
    target = net.last.ipv4 if version == 4 else net.last.ipv6
    session = rawkit.pmtu(target, at=net.first, kind="socket", method="icmp")

    with pytest.raises(NotPermitted, match=r"echo requests of any size: .*\(try: UDP probes"):
        session.run()


@pytest.mark.parametrize(("version", "socket"), [(4, "UDP and ping sockets"), (6, "UDP sockets")])
def test_without_any_capability(version: int, socket: str, line: LabFactory) -> None:
    net = routed(line, filtered=True)
    target = net.last.ipv4 if version == 4 else net.last.ipv6

    with net.first.popen(
        [sys.executable, "-c", DROP_CAPABILITIES, "pmtu", "-n", "-v", "-d60", str(target)],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        out, err = process.communicate(timeout=2 * PATIENT)

    assert process.returncode == 0
    assert err.startswith(f"rawkit pmtu: {socket}: CAP_NET_RAW is not even in the bounding set")
    assert "     Resume: pmtu 1400 hops 4 back 4\n     no more than 1400 passes behind hop 3" in out


def test_every_packet_has_the_bit_not_to_fragment_it(node: Namespace) -> None:
    """As they are on the wire, not as they were meant."""
    with Path(node, (Hop(), HOLE, Hop())) as path, Capture(node, path.interface) as capture:
        measure(node, path, 4, "socket")
        frames = capture.until(is_ours, 10, PATIENT)

    sent = [dissect_ip(frame.octets[14:]) for frame in frames]
    assert len(sent) == 10
    assert all(packet[IPv4].dont_fragment and not packet[IPv4].more_fragments for packet in sent)


def is_ours(frame: Frame) -> bool:
    return frame.outgoing and frame.octets[12:14] == b"\x08\x00"


def test_a_pipe_of_ones_own_may_be_put_around(node: Namespace) -> None:
    passed: list[tuple[str, Packet]] = []
    with Path(node, (Hop(),)) as path:
        report = rawkit.pmtu(
            path.target, at=node, wrap=lambda io: Tracer(io, lambda *one: passed.append(one))
        ).run()

    assert len([way for way, _ in passed if way == ">"]) == report.sent


def test_both_versions_on_asyncio(node: Namespace) -> None:
    async def both(path: Path) -> list[PmtuReport]:
        sessions = (rawkit.pmtu(target, at=node) for target in (path.target, path.target6))
        return [await one for one in sessions]

    with Path(node, (Hop(), HOLE, Hop())) as path:
        reports = asyncio.run(both(path))

    assert [report.mtu for report in reports] == [1400, 1400]
