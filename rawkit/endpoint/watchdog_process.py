"""The process behind :mod:`rawkit.endpoint.watchdog`: run by its path, and with nothing of rawkit.

It waits until whoever started it has died, reads the packets that he left behind, and sends them.
"""

import os
import select
import signal
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress

TABLE, OUT, STARTER = 3, 4, 5
"""Its descriptors: the file with the packets, a raw socket, and the process to watch (pidfd)."""
ROW = struct.Struct("=HxxI72s")
"""The size of the packet, or 0; its sequence number; and the packet, with 0 in that place."""
TCP_AT = {4: 20, 6: 40}
SEQUENCE, CHECKSUM = 4, 16
"""Where the TCP header has them."""
TRIES = (0.0, 0.3, 1.0)
"""Seconds before each time that all are sent: packets may be lost."""


def main() -> None:
    """Wait for the end of the starter, and say it for him."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        signal.signal(number, signal.SIG_IGN)  # when to go is the starter's to say, by SIGKILL
    poller = select.poll()
    poller.register(STARTER, select.POLLIN)
    poller.poll()
    with socket.socket(fileno=OUT) as out:
        for seconds in TRIES:
            select.select([], [], [], seconds)
            for packet in packets(os.pread(TABLE, os.fstat(TABLE).st_size, 0)):
                send(out, packet)


def packets(table: bytes) -> Iterator[bytes]:
    """Yield what is to be sent, with the right number and the right checksum."""
    for size, sequence, packet in ROW.iter_unpack(table[: len(table) // ROW.size * ROW.size]):
        if size:
            yield numbered(packet[:size], sequence)


def numbered(packet: bytes, sequence: int) -> bytes:
    """Return a packet with another sequence number than 0 (the checksum by RFC 1624)."""
    at = TCP_AT[packet[0] >> 4]
    made = bytearray(packet)
    struct.pack_into("!I", made, at + SEQUENCE, sequence)
    (checksum,) = struct.unpack_from("!H", made, at + CHECKSUM)
    total = (~checksum & 0xFFFF) + (sequence >> 16) + (sequence & 0xFFFF)
    total = (total & 0xFFFF) + (total >> 16)
    total = (total & 0xFFFF) + (total >> 16)
    struct.pack_into("!H", made, at + CHECKSUM, ~total & 0xFFFF)
    return bytes(made)


def send(out: socket.socket, packet: bytes) -> None:
    """Send one to where its IP header says; what the kernel does not take is lost."""
    where = (socket.AF_INET, packet[16:20]) if packet[0] >> 4 == 4 else (
        socket.AF_INET6, packet[24:40])  # fmt: skip
    with suppress(OSError):
        out.sendto(packet, (socket.inet_ntop(*where), 0))


if __name__ == "__main__":
    main()
