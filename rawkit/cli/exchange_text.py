"""What ``rawkit exchange`` prints for people."""

import shutil
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from rawkit.cli.send_text import counted, indented
from rawkit.engine.exchange_events import Answered, ExchangeReport
from rawkit.wire.packet import Packet
from rawkit.wire.quote import says
from rawkit.wire.relation import Relation

if TYPE_CHECKING:
    from rawkit.cli.exchange_options import ExchangeOptions

WIDE = 100
"""Columns from which on question and answer stand side by side."""
WORDS = {
    Relation.REPLY: "reply",
    Relation.ERROR: "error",
    Relation.ADVICE: "advice",
    Relation.ALTERED: "no reply, but altered",
    Relation.PARTIAL: "too short to tell",
}


class ExchangeText:
    """Prints questions and answers."""

    def __init__(self, options: "ExchangeOptions") -> None:
        """Prepare to print; side by side, if that is wanted or there is room."""
        self._dump = options.dump
        columns = shutil.get_terminal_size((WIDE, 24)).columns if sys.stdout.isatty() else 0
        self._width = columns if columns >= WIDE else WIDE if options.verbose else None

    def question(self, asked: Packet) -> str:
        """Return a question that is being asked."""
        return f"{asked}\n"

    def answer(self, left: Packet, event: Answered) -> str:
        """Return something that came because of a question.

        Args:
            left: the question as it left.
            event: what came.
        """
        packet = event.packet
        title = f"{WORDS[event.relation]} after {event.rtt * 1000:.3f} ms"
        said = "".join(f", {words}" for words in _said(event))
        if self._width is None:
            text = f"  {title}{said}: {packet}\n"
        else:
            from rawkit.cli.exchange_table import table

            text = f"  {title}{said}\n"
            text += indented(
                "\n".join(table(left, packet, ("question", "answer"), self._width - 2))
            )
        if self._dump:
            from rawkit.wire.text import hexdump

            text += indented(hexdump(bytes(packet)))
        return text

    def outcome(self, report: ExchangeReport, options: "ExchangeOptions", *, is_over: bool) -> str:
        """Return what became of a question, if no answer has said it.

        Args:
            report: all that is known.
            options: what was asked for.
            is_over: whether it was waited for to the end.
        """
        words = "".join(f"  {remark}\n" for remark in _remarks(report))
        if not report.kept and report.sent:
            times = counted(report.sent, "time")
            waited = f"within {options.timeout:g} s" if is_over else "so far"
            words += f"  no answer {waited}, sent {times}\n"
        elif options.all:
            answers = counted(report.answers, "reply").replace("replys", "replies")
            errors = f", {counted(report.errors, 'error')}" if report.errors else ""
            words += f"  {answers}{errors}\n"
        return words


def _said(event: Answered) -> Iterator[str]:
    """Yield what is to be said of an answer beside its fields."""
    message = next((h for h in event.packet.headers if h.QUOTES is not None), None)
    if message is not None:
        yield says(message)
    if event.asked > 1:
        yield f"sent {event.asked} times by then"


def _remarks(report: ExchangeReport) -> Iterator[str]:
    if report.damaged:
        yield f"{counted(report.damaged, 'answer')} with a wrong checksum: not counted"
    if report.lost_here:
        yield f"{counted(report.lost_here, 'packet')} dropped by this host unread"
