"""``rawkit sockopt``: the options of a socket by name, with values, units and meanings."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

from rawkit.cli.errors import NO_ANSWER, OK, complain, write
from rawkit.cli.sockopt_options import SockOptOptions, parse
from rawkit.posix import options as socket_options
from rawkit.posix.options import Reading
from rawkit.sockets.known.option import KnownOption

if TYPE_CHECKING:
    from rawkit.cli.sockopt_json import Whose


class Shown(NamedTuple):
    """A socket to be shown."""

    sock: socket.socket
    title: str
    local: str | None
    peer: str | None = None
    pid: int | None = None
    descriptor: int | None = None
    listening: bool = False

    @property
    def is_ours(self) -> bool:
        """Whether it was opened to be shown, so that nobody else wants to know its errors."""
        return self.descriptor is None


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.sockopt_help import help_text

        write(help_text())
        return OK
    if options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit sockopt {version()}\n")
        return OK
    if options.list:
        write("".join(_catalogue(options)))
        return OK
    with ExitStack() as stack:
        return _show(options, stack)


def _show(options: SockOptOptions, stack: ExitStack) -> int:
    from rawkit.cli import sockopt_sockets

    wanted = _chosen(options.names)
    found = list(sockopt_sockets.of(options, stack))
    if not found:
        complain("sockopt", f"process {options.pid} has no socket")
        return NO_ANSWER
    if len(found) > 1 and not wanted:
        write("".join(_titles(found, options)))
        return OK
    answered = [_readings(one, wanted, options) for one in found]
    write("".join(_texts(found, answered, options)))
    known = {reading.known.name for readings in answered for reading in readings}
    for name in options.names:
        if not any(one.name in known for one in _chosen([name])):
            complain("sockopt", f"{name.upper()}: this kind of socket has none")
            return NO_ANSWER
    return OK


def _chosen(names: Sequence[str]) -> list[KnownOption]:
    """Return the options that names and patterns choose, in the order of the table.

    Raises:
        UsageError: there is no such option.
    """
    from fnmatch import fnmatchcase

    from rawkit.errors import UsageError
    from rawkit.sockets.known.table import find, table

    chosen: set[str] = set()
    for name in names:
        if not any(letter in name for letter in "*?["):
            chosen.add(find(name).name)
            continue
        like = {one.name for one in table() if fnmatchcase(one.name, name.upper())}
        if not like:
            raise UsageError(f"no socket option is like {name!r} (rawkit sockopt --list)")
        chosen |= like
    return [one for one in table() if one.name in chosen]


def _readings(one: Shown, wanted: Sequence[KnownOption], options: SockOptOptions) -> list[Reading]:
    """Return what is to be shown of a socket."""
    if not wanted:
        every = socket_options.readings(one.sock)
        return [reading for reading in every if options.all or not reading.problem]
    found = [socket_options.read(one.sock, known, take=one.is_ours) for known in wanted]
    return [reading for reading in found if not reading.is_absent]


def _catalogue(options: SockOptOptions) -> Iterator[str]:
    from rawkit.cli import sockopt_json, sockopt_text
    from rawkit.sockets.known.table import table

    known = _chosen(options.names) or table()
    if options.json:
        yield from map(sockopt_json.table_line, known)
    else:
        yield from (f"{line}\n" for line in sockopt_text.catalogue(known))


def _titles(found: Sequence[Shown], options: SockOptOptions) -> Iterator[str]:
    """Yield a line for each socket."""
    from rawkit.cli import sockopt_json

    for one in found:
        if options.json:
            yield sockopt_json.socket_line(_whose(one), listening=one.listening)
        else:
            yield f"{one.descriptor:4}  {one.title}\n"


def _texts(
    found: Sequence[Shown], answered: Sequence[list[Reading]], options: SockOptOptions
) -> Iterator[str]:
    from rawkit.cli import sockopt_json, sockopt_text

    separator = ""
    for one, readings in zip(found, answered, strict=True):
        if options.json:
            yield from (sockopt_json.option_line(_whose(one), reading) for reading in readings)
            continue
        if not readings:
            continue
        yield separator
        separator = "\n"
        number_there = "" if one.descriptor is None else f"descriptor {one.descriptor}: "
        yield f"{number_there}{one.title}\n"
        yield from (f"{line}\n" for line in sockopt_text.listing(readings))


def _whose(one: Shown) -> "Whose":
    return {
        "socket_address": one.local,
        "peer_address": one.peer,
        "pid": one.pid,
        "descriptor": one.descriptor,
    }
