"""What ``rawkit resolve-name --help`` prints."""

from rawkit.cli.resolve_name_options import TABLE

USAGE = """\
Usage: rawkit resolve-name [options] HOST …

Show what the resolver makes of a name: the addresses of both versions of IP and of each,
in the order in which they are to be tried; what gethostbyname(3) made of it; the canonical
name; how long it took; and whether the hosts file or DNS said so.
A HOST that is an address is taken as it stands, strictly: 010.0.0.1 and 1 are refused.

Options:
"""
EXAMPLES = """
Examples:
  rawkit resolve-name localhost
  rawkit resolve-name -6 -w 2 example.org  IPv6 only, two seconds at the most
  rawkit resolve-name -c 3 localhost       twice more, from a memory of our own
  rawkit resolve-name -c 3 -t 0 localhost  the resolver three times: does it remember?
  rawkit lab pair --host db.example={last} -- rawkit resolve-name db.example
  rawkit resolve-name --json localhost | jq -r 'select(.type == "name").found_in'

Exit code: 0 every name has an address, 1 one has none, 2 usage or other error.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + TABLE.help_lines() + EXAMPLES
