"""Interfaces and their addresses, in a namespace."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface, IPv6Address
from typing import TYPE_CHECKING

import pytest

from rawkit.errors import UsageError
from rawkit.host import netlink
from rawkit.host.interfaces import (
    AddressFlag,
    LinkFlag,
    Scope,
    interface,
    interfaces,
    offloads,
)
from rawkit.lab.namespace import Namespace
from rawkit.lab.ready import wait_ready

if TYPE_CHECKING:
    from pyroute2 import IPRoute

MAC = "02:00:00:00:00:01"


@pytest.fixture
def namespace() -> Iterator[Namespace]:
    def build(ipr: "IPRoute") -> None:
        ipr.link("add", ifname="near", kind="veth", peer="far", mtu=1400, address=MAC)
        (near,), (far,) = ipr.link_lookup(ifname="near"), ipr.link_lookup(ifname="far")
        ipr.link("set", index=near, state="up")
        ipr.addr("add", index=near, address="192.0.2.1", prefixlen=24)
        ipr.addr("add", index=near, local="192.0.2.5", address="198.51.100.5", prefixlen=32)
        ipr.addr("add", index=far, address="2001:db8::1", prefixlen=64, flags=0x02)
        ipr.addr("add", index=near, address="2001:db8::2", prefixlen=64)  # unchecked: far is down

    with Namespace() as made:
        netlink.ask(build, made.fileno())
        yield made


@pytest.mark.netns
def test_a_fresh_namespace_has_loopback_alone_and_down() -> None:
    with Namespace() as empty:
        (lo,) = interfaces(empty.fileno())

    assert (lo.index, lo.name, lo.mac, lo.kind, lo.is_up) == (1, "lo", None, "loopback", False)
    assert lo.addresses == ()


@pytest.mark.netns
def test_an_interface_tells_everything_about_itself(namespace: Namespace) -> None:
    near = interface("near", namespace.fileno())
    far = interface("far", namespace.fileno())

    assert (near.mac, near.mtu, near.kind) == (bytes.fromhex("020000000001"), 1400, "veth")
    assert near.peer_index == far.index
    assert near.flags & LinkFlag.BROADCAST
    assert near.ipv4 == (IPv4Address("192.0.2.1"), IPv4Address("192.0.2.5"))
    assert far.ipv6 == (IPv6Address("2001:db8::1"),)


@pytest.mark.netns
def test_up_without_a_carrier_is_not_running(namespace: Namespace) -> None:
    near = interface("near", namespace.fileno())
    assert near.is_up
    assert LinkFlag.RUNNING not in near.flags

    netlink.ask(lambda ipr: ipr.link("set", ifname="far", state="up"), namespace.fileno())
    namespace.run(lambda: wait_ready(["near"], ipv6=False))  # the kernel looks when asked to

    assert LinkFlag.RUNNING in interface("near", namespace.fileno()).flags


@pytest.mark.netns
def test_an_address_has_prefix_scope_and_perhaps_a_peer(namespace: Namespace) -> None:
    first, second, *_ = interface("near", namespace.fileno()).addresses

    assert (first.prefix, first.scope, first.peer) == (24, Scope.GLOBAL, None)
    assert first.interface == IPv4Interface("192.0.2.1/24")
    assert (second.address, second.peer) == (IPv4Address("192.0.2.5"), IPv4Address("198.51.100.5"))


@pytest.mark.netns
def test_an_address_that_is_still_checked_is_marked(namespace: Namespace) -> None:
    flags = {
        str(one.address): one.flags
        for link in interfaces(namespace.fileno())
        for one in link.addresses
    }

    assert AddressFlag.TENTATIVE not in flags["2001:db8::1"]
    assert AddressFlag.TENTATIVE in flags["2001:db8::2"]


@pytest.mark.netns
def test_an_interface_is_found_by_index_too_and_a_wrong_one_is_refused(
    namespace: Namespace,
) -> None:
    assert interface(1, namespace.fileno()).name == "lo"
    with pytest.raises(UsageError) as caught:
        interface("eth9", namespace.fileno())
    assert str(caught.value) == "no interface 'eth9' here, only lo, far, near"


@pytest.mark.netns
def test_the_offloads_of_a_veth_are_seen_and_those_of_nothing_are_none(
    namespace: Namespace,
) -> None:
    assert {"tso", "gso"} <= namespace.run(offloads, "near")
    assert namespace.run(offloads, "nosuch") == frozenset()
