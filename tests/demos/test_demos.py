"""What the demonstrations show does happen; bounds are wide enough for a busy machine."""

import pytest

from rawkit.demos import DEMOS, load, nagle
from rawkit.demos.outcome import number
from tests.demos.shown import shown

pytestmark = pytest.mark.netns


@pytest.mark.parametrize("name", DEMOS)
def test_a_demonstration_shows_what_it_is_for_and_says_so(name: str) -> None:
    outcome = shown(name)

    assert outcome.shown, outcome.reading
    cases = {one.case for one in outcome.figures}
    measures = {one.measure for one in outcome.figures}
    assert len(outcome.figures) == len(cases) * len(measures)
    assert outcome.reading.endswith(".")
    assert load(name).setting.endswith(".")


def test_two_small_writes_wait_for_a_delayed_acknowledgement() -> None:
    figures = shown("nagle").figures

    waited = number(figures, nagle.TWO, "median")
    assert 0.035 < waited < 0.5  # TCP_DELACK_MIN is 40 ms
    for case in (nagle.NODELAY, nagle.ONE, nagle.QUICKACK):
        assert number(figures, case, "median") < waited / 2
