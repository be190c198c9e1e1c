"""The lines of ``rawkit ping``, to the letter: those of ping(8) of iputils 20221126."""

import errno
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address

import pytest

from rawkit.cli.ping_numbers import rounded, thousandths
from rawkit.cli.ping_options import parse
from rawkit.cli.ping_text import PingText
from rawkit.engine.ping_events import (
    Burst,
    Damage,
    ErrorReply,
    Lost,
    NotSent,
    PingEvent,
    Reply,
    Sent,
    Target,
    Verdict,
)
from rawkit.record import replace
from rawkit.wire import icmp, icmpv6
from rawkit.wire.ip_options import (
    NoOperation,
    Other,
    RecordRoute,
    RouterAlert,
    SourceRoute,
    Stamp,
    Stamping,
    Timestamp,
    encode,
)
from rawkit.wire.packet import Header, Packet

ADDRESS, ADDRESS6 = IPv4Address("192.0.2.7"), IPv6Address("2001:db8::7")
V4 = Target("192.0.2.7", ADDRESS, IPv4Address("192.0.2.1"))
V6 = Target("2001:db8::7", ADDRESS6, IPv6Address("2001:db8::1"))
NAMED = Target("host.example", ADDRESS, IPv4Address("192.0.2.1"))
NAMED6 = Target("host.example", ADDRESS6, IPv6Address("2001:db8::1"))
GROUP = Target("224.0.0.1", IPv4Address("224.0.0.1"), IPv4Address("192.0.2.1"))
NAMES = {ADDRESS: "host.example", ADDRESS6: "host.example"}
NO_PACKET = Packet()
SENT = bytes(range(56))


def printer(line: str = "", **options: bool | int) -> PingText:
    several, width = bool(options.get("several")), options.get("width")
    return PingText(
        parse([*line.split(), "host.example"]),
        NAMES.get,
        lambda time: 1_700_000_000 + time,
        several=several,
        width=width,
    )


def reply(target: Target = V4, sequence: int = 1, rtt: float = 58e-6, **more: object) -> Reply:
    plain = Reply(target, sequence, target.address, 64, rtt, 64, 5.25)
    return replace(plain, **more)


def error(
    message: Header, target: Target = V4, sequence: int = 1, final: bool = True
) -> ErrorReply:
    router = ip_address("192.0.2.254" if target.address.version == 4 else "2001:db8::fe")
    return ErrorReply(target, sequence, router, message, NO_PACKET, 1e-3, 5.25, final)


def text_of(events: Sequence[PingEvent], line: str = "", **options: bool | int) -> str:
    shown = printer(line, **options)
    return "".join(shown.event(event) for event in events)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.0, "0.000"),
        (-1e-6, "0.000"),
        (1e-6, "0.001"),
        (58.9e-6, "0.058"),
        (999.9e-6, "0.999"),
        (1e-3, "1.00"),
        (1.004e-3, "1.00"),
        (1.005e-3, "1.01"),
        (9.994e-3, "9.99"),
        (9.995e-3, "10.0"),
        (10.04e-3, "10.0"),
        (10.05e-3, "10.1"),
        (99.949e-3, "99.9"),
        (99.95e-3, "100"),
        (100.499e-3, "100"),
        (100.5e-3, "101"),
        (12.3456, "12346"),
    ],
)
def test_a_time_has_as_many_decimals_as_make_three_digits(seconds: float, shown: str) -> None:
    assert rounded(seconds) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.0, "0.000"), (123e-6, "0.123"), (1.000999e-3, "1.000"), (1.5, "1500.000")],
)
def test_statistics_cut_off_after_microseconds(seconds: float, shown: str) -> None:
    assert thousandths(seconds) == shown


OPENINGS = [
    ("", V4, "PING 192.0.2.7 (192.0.2.7) 56(84) bytes of data.\n"),
    ("", V6, "PING 2001:db8::7(2001:db8::7) 56 data bytes\n"),
    ("", NAMED, "PING host.example (192.0.2.7) 56(84) bytes of data.\n"),
    ("", NAMED6, "PING host.example(host.example (2001:db8::7)) 56 data bytes\n"),
    ("-n", NAMED6, "PING host.example(2001:db8::7) 56 data bytes\n"),
    ("-s 1472", V4, "PING 192.0.2.7 (192.0.2.7) 1472(1500) bytes of data.\n"),
    ("-s 0", V6, "PING 2001:db8::7(2001:db8::7) 0 data bytes\n"),
    ("-I eth0", V4, "PING 192.0.2.7 (192.0.2.7) from 192.0.2.1 eth0: 56(84) bytes of data.\n"),
    ("-I 192.0.2.1", V4, "PING 192.0.2.7 (192.0.2.7) from 192.0.2.1 : 56(84) bytes of data.\n"),
    ("-B", V4, "PING 192.0.2.7 (192.0.2.7) from 192.0.2.1 : 56(84) bytes of data.\n"),
    ("-I eth0", V6, "PING 2001:db8::7(2001:db8::7) from 2001:db8::1 eth0: 56 data bytes\n"),
    ("-R", V4, "PING 192.0.2.7 (192.0.2.7) 56(124) bytes of data.\n"),
    ("-T tsandaddr", V4, "PING 192.0.2.7 (192.0.2.7) 56(124) bytes of data.\n"),
    ("-F 5", V6, "PING 2001:db8::7(2001:db8::7) , flow 0x00005, 56 data bytes\n"),
    ("-q", V4, "PING 192.0.2.7 (192.0.2.7) 56(84) bytes of data.\n"),
    ("-p ff00", V4, "PATTERN: 0xff00\nPING 192.0.2.7 (192.0.2.7) 56(84) bytes of data.\n"),
    ("-q -p ff00", V4, "PING 192.0.2.7 (192.0.2.7) 56(84) bytes of data.\n"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "target", "shown"), OPENINGS)
def test_it_opens_as_ping_does(line: str, target: Target, shown: str) -> None:
    assert printer(line).opening([target]) == shown


STRANGER = IPv4Address("192.0.2.9")
LINES: list[tuple[str, PingEvent, str]] = [
    ("", reply(), "64 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms\n"),
    ("", reply(V6), "64 bytes from 2001:db8::7: icmp_seq=1 ttl=64 time=0.058 ms\n"),
    ("", reply(NAMED),
     "64 bytes from host.example (192.0.2.7): icmp_seq=1 ttl=64 time=0.058 ms\n"),
    ("-n", reply(NAMED), "64 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms\n"),
    ("", reply(NAMED, source=STRANGER, verdict=Verdict.WRONG_SOURCE),
     "64 bytes from 192.0.2.9: icmp_seq=1 ttl=64 time=0.058 ms (DIFFERENT ADDRESS!)\n"),
    ("", reply(sequence=65_537), "64 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms\n"),
    ("-D", reply(),
     "[1700000005.250000] 64 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms\n"),
    ("-v", reply(), "64 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms\n"),
    ("-v -e 77", reply(), "64 bytes from 192.0.2.7: icmp_seq=1 ident=77 ttl=64 time=0.058 ms\n"),
    ("-a", reply(), "64 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms\a\n"),
    ("-q", reply(), ""),
    ("-f", reply(), "\b \b"),
    ("-f -a", reply(), "\b \b\a"),
    ("-f -q", reply(), ""),
    ("-s 16", reply(size=24), "24 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms\n"),
    ("-s 15", reply(size=23), "23 bytes from 192.0.2.7: icmp_seq=1 ttl=64\n"),
    ("", reply(verdict=Verdict.DUPLICATE),
     "64 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms (DUP!)\n"),
    ("", reply(GROUP, source=STRANGER, verdict=Verdict.DUPLICATE),
     "64 bytes from 192.0.2.9: icmp_seq=1 ttl=64 time=0.058 ms\n"),
    ("-v", reply(GROUP, source=STRANGER, verdict=Verdict.DUPLICATE),
     "64 bytes from 192.0.2.9: icmp_seq=1 ttl=64 time=0.058 ms (DUP!)\n"),
    ("-b", reply(source=STRANGER, verdict=Verdict.DUPLICATE),
     "64 bytes from 192.0.2.9: icmp_seq=1 ttl=64 time=0.058 ms\n"),
    ("", reply(rtt=1.2, verdict=Verdict.LATE),
     "64 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=1200 ms (LATE!)\n"),
    ("", reply(verdict=Verdict.CORRUPTED, payload=SENT),
     "64 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms (BAD CHECKSUM!)\n"),
    ("-f", reply(verdict=Verdict.CORRUPTED, payload=SENT), "\bC"),
    ("", reply(size=36, verdict=Verdict.CORRUPTED, payload=SENT[:28],
               damage=Damage(28, 28, None)),
     "36 bytes from 192.0.2.7: icmp_seq=1 ttl=64 (truncated)\n"),
    ("", reply(size=65, verdict=Verdict.CORRUPTED, payload=SENT + b"!",
               damage=Damage(56, None, 33)),
     "65 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms (too long)\n"),
    ("", reply(verdict=Verdict.CORRUPTED, payload=SENT[:28] + b"\xe3" + SENT[29:],
               damage=Damage(28, 0x1C, 0xE3)),
     "64 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms\n"
     "wrong data byte #28 should be 0x1c but was 0xe3\n"
     "#16\t10 11 12 13 14 15 16 17 18 19 1a 1b e3 1d 1e 1f "
     "20 21 22 23 24 25 26 27 28 29 2a 2b 2c 2d 2e 2f \n"
     "#48\t30 31 32 33 34 35 36 37 \n"),
    ("-s 20", reply(size=28, verdict=Verdict.CORRUPTED, payload=b"\0" + SENT[1:20],
                    damage=Damage(0, 0x9F, 0)),
     "28 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms\n"
     "wrong data byte #0 should be 0x9f but was 0x0\n"
     "#0\t0 1 2 3 4 5 6 7 8 9 a b c d e f \n"
     "#16\t10 11 12 13 \n"),
    ("", error(icmp.Unreachable(1)),
     "From 192.0.2.254 icmp_seq=1 Destination Host Unreachable\n"),
    ("", error(icmp.Unreachable(13)), "From 192.0.2.254 icmp_seq=1 Packet filtered\n"),
    ("", error(icmp.Unreachable(4, mtu=1400)),
     "From 192.0.2.254 icmp_seq=1 Frag needed and DF set (mtu = 1400)\n"),
    ("", error(icmp.TimeExceeded(0)), "From 192.0.2.254 icmp_seq=1 Time to live exceeded\n"),
    ("-D", error(icmp.TimeExceeded(0)),
     "[1700000005.250000] From 192.0.2.254 icmp_seq=1 Time to live exceeded\n"),
    ("", error(icmp.Redirect(1, IPv4Address("192.0.2.253")), final=False),
     "From 192.0.2.254: icmp_seq=1 Redirect Host(New nexthop: 192.0.2.253)\n"),
    ("", error(icmpv6.Unreachable(3), V6),
     "From 2001:db8::fe icmp_seq=1 Destination unreachable: Address unreachable\n"),
    ("", error(icmpv6.PacketTooBig(1400), V6),
     "From 2001:db8::fe icmp_seq=1 Packet too big: mtu=1400\n"),
    ("", error(icmpv6.TimeExceeded(0), V6),
     "From 2001:db8::fe icmp_seq=1 Time exceeded: Hop limit\n"),
    ("-q", error(icmp.Unreachable(1)), ""),
    ("-f", error(icmp.Unreachable(1)), "\bE"),
    ("-f", error(icmp.SourceQuench(), final=False), ""),
    ("", Lost(V4, 1), ""),
    ("", Sent(V4, 1, 5.25), ""),
    ("-f", Sent(V4, 1, 5.25), "."),
    ("-f -q", Sent(V4, 1, 5.25), ""),
    ("", NotSent(V4, 1, OSError(errno.EPERM, "no")), ""),
    ("-f", NotSent(V4, 1, OSError(errno.EPERM, "no")), "\bE"),
    ("-f", Burst(V4, 1, 3, (1e-6, 1e-6)), ".\b \b.\b \b."),
    ("-f -q", Burst(V4, 1, 3, (1e-6, 1e-6)), ""),
]  # fmt: skip


@pytest.mark.parametrize(("line", "event", "shown"), LINES)
def test_an_event_is_the_line_that_ping_prints(line: str, event: PingEvent, shown: str) -> None:
    assert printer(line).event(event) == shown


def test_of_several_hosts_each_line_says_whose_it_is() -> None:
    shown = printer("-D", several=True)

    assert shown.opening([V4, V6]) == (
        "PING 192.0.2.7 (192.0.2.7) 56(84) bytes of data.\n"
        "PING 2001:db8::7(2001:db8::7) 56 data bytes\n"
    )
    assert shown.event(reply(NAMED)) == (
        "[1700000005.250000] host.example: 64 bytes from host.example (192.0.2.7): "
        "icmp_seq=1 ttl=64 time=0.058 ms\n"
    )
    assert shown.event(error(icmp.Unreachable(1))) == (
        "[1700000005.250000] 192.0.2.7: From 192.0.2.254 icmp_seq=1 Destination Host Unreachable\n"
    )


def unanswered(*sequences: int) -> str:
    return "".join(f"no answer yet for icmp_seq={sequence}\n" for sequence in sequences)


@pytest.mark.parametrize(
    ("between", "shown"),
    [
        ([], unanswered(1)),
        ([reply()], ""),
        ([reply(verdict=Verdict.LATE)], ""),
        ([reply(verdict=Verdict.CORRUPTED, damage=Damage(20, 1, 2), payload=SENT)], ""),
        ([reply(verdict=Verdict.CORRUPTED, payload=SENT)], unanswered(1)),
        ([error(icmp.Unreachable(1))], unanswered(1)),
    ],
)
def test_what_is_outstanding_is_said_when_the_next_request_leaves(
    between: list[PingEvent], shown: str
) -> None:
    events: list[PingEvent] = [Sent(V4, 1, 0.0), *between, Sent(V4, 2, 1.0)]
    lines = text_of(events, "-O").splitlines(keepends=True)

    assert "".join(line for line in lines if line.startswith("no answer")) == shown


def test_outstanding_sequence_numbers_are_those_on_the_wire() -> None:
    events = [Sent(V4, 65_537, 0.0), Sent(V4, 65_538, 1.5)]

    assert text_of(events, "-O -D") == "[1700000001.500000] no answer yet for icmp_seq=1\n"


def test_quiet_does_not_silence_what_is_outstanding() -> None:
    assert text_of([Sent(V4, 1, 0.0), Sent(V4, 2, 1.0)], "-O -q") == unanswered(1)


def test_a_flood_draws_no_more_dots_than_fit_on_the_line() -> None:
    waiting: list[PingEvent] = [Sent(V4, n, 0.0) for n in range(1, 200)]

    assert text_of(waiting, "-f", width=80) == "." * 199
    assert text_of(waiting, "-f -l 80", width=80) == "." * 79


def test_the_pipe_is_as_long_as_the_most_requests_under_way() -> None:
    shown = printer("-q")
    events: list[PingEvent] = [Sent(V4, sequence, 0.0) for sequence in (1, 2, 3)]
    for event in [*events, reply(sequence=1), reply(sequence=3)]:
        shown.event(event)

    assert shown.progress(V4).pipe == 3


def test_a_target_asked_twice_has_two_courses() -> None:
    again = Target("192.0.2.7", ADDRESS, IPv4Address("192.0.2.1"))

    assert again == V4
    assert text_of([Sent(V4, 1, 0.0), Sent(again, 1, 0.0), reply(V4), Sent(again, 2, 1.0)], "-O") \
        .endswith(unanswered(1))  # fmt: skip


A, B = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7")
OPTIONS = [
    ((NoOperation(), RecordRoute((A, B), 7)), "\nNOP\nRR: \t192.0.2.1\n\t192.0.2.7\n"),
    ((RecordRoute((), 9),), ""),
    ((RecordRoute((IPv4Address(0),), 8),), "\nRR: \t0.0.0.0\n"),
    ((Timestamp(Stamping.TIMES, (Stamp(None, 7459443), Stamp(None, 7459445)), 7),),
     "\nTS: \t7459443 absolute\n\t2\n"),
    ((Timestamp(Stamping.TIMES, (Stamp(None, 9), Stamp(None, 7)), 0, 3),),
     "\nTS: \t9 absolute\n\t-2\nUnrecorded hops: 3\n"),
    ((Timestamp(Stamping.TIMES, (Stamp(None, 1 << 31 | 5), Stamp(None, 1 << 31 | 6)), 0),),
     "\nTS: \t5 absolute not-standard\n\t1 not-standard\n"),
    ((Timestamp(Stamping.ADDRESSES_AND_TIMES, (Stamp(A, 100), Stamp(B, 103)), 2),),
     "\nTS: \t192.0.2.1\t100 absolute\n\t192.0.2.7\t3\n"),
    ((Timestamp(Stamping.ASKED_ROUTERS, (Stamp(A, 100), Stamp(B, None))),),
     "\nTS: \t192.0.2.1\t100 absolute\n"),
    ((Timestamp(Stamping.TIMES, (), 9),), ""),
    ((SourceRoute((A, B)),), "\nLSRR: \t192.0.2.1\n\t192.0.2.7\n"),
    ((SourceRoute((A,), strict=True),), "\nSSRR: \t192.0.2.1\n"),
    ((RouterAlert(),), "\nunknown option 94"),
    ((Other(0x82, bytes(9)),), "\nunknown option 82"),
]  # fmt: skip


@pytest.mark.parametrize(("options", "shown"), OPTIONS)
def test_what_routers_left_in_a_reply_follows_it(options: tuple[NoOperation], shown: str) -> None:
    line = printer().event(reply(options=encode(*options)))

    assert line == f"64 bytes from 192.0.2.7: icmp_seq=1 ttl=64 time=0.058 ms{shown}\n"


def test_a_route_seen_before_is_not_repeated() -> None:
    octets = encode(NoOperation(), RecordRoute((A, B), 7))
    shown = printer("-R")

    shown.event(reply(options=octets))

    assert shown.event(reply(sequence=2, options=octets)) == (
        "64 bytes from 192.0.2.7: icmp_seq=2 ttl=64 time=0.058 ms\nNOP\t(same route)\n"
    )


def test_options_that_cannot_be_read_end_the_line() -> None:
    wild = b"\x07\xff\x04" + bytes(5)

    assert printer().event(reply(options=wild)).endswith("time=0.058 ms\n")


def test_names_are_asked_for_only_where_they_are_shown() -> None:
    asked: list[object] = []
    names: Callable[[object], None] = asked.append
    for line, target in (("", V4), ("", V6), ("-n", NAMED), ("-f", NAMED), ("-q", NAMED)):
        PingText(parse([*line.split(), "h"]), names, float).event(reply(target))

    assert asked == []
