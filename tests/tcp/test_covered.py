"""Acknowledgments that came at once: which of them need no look."""

import pytest

from rawkit.record import replace
from rawkit.tcp.covered import is_covered, without_covered
from rawkit.tcp.options import sack_option, timestamps_option
from rawkit.tcp.segment import ACK, CE, ECE, FIN, PSH, URG, WRAP, Segment

KEY, OTHER = b"one flow", b"another"


def ack(number: int, **values: object) -> Segment:
    return replace(Segment(ACK, 7, number & WRAP, 500), **values)


def kept(*segments: Segment) -> list[Segment]:
    return [one for _, one in without_covered((KEY, segment) for segment in segments)]


def test_the_last_of_many_is_enough() -> None:
    many = [
        ack(number, window=number, options=timestamps_option(number, 1)) for number in (1, 5, 9)
    ]

    assert kept(*many) == many[-1:]


@pytest.mark.parametrize("start", [0, WRAP - 3, 1 << 31])
def test_numbers_may_wrap(start: int) -> None:
    assert is_covered(ack(start), ack(start + 10))
    assert not is_covered(ack(start + 10), ack(start))


@pytest.mark.parametrize(
    "other",
    [
        ack(5),
        ack(9, flags=ACK | FIN),
        ack(9, flags=ACK | ECE),
        ack(9, flags=ACK | PSH),
        ack(9, flags=ACK | URG),
        ack(9, payload=b"x"),
        ack(9, sequence=8),
        ack(9, ecn=CE),
        ack(9, options=sack_option([(20, 30)])),
        ack(9, options=timestamps_option(1, 1) + sack_option([(20, 30)])),
    ],
    ids=["duplicate", "FIN", "ECE", "PSH", "URG", "data", "further", "marked", "SACK", "more SACK"],
)
def test_whatever_says_more_is_looked_at(other: Segment) -> None:
    before, after = ack(5), ack(99)

    assert kept(before, other) == [before, other]
    if other != before:
        assert kept(other, after) == [other, after]


def test_each_flow_has_its_own() -> None:
    arrivals = [(KEY, ack(5)), (OTHER, ack(6)), (OTHER, ack(7)), (KEY, ack(8))]

    assert list(without_covered(arrivals)) == [arrivals[0], *arrivals[2:]]


def test_nothing_came() -> None:
    assert kept() == []
