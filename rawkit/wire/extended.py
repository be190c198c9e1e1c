"""Where the quote in an ICMP error ends and its extensions begin (RFC 4884 §5).

An extended error says in its length field how long the quote is, padded with
zeros to 128 octets or more; the extension structure follows. What stands in
that structure is read by :mod:`rawkit.wire.multipart`.
"""

from rawkit.wire.checksum import internet_checksum

MINIMUM = 128
"""Octets to which a quote is padded before extensions."""
LARGEST = 1280
"""No extension is looked for in what is longer (RFC 4884 §5, RFC 4443 §2.4 (c))."""
HEADER_SIZE = 4
VERSION = 2


def split(rest: memoryview, announced: int) -> tuple[memoryview, bytes]:
    """Split what follows an error's header into the quote and the extensions.

    Args:
        rest: all after the first 8 octets of the message.
        announced: the length field, in octets; 0 if it says nothing.
    """
    end = announced or MINIMUM
    if len(rest) < end + HEADER_SIZE:
        return rest, b""
    # Older routers append extensions and leave the length 0 (RFC 4884 §5.5); older hosts
    # left anything in the octet that is now the length. Both are settled by the checksum.
    if announced >= MINIMUM or _is_structure(rest[end:]):
        return rest[:end], bytes(rest[end:])
    return rest, b""


def padded(quote: bytes, unit: int) -> bytes:
    """Return ``quote`` as long as it must be before extensions.

    Args:
        quote: the octets of the packet that caused the error.
        unit: the unit of the length field, in octets.
    """
    size = max(MINIMUM, -(-len(quote) // unit) * unit)
    return quote.ljust(size, b"\0")


def _is_structure(data: memoryview) -> bool:
    return (
        data[0] >> 4 == VERSION
        and bytes(data[2:4]) != b"\0\0"
        and len(data) <= LARGEST
        and internet_checksum(data) == 0
    )
