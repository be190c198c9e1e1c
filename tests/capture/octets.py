"""Capture files put together by hand, after the specifications and not by our writer."""

import struct

MARKS = {"little": "<", "big": ">"}
SECTION_MAGIC = 0x1A2B3C4D


def pcap(
    *records: tuple[int, int, int, bytes],
    order: str = "little",
    magic: int = 0xA1B2C3D4,
    snap_length: int = 262144,
    link_type: int = 1,
) -> bytes:
    """Return a pcap file; a record: seconds, parts of a second, length, octets kept."""
    mark = MARKS[order]
    head = struct.pack(f"{mark}IHHiIII", magic, 2, 4, 0, 0, snap_length, link_type)
    return head + b"".join(
        struct.pack(f"{mark}IIII", seconds, parts, len(kept), length) + kept
        for seconds, parts, length, kept in records
    )


def option(code: int, value: bytes, order: str = "little") -> bytes:
    """Return an option."""
    return struct.pack(f"{MARKS[order]}HH", code, len(value)) + value + bytes(-len(value) % 4)


def block(kind: int, body: bytes, order: str = "little") -> bytes:
    """Return a block around a body."""
    size = struct.pack(f"{MARKS[order]}I", len(body) + 12)
    return struct.pack(f"{MARKS[order]}I", kind) + size + body + size


def section(*options: bytes, order: str = "little", length: int = -1) -> bytes:
    """Return the header of a section."""
    head = struct.pack(f"{MARKS[order]}IHHq", SECTION_MAGIC, 1, 0, length)
    return block(0x0A0D0D0A, head + closed(options), order)


def interface(
    link_type: int = 1, snap_length: int = 0, *options: bytes, order: str = "little"
) -> bytes:
    """Return the description of an interface."""
    head = struct.pack(f"{MARKS[order]}HHI", link_type, 0, snap_length)
    return block(1, head + closed(options), order)


def packet(
    octets: bytes, units: int = 0, number: int = 0, *options: bytes,
    length: int | None = None, order: str = "little",
) -> bytes:  # fmt: skip
    """Return an enhanced packet block."""
    whole = len(octets) if length is None else length
    head = struct.pack(
        f"{MARKS[order]}IIIII", number, units >> 32, units & 0xFFFF_FFFF, len(octets), whole
    )
    return block(6, head + octets + bytes(-len(octets) % 4) + closed(options), order)


def closed(options: tuple[bytes, ...]) -> bytes:
    """Return options with the mark of their end, if there are any."""
    return b"".join([*options, bytes(4)]) if options else b""
