"""What IGMPv3 and MLDv2 have in common: group records, the end of queries, short floating times.

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0      record type           is, becomes, or changes: see :class:`RecordType`
1      auxiliary length      in units of 4 octets; no use is known
2-3    number of sources
4-     group                 4 octets (RFC 3376 §4.2) or 16 (RFC 3810 §5.2)
       sources               as long each
       auxiliary data
====== ===================== =================================================

A query ends, after the group, like this (RFC 3376 §4.1; RFC 3810 §5.1):

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0      reserved, S, QRV      4 bits; suppress; the querier's robustness variable, 3 bits
1      QQIC                  code of its query interval
2-3    number of sources
4-     sources               4 or 16 octets each
====== ===================== =================================================

A time below half of what its bits can hold stands for itself. Others are an exponent of 3 bits
and a mantissa, whose highest bit is left out: ``(mantissa | top) << (exponent + 3)``
(RFC 3376 §4.1.1; RFC 3810 §5.1.3).
"""

import struct
from collections.abc import Iterable
from enum import IntEnum

from rawkit.errors import BuildError, TruncatedError
from rawkit.record import computed, record
from rawkit.wire.address import Address, ipv4_address, ipv6_address

LAYOUT = struct.Struct("!BBH")
TAIL = struct.Struct("!BBH")
SUPPRESS, SUPPRESS_SHIFT, ROBUSTNESS, RESERVED_SHIFT = 0x08, 3, 0b111, 4
UNIT = 4
EXPONENT_BITS, EXPONENT_LEAST = 3, 3
LARGEST_EXPONENT = 7


class RecordType(IntEnum):
    """What a group record tells (RFC 3376 §4.2.12; RFC 3810 §5.2.12)."""

    MODE_IS_INCLUDE = 1
    """Answers: wants packets from these sources alone."""
    MODE_IS_EXCLUDE = 2
    """Answers: wants those from all sources but these; from all, if there are none."""
    CHANGE_TO_INCLUDE_MODE = 3
    """From now on; without sources: has left the group."""
    CHANGE_TO_EXCLUDE_MODE = 4
    """From now on; without sources: has joined the group."""
    ALLOW_NEW_SOURCES = 5
    BLOCK_OLD_SOURCES = 6


KNOWN = frozenset(map(int, RecordType))


@record
class GroupRecord:
    """What a host wants of one multicast group."""

    type: RecordType | int
    group: Address
    sources: tuple[Address, ...] = ()
    auxiliary: bytes = b""
    """A multiple of 4 octets."""
    count: int | None = computed(default=None)
    """How many sources there are."""
    auxiliary_length: int | None = computed(default=None)
    """In units of 4 octets."""

    def pack(self) -> bytes:
        """Return its octets.

        Raises:
            BuildError: a value does not fit, or an address is of the other family.
        """
        units, count = self.auxiliary_length, self.count
        if units is None:
            if len(self.auxiliary) % UNIT:
                raise BuildError(f"group record: auxiliary data of {len(self.auxiliary)} octets")
            units = len(self.auxiliary) // UNIT
        try:
            head = LAYOUT.pack(self.type, units, len(self.sources) if count is None else count)
        except struct.error as error:
            raise BuildError(f"group record: {error} in {self!r}") from error
        return head + addresses((self.group, *self.sources), None, self) + self.auxiliary

    def __str__(self) -> str:
        name = RecordType(self.type).name.lower() if self.type in KNOWN else str(self.type)
        shown = ", ".join(map(str, self.sources))
        return f"{self.group} {name.replace('_', ' ')} {{{shown}}}"


def read_records(
    data: memoryview, count: int, size: int
) -> tuple[tuple[GroupRecord, ...], memoryview]:
    """Split ``data`` into group records and what follows them.

    Args:
        data: from the first record on.
        count: how many there are to be.
        size: octets of an address.

    Raises:
        TruncatedError: they are more, or longer, than ``data``.
    """
    records = []
    for number in range(count):
        if len(data) < LAYOUT.size + size:
            raise TruncatedError(f"group record {number + 1} of {count}: {len(data)} octets")
        type_, units, sources = LAYOUT.unpack_from(data)
        middle = LAYOUT.size + (1 + sources) * size
        end = middle + units * UNIT
        if len(data) < end:
            raise TruncatedError(f"group record {number + 1} of {count}: {len(data)} of {end}")
        group, *others = read_addresses(data[LAYOUT.size : middle], size)
        kind = RecordType(type_) if type_ in KNOWN else type_
        auxiliary = bytes(data[middle:end])
        records.append(GroupRecord(kind, group, tuple(others), auxiliary, sources, units))
        data = data[end:]
    return tuple(records), data


def query_tail(
    of: object,
    bits: tuple[int, bool, int],
    interval_code: int,
    sources: tuple[Address, ...],
    *,
    count: int | None,
    size: int,
) -> bytes:
    """Return what stands behind the group in a query.

    Args:
        of: the query, for the error.
        bits: reserved bits, S flag and QRV.
        interval_code: QQIC.
        sources: all that are asked about.
        count: how many the query says they are; ``None``: as many as they are.
        size: octets of an address.

    Raises:
        BuildError: a value does not fit, or an address is of the other family.
    """
    reserved, suppress, robustness = bits
    first = reserved << RESERVED_SHIFT | suppress << SUPPRESS_SHIFT | robustness
    name = type(of).__name__
    if not 0 <= robustness <= ROBUSTNESS:
        raise BuildError(f"{name}: robustness above {ROBUSTNESS} in {of!r}")
    try:
        head = TAIL.pack(first, interval_code, len(sources) if count is None else count)
    except struct.error as error:
        raise BuildError(f"{name}: {error} in {of!r}") from error
    return head + addresses(sources, size, of)


def read_query_tail(
    data: memoryview, size: int
) -> tuple[tuple[int, bool, int], int, tuple[Address, ...], memoryview]:
    """Split what stands behind the group in a query into bits, QQIC and sources; and the rest.

    Args:
        data: at least 4 octets.
        size: octets of an address.

    Raises:
        TruncatedError: the sources are more than ``data``.
    """
    first, interval_code, count = TAIL.unpack_from(data)
    end = TAIL.size + count * size
    if len(data) < end:
        raise TruncatedError(f"query of {count} sources: {len(data)} of {end} octets")
    bits = (first >> RESERVED_SHIFT, bool(first & SUPPRESS), first & ROBUSTNESS)
    return bits, interval_code, read_addresses(data[TAIL.size : end], size), data[end:]


def read_addresses(data: memoryview, size: int) -> tuple[Address, ...]:
    """Return the addresses, of so many octets each, that ``data`` is made of."""
    octets = bytes(data)
    read = ipv4_address if size == 4 else ipv6_address
    return tuple(read(octets[start : start + size]) for start in range(0, len(octets), size))


def pack_records(records: Iterable[GroupRecord], size: int) -> bytes:
    """Return the octets of group records.

    Args:
        records: all of one family.
        size: octets of an address of it.

    Raises:
        BuildError: a value does not fit, or an address is of the other family.
    """
    packed = []
    for one in records:
        packed.append(one.pack())
        addresses((one.group,), size, one)
    return b"".join(packed)


def addresses(every: Iterable[Address], size: int | None, of: object) -> bytes:
    """Return addresses one behind the other.

    Args:
        every: the addresses.
        size: octets of each; ``None``: as many as the first has.
        of: whose they are, for the error.

    Raises:
        BuildError: one is none, or is of the other family.
    """
    name = type(of).__name__
    try:
        octets = [address.packed for address in every]
    except AttributeError as error:  # an address that is a string
        raise BuildError(f"{name}: {error} in {of!r}") from error
    wanted = size or (len(octets[0]) if octets else 0)
    if any(len(each) != wanted for each in octets):
        raise BuildError(f"{name}: an address of the other family in {of!r}")
    return b"".join(octets)


def time_of(code: int, bits: int) -> int:
    """Return what a code of so many bits (8 or 16) stands for, in whatever unit it has."""
    if code < 1 << (bits - 1):
        return code
    mantissa_bits = bits - 1 - EXPONENT_BITS
    top = 1 << mantissa_bits
    exponent = code >> mantissa_bits & LARGEST_EXPONENT
    return (code & (top - 1) | top) << (exponent + EXPONENT_LEAST)


def code_for(time: int, bits: int) -> int:
    """Return the code of so many bits (8 or 16) for the longest time up to ``time``.

    Raises:
        BuildError: it is negative, or beyond the longest that can be told.
    """
    if time < 0:
        raise BuildError(f"membership: a time of {time}")
    if time < 1 << (bits - 1):
        return time
    mantissa_bits = bits - 1 - EXPONENT_BITS
    exponent = time.bit_length() - 1 - mantissa_bits - EXPONENT_LEAST
    if exponent > LARGEST_EXPONENT:
        raise BuildError(f"membership: a time of {time}, above {time_of((1 << bits) - 1, bits)}")
    mantissa = time >> (exponent + EXPONENT_LEAST) & ((1 << mantissa_bits) - 1)
    return 1 << (bits - 1) | exponent << mantissa_bits | mantissa
