"""Turn comparisons into conditions: ``tcp[13] & 2 != 0`` asks first whether there is TCP at all."""

from collections.abc import Iterator

from rawkit.filters.place import Place
from rawkit.filters.sums import calculate
from rawkit.filters.syntax import Calculation, Length, Number, Part, Relation, Sum
from rawkit.filters.values import (
    All,
    Any,
    At,
    Comparison,
    Computed,
    Condition,
    Constant,
    Indexed,
    Masked,
    Opposite,
    PacketLength,
    PastIPv4,
    PastIPv6,
    Test,
    Value,
    any_bit,
    equal,
)
from rawkit.filters.words import ETHER_TYPES, IP_PROTOCOLS, LINK_NAMES, ONLY_IPV4, ONLY_IPV6

MIRRORED = {"=": "=", "!=": "!=", "<": ">", ">": "<", "<=": ">=", ">=": "<="}
COMPARED = {"=": int.__eq__, "!=": int.__ne__, "<": int.__lt__, ">": int.__gt__,
            "<=": int.__le__, ">=": int.__ge__}  # fmt: skip


def related(relation: Relation, place: Place) -> Condition:
    """Return a comparison as a condition.

    It does not hold where a protocol in it is not in the packet. What IPv4 and IPv6 both
    carry is looked for in either.

    Raises:
        FilterError: it cannot be asked of such packets.
    """
    parts = [*_parts(relation.left), *_parts(relation.right)]
    for part in parts:
        if part.protocol in LINK_NAMES:
            place.needs_header("link header", part.at)
    names = {part.protocol for part in parts}
    versions = _versions(names)
    found = []
    for version in versions:
        guards = tuple(
            _guard(name, version, place) for name in dict.fromkeys(part.protocol for part in parts)
        )
        left, right = (_value(side, version, place) for side in (relation.left, relation.right))
        found.append(All((*guards, _compared(left, relation.operator, right))))
    return Any(tuple(found))


def _parts(side: Sum) -> Iterator[Part]:
    """Yield the parts of packets in a sum, those in the places of others included."""
    match side:
        case Part(index=index):
            yield side
            yield from _parts(index)
        case Calculation(left=left, right=right):
            yield from _parts(left)
            yield from _parts(right)


def _versions(names: set[str]) -> tuple[int | None, ...]:
    """Return in which versions of IP all these protocols can be together."""
    carried = names & IP_PROTOCOLS.keys()
    only4 = bool(names & (ONLY_IPV4 | {"ip"}))
    only6 = bool(names & (ONLY_IPV6 | {"ip6"}))
    if only4 and only6:
        return ()
    if only4 or only6:
        return (4,) if only4 else (6,)
    return (4, 6) if carried else (None,)


def _guard(name: str, version: int | None, place: Place) -> Condition:
    """Return the condition that there is such a header."""
    if name in LINK_NAMES:
        return True
    if name in ETHER_TYPES:
        return place.is_type(ETHER_TYPES[name])
    assert version is not None
    return place.begins(version, IP_PROTOCOLS[name])


def _value(side: Sum, version: int | None, place: Place) -> Value:
    match side:
        case Number(value=value):
            return Constant(value)
        case Length():
            return PacketLength()
        case Part():
            return _octets(side, version, place)
        case Calculation(operator="&", left=left, right=Number(value=mask)) if mask:
            return Masked(_value(left, version, place), mask)
        case Calculation(operator="&", left=Number(value=mask), right=right) if mask:
            return Masked(_value(right, version, place), mask)
        case Calculation(operator=operator):
            one, other = (_value(half, version, place) for half in (side.left, side.right))
            if isinstance(one, Constant) and isinstance(other, Constant):
                return Constant(calculate(operator, one.value, other.value))
            return Computed(operator, one, other)


def _octets(part: Part, version: int | None, place: Place) -> Value:
    index = _value(part.index, version, place)
    past = version if part.protocol in IP_PROTOCOLS else None
    start = 0 if part.protocol in LINK_NAMES else place.network
    if not isinstance(index, Constant):
        return Indexed(part.size, start, past, index)
    match past:
        case 4:
            return PastIPv4(part.size, start, index.value)
        case 6:
            return PastIPv6(part.size, start, index.value)
        case _:
            return At(part.size, start + index.value)


def _compared(left: Value, operator: str, right: Value) -> Condition:
    if isinstance(left, Constant):
        if isinstance(right, Constant):
            return bool(COMPARED[operator](left.value, right.value))
        left, operator, right = right, MIRRORED[operator], left
    if not isinstance(right, Constant):
        return _of_two(left, operator, right)
    number = right.value
    match operator:
        case "=":
            return equal(left, number)
        case "!=":
            return Opposite(equal(left, number))
        case ">" if number == 0 and isinstance(left, Masked):
            return any_bit(left.value, left.mask)
        case ">" | "<=":
            test = Test(left, Comparison.GREATER, number)
        case _:
            test = Test(left, Comparison.NOT_LESS, number)
    return test if operator in (">", ">=") else Opposite(test)


def _of_two(left: Value, operator: str, right: Value) -> Condition:
    comparisons = {"=": Comparison.EQUAL, ">": Comparison.GREATER, ">=": Comparison.NOT_LESS}
    opposites = {"!=": "=", "<=": ">", "<": ">="}
    test = Test(left, comparisons[opposites.get(operator, operator)], right)
    return Opposite(test) if operator in opposites else test
