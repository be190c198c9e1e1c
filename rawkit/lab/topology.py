"""A lab: nodes in namespaces of their own, linked as you say, ready when ``up()`` returns."""

import os
from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address
from typing import TYPE_CHECKING, Self, Unpack

from rawkit.errors import LabError
from rawkit.host.privileges import PING_GROUP_RANGE
from rawkit.host.sysctl import path_of
from rawkit.lab.impairment import Impairment
from rawkit.lab.namespace import SILENT, Namespace, write_sysctls
from rawkit.lab.plan import Addresses, Host, Interface, Link, LinkOptions, Plan, Port, Sysctls
from rawkit.lab.ready import loopback_up

if TYPE_CHECKING:
    from rawkit.lab.names import Names
    from rawkit.lab.wire import Wire

FORWARDING = ("net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding")
SAME_EVERYWHERE: Mapping[str, str | int] = {
    # New namespaces take over some settings of the machine; a lab must not.
    "net.ipv4.conf.all.rp_filter": 0,
    "net.ipv4.conf.default.rp_filter": 0,
    # Addresses are ours to choose, known to be unique, and usable at once.
    "net.ipv6.conf.all.accept_dad": 0,
    "net.ipv6.conf.default.accept_dad": 0,
    "net.ipv6.conf.default.addr_gen_mode": 1,
    "net.ipv6.conf.default.router_solicitations": 0,
}


class Node(Namespace):
    """A host or router of a lab: a namespace with a name and addresses.

    Its kernel has the settings of a fresh one, but for: forwarding (routers only), no
    reverse path filter, addresses usable at once, no router solicitations, and ping
    sockets open to the group of this process. To have them closed, as the kernel does,
    say so: ``sysctls={"net.ipv4.ping_group_range": "1 0"}``.
    """

    def __init__(self, host: Host) -> None:
        self._host = host
        super().__init__(host.name)
        try:
            self.run(self._prepare)
        except BaseException:
            self.close()
            raise

    @property
    def forwards(self) -> bool:
        """Whether it is a router."""
        return self._host.forwards

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """Its ends of links, ``eth0`` first."""
        return tuple(self._host.interfaces)

    @property
    def ipv4(self) -> IPv4Address:
        """The address of ``eth0``."""
        return self._first().ipv4.ip

    @property
    def ipv6(self) -> IPv6Address:
        """The address of ``eth0``."""
        return self._first().ipv6.ip

    def spare(self, number: int = 1) -> Addresses:
        """Return the pair of addresses with this number, 1 to 254, that are left to this node.

        They lie in the network of ``eth0``, so everybody finds the way; but nobody has
        them, unless :meth:`own` gives them to the node's kernel, or a program on
        a packet socket answers for them.
        """
        return self._first().spare(number)

    def know(self, names: "Names") -> None:
        """Give this node a hosts file of its own with these names, instead of the machine's.

        What :meth:`run` and :meth:`popen` start from now on finds them there, and
        ``localhost``; without names, it is the machine's again. :meth:`here` changes
        nothing about names.

        Args:
            names: their addresses: ``{"db.example": net.last.ipv4}``.

        Raises:
            UsageError: a name or an address is none.
        """
        from rawkit.lab.names import hosts_file

        self.hosts_file = hosts_file(names)

    def own(self, *addresses: IPv4Address | IPv6Address) -> None:
        """Have this node's kernel answer for these addresses too, on ``eth0``."""
        from rawkit.lab.build import add_addresses

        add_addresses(self, self._first().name, addresses)

    def _first(self) -> Interface:
        if not self._host.interfaces:
            raise LabError(f"{self.name} has no address: it is not linked to anything")
        return self._host.interfaces[0]

    def _prepare(self) -> None:
        forwarding = dict.fromkeys(FORWARDING, int(self.forwards))
        # Forwarding first: to write it sets others back (ip-sysctl.rst).
        write_sysctls({**forwarding, **SAME_EVERYWHERE})
        settings = {PING_GROUP_RANGE: f"{os.getegid()} {os.getegid()}", **self._host.sysctls}
        if str(settings[PING_GROUP_RANGE]).split() == ["1", "0"]:
            # It is so already; and where group 1 is not mapped, it could not be written.
            del settings[PING_GROUP_RANGE]
        write_sysctls({k: v for k, v in settings.items() if not self._is_late(k)})
        loopback_up()

    def _finish(self) -> None:
        """Set what could not be set before there were links."""
        late = {k: v for k, v in self._host.sysctls.items() if self._is_late(k)}
        if late:
            self.run(write_sysctls, late)

    def _is_late(self, key: str) -> bool:
        """Whether a sysctl is about an interface to come, or would forbid our addresses."""
        if key.endswith("disable_ipv6"):
            return True
        return "eth" in key and not os.path.exists(path_of(key))


class Bridge:
    """A switch: every node linked to it is in one network."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"<Bridge {self.name}>"


class Lab:
    """Nodes and links. Say what there is, then ``up()``; or take a shape, which is up.

    ::

        with Lab() as net:
            here, router, there = net.node("here"), net.router("router"), net.node("there")
            net.link(here, router)
            net.link(router, there, delay=0.010, loss=0.01)
            net.up()

    Leaving the block, or the end of this process by whatever means, takes it all away.

    Args:
        plan: what is to be in it to begin with.
        sysctls: settings for every node.

    Raises:
        LabError: this process may not make namespaces; ``rawkit.lab.enter()`` helps.
    """

    def __init__(self, plan: Plan | None = None, *, sysctls: Sysctls | None = None) -> None:
        self.plan = plan or Plan()
        self._sysctls = dict(sysctls or {})
        self._nodes: dict[str, Node] = {}
        self._backstage: Namespace | None = None
        self._wires: list[Wire] = []
        self._is_up = False
        try:
            for host in self.plan.hosts.values():
                self._nodes[host.name] = Node(host)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __getitem__(self, name: str) -> Node:
        """Return a node by its name.

        Raises:
            LabError: there is none of that name.
        """
        try:
            return self._nodes[name]
        except KeyError:
            known = ", ".join(self._nodes) or "none"
            raise LabError(f"there is no node {name!r} in this lab; there are: {known}") from None

    @property
    def nodes(self) -> tuple[Node, ...]:
        """All nodes, in the order in which they were added."""
        return tuple(self._nodes.values())

    @property
    def first(self) -> Node:
        """The first node."""
        return self._end(0)

    @property
    def last(self) -> Node:
        """The last node."""
        return self._end(-1)

    @property
    def routers(self) -> tuple[Node, ...]:
        """The nodes that forward, in the order in which they were added."""
        return tuple(node for node in self.nodes if node.forwards)

    @property
    def wires(self) -> tuple["Wire", ...]:
        """The user-space wires, in the order of the links that asked for one."""
        return tuple(self._wires)

    def node(
        self, name: str, *, sysctls: Sysctls | None = None, names: "Names | None" = None
    ) -> Node:
        """Add a host; ``names`` are those that it is to :meth:`~Node.know`."""
        node = self._add(name, forwards=False, sysctls=sysctls)
        node.know(names or {})
        return node

    def router(self, name: str, *, sysctls: Sysctls | None = None) -> Node:
        """Add a node that forwards."""
        return self._add(name, forwards=True, sysctls=sysctls)

    def bridge(self, name: str) -> Bridge:
        """Add a switch."""
        self._must_be_down()
        self.plan.add_bridge(name)
        return Bridge(name)

    def link(self, a: Node | Bridge, b: Node | Bridge, **options: Unpack[LinkOptions]) -> Link:
        """Link two nodes, or a node and a bridge.

        Args:
            a: one end.
            b: the other one.
            options: delay, loss … and ``mtu``; see :class:`~rawkit.lab.plan.LinkOptions`.

        Raises:
            LabError: these two cannot be linked.
            UsageError: a number makes no sense.
        """
        self._must_be_down()
        return self.plan.add_link(a.name, b.name, **options)

    def up(self) -> Self:
        """Build it; return when every node can reach every other one.

        Raises:
            LabError: the kernel cannot, or will not; nothing of it stays behind.
        """
        from rawkit.lab.build import build

        self._must_be_down()
        self._is_up = True
        try:
            backstage = self._backstage = Namespace("the backstage of the lab")
            backstage.run(write_sysctls, SILENT)
            self._lay_wires(backstage)
            build(self.plan, self._nodes, backstage)
            for node in self.nodes:
                node._finish()
        except BaseException:
            self.close()
            raise
        return self

    def close(self) -> None:
        """Kill what runs in it and take it away. Closing twice is harmless."""
        for wire in self._wires:
            wire.close()
        for node in self.nodes:
            node.close()
        if self._backstage is not None:
            self._backstage.close()

    def _add(self, name: str, *, forwards: bool, sysctls: Sysctls | None) -> Node:
        self._must_be_down()
        settings = {**self._sysctls, **(sysctls or {})}
        node = Node(self.plan.add_host(name, forwards=forwards, sysctls=settings))
        self._nodes[name] = node
        return node

    def _lay_wires(self, backstage: Namespace) -> None:
        for link in self.plan.links:
            if link.forth is not None:
                self._wires.append(_wire(link, link.forth, {**self._nodes}, backstage))

    def _end(self, which: int) -> Node:
        if not self._nodes:
            raise LabError("there is no node in this lab yet")
        return self.nodes[which]

    def _must_be_down(self) -> None:
        if self._is_up:
            raise LabError("this lab is up already: say all that there is before up()")


def _wire(
    link: Link, forth: Impairment, nodes: Mapping[str, Namespace], backstage: Namespace
) -> "Wire":
    from rawkit.lab.wire import Wire

    def place(end: Interface | Port) -> Namespace:
        return nodes[end.node] if isinstance(end, Interface) else backstage

    wire = Wire(
        place(link.first),
        place(link.second),
        delay=forth.delay,
        jitter=forth.jitter,
        loss=forth.loss,
        duplicate=forth.duplicate,
        reorder=forth.reorder,
        corrupt=forth.corrupt,
        rate=forth.rate,
        mtu=link.mtu,
        limit=forth.limit,
        back=link.back,
        seed=link.seed,
        interface_a=link.first.name,
        interface_b=link.second.name,
    )
    if forth.mtu is not None:
        wire.change(mtu=forth.mtu)
    return wire
