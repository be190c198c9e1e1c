"""Questions to real kernels, and their answers."""

import asyncio
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from rawkit import lab
from rawkit.api.exchange import exchange
from rawkit.engine.exchange_events import Answered
from rawkit.errors import NoRoute, NotationError
from rawkit.lab.topology import Lab
from rawkit.sockets.sending import Layer
from rawkit.wire import icmp, icmpv6
from rawkit.wire.arp import ARP
from rawkit.wire.ndp import NeighborAdvertisement
from rawkit.wire.packet import Header
from rawkit.wire.received import Clock
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP

pytestmark = pytest.mark.netns


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    with lab.line(hops=1) as net:
        yield net


@pytest.fixture(scope="module")
def echo(net: Lab) -> Iterator[None]:
    """A UDP port that sends back, and a TCP port that listens."""
    script = (
        "import os, socket, threading\n"
        "def serve(family):\n"
        " s = socket.socket(family, socket.SOCK_DGRAM)\n"
        " if family == socket.AF_INET6:\n"
        "  s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)\n"
        " s.bind(('', 7))\n"
        " os.write(1, b'ready\\n')\n"
        " while True:\n"
        "  data, who = s.recvfrom(9000); s.sendto(data, who)\n"
        "t = socket.create_server(('', 80), family=socket.AF_INET6, dualstack_ipv6=True)\n"
        "threading.Thread(target=serve, args=(socket.AF_INET,), daemon=True).start()\n"
        "serve(socket.AF_INET6)\n"
    )
    process = net.last.popen(["python3", "-c", script], stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert [process.stdout.readline() for _ in range(2)] == ["ready\n"] * 2
        yield
        process.kill()


ANSWERED: list[tuple[str, type[Header], str | None, Layer]] = [
    ('ip(dst={last})/icmp.echo/"hi"', icmp.EchoReply, None, Layer.IPV4),
    ('ip(dst={last},options=[rr])/icmp.echo/"hi"', icmp.EchoReply, None, Layer.IPV4),
    ('ip(dst={last})/udp(dport=7)/"hi"', UDP, None, Layer.IPV4),
    ("ip(dst={last})/tcp(dport=80,flags=syn)", TCP, None, Layer.IPV4),
    ("ip(dst={last})/tcp(dport=81,flags=syn)", TCP, None, Layer.IPV4),
    ('ip(dst={last})/icmp.echo/"hi"', icmp.EchoReply, "cooked", Layer.COOKED),
    ('eth/ip(dst={last})/udp(dport=7)/"hi"', UDP, None, Layer.FRAME),
    ('ip6(dst={last6})/icmp6.echo/"hi"', icmpv6.EchoReply, None, Layer.IPV6),
    ('ip6(dst={last6})/icmp6.echo/"hi"', icmpv6.EchoReply, "icmpv6", Layer.ICMPV6),
    ('ip6(dst={last6})/dstopts/icmp6.echo/"hi"', icmpv6.EchoReply, None, Layer.IPV6),
    ('ip6(dst={last6})/udp(dport=7)/"hi"', UDP, None, Layer.IPV6),
    ("ip6(dst={last6})/tcp(dport=80,flags=syn)", TCP, None, Layer.IPV6),
    ('eth/ip6(dst={last6})/udp(dport=7)/"hi"', UDP, None, Layer.FRAME),
    ("arp(tpa={near})", ARP, None, Layer.COOKED),
    (
        "ip6(dst={near6},hlim=255)/icmp6.ns(target={near6},"
        "options=[source_link_layer(02:00:00:00:01:01)])",
        NeighborAdvertisement, None, Layer.IPV6,
    ),
]  # fmt: skip


def words(net: Lab, notation: str) -> str:
    near = net.routers[0]
    return notation.format(last=net.last.ipv4, last6=net.last.ipv6, near=near.ipv4, near6=near.ipv6)


@pytest.mark.usefixtures("echo")
@pytest.mark.parametrize(("notation", "kind", "layer", "chosen"), ANSWERED)
def test_a_question_is_answered(
    net: Lab, notation: str, kind: type[Header], layer: str | None, chosen: Layer
) -> None:
    session = exchange(
        words(net, notation),
        layer=layer or "auto",
        interface="eth0" if chosen in (Layer.COOKED, Layer.FRAME) else None,
        at=net.first,
    )
    report = session.run()

    assert session.layer is chosen
    assert report.answer is not None, report
    assert isinstance(report.answer.headers[-1], kind)
    assert (report.sent, report.answers, report.errors, report.damaged) == (1, 1, 0, 0)
    assert report.kept[0].clocks == (Clock.KERNEL, Clock.KERNEL)
    assert 0 <= report.kept[0].rtt < 0.5


ERRORS = [
    ("ip(dst={last})/udp(dport=9)", icmp.Unreachable),
    ("ip(dst={last},ttl=1)/udp(dport=7)", icmp.TimeExceeded),
    ("ip(dst={last},ttl=1)/tcp(dport=80,flags=syn)", icmp.TimeExceeded),
    ("ip(dst={last},ttl=1)/icmp.echo", icmp.TimeExceeded),
    ("ip6(dst={last6})/udp(dport=9)", icmpv6.Unreachable),
    ("ip6(dst={last6},hlim=1)/dstopts/udp(dport=7)", icmpv6.TimeExceeded),
    ("ip(dst={last},proto=253)", icmp.Unreachable),
]


@pytest.mark.parametrize(("notation", "kind"), ERRORS)
def test_an_error_about_it_is_an_answer_of_its_own_kind(
    net: Lab, notation: str, kind: type[Header]
) -> None:
    report = exchange(words(net, notation), at=net.first).run()

    assert (report.answers, report.errors, report.answer) == (0, 1, None)
    assert kind in report.kept[0].packet


@pytest.mark.usefixtures("echo")
def test_the_kernel_does_not_say_port_unreachable_to_an_answer(net: Lab) -> None:
    before = counter(net, "Icmp", "OutDestUnreachs")
    report = exchange(words(net, 'ip(dst={last})/udp(dport=7)/"hi"'), at=net.first).run()

    assert report.answers == 1
    assert counter(net, "Icmp", "OutDestUnreachs") == before


@pytest.mark.usefixtures("echo")
def test_no_connection_stays_half_open_at_the_other_side(net: Lab) -> None:
    report = exchange(words(net, "ip(dst={last})/tcp(dport=80,flags=syn)"), at=net.first).run()

    assert report.answer is not None
    assert report.answer[TCP].flags == Flags.SYN | Flags.ACK
    with net.last.popen(["ss", "-Htn"], stdout=subprocess.PIPE, text=True) as ss:
        assert "SYN-RECV" not in ss.communicate(timeout=10)[0]


def counter(net: Lab, group: str, name: str) -> int:
    def read() -> int:
        lines = Path("/proc/thread-self/net/snmp").read_text().splitlines()
        names, values = (line.split() for line in lines if line.startswith(f"{group}:"))
        return int(values[names.index(name)])

    return net.first.run(read)


def test_a_silent_host_is_asked_three_times(net: Lab) -> None:
    spare = net.last.spare(1).ipv4
    report = exchange(f"ip(dst={spare})/icmp.echo", timeout=0.05, at=net.first).run()

    assert (report.sent, report.answers) == (3, 0)
    assert report.elapsed + 0.15 >= 0.15


def test_it_runs_on_asyncio_beside_others(net: Lab) -> None:
    async def ask(count: int) -> list[int]:
        sessions = [
            exchange(words(net, "ip(dst={last})/icmp.echo"), at=net.first) for _ in range(count)
        ]
        return [report.answers for report in await asyncio.gather(*sessions)]

    assert asyncio.run(ask(20)) == [1] * 20


def test_no_answer_is_too_quick_to_be_heard(net: Lab) -> None:
    words = f"ip(dst={net.routers[0].ipv4})/icmp.echo"  # answered while it is still being sent

    asked = [exchange(words, tries=1, timeout=20, at=net.first).run() for _ in range(100)]

    assert all(report.answers == 1 for report in asked)


def test_its_events_can_be_iterated(net: Lab) -> None:
    session = exchange(words(net, "ip(dst={last})/icmp.echo"), at=net.first)

    kinds = [type(event).__name__ for event in session]

    assert kinds == ["Asked", "Answered"]


def test_fragments_are_answered_by_a_whole_reply(net: Lab) -> None:
    big = exchange(words(net, "ip(dst={last},df=no)/icmp.echo/0x41*1400"), at=net.first).run()

    assert big.answers == 1
    answer = big.kept[0]
    assert isinstance(answer, Answered)
    assert len(answer.packet.payload) == 1400


def test_what_cannot_be_asked_is_refused_before_anything_is_sent() -> None:
    with lab.pair() as two:
        with pytest.raises(NoRoute):
            exchange("ip(dst=198.51.100.1)/icmp.echo", at=two.first)
        with pytest.raises(NotationError):
            exchange("ip(dst=198.51.100.1", at=two.first)


def test_descriptors_are_given_back(net: Lab) -> None:
    def descriptors() -> int:
        return len([*Path("/proc/self/fd").iterdir()])

    exchange(words(net, "ip(dst={last})/icmp.echo"), at=net.first).run()
    before = descriptors()
    for _ in range(5):
        exchange(words(net, "ip(dst={last})/udp(dport=9)"), at=net.first).run()

    assert descriptors() == before
