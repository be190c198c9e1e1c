"""What is said about a spare address: who is answered, who is not, who has it already."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.endpoint.neighbour_replies import announcement, conflict_in, probe, reply_to
from rawkit.wire.address import BROADCAST, MAC, Address
from rawkit.wire.arp import ARP, NO_ADDRESS, NO_MAC, Operation
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv6 import IPv6
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

OURS, THEIRS, OTHER = (IPv4Address(f"192.0.2.{last}") for last in (9, 1, 2))
OURS_6, THEIRS_6 = IPv6Address("2001:db8::9"), IPv6Address("2001:db8::1")
MINE, YOURS = MAC(b"\x02\0\0\0\0\x09"), MAC(b"\x02\0\0\0\0\x01")
NOBODY = IPv6Address(0)


def asks(target: IPv4Address, sender: IPv4Address = THEIRS) -> Packet:
    return Ethernet(BROADCAST, YOURS) / ARP(Operation.REQUEST, YOURS, sender, NO_MAC, target)


def solicits(target: IPv6Address, src: IPv6Address = THEIRS_6, hop_limit: int = 255) -> Packet:
    group = solicited_node(target)
    own = () if src == NOBODY else (SourceLinkLayer(YOURS),)
    ip = IPv6(src, group, hop_limit=hop_limit)
    return Ethernet(multicast_mac(group), YOURS) / ip / NeighborSolicitation(target, own)


def test_who_asks_by_arp_is_told() -> None:
    told = reply_to(bytes(asks(OURS)), OURS, MINE)

    assert told is not None
    packet = dissect(told, Ethernet.parse)
    assert (packet[Ethernet].dst, packet[Ethernet].src) == (YOURS, MINE)
    arp = packet[ARP]
    assert (arp.operation, arp.sender_mac, arp.sender_ip) == (Operation.REPLY, MINE, OURS)
    assert (arp.target_mac, arp.target_ip) == (YOURS, THEIRS)


def test_who_probes_by_arp_learns_that_it_is_taken() -> None:
    told = reply_to(bytes(asks(OURS, NO_ADDRESS)), OURS, MINE)

    assert told is not None
    assert dissect(told, Ethernet.parse)[ARP].sender_ip == OURS


def test_who_solicits_is_told() -> None:
    told = reply_to(bytes(solicits(OURS_6)), OURS_6, MINE)

    assert told is not None
    packet = dissect(told, Ethernet.parse)
    assert packet[Ethernet].dst == YOURS
    assert (packet[IPv6].src, packet[IPv6].dst, packet[IPv6].hop_limit) == (OURS_6, THEIRS_6, 255)
    said = packet[NeighborAdvertisement]
    assert said.flags == NeighborFlag.SOLICITED | NeighborFlag.OVERRIDE
    assert said.options == (TargetLinkLayer(MINE),)
    assert said.checksum, "an ICMPv6 message without one is dropped"


def test_who_probes_by_solicitation_hears_it_with_all_others() -> None:
    """RFC 4861 §7.2.4: to all nodes, and not "solicited", for he has no address yet."""
    told = reply_to(bytes(solicits(OURS_6, NOBODY)), OURS_6, MINE)

    assert told is not None
    packet = dissect(told, Ethernet.parse)
    assert packet[IPv6].dst == ALL_NODES
    assert packet[Ethernet].dst == multicast_mac(ALL_NODES)
    assert packet[NeighborAdvertisement].flags == NeighborFlag.OVERRIDE


@pytest.mark.parametrize(
    ("frame", "address"),
    [
        (bytes(asks(OTHER)), OURS),
        (bytes(Ethernet(MINE, YOURS) / ARP(Operation.REPLY, YOURS, THEIRS, MINE, OURS)), OURS),
        (announcement(OURS, YOURS), OURS),
        (bytes(solicits(THEIRS_6)), OURS_6),
        (bytes(solicits(OURS_6, hop_limit=254)), OURS_6),
        (bytes(asks(OURS))[:30], OURS),
        (bytes(solicits(OURS_6))[:60], OURS_6),
        (b"", OURS),
    ],
    ids=["other", "reply", "announces", "other_6", "far", "short", "short_6", "empty"],
)
def test_everybody_else_is_not_answered(frame: bytes, address: Address) -> None:
    assert reply_to(frame, address, MINE) is None


@pytest.mark.parametrize("address", [OURS, OURS_6])
def test_who_answers_a_probe_has_the_address(address: Address) -> None:
    asked = probe(address, MINE)
    answered = reply_to(asked, address, YOURS)

    assert answered is not None
    assert conflict_in(answered, address, MINE) == YOURS
    assert conflict_in(announcement(address, YOURS), address, MINE) == YOURS
    assert conflict_in(asked, address, MINE) is None, "that is our own"
    assert conflict_in(answered, address, YOURS) is None


@pytest.mark.parametrize("address", [OURS, OURS_6])
def test_somebody_elses_word_is_no_conflict(address: Address) -> None:
    other: Address = OTHER if address.version == 4 else THEIRS_6

    assert conflict_in(announcement(other, YOURS), address, MINE) is None
    assert conflict_in(b"", address, MINE) is None
