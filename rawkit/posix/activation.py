"""Sockets that systemd, or anybody who does as it does, has opened for us (sd_listen_fds(3))."""

import os

from rawkit.errors import UsageError
from rawkit.posix.address import KINDS, DescriptorAddress

FIRST = 3
VARIABLES = ("LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES", "LISTEN_PIDFDID")


def passed() -> tuple[DescriptorAddress, ...]:
    """Return the sockets that were passed to this process, and not to its parent.

    Raises:
        UsageError: the variables of the environment are no numbers.
    """
    words = [os.environ.get(name, "") for name in VARIABLES[:2]]
    if not all(words):
        return ()
    if not all(word.isascii() and word.isdecimal() for word in words):
        raise UsageError("LISTEN_PID and LISTEN_FDS in the environment are no numbers")
    pid, number = map(int, words)
    if pid != os.getpid():
        return ()
    return tuple(DescriptorAddress(KINDS["fd"], FIRST + place) for place in range(number))


def forget() -> None:
    """Let no child take them for its own."""
    for name in VARIABLES:
        os.environ.pop(name, None)
