"""Which sequence numbers have been covered: disjoint ranges in order."""

from bisect import bisect_left, bisect_right

from rawkit.tcp.options import Range


class Ranges:
    """A set of numbers, as ranges from a start to an end that is not in it."""

    __slots__ = ("ends", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []

    def __bool__(self) -> bool:
        return bool(self.starts)

    def __len__(self) -> int:
        return len(self.starts)

    def add(self, start: int, end: int, most: int) -> Range | None:
        """Add a range, and return the whole one that it is part of now.

        Args:
            start: the first number.
            end: the one behind the last; above ``start``.
            most: ranges that there may be; one more is not added.

        Returns:
            ``None`` if nothing is new.
        """
        starts, ends = self.starts, self.ends
        first = bisect_left(ends, start)  # the first that overlaps or adjoins
        behind = bisect_right(starts, end)
        if first == behind:
            if len(starts) >= most:
                return None
            starts.insert(first, start)
            ends.insert(first, end)
            return start, end
        if starts[first] <= start and ends[first] >= end:
            return None
        left, right = min(start, starts[first]), max(end, ends[behind - 1])
        starts[first:behind] = [left]
        ends[first:behind] = [right]
        return left, right

    def drop(self, edge: int) -> None:
        """Forget numbers before ``edge``."""
        count = bisect_right(self.ends, edge)
        del self.starts[:count]
        del self.ends[:count]
        if self.starts and self.starts[0] < edge:
            self.starts[0] = edge

    def clear(self) -> None:
        """Forget all."""
        self.starts.clear()
        self.ends.clear()
