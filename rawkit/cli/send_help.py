"""What ``rawkit send --help`` prints."""

from rawkit.cli.send_options import TABLE

USAGE = """\
Usage: rawkit send [options] PACKET
       rawkit send [options] --pcap-in FILE

Send packets of your own making, right or wrong, at the layer that fits. PACKET is in
notation, or with --hex in hexadecimal; - or @FILE: such packets in a file, one a line.
Source addresses, ports and hardware addresses that are not given are filled in.
Needs CAP_NET_RAW, but for --dry-run. A time is in seconds, or has a unit: 200ms, 50us.

Options:
"""
EXAMPLES = """
Examples:
  rawkit send 'ip(dst=192.0.2.7,ttl=3)/udp(dport=7)/"hello"'
  rawkit send -n 'ip(dst=192.0.2.7,checksum=1)/icmp.echo'      what would become of it?
  rawkit send 'ip6(dst=2001:db8::7)/hbh(options=[router_alert])/udp(dport=7)'
  rawkit send -I eth0 'arp(tpa=192.0.2.7)'                     who has that address?
  rawkit send -I eth0 'eth/vlan(5)/ip(dst=192.0.2.7)/icmp.echo'
  rawkit send -f 'ip(dst=192.0.2.7)/udp(dport=7)/0x41*4000'    in fragments
  rawkit send -c 1000 -r 100 --seed 7 'ip(dst=192.0.2.7)/udp(random(1024,65535),7)/random(64)'
  rawkit send --hex '4500001c000040000111f5b8c0000201c0000207 d4310007 00080000'
  rawkit send --pcap-in in.pcapng -I eth0 --pcap out.pcapng    again, as they were

Ctrl-C ends it with what was sent so far.
Exit code: 0 all sent, 1 some refused by the kernel, 2 usage or other error.
"""


def help_text() -> str:
    """Return the whole help."""
    return USAGE + TABLE.help_lines() + EXAMPLES
