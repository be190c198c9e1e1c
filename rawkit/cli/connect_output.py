"""Where ``rawkit connect`` puts what comes: a descriptor that is never waited for."""

import os
import select
import stat

from rawkit.cli.errors import WriteError

PIPE_BUF = 4096
"""Octets that a pipe takes whole whenever it takes any (pipe(7))."""
CHUNK = 0x1_0000


class Output:
    """A descriptor that is written to when it has room, and whose reader may go."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._left = bytearray()
        kind = os.fstat(descriptor).st_mode
        self._most = PIPE_BUF if stat.S_ISFIFO(kind) or stat.S_ISSOCK(kind) else CHUNK

    @property
    def has_room(self) -> bool:
        """Whether more may be put into it."""
        return len(self._left) < CHUNK

    @property
    def is_empty(self) -> bool:
        """Whether everything was written."""
        return not self._left

    @property
    def interest(self) -> int:
        """The events of poll(2) to wait for; with none, it is watched for its reader's going."""
        return select.POLLOUT if self._left else 0

    def put(self, data: bytes) -> None:
        """Keep this to be written."""
        self._left += data

    def ready(self, events: int) -> None:
        """Write what there is room for.

        Raises:
            BrokenPipeError: nobody reads it any more.
            WriteError: it cannot be written to.
        """
        if events & select.POLLERR:
            raise BrokenPipeError
        if events & select.POLLOUT and self._left:
            self._write()

    def finish(self, bell: int) -> bool:
        """Write the rest, and wait for it; return false if a bell rings before that is done.

        Args:
            bell: a descriptor that can be read from when there is no time to wait any more.

        Raises:
            BrokenPipeError: nobody reads it any more.
            WriteError: it cannot be written to.
        """
        wanted = select.poll()
        wanted.register(bell, select.POLLIN)
        wanted.register(self.descriptor, select.POLLOUT)
        while self._left:
            ready = dict(wanted.poll())
            self.ready(ready.get(self.descriptor, 0))
            if self._left and self.descriptor not in ready:
                return False
        return True

    def _write(self) -> None:
        try:
            written = os.write(self.descriptor, bytes(self._left[: self._most]))
        except BrokenPipeError:
            raise
        except OSError as error:
            self._left.clear()
            raise WriteError(f"write error: {error.strerror}") from error
        del self._left[:written]
