"""What routers get wrong in the ICMP errors that they send."""

from collections.abc import Collection
from enum import Enum

from rawkit.lab import saying
from rawkit.record import replace
from rawkit.wire.address import Address
from rawkit.wire.packet import Header, Packet

PORTS = {6: 0, 17: 0, 1: 4, 58: 4}
"""Where the source port, or the identifier of an echo request, stands: by IP protocol."""
CHECKSUMS = {6: 16, 17: 6, 1: 2, 58: 2}
"""Where the checksum stands."""
LENGTH_BEYOND = 255
"""Units of 4 or 8 octets: more than an error may have altogether."""
CUT_OFF_AT = 4
"""Octets of the ICMP message that are left."""


class Mistake(Enum):
    """What is wrong with an error. All but ``CUT_OFF`` have a right ICMP checksum."""

    OTHERS_TARGET = "others-target"
    """It quotes a packet to somebody else, the numbers being ours."""
    OTHERS_PORT = "others-port"
    """It quotes a packet of another process: the source port, or the identifier of an echo
    request, is one more."""
    NO_QUOTE = "no-quote"
    """It quotes nothing."""
    HEADER_ONLY = "header-only"
    """It quotes the IP header and not an octet more."""
    SWAPPED_LENGTH = "swapped-length"
    """The octets of the quoted packet's length have changed places, as in a byte order
    forgotten."""
    ZEROED_CHECKSUMS = "zeroed-checksums"
    """The quoted checksums are zeros."""
    LENGTH_BEYOND = "length-beyond"
    """The extensions begin behind the end of the message, it says (RFC 4884)."""
    BAD_CHECKSUM = "bad-checksum"
    """Its ICMP checksum is wrong."""
    CUT_OFF = "cut-off"
    """The ICMP message ends after its checksum, which is that of the whole."""


def misread(packet: bytes, mistakes: Collection[Mistake], stranger: Address) -> bytes:
    """Return a datagram as a router with these faults takes it for what it has to quote."""
    wrong = bytearray(packet)
    six = packet[0] >> 4 == 6
    size, protocol = saying.header_size(packet), packet[6 if six else 9]
    if Mistake.OTHERS_TARGET in mistakes:
        wrong[slice(24, 40) if six else slice(16, 20)] = stranger.packed
    if Mistake.OTHERS_PORT in mistakes and (at := PORTS.get(protocol)) is not None:
        place = slice(size + at, size + at + 2)
        wrong[place] = (int.from_bytes(wrong[place], "big") + 1 & 0xFFFF).to_bytes(2, "big")
    if Mistake.SWAPPED_LENGTH in mistakes:
        first = 4 if six else 2
        wrong[first], wrong[first + 1] = wrong[first + 1], wrong[first]
    if not six:
        wrong[:] = saying.with_header_checksum(wrong)
    if Mistake.ZEROED_CHECKSUMS in mistakes:
        if not six:
            wrong[10:12] = b"\0\0"
        if (at := CHECKSUMS.get(protocol)) is not None:
            wrong[size + at : size + at + 2] = b"\0\0"
    return bytes(wrong)


def misquoted(error: Packet, mistakes: Collection[Mistake]) -> Packet:
    """Return an error, as :func:`saying.about` makes it, with faults in what it quotes."""
    header, octets = error.headers[0], error.payload
    if Mistake.NO_QUOTE in mistakes:
        octets = b""
    elif Mistake.HEADER_ONLY in mistakes:
        octets = octets[: saying.header_size(octets)]
    if Mistake.LENGTH_BEYOND in mistakes and isinstance(header, saying.EXTENSIBLE):
        header = replace(header, length=LENGTH_BEYOND)
    return header / octets


def mangled(ip: Header, error: Packet, mistakes: Collection[Mistake]) -> bytes:
    """Return the datagram with an error in it, spoilt as a whole."""
    if Mistake.CUT_OFF in mistakes:
        whole = bytes(ip / error)
        message = whole[saying.header_size(whole) :][:CUT_OFF_AT]
        return bytes(ip.carrying(error.headers[0]) / message)
    octets = bytearray(bytes(ip / error))
    if Mistake.BAD_CHECKSUM in mistakes:
        octets[saying.header_size(octets) + 2] ^= 0x55
    return bytes(octets)
