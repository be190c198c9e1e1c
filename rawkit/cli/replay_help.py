"""What ``rawkit replay --help`` prints."""

from rawkit.cli.replay_options import TABLE

USAGE = """\
Usage: rawkit replay [options] FILE|- [FILTER…]

Send the packets of a capture file once more, as far from each other as they came. What
offload left undone in the capture is done before: super-packets are cut, checksums worked
out. The letters are tcpreplay(1)'s, the words of the filter tcpdump(8)'s.
Needs CAP_NET_RAW, but for --dry-run. A time is in seconds, or has a unit: 200ms, 50us.

Options:
"""
EXAMPLES = """
Examples:
  rawkit replay -i eth0 x.pcapng                as it was
  rawkit replay -i eth0 -x 10 x.pcapng          ten times as fast
  rawkit replay -i eth0 -p 1000 -l 5 x.pcapng udp port 53
  rawkit replay -i eth0 -N 10.0.0.0/24=192.0.2.0/24 --dst-mac 02:00:00:00:01:02 x.pcap
  rawkit replay --layer ip -N 10.0.0.1-10.0.0.9=127.0.0.1 x.pcap   by the kernel's routes
  rawkit replay -n -w fixed.pcapng x.pcapng     edit a capture, and send nothing
  rawkit replay -i eth0 --vlan 5 --mtu 1400 -f x.pcap

Ctrl-C ends it with what was sent so far.
Exit code: 0 all sent, 1 some were not, 2 usage or other error, or a damaged file.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + TABLE.help_lines() + EXAMPLES
