"""What holds for every packet in words, and for every line that should be one."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit.errors import NotationError
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.notation import parse
from rawkit.wire.notation_text import write
from rawkit.wire.packet import Packet
from tests.properties.strategies import frames, packets


@given(packets | frames)
def test_what_is_written_reads_back_the_same(packet: Packet) -> None:
    read = parse(write(packet)).packet

    assert read == packet
    assert bytes(read) == bytes(packet)


@given(frames, st.data())
def test_a_captured_frame_is_written_octet_for_octet(packet: Packet, data: st.DataObject) -> None:
    octets = bytearray(bytes(packet))
    for place in data.draw(st.lists(st.integers(0, len(octets) - 1), max_size=3)):
        octets[place] = data.draw(st.integers(0, 255))
    captured = dissect(bytes(octets), Ethernet.parse)

    assert bytes(parse(write(captured)).packet) == bytes(octets)


LETTERS = 'ip6udtcmhex()[]=,/|*".:0123456789\\ '


@given(st.text() | st.text(LETTERS, max_size=40))
def test_any_line_is_a_packet_or_an_error_with_a_column(line: str) -> None:
    with contextlib.suppress(NotationError):
        parse(line)
        return
    with pytest.raises(NotationError) as caught:
        parse(line)

    assert 0 <= caught.value.column <= len(line)
