"""Packets in lines, as tcpdump(8) prints them: one line each, and below it what else is wanted."""

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from rawkit.record import record
from rawkit.wire.cut import completed
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.link import Direction
from rawkit.wire.llc import IEEE8023
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum
from rawkit.wire.received_frame import ReceivedFrame
from rawkit.wire.tcp import TCP
from rawkit.wire.text import PRINTABLE, ROW, line, tree
from rawkit.wire.vlan import LAYOUT as TAG
from rawkit.wire.vlan import VLANTag

SECOND = 10**9
TIME_STYLES = 5
"""The most times that ``-t`` may stand: see :meth:`PacketLines.time`."""
DAY = 86_400
GRAPHIC = range(0x21, 0x7F)
NAMES = {
    0x0800: "IPv4",
    0x0806: "ARP",
    0x8035: "Reverse ARP",
    0x8100: "802.1Q",
    0x86DD: "IPv6",
    0x8847: "MPLS unicast",
    0x8848: "MPLS multicast",
    0x8863: "PPPoE D",
    0x8864: "PPPoE S",
    0x888E: "EAPOL",
    0x88A8: "802.1Q-QinQ",
    0x88CC: "LLDP",
}
"""What tcpdump calls the EtherTypes that are met most."""
WAYS = {
    Direction.IN: "In",
    Direction.BROADCAST: "B",
    Direction.MULTICAST: "M",
    Direction.OTHER_HOST: "P",
    Direction.OUT: "Out",
}
ABOVE_LINK = ("IP ", "IP6 ", "ARP, ")
"""What a line begins with, and does not where the link's header has said it."""


class Seen(NamedTuple):
    """A packet to be printed, and what is known of it."""

    packet: Packet
    octets: bytes
    number: int
    time_ns: int | None
    """Nanoseconds since 1970, UTC; ``None``: not known."""
    length: int
    """Octets that it had on the link."""
    interface: str | None = None
    direction: Direction | None = None
    checksum: Checksum | None = None
    """``None``: nobody has looked."""
    super_packet: bool | None = False
    """``None``: nobody can tell."""


@record(kw_only=True)
class Look:
    """What is printed of a packet."""

    time: int = 0
    """How many ``-t`` there are."""
    digits: int = 6
    """Decimals of a second."""
    numbered: bool = False
    interface: bool = False
    """With name of the interface and direction."""
    link: bool = False
    """With the link's header (``-e``)."""
    quiet: bool = False
    """With less of the protocols (``-q``)."""
    tree: bool = False
    """With every field, one a line (``-v``)."""
    hexadecimal: int = 0
    """With a hexdump (``-x``): 1 without the link's header, 2 with it."""
    text: int = 0
    """With what of a hexdump is ASCII (``-X``), as above."""
    plain: int = 0
    """With all as ASCII (``-A``), as above."""


def of_frame(frame: ReceivedFrame) -> Seen:
    """Return a frame that was heard, to be printed."""
    return Seen(
        frame.whole(),
        frame.octets,
        frame.number,
        frame.time_ns,
        frame.length,
        frame.interface,
        frame.direction,
        frame.checksum,
        frame.super_packet,
    )


class PacketLines:
    """Prints packets one after the other."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._first: int | None = None
        self._before: int | None = None
        self._second = -1
        self._clock = ""

    def of(self, seen: Seen) -> str:
        """Return all that is to be printed of a packet."""
        look = self._look
        words = [f"{seen.number:5}  "] if look.numbered else []
        words.append(self.time(seen.time_ns))
        if look.interface:
            way = WAYS.get(seen.direction, "?") if seen.direction else "?"
            words.append(f"{seen.interface or '?':<5} {way:<3} ")
        words.append(self._line(seen))
        words += (f" [{remark}]" for remark in remarks(seen))
        text = "".join(words) + "\n"
        if look.tree or look.hexadecimal or look.text or look.plain:
            text += "".join(f"{row}\n" for row in self._below(seen))
        return text

    def time(self, at: int | None) -> str:
        """Return the time, and a space behind it.

        It is the time of day; with one ``-t`` nothing, with two seconds since 1970, with
        three those since the packet before, with four the day as well, with five those since
        the first packet.
        """
        style = self._look.time
        if style == 1 or at is None:
            return ""
        at -= at % 10 ** (9 - self._look.digits)
        if self._first is None:
            self._first = self._before = at
        assert self._before is not None
        before, self._before = self._before, at
        match style:
            case 2:
                return f"{at // SECOND}{self._fraction(at)} "
            case 3:
                return self._passed(at - before)
            case 5:
                return self._passed(at - self._first)
        return f"{self._of_day(at // SECOND)}{self._fraction(at)} "

    def _of_day(self, second: int) -> str:
        if second != self._second:
            form = "%Y-%m-%d %H:%M:%S" if self._look.time == 4 else "%H:%M:%S"
            self._second, self._clock = second, datetime.fromtimestamp(second).strftime(form)
        return self._clock

    def _fraction(self, at: int) -> str:
        return f".{at % SECOND:09}"[: self._look.digits + 1]

    def _passed(self, duration: int) -> str:
        sign, duration = ("-", -duration) if duration < 0 else (" ", duration)
        minutes, seconds = divmod(duration // SECOND, 60)
        hours, minutes = divmod(minutes, 60)
        clock = f"{hours:02}:{minutes:02}:{seconds:02}"
        return f"{sign}{clock}{self._fraction(duration)} "

    def _line(self, seen: Seen) -> str:
        packet = seen.packet
        if len(seen.octets) < seen.length:
            packet = completed(packet)  # lengths in words are those on the link
        if self._look.link and packet.headers and isinstance(packet.headers[0], Ethernet):
            return self._with_link(packet.headers[0], _inside(packet), seen.length)
        return self._words(packet)

    def _with_link(self, frame: Ethernet, inside: Packet, length: int) -> str:
        ends = f"{frame.src.hex(':')} > {frame.dst.hex(':')}"
        if isinstance(frame, IEEE8023):
            return f"{ends}, 802.3, length {frame.length}: {self._words(inside)}"
        return f"{ends}, {self._type(frame.ether_type)}, length {length}: {self._above(inside)}"

    def _above(self, packet: Packet) -> str:
        """Return what a line says behind the link's header; tags belong to that."""
        tag = packet.headers[0] if packet.headers else None
        if isinstance(tag, VLANTag):
            drop = ", DEI" if tag.drop_eligible else ""
            words = f"vlan {tag.id}, p {tag.priority}{drop}, {self._type(tag.ether_type)}"
            return f"{words}, {self._above(_inside(packet))}"
        words = self._words(packet)
        start = next((start for start in ABOVE_LINK if words.startswith(start)), "")
        return words[len(start) :]

    def _type(self, number: int | None) -> str:
        if number == 0:
            return "802.3"
        name = NAMES.get(number or 0, "Unknown")
        return name if self._look.quiet else f"ethertype {name} (0x{number or 0:04x})"

    def _words(self, packet: Packet) -> str:
        words = line(packet)
        segment = packet.headers[-1] if packet.headers else None
        if self._look.quiet and isinstance(segment, TCP):
            return f"{words.partition(': ')[0]}: tcp {len(packet.payload)}"
        return words

    def _below(self, seen: Seen) -> Iterator[str]:
        look, octets = self._look, seen.octets
        if look.tree:
            yield from (f"    {row}" for row in _facts(seen))
            yield from (f"    {row}" for row in tree(seen.packet).splitlines())
        level = max(look.hexadecimal, look.text, look.plain)
        if level == 1:
            octets = octets[link_size(seen.packet) :]
        if look.text or look.hexadecimal:
            yield from hex_rows(octets, with_text=bool(look.text))
        elif look.plain:
            yield ascii_of(octets)


def remarks(seen: Seen) -> Iterator[str]:
    """Yield what is odd about a packet."""
    if seen.checksum is Checksum.BAD:
        yield "bad checksum"
    if seen.super_packet:
        yield "super-packet"
    if len(seen.octets) < seen.length:
        yield f"{len(seen.octets)} of {seen.length} octets"


def hex_rows(octets: bytes, *, with_text: bool, first: int = 0) -> Iterator[str]:
    """Yield a hexdump in tcpdump's form: rows of an offset and sixteen octets in pairs.

    Args:
        octets: what is dumped.
        with_text: whether to tell what of it is ASCII, too.
        first: the offset of the first octet.
    """
    for start in range(0, len(octets), ROW):
        row = octets[start : start + ROW]
        pairs = row.hex(" ", -2)
        if with_text:
            text = "".join(chr(octet) if octet in GRAPHIC else "." for octet in row)
            yield f"\t0x{first + start:04x}:  {pairs:<39}  {text}"
        else:
            yield f"\t0x{first + start:04x}:  {pairs}"


def ascii_of(octets: bytes) -> str:
    """Return octets as ASCII; lines in them are lines, all else that is none becomes a dot."""
    shown = octets.replace(b"\r\n", b"\n")
    return "".join(chr(o) if o in PRINTABLE or o in b"\t\n" else "." for o in shown)


def link_size(packet: Packet) -> int:
    """Return how many octets of a packet are the link's header, tags included."""
    size = 0
    for header in packet.headers:
        match header:
            case Ethernet():
                size += 14
            case VLANTag():
                size += TAG.size
            case _:
                break
    return size


def _inside(packet: Packet) -> Packet:
    return Packet(packet.headers[1:], packet.payload, packet.error)


def _facts(seen: Seen) -> Iterator[str]:
    """Yield what was known of a packet beside its octets."""
    words = [f"packet {seen.number}", f"{seen.length} octets"]
    if seen.interface is not None:
        way = f" {seen.direction.value}" if seen.direction else ""
        words.append(f"{seen.interface}{way}")
    if seen.checksum is not None:
        words.append(f"checksum {seen.checksum.value}")
    yield ", ".join(words)
