"""What ``rawkit decode --help`` prints."""

from rawkit.cli.decode_options import TABLE

USAGE = """\
Usage: rawkit decode [options] FILE|-|HEX [FILTER…]

Read packets from a capture file, from standard input, or from octets in hexadecimal, and
print them as rawkit sniff does. The letters and the words of filters are tcpdump(8)'s.
HEX is what tcpdump -x, xxd, hexdump -C, Wireshark or a program has for octets.

Options:
"""
EXAMPLES = """
Examples:
  rawkit decode x.pcapng                     every packet in a line
  rawkit decode -v -c 1 x.pcap.gz 'udp port 53'
  rawkit decode '4500 001c 0001 4000 4001 b6d7 c000 0201 c000 0207 0800 f7fd 0001 0001'
  tcpdump -x -c 3 | rawkit decode -v -       what another program dumped
  rawkit decode --stats x.pcap               who talks to whom, by which protocols
  rawkit decode --follow=0 x.pcap            what the two said in the first connection
  rawkit decode --follow --into DIR x.pcap   each side of each connection to a file
  rawkit decode -w dns.pcapng x.pcap port 53 a copy of what passes the filter
  rawkit decode --json x.pcap | jq .text     for programs

Ctrl-C ends it with what is known by then.
Exit code: 0 packets passed, 1 none did, 2 usage or other error, or a damaged file.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + TABLE.help_lines() + EXAMPLES
