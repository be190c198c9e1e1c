"""The path MTU engine on paths of memory, in virtual time."""

import errno
from collections.abc import Callable
from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rawkit.engine.ping_events import Target
from rawkit.engine.pmtu import Pmtu
from rawkit.engine.pmtu_probes import END
from rawkit.engine.pmtu_report import Narrowing, PmtuHop, PmtuRemark, SizeTried
from rawkit.engine.pmtu_search import next_sizes
from rawkit.engine.pmtu_settings import PmtuSettings
from rawkit.errors import UsageError
from rawkit.testing.network import Weather
from rawkit.wire import icmp
from rawkit.wire.dissect import dissect
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.news import SendFailed
from rawkit.wire.packet import Packet
from rawkit.wire.received import Received
from rawkit.wire.udp import UDP
from tests.engine.pmtu_world import (
    HERE,
    PORT,
    SECRET,
    THERE,
    Bucket,
    Router,
    World,
    find,
    router,
)

VERSIONS = pytest.mark.parametrize("version", [4, 6])
WIDE = Router()


def places(narrowings: tuple[Narrowing, ...]) -> list[tuple[int, int, bool | None]]:
    return [(one.ttl, one.mtu, one.announced) for one in narrowings]


def hole(mtu: int) -> Router:
    return Router(mtu, filtered=True)


PATHS = [
    ((), []),
    ((WIDE,) * 5, []),
    ((WIDE, Router(1400), WIDE), [(2, 1400, True)]),
    ((WIDE, hole(1400), WIDE, WIDE), [(2, 1400, False)]),
    ((hole(1280), WIDE), [(1, 1280, False)]),
    ((WIDE, WIDE, hole(1337)), [(3, 1337, False)]),
    ((Router(1499), WIDE), [(1, 1499, True)]),
    ((hole(1499), WIDE), [(1, 1499, False)]),
    ((WIDE, Router(1400), hole(1300), WIDE), [(2, 1400, True), (3, 1300, False)]),
    ((WIDE, hole(1400), Router(1300), WIDE), [(2, 1400, False), (3, 1300, True)]),
    (
        (hole(1472), hole(1442), hole(1282), WIDE),
        [(1, 1472, False), (2, 1442, False), (3, 1282, False)],
    ),
    (
        (Router(1472), Router(1442), Router(1282)),
        [(1, 1472, True), (2, 1442, True), (3, 1282, True)],
    ),
]


@VERSIONS
@pytest.mark.parametrize(("routers", "narrow"), PATHS)
def test_every_narrow_place_is_found_with_its_size(
    version: int, routers: tuple[Router, ...], narrow: list[tuple[int, int, bool]]
) -> None:
    report = find(World(routers, version)).report

    assert report.reached
    assert report.mtu == min((mtu for _, mtu, _ in narrow), default=1500)
    assert places(report.narrowings) == narrow
    assert report.distance == len(routers) + 1
    assert [hop.ttl for hop in report.hops] == list(range(1, len(routers) + 2))
    assert report.remarks == ()


def test_a_narrow_place_has_a_name_and_what_came_there() -> None:
    world = World((WIDE, hole(1400), WIDE))

    report = find(world).report

    assert report.hop == Narrowing(1400, 1500, 2, router(4, 2), 3, announced=False)
    assert [hop.size for hop in report.hops] == [1500, 1500, 1400, 1400]
    assert report.hops[-1].is_target


@pytest.mark.parametrize("mtu", [68, 69, 100, 296, 575, 576, 577, 1006, 1491, 1493])
@pytest.mark.parametrize("filtered", [False, True])
def test_odd_sizes_are_found_to_the_octet(mtu: int, filtered: bool) -> None:
    report = find(World((WIDE, Router(mtu, filtered), WIDE))).report

    assert report.mtu == mtu
    assert places(report.narrowings) == [(2, mtu, not filtered)]


@VERSIONS
@pytest.mark.parametrize("mtu", [1500, 4352, 9000, 9001, 40_000])
def test_large_links_are_searched_too(version: int, mtu: int) -> None:
    report = find(World((WIDE, hole(mtu), WIDE), version), local=65_000).report

    assert report.mtu == mtu


def test_loopback_carries_the_largest_packet_there_is() -> None:
    assert find(World(()), local=65_535).report.mtu == 65_535
    assert find(World((), version=6), local=65_536).report.mtu == 65_536


def test_a_first_link_narrower_than_the_path_is_all_there_is_to_say() -> None:
    report = find(World((WIDE, Router(1400))), local=1300).report

    assert (report.mtu, report.local_mtu, report.narrowings) == (1300, 1300, ())


def test_no_packet_is_larger_than_asked_for() -> None:
    outcome = find(World(), PmtuSettings(largest=1000))

    assert outcome.report.mtu == outcome.report.local_mtu == 1000
    assert max(len(bytes(packet)) for packet in outcome.network.sent) == 1000


def test_every_probe_says_not_to_fragment_it() -> None:
    outcome = find(World((WIDE, hole(1400), WIDE)))

    assert all(packet[IPv4].dont_fragment for packet in outcome.network.sent)


# Silence


@VERSIONS
def test_a_black_hole_costs_less_than_three_seconds_even_far_away(version: int) -> None:
    world = World((WIDE, hole(1400), WIDE, WIDE), version)

    report = find(world, weather=Weather(delay=0.04)).report

    assert report.mtu == 1400
    assert report.elapsed < 3


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("filtered", [False, True])
@VERSIONS
def test_loss_is_not_mtu(version: int, filtered: bool, seed: int) -> None:
    world = World((WIDE, WIDE, Router(1400, filtered), WIDE), version)

    report = find(world, weather=Weather(delay=0.005, loss=0.1), seed=seed).report

    assert report.mtu == 1400
    assert [mtu for _, mtu, _ in places(report.narrowings)] == [1400]


@pytest.mark.parametrize("seed", range(25))
def test_loss_on_a_wide_path_makes_no_narrow_place(seed: int) -> None:
    report = find(World((WIDE,) * 4), weather=Weather(delay=0.005, loss=0.1), seed=seed).report

    assert (report.mtu, report.narrowings) == (1500, ())


@pytest.mark.parametrize("seed", range(10))
def test_answers_may_be_late_twofold_and_in_another_order(seed: int) -> None:
    weather = Weather(delay=0.05, jitter=0.05, duplicate=0.3, reorder=0.3)

    report = find(World((WIDE, hole(1400), WIDE)), weather=weather, seed=seed).report

    assert report.mtu == 1400


@VERSIONS
@pytest.mark.parametrize("mtu", [1400, 1337])
@pytest.mark.parametrize("place", [1, 3])
def test_rationed_answers_are_enough(version: int, mtu: int, place: int) -> None:
    routers = [WIDE] * 3
    routers[place - 1] = hole(mtu)
    world = World(tuple(routers), version, answers_echo=False, bucket=Bucket())

    report = find(world).report

    assert report.mtu == mtu
    assert PmtuRemark.UNCERTAIN not in report.remarks
    assert report.elapsed < 8


def test_the_place_is_a_range_where_routers_are_silent() -> None:
    world = World((WIDE, Router(1400, silent=True), Router(silent=True), WIDE))

    report = find(world).report

    assert report.mtu == 1400
    assert report.hop == Narrowing(1400, 1500, 1, router(4, 1), 4, announced=False)
    assert [hop.ttl for hop in report.hops] == [1, 4, 5]


@VERSIONS
def test_of_a_silent_target_it_is_told_how_far_which_size_comes(version: int) -> None:
    world = World((WIDE, hole(1400), WIDE, WIDE), version, answers_udp=False, answers_echo=False)

    report = find(world).report

    assert not report.reached
    assert report.mtu is None
    assert places(report.narrowings) == [(2, 1400, False)]
    assert [hop.size for hop in report.hops] == [1500, 1500, 1400, 1400]
    assert report.remarks == (PmtuRemark.SILENT_TARGET,)


def test_nobody_at_all_is_told_as_such() -> None:
    silent = Router(silent=True)

    report = find(World((silent, silent), answers_udp=False, answers_echo=False)).report

    assert (report.reached, report.mtu, report.hops, report.narrowings) == (False, None, (), ())


@pytest.mark.parametrize(("udp", "echo"), [(True, False), (False, True)])
@VERSIONS
def test_either_way_of_answering_will_do(version: int, udp: bool, echo: bool) -> None:
    world = World((WIDE, hole(1400), WIDE), version, answers_udp=udp, answers_echo=echo)

    assert find(world).report.mtu == 1400


@pytest.mark.parametrize("routers", [routers for routers, _ in PATHS])
@pytest.mark.parametrize("udp", [True, False])
def test_no_echo_request_over_ipv6_is_called_too_big(
    udp: bool, routers: tuple[Router, ...]
) -> None:
    world = World(routers, 6, answers_udp=udp)

    report = find(world).report

    assert report.mtu == min(1500, world.mtu)
    assert world.too_big == []  # or the kernel would take note of it
    assert PmtuRemark.REMEMBERED not in report.remarks


def test_a_pipe_that_cannot_hear_makes_black_holes_of_unknown_cause() -> None:
    world = World((WIDE, hole(1400), WIDE), 6)

    report = find(world, deaf=True, kinds="udp").report

    assert places(report.narrowings) == [(2, 1400, None)]
    assert report.remarks == (PmtuRemark.DEAF,)


# What routers tell


@VERSIONS
@pytest.mark.parametrize(("tells", "lies"), [(0, False), (68, True), (1300, True), (1449, True)])
def test_what_a_router_tells_is_not_believed(version: int, tells: int, lies: bool) -> None:
    world = World((WIDE, Router(1400, tells=tells), WIDE), version)

    report = find(world).report

    assert report.mtu == 1400
    assert places(report.narrowings) == [(2, 1400, True)]
    assert (PmtuRemark.LIES in report.remarks) is lies


@pytest.mark.parametrize("tells", [1500, 1501, 65_535])
def test_an_mtu_that_is_not_below_the_size_is_no_news(tells: int) -> None:
    world = World((WIDE, Router(1400, tells=tells), WIDE))

    report = find(world).report

    assert report.mtu == 1400
    assert report.lies > 0
    assert PmtuRemark.LIES in report.remarks


def test_no_ipv6_router_makes_us_go_below_what_every_link_must_carry() -> None:
    world = World((WIDE, Router(1400, tells=600), WIDE), 6)

    report = find(world).report

    assert report.mtu == 1400
    assert PmtuRemark.LIES in report.remarks


@pytest.mark.parametrize("tells", [68, 1000, 1499])
def test_who_says_too_big_and_sends_it_on_is_a_liar(tells: int) -> None:
    world = World((WIDE, Router(tells=tells, forwards_all_the_same=True), WIDE))

    report = find(world).report

    assert (report.mtu, report.narrowings) == (1500, ())
    assert report.remarks == (PmtuRemark.LIES,)


def test_a_router_may_complain_from_another_address() -> None:
    world = World((WIDE, Router(1400, alias=77), WIDE))

    report = find(world).report

    assert report.hop == Narrowing(1400, 1500, 2, router(4, 77), 3, announced=True, told=1400)


def test_a_path_below_what_ipv6_demands_is_remarked() -> None:
    report = find(World((WIDE, hole(1000), WIDE), 6)).report

    assert report.mtu == 1000
    assert report.remarks == (PmtuRemark.BELOW_LEAST,)


FORGED: dict[str, Callable[[bytes], bytes]] = {
    "another secret": lambda number: b"unknown?" + number,
    "a number never given": lambda _: SECRET + (60_000).to_bytes(4, "big"),
}


@pytest.mark.parametrize("forgery", FORGED)
def test_a_complaint_about_a_packet_never_sent_is_a_stray(forgery: str) -> None:
    engine = engine_for(World())
    engine.step(0.0)
    payload = FORGED[forgery]((1).to_bytes(4, "big")).ljust(1472, b"x")

    engine.step(0.1, Received(too_big_about(payload), 0.1))

    report = engine.report()
    assert (report.strays, report.lies) == (1, 0)
    assert not report.hops


def test_a_complaint_about_somebody_elses_packet_is_a_stray() -> None:
    engine = engine_for(World())
    sent = engine.step(0.0).send
    elsewhere = sent[0].replace(IPv4, dst=IPv4Address("203.0.113.99"))

    engine.step(0.1, Received(complaint(bytes(elsewhere)), 0.1))

    assert engine.report().strays == 1


@pytest.mark.parametrize("nameless", [False, True])
def test_eight_quoted_octets_are_enough(nameless: bool) -> None:
    world = World((WIDE, Router(1400), WIDE), quoted=28, nameless=nameless)

    report = find(world, kinds="udp").report

    assert report.mtu == 1400
    assert [mtu for _, mtu, _ in places(report.narrowings)] == [1400]


# This host


def test_what_this_host_refuses_is_a_narrow_place_here() -> None:
    engine = engine_for(World((WIDE,)))
    world = World((WIDE,))
    now = 0.0

    for _ in range(400):
        step = engine.step(now)
        if step.wake_at is None:
            break
        news: list[Received | SendFailed] = []
        for packet in step.send:
            if len(bytes(packet)) > 1200:
                news.append(SendFailed(packet, OSError(errno.EMSGSIZE, "Message too long")))
            else:
                news += [Received(one, now) for one in world.answer(packet)]
        for one in news:
            engine.step(now, one)
        now = max(now, now if news else step.wake_at)

    report = engine.report()
    assert report.mtu == 1200
    assert places(report.narrowings) == [(0, 1200, False)]
    assert report.refusal == ""


def test_another_refusal_of_this_host_is_told() -> None:
    engine = engine_for(World())
    step = engine.step(0.0)

    for packet in step.send:
        engine.step(0.0, SendFailed(packet, OSError(errno.EPERM, "Operation not permitted")))

    assert engine.report().refusal == "Operation not permitted (said by this host)"


def test_who_refuses_is_named() -> None:
    engine = engine_for(World())
    sent = engine.step(0.0).send
    prohibited = error(icmp.Unreachable(13), bytes(sent[0]))

    engine.step(0.1, Received(prohibited, 0.1))

    report = engine.report()
    assert report.refusal == "Packet filtered (said by 198.51.100.1)"
    assert report.remarks == (PmtuRemark.SILENT_TARGET, PmtuRemark.REFUSED)


# Time


def test_the_deadline_tells_what_is_known_by_then() -> None:
    world = World((WIDE, hole(1400), WIDE))

    report = find(world, PmtuSettings(deadline=0.12)).report

    assert report.reached
    assert report.mtu is not None
    assert report.mtu < 1400
    assert PmtuRemark.UNCERTAIN in report.remarks


def test_it_sends_only_when_no_news_are_left() -> None:
    engine = engine_for(World())
    sent = engine.step(0.0).send

    step = engine.step(5.0, Received(complaint(bytes(sent[0])), 0.1))

    assert step.send == ()
    assert step.wake_at == 5.0


def test_it_tells_hops_sizes_and_narrow_places_as_they_are_found() -> None:
    events = find(World((WIDE, Router(1400), WIDE))).events

    assert {event.ttl for event in events if isinstance(event, PmtuHop)} == {1, 2, 3, 4}
    tried = {event.size: event.ttl for event in events if isinstance(event, SizeTried)}
    assert tried == {1500: 2, 1401: 2, 1400: END}
    assert [event.mtu for event in events if isinstance(event, Narrowing)] == [1400]


# Sizes


@given(st.integers(68, 65_535), st.integers(0, 65_535), st.integers(1, 20))
def test_next_sizes_lie_between_and_never_run_out(low: int, gap: int, wanted: int) -> None:
    high = low + 2 + gap

    sizes = next_sizes(low, high, wanted)

    assert sizes == tuple(sorted(set(sizes), reverse=True))
    assert sizes
    assert all(low < size < high for size in sizes)


@given(st.integers(68, 65_535), st.integers(1, 15))
def test_the_search_ends_soon_at_any_size(truth: int, wanted: int) -> None:
    low, high, rounds = 68, 65_536, 0

    while high - low > 1:
        sizes = next_sizes(low, high, wanted)
        low = max([low, *(size for size in sizes if size <= truth)])
        high = min([high, *(size for size in sizes if size > truth)])
        rounds += 1

    assert low == truth
    assert rounds <= 24


LINKS = st.lists(
    st.builds(
        Router,
        mtu=st.one_of(st.integers(68, 1500), st.just(1500)),
        filtered=st.booleans(),
        silent=st.booleans(),
        tells=st.one_of(st.none(), st.integers(0, 1600)),
    ),
    max_size=6,
)


@pytest.mark.thorough
@settings(max_examples=150)
@given(LINKS, st.booleans(), st.booleans())
def test_any_path_is_measured_right(routers: list[Router], udp: bool, echo: bool) -> None:
    world = World(tuple(routers), answers_udp=udp or not echo, answers_echo=echo)

    report = find(world, PmtuSettings(deadline=1000)).report

    assert report.mtu == min(1500, world.mtu)
    mtus = [one.mtu for one in report.narrowings]
    assert mtus == sorted(mtus, reverse=True)
    assert all(one.before > one.mtu for one in report.narrowings)
    assert (mtus[-1] if mtus else 1500) == report.mtu


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"method": "tcp"}, "method is 'tcp', not one of auto, udp, icmp"),
        ({"port": 0}, "port is 0, not 1 to 65535"),
        ({"largest": 67}, "largest is 67, not 68 to 65575"),
        ({"tries": 0}, "tries is 0, not 1 to 10"),
        ({"max_ttl": 61}, "max ttl is 61, not 1 to 60"),
        ({"deadline": 0}, "deadline is 0, not at least 0.01"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        PmtuSettings(**wrong)  # type: ignore[arg-type]  # that is the point

    assert str(caught.value) == said


def engine_for(world: World) -> Pmtu:
    target = Target("there", THERE[world.version], HERE[world.version])
    return Pmtu(target, 1500, PORT, 4242, SECRET)


def complaint(about: bytes) -> Packet:
    return error(icmp.Unreachable(4, 1000), about)


def error(message: icmp.Message, about: bytes) -> Packet:
    outer = IPv4(IPv4Address("198.51.100.1"), IPv4Address(str(HERE[4])))
    return dissect(bytes(outer / message / about[:548]))


def too_big_about(payload: bytes) -> Packet:
    about = IPv4(IPv4Address(str(HERE[4])), IPv4Address(str(THERE[4])))
    return complaint(bytes(about / UDP(PORT, 33434) / payload))
