"""What ``rawkit send`` prints for people: a preview, packets, and how many there were."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rawkit.wire.address import MAC
from rawkit.wire.dissect import dissect
from rawkit.wire.packet import Packet
from rawkit.wire.text import hexdump, tree

if TYPE_CHECKING:
    from rawkit.api.preview import Preview
    from rawkit.api.send_events import PacketSent, SendReport

LABEL = 9
INDENT = "  "
MANY = 10
"""Packets from which on a rate means something."""


def preview_text(foreseen: "Preview", *, verbose: bool, dump: bool) -> str:
    """Return what will become of a packet.

    Args:
        foreseen: the preview.
        verbose: with every field.
        dump: with its octets.
    """
    labelled = (f"{INDENT}{label:<{LABEL}}{said}\n" for label, said in _facts(foreseen))
    first, *others = foreseen.pieces
    left = [(first, foreseen.octets), *((piece, bytes(piece)) for piece in others)]
    shown = (shown_octets(piece, octets, verbose=verbose, dump=dump) for piece, octets in left)
    return f"{foreseen.packet}\n{''.join(labelled)}{''.join(shown)}"


def opening_text(foreseen: "Preview") -> str:
    """Return the first packet that is sent, and what the kernel changes in it."""
    changes = "".join(f"{INDENT}the kernel changes: {change}\n" for change in foreseen.changes)
    remarks = "".join(f"{INDENT}note: {remark}\n" for remark in foreseen.remarks)
    return f"{foreseen.packet}\n{changes}{remarks}"


def packet_text(sent: "PacketSent", *, verbose: bool, dump: bool) -> str:
    """Return a packet that was sent, with every field or its octets."""
    return f"{sent.packet}\n{shown_octets(sent.packet, sent.octets, verbose=verbose, dump=dump)}"


def shown_octets(packet: Packet, octets: bytes, *, verbose: bool, dump: bool) -> str:
    """Return octets as fields or as a hexdump; nothing, if neither is wanted.

    Args:
        packet: what the octets are of.
        octets: as they leave.
        verbose: show every field.
        dump: show the hexdump.
    """
    text = ""
    if verbose:
        first = packet.headers[0]
        text += indented(tree(dissect(octets, type(first).parse)))
    if dump:
        text += indented(hexdump(octets))
    return text


def summary_text(report: "SendReport") -> str:
    """Return how many packets were sent, where and how quickly."""
    words = f"{counted(report.sent, 'packet')} sent, {counted(report.octets, 'octet')}"
    if report.layer is not None:
        over = f" over {report.interface}" if report.interface else ""
        words += f", by {report.layer.value}{over}: {report.why}"
    if report.sent >= MANY:
        rate = (report.sent - 1) / report.elapsed
        words += f"\n{report.elapsed:.3f} s, {rate:.0f} packets a second"
    return f"{words}\n"


def refusal_text(report: "SendReport") -> str:
    """Return how many packets were refused, and why."""
    reason = (report.first_error or "").removeprefix("not sent: ")
    words = f"{counted(report.refused, 'packet')} refused: {reason}"
    others = len(report.errors) - 1
    return f"{words} (and {counted(others, 'other reason')})" if others else words


def counted(number: int, what: str) -> str:
    """Return a number and what it counts."""
    return f"{number} {what}{'' if number == 1 else 's'}"


def indented(text: str) -> str:
    """Return lines moved to the right."""
    return "".join(f"{INDENT}{row}\n" for row in text.splitlines())


def _facts(foreseen: "Preview") -> Iterator[tuple[str, str]]:
    yield "layer", f"{foreseen.layer.value}: {foreseen.why}"
    yield "socket", foreseen.socket
    if foreseen.interface is not None:
        via = f", by way of {foreseen.via}" if foreseen.via else ""
        yield "way", f"{foreseen.interface}, MTU {foreseen.mtu}{via}"
    if foreseen.layer.is_link and foreseen.neighbour is not None:
        is_known = isinstance(foreseen.neighbour, MAC)
        asked = "" if is_known else ", which is asked for its hardware address"
        yield "frame", f"to {foreseen.neighbour}{asked}"
    sizes = [len(bytes(piece)) for piece in foreseen.pieces]
    pieces = f" in {len(sizes)} fragments" if len(sizes) > 1 else ""
    yield "length", f"{sum(sizes)} octets{pieces}"
    for change in foreseen.changes:
        yield "changes", str(change)
    if foreseen.refusal is not None:
        yield "refused", foreseen.refusal
    for remark in foreseen.remarks:
        yield "note", remark
