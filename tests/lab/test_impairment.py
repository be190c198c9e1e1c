"""A bad line in virtual time: every share, every bound, the same way each time."""

import math
from itertools import pairwise

import pytest

from rawkit.errors import UsageError
from rawkit.lab.impairment import HELD_AT_MOST, Counts, Impairment, Line, octets_in
from rawkit.record import as_dict

MANY = 20_000


def frame(number: int, size: int = 60) -> bytes:
    """An Ethernet frame that can be told from the others by its last octets."""
    return bytes(12) + b"\x08\x00" + number.to_bytes(size - 14, "big")


def number_in(octets: bytes) -> int:
    return int.from_bytes(octets[14:], "big")


def send(line: Line, count: int = MANY, gap: float = 0.001) -> list[tuple[float, bytes]]:
    """Send frames in regular time; return when each came out, as exactly as can be."""
    out: list[tuple[float, bytes]] = []
    for number in range(count):
        now = number * gap
        drain(line, now, out)
        line.take(now, frame(number))
    drain(line, math.inf, out)
    return out


def drain(line: Line, now: float, out: list[tuple[float, bytes]]) -> None:
    while (at := line.next_at()) <= now and not math.isinf(at):
        out += [(at, octets) for octets in line.due(at)]


def adds_up(counts: Counts) -> bool:
    ends = ("delivered", "lost", "overflowed", "too_big", "refused", "held")
    fates = as_dict(counts)
    return counts.received + counts.duplicated == sum(int(fates[end]) for end in ends)


def test_a_perfect_line_hands_every_frame_over_at_once_and_in_order() -> None:
    out = send(Line(Impairment()), 1000)

    assert [number_in(octets) for _, octets in out] == list(range(1000))
    assert all(at == number_in(octets) * 0.001 for at, octets in out)


def test_a_frame_leaves_when_its_delay_is_over_and_not_before() -> None:
    line = Line(Impairment(delay=0.25))
    line.take(10.0, frame(1))

    assert line.next_at() == 10.25
    assert list(line.due(10.2499)) == []
    assert list(line.due(10.25)) == [frame(1)]
    assert math.isinf(line.next_at())


def test_without_jitter_order_is_kept_even_at_the_same_instant() -> None:
    line = Line(Impairment(delay=1.0))
    for number in range(500):
        line.take(5.0, frame(number))

    assert [number_in(octets) for octets in line.due(6.0)] == list(range(500))


@pytest.mark.parametrize("share", [0.01, 0.3, 1.0])
def test_the_share_lost_is_the_share_asked_for(share: float) -> None:
    line = Line(Impairment(loss=share))

    out = send(line)

    assert len(out) / MANY == pytest.approx(1 - share, abs=0.02)
    assert line.counts.lost == MANY - len(out)


@pytest.mark.parametrize("share", [0.05, 0.5, 1.0])
def test_the_share_of_second_copies_is_the_share_asked_for(share: float) -> None:
    line = Line(Impairment(duplicate=share))

    out = send(line)

    assert (len(out) - MANY) / MANY == pytest.approx(share, abs=0.02)
    assert line.counts.duplicated == len(out) - MANY
    assert {number_in(octets) for _, octets in out} == set(range(MANY))


def test_each_copy_has_luck_and_a_delay_of_its_own() -> None:
    line = Line(Impairment(delay=0.1, jitter=0.05, duplicate=1.0, loss=0.5))

    out = send(line)
    times: dict[int, list[float]] = {}
    for at, octets in out:
        times.setdefault(number_in(octets), []).append(at)

    assert len(times) / MANY == pytest.approx(0.75, abs=0.02)
    pairs = [both for both in times.values() if len(both) == 2]
    assert len(pairs) / MANY == pytest.approx(0.25, abs=0.02)
    assert all(first != second for first, second in pairs)


def test_a_reordered_frame_overtakes_those_sent_before_it() -> None:
    line = Line(Impairment(delay=0.010, reorder=0.1))

    out = send(line)
    order = [number_in(octets) for _, octets in out]

    assert line.counts.reordered / MANY == pytest.approx(0.1, abs=0.01)
    early = {number_in(octets) for at, octets in out if at == number_in(octets) * 0.001}
    assert len(early) == line.counts.reordered
    assert sum(after < before for before, after in pairwise(order)) > 0.05 * MANY
    late = [number for number in order if number not in early]
    assert late == sorted(late)


def test_jitter_spreads_the_delay_evenly_about_its_mean() -> None:
    out = send(Line(Impairment(delay=0.100, jitter=0.020)))
    delays = sorted(at - number_in(octets) * 0.001 for at, octets in out)

    assert delays[0] >= 0.080 - 1e-9
    assert delays[-1] <= 0.120 + 1e-9
    assert delays[MANY // 4] == pytest.approx(0.090, abs=0.001)
    assert delays[MANY // 2] == pytest.approx(0.100, abs=0.001)
    assert delays[3 * MANY // 4] == pytest.approx(0.110, abs=0.001)


def test_jitter_above_the_delay_never_delivers_before_the_sending() -> None:
    out = send(Line(Impairment(delay=0.001, jitter=0.010)))

    assert min(at - number_in(octets) * 0.001 for at, octets in out) == 0.0


def test_corruption_flips_one_bit_behind_the_ethernet_header() -> None:
    line = Line(Impairment(corrupt=0.25))

    out = send(line)
    flipped = [
        int.from_bytes(octets) ^ int.from_bytes(frame(n)) for n, (_, octets) in enumerate(out)
    ]

    damaged = [bits for bits in flipped if bits]
    assert len(damaged) == line.counts.corrupted
    assert len(damaged) / MANY == pytest.approx(0.25, abs=0.02)
    assert all(bits.bit_count() == 1 and bits < 1 << 46 * 8 for bits in damaged)
    assert len(set(damaged)) > 300, "any bit of the packet may be hit"


def test_a_rate_sends_frame_after_frame_in_the_time_their_bits_take() -> None:
    line = Line(Impairment(rate=8000.0, delay=1.0))
    for number in range(4):
        line.take(10.0, frame(number, size=100))
    out: list[tuple[float, bytes]] = []
    drain(line, math.inf, out)

    assert [at for at, _ in out] == pytest.approx([11.1, 11.2, 11.3, 11.4])


def test_a_line_that_was_idle_does_not_save_its_rate_up() -> None:
    line = Line(Impairment(rate=8000.0))
    line.take(0.0, frame(0, size=100))
    list(line.due(50.0))
    line.take(50.0, frame(1, size=100))
    line.take(50.0, frame(2, size=100))
    out: list[tuple[float, bytes]] = []
    drain(line, math.inf, out)

    assert [at for at, _ in out] == pytest.approx([50.1, 50.2])


def test_a_full_queue_refuses_until_a_frame_has_been_sent() -> None:
    line = Line(Impairment(rate=8000.0, delay=100.0, limit=3))
    for number in range(5):
        line.take(0.0, frame(number, size=100))
    line.take(0.15, frame(5, size=100))
    out: list[tuple[float, bytes]] = []
    drain(line, math.inf, out)

    assert [number_in(octets) for _, octets in out] == [0, 1, 2, 5]
    assert line.counts.overflowed == 2


def test_frames_in_flight_do_not_count_as_waiting() -> None:
    line = Line(Impairment(delay=100.0, limit=3))

    out = send(line, 1000)

    assert len(out) == 1000


def test_what_is_in_flight_is_bounded() -> None:
    line = Line(Impairment(delay=1e6))
    octets = frame(0)
    for _ in range(HELD_AT_MOST + 10):
        line.take(0.0, octets)

    assert line.counts.held == HELD_AT_MOST
    assert line.counts.overflowed == 10


@pytest.mark.parametrize(
    ("octets", "passes"),
    [
        pytest.param(bytes(14 + 1400), True, id="exactly the MTU"),
        pytest.param(bytes(14 + 1401), False, id="one octet more"),
        pytest.param(bytes(12) + b"\x81\x00" + bytes(4 + 1400), True, id="a VLAN tag is free"),
        pytest.param(bytes(12) + b"\x81\x00" + bytes(4 + 1401), False, id="but no more than it"),
    ],
)
def test_a_packet_above_the_mtu_vanishes(octets: bytes, passes: bool) -> None:
    line = Line(Impairment(mtu=1400))
    line.take(0.0, octets)

    assert (octets_in(octets) <= 1400) == passes
    assert list(line.due(0.0)) == ([octets] if passes else [])
    assert line.counts.too_big == (not passes)


def test_the_same_seed_gives_the_same_luck() -> None:
    bad = Impairment(0.01, 0.005, 0.1, 0.1, 0.1, 0.1, 1e6)

    assert send(Line(bad, seed=7), 2000) == send(Line(bad, seed=7), 2000)
    assert send(Line(bad, seed=7), 2000) != send(Line(bad, seed=8), 2000)


def test_an_option_left_out_changes_no_other_luck() -> None:
    lossy = send(Line(Impairment(loss=0.2), seed=3), 2000)
    slow_too = send(Line(Impairment(loss=0.2, delay=0.5, rate=1e9), seed=3), 2000)

    assert [octets for _, octets in lossy] == [octets for _, octets in slow_too]


def test_every_frame_has_exactly_one_fate() -> None:
    line = Line(Impairment(0.5, 0.1, 0.1, 0.1, 0.1, 0.1, 4.5e5, 1400, 20), seed=5)
    for number in range(5000):
        line.take(number * 0.001, frame(number, size=1600 if number % 50 == 0 else 60))
        for _ in line.due(number * 0.001):
            if number % 100 == 0:
                line.refuse()
        assert adds_up(line.counts)

    assert all(as_dict(line.counts).values()), "and each of them occurred"


def test_a_line_can_get_better_and_worse_while_frames_are_on_it() -> None:
    line = Line(Impairment(delay=1.0))
    line.take(0.0, frame(0))
    line.change(Impairment(loss=1.0))
    line.take(0.1, frame(1))
    line.change(Impairment(delay=0.5))
    line.take(0.2, frame(2))
    out: list[tuple[float, bytes]] = []
    drain(line, math.inf, out)

    assert [(at, number_in(octets)) for at, octets in out] == [(0.7, 2), (1.0, 0)]


def test_lateness_is_the_worst_by_which_a_frame_was_fetched_late() -> None:
    line = Line(Impairment(delay=1.0))
    line.take(0.0, frame(0))
    line.take(1.0, frame(1))
    list(line.due(1.25))
    list(line.due(2.0))

    assert line.counts.lateness == 0.25


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("loss", 1.5),
        ("loss", math.nan),
        ("duplicate", -0.1),
        ("corrupt", 2),
        ("delay", -1),
        ("delay", math.inf),
        ("jitter", math.nan),
        ("rate", 0),
        ("mtu", 60),
        ("limit", 0),
        ("reorder", 0.5),
    ],
)
def test_nonsense_is_refused_by_its_name(name: str, value: float) -> None:
    with pytest.raises(UsageError, match=name):
        Impairment(**{name: value})  # type: ignore[arg-type]  # nonsense is the point
