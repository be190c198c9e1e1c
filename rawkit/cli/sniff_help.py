"""What ``rawkit sniff --help`` prints."""

from rawkit.cli.sniff_options import TABLE

USAGE = """\
Usage: rawkit sniff [options] [FILTER…]

Hear what passes on an interface, or on all, and print it, or write it to a file. The letters
and the words of filters are tcpdump(8)'s. Needs CAP_NET_RAW. Nothing is sent.

Options:
"""
EXAMPLES = """
Examples:
  rawkit sniff icmp                          all pings, on all interfaces
  rawkit sniff -i eth0 -c 5 'udp port 53'    five packets of a name server
  rawkit sniff -v -c 1 'tcp[syn]'            every field of the next connection's beginning
  rawkit sniff -eXX arp                      hardware addresses and hexdumps
  rawkit sniff -i eth0 -w out.pcapng         to a file, for Wireshark; Ctrl-C ends it
  rawkit sniff --json 'vlan 5' | jq .text    for programs
  rawkit sniff -w - | tcpdump -r -           for other tools
  rawkit sniff -i eth0 -G 3600 -W 24 -w 'hour-%H.pcapng'

Ctrl-C ends it with the counters.
Exit code: 0 heard something (with -c: so many), 1 did not, 2 usage or other error.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + TABLE.help_lines() + EXAMPLES
