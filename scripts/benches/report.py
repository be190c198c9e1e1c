"""Print results: tables for people, one JSON object a line for programs."""

import json
from collections.abc import Iterable, Iterator, Mapping

from scripts.benches.figures import Spread
from scripts.benches.result import Column, Goal, Result, Row

SCHEMA = "rawkit.bench/1"

Value = str | int | float | bool | None | Mapping[str, "Value"]


def text_of(result: Result) -> str:
    """Return a table, and the goals below it."""
    head = ["", *(f"{column.name} {column.unit}".strip() for column in result.columns), ""]
    body = [_cells(row, result.columns) for row in result.rows]
    lines = [f"{result.name}: {result.about}", *_aligned([head, *body])]
    lines += [f"  {_goal(goal)}" for goal in result.goals]
    return "\n".join(lines) + "\n"


def json_of(result: Result) -> Iterator[str]:
    """Yield a line for each tool and each goal."""
    for row in result.rows:
        figures = {
            column.name: {"unit": column.unit or None, **_quartiles(row.figures[column.name])}
            for column in result.columns
            if column.name in row.figures
        }
        yield line("figures", bench=result.name, tool=row.tool, note=row.note or None, **figures)
    for goal in result.goals:
        verdict: dict[str, Value] = {"value": goal.value, "bound": goal.bound, "met": goal.met}
        yield line("goal", bench=result.name, goal=goal.what, **verdict)


def line(kind: str, **values: Value) -> str:
    """Return one JSON object with its line end."""
    return json.dumps({"schema": SCHEMA, "type": kind, **values}, allow_nan=False) + "\n"


def number(spread: Spread, digits: int) -> str:
    """Return ``median (low to high)``; without spread, one number."""
    low, median, high = (f"{value:.{digits}f}" for value in spread[:3])
    return median if low == median == high else f"{median} ({low} to {high})"


def _quartiles(spread: Spread) -> dict[str, Value]:
    return {"median": spread.median, "p25": spread.low, "p75": spread.high, "count": spread.size}


def _cells(row: Row, columns: Iterable[Column]) -> list[str]:
    figures = row.figures
    cells = [
        number(figures[column.name], column.digits) if column.name in figures else "-"
        for column in columns
    ]
    return [row.tool, *cells, row.note]


def _aligned(table: list[list[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for tool, *figures, note in table:
        padded = [f"{cell:>{width}}" for cell, width in zip(figures, widths[1:-1], strict=True)]
        yield "  ".join((f"  {tool:{widths[0]}}", *padded, note)).rstrip()


def _goal(goal: Goal) -> str:
    value, bound = f"{goal.value:.{goal.digits}f}", f"{goal.bound:.{goal.digits}f}"
    return f"goal {'met' if goal.met else 'MISSED'}: {goal.what}: {value}, at most {bound}"
