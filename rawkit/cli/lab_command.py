"""The command in a lab: addresses in its words, and what surrounds it."""

import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rawkit.errors import UsageError

if TYPE_CHECKING:
    from rawkit.lab.topology import Node

PLACEHOLDER = re.compile(r"(?<!\$)\{([a-z]+(?:[0-9]*|[0-9]+_6))\}")
"""Not ``${first}``, which is the shell's."""
STEMS = frozenset(("router", "leaf", "path"))
"""Names with a number that some shape has."""


def split(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return our own words and those of the command, which is what follows ``--``."""
    words = list(argv)
    if "--" not in words:
        return words, []
    at = words.index("--")
    if at == len(words) - 1:
        raise UsageError("-- is followed by no command; leave it out for a shell")
    return words[:at], words[at + 1 :]


def filled(command: Sequence[str], known: Mapping[str, str]) -> list[str]:
    """Return the command with addresses in place of their names.

    Raises:
        UsageError: a name looks like that of a node, but there is no such node.
    """
    stems = {_stem(role) for role in known} | STEMS

    def address(match: re.Match[str]) -> str:
        role = match[1]
        if role not in known and _stem(role) in stems:
            raise UsageError(f"there is no {{{role}}} in this lab: {' '.join(sorted(known))}")
        return known.get(role, match[0])

    return [PLACEHOLDER.sub(address, word) for word in command]


def names_of(role: str, ipv4: object, ipv6: object) -> dict[str, str]:
    """Return both names of a role: ``last`` and ``last6``, ``router1`` and ``router1_6``."""
    role6 = f"{role}_6" if role[-1].isdigit() else f"{role}6"
    return {role: str(ipv4), role6: str(ipv6)}


def table(words: Sequence[str], known: Mapping[str, str]) -> dict[str, list[str]]:
    """Return the addresses of each name out of words such as ``db.example={last}``.

    Raises:
        UsageError: a word is none of that kind.
    """
    found: dict[str, list[str]] = {}
    for word, text in zip(words, filled(words, known), strict=True):
        name, equals, address = text.partition("=")
        if not equals or not name:
            raise UsageError(f"--host: {word!r} is not NAME=ADDRESS")
        found.setdefault(name, []).append(address)
    return found


def run_in(
    node: "Node", shape: str, argv: list[str], names: Mapping[str, Sequence[str]] | None = None
) -> int:
    """Run a command, or a shell if there is none, in a node; return its exit status.

    Args:
        node: where.
        shape: of the lab.
        argv: the command.
        names: those that the node is to know, and their addresses.
    """
    from rawkit.lab.command import run_command

    if names:
        node.know(names)
    environment = _environment(shape, node)
    if not argv:
        return run_command(node, _shell(environment["PS1"]), environment, has_jobs=True)
    return run_command(node, argv, environment)


def _stem(role: str) -> str:
    return role.removesuffix("_6").rstrip("0123456789")


def _environment(shape: str, node: "Node") -> dict[str, str]:
    """Return our environment, with this installation's programs first in the path."""
    started = sys.argv[0] if sys.argv else ""
    places = [os.path.dirname(os.path.abspath(started))] if os.path.isfile(started) else []
    places.append(os.path.dirname(sys.executable))
    path = os.environ.get("PATH", os.defpath)
    return {
        **os.environ,
        "PATH": os.pathsep.join([*dict.fromkeys(places), path]),
        "PS1": f"[{shape} {node.name}] $ ",
        "RAWKIT_LAB": shape,
    }


def _shell(prompt: str) -> list[str]:
    """Return the command for an interactive shell whose prompt shows the lab."""
    shell = os.environ.get("SHELL") or "/bin/sh"
    if os.path.basename(shell) != "bash":
        return [shell]  # most take PS1 from the environment
    settings = os.memfd_create("bashrc", 0)
    with os.fdopen(settings, "w", closefd=False) as file:
        file.write(f'[ -r ~/.bashrc ] && . ~/.bashrc\nPS1="{prompt}"\n')
    return [shell, "--rcfile", f"/proc/self/fd/{settings}"]
