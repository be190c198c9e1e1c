"""What ``rawkit handshake --help`` prints."""

from rawkit.cli.handshake_options import TABLE

USAGE = """\
Usage: rawkit handshake [options] HOST PORT

Open a TCP connection by hand, over raw sockets, and show each of the three segments that it
takes, the state of our side, and the reason. The kernel's TCP has no part in it; a guard
keeps it from resetting the connection. Needs CAP_NET_RAW.

Options:
"""
EXAMPLES = """
Examples:
  rawkit lab pair -- rawkit handshake {last} 80      nobody listens there: a RST
  sudo rawkit handshake localhost 22
  sudo rawkit handshake --whole localhost http       the farewell, too
  sudo rawkit handshake --stop syn-ack localhost 22  a connection that stays half open
  sudo rawkit handshake --mss 500 --no-sack localhost 22
  sudo rawkit handshake --guard nft localhost 22     a rule of the firewall that goes with us
  sudo rawkit handshake --json localhost 22 | jq -r .reason

Exit code: 0 the handshake came as far as asked, 1 it did not, 2 usage or other error.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + TABLE.help_lines() + EXAMPLES
