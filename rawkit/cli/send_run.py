"""``rawkit send`` at work: packets come from somewhere, leave, and are told of."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from rawkit.api.preview import foreseen
from rawkit.api.send import Sending
from rawkit.api.send_events import PacketSent, SendEvent
from rawkit.cli.errors import NO_ANSWER, OK, TROUBLE, complain, write
from rawkit.cli.packet_options import packets, ways
from rawkit.cli.packet_sources import tell
from rawkit.cli.send_options import SendOptions
from rawkit.errors import RawkitError
from rawkit.wire.link import Direction

if TYPE_CHECKING:
    from rawkit.api.outgoing import Outgoing, Sendable
    from rawkit.api.send_events import SendOptions as SendWords
    from rawkit.cli.sent_file import SentFile


def send(options: SendOptions) -> int:
    """Send all packets; return 1 if one was refused."""
    with ExitStack() as files:
        sink = None
        if options.pcap:
            from rawkit.cli.sent_file import SentFile

            sink = SentFile(options.pcap)
            files.callback(sink.close)
        run = Run(packets(options, files), options, sink)
        try:
            run.run()
        except KeyboardInterrupt:
            pass
        except (RawkitError, OSError) as error:
            if isinstance(error, BrokenPipeError) or not run.has_begun:
                raise
            tell("send", error)
            run.end()
            return TROUBLE
        return run.end()


class Run(Sending):
    """A run of packets, printed."""

    def __init__(
        self, source: "Iterator[Sendable]", options: SendOptions, sink: "SentFile | None"
    ) -> None:
        """Prepare to send.

        Args:
            source: the packets.
            options: what is to be told of them.
            sink: a capture file for what was sent.
        """
        self._asked = options
        self._sink = sink
        self._tells = (options.verbose or options.dump) and not options.quiet
        words: SendWords = {
            **ways(options),
            "fragment": options.fragment,
            "count": options.count,
            "interval": options.interval,
            "seed": options.seed,
            "announce": self._take if self._tells or sink is not None else None,
        }
        super().__init__(source, words)
        self.has_begun = False

    def begins(self, out: "Outgoing") -> None:
        """Print the first packet, which is ready."""
        self.has_begun = True
        if not (self._tells or self._asked.quiet or self._asked.json):
            from rawkit.cli.send_text import opening_text

            write(opening_text(foreseen(out, self._options)))

    def end(self) -> int:
        """Print the summary, and return the exit code."""
        report = self.report()
        if self._asked.json:
            from rawkit.cli.send_json import summary_line

            write(summary_line(report))
        else:
            from rawkit.cli.send_text import refusal_text, summary_text

            if not self._asked.quiet:
                write(summary_text(report))
            if report.refused:
                complain("send", refusal_text(report))
        return OK if report.sent and not report.refused else NO_ANSWER

    def _take(self, event: SendEvent) -> None:
        """Print and write down what became of a packet."""
        if self._tells:
            write(self._told(event))
        if self._sink is None or not isinstance(event, PacketSent):
            return
        packet, octets = event.packet, event.octets
        if event.link is not None:
            packet, octets = event.link / packet, event.link.pack(octets)
        self._sink.add(packet, octets, event.interface, Direction.OUT)

    def _told(self, event: SendEvent) -> str:
        options = self._asked
        if options.json:
            from rawkit.cli.send_json import event_line

            return event_line(event, verbose=options.verbose, dump=options.dump)
        if isinstance(event, PacketSent):
            from rawkit.cli.send_text import packet_text

            return packet_text(event, verbose=options.verbose, dump=options.dump)
        return f"{event.packet}\n  {event.error}\n"
