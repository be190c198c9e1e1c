"""What ``rawkit errno --help`` prints."""

from rawkit.cli.errno_options import TABLE
from rawkit.errnos.table import CALLS

USAGE = """\
Usage: rawkit errno [options] [NAME | NUMBER | EAI_NAME | icmp:TYPE/CODE | icmp6:TYPE/CODE] …

Say what an error of a socket call means: why it came, and what to do. Also what the
errors of names mean (EAI_…, and HOST_NOT_FOUND and its like), and which errno an ICMP
error becomes. Without a word: a list of all that it knows.

Options:
"""
EXAMPLES = """
Examples:
  rawkit errno ECONNREFUSED                of each call that gives it
  rawkit errno 104 --call send             by number, of one call
  rawkit errno --call connect --kind unix  all that connect(2) of a unix socket can say
  rawkit errno EAI_AGAIN                   of getaddrinfo(3)
  rawkit errno icmp:3/13                   what a program notices of "packet filtered"
  rawkit errno --json EPIPE | jq -r .way_out

Calls: {calls}.
Exit code: 0 the table knows it, 1 it does not, 2 usage or other error.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + TABLE.help_lines() + EXAMPLES.format(calls=", ".join(CALLS))
