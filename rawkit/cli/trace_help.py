"""What ``rawkit trace --help`` prints."""

from rawkit.cli.trace_options import TABLE

USAGE = """\
Usage: rawkit trace [options] HOST [LENGTH]

Find the routers on the way to a host. The letters and the lines are traceroute(8)'s.
HOST is a name or an address; LENGTH the octets of a whole probe (60; IPv6 80).
A time is in seconds, or has a unit: 50us, 200ms, 1.5s, 2m.

Options:
"""
EXAMPLES = """
Examples:
  rawkit trace example.org                      UDP probes; needs no privilege
  rawkit trace -I -n 192.0.2.7                  by ICMP echo, without names
  rawkit trace -T -p 443 example.org            by TCP SYNs to a port that is open
  rawkit trace --report -c 20 example.org       losses and times of each hop, as mtr -r
  rawkit trace --live example.org               the same, as it changes
  rawkit trace --multipath example.org          every way that load balancers share
  rawkit trace -A --as-table prefixes.txt -e -n 192.0.2.7
                                                AS numbers, MPLS labels, no names
  rawkit trace --json 192.0.2.7 | jq .rtt       an object a line, as it happens
  rawkit trace --dot 192.0.2.7 | dot -Tsvg      a picture of it
  rawkit trace --record path.jsonl example.org  keep it, and look at it again:
  rawkit trace --replay path.jsonl --report

Ctrl-C ends it with what is known.
Exit code: 0 the host answered, 1 it did not, 2 usage or other error.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + TABLE.help_lines() + EXAMPLES
