"""The simulated path as the field's own tools see it: they show what was set up."""

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator

import pytest

from rawkit.lab.namespace import Namespace
from rawkit.lab.path import Answer, Hop, Path, Target
from rawkit.lab.saying import Why
from rawkit.lab.transport import EVERY_PORT, Ports
from rawkit.wire.multipart import Label, mpls

pytestmark = pytest.mark.netns

LINE = re.compile(r"^ *(\d+)[ :.|?-]+ (.*)$", re.MULTILINE)
TIME = re.compile(r" +[0-9.]+ ms")
SILENT_PORTS = Target(tcp=Ports(open=(80,), silent=range(1000, 2000)), udp=Ports(open=(53,)))
DEAD = Target((Answer.SILENT,))

both = pytest.mark.parametrize("version", [4, 6])


@pytest.fixture
def node() -> Iterator[Namespace]:
    with Namespace("node") as node:
        yield node


def run(node: Namespace, program: str, words: str) -> str:
    """Run a tool to its end; return all it says."""
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"there is no {program} here (apt-get install it)")
    process = node.popen(
        [found, *shlex.split(words)], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    output, _ = process.communicate(timeout=60)
    return output


def traceroute(node: Namespace, path: Path, version: int, words: str = "") -> dict[int, str]:
    """Return the lines of traceroute(8) by TTL, without round-trip times."""
    target = path.target if version == 4 else path.target6
    output = run(node, "traceroute", f"-n -w 5,0,0 {words} {target}")
    return {int(ttl): TIME.sub("", said).strip() for ttl, said in LINE.findall(output)}


def routers(path: Path, version: int) -> list[str]:
    return [str(hop.address(version)) for hop in path.hops]


def target(path: Path, version: int) -> str:
    return str(path.target if version == 4 else path.target6)


@both
@pytest.mark.parametrize("method", ["-U", "", "-I", "-T -p 80", "-T -p 81"])
def test_traceroute_sees_every_router_and_the_target(
    node: Namespace, version: int, method: str
) -> None:
    with Path(node, [Hop(), Hop(), Hop()], SILENT_PORTS) as path:
        seen = traceroute(node, path, version, method)

    assert seen == dict(enumerate([*routers(path, version), target(path, version)], 1))


@both
def test_traceroute_waits_for_silent_routers_and_a_silent_target(
    node: Namespace, version: int
) -> None:
    with Path(node, [Hop(), Hop(silent=True), Hop()], DEAD) as path:
        seen = traceroute(node, path, version, "-w 0.5 -m 5")

    first, _, third = routers(path, version)
    assert seen == {1: first, 2: "* * *", 3: third, 4: "* * *", 5: "* * *"}


@both
def test_a_firewall_before_the_target_swallows_udp_and_not_tcp(
    node: Namespace, version: int
) -> None:
    guarded = Target(tcp=Ports(open=(443,), silent=EVERY_PORT), udp=Ports(silent=EVERY_PORT))
    with Path(node, [Hop()], Target(tcp=Ports(open=(443,)), udp=guarded.udp)) as path:
        udp = traceroute(node, path, version, "-w 0.5 -m 3")
        tcp = traceroute(node, path, version, "-T -p 443")

    assert udp == {1: routers(path, version)[0], 2: "* * *", 3: "* * *"}
    assert tcp[2] == target(path, version)


@both
@pytest.mark.parametrize(
    ("why", "remark4", "remark6"),
    [
        (Why.NETWORK, "!N", "!N"),
        (Why.HOST, "!H", "!H"),
        (Why.PROTOCOL, "!P", None),
        (Why.SOURCE_ROUTE, "!S", None),
        (Why.PROHIBITED, "!X", "!X"),
        (Why.HOST_PROHIBITED, "!X", None),
    ],
)
def test_traceroute_remarks_why_a_router_refuses(
    node: Namespace, version: int, why: Why, remark4: str, remark6: str | None
) -> None:
    remark = remark4 if version == 4 else remark6
    if remark is None:
        pytest.skip("IPv6 has no such word that traceroute knows")
    with Path(node, [Hop(), Hop(refuses=why), Hop()]) as path:
        seen = traceroute(node, path, version, "-q 1")

    first, second, _ = routers(path, version)
    assert seen == {1: first, 2: f"{second} {remark}"}


@both
def test_traceroute_shows_labels(node: Namespace, version: int) -> None:
    labels = Label(100, 1, False, 7), Label(200)
    with Path(node, [Hop(extensions=(mpls(*labels),)), Hop()]) as path:
        seen = traceroute(node, path, version, "-e -q 1")

    first, second = routers(path, version)
    assert seen[1] == f"{first} <MPLS:L=100,E=1,S=0,T=7/L=200,E=0,S=1,T=1>"
    assert seen[2] == second


@both
def test_traceroute_does_with_8_octets_of_a_quote(node: Namespace, version: int) -> None:
    with Path(node, [Hop(quoted_data=8), Hop()]) as path:
        udp = traceroute(node, path, version, "-q 1")
        tcp = traceroute(node, path, version, "-T -q 1")

    assert udp[1] == tcp[1] == routers(path, version)[0]


@both
def test_a_hop_that_lets_the_dying_through_is_not_seen(node: Namespace, version: int) -> None:
    with Path(node, [Hop(), Hop(forwards_dying=True), Hop()]) as path:
        seen = traceroute(node, path, version, "-q 1")

    first, _, third = routers(path, version)
    assert seen == {1: first, 2: third, 3: third, 4: target(path, version)}


@pytest.mark.alone
@both
def test_delays_are_where_they_were_put(node: Namespace, version: int) -> None:
    with Path(node, [Hop(), Hop(delay=0.03), Hop(pause=0.1)]) as path:
        output = run(node, "traceroute", f"-n -q 1 -w 5,0,0 {target(path, version)}")
    times = [float(time) for time in re.findall(r"([0-9.]+) ms", output)]

    assert times[0] < times[1] < times[2]
    assert times[1] >= 60 <= times[3], "each way"
    assert times[2] >= 160


@pytest.mark.alone
@both
def test_tracepath_finds_every_narrowing_and_the_longer_way_back(
    node: Namespace, version: int
) -> None:
    for _ in range(3):  # tracepath takes an answer that comes late for one of a later hop
        with Path(node, [Hop(), Hop(mtu=1400, detour=3), Hop(), Hop(mtu=1300)]) as path:
            output = run(node, "tracepath", f"-n {target(path, version)}")
        if "hops 5" in output:
            break

    assert re.search(rf"2: +{re.escape(routers(path, version)[1])} .*asymm  5", output), output
    assert re.findall(r"pmtu (\d+)$", output, re.MULTILINE)[:3] == ["1500", "1400", "1300"]
    assert "Resume: pmtu 1300 hops 5 back 5" in output


@both
def test_a_black_hole_is_one_to_traceroute(node: Namespace, version: int) -> None:
    with Path(node, [Hop(), Hop(mtu=1400, filtered=True), Hop()]) as path:
        large = traceroute(node, path, version, "-F -q 1 -w 0.5 -m 3 -p 33434")
        node.run(lambda: None)
        output = run(node, "traceroute", f"-n -F -q 1 -w 0.5 -m 4 {target(path, version)} 1450")

    assert large[3] == routers(path, version)[2], "small ones pass"
    assert [said for _, said in LINE.findall(output)][2:] == ["*", "*"]


@both
@pytest.mark.parametrize("method", ["", "-u", "-T -P 80"])
def test_mtr_counts_no_loss_and_every_hop(node: Namespace, version: int, method: str) -> None:
    with Path(node, [Hop(), Hop(), Hop()], SILENT_PORTS) as path:
        where = target(path, version)
        output = run(node, "mtr", f"-n -r -c 2 -i 0.3 {method} {where}")

    found = re.findall(r"^ +(\d)\.\|-- (\S+) +([0-9.]+)% +2 ", output, re.MULTILINE)
    expected = [*routers(path, version), where]
    assert found == [(str(n), address, "0.0") for n, address in enumerate(expected, 1)], output


@pytest.mark.alone
def test_mtr_sees_a_rate_limit_as_loss(node: Namespace) -> None:
    with Path(node, [Hop(), Hop(answers_per_second=0.01, burst=2), Hop()]) as path:
        output = run(node, "mtr", f"-n -r -c 10 -i 0.2 {path.target}")

    loss = dict(re.findall(r"-- (\S+) +([0-9.]+)%", output))
    assert loss == {
        **dict.fromkeys([*routers(path, 4), str(path.target)], "0.0"),
        "198.51.100.2": "80.0",
    }


def test_scamper_reads_what_this_path_says(node: Namespace) -> None:
    with Path(node, [Hop(), Hop(quoted_data=8), Hop()]) as path:
        output = run(node, "scamper", f"-p 1000 -I 'trace -P udp-paris {path.target}'")
    if "setgroups: Operation not permitted" in output:
        pytest.skip("scamper wants to be another user, and nobody else is here")

    found = re.findall(r"^ ?(\d+)  (\S+)", output, re.MULTILINE)
    assert [address for _, address in found] == [*routers(path, 4), str(path.target)], output


def test_the_kernel_can_use_a_connection(node: Namespace) -> None:
    with Path(node, [Hop(mtu=1400)], SILENT_PORTS) as path, node.socket() as client:
        client.settimeout(20)
        client.connect((str(path.target), 80))
        client.sendall(b"x" * 5000)
        client.shutdown(1)
        assert client.recv(10) == b""
        with node.socket() as other, pytest.raises(ConnectionRefusedError):
            other.connect((str(path.target), 81))


def test_an_open_udp_port_answers_a_kernel(node: Namespace) -> None:
    import socket

    with (
        Path(node, [Hop()], SILENT_PORTS) as path,
        node.socket(socket.AF_INET, socket.SOCK_DGRAM, 0) as client,
    ):
        client.settimeout(20)
        client.connect((str(path.target), 53))
        client.send(b"question")
        assert client.recv(100) == b"question"
