"""Happy Eyeballs, in virtual time: who is tried when (RFC 8305)."""

import math
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit.engine.happy_eyeballs import (
    Abandon,
    Begin,
    Connected,
    EyeballEvent,
    EyeballNews,
    EyeballReport,
    EyeballSettings,
    Failed,
    HappyEyeballs,
    Resolved,
)
from rawkit.wire.address import Address

A, B, C = (IPv4Address(f"192.0.2.{last}") for last in (1, 2, 3))
X, Y, Z = (IPv6Address(f"2001:db8::{last}") for last in (1, 2, 3))
NAMES: dict[object, str] = dict(zip((A, B, C, X, Y, Z), "ABCXYZ", strict=True))
FOUR, SIX = Resolved(4, (A, B)), Resolved(6, (X, Y))


class Race:
    """A race that is told news at times, and what it said when, as words: ``+X`` begin, ``-X``."""

    def __init__(self, *versions: int, **settings: float) -> None:
        self.engine = HappyEyeballs(
            versions or (6, 4),
            EyeballSettings(**settings),  # type: ignore[arg-type]  # a count is one, too
        )
        self.said: list[tuple[float, str]] = []
        self.wake_at: float | None = math.inf

    def tell(self, now: float, news: EyeballNews | None = None) -> None:
        """Let time pass until ``now``, stepping whenever the engine asks to, and tell it."""
        while self.wake_at is not None and self.wake_at < now:
            self.step(self.wake_at)
        self.step(now, news)

    def step(self, now: float, news: EyeballNews | None = None) -> None:
        step = self.engine.step(now, news)
        self.wake_at = step.wake_at
        words = " ".join(map(self.word, step.events))
        if words:
            self.said.append((round(now, 6), words))

    @staticmethod
    def word(event: EyeballEvent) -> str:
        sign = "+" if isinstance(event, Begin) else "-"
        return sign + NAMES.get(event.address, str(event.address))


def race(*told: tuple[float, EyeballNews | None], **settings: float) -> Race:
    one = Race(**settings)
    one.step(0)
    for now, news in told:
        one.tell(now, news)
    return one


RACES: list[tuple[str, list[tuple[float, EyeballNews | None]], list[tuple[float, str]]]] = [
    (
        "IPv6 is begun as soon as it is known, though IPv4 is not",
        [(0.01, SIX)],
        [(0.01, "+X")],
    ),
    (
        "IPv4 waits 50 ms for IPv6",
        [(0.01, FOUR), (0.07, None)],
        [(0.06, "+A")],
    ),
    (
        "and no longer than IPv6 takes",
        [(0.01, FOUR), (0.03, SIX)],
        [(0.03, "+X")],
    ),
    (
        "and not at all once it is known that there is none",
        [(0.01, FOUR), (0.02, Resolved(6, ()))],
        [(0.02, "+A")],
    ),
    (
        "a name without IPv6 is not waited for when IPv4 comes later",
        [(0.01, Resolved(6, ())), (0.4, FOUR)],
        [(0.4, "+A")],
    ),
    (
        "the versions take turns, a quarter of a second apart",
        [(0.0, SIX), (0.0, FOUR), (2.0, None)],
        [(0.0, "+X"), (0.25, "+A"), (0.5, "+Y"), (0.75, "+B")],
    ),
    (
        "what fails is followed by the next at once",
        [(0.0, SIX), (0.0, FOUR), (0.1, Failed(X)), (0.15, Failed(A)), (0.2, None)],
        [(0.0, "+X"), (0.1, "+A"), (0.15, "+Y")],
    ),
    (
        "an older one that fails does not hurry the next",
        [(0.0, SIX), (0.0, FOUR), (0.3, Failed(X)), (0.6, None)],
        [(0.0, "+X"), (0.25, "+A"), (0.5, "+Y")],
    ),
    (
        "the first connection wins, and the others are given up",
        [(0.0, SIX), (0.0, FOUR), (0.3, Connected(A)), (3.0, None)],
        [(0.0, "+X"), (0.25, "+A"), (0.3, "-X")],
    ),
    (
        "a second connection is given up, too",
        [(0.0, SIX), (0.0, FOUR), (0.3, Connected(X)), (0.3, Connected(A))],
        [(0.0, "+X"), (0.25, "+A"), (0.3, "-A"), (0.3, "-A")],
    ),
    (
        "addresses that come late have their turn among the others",
        [(0.0, FOUR), (0.1, None), (0.2, SIX), (2.0, None)],
        [(0.05, "+A"), (0.3, "+X"), (0.55, "+B"), (0.8, "+Y")],
    ),
    (
        "late addresses are tried at once if all others have failed",
        [(0.0, Resolved(4, (A,))), (0.06, Failed(A)), (1.5, SIX)],
        [(0.05, "+A"), (1.5, "+X")],
    ),
    (
        "an address is tried once, however often it is named",
        [(0.0, Resolved(6, (X, X))), (0.0, Resolved(4, ())), (1.0, None)],
        [(0.0, "+X")],
    ),
]


@pytest.mark.parametrize(("about", "told", "said"), RACES, ids=[one[0] for one in RACES])
def test_who_is_tried_when(
    about: str, told: list[tuple[float, EyeballNews | None]], said: list[tuple[float, str]]
) -> None:
    assert race(*told).said == said, about


def test_the_race_is_lost_when_the_last_one_has_failed() -> None:
    one = race((0.0, Resolved(6, (X,))), (0.0, Resolved(4, ())), (0.1, Failed(X)))

    assert one.wake_at is None
    assert one.engine.report() == EyeballReport(None, (X,), (X,), timed_out=False)


def test_a_name_without_addresses_is_over_without_an_attempt() -> None:
    one = race((0.1, Resolved(6, ())), (0.2, Resolved(4, ())))

    assert (one.wake_at, one.said) == (None, [])


def test_no_time_left_ends_everything() -> None:
    one = race((0.0, SIX), (0.0, FOUR), (5.0, None), timeout=0.3)

    assert one.said == [(0.0, "+X"), (0.25, "+A"), (0.3, "-X -A")]
    assert one.engine.report() == EyeballReport(None, (X, A), (), timed_out=True)
    assert one.wake_at is None


def test_no_time_left_ends_the_wait_for_a_name_too() -> None:
    one = race((5.0, None), timeout=0.3)

    assert one.wake_at is None
    assert one.engine.report().timed_out


def test_the_winner_is_reported_and_late_news_change_nothing() -> None:
    one = race((0.0, SIX), (0.1, Connected(X)), (0.2, Failed(X)), (0.3, FOUR))

    assert one.engine.report() == EyeballReport(X, (X,), (), timed_out=False)
    assert one.said == [(0.0, "+X")]


def test_several_of_the_preferred_version_can_go_first() -> None:
    one = race((0.0, SIX), (0.0, FOUR), (2.0, None), first_family_count=2)

    assert [word for _, word in one.said] == ["+X", "+Y", "+A", "+B"]


def test_attempts_are_never_closer_than_ten_milliseconds() -> None:
    one = race((0.0, SIX), (0.0, FOUR), (1.0, None), attempt_delay=0.0)

    assert [now for now, _ in one.said] == [0.0, 0.01, 0.02, 0.03]


def test_one_version_needs_no_patience() -> None:
    one = Race(4)
    one.step(0)
    one.tell(0.2, FOUR)

    assert one.said == [(0.2, "+A")]


HAPPENINGS = st.one_of(
    st.builds(Resolved, st.just(4), st.sampled_from([(), (A,), (A, B), (A, B, C)])),
    st.builds(Resolved, st.just(6), st.sampled_from([(), (X,), (X, Y), (X, Y, Z)])),
    st.builds(Failed, st.sampled_from([A, B, C, X, Y, Z])),
    st.builds(Connected, st.sampled_from([A, B, C, X, Y, Z])),
    st.none(),
)


@given(st.lists(st.tuples(st.floats(0, 0.5), HAPPENINGS), max_size=20))
def test_whatever_happens_every_address_begins_once_and_the_race_comes_to_an_end(
    happenings: list[tuple[float, EyeballNews | None]],
) -> None:
    one, now = Race(timeout=20), 0.0
    one.step(now)
    open_now: set[Address] = set()
    for pause, news in happenings:
        if isinstance(news, Failed | Connected) and news.address not in open_now:
            continue
        now += pause
        one.tell(now, news)
        if isinstance(news, Failed):
            open_now.discard(news.address)
        open_now |= {*one.engine.report().begun} - {*one.engine.report().failed}
    one.tell(30, None)

    begun = one.engine.report().begun
    assert len(set(begun)) == len(begun)
    assert one.wake_at is None
    assert one.engine.is_over


def test_what_is_given_up_had_begun() -> None:
    one = race((0.0, SIX), (0.0, FOUR), (0.6, Connected(Y)))

    assert [type(event) for event in one.engine.step(1, Connected(X)).events] == [Abandon]
    assert one.said[-1] == (0.6, "-X -A")
