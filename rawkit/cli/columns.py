"""Text in columns: a label on the left, and what is said of it on the right, wrapped."""

from collections.abc import Iterable, Iterator

WIDTH = 100
"""Columns of a line, whatever the terminal: output to a pipe is the same."""


def beside(label: str, text: str, at: int, width: int = WIDTH) -> Iterator[str]:
    """Yield the lines of a text that begins at a column, with a label in front of the first.

    Args:
        label: what stands on the left; a long one has a line of its own.
        text: what is said, to be broken at spaces.
        at: the column where the text begins.
        width: columns of a line.
    """
    from textwrap import wrap

    parts = wrap(text, width - at, break_long_words=False, break_on_hyphens=False) or [""]
    if len(label) > at or label[at - 1 : at].strip():
        yield label.rstrip()
        label = ""
    yield f"{label:{at}}{parts[0]}".rstrip()
    yield from (f"{'':{at}}{part}" for part in parts[1:])


def rows(cells: Iterable[tuple[str, ...]], gap: int = 2) -> Iterator[str]:
    """Yield lines of cells, each column as wide as its widest cell."""
    table = list(cells)
    widths = [max(map(len, column)) + gap for column in zip(*table, strict=True)]
    for row in table:
        yield "".join(f"{cell:{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
