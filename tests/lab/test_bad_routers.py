"""Routers that misbehave, in virtual time: what comes back, from whom, and what is wrong."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import UsageError
from rawkit.lab.hop import Hop
from rawkit.lab.hostile import HOSTILE
from rawkit.lab.mistakes import Mistake
from rawkit.lab.nat import NAT
from rawkit.lab.saying import Why
from rawkit.record import replace
from rawkit.wire import icmp, icmpv6, multipart
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.packet import Packet
from rawkit.wire.quote import quoted
from rawkit.wire.received import Checksum
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP
from tests.lab.world import (
    NOW,
    STRANGER,
    TARGET,
    US,
    ask,
    both,
    counts,
    drain,
    echo,
    hop_address,
    ip,
    only,
    outer,
    path,
    request,
    sums_up,
)

OTHERS4 = (IPv4Address("10.0.0.1"), IPv4Address("10.0.0.2"))
OTHERS6 = (IPv6Address("2001:db8:9::1"),)


def probe(version: int, ttl: int = 64) -> Packet:
    return ip(version, ttl=ttl) / UDP(40000, 33434) / b"0123456789"


def about(error: Packet) -> Packet:
    packet = quoted(error)
    assert packet is not None
    return packet


def code_of(error: Packet) -> tuple[int, int]:
    octets = bytes(error)[20 if isinstance(outer(error), IPv4) else 40 :]
    return octets[0], octets[1]


# What they forward


@both
def test_a_hop_that_drops_speaks_for_itself_only(version: int) -> None:
    world = path(Hop(), Hop(drops=True), Hop())

    assert outer(only(ask(world, probe(version, 2)))).src == hop_address(2, version)
    assert ask(world, probe(version, 3)) == []
    assert ask(world, request(version)) == []
    assert counts(world).dropped == 2


@both
@pytest.mark.parametrize(
    ("why", "code4", "code6"),
    [
        (Why.NETWORK, 0, 0),
        (Why.HOST, 1, 3),
        (Why.PROTOCOL, 2, 7),
        (Why.PORT, 3, 4),
        (Why.PROHIBITED, 13, 1),
        (Why.UNKNOWN, 99, 98),
        (77, 77, 77),
    ],
)
def test_a_hop_that_refuses_says_why_whatever_the_ttl(
    version: int, why: Why | int, code4: int, code6: int
) -> None:
    world = path(Hop(), Hop(refuses=why), Hop())

    for ttl in (2, 3, 64):
        error = only(ask(world, probe(version, ttl)))
        assert code_of(error) == ((3, code4) if version == 4 else (1, code6))
        assert outer(error).src == hop_address(2, version)
        assert outer(about(error)).ttl == ttl - 1
    assert len(ask(world, request(version, dst=hop_address(2, version)))) == 1, "it is there"
    assert outer(only(ask(world, probe(version, 1)))).src == hop_address(1, version)


@both
def test_what_a_hop_sends_on_dying_is_reported_by_the_next(version: int) -> None:
    world = path(Hop(), Hop(forwards_dying=True), Hop())

    errors = [only(ask(world, probe(version, ttl))) for ttl in (1, 2, 3)]

    assert [outer(error).src for error in errors] == [hop_address(n, version) for n in (1, 3, 3)]
    assert [outer(about(error)).ttl for error in errors] == [1, 0, 1]


def test_a_lossy_link_loses_its_share_each_way_and_the_same_again() -> None:
    def alive() -> list[bool]:
        world = path(Hop(), Hop(loss=0.2))
        found = [bool(ask(world, probe(4))) for _ in range(500)]
        assert counts(world).lost == 500 - sum(found)
        assert all(ask(world, probe(4, 1)) for _ in range(50)), "the first link is fine"
        return found

    first = alive()

    assert 260 < sum(first) < 380, "0.8 of 0.8 of 500 are 320"
    assert alive() == first


# How they speak


@both
def test_a_hop_may_say_all_several_times(version: int) -> None:
    answers = ask(path(Hop(copies=3)), probe(version, 1))

    assert [after for after, _ in answers] == [0.0, 0.0005, 0.001]
    assert len({bytes(error) for _, error in answers}) == 1


@both
def test_pauses_in_turn_make_answers_change_places(version: int) -> None:
    world = path(Hop(pause=(0.02, 0.0)))

    pauses = [[after for after, _ in ask(world, probe(version, 1))] for _ in range(4)]

    assert pauses == [[0.02], [0.0], [0.02], [0.0]]


def test_a_hop_may_speak_from_other_addresses_in_turn() -> None:
    world = path(Hop(), Hop(speaks_as=(*OTHERS4, *OTHERS6)))

    four = [outer(only(ask(world, probe(4, 2)))) for _ in range(3)]
    six = [outer(only(ask(world, probe(6, 2)))) for _ in range(2)]

    assert [header.src for header in four] == [OTHERS4[0], OTHERS4[1], OTHERS4[0]] or [
        header.src for header in four
    ] == [OTHERS4[1], OTHERS4[0], OTHERS4[1]]
    assert [header.src for header in six] == [OTHERS6[0]] * 2
    assert {header.ttl for header in (*four, *six)} == {63}, "it is where it was"


@both
def test_answers_may_take_the_longer_way_back(version: int) -> None:
    world = path(Hop(), Hop(detour=5))

    assert outer(only(ask(world, probe(version, 2)))).ttl == 64 - 1 - 5
    assert outer(only(ask(world, request(version)))).ttl == 62


# What they quote


@both
def test_a_quote_of_8_octets_behind_the_ip_header(version: int) -> None:
    error = only(ask(path(Hop(quoted_data=8)), probe(version, 1)))

    header = 20 if version == 4 else 40
    assert len(bytes(error)) == header + 8 + header + 8
    assert about(error)[UDP].dst_port == 33434
    assert sums_up(error)


@both
def test_options_are_no_part_of_these_8_octets(version: int) -> None:
    world = path(Hop(quoted_data=8))
    header = ip(version, ttl=1)
    if isinstance(header, IPv4):
        header = replace(header, options=b"\x01\x01\x01\x01")

    error = only(ask(world, header / UDP(40000, 33434) / bytes(20)))

    assert about(error)[UDP].src_port == 40000


@both
@pytest.mark.parametrize("mistake", Mistake)
def test_each_mistake_is_the_only_one(version: int, mistake: Mistake) -> None:
    sent = probe(version, 1)
    right = only(ask(path(), sent))

    wrong = only(ask(path(Hop(mistakes=(mistake,))), sent))

    assert bytes(wrong) != bytes(right)
    assert outer(wrong).src == outer(right).src
    assert sums_up(wrong) is (mistake not in (Mistake.BAD_CHECKSUM, Mistake.CUT_OFF))


@both
def test_a_quote_may_be_of_a_packet_to_somebody_else(version: int) -> None:
    error = only(ask(path(Hop(mistakes=(Mistake.OTHERS_TARGET,))), probe(version, 1)))

    assert outer(about(error)).dst == STRANGER[version]
    assert about(error)[UDP].src_port == 40000


@both
def test_a_quote_may_be_of_a_packet_of_another_process(version: int) -> None:
    world = path(Hop(mistakes=(Mistake.OTHERS_PORT,)))
    segment = ip(version, ttl=1) / TCP(0xFFFF, 80)

    assert about(only(ask(world, probe(version, 1))))[UDP].src_port == 40001
    assert about(only(ask(world, segment)))[TCP].src_port == 0
    said = about(only(ask(world, request(version, ttl=1)))).headers[-1]
    assert isinstance(said, icmp.EchoRequest | icmpv6.EchoRequest)
    assert said.identifier == 778


@both
def test_a_quote_may_be_missing_or_too_short(version: int) -> None:
    header = 20 if version == 4 else 40
    for mistake, size in ((Mistake.NO_QUOTE, 0), (Mistake.HEADER_ONLY, header)):
        error = only(ask(path(Hop(mistakes=(mistake,))), probe(version, 1)))
        assert len(bytes(error)) == header + 8 + size


@both
def test_a_quoted_length_may_have_its_octets_swapped(version: int) -> None:
    error = only(ask(path(Hop(mistakes=(Mistake.SWAPPED_LENGTH,))), probe(version, 1)))

    octets = bytes(error)[(20 if version == 4 else 40) + 8 :]
    length = octets[2:4] if version == 4 else octets[4:6]
    assert length == (b"\x26\x00" if version == 4 else b"\x12\x00")


@both
def test_quoted_checksums_may_be_zeros(version: int) -> None:
    error = only(ask(path(Hop(mistakes=(Mistake.ZEROED_CHECKSUMS,))), probe(version, 1)))

    assert about(error)[UDP].checksum == 0
    if version == 4:
        assert about(error)[IPv4].checksum == 0


@both
def test_extensions_may_begin_behind_the_end(version: int) -> None:
    error = only(ask(path(Hop(mistakes=(Mistake.LENGTH_BEYOND,))), probe(version, 1)))

    octets = bytes(error)[20 if version == 4 else 40 :]
    assert octets[5 if version == 4 else 4] == 255
    assert about(error)[UDP].dst_port == 33434, "no extensions: all is quote"


@both
def test_an_error_may_end_after_its_checksum(version: int) -> None:
    error = only(ask(path(Hop(mistakes=(Mistake.CUT_OFF,))), probe(version, 1)))

    assert len(bytes(error)) == (20 if version == 4 else 40) + 4
    assert quoted(error) is None


def test_no_error_is_about_a_fragment_in_the_middle() -> None:
    first = replace(ip(4, ttl=1), more_fragments=True, dont_fragment=False, protocol=17)
    second = replace(first, fragment_offset=2)
    data = bytes(UDP(40000, 33434) / bytes(8))

    assert len(ask(path(), first / data)) == 1
    assert ask(path(), second / data) == []


# Translators


def behind(nat: NAT, packet: Packet, *, ttl: int) -> Packet:
    """Return what the router behind a translator quotes of a packet."""
    world = path(Hop(), Hop(nat=nat), Hop(), Hop())
    return about(only(ask(world, ttl_of(packet, ttl))))


@both
def test_in_front_of_a_translator_packets_are_as_they_were_sent(version: int) -> None:
    for ttl in (1, 2):
        seen = behind(NAT(restores=()), probe(version), ttl=ttl)
        assert (outer(seen).src, seen[UDP].src_port) == (US[version], 40000)


@both
def test_a_careless_translator_restores_nothing(version: int) -> None:
    seen = behind(NAT(restores=()), probe(version), ttl=3)

    assert (outer(seen).src, outer(seen).ttl) == (hop_address(2, version), 1)
    assert (seen[UDP].src_port, seen[UDP].dst_port) == (61000, 33434)
    assert is_summed(seen)


@both
def test_a_usual_translator_forgets_the_checksum(version: int) -> None:
    sent = dissect_ip(bytes(probe(version)))

    seen = behind(NAT(), probe(version), ttl=3)

    assert (outer(seen).src, seen[UDP].src_port) == (US[version], 40000)
    assert seen[UDP].checksum != sent[UDP].checksum
    assert not is_summed(seen)
    assert seen.payload == sent.payload


@both
def test_a_perfect_translator_is_invisible(version: int) -> None:
    for packet in (probe(version), request(version), ip(version) / TCP(40000, 80)):
        plain = about(only(ask(path(Hop(), Hop(), Hop()), ttl_of(packet, 3))))
        seen = behind(NAT(restores=("address", "port", "checksum")), packet, ttl=3)
        assert bytes(seen) == bytes(plain)


@both
def test_a_translator_changes_the_identifier_of_pings(version: int) -> None:
    seen = behind(NAT(port=5, restores=()), request(version), ttl=4).headers[-1]

    assert isinstance(seen, icmp.EchoRequest | icmpv6.EchoRequest)
    assert (seen.identifier, seen.sequence) == (5, 5)


@both
def test_what_targets_say_comes_through_a_translator_as_well(version: int) -> None:
    world = path(Hop(nat=NAT()), Hop())

    closed = only(ask(world, probe(version)))
    reply = only(ask(world, request(version)))

    assert about(closed)[UDP].src_port == 40000
    assert not is_summed(about(closed))
    assert sums_up(closed)
    assert outer(reply).src == TARGET[version]


def ttl_of(packet: Packet, ttl: int) -> Packet:
    name = "ttl" if isinstance(outer(packet), IPv4) else "hop_limit"
    return packet.replace(type(outer(packet)), **{name: ttl})


def is_summed(packet: Packet) -> bool:
    """Whether the UDP checksum is that of the packet."""
    again = dissect_ip(bytes(packet.replace(UDP, checksum=None)))
    return again[UDP].checksum == packet[UDP].checksum


# Extensions


@both
@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_extensions_go_out_as_they_are_and_are_survived(version: int, name: str) -> None:
    error = only(ask(path(Hop(extensions=HOSTILE[name])), probe(version, 1)))
    said = error[icmp.TimeExceeded] if version == 4 else error[icmpv6.TimeExceeded]

    objects = multipart.read(said.extensions)

    assert bytes(error).endswith(HOSTILE[name])
    assert sums_up(error)
    assert about(error)[UDP].dst_port == 33434
    for one in objects:
        assert isinstance(one.decoded, tuple | multipart.InterfaceInfo | None)


def test_of_the_hostile_ones_few_have_a_wrong_checksum() -> None:
    verdicts = {name: multipart.verdict(octets) for name, octets in HOSTILE.items()}

    assert [name for name, said in verdicts.items() if said is not Checksum.VALID] == [
        "bad-checksum",
        "no-checksum",
        "half-a-header",
    ]


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": 1.5},
        {"loss": float("nan")},
        {"pause": -1.0},
        {"pause": (0.0, float("inf"))},
        {"pause": ()},
        {"copies": 0},
        {"detour": -1},
        {"burst": 0},
    ],
)
def test_a_hop_that_makes_no_sense_is_refused(settings: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(settings))):
        Hop(**settings)  # type: ignore[arg-type]  # on purpose


def test_two_worlds_know_nothing_of_each_other() -> None:
    first, second = path(Hop(speaks_as=OTHERS4)), path(Hop(speaks_as=OTHERS4))

    sources = [outer(only(ask(world, probe(4, 1), NOW))).src for world in (first, second, first)]

    assert sources[0] == sources[1] != sources[2]
    assert drain(first) == []
    assert echo(4).identifier == 777
