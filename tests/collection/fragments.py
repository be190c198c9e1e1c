"""Datagrams cut by hand, in tunnels too (19-21, 45-50, w1-w5)."""

from typing import NamedTuple

from rawkit.record import replace
from tests.collection.entry import Chapter, Entry, Fields, Way
from tests.collection.parts import Part, asking, called, merged, notation, sending
from tests.collection.words import (
    ADDRESSES,
    ADDRESSES6,
    ECHO,
    ECHO6,
    ECHOED6,
    FRAME,
    GET,
    GET_FLAGS,
    SYN,
    TEST,
    TESTED,
    UDP,
)

DATA = Part("0x41*12390", '(b"A" * 12390)', {})
"""As many octets as the programs split."""
CUT = Part(
    "ip(dst=10.1.0.2,id=7,df=no)",
    "IPv4(a, b, identification=7, dont_fragment=False)",
    {**ADDRESSES, "ip.id": "0x0007"},
)
CUT6 = Part("ip6(dst=fd00:0:0:1::2)", "IPv6(a6, b6)", ADDRESSES6)
MARK = Part("frag(id=7)", "Fragment(identification=7)", {"ipv6.fraghdr.ident": "0x00000007"})
TUNNEL = Part(
    "ip(dst=10.1.0.2,id=7)",
    "IPv4(a, b, identification=7)",
    {**ADDRESSES, "ip.proto": "41", "ip.flags": "0x02"},
)
WITHIN = Part(
    "ip6(src=2002:a01:1::1,dst=2002:a01:2::1)",
    "IPv6(c6, d6)",
    {"ipv6.src": "2002:a01:1::1", "ipv6.dst": "2002:a01:2::1"},
)
WHOLE_TCP = {"tcp.flags": "0x0002", "tcp.len": "12390", "tcp.checksum.status": "1"}
WHOLE_UDP = {"udp.length": "12398", "udp.checksum.status": "1"}
WHOLE_ECHO = {"icmp.type": "8", "data.len": "12390", "icmp.checksum.status": "1"}
WHOLE_ECHO6 = {"icmpv6.type": "128", "data.len": "12390", "icmpv6.checksum.status": "1"}
TAKEN = {"tcp.flags": "0x0014", "tcp.ack_raw": "13391"}
"""RST and ACK, of the SYN and all octets behind it: they came together again."""
NO_TUNNEL = {"icmp.type": "3", "icmp.code": "2"}
"""Nobody there speaks protocol 41."""


class Names(NamedTuple):
    """What tshark calls the fields of fragments."""

    offset: str
    more: str
    length: str
    """Of all, put together."""


OF_IPV4 = Names("ip.frag_offset", "ip.flags.mf", "ip.reassembled.length")
OF_IPV6 = Names("ipv6.fraghdr.offset", "ipv6.fraghdr.more", "ipv6.reassembled.length")
UNIT = 8
"""Octets that offsets are counted by."""


def in_fragments(
    *parts: Part,
    offsets: range,
    last: int,
    whole: Fields,
    answers: tuple[Fields, ...] = (),
    note: str = "",
) -> Way:
    """Return how to send a datagram in fragments by ``rawkit send`` and ``rawkit.send``.

    Args:
        *parts: what it is made of. A fragment header says where it is cut, else it is IPv4.
        offsets: octets before each fragment.
        last: octets that the last one carries.
        whole: what tshark reads once it has the last one.
        answers: what comes back.
        note: what is to be known.
    """
    in_ipv6 = MARK in parts
    names = OF_IPV6 if in_ipv6 else OF_IPV4
    heads = parts[: parts.index(MARK if in_ipv6 else CUT) + 1]
    head = merged(heads)
    pieces: list[Fields] = [
        {**head, names.offset: str(at // UNIT), names.more: str(int(at != offsets[-1]))}
        for at in offsets
    ]
    pieces[-1] = {**pieces[-1], names.length: str(offsets[-1] + last), **whole}
    return Way(
        f"rawkit send --fragment '{notation(parts)}'",
        called("rawkit.send", parts, {"fragment": "True"}),
        tuple(pieces),
        answers,
        layer="frame" if FRAME in parts else "ipv4" if heads[0] in (CUT, TUNNEL) else "ipv6",
        note=note,
    )


IN_IPV4 = Chapter(
    "Fragments of IPv4",
    (
        Entry("19", "tcp4_frag.c", "a TCP segment in fragments", (
            in_fragments(
                FRAME, CUT, SYN, DATA, offsets=range(0, 11841, 1480), last=570,
                whole=WHOLE_TCP, answers=(TAKEN,),
            ),
        )),
        Entry("20", "icmp4_frag.c", "an echo request in fragments", (
            in_fragments(
                FRAME, CUT, ECHO, DATA, offsets=range(0, 11841, 1480), last=558, whole=WHOLE_ECHO,
            ),
        )),
        Entry("21", "udp4_frag.c", "a datagram in fragments", (
            in_fragments(
                FRAME, CUT, UDP, DATA, offsets=range(0, 11841, 1480), last=558, whole=WHOLE_UDP,
                answers=({"icmp.type": "3", "icmp.code": "3"},),
            ),
        )),
    ),
)  # fmt: skip

IN_IPV6 = Chapter(
    "Fragments of IPv6",
    (
        Entry("45", "tcp6_frag.c", "a TCP segment in fragments of IPv6", (
            in_fragments(
                FRAME, CUT6, MARK, SYN, DATA, offsets=range(0, 11585, 1448), last=826,
                whole=WHOLE_TCP, answers=(TAKEN,),
            ),
        )),
        Entry("46", "icmp6_frag.c", "an echo request, likewise", (
            in_fragments(
                FRAME, CUT6, MARK, ECHO6, DATA, offsets=range(0, 11585, 1448), last=814,
                whole=WHOLE_ECHO6,
            ),
        )),
        Entry("47", "udp6_frag.c", "a datagram, likewise", (
            in_fragments(
                FRAME, CUT6, MARK, UDP, DATA, offsets=range(0, 11585, 1448), last=814,
                whole=WHOLE_UDP, answers=({"icmpv6.type": "1", "icmpv6.code": "4"},),
            ),
        )),
    ),
)  # fmt: skip

THROUGH_IPV4 = Chapter(
    "IPv6 through IPv4",
    (
        Entry("48", "tcp6_6to4_frag.c", "a TCP segment in fragments, through a tunnel in IPv4", (
            in_fragments(
                FRAME, TUNNEL, WITHIN, MARK, SYN, DATA, offsets=range(0, 11457, 1432), last=954,
                whole=WHOLE_TCP,
            ),
        )),
        Entry("49", "icmp6_6to4_frag.c", "an echo request, likewise", (
            in_fragments(
                FRAME, TUNNEL, WITHIN, MARK, ECHO6, DATA, offsets=range(0, 11457, 1432), last=942,
                whole=WHOLE_ECHO6,
            ),
        )),
        Entry("50", "udp6_6to4_frag.c", "a datagram, likewise", (
            in_fragments(
                FRAME, TUNNEL, WITHIN, MARK, UDP, DATA, offsets=range(0, 11457, 1432), last=942,
                whole=WHOLE_UDP,
            ),
        )),
        Entry("w1", "tcp6_6to4.c", "a SYN through a tunnel in IPv4", (
            sending("frame", FRAME, TUNNEL, WITHIN, SYN, answers=(NO_TUNNEL,)),
        )),
        Entry("w2", "get6_6to4.c", "a GET, likewise", (
            sending("frame", FRAME, TUNNEL, WITHIN, GET_FLAGS, GET, answers=(NO_TUNNEL,)),
        )),
        Entry("w3", "icmp6_6to4.c", "an echo request, likewise", (
            sending("frame", FRAME, TUNNEL, WITHIN, ECHO6, TEST, answers=(NO_TUNNEL,)),
        )),
        Entry("w4", "ping6_6to4.c", "ping through the tunnel", (
            replace(
                asking(
                    TUNNEL, WITHIN, ECHO6, TEST,
                    answers=({**ECHOED6, "ip.proto": "41", "ipv6.src": "2002:a01:2::1"},),
                ),
                peer="scripts/tunnel.py --answer 10.1.0.1",
                ready="raw 41",
                note="The far end is a program to be read.",
            ),
        )),
        Entry("w5", "udp6_6to4.c", "a datagram through the tunnel", (
            sending("frame", FRAME, TUNNEL, WITHIN, UDP, TESTED, answers=(NO_TUNNEL,)),
        )),
    ),
)  # fmt: skip
