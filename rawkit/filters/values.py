"""What programs look at, and the conditions they put on it: between the tree and the code."""

from enum import IntEnum

from rawkit.record import record
from rawkit.wire.bpf_ancillary import Ancillary


@record
class At:
    """Octets at a place of the packet."""

    size: int
    """1, 2 or 4."""
    place: int


@record
class Known:
    """What the kernel knows besides."""

    what: Ancillary


@record
class PastIPv4:
    """Octets behind an IPv4 header, whatever options it has."""

    size: int
    ip: int
    """Where that header begins."""
    place: int
    """From its end on."""


@record
class PastIPv6:
    """Octets behind an IPv6 header and its extension headers."""

    size: int
    ip: int
    place: int


@record
class CarriedByIPv6:
    """What is behind an IPv6 header and its extension headers: a protocol.

    In a fragment that is not the first it is the first header of what was cut apart, plus
    ``LATER_FRAGMENT``.
    """

    ip: int


LATER_FRAGMENT = 0x100


@record
class Masked:
    """Some bits of a value."""

    value: "Value"
    mask: int


@record
class PacketLength:
    """The octets of the packet."""


@record
class Constant:
    """A number."""

    value: int


@record
class Computed:
    """Two values and the operator between them."""

    operator: str
    left: "Value"
    right: "Value"


@record
class Indexed:
    """Octets at a place that has to be worked out."""

    size: int
    start: int
    """Where places are counted from; behind an IP header, where that begins."""
    past: int | None
    """4 or 6: places are counted from behind such a header."""
    index: "Value"


Value = (
    At
    | Known
    | PastIPv4
    | PastIPv6
    | CarriedByIPv6
    | Masked
    | PacketLength
    | Constant
    | Computed
    | Indexed
)


class Comparison(IntEnum):
    """How a condition compares: the codes of conditional jumps."""

    EQUAL = 0x15
    GREATER = 0x25
    NOT_LESS = 0x35
    ANY_BIT = 0x45


@record
class Test:
    """A condition on one value."""

    value: Value
    comparison: Comparison
    operand: "int | Value"
    """A number, or another value."""


@record
class HasIPv6Header:
    """Whether one of the extension headers behind an IPv6 header is this one."""

    ip: int
    number: int


@record
class All:
    """Every one of some conditions, asked for in this order."""

    parts: "tuple[Condition, ...]"


@record
class Any:
    """At least one of some conditions, asked for in this order."""

    parts: "tuple[Condition, ...]"


@record
class Opposite:
    """What a condition is not."""

    inner: "Condition"


@record
class Choice:
    """One condition where another holds, and a third where it does not."""

    by: Test
    true: "Condition"
    false: "Condition"


Question = Test | HasIPv6Header
"""What one piece of code answers."""
Condition = bool | Question | All | Any | Opposite | Choice


def equal(value: Value, number: int) -> Condition:
    """Return the condition that a value is a number; a single bit is asked for as such."""
    if isinstance(value, Masked):
        if number & ~value.mask:
            return False
        if number == 0:
            return Opposite(any_bit(value.value, value.mask))
        if number == value.mask and number & (number - 1) == 0:
            return any_bit(value.value, number)
    return Test(value, Comparison.EQUAL, number)


def any_bit(value: Value, mask: int) -> Condition:
    """Return the condition that one of these bits is set."""
    inner: Value = value
    if isinstance(value, Masked):
        inner, mask = value.value, value.mask & mask
    return Test(inner, Comparison.ANY_BIT, mask) if mask else False
