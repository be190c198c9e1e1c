"""What was written and is not yet acknowledged; the first octet has a sequence number."""


class SendBuffer:
    """Octets from ``start`` to ``end``; those acknowledged are dropped in front."""

    __slots__ = ("_octets", "end", "limit", "start")

    def __init__(self, start: int, limit: int) -> None:
        self._octets = bytearray()
        self.start = self.end = start
        self.limit = limit

    @property
    def room(self) -> int:
        """How many octets can be added."""
        return self.limit - len(self._octets)

    def __len__(self) -> int:
        return len(self._octets)

    def begin(self, start: int) -> None:
        """Give the first octet its number, before any was sent."""
        self.start, self.end = start, start + len(self._octets)

    def add(self, octets: bytes | bytearray | memoryview) -> None:
        """Add octets; there is room for them."""
        self._octets += octets
        self.end += len(octets)

    def part(self, start: int, end: int) -> bytes:
        """Return a copy of some of them."""
        at = start - self.start
        return bytes(memoryview(self._octets)[at : at + end - start])

    def parts(self, start: int, size: int, count: int) -> list[bytes]:
        """Return copies of parts of one size, one behind the other."""
        at = start - self.start
        with memoryview(self._octets) as view:  # while it lives, the buffer cannot grow
            return [bytes(view[one : one + size]) for one in range(at, at + size * count, size)]

    def drop(self, edge: int) -> None:
        """Forget octets before ``edge``."""
        count = min(edge, self.end) - self.start
        if count > 0:
            del self._octets[:count]  # moves nothing: a bytearray has room in front
            self.start += count

    def clear(self) -> None:
        """Forget all."""
        self._octets = bytearray()
        self.start = self.end
