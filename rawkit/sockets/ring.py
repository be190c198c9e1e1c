"""Frames in memory that the kernel shares with a packet socket (networking/packet_mmap.rst).

Nothing is copied by system calls, and megabytes of frames have room whatever
``net.core.rmem_max`` allows. There are two kinds:

========  ==============================================================================
blocks    TPACKET_V3. Frames of any length, one behind the other. The kernel hands a block
          over when it is full or has waited long enough: for many frames, not for quick
          answers.
slots     TPACKET_V2. A slot of one size for each frame, handed over at once.
========  ==============================================================================
"""

import mmap
import socket
import struct
import threading
from collections import deque
from collections.abc import Iterator

from rawkit.sockets.options import (
    PACKET_RX_RING,
    PACKET_VERSION,
    TP_STATUS_USER,
    TP_STATUS_VLAN_TPID_VALID,
    TP_STATUS_VLAN_VALID,
    TPACKET_V2,
    TPACKET_V3,
)
from rawkit.wire.link import VLAN

BLOCK = 1 << 17
"""Octets of a block: room for a super-packet of 64 kB. A block that is handed over with one
small frame is as full as any, so that many blocks are better than large ones."""
KEPT = 1 << 28
"""Octets that are kept here for a slow reader; after that, the ring may fill up."""
LEAST_BLOCKS = 2
"""One is read while the other is filled."""
FRAME = 2048
"""Octets of the frames that the kernel is told of; blocks do not keep to it."""
REQUEST_V2, REQUEST_V3 = struct.Struct("@IIII"), struct.Struct("@IIIIIII")
"""Octets of a block, blocks, octets of a frame, frames; milliseconds until a block is handed
over, octets for us in each block, features."""

BLOCK_HEAD = struct.Struct("@8xIIII")
"""struct tpacket_block_desc: status, frames, place of the first one, octets in use."""
BLOCK_STATUS = 8
FRAME_HEAD = struct.Struct("@IIIIIIHHIIH10xHHiHBB8s")
"""struct tpacket3_hdr and a sockaddr_ll: octets to the next, seconds, nanoseconds, captured,
length, status, where the link's and the network's header are, hash, tag, its type; family,
protocol, interface, hardware type, packet type, length of the address, address."""
SLOT_HEAD = struct.Struct("@IIIHHIIHH4xHHiHBB8s")
"""struct tpacket2_hdr and a sockaddr_ll: status, length, captured, where the headers are,
seconds, nanoseconds, tag, its type; as above."""
NUMBER = struct.Struct("@I")
SLOT_MARGIN = 128
"""Octets of a slot for that, the link's header, and their alignment."""
OLD_TAG = 0x8100
"""What a tag is where a kernel before 3.14 does not say."""
TAG_ID, TAG_DROP, TAG_PRIORITY = 0x0FFF, 0x1000, 13

FrameHead = tuple[
    int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, int, bytes
]


class BlockRing:
    """A ring of blocks, which are taken out of it as soon as anybody looks at them."""

    def __init__(self, sock: socket.socket, octets: int, patience: float) -> None:
        """Have the kernel put what comes into a ring from now on.

        Args:
            sock: a packet socket; what is queued there is lost.
            octets: of the ring; rounded up to whole blocks.
            patience: seconds until a block that is not full is handed over.

        Raises:
            OSError: this kernel has no such rings, or no memory for this one.
        """
        self._count = max(LEAST_BLOCKS, -(-octets // BLOCK))
        self.octets = self._count * BLOCK
        """Its size."""
        milliseconds = max(1, round(patience * 1000))
        frames = self.octets // FRAME
        request = REQUEST_V3.pack(BLOCK, self._count, FRAME, frames, milliseconds, 0, 0)
        self._memory = _mapped(sock, TPACKET_V3, request, self.octets)
        self._at = 0
        self._ordered = threading.Lock()
        self._kept = deque[tuple[int, int, bytes]]()
        self._kept_octets = 0
        self.taken = 0
        """Frames that were taken out so far."""

    def take_out(self) -> bool:
        """Take out the blocks that the kernel has handed over; tell whether it was all of them."""
        memory = self._memory
        while self._kept_octets <= KEPT:
            start = self._at * BLOCK
            status, *_ = BLOCK_HEAD.unpack_from(memory, start)
            if not status & TP_STATUS_USER:
                return True
            with self._ordered:  # as a barrier: not all processors read in order by themselves
                _, count, first, used = BLOCK_HEAD.unpack_from(memory, start)
            self._kept.append((count, first, memory[start : start + used]))
            NUMBER.pack_into(memory, start + BLOCK_STATUS, 0)
            self._at = (self._at + 1) % self._count
            self._kept_octets += used
            self.taken += count
        return False

    def frames(self) -> Iterator[tuple[FrameHead, bytes]]:
        """Yield frames as long as there are any: what :data:`FRAME_HEAD` tells, and octets.

        They are in the order of arrival. One that has been yielded is gone, and all others
        of its block with this iterator.
        """
        unpack = FRAME_HEAD.unpack_from
        while True:
            self.take_out()
            if not self._kept:
                return
            count, at, block = self._kept.popleft()
            self._kept_octets -= len(block)
            for _ in range(count):
                head = unpack(block, at)
                place = at + head[6]
                yield head, block[place : place + head[3]]
                at += head[0]

    def close(self) -> None:
        """Give the memory back, once the socket is closed as well."""
        self._memory.close()


class SlotRing:
    """A ring of slots."""

    def __init__(self, sock: socket.socket, octets: int, longest: int) -> None:
        """Have the kernel put what comes into a ring from now on.

        Args:
            sock: a packet socket; what is queued there is lost.
            octets: of the ring, a multiple of a block.
            longest: octets of the longest frame expected; longer ones are cut off.

        Raises:
            OSError: this kernel has no such rings, or no memory for this one.
        """
        self._slot = 1 << (longest + SLOT_MARGIN - 1).bit_length()
        self._count = octets // self._slot
        request = REQUEST_V2.pack(BLOCK, octets // BLOCK, self._slot, self._count)
        self._memory = _mapped(sock, TPACKET_V2, request, octets)
        self._next = 0

    def take(self) -> tuple[int, int, int, bytes] | None:
        """Return the next frame: interface, seconds, nanoseconds, and octets with their tag.

        ``None``: there is none yet.
        """
        memory, start = self._memory, self._next * self._slot
        status, _, captured, at, _, seconds, ns, tag, tag_type, _, _, index, *_ = (
            SLOT_HEAD.unpack_from(memory, start)
        )
        if not status & TP_STATUS_USER:
            return None
        frame = memory[start + at : start + at + captured]
        if status & TP_STATUS_VLAN_VALID:  # the kernel takes the tag out of every frame
            kind = tag_type if status & TP_STATUS_VLAN_TPID_VALID else OLD_TAG
            frame = b"%b%b%b%b" % (frame[:12], kind.to_bytes(2), tag.to_bytes(2), frame[12:])
        NUMBER.pack_into(memory, start, 0)
        self._next = (self._next + 1) % self._count
        return index, seconds, ns, frame

    def close(self) -> None:
        """Give the memory back, once the socket is closed as well."""
        self._memory.close()


def tag_of(status: int, tci: int, tag_type: int) -> VLAN | None:
    """Return the VLAN tag that the kernel took off a frame, if it did.

    Args:
        status: of the frame (``TP_STATUS_…``).
        tci: the 16 bits of the tag.
        tag_type: what announced it.
    """
    if not status & TP_STATUS_VLAN_VALID:
        return None
    ether_type = tag_type if status & TP_STATUS_VLAN_TPID_VALID else OLD_TAG
    return VLAN(tci & TAG_ID, tci >> TAG_PRIORITY, bool(tci & TAG_DROP), ether_type)


def _mapped(sock: socket.socket, version: int, request: bytes, size: int) -> mmap.mmap:
    PACKET_VERSION.set(sock, version)
    PACKET_RX_RING.set(sock, request)
    return mmap.mmap(sock.fileno(), size)
