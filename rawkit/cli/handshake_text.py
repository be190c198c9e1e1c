"""What ``rawkit handshake`` prints for people."""

from rawkit.endpoint.handshake import Handshake
from rawkit.endpoint.narration import Shown
from rawkit.tcp.flow import Flow
from rawkit.tcp.packets import packet_of
from rawkit.tcp.segment import WRAP, Segment
from rawkit.wire.tcp import TCP
from rawkit.wire.text_tcp import describe_segment

INDENT = " " * 11


def begins(handshake: Handshake, *, verbose: bool) -> str:
    """Return the first line."""
    flow, host = handshake.flow, handshake.host
    line = f"handshake {flow}"
    if verbose:
        guard = ", ".join(host.guard_layers) or "none"
        line += f" ({host.link.name} link; guard: {guard})"
    return line + "\n"


def segment(handshake: Handshake, shown: Shown, *, reasons: bool) -> str:
    """Return the lines of one segment."""
    return explained(handshake.flow, shown, reasons=reasons)


def explained(flow: Flow, shown: Shown, *, reasons: bool) -> str:
    """Return the lines of one segment: when, which way, what it says; and what it did."""
    arrow = "->" if shown.is_ours else "<-"
    tcp = packet_of(flow, shown.segment).get(TCP)
    words = "" if tcp is None else describe_segment(tcp, len(shown.segment.payload))
    lines = [f"{shown.at * 1000:7.3f} ms {arrow} {words}"]
    if reasons:
        state = str(shown.after)
        if shown.before is not shown.after:
            state = f"{shown.before} to {shown.after}"
        lines.append(f"{INDENT}{state}: {shown.reason}")
    return "\n".join([*lines, ""])


def ends(handshake: Handshake) -> str:
    """Return the last line: what both sides agreed on; empty: they did not."""
    found = handshake.established
    if found is None:
        return ""
    agreed = found.agreed
    words = [f"MSS {agreed.mss}"]
    if agreed.scaling:
        words.append(f"windows shifted by {agreed.send_shift} and {agreed.receive_shift}")
    words += [
        name
        for name, is_used in (
            ("SACK", agreed.sack),
            ("timestamps", agreed.timestamps),
            ("ECN", agreed.ecn),
        )
        if is_used
    ]
    rtt = "unknown" if found.rtt is None else f"{found.rtt * 1000:.3f} ms"
    return f"established: round trip {rtt}, {', '.join(words)}\n"


def numbers(one: Segment) -> tuple[int, int]:
    """Return sequence and acknowledgment number as they are on the wire."""
    return one.sequence & WRAP, one.acknowledgment & WRAP
