"""docs/reference/raw-sockets.md shows what tests/collection runs."""

import re

from tests.collection.preamble import PREAMBLE
from tests.collection.rows import CHAPTERS, ENTRIES
from tests.docs_collection import FILLED, PAGE, anchor, written_anew


def test_the_page_is_what_is_run() -> None:
    page = PAGE.read_text()

    assert written_anew(page) == page, "python -m tests.docs_collection writes it anew"


def test_the_page_has_every_command_and_every_call() -> None:
    page = PAGE.read_text()

    assert f"```py\n{PREAMBLE}```" in page
    for entry in ENTRIES:
        for way in entry.ways:
            assert f"```sh\n{way.command}\n```" in page
            assert f"```py\n{way.library}\n" in page


def test_every_chapter_has_its_place() -> None:
    parts = [part[1] for part in FILLED.finditer(PAGE.read_text())]

    assert sorted(parts) == sorted(("preamble", "programs", "howtos", *(c.title for c in CHAPTERS)))


def test_every_example_of_the_collection_and_every_howto_has_a_line_and_a_section() -> None:
    page = PAGE.read_text()

    lines = re.findall(r"^\| \[(\w+)\]\(#([\w-]+)\) \|", page, re.MULTILINE)
    listed = [entry for entry in ENTRIES if not entry.number.startswith("c")]
    assert sorted(lines) == sorted((entry.number, anchor(entry)) for entry in listed)
    assert len(lines) == 59 + 6 + 21
    for entry in ENTRIES:
        assert len(re.findall(rf"^### {entry.number}: ", page, re.MULTILINE)) == 1
