"""What ``rawkit sockopt --json`` prints: one object a line (:mod:`rawkit.cli.records`)."""

from rawkit.cli.records import Schema, Value, line
from rawkit.cli.sockopt_text import level_of
from rawkit.errnos.table import name_of
from rawkit.posix.option_values import values_of
from rawkit.posix.options import Reading
from rawkit.sockets.known.option import FORMS, KnownOption

WHOSE = ("socket_address", "peer_address", "pid", "descriptor")
TABLE = (
    *("option_name", "option_level", "option_number", "about", "option_unit", "settable"),
    *("takes", "since_kernel", "needs_capability"),
)
SCHEMA: Schema = {
    "socket": (*WHOSE, "listening"),
    "option": (*WHOSE, *TABLE, "option_value", "errno_name"),
    "table": TABLE,
}
Whose = dict[str, Value]
"""The fields of ``WHOSE``."""


def socket_line(whose: Whose, *, listening: bool) -> str:
    """Return the object of a socket."""
    return line("sockopt", "socket", None, {**whose, "listening": listening})


def option_line(whose: Whose, found: Reading) -> str:
    """Return the object of an option of a socket."""
    problem = name_of(found.problem) if found.problem else None
    values = {**whose, **_facts(found.known), "option_value": found.value, "errno_name": problem}
    return line("sockopt", "option", None, values)


def table_line(known: KnownOption) -> str:
    """Return the object of an option in the table."""
    return line("sockopt", "table", None, _facts(known))


def _facts(known: KnownOption) -> dict[str, Value]:
    option = known.option
    return {
        "option_name": known.name,
        "option_level": level_of(known),
        "option_number": option.number,
        "about": known.about,
        "option_unit": FORMS[known.form] or None,
        "settable": known.is_settable,
        "takes": values_of(known) if known.is_settable else None,
        "since_kernel": option.since or None,
        "needs_capability": option.capability,
    }
