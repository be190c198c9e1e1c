"""A connection goes on in another TCP, in the middle of all that may go wrong."""

import pytest

from rawkit.errors import UsageError
from rawkit.record import replace
from rawkit.tcp.connection import Connection
from rawkit.tcp.events import Ending
from rawkit.tcp.handover import Snapshot, adopted, is_movable, let_go, snapshot
from rawkit.tcp.settings import DEFAULT, Settings
from rawkit.tcp.state import State
from rawkit.testing.tcp_pair import Pair, Path

SECRET = b"of the other host"
SIZE, PIECE = 204_800, 10_240
PLAIN = Settings(timestamps=False, sack=False, window_scaling=False)
UPWARD = bytes(range(256)) * (SIZE // 256)
DOWNWARD = UPWARD[::-1]


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("settings", [DEFAULT, PLAIN])
@pytest.mark.parametrize("loss", [0.0, 0.05])
def test_all_octets_arrive_however_often_a_connection_moves(
    seed: int, settings: Settings, loss: float
) -> None:
    pair = Pair(path=Path(delay=0.01, loss=loss, reorder=0.1), client_settings=settings, seed=seed)
    pair.client.closes = "never"
    pair.server.to_write = DOWNWARD
    pair.open()
    moves = 0

    while pair.step() and pair.client.closes == "never":
        if may_move(pair):
            move(pair)
            moves += 1
            pair.client.to_write = UPWARD[: moves * PIECE]
            pair.client.closes = "at once" if moves * PIECE >= len(UPWARD) else "never"
            pair.settle(pair.client)
    pair.run()

    assert pair.client.received == DOWNWARD
    assert pair.server.received == UPWARD
    assert moves == len(UPWARD) // PIECE


def test_one_that_was_given_away_is_over_and_says_nothing() -> None:
    connection, now = opened()

    let_go(connection)

    assert connection.outgoing(now) == []
    assert connection.is_over
    assert connection.ended is not None
    assert connection.ended.ending is Ending.HANDED_OVER


def test_what_has_not_left_or_is_not_acknowledged_is_told_apart() -> None:
    connection, now = opened()
    connection.write(b"hello")

    before = is_movable(connection.block, 100)
    connection.outgoing(now)
    behind, at_most_four = is_movable(connection.block, 5), is_movable(connection.block, 4)

    assert (before, behind, at_most_four) == (False, True, False)


def test_a_snapshot_has_what_is_in_flight_and_what_is_unread() -> None:
    pair = established()
    pair.client.connection.write(b"hello")
    pair.client.connection.outgoing(pair.now)

    taken = snapshot(pair.client.connection.block, pair.now)

    assert taken.in_flight == b"hello"
    assert taken.unread == b""
    assert len(taken.flow.key) == 12
    with pytest.raises(UsageError, match="not acknowledged yet"):
        adopted(taken, DEFAULT, pair.now, SECRET)


def test_unread_octets_are_still_there_behind_a_snapshot() -> None:
    connection, now = opened()
    connection.block.inbox.add(b"unread")

    taken = snapshot(connection.block, now)

    assert taken.unread == b"unread"
    assert connection.read() == b"unread"


@pytest.mark.parametrize("end", ["shutdown", "abort"])
def test_one_that_is_not_open_stays_where_it_is(end: str) -> None:
    connection, now = opened()
    connection.shutdown() if end == "shutdown" else connection.abort(now)

    with pytest.raises(UsageError, match="only a connection that is ESTABLISHED"):
        snapshot(connection.block, now)


def test_timestamps_go_on_and_never_back() -> None:
    connection, now = opened()
    taken = snapshot(connection.block, now)

    made = adopted(taken, DEFAULT, now + 1000.0, SECRET)

    assert made.block.stamp(now + 1000.0) == taken.stamp + 1 & 0xFFFF_FFFF


def test_numbers_may_wrap_between_the_two() -> None:
    connection, now = opened()
    taken = replace(snapshot(connection.block, now), first=0xFFFF_FFFE, next=3, unread=b"12345")

    made = adopted(taken, DEFAULT, now, SECRET)
    made.write(b"over the edge")
    (segment,) = made.outgoing(now)

    assert segment.sequence & 0xFFFF_FFFF == 0xFFFF_FFFE
    assert segment.acknowledgment & 0xFFFF_FFFF == 3
    assert made.read() == b"12345"


def may_move(pair: Pair) -> bool:
    b = pair.client.connection.block
    return b.state is State.ESTABLISHED and is_movable(b, 0)


def move(pair: Pair) -> None:
    old = pair.client.connection
    taken: Snapshot = snapshot(old.block, pair.now)
    made = adopted(taken, old.settings, pair.now, SECRET)
    let_go(old)
    pair.client.connection = made
    pair.settle(pair.client)


def established() -> Pair:
    pair = Pair(path=Path(delay=0.01))
    pair.open()
    pair.run(until=pair.now + 1.0)
    return pair


def opened() -> tuple[Connection, float]:
    """Return a connection that is open, and the time."""
    pair = established()
    return pair.client.connection, pair.now
