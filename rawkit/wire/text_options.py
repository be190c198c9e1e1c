"""What the options of IPv4, IPv6 and TCP mean, one a line; and where a routing header leads."""

from collections.abc import Iterator

from rawkit.record import fields
from rawkit.wire import ip_options, tcp_options
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.packet import Header
from rawkit.wire.tcp import TCP


def option_meanings(header: Header) -> Iterator[str]:
    """Yield what the options of a header say, or where it leads."""
    match header:
        case IPv4(options=options):
            yield from map(shown, ip_options.decode(options))
        case TCP(options=options):
            yield from map(shown, tcp_options.decode(options))
        case _:
            yield from _of_extensions(header)


def _of_extensions(header: Header) -> Iterator[str]:
    from rawkit.wire import ipv6_options, routing
    from rawkit.wire.extensions import Options, Routing

    match header:
        case Options(options=octets):
            yield from map(shown, ipv6_options.decode(octets))
        case Routing():
            route = routing.decode(header)
            if route is not None:
                yield shown(route)


def shown(value: object) -> str:
    """Return a record as text, addresses as one writes them, and nothing where there is none."""
    told = (
        f"{field.name}={_told(getattr(value, field.name))}"
        for field in fields(value)
        if getattr(value, field.name) != b""
    )
    return f"{type(value).__name__}({', '.join(told)})"


def _told(value: object) -> str:
    match value:
        case bytes():
            return f"0x{value.hex()}"
        case tuple():
            return f"[{', '.join(map(_told, value))}]"
        case _ if hasattr(value, "__record_fields__"):
            return shown(value)
    return str(int(value)) if isinstance(value, int) and not isinstance(value, bool) else str(value)
