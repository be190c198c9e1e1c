"""What the command lines of ``rawkit send`` and ``rawkit exchange`` have in common."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING

from rawkit.errors import UsageError

if TYPE_CHECKING:
    from rawkit.api.outgoing import OutgoingOptions, Sendable


class PacketOptions:
    """Which packets, by which way, and what is to be told of them."""

    layer: str = "auto"
    interface: str | None = None
    via: str | None = None
    mark: int | None = None
    fragment: bool | int | None = None
    seed: int = 0
    hex: bool = False
    pcap_in: str = ""
    pcap: str = ""
    dry_run: bool = False
    verbose: bool = False
    dump: bool = False
    quiet: bool = False
    json: bool = False
    help: bool = False
    show_version: bool = False
    list_headers: str | None = None
    packet: str = ""

    @property
    def is_complete(self) -> bool:
        """Whether something is asked for that takes no packet."""
        return self.help or self.show_version or self.list_headers is not None

    def take(self, command: str, words: list[str]) -> None:
        """Take what is no option: the packet.

        Raises:
            UsageError: there is none, or more than one; or other options contradict.
        """
        if self.pcap_in and (words or self.hex):
            other = words[0] if words else "--hex"
            raise UsageError(f"either PACKET or --pcap-in, not {other!r} and a file")
        if self.dry_run and self.pcap:
            raise UsageError("--dry-run sends nothing that --pcap could write")
        if not words and not self.pcap_in:
            raise UsageError(f"no PACKET (rawkit {command} --help)")
        if len(words) > 1:
            raise UsageError(f"extra argument {words[1]!r}: one PACKET, in quotes for the shell")
        self.packet = words[0] if words else ""


def packets(options: PacketOptions, files: ExitStack) -> "Iterator[Sendable]":
    """Return the packets that are asked for.

    Args:
        options: where they are.
        files: what closes the file that they come from.
    """
    from rawkit.cli.packet_sources import packets_in_hex, packets_in_words, packets_of

    if options.pcap_in:
        from rawkit.capture.reader import read_capture

        return packets_of(files.enter_context(read_capture(options.pcap_in)), options.layer)
    if options.hex:
        return packets_in_hex(options.packet, options.layer)
    return packets_in_words(options.packet)


def ways(options: PacketOptions) -> "OutgoingOptions":
    """Return how packets are to go out, in the words of the library."""
    return {
        "layer": options.layer,
        "interface": options.interface,
        "via": options.via,
        "mark": options.mark,
    }
