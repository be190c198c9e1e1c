"""A link in the tests' own words: hosts, and what they say."""

from ipaddress import IPv4Address, IPv6Address

from rawkit.engine.neighbour_events import Link
from rawkit.wire.address import BROADCAST, MAC, Address
from rawkit.wire.arp import ARP, NO_ADDRESS, NO_MAC, Operation
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.link import Direction
from rawkit.wire.ndp import (
    ALL_NODES,
    NeighborAdvertisement,
    NeighborFlag,
    NeighborSolicitation,
    multicast_mac,
    solicited_node,
)
from rawkit.wire.ndp_options import SourceLinkLayer, TargetLinkLayer
from rawkit.wire.packet import Packet
from rawkit.wire.received import Received

US, THEM, OTHER = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7"), IPv4Address("192.0.2.9")
US6, THEM6, OTHER6 = (IPv6Address(f"fe80::{number}") for number in (1, 7, 9))
OURS, THEIRS, STRANGERS = (MAC.parse(f"02:00:00:00:00:{number:02x}") for number in (1, 7, 0x66))
LINK = Link("eth0", OURS)
ASKED_BY: dict[int, Address] = {4: US, 6: US6}
ASKED_FOR: dict[int, Address] = {4: THEM, 6: THEM6}


def reply(
    mac: MAC = THEIRS,
    src: IPv4Address = THEM,
    dst: IPv4Address = US,
    dst_mac: MAC = OURS,
    *,
    frame_src: MAC | None = None,
    frame_dst: MAC = OURS,
) -> Packet:
    """An ARP reply."""
    arp = ARP(Operation.REPLY, mac, src, dst_mac, dst)
    return Ethernet(frame_dst, frame_src or mac) / arp


def request(mac: MAC, src: IPv4Address, dst: IPv4Address) -> Packet:
    """An ARP request to everybody; from ``0.0.0.0`` a probe, for its own address an
    announcement."""
    return Ethernet(BROADCAST, mac) / ARP(Operation.REQUEST, mac, src, NO_MAC, dst)


def probe(mac: MAC, about: IPv4Address) -> Packet:
    """An ARP probe."""
    return request(mac, NO_ADDRESS, about)


def advertisement(
    mac: MAC = THEIRS,
    target: IPv6Address = THEM6,
    dst: IPv6Address = US6,
    *,
    solicited: bool = True,
    override: bool = True,
    hop_limit: int = 255,
    code: int = 0,
    bare: bool = False,
) -> Packet:
    """A neighbour advertisement."""
    flags = NeighborFlag.SOLICITED * solicited | NeighborFlag.OVERRIDE * override
    said = NeighborAdvertisement(target, flags, () if bare else (TargetLinkLayer(mac),), code)
    to = multicast_mac(dst) if dst.is_multicast else OURS
    return Ethernet(to, mac) / IPv6(target, dst, hop_limit=hop_limit) / said


def unasked(mac: MAC, target: IPv6Address) -> Packet:
    """A neighbour advertisement to everybody."""
    return advertisement(mac, target, ALL_NODES, solicited=False)


def solicitation(mac: MAC, src: IPv6Address, target: IPv6Address) -> Packet:
    """A neighbour solicitation; from ``::`` a probe."""
    group = solicited_node(target)
    own = () if src.is_unspecified else (SourceLinkLayer(mac),)
    ip = IPv6(src, group, hop_limit=255)
    return Ethernet(multicast_mac(group), mac) / ip / NeighborSolicitation(target, own)


def answer_to(version: int, mac: MAC = THEIRS) -> Packet:
    """The answer that is expected when we ask for them."""
    return reply(mac) if version == 4 else advertisement(mac)


def announced(version: int, mac: MAC, address: Address) -> Packet:
    """An announcement."""
    if version == 4:
        assert isinstance(address, IPv4Address)
        return request(mac, address, address)
    assert isinstance(address, IPv6Address)
    return unasked(mac, address)


def heard(packet: Packet, at: float, direction: Direction | None = None) -> Received:
    """A frame that arrived."""
    return Received(packet, at, "eth0", direction=direction)
