"""``rawkit load``: how many answers a server gives, and how long they take."""

import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rawkit.cli.errors import INTERRUPTED, NO_ANSWER, OK, TROUBLE, complain, write
from rawkit.cli.load_options import LoadOptions, parse
from rawkit.errors import ConnectionFailed, NameNotFound

if TYPE_CHECKING:
    from rawkit.posix.load import Load


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.load_help import help_text

        write(help_text())
    elif options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit load {version()}\n")
    else:
        return _load(options)
    return OK


def _load(options: LoadOptions) -> int:
    from rawkit.posix.load import load

    test = load(options.word, options=tuple(options.settings), **options.limits)
    try:
        with _interrupts(test):
            test.run()
    except (ConnectionFailed, NameNotFound) as error:
        complain("load", error)
        local = isinstance(error, ConnectionFailed) and error.is_local
        return TROUBLE if local else NO_ANSWER
    return _say(options, test)


@contextmanager
def _interrupts(test: "Load") -> Iterator[None]:
    """Have the first Ctrl-C end the test in good order; a second one is in a hurry."""

    def stop(*_: object) -> None:
        if test.is_stopped or not test.is_begun:
            raise KeyboardInterrupt
        test.stop()

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _say(options: LoadOptions, test: "Load") -> int:
    """Print what was found, and return the exit code."""
    found = test.report
    code = OK if found.is_whole else NO_ANSWER
    if test.is_stopped:
        code = INTERRUPTED
    peer = test.peer or test.address
    if options.json:
        from rawkit.cli.load_json import report as in_json

        write(in_json(test.address, peer, found, code))
        return code
    from rawkit.cli.load_text import report

    write("".join(f"{line}\n" for line in report(str(peer), found)))
    for doubt in found.doubts:
        complain("load", doubt)
    return code
