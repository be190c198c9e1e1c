"""Traces over real sockets: in a lab of kernels, and on paths that answer wrongly on purpose.

Waiting does not adapt here unless it is what is tested: a busy machine must not look like
a silent router.
"""

from collections.abc import Iterator
from typing import Any

import pytest

import rawkit
from rawkit import lab
from rawkit.engine.trace_events import Answer, Hop
from rawkit.engine.trace_report import Remark, TraceReport
from rawkit.errors import NoRoute, UsageError
from rawkit.lab.mistakes import Mistake
from rawkit.lab.namespace import Namespace
from rawkit.lab.nat import NAT
from rawkit.lab.path import Hop as Router
from rawkit.lab.path import Path
from rawkit.lab.saying import Why
from rawkit.wire import multipart
from rawkit.wire.address import Address
from rawkit.wire.multipart import Label

pytestmark = pytest.mark.netns

WAYS = [
    pytest.param({"method": "udp", "kind": "socket"}, id="udp-socket"),
    pytest.param({"method": "icmp", "kind": "socket"}, id="ping-socket"),
    pytest.param({"method": "udp", "kind": "raw"}, id="udp-raw"),
    pytest.param({"method": "icmp", "kind": "raw"}, id="icmp-raw"),
    pytest.param({"method": "tcp", "kind": "raw"}, id="tcp-raw"),
]
PATIENT: dict[str, Any] = {"here": 0, "near": 0}
HASTY: dict[str, Any] = {"here": 0, "near": 0, "wait": 0.5, "parallel": 64}

every_way = pytest.mark.parametrize("way", WAYS)
both_versions = pytest.mark.parametrize("version", [4, 6])


@pytest.fixture
def node() -> Iterator[Namespace]:
    with Namespace("node") as node:
        node.sysctl("net.ipv4.ping_group_range", "0 0")
        yield node


@pytest.fixture(scope="module")
def line() -> Iterator[lab.Lab]:
    sysctls = {"net.ipv4.icmp_ratelimit": 0, "net.ipv6.icmp.ratelimit": 0}
    with lab.line(hops=12, sysctls=sysctls) as net:
        net.first.sysctl("net.ipv4.ping_group_range", "0 0")
        yield net


def traced(
    node: Any, target: Any, way: dict[str, Any], **options: Any
) -> tuple[list[Hop], TraceReport]:
    session = rawkit.trace(target, at=node, **(PATIENT | way | options))
    rows = [event for event in session if isinstance(event, Hop)]
    return rows, session.report()


def over(path: Path, node: Any, version: int, way: dict[str, Any], **options: Any) -> Any:
    return traced(node, path.target if version == 4 else path.target6, way, **options)


def found(rows: list[Hop]) -> list[Address | None]:
    return [row.source for row in rows]


def expected(path: Path, version: int) -> list[Address | None]:
    target = path.target if version == 4 else path.target6
    return [*(hop.address(version) for hop in path.hops), target]


def is_right(rows: list[Hop], path: Path, version: int) -> bool:
    """Whether every answer stands in the row of the router that gave it."""
    right = expected(path, version)
    return all(answer.source == right[row.ttl - 1] for row in rows for answer in row.answers)


@every_way
@both_versions
def test_twelve_routers_and_the_target_by_every_way(
    line: lab.Lab, way: dict[str, Any], version: int
) -> None:
    target = line.last.ipv4 if version == 4 else line.last.ipv6
    rows, report = traced(line.first, target, way)

    routers = [line[f"router{number}"] for number in range(1, 13)]
    nearest = [r.interfaces[0].ipv4 if version == 4 else r.interfaces[0].ipv6 for r in routers]
    assert found(rows) == [*(getattr(a, "ip", a) for a in nearest), target]
    assert report.reached
    assert report.strays == 0
    assert all(len(row.answers) == 3 for row in rows)
    assert report.remarks == ()
    assert all(hop.asymmetry == 0 for hop in report.hops)
    assert not [n for n in report.rows if n.revised]


@every_way
@both_versions
def test_silent_routers_are_stars_and_the_others_are_right(
    node: Namespace, way: dict[str, Any], version: int
) -> None:
    hops = [Router(silent=number in (2, 4)) for number in range(1, 7)]
    with Path(node, hops) as path:
        rows, report = over(path, node, version, way, **HASTY)

    right = expected(path, version)
    right[1] = right[3] = None
    assert found(rows) == right
    assert report.reached
    assert [Remark.SILENT in hop.remarks for hop in report.hops] == [
        *(False, True, False, True, False, False, False)
    ]


@every_way
@both_versions
def test_routers_that_quote_eight_octets_only_never_fill_a_wrong_row(
    node: Namespace, way: dict[str, Any], version: int
) -> None:
    hops = [Router(quoted_data=8, pause=(0.02, 0.0), copies=2) for _ in range(5)]
    with Path(node, hops) as path:
        rows, report = over(path, node, version, way, **HASTY)

    assert is_right(rows, path, version)
    assert found(rows) == expected(path, version), "what could not be told apart was asked again"
    assert report.reached


@every_way
@both_versions
def test_answers_twice_and_overtaking_each_other_stay_in_their_rows(
    node: Namespace, way: dict[str, Any], version: int
) -> None:
    hops = [Router(copies=2, pause=(0.05, 0.0, 0.02)) for _ in range(5)]
    with Path(node, hops) as path:
        rows, report = over(path, node, version, way)

    assert is_right(rows, path, version)
    assert all(len(row.answers) == 3 for row in rows)
    duplicates = sum(hop.duplicates for hop in report.hops)
    assert 0 < duplicates <= 15


@pytest.mark.parametrize("mistake", list(Mistake))
@every_way
@both_versions
def test_a_router_in_error_never_fills_a_wrong_row(
    node: Namespace, way: dict[str, Any], version: int, mistake: Mistake
) -> None:
    hops = [Router(), Router(mistakes=(mistake,), extensions=(multipart.mpls(Label(7)),)), Router()]
    with Path(node, hops) as path:
        rows, report = over(path, node, version, way, **(HASTY | {"wait": 0.2}))

    assert is_right(rows, path, version)
    right = expected(path, version)
    assert found(rows)[0::2] == right[0::2]
    assert report.reached


@pytest.mark.parametrize(
    "extensions",
    [
        b"\x20",
        b"\x20\0\0\0\0\1\1\1",
        b"\x2f" * 60,
        b"\x20\0\0\0\xff\xff\1\1",
        b"\x20\0\0\0\0\7\1\1abc",
    ],
    ids=["cut", "short", "noise", "long", "odd"],
)
@pytest.mark.parametrize("announced", [True, False])
@every_way
@both_versions
def test_malformed_extensions_do_no_harm(
    node: Namespace, way: dict[str, Any], version: int, extensions: bytes, announced: bool
) -> None:
    with Path(node, [Router(), Router(extensions=extensions, announced=announced)]) as path:
        rows, _ = over(path, node, version, way, queries=1)

    assert found(rows) == expected(path, version)


@every_way
@both_versions
def test_labels_and_interfaces_come_with_and_without_privilege(
    node: Namespace, way: dict[str, Any], version: int
) -> None:
    label = Label(16_000, 3, True, 1)
    info = multipart.InterfaceInfo(multipart.Role.INCOMING, 3, None, "eth3", 1500)
    objects = (multipart.mpls(label), multipart.interface(info))
    with Path(node, [Router(), Router(extensions=objects)]) as path:
        _, report = over(path, node, version, way)

    source = report.hops[1].sources[0]
    assert source.labels == (label,)
    assert source.interfaces == (info,)


@pytest.mark.parametrize(
    ("why", "words"),
    [(Why.HOST, ("!H", "!H")), (Why.NETWORK, ("!N", "!N")), (Why.PROHIBITED, ("!X", "!X"))],
)
@every_way
@both_versions
def test_who_says_that_there_is_no_way_is_not_the_target(
    node: Namespace, way: dict[str, Any], version: int, why: Why, words: tuple[str, str]
) -> None:
    with Path(node, [Router(), Router(refuses=why), Router()]) as path:
        rows, report = over(path, node, version, way, parallel=4)

    assert not report.reached
    assert found(rows) == expected(path, version)[:2]
    assert {a.annotation for a in rows[-1].answers} == {words[version == 6]}
    assert rows[-1].is_last


@pytest.mark.parametrize("flow", ["paris", "dublin", "classic"])
@pytest.mark.parametrize("method", ["udp", "tcp"])
@both_versions
def test_an_address_translator_is_seen_by_raw_sockets(
    node: Namespace, version: int, method: str, flow: str
) -> None:
    hops = [Router(), Router(nat=NAT()), Router(), Router(quoted_data=8)]
    with Path(node, hops) as path:
        rows, report = over(path, node, version, {"method": method, "kind": "raw", "flow": flow})

    assert found(rows) == expected(path, version)
    if method == "udp":
        assert Remark.NAT in report.remarks


@both_versions
def test_a_way_back_that_is_longer_is_told(node: Namespace, version: int) -> None:
    with Path(node, [Router(), Router(detour=3), Router()]) as path:
        _, report = over(path, node, version, {})

    assert [hop.asymmetry for hop in report.hops] == [0, 3, 0, 0]
    assert report.hops[1].remarks == (Remark.ASYMMETRIC,)


@both_versions
def test_a_stingy_router_is_rate_limited_and_not_lossy(node: Namespace, version: int) -> None:
    hops = [Router(), Router(answers_per_second=2.0), Router()]
    with Path(node, hops) as path:
        _, report = over(path, node, version, {}, rounds=3, interval=0.1, **HASTY)

    assert report.hops[1].loss > 0.3
    assert report.hops[1].remarks == (Remark.RATE_LIMITED,)
    assert report.hops[2].loss == 0


def test_a_late_answer_revises_its_row_and_no_other(node: Namespace) -> None:
    hops = [Router(), Router(pause=0.6), Router(), Router()]
    with Path(node, hops) as path:
        session = rawkit.trace(path.target, at=node, announce=True, rounds=3, interval=0.5)
        rows = [event for event in session if isinstance(event, Hop)]
        report = session.report()

    second = [row for row in rows if row.ttl == 2 and row.round == 1]
    assert second[0].source is None
    assert second[-1].revised
    assert second[-1].source == path.hops[1].ipv4
    assert is_right(rows, path, 4)
    assert report.hops[1].late >= 3


def test_answers_of_a_round_before_do_not_count_for_this_one(node: Namespace) -> None:
    with Path(node, [Router(), Router(pause=0.25), Router()]) as path:
        rows, report = over(path, node, 4, {}, rounds=4, interval=0.1, wait=0.1)

    assert is_right(rows, path, 4)
    for row in rows:
        for answer in row.answers:
            assert answer.probe.round == row.round
    assert report.hops[1].answered == 0
    assert report.hops[1].late > 0


@every_way
def test_the_times_come_from_the_kernel(line: lab.Lab, way: dict[str, Any]) -> None:
    rows, _ = traced(line.first, line.last.ipv4, way, queries=1)

    clocks = {(a.sent_by.value, a.received_by.value) for row in rows for a in row.answers}
    assert clocks == {("kernel", "kernel")}


def test_no_path_mtu_is_learnt_and_nothing_is_left_behind(node: Namespace) -> None:
    with Path(node, [Router(), Router(mtu=600), Router()]) as path:
        rows, _ = over(path, node, 4, {"kind": "raw"}, length=1000, dont_fragment=True)
        told = node.popen(
            ["ip", "route", "get", str(path.target)], stdout=-1, text=True
        ).communicate(timeout=30)[0]

    assert {a.annotation for a in rows[-1].answers} == {"!F-600"}
    assert "mtu" not in told


def test_without_a_route_it_says_so_at_once(node: Namespace) -> None:
    with pytest.raises(NoRoute):
        rawkit.trace("198.18.0.1", at=node)


def test_what_cannot_be_is_refused_with_the_reason(line: lab.Lab) -> None:
    with pytest.raises(UsageError, match="first ttl"):
        rawkit.trace(line.last.ipv4, at=line.first, first_ttl=5, max_ttl=4)
    with pytest.raises(UsageError, match="length is 20"):
        rawkit.trace(line.last.ipv4, at=line.first, length=20)
    with pytest.raises(UsageError, match="source address"):
        rawkit.trace(line.last.ipv4, at=line.first, source="::1")
    with pytest.raises(UsageError, match="need a raw socket"):
        rawkit.trace(line.last.ipv4, at=line.first, method="tcp", kind="socket").run()


def test_an_interface_that_goes_away_ends_in_probes_not_sent(node: Namespace) -> None:
    with Path(node, [Router(), Router()]) as path:
        session = rawkit.trace(path.target, at=node, announce=True, rounds=5, interval=0.2, **HASTY)
        seen = 0
        for event in session:
            seen += isinstance(event, Answer)
            if seen == 9:
                seen += 1
                node.popen(["ip", "link", "set", path.interface, "down"]).wait(timeout=30)
        report = session.report()

    assert sum(hop.not_sent for hop in report.hops) > 0
    assert all(hop.pending == 0 for hop in report.hops)
