"""What a lab is to look like: nodes, links, addresses; on paper.

Addresses can be told by heart. The nth link is the networks ``10.n.0.0/16`` and
``fd00:0:0:n::/64``; who was linked to it first is ``10.n.0.1`` and ``fd00:0:0:n::1``,
the second ``.2``. The whole of ``10.n.2.0/24`` is at the disposal of that second one:
its spare addresses.
"""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Interface
from typing import NamedTuple, TypedDict, Unpack

from rawkit.errors import LabError, UsageError
from rawkit.lab.impairment import Impairment
from rawkit.record import field, record

MOST_SEGMENTS = 255  # 10.1.0.0/16 to 10.255.0.0/16
MOST_MEMBERS = 254
MOST_SPARE = 254
LEAST_MTU = 1280  # or the interface loses IPv6 (RFC 8200 §5)
MOST_MTU = 65535

Sysctls = Mapping[str, str | int]


class Addresses(NamedTuple):
    """One of each family."""

    ipv4: IPv4Address
    ipv6: IPv6Address


@record
class Interface:
    """One end of a link, in a node."""

    node: str
    name: str
    segment: int
    """Which network: links and bridges are counted from 1."""
    place: int
    """Which member of that network, from 1."""
    mtu: int = 1500

    @property
    def ipv4(self) -> IPv4Interface:
        return IPv4Interface(f"10.{self.segment}.0.{self.place}/16")

    @property
    def ipv6(self) -> IPv6Interface:
        return IPv6Interface(f"fd00:0:0:{self.segment:x}::{self.place:x}/64")

    @property
    def link_local(self) -> IPv6Interface:
        """Not made from the MAC address, to be told by heart as well."""
        return IPv6Interface(f"fe80::{self.segment:x}:{self.place:x}/64")

    @property
    def mac(self) -> str:
        """A locally administered address that says segment and place."""
        return f"02:00:00:00:{self.segment:02x}:{self.place:02x}"

    def spare(self, number: int) -> Addresses:
        """Return the addresses with this number, from 1, that are left to this interface.

        Raises:
            LabError: there are not so many.
        """
        if not 1 <= number <= MOST_SPARE:
            raise LabError(f"spare addresses are numbered 1 to {MOST_SPARE}, not {number}")
        base = int(self.ipv6.network.network_address)
        return Addresses(
            IPv4Address(f"10.{self.segment}.{self.place}.{number}"),
            IPv6Address(base + (self.place << 16) + number),
        )


@record
class Port:
    """One end of a link, in a bridge: it has no addresses."""

    bridge: str
    name: str
    segment: int


class LinkOptions(TypedDict, total=False):
    """What can be said of a link. Any but ``mtu`` and ``seed`` makes it a user-space wire."""

    delay: float
    """Seconds each way."""
    jitter: float
    """Seconds more or less."""
    loss: float
    """Share of frames lost, 0 to 1, as are the next three."""
    duplicate: float
    reorder: float
    corrupt: float
    rate: float | None
    """Bits per second."""
    limit: int
    """Frames that may wait where there is a ``rate``."""
    silent_mtu: int | None
    """Longer packets vanish on the way without a word: a path MTU black hole."""
    back: Impairment | None
    """The way back, where it is different."""
    mtu: int
    """Of the interfaces at both ends; a router says "fragmentation needed"."""
    seed: int
    """Makes the same luck again."""


Links = Mapping[int, LinkOptions]
"""How some links of a line are; the first one is number 1."""


@record
class Link:
    """A cable between two ends; an impaired one has a user-space wire in its middle."""

    first: Interface | Port
    second: Interface | Port
    mtu: int = 1500
    forth: Impairment | None = None
    """How bad it is from the first end to the second; ``None``: a plain cable."""
    back: Impairment | None = None
    """The other direction, if that is different."""
    seed: int = 1


@record(frozen=False)
class Host:
    """A node on paper."""

    name: str
    forwards: bool
    sysctls: Sysctls
    interfaces: list[Interface] = field(default_factory=list)


@record(frozen=False)
class Plan:
    """A lab on paper. Needs no privilege, and touches nothing."""

    hosts: dict[str, Host] = field(default_factory=dict)
    bridges: dict[str, int] = field(default_factory=dict)
    """The segment that each bridge is."""
    links: list[Link] = field(default_factory=list)
    segments: int = 0
    """How many networks there are."""

    def add_host(self, name: str, *, forwards: bool, sysctls: Sysctls) -> Host:
        self._check_new(name)
        self.hosts[name] = Host(name, forwards, dict(sysctls))
        return self.hosts[name]

    def add_bridge(self, name: str) -> None:
        self._check_new(name)
        self.bridges[name] = self._new_segment()

    def add_link(self, a: str, b: str, **options: Unpack[LinkOptions]) -> Link:
        """Link two hosts, or a host and a bridge; ``lab.Lab.link`` says how.

        Raises:
            LabError: no such two things can be linked.
        UsageError: a number makes no sense.
        """
        for name in (a, b):
            if name not in self.hosts and name not in self.bridges:
                raise LabError(f"there is no {name} in this lab")
        if a == b or (a in self.bridges and b in self.bridges):
            raise LabError(f"cannot link {a} and {b}: link two nodes, or a node and a bridge")
        mtu = options.get("mtu", 1500)
        if not LEAST_MTU <= mtu <= MOST_MTU:
            raise UsageError(f"mtu {mtu} is not in {LEAST_MTU} to {MOST_MTU}")
        bridged = self.bridges.get(a) or self.bridges.get(b)
        segment = bridged or self._new_segment()
        ends = self._end(a, segment, mtu), self._end(b, segment, mtu)
        link = Link(*ends, mtu, _forth(options), options.get("back"), options.get("seed", 1))
        self.links.append(link)
        return link

    def members(self, segment: int) -> tuple[Interface, ...]:
        """Return the interfaces in a network, in the order in which they were linked."""
        every = (i for host in self.hosts.values() for i in host.interfaces)
        return tuple(sorted((i for i in every if i.segment == segment), key=lambda i: i.place))

    def _end(self, name: str, segment: int, mtu: int) -> Interface | Port:
        if name in self.bridges:
            return Port(name, f"port{len(self.links)}", segment)
        place = len(self.members(segment)) + 1
        if place > MOST_MEMBERS:
            raise LabError(f"a network has at most {MOST_MEMBERS} members")
        interfaces = self.hosts[name].interfaces
        interface = Interface(name, f"eth{len(interfaces)}", segment, place, mtu)
        interfaces.append(interface)
        return interface

    def _new_segment(self) -> int:
        if self.segments == MOST_SEGMENTS:
            raise LabError(f"a lab has at most {MOST_SEGMENTS} links and bridges")
        self.segments += 1
        return self.segments

    def _check_new(self, name: str) -> None:
        if not name or name in self.hosts or name in self.bridges:
            raise LabError(f"{name!r} cannot be the name of another node")


def _forth(options: LinkOptions) -> Impairment | None:
    """Return the impairment that is asked for; ``None``: no wire is needed."""
    perfect = Impairment()
    forth = Impairment(
        delay=options.get("delay", 0.0),
        jitter=options.get("jitter", 0.0),
        loss=options.get("loss", 0.0),
        duplicate=options.get("duplicate", 0.0),
        reorder=options.get("reorder", 0.0),
        corrupt=options.get("corrupt", 0.0),
        rate=options.get("rate"),
        mtu=options.get("silent_mtu"),
        limit=options.get("limit", perfect.limit),
    )
    return None if forth == perfect and options.get("back") is None else forth
