"""ESP: the IP Encapsulating Security Payload (RFC 4303 §2), whose insides are secret or not.

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0-3    SPI                   security parameters index: which key
4-7    sequence number
8-     payload               encrypted from here on, with the NULL cipher as it is
       padding               1, 2, 3 … (RFC 4303 §2.4)
       pad length
       next header           what the payload is; the end of what is encrypted
       ICV                   integrity check value, if any
====== ===================== =================================================

Nothing on the wire says whether the cipher is NULL (RFC 2410), nor how long the ICV is.
So a packet that is read has an :class:`ESP` header and the rest for its payload. Who knows
better says so: :func:`opened` reads it as :class:`NullESP` with an ICV of so many octets.
:func:`null_icv_length` makes a guess that is hardly ever wrong, after RFC 5879.
"""

import struct
from functools import partial
from typing import ClassVar, Self

from rawkit.errors import BuildError, ParseError, TruncatedError
from rawkit.record import computed, record
from rawkit.wire.dissect import dissect
from rawkit.wire.extensions import Extension
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.packet import Header, Packet
from rawkit.wire.received import Checksum
from rawkit.wire.verify import verdict

LAYOUT = struct.Struct("!II")
SIZE = LAYOUT.size
TRAILER = 2
"""Pad length and next header."""
UNIT = 4
"""Octets of which payload, padding and the trailer have a multiple."""
ICV_LENGTHS = (12, 16, 24, 32, 0)
"""Those to be expected, the likeliest first (RFC 5879 §8.3; the last: none at all)."""
HONEST_PADDING = bytes(range(1, 256))


@record
class ESP(Header):
    """The beginning of a datagram whose insides are not understood."""

    IP_PROTOCOL: ClassVar[int] = IPProtocol.ESP

    spi: int
    sequence: int

    @classmethod
    def parse(cls, data: memoryview) -> tuple[Self, memoryview]:
        if len(data) < SIZE:
            raise TruncatedError(f"ESP: {len(data)} of {SIZE} header octets")
        return cls(*LAYOUT.unpack_from(data)), data[SIZE:]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        return _head("ESP", self.spi, self.sequence) + payload


@record
class NullESP(Extension):
    """A header and a trailer around what is not encrypted (RFC 2410)."""

    IP_PROTOCOL: ClassVar[int] = IPProtocol.ESP

    spi: int
    sequence: int
    icv: bytes = b""
    padding: bytes | None = computed(default=None)
    """Works out so that all in front of the ICV has a multiple of 4 octets."""
    pad_length: int | None = computed(default=None)

    @classmethod
    def parse(cls, data: memoryview, icv_length: int = 0) -> tuple[Self, memoryview]:
        end = len(data) - icv_length
        if end < SIZE + TRAILER:
            raise TruncatedError(f"NullESP: {len(data)} of {SIZE + TRAILER + icv_length} octets")
        spi, sequence = LAYOUT.unpack_from(data)
        pad_length, next_header = data[end - TRAILER], data[end - 1]
        behind = end - TRAILER - pad_length
        if behind < SIZE:
            raise ParseError(f"NullESP: {pad_length} octets of padding, {SIZE - behind} too many")
        padding, icv = data[behind : end - TRAILER].tobytes(), data[end:].tobytes()
        header = cls(spi, sequence, icv, padding, pad_length, next_header=next_header)
        return header, data[SIZE:behind]

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        if self.next_header is None:
            raise BuildError("NullESP: next_header is unset and nothing inside implies it")
        padding = self.padding
        if padding is None:
            padding = HONEST_PADDING[: -(len(payload) + TRAILER) % UNIT]
        pad_length = len(padding) if self.pad_length is None else self.pad_length
        try:
            end = bytes((pad_length, self.next_header))
        except ValueError as error:
            raise BuildError(f"NullESP: {error} in {self}") from error
        head = _head("NullESP", self.spi, self.sequence)
        return head + payload + padding + end + self.icv


def opened(packet: Packet, icv_length: int) -> Packet:
    """Return a packet with what its ESP header carries read, as it is not encrypted.

    Args:
        packet: its last header is :class:`ESP`.
        icv_length: of the integrity check value behind, in octets; 0 for none.

    Raises:
        ParseError: it is no such packet, or its end is no trailer.
    """
    if not packet.headers or not isinstance(packet.headers[-1], ESP):
        raise ParseError(f"ESP: the last header is another one in {packet.outline}")
    *before, head = packet.headers
    parser = partial(NullESP.parse, icv_length=icv_length)
    inside = dissect(head.pack(packet.payload), parser)
    if not inside.headers and inside.error is not None:
        raise inside.error
    return Packet((*before, *inside.headers), inside.payload, inside.error)


def null_icv_length(packet: Packet) -> int | None:
    """Return the length of the ICV if a packet is not encrypted; ``None`` if nothing speaks for it.

    A trailer must be there, with honest padding, and a checksum behind it must be right:
    what is encrypted passes as this once in more than a hundred million times. A packet
    without a checksum inside never does (RFC 5879 §8).

    Args:
        packet: its last header is :class:`ESP`.
    """
    for length in ICV_LENGTHS:
        try:
            guess = opened(packet, length)
        except ParseError:
            continue
        if _is_convincing(guess, len(packet.headers)):
            return length
    return None


def _is_convincing(guess: Packet, place: int) -> bool:
    """Whether what stands behind a header that was guessed is no chance."""
    trailer = guess.headers[place - 1]
    assert isinstance(trailer, NullESP)
    padding = trailer.padding or b""
    return (
        guess.error is None
        and not _is_cut_short(guess)
        and padding == HONEST_PADDING[: len(padding)]
        and any(getattr(header, "checksum", None) for header in guess.headers[place:])
        and verdict(guess) is Checksum.VALID
    )


def _is_cut_short(packet: Packet) -> bool:
    """Whether an IP header in it announces more octets than there are."""
    for place, header in enumerate(packet.headers):
        size = len(bytes(Packet(packet.headers[place + 1 :], packet.payload)))
        match header:
            case IPv4(total_length=int(length)) if length > 20 + len(header.options) + size:
                return True
            case IPv6(payload_length=int(length)) if length > size:
                return True
    return False


def _head(name: str, spi: int, sequence: int) -> bytes:
    try:
        return LAYOUT.pack(spi, sequence)
    except struct.error as error:
        raise BuildError(f"{name}: {error}: SPI {spi}, sequence number {sequence}") from error
