"""How large packets may be: what ICMP says (RFC 1191, RFC 8201), and what tries show (RFC 4821)."""

from rawkit.tcp.block import Block
from rawkit.tcp.events import PathMtu
from rawkit.tcp.flight import Sent
from rawkit.tcp.options import TIMESTAMPS_SIZE
from rawkit.tcp.recovery_state import Phase
from rawkit.tcp.settings import HEADERS, SMALLEST_MSS
from rawkit.tcp.timers import OFF

DEFAULT_MSS = {4: 536, 6: 1220}
"""What is assumed of who says nothing (RFC 9293 §3.7.1)."""
SMALLEST = {4: 552, 6: 1280}
"""No ICMP error makes packets smaller: forged ones could have us send crumbs."""
BASE_MSS = 1024
"""What gets through nearly everywhere (RFC 4821 §7.7)."""
AGAIN = 600.0
"""Seconds after which larger packets are tried again (RFC 1191 §6.3)."""
CLOSE = 32
"""Octets for which no further trying is worth it."""
FOLLOWERS = 3
"""Segments that have to follow a probe, or its loss would go unnoticed."""


def resize(b: Block, mtu: int) -> None:
    """Use packets of this size from now on."""
    theirs = b.heard.mss if b.heard.mss is not None else DEFAULT_MSS[b.version]
    full = min(theirs, mtu - HEADERS[b.version], b.settings.segment_size(b.version))
    b.mtu = mtu
    b.full_size = max(full, SMALLEST_MSS)
    b.mss = b.full_size - TIMESTAMPS_SIZE if b.timestamps else b.full_size
    b.largest = max(b.mss, b.settings.gso // b.mss * b.mss)


def begin(b: Block) -> None:
    """Take the sizes that both SYNs tell of."""
    resize(b, b.settings.mtu)
    b.top_mtu = b.probe_ceiling = b.full_size + HEADERS[b.version]
    if b.settings.mtu_probing:
        b.probe_at = 0.0


def too_big(b: Block, now: float, mtu: int) -> None:
    """Believe a router that a packet of ours was too big; send it again in smaller ones.

    Nothing was lost to congestion, so no window is reduced (RFC 1191 §6.5).
    """
    if not SMALLEST[b.version] <= mtu < b.mtu:
        b.say("an impossible path MTU: ignored (RFC 5927 §7)")
        return
    b.probe = None
    b.probe_ceiling = mtu
    b.probe_at = now + AGAIN
    _shrink(b, mtu)


def fell_into_black_hole(b: Block, now: float) -> None:
    """Try smaller packets: those sent again and again do not arrive (RFC 4821 §7.7)."""
    headers = HEADERS[b.version]
    if not b.settings.mtu_probing:
        return
    smaller = BASE_MSS + headers if b.mtu > BASE_MSS + headers else b.mtu // 2
    smaller = max(smaller, SMALLEST[b.version])
    if smaller < b.mtu:
        b.probe = None
        b.probe_ceiling = b.mtu - 1
        b.probe_at = now + AGAIN
        _shrink(b, smaller)


def probe_size(b: Block, now: float, left: int, room: int) -> int:
    """Return the payload of a packet larger than those known to get through; 0: none now.

    Args:
        b: the connection.
        now: seconds.
        left: octets that wait to be sent.
        room: octets that both windows allow.
    """
    if b.probe is not None or b.recovery.phase is not Phase.OPEN:
        return 0
    if b.probe_ceiling < b.top_mtu and now >= b.probe_at > 0:
        b.probe_ceiling = b.top_mtu  # the path may have changed
    if not b.settings.mtu_probing:
        b.probe_at = OFF
        _now(b, b.top_mtu)
        return 0
    if b.probe_ceiling - b.mtu < CLOSE:
        b.probe_at = now + AGAIN
        return 0
    mtu = b.probe_ceiling
    if mtu - b.mtu >= 2 * CLOSE:
        mtu = -(-(b.mtu + mtu) // 2)
    size = mtu - b.mtu + b.mss
    if min(left, room) < size + FOLLOWERS * b.mss:
        return 0
    b.probe_mtu = mtu
    return size


def probe_arrived(b: Block) -> None:
    """Take it that packets of the probe's size get through."""
    b.probe = None
    b.probe_at = 0.0
    _now(b, b.probe_mtu)


def probe_lost(b: Block, now: float) -> None:
    """Take it that the probe was too large: alone it is missing."""
    b.probe = None
    b.probe_ceiling = b.probe_mtu - 1
    b.probe_at = 0.0 if b.probe_ceiling - b.mtu >= CLOSE else now + AGAIN


def is_probe(b: Block, one: Sent) -> bool:
    """Tell whether a segment is the probe."""
    return b.probe is not None and one.start == b.probe[0] and one.end == b.probe[1]


def _shrink(b: Block, mtu: int) -> None:
    _now(b, mtu)
    for one in list(b.flight.segments):
        if one.end - one.start > b.mss:
            b.flight.hold_for_lost(one)
    b.recovery.force = True


def _now(b: Block, mtu: int) -> None:
    before = b.mtu
    resize(b, mtu)
    b.congestion.resized(b.mss)
    if mtu != before:
        b.events.append(PathMtu(mtu, b.mss))
