"""The tables of docs/reference/json.md, written anew from the code.

``python -m tests.docs_json`` fills the section of each command that has one, and the table of
fields. When each type is told is kept from the page; of a new one it says ``TODO``.
"""

import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

from rawkit.cli.main import COMMANDS
from rawkit.cli.records import FIELDS, Schema

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "reference" / "json.md"
WRITERS = sorted(path.stem for path in (ROOT / "rawkit" / "cli").glob("*_json.py"))
"""Modules that write JSON lines about hosts; their commands have sections of their own."""


def heading_of(writer: str) -> str:
    """Return the heading of a command's section: ``rawkit trace --multipath``."""
    name = writer.removesuffix("_json")
    command = name.replace("_", "-")
    return f"rawkit {command if command in COMMANDS else name.replace('_', ' --')}"


def types_of(writer: str) -> Schema:
    """Return the fields of each type that a command writes, parts of others included."""
    module = import_module(f"rawkit.cli.{writer}")
    return {**module.SCHEMA, **getattr(module, "PARTS", {})}


def types_table(writer: str, page: str) -> str:
    """Return the table of a command's types."""
    section = re.search(rf"(?ms)^## {re.escape(heading_of(writer))}$(.*?)(?=^## |\Z)", page)
    told = dict(re.findall(r"(?m)^\| `(\w+)` \| (.*?) \| `.*$", section[1] if section else ""))
    rows = (
        f"| `{kind}` | {told.get(kind, 'TODO')} | {' '.join(f'`{name}`' for name in names)} |\n"
        for kind, names in types_of(writer).items()
    )
    return "| type | told when | fields |\n| --- | --- | --- |\n" + "".join(rows)


def fields_table() -> str:
    """Return the table of all fields."""
    rows = (f"| `{name}` | {field.unit} | {field.meaning} |\n" for name, field in FIELDS.items())
    return "| field | unit | meaning |\n| --- | --- | --- |\n" + "".join(rows)


def tables(page: str) -> Iterator[tuple[str, str]]:
    """Yield the heading of each section, and the table that belongs there."""
    for writer in WRITERS:
        yield heading_of(writer), types_table(writer, page)
    yield "Fields", fields_table()


def written_anew(page: str) -> str:
    """Return the page with its tables as the code has them; a section without one stays."""
    for heading, table in tables(page):
        at = f"(?ms)(^## {re.escape(heading)}$(?:(?!^## ).)*?)^\\| (?:type|field) \\|.*?\n(?!\\|)"
        if found := re.search(at, page):
            page = page[: found.start()] + found[1] + table + page[found.end() :]
    return page


if __name__ == "__main__":
    PAGE.write_text(written_anew(PAGE.read_text()))
