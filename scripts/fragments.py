#!/usr/bin/env python3
"""Ping with more than fits into one packet: cut it, send the pieces, see what comes back.

    scripts/fragments.py HOST [OCTETS [MTU]]

HOST is an address; MTU how long a piece may be, in octets. It needs CAP_NET_RAW: start it
with sudo, or in a network of your own: rawkit lab line -- scripts/fragments.py {last6} 3000
"""

import os
import sys
from ipaddress import IPv4Address, ip_address
from random import randrange

import rawkit
from rawkit.host.source import source_for
from rawkit.wire import icmp, icmpv6
from rawkit.wire.extensions import Fragment
from rawkit.wire.fragment import fragment
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.text import line


def main(host: str, octets: int = 3000, mtu: int = 1280) -> int:
    """Send the pieces; return 0 if a reply came, as long as the question, else 1."""
    question = ping(host, os.urandom(octets))
    for piece in fragment(question, mtu):
        print(f"{len(bytes(piece)):5} octets  {line(piece)}")
    report = rawkit.exchange(question, fragment=mtu).run()
    for answer in report.kept:
        print(f"after {answer.rtt * 1000:.3f} ms: {line(answer.packet)}")
    print("no answer" if not report.kept else f"{report.answers} of 1 answered")
    return 0 if report.answers else 1


def ping(host: str, payload: bytes) -> Packet:
    """Return an echo request that may be cut, with a number for its fragments."""
    dst, number = ip_address(host), randrange(1, 1 << 16)  # 0: the kernel chooses, for each one
    if isinstance(dst, IPv4Address):  # the number is in each header, and DF is off
        ip = IPv4(source_for(dst), dst, identification=number, dont_fragment=False)
        return ip / icmp.EchoRequest(number, 1) / payload
    # over IPv6 a header of its own says where to cut, and under which number
    head = IPv6(source_for(dst), dst) / Fragment(identification=number)
    return head / icmpv6.EchoRequest(number, 1) / payload


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    try:
        sys.exit(main(sys.argv[1], *map(int, sys.argv[2:])))
    except (rawkit.RawkitError, OSError, ValueError) as error:
        sys.exit(f"fragments.py: {error}")
