"""Octets of one direction put in order, and who wins where segments overlap."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit.wire.overlap import SEGMENT_COST
from rawkit.wire.stream import (
    FARTHEST,
    MODULUS,
    Added,
    SegmentPolicy,
    Stream,
    unwrapped,
)


def laid(policy: SegmentPolicy, places: list[tuple[int, int]]) -> str:
    """Return what becomes of segments (first octet, how many), each filled with its number."""
    stream = Stream(policy)
    for number, (start, count) in enumerate(places, 1):
        stream.add(start, str(number).encode() * count)
    return stream.take().decode()


# Segments ahead of a hole; the last one fills it. By hand from what each policy says;
# tests/netns/test_follow.py has the kernel confirm the column of Linux.
OVERLAPS = [
    ([(1, 4), (3, 4), (0, 1)], {"first": "3111122", "last": "3112222", "bsd": "3111122",
                                "linux": "3111122"}),
    ([(3, 4), (1, 4), (0, 1)], {"first": "3221111", "last": "3222211", "bsd": "3222211",
                                "linux": "3222211"}),
    ([(2, 2), (1, 4), (0, 1)], {"first": "32112", "last": "32222", "bsd": "32222",
                                "linux": "32222"}),
    ([(1, 4), (2, 2), (0, 1)], {"first": "31111", "last": "31221", "bsd": "31111",
                                "linux": "31111"}),
    ([(1, 2), (1, 4), (0, 1)], {"first": "31122", "last": "32222", "bsd": "31122",
                                "linux": "32222"}),
    ([(1, 4), (1, 2), (0, 1)], {"first": "31111", "last": "32211", "bsd": "31111",
                                "linux": "31111"}),
    ([(1, 3), (1, 3), (0, 1)], {"first": "3111", "last": "3222", "bsd": "3111", "linux": "3111"}),
    ([(2, 3), (0, 4)], {"first": "22111", "last": "22221", "bsd": "22221", "linux": "22221"}),
    ([(1, 1), (3, 1), (0, 5)], {"first": "31323", "last": "33333", "bsd": "33333",
                                "linux": "33333"}),
]  # fmt: skip


@pytest.mark.parametrize("policy", SegmentPolicy)
@pytest.mark.parametrize(("places", "made"), OVERLAPS)
def test_each_policy_makes_its_own_of_the_same_segments(
    policy: SegmentPolicy, places: list[tuple[int, int]], made: dict[str, str]
) -> None:
    assert laid(policy, places) == made[policy.value]


@pytest.mark.parametrize("policy", SegmentPolicy)
def test_what_was_given_out_cannot_be_changed_any_more(policy: SegmentPolicy) -> None:
    stream = Stream(policy)
    stream.add(0, b"abc")

    assert stream.take() == b"abc"
    assert stream.add(0, b"XYZ") == Added()
    assert stream.add(1, b"XYZ") == Added(ahead=False, new=1)
    assert stream.take() == b"Z"


def test_a_segment_tells_what_it_brought() -> None:
    stream = Stream()

    assert stream.add(4, b"efgh") == Added(ahead=True, new=4)
    assert stream.add(4, b"efgh") == Added(ahead=True)
    assert stream.add(6, b"GHij") == Added(ahead=True, new=2, differing=2)
    assert stream.add(0, b"abcdeF") == Added(new=4, differing=1)


def test_it_costs_what_waits_and_nothing_when_all_is_given_out() -> None:
    stream = Stream()
    stream.add(10, bytes(100))
    stream.add(200, bytes(50))

    assert stream.cost == 150 + 2 * SEGMENT_COST
    assert stream.hole_end == 10

    stream.skip(10)
    stream.take()
    stream.add(110, bytes(90))
    stream.take()

    assert (stream.cost, stream.next, stream.is_waiting) == (0, 250, False)


def test_octets_that_were_not_captured_are_noted() -> None:
    stream = Stream()
    stream.add(0, b"ab")
    stream.note_blank(2, 10)
    stream.note_blank(10, 12)
    stream.note_blank(20, 30)
    stream.take()

    assert (stream.is_blank, stream.blank_end(40), stream.known_end) == (True, 12, 30)

    stream.skip(12)

    assert (stream.is_blank, stream.blank_end(40), stream.blank_end(15)) == (False, 20, 15)


def test_blanks_are_forgotten_when_they_are_behind_and_are_never_many() -> None:
    stream = Stream()
    for place in range(0, 100_000, 10):
        stream.note_blank(place, place + 5)

    assert len(stream._blanks) == 1024

    stream.skip(100_000)
    stream.note_blank(100_010, 100_020)

    assert len(stream._blanks) == 1


NUMBERS = [
    (5, 0, 5),
    (0, MODULUS - 1, MODULUS),
    (MODULUS - 1, MODULUS, MODULUS - 1),
    (MODULUS - 1, 3, -1),
    (7, 5 * MODULUS + 9, 5 * MODULUS + 7),
    (FARTHEST, 0, FARTHEST),
]


@pytest.mark.parametrize(("sequence", "near", "number"), NUMBERS)
def test_a_sequence_number_stands_for_the_nearest_number(
    sequence: int, near: int, number: int
) -> None:
    assert unwrapped(sequence, near) == number


segments = st.lists(st.tuples(st.integers(0, 40), st.binary(min_size=1, max_size=12)), max_size=30)


@given(segments, st.sampled_from(SegmentPolicy))
def test_pieces_never_overlap_and_their_cost_is_right(
    segments: list[tuple[int, bytes]], policy: SegmentPolicy
) -> None:
    stream, seen, taken = Stream(policy), set[int](), b""
    for start, octets in segments:
        before = len(seen)
        seen.update(range(start, start + len(octets)))
        added = stream.add(start, octets)
        assert added.new == len(seen) - before
        pieces = stream._pieces
        assert all(one.end <= two.start for one, two in pairwise(pieces))
        assert all(one.end - one.start == len(one.octets) for one in pieces)
        assert [one.start for one in pieces] == stream._starts
        assert stream.cost == sum(len(one.octets) + SEGMENT_COST for one in pieces)
        taken += stream.take()
    complete = next(place for place in range(100) if place not in seen)

    assert len(taken) == stream.next == complete


@given(segments)
def test_where_all_say_the_same_every_policy_gives_the_same(
    segments: list[tuple[int, bytes]],
) -> None:
    truth = bytes(range(60))
    for policy in SegmentPolicy:
        stream = Stream(policy)
        taken = b""
        for start, octets in segments:
            added = stream.add(start, truth[start : start + len(octets)])
            assert added.differing == 0
            taken += stream.take()

        assert taken == truth[: len(taken)]
