"""The letters of the packet notation: words, texts, lists and calls, each with its column.

What they mean is said in :mod:`rawkit.wire.notation`.
"""

import re

from rawkit.errors import NotationError
from rawkit.record import record

WORD = re.compile(r"""[^\s,()\[\]="*]+""")
LAYER_WORD = re.compile(r"""[^\s,()\[\]="*/]+""")
"""Between headers the slash ends a word; within parentheses it is part of one, as in 10.0.0.0/8."""
SPACE = re.compile(r"\s*")
ESCAPED = re.compile(r"""\\(?:x([0-9a-fA-F]{2})|(.))""", re.DOTALL)
ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "0": "\0", "\\": "\\", '"': '"'}
DEEPEST = 8
"""Lists and calls within each other."""


@record
class Word:
    """A number, an address, a name, octets in hexadecimal."""

    text: str
    column: int


@record
class Text:
    """Octets between quotation marks."""

    octets: bytes
    column: int


@record
class Items:
    """A list in brackets."""

    values: "tuple[Value, ...]"
    column: int


@record
class Argument:
    """A value in parentheses; ``name`` is empty where its place says what it is for."""

    name: str
    value: "Value"
    column: int


@record
class Call:
    """A name with parentheses: a header, an option, a function."""

    name: str
    arguments: tuple[Argument, ...]
    column: int


@record
class Repeated:
    """Octets that come several times."""

    value: "Word | Text"
    times: int
    column: int


Value = Word | Text | Items | Call | Repeated


def layers(text: str) -> tuple[Value, ...]:
    """Split a line of notation into what stands between its slashes.

    Raises:
        NotationError: it is not well formed; the error has the column.
    """
    return Scanner(text).layers()


class Scanner:
    """Reads a line from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def layers(self) -> tuple[Value, ...]:
        """Read the whole line."""
        found = [self._value(LAYER_WORD)]
        while self._take("/"):
            found.append(self._value(LAYER_WORD))
        if self._at < len(self._text):
            raise self._error(f"{self._text[self._at]!r} is not expected here")
        return tuple(found)

    def _value(self, words: "re.Pattern[str]", depth: int = 0) -> Value:
        start = self._skip()
        if depth > DEEPEST:
            raise self._error("too many brackets within each other")
        if self._take('"'):
            return self._times(Text(self._quoted(start), start))
        if self._take("["):
            values = [] if self._take("]") else self._list(depth)
            return Items(tuple(values), start)
        name = words.match(self._text, self._at)
        if name is None:
            found = "the end" if start == len(self._text) else repr(self._text[start])
            raise self._error(f"a header or a value is expected, not {found}")
        self._at = name.end()
        if self._take("("):
            return Call(name[0], self._arguments(depth), start)
        return self._times(Word(name[0], start))

    def _list(self, depth: int) -> list[Value]:
        values = [self._value(WORD, depth + 1)]
        while self._take(","):
            values.append(self._value(WORD, depth + 1))
        self._expect("]")
        return values

    def _arguments(self, depth: int) -> tuple[Argument, ...]:
        if self._take(")"):
            return ()
        found = [self._argument(depth)]
        while self._take(","):
            found.append(self._argument(depth))
        self._expect(")")
        return tuple(found)

    def _argument(self, depth: int) -> Argument:
        start = self._skip()
        value = self._value(WORD, depth + 1)
        if isinstance(value, Word) and self._take("="):
            return Argument(value.text, self._value(WORD, depth + 1), start)
        return Argument("", value, start)

    def _times(self, value: Word | Text) -> Value:
        if not self._take("*"):
            return value
        start = self._skip()
        count = LAYER_WORD.match(self._text, self._at)
        if count is None or not count[0].isdecimal():
            raise self._error("a number of times is expected behind *")
        self._at = count.end()
        return Repeated(value, int(count[0]), start)

    def _quoted(self, start: int) -> bytes:
        """Return the octets up to the closing mark, which is passed."""
        end = self._at
        while end < len(self._text) and self._text[end] != '"':
            end += 2 if self._text[end] == "\\" else 1
        if end >= len(self._text):
            raise NotationError("the quotation mark is not closed", self._text, start)
        inside, offset = self._text[self._at : end], self._at
        self._at = end + 1
        octets, last = b"", 0
        for escape in ESCAPED.finditer(inside):
            octets += inside[last : escape.start()].encode()
            octets += self._unescaped(escape, offset)
            last = escape.end()
        return octets + inside[last:].encode()

    def _unescaped(self, escape: "re.Match[str]", offset: int) -> bytes:
        if escape[1] is not None:
            return bytes((int(escape[1], 16),))
        if escape[2] not in ESCAPES:
            known = " ".join(f"\\{letter}" for letter in ESCAPES)
            message = f"unknown escape {escape[0]} (known: {known} \\xHH)"
            raise NotationError(message, self._text, offset + escape.start())
        return ESCAPES[escape[2]].encode()

    def _skip(self) -> int:
        """Pass white space; return where that leads."""
        space = SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at
        return self._at

    def _take(self, letter: str) -> bool:
        """Pass this letter if it comes next."""
        if self._text.startswith(letter, self._skip()):
            self._at += len(letter)
            return True
        return False

    def _expect(self, letter: str) -> None:
        if not self._take(letter):
            found = repr(self._text[self._at]) if self._at < len(self._text) else "the end"
            raise self._error(f"{letter!r} or a comma is expected, not {found}")

    def _error(self, message: str) -> NotationError:
        return NotationError(message, self._text, self._at)
