"""The routes of a lab: all shortest ways from every host to every network."""

from collections.abc import Iterable
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    collapse_addresses,
)

from rawkit.lab.plan import Host, Interface, Plan
from rawkit.record import record

EVERYWHERE = (IPv4Network("0.0.0.0/0"), IPv6Network("::/0"))

Members = dict[int, list[Interface]]
"""The interfaces in each network."""


@record
class Route:
    """A way to a network over one or several equally good gateways."""

    destination: IPv4Network | IPv6Network
    gateways: tuple[IPv4Address | IPv6Address, ...]


def routes(plan: Plan) -> dict[str, tuple[Route, ...]]:
    """Return the routes of each host to the networks that it is not in itself.

    A router knows every network of the lab and nothing else: for an address outside
    it says "net unreachable". A plain host has a default route, and routes for what
    is better reached another way. Networks side by side are put into one route.
    """
    members = _members(plan)
    ways: dict[str, dict[tuple[Interface, ...], list[int]]] = {name: {} for name in plan.hosts}
    for segment in members:
        distances = _distances(plan, members, segment)
        for host in plan.hosts.values():
            if gateways := _gateways(plan, members, distances, host):
                ways[host.name].setdefault(gateways, []).append(segment)
    return {name: tuple(_as_routes(plan.hosts[name], ways[name])) for name in plan.hosts}


def _members(plan: Plan) -> Members:
    members: Members = {}
    for host in plan.hosts.values():
        for interface in host.interfaces:
            members.setdefault(interface.segment, []).append(interface)
    return members


def _distances(plan: Plan, members: Members, segment: int) -> dict[str, int]:
    """Return how many routers each host is away from a network."""
    reached = {member.node: 0 for member in members[segment]}
    edge = list(reached)
    while edge:
        beyond = []
        for name in (name for name in edge if plan.hosts[name].forwards):
            for interface in plan.hosts[name].interfaces:
                for member in members[interface.segment]:
                    if member.node not in reached:
                        reached[member.node] = reached[name] + 1
                        beyond.append(member.node)
        edge = beyond
    return reached


def _gateways(
    plan: Plan, members: Members, distances: dict[str, int], host: Host
) -> tuple[Interface, ...]:
    """Return the next hops on all shortest ways from a host; none: it is there, or cut off."""
    here = distances.get(host.name, 0)
    return tuple(
        member
        for interface in host.interfaces
        for member in members[interface.segment]
        if plan.hosts[member.node].forwards and distances.get(member.node) == here - 1
    )


def _as_routes(host: Host, ways: dict[tuple[Interface, ...], list[int]]) -> Iterable[Route]:
    main = None if host.forwards else max(ways, key=lambda way: len(ways[way]), default=None)
    for way, segments in ways.items():
        nets4 = collapse_addresses(IPv4Network(f"10.{n}.0.0/16") for n in segments)
        nets6 = collapse_addresses(IPv6Network(f"fd00:0:0:{n:x}::/64") for n in segments)
        gateways4 = tuple(gateway.ipv4.ip for gateway in way)
        gateways6 = tuple(gateway.ipv6.ip for gateway in way)
        for net4 in EVERYWHERE[:1] if way == main else nets4:
            yield Route(net4, gateways4)
        for net6 in EVERYWHERE[1:] if way == main else nets6:
            yield Route(net6, gateways6)
