"""What ``rawkit pmtu --help`` prints."""

from rawkit.cli.pmtu_options import TABLE

USAGE = """\
Usage: rawkit pmtu [options] HOST

Find the largest packet that reaches a host whole, and the hop where larger ones get
stuck, whether it says so or not. The letters are tracepath(8)'s.
HOST is a name or an address. A time is in seconds, or has a unit: 200ms, 1.5s, 2m.

Options:
"""
EXAMPLES = """
Examples:
  rawkit pmtu example.org                  needs no privilege
  rawkit pmtu -n -6 2001:db8::7            over IPv6, without names
  rawkit pmtu -v 192.0.2.7                 which sizes are tried, and what becomes of them
  rawkit pmtu -I -l 9000 192.0.2.7         by echo requests, no larger than 9000 octets
  rawkit pmtu --json 192.0.2.7 | jq 'select(.type == "summary").path_mtu'

What the kernel has noted of a path makes no difference, and it is not made to note more.
Ctrl-C ends it with what is known.
Exit code: 0 the host answered, 1 it did not, 2 usage or other error.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + TABLE.help_lines() + EXAMPLES
