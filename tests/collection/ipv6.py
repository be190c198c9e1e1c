"""IPv6: by ancillary data, as frames, by cooked sockets, header included (27-29, 36-44, 51-52)."""

from tests.collection import handshake
from tests.collection.entry import Chapter, Entry
from tests.collection.ipv4 import MSS, MSS_AND_TIMESTAMPS
from tests.collection.parts import Part, sending
from tests.collection.words import (
    ADDRESSES6,
    CLOSED6,
    ECHO6,
    ECHOED6,
    FRAME,
    GET,
    GET_FLAGS,
    IP6,
    NO_CONNECTION,
    REFUSED,
    SYN,
    TEST,
    TESTED,
    UDP,
)

HOPS = Part(
    "ip6(dst=fd00:0:0:1::2,hlim=3)", "IPv6(a6, b6, hop_limit=3)", {**ADDRESSES6, "ipv6.hlim": "3"}
)
FROM = Part(
    "ip6(src=fd00:0:0:1::1,dst=fd00:0:0:1::2,hlim=3)",
    "IPv6(a6, b6, hop_limit=3)",
    {**ADDRESSES6, "ipv6.hlim": "3"},
)

ANCILLARY = Chapter(
    "ICMPv6 by ancillary data",
    (
        Entry("27", "icmp6_ancillary1.c", "an echo request; the hop limit by control message", (
            sending("icmpv6", HOPS, ECHO6, TEST, forced=True, answers=(ECHOED6,)),
        )),
        Entry("28", "icmp6_ancillary2.c", "the same, over an interface by name", (
            sending("icmpv6", HOPS, ECHO6, TEST, forced=True, interface="eth0", answers=(ECHOED6,)),
        )),
        Entry("29", "icmp6_ancillary3.c", "the same, from an address by control message", (
            sending("icmpv6", FROM, ECHO6, TEST, forced=True, interface="eth0", answers=(ECHOED6,)),
        )),
    ),
)  # fmt: skip

FRAMES6 = Chapter(
    "IPv6 in frames",
    (
        Entry("36", "tcp6_ll.c", "a SYN over IPv6, in a frame", (
            sending("frame", FRAME, IP6, SYN, answers=(REFUSED,)),
        )),
        Entry("37", "get6_ll.c", "a GET, likewise", (
            sending("frame", FRAME, IP6, GET_FLAGS, GET, answers=(NO_CONNECTION,)),
            handshake.GET6,
        )),
        Entry("38", "icmp6_ll.c", "an echo request, likewise", (
            sending("frame", FRAME, IP6, ECHO6, TEST, answers=(ECHOED6,)),
        )),
        Entry("40", "udp6_ll.c", "a datagram, likewise; its checksum is a must", (
            sending("frame", FRAME, IP6, UDP, TESTED, answers=(CLOSED6,)),
        )),
    ),
)  # fmt: skip

COOKED6 = Chapter(
    "IPv6 by cooked sockets",
    (
        Entry("41", "tcp6_cooked.c", "a SYN; the kernel writes the link's header", (
            sending("cooked", IP6, SYN, forced=True, answers=(REFUSED,)),
        )),
        Entry("42", "get6_cooked.c", "a GET, likewise", (
            sending("cooked", IP6, GET_FLAGS, GET, forced=True, answers=(NO_CONNECTION,)),
        )),
        Entry("43", "icmp6_cooked.c", "an echo request, likewise", (
            sending("cooked", IP6, ECHO6, TEST, forced=True, answers=(ECHOED6,)),
        )),
        Entry("44", "udp6_cooked.c", "a datagram, likewise", (
            sending("cooked", IP6, UDP, TESTED, forced=True, answers=(CLOSED6,)),
        )),
    ),
)  # fmt: skip

OPTIONS6 = Chapter(
    "Options of TCP over IPv6",
    (
        Entry("51", "tcp6_maxseg.c", "TCP's maximum segment size over IPv6", (
            sending("frame", FRAME, IP6, MSS, answers=(REFUSED,)),
        )),
        Entry("52", "tcp6_maxseg_tsopt.c", "TCP's maximum segment size and timestamps over IPv6", (
            sending("frame", FRAME, IP6, MSS_AND_TIMESTAMPS, answers=(REFUSED,)),
        )),
    ),
)  # fmt: skip

EVERY_FIELD = (
    Part(
        "ip6(src=2001:db8::9,dst=fd00:0:0:1::2,dscp=46,ecn=1,flow=0x12345,hlim=7)",
        'IPv6(IPv6Address("2001:db8::9"), b6, dscp=46, ecn=1, flow_label=0x12345, hop_limit=7)',
        {
            "ipv6.src": "2001:db8::9", "ipv6.dst": "fd00:0:0:1::2", "ipv6.tclass": "0x000000b9",
            "ipv6.flow": "0x012345", "ipv6.hlim": "7", "ipv6.plen": "12",
        },
    ),
    UDP,
    TESTED,
)  # fmt: skip
WRONG_LENGTH = (
    Part(
        "ip6(dst=fd00:0:0:1::2,next=253,len=4)", "IPv6(a6, b6, 253, payload_length=4)",
        {**ADDRESSES6, "ipv6.nxt": "253", "ipv6.plen": "4"},
    ),
    Part(
        '"Test, and more"', 'b"Test, and more"',
        {"data.data": "54:65:73:74", "frame.len": "68"},
    ),
)  # fmt: skip

CLAIM = Chapter(
    "One claim to correct",
    (
        Entry("c1", "every field", "of IPv6 as it was written, and no Ethernet header of ours", (
            sending("ipv6", *EVERY_FIELD),
            sending("ipv6", *WRONG_LENGTH),
        )),
    ),
)  # fmt: skip
