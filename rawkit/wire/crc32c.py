"""CRC32c, the checksum of SCTP (RFC 9260 appendix A; Castagnoli's polynomial)."""

from functools import cache

from rawkit.wire.checksum import Buffer

POLYNOMIAL = 0x82F63B78
"""0x1EDC6F41, its bits in reverse order: the first bit on the wire is the lowest here."""
ALL_ONES = 0xFFFF_FFFF


def crc32c(data: Buffer) -> int:
    """Return the CRC32c of ``data``; SCTP sends it with its lowest octet first."""
    table = _table()
    crc = ALL_ONES
    for octet in bytes(data):
        crc = table[(crc ^ octet) & 0xFF] ^ crc >> 8
    return crc ^ ALL_ONES


@cache
def _table() -> tuple[int, ...]:
    """Return what each value of an octet does to the rest: eight steps of the division."""
    table = []
    for octet in range(256):
        crc = octet
        for _ in range(8):
            crc = crc >> 1 ^ (POLYNOMIAL if crc & 1 else 0)
        table.append(crc)
    return tuple(table)
