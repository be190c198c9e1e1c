"""Groups of packet sockets that share what comes, each frame to one of them (packet(7))."""

import errno
import socket
import struct
from typing import Literal

from rawkit.errors import UsageError
from rawkit.record import record
from rawkit.sockets import options

VALUE = struct.Struct("@I")
NUMBER = 0xFFFF
MODE_SHIFT = 16
Mode = Literal["hash", "balance", "cpu", "rollover", "random", "queue"]
MODES: dict[str, int] = {
    "hash": options.PACKET_FANOUT_HASH,
    "balance": options.PACKET_FANOUT_LB,
    "cpu": options.PACKET_FANOUT_CPU,
    "rollover": options.PACKET_FANOUT_ROLLOVER,
    "random": options.PACKET_FANOUT_RND,
    "queue": options.PACKET_FANOUT_QM,
}


@record(frozen=False)
class Fanout:
    """A group, and how it shares.

    The first socket that joins makes the group, with a number that nobody else has
    (Linux 4.10); a copy made after that, in whatever process, is of the same group. It
    ends with the last of its sockets.
    """

    mode: Mode = "hash"
    """``hash``: all of a conversation to one socket; ``balance``: one after the other;
    ``cpu``, ``queue``: by where the kernel received it; ``rollover``: to the next one when
    one is full; ``random``."""
    defragment: bool = True
    """Have the kernel put IPv4 fragments together first: a later one has no ports, and would
    go to another socket than the first. They are then heard as one packet."""
    number: int | None = None
    """Of the group; ``None``: there is none yet."""

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            UsageError: there is no such mode.
        """
        if self.mode not in MODES:
            raise UsageError(f"fanout mode is {self.mode!r}, not one of {', '.join(MODES)}")

    def admit(self, sock: socket.socket) -> None:
        """Have a packet socket share from now on; it is bound already.

        Raises:
            UsageError: it cannot be in this group.
            OSError: the kernel has no such groups.
        """
        flags = options.PACKET_FANOUT_FLAG_DEFRAG if self.defragment else 0
        if self.number is None:
            flags |= options.PACKET_FANOUT_FLAG_UNIQUEID
        value = (MODES[self.mode] | flags) << MODE_SHIFT | (self.number or 0)
        try:
            options.PACKET_FANOUT.set(sock, VALUE.pack(value))
        except OSError as error:
            if error.errno not in (errno.EINVAL, errno.ENOENT) or self.number is None:
                raise
            raise UsageError(
                f"fanout group {self.number} is none of this interface and mode"
            ) from error
        self.number = options.PACKET_FANOUT.get(sock) & NUMBER
