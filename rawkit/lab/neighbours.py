"""Answer those who ask which hardware address has an IP address (RFC 826, RFC 4861)."""

from collections.abc import Container
from ipaddress import IPv4Address

from rawkit.wire import ndp
from rawkit.wire.address import MAC, UNSPECIFIED, Address
from rawkit.wire.arp import ARP, Operation
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ndp import NeighborAdvertisement, NeighborFlag, NeighborSolicitation
from rawkit.wire.ndp_options import TargetLinkLayer
from rawkit.wire.numbers import EtherType

GOOD_ROUTER = NeighborFlag.ROUTER | NeighborFlag.SOLICITED | NeighborFlag.OVERRIDE
ASKING = (EtherType.ARP.to_bytes(2, "big"), EtherType.IPV6.to_bytes(2, "big"))


def answer(frame: bytes, known: Container[Address], mac: bytes) -> bytes | None:
    """Return the frame that tells the asker our hardware address.

    ``None``: it is no such question, or about nobody known.
    """
    if frame[12:14] not in ASKING:
        return None
    match dissect(frame, Ethernet.parse).headers:
        case (Ethernet(), ARP() as question):
            return _arp(question, known, mac)
        case (Ethernet() as link, IPv6() as ip, NeighborSolicitation(target=wanted)):
            if wanted not in known or ip.src == UNSPECIFIED[6] or ip.hop_limit != ndp.HOP_LIMIT:
                return None
            said = NeighborAdvertisement(wanted, GOOD_ROUTER, (TargetLinkLayer(MAC(mac)),))
            back = IPv6(wanted, ip.src, hop_limit=ndp.HOP_LIMIT)
            return bytes(Ethernet(link.src, mac) / back / said)
    return None


def _arp(question: ARP, known: Container[Address], mac: bytes) -> bytes | None:
    wanted = question.target_ip
    if not question.is_ipv4_over_ethernet or question.operation != Operation.REQUEST:
        return None
    if not isinstance(wanted, IPv4Address) or wanted not in known:
        return None
    asker = question.sender_mac
    reply = ARP(Operation.REPLY, mac, wanted, asker, question.sender_ip)
    return bytes(Ethernet(asker, mac) / reply)
