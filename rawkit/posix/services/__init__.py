"""Services to serve: those of RFC 862 to 868, and some to learn by."""

from rawkit.errors import UsageError
from rawkit.posix.service import Offer
from rawkit.posix.services.files import receiver, sender
from rawkit.posix.services.plain import discard, echo, rot1, upper
from rawkit.posix.services.slow import DELAY, LONGEST_DELAY, slow
from rawkit.posix.services.spoken import chargen, daytime, qotd, time
from rawkit.posix.services.whoami import whoami

SERVICES: dict[str, Offer] = {
    one.name: one
    for one in (echo, discard, chargen, daytime, time, qotd, upper, rot1, whoami, slow(DELAY))
}
"""Those that need nothing to be told, by name."""
ARGUMENTS = {
    "slow": ("SECONDS", False, "how late its answers come"),
    "qotd": ("FILE", False, "quotations, a line % between them"),
    "send": ("FILE", True, "the file that every client gets"),
    "receive": ("DIRECTORY", True, "where what clients send is put"),
}
"""What can stand behind ``=``: its name, whether it must, what it is."""


def named(word: str) -> Offer:
    """Return the service that a word stands for: ``echo``, ``slow=0.5``, ``send=FILE``.

    Raises:
        UsageError: there is none, or its argument makes no sense.
        OSError: its file cannot be read.
    """
    name, has_argument, argument = word.partition("=")
    if name not in ARGUMENTS and name not in SERVICES:
        raise UsageError(f"no service {name!r}{_suggestion(name)}")
    if has_argument and name not in ARGUMENTS:
        raise UsageError(f"service {name} takes no argument")
    if not argument:
        if name in SERVICES and not has_argument:
            return SERVICES[name]
        what, _, about = ARGUMENTS[name]
        raise UsageError(f"service {name}={what}: {about}")
    match name:
        case "slow":
            return slow(_seconds(argument))
        case "qotd":
            from rawkit.posix.services.spoken import quoting

            return quoting(argument)
        case "send":
            return sender(argument)
    return receiver(argument)


def _seconds(word: str) -> float:
    try:
        seconds = float(word.removesuffix("s"))
    except ValueError:
        seconds = -1.0
    if not 0 <= seconds <= LONGEST_DELAY:
        raise UsageError(f"slow={word}: seconds, 0 to {LONGEST_DELAY:g}")
    return seconds


def _suggestion(name: str) -> str:
    from difflib import get_close_matches

    known = [*SERVICES, *(one for one in ARGUMENTS if one not in SERVICES)]
    close = get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else f": one of {', '.join(known)}"
