"""A packet socket that hears by way of a ring of blocks: for many frames, not for quick answers."""

import errno
import socket
from collections.abc import Iterator
from typing import Unpack

from rawkit.sockets import options
from rawkit.sockets.frames import FrameOptions, FrameSocket
from rawkit.sockets.interfaces import name_of
from rawkit.sockets.ring import BlockRing, FrameHead
from rawkit.sockets.timestamps import SECOND
from rawkit.wire.news import News
from rawkit.wire.received_frame import ReceivedFrame

RING = 32 << 20
"""Octets of a ring where nothing is said: two hundred thousand small frames."""
PATIENCE = 0.02
"""Seconds until the kernel hands over a block that is not full. Nobody sees so short a delay,
fifty wakings a second are no work, and a ring of 256 blocks lasts for five seconds in which
nobody reads, however few frames come."""
MOST_INTERFACES = 1024


class FrameRing(FrameSocket):
    """A packet socket with a ring.

    What comes is told up to :data:`PATIENCE` late, with the kernel's own stamp.
    """

    def __init__(
        self,
        interface: str | None,
        ether_type: int = options.ETH_P_ALL,
        *,
        octets: int = RING,
        **wanted: Unpack[FrameOptions],
    ) -> None:
        """Open a packet socket; nothing it hears is from before its filter.

        Args:
            interface: ``None``: all of them; it then only hears.
            ether_type: as for :class:`~rawkit.sockets.frames.FrameSocket`.
            octets: of the ring.
            **wanted: see :class:`~rawkit.sockets.frames.FrameOptions`.

        Raises:
            PermissionError: ``CAP_NET_RAW`` is missing.
            UsageError: there is no such interface.
            OSError: this kernel has no such rings, or no memory for this one.
        """
        self._size = octets
        self._names: dict[int, str | None] = {}
        super().__init__(interface, ether_type, **wanted)
        self._next = self.ring.frames()

    @property
    def is_empty(self) -> bool:
        arrived, dropped = self.counts()
        return arrived - dropped <= self.ring.taken

    def take(self) -> Iterator[tuple[FrameHead, bytes]]:
        """Yield all frames that there are by now, as :class:`~rawkit.sockets.ring.BlockRing` does.

        For those who do not receive news as well.

        Raises:
            NoRoute: the interface is down or gone.
        """
        yield from self.ring.frames()
        self._raise_error()

    def name_of(self, index: int) -> str | None:
        """Return the name of an interface; ``None``: it is gone."""
        if index not in self._names:
            if len(self._names) >= MOST_INTERFACES:
                self._names.clear()
            self._names[index] = name_of(self._socket, index)
        return self._names[index]

    def close(self) -> None:
        super().close()
        self._next = iter(())
        self.ring.close()

    def _share_memory(self, sock: socket.socket, wanted: FrameOptions) -> None:
        self.ring = BlockRing(sock, self._size, PATIENCE)

    def receive(self) -> News | None:
        if self._pending:
            return self._pending.popleft()
        found = next(self._next, None)
        if found is None:
            if self._lost is not None:
                raise self._lost
            self._next = self.ring.frames()
            found = next(self._next, None)
        if found is None:
            self._raise_error()
            self._found_empty()
            return self._pending.popleft() if self._pending else None
        self._heard = True
        if self._departures.waiting:  # what was sent is told before what answers it
            self._note_answer()
            self._pending.append(self._news_of(*found))
            return self._pending.popleft()
        return self._news_of(*found)

    def _news_of(self, head: FrameHead, octets: bytes) -> ReceivedFrame:
        # fmt: off
        (_, seconds, ns, _, length, status, _, _, _, tci, tag_type,
         _, protocol, index, hardware, where, size, source) = head
        # fmt: on
        return self._news.of(
            octets,
            seconds * SECOND + ns,
            status,
            (tci, tag_type),
            length,
            self._names.get(index) or self.name_of(index),
            socket.ntohs(protocol),
            hardware,
            where,
            source[:size],
        )

    def _read(self) -> bool:
        news = self.receive()
        if news is not None:
            self._pending.appendleft(news)
        return news is not None

    def _raise_error(self) -> None:
        """Tell of what has happened to the socket; the ring does not."""
        error = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if error == errno.ENETDOWN:
            self._lost = self._went_down()
            raise self._lost


def open_ring(
    interface: str | None,
    ether_type: int = options.ETH_P_ALL,
    *,
    octets: int = RING,
    **wanted: Unpack[FrameOptions],
) -> FrameSocket:
    """Open a :class:`FrameRing`, with our capabilities raised if it takes them.

    Where the kernel has no such rings, or no memory for one, a socket without. Its first
    news says what it is.

    Raises:
        MissingCapability: ``CAP_NET_RAW``, and how to come by it.
        UsageError: there is no such interface.
        OSError: this kernel has no packet sockets.
    """
    from rawkit.sockets.frames import open_frames, with_raw
    from rawkit.wire.news import Opened

    try:
        io = with_raw(lambda: FrameRing(interface, ether_type, octets=octets, **wanted))
    except OSError as error:
        if error.errno not in (errno.ENOMEM, errno.EINVAL, errno.ENOPROTOOPT):
            raise
        return open_frames(interface, ether_type, why=f"no ring: {error.strerror}", **wanted)
    io.tell(Opened("packet ring", f"{io.ring.octets >> 20} MiB, TPACKET_V3"))
    return io
