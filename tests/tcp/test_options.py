"""Options of SYNs: the usual ones are read and written at once, and come to the same."""

import pytest

from rawkit.tcp.options import Offer, offer_in, syn_options
from rawkit.wire.tcp_options import (
    MaximumSegmentSize,
    NoOperation,
    Option,
    SackPermitted,
    Timestamps,
    WindowScale,
    decode,
    encode,
)

MSS, SACK, PAD = MaximumSegmentSize(1460), SackPermitted(), NoOperation()
STAMP = Timestamps(0xFFFFFFFF, 7)
LINUX = bytes.fromhex("020405b4 0402080a ffffffff 00000007 01030307")
"""As tcpdump shows it: mss 1460, sackOK, TS val 4294967295 ecr 7, nop, wscale 7."""


def test_the_usual_syn_is_written_as_linux_does() -> None:
    assert syn_options(Offer(1460, 7, True, True), STAMP, None) == LINUX


def test_the_usual_syn_is_read() -> None:
    assert offer_in(LINUX) == Offer(1460, 7, True, True, 0xFFFFFFFF)


@pytest.mark.parametrize(
    ("options", "offer"),
    [
        ((MSS, SACK, STAMP, PAD, WindowScale(15)), Offer(1460, 14, True, True, 0xFFFFFFFF)),
        ((MSS, PAD, WindowScale(7), SACK, STAMP), Offer(1460, 7, True, True, 0xFFFFFFFF)),
        ((MSS, PAD, PAD, STAMP, PAD, WindowScale(7)), Offer(1460, 7, False, True, 0xFFFFFFFF)),
        ((MSS, SACK, STAMP, PAD, PAD, PAD, PAD), Offer(1460, None, True, True, 0xFFFFFFFF)),
    ],
)
def test_others_of_that_size_are_read_one_by_one(options: tuple[Option, ...], offer: Offer) -> None:
    octets = encode(*options)
    assert len(octets) == len(LINUX)
    assert offer_in(octets) == offer


def test_without_selective_acknowledgments_it_is_padded() -> None:
    octets = syn_options(Offer(1460, 7, False, True), STAMP, None)
    assert decode(octets) == (MSS, PAD, PAD, STAMP, PAD, WindowScale(7))
