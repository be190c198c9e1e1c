"""The far ends of veth cables, held by a program instead of a kernel (packet(7)).

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
from collections.abc import Iterator, Sequence

from rawkit.errors import LabError
from rawkit.lab.namespace import Place
from rawkit.sockets.timestamps import converter

ETH_P_ALL = 0x0003  # linux/if_ether.h
SOL_PACKET = 263  # linux/socket.h
PACKET_ADD_MEMBERSHIP, PACKET_RX_RING, PACKET_STATISTICS = 1, 5, 6  # linux/if_packet.h
PACKET_VERSION, PACKET_IGNORE_OUTGOING = 10, 23
PACKET_MR_PROMISC = 1
TPACKET_V2 = 1

SLOT_HEADER = struct.Struct("=IIIHHIIHH4xHHi")
"""struct tpacket2_hdr and the start of a sockaddr_ll: status, length, captured, mac, net,
seconds, nanoseconds, VLAN tag, its type; family, protocol, interface."""
STATUS = struct.Struct("=I")
KERNEL, USER, VLAN_VALID, VLAN_TYPE_VALID = 0x0, 0x1, 0x10, 0x40
"""TP_STATUS_…: whose slot it is, and what else is known of the frame."""
SLOT_MARGIN = 128
"""Octets of a slot for that header, the Ethernet header and their alignment."""
RING = 8 * 1024 * 1024
BLOCK = 256 * 1024
VLAN_ETHER_TYPE = 0x8100


class FarSide:
    """Interfaces whose frames this process reads and writes; each is called a port.

    One socket serves all, because opening and closing one takes the kernel some ten
    milliseconds.

    Args:
        place: the namespace they lie in, with no others but ``lo``.
        names: the interfaces; port 0 is the first.
        longest: octets of the longest packet expected; longer ones are cut off.

    Raises:
        LabError: they cannot be had.
    """

    def __init__(self, place: Place, names: Sequence[str], longest: int) -> None:
        self._addresses = [(name, 0) for name in names]
        self._slot = 1 << (longest + SLOT_MARGIN - 1).bit_length()
        self._slots = RING // self._slot
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        with place.here():
            self._socket = socket.socket(socket.AF_PACKET, kind, socket.htons(ETH_P_ALL))
            try:
                indices = [socket.if_nametoindex(name) for name in names]
                self._ring = self._configure(indices)
            except OSError as error:
                self._socket.close()
                raise LabError(f"cannot hold {', '.join(names)}: {error.strerror}") from error
        self._ports = {index: port for port, index in enumerate(indices)}
        self._next = 0
        self._emptied = self._last = time.monotonic()

    def receive(self, most: int = 64) -> Iterator[tuple[float, int, bytes]]:
        """Take out frames that have arrived: each one's time, port and octets.

        The time is that of ``time.monotonic()``.
        """
        ring = self._ring
        for number in range(most):
            now = time.monotonic()
            start = self._next * self._slot
            status, _, captured, at, _, seconds, ns, tag, tag_type, _, _, index = (
                SLOT_HEADER.unpack_from(ring, start)
            )
            if not status & USER:
                self._emptied = now
                if not number:  # woken by an error, as when an interface goes: clear it
                    self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                return
            frame = ring[start + at : start + at + captured]
            if status & VLAN_VALID:  # the kernel takes the tag out of every frame
                kind = tag_type if status & VLAN_TYPE_VALID else VLAN_ETHER_TYPE
                frame = frame[:12] + struct.pack("!HH", kind, tag) + frame[12:]
            STATUS.pack_into(ring, start, KERNEL)
            self._next = (self._next + 1) % self._slots
            if (port := self._ports.get(index)) is not None:
                yield self._arrival(converter.to_monotonic(seconds, ns)), port, frame

    def send(self, port: int, frame: bytes) -> bool:
        """Put a frame on a cable; ``False``: the cable is gone."""
        try:
            self._socket.sendto(frame, self._addresses[port])
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
        """Give the interfaces back. Closing twice is harmless."""
        self._ring.close()
        self._socket.close()

    def _configure(self, indices: Sequence[int]) -> mmap.mmap:
        packet = self._socket
        packet.setsockopt(SOL_PACKET, PACKET_VERSION, TPACKET_V2)
        packet.setsockopt(SOL_PACKET, PACKET_IGNORE_OUTGOING, 1)
        request = struct.pack("=IIII", BLOCK, RING // BLOCK, self._slot, self._slots)
        packet.setsockopt(SOL_PACKET, PACKET_RX_RING, request)
        ring = mmap.mmap(packet.fileno(), RING)
        for index in indices:
            promiscuous = struct.pack("=iHH8x", index, PACKET_MR_PROMISC, 0)
            packet.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, promiscuous)
        return ring

    def _arrival(self, at: float) -> float:
        """Return an arrival time that makes sense even if the real-time clock stepped.

        The frame came after the one before and after the ring was last seen empty.
        """
        self._last = min(max(at, self._last, self._emptied), time.monotonic())
        return self._last
