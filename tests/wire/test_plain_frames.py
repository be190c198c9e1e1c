"""Frames of which a glance tells that offload has left nothing undone."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rawkit.record import replace
from rawkit.wire import icmp, igmp
from rawkit.wire.arp import ARP
from rawkit.wire.dissect_frame import dissect_frame
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import DestinationOptions
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.partial import partial_checksum, unfinished
from rawkit.wire.plain_frames import is_settled
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP
from rawkit.wire.vlan import VLANTag, untagged

FRAME = Ethernet(b"\2" * 6, b"\4" * 6)
FOUR = IPv4(IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7"))
SIX = IPv6(IPv6Address("2001:db8::1"), IPv6Address("2001:db8::7"))
ACK = TCP(1, 2, flags=Flags.ACK)

SETTLED = {
    "TCP": FRAME / FOUR / ACK / b"hello",
    "UDP": FRAME / FOUR / UDP(1, 2) / b"hello",
    "TCP in IPv6": FRAME / SIX / ACK / b"hello",
    "UDP in IPv6": FRAME / SIX / UDP(1, 2) / b"hello",
    "ICMP": FRAME / FOUR / icmp.EchoRequest(1, 2),
    "IGMP": FRAME / FOUR / igmp.LeaveGroup(IPv4Address("224.0.0.5")),
    "ARP": FRAME / ARP(1, b"\2" * 6, IPv4Address("192.0.2.1"), b"\0" * 6, IPv4Address("192.0.2.7")),
    "a wrong checksum": FRAME / FOUR / UDP(1, 2, checksum=0xDEAD) / b"hello",
}
OPEN = {
    "a SYN": FRAME / FOUR / TCP(1, 2, flags=Flags.SYN),
    "options": FRAME / replace(FOUR, options=b"\1\1\1\0") / ACK,
    "a tag": FRAME / VLANTag(5) / FOUR / ACK,
    "an extension header": FRAME / SIX / DestinationOptions() / ACK,
    "a length of 0": FRAME / replace(FOUR, total_length=0) / ACK,
    "half a header": FRAME / replace(FOUR, protocol=6) / bytes(12),
    "no header": FRAME / FOUR.carrying(ACK) / b"",
}


@pytest.mark.parametrize("name", SETTLED)
def test_of_plain_frames_it_is_known(name: str) -> None:
    assert is_settled(bytes(SETTLED[name]))


@pytest.mark.parametrize("name", OPEN)
def test_at_others_somebody_has_to_look_closer(name: str) -> None:
    assert not is_settled(bytes(OPEN[name]))


@pytest.mark.parametrize("name", ["TCP", "UDP", "TCP in IPv6", "UDP in IPv6"])
def test_an_unfinished_checksum_is_seen(name: str) -> None:
    packet = SETTLED[name]
    sum_ = partial_checksum(packet, 2)
    left = Packet((*packet.headers[:2], replace(packet.headers[2], checksum=sum_)), b"hello")

    assert not is_settled(bytes(left))


def seldom_settled() -> st.SearchStrategy[bytes]:
    """Frames of all kinds, some of them with octets that are something else."""
    frames = [bytes(packet) for packet in (*SETTLED.values(), *OPEN.values())]
    patches = st.lists(st.tuples(st.integers(0, 60), st.binary(min_size=1, max_size=2)), max_size=3)

    def patched(frame: bytes, changes: list[tuple[int, bytes]], end: int) -> bytes:
        octets = bytearray(frame)
        for place, new in changes:
            octets[place : place + len(new)] = new[: max(0, len(octets) - place)]
        return bytes(octets[:end])

    return st.builds(patched, st.sampled_from(frames), patches, st.integers(0, 90))


@given(seldom_settled())
@settings(max_examples=200)
def test_what_is_settled_has_nothing_left_to_be_worked_out(frame: bytes) -> None:
    packet = dissect_frame(frame)

    if is_settled(frame) and packet.error is None:
        assert unfinished(packet) is None


@pytest.mark.parametrize("tags", [(), (5,), (5, 6)])
def test_tags_are_taken_off(tags: tuple[int, ...]) -> None:
    packet: Packet = Packet((FRAME,))
    for tag in tags:
        packet = packet / VLANTag(tag)

    assert untagged(bytes(packet / FOUR / ACK)) == bytes(FRAME / FOUR / ACK)
