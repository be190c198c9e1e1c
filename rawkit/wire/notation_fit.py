"""Numbers in notation that do not fit the wire: which of them it is, and what would fit.

Only packing knows how wide a field is, be it of a header or of an option deep within. So
this is found by trying, once a line is known to be wrong.
"""

from collections.abc import Callable, Iterator, Sequence

from rawkit.errors import NotationError
from rawkit.wire.notation_scan import Call, Items, Value, Word, layers

RANGE = ".."
WIDTHS = (128, 64, 48, 32, 24, *range(20, 0, -1))
"""Bits that fields have, widest first."""
MOST = 64
"""Numbers in a line that is looked into."""
Fits = Callable[[str], bool]
"""Whether a line can be packed; raises ``NotationError`` if it makes no sense."""


def misfit(text: str, fits: Fits) -> NotationError | None:
    """Return an error that points at the number for which a line cannot be packed.

    Args:
        text: the line.
        fits: what says of a line whether it can be packed.

    Returns:
        ``None``: it is for another reason.
    """
    numbers = [word for node in layers(text) for word in numbers_in(node)]
    if not 0 < len(numbers) <= MOST:
        return None
    line = _Line(text, numbers)
    zeroed = _zeroed(line, fits)
    if not fits(line.with_numbers(zeroed)):
        return None
    for place, word in enumerate(numbers):

        def fitting(number: str, place: int = place) -> bool | None:
            """Whether a number fits here; ``None``: that makes no sense."""
            try:
                return fits(line.with_numbers([*zeroed[:place], number, *zeroed[place + 1 :]]))
            except NotationError:
                return None

        if fitting(word.text) is False:
            most = next(filter(fitting, (str((1 << bits) - 1) for bits in WIDTHS)), None)
            bounds = "" if most is None else f": 0 to {most}"
            return NotationError(f"{word.text} does not fit{bounds}", text, word.column)
    return None


def _zeroed(line: "_Line", fits: Fits) -> list[str]:
    """Return zeros for all numbers of a line, but for those without which it makes no sense."""
    spelt = ["0"] * len(line.numbers)
    if _makes_sense(line.with_numbers(spelt), fits):
        return spelt
    spelt = [word.text for word in line.numbers]
    for place in range(len(spelt)):
        tried = [*spelt[:place], "0", *spelt[place + 1 :]]
        if _makes_sense(line.with_numbers(tried), fits):
            spelt = tried
    return spelt


def numbers_in(node: Value) -> Iterator[Word]:
    """Yield the numbers of a line, those of a range one by one."""
    match node:
        case Word(text=text, column=column):
            for part in text.split(RANGE):
                if _is_number(part):
                    yield Word(part, column)
                column += len(part) + len(RANGE)
        case Call(arguments=inside):
            for argument in inside:
                yield from numbers_in(argument.value)
        case Items(values=values):
            for value in values:
                yield from numbers_in(value)


def _is_number(text: str) -> bool:
    try:
        int(text, 0)
    except ValueError:
        return False
    return True


class _Line:
    """A line in which other numbers can stand."""

    def __init__(self, text: str, numbers: Sequence[Word]) -> None:
        self.numbers = numbers
        ends = [0, *(word.column + len(word.text) for word in numbers)]
        starts = [*(word.column for word in numbers), len(text)]
        self._between = [text[end:start] for end, start in zip(ends, starts, strict=True)]

    def with_numbers(self, spelt: Sequence[str]) -> str:
        pairs = zip(self._between, (*spelt, ""), strict=True)
        return "".join(between + number for between, number in pairs)


def _makes_sense(line: str, fits: Fits) -> bool:
    try:
        fits(line)
    except NotationError:
        return False
    return True
