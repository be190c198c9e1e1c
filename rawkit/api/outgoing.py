"""What has to be known before a packet of one's own making goes out, and is filled in.

A packet in notation may leave out what only this host knows: its source address, a free
port, the hardware addresses of its link. Packets made in Python have these already.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Protocol, TypedDict

from rawkit.api.common import Host, Place, inside
from rawkit.api.filling import Filler, addressed, destination, needs_link
from rawkit.errors import NoAnswer, NoRoute, UsageError
from rawkit.host.links import HostLink, link
from rawkit.host.names import numeric
from rawkit.host.next_hop import NextHop, next_hop
from rawkit.host.source import source_for
from rawkit.record import record, replace
from rawkit.sockets.sending import Choice, Layer, choose
from rawkit.wire.address import BROADCAST, MAC, Address
from rawkit.wire.arp import ARP, NO_MAC
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ndp import multicast_mac
from rawkit.wire.notation import Draft, parse_to_pack
from rawkit.wire.packet import Header, Packet


class ScapyPacket(Protocol):
    """A packet of scapy: see :mod:`rawkit.interop`."""

    def build(self) -> bytes: ...

    def haslayer(self, cls: object) -> object: ...


Sendable = Packet | Header | str | Draft | ScapyPacket
"""A packet; or one in notation, see :mod:`rawkit.wire.notation`, read or to be read."""
EVERYBODY = IPv4Address("255.255.255.255")
ASK_EVERY = 0.5
"""Seconds from one question for a hardware address to the next."""


class OutgoingOptions(TypedDict, total=False):
    """How a packet goes out."""

    layer: str
    """Where it is handed to the kernel: ``auto``, ``ipv4``, ``ipv6``, ``icmpv6``, ``cooked``,
    ``frame``."""
    interface: str | None
    """``None``: where the route leads."""
    via: Host | None
    """The neighbour to send it to; ``None``: as the route has it."""
    mark: int | None
    at: Place | None
    """A node of a lab."""


@record
class Outgoing:
    """A packet filled in, and the way that it will take."""

    draft: Draft
    choice: Choice
    interface: str | None
    """``None``: the kernel chooses, as where nothing leads to the destination."""
    hop: NextHop | None
    """What the kernel's routes say; ``None``: they were not asked."""
    via: Address | None
    """The neighbour that the frame goes to, if it is another than the destination."""
    to: Address | None
    """The address on the link that it is sent to."""
    ways: "Ways"
    mac: MAC | None = None
    """The hardware address that a frame is for; ``None``: not known, or for the kernel to find."""

    @property
    def link(self) -> HostLink | None:
        """The interface; looked at when somebody wants to know."""
        return None if self.interface is None else self.ways.link(self.interface)

    @property
    def mtu(self) -> int | None:
        """Of the interface, in octets."""
        return None if self.link is None else self.link.mtu

    @property
    def neighbour(self) -> Address | MAC | None:
        """The hardware address that a frame is for, or whose that is."""
        return self.mac or neighbour_of(self.draft, self.to, self.link, self.hop)

    @property
    def needs_hardware_address(self) -> bool:
        """Whether the hardware address of a neighbour has to be known to send the packet."""
        is_open = any(name == "dst" for _, name in self.draft.left_out)
        return self.mac is None and (self.choice.layer is Layer.COOKED or is_open)

    @property
    def is_for_everybody(self) -> bool:
        """Whether it goes to all hosts of a link."""
        if self.choice.layer.is_link:
            return self.mac == BROADCAST
        return self.to == EVERYBODY or (self.hop is not None and self.hop.kind == "broadcast")


class Ways:
    """The ways out of this thread's network: what was asked for once holds for a whole run.

    Args:
        options: for all packets.
    """

    def __init__(self, options: OutgoingOptions) -> None:
        self._layer = options.get("layer", "auto")
        self._interface = options.get("interface")
        self._mark = options.get("mark")
        self._via = _neighbour_named(options)
        self._place = options.get("at")
        self._hops: dict[Address, NextHop] = {}
        self._links: dict[str, HostLink] = {}
        self._sources: dict[Address, Address] = {}
        self._macs: dict[tuple[Address, str | None], MAC] = {}

    def of(self, draft: Draft) -> Outgoing:
        """Return a packet as it is to go out, in its network.

        Raises:
            NoRoute: nothing leads to its destination.
            UsageError: an option makes no sense for this packet.
        """
        choice = choose(draft.packet, self._layer)
        dst, via, name = destination(draft.packet), self._via, self._interface
        self._check_neighbour(dst, choice.layer)
        to = via or dst
        asks = name is None or choice.layer is not Layer.FRAME or bool(draft.left_out)
        hop = self.hop(to) if to is not None and asks else None
        if name is not None:
            self.link(name)  # whether it is there
        name = name or (hop.interface if hop else self._link_of_question(draft.packet))
        if name is None and choice.layer.is_link:
            what = f"layer {choice.layer.value}: no route says over which interface"
            raise UsageError(f"{what}: name it (--interface, interface=)")
        if via is None and hop is not None and hop.interface == name:
            via = hop.gateway
        if draft.left_out:
            link = self.link(name) if name and needs_link(draft) else None
            draft = Filler(draft, to, name, link, self.source).filled()
        out = Outgoing(draft, choice, name, hop, via, via or dst, self)
        if choice.layer.is_link and isinstance(mac := out.neighbour, MAC):
            return replace(out, draft=addressed(draft, mac), mac=mac)
        return out

    def _check_neighbour(self, dst: Address | None, layer: Layer) -> None:
        """Refuse a neighbour that the kernel cannot send a packet to."""
        via = self._via
        if layer is Layer.ICMPV6 and via is not None:
            raise UsageError(
                f"layer icmpv6 sends by the kernel's routes alone: to send by {via} take layer ipv6"
            )
        if not layer.is_link and via is not None and dst and via.version != dst.version:
            raise UsageError(
                f"{via} is no neighbour that IPv{dst.version} is routed to: layer cooked takes any"
            )

    def _link_of_question(self, packet: Packet) -> str | None:
        """Return the interface on whose link an ARP packet asks, as the routes have it."""
        arp = packet.get(ARP)
        if arp is None or not isinstance(arp.target_ip, IPv4Address):
            return None
        try:
            hop = self.hop(arp.target_ip)
        except NoRoute:
            return None
        return hop.interface if hop.gateway is None and hop.kind == "unicast" else None

    def found(self, draft: Draft) -> Outgoing:
        """Return a packet as it is to go out, with the hardware address that it is for.

        Raises:
            NoAnswer: the neighbour does not say where it is; and as for :meth:`of`.
        """
        with inside(self._place):
            out = self.of(draft)
            if not out.needs_hardware_address:
                return out
            mac = self.hardware_address(out)
        return replace(out, draft=addressed(out.draft, mac), mac=mac)

    def hop(self, to: Address) -> NextHop:
        """Return where the kernel would send what is for this address.

        Raises:
            NoRoute: nowhere.
        """
        if to not in self._hops:
            self._hops[to] = next_hop(to, self._interface)
        return self._hops[to]

    def link(self, name: str) -> HostLink:
        """Return an interface.

        Raises:
            UsageError: there is none of that name.
        """
        if name not in self._links:
            with inside(self._place):
                self._links[name] = link(name)
        return self._links[name]

    def source(self, dst: Address, interface: str | None) -> Address:
        """Return the address from which the kernel would send to this one."""
        if dst not in self._sources:
            told = self._hops[dst].source if dst in self._hops and self._mark is None else None
            self._sources[dst] = told or source_for(dst, interface, self._mark)
        return self._sources[dst]

    def hardware_address(self, out: Outgoing) -> MAC:
        """Return the hardware address that a frame is for; ask for it if need be.

        Raises:
            NoAnswer: nobody says that he has it.
        """
        if out.neighbour is None or isinstance(out.neighbour, MAC):
            return out.neighbour or NO_MAC
        key = out.neighbour, out.interface
        if key not in self._macs:
            from rawkit.api.resolve import resolve

            report = resolve(out.neighbour, interface=out.interface, interval=ASK_EVERY).run()
            if report.mac is None:
                raise NoAnswer(f"{out.neighbour} does not say where it is on {out.interface}")
            self._macs[key] = report.mac
        return self._macs[key]


def neighbour_of(
    draft: Draft, to: Address | None, out: HostLink | None, hop: NextHop | None
) -> Address | MAC | None:
    """Return the hardware address that a frame is for, or who has to be asked for it.

    Args:
        draft: the packet.
        to: the address on the link that it is sent to.
        out: the link.
        hop: what the kernel's routes say.
    """
    first = draft.packet.headers[0]
    if isinstance(first, Ethernet) and (0, "dst") not in draft.left_out:
        return MAC(first.dst)
    if ARP in draft.packet:
        return BROADCAST
    if out is None or not out.has_neighbours or to is None:
        return NO_MAC
    if to.is_multicast:
        return multicast_mac(to)
    if to == EVERYBODY or (hop is not None and hop.kind == "broadcast"):
        return BROADCAST
    return to


def draft_of(given: Sendable, options: OutgoingOptions | None = None) -> Draft:
    """Return what was given as a draft.

    Args:
        given: the packet.
        options: how it goes out.

    Raises:
        NotationError: the notation makes no sense.
    """
    if isinstance(given, Draft):
        return given
    if isinstance(given, str):
        return parse_to_pack(given)
    if isinstance(given, Header):
        return Draft(Packet((given,)))
    if isinstance(given, Packet):
        return Draft(given)
    from rawkit.interop import is_scapy

    if not is_scapy(given):
        raise UsageError(f"{type(given).__name__} is no packet, nor one in notation")
    from rawkit.api.scapy_drafts import draft_from_scapy

    return draft_from_scapy(given, options or {})


def first_of(draft: Draft, seed: int) -> Draft:
    """Return a draft whose packet is the first that will be sent, random values included."""
    if not draft.varying:
        return draft
    from random import Random

    return draft.drawn(Random(seed).randrange)


def is_one(given: object) -> bool:
    """Whether something is one packet, and not several."""
    if isinstance(given, Packet | Header | str | Draft) or not isinstance(given, Iterable):
        return True
    from rawkit.interop import is_scapy

    return is_scapy(given)


def _neighbour_named(options: OutgoingOptions) -> Address | None:
    via = options.get("via")
    address = numeric(via) if isinstance(via, str) else via
    if address is None and via is not None:
        raise UsageError(f"via is {via!r}, not an address")
    return address
