"""Reassembly: fragments become datagrams again (RFC 791 §3.2, RFC 815, RFC 8200 §4.5)."""

import math
from collections import OrderedDict, deque

from rawkit.errors import ParseError, TruncatedError
from rawkit.record import record, replace
from rawkit.wire.address import Address
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.extensions import Extension, Fragment
from rawkit.wire.fragment import UNIT
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.overlap import Assembly, Outcome, Policy
from rawkit.wire.packet import Header, Packet

TIMEOUT = 60.0
"""Seconds from the first fragment on (RFC 1122 §3.3.2, RFC 8200 §4.5)."""
MOST_DATAGRAMS = 64
MOST_OCTETS = 4 << 20
LARGEST = 65_535
"""What a total length (IPv4) or payload length (IPv6) can say at most."""
IPV4_HEADER, IPV6_HEADER, FRAGMENT_HEADER = 20, 40, 8
UPPER_HEADERS: dict[int | None, float] = {
    IPProtocol.TCP: 20,
    IPProtocol.UDP: 8,
    IPProtocol.ICMPV6: 8,
    IPProtocol.NO_NEXT: 0,
    **dict.fromkeys(
        (
            IPProtocol.HOP_BY_HOP,
            IPProtocol.ROUTING,
            IPProtocol.DESTINATION_OPTIONS,
            IPProtocol.AUTHENTICATION,
        ),
        math.inf,
    ),
}
"""Octets that the first fragment must hold of some headers (of others, one), those apart that
could not be read; as in Linux (ipv6frag_thdr_truncated)."""
CONGESTION = 0b11
"""ECN: congestion was experienced (RFC 3168 §5)."""

Key = tuple[Address, Address, int, int]
"""Source, destination, protocol and identification; for IPv6 the protocol is not part of it."""


@record
class Piece:
    """A fragment, as it belongs into a datagram."""

    key: Key
    headers: tuple[Header, ...]
    """What stood before it, from the IP header on, made ready for the whole."""
    ecn: int
    offset: int
    """In octets."""
    more: bool
    octets: bytes
    frame: bytes
    """The fragment with its headers."""


@record(frozen=False)
class ReassemblyCounts:
    """What became of fragments and of datagrams."""

    fragments: int = 0
    """All that were added."""
    whole: int = 0
    """Datagrams that were put together; a lone fragment counts, too (RFC 6946)."""
    ignored: int = 0
    """Fragments that brought nothing new."""
    refused: int = 0
    """Fragments that cannot be, cut short or too far behind, and those of spoiled datagrams."""
    spoiled: int = 0
    """Datagrams lost since fragments overlapped or did not agree."""
    expired: int = 0
    """Datagrams given up since time was over."""
    evicted: int = 0
    """Datagrams given up for want of memory, the oldest first."""


@record(frozen=False)
class Incomplete:
    """A datagram that lacks some fragments."""

    until: float
    assembly: Assembly | None
    """``None``: it is spoiled, and what else comes of it is thrown away."""
    headers: tuple[Header, ...] = ()
    """Those of the first fragment, if it has come."""
    ecn: int = 0
    """Bit n is set if some fragment has n in its ECN field."""
    first: bytes = b""
    """The fragment with the beginning, for those who complain about the others."""

    @property
    def cost(self) -> int:
        """Octets of memory that it takes, about."""
        return len(self.first) + (self.assembly.cost if self.assembly else 0)


class Reassembler:
    """Collects fragments until datagrams are whole.

    What it keeps is bounded, whatever it is given, and so is the time for each fragment:
    by the fragment's length.

    Args:
        policy: what to do about fragments that overlap.
        timeout: seconds after which the fragments of a datagram are given up.
        most_datagrams: of how many fragments are kept at once.
        most_octets: how much memory is taken for them, about.
    """

    def __init__(
        self,
        policy: Policy = Policy.LINUX,
        timeout: float = TIMEOUT,
        most_datagrams: int = MOST_DATAGRAMS,
        most_octets: int = MOST_OCTETS,
    ) -> None:
        self.policy = policy
        self.timeout = timeout
        self.most_datagrams = most_datagrams
        self.most_octets = most_octets
        self.counts = ReassemblyCounts()
        self._incomplete: OrderedDict[Key, Incomplete] = OrderedDict()
        self._cost = 0
        self._given_up: deque[bytes] = deque(maxlen=most_datagrams)

    def add(self, now: float, datagram: Packet | bytes) -> Packet | None:
        """Take in a datagram; return it if it is whole, or else the one that it completes.

        Args:
            now: seconds on any clock that goes forward.
            datagram: as it was read, or its octets. Headers before the IP header are
                ignored.

        Returns:
            ``None`` as long as some fragment is missing. What was put together has right
            lengths, the headers of the fragment that holds its beginning, and no fragment
            header.
        """
        packet = datagram if isinstance(datagram, Packet) else dissect_ip(datagram)
        try:
            piece = _piece(packet)
        except ParseError:
            self.counts.fragments += 1
            self.counts.refused += 1
            return None
        if piece is None:
            return packet
        self._look_at_the_clock(now)
        self.counts.fragments += 1
        if isinstance(piece.headers[0], IPv6) and not piece.offset and not piece.more:
            self.counts.whole += 1
            return _joined(piece.headers, piece.octets)
        return self._add(now, piece)

    def expire(self, now: float) -> tuple[Packet, ...]:
        """Give up datagrams whose time is over.

        Returns:
            The first fragment of each that was given up since the last call, if it came:
            those whose senders are to be told (RFC 1122 §3.3.2, RFC 8200 §4.5).
        """
        self._look_at_the_clock(now)
        told = tuple(dissect_ip(frame) for frame in self._given_up)
        self._given_up.clear()
        return told

    def next_at(self) -> float:
        """Return when the next datagram is to be given up; infinity if none is waited for."""
        return next((entry.until for entry in self._incomplete.values()), math.inf)

    def _add(self, now: float, piece: Piece) -> Packet | None:
        entry = self._incomplete.get(piece.key)
        if entry is None:
            entry = Incomplete(now + self.timeout, Assembly(self.policy))
            self._incomplete[piece.key] = entry
        if entry.assembly is None:
            self.counts.refused += 1
            return None
        before = entry.cost
        outcome = self._lay(entry, entry.assembly, piece)
        self._cost += entry.cost - before
        if outcome is Outcome.SPOILED:
            self._spoil(piece.key, entry)
            return None
        self._make_room()
        whole = entry.assembly.whole
        if whole is None or piece.key not in self._incomplete:
            return None
        self._forget(piece.key)
        return self._finished(entry, whole)

    def _lay(self, entry: Incomplete, assembly: Assembly, piece: Piece) -> Outcome:
        before = assembly.first
        outcome = assembly.add(piece.offset, piece.octets, piece.more)
        if outcome is Outcome.IGNORED:
            self.counts.ignored += 1
            return outcome
        entry.ecn |= 1 << piece.ecn
        if assembly.first is not before:
            entry.headers, entry.first = piece.headers, piece.frame
        return outcome

    def _finished(self, entry: Incomplete, whole: bytes) -> Packet | None:
        """Return the datagram, unless congestion would be hidden by that (RFC 3168 §5.3)."""
        head, *others = entry.headers
        assert isinstance(head, IPv4 | IPv6)
        if entry.ecn >> CONGESTION:
            if entry.ecn & 1:
                self.counts.spoiled += 1
                return None
            head = replace(head, ecn=CONGESTION)
        self.counts.whole += 1
        return _joined((head, *others), whole)

    def _spoil(self, key: Key, entry: Incomplete) -> None:
        self.counts.spoiled += 1
        if self.policy is not Policy.REJECT:
            self._forget(key)
            return
        self._cost -= entry.cost
        entry.assembly, entry.first = None, b""

    def _make_room(self) -> None:
        while len(self._incomplete) > self.most_datagrams or self._cost > self.most_octets:
            self._give_up(next(iter(self._incomplete)))
            self.counts.evicted += 1

    def _look_at_the_clock(self, now: float) -> None:
        while (key := next(iter(self._incomplete), None)) and self._incomplete[key].until <= now:
            self.counts.expired += self._incomplete[key].assembly is not None
            self._give_up(key)

    def _give_up(self, key: Key) -> None:
        entry = self._incomplete[key]
        self._forget(key)
        if entry.first:
            self._given_up.append(entry.first)

    def _forget(self, key: Key) -> None:
        self._cost -= self._incomplete.pop(key).cost


def _piece(packet: Packet) -> Piece | None:
    """Return the fragment that a packet is; ``None`` if it is whole.

    Raises:
        ParseError: there cannot be such a fragment.
    """
    for place, head in enumerate(packet.headers):
        match head:
            case IPv4() if head.more_fragments or head.fragment_offset:
                return _piece_ipv4(head, Packet(packet.headers[place:], packet.payload))
            case IPv6():
                return _piece_ipv6(head, Packet(packet.headers[place:], packet.payload))
            case IPv4():
                return None
    return None


def _piece_ipv4(ip: IPv4, packet: Packet) -> Piece:
    start = IPV4_HEADER + len(ip.options)
    frame = _without_trailer(ip, packet, ip.total_length)
    octets = frame[start:]
    if ip.more_fragments:
        octets = octets[: len(octets) // UNIT * UNIT]  # as Linux does it
    offset = ip.fragment_offset * UNIT
    if start + offset + len(octets) > LARGEST:
        raise ParseError(f"IPv4: a fragment ends at {offset + len(octets)}")
    whole = replace(ip.recomputed(), more_fragments=False, fragment_offset=0, trailer=b"")
    key = (ip.src, ip.dst, ip.protocol or 0, ip.identification)
    return Piece(key, (whole,), ip.ecn, offset, ip.more_fragments, octets, frame)


def _piece_ipv6(ip: IPv6, packet: Packet) -> Piece | None:
    chain: list[IPv6 | Extension] = [ip]
    for header in packet.headers[1:]:
        if isinstance(header, Fragment):
            break
        if not isinstance(header, Extension):
            return None
        chain.append(header)
    else:
        return None
    frame = _without_trailer(ip, packet, ip.payload_length, IPV6_HEADER)
    bare = replace(ip.recomputed(), trailer=b"")
    chain[0] = bare
    start = sum(len(one.pack()) for one in chain)
    octets, offset = frame[start + FRAGMENT_HEADER :], header.offset * UNIT
    if header.more and len(octets) % UNIT:
        raise ParseError(f"IPv6: a fragment of {len(octets)} octets, and more follow")
    if start - IPV6_HEADER + offset + len(octets) > LARGEST:
        raise ParseError(f"IPv6: a fragment ends at {offset + len(octets)}")
    chain[-1] = replace(chain[-1], next_header=header.next_header)
    if offset == 0:
        _check_chain(dissect_ip(frame).headers[len(chain) :], octets)
    key = (ip.src, ip.dst, -1, header.identification)
    return Piece(key, tuple(chain), ip.ecn, offset, header.more, octets, frame)


def _check_chain(headers: tuple[Header, ...], octets: bytes) -> None:
    """Look whether a first fragment has all headers, as it must (RFC 8200 §4.5, RFC 7112).

    Args:
        headers: the fragment header and those behind it.
        octets: what the fragment carries.

    Raises:
        TruncatedError: it lacks some.
    """
    last, size = headers[0], 0
    for header in headers[1:]:
        if not isinstance(header, Extension):
            break
        last, size = header, size + len(header.pack())
    assert isinstance(last, Extension)
    needed = UPPER_HEADERS.get(last.next_header, 1)
    if len(octets) - size < needed:
        raise TruncatedError(f"IPv6: a first fragment with {len(octets)} octets of its headers")


def _without_trailer(
    ip: IPv4 | IPv6, packet: Packet, length: int | None, besides: int = 0
) -> bytes:
    """Return a datagram's octets and no others.

    Raises:
        TruncatedError: there are fewer than its length field says.
    """
    octets = bytes(packet)
    octets = octets[: len(octets) - len(ip.trailer)]
    if length is not None and length + besides > len(octets):
        raise TruncatedError(f"{len(octets)} of {length + besides} octets of a fragment")
    return octets


def _joined(headers: tuple[Header, ...], octets: bytes) -> Packet:
    return dissect_ip(bytes(Packet(headers, octets)))
