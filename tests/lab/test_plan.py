"""A lab on paper: addresses to know by heart, and all shortest ways."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import LabError, RawkitError, UsageError
from rawkit.lab.impairment import Impairment
from rawkit.lab.plan import Interface, Plan
from rawkit.lab.routing import routes
from rawkit.lab.shapes import diamond_plan, line_plan, lossy_plan, pair_plan, star_plan


def ways(plan: Plan, name: str) -> set[str]:
    return {
        f"{route.destination} via {' or '.join(map(str, route.gateways))}"
        for route in routes(plan)[name]
    }


def test_the_nth_link_is_network_n_and_its_ends_are_1_and_2() -> None:
    plan = line_plan(hops=2)

    ends = [end for host in plan.hosts.values() for end in host.interfaces]

    assert [(end.node, end.name, str(end.ipv4), str(end.ipv6)) for end in ends] == [
        ("first", "eth0", "10.1.0.1/16", "fd00:0:0:1::1/64"),
        ("router1", "eth0", "10.1.0.2/16", "fd00:0:0:1::2/64"),
        ("router1", "eth1", "10.2.0.1/16", "fd00:0:0:2::1/64"),
        ("router2", "eth0", "10.2.0.2/16", "fd00:0:0:2::2/64"),
        ("router2", "eth1", "10.3.0.1/16", "fd00:0:0:3::1/64"),
        ("last", "eth0", "10.3.0.2/16", "fd00:0:0:3::2/64"),
    ]


def test_every_interface_of_the_largest_line_has_addresses_of_its_own() -> None:
    ends = [end for host in line_plan(254).hosts.values() for end in host.interfaces]

    for address in ("ipv4", "ipv6", "mac", "link_local"):
        assert len({getattr(end, address) for end in ends}) == len(ends) == 2 * 255


def test_spare_addresses_lie_in_the_network_of_their_owner_and_are_nobodys() -> None:
    plan = star_plan(leaves=254)
    ends = [host.interfaces[0] for host in plan.hosts.values()]

    spare = [end.spare(number) for end in ends for number in (1, 2, 254)]

    assert ends[1].spare(3) == (IPv4Address("10.1.2.3"), IPv6Address("fd00:0:0:1::2:3"))
    assert all(pair.ipv4 in ends[0].ipv4.network for pair in spare)
    assert all(pair.ipv6 in ends[0].ipv6.network for pair in spare)
    taken = [address for end in ends for address in (end.ipv4.ip, end.ipv6.ip)]
    every = taken + [address for pair in spare for address in pair]
    assert len(set(every)) == len(every)


@pytest.mark.parametrize("number", [-1, 0, 255])
def test_spare_addresses_are_numbered_from_1_to_254(number: int) -> None:
    with pytest.raises(LabError, match="1 to 254"):
        Interface("first", "eth0", segment=1, place=1).spare(number)


def test_an_end_of_a_line_has_a_default_route_and_nothing_else() -> None:
    plan = line_plan(hops=3)

    assert ways(plan, "first") == {"0.0.0.0/0 via 10.1.0.2", "::/0 via fd00:0:0:1::2"}
    assert ways(plan, "last") == {"0.0.0.0/0 via 10.4.0.1", "::/0 via fd00:0:0:4::1"}


def test_a_router_knows_the_networks_of_the_lab_put_together_and_nothing_else() -> None:
    assert ways(line_plan(hops=6), "router3") == {
        "10.1.0.0/16 via 10.3.0.1",
        "10.2.0.0/16 via 10.3.0.1",
        "10.5.0.0/16 via 10.4.0.2",
        "10.6.0.0/15 via 10.4.0.2",
        "fd00:0:0:1::/64 via fd00:0:0:3::1",
        "fd00:0:0:2::/64 via fd00:0:0:3::1",
        "fd00:0:0:5::/64 via fd00:0:0:4::2",
        "fd00:0:0:6::/63 via fd00:0:0:4::2",
    }


def test_equally_good_paths_are_one_route_with_many_gateways() -> None:
    plan = diamond_plan(paths=3)
    last = plan.hosts["last"].interfaces[0].ipv4.network

    assert f"{last} via 10.2.0.2 or 10.3.0.2 or 10.4.0.2" in ways(plan, "split")
    assert "10.1.0.0/16 via 10.5.0.1 or 10.6.0.1 or 10.7.0.1" in ways(plan, "join")
    assert "10.2.0.0/16 via 10.5.0.1" in ways(plan, "join")  # the links of one path: one way


def test_who_does_not_forward_is_no_way() -> None:
    plan = Plan()
    for name in ("a", "host", "b"):
        plan.add_host(name, forwards=False, sysctls={})
    plan.add_link("a", "host")
    plan.add_link("host", "b")

    assert all(found == () for found in routes(plan).values())


def test_a_shorter_way_wins_and_a_host_with_two_ways_keeps_both() -> None:
    plan = Plan()
    for name, forwards in (("a", False), ("near", True), ("far", True), ("b", False)):
        plan.add_host(name, forwards=forwards, sysctls={})
    for ends in (("a", "near"), ("near", "b"), ("a", "far"), ("near", "far")):
        plan.add_link(*ends)

    assert ways(plan, "b") == {"0.0.0.0/0 via 10.2.0.1", "::/0 via fd00:0:0:2::1"}
    assert {way for way in ways(plan, "a") if "::" not in way} == {
        "0.0.0.0/0 via 10.1.0.2",
        "10.4.0.0/16 via 10.1.0.2 or 10.3.0.2",
    }


def test_on_a_switch_all_are_in_one_network() -> None:
    plan = star_plan(leaves=4)

    assert {str(h.interfaces[0].ipv4.network) for h in plan.hosts.values()} == {"10.1.0.0/16"}
    assert [str(h.interfaces[0].ipv4.ip) for h in plan.hosts.values()][3] == "10.1.0.4"
    assert all(found == () for found in routes(plan).values())


def test_only_the_last_link_is_as_bad_as_asked() -> None:
    for plan in (
        pair_plan(delay=0.5),
        line_plan(3, delay=0.5),
        star_plan(3, delay=0.5),
        diamond_plan(3, delay=0.5),
    ):
        assert [link.forth for link in plan.links][-1] == Impairment(delay=0.5)
        assert {link.forth for link in plan.links[:-1]} <= {None}


@pytest.mark.parametrize(
    ("asked", "impairment"),
    [
        ({}, None),
        ({"mtu": 1400, "seed": 7}, None),
        ({"silent_mtu": 1400}, Impairment(mtu=1400)),
        ({"loss": 0.5, "rate": 1e6, "limit": 10}, Impairment(loss=0.5, rate=1e6, limit=10)),
        ({"back": Impairment(loss=1.0)}, Impairment()),
    ],
)
def test_a_wire_is_laid_only_where_something_is_bad(
    asked: dict[str, float], impairment: Impairment | None
) -> None:
    assert pair_plan(**asked).links[0].forth == impairment  # type: ignore[arg-type]  # a table


def test_a_lossy_pair_loses_a_tenth_unless_told_otherwise() -> None:
    assert lossy_plan().links[0].forth == Impairment(loss=0.1)
    assert lossy_plan(loss=0.3, delay=1.0).links[0].forth == Impairment(loss=0.3, delay=1.0)


def two_hosts_and_two_switches() -> Plan:
    plan = Plan()
    plan.add_host("a", forwards=False, sysctls={})
    plan.add_host("b", forwards=False, sysctls={})
    plan.add_bridge("s")
    plan.add_bridge("t")
    return plan


@pytest.mark.parametrize(("a", "b"), [("a", "a"), ("s", "t"), ("a", "x"), ("x", "a")])
def test_what_cannot_be_linked_is_refused(a: str, b: str) -> None:
    with pytest.raises(LabError):
        two_hosts_and_two_switches().add_link(a, b)


@pytest.mark.parametrize("name", ["a", "s", ""])
def test_names_are_not_given_twice(name: str) -> None:
    with pytest.raises(LabError):
        two_hosts_and_two_switches().add_host(name, forwards=False, sysctls={})
    with pytest.raises(LabError):
        two_hosts_and_two_switches().add_bridge(name)


def test_there_are_only_so_many_networks_and_members() -> None:
    plan = two_hosts_and_two_switches()
    for _ in range(253):
        plan.add_link("a", "b")
    with pytest.raises(LabError, match="255 links"):
        plan.add_link("a", "b")
    for _ in range(254):
        plan.add_link("a", "s")
    with pytest.raises(LabError, match="254 members"):
        plan.add_link("a", "s")


@pytest.mark.parametrize(
    "make",
    [
        lambda: line_plan(-1),
        lambda: line_plan(255),
        lambda: star_plan(1),
        lambda: star_plan(255),
        lambda: diamond_plan(0),
        lambda: diamond_plan(127),
        lambda: pair_plan(loss=1.5),
        lambda: pair_plan(delay=-1.0),
    ],
)
def test_sizes_and_qualities_that_make_no_sense_are_refused(make: type[Plan]) -> None:
    with pytest.raises(UsageError):
        make()


@pytest.mark.parametrize("mtu", [1279, 0, -5, 65536])
def test_an_mtu_that_no_interface_here_can_have_is_refused(mtu: int) -> None:
    with pytest.raises(RawkitError, match="mtu"):
        pair_plan(mtu=mtu)
