"""The far ends of veth cables, held by a program instead of a kernel (packet(7)).

The kernel there has no address and no IPv6, so it never says a word of its own: what a
node sends is heard here to the last frame, ARP and neighbour discovery included, and the
node hears what is sent here. Frames come through a ring in shared memory (TPACKET_V2),
which holds thousands of them whatever ``net.core.rmem_max`` allows, and each comes with
the time at which the kernel got it.
"""

import socket
import time
from collections.abc import Iterator, Sequence

from rawkit.errors import LabError
from rawkit.lab.namespace import Place
from rawkit.sockets.options import ETH_P_ALL, PACKET_IGNORE_OUTGOING, PACKET_MR_PROMISC
from rawkit.sockets.packet_options import join, statistics
from rawkit.sockets.ring import SlotRing
from rawkit.sockets.timestamps import converter

RING = 8 * 1024 * 1024


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
        kind = socket.SOCK_RAW | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        with place.here():
            self._socket = socket.socket(socket.AF_PACKET, kind, socket.htons(ETH_P_ALL))
            try:
                indices = [socket.if_nametoindex(name) for name in names]
                self._ring = self._configure(indices, longest)
            except OSError as error:
                self._socket.close()
                raise LabError(f"cannot hold {', '.join(names)}: {error.strerror}") from error
        self._ports = {index: port for port, index in enumerate(indices)}
        self._emptied = self._last = time.monotonic()

    def receive(self, most: int = 64) -> Iterator[tuple[float, int, bytes]]:
        """Take out frames that have arrived: each one's time, port and octets.

        The time is that of ``time.monotonic()``.
        """
        ring = self._ring
        for number in range(most):
            now = time.monotonic()
            if (found := ring.take()) is None:
                self._emptied = now
                if not number:  # woken by an error, as when an interface goes: clear it
                    self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                return
            index, seconds, ns, frame = found
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
        return statistics(self._socket)[1]

    def fileno(self) -> int:
        return self._socket.fileno()

    def close(self) -> None:
        """Give the interfaces back. Closing twice is harmless."""
        self._ring.close()
        self._socket.close()

    def _configure(self, indices: Sequence[int], longest: int) -> SlotRing:
        PACKET_IGNORE_OUTGOING.set(self._socket)
        ring = SlotRing(self._socket, RING, longest)
        for index in indices:
            join(self._socket, index, PACKET_MR_PROMISC)
        return ring

    def _arrival(self, at: float) -> float:
        """Return an arrival time that makes sense even if the real-time clock stepped.

        The frame came after the one before and after the ring was last seen empty.
        """
        self._last = min(max(at, self._last, self._emptied), time.monotonic())
        return self._last
