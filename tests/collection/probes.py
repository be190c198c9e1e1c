"""Pings and traces: questions whose answers are waited for (8, 18, 39)."""

from rawkit.record import record, replace
from tests.collection.entry import Chapter, Entry, Fields, Way
from tests.collection.parts import asking
from tests.collection.words import (
    ADDRESSES,
    ADDRESSES6,
    ECHO,
    ECHO6,
    ECHOED,
    ECHOED6,
    FRAME,
    IP,
    IP6,
    TEST,
)

PINGED = ("ip.id", "ip.checksum", "icmp.ident", "icmp.checksum", "data.data")
PINGED6 = ("icmpv6.echo.identifier", "icmpv6.checksum", "data.data")

PING = Entry("8", "ping4_ll.c", "ping: ask, wait, ask again, and the time that it took", (
    Way(
        "rawkit ping -c 1 10.1.0.2",
        'rawkit.ping("10.1.0.2", count=1).run().is_alive',
        ({**ADDRESSES, "icmp.type": "8", "icmp.seq": "1", "icmp.checksum.status": "1"},),
        ({"icmp.type": "0", "icmp.seq": "1", "icmp.checksum.status": "1"},),
        gives="True",
        prints=("64 bytes from 10.1.0.2: icmp_seq=1 ttl=64 time=", "1 received"),
        chosen=PINGED,
    ),
    asking(FRAME, IP, ECHO, TEST, answers=(ECHOED,)),
))  # fmt: skip
PING6 = Entry("39", "ping6_ll.c", "ping over IPv6", (
    Way(
        "rawkit ping -c 1 fd00:0:0:1::2",
        'rawkit.ping("fd00:0:0:1::2", count=1).run().is_alive',
        ({**ADDRESSES6, "icmpv6.type": "128", "icmpv6.echo.sequence_number": "1"},),
        ({"icmpv6.type": "129", "icmpv6.echo.sequence_number": "1"},),
        gives="True",
        prints=("64 bytes from fd00:0:0:1::2: icmp_seq=1 ttl=64 time=",),
        chosen=PINGED6,
    ),
    asking(FRAME, IP6, ECHO6, TEST, answers=(ECHOED6,)),
))  # fmt: skip

ROUTERS = ("10.1.0.2", "10.2.0.2", "10.3.0.2")
ROUTERS6 = ("fd00:0:0:1::2", "fd00:0:0:2::2", "fd00:0:0:3::2")


@record
class Kind:
    """A kind of probe."""

    options: str
    """Of the command."""
    method: str
    """In the library's words."""
    probe: Fields
    """What tshark reads in it."""
    reply: Fields
    """What it reads in the answer of the host at the end."""
    chosen: tuple[str, ...]
    quoted: str = ""
    """Behind the type of ICMP errors: that of the message that they quote."""


UDP = Kind(
    "", "udp", {"udp.dstport": "33434", "udp.checksum.status": "1"},
    {"icmp.type": "3", "icmp.code": "3"}, ("udp.srcport", "udp.checksum", "data.data"),
)  # fmt: skip
ICMP = Kind(
    " -I", "icmp", {"icmp.type": "8", "icmp.checksum.status": "1"}, {"icmp.type": "0"},
    ("icmp.ident", "icmp.checksum", "data.data"), ",8",
)  # fmt: skip
TCP = Kind(
    " -T -p 80", "tcp", {"tcp.dstport": "80", "tcp.flags": "0x0002", "tcp.checksum.status": "1"},
    {"tcp.flags": "0x0014"}, ("tcp.srcport", "tcp.seq", "tcp.checksum"),
)  # fmt: skip
UDP6 = replace(UDP, reply={"icmpv6.type": "1", "icmpv6.code": "4"})
ICMP6 = replace(
    ICMP,
    probe={"icmpv6.type": "128", "icmpv6.checksum.status": "1"},
    reply={"icmpv6.type": "129"},
    chosen=("icmpv6.echo.identifier", "icmpv6.checksum", "data.data"),
    quoted=",128",
)


def tracing(version: int, kind: Kind) -> Way:
    """Return how to trace the path to the end of a line of three routers."""
    if version == 4:
        ours, host, routers, src, ttl = "10.1.0.1", "10.4.0.2", ROUTERS, "ip.src", "ip.ttl"
        exceeded = {"icmp.type": f"11{kind.quoted}"}
    else:
        ours, host, routers, src = "fd00:0:0:1::1", "fd00:0:0:4::2", ROUTERS6, "ipv6.src"
        ttl, exceeded = "ipv6.hlim", {"icmpv6.type": f"3{kind.quoted}"}
    return Way(
        f"rawkit trace{kind.options} -n -q 1 -N 1 {host}",
        f'rawkit.trace("{host}", method="{kind.method}", queries=1, parallel=1).run().reached',
        tuple({**kind.probe, ttl: str(number)} for number in range(1, 5)),
        (*({**exceeded, src: f"{one},{ours}"} for one in routers), kind.reply),
        gives="True",
        prints=(*(f" {n}  {one}  " for n, one in enumerate(routers, 1)), f" 4  {host}  "),
        near=True,
        chosen=kind.chosen,
    )


TRACE = Entry(
    "18",
    "tr4_ll.c",
    "traceroute by UDP, ICMP and TCP over IPv4 and, unlike there, over IPv6",
    (
        *(tracing(4, kind) for kind in (UDP, ICMP, TCP)),
        *(tracing(6, kind) for kind in (UDP6, ICMP6, TCP)),
    ),
    shape="line",
)

PROBES = Chapter(
    "Ping and traceroute",
    (PING, PING6, TRACE),
)
