"""A place in the tokens of a filter, and what can be said to be wrong there."""

from collections.abc import Iterable

from rawkit.errors import FilterError
from rawkit.filters.lexer import Kind, Token, tokens
from rawkit.filters.syntax import Span

DEEPEST = 50
"""Parentheses, brackets and negations within each other."""


class Cursor:
    """Moves over the tokens of a filter."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        """The number of the next token."""
        self._tokens = list(tokens(text))
        self._depth = 0

    def peek(self, ahead: int = 0) -> Token:
        """Return the next token, or one of those behind it."""
        return self._tokens[min(self.place + ahead, len(self._tokens) - 1)]

    def take(self) -> Token:
        """Move past the next token, and return it."""
        token = self.peek()
        self.place += 1
        return token

    def sees(self, *symbols: str, ahead: int = 0) -> bool:
        """Whether the next token is one of these symbols."""
        token = self.peek(ahead)
        return token.kind is Kind.SYMBOL and token.text in symbols

    def sees_word(self, words: Iterable[str], ahead: int = 0) -> bool:
        """Whether the next token is one of these words of the language."""
        token = self.peek(ahead)
        return token.kind is Kind.WORD and not token.escaped and token.text in words

    def expect(self, symbol: str, why: str) -> Token:
        """Move past a symbol that must be there."""
        if not self.sees(symbol):
            raise self.problem(f"{symbol!r} is missing {why}", self.peek())
        return self.take()

    def since(self, start: int) -> Span:
        """Return the span from a place in the text to the end of the last token taken."""
        return start, self._tokens[self.place - 1].end

    def problem(self, problem: str, token: Token) -> FilterError:
        """Return the error that says what is wrong with a token."""
        return FilterError(problem, self.text, token.start, token.end)

    def enter(self) -> None:
        """Go one level deeper; leave it by :meth:`leave`.

        Raises:
            FilterError: this is too deep.
        """
        self._depth += 1
        if self._depth > DEEPEST:
            raise self.problem(f"more than {DEEPEST} levels within each other", self.peek())

    def leave(self) -> None:
        """Go back to the level above."""
        self._depth -= 1

    def at(self, place: int, depth: int) -> None:
        """Go back to where it was before."""
        self.place, self._depth = place, depth

    @property
    def depth(self) -> int:
        """How many levels deep it is."""
        return self._depth


def number(text: str) -> int | None:
    """Return a number as C writes it: decimal, ``0x`` or, after a 0, octal. Others: ``None``."""
    try:
        if text[:1] == "0" and text.isdecimal():
            return int(text, 8)
        if text[:2] in ("0x", "0X"):
            return int(text, 16) if "_" not in text else None
        return int(text) if text.isascii() and text.isdecimal() else None
    except ValueError:
        return None


def quoted(token: Token) -> str:
    """Return a token as a message shows it."""
    return "the end" if token.kind is Kind.END else repr(token.text)


def suggestion(word: str, words: Iterable[str]) -> str:
    """Return the question whether another word was meant, or nothing."""
    from difflib import get_close_matches

    word = word.lower()
    swapped = [other for other in sorted(words) if sorted(other) == sorted(word)]
    near = swapped or get_close_matches(word, sorted(words), 1, 0.6)
    return f"; did you mean {near[0]!r}?" if near else ""
