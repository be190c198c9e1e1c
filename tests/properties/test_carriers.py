"""What holds for links, tunnels, multicast groups and rarer transports, whatever they are."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from rawkit.record import replace
from rawkit.wire import igmp, llc, mld, multicast_routers, multicast_routers_ipv6, sctp_chunks
from rawkit.wire.dissect import dissect, dissect_ip
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.gre import GRE
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.membership import code_for, time_of
from rawkit.wire.notation import parse
from rawkit.wire.notation_text import write
from rawkit.wire.packet import Packet, Parser
from rawkit.wire.quote import says
from rawkit.wire.received import Checksum
from rawkit.wire.sctp import SCTP
from rawkit.wire.text import line, tree
from rawkit.wire.udplite import UDPLite
from rawkit.wire.verify import verdict
from rawkit.wire.vlan import ServiceTag, VLANTag
from rawkit.wire.vxlan import VXLAN
from tests.properties.carriers import datas, frames, inits, ips, lone, packets, sacks
from tests.properties.strategies import u8

FIRSTS: st.SearchStrategy[Parser] = st.sampled_from(
    [
        igmp.parse,
        llc.parse,
        llc.IEEE8023.parse,
        llc.LLC.parse,
        mld.parse,
        multicast_routers.parse,
        multicast_routers_ipv6.parse,
        GRE.parse,
        SCTP.parse,
        UDPLite.parse,
        VLANTag.parse,
        ServiceTag.parse,
        VXLAN.parse,
    ]
)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A frame that was cut short, lengthened, or had octets overwritten."""
    octets = bytearray(bytes(draw(frames)))
    for place in draw(st.lists(st.integers(0, len(octets) - 1), max_size=4)):
        octets[place] = draw(u8)
    end = draw(st.integers(0, len(octets)) | st.just(len(octets)))
    return bytes(octets[:end]) + draw(st.binary(max_size=60))


@given(packets)
def test_what_was_packed_reads_back_the_same(packet: Packet) -> None:
    read = dissect_ip(bytes(packet))

    assert read == packet
    assert read.error is None


@given(frames)
def test_a_frame_reads_back_the_same(frame: Packet) -> None:
    octets = bytes(frame)

    assert dissect(octets, first=Ethernet.parse) == frame
    assert dissect_frame(octets) == frame


@given(frames, st.binary(min_size=1, max_size=46))
def test_what_fills_a_frame_is_kept(frame: Packet, filling: bytes) -> None:
    octets = bytes(frame) + filling

    assert bytes(dissect(octets, first=Ethernet.parse)) == octets


@settings(max_examples=300)
@given(damaged())
def test_whatever_was_captured_repacks_octet_for_octet(octets: bytes) -> None:
    assert bytes(dissect(octets, first=Ethernet.parse)) == octets
    assert bytes(dissect_frame(octets)) == octets


# Of a message for another class these read something else, which is not theirs to write.
OWN_TYPES: dict[Parser, tuple[int, ...]] = {
    mld.parse: (130, 131, 132, 143),
    multicast_routers.parse: (0x30, 0x31, 0x32),
    multicast_routers_ipv6.parse: (151, 152, 153),
}


@settings(max_examples=300)
@given(st.binary(max_size=120), FIRSTS, st.data())
def test_no_octets_make_a_parser_raise(octets: bytes, first: Parser, data: st.DataObject) -> None:
    if first in OWN_TYPES:
        octets = bytes((data.draw(st.sampled_from(OWN_TYPES[first])),)) + octets

    assert bytes(dissect(octets, first=first)) == octets


@settings(max_examples=300)
@given(ips, st.sampled_from([1, 2, 4, 41, 47, 58, 132, 136]), u8, st.binary(max_size=120))
def test_no_octets_in_ip_make_dissect_raise(
    ip: IPv4 | IPv6, protocol: int, type_: int, rest: bytes
) -> None:
    field = {"protocol": protocol} if isinstance(ip, IPv4) else {"next_header": protocol}
    octets = bytes(replace(ip, **field) / bytes((type_,)) / rest)

    assert bytes(dissect_ip(octets)) == octets


@given(damaged())
def test_printing_never_raises(octets: bytes) -> None:
    packet = dissect(octets, first=Ethernet.parse)

    assert line(packet)
    assert tree(packet) or not octets
    for header in packet.headers:
        assert says(header)


@given(frames)
def test_printing_what_was_never_sent_never_raises(frame: Packet) -> None:
    assert line(frame)
    assert tree(frame)


@given(frames)
def test_the_checksums_of_what_was_packed_are_right(frame: Packet) -> None:
    datagram = frame.get(UDPLite)
    assume(datagram is None or datagram.coverage in (0, 8))  # others may not be in order

    assert verdict(dissect(bytes(frame), first=Ethernet.parse)) is Checksum.VALID


@given(lone.filter(lambda packet: UDPLite not in packet), st.data())
def test_one_wrong_octet_behind_ip_is_bad(packet: Packet, data: st.DataObject) -> None:
    octets = bytearray(bytes(packet))
    size = len(packet.headers[0].pack())
    place = data.draw(st.integers(size, len(octets) - 1))
    octets[place] ^= data.draw(st.integers(1, 255))
    read = dissect_ip(bytes(octets))

    assert read.error is not None or verdict(read) is Checksum.BAD


@given(packets | frames)
def test_what_is_written_in_words_reads_back_the_same(packet: Packet) -> None:
    read = parse(write(packet)).packet

    assert read == packet
    assert bytes(read) == bytes(packet)


@given(damaged())
def test_a_captured_frame_is_written_in_words_octet_for_octet(octets: bytes) -> None:
    captured = dissect(octets, Ethernet.parse)

    assert bytes(parse(write(captured)).packet) == octets


@given(datas | inits | sacks)
def test_chunks_read_back(content: sctp_chunks.Data | sctp_chunks.Init | sctp_chunks.Sack) -> None:
    assert sctp_chunks.decode(content.chunk) == content


@given(st.integers(0, 31 << 10), st.sampled_from([8, 16]))
def test_the_code_for_a_time_is_the_longest_up_to_it(time: int, bits: int) -> None:
    longest = time_of((1 << bits) - 1, bits)
    code = code_for(min(time, longest), bits)

    assert time_of(code, bits) <= time
    assert code == (1 << bits) - 1 or time_of(code + 1, bits) > time
