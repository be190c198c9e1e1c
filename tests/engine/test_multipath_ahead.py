"""The target is asked first how far it is, and believed as far as that is borne out."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from rawkit.engine.multipath_report import MultipathReport
from rawkit.engine.trace_events import ProbeSent
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from tests.engine.multipath_world import BEGIN, Limit, World, diamond, drawn, multipath, truth

UNEVEN = {"us": ["a"], "a": ["b", "c"], "b": ["target"], "c": ["d"], "d": ["e"], "e": ["target"]}
FAR = 30
"""The most hops there may be, unless something else is said."""


def found_in(world: World, version: int = 4, **settings: Any) -> MultipathReport:
    engine = multipath(version, **settings)
    world.run(engine)
    return engine.report()


def ttl_of(packet: Packet) -> int:
    head = packet.headers[0]
    assert isinstance(head, IPv4 | IPv6)
    return head.ttl if isinstance(head, IPv4) else head.hop_limit


def ttls(world: World) -> Counter[int]:
    """Return how many probes were sent with each TTL."""
    return Counter(map(ttl_of, world.sent))


@pytest.mark.parametrize("version", [4, 6])
def test_no_probe_flies_past_a_target_that_says_how_far_it_is(version: int) -> None:
    world = World(diamond(3, before=2, after=4), seed=1)
    report = found_in(world, version)

    sent = ttls(world)
    assert sent.pop(FAR) == 5
    assert set(sent) == set(range(1, 9))
    assert drawn(world, report) == truth(world.links)
    assert report.is_complete


def test_what_the_target_says_of_a_flow_counts_as_its_last_hop() -> None:
    world = World(diamond(1, before=3, after=3), seed=1)
    report = found_in(world)

    assert world.asked["target"] == 6  # and so one of the six with just this TTL
    assert report.nodes[-1].flows == tuple(range(6))
    assert report.nodes[-1].rtt is not None
    assert report.nodes[-1].rtt.count == 6


def test_a_long_path_takes_two_round_trips() -> None:
    world = World(diamond(1, before=5, after=5), hop_time=0.01, seed=1)
    report = found_in(world)

    assert report.is_complete
    assert world.elapsed == pytest.approx(2 * 12 * world.hop_time)


def test_a_target_that_answers_six_times_and_then_once_a_second_costs_no_time() -> None:
    links = diamond(1, before=3, after=3)
    world = World(links, limits={name: Limit(1, 6) for name in (*links, "target")}, seed=1)
    report = found_in(world)

    assert report.is_complete
    assert world.elapsed < 0.1


ODD_QUOTES: dict[str, Callable[[int], int]] = {
    "one too many": lambda ttl: ttl + 1,
    "one too few": lambda ttl: max(0, ttl - 1),
    "always one": lambda ttl: 1,
    "always none": lambda ttl: 0,
    "always as many as were sent": lambda ttl: FAR,
    "always nearly as many": lambda ttl: FAR - 1,
    "always half as many": lambda ttl: FAR // 2,
    "those of another sender": lambda ttl: 64,
}


@pytest.mark.parametrize("left", ODD_QUOTES.values(), ids=ODD_QUOTES)
@pytest.mark.parametrize("links", [diamond(1), diamond(3, after=4), UNEVEN])
def test_a_wrong_distance_is_not_believed(
    links: Mapping[str, Sequence[str]], left: Callable[[int], int]
) -> None:
    world = World(links, left=left, seed=1)
    report = found_in(world, confidence=0.999)

    assert drawn(world, report) == truth(links)
    assert report.is_complete


def test_flows_may_have_a_different_way_to_go() -> None:
    for seed in range(20):
        world = World(UNEVEN, seed=seed)
        report = found_in(world, confidence=0.9999)

        assert drawn(world, report) == truth(UNEVEN)
        assert report.is_complete


@pytest.mark.thorough
def test_answers_may_be_lost_on_the_way() -> None:
    for seed in range(20):
        world = World(diamond(2, after=3), loss=0.3, seed=seed)
        report = found_in(world, confidence=0.9999)

        assert drawn(world, report) == truth(world.links)


@pytest.mark.parametrize("settings", [{"method": "icmp"}, {"method": "tcp"}])
def test_who_would_not_quote_the_probe_is_not_asked(settings: dict[str, Any]) -> None:
    world = World(diamond(2), seed=1)
    found_in(world, **settings)

    assert FAR not in ttls(world)


def test_where_the_kernel_keeps_the_quoted_header_nobody_is_asked() -> None:
    world = World(diamond(2), raw=False, seed=1)
    report = found_in(world)

    assert FAR not in ttls(world)
    assert drawn(world, report) == truth(world.links)


def test_a_target_that_says_nothing_is_waited_for_no_longer_than_a_few_round_trips() -> None:
    links = diamond(2, before=3, after=6)
    world = World(links, silent=["target"], hop_time=0.01, seed=1)
    engine = multipath(announce=True)
    told = world.run(engine)

    at = next(e.time for e in told if isinstance(e, ProbeSent) and e.probe.ttl == 11)
    assert at - BEGIN < 0.3  # the hop before is a tenth of a second away
    assert ttls(world)[FAR] == 5
    assert drawn(world, engine.report()) == truth(links, ["target"])


@pytest.mark.parametrize(("first", "last"), [(3, 30), (4, 30), (5, 30), (1, 4), (1, 5), (4, 4)])
def test_where_asking_begins_and_ends_does_not_matter(first: int, last: int) -> None:
    world = World(diamond(1), seed=1)
    report = found_in(world, first_ttl=first, max_ttl=last)

    assert report.reached
    assert report.is_complete
    assert report.nodes[-1].ttl == max(first, 4)
    assert report.flows == 6


def test_fewer_may_be_under_way_than_there_are_to_ask() -> None:
    for parallel in (1, 2):
        world = World(diamond(2), seed=1)
        report = found_in(world, parallel=parallel)

        assert world.most_in_flight <= parallel
        assert ttls(world)[FAR] == 5
        assert report.is_complete
