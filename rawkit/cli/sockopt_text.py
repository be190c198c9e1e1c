"""What ``rawkit sockopt`` prints."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from rawkit.posix.option_values import values_of
from rawkit.posix.options import Reading
from rawkit.sockets.known.option import KnownOption
from rawkit.sockets.known.table import LEVELS

NAME, VALUE, LONG_VALUE = 16, 8, 24
"""Least columns of a name and of a value; and how many a value may have to move others."""


def level_of(known: KnownOption) -> str:
    """Return the name of an option's level."""
    level = known.option.level
    return LEVELS.get(level, str(level))


def listing(found: Iterable[Reading]) -> Iterator[str]:
    """Yield values and meanings, level by level."""
    readings = list(found)
    name = max([NAME, *(len(one.known.name) for one in readings)])
    value = max([VALUE, *(len(str(one)) for one in readings if len(str(one)) <= LONG_VALUE)])
    for level, group in groupby(readings, key=lambda one: level_of(one.known)):
        yield level
        for one in group:
            yield f"  {one.known.name:{name}}  {one!s:{value}}  {one.known.about}".rstrip()


def catalogue(known: Iterable[KnownOption]) -> Iterator[str]:
    """Yield what the table says of options, level by level."""
    for level, group in groupby(known, key=level_of):
        options = list(group)
        yield f"{level} ({options[0].option.level})"
        for one in options:
            yield f"  {one.name} ({one.option.number}): {one.about}"
            yield f"    {'; '.join(_facts(one))}"


def _facts(known: KnownOption) -> Iterator[str]:
    yield f"takes {values_of(known)}" if known.is_settable else values_of(known)
    if known.access == "w":
        yield "cannot be read"
    if known.access == "take":
        yield "to read it takes what it tells"
    if known.option.since:
        yield f"since Linux {known.option.since}"
    if known.option.capability:
        yield f"to set it takes {known.option.capability}"
