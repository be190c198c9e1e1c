"""What is asked and told of packet sockets beside the frames (packet(7))."""

import socket
import struct

from rawkit.sockets.options import PACKET_ADD_MEMBERSHIP, PACKET_STATISTICS

MEMBERSHIP = struct.Struct("@iHH8s")
"""struct packet_mreq: interface, kind, length of the address, address."""
STATISTICS = struct.Struct("@II")
"""struct tpacket_stats: arrived, and those of them that were dropped."""


def join(sock: socket.socket, index: int, kind: int, address: bytes = b"") -> None:
    """Have an interface take in more than what is for this host, until the socket closes.

    Args:
        sock: a packet socket.
        index: the number of the interface.
        kind: ``PACKET_MR_…``.
        address: the hardware address of a group.
    """
    PACKET_ADD_MEMBERSHIP.set(sock, MEMBERSHIP.pack(index, kind, len(address), address))


def statistics(sock: socket.socket) -> tuple[int, int]:
    """Return how many frames passed the filter since the last question, and how many were lost.

    The kernel forgets what it has told. Those that were lost had passed, too.
    """
    told = sock.getsockopt(PACKET_STATISTICS.level, PACKET_STATISTICS.number, STATISTICS.size)
    arrived, dropped = STATISTICS.unpack(told)
    return arrived, dropped
