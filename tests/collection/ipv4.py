"""IPv4: with its header included, as frames, by cooked sockets, with options (1-13, 22-26)."""

from tests.collection import handshake
from tests.collection.entry import Chapter, Entry
from tests.collection.parts import Part, sending
from tests.collection.words import (
    ADDRESSES,
    CLOSED,
    ECHO,
    ECHOED,
    FRAME,
    GET,
    GET_FLAGS,
    IP,
    NO_CONNECTION,
    REFUSED,
    SYN,
    TEST,
    TESTED,
    UDP,
)

EVERY_FIELD = (
    Part(
        "ip(src=10.1.0.1,dst=10.1.0.2,ttl=9,dscp=10,ecn=1,id=7,df=no)",
        "IPv4(a, b, ttl=9, dscp=10, ecn=1, identification=7, dont_fragment=False)",
        {
            **ADDRESSES,
            "ip.hdr_len": "20", "ip.dsfield.dscp": "10", "ip.dsfield.ecn": "1", "ip.len": "40",
            "ip.id": "0x0007", "ip.flags": "0x00", "ip.frag_offset": "0", "ip.ttl": "9",
            "ip.proto": "6",
        },
    ),
    Part(
        "tcp(sport=40000,dport=80,seq=1000,ack=0,flags=syn,win=512,urgent=0)",
        "TCP(40000, 80, 1000, 0, flags=Flags.SYN, window=512, urgent=0)",
        {
            "tcp.srcport": "40000", "tcp.dstport": "80", "tcp.seq_raw": "1000", "tcp.ack_raw": "0",
            "tcp.hdr_len": "20", "tcp.flags": "0x0002", "tcp.window_size_value": "512",
            "tcp.urgent_pointer": "0", "tcp.checksum.status": "1",
        },
    ),
)  # fmt: skip

HEADER_INCLUDED = Chapter(
    "IPv4, header included",
    (
        Entry("1", "tcp4.c", "a lone SYN, with every field of IP and TCP set", (
            sending("ipv4", *EVERY_FIELD, answers=(REFUSED,)),
        )),
        Entry("2", "get4.c", "the octets of a GET, without a handshake before them", (
            sending("ipv4", IP, GET_FLAGS, GET, answers=(NO_CONNECTION,)),
            handshake.GET,
        )),
        Entry("3", "icmp4.c", "an echo request with data", (
            sending("ipv4", IP, ECHO, TEST, answers=(ECHOED,)),
        )),
        Entry("4", "udp4.c", "a datagram with data", (
            sending("ipv4", IP, UDP, TESTED, answers=(CLOSED,)),
        )),
    ),
)  # fmt: skip

FRAMES = Chapter(
    "IPv4 in frames",
    (
        Entry("5", "tcp4_ll.c", "a SYN in a frame", (
            sending("frame", FRAME, IP, SYN, answers=(REFUSED,)),
        )),
        Entry("6", "get4_ll.c", "a GET in a frame", (
            sending("frame", FRAME, IP, GET_FLAGS, GET, answers=(NO_CONNECTION,)),
        )),
        Entry("7", "icmp4_ll.c", "an echo request in a frame", (
            sending("frame", FRAME, IP, ECHO, TEST, answers=(ECHOED,)),
        )),
        Entry("9", "udp4_ll.c", "a datagram in a frame", (
            sending("frame", FRAME, IP, UDP, TESTED, answers=(CLOSED,)),
        )),
    ),
)  # fmt: skip

COOKED = Chapter(
    "IPv4 by cooked sockets",
    (
        Entry("10", "tcp4_cooked.c", "a SYN; the kernel writes the link's header", (
            sending("cooked", IP, SYN, forced=True, answers=(REFUSED,)),
        )),
        Entry("11", "get4_cooked.c", "a GET, likewise", (
            sending("cooked", IP, GET_FLAGS, GET, forced=True, answers=(NO_CONNECTION,)),
        )),
        Entry("12", "icmp4_cooked.c", "an echo request, likewise", (
            sending("cooked", IP, ECHO, TEST, forced=True, answers=(ECHOED,)),
        )),
        Entry("13", "udp4_cooked.c", "a datagram, likewise", (
            sending("cooked", IP, UDP, TESTED, forced=True, answers=(CLOSED,)),
        )),
    ),
)  # fmt: skip

MSS = Part(
    "tcp(sport=40000,dport=80,seq=1000,flags=syn,options=[mss(1460)])",
    "TCP(40000, 80, 1000, options=tcp_options.encode(tcp_options.MaximumSegmentSize(1460)))",
    {
        "tcp.flags": "0x0002", "tcp.hdr_len": "24", "tcp.option_kind": "2",
        "tcp.options.mss_val": "1460", "tcp.checksum.status": "1",
    },
)  # fmt: skip
MSS_AND_TIMESTAMPS = Part(
    "tcp(sport=40000,dport=80,seq=1000,flags=syn,options=[mss(1460),nop,nop,ts(value=7,echo=0)])",
    "TCP(\n"
    "        40000,\n"
    "        80,\n"
    "        1000,\n"
    "        options=tcp_options.encode(\n"
    "            tcp_options.MaximumSegmentSize(1460),\n"
    "            tcp_options.NoOperation(),\n"
    "            tcp_options.NoOperation(),\n"
    "            tcp_options.Timestamps(7, 0),\n"
    "        ),\n"
    "    )",
    {
        "tcp.flags": "0x0002", "tcp.hdr_len": "36", "tcp.option_kind": "2,1,1,8",
        "tcp.options.mss_val": "1460", "tcp.options.timestamp.tsval": "7",
        "tcp.options.timestamp.tsecr": "0", "tcp.checksum.status": "1",
    },
)  # fmt: skip
STAMPED = Part(
    "ip(dst=10.1.0.2,options=[timestamp(free=4)])",
    "IPv4(a, b, options=ip_options.encode(ip_options.Timestamp(free=4)))",
    {
        **ADDRESSES, "ip.hdr_len": "40", "ip.opt.type": "68", "ip.opt.len": "20",
        "ip.opt.ptr": "5", "ip.opt.flag": "0x00",
    },
)  # fmt: skip
SECRET = Part(
    "ip(dst=10.1.0.2,options=[datagram_security(level=0xd788)])",
    "IPv4(a, b, options=ip_options.encode(DatagramSecurity(0xD788)))",
    {
        **ADDRESSES, "ip.hdr_len": "32", "ip.opt.type": "130,0", "ip.opt.len": "11",
        "ip.opt.sec_rfc791_sec": "0xd788",
    },
)  # fmt: skip
TWO_OPTIONS = Part(
    "ip(dst=10.1.0.2,options=[rr(free=3),timestamp(free=3)])",
    "IPv4(\n"
    "        a,\n"
    "        b,\n"
    "        options=ip_options.encode("
    "ip_options.RecordRoute(free=3), ip_options.Timestamp(free=3)),\n"
    "    )",
    {
        **ADDRESSES, "ip.hdr_len": "52", "ip.opt.type": "7,68,0", "ip.opt.len": "15,16",
        "ip.opt.ptr": "4,5",
    },
)  # fmt: skip

OPTIONS = Chapter(
    "Options of IPv4 and TCP",
    (
        Entry("22", "tcp4_maxseg.c", "TCP's maximum segment size", (
            sending("frame", FRAME, IP, MSS, answers=(REFUSED,)),
        )),
        Entry("23", "tcp4_maxseg_tsopt.c", "TCP's maximum segment size and timestamps", (
            sending("frame", FRAME, IP, MSS_AND_TIMESTAMPS, answers=(REFUSED,)),
        )),
        Entry("24", "tcp4_maxseg-timestamp.c", "IP timestamps, and TCP's maximum segment size", (
            sending("frame", FRAME, STAMPED, MSS, answers=(
                {**REFUSED, "ip.opt.type": "68", "ip.opt.ptr": "13"},
            )),
        )),
        Entry("25", "tcp4_maxseg-security.c", "IP security, and TCP's maximum segment size", (
            sending("frame", FRAME, SECRET, MSS, answers=(REFUSED,)),
        )),
        Entry("26", "tcp4_2ip-opts_2tcp_opts.c", "two options of IP and two of TCP", (
            sending("frame", FRAME, TWO_OPTIONS, MSS_AND_TIMESTAMPS, answers=(
                {**REFUSED, "ip.opt.type": "7,68,0", "ip.opt.ptr": "12,13"},
            )),
        )),
    ),
)  # fmt: skip
