"""Answer those who ask which hardware address has an IP address (RFC 826, RFC 4861)."""

import struct
from collections.abc import Container
from ipaddress import IPv4Address, IPv6Address

from rawkit.wire import icmpv6
from rawkit.wire.address import Address
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import EtherType, IPProtocol

ARP = struct.Struct("!HHBBH6s4s6s4s")
"""Hardware, protocol, both address lengths, operation; sender's and target's addresses."""
ETHERNET, REQUEST, REPLY = 1, 1, 2
SOLICITATION, ADVERTISEMENT = 135, 136
ROUTER_SOLICITED_OVERRIDE = bytes.fromhex("e000 0000")
TARGET_LINK_LAYER_ADDRESS = bytes((2, 1))
"""The option, which is 1 unit of 8 octets long."""
SOLICITED = slice(48, 64)
"""Where a solicitation has the address asked for, from the start of the IPv6 header."""
UNSPECIFIED = IPv6Address("::")


def answer(frame: bytes, known: Container[Address], mac: bytes) -> bytes | None:
    """Return the frame that tells the asker our hardware address.

    ``None``: it is no such question, or about nobody known.
    """
    match int.from_bytes(frame[12:14], "big"):
        case EtherType.ARP:
            return _arp(frame, known, mac)
        case EtherType.IPV6:
            return _neighbour(frame, known, mac)
    return None


def _arp(frame: bytes, known: Container[Address], mac: bytes) -> bytes | None:
    if len(frame) < 14 + ARP.size:
        return None
    hardware, protocol, _, _, what, sender, sender_ip, _, wanted = ARP.unpack_from(frame, 14)
    if (hardware, protocol, what) != (ETHERNET, EtherType.IPV4, REQUEST):
        return None
    if IPv4Address(wanted) not in known:
        return None
    reply = ARP.pack(ETHERNET, EtherType.IPV4, 6, 4, REPLY, mac, wanted, sender, sender_ip)
    return bytes(Ethernet(sender, mac, EtherType.ARP) / reply)


def _neighbour(frame: bytes, known: Container[Address], mac: bytes) -> bytes | None:
    packet = memoryview(frame)[14:]
    if len(packet) < SOLICITED.stop or packet[6] != IPProtocol.ICMPV6 or packet[40] != SOLICITATION:
        return None
    src, wanted = IPv6Address(bytes(packet[8:24])), IPv6Address(bytes(packet[SOLICITED]))
    if wanted not in known or src == UNSPECIFIED:
        return None
    said = icmpv6.Other(ADVERTISEMENT, rest=ROUTER_SOLICITED_OVERRIDE)
    option = TARGET_LINK_LAYER_ADDRESS + mac
    ip = IPv6(wanted, src, hop_limit=255)
    return bytes(Ethernet(frame[6:12], mac) / ip / said / (wanted.packed + option))
