"""The table of the live view: which columns fit, and what stands in them."""

from collections.abc import Callable, Sequence

from rawkit.cli.trace_hops import deviation
from rawkit.cli.trace_live_charts import Line, common_top, cut, milliseconds, sparkline
from rawkit.cli.trace_live_model import Row
from rawkit.record import record

NARROWEST_HOST, WIDEST_HOST = 15, 46
"""Columns; for an IPv6 address others give way."""
BESIDE_HOST = 12
"""Columns of what always stays beside it, hop and loss, with their blanks."""
NARROWEST_HISTORY, WIDEST_HISTORY = 10, 60
WIDEST_NETWORK, WIDEST_NOTES = 24, 32
NUMBER, NUMBERS = 6, ("last", "avg", "best", "worst", "stdev")
FIXED = {"loss": 6, "sent": 5} | dict.fromkeys(NUMBERS, NUMBER)
LEAST_WANTED = ("network", "stdev", "notes", "worst", "best", "history", "last", "sent", "avg")
"""Columns that go first where there is no room."""
ORDER = ("hop", "host", "network", "loss", "sent", *NUMBERS, "history", "notes")
TITLES = {
    "hop": "hop",
    "host": "host",
    "network": "network",
    "loss": "loss",
    "sent": "sent",
    "last": "last",
    "avg": "avg",
    "best": "best",
    "worst": "worst",
    "stdev": "stdev",
    "history": "latest",
    "notes": "",
}
LEFT = ("host", "network", "history", "notes")
"""Columns whose text begins on the left."""
LOSS_IS_BAD = 0.2


@record
class Column:
    """One column of the table."""

    name: str
    width: int


def columns(rows: Sequence[Row], width: int) -> tuple[Column, ...]:
    """Choose columns and their widths, a blank between two of them."""
    wish = _wishes(rows)
    chosen = [name for name in ORDER if wish.get(name)]
    least = wish | {"host": _least_host(rows, width), "history": NARROWEST_HISTORY}
    for name in LEAST_WANTED:
        if sum(least[one] + 1 for one in chosen) - 1 <= width:
            break
        if name in chosen:
            chosen.remove(name)
    widths = {name: least[name] for name in chosen}
    spare = max(0, width - sum(widths.values()) - len(widths) + 1)
    for name in ("host", "history"):
        if name in widths:
            more = min(spare, wish[name] - widths[name])
            widths[name] += more
            spare -= more
    return tuple(Column(name, min(widths[name], width)) for name in chosen)


def table(rows: Sequence[Row], width: int, selected: int) -> list[Line]:
    """Return the lines of the table, the titles first.

    Args:
        rows: as the model has them.
        width: columns there are.
        selected: TTL of the row that is marked.
    """
    chosen = columns(rows, width)
    room = next((column.width for column in chosen if column.name == "history"), 0)
    top = common_top([row.history[-room:] for row in rows] if room else [])
    lines = [titles(chosen)]
    for row in rows:
        line: Line = []
        for column in chosen:
            mark = "selected" if row.ttl == selected else ""
            for text, style in _cell(row, column, top):
                line.append((text, f"{mark} {style}".strip()))
            line.append((" ", mark))
        lines.append(line[:-1])  # a blank between two columns, and none behind the last
    return [cut(line, width) for line in lines]


def titles(chosen: Sequence[Column]) -> Line:
    """Return the line above the table."""
    return [(" ".join(_fit(TITLES[one.name], one) for one in chosen), "title")]


def _wishes(rows: Sequence[Row]) -> dict[str, int]:
    """Return how wide each column would like to be; 0: it has nothing to say."""
    return FIXED | {
        "hop": _widest([_hop(row)[0] for row in rows], len("hop"), len("255-255")),
        "host": _widest([row.host for row in rows], NARROWEST_HOST, WIDEST_HOST),
        "network": _widest([row.network for row in rows], 0, WIDEST_NETWORK),
        "notes": _widest([_notes(row) for row in rows], 0, WIDEST_NOTES),
        "history": WIDEST_HISTORY,
    }


def _least_host(rows: Sequence[Row], width: int) -> int:
    """Return how wide the hosts have to be: a name may be cut off, and an address not."""
    addresses = [row.host for row in rows if ":" in row.host]
    return min(
        _widest(addresses, NARROWEST_HOST, WIDEST_HOST), max(NARROWEST_HOST, width - BESIDE_HOST)
    )


def _widest(texts: Sequence[str], at_least: int, at_most: int) -> int:
    longest = max((len(text) for text in texts), default=0)
    return max(at_least, min(at_most, longest))


def _cell(row: Row, column: Column, top: float) -> Line:
    """Return the text of a cell, exactly as wide as its column."""
    if column.name == "history":
        line = sparkline(row.history[-column.width :], top)
        used = sum(len(text) for text, _ in line)
        return [*line, (" " * (column.width - used), "")]
    text, style = CELLS[column.name](row)
    return [(_fit(text, column), style)]


def _fit(text: str, column: Column) -> str:
    if len(text) > column.width:
        text = text[: column.width - 1] + "…"
    fill = str.ljust if column.name in LEFT else str.rjust
    return fill(text, column.width)


def _hop(row: Row) -> tuple[str, str]:
    return (f"{row.ttl}" if row.until == row.ttl else f"{row.ttl}-{row.until}"), "dim"


def _host(row: Row) -> tuple[str, str]:
    return row.host, "host" if row.hop.sources else "dim"


def _loss(row: Row) -> tuple[str, str]:
    hop = row.hop
    if hop.sent - hop.not_sent - hop.pending <= 0:
        return "", ""
    text = f"{hop.loss * 100:.1f}%" if 0 < hop.loss < 1 else f"{hop.loss:.0%}"
    if not hop.sources:
        return text, "dim"
    return text, "bad" if hop.loss >= LOSS_IS_BAD else "slow" if hop.loss else "good"


def _rtt(name: str) -> Callable[[Row], tuple[str, str]]:
    def cell(row: Row) -> tuple[str, str]:
        rtt = row.hop.rtt
        return milliseconds(getattr(rtt, name)) if rtt else "", ""

    return cell


def _stdev(row: Row) -> tuple[str, str]:
    return milliseconds(deviation(row.hop.rtt)) if row.hop.rtt else "", ""


def _last(row: Row) -> tuple[str, str]:
    return (milliseconds(row.hop.last) if row.hop.last is not None else ""), ""


def _notes(row: Row) -> str:
    return ", ".join(row.notes)


CELLS: dict[str, Callable[[Row], tuple[str, str]]] = {
    "hop": _hop,
    "host": _host,
    "network": lambda row: (row.network, "dim"),
    "loss": _loss,
    "sent": lambda row: (str(row.hop.sent), ""),
    "last": _last,
    "avg": _rtt("avg"),
    "best": _rtt("min"),
    "worst": _rtt("max"),
    "stdev": _stdev,
    "notes": lambda row: (_notes(row), "note"),
}
