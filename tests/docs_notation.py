"""The tables of docs/reference/notation.md, written anew from the code.

``python -m tests.docs_notation`` does so; a test says whether it has to be done.
"""

import re
from pathlib import Path
from typing import Any

from rawkit.cli.notation_list import about, headers, option_entries, values_in
from rawkit.wire.notation_names import SHORT, option_name

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "notation.md"
RFC = re.compile(r" \((?:RFC|IEEE|IANA)[^)]*\)")


def headers_table() -> str:
    """Return the table of all headers."""
    rows = (
        f"| `{one.name}` | {_plain(one.about)} | {' '.join(f'`{field}`' for field in one.fields)} |"
        for one in headers()
    )
    return "\n".join(("| header | is | fields |", "| --- | --- | --- |", *rows)) + "\n"


def values_table() -> str:
    """Return the table of what stands within fields."""
    rows = []
    for place, records in _values().items():
        for number, kind in enumerate(records):
            inside = " ".join(f"`{field}`" for field in option_entries(kind))
            where = place if number == 0 else ""
            rows.append(f"| {where} | `{option_name(kind)}` | {_plain(about(kind))} | {inside} |")
    return "\n".join(("| in | value | is | fields |", "| --- | --- | --- | --- |", *rows)) + "\n"


def names_table() -> str:
    """Return the table of fields that are written shorter than the library has them."""
    rows = (f"| `{short}` | `{name}` |" for name, short in SHORT.items())
    return "\n".join(("| written | in the library |", "| --- | --- |", *rows)) + "\n"


def written_anew(page: str) -> str:
    """Return the page with its tables as the code has them."""
    for heading, table in (
        ("Headers", headers_table()),
        ("Values within fields", values_table()),
        ("Short names", names_table()),
    ):
        at = f"(?ms)(^## {re.escape(heading)}$(?:(?!^## ).)*?)^\\| .*?\n(?!\\|)"
        found = re.search(at, page)
        assert found, heading
        page = page[: found.start()] + found[1] + table + page[found.end() :]
    return page


def _values() -> dict[str, tuple[type[Any], ...]]:
    """Return the values that stand in fields; headers with the same ones share an entry."""
    places: dict[tuple[type[Any], ...], list[str]] = {}
    owners: list[tuple[str, type[Any]]] = [(one.name, one.kind) for one in headers()]
    for name, kind in owners:
        for field, records in values_in(kind).items():
            if records not in places:
                owners += ((option_name(one), one) for one in records)
            places.setdefault(records, []).append(f"`{field}` of `{name}`")
    return {", ".join(where): records for records, where in places.items()}


def _plain(text: str) -> str:
    return RFC.sub("", text).rstrip(".").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(written_anew(PAGE.read_text()))
