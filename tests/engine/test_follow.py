"""TCP conversations followed: order, repetition, gaps, ends; and what it costs."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rawkit.engine.follow import DEFAULT, Follower
from rawkit.engine.follow_events import (
    Began,
    Cause,
    Conversation,
    Data,
    Ended,
    Endpoint,
    How,
    Missing,
    Side,
)
from rawkit.record import replace
from rawkit.wire import icmp
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.fragment import fragment
from rawkit.wire.gre import GRE
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum
from rawkit.wire.stream import SegmentPolicy
from tests.engine.conversation import (
    ACK,
    CLIENT,
    FIN,
    PORT,
    RST,
    SERVER,
    SERVICE,
    SYN,
    Talk,
    patient,
)

US, THEM = Endpoint(CLIENT, PORT), Endpoint(SERVER, SERVICE)


def only(talk: Talk, kind: type) -> list[object]:
    return [event for event in talk.events if type(event) is kind]


def ended(talk: Talk) -> Ended:
    (event,) = (event for event in talk.events if isinstance(event, Ended))
    return event


def test_a_conversation_is_told_from_its_beginning_to_its_end() -> None:
    talk = Talk()
    talk.shake_hands()
    talk.now = 1.5
    talk.client(0, b"hello")
    talk.server(0, b"world", ack=5)
    talk.client(5, flags=FIN | ACK, ack=5)
    talk.now = 2.5
    talk.server(5, flags=FIN | ACK, ack=6)
    talk.client(6, ack=6)

    conversation = Conversation(0, US, THEM, 0.0, True)
    assert talk.events[:3] == [
        Began(conversation),
        Data(conversation, Side.CLIENT, 0, b"hello", 1.5),
        Data(conversation, Side.SERVER, 0, b"world", 1.5),
    ]
    assert (ended(talk).how, ended(talk).by, ended(talk).time) == (How.CLOSED, None, 2.5)
    assert (ended(talk).client.octets, ended(talk).server.octets) == (5, 5)
    assert talk.follower.finish() == ()


def test_segments_out_of_order_are_put_in_order() -> None:
    talk = Talk()
    talk.shake_hands()
    talk.client(6, b"world")
    talk.client(5, b" ")
    talk.client(0, b"hello")

    assert talk.said(Side.CLIENT) == b"hello world"
    assert [len(event.octets) for event in talk.events if isinstance(event, Data)] == [11]
    talk.finish()
    assert (ended(talk).client.ahead, ended(talk).client.segments) == (2, 3)


def test_what_is_sent_again_is_told_once() -> None:
    talk = Talk()
    talk.shake_hands()
    for _ in range(3):
        talk.client(0, b"hello")
    talk.client(3, b"lo, again")
    talk.client(11, b"?")  # a keep-alive: one octet that was there already
    talk.finish()

    assert talk.said(Side.CLIENT) == b"hello, again"
    assert ended(talk).client.repeated == 3


def test_sequence_numbers_may_wrap() -> None:
    talk = Talk(ours=2**32 - 4, theirs=2**32 - 1)
    talk.shake_hands()
    talk.client(0, b"01")
    talk.client(6, b"6789")
    talk.client(2, b"2345")
    talk.server(0, b"ab", ack=10)
    talk.client(10, flags=FIN | ACK, ack=2)
    talk.server(2, flags=FIN | ACK, ack=11)

    assert (talk.said(Side.CLIENT), talk.said(Side.SERVER)) == (b"0123456789", b"ab")
    assert ended(talk).how is How.CLOSED


def test_more_than_four_gigaoctets_are_counted_on() -> None:
    talk, follower = Talk(), None
    talk.shake_hands()
    follower = talk.follower
    block = bytes(60_000)
    # Nobody has the time to send them all: the stream is told that they were given up.
    (followed,) = follower._followed.values()
    followed.client._stream.next = 2**32 + 7
    talk.client(2**32 + 7, block)
    talk.client(7, b"an old one")

    (data,) = only(talk, Data)
    assert isinstance(data, Data)
    assert (data.offset, len(data.octets)) == (2**32 + 7, 60_000)
    assert followed.client.counts.repeated == 1


@pytest.mark.parametrize("policy", SegmentPolicy)
def test_whose_octets_count_where_segments_overlap_is_for_the_policy_to_say(
    policy: SegmentPolicy,
) -> None:
    talk = Talk(replace(DEFAULT, policy=policy))
    talk.shake_hands()
    talk.client(2, b"22")
    talk.client(1, b"1111")
    talk.client(0, b"0")
    talk.finish()

    first = policy is SegmentPolicy.FIRST
    assert talk.said(Side.CLIENT) == (b"01221" if first else b"01111")
    assert ended(talk).client.differing == 2


def test_octets_that_the_other_side_has_and_nobody_saw_are_told_to_be_missing() -> None:
    talk = Talk()
    talk.shake_hands()
    talk.client(0, b"ab")
    talk.client(5, b"fg")
    talk.server(0, b"", ack=7)
    assert talk.said(Side.CLIENT) == b"ab"

    talk.now = 0.2
    talk.server(0, b"yes", ack=7)

    assert talk.said(Side.CLIENT) == b"ab...fg"
    assert talk.said(Side.SERVER) == b"yes"
    (missing,) = only(talk, Missing)
    conversation = Conversation(0, US, THEM, 0.0, True)
    assert missing == Missing(conversation, Side.CLIENT, 2, 3, Cause.NOT_CAPTURED, True, 0.2)


def test_octets_that_come_a_little_late_are_not_missing() -> None:
    talk = Talk(patient(0.1))
    talk.shake_hands()
    talk.server(0, b"", ack=5)  # captured by another queue than the segment it is about
    talk.now = 0.05
    talk.client(0, b"hello")
    talk.now = 10.0
    talk.server(0, b"yes", ack=5)
    talk.finish()

    assert talk.said(Side.CLIENT) == b"hello"
    assert only(talk, Missing) == []


def test_octets_that_nobody_acknowledged_are_missing_when_all_is_over() -> None:
    talk = Talk()
    talk.shake_hands()
    talk.client(3, b"defg")
    talk.now = 60.0
    talk.client(7, b"h")
    assert talk.said(Side.CLIENT) == b""

    talk.finish()

    assert talk.said(Side.CLIENT) == b"...defgh"
    (missing,) = only(talk, Missing)
    assert isinstance(missing, Missing)
    assert not missing.acknowledged
    assert (ended(talk).client.octets, ended(talk).client.missing) == (5, 3)


def test_octets_that_were_acknowledged_and_never_seen_are_missing_at_the_end() -> None:
    talk = Talk()
    talk.shake_hands()
    talk.client(0, b"ab")
    talk.server(0, b"", ack=9)
    talk.finish()

    assert talk.said(Side.CLIENT) == b"ab" + b"." * 7


def test_an_acknowledgment_of_what_was_never_sent_leads_nobody_astray() -> None:
    talk = Talk()
    talk.shake_hands()
    for _ in range(3):
        talk.now += 1.0
        talk.server(0, b"", ack=100_000)
    talk.client(0, b"hello")

    assert talk.said(Side.CLIENT) == b"hello"
    assert only(talk, Missing) == []


def test_of_a_segment_that_was_cut_short_the_rest_is_told_to_be_cut() -> None:
    talk = Talk()
    talk.shake_hands()
    for place in range(0, 40, 10):
        talk.client(place, b"0123456789", kept=4)
        talk.server(0, ack=place + 10)  # at once: nobody need wait for what cannot come
    talk.finish()

    assert talk.said(Side.CLIENT) == b"0123......" * 4
    causes = {event.cause for event in talk.events if isinstance(event, Missing)}
    assert causes == {Cause.CUT}


def test_what_was_cut_and_what_was_not_captured_are_told_apart() -> None:
    talk = Talk()
    talk.shake_hands()
    talk.client(0, b"abcd", kept=2)
    talk.client(8, b"ijkl", kept=1)
    talk.finish()

    told = [
        (event.offset, event.length, event.cause)
        for event in talk.events
        if isinstance(event, Missing)
    ]
    assert told == [(2, 2, Cause.CUT), (4, 4, Cause.NOT_CAPTURED), (9, 3, Cause.CUT)]
    assert talk.said(Side.CLIENT) == b"ab......i..."


def test_a_whole_copy_makes_up_for_one_that_was_cut() -> None:
    talk = Talk()
    talk.shake_hands()
    talk.client(0, b"abcdefgh", kept=2)
    talk.client(0, b"abcdefgh")
    talk.server(0, ack=8)
    talk.finish()

    assert talk.said(Side.CLIENT) == b"abcdefgh"
    assert only(talk, Missing) == []


def test_a_capture_may_begin_in_the_middle() -> None:
    talk = Talk()
    talk.server(700, b"world", ack=300)
    talk.client(300, b"hello", ack=705)
    talk.client(299, b"?", ack=705)
    talk.finish()

    began = only(talk, Began)
    assert began == [Began(Conversation(0, THEM, US, 0.0, False))]  # who spoke first
    assert (talk.said(Side.CLIENT), talk.said(Side.SERVER)) == (b"world", b"hello")
    assert ended(talk).how is How.OPEN


def test_the_answer_to_a_syn_says_who_is_the_server() -> None:
    talk = Talk()
    talk.server(-1, flags=SYN | ACK)

    assert only(talk, Began) == [Began(Conversation(0, US, THEM, 0.0, True))]


def test_data_may_come_with_the_syn() -> None:
    talk = Talk()
    talk.client(-1, b"GET", SYN)
    talk.server(-1, flags=SYN | ACK, ack=3)
    talk.client(3, b" /")

    assert talk.said(Side.CLIENT) == b"GET /"


def test_both_may_open_at_once() -> None:
    talk = Talk()
    talk.client(-1, flags=SYN)
    talk.server(-1, flags=SYN)
    talk.client(-1, flags=SYN | ACK)
    talk.server(-1, flags=SYN | ACK)
    talk.client(0, b"hello")
    talk.finish()

    assert talk.follower.count == 1
    assert talk.said(Side.CLIENT) == b"hello"


def test_ports_that_are_used_again_are_another_conversation() -> None:
    talk = Talk()
    talk.shake_hands()
    talk.client(0, b"one")
    talk.client(-1, flags=SYN)  # sent again: nothing new
    talk.client(3, flags=FIN | ACK)
    talk.server(0, flags=FIN | ACK, ack=4)
    talk.ours, talk.theirs = 900_000, 800_000
    talk.shake_hands()
    talk.client(0, b"two")
    talk.finish()

    assert [event.octets for event in talk.events if isinstance(event, Data)] == [b"one", b"two"]
    assert [e.how for e in talk.events if isinstance(e, Ended)] == [How.CLOSED, How.OPEN]
    assert [e.conversation.number for e in talk.events if isinstance(e, Began)] == [0, 1]


def test_one_that_was_never_closed_ends_when_its_ports_are_used_again() -> None:
    talk = Talk()
    talk.shake_hands()
    talk.ours = 900_000
    talk.client(-1, flags=SYN)

    assert talk.kinds() == ["Began", "Ended", "Began"]
    assert ended(talk).how is How.OPEN


def test_a_reset_ends_it_at_once() -> None:
    talk = Talk()
    talk.shake_hands()
    talk.client(0, b"hello")
    talk.server(0, flags=RST | ACK, ack=5)
    talk.client(5, b"too late")

    assert (ended(talk).how, ended(talk).by) == (How.RESET, Side.SERVER)
    assert talk.said(Side.CLIENT) == b"hello"


def test_a_refusal_is_called_so() -> None:
    talk = Talk()
    talk.client(-1, flags=SYN)
    talk.server(-5001, flags=RST | ACK)

    assert (ended(talk).how, ended(talk).by) == (How.REFUSED, Side.SERVER)


def test_a_reset_that_nobody_believes_ends_nothing() -> None:
    talk = Talk()
    talk.shake_hands()
    talk.client(-300, flags=RST)  # from before: RFC 5961 has it ignored
    talk.client(0, b"still here")
    talk.finish()

    assert talk.said(Side.CLIENT) == b"still here"
    assert (ended(talk).how, ended(talk).client.stray) == (How.OPEN, 1)


def test_a_reset_that_might_be_one_is_believed_when_nothing_else_ends_it() -> None:
    talk = Talk()
    talk.shake_hands()
    talk.client(500, flags=RST)  # in the window: what is before it may not have been captured
    talk.client(0, b"hello")
    talk.finish()

    assert talk.said(Side.CLIENT) == b"hello"
    assert (ended(talk).how, ended(talk).by) == (How.RESET, Side.CLIENT)


def test_a_segment_from_nowhere_is_left_out() -> None:
    talk = Talk()
    talk.shake_hands()
    talk.client(2**30 + 5, b"far ahead of any window")
    talk.client(0, b"hello")
    talk.finish()

    assert talk.said(Side.CLIENT) == b"hello"
    assert ended(talk).client.stray == 1


def test_a_damaged_segment_is_left_out_as_its_receiver_did() -> None:
    talk = Talk()
    talk.shake_hands()
    bad = talk.packet(Side.CLIENT, 0, b"hxllo")
    assert talk.follower.add(0.0, bad, Checksum.BAD) == ()
    talk.client(0, b"hello")
    talk.finish()

    assert talk.said(Side.CLIENT) == b"hello"
    assert ended(talk).client.damaged == 1


@pytest.mark.parametrize("checksum", [Checksum.UNFINISHED, Checksum.VALID, None])
def test_one_whose_checksum_was_left_to_the_hardware_is_not_damaged(
    checksum: Checksum | None,
) -> None:
    talk = Talk()
    talk.shake_hands()
    packet = talk.packet(Side.CLIENT, 0, b"hello")
    talk.events += talk.follower.add(0.0, packet, checksum)

    assert talk.said(Side.CLIENT) == b"hello"


def test_ipv6_is_followed_just_so() -> None:
    talk = Talk(version=6)
    talk.shake_hands()
    talk.client(0, b"hello")

    assert talk.said(Side.CLIENT) == b"hello"
    (began,) = only(talk, Began)
    assert isinstance(began, Began)
    assert str(began.conversation) == "[2001:db8::1]:40000 > [2001:db8::7]:80"


def test_fragments_and_tunnels_are_seen_through() -> None:
    talk = Talk()
    talk.shake_hands()
    whole = talk.packet(Side.CLIENT, 0, bytes(range(200)))
    loose = whole.replace(IPv4, dont_fragment=False, identification=7)
    for piece in reversed(fragment(loose, 100)):
        talk.give(piece)
    outer = IPv4(IPv4Address("198.51.100.1"), IPv4Address("198.51.100.2")) / GRE()
    talk.give(outer / talk.packet(Side.CLIENT, 200, b"through a tunnel"))

    assert talk.said(Side.CLIENT) == bytes(range(200)) + b"through a tunnel"


def test_a_segment_that_an_icmp_error_quotes_was_not_sent_again() -> None:
    talk = Talk()
    talk.shake_hands()
    quoted = talk.packet(Side.CLIENT, 50, b"quoted")
    talk.give(IPv4(SERVER, CLIENT) / icmp.Unreachable(3) / quoted)
    talk.finish()

    assert talk.said(Side.CLIENT) == b""
    assert ended(talk).client.segments == 0


OTHERS = [
    Packet((), b"nothing that is known"),
    IPv4(CLIENT, SERVER) / icmp.EchoRequest(1, 2),
    Ethernet(bytes(6), bytes(6), 0x88CC) / b"lldp",
    IPv4(CLIENT, SERVER, protocol=6) / b"eight oc",
]


@pytest.mark.parametrize("packet", OTHERS)
def test_what_is_no_tcp_is_no_news(packet: Packet) -> None:
    assert Follower().add(0.0, packet) == ()


def test_several_are_followed_side_by_side() -> None:
    follower = Follower()
    talks = [Talk(port=port, follower=follower) for port in (1, 2, 3)]
    for talk in talks:
        talk.shake_hands()
    for talk in talks:
        talk.client(0, str(talk._port).encode())

    assert [talk.said(Side.CLIENT) for talk in talks] == [b"1", b"2", b"3"]
    assert follower.count == 3


def test_one_side_may_make_others_wait_only_so_long() -> None:
    bounds = replace(DEFAULT, most_waiting=10_000)
    talk = Talk(bounds)
    talk.shake_hands()
    for place in range(1000, 200_000, 1000):
        talk.client(place, bytes(1000))
        assert talk.follower.cost <= bounds.most_waiting
    talk.finish()

    assert len(talk.said(Side.CLIENT)) == 200_000
    assert ended(talk).client.missing == 1000
    assert talk.follower.cost == 0


def test_tiny_segments_cost_as_much_as_they_take() -> None:
    bounds = replace(DEFAULT, most_waiting=10_000)
    talk = Talk(bounds)
    talk.shake_hands()
    for place in range(1, 5000, 2):
        talk.client(place, b"x")
        assert talk.follower.cost <= bounds.most_waiting


def test_all_together_may_take_only_so_much_and_the_silent_ones_go_first() -> None:
    follower = Follower(replace(DEFAULT, most_octets=50_000))
    talks = [Talk(port=port, follower=follower) for port in range(1, 11)]
    for talk in talks:
        talk.shake_hands()
        talk.client(1000, bytes(9_000))
        assert follower.cost <= 50_000
    told = [event.how for talk in talks for event in talk.events if isinstance(event, Ended)]

    assert told == [How.FORGOTTEN] * 5
    assert len(follower._followed) == 5


def test_only_so_many_are_remembered() -> None:
    follower = Follower(replace(DEFAULT, most_conversations=3))
    for port in range(1, 101):
        Talk(port=port, follower=follower).shake_hands()

    assert len(follower._followed) == 3
    assert follower.count == 100


def test_what_is_left_of_one_that_is_forgotten_is_told() -> None:
    follower = Follower(replace(DEFAULT, most_conversations=1))
    first, second = (Talk(port=port, follower=follower) for port in (1, 2))
    first.shake_hands()
    first.client(2, b"cd")
    second.shake_hands()

    data = [event.octets for event in second.events if isinstance(event, Data)]
    assert data == [b"cd"]
    assert [e.how for e in second.events if isinstance(e, Ended)] == [How.FORGOTTEN]


chunks = st.lists(st.integers(1, 20), min_size=1, max_size=12)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[bytes, list[tuple[int, int]]]:
    """Octets, and segments of them: in any order, repeated, overlapping; none is missing."""
    sizes = draw(chunks)
    total = sum(sizes)
    cuts = [(sum(sizes[:n]), sum(sizes[: n + 1])) for n in range(len(sizes))]
    spans = st.tuples(st.integers(0, total - 1), st.integers(1, 20))
    more = [(a, min(a + n, total)) for a, n in draw(st.lists(spans, max_size=8))]
    order = draw(st.permutations(cuts + more))
    return bytes(n % 251 for n in range(total)), order


@given(deliveries(), st.integers(0, 2**32 - 1), st.sampled_from(SegmentPolicy))
def test_whatever_the_order_all_octets_are_told_once(
    sent: tuple[bytes, list[tuple[int, int]]], first: int, policy: SegmentPolicy
) -> None:
    octets, order = sent
    talk = Talk(replace(DEFAULT, policy=policy), ours=first)
    talk.shake_hands()
    for start, end in order:
        talk.client(start, octets[start:end])

    assert talk.said(Side.CLIENT) == octets
    assert talk.follower.cost == 0


@settings(max_examples=200)
@given(
    deliveries(),
    st.integers(0, 2**32 - 1),
    st.lists(st.booleans(), min_size=20, max_size=20),
    st.lists(st.integers(0, 260), max_size=20),
    st.sampled_from([0.0, 1.0]),
)
def test_what_is_told_leaves_nothing_out_even_where_segments_were_lost(
    sent: tuple[bytes, list[tuple[int, int]]],
    first: int,
    lost: list[bool],
    acks: list[int],
    patience: float,
) -> None:
    octets, order = sent
    talk = Talk(patient(patience), ours=first)
    talk.shake_hands()
    known = set[int]()
    for number, (start, end) in enumerate(order):
        talk.now += 0.3
        if not lost[number]:
            talk.client(start, octets[start:end])
            known |= set(range(start, end))
        if number < len(acks):
            talk.server(0, ack=min(acks[number], len(octets)))
    talk.finish()

    said = talk.said(Side.CLIENT)  # which looks whether everything is told once
    missing = [
        place
        for event in talk.events
        if isinstance(event, Missing)
        for place in range(event.offset, event.offset + event.length)
    ]
    for place, octet in enumerate(said):
        assert place in missing or octet == octets[place]
    assert len(said) >= max(known, default=-1) + 1
    if not any(lost) and patience and not acks:
        assert missing == []


@given(st.lists(st.tuples(st.booleans(), st.integers(-50, 2**32), st.binary(max_size=9),
                          st.integers(0, 63), st.integers(0, 2**32)), max_size=40))  # fmt: skip
def test_nothing_makes_it_stumble(
    wild: list[tuple[bool, int, bytes, int, int]],
) -> None:
    bounds = replace(DEFAULT, most_waiting=2000, most_octets=3000, most_conversations=2)
    talk = Talk(bounds)
    for is_client, place, octets, flags, ack in wild:
        talk.now += 0.01
        (talk.client if is_client else talk.server)(place, octets, type(ACK)(flags), ack)
        assert 0 <= talk.follower.cost <= 3000
    talk.finish()

    assert talk.kinds().count("Began") == talk.kinds().count("Ended") == talk.follower.count


def test_only_the_wanted_ones_are_told_and_the_others_keep_their_numbers() -> None:
    follower = Follower(wanted=lambda conversation: conversation.number == 1)
    talks = [Talk(port=port, follower=follower) for port in (1, 2, 3)]
    for talk in talks:
        talk.client(-1, flags=SYN)
        talk.client(-1, flags=SYN)
        talk.server(-1, flags=SYN | ACK)
        talk.client(0, b"hello")
        talk.client(7, b"waits")
    talks[0].ours += 77
    talks[0].shake_hands()
    talks[0].finish()

    assert [talk.kinds() for talk in talks] == [
        ["Missing", "Data", "Ended"],
        ["Began", "Data"],
        [],
    ]
    assert follower.count == 4
