"""SYN cookies: a listener's answer to a SYN that it does not remember (RFC 4987 §3.6).

All that the connection needs is in the sequence number: the time, the other side's MSS, and a
hash that nobody can make without the secret. Other options are lost.
"""

from rawkit.tcp.flow import Flow
from rawkit.tcp.isn import keyed
from rawkit.tcp.segment import WRAP

SIZES = (216, 536, 1000, 1220, 1340, 1440, 1460, 8960)
"""MSS values that a cookie can remember: the largest that is not above the real one."""
TICK = 64.0
"""Seconds of one step of the clock in it."""
LASTS = 2
"""Steps for which a cookie counts."""
TIME_BITS, SIZE_BITS, HASH_BITS = 5, 3, 24
HASH = (1 << HASH_BITS) - 1


def cookie(now: float, flow: Flow, theirs: int, mss: int, secret: bytes) -> int:
    """Return the initial sequence number that remembers a SYN, 32 bits.

    Args:
        now: seconds.
        flow: the two ends.
        theirs: the other side's initial sequence number.
        mss: what its SYN says, or the default.
        secret: nobody else knows it.
    """
    size = max((place for place, fitting in enumerate(SIZES) if fitting <= mss), default=0)
    return _made(int(now / TICK), flow, theirs, size, secret)


def size_in(now: float, number: int, flow: Flow, theirs: int, secret: bytes) -> int | None:
    """Return the MSS that a cookie remembers; ``None`` if it is none of ours, or too old.

    Args:
        now: seconds.
        number: the sequence number that the other side acknowledges, less one.
        flow: the two ends.
        theirs: its initial sequence number.
        secret: as above.
    """
    size = number >> HASH_BITS & (1 << SIZE_BITS) - 1
    for age in range(LASTS):
        if _made(int(now / TICK) - age, flow, theirs, size, secret) == number:
            return SIZES[size]
    return None


def _made(step: int, flow: Flow, theirs: int, size: int, secret: bytes) -> int:
    data = flow.key + (theirs & WRAP).to_bytes(4, "big") + step.to_bytes(8, "big") + bytes((size,))
    bits = step & (1 << TIME_BITS) - 1
    head = bits << SIZE_BITS | size
    return head << HASH_BITS | keyed(b"cookie", data, secret) & HASH
