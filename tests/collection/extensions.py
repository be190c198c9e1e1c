"""Extension headers of IPv6, one more in each program (53-59)."""

from tests.collection.entry import Chapter, Entry
from tests.collection.fragments import CUT6, DATA, MARK, TAKEN, WHOLE_TCP, in_fragments
from tests.collection.parts import Part
from tests.collection.words import FRAME, SYN

HOPS = Part(
    "hbh(options=[router_alert])",
    "HopByHop(ipv6_options.encode(RouterAlert()))",
    {"ipv6.hopopts.len_oct": "8", "ipv6.opt.type": "0x05,0x01", "ipv6.opt.router_alert": "0"},
)
NONCE = Part(
    "dstopts(options=[nonce(value=0x0123456789abcdef)])",
    'DestinationOptions(ipv6_options.encode(Nonce(bytes.fromhex("0123456789abcdef"))))',
    {},
)
ROUTE = Part(
    "route(data=rpl_route(tails=[0x09],padding=0x00*7))",
    "routing.encode(routing.RplRoute.of([e6], b6))",
    {
        "ipv6.routing.type": "3", "ipv6.routing.segleft": "1",
        "ipv6.routing.rpl.full_address": "fd00:0:0:1::9",
    },
)  # fmt: skip
AUTHENTICATED = Part("ah(spi=256,seq=1,icv=0x00*12)", "AH(256, 1, bytes(12))", {})
READ_AH = {
    "ah.spi": "0x00000100",
    "ah.sequence": "1",
    "ah.icv": "00:00:00:00:00:00:00:00:00:00:00:00",
}
NULL = Part("esp.null(spi=256,seq=1)", "NullESP(256, 1)", {})
READ_ESP = {"esp.spi": "0x00000100", "esp.sequence": "1"}
INSIDE = Part("ip6(src=2001:db8::1,dst=2001:db8::2)", "IPv6(f6, g6)", {})
READ_INSIDE = {"ipv6.src": "fd00:0:0:1::1,2001:db8::1", "ipv6.dst": "fd00:0:0:1::2,2001:db8::2"}

EXTENSIONS = Chapter(
    "Extension headers",
    (
        Entry("53", "tcp6_hop_frag.c", "hop-by-hop options: a router alert, and padding", (
            in_fragments(
                FRAME, CUT6, HOPS, MARK, SYN, DATA, offsets=range(0, 11521, 1440), last=890,
                whole=WHOLE_TCP, answers=(TAKEN,),
            ),
        )),
        Entry("54", "tcp6_hop_dst_frag.c", "as 53, and destination options last: a nonce of ILNP", (
            in_fragments(
                FRAME, CUT6, HOPS, MARK, NONCE, SYN, DATA, offsets=range(0, 11521, 1440), last=906,
                whole={
                    **WHOLE_TCP, "ipv6.opt.type": "0x05,0x01,0x8b,0x01",
                    "ipv6.opt.ilnp_nonce": "01:23:45:67:89:ab:cd:ef",
                },
                answers=({"icmpv6.type": "4", "icmpv6.code": "2", "icmpv6.pointer": "50"},),
                note="Linux does not know the option, and says so.",
            ),
        )),
        Entry("55", "tcp6_hop_route3_frag.c", "as 53, and a routing header of kind 3 (RPL)", (
            in_fragments(
                FRAME, CUT6, HOPS, ROUTE, MARK, SYN, DATA, offsets=range(0, 11393, 1424), last=1018,
                whole=WHOLE_TCP,
                note="The checksum of TCP covers the end of the route, fd00:0:0:1::9.",
            ),
        )),
        Entry("56", "tcp6_hop_auth-tr_frag.c", "as 53, and AH in transport mode, a dummy", (
            in_fragments(
                FRAME, CUT6, HOPS, MARK, AUTHENTICATED, SYN, DATA, offsets=range(0, 11521, 1440),
                last=914, whole={**WHOLE_TCP, **READ_AH},
            ),
        )),
        Entry("57", "tcp6_hop_auth-tun_frag.c", "as 53, and AH in tunnel mode", (
            in_fragments(
                FRAME, CUT6, HOPS, MARK, AUTHENTICATED, INSIDE, SYN, DATA,
                offsets=range(0, 11521, 1440), last=954,
                whole={**WHOLE_TCP, **READ_AH, **READ_INSIDE},
            ),
        )),
        Entry("58", "tcp6_hop_esp-tr_frag.c", "as 53, and ESP in transport mode, in clear", (
            in_fragments(
                FRAME, CUT6, HOPS, MARK, NULL, SYN, DATA, offsets=range(0, 11521, 1440), last=900,
                whole={**WHOLE_TCP, **READ_ESP},
            ),
        )),
        Entry("59", "tcp6_hop_esp-tun_frag.c", "as 53, and ESP in tunnel mode, in clear", (
            in_fragments(
                FRAME, CUT6, HOPS, MARK, NULL, INSIDE, SYN, DATA, offsets=range(0, 11521, 1440),
                last=940, whole={**WHOLE_TCP, **READ_ESP, **READ_INSIDE},
            ),
        )),
    ),
)  # fmt: skip
