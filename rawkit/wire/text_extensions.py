"""What routing headers, AH and ESP say, in tcpdump(8)'s words."""

from rawkit.wire import routing
from rawkit.wire.authentication import AH
from rawkit.wire.esp import ESP, NullESP
from rawkit.wire.extensions import Routing
from rawkit.wire.packet import Header


def describe_route(header: Routing) -> str:
    """Return what a routing header says, the stations that can be read included."""
    told = [f"type={int(header.kind)}", f"segleft={header.segments_left}"]
    told += (f"[{number}]{one}" for number, one in enumerate(_stations(header)))
    return f"RT6 ({', '.join(told)})"


def describe_security(header: Header, inside: str, size: int | str) -> str:
    """Return what AH or ESP says.

    Args:
        header: that.
        inside: what it carries, in words; of no use if that is encrypted.
        size: octets from it on.
    """
    match header:
        case AH(spi=spi, sequence=sequence, icv=icv):
            value = f",icv=0x{icv.hex()}" if icv else ""
            return f"AH(spi=0x{spi:08x},seq=0x{sequence:x}{value}): {inside}"
        case NullESP(spi=spi, sequence=sequence):
            return f"ESP(spi=0x{spi:08x},seq=0x{sequence:x}): {inside}"
        case ESP(spi=spi, sequence=sequence):
            return f"ESP(spi=0x{spi:08x},seq=0x{sequence:x}), length {size}"
    return type(header).__name__


def _stations(header: Routing) -> list[str]:
    match routing.decode(header):
        case routing.SourceRoute(stations=stations):
            return [str(one) for one in stations]
        case routing.SegmentRoute(segments=segments):
            return [str(one) for one in segments]
        case routing.HomeRoute(home=home):
            return [str(home)]
        case routing.RplRoute(tails=tails):
            return [f"…{tail.hex()}" for tail in tails]
    return []
