"""``rawkit errno``: what an error of a socket call means, why it came, and what to do."""

from collections.abc import Iterator, Sequence

from rawkit.cli.errno_options import ErrnoOptions, IcmpError, icmp_error, parse
from rawkit.cli.errors import NO_ANSWER, OK, complain, write
from rawkit.errnos import resolver, table
from rawkit.errnos.icmp import TABLE, behind, told
from rawkit.errnos.resolver import ResolverError

Question = int | IcmpError | ResolverError
"""An errno, an ICMP error or an error of the resolver."""


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    options = parse(argv)
    if options.help:
        from rawkit.cli.errno_help import help_text

        write(help_text())
        return OK
    if options.show_version:
        from rawkit.cli.main import version

        write(f"rawkit errno {version()}\n")
        return OK
    questions = [_question(word) for word in options.words]
    if not questions:
        write("".join(_lists(options)))
        return OK
    found = [_answer(question, options) for question in questions]
    separator = "" if options.json else "\n"
    write(separator.join(answer for answer in found if answer))
    for question, answer in zip(questions, found, strict=True):
        if not answer:
            complain("errno", _unknown(question, options))
    return OK if all(found) else NO_ANSWER


def _question(word: str) -> Question:
    """Return what a word asks.

    Raises:
        UsageError: nothing that there could be an answer to.
    """
    if (error := icmp_error(word)) is not None:
        return error
    upper = word.upper()
    if upper.startswith("EAI_") or any(upper == one.name for one in resolver.GETHOSTBYNAME):
        return resolver.find(word)
    for one in resolver.GETADDRINFO:
        if word == str(one.number):
            return one
    return table.number_of(word)


def _answer(question: Question, options: ErrnoOptions) -> str:
    """Return all that is known; empty: nothing."""
    if isinstance(question, IcmpError):
        return _icmp(question, options)
    from rawkit.cli import errno_json, errno_text

    if isinstance(question, ResolverError):
        if options.json:
            return errno_json.resolver(question)
        return _lines(errno_text.resolver(question))
    found = list(table.meanings_of(question, options.call, options.kind))
    errors = [] if options.call or options.kind else list(behind(question))
    if options.json:
        objects = map(errno_json.meaning, found)
        return "".join((*objects, *map(errno_json.icmp, errors)))
    return _lines(errno_text.entry(question, found, errors)) if found or errors else ""


def _icmp(question: IcmpError, options: ErrnoOptions) -> str:
    from rawkit.cli import errno_json, errno_text

    found = told(question.version, question.type, question.code)
    if found is None:
        return ""
    if options.json:
        return errno_json.icmp(found, question.code)
    return _lines(errno_text.icmp_entry(found, question.code))


def _lists(options: ErrnoOptions) -> Iterator[str]:
    """Yield what is asked for without a word."""
    from rawkit.cli import errno_json, errno_text

    meanings = table.meanings_of(None, options.call, options.kind)
    everything = not (options.call or options.kind or options.icmp)
    if options.json:
        if not options.icmp:
            yield from map(errno_json.meaning, meanings)
        if everything or options.icmp:
            yield from map(errno_json.icmp, TABLE)
        if everything:
            yield from map(errno_json.resolver, resolver.EVERY)
    elif options.icmp:
        yield _lines(errno_text.icmp_table())
    elif everything:
        yield _lines(errno_text.overview(meanings))
    else:
        yield _lines(errno_text.of_call(meanings, whole=options.call is None))


def _unknown(question: Question, options: ErrnoOptions) -> str:
    """Return what to say where nothing is known."""
    if not isinstance(question, int):
        return "that is no ICMP error: sockets hear of errors only (rawkit errno --icmp lists them)"
    call = options.call or "no call"
    kind = f" on a {options.kind} socket" if options.kind else " on a socket"
    verb = "is not known" if options.call else "is known"
    return f"{call}{kind} {verb} to give {table.said(question)}"


def _lines(lines: Iterator[str]) -> str:
    return "".join(f"{line}\n" for line in lines)
