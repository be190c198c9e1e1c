"""Which way a packet will take, in namespaces with routes of every kind."""

import asyncio
import errno
import socket
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import TYPE_CHECKING

import pytest

from rawkit.errors import NoRoute
from rawkit.host import netlink
from rawkit.host.routes import Route, route_to, routes, source_for
from rawkit.host.source import is_ambiguous, no_route
from rawkit.lab.namespace import Namespace

if TYPE_CHECKING:
    from pyroute2 import IPRoute


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    with Namespace() as made:
        netlink.ask(_build, made.fileno())
        yield made


def _build(ipr: "IPRoute") -> None:
    """Two veth pairs in one namespace, and a route of each kind."""
    ipr.link("set", index=1, state="up")
    for near, far, address in (("left", "left0", "192.0.2.1"), ("right", "right0", "192.0.2.129")):
        ipr.link("add", ifname=near, kind="veth", peer=far, mtu=1400)
        for name in (far, near):
            (index,) = ipr.link_lookup(ifname=name)
            ipr.link("set", index=index, state="up")
        ipr.addr("add", index=index, address=address, prefixlen=25)
    (left,), (right,) = ipr.link_lookup(ifname="left"), ipr.link_lookup(ifname="right")
    for address in ("2001:db8::1", "fe80::9"):
        ipr.addr("add", index=left, address=address, prefixlen=64, flags=0x02)  # no DAD
    ipr.route("add", dst="198.51.100.0/24", gateway="192.0.2.2")
    ipr.route("add", dst="198.51.100.128/25", gateway="192.0.2.2", metrics={"mtu": 1300})
    ipr.route("add", dst="203.0.113.0/26", type="blackhole")
    ipr.route("add", dst="203.0.113.64/26", type="prohibit")
    ipr.route("add", dst="203.0.113.128/26", type="unreachable")
    ipr.route("add", dst="2001:db8:1::/48", gateway="2001:db8::2")
    hops = [{"gateway": "192.0.2.2", "oif": left}, {"gateway": "192.0.2.130", "oif": right}]
    ipr.route("add", dst="203.0.113.192/26", multipath=hops)


@pytest.mark.netns
@pytest.mark.parametrize(
    ("dst", "interface", "source"),
    [
        ("192.0.2.7", None, "192.0.2.1"),
        ("192.0.2.130", None, "192.0.2.129"),
        ("192.0.2.7", "right", "192.0.2.129"),
        ("198.51.100.1", None, "192.0.2.1"),
        ("127.0.0.1", None, "127.0.0.1"),
        ("192.0.2.1", None, "192.0.2.1"),
        ("192.0.2.127", None, "192.0.2.1"),
        ("2001:db8:1::1", None, "2001:db8::1"),
    ],
)
def test_the_source_is_what_the_kernel_would_take(
    namespace: Namespace, dst: str, interface: str | None, source: str
) -> None:
    assert namespace.run(source_for, ip_address(dst), interface) == ip_address(source)


@pytest.mark.netns
def test_a_link_local_source_names_its_interface(namespace: Namespace) -> None:
    source = namespace.run(source_for, IPv6Address("fe80::7%left"))

    assert source == IPv6Address("fe80::9%left")


@pytest.mark.netns
def test_a_mark_can_be_asked_for(namespace: Namespace) -> None:
    assert namespace.run(source_for, IPv4Address("192.0.2.7"), None, 7) == IPv4Address("192.0.2.1")


@pytest.mark.netns
@pytest.mark.parametrize(
    ("off", "dst"), [("all", "2001:db8:1::1"), ("all", "::1"), ("left", "fe80::7%left")]
)
def test_ipv6_that_is_switched_off_is_told_from_a_missing_route(
    namespace: Namespace, off: str, dst: str
) -> None:
    namespace.sysctl(f"net.ipv6.conf.{off}.disable_ipv6", 1)

    with pytest.raises(NoRoute) as refusal:
        namespace.run(source_for, ip_address(dst))

    key = f"net.ipv6.conf.{off}.disable_ipv6"
    assert str(refusal.value) == f"no way to {dst}: IPv6 is switched off here ({key} is 1)"


@pytest.mark.netns
@pytest.mark.parametrize(
    ("dst", "interface", "number", "message"),
    [
        (
            "192.88.99.1",
            None,
            errno.ENETUNREACH,
            "no way to 192.88.99.1: no IPv4 route to it (ip -4 route)",
        ),
        (
            "203.0.113.1",
            None,
            errno.EINVAL,
            "no way to 203.0.113.1: the route to it throws packets away (blackhole)",
        ),
        (
            "203.0.113.65",
            None,
            errno.EACCES,
            "no way to 203.0.113.65: the route to it says prohibited",
        ),
        (
            "203.0.113.129",
            None,
            errno.EHOSTUNREACH,
            "no way to 203.0.113.129: the route to it says unreachable",
        ),
        (
            "192.0.2.7",
            "nosuch",
            errno.ENODEV,
            "no way to 192.0.2.7: no interface called nosuch",
        ),
        (
            "fe80::1",
            None,
            errno.EINVAL,
            "no way to fe80::1: a link-local address needs its interface: fe80::1%eth0, say",
        ),
        (
            "fe80::1%nosuch",
            None,
            errno.ENODEV,
            "no way to fe80::1%nosuch: no interface called nosuch",
        ),
    ],
)
def test_both_ways_of_asking_give_the_same_cause(
    namespace: Namespace, dst: str, interface: str | None, number: int, message: str
) -> None:
    with pytest.raises(NoRoute) as by_socket:
        namespace.run(source_for, ip_address(dst), interface)
    with pytest.raises(NoRoute) as by_netlink:
        route_to(ip_address(dst), interface=interface, netns=namespace.fileno())

    assert str(by_socket.value) == str(by_netlink.value) == message
    assert by_socket.value.errno == by_netlink.value.errno == number


@pytest.mark.netns
@pytest.mark.parametrize(
    ("dst", "source", "interface", "gateway", "mtu", "kind"),
    [
        ("192.0.2.7", "192.0.2.1", "left", None, 1400, "unicast"),
        ("198.51.100.1", "192.0.2.1", "left", "192.0.2.2", 1400, "unicast"),
        ("198.51.100.129", "192.0.2.1", "left", "192.0.2.2", 1300, "unicast"),
        ("127.0.0.1", "127.0.0.1", "lo", None, 65536, "local"),
        ("192.0.2.127", "192.0.2.1", "left", None, 1400, "broadcast"),
        ("2001:db8:1::1", "2001:db8::1", "left", "2001:db8::2", 1400, "unicast"),
    ],
)
def test_a_route_tells_source_interface_next_hop_and_mtu(
    namespace: Namespace,
    dst: str,
    source: str,
    interface: str,
    gateway: str | None,
    mtu: int,
    kind: str,
) -> None:
    found = route_to(ip_address(dst), netns=namespace.fileno())

    assert found.dst == ip_network(dst)
    assert found.src == ip_address(source)
    assert (found.interface, found.mtu, found.kind) == (interface, mtu, kind)
    assert found.gateway == (ip_address(gateway) if gateway else None)


@pytest.mark.netns
def test_the_table_lists_the_most_exact_routes_first(namespace: Namespace) -> None:
    found = {str(route.dst): route for route in routes(namespace.fileno(), version=4)}
    prefixes = [route.dst.prefixlen for route in found.values()]

    assert prefixes == sorted(prefixes, reverse=True)
    assert found["203.0.113.0/26"] == Route(
        ip_network("203.0.113.0/26"), None, None, None, None, kind="blackhole"
    )
    assert found["203.0.113.192/26"].nexthops == (
        ("left", IPv4Address("192.0.2.2")),
        ("right", IPv4Address("192.0.2.130")),
    )


@pytest.mark.netns
def test_one_family_or_every_table_can_be_asked_for(namespace: Namespace) -> None:
    main, everything = routes(namespace.fileno()), routes(namespace.fileno(), table=None)

    assert {route.dst.version for route in main} == {4, 6}
    assert {route.dst.version for route in routes(namespace.fileno(), version=6)} == {6}
    assert {route.table for route in main} == {254}
    assert ip_network("192.0.2.1/32") in {r.dst for r in everything if r.kind == "local"}


@pytest.mark.netns
def test_a_route_can_be_asked_for_where_an_event_loop_runs(namespace: Namespace) -> None:
    async def ask() -> Route:
        return route_to(IPv4Address("192.0.2.7"), netns=namespace.fileno())

    assert asyncio.run(ask()).interface == "left"


def test_loopback_needs_no_namespace() -> None:
    assert source_for(IPv4Address("127.0.0.1")) == IPv4Address("127.0.0.1")


def test_an_error_without_a_special_cause_keeps_the_kernels_words() -> None:
    error = no_route(IPv4Address("192.0.2.1"), None, OSError(errno.ENOBUFS, "No buffer space"))

    assert str(error) == "no way to 192.0.2.1: No buffer space"


@pytest.mark.parametrize(
    ("address", "interface", "ambiguous"),
    [
        ("fe80::1", None, True),
        ("fe80::1", "eth0", False),
        ("fe80::1%eth0", None, False),
        ("ff02::1", None, True),
        ("ff01::1", None, True),
        ("ff05::1", None, False),
        ("2001:db8::1", None, False),
        ("169.254.0.1", None, False),
    ],
)
def test_an_address_on_every_link_needs_a_link(
    address: str, interface: str | None, ambiguous: bool
) -> None:
    assert is_ambiguous(ip_address(address), interface) == ambiguous


def test_an_enclosed_error_reaches_the_one_who_asked() -> None:
    def refuse(ipr: "IPRoute") -> None:
        raise LookupError("nothing")

    with pytest.raises(LookupError, match="nothing"):
        netlink.ask(refuse)


def test_what_is_no_namespace_is_refused() -> None:
    with socket.socket() as other, pytest.raises(OSError, match="entering a network namespace"):
        netlink.ask(lambda ipr: None, other.fileno())
