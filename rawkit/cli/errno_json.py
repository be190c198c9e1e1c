"""What ``rawkit errno --json`` prints: one object a line, as :mod:`rawkit.cli.records` has it."""

import os

from rawkit.cli.errno_text import clause, words_of
from rawkit.cli.records import Schema, Value, line
from rawkit.errnos.icmp import Situation, Told
from rawkit.errnos.meaning import Meaning
from rawkit.errnos.resolver import ResolverError
from rawkit.errnos.table import name_of

SCHEMA: Schema = {
    "meaning": ("errno", "errno_name", "message", "call", "socket_kinds", "cause", "way_out"),
    "icmp": ("icmp_version", "icmp_type", "icmp_code", "message", "errno", "errno_name", "becomes"),
    "resolver": ("resolver_code", "errno_name", "cause", "way_out"),
}
PARTS: Schema = {"becomes": tuple(situation.value for situation in Situation)}


def meaning(one: Meaning) -> str:
    """Return the object of what an errno of a call means."""
    values: dict[str, Value] = {
        "errno": one.number,
        "errno_name": name_of(one.number),
        "message": os.strerror(one.number),
        "call": one.call,
        "socket_kinds": list(one.kinds),
        "cause": one.says,
        "way_out": one.way_out or None,
    }
    return line("errno", "meaning", None, values)


def icmp(told: Told, code: int | None = None) -> str:
    """Return the object of what becomes of an ICMP error.

    Args:
        told: what becomes of it.
        code: its code, if it was asked for.
    """
    code = told.code if code is None else code
    numbers = {situation.value: told.errno_in(situation) for situation in Situation}
    values: dict[str, Value] = {
        "icmp_version": told.version,
        "icmp_type": told.type,
        "icmp_code": code,
        "message": words_of(told, code),
        "errno": told.number or None,
        "errno_name": name_of(told.number) if told.number else None,
        "becomes": {name: name_of(number) if number else None for name, number in numbers.items()},
    }
    return line("errno", "icmp", None, values)


def resolver(one: ResolverError) -> str:
    """Return the object of what an error of the resolver means."""
    values: dict[str, Value] = {
        "resolver_code": one.number,
        "errno_name": one.name,
        "cause": clause(one),
        "way_out": one.way_out or None,
    }
    return line("errno", "resolver", None, values)
