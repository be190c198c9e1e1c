"""Frames about one address on a link: who asks for it, who has it, and what we say."""

import socket
from ipaddress import IPv4Address, IPv6Address

from rawkit.wire.address import BROADCAST, MAC, Address
from rawkit.wire.arp import ARP, NO_ADDRESS, NO_MAC, Operation
from rawkit.wire.bpf import ALL, JUMP_EQUAL, LOAD_BYTE, LOAD_HALF, RETURN, Line, Op, assemble
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ndp import (
    ALL_NODES,
    HOP_LIMIT,
    NeighborAdvertisement,
    NeighborFlag,
    NeighborSolicitation,
    multicast_mac,
    solicited_node,
    source_mac,
)
from rawkit.wire.ndp_options import TargetLinkLayer
from rawkit.wire.numbers import EtherType
from rawkit.wire.packet import Packet

SOLICITED = {4: int(EtherType.ARP), 6: int(EtherType.IPV6)}
"""The protocol of the frames in which an address is looked for."""
ETHERNET, IPV6_HEADER = 14, 40
NEXT_HEADER = ETHERNET + 6
NOBODY = IPv6Address(0)


def spare_filter(address: Address) -> bytes:
    """Return a program for Ethernet frames that lets pass what is said about addresses."""
    lines: list[Line] = [Op(LOAD_HALF, 12), Op(JUMP_EQUAL, SOLICITED[address.version], "", "drop")]
    if address.version == 6:
        lines += [Op(LOAD_BYTE, NEXT_HEADER), Op(JUMP_EQUAL, socket.IPPROTO_ICMPV6, "", "drop")]
        lines += [Op(LOAD_BYTE, ETHERNET + IPV6_HEADER)]
        lines += [Op(JUMP_EQUAL, NeighborSolicitation.TYPE, "pass")]
        lines += [Op(JUMP_EQUAL, NeighborAdvertisement.TYPE, "", "drop")]
    return assemble([*lines, "pass", Op(RETURN, ALL), "drop", Op(RETURN, 0)])


def probe(address: Address, mac: MAC) -> bytes:
    """Return the frame that asks whether anybody has an address, on behalf of nobody."""
    if isinstance(address, IPv4Address):
        arp = ARP(Operation.REQUEST, mac, NO_ADDRESS, NO_MAC, address)
        return bytes(Ethernet(BROADCAST, mac) / arp)
    group = solicited_node(address)
    ip = IPv6(NOBODY, group, hop_limit=HOP_LIMIT)
    return bytes(Ethernet(multicast_mac(group), mac) / ip / NeighborSolicitation(address))


def announcement(address: Address, mac: MAC) -> bytes:
    """Return the frame that tells everybody whose an address is (RFC 5227 §2.3)."""
    if isinstance(address, IPv4Address):
        arp = ARP(Operation.REQUEST, mac, address, NO_MAC, address)
        return bytes(Ethernet(BROADCAST, mac) / arp)
    return bytes(_advertisement(address, mac, None))


def conflict_in(frame: bytes, address: Address, mac: MAC) -> MAC | None:
    """Return the hardware address of who says that the address is his."""
    packet = dissect(frame, Ethernet.parse)
    arp, said = packet.get(ARP), packet.get(NeighborAdvertisement)
    ethernet = packet.get(Ethernet)
    if ethernet is None or ethernet.src == mac:
        return None
    if arp is not None and arp.sender_ip == address:
        return MAC(arp.sender_mac)
    if said is not None and said.target == address:
        return MAC(ethernet.src)
    return None


def reply_to(frame: bytes, address: Address, mac: MAC) -> bytes | None:
    """Return the answer to a frame that asks for the address; ``None``: it does not."""
    packet = dissect(frame, Ethernet.parse)
    arp, asked = packet.get(ARP), packet.get(NeighborSolicitation)
    if arp is not None and isinstance(address, IPv4Address):
        return _answer_arp(arp, address, mac)
    ip = packet.get(IPv6)
    if asked is None or ip is None or not isinstance(address, IPv6Address):
        return None
    if asked.target != address or ip.hop_limit != HOP_LIMIT:
        return None  # what has passed a router is forged (RFC 4861 §7.1.1)
    asker = None if ip.src == NOBODY else ip.src
    to = source_mac(asked) or MAC(packet[Ethernet].src)
    return bytes(_advertisement(address, mac, (asker, to) if asker is not None else None))


def _answer_arp(arp: ARP, address: IPv4Address, mac: MAC) -> bytes | None:
    if arp.operation != Operation.REQUEST or arp.target_ip != address or arp.is_announcement:
        return None
    if not arp.is_ipv4_over_ethernet:
        return None
    answer = ARP(Operation.REPLY, mac, address, arp.sender_mac, arp.sender_ip)
    return bytes(Ethernet(MAC(arp.sender_mac), mac) / answer)


def _advertisement(address: IPv6Address, mac: MAC, to: tuple[IPv6Address, MAC] | None) -> Packet:
    """Return a neighbour advertisement, in answer to somebody or to all (RFC 4861 §7.2.4)."""
    solicited = NeighborFlag.SOLICITED if to is not None else NeighborFlag(0)
    said = NeighborAdvertisement(
        address, NeighborFlag.OVERRIDE | solicited, (TargetLinkLayer(mac),)
    )
    dst, beyond = to if to is not None else (ALL_NODES, multicast_mac(ALL_NODES))
    return Ethernet(beyond, mac) / IPv6(address, dst, hop_limit=HOP_LIMIT) / said
