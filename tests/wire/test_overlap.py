"""Fragments that overlap: whose octets count."""

import tracemalloc

import pytest

from rawkit.wire.overlap import Assembly, Outcome, Policy

MERGING = [policy for policy in Policy if policy not in (Policy.LINUX, Policy.REJECT)]

# Fragments of units of 8 octets: the first, how many, as in U. Shankar, V. Paxson, Active
# Mapping (2003), figure 3, each filled with its own number. Who makes what of it is in
# their table, and in J. Novak, Target-Based Fragmentation Reassembly (2005); the last two
# follow from what Novak says of those hosts, by hand.
SHANKAR_PAXSON = [(0, 3), (4, 2), (6, 3), (1, 4), (6, 3), (9, 3)]
MADE = {
    Policy.FIRST: "111422333666",
    Policy.LAST: "144442555666",
    Policy.BSD: "111442333666",
    Policy.BSD_RIGHT: "144422555666",
    Policy.LINUX_CLASSIC: "111442555666",
    Policy.WINDOWS: "111422333666",
    Policy.SOLARIS: "111422333666",
}
# A fragment that begins before another one and ends behind it; and one that ends with it.
OUTREACHING = [(2, 2), (0, 6), (7, 1), (6, 2), (8, 1)]
MADE_OF_OUTREACHING = {
    Policy.FIRST: "221122435",
    Policy.LAST: "222222445",
    Policy.BSD: "222222445",
    Policy.BSD_RIGHT: "221122435",
    Policy.LINUX_CLASSIC: "222222445",
    Policy.WINDOWS: "222222435",
    Policy.SOLARIS: "222222445",
}


def laid(policy: Policy, places: list[tuple[int, int]]) -> Assembly:
    """Put fragments together, each filled with its number, the last of them the end."""
    assembly = Assembly(policy)
    for number, (start, count) in enumerate(places, 1):
        octets = str(number).encode() * 8 * count
        assembly.add(start * 8, octets, more=number < len(places))
    return assembly


def units(assembly: Assembly) -> str:
    assert assembly.whole is not None
    return assembly.whole[::8].decode()


@pytest.mark.parametrize("policy", MERGING)
def test_each_host_makes_its_own_of_the_same_fragments(policy: Policy) -> None:
    assert units(laid(policy, SHANKAR_PAXSON)) == MADE[policy]


@pytest.mark.parametrize("policy", MERGING)
def test_to_reach_out_over_both_ends_counts_for_some(policy: Policy) -> None:
    assert units(laid(policy, OUTREACHING)) == MADE_OF_OUTREACHING[policy]


# Linux, as its kernel does it (tests/netns/test_fragments.py has it confirm that), and
# RFC 8200 §4.5. Fragments are places of units; the outcome is that of the last of them.
JUDGED = [
    ([(0, 1), (2, 1), (1, 1)], Outcome.KEPT, Outcome.KEPT),
    ([(0, 2), (0, 2)], Outcome.IGNORED, Outcome.SPOILED),
    ([(0, 2), (2, 2), (1, 2)], Outcome.IGNORED, Outcome.SPOILED),
    ([(0, 2), (1, 2)], Outcome.SPOILED, Outcome.SPOILED),
    ([(2, 2), (1, 2)], Outcome.SPOILED, Outcome.SPOILED),
    ([(0, 1), (2, 1), (1, 1), (0, 2)], Outcome.SPOILED, Outcome.SPOILED),
    ([(1, 1), (0, 3)], Outcome.SPOILED, Outcome.SPOILED),
]


@pytest.mark.parametrize(("places", "linux", "strict"), JUDGED)
def test_linux_ignores_what_lies_in_one_run_and_takes_offence_at_the_rest(
    places: list[tuple[int, int]], linux: Outcome, strict: Outcome
) -> None:
    for policy, expected in ((Policy.LINUX, linux), (Policy.REJECT, strict)):
        assembly = Assembly(policy)
        outcomes = [
            assembly.add(start * 8, bytes([65 + number]) * 8 * count, more=True)
            for number, (start, count) in enumerate(places)
        ]

        assert outcomes[-1] is expected
        assert set(outcomes[:-1]) == {Outcome.KEPT}


def test_an_exact_copy_is_no_overlap() -> None:
    """RFC 8200 §4.5: those may be ignored."""
    assembly = Assembly(Policy.REJECT)
    assembly.add(0, bytes(16), more=True)

    assert assembly.add(0, bytes(16), more=True) is Outcome.IGNORED
    assert assembly.add(16, bytes(3), more=False) is Outcome.KEPT
    assert assembly.add(16, bytes(3), more=False) is Outcome.IGNORED
    assert assembly.whole == bytes(19)


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize(
    ("start", "size", "more"),
    [(16, 8, True), (8, 16, True), (16, 8, False), (8, 3, False), (0, 3, False)],
)
def test_two_ends_are_one_too_many(policy: Policy, start: int, size: int, more: bool) -> None:
    assembly = Assembly(policy)
    assembly.add(8, bytes(5), more=False)

    assert assembly.add(start, bytes(size), more) is Outcome.SPOILED


@pytest.mark.parametrize("policy", Policy)
def test_an_end_before_what_has_come_is_none(policy: Policy) -> None:
    assembly = Assembly(policy)
    assembly.add(8, bytes(8), more=True)

    assert assembly.add(0, bytes(8), more=False) is Outcome.SPOILED


@pytest.mark.thorough
@pytest.mark.parametrize("policy", Policy)
def test_the_memory_is_known_and_bounded_whatever_comes(policy: Policy) -> None:
    assembly, large = Assembly(policy), bytes(65_528)
    tracemalloc.start()

    for start in range(0, 65_528, 16):
        assembly.add(start, bytes(8), more=True)
    small, _ = tracemalloc.get_traced_memory()
    told = assembly.cost
    for start in range(0, 65_528, 8192):
        assembly.add(start, large[start:], more=True)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert 0.9 * told < small < 1.1 * told
    assert max(assembly.cost, peak) < 65_536 + 8192 * 250
