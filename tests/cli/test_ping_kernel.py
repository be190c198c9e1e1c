"""``rawkit ping`` beside ping(8) on the real kernel: the same lines, the same exit codes."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import jc
import pytest

from rawkit import lab
from rawkit.lab import Node
from rawkit.lab.path import Answer, Hop, Path, Target, Whose

pytestmark = pytest.mark.netns

RAWKIT = (sys.executable, "-m", "rawkit", "ping")
ANSWERS = {
    "silent": Answer.SILENT,
    "unreachable": Answer.HOST_UNREACHABLE,
    "prohibited": Answer.PROHIBITED,
    "toobig": Answer.TOO_BIG,
    "expired": Answer.EXPIRED,
    "triple": Answer.TRIPLE,
    "others": Answer.OTHERS_ERROR_THEN_REPLY,
    "flipped": Answer.FLIPPED_PAYLOAD,
    "stranger": Answer.OTHER_SOURCE,
    "truncated": Answer.TRUNCATED,
}
VARYING = (
    (r"time=[\d.]+ ms", "time=T ms"),
    (r"time \d+ms", "time Tms"),
    (r"= [\d.]+/[\d.]+/[\d.]+/[\d.]+ ms", "= A/B/C/D ms"),
    (r"ipg/ewma [\d.]+/[\d.]+ ms", "ipg/ewma X/Y ms"),
    (r"\[\d{10}\.\d{6}\]", "[STAMP]"),
    (r"\t-?\d+( absolute)?\n", r"\tN\1\n"),
)
"""What differs from run to run, and what stands for it."""
Ran = subprocess.CompletedProcess[str]


class World:
    """A host, a neighbour, and a path to hosts that answer in all sorts of ways."""

    def __init__(self, net: lab.Lab, path: Path, is_raw: bool) -> None:
        self.here: Node = net.first
        self.is_raw = is_raw
        self.words = {
            "v4": str(net.last.ipv4),
            "v6": str(net.last.ipv6),
            "own4": str(net.first.ipv4),
            "own6": str(net.first.ipv6),
            "device": net.first.interfaces[0].name,
            "broadcast": str(net.first.interfaces[0].ipv4.network.broadcast_address),
        }
        for address, name in zip(path.addresses, [*ANSWERS, *ANSWERS], strict=True):
            self.words[f"{name}{address.version}"] = str(address)

    def ours(self, line: str) -> Ran:
        return self._run((*RAWKIT, *line.format_map(self.words).split()))

    def theirs(self, line: str) -> Ran:
        return self._run((ping_8(), *line.format_map(self.words).split()))

    def _run(self, command: tuple[str, ...]) -> Ran:
        with self.here.popen(
            command,
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            out, err = process.communicate(timeout=20)
            return subprocess.CompletedProcess(command, process.returncode, out, err)


@pytest.fixture(scope="module", params=["0 0", "1 0"], ids=["ping-sockets", "raw-sockets"])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """A world where ping sockets are open to us, and one where they are not."""
    sysctls = {"net.ipv4.ping_group_range": request.param}
    targets: dict[Whose, Target] = {
        f"{network}{number}": Target((answer,))
        for network in ("203.0.113.", "2001:db8:0:3::")
        for number, answer in enumerate(ANSWERS.values(), 10)
    }
    with lab.pair(sysctls=sysctls) as net, Path(net.first, [Hop(), Hop()], targets) as path:
        yield World(net, path, is_raw=request.param == "1 0")


def ping_8() -> str:
    ping = shutil.which("ping")
    if ping is not None:
        version = subprocess.run([ping, "-V"], capture_output=True, text=True, check=False)
        if "20221126" in version.stdout:
            return ping
    pytest.skip("no ping of iputils 20221126 here to compare with")


def constant(text: str) -> str:
    for pattern, stand_in in VARYING:
        text = re.sub(pattern, stand_in, text)
    return text


SAME = [
    "-c1 {v4}",
    "-c2 -i0.05 {v6}",
    "-c1 -n {v4}",
    "-c1 -q {v4}",
    "-c1 -D {v4}",
    "-c1 -s5 {v4}",
    "-c1 -s15 {v6}",
    "-c1 -s16 {v6}",
    "-c1 -s4000 {v4}",
    "-c1 -s4000 {v6}",
    "-c1 -a {v4}",
    "-c1 -I{device} {v4}",
    "-c1 -I{device} {v6}",
    "-c1 -I{own4} {v4}",
    "-c1 -I{own6} {v6}",
    "-c1 -B {v4}",
    "-c2 -i0.05 -p ff00 {v4}",
    "-c1 -p f {v6}",
    "-c3 -l3 {v4}",
    "-c3 -A {v4}",
    "-c3 -A -q {v6}",
    "-c3 -f {v4}",
    "-c2 -f -a {v6}",
    "-c1 -t5 -Q0x10 {v4}",
    "-c1 -t5 -Q16 {v6}",
    "-c1 -m7 -L -r -S20000 {v4}",
    "-c1 -w2 {v4}",
    "-c3 -w1 {v4}",
    "-nqc1 -- {v4}",
    "{v4} -c1",
    "-c1 -Mdo -s1472 {v4}",
    "-c2 -i0.05 -Mdo -s1473 {v4}",
    "-c2 -i0.05 -Mdo -s1500 {v6}",
    "-c1 -4 {v4}",
    "-c1 -6 {v6}",
    "-c1 {silent4} -W0.2",
    "-c2 -i0.05 -W0.2 -O {silent6}",
    "-w1 -i0.4 -O -D {silent4}",
    "-c2 -i0.05 {unreachable4}",
    "-c1 -D {unreachable6}",
    "-c1 -q {unreachable4}",
    "-c1 -f {unreachable4}",
    "-w5 {unreachable4}",
    "-c1 {prohibited4}",
    "-c1 {prohibited6}",
    "-c1 {expired4}",
    "-c1 {expired6}",
    "-c1 -t1 {triple4}",
    "-c1 -t2 {triple6}",
    "-c1 {toobig4}",
    "-c1 {toobig6}",
    "-c2 -i0.1 {triple4}",
    "-c2 -i0.1 {triple6}",
    "-c1 {others4}",
]
LUCK = 5
"""Tries for copies of the last reply: either ping may have ended before it reads them."""
LINES_ONLY = ["-c1 {flipped4}", "-c1 {flipped6}", "-c1 {truncated4}", "-c1 -W0.2 {stranger6}"]
"""Where ping(8) counts as received what is not what was asked for."""
ROUTES = [
    "-c2 -i0.05 -R {v4}",
    "-c1 -T tsonly {v4}",
    "-c1 -T tsandaddr {v4}",
    "-c1 -T tsprespec {v4} {v4}",
    "-c1 -T tsprespec {v4}",
]
REFUSED = [
    "-Z {v4}",
    "-c",
    "-Q 999 {v4}",
    "-M x {v4}",
    "-T x {v4}",
    "-R -T tsonly {v4}",
    "-4 -6 {v4}",
    "-4 {v6}",
    "-6 {v4}",
    "-p zz {v4}",
    "-W -1 {v4}",
    "-I nosuch0 {v4}",
    "-I nosuch0 {v6}",
    "-I 192.0.2.99 {v4}",
    "-I zz:1 {v6}",
    "-F zz {v6}",
    "-c1 nosuch.invalid",
    "-c1 198.18.0.1",
    "-c1 2001:db8:ffff::1",
    "-c1 10.255.255.255.255",
]


@pytest.mark.parametrize("line", SAME)
def test_the_output_is_that_of_ping_to_the_letter(world: World, line: str) -> None:
    expected, found = world.theirs(line), world.ours(line)
    for _ in range(LUCK * ("triple" in line)):
        if constant(found.stdout) == constant(expected.stdout):
            break
        expected, found = world.theirs(line), world.ours(line)

    assert constant(found.stdout) == constant(expected.stdout), found.stderr
    assert found.returncode == expected.returncode


@pytest.mark.parametrize("line", ROUTES)
def test_routes_and_timestamps_are_shown_as_ping_shows_them(world: World, line: str) -> None:
    if not world.is_raw:
        pytest.skip("through a ping socket, ping shows other options than came")
    expected, found = world.theirs(line), world.ours(line)

    assert constant(found.stdout) == constant(expected.stdout), found.stderr
    assert found.returncode == expected.returncode


@pytest.mark.parametrize("line", LINES_ONLY)
def test_a_bad_reply_is_shown_as_ping_shows_it_and_not_counted(world: World, line: str) -> None:
    expected, found = world.theirs(line), world.ours(line)

    assert constant(found.stdout).split("\n\n")[0] == constant(expected.stdout).split("\n\n")[0]
    assert "1 packets transmitted, 0 received" in found.stdout
    assert (found.returncode, expected.returncode) == (1, 0)


@pytest.mark.parametrize("line", REFUSED)
def test_a_mistake_is_one_line_on_stderr_and_exit_code_2(world: World, line: str) -> None:
    expected, found = world.theirs(line), world.ours(line)

    assert (found.returncode, expected.returncode) == (2, 2)
    assert (found.stdout, expected.stdout) == ("", "")
    assert found.stderr.startswith("rawkit ping: ")
    assert found.stderr.count("\n") == 1


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-c1 -s65508 {v4}", "rawkit ping: size is 65508, not 0 to 65507\n"),
        ("-c1 -Mdo -s1473 {v4}", "rawkit ping: local error: message too long, mtu=1500\n"),
        ("-c1 -Mdo -s1500 {v6}", "rawkit ping: local error: message too long, mtu: 1500\n"),
        ("-c1 {broadcast}", "rawkit ping: Do you want to ping broadcast? Then -b. "
         "If not, check your local firewall rules\n"),
    ],
)  # fmt: skip
def test_what_the_kernel_refuses_is_told_with_its_cause(world: World, line: str, said: str) -> None:
    found = world.ours(line)

    assert found.stderr == said
    assert found.returncode != 0


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ("-c2 -i0.05 {v4}", (2, 2, 0, None)),
        ("-c2 -i0.05 -D {v6}", (2, 2, 0, None)),
        ("-c2 -i0.05 -W0.2 {silent4}", (2, 0, 0, None)),
        ("-c2 -i0.1 {triple4}", (2, 2, None, None)),
        ("-c2 -i0.05 {unreachable4}", (2, 0, 0, 2)),
        ("-c1 -I{device} {v4}", (1, 1, 0, None)),
        ("-c2 -A --stats {v4}", (2, 2, 0, None)),
    ],
)
def test_jc_reads_it(world: World, line: str, counts: tuple[int | None, ...]) -> None:
    parsed = jc.parse("ping", world.ours(line).stdout)

    assert isinstance(parsed, dict)
    names = ("packets_transmitted", "packets_received", "duplicates", "errors")
    for name, count in zip(names, counts, strict=True):
        assert count is None or parsed[name] == count
    assert all(found["type"] in ("reply", "timeout") for found in parsed["responses"])
