"""What has to be known before a packet of one's own making goes out, and is filled in.

A packet in notation may leave out what only this host knows: its source address, a free
port, the hardware addresses of its link. Packets made in Python have these already.
"""

from ipaddress import IPv4Address
from typing import Any, TypedDict

from rawkit.api.common import Host, Place
from rawkit.errors import UsageError
from rawkit.host.links import HostLink, link
from rawkit.host.names import numeric
from rawkit.host.next_hop import NextHop, next_hop
from rawkit.host.source import source_for
from rawkit.record import record, replace
from rawkit.sockets.ports import free_ports
from rawkit.sockets.sending import Choice, Layer, choose
from rawkit.wire.address import BROADCAST, MAC, Address
from rawkit.wire.arp import ARP
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ndp import multicast_mac
from rawkit.wire.notation import Draft, parse
from rawkit.wire.packet import Header, Packet
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP

Sendable = Packet | Header | str
"""A packet; or one in notation, see :mod:`rawkit.wire.notation`."""
NO_MAC = MAC(bytes(6))
LINK_LAYERS = (Layer.COOKED, Layer.FRAME)
FIRST_SEQUENCE = 1


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
    link: HostLink | None
    hop: NextHop | None
    """What the kernel's routes say; ``None``: they were not asked."""
    via: Address | None
    """The neighbour that the frame goes to, if it is another than the destination."""
    neighbour: Address | MAC | None
    """Whose hardware address the frame gets: this one, or that of this address."""


def outgoing(given: Sendable, options: OutgoingOptions) -> Outgoing:
    """Return a packet as it is to go out from this thread's network.

    Raises:
        NotationError: the notation makes no sense.
        NoRoute: nothing leads to its destination.
        UsageError: an option makes no sense, or not for this packet.
    """
    draft = draft_of(given)
    choice = choose(draft.packet, options.get("layer", "auto"))
    dst, via = destination(draft.packet), _neighbour_named(options)
    name, to = options.get("interface"), via or dst
    hop = None if to is None else next_hop(to, name)
    name = name or (hop.interface if hop else None)
    if name is None and choice.layer in LINK_LAYERS:
        raise UsageError(f"{choice.layer.value}: no route says over which interface; name it")
    out = None if name is None else link(name)
    if via is None and hop is not None and hop.interface == name:
        via = hop.gateway
    filled = Filler(draft, dst, out, options.get("mark")).filled()
    neighbour = _neighbour(filled.packet, via or dst, out)
    if isinstance(neighbour, MAC):
        filled = addressed(filled, neighbour)
    return Outgoing(filled, choice, name, out, hop, via, neighbour)


def draft_of(given: Sendable) -> Draft:
    """Return what was given as a draft.

    Raises:
        NotationError: the notation makes no sense.
    """
    if isinstance(given, str):
        return parse(given)
    return Draft(Packet((given,)) if isinstance(given, Header) else given)


def destination(packet: Packet) -> Address | None:
    """Return the address that the outermost IP header names."""
    for header in packet.headers:
        if isinstance(header, IPv4 | IPv6):
            return header.dst
    return None


def addressed(draft: Draft, mac: MAC) -> Draft:
    """Return a draft whose frames are for this hardware address, where it leaves that out."""
    headers = list(draft.packet.headers)
    for place, name in draft.left_out:
        headers[place] = replace(headers[place], **{name: mac})
    return replace(draft, packet=Packet(tuple(headers), draft.packet.payload), left_out=())


class Filler:
    """Fills in what a draft leaves out.

    Args:
        draft: the packet.
        dst: its destination, if it has an IP header.
        out: the interface that it leaves by, if that is known.
        mark: for policy routing.
    """

    def __init__(
        self, draft: Draft, dst: Address | None, out: HostLink | None, mark: int | None
    ) -> None:
        self._draft = draft
        self._dst = dst
        self._out = out
        self._mark = mark

    def filled(self) -> Draft:
        """Return the draft with nothing left out but the neighbour's hardware address."""
        headers = list(self._draft.packet.headers)
        open_ = []
        for place, name in self._draft.left_out:
            value = self._value(headers[place], name)
            if value is None:
                open_.append((place, name))
            else:
                headers[place] = replace(headers[place], **{name: value})
        packet = Packet(tuple(headers), self._draft.packet.payload)
        return replace(self._draft, packet=packet, left_out=tuple(open_))

    def _value(self, header: Header, name: str) -> Any:
        """Return what goes into a field that was left out; ``None``: it cannot be known yet."""
        match header, name:
            case ((IPv4() | IPv6()), "src"):
                return self._source()
            case ((UDP() | TCP()), "src_port"):
                version = 4 if self._dst is None else self._dst.version
                return free_ports(version, method_of(header))[0]
            case ARP(), "sender_ip":
                return self._arp_source(header)
            case (_, "src") | (ARP(), "sender_mac"):
                return MAC(self._out.mac) if self._out else NO_MAC
            case _, "identifier":
                from rawkit.sockets.identifiers import next_identifier

                return next_identifier()
            case _, "sequence":
                return FIRST_SEQUENCE
            case ARP(), _:
                return getattr(header, name)  # a request, and nobody's address
        return None

    def _source(self) -> Address:
        assert self._dst is not None  # it stands in the same header
        return source_for(self._dst, self._out.name if self._out else None, self._mark)

    def _arp_source(self, header: ARP) -> Address | None:
        if not isinstance(header.target_ip, IPv4Address) or self._out is None:
            return IPv4Address(0)
        return source_for(header.target_ip, self._out.name, self._mark)


def method_of(header: UDP | TCP) -> str:
    """Return which kind of ports a header has."""
    return "udp" if isinstance(header, UDP) else "tcp"


def _neighbour_named(options: OutgoingOptions) -> Address | None:
    via = options.get("via")
    address = numeric(via) if isinstance(via, str) else via
    if address is None and via is not None:
        raise UsageError(f"via is {via!r}, not an address")
    return address


def _neighbour(packet: Packet, to: Address | None, out: HostLink | None) -> Address | MAC | None:
    """Return the hardware address that a frame is for, or who has to be asked for it."""
    if ARP in packet:
        return BROADCAST
    if out is None or not out.has_neighbours or to is None:
        return NO_MAC
    if to.is_multicast:
        return multicast_mac(to)
    if isinstance(to, IPv4Address) and _is_broadcast(to, out.name):
        return BROADCAST
    return to


def _is_broadcast(address: IPv4Address, interface: str) -> bool:
    """Whether an address means every host on a link."""
    if address == IPv4Address("255.255.255.255"):
        return True
    found = next_hop(address)
    return found.kind == "broadcast" and found.interface == interface
