"""Thousands of connections on bad paths: all that was written arrives, and the books are right."""

import pytest

from rawkit.testing.tcp_pair import Pair
from tests.tcp.simulation import pair_of, simulate

RUNS, AT_ONCE = 2000, 100


@pytest.mark.thorough
@pytest.mark.parametrize("first", range(0, RUNS, AT_ONCE))
def test_all_that_is_written_arrives_whatever_the_path_does(first: int) -> None:
    outcomes = [simulate(seed) for seed in range(first, first + AT_ONCE)]

    assert [outcome for outcome in outcomes if outcome.problem] == []


def test_the_same_seed_gives_the_same_segments() -> None:
    assert _segments_of(7) == _segments_of(7) != _segments_of(8)


def _segments_of(seed: int) -> list[str]:
    pair: Pair = pair_of(seed)
    pair.keep = True
    pair.open()
    pair.run()
    return [f"{at:.6f} {segment}" for end in pair.ends for at, segment in end.sent]
