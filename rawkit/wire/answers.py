"""Does this packet answer that one? The one place that knows.

============================ ===================================================
question                     what answers it
============================ ===================================================
echo, timestamp, PROBE, …    the reply with the same numbers
node information             the reply with the same nonce
TCP                          what acknowledges it; RST
UDP, UDP-Lite                a datagram between the same ports, the other way
SCTP                         the chunk that belongs to one of its chunks; ABORT
router, neighbour solicited  an advertisement; that of a neighbour of the same target
IGMP, MLD query              a report about the group that is asked for, if one is
ARP request                  the reply about the same address
anything in IP               an ICMP error that quotes it, addresses and all
============================ ===================================================

A reply comes from whom the question went to, and goes to whom it came from; but anybody may
reply to what goes to a group, and anybody may send an error. Hardware addresses, VLAN tags,
IPv6 extension headers and source routes do not stand in the way, and of a tunnel it is what
is inside that is answered, wrapped up again or not.
"""

from rawkit.wire.address import same_address
from rawkit.wire.answer_levels import Level, levels_of
from rawkit.wire.answer_quotes import quotes
from rawkit.wire.answer_replies import arp_replies, replies
from rawkit.wire.numbers import EtherType
from rawkit.wire.packet import Header, Packet
from rawkit.wire.relation import Relation as Relation

FINAL = (Relation.REPLY, Relation.ERROR)


def answers(question: Packet, answer: Packet) -> bool:
    """Return whether a packet is the reply to another, or an ICMP error about it."""
    return relation(question, answer) in FINAL


def relation(question: Packet, answer: Packet, *, any_source: bool = False) -> Relation:
    """Return what a packet has to do with another that was sent.

    Both may begin with a header of a link or with one of IP.

    Args:
        question: what was sent, built or read.
        answer: what was received.
        any_source: whether anybody may reply. So it is by itself where the question goes to
            a multicast group or to 255.255.255.255; of the broadcast address of a network
            a packet does not tell that it is one.
    """
    asked, said = _arp_in(question), _arp_in(answer)
    if asked is not None or said is not None:
        return arp_replies(asked, said) if asked is not None and said is not None else Relation.NONE
    ours, theirs = levels_of(question), levels_of(answer)
    if not ours or not theirs or _is_the_same(ours[-1], theirs[-1]):
        return Relation.NONE
    about = quotes(ours, theirs[-1], answer)
    return replies(ours[-1], theirs[-1], any_source) if about is None else about


def _is_the_same(one: Level, other: Level) -> bool:
    """Whether it is the question itself that was heard, which from a port to itself looks alike."""
    same = same_address(one.src, other.src) and same_address(one.dst, other.dst)
    return same and (one.upper, one.behind, one.payload) == (
        other.upper,
        other.behind,
        other.payload,
    )


def _arp_in(packet: Packet) -> Header | None:
    last = packet.headers[-1] if packet.headers else None
    return last if last is not None and last.ETHER_TYPE == EtherType.ARP else None
