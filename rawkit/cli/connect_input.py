"""What ``rawkit connect`` sends: octets or lines, no faster than it may."""

import math
import os
from errno import EIO

CHUNK = 0x1_0000
DATAGRAM = 0x4000
"""Octets that are read at once, and of a message that is no line."""
LONGEST_LINE = 0x10_0000
"""Octets; what is longer goes in several pieces."""
SLICES = 20
"""Pieces of a second's octets, where there is a rate."""


class Input:
    """A descriptor that is read as what is in it can be sent, and no sooner."""

    def __init__(
        self,
        descriptor: int,
        *,
        messages: bool,
        lines: bool = False,
        crlf: bool = False,
        rate: float | None = None,
    ) -> None:
        """Prepare to read.

        Args:
            descriptor: what to read; it may block, and is read only when there is something.
            messages: whether each piece is a message, so that its size matters.
            lines: each piece is a line, in a message without its line break.
            crlf: line breaks become CR and LF.
            rate: octets, or lines, a second at the most.
        """
        self.descriptor = descriptor
        self.has_ended = False
        self._lines = lines
        self._messages = messages
        self._crlf = crlf
        self._rate = rate
        self._left = bytearray()
        self._last_was_cr = False
        self._due = -math.inf

    @property
    def wants_more(self) -> bool:
        """Whether it is time to read on."""
        return not self.has_ended and self._end_of_piece() is None

    @property
    def is_over(self) -> bool:
        """Whether everything was read and given out."""
        return self.has_ended and not self._left

    def due(self) -> float | None:
        """Return when the next piece may go; ``None``: there is none yet."""
        return self._due if self._end_of_piece() is not None else None

    def read(self) -> None:
        """Read once; waits if there is nothing."""
        try:
            data = os.read(self.descriptor, DATAGRAM if self._messages else CHUNK)
        except OSError as error:
            if error.errno != EIO:  # the terminal is gone
                raise
            data = b""
        if not data:
            self.has_ended = True
        self._left += self.with_crlf(data) if self._crlf else data

    def next(self, now: float) -> bytes | None:
        """Return the next piece if it may go now; it counts as sent then."""
        end = self._end_of_piece()
        if end is None or now < self._due:
            return None
        if self._rate is not None:
            if not self._lines:
                end = min(end, max(1, int(self._rate / SLICES)))
            units = 1 if self._lines else end
            self._due = max(now, self._due) + units / self._rate
        piece = bytes(self._left[:end])
        del self._left[:end]
        if self._lines and self._messages:
            piece = piece.removesuffix(b"\n").removesuffix(b"\r")
        return piece

    def stop(self) -> None:
        """Read nothing more, and forget what was read."""
        self.has_ended = True
        self._left.clear()

    def with_crlf(self, data: bytes) -> bytes:
        """Return octets with CR LF for line breaks, however the input was cut."""
        if not data:
            return data
        first_is_half = self._last_was_cr and data.startswith(b"\n")
        self._last_was_cr = data.endswith(b"\r")
        body = data[1:] if first_is_half else data
        changed = body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
        return b"\n" + changed if first_is_half else changed

    def _end_of_piece(self) -> int | None:
        """Return how many octets the next piece has; ``None``: it is not there yet."""
        if not self._left:
            return None
        if not self._lines:
            return min(len(self._left), DATAGRAM if self._messages else CHUNK)
        at = self._left.find(b"\n", 0, LONGEST_LINE)
        if at >= 0:
            return at + 1
        whole = self.has_ended or len(self._left) >= LONGEST_LINE
        return min(len(self._left), LONGEST_LINE) if whole else None
