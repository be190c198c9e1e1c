"""All ways through a lab of kernels that spread flows, as root and without privilege."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

import rawkit
from rawkit import lab
from rawkit.engine.multipath_report import Balancing, MultipathReport
from rawkit.lab.namespace import Namespace
from rawkit.lab.path import Hop, Path
from rawkit.wire import multipart
from rawkit.wire.address import Address
from rawkit.wire.multipart import Label

pytestmark = pytest.mark.netns

WIDTH = 3
UNLIMITED = {"net.ipv4.icmp_ratemask": 0, "net.ipv6.icmp.ratemask": 255}
"""No kind of ICMPv4 error, and one kind of ICMPv6 error that nobody sends."""
SURE: dict[str, Any] = {"confidence": 0.9999, "here": 0, "near": 0}
"""So much that no test run of a lifetime misses a way; and a busy machine is not a silent one."""
WAYS = [
    pytest.param({"kind": "raw"}, id="udp-raw"),
    pytest.param({"kind": "socket"}, id="udp-socket"),
    pytest.param({"kind": "raw", "fixed_port": True, "port": 53}, id="udp-fixed-port"),
    pytest.param({"kind": "socket", "fixed_port": True, "port": 53}, id="udp-socket-fixed-port"),
    pytest.param({"method": "tcp"}, id="tcp"),
]
RAWKIT = (sys.executable, "-m", "rawkit", "trace", "--multipath", "-n", "--confidence", "99.99%")


@pytest.fixture(scope="module")
def diamond() -> Iterator[lab.Lab]:
    with lab.diamond(WIDTH, sysctls=UNLIMITED) as net:
        yield net


def addresses(net: lab.Lab, name: str, version: int) -> set[Address]:
    node = net[name]
    return {(one.ipv4 if version == 4 else one.ipv6).ip for one in node.interfaces}


def truth(net: lab.Lab, version: int) -> list[set[Address]]:
    """Return who may answer at each distance; of a router, each of its addresses."""
    ways = [addresses(net, f"path{n}", version) for n in range(1, WIDTH + 1)]
    last = net.last.ipv4 if version == 4 else net.last.ipv6
    return [
        addresses(net, "split", version),
        set().union(*ways),
        addresses(net, "join", version),
        {last},
    ]


def check(net: lab.Lab, report: MultipathReport, version: int) -> None:
    expected = truth(net, version)
    assert len(report.hops) == len(expected)
    for hop, known in zip(report.hops, expected, strict=True):
        assert {node.address for node in hop} <= known
    assert [len(hop) for hop in report.hops] == [1, WIDTH, WIDTH, 1]  # join has so many addresses
    assert report.reached
    assert report.is_complete
    assert report.paths == WIDTH
    (found,) = report.diamonds
    assert (found.width, found.length, found.balancing) == (WIDTH, 3, Balancing.PER_FLOW)
    for node in report.hops[1]:
        (after,) = node.next
        link = report.nodes[after].address
        assert link is not None
        assert {node.address, link} <= expected[1] | expected[2]


@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("way", WAYS)
def test_a_diamond_of_kernels_is_found_whole(
    diamond: lab.Lab, way: dict[str, Any], version: int
) -> None:
    target = diamond.last.ipv4 if version == 4 else diamond.last.ipv6
    report = rawkit.multipath(target, at=diamond.first, **(SURE | way)).run()

    check(diamond, report, version)


def test_linux_keeps_pings_together_whatever_their_checksum(diamond: lab.Lab) -> None:
    report = rawkit.multipath(diamond.last.ipv4, at=diamond.first, method="icmp", **SURE).run()

    assert report.reached
    assert report.paths == 1  # it hashes ports, and ICMP has none (ip-sysctl.rst)


def test_with_the_limits_that_routers_have_nothing_is_made_up() -> None:
    with lab.diamond(2) as net:
        report = rawkit.multipath(net.last.ipv4, at=net.first, deadline=30).run()

        assert report.reached
        assert {node.address for node in report.hops[0]} <= addresses(net, "split", 4)
        assert None not in {node.address for node in report.nodes}


def test_silent_routers_and_labels_are_shown() -> None:
    stack = (Label(1000, 0, True, 1),)
    mpls = (multipart.mpls(*stack),)
    with (
        Namespace("node") as node,
        Path(node, [Hop(), Hop(silent=True), Hop(extensions=mpls)]) as path,
    ):
        report = rawkit.multipath(path.target, at=node, **(SURE | {"wait": 0.5})).run()

    assert [hop[0].address for hop in report.hops][1] is None
    assert report.hops[2][0].labels == stack
    assert report.paths == 1
    assert report.reached


def printed(net: lab.Lab, *words: str) -> tuple[int, str, str]:
    process = net.first.popen(
        (*RAWKIT, *words, str(net.last.ipv4)),
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    with process:
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err


def test_the_command_draws_what_was_found(diamond: lab.Lab) -> None:
    code, out, err = printed(diamond)

    lines = out.splitlines()
    assert (code, err) == (0, "")
    assert lines[0].startswith(f"multipath to {diamond.last.ipv4} ({diamond.last.ipv4}), 30 hops")
    assert [line.split()[0] for line in lines[1:-2]] == [
        "1",
        "2a",
        "2b",
        "2c",
        "3a",
        "3b",
        "3c",
        "4",
    ]
    assert lines[1].endswith("  per flow to 2a 2b 2c")
    assert lines[-2] == "from 1 to 4: 3 wide, 3 hops, per flow"
    assert lines[-1].startswith("3 ways; ")


def test_the_command_writes_a_graph_in_json(diamond: lab.Lab) -> None:
    code, out, _ = printed(diamond, "--json")

    *found, graph = map(json.loads, out.splitlines())
    assert code == 0
    assert {one["type"] for one in found} == {"found"}
    assert len(found) == len(graph["nodes"]) - 1
    assert (graph["paths"], graph["width"], graph["complete"]) == (WIDTH, WIDTH, True)


def test_the_command_writes_a_graph_for_graphviz(diamond: lab.Lab) -> None:
    code, out, _ = printed(diamond, "--dot")

    assert code == 0
    assert out.count(" -> ") == 1 + 3 * WIDTH
