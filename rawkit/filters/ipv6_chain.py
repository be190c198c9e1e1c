"""BPF code that walks over the extension headers of IPv6 (RFC 8200 §4).

The kernel takes programs without loops only, so the code for one header is there as often
as it goes on. RFC 8200 §4.1 names six headers that may stand before the upper layer's.
"""

from rawkit.filters.values import LATER_FRAGMENT
from rawkit.wire.bpf import (
    ADD,
    ADD_X,
    JUMP_ALWAYS,
    JUMP_EQUAL,
    JUMP_SET,
    LOAD,
    LOAD_BYTE,
    LOAD_BYTE_FROM_X,
    LOAD_HALF_FROM_X,
    LOAD_MEMORY,
    LOAD_X,
    OR,
    SHIFT_LEFT,
    STORE_MEMORY,
    STORE_X,
    TO_X,
    Line,
    Op,
)
from rawkit.wire.numbers import IPProtocol

MOST_HEADERS = 6
PROTOCOL_WORD, OFFSET_WORD, SCRATCH_WORD = 15, 14, 13
"""Words of memory: what was found, where it begins after the start of the IPv6 header, and one
for the walk itself."""
NEXT_HEADER, HEADER = 6, 40
OFFSET_BITS = 0xFFF8


def walk(ip: int, mark: str) -> list[Line]:
    """Return code that finds what is behind all extension headers.

    A and ``PROTOCOL_WORD`` then hold its number, plus ``LATER_FRAGMENT`` in such a fragment;
    X and ``OFFSET_WORD`` where it begins.

    Args:
        ip: where the IPv6 header begins.
        mark: makes the labels ones of their own.
    """
    return [
        *_to_first(ip),
        *(line for level in range(MOST_HEADERS) for line in _past_one(ip, mark, level, "end")),
        Op(JUMP_ALWAYS, 0, f"end {mark}"),
        f"later {mark}",
        Op(LOAD_BYTE_FROM_X, ip),
        Op(OR, LATER_FRAGMENT),
        f"end {mark}",
        Op(STORE_MEMORY, PROTOCOL_WORD),
        Op(STORE_X, OFFSET_WORD),
    ]


def search(ip: int, number: int, mark: str, found: str, missing: str) -> list[Line]:
    """Return code that looks for one of the headers.

    Args:
        ip: where the IPv6 header begins.
        number: of the header that is looked for.
        mark: makes the labels ones of their own.
        found: where to go if it is there.
        missing: where to go if it is not.
    """
    is_it = Op(JUMP_EQUAL, number, found)
    lines = _to_first(ip)
    for level in range(MOST_HEADERS):
        lines += [is_it, *_past_one(ip, mark, level, "end")]
    return [
        *lines,
        Op(JUMP_ALWAYS, 0, f"end {mark}"),
        f"later {mark}",
        Op(LOAD_BYTE_FROM_X, ip),
        f"end {mark}",
        Op(JUMP_EQUAL, number, found, missing),
    ]


def _to_first(ip: int) -> list[Line]:
    return [Op(LOAD_BYTE, ip + NEXT_HEADER), Op(LOAD_X, HEADER)]


def _past_one(ip: int, mark: str, level: int, end: str) -> list[Line]:
    """Move X past one header, and A to the number of the next, from the number of this one.

    Goes to ``end`` where this is no extension header, and to ``later`` where it is that
    of a later fragment: what is behind it is no header.
    """
    here = f"{mark} {level}"
    next_and_length: list[Line] = [
        Op(LOAD_BYTE_FROM_X, ip),
        Op(STORE_MEMORY, SCRATCH_WORD),
        Op(LOAD_BYTE_FROM_X, ip + 1),
    ]
    return [
        Op(JUMP_EQUAL, IPProtocol.HOP_BY_HOP, f"options {here}"),
        Op(JUMP_EQUAL, IPProtocol.DESTINATION_OPTIONS, f"options {here}"),
        Op(JUMP_EQUAL, IPProtocol.ROUTING, f"options {here}"),
        Op(JUMP_EQUAL, IPProtocol.FRAGMENT, f"fragment {here}"),
        Op(JUMP_EQUAL, IPProtocol.AUTHENTICATION, "", f"{end} {mark}"),
        *next_and_length,
        Op(ADD, 2),
        Op(SHIFT_LEFT, 2),  # RFC 4302 §2.2: in units of 4 octets, less 2
        Op(JUMP_ALWAYS, 0, f"past {here}"),
        f"options {here}",
        *next_and_length,
        Op(ADD, 1),
        Op(SHIFT_LEFT, 3),
        Op(JUMP_ALWAYS, 0, f"past {here}"),
        f"fragment {here}",
        Op(LOAD_HALF_FROM_X, ip + 2),
        Op(JUMP_SET, OFFSET_BITS, f"later {mark}"),
        Op(LOAD_BYTE_FROM_X, ip),
        Op(STORE_MEMORY, SCRATCH_WORD),
        Op(LOAD, 8),
        f"past {here}",
        Op(ADD_X),
        Op(TO_X),
        Op(LOAD_MEMORY, SCRATCH_WORD),
    ]
