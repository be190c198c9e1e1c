"""Fragments: a datagram cut into pieces that fit a link (RFC 791 §3.2, RFC 8200 §4.5).

Lengths and checksums behind the IP header are those of the whole: they are worked out
before anything is cut. How pieces come together again is in :mod:`rawkit.wire.reassembly`.
"""

from collections.abc import Iterable
from typing import Self

from rawkit.errors import BuildError
from rawkit.record import record, replace
from rawkit.wire.extensions import Extension, Fragment, HopByHop, Routing
from rawkit.wire.ip_options import in_later_fragments
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet

UNIT = 8
"""Octets that offsets are counted by."""
Cut = tuple[int, int]
"""Where in the fragmentable part a piece begins and where it ends, in octets."""


def fragment(packet: Packet, mtu: int, identification: int | None = None) -> tuple[Packet, ...]:
    """Return fragments none of which is longer than ``mtu``, or the packet if it is not either.

    Headers before the outermost IP header stand before every fragment and do not count. A
    fragment of IPv4 is cut further, as a router does it. IPv4 options without the copied
    flag are in the first fragment alone (RFC 791 §3.1). Behind the headers of IP, fragments
    are octets; none has the octets behind the datagram (``trailer``).

    A fragment header around the whole (of offset 0, nothing follows) says where to cut: what
    stands before it is before every fragment, and the identification is its own. In a
    tunnel it is the datagram that has one that is cut.

    Args:
        packet: a datagram, or a frame around one.
        mtu: in octets, from the outermost IP header on.
        identification: that of the fragments. For IPv4 by default the header's own; for
            IPv6 without a fragment header there is no default: take one that no recent
            datagram between these two addresses has (RFC 7739).

    Raises:
        BuildError: it must not be fragmented or cannot be, or ``identification`` is missing.
    """
    datagram = _Datagram.of(packet)
    size = datagram.around + len(datagram.octets)
    if size <= mtu:
        return (packet,)
    if isinstance(datagram.ip, IPv4) and datagram.ip.dont_fragment:
        raise BuildError(f"IPv4: {size} octets, dont_fragment is set, and the MTU is {mtu}")
    whole = _whole(datagram, identification)
    cuts, at, length = [], 0, len(whole.octets)
    while at < length:
        room = mtu - datagram.around - _size(whole.heads(at, more=True))
        end = length if at + room >= length else at + room // UNIT * UNIT
        needed = max(UNIT, 0 if at else whole.chain)
        if end < min(at + needed, length):
            raise BuildError(f"fragment: {room} octets are left of an MTU of {mtu}, of {needed}")
        cuts.append((at, end))
        at = end
    return whole.cut(cuts)


def pieces(
    packet: Packet, cuts: Iterable[Cut], identification: int | None = None
) -> tuple[Packet, ...]:
    """Return fragments cut where you say; they may overlap, and some may be missing.

    A single cut over everything makes an atomic fragment of an IPv6 packet (RFC 6946).

    Args:
        packet: a datagram, or a frame around one.
        cuts: where pieces begin, in multiples of 8, and end in the fragmentable part. All
            that end before that does say that more follow.
        identification: as for :func:`fragment`.

    Raises:
        BuildError: as for :func:`fragment`, ``dont_fragment`` apart; or a piece begins
            elsewhere.
    """
    return _whole(_Datagram.of(packet), identification).cut(cuts)


def is_marked(packet: Packet) -> bool:
    """Whether a fragment header in the packet says where to cut, and with which identification."""
    place = _outermost(packet.headers)
    return place is not None and _marked(packet.headers, place) is not None


@record
class _Datagram:
    """The datagram of a packet that is to be cut."""

    link: tuple[Header, ...]
    """Headers around it."""
    ip: IPv4 | IPv6
    behind: tuple[Header, ...]
    octets: bytes
    around: int = 0
    """Octets of the IP headers around it."""

    @classmethod
    def of(cls, packet: Packet) -> Self:
        headers, place = packet.headers, _outermost(packet.headers)
        if place is None:
            raise BuildError(f"fragment: no IP header in {packet.outline}")
        marked = _marked(headers, place)
        inner = place if marked is None else marked
        tunnel = tuple(header.recomputed() for header in headers[place:inner])
        ip = headers[inner]
        assert isinstance(ip, IPv4 | IPv6)
        bare, behind = replace(ip.recomputed(), trailer=b""), headers[inner + 1 :]
        octets = bytes(Packet((bare, *behind), packet.payload))
        return cls((*headers[:place], *tunnel), bare, behind, octets, _size(tunnel))


def _outermost(headers: tuple[Header, ...]) -> int | None:
    """Return the place of the outermost IP header."""
    return next((n for n, header in enumerate(headers) if isinstance(header, IPv4 | IPv6)), None)


def _marked(headers: tuple[Header, ...], place: int) -> int | None:
    """Return the place of the IP header before a fragment header around the whole.

    Args:
        headers: of a packet.
        place: that of the outermost IP header; it may be another one, in a tunnel.
    """
    ip = place
    for number, header in enumerate(headers[place:], place):
        if _is_mark(header):
            return ip
        if isinstance(header, IPv4 | IPv6):
            ip = number
        elif not isinstance(header, Extension):
            break
    return None


@record
class _Whole:
    """A datagram that is about to be cut."""

    link: tuple[Header, ...]
    ip: tuple[Header, ...]
    """What stands before every piece: IPv4; or IPv6 and others, the fragment header last."""
    octets: bytes
    """The fragmentable part."""
    chain: int
    """Octets of it that the first piece must have, being headers (RFC 8200 §4.5)."""
    start: int = 0
    """Where it begins in a datagram of which it is a fragment itself."""
    more: bool = False
    """Whether there are further fragments of that."""

    def heads(self, at: int, more: bool) -> tuple[Header, ...]:
        """Return the headers of a piece that begins at ``at``."""
        place = self.start + at
        if place % UNIT:
            raise BuildError(f"fragment: no multiple of {UNIT}: {place}, where one begins")
        match self.ip:
            case (IPv4(options=options) as ip,):
                kept = in_later_fragments(options) if place else options
                return (
                    replace(ip, fragment_offset=place // UNIT, more_fragments=more, options=kept),
                )
            case (*before, Fragment() as last):
                return *before, replace(last, offset=place // UNIT, more=more)
        raise AssertionError(self.ip)

    def cut(self, cuts: Iterable[Cut]) -> tuple[Packet, ...]:
        """Return the pieces."""
        length = len(self.octets)
        return tuple(
            Packet((*self.link, *self.heads(at, self.more or end < length)), self.octets[at:end])
            for at, end in cuts
        )


def _whole(datagram: _Datagram, identification: int | None) -> _Whole:
    ip, octets = datagram.ip, datagram.octets
    if isinstance(ip, IPv4):
        if identification is not None:
            ip = replace(ip, identification=identification)
        body = octets[_size((ip,)) :]
        return _Whole(datagram.link, (ip,), body, 0, ip.fragment_offset * UNIT, ip.more_fragments)
    heads, behind = _split((ip, *datagram.behind))
    if any(isinstance(header, Fragment) for header in behind):
        raise BuildError("IPv6: a fragment is not cut again (RFC 8200 §4.5)")
    body = octets[_size(heads) :]
    if not _is_mark(last := heads[-1]):
        if identification is None:
            raise BuildError("IPv6: fragments need an identification; give one (RFC 7739)")
        head = Fragment(identification=identification, next_header=last.next_header)
        heads = (*heads[:-1], replace(last, next_header=Fragment.IP_PROTOCOL), head)
    return _Whole(datagram.link, heads, body, _size(behind))


def _is_mark(header: Header) -> bool:
    """Whether it is a fragment header around a whole, which says where to cut."""
    return isinstance(header, Fragment) and header.offset == 0 and not header.more


Chain = tuple[IPv6 | Extension, ...]


def _split(headers: tuple[Header, ...]) -> tuple[Chain, tuple[Header, ...]]:
    """Return the headers before every fragment, and those that only the first may have.

    The former are for nodes on the way: they end with the routing header, or else with the
    hop-by-hop options (RFC 8200 §4.5). If there is a fragment header, they end with that.
    """
    chain: list[IPv6 | Extension] = []
    for header in headers:
        if not isinstance(header, IPv6 | Extension) or (chain and isinstance(header, IPv6)):
            break
        if header.IP_PROTOCOL == IPProtocol.ESP:
            break  # what is behind is secret, and where the chain of headers ends (RFC 7112)
        chain.append(header)
    routing = [place for place, header in enumerate(chain) if isinstance(header, Routing)]
    hops = [place for place, header in enumerate(chain[:2]) if isinstance(header, HopByHop)]
    marks = [place for place, header in enumerate(chain) if _is_mark(header)]
    end = max(marks[:1] or routing or hops or [0]) + 1
    return tuple(chain[:end]), headers[end : len(chain) + 1]


def _size(headers: Iterable[Header]) -> int:
    return sum(len(header.pack()) for header in headers)
