"""What ``rawkit resolve --help`` prints."""

from rawkit.cli.resolve_options import TABLE

USAGE = """\
Usage: rawkit resolve [options] ADDRESS…
       rawkit resolve --routers -I NAME [options]
       rawkit resolve --watch [-I NAME] [options]

Ask who on the link has an address, and whether it is one host only: by ARP, or over
IPv6 by neighbour discovery. The letters are arping(8)'s. Needs CAP_NET_RAW.
A time is in seconds, or has a unit: 200ms, 1.5s, 2m.

Options:
"""
EXAMPLES = """
Examples:
  rawkit resolve -f 192.0.2.7               its hardware address, and no more
  rawkit resolve -c 3 -I eth0 fe80::7       three requests, a second apart
  rawkit resolve -D -w 3 -I eth0 192.0.2.9  is the address free? exit code 0: yes
  rawkit resolve -U -c 2 192.0.2.1          tell the link that it is here now
  rawkit resolve --routers -I eth0          routers, prefixes, MTU, name servers
  rawkit resolve --watch -I eth0 --json     who says what, until Ctrl-C

Ctrl-C ends it with the summary.
Exit code: 0 answered (-D: free), 1 not answered or a conflict, 2 usage or other error.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + TABLE.help_lines() + EXAMPLES
