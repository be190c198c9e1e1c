"""How neighbours are asked and how they answer: ARP for IPv4, neighbour discovery for IPv6."""

from ipaddress import IPv4Address, IPv6Address
from typing import Protocol

from rawkit.engine.neighbour_events import Claim, Link, Target
from rawkit.wire.address import BROADCAST, MAC
from rawkit.wire.arp import ARP, NO_ADDRESS, NO_MAC, Operation
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.link import Direction
from rawkit.wire.ndp import (
    ALL_NODES,
    HOP_LIMIT,
    NeighborAdvertisement,
    NeighborFlag,
    NeighborSolicitation,
    multicast_mac,
    solicited_node,
    source_mac,
    target_mac,
)
from rawkit.wire.ndp_options import SourceLinkLayer, TargetLinkLayer
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Received

NOBODY = IPv6Address(0)
HEADER_V4 = 20
"""Octets of an IPv4 header without options."""
TO_ALL = (Direction.BROADCAST, Direction.MULTICAST)
GROUP = 0x01
"""The bit of a hardware address's first octet that makes it a group's."""


class Invalid(Exception):
    """A message that must not be believed; it says why."""


class Speaker(Protocol):
    """One of the two protocols, about one address on one link."""

    def question(self, to: MAC | None) -> Packet:
        """Ask who has the address: everybody, or only who is thought to have it."""
        ...

    def probe(self) -> Packet:
        """Ask whether anybody has the address, on behalf of nobody."""
        ...

    def announcement(self, *, reply: bool) -> Packet:
        """Say that the address is ours."""
        ...

    def answers(self, claim: Claim) -> bool:
        """Whether a claim about the address is the answer to :meth:`question`."""
        ...


class ARPSpeaker:
    """IPv4 (RFC 826, RFC 5227)."""

    def __init__(self, target: Target, link: Link) -> None:
        assert isinstance(target.address, IPv4Address)
        assert isinstance(target.src, IPv4Address)
        self._address, self._src, self._mac = target.address, target.src, link.mac

    def question(self, to: MAC | None) -> Packet:
        return self._request(self._src, to or BROADCAST, to or NO_MAC)

    def probe(self) -> Packet:
        return self._request(self._src, BROADCAST, NO_MAC)

    def announcement(self, *, reply: bool) -> Packet:
        if not reply:
            return self._request(self._src, BROADCAST, NO_MAC)
        # RFC 5944 §4.6: in an unasked reply the target's hardware address is the sender's.
        arp = ARP(Operation.REPLY, self._mac, self._src, self._mac, self._address)
        return Ethernet(BROADCAST, self._mac) / arp

    def answers(self, claim: Claim) -> bool:
        return not claim.is_request and claim.target == self._src and claim.target_mac == self._mac

    def _request(self, src: IPv4Address, to: MAC, known: MAC) -> Packet:
        arp = ARP(Operation.REQUEST, self._mac, src, known, self._address)
        return Ethernet(to, self._mac) / arp


class NDPSpeaker:
    """IPv6 (RFC 4861 §7, RFC 4862 §5.4)."""

    def __init__(self, target: Target, link: Link) -> None:
        assert isinstance(target.address, IPv6Address)
        assert isinstance(target.src, IPv6Address)
        self._address, self._src = unscoped(target.address), unscoped(target.src)
        self._mac, self._forwards = link.mac, link.forwards

    def question(self, to: MAC | None) -> Packet:
        group = solicited_node(self._address)
        ip = IPv6(self._src, self._address if to else group, hop_limit=HOP_LIMIT)
        asking = NeighborSolicitation(self._address, (SourceLinkLayer(self._mac),))
        return Ethernet(to or multicast_mac(group), self._mac) / ip / asking

    def probe(self) -> Packet:
        group = solicited_node(self._address)
        ip = IPv6(self._src, group, hop_limit=HOP_LIMIT)
        # RFC 4861 §4.3: no hardware address where there is no address.
        own = () if self._src == NOBODY else (SourceLinkLayer(self._mac),)
        asking = NeighborSolicitation(self._address, own)
        return Ethernet(multicast_mac(group), self._mac) / ip / asking

    def announcement(self, *, reply: bool) -> Packet:
        ip = IPv6(self._src, ALL_NODES, hop_limit=HOP_LIMIT)
        own = (TargetLinkLayer(self._mac),)
        # Without its flag a router is no router any more: RFC 4861 §7.2.5 has hosts drop it.
        flags = NeighborFlag.OVERRIDE | NeighborFlag.ROUTER * self._forwards
        said = NeighborAdvertisement(self._address, flags, own)
        return Ethernet(multicast_mac(ALL_NODES), self._mac) / ip / said

    def answers(self, claim: Claim) -> bool:
        return not claim.is_request and claim.is_solicited and claim.target == self._src


def speaker_for(target: Target, link: Link) -> Speaker:
    """Return the one that speaks the address's protocol."""
    kind = ARPSpeaker if target.address.version == 4 else NDPSpeaker
    return kind(target, link)


def claim_of(received: Received, *, overheard: bool = False) -> Claim | None:
    """Return what a frame says about an address; ``None``: nothing, or not to us.

    Args:
        received: the frame.
        overheard: also what others say to others.

    Raises:
        Invalid: it says something, but in a way that is not to be believed.
    """
    if is_passed_over(received, overheard):
        return None
    match received.packet.headers:
        case (Ethernet(dst=dst), *_):
            to_all = received.direction in TO_ALL or bool(dst[0] & GROUP)
    match received.packet.headers:
        case (Ethernet() as frame, ARP() as arp):
            return _claim_of_arp(arp, MAC(frame.src), to_all)
        case (Ethernet() as frame, IPv6() as ip, *_, NeighborSolicitation() as asking):
            check_discovery(received, ip)
            return _claim_of_solicitation(ip, asking, MAC(frame.src), to_all)
        case (Ethernet() as frame, IPv6() as ip, *_, NeighborAdvertisement() as said):
            check_discovery(received, ip)
            return _claim_of_advertisement(ip, said, MAC(frame.src), to_all)
    return None


def check_discovery(received: Received, ip: IPv6) -> None:
    """Refuse what RFC 4861 §6.1 and §7.1 have every receiver of such a message refuse.

    Raises:
        Invalid: says why.
    """
    packet = received.packet
    if ip.hop_limit != HOP_LIMIT:
        raise Invalid(f"hop limit {ip.hop_limit}, not 255: it may come from afar")
    if received.checksum is Checksum.BAD:
        raise Invalid("wrong checksum")
    if getattr(packet.headers[-1], "code", 0):
        raise Invalid("code is not 0")
    if packet.payload or packet.error:
        raise Invalid("an option is cut off, or has no length")
    check_length(packet, ip)


def check_length(packet: Packet, ip: IPv4 | IPv6) -> None:
    """Refuse what is shorter than its IP header says: no checksum can tell what it lacks.

    Raises:
        Invalid: it is.
    """
    carried = len(bytes(packet.inside(type(ip))))
    if isinstance(ip, IPv4):
        said = (ip.total_length or 0) - HEADER_V4 - len(ip.options)
    else:
        said = ip.payload_length or 0
    if carried < said:
        raise Invalid(f"{carried} of {said} octets")


def is_passed_over(received: Received, overheard: bool) -> bool:
    """Whether a frame is our own, or was for others and is not to be overheard.

    What bears the tag of a VLAN is for others, on another link (802.1Q); number 0 is none.
    """
    if received.direction is Direction.OTHER_HOST or (received.vlan and received.vlan.id):
        return not overheard
    return received.direction is Direction.OUT


def unscoped(address: IPv6Address) -> IPv6Address:
    """Return an address without the interface in it: the wire has none."""
    return IPv6Address(int(address)) if address.scope_id else address


def _claim_of_arp(arp: ARP, frame_mac: MAC, to_all: bool) -> Claim | None:
    if not arp.is_ipv4_over_ethernet or arp.operation not in (Operation.REQUEST, Operation.REPLY):
        return None
    assert isinstance(arp.sender_ip, IPv4Address)
    assert isinstance(arp.target_ip, IPv4Address)
    about = arp.target_ip if arp.is_probe else arp.sender_ip
    if about == NO_ADDRESS:
        return None
    return Claim(
        about,
        MAC(arp.sender_mac),
        frame_mac,
        arp.operation == Operation.REQUEST,
        arp.target_ip,
        MAC(arp.target_mac),
        arp.is_probe,
        to_all,
    )


def _claim_of_solicitation(
    ip: IPv6, asking: NeighborSolicitation, frame_mac: MAC, to_all: bool
) -> Claim | None:
    if asking.target.is_multicast:
        raise Invalid("asks for a multicast address")
    own = source_mac(asking)
    if ip.src == NOBODY:
        if own is not None or ip.dst != solicited_node(asking.target):
            raise Invalid("a probe with a hardware address, or to the wrong group")
        return Claim(
            asking.target, frame_mac, frame_mac, True, ip.dst, is_probe=True, to_all=to_all
        )
    if own is None:
        return None
    return Claim(ip.src, own, frame_mac, True, asking.target, to_all=to_all)


def _claim_of_advertisement(
    ip: IPv6, said: NeighborAdvertisement, frame_mac: MAC, to_all: bool
) -> Claim:
    if said.target.is_multicast:
        raise Invalid("is about a multicast address")
    is_solicited = bool(said.flags & NeighborFlag.SOLICITED)
    if ip.dst.is_multicast and is_solicited:
        raise Invalid("answers everybody")
    return Claim(
        said.target,
        target_mac(said) or frame_mac,
        frame_mac,
        False,
        ip.dst,
        to_all=to_all,
        is_router=bool(said.flags & NeighborFlag.ROUTER),
        is_solicited=is_solicited,
        is_override=bool(said.flags & NeighborFlag.OVERRIDE),
    )
