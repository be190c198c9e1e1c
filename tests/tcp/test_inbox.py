"""What has arrived and waits to be read, against a plain string of octets."""

from hypothesis import given
from hypothesis import strategies as st

from rawkit.tcp.chunks import LARGE, SMALL, Inbox

BODY = bytes(n * n % 251 for n in range(800_000))
SIZES = st.sampled_from([1, 3, SMALL - 1, SMALL, 1448, LARGE - 1, LARGE, 40_000])
LIMITS = st.sampled_from([0, 1, 100, 1448, LARGE, 65_536, 1 << 30])


@given(steps=st.lists(st.tuples(st.lists(SIZES, max_size=3), LIMITS, st.booleans()), max_size=6))
def test_octets_come_out_in_order_and_once(steps: list[tuple[list[int], int, bool]]) -> None:
    inbox, added, read = Inbox(), 0, 0
    for sizes, limit, some in steps:
        for size in sizes:
            inbox.add(BODY[added : added + size])
            added += size
        octets = inbox.read_some(limit) if some else inbox.read(limit)

        assert octets == BODY[read : read + len(octets)]
        assert len(octets) <= limit
        if some:
            assert bool(octets) == bool(limit and added - read)
        else:
            assert len(octets) == min(limit, added - read)
        read += len(octets)
        assert inbox.size == added - read


def test_a_large_piece_is_given_out_as_it_is() -> None:
    inbox, piece = Inbox(), BODY[:LARGE]
    inbox.add(piece)
    inbox.add(BODY[LARGE : 3 * LARGE])

    assert inbox.read_some(4 * LARGE) is piece
    assert inbox.read_some(10) == BODY[LARGE : LARGE + 10]
    assert inbox.read_some(4 * LARGE) == BODY[LARGE + 10 : 3 * LARGE]


def test_nothing_is_left_behind_when_it_is_cleared() -> None:
    inbox = Inbox()
    inbox.add(BODY[:1000])
    inbox.read(10)
    inbox.clear()
    inbox.add(b"anew")

    assert (inbox.read(100), inbox.size) == (b"anew", 0)
