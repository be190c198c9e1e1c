"""What packets in notation leave out, filled in: what only this host knows."""

from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Any

from rawkit.errors import NoRoute
from rawkit.host.links import HostLink
from rawkit.record import replace
from rawkit.sockets.ports import free_ports
from rawkit.wire.address import MAC, Address
from rawkit.wire.arp import ARP, NO_MAC
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.notation import Draft
from rawkit.wire.packet import Header, Packet
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP

FIRST_SEQUENCE = 1


class Filler:
    """Fills in what a draft leaves out.

    Args:
        draft: the packet.
        to: where it is sent, if it has an IP header: its destination, or a neighbour.
        interface: the one that it leaves by, if that is known.
        out: the same, if its hardware address is needed.
        source: returns our address towards another, over an interface if one is named.
    """

    def __init__(
        self,
        draft: Draft,
        to: Address | None,
        interface: str | None,
        out: HostLink | None,
        source: Callable[[Address, str | None], Address],
    ) -> None:
        self._draft = draft
        self._to = to
        self._interface = interface
        self._out = out
        self._source_towards = source

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
                return self._source_of(header)
            case ((UDP() | TCP()), "src_port"):
                version = 4 if self._to is None else self._to.version
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

    def _source_of(self, header: IPv4 | IPv6) -> Address:
        """Return the source of an IP header: the outermost, or one within."""
        to, dst = self._to, header.dst
        if to is None or to.version != dst.version:
            return self._source(dst)
        if dst == destination(self._draft.packet):
            return self._source(to)
        try:
            return self._source(dst)
        except NoRoute:  # it need not be known here what is at the other end of a tunnel
            return self._source(to)

    def _source(self, dst: Address) -> Address:
        return self._source_towards(dst, self._interface)

    def _arp_source(self, header: ARP) -> Address:
        if not isinstance(header.target_ip, IPv4Address) or self._interface is None:
            return IPv4Address(0)
        return self._source(header.target_ip)


def needs_link(draft: Draft) -> bool:
    """Whether something is left out that only the link tells: a hardware address."""
    headers = draft.packet.headers
    return any(isinstance(headers[place], Ethernet | ARP) for place, _ in draft.left_out)


def destination(packet: Packet) -> Address | None:
    """Return the address that the outermost IP header names."""
    for header in packet.headers:
        if isinstance(header, IPv4 | IPv6):
            return header.dst
    return None


def addressed(draft: Draft, mac: MAC) -> Draft:
    """Return a draft whose frames are for this hardware address, where it leaves that out."""
    if not draft.left_out:
        return draft
    headers = list(draft.packet.headers)
    for place, name in draft.left_out:
        headers[place] = replace(headers[place], **{name: mac})
    return replace(draft, packet=Packet(tuple(headers), draft.packet.payload), left_out=())


def method_of(header: UDP | TCP) -> str:
    """Return which kind of ports a header has."""
    return "udp" if isinstance(header, UDP) else "tcp"
