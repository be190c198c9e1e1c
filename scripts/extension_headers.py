#!/usr/bin/env python3
"""Which extension headers of IPv6 get through? Ping a host behind each chain of them: to read.

    scripts/extension_headers.py ADDRESS

Needs CAP_NET_RAW: sudo, or rawkit lab line -- scripts/extension_headers.py {last6}
"""

import sys
from collections.abc import Iterator
from ipaddress import IPv6Address

import rawkit
from rawkit.host.source import source_for
from rawkit.wire import icmpv6, ipv6_options
from rawkit.wire.extension_order import violations
from rawkit.wire.extensions import DestinationOptions, Fragment, HopByHop, Routing
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ipv6_option_values import RouterAlert
from rawkit.wire.packet import Header
from rawkit.wire.quote import says

ALERT = ipv6_options.encode(RouterAlert())
SKIP = ipv6_options.encode(ipv6_options.Other(0x1E, b"who knows it not goes on"))  # RFC 4727
TELL = ipv6_options.encode(ipv6_options.Other(0x9E, b"who knows it not says so"))


def chains(dst: IPv6Address) -> Iterator[tuple[str, tuple[Header, ...]]]:
    """Yield chains of headers, each with a name."""
    yield "nothing", ()
    yield "hop-by-hop, router alert", (HopByHop(ALERT),)
    yield "an option to be skipped", (DestinationOptions(SKIP),)
    yield "an option to be told of", (DestinationOptions(TELL),)
    yield "an atomic fragment", (Fragment(identification=7),)
    yield "a route of kind 0, spent", (Routing(0, 0, bytes(4) + dst.packed),)
    yield "a route of kind 0", (Routing(0, 1, bytes(4) + dst.packed),)
    yield "destination options twice", (DestinationOptions(), DestinationOptions())
    yield "hop-by-hop in the wrong place", (DestinationOptions(), HopByHop(ALERT))


def main(dst: IPv6Address) -> int:
    """Print a line for each chain, and which rules it breaks; return 0 if all is well, else 1."""
    heard, ip = [], IPv6(source_for(dst), dst)
    for number, (name, chain) in enumerate(chains(dst)):
        packet = rawkit.Packet((ip, *chain, icmpv6.EchoRequest(7, number)), b"hello")
        report = rawkit.exchange(packet, timeout=0.3, tries=2).run()
        heard.append(report.answers)
        words = [says(one.packet.headers[1]) for one in report.kept if not one.is_reply]
        rules = "".join(f" ({one.rule.name})" for one in violations(packet))
        print(f"{name:30} {'replied' if report.answers else (*words, 'silence')[0]}{rules}")
    return 0 if heard[0] else 1  # the plain one


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        sys.exit(main(IPv6Address(sys.argv[1])))
    except (rawkit.RawkitError, OSError, ValueError) as error:
        sys.exit(f"extension_headers.py: {error}")
