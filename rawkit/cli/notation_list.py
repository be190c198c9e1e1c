"""The headers of the packet notation, their fields, and the values that stand in these."""

import re
import types
from collections.abc import Iterator
from enum import IntEnum, IntFlag
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Union, get_args, get_origin

from rawkit.errors import UsageError
from rawkit.record import MISSING, Field, fields, record
from rawkit.wire.address import MAC
from rawkit.wire.notation_codecs import codec_of
from rawkit.wire.notation_names import HEADERS, LEFT_OUT, field_names, header_called, option_name
from rawkit.wire.notation_text import octets
from rawkit.wire.notation_values import hints_of, names_of
from rawkit.wire.packet import Header

MARKUP = re.compile(r":\w+:`[~.\w]*?(\w+)`")
WIDTH = 22
KINDS: dict[Any, str] = {
    IPv4Address: "IPv4 address",
    IPv6Address: "IPv6 address",
    MAC: "hardware address",
    bytes: "octets",
    str: "text",
    bool: "true or false",
    int: "number",
}
FEW = 24
"""Names of numbers that are listed; of more, as many and dots."""


@record
class FieldEntry:
    """A field of a header or of an option."""

    name: str
    """As it is written."""
    long_name: str
    """As the library has it, which does as well."""
    kind: str
    """Of its values, in words."""
    default: str | None
    """As it is written; ``None``: there is none."""
    is_computed: bool
    """Whether it is worked out if it is not given."""
    is_filled: bool
    """Whether the sender fills it in if it is not given."""

    def __str__(self) -> str:
        if self.is_computed:
            return f"{self.name}*"
        if self.is_filled:
            return f"[{self.name}]"
        return self.name if self.default is None else f"{self.name}={self.default}"


@record
class HeaderEntry:
    """A header."""

    name: str
    kind: type[Header]
    about: str
    fields: tuple[FieldEntry, ...]


def headers() -> Iterator[HeaderEntry]:
    """Yield every header, in the order of the table."""
    return map(entry_of, HEADERS)


def entry_of(name: str) -> HeaderEntry:
    """Return a header by its name.

    Raises:
        UsageError: there is none of that name.
    """
    kind = header_called(name)
    if kind is None:
        from rawkit.cli.main import suggestion

        known = suggestion(name, tuple(HEADERS)) or " (--list names all)"
        raise UsageError(f"no header {name!r}{known}")
    filled = LEFT_OUT.get(kind.__name__, ())
    return HeaderEntry(name, kind, about(kind), tuple(_entries(kind, filled)))


def values_in(kind: type[Any]) -> dict[str, tuple[type[Any], ...]]:
    """Return the records that may stand in fields of a header or of another record."""
    found = {}
    for field in fields(kind):
        codec = codec_of(kind, field.name) if issubclass(kind, Header) else None
        hint = hints_of(kind)[field.name] if codec is None else codec.hint
        if records := tuple(_records(hint)):
            found[field_names(kind)[field.name]] = records
    return found


def option_entries(kind: type[Any]) -> tuple[FieldEntry, ...]:
    """Return the fields of an option, or whatever else stands within a header."""
    return tuple(_entries(kind, ()))


def about(kind: type[Any]) -> str:
    """Return what a header or an option is, in a line."""
    line = (kind.__doc__ or "").strip().splitlines()[0]
    return MARKUP.sub(r"\1", line).replace("``", "")


def list_text() -> str:
    """Return a line for each header."""
    rows = (f"{one.name:<{WIDTH}}{' '.join(map(str, one.fields))}\n" for one in headers())
    return "".join(rows) + "\n* worked out, [ ] filled in by the sender, unless they are given\n"


def header_text(name: str) -> str:
    """Return all about one header.

    Raises:
        UsageError: there is none of that name.
    """
    one = entry_of(name)
    text = f"{name}: {one.about} ({one.kind.__module__}.{one.kind.__name__})\n"
    text += "".join(_field_rows(one.fields))
    return text + "".join(_value_rows(one.kind, ""))


def _value_rows(kind: type[Any], within: str) -> Iterator[str]:
    for field, kinds in values_in(kind).items():
        yield f"in {field}{within}:\n"
        for one in kinds:
            inside = " ".join(map(str, option_entries(one)))
            yield f"  {option_name(one):<{WIDTH - 2}}{inside}".rstrip() + "\n"
        for one in kinds:
            yield from _value_rows(one, f" of {option_name(one)}{within}")


def _field_rows(entries: tuple[FieldEntry, ...]) -> Iterator[str]:
    for one in entries:
        names = one.name if one.name == one.long_name else f"{one.name}, {one.long_name}"
        default = "worked out" if one.is_computed else one.default
        default = "filled in" if one.is_filled else default
        yield f"  {names:<28}{one.kind}{'' if default is None else f' ({default})'}\n"


def _entries(kind: type[Any], filled: tuple[str, ...]) -> Iterator[FieldEntry]:
    hints, short = hints_of(kind), field_names(kind)
    for field in fields(kind):
        if field.init:
            hint = hints[field.name]
            is_filled = field.name in filled and field.default is MISSING
            known_as = field.name if issubclass(kind, Header) else ""
            yield FieldEntry(
                short[field.name],
                field.name,
                _described(kind, field.name, _in_words(hint, known_as)),
                _default(field, hint, known_as),
                not field.compare,
                is_filled,
            )


def _described(kind: type[Any], field: str, words: str) -> str:
    """Return what stands in a field, and whether it may be values in place of octets."""
    codec = codec_of(kind, field) if issubclass(kind, Header) else None
    if codec is None or words.startswith("list"):
        return words
    return (
        f"{words}, or {'list below' if get_origin(codec.hint) is tuple else 'one of those below'}"
    )


def _default(field: Field, hint: Any, known_as: str) -> str | None:
    value = field.factory() if field.factory else field.default
    match value:
        case _ if value is MISSING:
            return None
        case None:
            return "none"
        case bool():
            return "true" if value else "false"
        case bytes():
            return octets(value)
        case tuple():
            return f"[{','.join(map(str, value))}]"
    names = {number: word for word, number in names_of(_number_kind(hint), known_as).items()}
    return names.get(value, str(int(value))) if isinstance(value, int) else str(value)


def _number_kind(hint: Any) -> Any:
    kinds = [one for one in get_args(hint) or (hint,) if isinstance(one, type)]
    return next((one for one in kinds if issubclass(one, IntEnum | IntFlag)), int)


def _in_words(hint: Any, field: str) -> str:
    kinds = get_args(hint)
    if get_origin(hint) in (Union, types.UnionType):
        words = dict.fromkeys(_in_words(one, field) for one in kinds if one is not type(None))
        named = any(one.startswith("number,") for one in words)
        return " or ".join(one for one in words if one != "number" or not named)
    if get_origin(hint) is tuple and any(_records(hint)):
        return "list of those below"
    if get_origin(hint) is tuple:
        inside = (
            _in_words(kinds[0], "")
            if kinds[-1] is ...
            else ", ".join(_in_words(one, "") for one in kinds)
        )
        return f"list of {inside}"
    names = list(names_of(hint, field)) if isinstance(hint, type) and issubclass(hint, int) else []
    if names and hint is not bool:
        shown = " ".join(names[:FEW]) + (" …" if len(names) > FEW else "")
        return f"number, or {shown}"
    if hasattr(hint, "__record_fields__"):
        return option_name(hint)
    return KINDS.get(hint, "number")


def _records(hint: Any) -> Iterator[type[Any]]:
    for one in get_args(hint):
        yield from _records(one)
    if hasattr(hint, "__record_fields__"):
        yield hint
