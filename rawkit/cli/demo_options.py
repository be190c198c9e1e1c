"""The options of ``rawkit demo``."""

from collections.abc import Sequence

from rawkit.cli.getopt import Option, Table, fill, switch
from rawkit.demos import DEMOS
from rawkit.errors import UsageError

ALL = "all"


class DemoOptions:
    """What the command line asked for."""

    json: bool = False
    help: bool = False
    show_version: bool = False

    def __init__(self) -> None:
        self.names: list[str] = []


def parse(words: Sequence[str]) -> DemoOptions:
    """Return what the words ask for.

    Raises:
        UsageError: they make no sense.
    """
    options = DemoOptions()
    if fill(TABLE, options, words, options.names):
        return options
    for name in options.names:
        if name not in (*DEMOS, ALL):
            from rawkit.cli.main import suggestion

            known = suggestion(name, (*DEMOS, ALL))
            ways_out = known or f": {', '.join(DEMOS)}, or all of them: {ALL}"
            raise UsageError(f"no demonstration {name!r}{ways_out}")
    if ALL in options.names:
        options.names = list(DEMOS)
    return options


TABLE: Table[DemoOptions] = Table(
    "demo",
    (
        Option("j", "json", "", switch("json"), "an object a line (rawkit/1)"),
        Option("V", "version", "", switch("show_version"), "show the version"),
        Option("h", "help", "", switch("help"), "show this help"),
    ),
)
