"""Links around links: what is lost on purpose, and what a capture has of it."""

from pathlib import Path
from random import Random

from rawkit.api.capturing_link import CapturingLink, Tap
from rawkit.capture.reader import read_capture
from rawkit.capture.writer import CaptureWriter
from rawkit.endpoint.memory_link import cable
from rawkit.endpoint.wrapped_link import LosingLink
from rawkit.tcp.codec import Reader, Writer
from rawkit.tcp.flow import Flow
from rawkit.tcp.segment import ACK, PSH, Segment
from rawkit.wire.link import Direction
from rawkit.wire.link_types import LinkType
from tests.endpoint.hosts import FLOW, HERE, PORT, THERE, connecting, hosts, listening

MSS = 1000
BODY = Random(3).randbytes(400_000)


def large(parts: int) -> Segment:
    """Return a piece that a link cuts into so many segments."""
    return Segment(ACK | PSH, 0, 0, 100, payload=bytes(parts * MSS), cut=MSS)


def test_of_a_large_piece_each_segment_is_lost_by_itself() -> None:
    one, other = cable(gso=0xFFFF)
    link = LosingLink(one, 0.25, seed=1)
    link.send(Writer(FLOW), [large(50)])
    came = other.receive(100)

    assert 0 < link.lost_sent < 50
    assert len(came) == 50 - link.lost_sent == one.traffic.sent
    assert all(len(segment.payload) == MSS for _, segment in came)
    one.close()
    other.close()


def test_what_comes_is_lost_as_well_and_a_seed_says_which() -> None:
    kept = []
    for _ in range(2):
        one, other = cable()
        link = LosingLink(one, 0.25, seed=7)
        other.send(Writer(FLOW), [Segment(ACK, number) for number in range(100)])
        kept.append([segment.sequence for _, segment in link.receive(100)])
        assert link.lost_received == 100 - len(kept[-1]) > 0
        link.close()
        other.close()

    assert kept[0] == kept[1]


def test_a_capture_has_both_ways_whole_and_a_large_piece_as_one_packet(tmp_path: Path) -> None:
    path = tmp_path / "seen.pcapng"
    one, other = cable(gso=0xFFFF)
    with CaptureWriter(path, link_type=LinkType.RAW) as capture:
        link = CapturingLink(one, capture)
        link.send(Writer(FLOW), [large(3)])
        turned = Flow(THERE, PORT, HERE, FLOW.local_port)
        other.send(Writer(turned), [Segment(ACK, 5, 3000, 7)])
        assert len(link.receive(10)) == 1
        link.close()
        other.close()

    reader = Reader(takes_unfinished=False)
    packets = list(read_capture(path))
    seen = [(packet.direction, reader.read(packet.octets)) for packet in packets]
    (out, first), (back, second) = seen
    assert (out, back) == (Direction.OUT, Direction.IN)
    assert first is not None
    assert (first[0], len(first[1].payload)) == (turned.key, 3 * MSS)
    assert second == (FLOW.key, Segment(ACK, 5, 3000, 7))


def test_a_connection_bears_losses_both_ways_and_the_capture_has_what_was_on_the_wire(
    tmp_path: Path,
) -> None:
    here, there = hosts()
    with Tap(tmp_path / "seen.pcap", share=0.02) as tap:
        tap.around(here)
        with listening(there) as port, connecting(here) as stream:
            peer = port.accept()
            peer.sendall(BODY)
            peer.shutdown()
            stream.timeout = 30.0
            assert stream.recv_all() == BODY
            peer.close()
        here_link = here.link
    assert isinstance(here_link, LosingLink)
    packets = sum(1 for _ in read_capture(tmp_path / "seen.pcap"))
    assert here_link.lost_received > 0
    assert packets >= len(BODY) // 1460 + here_link.lost_received
