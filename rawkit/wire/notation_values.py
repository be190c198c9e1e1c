"""Values in the packet notation: what a word means where a field of some type stands."""

import types
from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Any, Union, get_args, get_origin, get_type_hints

from rawkit.errors import BuildError, NotationError
from rawkit.record import MISSING, fields, record
from rawkit.wire.address import MAC
from rawkit.wire.notation_names import NUMBERS, field_names, option_name
from rawkit.wire.notation_scan import Argument, Call, Items, Repeated, Text, Value, Word

BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
MOST_OCTETS = 65_535
MOST_NAMED = 20
"""Names that a message lists."""
HINTS: dict[type[Any], dict[str, Any]] = {}
"""What has been found out: to read annotations takes long."""
NETWORKS: dict[type[Any], type[IPv4Network] | type[IPv6Network]] = {
    IPv4Address: IPv4Network,
    IPv6Address: IPv6Network,
}
NAMES: dict[type[Any], str] = {IPv4Address: "IPv4", IPv6Address: "IPv6"}


@record
class Variation:
    """A value that differs from packet to packet: ``make`` of a number from ``first`` on."""

    first: int
    span: int
    """How many numbers there are."""
    random: bool
    """Whether the number is any of them; else it is the next one, and the first again."""
    make: Callable[[int], Any]

    @property
    def last(self) -> Any:
        """The value of the highest number."""
        return self.make(self.first + self.span - 1)


class Reader:
    """Turns what was scanned into values.

    Args:
        text: the whole line, for messages.
    """

    def __init__(self, text: str) -> None:
        self._text = text

    def error(self, message: str, column: int) -> NotationError:
        """Return an error about something at this column."""
        return NotationError(message, self._text, column)

    def unknown(self, what: str, word: str, known: Iterable[str], column: int) -> NotationError:
        """Return an error about a name, with the one that may have been meant."""
        from difflib import get_close_matches

        names = list(known)
        near = get_close_matches(word, names, 1)
        some = ", ".join(names[:MOST_NAMED]) + (" …" if len(names) > MOST_NAMED else "")
        hint = f"did you mean {near[0]!r}?" if near else f"known: {some}"
        return self.error(f"{what} {word!r}: {hint}", column)

    def arguments(self, call: Call, kind: type[Any]) -> dict[str, Argument]:
        """Return the argument of each field that was given, by the field's name."""
        names = field_names(kind)
        by_word = {name: name for name in names} | {short: name for name, short in names.items()}
        in_order = [field.name for field in fields(kind) if field.init and not field.kw_only]
        given: dict[str, Argument] = {}
        for place, argument in enumerate(call.arguments):
            if argument.name and argument.name not in by_word:
                what = f"unknown field of {call.name}"
                raise self.unknown(what, argument.name, names.values(), argument.column)
            if not argument.name and place and call.arguments[place - 1].name:
                raise self.error("values without a name come first", argument.column)
            if not argument.name and place >= len(in_order):
                count = f"{len(in_order)} field{'' if len(in_order) == 1 else 's'}"
                raise self.error(f"{call.name} has {count}", argument.column)
            name = by_word[argument.name] if argument.name else in_order[place]
            if name in given:
                raise self.error(f"{names[name]} of {call.name} is given twice", argument.column)
            given[name] = argument
        return given

    def value(self, node: Value, wanted: Any, field: str = "") -> Any:
        """Return a value of the wanted type, or a :class:`Variation`.

        Args:
            node: what was scanned.
            wanted: a type as it stands in an annotation.
            field: the name of the field, which says which names its numbers have.
        """
        if get_origin(wanted) in (Union, types.UnionType):
            return self._one_of(node, get_args(wanted), field)
        if get_origin(wanted) is tuple:
            return self._tuple(node, get_args(wanted))
        if wanted is bool:
            return self._bool(node)
        if wanted is str:
            return self.octets(node).decode(errors="replace")
        if wanted is bytes:
            return self._bytes(node)
        if wanted in NETWORKS:
            return self._address(node, wanted)
        if isinstance(wanted, type) and issubclass(wanted, int):
            return self._number(node, wanted, field)
        return self._record(node, (wanted,))

    def fixed(self, node: Value, wanted: Any, field: str = "") -> Any:
        """Return a value of the wanted type that is the same in every packet."""
        value = self.value(node, wanted, field)
        if isinstance(value, Variation):
            raise self.error("only a whole field can be different in every packet", node.column)
        return value

    def octets(self, node: Value) -> bytes:
        """Return octets: ``"text"``, ``0x68656c6c6f``, either of them ``*`` times."""
        match node:
            case Text(octets=octets):
                return octets
            case Repeated(value=value, times=times):
                octets = self.octets(value)
                if len(octets) * times > MOST_OCTETS:
                    raise self.error(f"more than {MOST_OCTETS} octets", node.column)
                return octets * times
            case Word(text=text) if text[:2] in ("0x", "0X"):
                try:
                    return bytes.fromhex(text[2:])
                except ValueError:
                    message = f"{text} is not octets: an even number of digits"
                    raise self.error(message, node.column) from None
        raise self.error('octets are expected, as "text" or 0x68656c6c6f', node.column)

    def _one_of(self, node: Value, wanted: tuple[Any, ...], field: str) -> Any:
        if type(None) in wanted and isinstance(node, Word) and node.text == "none":
            return None
        records = tuple(one for one in wanted if hasattr(one, "__record_fields__"))
        if isinstance(node, Call) and records and node.name != "random":
            return self._record(node, records)
        first: NotationError | None = None
        for one in wanted:
            if one is type(None) or one in records:
                continue
            try:
                return self.value(node, one, field)
            except NotationError as error:
                first = first or error
        if first is None:
            return self._record(node, records)
        raise first

    def _tuple(self, node: Value, kinds: tuple[Any, ...]) -> Any:
        if not isinstance(node, Items):
            raise self.error("a list is expected, as [a, b]", node.column)
        if kinds[-1] is ...:
            kinds = kinds[:1] * len(node.values)
        if len(kinds) != len(node.values):
            raise self.error(f"a list of {len(kinds)} values is expected", node.column)
        return tuple(self.fixed(one, kind) for one, kind in zip(node.values, kinds, strict=True))

    def _record(self, node: Value, kinds: tuple[type[Any], ...]) -> Any:
        """Return an option, or whatever else stands within a header."""
        by_name = {option_name(kind): kind for kind in kinds}
        call = Call(node.text, (), node.column) if isinstance(node, Word) else node
        if not isinstance(call, Call):
            raise self.error(f"one of {', '.join(by_name)} is expected", node.column)
        if call.name not in by_name:
            raise self.unknown("unknown here:", call.name, by_name, call.column)
        kind = by_name[call.name]
        hints = hints_of(kind)
        values = {
            name: self.fixed(one.value, hints[name])
            for name, one in self.arguments(call, kind).items()
        }
        return self.made(kind, values, call)

    def made(self, kind: type[Any], values: Mapping[str, Any], call: Call) -> Any:
        """Return a record, or say that a field of it is missing."""
        try:
            return kind(**values)
        except TypeError:
            names = field_names(kind)
            missing = [names[name] for name in required(kind) if name not in values]
            raise self.error(
                f"{call.name}: {' and '.join(missing)} not given", call.column
            ) from None

    def _bool(self, node: Value) -> bool:
        if isinstance(node, Word) and node.text.lower() in BOOLEANS:
            return BOOLEANS[node.text.lower()]
        raise self.error("true or false is expected", node.column)

    def _bytes(self, node: Value) -> Any:
        match node:
            case Word(text=text) if ":" in text or "-" in text:
                try:
                    return MAC.parse(text)
                except BuildError as error:
                    raise self.error(str(error), node.column) from None
        return self.octets(node)

    def _address(self, node: Value, kind: type[Any]) -> Any:
        random = isinstance(node, Call) and node.name == "random"
        match node:
            case Call(arguments=(Argument(value=Word() as inside),)) if random:
                return self._addresses(inside, kind, random=True)
            case Word(text=text) if "/" in text or ".." in text:
                return self._addresses(node, kind, random=False)
            case Word(text=text):
                try:
                    return kind(text)
                except ValueError:
                    what = NAMES[kind]
                    raise self.error(f"{text!r} is not an {what} address", node.column) from None
        raise self.error("an address is expected", node.column)

    def _addresses(self, node: Word, kind: type[Any], random: bool) -> Variation:
        try:
            if "/" in node.text:
                network = NETWORKS[kind](node.text)
                skipped = 1 if network.num_addresses > 2 and network.version == 4 else 0
                first = int(network.network_address) + skipped
                return Variation(first, network.num_addresses - 2 * skipped, random, kind)
            low, _, high = node.text.partition("..")
            first, last = int(kind(low)), int(kind(high))
        except ValueError as error:
            raise self.error(str(error), node.column) from None
        return self._variation(first, last, random, kind, node.column)

    def _variation(
        self, first: int, last: int, random: bool, make: Callable[[int], Any], column: int
    ) -> Variation:
        if last < first:
            raise self.error("the range ends before it begins", column)
        return Variation(first, last - first + 1, random, make)

    def _number(self, node: Value, kind: type[Any], field: str) -> Any:
        match node:
            case Call(
                name="random", arguments=(Argument(value=Word() as a), Argument(value=Word() as b))
            ):
                first, last = self._integer(a, kind, field), self._integer(b, kind, field)
                return self._variation(first, last, True, kind, node.column)
            case Call(name="random"):
                raise self.error("random needs its bounds, as random(1024, 65535)", node.column)
            case Word(text=text) if ".." in text:
                low, _, high = text.partition("..")
                place = node.column + len(low) + 2
                first = self._integer(Word(low, node.column), kind, field)
                last = self._integer(Word(high, place), kind, field)
                return self._variation(first, last, False, kind, node.column)
            case Word(text=text):
                number = self._integer(node, kind, field)
                if issubclass(kind, IntEnum) and number not in frozenset(kind):
                    raise self.error(f"{text} has no meaning here", node.column)
                return kind(number)
        raise self.error("a number is expected", node.column)

    def _integer(self, node: Word, kind: type[Any], field: str) -> int:
        total = 0
        column = node.column
        names = names_of(kind, field)
        for word in node.text.split("|"):
            if word.lower() in names:
                total |= names[word.lower()]
            else:
                try:
                    total |= int(word, 0)
                except ValueError:
                    if names:
                        raise self.unknown("unknown here:", word, names, column) from None
                    raise self.error(f"{word!r} is not a number", column) from None
            column += len(word) + 1
        return total


def names_of(kind: type[Any], field: str) -> dict[str, int]:
    """Return the names of the numbers in a field, in small letters."""
    named = NUMBERS.get(field) if kind is int else kind
    members = getattr(named, "__members__", {})
    return {name.lower(): int(one) for name, one in members.items()}


def required(kind: type[Any]) -> list[str]:
    """Return the names of the fields that have no default."""
    return [
        field.name
        for field in fields(kind)
        if field.init and field.default is MISSING and field.factory is None
    ]


def hints_of(kind: type[Any]) -> dict[str, Any]:
    """Return the type of every field of a record."""
    if kind not in HINTS:
        HINTS[kind] = get_type_hints(kind)
    return HINTS[kind]
