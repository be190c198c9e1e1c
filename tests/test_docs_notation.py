"""The reference of the notation is that of the code, and what it shows can be read."""

import re

import pytest

from rawkit.wire import notation
from rawkit.wire.notation import parse
from tests.docs_notation import PAGE, written_anew

BLOCKS = re.findall(r"^```text\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)
LINES = [line for block in BLOCKS for line in re.findall(r"(?m)^(?:ip|ip6|eth|arp)[/(].*$", block)]


def test_the_tables_are_those_of_the_code() -> None:
    page = PAGE.read_text()

    assert written_anew(page) == page, "python -m tests.docs_notation"


def test_the_grammar_is_the_one_in_the_code() -> None:
    grammar = re.search(r"```text\n(packet {4}=.*?)```", PAGE.read_text(), re.DOTALL)
    assert grammar
    rules = [line.strip() for line in grammar[1].splitlines()]

    assert notation.__doc__
    assert [rule for rule in rules if rule not in notation.__doc__] == []


@pytest.mark.parametrize("line", LINES)
def test_every_line_that_is_shown_can_be_read(line: str) -> None:
    assert parse(line).packet.headers


def test_there_are_lines_that_are_shown() -> None:
    assert len(LINES) > 8
