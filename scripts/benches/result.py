"""What a benchmark found: rows of figures, and whether the goals are met."""

from collections.abc import Mapping
from typing import NamedTuple

from scripts.benches.figures import Spread


class Column(NamedTuple):
    """One kind of figure."""

    name: str
    unit: str
    """Empty for ratios and counts."""
    digits: int
    """Decimals shown."""


class Row(NamedTuple):
    """One tool."""

    tool: str
    figures: Mapping[str, Spread]
    """By the name of the column; one that does not apply is left out."""
    note: str = ""


class Goal(NamedTuple):
    """What rawkit is to reach; the largest value that does."""

    what: str
    value: float
    bound: float
    digits: int = 2

    @property
    def met(self) -> bool:
        """Whether it is reached."""
        return self.value <= self.bound


class Result(NamedTuple):
    """One benchmark."""

    name: str
    about: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    goals: tuple[Goal, ...]
