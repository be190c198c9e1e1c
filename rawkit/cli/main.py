"""The command line: ``rawkit COMMAND …``. Only the chosen command is imported."""

import sys
from collections.abc import Callable, Sequence
from io import TextIOWrapper

from rawkit.cli import startup
from rawkit.cli.errors import (
    BROKEN_PIPE,
    INTERRUPTED,
    OK,
    TROUBLE,
    abandon_output,
    cause_of,
    complain,
    write,
)
from rawkit.errors import RawkitError

QUICK = ("ping", "trace", "resolve")
"""Commands that say themselves when they have started."""

Command = Callable[[Sequence[str]], int]

COMMANDS = {
    "ping": "ask hosts whether they are there, and how far away (ping(8)'s letters)",
    "trace": "find the routers on the way to a host (traceroute(8)'s letters)",
    "pmtu": "find the largest packet that reaches a host whole (tracepath(8)'s letters)",
    "resolve": "ask who on the link has an address, by ARP or NDP (arping(8)'s letters)",
    "send": "send packets of your own making, or say what would become of them",
    "exchange": "send a packet of your own making, and show what answers it",
    "sniff": "hear what passes on a link, or on all (tcpdump(8)'s letters)",
    "decode": "read captures and octets in hexadecimal, and print them as sniff does",
    "replay": "send a capture once more, in its time or another (tcpreplay(1)'s letters)",
    "serve": "serve clients: echo and its like, by thirteen models, at any kind of address",
    "handshake": "open a TCP connection by hand, and show its three segments",
    "connect": "connect to an address of any kind, and say why not (nc(1)'s manner)",
    "check": "try what unkind clients and bad days do to anybody's echo server",
    "load": "ask a server again and again: how many answers, and how long they take",
    "resolve-name": "show what the resolver makes of a name, and where it has that from",
    "errno": "say what an error of a socket means, why it came, and what to do",
    "sockaddr": "show the octets that bind and connect are given for an address",
    "sockopt": "show the options of a socket, ours or another process's",
    "demo": "show what sockets do that surprises, measured here and now",
    "lab": "build a network in namespaces, and run things in it",
    "caps": "show what this process may do, and what that allows",
    "doctor": "check this machine: what works, what does not, and the way out",
}
"""Each is ``rawkit/cli/NAME.py``, ``-`` being ``_``, whose ``main`` takes the arguments and returns
an exit code."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 answered, 1 not answered, 2 trouble."""
    words = sys.argv[1:] if argv is None else argv
    _have_standard_streams()
    name = words[0] if words and not words[0].startswith("-") else ""
    try:
        code = _run(name, words)
        sys.stdout.flush()
    except BrokenPipeError:
        abandon_output()
        return BROKEN_PIPE
    except KeyboardInterrupt:
        return INTERRUPTED
    except (RawkitError, OSError) as error:
        complain(name if name in COMMANDS else "", cause_of(error))
        return TROUBLE if _output_works() else _abandoned()
    finally:
        startup.end()
    return code


def _run(name: str, words: Sequence[str]) -> int:
    if name in COMMANDS:
        return _command(name)(words[1:])
    match words:
        case ["-h" | "--help" | "help", *_]:
            write(usage())
            return OK
        case ["-V" | "--version", *_]:
            write(f"rawkit {version()}\n")
            return OK
        case []:
            complain("", f"no command: {', '.join(COMMANDS)} (rawkit --help says what they do)")
        case _:
            complain("", _unknown(words[0]))
    return TROUBLE


def _command(name: str) -> Command:
    from importlib import import_module

    startup.begin()
    command: Command = import_module(f"rawkit.cli.{name.replace('-', '_')}").main
    if name not in QUICK:
        startup.end()
    return command


def usage() -> str:
    """Return what ``rawkit --help`` prints."""
    lines = [f"  {name:13} {about}" for name, about in COMMANDS.items()]
    return "\n".join(
        (
            "Usage: rawkit COMMAND [options] …",
            "",
            "Raw sockets and packets, from the wire up.",
            "",
            "Commands:",
            *lines,
            "",
            "  rawkit COMMAND --help    what a command takes, with examples",
            "  rawkit --version         the version",
            "",
            "Exit code: 0 answered, 1 not answered, 2 usage or other error.",
            "",
        )
    )


def version() -> str:
    """Return the version of the installed rawkit."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as version_of

    try:
        return version_of("rawkit")
    except PackageNotFoundError:
        return "(not installed)"


def suggestion(word: str, known: Sequence[str]) -> str:
    """Return `` (did you mean …?)`` for the known word most like this one, or nothing."""
    from difflib import get_close_matches

    close = get_close_matches(word, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _unknown(word: str) -> str:
    if word.startswith("-"):
        return f"no option {word!r} before the command: rawkit COMMAND {word} …"
    known = suggestion(word, tuple(COMMANDS))
    return f"no command {word!r}{known or ': ' + ', '.join(COMMANDS)}"


def _have_standard_streams() -> None:
    """Open /dev/null for streams the caller closed, so that no socket takes their place.

    A letter that the encoding of stdout does not have becomes a question mark.
    """
    for stream, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, stream) is None:
            setattr(sys, stream, open("/dev/null", mode))  # noqa: SIM115  # kept open
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")


def _output_works() -> bool:
    try:
        sys.stdout.flush()
    except OSError:
        return False
    return True


def _abandoned() -> int:
    abandon_output()
    return TROUBLE
