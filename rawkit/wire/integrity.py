"""Integrity check values of AH and ESP: made, and looked at (RFC 4302 §3.3.3, RFC 4303 §2.8).

AH vouches for the IP header, too, in which routers change something. So what may change
counts as zeros (RFC 4302 App. A): in IPv4 DSCP, ECN, flags, fragment offset, TTL, checksum
and whole options, unless these never change; in IPv6 DSCP, ECN, flow label, hop limit and
the data of options that may change. The destination, and the stations of a route, count as
they will be when the packet arrives.
"""

from enum import Enum
from ipaddress import IPv6Address

from rawkit.errors import BuildError
from rawkit.record import replace
from rawkit.wire import ip_options, ipv6_option_values, ipv6_options, routing
from rawkit.wire.authentication import AH
from rawkit.wire.esp import ESP, NullESP
from rawkit.wire.extensions import Fragment, Options, Routing
from rawkit.wire.ip_options import Kind
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet

IMMUTABLE = (
    Kind.END,
    Kind.NO_OPERATION,
    Kind.SECURITY,
    Kind.EXTENDED_SECURITY,
    Kind.COMMERCIAL_SECURITY,
    Kind.ROUTER_ALERT,
    Kind.MULTI_DESTINATION,
)
"""Options of IPv4 that no router changes (RFC 4302 App. A1)."""


class Integrity(Enum):
    """How a value is made: the hash that HMAC works with, and the octets that are kept."""

    HMAC_MD5_96 = "md5", 12
    """RFC 2403; not to be used any more (RFC 8221)."""
    HMAC_SHA1_96 = "sha1", 12
    """RFC 2404."""
    HMAC_SHA256_128 = "sha256", 16
    """RFC 4868, as the two below."""
    HMAC_SHA384_192 = "sha384", 24
    HMAC_SHA512_256 = "sha512", 32

    @property
    def size(self) -> int:
        """Octets of a value."""
        return self.value[1]

    def of(self, key: bytes, covered: bytes) -> bytes:
        """Return the value over some octets."""
        import hmac

        return hmac.digest(key, covered, self.value[0])[: self.size]


def authenticated(
    packet: Packet, key: bytes, integrity: Integrity, high_sequence: int | None = None
) -> Packet:
    """Return the packet with the value that belongs into its outermost AH or NULL-encrypted ESP.

    Args:
        packet: whole, not a fragment.
        key: as long as the hash, or any other length.
        integrity: how the value is made.
        high_sequence: the upper 32 bits of an extended sequence number (RFC 4303 §2.2.1), if
            there is one; they count, and are not sent.

    Raises:
        BuildError: there is no such header, or it is not known what counts.
    """
    place, head = _protected(packet)
    if isinstance(head, ESP):
        raise BuildError("ESP: without its cipher it is not known what to authenticate")
    size = integrity.size
    if isinstance(head, AH):
        multiple = 8 if isinstance(packet.headers[_start(packet, place)], IPv6) else 4
        size += -(12 + size) % multiple
    blank = _with_header(packet, place, replace(head, icv=bytes(size)))
    icv = integrity.of(key, _covered(blank, place, integrity.size, high_sequence))
    return _with_header(packet, place, replace(head, icv=icv.ljust(size, b"\0")))


def is_authentic(
    packet: Packet, key: bytes, integrity: Integrity, high_sequence: int | None = None
) -> bool:
    """Whether the outermost AH or ESP header of a packet has the right value.

    Of encrypted ESP, the value is looked for at the end of the payload.

    Args:
        packet: as it was received, and put together.
        key: as for :func:`authenticated`, and so are the others.
        integrity: how the value is made.
        high_sequence: the upper 32 bits of an extended sequence number.

    Raises:
        BuildError: there is no such header, or it is not known what counts.
    """
    import hmac

    place, head = _protected(packet)
    found = packet.payload[-integrity.size :] if isinstance(head, ESP) else head.icv
    expected = integrity.of(key, _covered(packet, place, integrity.size, high_sequence))
    return hmac.compare_digest(found[: integrity.size], expected)


def _protected(packet: Packet) -> tuple[int, AH | ESP | NullESP]:
    """Return the outermost header that has a value, and its place."""
    for place, header in enumerate(packet.headers):
        if isinstance(header, AH | ESP | NullESP):
            return place, header
    raise BuildError(f"neither AH nor ESP in {packet.outline}")


def _with_header(packet: Packet, place: int, header: Header) -> Packet:
    headers = (*packet.headers[:place], header, *packet.headers[place + 1 :])
    return Packet(headers, packet.payload)


def _covered(packet: Packet, place: int, size: int, high_sequence: int | None) -> bytes:
    """Return the octets that a value is made over."""
    head = packet.headers[place]
    end = b"" if high_sequence is None else _upper_half(high_sequence)
    if isinstance(head, ESP):
        return head.pack(packet.payload[: max(0, len(packet.payload) - size)]) + end
    start = _start(packet, place)
    before = packet.headers[start:place]
    inside = _inside(before, Packet(packet.headers[place + 1 :], packet.payload))
    if isinstance(head, NullESP):
        return replace(head, icv=b"").pack(inside) + end
    assert isinstance(head, AH)
    blank = replace(head, icv=bytes(size) + head.icv[size:])
    return bytes(Packet((*_on_arrival(before), blank), inside)) + end


def _upper_half(number: int) -> bytes:
    if not 0 <= number < 1 << 32:
        raise BuildError(f"high_sequence: {number} is not within 32 bits")
    return number.to_bytes(4, "big")


def _start(packet: Packet, place: int) -> int:
    """Return the place of the IP header around another, or of that if there is none."""
    places = (at for at in range(place - 1, -1, -1) if isinstance(packet.headers[at], IPv4 | IPv6))
    return next(places, place)


def _inside(before: tuple[Header, ...], behind: Packet) -> bytes:
    """Return the octets of some headers and a payload, as they are behind others."""
    whole = bytes(Packet((*before, *behind.headers), behind.payload))
    trailer = len(before[0].trailer) if before and isinstance(before[0], IPv4 | IPv6) else 0
    return whole[sum(len(header.pack()) for header in before) - trailer : len(whole) - trailer]


def _on_arrival(headers: tuple[Header, ...]) -> list[Header]:
    """Return headers with what may change on the way as zeros, or as it will be in the end.

    Raises:
        BuildError: they are of a fragment, or nobody has said what counts.
    """
    match headers:
        case (IPv4() as ip, *others) if not ip.more_fragments and not ip.fragment_offset:
            return [_ipv4_on_arrival(ip), *others]
        case (IPv6() as ip, *others):
            return _ipv6_on_arrival(ip, others)
    raise BuildError("AH: it is for whole datagrams with an IP header")


def _ipv4_on_arrival(ip: IPv4) -> IPv4:
    final = ip_options.final_destination(ip.options)
    options = b"".join(
        octets if octets[0] in IMMUTABLE else bytes(len(octets))
        for octets in ip_options.each(ip.options)
    )
    return replace(
        ip,
        dst=final or ip.dst,
        dscp=0,
        ecn=0,
        dont_fragment=False,
        reserved=False,
        ttl=0,
        checksum=0,
        options=options,
        trailer=b"",
    )


def _ipv6_on_arrival(ip: IPv6, others: list[Header]) -> list[Header]:
    ip = replace(ip, dscp=0, ecn=0, flow_label=0, hop_limit=0, trailer=b"")
    done: list[Header] = []
    for header in others:
        match header:
            case Fragment():
                raise BuildError("AH: it is for whole datagrams, and this is a fragment")
            case Options(options=octets):
                header = replace(header, options=_options_on_arrival(octets))
            case Routing(segments_left=left) if left:
                header, dst = _route_on_arrival(header, ip.dst)
                ip = replace(ip, dst=dst)
        done.append(header)
    return [ip, *done]


def _options_on_arrival(options: bytes) -> bytes:
    octets = bytearray()
    for one in ipv6_options.each(options):
        if one[0] == ipv6_option_values.Kind.HOME_ADDRESS:
            raise BuildError("AH: with a home address it is not known here what counts")
        octets += one[:2].ljust(len(one), b"\0") if ipv6_options.may_change(one[0]) else one
    return bytes(octets)


def _route_on_arrival(header: Routing, dst: IPv6Address) -> tuple[Routing, IPv6Address]:
    """Return a routing header and a destination as they are when all stations are behind."""
    match routing.decode(header):
        case routing.SourceRoute(stations=stations, reserved=reserved):
            pass
        case routing.HomeRoute(home=home, reserved=reserved):
            stations = (home,)
        case _:
            raise BuildError(f"AH: with a route of kind {header.kind} nobody has said what counts")
    left = header.segments_left
    if left > len(stations):
        raise BuildError(f"AH: {left} segments are left of {len(stations)}")
    ahead = (dst, *stations[len(stations) - left :])
    passed = (*stations[: len(stations) - left], *ahead[:-1])
    data = routing.SourceRoute(passed, reserved).packed()
    return replace(header, segments_left=0, data=data), ahead[-1]
