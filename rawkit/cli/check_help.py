"""What ``rawkit check --help`` prints."""

from rawkit.cli.address_help import NOTATION
from rawkit.cli.check_options import TABLE

USAGE = """\
Usage: rawkit check [options] ADDRESS
       rawkit check [options] [ADDRESS] -- COMMAND …

Try what unkind clients and bad days do to an echo server, anybody's: silent clients, such
as do not read, resets, floods, no descriptors left, signals in the middle. With COMMAND it
starts the server itself, and so sees more: memory, descriptors, children, how it ends.
In COMMAND {port} and {address} stand for those of ADDRESS; port 0 there is a free one.
Without ADDRESS, the server prints its own as the first line.

"""
EXAMPLES = """
Examples:
  rawkit check tcp:127.0.0.1:7007
  rawkit check tcp:127.0.0.1:7007 --pid 4242           and what its process makes of it
  rawkit check -- rawkit serve echo tcp:127.0.0.1:0 --print-address
  rawkit check tcp:127.0.0.1:0 -- socat TCP-LISTEN:{port},fork,reuseaddr PIPE
  rawkit check --fault half-close tcp:127.0.0.1:0 -- ncat -lk {port} --exec /bin/cat
  rawkit check --json unix:/run/user/1000/echo | jq -r 'select(.stood == false).finding'

Exit code: 0 it stands all of them, 1 it does not, 2 usage or other error.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + NOTATION + "\nOptions:\n" + TABLE.help_lines() + EXAMPLES
