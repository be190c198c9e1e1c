"""What holds for all octets that rawkit reads, whatever they are.

The first octet of an input chooses the door by which the others come in: IP, a frame, or
what captures have before it. Then reading must not raise, must take no longer than so much
an octet, and must give back the same octets; and what was read can be printed.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

from rawkit.errors import BuildError
from rawkit.wire.cooked import PARSERS
from rawkit.wire.cut import completed
from rawkit.wire.dissect import dissect, dissect_ip
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.notation import parse
from rawkit.wire.notation_names import HEADERS
from rawkit.wire.numbers import EtherType, IPProtocol
from rawkit.wire.packet import Packet
from rawkit.wire.text import line, tree
from rawkit.wire.verify_file import verdict_in_file

Door = Callable[[bytes], Packet]
DOORS: tuple[Door, ...] = (
    dissect,
    dissect_ip,
    dissect_frame,
    lambda octets: dissect(octets, Ethernet.parse),
    lambda octets: dissect(octets, IPv6.parse),
    *(lambda octets, parser=parser: dissect(octets, parser) for parser in PARSERS.values()),
)
LONGEST = 4096
"""Octets of an input."""
LEAST, EACH = 0.01, 20e-6
"""Seconds of CPU time that reading may take: at all, and for each octet. Both are ten times
what it takes when every line is watched."""
TRIES = 3
"""A machine may be slow once."""
A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7")
A6, B6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::7")
ZEROS = bytes(80)
LINK, FOUR, SIX = (
    "eth(dst=02:00:00:00:00:01,src=02:00:00:00:00:02)/",
    "ip(src=192.0.2.1,dst=192.0.2.7)/",
    "ip6(src=2001:db8::1,dst=2001:db8::7)/",
)
OUTER = (
    *("", LINK, FOUR, SIX, f"{LINK}{FOUR}", f"{LINK}{SIX}", f"{LINK}vlan(5)/{FOUR}"),
    *(f"{FOUR}udp(1,4789)/", f"{FOUR}gre/"),
)
EXTENSIONS = bytes.fromhex("20000000 0008 0101 00000101 0008 020f 00000007 0014 0301 00000000")
"""What may stand behind the quote of an ICMP error (RFC 4884), for a start."""


class Problem(Exception):
    """Octets for which something does not hold."""


def check(octets: bytes) -> None:
    """Look at an input.

    Raises:
        Problem: reading took too long, or gave other octets back.
        Exception: whatever was raised that should not have been.
    """
    if not octets:
        return
    door, data = DOORS[octets[0] % len(DOORS)], octets[1:]
    packet = read_in_time(door, data)
    if bytes(packet) != data:
        raise Problem(f"{packet.outline}: other octets came back")
    if door is dissect_frame and packet != dissect(data, Ethernet.parse):
        raise Problem(f"{packet.outline}: the quick way reads something else")
    line(packet)
    tree(packet)
    str(packet)
    line(completed(packet))
    verdict_in_file(packet, data)
    with suppress(BuildError):  # what was read need not be what one may build
        bytes(packet.recomputed())


def read_in_time(door: Door, data: bytes) -> Packet:
    """Return what is read.

    Raises:
        Problem: it took too long each time.
    """
    most = LEAST + EACH * len(data)
    for _ in range(TRIES):
        began = time.thread_time()
        packet = door(data)
        took = time.thread_time() - began
        if took <= most:
            return packet
    raise Problem(f"{packet.outline}: {took:.3f} s for {len(data)} octets")


def seeds() -> Iterator[bytes]:
    """Yield inputs to begin with.

    Each header that can be made of nothing, at each door; and each number that says who
    follows, with zeros behind it.
    """
    for name in HEADERS:
        for outer in OUTER:
            try:
                octets = bytes(parse(outer + name).packet)
            except (ValueError, LookupError):
                continue
            for door in range(len(DOORS)):
                yield bytes((door,)) + octets
    ip, frame = (bytes((DOORS.index(door),)) for door in (dissect_ip, dissect_frame))
    for number in range(256):
        for octets in (
            bytes(IPv4(A, B, protocol=number) / ZEROS),
            bytes(IPv6(A6, B6, next_header=number) / ZEROS),
            bytes(IPv4(A, B, protocol=IPProtocol.ICMP) / (bytes((number,)) + ZEROS)),
            bytes(IPv4(A, B, protocol=IPProtocol.IGMP) / (bytes((number,)) + ZEROS)),
            bytes(IPv6(A6, B6, next_header=IPProtocol.ICMPV6) / (bytes((number,)) + ZEROS)),
        ):
            yield ip + octets
    quote = bytes(IPv4(A, B, protocol=IPProtocol.UDP) / ZEROS).ljust(128, b"\0")
    four, six = IPv4(A, B, protocol=IPProtocol.ICMP), IPv6(A6, B6, next_header=IPProtocol.ICMPV6)
    yield ip + bytes(four / (b"\x0b\0\0\0\0\x20\0\0" + quote + EXTENSIONS))
    yield ip + bytes(six / (b"\3\0\0\0\x10\0\0\0" + quote + EXTENSIONS))
    for kind in EtherType:
        yield frame + bytes(Ethernet(bytes(6), bytes(6), kind) / ZEROS)
