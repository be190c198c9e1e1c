"""tcpdump as a reader of captures, also where there is no other user to become."""

import shutil
from pathlib import Path

import pytest

AS_AN_ORDINARY_USER = ("unshare", "--user", "--map-user=1000")
"""In a user namespace below, where tcpdump sees that it is not root and stays who it is."""


def is_alone() -> bool:
    """Whether this is a user namespace with one user, as an ordinary user can make it.

    tcpdump that is run by root becomes a user of its own, and ends if it cannot.
    """
    return Path("/proc/self/setgroups").read_text().strip() == "deny"


def reader() -> tuple[str, ...]:
    """Return the words by which tcpdump is called to read, and not to listen."""
    if (found := shutil.which("tcpdump")) is None:
        pytest.skip("there is no tcpdump here (apt-get install it)")
    return (*AS_AN_ORDINARY_USER, found) if is_alone() else (found,)


def listener() -> str:
    """Return the program to listen by."""
    (*_, found) = reader()
    if is_alone():
        pytest.skip("tcpdump wants to be another user to listen, and nobody else is here")
    return found
