"""A simulated path: as many routers as you like and the hosts behind them, on one wire.

What would take a lab of many nodes, and much that no kernel would ever do, comes from one
process at the far end of a single cable: slow, silent and stingy routers, black holes,
MPLS labels, and targets that answer wrongly on purpose.

::

    with lab.line(hops=0) as net, Path(
        net.first,
        hops=[Hop(delay=0.001), Hop(silent=True), Hop(mtu=1400, filtered=True)],
        targets={"203.0.113.1": Answer.TRIPLE, "203.0.113.2": Target(pause=2.5)},
    ) as path:
        net.first.popen(["ping", "-c3", str(path.target)])
"""

import socket
from collections.abc import Iterable, Mapping
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import TYPE_CHECKING

from rawkit.errors import LabError, UsageError
from rawkit.lab import rtnetlink, veth
from rawkit.lab.answers import Answer, Cast, Target
from rawkit.lab.cable import Cable, Simulation
from rawkit.lab.hop import Hop
from rawkit.lab.namespace import Place
from rawkit.lab.ready import wait_local
from rawkit.lab.responder import Become, Network, PathCounts, Responder
from rawkit.record import replace
from rawkit.wire.address import Address

if TYPE_CHECKING:
    from pyroute2 import IPRoute

__all__ = ["Answer", "Hop", "Path", "PathCounts", "Target"]

NODE4, NODE6 = IPv4Interface("192.0.2.1/24"), IPv6Interface("2001:db8:0:1::1/64")
"""Addresses of the node on the cable to its gateway."""
GATEWAY4, GATEWAY6 = IPv4Address("192.0.2.254"), IPv6Address("2001:db8:0:1::fe")
BETTER4, BETTER6 = IPv4Address("192.0.2.253"), IPv6Address("2001:db8:0:1::fd")
"""Where the gateway redirects to: itself, by another name."""
HOPS4, HOPS6 = IPv4Network("198.51.100.0/24"), IPv6Network("2001:db8:0:2::/64")
"""The second router is number 2 in these, and so on."""
TARGET4, TARGET6 = IPv4Address("203.0.113.1"), IPv6Address("2001:db8:0:3::1")
SPARE4, SPARE6 = IPv4Address("203.0.113.253"), IPv6Address("2001:db8:0:3::fd")
"""Kept for a target that is not there."""
STRANGER4, STRANGER6 = IPv4Address("203.0.113.254"), IPv6Address("2001:db8:0:3::fe")
"""Somebody beyond the path, who is sometimes spoken of, and speaks sometimes."""
IFA_F_NODAD = 0x02  # linux/if_addr.h
RTNH_F_ONLINK = 4  # linux/rtnetlink.h: the gateway is on the link whatever its address
MOST_HOPS = 253
STEM = "path"
"""Start of an interface's name where none is asked for."""

Whose = str | Address | Network
"""An address or a network, in whatever form."""
Targets = (
    Mapping[str, Target | Answer]
    | Mapping[Address, Target | Answer]
    | Mapping[Network, Target | Answer]
    | Mapping[Whose, Target | Answer]
    | Target
    | Answer
)
"""How each of some addresses answers, or how the two usual ones do."""


class Path(Simulation[PathCounts]):
    """A path from a node to one or more targets, there from construction to ``close()``.

    The node gets an interface with an address of each family, and routes to the routers
    and targets alone. Targets answer pings, UDP and TCP as they are told; where nothing is
    said, all ports are closed.

    Args:
        node: where the path begins: anything with ``here()``.
        hops: the routers, nearest first; those without addresses get some.
        targets: how each address, or all addresses in a network, answers; or how the
            two usual ones do.
        mtu: of the node's interface.
        interface: name of it; without one, the first free ``pathN``.
        seed: of what is left to chance: which packets a lossy link loses.

    Raises:
        UsageError: there are no hops or no targets, or too many hops.
        LabError: it cannot be built.
    """

    def __init__(
        self,
        node: Place,
        hops: Iterable[Hop] = (Hop(),),
        targets: Targets = Answer.REPLY,
        *,
        mtu: int = 1500,
        interface: str | None = None,
        seed: int = 1,
    ) -> None:
        self.hops = addressed(hops)
        """The routers, with their addresses."""
        self._targets = _targets(targets)
        if not self._targets:
            raise UsageError("targets: none")
        self.interface = interface or veth.free_name(node, STEM)
        """The interface in the node."""
        responder = Responder(self.hops, self._targets, _casts(self.hops), mtu, seed)
        super().__init__(Cable(responder, ((node, self.interface),), mtu), PathCounts())
        try:
            self._configure(node)
        except BaseException:
            self._cable.close()
            raise

    @property
    def ipv4(self) -> IPv4Address:
        """The node's address on the path."""
        return NODE4.ip

    @property
    def ipv6(self) -> IPv6Address:
        """The node's address on the path."""
        return NODE6.ip

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The targets in the order given; of a network, the first host."""
        return tuple(_first(whose) for whose in self._targets)

    @property
    def target(self) -> IPv4Address:
        """The first IPv4 target."""
        for address in self.addresses:
            if isinstance(address, IPv4Address):
                return address
        raise LabError("this path has no IPv4 target")

    @property
    def target6(self) -> IPv6Address:
        """The first IPv6 target."""
        for address in self.addresses:
            if isinstance(address, IPv6Address):
                return address
        raise LabError("this path has no IPv6 target")

    def change(self, address: str | Address, how: Target | Answer) -> None:
        """Have one address answer in another way from now on.

        Raises:
            LabError: the path does not lead there.
        """
        parsed = ip_address(address)
        if not any(parsed == w or (isinstance(w, Network) and parsed in w) for w in self._targets):
            raise LabError(f"{parsed} is no target of this path")
        self._cable.process.ask(Become(parsed, _target(how)))

    def _configure(self, node: Place) -> None:
        """Give the node its addresses, and the routes that are the path."""

        def configure(netlink: "IPRoute") -> None:
            index = socket.if_nametoindex(self.interface)
            for own, family, flags in (
                (NODE4, socket.AF_INET, 0),
                (NODE6, socket.AF_INET6, IFA_F_NODAD),
            ):
                length = own.network.prefixlen
                netlink.addr("add", index=index, address=str(own.ip), prefixlen=length, flags=flags)
                gateway = str(self.hops[0].address(own.version))
                for to in self._beyond(own):
                    netlink.route(
                        "add",
                        family=family,
                        dst=str(to),
                        gateway=gateway,
                        oif=index,
                        flags=RTNH_F_ONLINK,
                    )
            wait_local(NODE6.ip)

        rtnetlink.ask(node, configure, to=f"make the path from {self.interface}")

    def _beyond(self, own: IPv4Interface | IPv6Interface) -> Iterable[Network]:
        """Return what lies behind the gateway, each once: routers and targets."""
        hops = (hop.address(own.version) for hop in self.hops)
        for to in dict.fromkeys(map(ip_network, (*hops, *self._targets))):
            if to.version == own.version and to.network_address not in own.network:
                yield to


def addressed(hops: Iterable[Hop]) -> tuple[Hop, ...]:
    """Return the routers of a path, each with addresses.

    Raises:
        UsageError: there are none, or too many.
    """
    every = tuple(_addressed(number, hop) for number, hop in enumerate(hops, 1))
    if not 1 <= len(every) <= MOST_HOPS:
        raise UsageError(f"hops: {len(every)} is not between 1 and {MOST_HOPS}")
    return every


def _addressed(number: int, hop: Hop) -> Hop:
    """Return a hop with addresses, its own or those for its number."""
    if number == 1:
        return replace(hop, ipv4=hop.ipv4 or GATEWAY4, ipv6=hop.ipv6 or GATEWAY6)
    place = min(number, 254)
    return replace(hop, ipv4=hop.ipv4 or HOPS4[place], ipv6=hop.ipv6 or HOPS6[place])


def _targets(given: Targets) -> dict[Address | Network, Target]:
    if isinstance(given, Mapping):
        return {_whose(whose): _target(how) for whose, how in given.items()}
    return {TARGET4: _target(given), TARGET6: _target(given)}


def _whose(whose: Whose) -> Address | Network:
    if isinstance(whose, str):
        return ip_network(whose) if "/" in whose else ip_address(whose)
    return whose


def _first(whose: Address | Network) -> Address:
    """Return the address, or the first one of the network."""
    if isinstance(whose, IPv4Network | IPv6Network):
        return whose[1 if whose.num_addresses > 2 else 0]
    return whose


def _target(how: Target | Answer) -> Target:
    return Target((how,)) if isinstance(how, Answer) else how


def _casts(hops: tuple[Hop, ...]) -> dict[int, Cast]:
    better: dict[int, Address] = {4: BETTER4, 6: BETTER6}
    stranger: dict[int, Address] = {4: STRANGER4, 6: STRANGER6}
    return {
        version: Cast(
            gateway=hops[0].address(version),
            better_gateway=better[version],
            last_hop=hops[-1].address(version),
            stranger=stranger[version],
            hops=len(hops),
        )
        for version in (4, 6)
    }
