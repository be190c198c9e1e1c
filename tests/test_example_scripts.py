"""The programs that are there to be read also run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from rawkit import lab
from rawkit.lab import Answer, Hop, Node
from rawkit.lab import Path as LyingPath
from rawkit.wire.multipart import Label, mpls
from rawkit.wire.notation import parse
from rawkit.wire.text import hexdump
from rawkit.wire.udp import UDP

SCRIPTS = Path(__file__).parents[1] / "scripts"
PING, TRACE, ARP = (SCRIPTS / f"{name}.py" for name in ("ping", "trace", "arp"))
DATAGRAM = SCRIPTS / "datagram.py"
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


@pytest.mark.parametrize(
    ("script", "usage"),
    [
        (PING, "scripts/ping.py HOST [COUNT]"),
        (TRACE, "scripts/trace.py HOST [udp|icmp|tcp]"),
        (ARP, "scripts/arp.py INTERFACE ADDRESSES…"),
        (DATAGRAM, "scripts/datagram.py HOST [PORT [TEXT]]"),
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
