"""What ``rawkit demo --json`` prints: one object a line, as :mod:`rawkit.cli.records` has it."""

from collections.abc import Iterator

from rawkit.cli.records import NANOSECONDS, Schema, line
from rawkit.demos.outcome import Outcome

SCHEMA: Schema = {
    "demonstration": ("demonstration", "shows"),
    "figure": ("demonstration", "setting", "case", "measure", "figure", "figure_unit"),
    "reading": ("demonstration", "shown", "reading", "elapsed"),
}


def demonstration(name: str, about: str) -> str:
    """Return the object of a demonstration that there is."""
    return line("demo", "demonstration", None, {"demonstration": name, "shows": about})


def outcome(name: str, setting: str, found: Outcome, elapsed: float) -> Iterator[str]:
    """Yield the objects of what was measured, and of what it says.

    Args:
        name: of the demonstration.
        setting: what it did.
        found: what was measured.
        elapsed: how long it took, in seconds.
    """
    for one in found.figures:
        value = round(one.value, NANOSECONDS) if isinstance(one.value, float) else one.value
        yield line(
            "demo",
            "figure",
            None,
            {
                "demonstration": name,
                "setting": setting,
                "case": one.case,
                "measure": one.measure,
                "figure": value,
                "figure_unit": one.unit or None,
            },
        )
    yield line(
        "demo",
        "reading",
        None,
        {
            "demonstration": name,
            "shown": found.shown,
            "reading": found.reading,
            "elapsed": round(elapsed, 3),
        },
    )
