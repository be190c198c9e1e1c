"""Parts that many packets of the collection have in common."""

from tests.collection.parts import Part

HARDWARE = {"eth.src": "02:00:00:00:01:01", "eth.dst": "02:00:00:00:01:02"}
ADDRESSES = {"ip.src": "10.1.0.1", "ip.dst": "10.1.0.2", "ip.checksum.status": "1"}
ADDRESSES6 = {"ipv6.src": "fd00:0:0:1::1", "ipv6.dst": "fd00:0:0:1::2"}
GOOD_TCP = {"tcp.checksum.status": "1"}

FRAME = Part("eth", "Ethernet(theirs, ours)", HARDWARE)
IP = Part("ip(dst=10.1.0.2)", "IPv4(a, b)", ADDRESSES)
IP6 = Part("ip6(dst=fd00:0:0:1::2)", "IPv6(a6, b6)", ADDRESSES6)
SYN = Part(
    "tcp(sport=40000,dport=80,seq=1000,flags=syn)",
    "TCP(40000, 80, 1000, flags=Flags.SYN)",
    {"tcp.dstport": "80", "tcp.seq_raw": "1000", "tcp.flags": "0x0002", "tcp.checksum.status": "1"},
)
GET_FLAGS = Part(
    "tcp(sport=40000,dport=80,seq=1,ack=1,flags=psh|ack)",
    "TCP(40000, 80, 1, 1, flags=Flags.PSH | Flags.ACK)",
    {"tcp.flags": "0x0018", "tcp.checksum.status": "1"},
)
GET = Part(
    r'"GET / HTTP/1.0\r\n\r\n"',
    r'b"GET / HTTP/1.0\r\n\r\n"',
    {"tcp.len": "18", "http.request.method": "GET", "http.request.uri": "/"},
)
UDP = Part(
    "udp(sport=40000,dport=7)",
    "UDP(40000, 7)",
    {"udp.dstport": "7", "udp.length": "12", "udp.checksum.status": "1"},
)
ECHO = Part(
    "icmp.echo(id=1000,seq=1)",
    "icmp.EchoRequest(1000, 1)",
    {"icmp.type": "8", "icmp.ident": "1000", "icmp.seq": "1", "icmp.checksum.status": "1"},
)
ECHO6 = Part(
    "icmp6.echo(id=1000,seq=1)",
    "icmpv6.EchoRequest(1000, 1)",
    {
        "icmpv6.type": "128",
        "icmpv6.echo.identifier": "0x03e8",
        "icmpv6.echo.sequence_number": "1",
        "icmpv6.checksum.status": "1",
    },
)
TEST = Part('"Test"', 'b"Test"', {"data.data": "54:65:73:74"})
TESTED = Part('"Test"', 'b"Test"', {"echo.data": "54:65:73:74"})
"""The same, to the port of echo(7)."""

REFUSED = {"tcp.srcport": "80", "tcp.flags": "0x0014", "tcp.ack_raw": "1001"}
"""RST and ACK: nobody listens at the port."""
NO_CONNECTION = {"tcp.srcport": "80", "tcp.flags": "0x0004", "tcp.seq_raw": "1"}
"""RST: it belongs to no connection (RFC 9293 §3.10.7.1)."""
ECHOED = {"icmp.type": "0", "icmp.ident": "1000", "icmp.seq": "1", "data.data": "54:65:73:74"}
ECHOED6 = {"icmpv6.type": "129", "icmpv6.echo.identifier": "0x03e8", "data.data": "54:65:73:74"}
CLOSED = {"icmp.type": "3", "icmp.code": "3", "udp.dstport": "7"}
CLOSED6 = {"icmpv6.type": "1", "icmpv6.code": "4", "udp.dstport": "7"}
