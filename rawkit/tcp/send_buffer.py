"""What was written and is not yet acknowledged; the first octet has a sequence number."""


class SendBuffer:
    """Octets from ``start`` to ``end``; those acknowledged are dropped in front.

    They stay in memory until there are as many of them as there is room for others: whenever
    octets in front are deleted, the next that are added have all the others moved.
    """

    __slots__ = ("_gone", "_octets", "end", "limit", "start")

    def __init__(self, start: int, limit: int) -> None:
        self._octets = bytearray()
        self._gone = 0
        """Octets in front that were dropped."""
        self.start = self.end = start
        self.limit = limit

    @property
    def room(self) -> int:
        """How many octets can be added."""
        return self.limit - (self.end - self.start)

    def __len__(self) -> int:
        return self.end - self.start

    def begin(self, start: int) -> None:
        """Give the first octet its number, before any was sent."""
        self.start, self.end = start, start + len(self)

    def add(self, octets: bytes | bytearray | memoryview) -> None:
        """Add octets; there is room for them."""
        self._octets += octets
        self.end += len(octets)

    def part(self, start: int, end: int) -> bytes:
        """Return a copy of some of them."""
        at = start - self.start + self._gone
        with memoryview(self._octets) as view:  # while it lives, the buffer cannot grow
            return bytes(view[at : at + end - start])

    def parts(self, start: int, size: int, count: int) -> list[bytes]:
        """Return copies of parts of one size, one behind the other."""
        at = start - self.start + self._gone
        with memoryview(self._octets) as view:
            return [bytes(view[one : one + size]) for one in range(at, at + size * count, size)]

    def drop(self, edge: int) -> None:
        """Forget octets before ``edge``."""
        count = min(edge, self.end) - self.start
        if count <= 0:
            return
        self.start += count
        self._gone += count
        if self.start == self.end:
            self._octets.clear()
            self._gone = 0
        elif self._gone >= self.limit:
            del self._octets[: self._gone]
            self._gone = 0

    def clear(self) -> None:
        """Forget all."""
        self._octets = bytearray()
        self._gone = 0
        self.start = self.end
