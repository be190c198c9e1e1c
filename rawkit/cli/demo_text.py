"""What ``rawkit demo`` prints for people: a heading, a table, and how to read it."""

from collections.abc import Iterator
from textwrap import wrap

from rawkit.cli.columns import WIDTH, beside
from rawkit.demos.outcome import Figure, Outcome, Value

GAP = "  "
UNITS = ((1.0, 1, "s"), (1e-3, 1e3, "ms"), (1e-6, 1e6, "µs"), (0.0, 1e9, "ns"))
"""From how many seconds on, by how much they are multiplied, and the unit then."""


def catalogue(demos: dict[str, str]) -> Iterator[str]:
    """Yield the lines of the list of all demonstrations."""
    yield "rawkit demo NAME shows it here and now:"
    yield ""
    for name, about in demos.items():
        yield from beside(f"  {name}", about, 15)


def heading(name: str, about: str, setting: str) -> Iterator[str]:
    """Yield what is said before it begins."""
    yield f"{name}: {about}"
    yield ""
    yield from wrap(setting, WIDTH)


def outcome(found: Outcome) -> Iterator[str]:
    """Yield what is said when it is over."""
    yield ""
    yield from table(found.figures)
    yield ""
    yield from wrap(found.reading, WIDTH, break_on_hyphens=False)


def table(figures: tuple[Figure, ...]) -> Iterator[str]:
    """Yield a line for each case, with a column for each measure."""
    cases = dict.fromkeys(one.case for one in figures)
    measures = tuple(dict.fromkeys(one.measure for one in figures))
    cells = {(one.case, one.measure): shown(one.value, one.unit) for one in figures}
    lines = [
        ("", *measures),
        *((case, *(cells[case, name] for name in measures)) for case in cases),
    ]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for first, *rest in lines:
        right = (f"{GAP}{cell:>{width}}" for cell, width in zip(rest, widths[1:], strict=True))
        yield f"{first:{widths[0]}}{''.join(right)}".rstrip()


def shown(value: Value, unit: str) -> str:
    """Return a cell as people read it; the heading of its column says what is counted."""
    if value is None:
        return "-"
    if isinstance(value, str):
        return value
    if unit == "s":
        factor, name = next((factor, name) for least, factor, name in UNITS if value >= least)
        return f"{value * factor:,.1f} {name}"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.1f}"
