"""What options say to a connection: those of a SYN, and the two that other segments have.

RFC 9293 §3.2 (maximum segment size), RFC 7323 (window scale, timestamps), RFC 2018 and
RFC 2883 (selective acknowledgments), RFC 5482 (user timeout).
"""

import struct

from rawkit.record import record
from rawkit.tcp.segment import WRAP
from rawkit.wire.tcp_options import (
    Kind,
    MaximumSegmentSize,
    NoOperation,
    Option,
    SackPermitted,
    Timestamps,
    UserTimeout,
    WindowScale,
    decode,
    encode,
)

HIGHEST_SHIFT = 14
"""RFC 7323 §2.3: of a larger one, log it and use 14."""
TIMESTAMPS = struct.Struct("!HBBII")
TWO_NUMBERS = struct.Struct("!II")
PADDED_TIMESTAMPS = 0x0101, int(Kind.TIMESTAMPS), 10
"""Two octets of padding, kind and length: as everybody lays them out (RFC 7323 App. A)."""
TIMESTAMPS_HEAD = bytes((1, 1, Kind.TIMESTAMPS, 10))
TIMESTAMPS_SIZE = TIMESTAMPS.size
SACK_HEAD = struct.Struct("!HBB")
BLOCK = TWO_NUMBERS.size
USUAL = struct.Struct("!HHIIIHBB")
USUAL_KINDS = 0x0204, 0x0402080A, 0x0103, 3
"""Kinds and lengths in a SYN of Linux: MSS, SACK permitted, timestamps, padding, window scale."""

Range = tuple[int, int]
"""What has arrived: from the first number to the one behind the last."""


@record
class Offer:
    """What one side says about itself in its SYN."""

    mss: int | None = None
    shift: int | None = None
    """By how many bits its windows are to be shifted; ``None``: it does not scale."""
    sack: bool = False
    timestamps: bool = False
    timestamp: int = 0
    user_timeout: UserTimeout | None = None


@record
class Agreed:
    """What holds for a connection, from the SYNs of both sides."""

    mss: int
    """Octets that a segment of ours carries at most; options are not yet taken off."""
    send_shift: int
    """By how much the other side shifts the windows that it gives."""
    receive_shift: int
    sack: bool
    timestamps: bool
    ecn: bool
    scaling: bool = False


def offer_in(options: bytes) -> Offer:
    """Read the options of a SYN. The last one of each kind counts."""
    if len(options) == USUAL.size:  # a server reads thousands of these a second
        first, size, second, value, _, third, fourth, said = USUAL.unpack(options)
        if (first, second, third, fourth) == USUAL_KINDS:
            return Offer(size, min(said, HIGHEST_SHIFT), True, True, value)
    mss: int | None = None
    shift: int | None = None
    sack = stamped = False
    stamp = 0
    timeout: UserTimeout | None = None
    for option in decode(options):
        match option:
            case MaximumSegmentSize(size=size):
                mss = size
            case WindowScale(shift=said):
                shift = min(said, HIGHEST_SHIFT)
            case SackPermitted():
                sack = True
            case Timestamps(value=value):
                stamped, stamp = True, value
            case UserTimeout():
                timeout = option
    return Offer(mss, shift, sack, stamped, stamp, timeout)


def syn_options(
    offer: Offer, timestamps: Timestamps | None, by_hand: tuple[Option, ...] | None
) -> bytes:
    """Return the options of a SYN of ours, in the order in which Linux has them."""
    if by_hand is not None:
        stamped = (timestamps if isinstance(one, Timestamps) else one for one in by_hand)
        return encode(*(one for one in stamped if one is not None))
    mss, shift = offer.mss, offer.shift
    usual = offer.sack and offer.user_timeout is None
    if usual and timestamps is not None and mss is not None and shift is not None:
        first, second, third, fourth = USUAL_KINDS
        stamps = timestamps.value, timestamps.echo
        return USUAL.pack(first, mss, second, *stamps, third, fourth, shift)
    options: list[Option] = []
    if offer.mss is not None:
        options.append(MaximumSegmentSize(offer.mss))
    if timestamps is not None:
        options += [SackPermitted()] if offer.sack else [NoOperation(), NoOperation()]
        options.append(timestamps)
    elif offer.sack:
        options += [NoOperation(), NoOperation(), SackPermitted()]
    if offer.shift is not None:
        options += [NoOperation(), WindowScale(offer.shift)]
    if offer.user_timeout is not None:
        options.append(offer.user_timeout)
    return encode(*options)


def timestamps_in(options: bytes) -> Range | None:
    """Return value and echo of the timestamps option, or ``None`` if it is not there."""
    if options[:4] == TIMESTAMPS_HEAD and len(options) >= TIMESTAMPS_SIZE:
        value, echo = TWO_NUMBERS.unpack_from(options, 4)
        return value, echo
    place = _place_of(options, Kind.TIMESTAMPS)
    if place is None or options[place + 1] != 10:
        return None
    value, echo = TWO_NUMBERS.unpack_from(options, place + 2)
    return value, echo


def sack_blocks_in(options: bytes) -> list[Range]:
    """Return the blocks of the SACK option as 32-bit numbers; none if it is not there."""
    place = _place_of(options, Kind.SACK)
    if place is None:
        return []
    end = place + options[place + 1]
    return [TWO_NUMBERS.unpack_from(options, at) for at in range(place + 2, end - 7, BLOCK)]


def timestamps_option(value: int, echo: int) -> bytes:
    """Return the timestamps option, padded in front."""
    return TIMESTAMPS.pack(*PADDED_TIMESTAMPS, value & WRAP, echo & WRAP)


def sack_option(blocks: list[Range]) -> bytes:
    """Return the SACK option of at least one block, padded in front."""
    head = SACK_HEAD.pack(0x0101, Kind.SACK, 2 + BLOCK * len(blocks))
    return head + b"".join(TWO_NUMBERS.pack(left & WRAP, right & WRAP) for left, right in blocks)


def sack_blocks_that_fit(room: int) -> int:
    """Return how many blocks a SACK option of so many octets holds, padding included."""
    return max(0, (room - SACK_HEAD.size) // BLOCK)


def _place_of(options: bytes, kind: int) -> int | None:
    """Return where an option begins whose length field can be trusted."""
    at, size = 0, len(options)
    while at < size:
        this = options[at]
        if this == Kind.NO_OPERATION:
            at += 1
            continue
        if this == Kind.END or at + 1 >= size:
            return None
        length = options[at + 1]
        if length < 2 or at + length > size:
            return None
        if this == kind:
            return at
        at += length
    return None
