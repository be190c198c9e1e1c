"""Packets as they are met every day, for the tests of what is printed of them."""

from ipaddress import IPv4Address, IPv6Address

from rawkit.cli.packet_lines import Seen
from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import BROADCAST, MAC
from rawkit.wire.arp import ARP, NO_MAC
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ndp import NeighborSolicitation
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP
from rawkit.wire.vlan import ServiceTag, VLANTag

TIME = 1_700_000_000_123_456_789
STEP = 1_500_000_123
HERE, THERE = MAC.parse("02:00:00:00:01:01"), MAC.parse("02:00:00:00:01:02")
A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
A6, B6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::2")
FRAME = Ethernet(THERE, HERE)
V4, V6 = FRAME / IPv4(A, B), FRAME / IPv6(A6, B6)
MSS = bytes.fromhex("020405b4")

PACKETS = {
    "echo": V4 / icmp.EchoRequest(1, 1) / bytes(56),
    "echo over IPv6": V6 / icmpv6.EchoRequest(1, 1) / bytes(56),
    "datagram": V4 / UDP(1000, 2000) / b"hello",
    "datagram over IPv6": V6 / UDP(1000, 2000) / b"hello",
    "SYN": V4 / TCP(1000, 7, 5, 0, Flags.SYN, options=MSS) / b"",
    "SYN-ACK": V4 / TCP(7, 1000, 7, 6, Flags.SYN | Flags.ACK, options=MSS) / b"",
    "segment": V4 / TCP(1000, 7, 6, 8, Flags.PSH | Flags.ACK) / b"two\r\nlines\tand \x00\xff",
    "ARP request": Ethernet(BROADCAST, HERE) / ARP(1, HERE, A, NO_MAC, B),
    "ARP reply": FRAME / ARP(2, HERE, A, THERE, B),
    "port unreachable": V4 / icmp.Unreachable(3) / IPv4(B, A) / UDP(1, 2) / b"x",
    "neighbour solicitation": V6 / NeighborSolicitation(B6),
}
"""Those that tcpdump prints in the very same words."""
TAGGED = {
    "tag": FRAME / VLANTag(5, 3) / IPv4(A, B) / UDP(1000, 2000) / b"hello",
    "two tags": FRAME / ServiceTag(6) / VLANTag(5, 3) / IPv4(A, B) / UDP(1000, 2000) / b"hello",
}
"""Those in whose lines we tell of a VLAN, and tcpdump does so with ``-e`` only."""


def seen(packet: Packet, number: int = 1, **known: object) -> Seen:
    octets = bytes(packet)
    facts = {"number": number, "time_ns": TIME + (number - 1) * STEP, "length": len(octets)}
    return Seen(dissect_frame(octets), octets, **{**facts, **known})  # type: ignore[arg-type]  # a test's own words
