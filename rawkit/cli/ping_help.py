"""What ``rawkit ping --help`` prints."""

from rawkit.cli.ping_options import TABLE

USAGE = """\
Usage: rawkit ping [options] HOST…

Ask hosts whether they are there, and how far away. The letters are ping(8)'s.
HOST is a name or an address; several, a network (192.0.2.0/24), a range
(192.0.2.1-9), a pattern (192.0.2.*) or a file of them (@FILE) are asked together.
A time is in seconds, or has a unit: 50us, 200ms, 1.5s, 2m.

Options:
"""
EXAMPLES = """
Examples:
  rawkit ping -c 3 192.0.2.7                    three requests, a second apart
  rawkit ping -c 5 -i 200ms --stats example.org percentiles, and where each request went
  rawkit ping -c 1 --json 192.0.2.0/28          who is there? an object a line
  rawkit ping -M do -s 1472 -c 1 192.0.2.7      do 1500 octets get through whole?
  rawkit ping -D -O 192.0.2.7                   a log of what is missing, with times
  rawkit ping -c 3 --pcap ping.pcap 2001:db8::7 keep the packets for tcpdump or wireshark
  rawkit ping -c 3 --tcp 443 example.org        where echo requests are filtered
  rawkit ping -c 3 --probe eth0 192.0.2.7       is that interface of it up?

Ctrl-C ends it with the summary, Ctrl-\\ prints a line of it meanwhile.
Exit code: 0 answered, 1 not answered (or less than -c within -w), 2 usage or other error.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + TABLE.help_lines() + EXAMPLES
