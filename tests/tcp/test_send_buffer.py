"""The send buffer against a plain string of octets."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from rawkit.tcp.send_buffer import WHOLE, Octets, SendBuffer

KINDS: list[Callable[[bytes], Octets]] = [
    bytes,
    bytearray,
    memoryview,
    lambda octets: memoryview(bytearray(octets)),
    lambda octets: memoryview(b"before" + octets + b"behind")[6:-6],
]
SIZES = st.sampled_from([0, 1, 7, 500, WHOLE - 1, WHOLE, WHOLE + 1, 3 * WHOLE, 70_000])
BODY = bytes(n * n % 251 for n in range(500_000))


class Model:
    """A buffer, and what has to be in it."""

    def __init__(self, start: int) -> None:
        self.buffer = SendBuffer(0, 1 << 20)
        self.buffer.begin(start)
        self.start = self.end = start
        self.first = start

    def add(self, size: int, kind: int) -> None:
        at = self.end - self.first
        self.buffer.add(KINDS[kind](BODY[at : at + size]))
        self.end += size

    def drop(self, share: float) -> None:
        self.start += int(share * (self.end - self.start))
        self.buffer.drop(self.start)

    def check(self, one: float, other: float) -> None:
        size = self.end - self.start
        begin = self.start + int(min(one, other) * size)
        end = self.start + int(max(one, other) * size)
        part = self.buffer.part(begin, end)
        assert bytes(part) == BODY[begin - self.first : end - self.first]
        assert (self.buffer.start, self.buffer.end, len(self.buffer)) == (
            self.start,
            self.end,
            size,
        )


SHARES = st.floats(0, 1)
STEPS = st.lists(
    st.tuples(SIZES, st.integers(0, len(KINDS) - 1), SHARES, SHARES, SHARES), max_size=6
)


@given(start=st.integers(0, 1 << 40), steps=STEPS)
def test_it_holds_what_was_written_and_is_not_acknowledged(
    start: int, steps: list[tuple[int, int, float, float, float]]
) -> None:
    model = Model(start)
    for size, kind, one, other, gone in steps:
        model.add(size, kind)
        model.check(one, other)
        model.drop(gone)
        model.check(one, other)
    model.drop(1.0)
    model.add(10, 0)
    model.check(0, 1)


def test_what_is_changed_afterwards_leaves_as_it_was() -> None:
    written = bytearray(b"a" * WHOLE)
    buffer = SendBuffer(0, 1 << 20)
    buffer.add(written)
    buffer.add(memoryview(written))
    written[:] = b"b" * WHOLE

    assert bytes(buffer.part(0, 2 * WHOLE)) == b"a" * 2 * WHOLE


def test_much_that_cannot_change_is_not_copied() -> None:
    buffer = SendBuffer(0, 1 << 20)
    buffer.add(BODY)

    part = buffer.part(1000, 1000 + WHOLE)
    assert isinstance(part, memoryview)
    assert part.obj is BODY
    assert isinstance(buffer.part(1000, 1001), bytes)


def test_parts_lie_one_behind_the_other() -> None:
    buffer = SendBuffer(0, 1 << 20)
    buffer.add(BODY[:5000])
    buffer.add(BODY[5000:5100])

    parts = buffer.parts(10, 1448, 3)
    assert b"".join(parts) == BODY[10 : 10 + 3 * 1448]


def test_room_is_what_the_limit_leaves() -> None:
    buffer = SendBuffer(5, 100)
    buffer.add(b"x" * 60)
    buffer.drop(25)

    assert buffer.room == 60
    buffer.clear()
    assert (buffer.room, len(buffer), buffer.part(25, 25)) == (100, 0, b"")
