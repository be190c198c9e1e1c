"""What ``rawkit decode --stats`` prints: packets by protocol, and who talks to whom."""

from collections.abc import Iterator, Mapping

from rawkit.capture.blocks import Interface, Statistics
from rawkit.engine.tally import Talk, Tally

MOST_TALKS = 20
"""Conversations that are printed; those who say most come first."""
KILO = 1000
UNITS = ("", "k", "M", "G", "T")


def stats_text(tally: Tally, counted: Mapping[Interface, Statistics]) -> str:
    """Return the statistics of packets as text.

    Args:
        tally: what was counted.
        counted: what the file says that interfaces have counted.
    """
    parts = [_totals(tally, counted)]
    if tally.protocols:
        parts.append(_protocols(tally))
    if talks := tally.talks:
        parts.append(_talks(talks))
        if (more := len(talks) - MOST_TALKS) > 0:
            parts[-1] += f"and {more} more conversations (--json has them all)\n"
    return "\n".join(parts)


def _totals(tally: Tally, counted: Mapping[Interface, Statistics]) -> str:
    count, span = tally.all, tally.duration
    line = f"{count.packets} packets, {count.octets} octets"
    if span is not None:
        line += f" in {span:.6f} s"
    if span:
        bits = count.octets * 8 / span
        line += f": {count.packets / span:.1f} packets/s, {_short(bits)}bit/s"
    remarks = [f"{number} {what}" for number, what in _oddities(tally, counted) if number]
    return f"{line}\n" + "".join(f"  {remark}\n" for remark in remarks)


def _oddities(tally: Tally, counted: Mapping[Interface, Statistics]) -> Iterator[tuple[int, str]]:
    yield tally.cut, f"cut short ({tally.captured_octets} octets are here)"
    yield tally.bad, "with a bad checksum"
    yield tally.unfinished, "with a checksum left to the hardware"
    yield tally.unread, "with something in them that makes no sense"
    yield tally.forgotten, "of conversations for which there was no room"
    lost = sum((told.os_dropped or 0) + (told.dropped or 0) for told in counted.values())
    yield lost, "not captured, as the file says"


def _protocols(tally: Tally) -> str:
    rows = ["packets        octets  protocol\n"]
    for chain in sorted(tally.protocols):
        count = tally.protocols[chain]
        name = f"{'  ' * (len(chain) - 1)}{chain[-1]}"
        rows.append(f"{count.packets:>7}  {count.octets:>12}  {name}\n")
    return "".join(rows)


def _talks(talks: list[Talk]) -> str:
    rows = ["packets        octets  packets        octets      seconds  conversation\n"]
    for talk in talks[:MOST_TALKS]:
        forth, back, span = talk.forth, talk.back, talk.duration
        shown = "?" if span is None else f"{span:.6f}"
        rows.append(
            f"{forth.packets:>7} >{forth.octets:>12}  {back.packets:>7} <{back.octets:>12}"
            f"  {shown:>11}  {talk.protocol} {talk.first} <> {talk.other}\n"
        )
    return "".join(rows)


def _short(number: float) -> str:
    """Return a number with three digits and a prefix of its unit."""
    for unit in UNITS:
        if number < KILO or unit == UNITS[-1]:
            return f"{number:.3g} {unit}"
        number /= KILO
    raise AssertionError(number)
