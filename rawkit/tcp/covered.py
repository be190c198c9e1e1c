"""Acknowledgments that came together: those that the next one covers need no look.

A peer that gets large segments acknowledges them often, and many of these come at once. Each is
valid by itself, but the last one says all that they say. Leaving out the others is no more than
if the network had lost them, which changes nothing (RFC 9293 §3.4: they are cumulative).
"""

from collections.abc import Iterable, Iterator

from rawkit.tcp.codec import Arrival
from rawkit.tcp.options import TIMESTAMPS_HEAD, TIMESTAMPS_SIZE
from rawkit.tcp.segment import ACK, WRAP, Segment

HALF = 1 << 31


def without_covered(arrivals: Iterable[Arrival]) -> Iterator[Arrival]:
    """Yield arrivals that came together, in order, without those that the next one covers."""
    held: Arrival | None = None
    for one in arrivals:
        if held is not None and not (held[0] == one[0] and is_covered(held[1], one[1])):
            yield held
        held = one
    if held is not None:
        yield held


def is_covered(earlier: Segment, later: Segment) -> bool:
    """Whether a segment says nothing but what the next one of its flow says, too.

    Both acknowledge and do nothing else; the later one acknowledges more (one that does not is a
    duplicate, and counts); and there are no SACK blocks, nor anything about ECN.
    """
    if earlier.flags != ACK or later.flags != ACK or earlier.payload or later.payload:
        return False
    ahead = (later.acknowledgment - earlier.acknowledgment) & WRAP
    return (
        0 < ahead < HALF
        and earlier.sequence == later.sequence
        and earlier.ecn == later.ecn
        and _says_only_when(earlier.options)
        and _says_only_when(later.options)
    )


def _says_only_when(options: bytes) -> bool:
    """Whether there is no option but the timestamps, as everybody writes them."""
    return not options or (len(options) == TIMESTAMPS_SIZE and options[:4] == TIMESTAMPS_HEAD)
