"""What ``rawkit exchange --help`` prints."""

from rawkit.cli.exchange_options import TABLE

USAGE = """\
Usage: rawkit exchange [options] PACKET

Send a packet of your own making, and show what answers it: a reply, or an ICMP error about
it. PACKET is in notation, or with --hex in hexadecimal; - or @FILE: such packets in a file,
one a line. On a terminal of 100 columns or more, question and answer stand side by side.
Needs CAP_NET_RAW, but for --dry-run. A time is in seconds, or has a unit: 200ms, 1.5s.

Options:
"""
EXAMPLES = """
Examples:
  rawkit exchange 'ip(dst=192.0.2.7)/icmp.echo/"hello"'
  rawkit exchange -v 'ip(dst=192.0.2.7,ttl=3)/udp(dport=7)'      who is three hops away?
  rawkit exchange 'ip(dst=192.0.2.7)/tcp(dport=80,flags=syn)'    is the port open?
  rawkit exchange -c 20 'ip(dst=192.0.2.7)/tcp(dport=20..39)'    and these?
  rawkit exchange -a 'ip6(dst=ff02::1%eth0)/icmp6.echo'          who is on the link?
  rawkit exchange -I eth0 'arp(tpa=192.0.2.7)'
  rawkit exchange --json 'ip(dst=192.0.2.7)/icmp.timestamp' | jq .notation

Ctrl-C ends it with what is known.
Exit code: 0 every question was answered, 1 one was not, or by an ICMP error only,
2 usage or other error.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + TABLE.help_lines() + EXAMPLES
