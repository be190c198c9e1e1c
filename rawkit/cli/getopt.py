"""Command lines taken apart as getopt_long(3) does, after a table of options.

The table of a command is all there is: the parser, ``--help``, the reference and the tests
read it. It is a parser of our own because argparse takes as long as a whole trace.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Generic, TypeVar

from rawkit.errors import UsageError

if TYPE_CHECKING:
    from typing import Protocol

    class Asked(Protocol):
        """Where the options of a command are kept."""

        help: bool
        show_version: bool


Wanted = TypeVar("Wanted")
Asking = TypeVar("Asking", bound="Asked")
WIDTH = 28
"""Columns of the options in ``--help``."""


class Option(Generic[Wanted]):
    """One option: its letter, its long name, its argument, what it does."""

    # A plain class: to define a named tuple takes as long as to read a whole command line.
    def __init__(
        self,
        letter: str,
        name: str,
        argument: str,
        apply: Callable[[Wanted, str], None],
        about: str,
    ) -> None:
        """Describe an option.

        Args:
            letter: behind one dash; may be empty.
            name: behind two.
            argument: what ``--help`` calls it; empty: there is none; in brackets: there may be.
            apply: called with what the options are kept in, and the argument.
            about: what ``--help`` says.
        """
        self.letter = letter
        self.name = name
        self.argument = argument
        self.apply = apply
        self.about = about

    @property
    def may_lack_argument(self) -> bool:
        """Whether its argument can only follow behind ``=``, and may be missing."""
        return self.argument.startswith("[")


class Table(Generic[Wanted]):
    """The options of a command."""

    def __init__(
        self, command: str, options: Sequence[Option[Wanted]], also: Mapping[str, str] | None = None
    ) -> None:
        """Prepare to read.

        Args:
            command: whose they are.
            options: its options, in the order of ``--help``.
            also: other long names of options, and their names here.
        """
        self.options = tuple(options)
        self._command = command
        self._by_letter = {option.letter: option for option in options if option.letter}
        self._by_name = {option.name: option for option in options}
        self._by_name |= {word: self._by_name[name] for word, name in (also or {}).items()}

    def read(self, words: Sequence[str], rest: list[str]) -> Iterator[tuple[Option[Wanted], str]]:
        """Yield each option with its argument; what is no option goes to ``rest``.

        Raises:
            UsageError: there is no such option; or its argument is missing, or is too much.
        """
        words_left = iter(words)
        for word in words_left:
            if word == "--":
                rest.extend(words_left)
            elif word.startswith("--"):
                yield self._long(word[2:], words_left)
            elif word.startswith("-") and word != "-":
                yield from self._letters(word[1:], words_left)
            else:
                rest.append(word)

    def help_lines(self) -> str:
        """Return a line for each option."""
        return "".join(_help_line(option) for option in self.options)

    def _letters(self, word: str, rest: Iterator[str]) -> Iterator[tuple[Option[Wanted], str]]:
        for place, letter in enumerate(word, start=1):
            option = self._by_letter.get(letter)
            if option is None:
                raise UsageError(f"invalid option -- '{letter}' (rawkit {self._command} --help)")
            if not option.argument or option.may_lack_argument:
                yield option, ""
                continue
            argument = word[place:] or next(rest, None)
            if argument is None:
                raise UsageError(f"option requires an argument -- '{letter}' ({option.argument})")
            yield option, argument
            return

    def _long(self, word: str, rest: Iterator[str]) -> tuple[Option[Wanted], str]:
        name, has_argument, given = word.partition("=")
        option = self._by_name.get(name)
        if option is None:
            from rawkit.cli.main import suggestion

            known = suggestion(f"--{name}", [f"--{known}" for known in self._by_name])
            way_out = known or f" (rawkit {self._command} --help)"
            raise UsageError(f"unrecognized option '--{name}'{way_out}")
        if not option.argument:
            if has_argument:
                raise UsageError(f"option '--{name}' doesn't allow an argument")
            return option, ""
        if option.may_lack_argument:
            return option, given
        argument = given if has_argument else next(rest, None)
        if argument is None:
            raise UsageError(f"option '--{name}' requires an argument ({option.argument})")
        return option, argument


def fill(table: Table[Asking], asked: Asking, words: Sequence[str], rest: list[str]) -> bool:
    """Take in a command line, and return whether nothing but help or the version is asked for.

    Raises:
        UsageError: as :meth:`Table.read` does, or an argument makes no sense.
    """
    for option, argument in table.read(words, rest):
        option.apply(asked, argument)
        if asked.help or asked.show_version:
            return True
    return False


def switch(name: str) -> Callable[[object, str], None]:
    """Return what sets an attribute to true."""
    return lambda wanted, _: setattr(wanted, name, True)


def value(name: str, convert: Callable[[str], object]) -> Callable[[object, str], None]:
    """Return what sets an attribute to an argument, once converted."""
    return lambda wanted, argument: setattr(wanted, name, convert(argument))


def without_effect(wanted: object, argument: str) -> None:
    """Take an option that makes no difference here."""


def refuse(why: str) -> Callable[[object, str], None]:
    """Return what refuses an option, with the reason and the way out."""

    def apply(wanted: object, argument: str) -> None:
        raise UsageError(why)

    return apply


def _help_line(option: Option[Wanted]) -> str:
    letter = f"-{option.letter}, " if option.letter else "    "
    optional = option.may_lack_argument
    sign = "" if optional or not option.argument else " "
    left = f"  {letter}--{option.name}{sign}{option.argument}"
    if len(left) < WIDTH:
        return f"{left:{WIDTH}}{option.about}\n"
    return f"{left}\n{'':{WIDTH}}{option.about}\n"
