#!/usr/bin/env python3
"""IPv6 through IPv4, by hand (RFC 4213): ping through a tunnel, or be its far end: to read.

    scripts/tunnel.py HOST INSIDE     ping INSIDE, an IPv6 address, through a tunnel to HOST
    scripts/tunnel.py --answer HOST   answer what HOST sends through a tunnel to us, for ever

It needs CAP_NET_RAW: start it with sudo, or in a network of your own.
"""

import socket
import sys
from ipaddress import IPv4Address, IPv6Address

import rawkit
from rawkit.host.source import source_for
from rawkit.wire import icmpv6
from rawkit.wire.dissect import dissect
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.text import line

US = IPv6Address("2001:db8:41::1")
"""Who we are in the tunnel."""


def ping(host: IPv4Address, inside: IPv6Address) -> int:
    """Send an echo request through the tunnel; return 0 if a reply came, else 1."""
    question = IPv6(US, inside) / icmpv6.EchoRequest(41, 1) / b"through a tunnel"
    packet = IPv4(source_for(host), host) / question
    print(line(packet))
    report = rawkit.exchange(packet).run()
    for answer in report.kept:  # a reply comes back through the tunnel; an error need not
        print(f"after {answer.rtt * 1000:.3f} ms: {line(answer.packet)}")
    return 0 if report.answers else 1


def answer(host: IPv4Address) -> None:
    """Reply to echo requests that come out of the tunnel, whoever they are for."""
    # While this socket is open, the kernel does not say that nobody here speaks protocol 41.
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_IPV6) as end:
        end.connect((str(host), 0))
        while True:
            packet = dissect(end.recv(65_535))
            match packet.headers:
                case (IPv4(), IPv6() as ip, icmpv6.EchoRequest() as request, *_):
                    reply = icmpv6.EchoReply(request.identifier, request.sequence)
                    end.send(bytes(IPv6(ip.dst, ip.src) / reply / packet.payload))


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        if sys.argv[1] != "--answer":
            sys.exit(ping(IPv4Address(sys.argv[1]), IPv6Address(sys.argv[2])))
        answer(IPv4Address(sys.argv[2]))
    except KeyboardInterrupt:
        sys.exit(130)
    except (rawkit.RawkitError, OSError, ValueError) as error:
        sys.exit(f"tunnel.py: {error}")
