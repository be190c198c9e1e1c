"""Frames of every kind that filters look for, and damaged ones: built, then bent at random."""

import random
import struct
from ipaddress import IPv4Address, IPv6Address

from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import BROADCAST, MAC
from rawkit.wire.arp import ARP, NO_MAC, Operation
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP

HERE, THERE, GATE = (MAC.parse(f"02:00:00:00:00:{number:02x}") for number in (1, 2, 254))
A, B, C = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7"), IPv4Address("10.1.2.3")
GROUP, EVERYBODY = IPv4Address("224.0.0.251"), IPv4Address("255.255.255.255")
A6, B6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8:0:1::7")
GROUP6 = IPv6Address("ff02::fb")
OPTIONS = b"\x01" * 8
PADN = b"\x01\x04\0\0\0\0"
AH = struct.pack("!BBHII", 6, 4, 0, 1, 1) + bytes(12)
"""An authentication header before TCP, RFC 4302: 24 octets."""

TCP_SEGMENTS = [
    TCP(40000, 80, flags=Flags.SYN),
    TCP(80, 40000, flags=Flags.SYN | Flags.ACK),
    TCP(40000, 22, flags=Flags.ACK | Flags.PSH),
    TCP(443, 50000, flags=Flags.FIN | Flags.ACK),
    TCP(50000, 443, flags=Flags.RST),
    TCP(1, 1, flags=Flags.URG, options=b"\x02\x04\x05\xb4"),
]
DATAGRAMS = [
    UDP(53, 53),
    UDP(40000, 53),
    UDP(5353, 5353),
    UDP(68, 67),
    UDP(123, 80),
    UDP(1000, 22),
    UDP(257, 8),
]
MESSAGES = [
    icmp.EchoRequest(1, 2),
    icmp.EchoReply(1, 2),
    icmp.Unreachable(code=3),
    icmp.TimeExceeded(),
]
MESSAGES6 = [icmpv6.EchoRequest(1, 2), icmpv6.EchoReply(1, 2), icmpv6.PacketTooBig(1280)]


def ipv4_packets() -> list[Packet]:
    pairs = [
        (A, B),
        (B, A),
        (A, C),
        (C, EVERYBODY),
        (A, GROUP),
        (IPv4Address("10.0.0.10"), B),
        (B, B),
    ]
    inner: list[Header | bytes] = [*TCP_SEGMENTS, *DATAGRAMS, *MESSAGES]
    packets = [
        IPv4(*pairs[number % len(pairs)], options=OPTIONS if number % 3 == 0 else b"")
        / one
        / payload
        for number, one in enumerate(inner)
        for payload in (b"", b"GET / HTTP/1.1\r\n" + bytes(200 * (number % 3)))
    ]
    packets += [
        IPv4(A, B, protocol=protocol) / bytes(40) for protocol in (2, 9, 47, 50, 89, 103, 112, 132)
    ]
    packets += [
        IPv4(A, B, protocol=51) / (AH + bytes(TCP(1, 80).pack())),
        IPv4(A, B, dont_fragment=False, more_fragments=True) / UDP(40000, 53) / bytes(64),
        IPv4(A, B, protocol=17, dont_fragment=False, fragment_offset=9)
        / struct.pack("!8H", *[53] * 8),
        IPv4(A, B, protocol=6, dont_fragment=False, fragment_offset=1)
        / struct.pack("!8H", *[80] * 8),
        IPv4(B, A, ttl=6) / TCP(9, 9, flags=Flags.SYN) / b"TTL and protocol are the same number",
        IPv4(B, A, ttl=1, protocol=9) / bytes(20),
        IPv4(A, B, protocol=132) / struct.pack("!HHII", 80, 5000, 1, 1),
    ]
    return packets


def ipv6_packets() -> list[Packet]:
    """IPv6 without extension headers."""
    pairs = [(A6, B6), (B6, A6), (A6, GROUP6)]
    inner: list[Header] = [*TCP_SEGMENTS, *DATAGRAMS, *MESSAGES6]
    return [
        IPv6(*pairs[number % len(pairs)]) / one / payload
        for number, one in enumerate(inner)
        for payload in (b"", bytes(300))
    ] + [IPv6(A6, B6, next_header=number) / bytes(40) for number in (2, 47, 50, 59, 103, 132)]


def chain(headers: list[tuple[int, bytes]], end: Header) -> bytes:
    """Return an IPv6 packet; of each extension header, its number and all but its first octet."""
    numbers = [number for number, _ in headers] + [end.IP_PROTOCOL or 0]
    inside = b"".join(
        bytes([following]) + rest for (_, rest), following in zip(headers, numbers[1:], strict=True)
    )
    inside += end.pack(b"payload", IPv6(A6, B6))
    return IPv6(A6, B6, next_header=numbers[0]).pack(inside)


def chained_packets() -> list[bytes]:
    """IPv6 with extension headers."""
    hop, options, routing = (0, b"\0" + PADN), (60, b"\0" + PADN), (43, b"\0\4\0" + bytes(4))
    long_options, long_routing = (60, b"\1" + PADN + bytes(8)), (43, b"\2" + bytes(22))
    first, only, later = ((44, struct.pack("!BHI", 0, offset, 7)) for offset in (1, 0, 73))
    chains = [
        [hop], [options], [long_options], [routing], [hop, options, long_routing], [first],
        [hop, first], [only, options], [options] * 6, [options] * 7, [later], [hop, later],
        [(51, AH[1:])], [hop, options, routing, only, (51, AH[1:]), long_options], [options, later],
        [routing] * 5 + [later], [routing] * 6 + [later],
    ]  # fmt: skip
    ends: list[Header] = [TCP_SEGMENTS[0], DATAGRAMS[1], MESSAGES6[0]]
    packets = [chain(one, end) for one in chains for end in ends]
    broken = bytes([60]) + later[1] + struct.pack("!8H", *[0x0600] * 8)
    return [*packets, IPv6(A6, B6, next_header=44).pack(broken)]


def other_frames() -> list[bytes]:
    to, src = bytes(HERE), bytes(THERE)
    arp = [
        ARP(Operation.REQUEST, HERE, A, NO_MAC, B),
        ARP(Operation.REPLY, THERE, B, HERE, A),
        ARP(Operation.REQUEST, GATE, C, NO_MAC, IPv4Address("10.0.0.10")),
    ]
    frames = [bytes(Ethernet(BROADCAST, HERE) / one) for one in arp]
    frames += [to + src + b"\x80\x35" + one.pack() for one in arp]
    for ether_type, payload in [
        (0x88CC, bytes(46)),
        (0x0026, b"\x42\x42\x03" + bytes(43)),  # spanning tree: 802.2 behind a length
        (0x002E, b"\xfe\xfe\x03" + bytes(43)),
        (0x05DC, b"\xaa\xaa\x03" + bytes(43)),
        (0x05DD, bytes(46)),
        (0x8864, bytes(46)),
    ]:
        frames.append(to + src + struct.pack("!H", ether_type) + payload)
    return frames


def tagged(frame: bytes, *tags: tuple[int, int]) -> bytes:
    """Return a frame with VLAN tags: type and tag control information of each, outermost first."""
    inside = b"".join(struct.pack("!HH", *tag) for tag in tags)
    return frame[:12] + inside + frame[12:]


def framed(packet: Packet | bytes, number: int = 0) -> bytes:
    dst = [THERE, BROADCAST, MAC.parse("01:00:5e:00:00:fb"), HERE][number % 4]
    octets = bytes(packet)
    ether_type = 0x86DD if octets[0] >> 4 == 6 else 0x0800
    return Ethernet(dst, HERE if number % 2 else GATE, ether_type).pack(octets)


def plain_frames() -> list[bytes]:
    """Whole frames without extension headers of IPv6."""
    frames = [framed(one, number) for number, one in enumerate(ipv4_packets() + ipv6_packets())]
    frames += other_frames()
    tags = [
        [(0x8100, 5)], [(0x8100, 0x6005)], [(0x8100, 0xE000)], [(0x88A8, 7), (0x8100, 5)],
        [(0x9100, 4095)], [(0x8100, 5), (0x8100, 6)], [(0x8100, 6), (0x8100, 5), (0x8100, 9)],
    ]  # fmt: skip
    frames += [tagged(frame, *tags[number % len(tags)]) for number, frame in enumerate(frames[::3])]
    return frames


def bent(frames: list[bytes], count: int, seed: int = 1) -> list[bytes]:
    """Return frames with some bits turned over or some octets missing."""
    chance = random.Random(seed)
    made = []
    for _ in range(count):
        frame = bytearray(chance.choice(frames))
        for _ in range(chance.randrange(4)):
            place = chance.randrange(min(len(frame), 80))
            frame[place] ^= 1 << chance.randrange(8)
        if chance.random() < 0.5:
            del frame[chance.randrange(len(frame)) :]
        made.append(bytes(frame))
    return made


def has_chain(frame: bytes, at: int = 12) -> bool:
    """Whether a frame is IPv6 with extension headers, perhaps behind VLAN tags."""
    ether_type = int.from_bytes(frame[at : at + 2], "big")
    if ether_type in (0x8100, 0x88A8, 0x9100):
        return has_chain(frame, at + 4)
    return ether_type == 0x86DD and frame[at + 8 : at + 9] in (
        b"\0",
        b"\x2b",
        b"\x2c",
        b"\x33",
        b"\x3c",
    )


def is_ipv6(frame: bytes, at: int = 12) -> bool:
    """Whether a frame is IPv6, perhaps behind VLAN tags."""
    ether_type = int.from_bytes(frame[at : at + 2], "big")
    return ether_type == 0x86DD or (
        ether_type in (0x8100, 0x88A8, 0x9100) and is_ipv6(frame, at + 4)
    )
