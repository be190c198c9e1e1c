"""How likely it is that one of two lots has more losses."""

from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit.engine.chance import by_chance

TABLES = [
    (4, 4, 0, 4, 1 / 70),  # Fisher, "The Design of Experiments" (1935), §5: all cups right
    (3, 4, 1, 4, 17 / 70),  # ... three of four: (16 + 1) / 70
    (3, 3, 1, 4, 4 / 35),  # by hand, as those that follow: C(3,3)·C(4,1) / C(7,4)
    (10, 12, 1, 12, 804 / 2_496_144),  # (C(12,10)·C(12,1) + C(12,11)·C(12,0)) / C(24,11)
    (6, 10, 0, 10, 210 / 38_760),  # C(10,6)·C(10,0) / C(20,6)
    (1, 1, 0, 1, 1 / 2),
]


@pytest.mark.parametrize(("lost", "sent", "lost_there", "sent_there", "likely"), TABLES)
def test_it_is_fishers_exact_test(
    lost: int, sent: int, lost_there: int, sent_there: int, likely: float
) -> None:
    assert by_chance(lost, sent, lost_there, sent_there) == pytest.approx(likely)


lots = st.integers(1, 60).flatmap(lambda sent: st.tuples(st.integers(0, sent), st.just(sent)))


@given(lots, lots)
def test_it_is_the_sum_of_the_ways_to_draw_so_many(
    here: tuple[int, int], there: tuple[int, int]
) -> None:
    (lost, sent), (lost_there, sent_there) = here, there
    losses, ways = lost + lost_there, comb(sent + sent_there, lost + lost_there)
    worse = range(lost, min(sent, losses) + 1)
    exact = sum(comb(sent, some) * comb(sent_there, losses - some) for some in worse) / ways

    found = by_chance(lost, sent, lost_there, sent_there)

    if lost / sent > losses / (sent + sent_there):
        assert found == pytest.approx(exact, rel=1e-9)
    else:
        assert found == 1.0


def test_large_counts_take_no_time_and_give_a_number() -> None:
    assert by_chance(400_000, 1_000_000, 100_000, 1_000_000) == 0.0
    assert by_chance(500_300, 1_000_000, 500_000, 1_000_000) == pytest.approx(0.336, abs=0.01)
