"""What ``rawkit resolve`` prints, and the JSON that says the same, of things made by hand."""

import json
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from rawkit.api.neighbours import DiscoverSession
from rawkit.api.resolve import ResolveSession
from rawkit.cli import resolve_json
from rawkit.cli.records import HEAD
from rawkit.cli.resolve_json import ResolveJson, RoutersJson, WatchJson
from rawkit.cli.resolve_text import ResolveText, RoutersText, WatchText
from rawkit.engine.discover import Change, Discover, DiscoverReport, Router
from rawkit.engine.neighbour_events import Answer, Claim, NotSent, Purpose, Target, Verdict
from rawkit.engine.resolve import Resolve
from rawkit.engine.resolve_report import ResolveReport, Tally
from rawkit.engine.watch import Announcement, Kind, Neighbour, Watch, WatchReport
from rawkit.record import replace
from rawkit.wire import icmp_queries
from rawkit.wire.address import MAC, Address
from rawkit.wire.link import VLAN
from rawkit.wire.ndp import RouterAdvertisement, RouterFlag
from rawkit.wire.ndp_options import (
    DNSSL,
    INFINITE,
    MTU,
    RDNSS,
    Nonce,
    Other,
    PrefixFlag,
    PrefixInformation,
    RouteInformation,
    SourceLinkLayer,
)
from rawkit.wire.received import Clock
from tests.engine.link_world import LINK, OURS, STRANGERS, THEIRS, THEM, THEM6, US, US6

TARGET, TARGET6 = Target("them", THEM, US), Target("fe80::7", THEM6, US6)
NOON = 1_700_000_000.25


def wall(moment: float) -> float:
    return moment + NOON


def never() -> Any:
    raise AssertionError("nothing is opened")


def text(target: Target = TARGET, *, several: bool = False) -> ResolveText:
    return ResolveText(ResolveSession(Resolve(target, LINK), never), several=several)


# One address


def claim(**changes: Any) -> Claim:
    given = Claim(THEM, THEIRS, THEIRS, False, US, OURS)
    return replace(given, **changes)


def answer(target: Target = TARGET, rtt: float | None = 0.0015, **changes: Any) -> Answer:
    said = claim(address=target.address, target=target.src, **changes)
    return Answer(target, 3, said.mac, rtt, 5.25, Verdict.ANSWER, said)


LINES: list[tuple[Answer, str]] = [
    (answer(), "Unicast reply from 192.0.2.7 [02:00:00:00:00:07]  1.500ms"),
    (answer(TARGET6, target_mac=None), "Unicast reply from fe80::7 [02:00:00:00:00:07]  1.500ms"),
    (
        answer(TARGET6, target_mac=None, to_all=True),
        "Multicast reply from fe80::7 [02:00:00:00:00:07]  1.500ms",
    ),
    (answer(rtt=None), "Unicast reply from 192.0.2.7 [02:00:00:00:00:07]  UNSOLICITED?"),
    (
        answer(to_all=True, is_request=True, target_mac=MAC(bytes(6))),
        "Broadcast request from 192.0.2.7 [02:00:00:00:00:07] [00:00:00:00:00:00] 1.500ms",
    ),
    (
        replace(answer(), claim=claim(target=THEM, target_mac=STRANGERS)),
        "Unicast reply from 192.0.2.7 [02:00:00:00:00:07]"
        " for 192.0.2.7 [02:00:00:00:00:66] 1.500ms",
    ),
    (
        answer(to_all=True, is_request=True, is_probe=True, mac=STRANGERS, target_mac=None),
        "Broadcast probe from 192.0.2.7 [02:00:00:00:00:66]  1.500ms",
    ),
]


@pytest.mark.parametrize(("told", "line"), LINES)
def test_answers_are_told_in_the_words_of_arping(told: Answer, line: str) -> None:
    assert text(told.target).event(told) == f"{line}\n"


def test_the_first_line_says_who_asks_where() -> None:
    assert text().opening() == "ARPING 192.0.2.7 from 192.0.2.1 eth0\n"
    assert text(TARGET6).opening() == "NDPING fe80::7 from fe80::1 eth0\n"


def report(target: Target = TARGET, purpose: Purpose = Purpose.ASK, **known: Any) -> ResolveReport:
    return replace(Tally(via="packet socket").report(target, LINK, purpose, 3), **known)


SUMMARIES: list[tuple[ResolveReport, list[str]]] = [
    (report(broadcasts=3), ["Sent 3 probes (3 broadcast(s))", "Received 0 response(s)"]),
    (report(TARGET6), ["Sent 3 probes (0 multicast(s))", "Received 0 response(s)"]),
    (
        report(broadcasts=3, not_sent=2),
        ["Sent 3 probes (3 broadcast(s), 2 not sent)", "Received 0 response(s)"],
    ),
    (
        report(received=4, requests=1, broadcasts_received=2),
        [
            "Sent 3 probes (0 broadcast(s))",
            "Received 4 response(s) (1 request(s), 2 broadcast(s))",
        ],
    ),
    (
        report(TARGET6, received=4, broadcasts_received=2),
        ["Sent 3 probes (0 multicast(s))", "Received 4 response(s) (2 multicast(s))"],
    ),
    (
        report(received=2, conflicts=1, macs=(THEIRS, STRANGERS)),
        [
            "Sent 3 probes (0 broadcast(s))",
            "Received 2 response(s)",
            "Conflict: 192.0.2.7 is claimed by 02:00:00:00:00:07, 02:00:00:00:00:66",
        ],
    ),
    (
        report(purpose=Purpose.PROBE, received=1, conflicts=1, macs=(THEIRS,)),
        [
            "Sent 3 probes (0 broadcast(s))",
            "Received 1 response(s)",
            "Conflict: 192.0.2.7 is claimed by 02:00:00:00:00:07",
        ],
    ),
]


@pytest.mark.parametrize(("known", "lines"), SUMMARIES)
def test_the_summary_counts(known: ResolveReport, lines: list[str]) -> None:
    assert text().closing(known) == "".join(f"{line}\n" for line in lines)


def test_of_several_addresses_each_summary_says_whose_it_is() -> None:
    told = text(several=True).closing(report())

    assert told == "them: Sent 3 probes (0 broadcast(s))\nthem: Received 0 response(s)\n"


# Routers


def routers_text(version: int = 6) -> RoutersText:
    return RoutersText(DiscoverSession(Discover(version, LINK, US6 if version == 6 else US), never))


MESSAGE = RouterAdvertisement(
    lifetime=1800,
    hop_limit=64,
    flags=RouterFlag.OTHER | RouterFlag.HIGH,
    reachable=30_000,
    retransmit=1000,
    options=(
        SourceLinkLayer(THEIRS),
        MTU(1400),
        PrefixInformation(IPv6Address("2001:db8::"), valid=INFINITE),
        PrefixInformation(IPv6Address("2001:db8:1::"), 48, PrefixFlag.ON_LINK, 600, 300),
        RouteInformation(IPv6Address("2001:db8:2::"), 48, INFINITE, 0x18),
        RDNSS(600, (IPv6Address("2001:db8::53"), IPv6Address("2001:db8::54"))),
        DNSSL(0, ("example.org", "example.net")),
        Nonce(b"\1\2\3\4\5\6"),
        Other(38, bytes(14)),
    ),
)
GROUP = Target("ff02::2", IPv6Address("ff02::2"), US6)


def router(message: Any = MESSAGE, address: Address = THEM6, **changes: Any) -> Router:
    change = changes.pop("change", Change.NEW)
    rtt = changes.pop("rtt", 0.25)
    return Router(
        GROUP, address, THEIRS, message.lifetime, message, 5.25, change, False, rtt, **changes
    )


def test_a_router_is_told_with_all_it_says() -> None:
    assert routers_text().event(router()).splitlines() == [
        "Router fe80::7 [02:00:00:00:00:07] lifetime 1800 s 250.000ms",
        "  preference high",
        "  hop limit 64",
        "  other settings by DHCPv6",
        "  reachable 30000 ms",
        "  retransmit 1000 ms",
        "  MTU 1400",
        "  prefix 2001:db8::/64 on-link autonomous, valid for ever, preferred 604800 s",
        "  prefix 2001:db8:1::/48 on-link, valid 600 s, preferred 300 s",
        "  route 2001:db8:2::/48 low, for ever",
        "  name servers 2001:db8::53 2001:db8::54, 600 s",
        "  domains example.org example.net, 0 s",
        "  nonce 010203040506",
        "  option 38: 00 00 00 00 00 00 00 00 00 00 00 00 00 00",
    ]


def test_a_router_that_says_little_is_told_so() -> None:
    silent = RouterAdvertisement(0, hop_limit=0, flags=RouterFlag.MANAGED)

    assert routers_text().event(router(silent, change=Change.CHANGED, rtt=None)).splitlines() == [
        "Changed router fe80::7 [02:00:00:00:00:07] lifetime 0 s (no default router) UNSOLICITED?",
        "  preference medium",
        "  addresses by DHCPv6",
    ]
    assert routers_text().event(router(silent, change=Change.SAME)) == ""


def test_a_router_over_ipv4_is_told_with_its_addresses() -> None:
    message = icmp_queries.RouterAdvertisement(1800, ((THEM, 0), (US, -(2**31))))

    assert routers_text(4).event(router(message, THEM)).splitlines() == [
        "Router 192.0.2.7 [02:00:00:00:00:07] lifetime 1800 s 250.000ms",
        "  router 192.0.2.7 preference 0",
        "  router 192.0.2.1 not as a default router",
    ]


def test_the_first_line_says_who_is_asked_for_routers() -> None:
    assert routers_text().opening() == "SOLICITING ff02::2 from fe80::1 eth0\n"
    assert routers_text(4).opening() == "SOLICITING 224.0.0.2 from 192.0.2.1 eth0\n"


def found(**known: Any) -> DiscoverReport:
    return replace(Discover(6, LINK, US6).report(), sent=3, **known)


@pytest.mark.parametrize(
    ("known", "lines"),
    [
        (found(), "Sent 3 solicitation(s)\nReceived 0 advertisement(s) of 0 router(s)\n"),
        (
            found(not_sent=1, received=2, invalid=3, routers=(router(),)),
            "Sent 3 solicitation(s), 1 of them not sent\n"
            "Received 2 advertisement(s) of 1 router(s), 3 ignored\n",
        ),
    ],
)
def test_the_summary_of_routers_counts(known: DiscoverReport, lines: str) -> None:
    assert routers_text().closing(known) == lines


# Watching


def said(**changes: Any) -> Announcement:
    given = Announcement(
        THEM, THEIRS, Kind.ANNOUNCEMENT, Change.NEW, None, THEIRS, "eth0", None, 0.5
    )
    return replace(given, **changes)


WATCHED: list[tuple[Announcement, str]] = [
    (said(), "192.0.2.7 is at 02:00:00:00:00:07 (announcement, new)"),
    (
        said(kind=Kind.REPLY, change=Change.SAME),
        "192.0.2.7 is at 02:00:00:00:00:07 (reply, same)",
    ),
    (
        said(change=Change.CHANGED, before=STRANGERS),
        "192.0.2.7 is at 02:00:00:00:00:07, was at 02:00:00:00:00:66 (announcement, changed)",
    ),
    (
        said(kind=Kind.PROBE, change=Change.SAME),
        "192.0.2.7 is wanted by 02:00:00:00:00:07 (probe)",
    ),
    (
        said(kind=Kind.ROUTER, address=THEM6, frame_mac=STRANGERS, vlan=VLAN(42)),
        "fe80::7 is at 02:00:00:00:00:07 (router, new, said by 02:00:00:00:00:66, vlan 42)",
    ),
]


@pytest.fixture
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patched:
        patched.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("utc")
@pytest.mark.parametrize(("event", "line"), WATCHED)
def test_what_is_said_has_a_line_of_its_own(event: Announcement, line: str) -> None:
    assert WatchText(wall, "eth0").event(event) == f"22:13:20.750000 eth0 {line}\n"


def watched(**known: Any) -> WatchReport:
    return replace(Watch().report(), **known)


@pytest.mark.parametrize(
    ("known", "line"),
    [
        (watched(), "Heard 0 message(s) of 0 address(es), 0 change(s), 0 probe(s)"),
        (
            watched(
                neighbours=(Neighbour(THEM, (THEIRS,), 5, 1.0, 2.0),),
                heard=5, changes=2, probes=1, invalid=3, lost_here=4, forgotten=6,
            ),
            "Heard 5 message(s) of 1 address(es), 2 change(s), 1 probe(s), 3 ignored,"
            " 4 dropped by this host, 6 not remembered",
        ),
    ],
)  # fmt: skip
def test_the_summary_of_a_watch_counts(known: WatchReport, line: str) -> None:
    assert WatchText(wall, None).closing(known) == f"{line}\n"


def test_the_first_line_says_where_is_listened() -> None:
    assert WatchText(wall, "eth0").opening() == "WATCHING eth0\n"
    assert WatchText(wall, None).opening() == "WATCHING all interfaces\n"


# JSON


def objects(lines: str) -> list[dict[str, Any]]:
    told = [json.loads(line) for line in lines.splitlines()]
    for one in told:
        assert tuple(one) == (*HEAD, *resolve_json.SCHEMA[one["type"]])
        assert (one["schema"], one["command"]) == ("rawkit/1", "resolve")
    return told


def test_an_answer_in_json() -> None:
    (one,) = objects(ResolveJson(wall).event(answer(frame_mac=STRANGERS)))

    assert one == one | {
        "type": "answer", "host": "them", "address": "192.0.2.7", "time": NOON + 5.25,
        "sequence": 3, "mac": "02:00:00:00:00:07", "frame_mac": "02:00:00:00:00:66",
        "operation": "reply", "to_all": False, "speaks_to": "192.0.2.1", "rtt": 0.0015,
        "sent_by": "kernel", "received_by": "kernel", "is_router": False, "override": True,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("event", "known"),
    [
        (
            replace(answer(rtt=None), sequence=0, verdict=Verdict.DUPLICATE),
            {"type": "duplicate", "sequence": None, "rtt": None, "sent_by": None},
        ),
        (replace(answer(), verdict=Verdict.CONFLICT), {"type": "conflict"}),
        (answer(is_request=True, is_probe=True), {"operation": "probe"}),
        (answer(is_request=True), {"operation": "request"}),
        (answer(is_router=True, is_override=False), {"is_router": True, "override": False}),
        (
            NotSent(TARGET, 2, OSError(100, "Network is down")),
            {"type": "not_sent", "sequence": 2, "errno": 100, "message": "Network is down"},
        ),
    ],
)
def test_what_else_may_happen_in_json(event: Answer | NotSent, known: dict[str, Any]) -> None:
    (one,) = objects(ResolveJson(wall).event(event))

    assert one == one | known


def test_the_summary_in_json() -> None:
    known = report(
        received=2, answered=2, broadcasts=1, conflicts=1, macs=(THEIRS, STRANGERS),
        clocks=(Clock.KERNEL, Clock.USER), elapsed=1.5, why="because",
    )  # fmt: skip

    (one,) = objects(ResolveJson(wall).closing(known))
    (none,) = objects(
        ResolveJson(wall).closing(report(replace(TARGET, src=IPv4Address(0)), via=""))
    )

    assert one == one | {
        "type": "summary", "host": "them", "local": "192.0.2.1", "interface": "eth0",
        "local_mac": "02:00:00:00:00:01", "purpose": "ask", "mac": "02:00:00:00:00:07",
        "macs": ["02:00:00:00:00:07", "02:00:00:00:00:66"], "alive": True, "in_conflict": True,
        "sent": 3, "to_everybody": 1, "answered": 2, "not_sent": 0, "received": 2, "conflicts": 1,
        "elapsed": 1.5, "rtts": None, "sent_by": "kernel", "received_by": "user",
        "socket": "packet socket", "why": "because",
    }  # fmt: skip
    assert none == none | {
        "local": None, "mac": None, "macs": [], "alive": False, "socket": None, "why": None
    }  # fmt: skip


def test_a_router_in_json() -> None:
    (one,) = objects(RoutersJson(wall).event(router()))

    assert one == one | {
        "type": "router", "host": "fe80::7", "address": "fe80::7", "time": NOON + 5.25,
        "mac": "02:00:00:00:00:07", "change": "new", "rtt": 0.25, "received_by": "kernel",
        "to_all": True, "lifetime": 1800,
        "default_routers": [{"router": "fe80::7", "preference": 1}], "hop_limit": 64,
        "managed": False, "other_settings": True, "link_mtu": 1400,
        "prefixes": [
            {"prefix": "2001:db8::/64", "on_link": True, "autonomous": True, "valid": None,
             "preferred": 604_800},
            {"prefix": "2001:db8:1::/48", "on_link": True, "autonomous": False, "valid": 600,
             "preferred": 300},
        ],
        "routes": [{"prefix": "2001:db8:2::/48", "preference": -1, "lifetime": None}],
        "name_servers": [{"servers": ["2001:db8::53", "2001:db8::54"], "lifetime": 600}],
        "search_domains": [{"domains": ["example.org", "example.net"], "lifetime": 0}],
    }  # fmt: skip


def test_a_router_over_ipv4_in_json() -> None:
    message = icmp_queries.RouterAdvertisement(1800, ((THEM, 5),))

    (one,) = objects(RoutersJson(wall).event(router(message, THEM, rtt=None)))

    assert one == one | {
        "address": "192.0.2.7", "rtt": None, "lifetime": 1800,
        "default_routers": [{"router": "192.0.2.7", "preference": 5}], "hop_limit": None,
        "managed": None, "other_settings": None, "link_mtu": None, "prefixes": [], "routes": [],
        "name_servers": [], "search_domains": [],
    }  # fmt: skip


def test_the_summary_of_routers_in_json() -> None:
    (one,) = objects(RoutersJson(wall).closing(found(received=2, forgotten=1, routers=(router(),))))

    assert one == one | {
        "type": "routers", "host": "ff02::2", "address": "ff02::2", "local": "fe80::1",
        "interface": "eth0", "sent": 3, "received": 2, "forgotten": 1,
        "found_routers": ["fe80::7"], "socket": None,
    }  # fmt: skip


def test_what_is_said_in_json() -> None:
    event = said(change=Change.CHANGED, before=STRANGERS, vlan=VLAN(42))

    (one,) = objects(WatchJson(wall).event(event))

    assert one == one | {
        "type": "announcement", "host": "192.0.2.7", "address": "192.0.2.7", "time": NOON + 0.5,
        "mac": "02:00:00:00:00:07", "mac_before": "02:00:00:00:00:66",
        "frame_mac": "02:00:00:00:00:07", "operation": "announcement", "change": "changed",
        "interface": "eth0", "vlan": 42, "received_by": "kernel",
    }  # fmt: skip


def test_the_summary_of_a_watch_in_json_has_a_line_for_each_address() -> None:
    neighbour = Neighbour(THEM, (STRANGERS, THEIRS), 5, 1.0, 2.0, is_router=True)

    one, last = objects(WatchJson(wall).closing(watched(neighbours=(neighbour,), heard=5)))

    assert one == one | {
        "type": "neighbour", "host": "192.0.2.7",
        "macs": ["02:00:00:00:00:66", "02:00:00:00:00:07"], "received": 5,
        "first_heard": NOON + 1, "last_heard": NOON + 2, "is_router": True,
    }  # fmt: skip
    assert (last["type"], last["host"], last["received"]) == ("watched", None, 5)
