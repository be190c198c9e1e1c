"""A path in virtual time: what comes back, from whom, and when."""

from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest

from rawkit.lab.answers import Answer, Target
from rawkit.lab.hop import Hop
from rawkit.lab.responder import GATEWAY_MAC, Become, PathCounts
from rawkit.wire import icmp, icmpv6, multipart
from rawkit.wire.address import MAC, Address
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect_ip
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import DestinationOptions
from rawkit.wire.fragment import fragment
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.multipart import InterfaceInfo, Label, Role
from rawkit.wire.ndp import (
    NeighborAdvertisement,
    NeighborFlag,
    NeighborSolicitation,
    multicast_mac,
    solicited_node,
)
from rawkit.wire.ndp_options import SourceLinkLayer, TargetLinkLayer
from rawkit.wire.numbers import EtherType, IPProtocol
from rawkit.wire.packet import Packet
from rawkit.wire.quote import quoted
from rawkit.wire.reassembly import Reassembler
from rawkit.wire.udp import UDP
from tests.lab.world import (
    BETTER,
    NOW,
    OTHER,
    OUR_MAC,
    PAYLOAD,
    STRANGER,
    TARGET,
    TARGET4,
    US,
    US4,
    US6,
    ask,
    both,
    counts,
    drain,
    echo,
    hop_address,
    ip,
    is_right_reply,
    only,
    outer,
    path,
    request,
    sums_up,
)

# The routers


@both
def test_a_target_answers_after_all_links_both_ways(version: int) -> None:
    world = path(Hop(delay=0.001), Hop(delay=0.010), Hop(delay=0.100))

    ((took, reply),) = ask(world, request(version))

    assert took == 0.222
    assert is_right_reply(reply, version)
    assert outer(reply).ttl == 64 - 3, "three routers have forwarded it"


@both
@pytest.mark.parametrize("ttl", [1, 2, 3])
def test_a_ttl_that_runs_out_is_reported_by_the_router_where_it_does(
    version: int, ttl: int
) -> None:
    world = path(Hop(delay=0.001), Hop(delay=0.010, ttl=255), Hop(delay=0.100))

    ((took, error),) = ask(world, request(version, ttl=ttl))
    about = quoted(error)

    assert took == [0.002, 0.022, 0.222][ttl - 1]
    assert outer(error).src == hop_address(ttl, version)
    assert outer(error).ttl == [64, 254, 62][ttl - 1]
    assert (icmp.TimeExceeded if version == 4 else icmpv6.TimeExceeded) in error
    assert sums_up(error)
    assert about is not None
    assert outer(about).ttl == 1, "as the router got it"
    assert about.inside(type(outer(about))) == request(version).inside(type(ip(version)))


@both
def test_a_router_may_be_slow_to_speak_and_quick_to_forward(version: int) -> None:
    world = path(Hop(pause=2.05), Hop())

    assert [took for took, _ in ask(world, request(version, ttl=1))] == [2.05]
    assert [took for took, _ in ask(world, request(version, ttl=2))] == [0.0]
    assert [took for took, _ in ask(world, request(version))] == [0.0]


@both
def test_a_silent_router_forwards_but_says_nothing(version: int) -> None:
    world = path(Hop(), Hop(silent=True), Hop())

    assert ask(world, request(version, ttl=2)) == []
    assert ask(world, request(version, dst=hop_address(2, version))) == []
    assert len(ask(world, request(version, ttl=3))) == 1
    assert counts(world).withheld == 2


@both
def test_a_stingy_router_speaks_so_often_and_no_more(version: int) -> None:
    world = path(Hop(answers_per_second=10.0, burst=3))

    heard = [bool(ask(world, request(version, ttl=1), NOW + n * 0.01)) for n in range(101)]

    assert heard[:4] == [True, True, True, False]
    assert sum(heard) == 13, "three saved up, and ten earned in a second"
    assert len(ask(world, request(version), NOW)) == 1, "forwarding is free"


@both
def test_what_does_not_fit_the_link_behind_a_router_is_refused_with_its_mtu(version: int) -> None:
    world = path(Hop(), Hop(mtu=1300))
    fits = ip(version) / echo(version) / bytes(1300 - len(bytes(ip(version) / echo(version))))
    too_big = fits / b"!"

    error = only(ask(world, too_big))

    assert len(bytes(fits)) == 1300
    assert len(ask(world, fits)) == 1
    assert outer(error).src == hop_address(2, version)
    if version == 4:
        assert (error[icmp.Unreachable].code, error[icmp.Unreachable].mtu) == (4, 1300)
        assert len(bytes(error)) == 576
    else:
        assert error[icmpv6.PacketTooBig].mtu == 1300
        assert len(bytes(error)) == 1280
    assert sums_up(error)


def test_ipv4_that_may_be_fragmented_passes_the_small_link() -> None:
    world = path(Hop(mtu=1300))
    packet = IPv4(US4, TARGET4, dont_fragment=False) / echo(4) / bytes(1400)

    assert len(ask(world, packet)) == 2, "and its reply comes in fragments"


@both
def test_a_black_hole_swallows_what_is_too_big_without_a_word(version: int) -> None:
    world = path(Hop(mtu=1300, filtered=True))

    assert ask(world, ip(version) / echo(version) / bytes(1400)) == []
    assert len(ask(world, ip(version) / echo(version) / bytes(100))) == 1
    assert counts(world).swallowed == 1


@both
def test_errors_tell_of_mpls_labels_and_interfaces(version: int) -> None:
    labels = (Label(16004, 1, False, 254), Label(24001, 0, True, 1))
    info = InterfaceInfo(Role.INCOMING, index=3, address=US[version], name="eth3", mtu=1500)
    world = path(Hop(extensions=(multipart.mpls(*labels), multipart.interface(info))))

    error = only(ask(world, request(version, ttl=1)))
    said = error[icmp.TimeExceeded] if version == 4 else error[icmpv6.TimeExceeded]

    assert [one.decoded for one in multipart.read(said.extensions)] == [labels, info]
    assert said.length == (32 if version == 4 else 16), "128 octets, in its own unit"
    assert sums_up(error)


@both
def test_an_older_router_appends_extensions_without_saying_so(version: int) -> None:
    world = path(Hop(extensions=(multipart.mpls(Label(99)),), announced=False))

    error = only(ask(world, request(version, ttl=1)))
    octets = bytes(error)[20 if version == 4 else 40 :]

    assert octets[5 if version == 4 else 4] == 0, "the length field"
    assert octets[8 + 128 :] == multipart.build([multipart.mpls(Label(99))])


def test_malformed_extensions_go_out_as_they_are() -> None:
    world = path(Hop(extensions=b"\x20\x00\x12\x34\xff\xff\x01\x01"))

    error = only(ask(world, request(4, ttl=1)))

    assert bytes(error).endswith(b"\x20\x00\x12\x34\xff\xff\x01\x01")


def test_a_router_of_old_quotes_the_header_and_8_octets() -> None:
    error = only(ask(path(Hop(quoted=28)), request(4, ttl=1)))

    assert len(bytes(error)) == 20 + 8 + 28


@both
def test_routers_answer_pings_to_themselves(version: int) -> None:
    world = path(Hop(), Hop(ttl=255))

    reply = only(ask(world, request(version, dst=hop_address(2, version))))

    assert is_right_reply(reply, version, hop_address(2, version))
    assert outer(reply).ttl == 254


@both
def test_nobody_complains_about_a_complaint(version: int) -> None:
    world = path()
    about = bytes(request(version))
    error = icmp.Unreachable(3) if version == 4 else icmpv6.Unreachable(4)

    assert ask(world, ip(version, ttl=1) / error / about) == []


@both
def test_an_address_that_is_not_on_the_path_has_no_route(version: int) -> None:
    error = only(ask(path(Hop(), Hop()), request(version, dst=STRANGER[version])))
    said = error[icmp.Unreachable] if version == 4 else error[icmpv6.Unreachable]

    assert said.code == 0
    assert outer(error).src == hop_address(1, version)


@both
def test_udp_reaches_a_closed_port(version: int) -> None:
    datagram = ip(version) / UDP(40000, 33434) / b"probe"

    error = only(ask(path(Hop(), Hop()), datagram))
    said = error[icmp.Unreachable] if version == 4 else error[icmpv6.Unreachable]
    about = quoted(error)

    assert said.code == (3 if version == 4 else 4)
    assert (outer(error).src, outer(error).ttl) == (TARGET[version], 62)
    assert about is not None
    assert about[UDP].dst_port == 33434
    assert ask(path(answer=Answer.SILENT), datagram) == []


# The targets


@both
def test_a_triple_reply_comes_three_times(version: int) -> None:
    answers = ask(path(answer=Answer.TRIPLE), request(version))

    assert [took for took, _ in answers] == [0.0, 0.005, 0.01]
    assert all(is_right_reply(reply, version) for _, reply in answers)


@both
def test_a_bad_checksum_is_all_that_is_bad(version: int) -> None:
    reply = only(ask(path(answer=Answer.BAD_CHECKSUM), request(version)))
    kind = icmp.EchoReply if version == 4 else icmpv6.EchoReply

    assert not sums_up(reply)
    assert is_right_reply(reply.replace(kind, checksum=None), version)


@both
def test_flipped_payload_differs_in_two_octets_and_sums_up(version: int) -> None:
    reply = only(ask(path(answer=Answer.FLIPPED_PAYLOAD), request(version)))

    assert sum(a != b for a, b in zip(reply.payload, PAYLOAD, strict=True)) == 2
    assert sums_up(reply)


@both
def test_zeroed_payload_is_as_long_and_sums_up(version: int) -> None:
    reply = only(ask(path(answer=Answer.ZEROED_PAYLOAD), request(version)))

    assert reply.payload == bytes(len(PAYLOAD))
    assert sums_up(reply)


@both
def test_replayed_payload_is_that_of_the_first_request(version: int) -> None:
    world = path(answer=Answer.REPLAYED_PAYLOAD)
    assert is_right_reply(only(ask(world, request(version))), version)

    reply = only(ask(world, ip(version) / echo(version, 6) / b"something else"))

    assert reply.payload == PAYLOAD
    assert sums_up(reply)


@both
def test_a_truncated_reply_has_half_the_payload_and_sums_up(version: int) -> None:
    reply = only(ask(path(answer=Answer.TRUNCATED), request(version)))

    assert reply.payload == PAYLOAD[:28]
    assert sums_up(reply)


@both
def test_a_cut_off_message_ends_after_its_checksum(version: int) -> None:
    reply = only(ask(path(answer=Answer.CUT_OFF), request(version)))

    assert reply.payload[:2] == (b"\x00\x00" if version == 4 else b"\x81\x00")
    assert len(reply.payload) == 4
    assert reply.error is not None, "no header can be read from that"
    covered = b"" if version == 4 else outer(reply).pseudo_header(4, IPProtocol.ICMPV6)
    assert internet_checksum(covered + reply.payload) == 0


@both
def test_another_source_is_all_that_is_wrong(version: int) -> None:
    reply = only(ask(path(answer=Answer.OTHER_SOURCE), request(version)))

    assert is_right_reply(reply, version, STRANGER[version])


@both
def test_options_push_the_reply_from_its_usual_place(version: int) -> None:
    reply = only(ask(path(answer=Answer.OPTIONS), request(version)))

    assert is_right_reply(reply, version)
    if version == 4:
        assert reply[IPv4].options == b"\x01\x01\x01\x01"
        assert bytes(reply)[0] == 0x46
    else:
        assert DestinationOptions in reply


@both
@pytest.mark.parametrize(
    ("answer", "numbers"),
    [(Answer.NEXT_SEQUENCE, (777, 6)), (Answer.WRONG_IDENTIFIER, (778, 5))],
)
def test_one_number_is_off_by_one(version: int, answer: Answer, numbers: tuple[int, int]) -> None:
    reply = only(ask(path(answer=answer), request(version)))
    said = reply.headers[-1]

    assert isinstance(said, icmp.EchoReply | icmpv6.EchoReply)
    assert (said.identifier, said.sequence) == numbers
    assert reply.payload == PAYLOAD
    assert sums_up(reply)


def test_the_next_sequence_number_wraps() -> None:
    reply = only(ask(path(answer=Answer.NEXT_SEQUENCE), request(4, sequence=0xFFFF)))

    assert reply[icmp.EchoReply].sequence == 0


@both
@pytest.mark.parametrize(
    ("answer", "code4", "code6"),
    [
        (Answer.HOST_UNREACHABLE, (3, 1), (1, 3)),
        (Answer.PROHIBITED, (3, 13), (1, 1)),
        (Answer.TOO_BIG, (3, 4), (2, 0)),
        (Answer.EXPIRED, (11, 0), (3, 0)),
    ],
)
def test_the_last_router_refuses(
    version: int, answer: Answer, code4: tuple[int, int], code6: tuple[int, int]
) -> None:
    error = only(ask(path(Hop(), Hop(), answer=answer), request(version)))
    octets = bytes(error)[20 if version == 4 else 40 :]
    about = quoted(error)

    assert tuple(octets[:2]) == (code4 if version == 4 else code6)
    assert outer(error).src == hop_address(2, version)
    assert sums_up(error)
    assert about is not None
    assert outer(about).dst == TARGET[version]
    assert outer(about).ttl == (1 if answer is Answer.EXPIRED else 63)
    if answer is Answer.TOO_BIG:
        assert int.from_bytes(octets[6:8]) == 1400


@both
def test_an_error_about_somebody_else_has_the_same_numbers(version: int) -> None:
    first, *rest = ask(path(answer=Answer.OTHERS_ERROR_THEN_REPLY), request(version))
    about = quoted(first[1])

    assert about is not None
    assert outer(about).dst == STRANGER[version]
    same = about.headers[-1]
    assert isinstance(same, icmp.EchoRequest | icmpv6.EchoRequest)
    assert (same.identifier, same.sequence) == (777, 5)
    assert [is_right_reply(reply, version) for _, reply in rest] == [True]
    assert len(ask(path(answer=Answer.OTHERS_ERROR), request(version))) == 1


@both
def test_an_error_may_be_followed_by_the_right_reply(version: int) -> None:
    (_, error), (_, reply) = ask(path(answer=Answer.ERROR_THEN_REPLY), request(version))
    about = quoted(error)

    assert about is not None
    assert outer(about).dst == TARGET[version]
    assert is_right_reply(reply, version)


@both
def test_a_redirect_comes_from_the_gateway_and_the_reply_after_it(version: int) -> None:
    world = path(Hop(), Hop(), answer=Answer.REDIRECT_THEN_REPLY)

    (before, advice), (after, reply) = ask(world, request(version))
    about = quoted(advice)

    assert before < after
    assert outer(advice).src == hop_address(1, version)
    if version == 4:
        assert (advice[icmp.Redirect].code, advice[icmp.Redirect].gateway) == (1, BETTER[4])
    else:
        assert advice[icmpv6.Redirect].target == BETTER[6]
        assert advice[icmpv6.Redirect].destination == TARGET[6]
        assert outer(advice).ttl == 255, "else no host would believe it (RFC 4861 §8.1)"
    assert about is not None
    assert outer(about).dst == TARGET[version]
    assert sums_up(advice)
    assert is_right_reply(reply, version)


@both
def test_a_quench_comes_from_the_gateway_and_the_reply_after_it(version: int) -> None:
    (before, advice), (after, reply) = ask(path(answer=Answer.QUENCH_THEN_REPLY), request(version))

    assert before < after
    assert bytes(advice)[20 if version == 4 else 40] == (4 if version == 4 else 100)
    assert sums_up(advice)
    assert is_right_reply(reply, version)


@both
def test_one_host_is_late_while_another_is_dead(version: int) -> None:
    world = path(
        targets={
            TARGET[version]: Target(pause=2.5),
            OTHER[version]: Target((Answer.SILENT,)),
        }
    )

    ((took, reply),) = ask(world, request(version))

    assert took == 2.5
    assert is_right_reply(reply, version)
    assert ask(world, request(version, dst=OTHER[version])) == []


@both
def test_answers_are_given_in_turn_for_each_address(version: int) -> None:
    target = Target((Answer.LATE, Answer.SILENT, Answer.REPLY), late=7.0)
    world = path(targets={TARGET[version]: target, OTHER[version]: target})

    def times(dst: Address) -> list[float]:
        return [took for took, _ in ask(world, request(version, dst=dst))]

    assert times(TARGET[version]) == [7.0]
    assert times(OTHER[version]) == [7.0]
    assert times(TARGET[version]) == []
    assert times(TARGET[version]) == [0.0]
    assert times(TARGET[version]) == [7.0]


def test_a_whole_network_answers_alike_but_for_those_named() -> None:
    world = path(
        targets={
            ip_network("203.0.113.0/24"): Target(),
            ip_address("203.0.113.77"): Target((Answer.SILENT,)),
        }
    )

    alive = [bool(ask(world, request(4, dst=IPv4Address(f"203.0.113.{n}")))) for n in range(256)]

    assert [n for n, answered in enumerate(alive) if not answered] == [77]


def test_a_target_can_die_and_come_back() -> None:
    world = path()
    world.ask(Become(TARGET[4], Target((Answer.SILENT,))))
    assert ask(world, request(4)) == []
    world.ask(Become(TARGET[4], Target()))
    assert len(ask(world, request(4))) == 1


@pytest.mark.parametrize("which", Answer)
@both
def test_every_answer_survives_an_empty_payload_and_the_largest(
    which: Answer, version: int
) -> None:
    for size in (0, 1, 1400):
        world = path(answer=which)
        answers = ask(world, ip(version) / echo(version) / bytes(size))
        assert bool(answers) == (which is not Answer.SILENT)
        for _, packet in answers:
            assert outer(packet).dst == US[version]
            assert len(bytes(packet)) <= 1500
            assert sums_up(packet) == (which is not Answer.BAD_CHECKSUM)


def test_counts_add_up() -> None:
    world = path(Hop(silent=True), Hop(mtu=200, filtered=True), answer=Answer.TRIPLE)
    ask(world, request(4))
    ask(world, request(4, ttl=1))
    ask(world, ip(4) / echo(4) / bytes(400))
    world.take(NOW, 0, bytes(Ethernet(GATEWAY_MAC, OUR_MAC) / request(4)))

    assert counts(world) == PathCounts(
        received=4, requests=2, answered=6, withheld=1, swallowed=1, held=3
    )


# Fragments


def in_fragments(version: int, payload: bytes) -> list[Packet]:
    """A request that was cut into several."""
    whole = ip(version) / echo(version) / payload
    if version == 4:
        whole = whole.replace(IPv4, dont_fragment=False)
    return [*fragment(whole, 1500, 7)]


@both
def test_a_request_in_fragments_gets_a_reply_in_fragments(version: int) -> None:
    payload = bytes(n % 251 for n in range(5000))
    pieces = in_fragments(version, payload)
    world = path(Hop(), Hop())
    back: list[Packet] = []
    for piece in reversed(pieces):
        back += [packet for _, packet in ask(world, piece)]

    reassembler = Reassembler()
    *waits, reply = [reassembler.add(NOW, packet) for packet in back]

    assert len(pieces) == len(back) == 4
    assert all(len(bytes(packet)) <= 1500 for packet in back)
    assert waits == [None] * 3
    assert reply is not None
    assert reply.payload == payload
    assert outer(reply).ttl == 62
    assert sums_up(reply)


@both
def test_a_lost_fragment_is_a_lost_request(version: int) -> None:
    pieces = in_fragments(version, bytes(5000))
    world = path()

    for lost in range(len(pieces)):
        for number, piece in enumerate(pieces):
            if number != lost:
                assert ask(world, piece) == []
        world = path()


# The neighbours


def test_arp_for_the_gateway_is_answered() -> None:
    question = arp(1, "198.51.100.1")
    world = path()
    world.take(NOW, 0, question)
    (frame,) = (frame for _, frame in world.due(NOW))

    assert frame[:14] == OUR_MAC + GATEWAY_MAC + b"\x08\x06"
    assert frame[14:] == (
        bytes.fromhex("0001 0800 0604 0002")
        + GATEWAY_MAC
        + IPv4Address("198.51.100.1").packed
        + OUR_MAC
        + US4.packed
    )


def test_a_neighbour_solicitation_for_the_gateway_is_answered() -> None:
    world = path()
    world.take(NOW, 0, solicitation("2001:db8:0:2::1"))
    (frame,) = (frame for _, frame in world.due(NOW))
    packet = dissect_ip(frame[14:])

    assert (packet[IPv6].dst, packet[IPv6].hop_limit) == (US[6], 255)
    said = packet[NeighborAdvertisement]
    assert said.target == IPv6Address("2001:db8:0:2::1")
    assert said.flags == NeighborFlag.ROUTER | NeighborFlag.SOLICITED | NeighborFlag.OVERRIDE
    assert said.options == (TargetLinkLayer(MAC(GATEWAY_MAC)),)
    assert sums_up(packet)


@pytest.mark.parametrize(
    "frame",
    [
        pytest.param(lambda: arp(1, "203.0.113.1"), id="ARP for a target"),
        pytest.param(lambda: arp(2, "198.51.100.1"), id="an ARP reply"),
        pytest.param(lambda: arp(1, "198.51.100.1")[:30], id="half an ARP"),
        pytest.param(lambda: solicitation("2001:db8:0:3::1"), id="solicitation for a target"),
        pytest.param(lambda: solicitation("2001:db8:0:2::1")[:60], id="half a solicitation"),
        pytest.param(lambda: solicitation("2001:db8:0:2::1", 64), id="a solicitation from afar"),
        pytest.param(
            lambda: bytes(Ethernet(b"\xff" * 6, OUR_MAC) / request(4)), id="a broadcast frame"
        ),
        pytest.param(lambda: GATEWAY_MAC + OUR_MAC + b"\x08\x00", id="an empty frame"),
        pytest.param(lambda: GATEWAY_MAC + OUR_MAC + b"\x08\x00\x45\x00", id="half an IPv4 header"),
        pytest.param(lambda: GATEWAY_MAC + OUR_MAC + b"\x86\xdd\x45", id="IPv4 called IPv6"),
        pytest.param(lambda: b"", id="nothing"),
    ],
)
def test_what_is_nobodys_business_is_ignored(frame: Callable[[], bytes]) -> None:
    world = path()
    world.take(NOW, 0, frame())

    assert drain(world) == []


def arp(operation: int, wanted: str) -> bytes:
    return bytes(
        Ethernet(b"\xff" * 6, OUR_MAC, EtherType.ARP)
        / (
            bytes.fromhex("0001 0800 0604")
            + operation.to_bytes(2, "big")
            + OUR_MAC
            + US4.packed
            + bytes(6)
            + IPv4Address(wanted).packed
        )
    )


def solicitation(wanted: str, hop_limit: int = 255) -> bytes:
    target = IPv6Address(wanted)
    group = solicited_node(target)
    question = NeighborSolicitation(target, (SourceLinkLayer(MAC(OUR_MAC)),))
    ip = IPv6(US6, group, hop_limit=hop_limit)
    return bytes(Ethernet(multicast_mac(group), OUR_MAC) / ip / question)
