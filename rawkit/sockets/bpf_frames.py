"""Filters for packet sockets: ARP, and the ICMP by which neighbours and routers are found.

They count octets from the network header on (``SKF_NET_OFF``), so one program serves raw
and cooked sockets, and ask the kernel for the protocol, which stands before a VLAN tag
no more. IPv6 messages of neighbour discovery have no extension headers between: none
is needed, and a fragment header is forbidden (RFC 6980).
"""

from collections.abc import Iterable
from ipaddress import IPv4Address

from rawkit.sockets.options import SKF_AD_OFF, SKF_AD_PROTOCOL, SKF_NET_OFF
from rawkit.wire.bpf import (
    ALL,
    JUMP_ALWAYS,
    JUMP_EQUAL,
    JUMP_SET,
    LOAD_BYTE,
    LOAD_BYTE_FROM_X,
    LOAD_HALF,
    LOAD_WORD,
    LOAD_X_IHL,
    RETURN,
    Line,
    Op,
    assemble,
)
from rawkit.wire.numbers import EtherType, IPProtocol

PROTOCOL = (SKF_AD_OFF + SKF_AD_PROTOCOL) & ALL
ARP_SENDER, ARP_TARGET = 14, 24
IPV4_FRAGMENT, IPV4_PROTOCOL = 6, 9
IPV6_NEXT_HEADER, IPV6_PAYLOAD = 6, 40

DISCOVERY = (133, 134, 135, 136)
"""The types of all messages of neighbour discovery but the redirect."""
ADVERTISEMENT = (9,)
"""The type of IPv4's router advertisement (RFC 1256)."""


def arp_filter(address: IPv4Address) -> bytes:
    """Return a filter that lets pass ARP from or about one address."""
    return assemble(
        [
            Op(LOAD_HALF, PROTOCOL),
            Op(JUMP_EQUAL, EtherType.ARP, "", "drop"),
            *(
                line
                for place in (ARP_SENDER, ARP_TARGET)
                for line in (_at(LOAD_WORD, place), Op(JUMP_EQUAL, int(address), "pass"))
            ),
            Op(JUMP_ALWAYS, 0, "drop"),
            *_verdict(),
        ]
    )


def icmp_filter(version: int, types: Iterable[int]) -> bytes:
    """Return a filter that lets pass ICMP messages of these types, and no fragments."""
    protocol = EtherType.IPV4 if version == 4 else EtherType.IPV6
    return assemble(
        [
            Op(LOAD_HALF, PROTOCOL),
            Op(JUMP_EQUAL, protocol, "", "drop"),
            *(_icmp_v4(types) if version == 4 else _icmp_v6(types)),
            *_verdict(),
        ]
    )


def neighbours_filter(version: int | None = None) -> bytes:
    """Return a filter that lets pass all by which neighbours and routers are found.

    Args:
        version: 4: ARP and the router advertisements of RFC 1256; 6: neighbour discovery;
            ``None``: both.
    """
    ipv4: list[Line] = [
        Op(JUMP_EQUAL, EtherType.ARP, "pass"),
        Op(JUMP_EQUAL, EtherType.IPV4, "", "no IPv4"),
        *_icmp_v4(ADVERTISEMENT),
        "no IPv4",
    ]
    ipv6: list[Line] = [Op(JUMP_EQUAL, EtherType.IPV6, "", "drop"), *_icmp_v6(DISCOVERY)]
    return assemble(
        [
            Op(LOAD_HALF, PROTOCOL),
            *(ipv4 if version != 6 else ()),
            *(ipv6 if version != 4 else (Op(JUMP_ALWAYS, 0, "drop"),)),
            *_verdict(),
        ]
    )


def _icmp_v4(types: Iterable[int]) -> list[Line]:
    return [
        _at(LOAD_BYTE, IPV4_PROTOCOL),
        Op(JUMP_EQUAL, IPProtocol.ICMP, "", "drop"),
        _at(LOAD_HALF, IPV4_FRAGMENT),
        Op(JUMP_SET, 0x3FFF, "drop"),
        _at(LOAD_X_IHL, 0),
        _at(LOAD_BYTE_FROM_X, 0),
        *(Op(JUMP_EQUAL, number, "pass") for number in types),
        Op(JUMP_ALWAYS, 0, "drop"),
    ]


def _icmp_v6(types: Iterable[int]) -> list[Line]:
    return [
        _at(LOAD_BYTE, IPV6_NEXT_HEADER),
        Op(JUMP_EQUAL, IPProtocol.ICMPV6, "", "drop"),
        _at(LOAD_BYTE, IPV6_PAYLOAD),
        *(Op(JUMP_EQUAL, number, "pass") for number in types),
        Op(JUMP_ALWAYS, 0, "drop"),
    ]


def _verdict() -> list[Line]:
    return ["pass", Op(RETURN, ALL), "drop", Op(RETURN, 0)]


def _at(code: int, place: int) -> Op:
    """Return an instruction that loads from so many octets behind the start of the packet."""
    return Op(code, (SKF_NET_OFF + place) & ALL)
