"""The trace engine, in virtual time and without a socket."""

import errno
from typing import Any

import pytest

from rawkit.engine.trace_book import TraceBook
from rawkit.engine.trace_events import (
    Answer,
    Hop,
    Kind,
    NotSent,
    ProbeSent,
    RoundEnd,
    Silence,
    Stray,
)
from rawkit.engine.trace_report import Remark
from rawkit.engine.trace_rounds import OVERLAPPING
from rawkit.lab import saying
from rawkit.lab.hostile import HOSTILE
from rawkit.lab.saying import Why
from rawkit.wire import multipart
from rawkit.wire.address import Address
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.packet import Packet
from rawkit.wire.udp import UDP
from tests.engine.trace_world import (
    BEGIN,
    TARGET,
    TARGET6,
    US,
    World,
    answering,
    host,
    router4,
    router6,
    rows,
    silent,
    trace,
)

METHODS = [
    pytest.param(
        {"method": method, "flow": flow, "version": version}, id=f"{method}-{flow}-{version}"
    )
    for method in ("udp", "icmp", "tcp")
    for flow in ("classic", "paris", "dublin")
    for version in (4, 6)
]


def path(length: int = 5) -> list[Any]:
    return [answering(number) for number in range(1, length + 1)]


def sources(told: list[Hop]) -> list[Address | None]:
    return [row.source for row in told]


@pytest.mark.parametrize("how", METHODS)
def test_every_router_and_the_target_are_found_by_every_method(how: dict[str, Any]) -> None:
    engine = trace(**how)
    told = rows(World(path()).run(engine))

    router = router4 if how["version"] == 4 else router6
    target: Address = TARGET if how["version"] == 4 else TARGET6
    assert sources(told) == [*map(router, range(1, 6)), target]
    assert [row.ttl for row in told] == [1, 2, 3, 4, 5, 6]
    assert [row.is_last for row in told] == [False] * 5 + [True]
    assert all(len(row.outcomes) == 3 for row in told)
    report = engine.report()
    assert report.reached
    assert report.strays == 0
    assert [hop.rtt.median for hop in report.hops if hop.rtt] == pytest.approx(
        [0.001, 0.002, 0.003, 0.004, 0.005, 0.010]
    )
    assert [(hop.sent, hop.answered, hop.pending) for hop in report.hops] == [(3, 3, 0)] * 6
    assert report.remarks == ()


@pytest.mark.parametrize("how", METHODS)
def test_eight_quoted_octets_are_enough_on_a_raw_socket(how: dict[str, Any]) -> None:
    routers = [answering(number, quoted=8) for number in range(1, 6)]
    engine = trace(**how)
    told = rows(World(routers).run(engine))

    assert len(told) == 6
    assert all(answer.probe.ttl == row.ttl for row in told for answer in row.answers)
    assert engine.report().strays == 0
    assert sources(told)[2] in (router4(3), router6(3))


def test_no_more_than_sixteen_probes_are_in_flight() -> None:
    world = World(path(20))
    world.run(trace())

    assert world.most_in_flight == 16


def test_a_lone_probe_at_a_time_where_that_is_asked_for() -> None:
    world = World(path(4))
    world.run(trace(parallel=1))

    assert world.most_in_flight == 1
    assert len(world.sent) == 15


def test_probes_of_one_flow_have_the_same_ports_and_those_of_classic_tracing_have_not() -> None:
    ports = {}
    for flow in ("paris", "dublin", "classic"):
        world = World(path(3))
        world.run(trace(flow=flow))
        ports[flow] = {(p[UDP].src_port, p[UDP].dst_port) for p in world.sent}

    assert len(ports["paris"]) == 1
    assert ports["dublin"] == {(50_000, 33_434 + turn) for turn in range(3)}
    assert len(ports["classic"]) == len(world.sent)


def test_silent_routers_cost_round_trips_and_not_timeouts() -> None:
    routers = path(12)
    routers[4] = routers[8] = silent
    world = World(routers)
    told = rows(world.run(trace()))

    assert sources(told)[4] is None
    assert sources(told)[8] is None
    assert sources(told)[5] == router4(6)
    assert world.now - BEGIN < 0.4, "ten times the round trip of the hop behind, not 5 s"


def test_without_adapting_silence_costs_the_whole_wait() -> None:
    routers = path(3)
    routers[1] = silent
    world = World(routers)
    world.run(trace(here=0, near=0, wait=2.0))

    assert world.now - BEGIN == pytest.approx(2.0, abs=0.05)


def test_a_late_answer_revises_its_own_row_and_no_other() -> None:
    routers = path(8)
    routers[1] = answering(2, 0.500)
    routers[6] = answering(7, 0.060)
    world = World(routers)
    told = rows(world.run(trace(rounds=2, interval=1.0)))

    first = [row for row in told if row.round == 1 and row.ttl == 2]
    assert first[0].source is None
    assert first[-1].revised
    assert first[-1].source == router4(2)
    assert all(answer.late for answer in first[-1].answers)
    assert all(row.source in (None, router4(row.ttl), TARGET) for row in told)
    second = [row for row in told if row.round == 2 and row.ttl == 2]
    assert second[0].source == router4(2), "by now it is known to be slow"


def test_late_answers_are_counted_apart() -> None:
    routers = path(4)
    routers[1] = answering(2, 0.9)
    engine = trace(queries=1)
    World(routers).run(engine)

    hop = engine.report().hops[1]
    assert (hop.sent, hop.answered, hop.late, hop.unanswered) == (1, 0, 1, 0)
    assert hop.rtt is None


def test_a_router_that_says_there_is_no_going_on_is_not_the_target() -> None:
    routers = path(3)
    routers[2] = answering(3, error=lambda version: saying.unreachable(version, Why.HOST))
    engine = trace()
    told = rows(World(routers).run(engine))

    assert told[-1].is_last
    assert [answer.annotation for answer in told[-1].answers] == ["!H"] * 3
    report = engine.report()
    assert not report.reached
    assert report.hops[-1].remarks == (Remark.UNREACHABLE,)
    assert len(report.hops) == 3


@pytest.mark.parametrize(
    ("why", "word", "remark"),
    [
        (Why.NETWORK, "!N", Remark.UNREACHABLE),
        (Why.PROHIBITED, "!X", Remark.FILTERED),
        (Why.HOST_PROHIBITED, "!X", Remark.FILTERED),
        (Why.PORT, "!p", None),
        (Why.UNKNOWN, "!<99>", None),
    ],
)
def test_refusals_have_their_letters(why: Why, word: str, remark: Remark | None) -> None:
    routers = path(2)
    routers[1] = answering(2, error=lambda version: saying.unreachable(version, why))
    engine = trace()
    told = rows(World(routers).run(engine))

    assert {answer.annotation for answer in told[-1].answers} == {word}
    assert engine.report().reached is False
    assert engine.report().remarks == ((remark,) if remark else ())


def test_a_path_that_ends_in_silence_is_filtered_from_there() -> None:
    engine = trace(max_ttl=6, wait=1.0)
    told = rows(World(path(2), target=silent).run(engine))

    assert sources(told) == [router4(1), router4(2), None, None, None, None]
    report = engine.report()
    assert not report.reached
    assert [hop.remarks for hop in report.hops][2] == (Remark.FILTERED,)
    assert Remark.SILENT not in report.remarks


def test_a_silent_router_in_between_is_only_silent() -> None:
    routers = path(3)
    routers[1] = silent
    engine = trace()
    World(routers).run(engine)

    assert engine.report().hops[1].remarks == (Remark.SILENT,)


def test_a_router_that_answers_some_probes_only_is_rate_limited() -> None:
    seen: list[int] = []

    def stingy(packet: Packet, octets: bytes, ttl: int) -> Any:
        seen.append(ttl)
        return answering(2)(packet, octets, ttl) if len(seen) % 3 == 1 else ()

    routers = path(4)
    routers[1] = stingy
    engine = trace(rounds=4, interval=0.5)
    World(routers).run(engine)

    report = engine.report()
    assert report.hops[1].loss == pytest.approx(2 / 3)
    assert report.remarks == (Remark.RATE_LIMITED,)


def test_one_lost_packet_of_a_few_does_not_make_a_router_rate_limited() -> None:
    routers = path(4)
    routers[1] = sometimes(2, missing={2})
    engine = trace(queries=1, rounds=4, interval=0.5)
    World(routers).run(engine)

    report = engine.report()
    assert report.hops[1].loss == 1 / 4
    assert report.remarks == ()


def test_a_router_whose_answers_are_late_is_slow_and_not_rate_limited() -> None:
    routers = path(4)
    routers[1] = answering(2, 0.3)
    engine = trace(here=1.0, near=1.0, queries=3, rounds=4, interval=1.0)
    World(routers).run(engine)

    hop = engine.report().hops[1]
    assert hop.late > 0
    assert hop.remarks == ()


def sometimes(number: int, missing: set[int]) -> Any:
    """Return a router that leaves some packets, counted from 1, without an answer."""
    seen: list[int] = []

    def router(packet: Packet, octets: bytes, ttl: int) -> Any:
        seen.append(ttl)
        return () if len(seen) in missing else answering(number)(packet, octets, ttl)

    return router


def test_where_all_routers_limit_their_answers_the_target_is_the_measure() -> None:
    routers = [sometimes(number, missing=set(range(4, 11))) for number in range(1, 5)]
    engine = trace(queries=1, rounds=10, interval=0.5)
    World(routers).run(engine)

    assert [hop.remarks for hop in engine.report().hops] == [(Remark.RATE_LIMITED,)] * 4 + [()]


def test_two_routers_at_one_hop_are_told() -> None:
    def balanced(packet: Packet, octets: bytes, ttl: int) -> Any:
        number = 2 if packet[UDP].dst_port % 2 else 22
        return answering(number, 0.002)(packet, octets, ttl)

    routers = path(3)
    routers[1] = balanced
    engine = trace(flow="classic")
    World(routers).run(engine)

    hop = engine.report().hops[1]
    assert {source.address for source in hop.sources} == {router4(2), router4(22)}
    assert Remark.ECMP in hop.remarks
    engine = trace(flow="paris")
    World(routers).run(engine)
    assert len(engine.report().hops[1].sources) == 1, "a flow stays on its path"


def test_labels_and_interfaces_are_kept() -> None:
    label = multipart.Label(1000, 5, True, 1)
    info = multipart.InterfaceInfo(multipart.Role.INCOMING, 3, router4(9), "eth3", 1500)
    objects = (multipart.mpls(label), multipart.interface(info))
    routers = path(3)
    routers[1] = answering(2, extensions=objects)
    engine = trace()
    World(routers).run(engine)

    source = engine.report().hops[1].sources[0]
    assert source.labels == (label,)
    assert source.interfaces == (info,)


@pytest.mark.parametrize(
    "garbage", [b"\x20", b"\x20\0\0\0\0\1\1\1", b"\x2f" * 50, b"\x20\0\0\0\xff\xff\1\1"]
)
def test_malformed_extensions_do_no_harm(garbage: bytes) -> None:
    routers = path(3)
    routers[1] = answering(2, extensions=garbage)
    engine = trace()
    told = rows(World(routers).run(engine))

    assert sources(told) == [router4(1), router4(2), router4(3), TARGET]
    assert engine.report().hops[1].sources[0].labels == ()


@pytest.mark.parametrize(("name", "believed"), [("bad-checksum", False), ("no-checksum", True)])
def test_labels_under_a_wrong_checksum_are_not_believed(name: str, believed: bool) -> None:
    routers = path(3)
    routers[1] = answering(2, extensions=HOSTILE[name])
    engine = trace()
    told = rows(World(routers).run(engine))

    assert sources(told) == [router4(1), router4(2), router4(3), TARGET]
    assert bool(engine.report().hops[1].sources[0].labels) is believed


def translated(octets: bytes) -> bytes:
    """Change the checksum in a quote, as an address translator leaves it changed."""
    changed = bytearray(octets)
    changed[26] ^= 0x11
    return bytes(changed)


def test_an_address_translator_shows_in_the_quotes_from_there_on() -> None:
    routers = path(2) + [answering(number, change=translated) for number in (3, 4)]
    engine = trace()
    World(routers).run(engine)

    report = engine.report()
    assert [Remark.NAT in hop.remarks for hop in report.hops[:4]] == [False, False, True, False]
    assert report.remarks == (Remark.NAT,)


def test_a_translator_and_eight_octets_still_lead_to_the_right_row() -> None:
    routers = path(2) + [answering(number, change=translated, quoted=8) for number in (3, 4)]
    told = rows(World(routers).run(trace()))

    assert sources(told)[2:4] == [router4(3), router4(4)], "by the identification"


def test_an_answer_that_came_a_longer_way_back_is_asymmetric() -> None:
    routers = path(3)
    routers[1] = answering(2, ttl=60)
    engine = trace()
    World(routers).run(engine)

    hop = engine.report().hops[1]
    assert (hop.back_hops, hop.asymmetry) == (5, 3)
    assert hop.remarks == (Remark.ASYMMETRIC,)


def test_answers_that_cannot_be_told_apart_count_for_none_and_are_asked_for_again_apart() -> None:
    """Without a raw socket the quoted checksum is not seen."""
    routers = [answering(number, quoted=8) for number in range(1, 6)]
    engine = trace(announce=True)
    world = World(routers, raw=False)
    told = world.run(engine)

    assert any(isinstance(event, Stray) for event in told)
    assert sources(rows(told)) == [*map(router4, range(1, 6)), TARGET]
    assert all(a.probe.ttl == row.ttl for row in rows(told) for a in row.answers)
    assert all(
        answer.source == router4(answer.probe.ttl)
        for row in rows(told)[:-1]
        for answer in row.answers
    )
    assert all(hop.pending == 0 for hop in engine.report().hops)


@pytest.mark.parametrize("fixed_port", [True, False])
def test_a_service_that_answers_at_the_port_does_not_fill_the_wrong_rows(
    fixed_port: bool,
) -> None:
    engine = trace(port=53, fixed_port=fixed_port)
    told = rows(World(path(3), target=host(reply=True)).run(engine))

    assert sources(told) == [router4(1), router4(2), router4(3), TARGET]
    assert engine.report().reached


def test_answers_from_nowhere_change_nothing() -> None:
    world = World(path(3))
    engine = trace()
    strange = [
        IPv4(TARGET, US) / UDP(33_434, 50_001) / b"hello",
        IPv4(router4(9), US) / UDP(33_434, 50_000) / b"hello",
        IPv4(router4(9), US)
        / saying.about(bytes(IPv4(US, router4(8)) / UDP(50_000, 33_434)), saying.time_exceeded(4)),
        IPv4(router4(9), US) / saying.time_exceeded(4) / b"\x45",
        IPv4(router4(9), US) / saying.time_exceeded(4),
        Packet((IPv4(router4(9), US, 1),), b"\x0b"),
    ]
    for number, packet in enumerate(strange):
        world.deliver(packet, BEGIN + 0.0001 * number)
    told = rows(world.run(engine))

    assert sources(told) == [router4(1), router4(2), router4(3), TARGET]
    assert all(len(row.answers) == 3 for row in told)


def test_a_forged_mark_is_not_believed() -> None:
    world = World(path(2), target=silent)
    engine = trace(max_ttl=3, wait=0.2)
    forged = IPv4(US, TARGET, ttl=1) / UDP(50_000, 33_434) / (b"\0\0\0\x07abcd" + bytes(24))
    world.deliver(
        IPv4(router4(9), US) / saying.about(bytes(forged), saying.time_exceeded(4)), BEGIN + 0.001
    )
    told = rows(world.run(engine))

    assert router4(9) not in [source for row in told for source in row.sources]


def test_duplicates_are_counted_and_change_nothing() -> None:
    def twice(packet: Packet, octets: bytes, ttl: int) -> Any:
        for after, answer in answering(2)(packet, octets, ttl):
            yield after, answer
            yield after + 0.0005, answer

    routers = path(4)
    routers[1] = twice
    engine = trace()
    told = rows(World(routers).run(engine))

    assert len(told[1].outcomes) == 3
    hop = engine.report().hops[1]
    assert (hop.answered, hop.duplicates) == (3, 3)


def test_a_probe_the_kernel_refuses_is_told_with_the_cause() -> None:
    def refuse(packet: Packet) -> OSError | None:
        outer = packet.headers[0]
        refused = isinstance(outer, IPv4) and outer.ttl == 2
        return OSError(errno.EPERM, "Operation not permitted") if refused else None

    engine = trace()
    told = rows(World(path(4), refuse=refuse).run(engine))

    assert told[-1].ttl == 2
    assert all(isinstance(one, NotSent) for one in told[-1].outcomes)
    assert told[-1].is_last, "a host that does not send need not be asked thirty times"
    assert not engine.report().reached


def test_rounds_begin_at_their_times_and_go_no_further_than_the_target() -> None:
    world = World(path(3))
    engine = trace(rounds=3, interval=0.5, announce=True)
    told = world.run(engine)

    ends = [event for event in told if isinstance(event, RoundEnd)]
    assert [end.round for end in ends] == [1, 2, 3]
    assert all(end.reached for end in ends)
    assert 1.0 < world.now - BEGIN < 1.1
    report = engine.report()
    assert [hop.sent for hop in report.hops] == [9] * 4
    assert len(report.rows) == 12


def test_a_network_that_was_away_for_a_while_leaves_its_hops_in_the_report() -> None:
    away = OSError(errno.ENETDOWN, "Network is down")

    def refuse(packet: Packet) -> OSError | None:
        return away if 0.9 < world.now - BEGIN < 2.9 else None

    world = World(path(3), refuse=refuse)
    engine = trace(queries=1, rounds=5, interval=1.0, announce=True)
    told = world.run(engine, until=2.9)
    between = engine.report()
    told = world.run(engine)

    assert [hop.sent for hop in between.hops] == [3, 1, 1, 1]
    assert [hop.not_sent for hop in between.hops] == [2, 0, 0, 0]
    back = {event.time for event in told if type(event) is ProbeSent and event.probe.round == 4}
    assert len(back) == 1, "all hops are asked at once again"
    assert [hop.answered for hop in engine.report().hops] == [3, 3, 3, 3]


def starts(told: list[Any]) -> list[float]:
    """Return when each round sent its first probe, in seconds since the beginning."""
    first = {event.probe.round: event.time for event in reversed(told) if type(event) is ProbeSent}
    return [first[number] - BEGIN for number in sorted(first)]


def test_a_round_begins_in_time_whoever_is_silent() -> None:
    world = World(path(3), target=silent)
    engine = trace(queries=1, rounds=12, interval=0.5, parallel=64, wait=3.0, announce=True)
    told = world.run(engine)

    assert starts(told) == pytest.approx([0.5 * number for number in range(12)], abs=0.05)
    assert world.now - BEGIN < 5.5 + 3.1


def test_rows_are_told_one_round_after_the_other() -> None:
    world = World([*path(2), silent, answering(4)], target=silent)
    engine = trace(queries=1, rounds=4, interval=0.1, parallel=200, wait=1.0)
    told = rows(world.run(engine))

    assert len({row.round for row in told}) == 4
    assert [(row.round, row.ttl) for row in told] == sorted((row.round, row.ttl) for row in told)


def test_no_more_rounds_overlap_than_are_bounded() -> None:
    world = World(path(1), target=silent)
    engine = trace(queries=1, rounds=100, interval=0.0, max_ttl=2, parallel=1024, wait=1.0,
                   announce=True)  # fmt: skip
    begun = starts(world.run(engine))

    assert begun[:OVERLAPPING] == pytest.approx([0.0] * OVERLAPPING, abs=0.01)
    assert begun[OVERLAPPING] == pytest.approx(1.0, abs=0.02)
    assert [hop.sent for hop in engine.report().hops] == [100, 100]


def test_a_target_that_was_found_is_not_looked_for_farther_away_when_it_is_silent() -> None:
    world = World(path(3), target=once(host()))
    engine = trace(queries=1, rounds=5, interval=0.5, announce=True)
    told = world.run(engine)

    asked = {
        event.probe.ttl for event in told if type(event) is ProbeSent and event.probe.round > 1
    }
    assert asked == {1, 2, 3, 4}
    report = engine.report()
    assert report.reached, "it has answered, though not in the last round"
    assert [hop.answered for hop in report.hops] == [5, 5, 5, 1]
    assert world.now - BEGIN < 2.2


def once(router: Any) -> Any:
    """Return one that answers the first packet with its TTL, or a greater one, only."""
    seen: list[int] = []

    def answer(packet: Packet, octets: bytes, ttl: int) -> Any:
        seen.append(ttl)
        return router(packet, octets, ttl) if len(seen) == 1 else ()

    return answer


def test_a_path_that_may_have_grown_is_looked_at_again_after_a_while() -> None:
    routers = path(3)
    world = World(routers)
    engine = trace(queries=1, rounds=30, interval=1.0)
    world.run(engine, until=0.5)
    routers.extend((silent, answering(5)))
    told = rows(world.run(engine))

    assert told[-1].is_last
    assert (told[-1].ttl, told[-1].source) == (6, TARGET)


def test_a_path_that_grows_is_followed() -> None:
    routers = path(3)
    world = World(routers)
    engine = trace(rounds=2, interval=1.0)
    first = list(rows(world.run(engine, until=0.5)))
    routers.append(answering(4))
    told = rows(world.run(engine))

    assert first[-1].ttl == 4
    assert sources([row for row in told if row.round == 2])[3:] == [router4(4), TARGET]
    assert len(engine.report().hops) == 5


def test_a_recording_of_the_events_gives_the_same_report() -> None:
    routers = path(5)
    routers[1], routers[2] = silent, answering(3, 0.4)
    engine = trace(announce=True, rounds=3, interval=0.3)
    told = World(routers).run(engine)
    book = TraceBook(engine.target)
    for event in told:
        book.take(event)

    assert book.report() == engine.report()


def test_spacing_keeps_probes_apart() -> None:
    world = World(path(3))
    world.run(trace(spacing=0.05, queries=1))

    assert world.now - BEGIN >= 0.15


def test_the_wait_of_a_probe_is_told() -> None:
    routers = path(2)
    routers[0] = silent
    told = World(routers).run(trace(announce=True, queries=1))

    (silence,) = [event for event in told if isinstance(event, Silence)]
    assert silence.probe.ttl == 1
    assert silence.waited == pytest.approx(0.020)


def test_a_redirect_is_advice_and_the_real_answer_still_counts() -> None:
    def redirecting(packet: Packet, octets: bytes, ttl: int) -> Any:
        advice = saying.ip(router4(1), US, 255) / saying.redirect(router4(7), octets)
        yield 0.0005, advice
        yield from answering(2)(packet, octets, ttl)

    routers = path(3)
    routers[1] = redirecting
    engine = trace(announce=True)
    told = World(routers).run(engine)

    advice = [e for e in told if isinstance(e, Answer) and e.kind is Kind.ADVICE]
    assert len(advice) == 3
    assert sources(rows(told)) == [router4(1), router4(2), router4(3), TARGET]


@pytest.mark.thorough
def test_serial_numbers_of_more_than_sixteen_bits_stay_apart() -> None:
    world = World(path(1))
    engine = trace(method="icmp", rounds=11_000, interval=0.0, keep_rows=False)
    told = rows(world.run(engine))

    assert len(world.sent) > 0x10000
    assert all(row.source in (router4(1), TARGET) for row in told)
    assert engine.report().hops[0].answered == 33_000
    assert engine.report().strays == 0
