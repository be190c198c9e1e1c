"""What ``rawkit demo --help`` prints."""

from rawkit.cli.demo_options import TABLE
from rawkit.cli.demo_text import catalogue
from rawkit.demos import DEMOS

USAGE = """\
Usage: rawkit demo [options] [NAME … | all]

Show what sockets do that surprises: measured here and now, each in less than 10 seconds, in
a network of its own that leads nowhere. No root needed. Without a name: a list.

Options:
"""
EXAMPLES = """
Examples:
  rawkit demo nagle                  40 ms for 20 octets, and three ways out
  rawkit demo nagle backlog          one after the other
  rawkit demo all                    every one; a quarter of a minute
  rawkit demo --json nagle | jq -r 'select(.type == "figure") | [.case, .figure] | @tsv'

Exit code: 0 what was to be shown has happened, 1 not this time (the last paragraph says what
happened instead), 2 usage or other error.
"""


def help_text() -> str:
    """Return the whole help."""
    _, _, *names = catalogue(DEMOS)
    return USAGE + TABLE.help_lines() + "\nNames:\n" + "\n".join(names) + "\n" + EXAMPLES
