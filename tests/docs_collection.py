"""The entries of docs/reference/raw-sockets.md, written anew from tests/collection.

``python -m tests.docs_collection`` fills in what stands between ``<!-- … -->`` and
``<!-- end -->``; the rest of the page is written by hand.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, groupby
from pathlib import Path

from tests.collection.entry import Chapter, Entry, Fields, Way
from tests.collection.howtos import HOWTOS
from tests.collection.preamble import PREAMBLE
from tests.collection.rows import CHAPTERS, PROGRAMS

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "raw-sockets.md"
FILLED = re.compile(r"(?ms)^<!-- (.*?) -->\n.*?^<!-- end -->$")
IMPORTED = re.compile(r"^from (rawkit\.\S+) import (\w+)", re.MULTILINE)
GOOD = ".checksum.status"
NONE = "-"
FEW = 3
"""So many equal values in a row are written once."""


def filled(title: str) -> str:
    """Return what belongs into the part of the page that has this title."""
    match title:
        case "preamble":
            return block("py", PREAMBLE)
        case "programs":
            return table("program", PROGRAMS)
        case "howtos":
            return table("howto", HOWTOS)
    (chapter,) = (one for one in CHAPTERS if one.title == title)
    return "\n".join(map(section, chapter.entries))


def table(kind: str, chapters: Iterable[Chapter]) -> str:
    """Return a line for each entry, in the order of their numbers."""
    entries = chain.from_iterable(chapter.entries for chapter in chapters)
    rows = "".join(
        f"| [{one.number}](#{anchor(one)}) | {name(one)} | {one.shows} | {commands(one)} |"
        f" {verbs(one)} |\n"
        for one in sorted(entries, key=order)
        if not one.number.startswith("c")
    )
    head = f"| # | {kind} | what it shows | command | library |\n| --- | --- | --- | --- | --- |\n"
    return head + rows


def order(entry: Entry) -> tuple[str, int]:
    """Return by what entries are sorted: their numbers; those of the withdrawn come last."""
    return entry.number.rstrip("0123456789"), int(entry.number.lstrip("chw"))


def name(entry: Entry) -> str:
    """Return the name of an example in Markdown."""
    return f"`{entry.name}`" if "." in entry.name else entry.name


def commands(entry: Entry) -> str:
    """Return which commands an entry takes."""
    return quoted(
        word
        for way in entry.ways
        for word in re.findall(r"rawkit [a-z]+|scripts/\w+\.py", way.command)
    )


def verbs(entry: Entry) -> str:
    """Return what of the library an entry calls: verbs, and what it imports besides."""
    return quoted(
        word
        for way in entry.ways
        for word in (
            *re.findall(r"rawkit\.[a-z_.]+(?=\()", way.library),
            *(f"{room}.{word}" for room, word in IMPORTED.findall(way.library)),
        )
    )


def quoted(words: Iterable[str]) -> str:
    """Return words as code, each once."""
    return ", ".join(f"`{word}`" for word in dict.fromkeys(words))


def heading(entry: Entry) -> str:
    """Return the heading of an entry."""
    return f"{entry.number}: {entry.name.removesuffix('.c')}"


def anchor(entry: Entry) -> str:
    """Return what a link to an entry names."""
    return re.sub(r"[^\w\- ]", "", heading(entry).lower()).replace(" ", "-")


def section(entry: Entry) -> str:
    """Return the section of an entry."""
    end = "" if entry.shows.endswith("?") else "."
    about = f"{entry.shows[0].upper()}{entry.shows[1:]}{end}\n"
    ways = (way(one, one.shape or entry.shape) for one in entry.ways)
    return "\n".join((f"### {heading(entry)}\n", about, *ways))


def way(one: Way, shape: str) -> str:
    """Return one way: what is run, and what it does."""
    place = "" if shape == "pair" else f"In `rawkit lab {shape}`."
    told = [f"{words}\n" for words in (" ".join(filter(None, (one.note, place))),) if words]
    told.append(block("sh", one.command + "\n"))
    told.append(block("py", one.library + "\n" + (f"# {one.gives}\n" if one.gives else "")))
    told.extend(f"{line}\n" for line in facts(one))
    return "\n".join(told)


def facts(one: Way) -> Iterator[str]:
    """Yield what a test finds out about a way."""
    if one.peer:
        yield f"Meanwhile the other node runs `{one.peer}`."
    if one.hears is not None:
        yield f"It sends: {reading((one.hears,))}."
    if one.sends:
        where = "Leaves" if one.near else "Arrives"
        yield f"{where}: {reading(one.sends)}."
    if one.begins:
        yield f"Arrives first: {reading(one.begins)}."
    if one.answers:
        yield f"Comes back: {reading(one.answers)}."
    if one.prints:
        yield f"Prints {', '.join(f'`{words.strip()}`' for words in one.prints)}."


def reading(packets: tuple[Fields, ...]) -> str:
    """Return what tshark reads in packets, field by field."""
    names = list(dict.fromkeys(name for packet in packets for name in packet))
    parts = [f"`{field}` {values(field, packets)}" for field in names if not field.endswith(GOOD)]
    good = [field.removesuffix(GOOD) for field in names if field.endswith(GOOD)]
    if good:
        parts.append(f"checksums good: {', '.join(good)}")
    count = f"{len(packets)} packets: " if len(packets) > 1 else ""
    return count + "; ".join(parts)


def values(field: str, packets: tuple[Fields, ...]) -> str:
    """Return the values of a field in all packets, in as few words as possible."""
    found = [packet.get(field, NONE) for packet in packets]
    *before, last = found
    if set(before) <= {last}:
        return last
    if set(before) == {NONE}:
        return f"{last} in the last"
    words: list[str] = []
    for value, run in groupby(found):
        count = len(list(run))
        words += [value] * count if count < FEW else [f"{value} ({count} times)"]
    return " · ".join(words)


def block(language: str, text: str) -> str:
    """Return a fenced block."""
    return f"```{language}\n{text}```\n"


def written_anew(page: str) -> str:
    """Return the page with its entries as they are run."""
    return FILLED.sub(lambda part: f"<!-- {part[1]} -->\n\n{filled(part[1])}\n<!-- end -->", page)


if __name__ == "__main__":
    PAGE.write_text(written_anew(PAGE.read_text()))
