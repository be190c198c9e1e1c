"""What every command does when something is wrong: one line on stderr, and an exit code."""

import os
import sys

from rawkit.errors import RawkitError

OK = 0
NO_ANSWER = 1
TROUBLE = 2
"""A usage error, or the system said no."""
INTERRUPTED = 130
"""128 + SIGINT, as shells have it."""
BROKEN_PIPE = 141
"""128 + SIGPIPE: nobody reads the output any more."""


class WriteError(RawkitError):
    """The output cannot be written, for another reason than that nobody reads it."""


def write(text: str) -> None:
    """Print to stdout at once.

    Raises:
        BrokenPipeError: nobody reads it any more.
        WriteError: the disk is full, or the like.
    """
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:
        raise
    except OSError as error:
        raise WriteError(f"write error: {error.strerror}") from error


def complain(command: str, message: object) -> None:
    """Say one line on stderr, whatever line breaks the message holds."""
    text = " ".join(str(message).split("\n"))
    try:
        sys.stderr.write(f"rawkit {command}: {text}\n" if command else f"rawkit: {text}\n")
        sys.stderr.flush()
    except OSError:
        pass  # stderr is gone, too: there is nobody left to tell


def cause_of(error: Exception) -> str:
    """Return what an error says, without the bracketed number of a bare ``OSError``."""
    if isinstance(error, OSError) and error.strerror and type(error).__module__ == "builtins":
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return str(error) or type(error).__name__


def abandon_output() -> None:
    """Send what is still buffered for stdout nowhere: there is no place for it any more."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.close(nowhere)
