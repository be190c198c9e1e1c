"""What the IPv4 options of a reply say, in ping(8)'s words."""

from collections.abc import Callable, Iterator
from ipaddress import IPv4Address

from rawkit.wire.ip_options import (
    End,
    Malformed,
    NoOperation,
    Option,
    RecordRoute,
    SourceRoute,
    Stamp,
    Timestamp,
    decode,
    encode,
)

Shown = Callable[[IPv4Address], str]
NOT_STANDARD = 1 << 31
"""Set in a time that does not count milliseconds since midnight UTC."""


def describe(options: bytes, shown: Shown, *, same: bool = False) -> str:
    """Return the text after a reply's line.

    Args:
        options: the octets.
        shown: turns an address into text.
        same: they are the same as those before.
    """
    text = []
    for option in decode(options):
        if isinstance(option, End | Malformed):
            break
        text.append(_described(option, shown, same))
    return "".join(text)


def _described(option: Option, shown: Shown, same: bool) -> str:
    match option:
        case NoOperation():
            return "\nNOP"
        case RecordRoute(recorded=()):
            return ""
        case RecordRoute() if same:
            return "\t(same route)"
        case RecordRoute(recorded=addresses):
            return "\nRR: " + "".join(f"\t{_address(a, shown)}\n" for a in addresses)
        case SourceRoute(stations=stations, strict=strict):
            lines = "".join(f"\t{_address(a, shown)}\n" for a in stations)
            return f"\n{'S' if strict else 'L'}SRR: {lines}"
        case Timestamp():
            return _timestamp(option, shown)
        case _:
            return f"\nunknown option {encode(option)[0]:x}"


def _timestamp(option: Timestamp, shown: Shown) -> str:
    stamps = [stamp for stamp in option.stamps if stamp.time is not None]
    if not stamps:
        return ""
    hops = f"Unrecorded hops: {option.overflow}\n" if option.overflow else ""
    return "\nTS: " + "".join(_stamps(stamps, shown)) + hops


def _stamps(stamps: list[Stamp], shown: Shown) -> Iterator[str]:
    """Yield a line a stamp; all but the first of each kind relative to the one before."""
    before = {True: 0, False: 0}
    for stamp in stamps:
        time = stamp.time or 0
        odd = time >= NOT_STANDARD
        value, last = time % NOT_STANDARD, before[odd]
        before[odd] = value
        whom = "" if stamp.address is None else f"\t{_address(stamp.address, shown)}"
        when = f"{value - last}" if last else f"{value} absolute"
        yield f"{whom}\t{when}{' not-standard' if odd else ''}\n"


def _address(address: IPv4Address, shown: Shown) -> str:
    return shown(address) if int(address) else str(address)
