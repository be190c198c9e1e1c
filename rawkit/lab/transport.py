"""Hosts at the end of a path that speak TCP and UDP (RFC 9293, RFC 768), without memory.

A SYN-ACK's sequence number follows from addresses and ports, as with SYN cookies, so what
comes later can be told from what belongs to no connection. Data is acknowledged and thrown
away.
"""

import zlib
from collections.abc import Container
from typing import NamedTuple

from rawkit.errors import UsageError
from rawkit.record import record
from rawkit.wire.address import Address
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP

EVERY_PORT = range(65_536)
NO_PORT = range(0)
NUMBERS = 1 << 32
"""Sequence numbers wrap here."""
MSS_1460 = bytes.fromhex("0204 05b4")
"""The option: the longest segment that is taken (RFC 9293 §3.7.1)."""


@record
class Ports:
    """What a host does with segments or datagrams for a port; it refuses all not named.

    Raises:
        UsageError: it cannot tell what is in there.
    """

    open: Container[int] = NO_PORT
    """TCP: connections are taken. UDP: datagrams come back as they are."""
    silent: Container[int] = NO_PORT
    """Nothing comes back, as behind a firewall that drops."""

    def __post_init__(self) -> None:
        for name in ("open", "silent"):
            if not isinstance(getattr(self, name), Container):
                raise UsageError(
                    f"{name}: {getattr(self, name)!r} is not ports in a tuple or range"
                )


class Ends(NamedTuple):
    """Who speaks to whom."""

    theirs: Address
    ours: Address


def answer_tcp(segment: TCP, payload: bytes, ends: Ends, ports: Ports) -> Packet | None:
    """Return the segment that answers this one; ``None``: there is none to be given."""
    flags = segment.flags
    if segment.dst_port in ports.silent or flags & Flags.RST:
        return None
    if segment.dst_port not in ports.open:
        return _reset(segment, payload)
    cookie = _cookie(segment, ends)
    if flags & Flags.SYN:
        # A SYN with an ACK answers nothing that we have asked (RFC 9293 §3.10.7.2).
        return _reset(segment, payload) if flags & Flags.ACK else _syn_ack(segment, cookie)
    if not flags & Flags.ACK:
        return None
    acknowledged = (segment.acknowledgment - cookie) % NUMBERS
    if acknowledged == 1:
        return _acknowledged(segment, payload)
    return None if acknowledged == 2 else _reset(segment, payload)  # 2: our FIN, too


def answer_udp(datagram: UDP, payload: bytes, ports: Ports) -> Packet | None:
    """Return the datagram that answers this one; ``None``: the port is not open."""
    if datagram.dst_port not in ports.open:
        return None
    return UDP(datagram.dst_port, datagram.src_port) / payload


def _cookie(segment: TCP, ends: Ends) -> int:
    """Return the number that we would start a connection with."""
    ports = segment.src_port.to_bytes(2, "big") + segment.dst_port.to_bytes(2, "big")
    return zlib.crc32(ends.theirs.packed + ends.ours.packed + ports)


def _syn_ack(segment: TCP, cookie: int) -> Packet:
    expected = (segment.sequence + 1) % NUMBERS
    flags = Flags.SYN | Flags.ACK
    return _back(segment, cookie, expected, flags, options=MSS_1460) / b""


def _acknowledged(segment: TCP, payload: bytes) -> Packet | None:
    """Take what a connection brings: data, its end, or nothing."""
    if not _length(segment, payload):
        return None
    expected = (segment.sequence + _length(segment, payload)) % NUMBERS
    flags = Flags.ACK | (segment.flags & Flags.FIN)
    return _back(segment, segment.acknowledgment, expected, flags) / b""


def _reset(segment: TCP, payload: bytes) -> Packet:
    """Say that there is no such connection (RFC 9293 §3.10.7.1)."""
    if segment.flags & Flags.ACK:
        return _back(segment, segment.acknowledgment, 0, Flags.RST, window=0) / b""
    expected = (segment.sequence + _length(segment, payload)) % NUMBERS
    return _back(segment, 0, expected, Flags.RST | Flags.ACK, window=0) / b""


def _length(segment: TCP, payload: bytes) -> int:
    """Return how many sequence numbers a segment takes."""
    controls = bool(segment.flags & Flags.SYN) + bool(segment.flags & Flags.FIN)
    return len(payload) + controls


def _back(
    segment: TCP,
    sequence: int,
    acknowledgment: int,
    flags: Flags,
    window: int = 64_240,
    options: bytes = b"",
) -> TCP:
    return TCP(
        segment.dst_port,
        segment.src_port,
        sequence,
        acknowledgment,
        flags,
        window,
        options=options,
    )
