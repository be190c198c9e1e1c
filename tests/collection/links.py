"""Neighbours and routers, asked, answered and listened to (14-17, 30-35, w6)."""

from tests.collection.entry import Chapter, Entry, Way
from tests.collection.parts import Part, asking, sending

EVERYBODY = "ff:ff:ff:ff:ff:ff"
OURS, THEIRS = "02:00:00:00:01:01", "02:00:00:00:01:02"
AGAIN = "rawkit send -c 50 -i 200ms -I eth0"
"""What the other node says over and over, until somebody has heard it."""

ARP = Part(
    "arp(tpa=10.1.0.2)",
    "ARP(Operation.REQUEST, ours, a, MAC(bytes(6)), b)",
    {
        "eth.src": OURS, "eth.dst": EVERYBODY, "arp.opcode": "1", "arp.src.hw_mac": OURS,
        "arp.src.proto_ipv4": "10.1.0.1", "arp.dst.hw_mac": "00:00:00:00:00:00",
        "arp.dst.proto_ipv4": "10.1.0.2",
    },
)  # fmt: skip
ARP_ANSWER = {
    "eth.dst": OURS, "arp.opcode": "2", "arp.src.hw_mac": THEIRS, "arp.src.proto_ipv4": "10.1.0.2",
    "arp.dst.hw_mac": OURS, "arp.dst.proto_ipv4": "10.1.0.1",
}  # fmt: skip
TO_THEM = Part(f"eth(dst={THEIRS})", "Ethernet(theirs, ours)", {"eth.src": OURS, "eth.dst": THEIRS})
ARP_REPLY = Part(
    f"arp(op=reply,spa=10.1.0.1,tha={THEIRS},tpa=10.1.0.2)",
    "ARP(Operation.REPLY, ours, a, theirs, b)",
    {
        "arp.opcode": "2", "arp.src.hw_mac": OURS, "arp.src.proto_ipv4": "10.1.0.1",
        "arp.dst.hw_mac": THEIRS, "arp.dst.proto_ipv4": "10.1.0.2",
    },
)  # fmt: skip
RESOLVE = Way(
    "rawkit resolve -f -I eth0 10.1.0.2",
    'str(rawkit.resolve("10.1.0.2", interface="eth0").run().mac)',
    (ARP.reads,),
    (ARP_ANSWER,),
    gives=f"'{THEIRS}'",
    prints=(f"Unicast reply from 10.1.0.2 [{THEIRS}]",),
)
ANNOUNCE = Way(
    "rawkit resolve -U -c 1 -I eth0 10.1.0.1",
    'rawkit.announce_address("10.1.0.1", interface="eth0", count=1).run().sent',
    (
        {
            "eth.dst": EVERYBODY, "arp.opcode": "1", "arp.isgratuitous": "1",
            "arp.src.hw_mac": OURS, "arp.src.proto_ipv4": "10.1.0.1",
            "arp.dst.proto_ipv4": "10.1.0.1",
        },
    ),
    gives="1",
    note="Somebody announces an address.",
)  # fmt: skip
PROBE = Way(
    "rawkit resolve -D -c 1 -w 1 -I eth0 10.1.0.2",
    'rawkit.detect_duplicate("10.1.0.2", interface="eth0", count=1).run().is_conflict',
    (
        {
            "eth.dst": EVERYBODY, "arp.opcode": "1", "arp.src.hw_mac": OURS,
            "arp.src.proto_ipv4": "0.0.0.0", "arp.dst.proto_ipv4": "10.1.0.2",
        },
    ),
    ({"arp.opcode": "2", "arp.src.hw_mac": THEIRS, "arp.src.proto_ipv4": "10.1.0.2"},),
    gives="True",
    exit=1,
    note="Is an address free? This one is not.",
)  # fmt: skip
HEAR_ARP = Way(
    "rawkit sniff -i eth0 -c 1 'arp[6:2] = 2'",
    'rawkit.sniff("arp[6:2] = 2", interface="eth0", count=1, timeout=9).run().captured',
    gives="1",
    prints=(f"ARP, Reply 10.1.0.2 is-at {THEIRS}",),
    peer=f"{AGAIN} 'eth(dst={OURS})/arp(op=reply,tha={OURS},tpa=10.1.0.1)'",
    hears=ARP_ANSWER,
)

ARP_CHAPTER = Chapter(
    "ARP",
    (
        Entry("14", "arp.c", "an ARP request, the reply to it, and a reply of one's own", (
            sending("cooked", ARP, interface="eth0", answers=(ARP_ANSWER,)),
            asking(ARP, answers=(ARP_ANSWER,), options=" -I eth0", interface='"eth0"'),
            RESOLVE,
            sending("frame", TO_THEM, ARP_REPLY, interface="eth0"),
            ANNOUNCE,
            PROBE,
        )),
        Entry("w6", "receive_arp.c", "wait for an ARP reply", (HEAR_ARP,)),
    ),
)  # fmt: skip

ALL_ROUTERS = Part(
    "ip(dst=224.0.0.2,ttl=1)", 'IPv4(a, IPv4Address("224.0.0.2"), ttl=1)',
    {"eth.dst": "01:00:5e:00:00:02", "ip.src": "10.1.0.1", "ip.dst": "224.0.0.2", "ip.ttl": "1",
     "ip.checksum.status": "1"},
)  # fmt: skip
ALL_HOSTS = Part(
    "ip(dst=224.0.0.1,ttl=1)", 'IPv4(a, IPv4Address("224.0.0.1"), ttl=1)',
    {"eth.dst": "01:00:5e:00:00:01", "ip.src": "10.1.0.1", "ip.dst": "224.0.0.1", "ip.ttl": "1",
     "ip.checksum.status": "1"},
)  # fmt: skip
SOLICITATION = Part(
    "icmp.rs", "icmp_queries.RouterSolicitation()",
    {"icmp.type": "10", "icmp.code": "0", "icmp.checksum.status": "1"},
)  # fmt: skip
ADVERTISEMENT = Part(
    "icmp.ra(lifetime=1800,routers=[[10.1.0.1,5]])",
    "icmp_queries.RouterAdvertisement(1800, ((a, 5),))",
    {
        "icmp.type": "9", "icmp.num_addrs": "1", "icmp.addr_entry_size": "2",
        "icmp.lifetime": "1800", "icmp.router_address": "10.1.0.1", "icmp.pref_level": "5",
        "icmp.checksum.status": "1",
    },
)  # fmt: skip
ADVERTISED = {
    **ADVERTISEMENT.reads, "eth.src": THEIRS, "ip.src": "10.1.0.2", "ip.dst": "224.0.0.1",
    "ip.ttl": "1", "icmp.router_address": "10.1.0.2",
}  # fmt: skip
ROUTER4 = f"{AGAIN} 'ip(dst=224.0.0.1,ttl=1)/icmp.ra(lifetime=1800,routers=[[10.1.0.2,5]])'"

IRDP = Chapter(
    "Router discovery of IPv4",
    (
        Entry("15", "rs4.c", "a router solicitation", (
            sending("ipv4", ALL_ROUTERS, SOLICITATION, interface="eth0"),
        )),
        Entry("16", "ra4.c", "a router advertisement", (
            sending("ipv4", ALL_HOSTS, ADVERTISEMENT, interface="eth0"),
        )),
        Entry("17", "receive_ra4.c", "wait for a router advertisement, and read it", (
            Way(
                "rawkit resolve --routers -4 -c 1 -w 9 -I eth0",
                "[str(one.address) for one in"
                ' rawkit.discover_routers("eth0", 4, count=1, deadline=9).run().routers]',
                ({**ALL_ROUTERS.reads, **SOLICITATION.reads},),
                gives="['10.1.0.2']",
                prints=("10.1.0.2",),
                peer=ROUTER4,
                hears=ADVERTISED,
            ),
            Way(
                "rawkit sniff -i eth0 -c 1 -v 'icmp[0] = 9'",
                "[\n"
                "    one.packet[icmp_queries.RouterAdvertisement].lifetime\n"
                '    for one in rawkit.sniff("icmp[0] = 9", interface="eth0", count=1, timeout=9)\n'
                "]",
                gives="[1800]",
                prints=("ICMP router advertisement", "10.1.0.2", "lifetime", "1800"),
                peer=ROUTER4,
                hears=ADVERTISED,
            ),
        )),
    ),
)  # fmt: skip

GROUP = Part(
    "ip6(src=fd00:0:0:1::1,dst=ff02::1:ff00:2,hlim=255)",
    "IPv6(a6, solicited_node(b6), hop_limit=255)",
    {"eth.dst": "33:33:ff:00:00:02", "ipv6.src": "fd00:0:0:1::1", "ipv6.dst": "ff02::1:ff00:2",
     "ipv6.hlim": "255"},
)  # fmt: skip
EVERY_NODE = Part(
    "ip6(src=fe80::1:1,dst=ff02::1,hlim=255)",
    'IPv6(IPv6Address("fe80::1:1"), IPv6Address("ff02::1"), hop_limit=255)',
    {"eth.dst": "33:33:00:00:00:01", "ipv6.src": "fe80::1:1", "ipv6.dst": "ff02::1",
     "ipv6.hlim": "255"},
)  # fmt: skip
EVERY_ROUTER = Part(
    "ip6(src=fe80::1:1,dst=ff02::2,hlim=255)",
    'IPv6(IPv6Address("fe80::1:1"), IPv6Address("ff02::2"), hop_limit=255)',
    {"eth.dst": "33:33:00:00:00:02", "ipv6.src": "fe80::1:1", "ipv6.dst": "ff02::2",
     "ipv6.hlim": "255"},
)  # fmt: skip
NS = Part(
    f"icmp6.ns(target=fd00:0:0:1::2,options=[source_link_layer({OURS})])",
    "NeighborSolicitation(b6, (SourceLinkLayer(ours),))",
    {
        "icmpv6.type": "135", "icmpv6.nd.ns.target_address": "fd00:0:0:1::2",
        "icmpv6.opt.src_linkaddr": OURS, "icmpv6.checksum.status": "1",
    },
)  # fmt: skip
NA_ANSWER = {
    "eth.dst": OURS, "icmpv6.type": "136", "icmpv6.nd.na.target_address": "fd00:0:0:1::2",
    "icmpv6.nd.na.flag.s": "1", "icmpv6.opt.target_linkaddr": THEIRS,
}  # fmt: skip
NA = Part(
    f"icmp6.na(target=fd00:0:0:1::1,flags=override,options=[target_link_layer({OURS})])",
    "NeighborAdvertisement(a6, NeighborFlag.OVERRIDE, (TargetLinkLayer(ours),))",
    {
        "icmpv6.type": "136", "icmpv6.nd.na.target_address": "fd00:0:0:1::1",
        "icmpv6.nd.na.flag.r": "0", "icmpv6.nd.na.flag.s": "0", "icmpv6.nd.na.flag.o": "1",
        "icmpv6.opt.target_linkaddr": OURS, "icmpv6.checksum.status": "1",
    },
)  # fmt: skip
RS = Part(
    f"icmp6.rs(options=[source_link_layer({OURS})])",
    "RouterSolicitation((SourceLinkLayer(ours),))",
    {"icmpv6.type": "133", "icmpv6.opt.src_linkaddr": OURS, "icmpv6.checksum.status": "1"},
)
RA = Part(
    "icmp6.ra(lifetime=1800,options=["
    f"source_link_layer({OURS}),mtu(1400),prefix_information(2001:db8:9::,64)])",
    "RouterAdvertisement(\n"
    "        1800,\n"
    "        options=(\n"
    "            SourceLinkLayer(ours),\n"
    "            MTU(1400),\n"
    '            PrefixInformation(IPv6Address("2001:db8:9::"), 64),\n'
    "        ),\n"
    "    )",
    {
        "icmpv6.type": "134", "icmpv6.nd.ra.router_lifetime": "1800",
        "icmpv6.opt.type": "1,5,3", "icmpv6.opt.src_linkaddr": OURS, "icmpv6.opt.mtu": "1400",
        "icmpv6.opt.prefix": "2001:db8:9::", "icmpv6.opt.prefix.length": "64",
        "icmpv6.checksum.status": "1",
    },
)  # fmt: skip
ROUTER6 = (
    f"{AGAIN} 'ip6(src=fe80::1:2,dst=ff02::1,hlim=255)/icmp6.ra(lifetime=1800,options=["
    f"source_link_layer({THEIRS}),mtu(1400),prefix_information(2001:db8:9::,64)])'"
)

ND = Chapter(
    "Neighbour discovery",
    (
        Entry("30", "ns.c", "a neighbour solicitation to the solicited-node group", (
            sending("ipv6", GROUP, NS, interface="eth0", answers=(NA_ANSWER,)),
        )),
        Entry("31", "na.c", "a neighbour advertisement that nobody asked for", (
            sending("ipv6", EVERY_NODE, NA, interface="eth0"),
        )),
        Entry("32", "receive_na.c", "the advertisement that answers, and what it says", (
            Way(
                "rawkit resolve -f -I eth0 fd00:0:0:1::2",
                'str(rawkit.resolve("fd00:0:0:1::2", interface="eth0").run().mac)',
                ({**GROUP.reads, **NS.reads},),
                (NA_ANSWER,),
                gives=f"'{THEIRS}'",
                prints=(f"fd00:0:0:1::2 [{THEIRS}]",),
            ),
            asking(GROUP, NS, answers=(NA_ANSWER,), options=" -I eth0", interface='"eth0"'),
        )),
        Entry("33", "rs6.c", "a router solicitation", (
            sending("ipv6", EVERY_ROUTER, RS, interface="eth0"),
        )),
        Entry("34", "ra6.c", "a router advertisement", (
            sending("ipv6", EVERY_NODE, RA, interface="eth0"),
        )),
        Entry("35", "receive_ra6.c", "wait for a router advertisement, and read its options", (
            Way(
                "rawkit resolve --routers -6 -c 1 -w 9 -I eth0",
                "[\n"
                "    (str(one.address), str(one.mac), one.message.lifetime)\n"
                '    for one in rawkit.discover_routers("eth0", count=1, deadline=9)'
                ".run().routers\n"
                "]",
                ({**EVERY_ROUTER.reads, **RS.reads},),
                gives=f"[('fe80::1:2', '{THEIRS}', 1800)]",
                prints=("fe80::1:2", THEIRS, "2001:db8:9::/64", "1400"),
                peer=ROUTER6,
                hears={
                    **RA.reads, "eth.src": THEIRS, "ipv6.src": "fe80::1:2", "ipv6.dst": "ff02::1",
                    "ipv6.hlim": "255", "icmpv6.opt.src_linkaddr": THEIRS,
                },
            ),
        )),
    ),
)  # fmt: skip
