"""Which reply belongs to which question, protocol by protocol; see :mod:`rawkit.wire.answers`."""

from rawkit.record import record
from rawkit.wire.address import same_address
from rawkit.wire.answer_levels import Level
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header
from rawkit.wire.relation import Relation

ICMP, IGMP, ICMPV6 = int(IPProtocol.ICMP), int(IPProtocol.IGMP), int(IPProtocol.ICMPV6)
NUMBERS = ("identifier", "sequence")
THIRTY_TWO = 0xFFFF_FFFF
HALF = 1 << 31


@record
class Rule:
    """What a reply to one type of message is."""

    types: tuple[int, ...]
    same: tuple[str, ...] = ()
    """Fields that both have, with the same values."""
    repeats: bool = False
    """Whether the reply has the payload of the question."""
    of_group: bool = False
    """Whether it is about the multicast group that is asked for."""
    by_anyone: bool = False
    """Whether anybody may reply, and to all."""


RULES: dict[tuple[int, int], Rule] = {
    (ICMP, 8): Rule((0,), NUMBERS, repeats=True),
    (ICMP, 10): Rule((9,), by_anyone=True),
    (ICMP, 13): Rule((14,), NUMBERS),
    (ICMP, 15): Rule((16,), NUMBERS),
    (ICMP, 17): Rule((18,), NUMBERS),
    (ICMP, 42): Rule((43,), NUMBERS),
    (IGMP, 0x11): Rule((0x12, 0x16, 0x22), of_group=True, by_anyone=True),
    (IGMP, 0x31): Rule((0x30,), by_anyone=True),
    (ICMPV6, 128): Rule((129,), NUMBERS, repeats=True),
    (ICMPV6, 130): Rule((131, 143), of_group=True, by_anyone=True),
    (ICMPV6, 133): Rule((134,), by_anyone=True),
    (ICMPV6, 135): Rule((136,), ("target",), by_anyone=True),
    (ICMPV6, 139): Rule((140,), ("nonce", "qtype")),
    (ICMPV6, 152): Rule((151,), by_anyone=True),
    (ICMPV6, 160): Rule((161,), NUMBERS),
}
"""By IP protocol and type of the question."""

INIT, INIT_ACK, HEARTBEAT, HEARTBEAT_ACK, ABORT, ERROR = 1, 2, 4, 5, 6, 9
CHUNKS = {0: 3, 1: 2, 4: 5, 7: 8, 8: 14, 10: 11, 64: 3, 130: 130, 193: 128}
"""By type of an SCTP chunk: the chunk that answers it (RFC 9260 §3.2)."""

ARP_OPERATIONS = {1: 2, 3: 4, 8: 9}


def arp_replies(asked: Header, said: Header) -> Relation:
    """Compare two ARP packets: of ARP itself, reverse (RFC 903) or inverse ARP (RFC 2390)."""
    from rawkit.wire.arp import ARP

    if not isinstance(asked, ARP) or not isinstance(said, ARP):
        return Relation.NONE
    if ARP_OPERATIONS.get(asked.operation) != said.operation:
        return Relation.NONE
    match asked.operation:
        case 1:
            fits = (said.sender_ip, said.target_ip) == (asked.target_ip, asked.sender_ip)
        case 3:
            fits = said.target_mac == asked.target_mac
        case _:
            fits = said.target_ip == asked.sender_ip and said.sender_mac == asked.target_mac
    return Relation.REPLY if fits else Relation.NONE


def replies(question: Level, answer: Level, any_source: bool) -> Relation:
    """Compare what two IP headers carry, and where they go."""
    asked, said = question.upper, answer.upper
    if question.is_later_fragment or answer.is_later_fragment:
        return Relation.NONE
    if question.protocol != answer.protocol:
        return Relation.NONE
    if asked is not None and said is not None and (rule := _rule_of(asked)) is not None:
        return _message_replies(rule, question, answer, any_source)
    if not _goes_back(question, answer) or not (any_source or _comes_back(question, answer)):
        return Relation.NONE
    if asked is None or said is None:
        return Relation.PARTIAL
    match asked.IP_PROTOCOL:
        case IPProtocol.TCP:
            fits = _segment_replies(asked, len(question.payload), said)
        case IPProtocol.UDP | IPProtocol.UDP_LITE:
            fits = _ports_are_swapped(asked, said)
        case IPProtocol.SCTP:
            fits = _chunks_reply(asked, said)
        case _:
            return Relation.NONE
    return Relation.REPLY if fits else Relation.NONE


def _goes_back(question: Level, answer: Level) -> bool:
    return question.src.is_unspecified or same_address(answer.dst, question.src)


def _comes_back(question: Level, answer: Level) -> bool:
    return question.goes_to_many or same_address(answer.src, question.dst)


# ICMP, ICMPv6, IGMP


def type_of(message: Header) -> int | None:
    """Return the type octet of a message of ICMP, ICMPv6 or IGMP."""
    found: int | None = getattr(message, "TYPE", getattr(message, "type", None))
    return found


def _rule_of(asked: Header) -> Rule | None:
    protocol, type_ = asked.IP_PROTOCOL, type_of(asked)
    return None if protocol is None or type_ is None else RULES.get((protocol, type_))


def _message_replies(rule: Rule, question: Level, answer: Level, any_source: bool) -> Relation:
    asked, said = question.upper, answer.upper
    if said is None or type_of(said) not in rule.types:
        return Relation.NONE
    if not _goes_back(question, answer) and not (rule.by_anyone and answer.goes_to_many):
        return Relation.NONE
    if not (any_source or rule.by_anyone or _comes_back(question, answer)):
        return Relation.NONE
    if any(getattr(asked, name, None) != getattr(said, name, None) for name in rule.same):
        return Relation.NONE
    if rule.of_group and not _is_about_group(asked, said):
        return Relation.NONE
    if rule.repeats and question.payload != answer.payload:
        return Relation.ALTERED
    return Relation.REPLY


def _is_about_group(query: Header | None, report: Header) -> bool:
    """Whether a report of IGMP or MLD is one about the group that a query is for."""
    group = getattr(query, "group", None)
    if group is None or group.is_unspecified:
        return True
    records = getattr(report, "records", ())
    return group in (getattr(report, "group", None), *(each.group for each in records))


# Transport


def _ports_are_swapped(asked: Header, said: Header) -> bool:
    there = getattr(asked, "src_port", None), getattr(asked, "dst_port", None)
    back = getattr(said, "dst_port", None), getattr(said, "src_port", None)
    return there == back and None not in there


def _segment_replies(asked: Header, size: int, said: Header) -> bool:
    """Whether a segment answers another that has so many octets of data (RFC 9293 §3.10.7)."""
    from rawkit.wire.tcp import TCP, Flags

    if not isinstance(asked, TCP) or not isinstance(said, TCP):
        return False
    if not _ports_are_swapped(asked, said) or asked.flags & Flags.RST:
        return False
    length = size + bool(asked.flags & Flags.SYN) + bool(asked.flags & Flags.FIN)
    acknowledged = said.acknowledgment - asked.sequence & THIRTY_TWO
    if not said.flags & Flags.ACK:
        # Who resets what had an ACK begins where that ended; anything else has an ACK.
        is_reset = said.flags & Flags.RST and asked.flags & Flags.ACK
        return bool(is_reset) and said.sequence == asked.acknowledgment
    if said.flags & Flags.RST:
        return acknowledged <= length
    if asked.flags & Flags.SYN:
        return 1 <= acknowledged <= length  # not all data need be taken (RFC 7413 §4.2)
    if not length:
        return acknowledged <= 1  # a keep-alive is behind by one (RFC 9293 §3.8.4)
    return 1 <= acknowledged < HALF  # together with what came later, maybe


def _chunks_reply(asked: Header, said: Header) -> bool:
    from rawkit.wire.sctp import SCTP

    if not isinstance(asked, SCTP) or not isinstance(said, SCTP):
        return False
    if not _ports_are_swapped(asked, said):
        return False
    types = [chunk.type for chunk in asked.chunks]
    tags = [chunk.value[:4] for chunk in asked.chunks if chunk.type == INIT]
    beats = [chunk.value for chunk in asked.chunks if chunk.type == HEARTBEAT]
    if ABORT in types:
        return False
    for chunk in said.chunks:
        if chunk.type == INIT_ACK:
            return said.verification_tag.to_bytes(4, "big") in tags
        if chunk.type == HEARTBEAT_ACK:
            return chunk.value in beats
        if chunk.type in (ABORT, ERROR) or chunk.type in map(CHUNKS.get, types):
            return True
    return False
