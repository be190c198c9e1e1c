"""Packets counted: by protocol, and by who talks to whom. Memory is bounded, whatever comes."""

from collections.abc import Hashable
from typing import NamedTuple

from rawkit.record import field, record
from rawkit.wire import icmp, icmpv6
from rawkit.wire.address import Address
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Checksum
from rawkit.wire.udp import UDP

MOST_TALKS = 65_536
MOST_PROTOCOLS = 1024
"""Chains of headers that have books of their own."""
SECOND = 10**9
WITH_PORTS = (IPProtocol.TCP, IPProtocol.UDP, IPProtocol.SCTP, IPProtocol.UDP_LITE)


class End(NamedTuple):
    """Who talks: an address, and a port where there are ports."""

    address: Address | bytes
    """An IP address, or a hardware address."""
    port: int | None = None

    def __str__(self) -> str:
        if isinstance(self.address, bytes):
            return self.address.hex(":")
        if self.port is None:
            return str(self.address)
        is_wide = self.address.version == 6
        return f"[{self.address}]:{self.port}" if is_wide else f"{self.address}:{self.port}"


@record(frozen=False)
class Count:
    """Packets, and their octets on the link."""

    packets: int = 0
    octets: int = 0

    def add(self, octets: int) -> None:
        """Count a packet."""
        self.packets += 1
        self.octets += octets


@record(frozen=False, eq=False)
class Talk:
    """What two said to each other by one protocol."""

    protocol: str
    first: End
    """Who was heard first."""
    other: End
    began_ns: int | None
    ended_ns: int | None
    forth: Count = field(default_factory=Count)
    """From ``first`` to ``other``."""
    back: Count = field(default_factory=Count)

    @property
    def octets(self) -> int:
        """Of both directions."""
        return self.forth.octets + self.back.octets

    @property
    def duration(self) -> float | None:
        """Seconds from the first packet to the last; ``None``: times are not known."""
        return _seconds(self.began_ns, self.ended_ns)


@record(frozen=False, eq=False)
class Tally:
    """The books of some packets."""

    all: Count = field(default_factory=Count)
    captured_octets: int = 0
    """Those of all octets that are here."""
    cut: int = 0
    """Packets of which octets are missing."""
    bad: int = 0
    """Packets with a wrong checksum."""
    unfinished: int = 0
    """Packets whose checksum was left to the hardware."""
    unread: int = 0
    """Packets with something in them that makes no sense."""
    began_ns: int | None = None
    """The earliest time, in nanoseconds since 1970."""
    ended_ns: int | None = None
    protocols: dict[tuple[str, ...], Count] = field(default_factory=dict)
    """By the names of their headers, outermost first; all but the last have others inside."""
    forgotten: int = 0
    """Packets of those for whom there was no room in the books."""
    _talks: dict[Hashable, Talk] = field(default_factory=dict, init=False)

    @property
    def talks(self) -> list[Talk]:
        """Who talked to whom; those who said most first."""
        return sorted(self._talks.values(), key=lambda talk: -talk.octets)

    @property
    def duration(self) -> float | None:
        """Seconds from the earliest packet to the latest."""
        return _seconds(self.began_ns, self.ended_ns)

    def add(
        self,
        packet: Packet,
        length: int,
        captured: int,
        time_ns: int | None = None,
        checksum: Checksum | None = None,
    ) -> None:
        """Count a packet.

        Args:
            packet: as it was read.
            length: octets that it had on the link.
            captured: those of them that are here.
            time_ns: nanoseconds since 1970.
            checksum: what is known of that.
        """
        self.all.add(length)
        self.captured_octets += captured
        self.cut += captured < length
        self.bad += checksum is Checksum.BAD
        self.unfinished += checksum is Checksum.UNFINISHED
        self.unread += packet.error is not None and captured >= length
        if time_ns is not None:
            self.began_ns = min(time_ns, time_ns if self.began_ns is None else self.began_ns)
            self.ended_ns = max(time_ns, time_ns if self.ended_ns is None else self.ended_ns)
        self._add_protocols(packet, length)
        self._add_talk(packet, length, time_ns)

    def _add_protocols(self, packet: Packet, length: int) -> None:
        chain: tuple[str, ...] = ()
        for header in packet.headers:
            chain = (*chain, protocol_of(header))
            if chain not in self.protocols:
                if len(self.protocols) >= MOST_PROTOCOLS:
                    return
                self.protocols[chain] = Count()
            self.protocols[chain].add(length)
            if header.QUOTES is not None:
                return

    def _add_talk(self, packet: Packet, length: int, time_ns: int | None) -> None:
        found = talk_of(packet)
        if found is None:
            return
        protocol, src, dst = found
        talk = self._talks.get(found)
        if talk is not None:
            talk.forth.add(length)
        elif (talk := self._talks.get((protocol, dst, src))) is not None:
            talk.back.add(length)
        elif len(self._talks) < MOST_TALKS:
            talk = self._talks[found] = Talk(protocol, src, dst, time_ns, time_ns)
            talk.forth.add(length)
        else:
            self.forgotten += 1
            return
        if time_ns is not None and talk.ended_ns is not None:
            talk.ended_ns = max(talk.ended_ns, time_ns)


def talk_of(packet: Packet) -> tuple[str, End, End] | None:
    """Return the protocol of a packet, who says it and to whom; ``None``: nobody can tell.

    It is the innermost one, but not that of a packet that an ICMP error quotes.
    """
    found: tuple[str, End, End] | None = None
    src: Address | bytes
    for header in packet.headers:
        match header:
            case Ethernet():
                found = "Ethernet", End(bytes(header.src)), End(bytes(header.dst))
            case IPv4(src=src, dst=dst) | IPv6(src=src, dst=dst):
                found = protocol_of(header), End(src), End(dst)
            case _ if header.IP_PROTOCOL in WITH_PORTS and found:
                ports: UDP = header  # type: ignore[assignment]  # or another one with ports
                ends = found[1].address, found[2].address
                first, other = End(ends[0], ports.src_port), End(ends[1], ports.dst_port)
                found = protocol_of(header), first, other
            case icmp.Message() | icmpv6.Message() if found:
                found = (protocol_of(header), *found[1:])
        if header.QUOTES is not None:
            break
    return found


def protocol_of(header: Header) -> str:
    """Return the name of the protocol that a header belongs to."""
    match header:
        case icmpv6.Message():
            return "ICMPv6"
        case icmp.Message():
            return "ICMP"
    return type(header).__name__


def _seconds(began_ns: int | None, ended_ns: int | None) -> float | None:
    if began_ns is None or ended_ns is None:
        return None
    return (ended_ns - began_ns) / SECOND
