"""``rawkit trace`` beside traceroute(8) and mtr(8): the same lines, and what became of it."""

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import ip_address

import pytest

from rawkit import lab
from rawkit.lab import Node
from rawkit.lab.path import Hop, Path
from rawkit.wire.multipart import ExtensionObject, Label, mpls

pytestmark = pytest.mark.netns

RAWKIT = (sys.executable, "-m", "rawkit", "trace")
WAIT = "-w3 "
"""Not adapting, and long: a busy machine must not look like a silent router."""
HOPS = [
    Hop(extensions=(mpls(Label(24001, 3, True, 1)),)),
    Hop(extensions=(mpls(Label(24001, 0, False, 1), Label(17, 5, True, 255)),), detour=3),
    Hop(extensions=(mpls(Label(5)), ExtensionObject(200, 3, b"abcdefgh"))),
    Hop(ttl=255, copies=2),
    Hop(),
]
ALTERNATING = Hop(speaks_as=(ip_address("198.51.100.66"), ip_address("198.51.100.67")))
Ran = subprocess.CompletedProcess[str]


class World:
    """A host, and a path from it whose routers have something to say."""

    def __init__(self, node: Node, path: Path) -> None:
        self.node = node
        self.words = {"v4": str(path.target), "v6": str(path.target6)}

    def ours(self, line: str) -> Ran:
        return run(self.node, (*RAWKIT, *line.format_map(self.words).split()))

    def theirs(self, line: str) -> Ran:
        return run(self.node, (tool("traceroute"), *line.format_map(self.words).split()))


def run(node: Node, command: tuple[str, ...]) -> Ran:
    with node.popen(
        command,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        out, err = process.communicate(timeout=90)
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def tool(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        pytest.skip(f"no {name} here to compare with")
    return path


def constant(text: str) -> list[str]:
    """Return the lines without what differs from run to run."""
    return re.sub(r"\d+\.\d{3} ms", "T ms", text).splitlines()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with lab.line(hops=0) as net, Path(net.first, HOPS) as path:
        yield World(net.first, path)


SAME = [
    "-n {v4}",
    "-n {v6}",
    "{v4}",
    "-n -I {v4}",
    "-n -I {v6}",
    "-n -T {v4}",
    "-n -T {v6}",
    "-n -U -p 99 {v4}",
    "-n -e {v4}",
    "-n -e {v6}",
    "-e --back {v4}",
    "-n --back -I {v6}",
    "-n -f 2 -m 5 {v4}",
    "-n -f 12 {v4}",
    "-n -q 1 {v6}",
    "-n -q 10 -N 64 {v4}",
    "-n {v4} 100",
    "-n {v6} 1000",
    "-n {v4} 10",
    "-n -I {v4} 0",
    "-n -F -t 16 {v4}",
]


@pytest.mark.parametrize("line", SAME)
def test_lines_are_those_of_traceroute_8(world: World, line: str) -> None:
    expected, found = world.theirs(WAIT + line), world.ours(WAIT + line)

    assert constant(found.stdout) == constant(expected.stdout)
    assert found.stderr == ""
    assert found.returncode == (1 if "-m 5" in line else 0)


@pytest.mark.parametrize(
    ("hops", "line"),
    [
        ([Hop(), ALTERNATING, Hop()], "-n"),
        ([Hop(), ALTERNATING, Hop()], ""),
        ([Hop(), Hop(silent=True), Hop()], "-n"),
        ([Hop(), Hop(drops=True), Hop()], "-n -m 4 -q 2"),
    ],
)
def test_lines_of_others_who_answer_or_nobody_are_those_of_traceroute_8(
    hops: list[Hop], line: str
) -> None:
    ran = []
    for tool_of in (World.theirs, World.ours):
        with lab.line(hops=0) as net, Path(net.first, hops) as path:
            ran.append(tool_of(World(net.first, path), f"{WAIT} {line} {{v4}}"))

    assert constant(ran[1].stdout) == constant(ran[0].stdout)


NOT_SAID = {(4, 4), (4, 99), (6, 4)}
"""Refusals that traceroute(8) does not tell from silence, or from arrival."""
REFUSALS = [
    (version, code)
    for version in (4, 6)
    for code in (0, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 99)
    if (version, code) not in NOT_SAID
]


@pytest.mark.parametrize(("version", "code"), REFUSALS)
def test_a_refusal_has_the_letter_of_traceroute_8_and_is_exit_code_1(
    version: int, code: int
) -> None:
    with lab.line(hops=0) as net, Path(net.first, [Hop(), Hop(refuses=code), Hop()]) as path:
        world = World(net.first, path)
        line = f"-n {WAIT} {{v{version}}}"
        expected, found = world.theirs(line), world.ours(line)

    assert constant(found.stdout) == constant(expected.stdout)
    assert (found.returncode, found.stderr) == (1, "")


def test_too_large_a_probe_has_the_mtu_in_its_remark() -> None:
    with lab.line(hops=0) as net, Path(net.first, [Hop(), Hop(mtu=1400), Hop()]) as path:
        world = World(net.first, path)
        line = f"-n -F {WAIT} {{v4}} 1450"
        expected, found = world.theirs(line), world.ours(line)

    assert "!F-1400" in found.stdout
    assert constant(found.stdout) == constant(expected.stdout)


# mtr(8)


def hosts_and_losses(table: str) -> list[str]:
    """Return the lines of mtr's table up to the count of probes."""
    return [line[:45] for line in table.splitlines()[1:]]


def test_the_report_is_the_table_of_mtr_8() -> None:
    with lab.line(hops=0) as net, Path(net.first, [Hop(), Hop(silent=True), Hop()]) as path:
        world = World(net.first, path)
        words = f"-n -c 2 -i 1 {world.words['v4']}".split()
        expected = run(world.node, (tool("mtr"), "-r", "-G", "3", *words))
        found = world.ours("--report -n -c 2 -w3 {v4}")

    assert hosts_and_losses(found.stdout) == hosts_and_losses(expected.stdout)
    assert "  2.|-- ???                       100.0     2      -" in found.stdout
    assert re.match(r"Start: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4}\n", found.stdout)


def test_the_json_of_a_report_has_the_names_and_kinds_of_mtr_8(world: World) -> None:
    words = f"-n -c 1 {world.words['v4']}".split()
    expected = json.loads(run(world.node, (tool("mtr"), "-j", "-G", "3", *words)).stdout)
    found = json.loads(world.ours("--report -j -n -c 1 -w3 {v4}").stdout)

    ours, theirs = found["report"], expected["report"]
    assert {name: type(value) for name, value in ours["mtr"].items()} == {
        name: type(value) for name, value in theirs["mtr"].items()
    }
    assert [list(hub) for hub in ours["hubs"]] == [list(hub) for hub in theirs["hubs"]]
    assert [(hub["count"], hub["host"]) for hub in ours["hubs"]] == [
        (hub["count"], hub["host"]) for hub in theirs["hubs"]
    ]
    assert [row["hop"] for row in found["rawkit"]["hops"]] == [1, 2, 3, 4, 5, 6]


def test_deviations_are_reckoned_as_mtr_8_does(world: World) -> None:
    words = f"-n -c 2 -i 1 {world.words['v4']}".split()
    theirs = json.loads(run(world.node, (tool("mtr"), "-j", "-G", "3", *words)).stdout)
    ours = json.loads(world.ours("--report -j -n -c 2 -w3 {v4}").stdout)

    for hub in (*ours["report"]["hubs"], *theirs["report"]["hubs"]):
        of_two = (hub["Wrst"] - hub["Best"]) / 2**0.5
        assert hub["StDev"] == pytest.approx(of_two, abs=0.002)


# What traceroute(8) does not say


def test_interfaces_that_a_router_tells_of_are_shown_with_their_words() -> None:
    from rawkit.wire.multipart import InterfaceInfo, Role, interface

    told = interface(InterfaceInfo(Role.INCOMING, 7, ip_address("192.0.2.9"), "eth0", 1500))
    with lab.line(hops=0) as net, Path(net.first, [Hop(extensions=(told,))]) as path:
        found = World(net.first, path).ours(f"-n -e -q1 {WAIT} {{v4}}")

    assert constant(found.stdout)[1] == (' 1  192.0.2.254 <INC:7,192.0.2.9,"eth0",mtu=1500>  T ms')


@pytest.mark.parametrize("form", ["", "--report", "--csv", "--dot", "--json"])
def test_every_form_of_output_says_by_its_exit_code_whether_the_host_answered(
    world: World, form: str
) -> None:
    common = f"-n -c 1 -q 1 {WAIT} {form}"

    assert world.ours(f"{common} {{v4}}").returncode == 0
    assert world.ours(f"{common} -m 2 {{v4}}").returncode == 1
