"""What a demonstration has measured, and how it is to be read."""

from collections.abc import Callable, Iterable

from rawkit.record import record

NOT_THIS_TIME = "These figures are not those that were to be shown. What they would have said:"
Value = float | int | str | None
"""A number in its unit, or a word; ``None``: there was nothing to measure."""


@record
class Figure:
    """One cell of what was measured."""

    case: str
    """What was tried."""
    measure: str
    """What was looked at."""
    value: Value
    unit: str = ""
    """``"s"``, ``"octets"`` or the plural of what is counted; empty: a word, or a bare number."""


@record
class Outcome:
    """All that was measured, and what it says."""

    figures: tuple[Figure, ...]
    """Every case has the same measures, in the same order."""
    shown: bool
    """Whether what was to be shown has happened this time."""
    reading: str
    """A paragraph about these figures, those of this run."""


@record
class Demo:
    """A demonstration."""

    setting: str
    """What is done, in one or two sentences."""
    run: Callable[[], Outcome]
    """Does it.

    Raises:
        OSError: the kernel lacks something, and which errno says so.
    """


def row(case: str, **measures: tuple[Value, str] | Value) -> tuple[Figure, ...]:
    """Return the figures of one case.

    Args:
        case: what was tried.
        measures: a value, or a value and its unit, by the name of the measure (``_`` for a space).
    """
    cells = (
        (name, cell if isinstance(cell, tuple) else (cell, "")) for name, cell in measures.items()
    )
    return tuple(Figure(case, name.replace("_", " "), *cell) for name, cell in cells)


def number(figures: Iterable[Figure], case: str, measure: str) -> float:
    """Return the number of one cell.

    Raises:
        LookupError: there is no such cell, or no number in it.
    """
    for figure in figures:
        if (figure.case, figure.measure) == (case, measure) and isinstance(
            figure.value, int | float
        ):
            return figure.value
    raise LookupError(f"no number of {measure!r} in {case!r}")


def milliseconds(seconds: float) -> str:
    """Return a duration in words, as a reading has them."""
    return f"{seconds * 1000:,.1f} ms" if seconds >= 1e-3 else f"{seconds * 1e6:,.1f} µs"


def told(text: str, **values: object) -> str:
    """Return a paragraph with these values in their places, whatever its line breaks."""
    return " ".join(text.format(**values).split())


def judged(figures: tuple[Figure, ...], shown: bool, reading: str) -> Outcome:
    """Return an outcome whose reading says so if what it explains has not happened."""
    return Outcome(figures, shown, reading if shown else f"{NOT_THIS_TIME} {reading}")
