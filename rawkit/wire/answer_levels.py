"""The conversations in a packet: each IP header with what it carries, for who compares two."""

from collections.abc import Iterator
from ipaddress import IPv4Address

from rawkit.record import record
from rawkit.wire.address import Address
from rawkit.wire.extensions import Extension, Fragment, Routing
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Header, Packet

LIMITED_BROADCAST = IPv4Address("255.255.255.255")


@record
class Level:
    """One IP header of a packet, and what it carries."""

    ip: IPv4 | IPv6
    src: Address
    dst: Address
    """The final destination, with a source route or a routing header, too."""
    stops: tuple[Address, ...]
    """The destinations that the header may have on its way, the final one apart."""
    protocol: int | None
    """What is behind the extension headers, if there are any."""
    upper: Header | None
    """The same as a header; ``None``: it was not read, and is the payload."""
    behind: tuple[Header, ...]
    """All headers behind that."""
    payload: bytes
    is_later_fragment: bool

    @property
    def goes_to_many(self) -> bool:
        """Whether others than ``dst`` may answer: it is a group, or nobody's address."""
        dst = self.dst
        return dst.is_multicast or dst == LIMITED_BROADCAST or dst.is_unspecified


def levels_of(packet: Packet) -> tuple[Level, ...]:
    """Return the levels of a packet, outermost first; what an ICMP error quotes is none."""
    return tuple(_levels(packet))


def _levels(packet: Packet) -> Iterator[Level]:
    headers = packet.headers
    for place, header in enumerate(headers):
        if header.QUOTES is not None:
            return
        if isinstance(header, IPv4 | IPv6):
            yield _level(header, headers[place + 1 :], packet.payload)


def _level(ip: IPv4 | IPv6, inside: tuple[Header, ...], payload: bytes) -> Level:
    final = ip.covering(None)
    protocol = ip.protocol if isinstance(ip, IPv4) else ip.next_header
    later = isinstance(ip, IPv4) and ip.fragment_offset != 0
    stops: list[Address] = [ip.dst, *_stops_of_options(ip)]
    place = 0
    while place < len(inside) and isinstance(extension := inside[place], Extension):
        final = extension.covering(final)
        protocol = extension.next_header
        later = later or (isinstance(extension, Fragment) and extension.offset != 0)
        if isinstance(extension, Routing):
            stops += _stops_of_routing(ip, extension)
        place += 1
    upper = inside[place] if place < len(inside) else None
    dst = final.dst if isinstance(final, IPv4 | IPv6) else ip.dst
    return Level(
        ip, ip.src, dst, tuple(stops), protocol, upper, inside[place + 1 :], payload, later
    )


def _stops_of_options(ip: IPv4 | IPv6) -> Iterator[Address]:
    if not isinstance(ip, IPv4) or not ip.options:
        return
    from rawkit.wire import ip_options

    for option in ip_options.decode(ip.options):
        if isinstance(option, ip_options.SourceRoute):
            yield from option.stations


def _stops_of_routing(ip: IPv4 | IPv6, header: Routing) -> Iterator[Address]:
    from rawkit.wire import routing

    match routing.decode(header):
        case routing.SourceRoute(stations=stations):
            yield from stations
        case routing.HomeRoute(home=home):
            yield home
        case routing.RplRoute() as route if isinstance(ip, IPv6):
            yield from route.stations(ip.dst)
        case routing.SegmentRoute(segments=segments):
            yield from segments
