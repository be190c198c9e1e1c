"""What ``rawkit sniff -D`` and ``-d`` print: the interfaces, and a filter as a program."""

from typing import TYPE_CHECKING

from rawkit.cli.sniff_options import SniffOptions
from rawkit.errors import UsageError

if TYPE_CHECKING:
    from rawkit.filters.filter import Filter


def interface_lines() -> str:
    """Return a line for each interface: its number, name, and what it is."""
    from rawkit.host.interfaces import LinkFlag, interfaces

    words = {
        LinkFlag.UP: "Up",
        LinkFlag.RUNNING: "Running",
        LinkFlag.LOOPBACK: "Loopback",
        LinkFlag.PROMISCUOUS: "Promiscuous",
    }
    lines = []
    for one in interfaces():
        flags = ", ".join(word for flag, word in words.items() if one.flags & flag) or "Down"
        addresses = "".join(f" {address.interface}" for address in one.addresses)
        lines.append(f"{one.index}.{one.name} [{flags}] {one.kind}, MTU {one.mtu}{addresses}\n")
    return "".join(lines)


def chosen_by(options: SniffOptions) -> "str | Filter":
    """Return the filter that was asked for.

    Raises:
        UsageError: its file cannot be read, or the program is none.
    """
    if options.bpf is not None:
        from rawkit.filters.filter import Filter

        return Filter.from_bpf(options.bpf)
    if options.filter_file is None:
        return " ".join(options.words)
    try:
        with open(options.filter_file, encoding="utf-8") as file:
            lines = [line.partition("#")[0] for line in file]
    except (OSError, UnicodeDecodeError) as error:
        cause = error.strerror if isinstance(error, OSError) else "it is no text"
        raise UsageError(f"cannot read the filter in {options.filter_file!r}: {cause}") from error
    return " ".join(" ".join(lines).split())


def program_lines(options: SniffOptions) -> str:
    """Return the program that the socket would be given, as ``tcpdump -d`` prints one."""
    from rawkit.api.capture_filter import socket_filter
    from rawkit.host.links import link
    from rawkit.wire.bpf_text import listing

    hardware = None if options.interface is None else link(options.interface).kind
    program = socket_filter(chosen_by(options), hardware, options.direction, options.snap_length)
    return listing(program) + "\n"
