"""How many flows are enough: against the published numbers, and against chance itself."""

from random import Random

import pytest

from rawkit.engine.stopping_rule import StoppingRule, chance_of_missing

PUBLISHED = {
    # Augustin et al. 2007. Further on, that an attempt may have stopped before costs a flow more.
    0.95: [6, 11, 16, 21, 27, 33],
    0.99: [8, 15, 21, 28, 36, 43, 51, 58],
}


@pytest.mark.parametrize(("confidence", "stops"), PUBLISHED.items())
def test_the_rule_stops_where_the_published_one_does(confidence: float, stops: list[int]) -> None:
    rule = StoppingRule(confidence)

    assert [rule.flows_for(found) for found in range(1, len(stops) + 1)] == stops


def finds_all(rule: StoppingRule, ways: int, random: Random) -> bool:
    seen: set[int] = set()
    for flows in range(1, 10_000):
        seen.add(random.randrange(ways))
        if flows >= rule.flows_for(len(seen)):
            return len(seen) == ways
    raise AssertionError


@pytest.mark.thorough
@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
@pytest.mark.parametrize("ways", [2, 3, 5, 9, 16])
def test_as_many_attempts_find_all_ways_as_was_asked_for(confidence: float, ways: int) -> None:
    rule, random, attempts = StoppingRule(confidence), Random(ways), 4000

    found = sum(finds_all(rule, ways, random) for _ in range(attempts))

    noise = 3 * (confidence * (1 - confidence) / attempts) ** 0.5
    assert confidence - noise <= found / attempts
    assert found / attempts <= 1 - (1 - confidence) / 3  # and no more effort than needed


@pytest.mark.thorough
def test_stops_rise_with_every_way_found() -> None:
    stops = [StoppingRule(0.95).flows_for(found) for found in range(1, 64)]

    assert stops == sorted(set(stops))


@pytest.mark.parametrize(
    ("found", "flows", "chance"),
    [(0, 5, 1.0), (1, 1, 1.0), (1, 6, 1 / 32), (2, 2, 1.0), (2, 3, 1 - 6 / 27)],
)
def test_the_chance_of_missing_one_way_more(found: int, flows: int, chance: float) -> None:
    assert chance_of_missing(found, flows) == pytest.approx(chance)


@pytest.mark.parametrize("found", [2, 3, 4, 16])
def test_repeats_rule_out_that_chance_alone_kept_a_flow_together(found: int) -> None:
    rule = StoppingRule(0.95)
    repeats = rule.repeats_for(found)

    assert (1 / found) ** repeats <= 0.05 < (1 / found) ** (repeats - 1)


def test_there_is_nothing_to_repeat_where_there_is_one_way() -> None:
    assert StoppingRule(0.95).repeats_for(1) == 0
