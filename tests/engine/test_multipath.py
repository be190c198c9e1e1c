"""Multipath discovery in virtual time: all ways are found, and nothing is made up."""

import errno
import itertools
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rawkit.engine.multipath_report import Balancing, Found, MultipathReport
from rawkit.engine.multipath_settings import MultipathSettings
from rawkit.engine.trace_events import Answer, NotSent, ProbeSent, Silence
from rawkit.errors import UsageError
from rawkit.wire.packet import Packet
from tests.engine.multipath_world import (
    TARGET,
    US,
    Limit,
    World,
    diamond,
    drawn,
    multipath,
    truth,
)

NESTED = {
    "us": ["a"],
    "a": ["b", "c"],
    "b": ["d", "e"],
    "c": ["f", "g"],
    "d": ["h"],
    "e": ["h"],
    "f": ["h"],
    "g": ["h"],
    "h": ["target"],
}
MESHED = {
    "us": ["a"],
    "a": ["b", "c"],
    "b": ["d", "e"],
    "c": ["d", "e"],
    "d": ["f"],
    "e": ["f"],
    "f": ["target"],
}
UNEVEN = {"us": ["a"], "a": ["b", "c"], "b": ["target"], "c": ["d"], "d": ["e"], "e": ["target"]}
TWO_IN_A_ROW = {
    "us": ["a"],
    "a": ["b", "c"],
    "b": ["d"],
    "c": ["d"],
    "d": ["e", "f"],
    "e": ["g"],
    "f": ["g"],
    "g": ["target"],
}
AT_THE_START = {"us": ["a", "b"], "a": ["c"], "b": ["c"], "c": ["target"]}
AT_THE_END = {"us": ["a"], "a": ["b", "c"], "b": ["target"], "c": ["target"]}


def found_in(world: World, **settings: Any) -> MultipathReport:
    engine = multipath(**settings)
    world.run(engine)
    return engine.report()


def kinds(report: MultipathReport) -> list[Balancing]:
    return [diamond.balancing for diamond in report.diamonds]


# What there is, is found


@pytest.mark.parametrize("width", [1, 2, 3, 4, 8, 16])
def test_a_diamond_is_found_whole_within_a_few_round_trips(width: int) -> None:
    world = World(diamond(width), seed=1)
    report = found_in(world)

    assert drawn(world, report) == truth(world.links)
    assert report.reached
    assert report.is_complete
    assert (report.width, report.paths) == (width, width)
    assert kinds(report) == [Balancing.PER_FLOW] * (width > 1)
    round_trip = len(truth(world.links)) * world.hop_time
    assert world.elapsed <= 6 * round_trip


@pytest.mark.parametrize(
    "links",
    [
        pytest.param(links, id=name)
        for name, links in {
            "nested": NESTED,
            "meshed": MESHED,
            "uneven": UNEVEN,
            "two in a row": TWO_IN_A_ROW,
            "at the start": AT_THE_START,
            "at the end": AT_THE_END,
        }.items()
    ],
)
@pytest.mark.parametrize("loss", [0.0, 0.1])
def test_a_net_of_any_shape_is_found_whole(links: dict[str, list[str]], loss: float) -> None:
    world = World(links, loss=loss, seed=2)
    report = found_in(world, confidence=0.999)

    assert drawn(world, report) == truth(links)
    assert report.is_complete
    assert set(kinds(report)) == {Balancing.PER_FLOW}
    assert all(edge.is_certain for edge in report.edges)


@pytest.mark.parametrize("method", ["udp", "icmp", "tcp"])
@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("quoted", [None, 8])
def test_every_method_finds_it(method: str, version: int, quoted: int | None) -> None:
    world = World(diamond(3), quoted=quoted, seed=3)
    report = found_in(world, method=method, version=version)

    assert drawn(world, report) == truth(world.links)
    assert report.strays == 0


def test_flows_may_differ_by_source_port() -> None:
    world = World(diamond(3), seed=3)
    report = found_in(world, fixed_port=True, port=53)

    assert drawn(world, report) == truth(world.links)


def test_without_privilege_eight_quoted_octets_are_enough() -> None:
    world = World(diamond(3), quoted=8, raw=False, seed=3)
    report = found_in(world)

    assert drawn(world, report) == truth(world.links)


@pytest.mark.thorough
def test_the_confidence_is_kept_over_many_networks() -> None:
    tries = 200
    right = sum(
        drawn(world, found_in(world)) == truth(world.links)
        for world in (World(diamond(2), seed=seed) for seed in range(tries))
    )

    assert right / tries >= 0.93  # 95 % asked for; the seeds are fixed


def test_a_single_way_is_asked_no_more_than_needed() -> None:
    world = World(diamond(1))
    report = found_in(world)

    assert max(world.asked[name] for name in ("in0", "way0", "out0")) == 6
    assert report.diamonds == ()


# Per flow, or per packet?


def test_spreading_packets_is_told_from_spreading_flows() -> None:
    told = Counter(
        kind
        for seed in range(60)
        for kind in kinds(found_in(World(diamond(3), per_packet=["in0"], seed=seed)))
    )

    assert told[Balancing.PER_PACKET] >= 54  # 95 % asked for; the seeds are fixed
    assert set(told) <= {Balancing.PER_PACKET, Balancing.PER_FLOW}


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("a", [Balancing.PER_PACKET, Balancing.PER_FLOW]),
        ("d", [Balancing.PER_FLOW, Balancing.PER_PACKET]),
    ],
)
def test_who_spreads_packets_is_told_in_a_row_of_two(who: str, expected: list[Balancing]) -> None:
    world = World(TWO_IN_A_ROW, per_packet=[who], seed=1)
    report = found_in(world, confidence=0.999)

    assert drawn(world, report) == truth(world.links)
    assert kinds(report) == expected


def test_steps_that_packets_of_one_flow_may_not_have_made_are_uncertain() -> None:
    links = {"us": ["a"], "a": ["b", "c"], "b": ["d"], "c": ["e"], "d": ["target"], "e": ["target"]}
    report = found_in(World(links, per_packet=["a"], seed=1), confidence=0.999)

    uncertain = [edge for edge in report.edges if not edge.is_certain]
    assert {report.nodes[edge.before].ttl for edge in uncertain} == {2}
    assert report.nodes[1].balancing is Balancing.PER_PACKET
    assert {node.balancing for node in report.hops[1]} <= {Balancing.UNCLEAR, Balancing.NONE}


# Silence


@pytest.mark.parametrize(
    ("links", "silent"),
    [
        pytest.param(diamond(3), ["in0"], id="before"),
        pytest.param(diamond(3), ["way1"], id="one of three"),
        pytest.param(diamond(3), ["out0"], id="behind"),
        pytest.param(diamond(1, 1, 5), ["out1", "out2", "out3"], id="three in a row"),
        pytest.param(UNEVEN, ["d"], id="beside the target"),
    ],
)
def test_silent_routers_do_not_hide_what_is_behind_them(
    links: dict[str, list[str]], silent: list[str]
) -> None:
    world = World(links, silent=silent, seed=4)
    report = found_in(world, confidence=0.99)

    assert drawn(world, report) == truth(links, silent)
    assert report.is_complete
    assert world.elapsed < 1.5


def test_silent_places_that_lead_apart_stay_apart() -> None:
    links = {
        "us": ["a"],
        "a": ["b", "c"],
        "b": ["x"],
        "c": ["y"],
        "x": ["d"],
        "y": ["e"],
        "d": ["target"],
        "e": ["target"],
    }
    report = found_in(World(links, silent="xy", seed=1))

    assert [len(hop) for hop in report.hops] == [1, 2, 2, 2, 1]
    assert report.paths == 2


def test_a_target_that_never_answers_ends_it_after_the_gap() -> None:
    world = World(diamond(3), silent=["target"], seed=1)
    report = found_in(world, wait=1.0)

    assert not report.reached
    assert [node.address for node in report.hops[-1]] == [None]
    assert len(report.hops) == 4
    assert 1.0 <= world.elapsed < 2.0


def test_where_nobody_answers_at_all_it_ends() -> None:
    world = World(diamond(2), silent=["in0", "way0", "way1", "out0", "target"])
    report = found_in(world, wait=0.5, gap=3)

    assert not report.reached
    assert [node.address for node in report.nodes[1:]] == [None]
    assert world.elapsed < 3


def test_a_router_slower_than_all_is_late_but_not_silent() -> None:
    world = World(diamond(1), slow={"way0": 0.15}, seed=1)
    engine = multipath(announce=True)
    told = world.run(engine)

    assert any(isinstance(event, Answer) and event.late for event in told)
    assert drawn(world, engine.report()) == truth(world.links)


@pytest.mark.thorough
def test_losses_are_made_up_for() -> None:
    for seed in range(20):
        world = World(diamond(3), loss=0.2, seed=seed)
        report = found_in(world, confidence=0.999)

        assert drawn(world, report) == truth(world.links)


def test_routers_that_answer_once_a_second_are_not_taken_for_silent_ones() -> None:
    slow = ("in0", "way0", "way1", "way2", "out0", "target")
    world = World(diamond(3), limits={name: Limit(1, 6) for name in slow}, seed=1)
    report = found_in(world)

    assert drawn(world, report) == truth(world.links)
    assert report.limited
    assert not report.is_complete
    assert any(not node.is_settled for node in report.nodes)
    assert world.elapsed < 3


@pytest.mark.parametrize("rate", [0.2, 1, 5])
def test_an_answer_that_is_allowed_again_is_had_soon(rate: float) -> None:
    world = World(diamond(2), limits={"in0": Limit(rate, 5)}, seed=1)
    report = found_in(world)

    assert drawn(world, report) == truth(world.links)
    assert report.is_complete  # with the sixth answer, the first after the burst
    assert 1 / rate < world.elapsed < 1.3 / rate + 0.3


def test_a_hop_that_answers_often_enough_is_asked_for_all_that_is_needed() -> None:
    links = diamond(3)
    world = World(links, limits={name: Limit(20, 6) for name in (*links, "target")}, seed=1)
    report = found_in(world)

    assert report.limited
    assert report.is_complete
    assert world.elapsed < 3


def test_what_a_hop_is_no_longer_needed_for_is_not_waited_for() -> None:
    links = {"us": ["in0"], "in0": ["way0", "way1"], "way0": ["a"], "way1": ["b"]}
    links |= {"a": ["target"], "b": ["target"]}
    shared = Limit(1, 6)  # one router with two addresses
    world = World(links, limits={"a": shared, "b": shared, "target": Limit(1, 6)}, seed=1)
    report = found_in(world)

    assert drawn(world, report) == truth(links)
    assert not report.is_complete
    assert world.elapsed < 3  # 12 answers of a and b would take 6


def test_a_router_that_falls_silent_for_good_is_given_up() -> None:
    world = World(diamond(3), limits={"out0": Limit(0, 4)}, seed=1)
    report = found_in(world)

    assert not report.is_complete
    assert world.elapsed < 15  # and so long before the deadline
    assert report.probes < 200
    assert report.reached


def test_a_silent_router_is_found_beside_limited_ones() -> None:
    limits = {"way0": Limit(2, 6), "way2": Limit(2, 6)}
    world = World(diamond(3), silent=["way1"], limits=limits, seed=1)
    report = found_in(world, deadline=300)

    assert drawn(world, report) == truth(world.links, ["way1"])


def test_who_lets_nobody_pass_is_an_end() -> None:
    world = World(AT_THE_END, prohibits=["c"], seed=1)
    report = found_in(world)

    (barred,) = [node for node in report.nodes if node.address == world.address("c")]
    assert barred.annotations == ("!X",)
    assert barred.next == ()
    assert not barred.is_target
    assert report.reached


# Order, limits and trouble


@pytest.mark.parametrize("parallel", [1, 5])
@pytest.mark.parametrize("silent", [[], ["way1"]])
def test_no_more_probes_are_under_way_than_allowed(parallel: int, silent: list[str]) -> None:
    world = World(diamond(4), silent=silent, seed=1)
    report = found_in(world, parallel=parallel)

    assert world.most_in_flight <= parallel
    assert drawn(world, report) == truth(world.links, silent)
    assert report.is_complete


def test_probes_keep_their_distance_in_time() -> None:
    world = World(diamond(2), seed=1)
    engine = multipath(spacing=0.01, announce=True)
    sent = [event.time for event in world.run(engine) if isinstance(event, ProbeSent)]

    assert min(b - a for a, b in itertools.pairwise(sent)) >= 0.01 - 1e-9
    assert drawn(world, engine.report()) == truth(world.links)


def test_a_second_answer_to_a_probe_counts_for_nothing() -> None:
    world = World(diamond(2), copies=2, seed=1)
    engine = multipath(announce=True)
    told = world.run(engine)
    report = engine.report()

    assert any(isinstance(event, Answer) and event.duplicate for event in told)
    assert drawn(world, report) == truth(world.links)
    answers = sum(node.rtt.count for node in report.nodes if node.rtt)
    assert answers <= report.probes


def test_all_that_happens_is_told_when_asked_for() -> None:
    world = World(diamond(2), silent=["out0"], seed=1)
    engine = multipath(announce=True)
    told = world.run(engine)
    report = engine.report()

    kinds_told = Counter(type(event) for event in told)
    assert kinds_told[ProbeSent] == report.probes == len(world.sent)
    assert kinds_told[Answer] + kinds_told[Silence] >= report.probes - 12
    assert [(e.ttl, e.address) for e in told if isinstance(e, Found)] == [
        (e.ttl, e.address)
        for e in World(diamond(2), silent=["out0"], seed=1).run(multipath())
        if isinstance(e, Found)
    ]


def test_the_report_may_be_asked_for_at_any_time() -> None:
    engine = multipath()

    assert [node.address for node in engine.report().nodes] == [US]
    assert (engine.report().paths, engine.report().is_complete) == (0, False)


def test_it_ends_at_the_deadline_with_what_is_known() -> None:
    world = World(diamond(3), limits={"way0": Limit(0.2, 2), "way1": Limit(0.2, 2)}, seed=1)
    report = found_in(world, deadline=2.0)

    assert world.elapsed == pytest.approx(2.0)
    assert report.reached
    assert not report.is_complete


def test_it_ends_when_the_probes_are_used_up() -> None:
    world = World(diamond(8), seed=1)
    report = found_in(world, max_probes=40)

    assert report.probes == len(world.sent) == 40
    assert not report.is_complete


def test_it_ends_when_the_flows_are_used_up() -> None:
    world = World(diamond(8), seed=1)
    report = found_in(world, max_flows=10)

    assert report.flows <= 10
    assert not report.is_complete


def test_what_the_kernel_refuses_for_a_while_is_sent_again() -> None:
    refusals = iter([OSError(errno.ENOBUFS, "no buffer"), None, None] * 10)
    world = World(diamond(2), refuse=lambda packet: next(refusals, None), seed=1)
    report = found_in(world, confidence=0.99)

    assert report.not_sent == 10
    assert drawn(world, report) == truth(world.links)


def test_where_the_kernel_sends_nothing_it_ends() -> None:
    def refuse(packet: Packet) -> OSError:
        return OSError(errno.EPERM, "not permitted")

    world = World(diamond(2), refuse=refuse)
    engine = multipath(announce=True)
    told = world.run(engine)

    assert any(isinstance(event, NotSent) for event in told)
    assert engine.report().not_sent == engine.report().probes
    assert not engine.report().reached


def test_a_late_first_hop_may_be_the_first_asked() -> None:
    world = World(diamond(3, before=3), seed=1)
    report = found_in(world, first_ttl=3)

    assert [node.ttl for node in report.nodes][:2] == [2, 3]
    assert report.width == 3
    assert report.nodes[-1].address == TARGET


def test_it_stops_at_the_last_hop_asked_for() -> None:
    world = World(diamond(3), seed=1)
    report = found_in(world, max_ttl=2)

    assert max(node.ttl for node in report.nodes) == 2
    assert report.width == 3
    assert not report.reached


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ({"confidence": 1.0}, "confidence is 1.0, not 0.5 to 0.9999"),
        ({"attempts": 0}, "attempts is 0, not 1 to 10"),
        ({"max_flows": 0}, "max flows is 0, not 1 to 30000"),
        ({"deadline": -1}, "deadline is -1, not at least 0"),
        ({"flow": "classic"}, "flow is 'classic', where each probe is its own flow"),
        ({"first_ttl": 9, "max_ttl": 3}, "first ttl 9 is above max ttl 3"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, Any], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        MultipathSettings(**wrong)


# Nothing is made up, whatever the network is


@st.composite
def networks(draw: st.DrawFn) -> World:
    """Layers of routers, each linked to some of the next layer, and all sorts of trouble."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=6))
    layers = [["us"], *([f"r{n}-{k}" for k in range(size)] for n, size in enumerate(sizes))]
    layers.append(["target"])
    links: dict[str, Sequence[str]] = {}
    for here, behind in itertools.pairwise(layers):
        for name in here:
            links[name] = draw(
                st.lists(st.sampled_from(behind), min_size=1, max_size=3, unique=True)
            )
    routers = [name for name in links if name != "us"]
    some = st.lists(st.sampled_from(routers), max_size=2, unique=True)
    odd = draw(some)  # the silent neighbour of who spreads packets cannot be told from losses
    spreads = draw(st.booleans())
    return World(
        links,
        per_packet=odd if spreads else (),
        silent=() if spreads else odd,
        limits={name: Limit(2, 4) for name in draw(some)},
        loss=draw(st.sampled_from([0.0, 0.05, 0.3])),
        seed=draw(st.integers(0, 1000)),
    )


@pytest.mark.thorough
@given(networks())
@settings(max_examples=20, derandomize=True)  # 0.9999 is not 1
def test_every_node_and_every_certain_step_is_there(world: World) -> None:
    report = found_in(world, deadline=20.0, confidence=0.9999)

    assert world.elapsed <= 20.0
    check(world, report)


def check(world: World, report: MultipathReport) -> None:
    """Compare what is said to be certain with what there is."""
    names = {world.address(name): name for name in (*world.links, "target")}
    assert report.probes == len(world.sent)
    assert [node.number for node in report.nodes] == list(range(len(report.nodes)))
    for edge in report.edges:
        before, after = report.nodes[edge.before], report.nodes[edge.after]
        assert after.ttl == before.ttl + 1
        assert edge.after in before.next
        if edge.is_certain and before.address is not None and after.address is not None:
            assert names[after.address] in world.links[names[before.address]]
    for node in report.nodes:
        assert set(node.next) == {e.after for e in report.edges if e.before == node.number}
        assert 0 <= node.confidence <= 1
