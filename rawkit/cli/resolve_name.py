"""``rawkit resolve-name``: what the resolver makes of a name, and where it has that from."""

import signal
from collections.abc import Iterable, Sequence

from rawkit.cli import resolve_name_json, resolve_name_text
from rawkit.cli.errors import INTERRUPTED, NO_ANSWER, OK, TROUBLE, complain, write
from rawkit.cli.resolve_name_options import ResolveNameOptions, parse
from rawkit.errors import NameNotFound
from rawkit.host import names
from rawkit.host.name_questions import Answer


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.resolve_name_help import help_text

        write(help_text())
        return OK
    if options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit resolve-name {version()}\n")
        return OK
    # A silent name server holds whoever waits for it, Python's own handling of Ctrl-C too.
    before = signal.signal(signal.SIGINT, signal.SIG_DFL if options.timeout is None else _end)
    try:
        return _run(options)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        signal.signal(signal.SIGINT, before)


def _end(*_: object) -> None:
    raise KeyboardInterrupt


def _run(options: ResolveNameOptions) -> int:
    code = OK
    for number, word in enumerate(options.names):
        if number and not (options.json or options.quiet):
            write("\n")
        try:
            code = max(code, _one(word, options))
        except NameNotFound as error:
            complain("resolve-name", f"{error}{_what_libc_takes(word)}")
            code = TROUBLE
    return code


def _one(word: str, options: ResolveNameOptions) -> int:
    """Ask for one name, print what is said as it is said, and return the exit code."""
    if (address := names.numeric(word)) is not None:
        return _numeric(word, address, options)
    from rawkit.cli.resolve_name_run import answers, repetitions, surroundings

    told: list[Answer] = []
    for answer in answers(word, options):
        if not (told or options.json or options.quiet):
            write(f"{word}\n")
        told.append(answer)
        _tell(word, answer, options)
    first = told[0]
    around = surroundings(word, first.addresses)
    if not (options.json or options.quiet):
        write(_lines(resolve_name_text.rest(told, around)))
    for again in repetitions(word, first, options):
        if options.json:
            write(resolve_name_json.again(word, again))
        elif not options.quiet:
            write(_lines(resolve_name_text.again(again)))
    if options.json:
        write(resolve_name_json.name(word, first, around))
    return OK if first.addresses else NO_ANSWER


def _tell(word: str, answer: Answer, options: ResolveNameOptions) -> None:
    if options.quiet and not options.json:
        write("".join(f"{address}\n" for address in answer.addresses))
        if answer.error:
            complain("resolve-name", f"{word}: {answer.cause}")
    elif options.json:
        write(resolve_name_json.question(word, answer))
    else:
        write(_lines(resolve_name_text.answer(answer)))


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _numeric(word: str, address: names.Address, options: ResolveNameOptions) -> int:
    if options.version not in (None, address.version):
        raise NameNotFound(f"{word}: is an IPv{address.version} address, not IPv{options.version}")
    if options.json:
        write(resolve_name_json.numeric(word, address))
    else:
        write(f"{address if options.quiet else resolve_name_text.numeric(address)}\n")
    return OK


def _what_libc_takes(word: str) -> str:
    """Return what old functions take a word for that is no address here, if they do."""
    import socket

    if word.isascii() and word[:1].isdigit():
        try:
            return f"; inet_aton(3) takes it for {socket.inet_ntoa(socket.inet_aton(word))}"
        except OSError:
            pass
    return ""
