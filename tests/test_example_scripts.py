"""The programs that are there to be read also run."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rawkit import lab
from rawkit.lab import Answer, Hop, Lab, Node
from rawkit.lab import Path as LyingPath
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.extensions import Fragment
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.multipart import Label, mpls
from rawkit.wire.notation import parse
from rawkit.wire.text import hexdump
from rawkit.wire.udp import UDP
from tests.netns.capture import Capture, Frame

SCRIPTS = Path(__file__).parents[1] / "scripts"
PING, TRACE, ARP = (SCRIPTS / f"{name}.py" for name in ("ping", "trace", "arp"))
DATAGRAM = SCRIPTS / "datagram.py"
FRAGMENTS, CHAINS, TUNNEL, ROUTERS = (
    SCRIPTS / f"{name}.py"
    for name in ("fragments", "extension_headers", "tunnel", "router_discovery")
)
LINK = 14
"""Octets of an Ethernet header."""
LONGEST = 60
"""Lines: a page, for a program that is to be read."""


def run(node: Node, *words: str, script: Path = PING) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(script), *words]
    with node.popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        out, err = process.communicate(timeout=20)
        return subprocess.CompletedProcess(command, process.returncode, out, err)


@pytest.mark.netns
@pytest.mark.parametrize(("groups", "socket"), [("0 0", "a ping socket"), ("1 0", "a raw socket")])
def test_ping_tells_of_answers_and_of_how_they_were_got(groups: str, socket: str) -> None:
    with lab.line(hops=2, sysctls={"net.ipv4.ping_group_range": groups}) as net:
        ran = run(net.first, str(net.last.ipv4), "2")

    first, second, counts, times = ran.stdout.splitlines()
    host = re.escape(str(net.last.ipv4))
    assert re.fullmatch(rf"1: {host} after \d+\.\d{{3}} ms", first)
    assert re.fullmatch(rf"2: {host} after \d+\.\d{{3}} ms", second)
    assert counts.startswith(f"2 of 2 answered, over {socket} (")
    stamped = "departures stamped by the (kernel|user), arrivals by the (kernel|user)"
    assert re.fullmatch(rf"median .* ms, 95 % within .* ms; {stamped}", times)
    assert (ran.returncode, ran.stderr) == (0, "")


ANSWERS = [
    (Answer.SILENT, "1: nothing came in time"),
    (Answer.HOST_UNREACHABLE, "1: 192.0.2.254 says: Destination Host Unreachable"),
    (Answer.OTHER_SOURCE, "1: 203.0.113.254, not counted: wrong_source"),
]


@pytest.mark.netns
@pytest.mark.parametrize(("answer", "line"), ANSWERS)
def test_ping_tells_apart_what_is_no_answer(answer: Answer, line: str) -> None:
    with lab.pair() as net, LyingPath(net.first, targets=answer) as path:
        ran = run(net.first, str(path.target), "1")

    assert ran.stdout.splitlines()[0] == line
    assert "0 of 1 answered" in ran.stdout
    assert ran.returncode == 1


@pytest.mark.netns
@pytest.mark.parametrize("method", ["udp", "icmp", "tcp"])
def test_trace_tells_of_routers_and_of_what_is_odd_about_them(method: str) -> None:
    hops = [Hop(), Hop(detour=2), Hop(extensions=(mpls(Label(24_003)),))]
    with lab.pair() as net, LyingPath(net.first, hops) as path:
        ran = run(net.first, str(path.target), method, script=TRACE)

    lines = ran.stdout.splitlines()
    time = r"\d+\.\d{3} ms"
    assert re.fullmatch(rf" 1  192\.0\.2\.254(  {time}){{3}}", lines[0])
    assert re.fullmatch(rf" 3  198\.51\.100\.3(  {time} MPLS 24003){{3}}", lines[2])
    assert lines[4:] == ["hop 2: asymmetric", "reached, over a raw socket (permitted here)"]
    assert (ran.returncode, ran.stderr) == (0, "")


def test_trace_tells_a_mistake_in_one_line() -> None:
    command = [sys.executable, str(TRACE), "127.0.0.1", "carrier-pigeon"]
    told = subprocess.run(command, capture_output=True, text=True, check=False)

    assert told.stderr == "trace.py: method is 'carrier-pigeon', not one of udp, icmp, tcp\n"
    assert told.returncode == 1


@pytest.mark.netns
def test_arp_tells_who_is_there_and_who_is_there_twice() -> None:
    with lab.star(leaves=4) as net:
        asking, first, second, third = net.nodes
        alone = run(asking, "eth0", f"{first.ipv4}-4", script=ARP)
        third.own(second.ipv4)
        twice = run(asking, "eth0", f"{first.ipv4}-4", str(first.ipv6), script=ARP)

    found = [line.split()[:2] for line in alone.stdout.splitlines()[:-1]]
    assert sorted(found) == [[f"10.1.0.{n}", f"02:00:00:00:01:0{n}"] for n in (2, 3, 4)]
    assert alone.stdout.endswith("3 of 3 addresses are taken, 0 of them more than once\n")
    assert (alone.returncode, alone.stderr) == (0, "")
    assert re.search(
        r"^10\.1\.0\.3  02:00:00:00:01:0[34]  \S+ ms  conflict$", twice.stdout, re.MULTILINE
    )
    assert twice.stdout.endswith("4 of 4 addresses are taken, 1 of them more than once\n")
    assert (twice.returncode, twice.stderr) == (1, "")


@pytest.mark.netns
def test_arp_tells_a_mistake_in_one_line() -> None:
    with lab.pair() as net:
        told = run(net.first, "eth9", "10.1.0.2", script=ARP)

    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == "arp.py: no interface 'eth9' here, only lo, eth0\n"


@pytest.mark.netns
@pytest.mark.parametrize("version", [4, 6])
def test_a_datagram_is_foreseen_as_it_leaves_and_told_who_answers(version: int) -> None:
    with lab.pair() as net:
        here, there = (str(n.ipv4 if version == 4 else n.ipv6) for n in (net.first, net.last))
        ran = run(net.first, there, "9", "hello", script=DATAGRAM)

    words, layer, *dump, left, answer = ran.stdout.splitlines()
    packet = parse(words).packet
    assert re.fullmatch(rf'ip6?\(src={here},dst={there}\)/udp\(sport=\d+,dport=9\)/"hello"', words)
    assert layer.startswith(f"by ipv{version} over eth0: the kernel ")
    assert "\n".join(dump) == hexdump(bytes(packet))
    ports = f"{here}.{packet[UDP].src_port} > {there}.9: UDP, length 5"
    assert re.fullmatch(rf"out: IP6? {ports}", left)
    assert re.fullmatch(rf"after \d+\.\d{{3}} ms: IP6? {there} > {here}: ICMP.* port.*", answer)
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("192.0.2.777",), "'192.0.2.777' does not appear to be an IPv4 or IPv6 address"),
        (("127.0.0.1", "http"), "invalid literal for int() with base 10: 'http'"),
    ],
)
def test_datagram_tells_a_mistake_in_one_line(words: tuple[str, ...], complaint: str) -> None:
    command = [sys.executable, str(DATAGRAM), *words]
    told = subprocess.run(command, capture_output=True, text=True, check=False)

    assert told.stderr == f"datagram.py: {complaint}\n"
    assert (told.returncode, told.stdout) == (1, "")


@pytest.fixture(scope="module")
def path() -> Iterator[Lab]:
    """A line with a router, where ICMP errors come as often as they are due."""
    with lab.line(hops=1, sysctls={"net.ipv6.icmp.ratelimit": 0}) as net:
        yield net


@pytest.mark.netns
@pytest.mark.parametrize(
    ("version", "octets", "lengths"),
    [
        (4, 3000, [1276, 1276, 516]),  # 3008 octets of ICMP in pieces of 8 * n
        (6, 3000, [1280, 1280, 592]),
        (4, 100, [128]),
    ],
)
def test_fragments_are_cut_sent_and_answered(
    path: Lab, version: int, octets: int, lengths: list[int]
) -> None:
    host = path.last.ipv4 if version == 4 else path.last.ipv6
    with Capture(path.last, "eth0") as capture:
        ran = run(path.first, str(host), str(octets), script=FRAGMENTS)
        heard = capture.until(lambda frame: asks(frame, version), len(lengths))

    *pieces, answer, counts = ran.stdout.splitlines()
    assert [int(piece.split()[0]) for piece in pieces] == lengths
    assert [len(frame.octets) - LINK for frame in heard] == lengths
    assert re.fullmatch(rf"after \d+\.\d{{3}} ms: .*echo reply.*, length {octets + 8}", answer)
    assert counts == "1 of 1 answered"
    assert (ran.returncode, ran.stderr) == (0, "")


def asks(frame: Frame, version: int) -> bool:
    """Whether a frame is a piece of an echo request, or a whole one: no neighbour discovery."""
    packet = dissect_frame(frame.octets)
    is_ours = IPv4 in packet if version == 4 else Fragment in packet
    return is_ours and not frame.outgoing


CHAINS_SAID = """\
nothing                        replied
hop-by-hop, router alert       replied
an option to be skipped        replied
an option to be told of        Parameter problem: Unknown option at 42
an atomic fragment             replied (ATOMIC)
a route of kind 0, spent       replied (SOURCE_ROUTE)
a route of kind 0              Parameter problem: Wrong header field at 42 (SOURCE_ROUTE)
destination options twice      replied (ONCE)
hop-by-hop in the wrong place  Parameter problem: Unknown header at 40 (HOP_BY_HOP_FIRST)
"""


@pytest.mark.netns
def test_extension_headers_tells_what_becomes_of_each_chain(path: Lab) -> None:
    ran = run(path.first, str(path.last.ipv6), script=CHAINS)

    assert (ran.stdout, ran.returncode, ran.stderr) == (CHAINS_SAID, 0, "")


@pytest.mark.netns
def test_a_tunnel_is_answered_by_its_far_end_if_there_is_one(path: Lab) -> None:
    ours, theirs = path.first.ipv4, path.last.ipv4
    words = (str(theirs), "2001:db8:41::9")
    nobody = run(path.first, *words, script=TUNNEL)
    far_end = [sys.executable, str(TUNNEL), "--answer", str(ours)]
    with path.last.popen(far_end, stderr=subprocess.PIPE, text=True) as process:
        end = time.monotonic() + 20
        while not path.last.run(speaks_41):
            assert time.monotonic() < end, "it does not begin"
            time.sleep(0.01)
        ran = run(path.first, *words, script=TUNNEL)
        process.send_signal(signal.SIGINT)
        _, complaints = process.communicate(timeout=20)

    inside = "2001:db8:41::1 > 2001:db8:41::9: ICMP6, echo request, id 41, seq 1, length 24"
    assert nobody.stdout.splitlines()[0] == f"IP {ours} > {theirs}: IP6 {inside}"
    assert f"{theirs} protocol 41 unreachable" in nobody.stdout.splitlines()[1]
    assert (nobody.returncode, nobody.stderr) == (1, "")
    back = "2001:db8:41::9 > 2001:db8:41::1: ICMP6, echo reply, id 41, seq 1, length 24"
    assert ran.stdout.endswith(f" ms: IP {theirs} > {ours}: IP6 {back}\n")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (process.returncode, complaints) == (130, "")


def speaks_41() -> bool:
    """Whether a raw socket of protocol 41 is open in this namespace."""
    return ":0029 " in Path("/proc/thread-self/net/raw").read_text()


ADVERTISEMENTS = """\
ip6(src=fe80::1:2,dst=ff02::1,hlim=255)/icmp6.ra(lifetime=1800,options=[mtu(1400)])
ip(dst=224.0.0.1,ttl=1)/icmp.ra(lifetime=1800,routers=[[10.1.0.2,5]])
"""


@pytest.mark.netns
def test_router_discovery_tells_of_routers_of_both_versions(tmp_path: Path) -> None:
    file = tmp_path / "said"
    file.write_text(ADVERTISEMENTS)
    with lab.pair() as net:
        nobody = run(net.first, "eth0", "0.2", script=ROUTERS)
        words = ("rawkit", "send", "-I", "eth0", "-c", "300", "-i", "50ms", f"@{file}")
        with net.last.popen([sys.executable, "-m", *words], stdout=subprocess.PIPE) as router:
            assert router.stdout is not None
            router.stdout.readline()  # it speaks
            ran = run(net.first, "eth0", "1", script=ROUTERS)
            router.terminate()

    said = ran.stdout.splitlines()
    assert nobody.stdout == "0 routers: 0 of IPv6, 0 of IPv4\n"
    assert nobody.returncode == 1
    mac = re.escape("[02:00:00:00:01:02] for 1800 s, ")
    assert any(re.match(rf"10\.1\.0\.2 {mac}", line) for line in said)
    assert any(re.match(rf"fe80::1:2 {mac}", line) for line in said)
    assert {"  send to 10.1.0.2, preference 5", "  MTU 1400"} <= set(said)
    assert said[-1] == "2 routers: 1 of IPv6, 1 of IPv4"
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.netns
@pytest.mark.parametrize(
    ("script", "words", "complaint"),
    [
        (FRAGMENTS, ("host",), "'host' does not appear to be an IPv4 or IPv6 address"),
        (CHAINS, ("10.1.0.2",), "At least 3 parts expected in '10.1.0.2'"),
        (TUNNEL, ("10.1.0.2", "far"), "At least 3 parts expected in 'far'"),
        (ROUTERS, ("eth9",), "no interface 'eth9' here, only lo, eth0"),
    ],
)
def test_a_mistake_is_told_in_one_line(
    path: Lab, script: Path, words: tuple[str, ...], complaint: str
) -> None:
    told = run(path.first, *words, script=script)

    assert told.stderr == f"{script.name}: {complaint}\n"
    assert (told.returncode, told.stdout) == (1, "")


@pytest.mark.parametrize(
    ("script", "usage"),
    [
        (PING, "scripts/ping.py HOST [COUNT]"),
        (TRACE, "scripts/trace.py HOST [udp|icmp|tcp]"),
        (ARP, "scripts/arp.py INTERFACE ADDRESSES…"),
        (DATAGRAM, "scripts/datagram.py HOST [PORT [TEXT]]"),
        (FRAGMENTS, "scripts/fragments.py HOST [OCTETS [MTU]]"),
        (CHAINS, "scripts/extension_headers.py ADDRESS"),
        (TUNNEL, "scripts/tunnel.py HOST INSIDE"),
        (ROUTERS, "scripts/router_discovery.py INTERFACE [SECONDS]"),
    ],
)
def test_a_program_to_be_read_fits_on_a_page_and_says_how_it_is_used(
    script: Path, usage: str
) -> None:
    told = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False
    )

    assert len(script.read_text().splitlines()) <= LONGEST
    assert usage in told.stderr
    assert told.returncode == 1
