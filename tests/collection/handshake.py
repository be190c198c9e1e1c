"""A GET behind a handshake by hand, which the collection lacks (to 2, 6, 11, 37 and 42)."""

from tests.collection.entry import Way

OURS, THEIRS = "02:00:00:00:01:01", "02:00:00:00:01:02"
SERVER = "python3 -m http.server 80 --bind ::"
STRANGER, STRANGER6 = "10.1.1.1", "fd00:0:0:1::101"
"""Addresses that nobody has: no kernel resets what it knows nothing about."""
NOTE = (
    "Behind a handshake by hand, which the program lacks: from an address that nobody has, as a"
    " kernel resets connections that it does not know. First the other host learns where that"
    " address is. Nothing is sent again if it is lost, nothing is acknowledged, and a reset ends"
    " it: for more it takes [a TCP of one's own](library-tcp.md)."
)


def get(ip: str, source: str, learn: str, learned: str, learning: dict[str, str]) -> Way:
    """Return how to do it.

    Args:
        ip: the header in notation.
        source: the header in Python.
        learn: the question that tells where we are, in notation.
        learned: how Python asks it.
        learning: what tshark reads in it.
    """
    way = f"eth(dst={THEIRS})/{ip}/tcp(sport=40000,dport=80"
    syn = {"tcp.flags": "0x0002", "tcp.seq_raw": "1000", "tcp.checksum.status": "1"}
    asked = {
        "tcp.flags": "0x0018", "tcp.seq_raw": "1001", "tcp.checksum.status": "1",
        "http.request.method": "GET",
    }  # fmt: skip
    return Way(
        f"rawkit exchange -I eth0 '{learn}'\n"
        f"seq=$(rawkit exchange '{way},seq=1000,flags=syn)' |\n"
        r"    sed -n 's/.*seq=\([0-9]*\),ack=1001.*/\1/p')" "\n"
        f'rawkit exchange -a "{way},seq=1001,ack=$((seq + 1)),flags=psh|ack)'
        r"/\"GET / HTTP/1.0\r\n\r\n\"" '"\n'
        f"rawkit send '{way},seq=1019,flags=rst)'",
        f"{learned}.run()\n"
        f"way = Ethernet(theirs, ours) / {source}\n"
        "syn_ack = rawkit.exchange(way / TCP(40000, 80, 1000)).run().answer[TCP]\n"
        "get = TCP(40000, 80, 1001, syn_ack.sequence + 1, flags=Flags.PSH | Flags.ACK)\n"
        r'request = way / get / b"GET / HTTP/1.0\r\n\r\n"' "\n"
        "report = rawkit.exchange(request, wanted=None, tries=1).run()\n"
        "rawkit.send(way / TCP(40000, 80, 1019, flags=Flags.RST))\n"
        'b"".join(one.packet.payload for one in report.kept)[:15]',
        (learning, syn, asked, {"tcp.flags": "0x0004", "tcp.seq_raw": "1019"}),
        gives="b'HTTP/1.0 200 OK'",
        prints=(f"/0x{b'HTTP/1.0 200 OK'.hex()}",),
        peer=SERVER,
        ready="tcp 80",
        chosen=("tcp.ack", "tcp.checksum"),
        note=NOTE,
    )  # fmt: skip


GET = get(
    f"ip(src={STRANGER},dst=10.1.0.2)",
    "IPv4(x, b)",
    f"arp(spa={STRANGER},tpa=10.1.0.2)",
    'rawkit.exchange(ARP(Operation.REQUEST, ours, x, MAC(bytes(6)), b), interface="eth0")',
    {"arp.opcode": "1", "arp.src.hw_mac": OURS, "arp.src.proto_ipv4": STRANGER},
)
GET6 = get(
    f"ip6(src={STRANGER6},dst=fd00:0:0:1::2)",
    "IPv6(x6, b6)",
    f"eth/ip6(src={STRANGER6},dst=ff02::1:ff00:2,hlim=255)"
    f"/icmp6.ns(target=fd00:0:0:1::2,options=[source_link_layer({OURS})])",
    "rawkit.exchange(\n"
    "    Ethernet(multicast_mac(solicited_node(b6)), ours)\n"
    "    / IPv6(x6, solicited_node(b6), hop_limit=255)\n"
    "    / NeighborSolicitation(b6, (SourceLinkLayer(ours),)),\n"
    '    interface="eth0",\n'
    ")",
    {"icmpv6.type": "135", "ipv6.src": STRANGER6, "icmpv6.opt.src_linkaddr": OURS},
)
