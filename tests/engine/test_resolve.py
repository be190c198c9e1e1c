"""Asking for an address, probing for it, announcing it: every step in virtual time."""

import errno
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from rawkit.engine.neighbour_events import (
    Answer,
    NotSent,
    Purpose,
    ResolveEvent,
    Sent,
    Target,
    Verdict,
)
from rawkit.engine.neighbour_pace import PaceSettings
from rawkit.engine.resolve import Resolve, ResolveSettings
from rawkit.engine.step import Step
from rawkit.errors import UsageError
from rawkit.record import replace
from rawkit.wire.address import BROADCAST, MAC, Address
from rawkit.wire.arp import ARP, NO_ADDRESS, NO_MAC, Operation
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.link import VLAN, Direction
from rawkit.wire.ndp import (
    ALL_NODES,
    NeighborAdvertisement,
    NeighborFlag,
    NeighborSolicitation,
    multicast_mac,
    solicited_node,
)
from rawkit.wire.ndp_options import SourceLinkLayer, TargetLinkLayer
from rawkit.wire.news import Dropped, Opened, SendFailed, Transmitted
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Clock
from rawkit.wire.udp import UDP
from tests.engine.link_world import (
    ASKED_BY,
    ASKED_FOR,
    LINK,
    OTHER,
    OTHER6,
    OURS,
    STRANGERS,
    THEIRS,
    THEM,
    THEM6,
    US,
    US6,
    advertisement,
    announced,
    answer_to,
    heard,
    probe,
    reply,
    request,
    solicitation,
    unasked,
)

NOBODY: dict[int, Address] = {4: IPv4Address(0), 6: IPv6Address(0)}
both = pytest.mark.parametrize("version", [4, 6])


def engine(version: int = 4, purpose: Purpose = Purpose.ASK, **settings: Any) -> Resolve:
    """An engine at rest; without end unless said otherwise."""
    wanted = {"until_first": False} | settings
    match purpose:
        case Purpose.ASK:
            target = Target("them", ASKED_FOR[version], ASKED_BY[version])
        case Purpose.PROBE:
            target = Target("them", ASKED_FOR[version], NOBODY[version])
        case _:
            target = Target("us", ASKED_BY[version], ASKED_BY[version])
    return Resolve(target, LINK, purpose, ResolveSettings(**wanted))


def started(machine: Resolve, at: float = 0.0) -> Packet:
    """Have the first request leave at once; return it."""
    (packet,) = machine.step(at).send
    machine.step(at, Transmitted(packet, at))
    return packet


def told(machine: Resolve, packet: Packet, at: float, **wanted: Any) -> Answer | None:
    """Have a frame come in; return what is told of it."""
    events = machine.step(at, replace(heard(packet, at), **wanted)).events
    if not events:
        return None
    (event,) = events
    assert isinstance(event, Answer)
    return event


def times_sent(machine: Resolve, until: float) -> list[float]:
    """Return when requests leave if nobody answers."""
    now, times = 0.0, []
    while now <= until:
        step: Step[ResolveEvent] = machine.step(now)
        times += [now] * len(step.send)
        if step.wake_at is None:
            break
        assert step.wake_at > now
        now = step.wake_at
    return times


# What is sent


def test_everybody_is_asked_by_arp() -> None:
    assert started(engine(4)) == (
        Ethernet(BROADCAST, OURS) / ARP(Operation.REQUEST, OURS, US, NO_MAC, THEM)
    )


def test_the_group_of_the_address_is_asked_over_ipv6() -> None:
    group = solicited_node(THEM6)

    assert started(engine(6)) == (
        Ethernet(multicast_mac(group), OURS)
        / IPv6(US6, group, hop_limit=255)
        / NeighborSolicitation(THEM6, (SourceLinkLayer(OURS),))
    )


@both
def test_who_has_answered_is_asked_alone(version: int) -> None:
    machine = engine(version)
    started(machine)
    told(machine, answer_to(version), 0.1)

    (second,) = machine.step(1.0).send

    assert second[Ethernet].dst == THEIRS
    if version == 4:
        assert second[ARP].target_mac == THEIRS
    else:
        assert second[IPv6].dst == THEM6
    assert machine.report().broadcasts == 1


@both
def test_everybody_is_asked_again_if_so_wished(version: int) -> None:
    machine = engine(version, broadcast=True)
    first = started(machine)
    told(machine, answer_to(version), 0.1)

    assert machine.step(1.0).send == (first,)
    assert machine.report().broadcasts == 2


def test_a_probe_is_for_nobody() -> None:
    """RFC 5227 §2.1.1: the sender's address is zero, and so is the target's hardware address."""
    assert started(engine(4, Purpose.PROBE)) == (
        Ethernet(BROADCAST, OURS) / ARP(1, OURS, NO_ADDRESS, NO_MAC, THEM)
    )


def test_a_probe_over_ipv6_has_no_hardware_address() -> None:
    """RFC 4862 §5.4.2, RFC 4861 §4.3."""
    packet = started(engine(6, Purpose.PROBE))

    assert packet[IPv6].src == NOBODY[6]
    assert packet[IPv6].dst == solicited_node(THEM6)
    assert packet[NeighborSolicitation].options == ()


def test_a_probe_from_an_address_is_possible() -> None:
    machine = Resolve(Target("them", THEM6, US6), LINK, Purpose.PROBE)

    assert started(machine)[NeighborSolicitation].options == (SourceLinkLayer(OURS),)


def test_an_announcement_is_a_request_for_oneself() -> None:
    """RFC 5227 §2.3."""
    packet = started(engine(4, Purpose.ANNOUNCE))

    assert packet == Ethernet(BROADCAST, OURS) / ARP(1, OURS, US, NO_MAC, US)
    assert packet[ARP].is_announcement


def test_an_announcement_may_be_a_reply_that_nobody_asked_for() -> None:
    """RFC 5944 §4.6: its target's hardware address is the one to be learnt."""
    packet = started(engine(4, Purpose.ANSWER))

    assert packet == Ethernet(BROADCAST, OURS) / ARP(2, OURS, US, OURS, US)


@pytest.mark.parametrize("purpose", [Purpose.ANNOUNCE, Purpose.ANSWER])
def test_an_announcement_over_ipv6_overrides_and_answers_nobody(purpose: Purpose) -> None:
    """RFC 4861 §7.2.6."""
    assert started(engine(6, purpose)) == (
        Ethernet(multicast_mac(ALL_NODES), OURS)
        / IPv6(US6, ALL_NODES, hop_limit=255)
        / NeighborAdvertisement(US6, NeighborFlag.OVERRIDE, (TargetLinkLayer(OURS),))
    )


@pytest.mark.parametrize("purpose", [Purpose.ANNOUNCE, Purpose.ANSWER])
def test_a_router_says_so_when_it_announces_itself(purpose: Purpose) -> None:
    """RFC 4861 §7.2.5: without the flag hosts would drop it from their default routers."""
    target, link = Target("us", US6, US6), replace(LINK, forwards=True)

    packet = started(Resolve(target, link, purpose))

    flags = NeighborFlag.OVERRIDE | NeighborFlag.ROUTER
    assert packet[NeighborAdvertisement].flags == flags


def test_a_scope_stays_on_this_host() -> None:
    target = Target("them", IPv6Address("fe80::7%eth0"), IPv6Address("fe80::1%eth0"))
    machine = Resolve(target, LINK)

    packet = started(machine)

    assert packet[NeighborSolicitation].target.scope_id is None
    assert packet[IPv6].src.scope_id is None
    assert told(machine, advertisement(), 0.1) is not None


# When


TIMETABLES: list[tuple[dict[str, Any], list[float], float]] = [
    ({"count": 1, "timeout": 0.5}, [0], 0.5),
    ({"count": 3, "interval": 1.0, "timeout": 0.5}, [0, 1, 2], 2.5),
    ({"count": 3, "interval": 0.0, "timeout": 0.5}, [0, 0, 0], 0.5),
    ({"count": 2, "interval": 1.0, "timeout": 0.0}, [0, 1], 1.0),
    ({"count": None, "deadline": 2.5}, [0, 1, 2], 2.5),
    ({"count": None, "deadline": 2.0}, [0, 1], 2.0),
    ({"count": 1, "deadline": 2.5}, [0, 1, 2], 2.5),
]


@both
@pytest.mark.parametrize(("settings", "sent", "ends"), TIMETABLES)
def test_the_timetable_is_kept(
    version: int, settings: dict[str, Any], sent: list[float], ends: float
) -> None:
    machine = engine(version, **settings)
    times: list[float] = []
    now: float | None = 0.0
    while now is not None:
        step = machine.step(now)
        times += [now] * len(step.send)
        last, now = now, step.wake_at

    assert times == sent
    assert last == ends


def test_a_late_step_does_not_move_the_timetable() -> None:
    machine = engine(count=3)
    started(machine)

    step = machine.step(1.4)

    assert len(step.send) == 1
    assert step.wake_at == 2.0


@both
def test_the_first_answer_ends_it_if_so_wished(version: int) -> None:
    machine = engine(version, until_first=True)
    started(machine)

    step = machine.step(0.1, heard(answer_to(version), 0.1))

    assert step.wake_at is None
    assert machine.step(0.2).wake_at is None


def test_with_a_deadline_answers_are_counted() -> None:
    machine = engine(count=2, deadline=10.0)
    started(machine)

    first = machine.step(0.1, heard(reply(), 0.1))
    again = machine.step(0.2, heard(reply(), 0.2))
    machine.step(1.0)
    second = machine.step(1.1, heard(reply(), 1.1))

    assert (first.wake_at, again.wake_at, second.wake_at) == (0.1, 0.2, None)
    assert machine.report().answered == 2


def test_news_lead_to_no_sending() -> None:
    machine = engine()

    assert machine.step(0.0, Opened("packet socket", "why")).send == ()
    assert machine.step(5.0, Dropped(1)).send == ()


@pytest.mark.parametrize(
    "settings",
    [
        {"count": 0},
        {"interval": -1.0},
        {"timeout": float("nan")},
        {"deadline": -0.1},
        {"interval": 0.0, "count": None},
        {"interval": 0.0, "count": 3, "deadline": 5.0},  # with it, answers are counted
    ],
)
def test_what_makes_no_sense_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        PaceSettings(**settings)


# What comes back


@both
def test_an_answer_is_told_with_its_round_trip(version: int) -> None:
    machine = engine(version)
    (packet,) = machine.step(0.0).send
    machine.step(0.01, Transmitted(packet, 0.005))

    answer = told(machine, answer_to(version), 0.025)

    assert answer is not None
    assert (answer.mac, answer.sequence, answer.verdict) == (THEIRS, 1, Verdict.ANSWER)
    assert answer.rtt == pytest.approx(0.02)
    assert (answer.sent_by, answer.received_by) == (Clock.KERNEL, Clock.KERNEL)
    report = machine.report()
    assert (report.mac, report.is_alive, report.is_conflict) == (THEIRS, True, False)
    assert (report.sent, report.answered, report.received) == (1, 1, 1)
    assert report.rtt is not None
    assert report.rtt.median == pytest.approx(0.02)
    assert report.clocks == (Clock.KERNEL, Clock.KERNEL)
    assert report.answers == (answer,)


def test_an_answer_belongs_to_the_latest_request_that_had_left() -> None:
    machine = engine()
    started(machine)
    (second,) = machine.step(1.0).send
    machine.step(1.0, Transmitted(second, 1.2))

    early = told(machine, reply(), 1.1)
    late = told(machine, reply(), 1.3)

    assert early is not None
    assert late is not None
    assert (early.sequence, late.sequence) == (1, 2)
    assert early.rtt == pytest.approx(1.1)
    assert late.rtt == pytest.approx(0.1)


def test_an_answer_before_any_request_has_no_round_trip() -> None:
    machine = engine()
    (packet,) = machine.step(1.0).send
    machine.step(1.0, Transmitted(packet, 1.0))

    answer = told(machine, reply(), 0.5)

    assert answer is not None
    assert (answer.sequence, answer.rtt) == (0, None)
    assert machine.report().rtt is None
    assert machine.report().answered == 0


@both
def test_a_second_answer_of_one_host_is_a_duplicate(version: int) -> None:
    machine = engine(version)
    started(machine)

    verdicts = [told(machine, answer_to(version), at) for at in (0.1, 0.2)]
    (second,) = machine.step(1.0).send
    machine.step(1.0, Transmitted(second, 1.0))
    third = told(machine, answer_to(version), 1.1)

    assert [one and one.verdict for one in (*verdicts, third)] == [
        Verdict.ANSWER,
        Verdict.DUPLICATE,
        Verdict.ANSWER,
    ]
    report = machine.report()
    assert (report.received, report.answered, report.duplicates) == (3, 2, 1)
    assert report.rtt is not None
    assert report.rtt.count == 2


@both
def test_a_second_host_is_a_conflict(version: int) -> None:
    machine = engine(version)
    started(machine)

    told(machine, answer_to(version), 0.1)
    other = told(machine, answer_to(version, STRANGERS), 0.2)
    first = told(machine, answer_to(version), 1.1)

    assert other is not None
    assert first is not None
    assert other.verdict is first.verdict is Verdict.CONFLICT
    report = machine.report()
    assert report.macs == (THEIRS, STRANGERS)
    assert report.is_conflict
    assert report.conflicts == 2


def test_one_of_many_may_answer_beside_others() -> None:
    """RFC 4861 §7.2.7: anycast addresses are advertised without the override flag."""
    machine = engine(6)
    started(machine)

    told(machine, advertisement(override=False), 0.1)
    second = told(machine, advertisement(STRANGERS, override=False), 0.2)

    assert second is not None
    assert second.verdict is Verdict.ANSWER
    assert not machine.report().is_conflict


NO_ANSWERS_V4: dict[str, Packet] = {
    "another address": reply(src=OTHER),
    "to another address": reply(dst=OTHER),
    "to another hardware address": reply(dst_mac=STRANGERS),
    "a request": request(THEIRS, THEM, US),
    "an announcement": announced(4, THEIRS, THEM),
    "a probe": probe(STRANGERS, THEM),
    "our own request": request(OURS, US, THEM),
    "our own claim": reply(OURS),
    "our own frame": reply(STRANGERS, frame_src=OURS),
    "of another kind of hardware": Ethernet(OURS, THEIRS)
    / ARP(2, THEIRS, THEM, OURS, US, hardware_type=6),
    "of another protocol": Ethernet(OURS, THEIRS)
    / ARP(2, THEIRS, THEM.packed, OURS, US.packed, protocol_type=0x86DD),
    "a reverse reply": Ethernet(OURS, THEIRS) / ARP(4, THEIRS, THEM, OURS, US),
    "no ARP": Ethernet(OURS, THEIRS) / IPv4(THEM, US) / UDP(1, 2),
    "over IPv6": advertisement(),
}


@pytest.mark.parametrize("packet", NO_ANSWERS_V4.values(), ids=NO_ANSWERS_V4)
def test_over_ipv4_this_is_no_answer(packet: Packet) -> None:
    machine = engine(4)
    started(machine)

    assert told(machine, packet, 0.1) is None
    assert machine.report().received == 0


NO_ANSWERS_V6: dict[str, Packet] = {
    "another address": advertisement(target=OTHER6),
    "to another address": advertisement(dst=OTHER6),
    "unasked": advertisement(solicited=False),
    "unasked, to everybody": unasked(THEIRS, THEM6),
    "a solicitation": solicitation(THEIRS, THEM6, US6),
    "a probe": solicitation(STRANGERS, NOBODY[6], THEM6),  # type: ignore[arg-type]  # of version 6
    "our own": advertisement(OURS),
    "over IPv4": reply(),
}


@pytest.mark.parametrize("packet", NO_ANSWERS_V6.values(), ids=NO_ANSWERS_V6)
def test_over_ipv6_this_is_no_answer(packet: Packet) -> None:
    machine = engine(6)
    started(machine)

    assert told(machine, packet, 0.1) is None
    assert (machine.report().received, machine.report().invalid) == (0, 0)


def cut_short(frame: Packet, octets: int) -> Packet:
    """Return what comes of a frame that lost its last octets on the way."""
    return dissect(bytes(frame)[:-octets], Ethernet.parse)


INVALID: dict[str, tuple[Packet, Checksum]] = {
    "from afar": (advertisement(hop_limit=254), Checksum.VALID),
    "damaged": (advertisement(), Checksum.BAD),
    "with a code": (advertisement(code=1), Checksum.VALID),
    "an answer to everybody": (advertisement(dst=ALL_NODES), Checksum.VALID),
    "with half an option": (advertisement() / b"\2", Checksum.VALID),
    "about a group": (advertisement(target=ALL_NODES), Checksum.VALID),
    "cut short": (cut_short(advertisement(), 8), Checksum.VALID),
}


@pytest.mark.parametrize(("packet", "checksum"), INVALID.values(), ids=INVALID)
def test_what_the_rules_forbid_is_counted_and_not_believed(
    packet: Packet, checksum: Checksum
) -> None:
    """RFC 4861 §7.1.2."""
    machine = engine(6)
    started(machine)

    assert told(machine, packet, 0.1, checksum=checksum) is None
    assert (machine.report().received, machine.report().invalid) == (0, 1)


def test_an_unfinished_checksum_says_nothing_against_a_message() -> None:
    machine = engine(6)
    started(machine)

    assert told(machine, advertisement(), 0.1, checksum=Checksum.UNFINISHED) is not None


@both
@pytest.mark.parametrize("direction", [Direction.OUT, Direction.OTHER_HOST])
def test_what_is_not_for_us_is_no_answer(version: int, direction: Direction) -> None:
    machine = engine(version)
    started(machine)

    assert told(machine, answer_to(version), 0.1, direction=direction) is None


@both
def test_what_is_said_in_a_vlan_is_said_on_another_link(version: int) -> None:
    machine = engine(version)
    started(machine)

    assert told(machine, answer_to(version), 0.1, vlan=VLAN(5)) is None
    assert told(machine, answer_to(version), 0.1, vlan=VLAN(0, priority=7)) is not None


def test_without_an_option_the_hardware_address_is_that_of_the_frame() -> None:
    """RFC 4861 §4.4: the option may be left out of an answer to one alone."""
    machine = engine(6)
    started(machine)

    answer = told(machine, advertisement(bare=True), 0.1)

    assert answer is not None
    assert answer.mac == THEIRS


def test_a_frame_from_elsewhere_than_it_says_is_told_as_it_is() -> None:
    machine = engine()
    started(machine)

    answer = told(machine, reply(frame_src=STRANGERS), 0.1)

    assert answer is not None
    assert (answer.mac, answer.claim.frame_mac) == (THEIRS, STRANGERS)


# Has anybody this address?


Made = Callable[[], Packet]
CONFLICTS: dict[str, tuple[int, Made]] = {
    "a reply": (4, lambda: reply(dst=NOBODY[4])),  # type: ignore[arg-type]  # of version 4
    "a reply to somebody": (4, lambda: reply(dst=OTHER, dst_mac=STRANGERS)),
    "a request": (4, lambda: request(THEIRS, THEM, OTHER)),
    "an announcement": (4, lambda: announced(4, THEIRS, THEM)),
    "a probe by another": (4, lambda: probe(STRANGERS, THEM)),
    "an advertisement": (6, lambda: unasked(THEIRS, THEM6)),
    "a solicitation": (6, lambda: solicitation(THEIRS, THEM6, US6)),
    "a probe by another over IPv6": (6, lambda: solicitation(STRANGERS, IPv6Address(0), THEM6)),
}


@pytest.mark.parametrize(("version", "packet"), CONFLICTS.values(), ids=CONFLICTS)
def test_any_claim_to_the_address_ends_a_probe(version: int, packet: Made) -> None:
    """RFC 5227 §2.1.1, RFC 4862 §5.4.3 and §5.4.4."""
    machine = engine(version, Purpose.PROBE)
    started(machine)

    step = machine.step(0.1, heard(packet(), 0.1))

    (answer,) = step.events
    assert isinstance(answer, Answer)
    assert answer.verdict is Verdict.CONFLICT
    assert step.wake_at is None
    assert machine.report().is_conflict


NO_CONFLICTS: dict[str, tuple[int, Made]] = {
    "somebody asks for it": (4, lambda: request(THEIRS, OTHER, THEM)),
    "our own probe": (4, lambda: probe(OURS, THEM)),
    "another address": (4, lambda: announced(4, THEIRS, OTHER)),
    "somebody asks for it over IPv6": (6, lambda: solicitation(THEIRS, OTHER6, THEM6)),
    "our own probe over IPv6": (6, lambda: solicitation(OURS, IPv6Address(0), THEM6)),
    "from afar": (6, lambda: advertisement(dst=ALL_NODES, solicited=False, hop_limit=64)),
}


@pytest.mark.parametrize(("version", "packet"), NO_CONFLICTS.values(), ids=NO_CONFLICTS)
def test_this_is_no_reason_against_an_address(version: int, packet: Made) -> None:
    machine = engine(version, Purpose.PROBE, count=3, timeout=2.0)
    started(machine)

    assert told(machine, packet(), 0.1) is None
    assert times_sent(machine, 10.0) == [1.0, 2.0]
    assert not machine.report().is_conflict


# Ours


@both
@pytest.mark.parametrize("purpose", [Purpose.ANNOUNCE, Purpose.ANSWER])
def test_who_contradicts_an_announcement_is_told(version: int, purpose: Purpose) -> None:
    """RFC 5227 §2.4: an address is to be defended, so the announcing goes on."""
    machine = engine(version, purpose)
    started(machine)
    address = ASKED_BY[version]

    step = machine.step(0.1, heard(announced(version, THEIRS, address), 0.1))

    (answer,) = step.events
    assert isinstance(answer, Answer)
    assert (answer.verdict, answer.mac) == (Verdict.CONFLICT, THEIRS)
    assert len(machine.step(1.0).send) == 1


@pytest.mark.parametrize("packet", [probe(THEIRS, US), announced(4, THEIRS, OTHER)])
def test_who_wants_the_address_does_not_contradict_who_has_it(packet: Packet) -> None:
    machine = engine(4, Purpose.ANNOUNCE)
    started(machine)

    assert told(machine, packet, 0.1) is None


# The rest of the news


def test_what_the_kernel_refuses_is_told_and_counted() -> None:
    machine = engine()
    (packet,) = machine.step(0.0).send
    error = OSError(errno.ENOBUFS, "No buffer space available")

    (event,) = machine.step(0.0, SendFailed(packet, error)).events

    assert event == NotSent(machine.target, 1, error)
    assert machine.report().not_sent == 1
    answer = told(machine, reply(), 0.1)
    assert answer is not None
    assert answer.sequence == 0


def test_requests_are_told_if_so_wished() -> None:
    machine = engine(announce=True)

    assert machine.step(0.5).events == (Sent(machine.target, 1, 0.5),)


def test_the_report_has_the_pipe_and_what_it_dropped() -> None:
    machine = engine()
    machine.step(0.0, Opened("packet socket", "because"))
    machine.step(0.0, Dropped(3))
    machine.step(0.0, Dropped(4))

    report = machine.report()

    assert (report.via, report.why, report.lost_here) == ("packet socket", "because", 7)
    assert (report.mac, report.rtt, report.clocks, report.elapsed) == (None, None, None, 0.0)


def test_a_time_of_the_programs_own_is_called_so() -> None:
    machine = engine()
    (packet,) = machine.step(0.0).send
    machine.step(0.0, Transmitted(packet, 0.0, Clock.USER))

    told(machine, reply(), 0.1)

    assert machine.report().clocks == (Clock.USER, Clock.KERNEL)


def test_a_run_without_end_keeps_no_answers() -> None:
    machine = engine(count=None)
    started(machine)

    told(machine, reply(), 0.1)

    assert machine.report().answers == ()
    assert machine.report().received == 1


def test_requests_long_gone_are_forgotten() -> None:
    machine = engine(count=None, interval=1.0)
    for turn in range(200):
        started(machine, float(turn))

    answer = told(machine, reply(), 199.5)

    assert answer is not None
    assert answer.sequence == 200
    assert len(machine._requests) < 100


def test_a_flood_of_invented_hardware_addresses_does_not_fill_the_memory() -> None:
    machine = engine(count=None)
    started(machine)
    for number in range(200):
        answer = told(machine, reply(MAC(bytes((2, 0, 0, 0, 1, number)))), 0.1)

    report = machine.report()
    assert (report.received, len(report.macs)) == (200, 64)
    assert answer is not None
    assert answer.verdict is Verdict.CONFLICT
    assert len(machine._requests[0].answered_by) == 64
