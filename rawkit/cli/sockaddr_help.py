"""What ``rawkit sockaddr --help`` prints."""

from rawkit.cli.address_help import NOTATION
from rawkit.cli.sockaddr_options import TABLE

USAGE = """\
Usage: rawkit sockaddr [options] ADDRESS …

Show the octets that bind(2) and connect(2) are given for an address: the struct, each
of its fields, and in which order its octets are. A name is looked up; nothing else is
asked or opened.

"""
EXAMPLES = """
Examples:
  rawkit sockaddr tcp:127.0.0.1:http       16 octets of sockaddr_in
  rawkit sockaddr 'tcp:[::1]:80'           28 of sockaddr_in6
  rawkit sockaddr unix:/run/echo.sock      up to 110 of sockaddr_un
  rawkit sockaddr unix:@echo vsock:2:1024 packet:lo
  rawkit sockaddr --json tcp:localhost:80 | jq -r .sockaddr

Exit code: 0 shown, 1 a name has no address, 2 usage or other error.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + NOTATION + "\nOptions:\n" + TABLE.help_lines() + EXAMPLES
