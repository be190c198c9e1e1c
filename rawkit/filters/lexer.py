"""Cut the text of a filter into words and symbols."""

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

from rawkit.errors import FilterError

LONGEST = 100_000
"""Characters: a filter that is longer makes no program that the kernel takes."""

SPACE = re.compile(r"\s+")
WORD = re.compile(r"\\?(?:[A-Za-z0-9_]|::)[A-Za-z0-9_.:-]*")
"""Addresses are words, too, and so are names with a hyphen."""
WORD_INSIDE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
"""A word between brackets: there the colon comes before a size."""
SYMBOL = re.compile(r"&&|\|\||<<|>>|<=|>=|==|!=|[][()!<>=+*/%&|^:-]")


class Kind(Enum):
    """What a token is."""

    WORD = "word"
    SYMBOL = "symbol"
    END = "end"


class Token(NamedTuple):
    """A word or a symbol, and where it stands."""

    kind: Kind
    text: str
    """Without the backslash that may stand before it."""
    start: int
    end: int
    escaped: bool = False
    """Whether a backslash stood before it: it is a name then, and no word of the language."""


def tokens(text: str) -> Iterator[Token]:
    """Yield the tokens of a filter, and one for its end.

    Raises:
        FilterError: a character belongs to no token, or the text is too long.
    """
    if len(text) > LONGEST:
        raise FilterError(f"{len(text)} characters, more than {LONGEST}", text, LONGEST, LONGEST)
    at = brackets = 0
    while at < len(text):
        if space := SPACE.match(text, at):
            at = space.end()
            continue
        if word := (WORD_INSIDE if brackets else WORD).match(text, at):
            escaped = word[0].startswith("\\")
            yield Token(Kind.WORD, word[0].removeprefix("\\"), at, word.end(), escaped)
            at = word.end()
            continue
        if not (symbol := SYMBOL.match(text, at)):
            raise FilterError(f"{text[at]!r} means nothing here", text, at, at + 1)
        brackets = max(0, brackets + {"[": 1, "]": -1}.get(symbol[0], 0))
        yield Token(Kind.SYMBOL, symbol[0], at, symbol.end())
        at = symbol.end()
    yield Token(Kind.END, "", len(text), len(text))
