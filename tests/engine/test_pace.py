"""When packets of a capture are due, and how lateness is kept."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit.engine.pace import Lateness, Pace, PaceSettings
from rawkit.errors import UsageError

SECOND = 10**9
TIMES = [5 * SECOND, 5 * SECOND + 1_500_000, 7 * SECOND]


def dues(settings: PaceSettings, times: list[int | None], octets: int = 100) -> list[float]:
    pace = Pace(settings)
    return [pace.due(time, octets) for time in times]


PACES = [
    (PaceSettings(), [0.0, 0.0015, 2.0]),
    (PaceSettings(speed=4), [0.0, 0.000375, 0.5]),
    (PaceSettings(speed=0.5), [0.0, 0.003, 4.0]),
    (PaceSettings(rate=10), [0.0, 0.1, 0.2]),
    (PaceSettings(bits=1600), [0.0, 0.5, 1.0]),
    (PaceSettings(top=True), [-math.inf] * 3),
    (PaceSettings(longest=0.5), [0.0, 0.0015, 0.5015]),
    (PaceSettings(longest=0.5, speed=5), [0.0, 0.0003, 0.1003]),
]


@pytest.mark.parametrize(("settings", "wanted"), PACES)
def test_packets_are_due_as_they_were_captured_or_at_a_rate(
    settings: PaceSettings, wanted: list[float]
) -> None:
    assert dues(settings, [*TIMES]) == pytest.approx(wanted)


def test_a_clock_that_was_set_back_stands_still() -> None:
    assert dues(PaceSettings(), [10 * SECOND, 9 * SECOND, 9 * SECOND + 500_000_000]) == [0, 0, 0.5]


def test_a_packet_without_a_time_goes_with_the_one_before() -> None:
    assert dues(PaceSettings(), [None, SECOND, None, 2 * SECOND]) == [0, 0, 0, 1]


def test_the_first_packet_of_the_next_round_follows_at_once() -> None:
    pace = Pace(PaceSettings())
    first = [pace.due(time, 1) for time in TIMES]
    pace.again()

    assert [pace.due(time, 1) for time in TIMES] == [time + first[-1] for time in first]


def test_pieces_count_as_packets_of_a_rate() -> None:
    pace = Pace(PaceSettings(rate=10))

    assert [pace.due(None, 1, pieces) for pieces in (3, 1, 1)] == [0, 0.3, 0.4]


def test_a_rate_does_not_drift() -> None:
    pace = Pace(PaceSettings(rate=3))
    for _ in range(10**5):
        last = pace.due(None, 1)

    assert last == (10**5 - 1) / 3


NO_PACE = [
    ({"speed": 0}, "speed is 0, not above 0"),
    ({"rate": -1.0}, r"rate is -1\.0, not above 0"),
    ({"bits": math.inf}, "bits is inf, not above 0"),
    ({"longest": -1}, "longest is -1, below 0"),
    ({"rate": 1.0, "top": True}, "one pace at a time: not rate and top"),
    ({"speed": 2.0, "bits": 1.0}, "one pace at a time: not speed and bits"),
]


@pytest.mark.parametrize(("values", "said"), NO_PACE)
def test_what_is_no_pace_is_refused(values: dict[str, float], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        PaceSettings(**values)  # type: ignore[arg-type]  # that is what is tested


def test_nothing_was_late_before_there_was_anything() -> None:
    assert Lateness().share(0.5) is None


@given(st.lists(st.floats(0, 100), min_size=1, max_size=200), st.sampled_from([0.5, 0.9, 0.99]))
def test_shares_of_lateness_are_right_to_a_twentieth(late: list[float], share: float) -> None:
    books = Lateness()
    for seconds in late:
        books.add(seconds)
    exact = sorted(late)[math.ceil(share * len(late)) - 1]

    found = books.share(share)

    assert books.worst == max(late)
    assert found is not None
    assert found == pytest.approx(exact, rel=0.05, abs=1.1e-6)
