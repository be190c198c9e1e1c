"""Who is on the link: the same as the library for routes says, without it."""

import re
import subprocess
import sys
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from rawkit.errors import NoRoute
from rawkit.host.next_hop import NextHop, next_hop
from rawkit.host.routes import route_to
from rawkit.host.source import source_for
from rawkit.lab import Lab, Node

LabFactory = Callable[..., Lab]


@pytest.fixture
def node(pair: LabFactory) -> Node:
    """A host on ``10.1.0.0/16`` and ``fd00:0:0:1::/64``, with a route of each kind."""
    first: Node = pair().first
    for words in (
        "198.51.100.0/24 via 10.1.0.2",
        "2001:db8:1::/48 via fd00:0:0:1::2",
        "2001:db8:2::/48 via fe80::2 dev eth0",
        "198.51.100.128/25 via inet6 fe80::2 dev eth0",
        "203.0.113.1/32 dev eth0",
        "blackhole 203.0.113.2/32",
        "prohibit 203.0.113.3/32",
        "unreachable 203.0.113.4/32",
        "unreachable 2001:db8:3::/48",
    ):
        version = "-6" if ":" in words and "inet6" not in words else "-4"
        with first.popen(["ip", version, "route", "add", *words.split()]) as adding:
            assert adding.wait() == 0
    return first


ON_LINK = NextHop("eth0", None, "unicast")
HOPS = [
    ("10.1.0.7", ON_LINK),
    ("fd00:0:0:1::7", ON_LINK),
    ("fe80::7%eth0", ON_LINK),
    ("fe80::7%2", ON_LINK),
    ("203.0.113.1", ON_LINK),
    ("10.1.255.255", NextHop("eth0", None, "broadcast")),
    ("10.1.0.1", NextHop("lo", None, "local")),
    ("127.0.0.1", NextHop("lo", None, "local")),
    ("fd00:0:0:1::1", NextHop("lo", None, "local")),
    ("198.51.100.1", NextHop("eth0", IPv4Address("10.1.0.2"), "unicast")),
    ("2001:db8:1::1", NextHop("eth0", IPv6Address("fd00:0:0:1::2"), "unicast")),
    ("2001:db8:2::1", NextHop("eth0", IPv6Address("fe80::2%eth0"), "unicast")),
    ("198.51.100.129", NextHop("eth0", IPv6Address("fe80::2%eth0"), "unicast")),
]


@pytest.mark.netns
@pytest.mark.parametrize(("dst", "hop"), HOPS)
def test_the_next_hop_is_what_the_kernel_says(node: Node, dst: str, hop: NextHop) -> None:
    assert node.run(next_hop, ip_address(dst)) == hop


@pytest.mark.netns
@pytest.mark.parametrize("dst", [dst for dst, _ in HOPS])
def test_it_is_that_of_the_library(node: Node, dst: str) -> None:
    found, route = node.run(next_hop, ip_address(dst)), node.run(route_to, ip_address(dst))

    gateway = None if found.gateway is None else ip_address(str(found.gateway).partition("%")[0])
    assert (found.interface, gateway, found.kind) == (route.interface, route.gateway, route.kind)


@pytest.mark.netns
@pytest.mark.parametrize(
    ("dst", "said"),
    [
        ("192.0.2.1", "no way to 192.0.2.1: no IPv4 route to it (ip -4 route)"),
        ("2001:db8:9::1", "no way to 2001:db8:9::1: no IPv6 route to it (ip -6 route)"),
        ("203.0.113.2", "the route to it throws packets away (blackhole)"),
        ("203.0.113.3", "the route to it says prohibited"),
        ("203.0.113.4", "the route to it says unreachable"),
        ("2001:db8:3::1", "the route to it says unreachable"),
        ("fe80::7", "a link-local address needs its interface: fe80::7%eth0, say"),
        ("fe80::7%eth9", "no interface called eth9"),
        ("fe80::7%99", "no interface called 99"),
        ("fe80::7%99999999999", "no interface called 99999999999"),
    ],
)
def test_no_way_is_told_in_one_line(node: Node, dst: str, said: str) -> None:
    with pytest.raises(NoRoute, match=re.escape(said)):
        node.run(next_hop, ip_address(dst))


def test_it_takes_no_library() -> None:
    program = "import sys, rawkit.host.next_hop; print('pyroute2' in sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert ran.stdout == "False\n"


@pytest.mark.netns
@pytest.mark.parametrize("dst", [dst for dst, _ in HOPS])
def test_the_source_is_the_one_that_a_socket_gets(node: Node, dst: str) -> None:
    address = ip_address(dst)

    hop = node.run(lambda: next_hop(address))

    assert hop.source == node.run(lambda: source_for(address))
