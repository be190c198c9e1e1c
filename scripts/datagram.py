#!/usr/bin/env python3
"""Make a UDP datagram by hand, look at it, send it, see it leave, and hear what answers: to read.

    scripts/datagram.py HOST [PORT [TEXT]]

HOST is an address. It needs CAP_NET_RAW: start it with sudo, or in a network of your own:
rawkit lab line -- scripts/datagram.py {last} 7 hello
"""

import sys
from ipaddress import IPv4Address, ip_address

import rawkit
from rawkit.host.source import source_for
from rawkit.sockets.ports import free_ports
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.text import hexdump, line
from rawkit.wire.udp import UDP


def main(host: str, port: str = "7", text: str = "hello") -> int:
    """Send it; return 0 if somebody answers, be it that nobody wants it, else 1."""
    packet = datagram(host, int(port), text.encode())
    print(packet)

    foreseen = rawkit.preview(packet)
    print(f"by {foreseen.layer.value} over {foreseen.interface}: {foreseen.why}")
    for change in foreseen.changes:  # none, unless you give a checksum or a length
        print(f"the kernel changes the {change}")
    print(hexdump(foreseen.octets))

    with rawkit.sniff(f"udp dst port {port}", interface=foreseen.interface) as heard:
        report = rawkit.exchange(packet, tries=1).run()
    for received in heard.packets:
        way = received.direction.value if received.direction else "?"
        print(f"{way}: {line(received.packet)}")
    for answer in report.kept:
        print(f"after {answer.rtt * 1000:.3f} ms: {line(answer.packet)}")
    return 0 if report.kept else 1


def datagram(host: str, port: int, payload: bytes) -> Packet:
    """Return a datagram for a host; lengths and checksums are worked out when it is packed."""
    dst = ip_address(host)
    udp = UDP(free_ports(dst.version, "udp")[0], port)
    if isinstance(dst, IPv4Address):
        return IPv4(source_for(dst), dst, ttl=64) / udp / payload
    return IPv6(source_for(dst), dst, hop_limit=64) / udp / payload


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    try:
        sys.exit(main(*sys.argv[1:]))
    except (rawkit.RawkitError, OSError, ValueError) as error:
        sys.exit(f"datagram.py: {error}")
