"""The far end of a veth cable, held by a program instead of a kernel (packet(7)).

The kernel there has no address and no IPv6, so it never says a word of its own: what a
node sends is heard here to the last frame, ARP and neighbour discovery included, and the
node hears what is sent here. Frames come through a ring in shared memory (TPACKET_V2),
which holds thousands of them whatever ``net.core.rmem_max`` allows, and each comes with
the time at which the kernel got it.
"""

import mmap
import socket
import struct
import time
from collections.abc import Iterator

from rawkit.errors import LabError
from rawkit.lab import veth

ETH_P_ALL = 0x0003
SOL_PACKET = 263
PACKET_ADD_MEMBERSHIP, PACKET_RX_RING, PACKET_STATISTICS = 1, 5, 6
PACKET_VERSION, PACKET_IGNORE_OUTGOING = 10, 23
PACKET_MR_PROMISC = 1
TPACKET_V2 = 1

SLOT_HEADER = struct.Struct("=IIIHHIIHH4x")
"""struct tpacket2_hdr: status, length, captured, mac, net, s, ns, VLAN tag, its type."""
STATUS = struct.Struct("=I")
KERNEL, USER, VLAN_VALID, VLAN_TYPE_VALID = 0x0, 0x1, 0x10, 0x40
"""TP_STATUS_…: whose slot it is, and what else is known of the frame."""
SLOT_MARGIN = 128
"""Octets of a slot for the header above, the Ethernet header and their alignment."""
RING = 4 * 1024 * 1024
BLOCK = 256 * 1024
VLAN_ETHER_TYPE = 0x8100


class FarEnd:
    """An interface whose frames this process reads and writes.

    Args:
        place: the namespace it lies in.
        name: the interface.
        longest: octets of the longest packet expected; longer ones are cut off.
    """

    def __init__(self, place: veth.Place, name: str, longest: int) -> None:
        self._slot = 1 << (longest + SLOT_MARGIN - 1).bit_length()
        self._slots = RING // self._slot
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        with place.here():
            self._socket = socket.socket(socket.AF_PACKET, kind, 0)
            try:
                self._ring = self._configure(name)
            except OSError as error:
                self._socket.close()
                raise LabError(f"cannot hold the far end {name}: {error.strerror}") from error
        self._next = 0
        self._emptied = self._last = time.monotonic()

    def receive(self, most: int = 64) -> Iterator[tuple[float, bytes]]:
        """Take out frames that have arrived, each with its time of ``time.monotonic()``."""
        ring = self._ring
        now = time.monotonic()
        offset = now - time.time()
        for number in range(most):
            start = self._next * self._slot
            status, _, captured, at, _, seconds, ns, tag, tag_type = SLOT_HEADER.unpack_from(
                ring, start
            )
            if not status & USER:
                self._emptied = now
                if not number:  # woken by an error, as when the interface goes down: clear it
                    self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                return
            frame = ring[start + at : start + at + captured]
            if status & VLAN_VALID:  # the kernel takes the tag out of every frame
                kind = tag_type if status & VLAN_TYPE_VALID else VLAN_ETHER_TYPE
                frame = frame[:12] + struct.pack("!HH", kind, tag) + frame[12:]
            STATUS.pack_into(ring, start, KERNEL)
            self._next = (self._next + 1) % self._slots
            yield self._arrival(seconds + ns / 1e9 + offset, now), frame

    def send(self, frame: bytes) -> bool:
        """Put a frame on the cable; ``False``: the kernel would not, the node is down."""
        try:
            self._socket.send(frame)
        except OSError:
            return False
        return True

    def missed(self) -> int:
        """Return how many frames found the ring full since the last such question."""
        counts = self._socket.getsockopt(SOL_PACKET, PACKET_STATISTICS, 8)
        return int(struct.unpack("=II", counts)[1])

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        self._ring.close()
        self._socket.close()

    def _configure(self, name: str) -> mmap.mmap:
        packet = self._socket
        packet.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        packet.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        request = struct.pack("=IIII", BLOCK, RING // BLOCK, self._slot, self._slots)
        packet.setsockopt(SOL_PACKET, PACKET_RX_RING, request)
        ring = mmap.mmap(packet.fileno(), RING)
        packet.bind((name, ETH_P_ALL))
        promiscuous = struct.pack("=iHH8x", socket.if_nametoindex(name), PACKET_MR_PROMISC, 0)
        packet.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, promiscuous)
        return ring

    def _arrival(self, at: float, now: float) -> float:
        """Return an arrival time that cannot be wrong even if the real-time clock stepped.

        The frame came after the one before and after the ring was last seen empty.
        """
        self._last = min(max(at, self._last, self._emptied), now)
        return self._last
