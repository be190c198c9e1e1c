"""``follow``: files, packets and sessions; and which conversation is meant."""

import io
from pathlib import Path

import pytest

from rawkit.api.follow import chosen, follow
from rawkit.capture.reader import read_capture
from rawkit.capture.writer import CaptureWriter
from rawkit.engine.follow_events import Conversation, Data, Endpoint, How, Missing, Side
from rawkit.errors import FilterError, ParseError, UsageError
from rawkit.wire.link_types import LinkType
from rawkit.wire.packet import Packet
from rawkit.wire.received import Checksum, Received
from rawkit.wire.stream import SegmentPolicy
from rawkit.wire.tcp import TCP
from tests.engine.conversation import ACK, CLIENT, CLIENT6, FIN, SERVER, SERVER6, SYN, Talk

MINUTE = 60 * 10**9


def exchange(port: int, question: bytes, answer: bytes) -> list[Packet]:
    """Return the packets of a whole conversation."""
    talk = Talk(port=port)
    ours, theirs = len(question), len(answer)
    return [
        talk.packet(Side.CLIENT, -1, flags=SYN),
        talk.packet(Side.SERVER, -1, flags=SYN | ACK),
        talk.packet(Side.CLIENT, 0),
        talk.packet(Side.CLIENT, 0, question),
        talk.packet(Side.SERVER, 0, answer, ack=ours),
        talk.packet(Side.CLIENT, ours, flags=FIN | ACK, ack=theirs),
        talk.packet(Side.SERVER, theirs, flags=FIN | ACK, ack=ours + 1),
        talk.packet(Side.CLIENT, ours + 1, ack=theirs + 1),
    ]


PACKETS = [*exchange(40000, b"one?", b"one."), *exchange(40001, b"two?", b"two.")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "x.pcapng"
    with CaptureWriter(path, link_type=LinkType.RAW) as writer:
        for number, packet in enumerate(PACKETS):
            writer.write(bytes(packet), MINUTE + number * 1000)
    return path


def test_a_capture_is_followed_to_transcripts(path: Path) -> None:
    first, second = follow(path).run()

    assert (first.client, first.server, first.missing) == (b"one?", b"one.", ())
    assert (second.client, second.server) == (b"two?", b"two.")
    assert (first.how, first.by) == (How.CLOSED, None)
    assert first.conversation == Conversation(
        0, Endpoint(CLIENT, 40000), Endpoint(SERVER, 80), 60.0, True
    )
    assert first.client_counts.segments == 1
    assert first.ended == pytest.approx(60.000006)


def test_events_come_in_order_of_time(path: Path) -> None:
    data = [event for event in follow(path) if isinstance(event, Data)]

    assert [event.octets for event in data] == [b"one?", b"one.", b"two?", b"two."]
    assert [event.sender for event in data] == [Side.CLIENT, Side.SERVER] * 2


def test_packets_of_every_kind_are_taken(path: Path) -> None:
    received = [Received(packet, 1.0) for packet in PACKETS]

    for packets in (PACKETS, received, read_capture(path), io.BytesIO(path.read_bytes())):
        assert [one.client for one in follow(packets).run()] == [b"one?", b"two?"]


def test_a_filter_chooses_packets_of_a_file(path: Path) -> None:
    (only,) = follow(path, filter="port 40001").run()

    assert only.client == b"two?"
    with pytest.raises(UsageError, match="a filter is for a file"):
        follow(PACKETS, filter="port 40001")
    with pytest.raises(FilterError):
        follow(path, filter="prot 1")


MEANT = [
    (None, [0, 1]),
    (0, [0]),
    ("1", [1]),
    (7, []),
    ("192.0.2.1:40001-192.0.2.7:80", [1]),
    ("192.0.2.7:80-192.0.2.1:40000", [0]),
    ("192.0.2.1:40000", [0]),
    ("192.0.2.7:80", [0, 1]),
    ("192.0.2.1", [0, 1]),
    ("192.0.2.1-192.0.2.7", [0, 1]),
    ("192.0.2.9", []),
    ("192.0.2.7:80-192.0.2.9:1", []),
]


@pytest.mark.parametrize(("which", "numbers"), MEANT)
def test_a_conversation_is_chosen_by_number_or_by_its_ends(
    path: Path, which: int | str | None, numbers: list[int]
) -> None:
    assert [one.conversation.number for one in follow(path, which=which).run()] == numbers


@pytest.mark.parametrize("word", ["[2001:db8::1]:9", "2001:db8::1", "[2001:db8::7]:80-2001:db8::1"])
def test_an_end_may_be_ipv6(word: str) -> None:
    six = Conversation(0, Endpoint(CLIENT6, 9), Endpoint(SERVER6, 80), 0.0, True)
    four = Conversation(0, Endpoint(CLIENT, 9), Endpoint(SERVER, 80), 0.0, True)

    assert chosen(word)(six)
    assert not chosen(word)(four)


NONE = ["example.org:80", "192.0.2.1:70000", "192.0.2.1:http", "a-b-c", "", "192.0.2.1:80-", "-1"]


@pytest.mark.parametrize("word", NONE)
def test_what_is_no_conversation_is_refused(word: str) -> None:
    with pytest.raises(UsageError, match=r"no (end of a )?conversation"):
        chosen(word)


@pytest.mark.parametrize("policy", [*SegmentPolicy, "first", "last"])
def test_a_policy_goes_by_its_name(policy: SegmentPolicy | str) -> None:
    assert len(follow(PACKETS, policy=policy).run()) == 2
    with pytest.raises(UsageError, match="policy is 'best', not one of first, last, bsd, linux"):
        follow(PACKETS, policy="best")


def test_damaged_segments_are_left_out_unless_checksums_do_not_count(tmp_path: Path) -> None:
    packets = exchange(40000, b"one?", b"one.")
    packets[3] = packets[3].replace(TCP, checksum=0xDEAD)
    path = tmp_path / "x.pcap"
    with CaptureWriter(path, link_type=LinkType.RAW) as writer:
        for number, packet in enumerate(packets):
            writer.write(bytes(packet), number * 10**9)

    (careful,) = follow(path).run()
    (trusting,) = follow(path, checksums=False).run()

    assert (careful.client, careful.client_counts.damaged) == (b"", 1)
    assert [(one.offset, one.length) for one in careful.missing] == [(0, 4)]
    assert trusting.client == b"one?"
    bad = [Received(packet, 1.0, checksum=Checksum.BAD) for packet in PACKETS]
    assert follow(bad).run() == ()


def test_an_octet_that_is_missing_is_not_in_a_transcript(path: Path) -> None:
    packets = exchange(40000, b"one?", b"one.")
    late = Talk(port=40000).packet(Side.CLIENT, 6, b"more")
    (found,) = follow([*packets[:4], late]).run()

    assert found.client == b"one?more"
    assert [type(one) for one in found.missing] == [Missing]


def test_what_is_no_capture_is_refused() -> None:
    with pytest.raises(ParseError):
        follow(io.BytesIO(b"hello, world"))
    with pytest.raises(FileNotFoundError):
        follow("nowhere.pcap")
