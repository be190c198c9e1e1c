"""Put fragments together, and take datagrams apart (RFC 791 §3.2, RFC 8200 §4.5)."""

from rawkit.record import field, record, replace
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.extensions import Fragment
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet

UNIT = 8
"""Octets that offsets are counted by."""
MOST_INCOMPLETE = 64
"""Datagrams of which some fragments are kept; of more, the oldest is given up."""
IPV4_HEADER, FRAGMENT_HEADERS = 20, 48
LARGEST_PAYLOAD = 65_535


@record
class Piece:
    """A fragment, and which datagram it is of."""

    key: tuple[object, ...]
    offset: int
    more: bool
    octets: bytes


@record(frozen=False)
class Reassembler:
    """Collects fragments until a datagram is whole."""

    _pieces: dict[tuple[object, ...], dict[int, Piece]] = field(default_factory=dict, init=False)

    def add(self, datagram: bytes) -> bytes | None:
        """Take a datagram in; return it, or the one it completes, or ``None``."""
        packet = dissect_ip(datagram)
        piece = _piece(packet, datagram)
        if piece is None:
            return datagram
        if piece.offset + len(piece.octets) > LARGEST_PAYLOAD:
            return None
        pieces = self._pieces.setdefault(piece.key, {})
        pieces[piece.offset] = piece
        while len(self._pieces) > MOST_INCOMPLETE:
            del self._pieces[next(iter(self._pieces))]
        payload = _joined(pieces)
        if payload is None:
            return None
        del self._pieces[piece.key]
        match packet.headers[0]:
            case IPv4() as ip:
                whole = replace(ip.recomputed(), more_fragments=False, fragment_offset=0)
                return whole.pack(payload)
            case IPv6() as ip:
                inside = packet[Fragment].next_header
                return replace(ip.recomputed(), next_header=inside).pack(payload)
        return None


@record(frozen=False)
class Fragmenter:
    """Takes datagrams apart that are too large."""

    _identification: int = field(default=0, init=False)

    def split(self, datagram: bytes, mtu: int) -> list[bytes]:
        """Return the datagram, or fragments of it that are no longer than ``mtu``."""
        if len(datagram) <= mtu:
            return [datagram]
        self._identification = number = self._identification + 1
        packet = dissect_ip(datagram)
        match packet.headers[0]:
            case IPv4() as ip:
                payload = datagram[IPV4_HEADER + len(ip.options) :]
                size = (mtu - IPV4_HEADER - len(ip.options)) // UNIT * UNIT
                bare = replace(ip.recomputed(), dont_fragment=False, identification=number & 0xFFFF)
                return [
                    replace(bare, fragment_offset=at // UNIT, more_fragments=more).pack(octets)
                    for at, more, octets in _slices(payload, size)
                ]
            case IPv6() as ip:
                size = (mtu - FRAGMENT_HEADERS) // UNIT * UNIT
                bare6 = replace(ip.recomputed(), next_header=Fragment.IP_PROTOCOL)
                return [
                    bytes(
                        bare6
                        / Fragment(at // UNIT, more, number, next_header=ip.next_header)
                        / octets
                    )
                    for at, more, octets in _slices(datagram[40:], size)
                ]
        return [datagram]


def _slices(payload: bytes, size: int) -> list[tuple[int, bool, bytes]]:
    """Cut a payload: where each slice begins, whether more follow, and its octets."""
    places = range(0, len(payload), size)
    return [(at, at + size < len(payload), payload[at : at + size]) for at in places]


def _piece(packet: Packet, datagram: bytes) -> Piece | None:
    """Return the fragment that a datagram is; ``None`` if it is whole."""
    match packet.headers:
        case (IPv4() as ip, *_) if ip.more_fragments or ip.fragment_offset:
            key = (ip.src, ip.dst, ip.protocol, ip.identification)
            octets = datagram[IPV4_HEADER + len(ip.options) :]
            return Piece(key, ip.fragment_offset * UNIT, ip.more_fragments, octets)
        case (IPv6() as ip, Fragment() as fragment, *_):
            key6 = (ip.src, ip.dst, fragment.identification)
            octets = datagram[FRAGMENT_HEADERS:]
            return Piece(key6, fragment.offset * UNIT, fragment.more, octets)
    return None


def _joined(pieces: dict[int, Piece]) -> bytes | None:
    """Return all octets if there is no gap, and the last piece is there."""
    payload = b""
    for at in sorted(pieces):
        piece = pieces[at]
        if at != len(payload):
            return None
        payload += piece.octets
        if not piece.more:
            return payload
    return None
