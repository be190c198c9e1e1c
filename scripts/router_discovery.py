#!/usr/bin/env python3
"""Which routers are on a link, and what do they say? Ask over IPv6 and IPv4 at once: to read.

    scripts/router_discovery.py INTERFACE [SECONDS]

It needs CAP_NET_RAW: start it with sudo. Nothing on this host changes by what it hears.
"""

import asyncio
import sys
from typing import Literal

import rawkit
from rawkit.engine.discover import Change, Router
from rawkit.wire.icmp_queries import RouterAdvertisement as RouterAdvertisement4
from rawkit.wire.ndp import RouterAdvertisement


async def main(interface: str, seconds: float) -> int:
    """Tell of each router as soon as it speaks; return 0 if there is one, else 1."""
    found = await asyncio.gather(ask(interface, 6, seconds), ask(interface, 4, seconds))
    print(f"{sum(found)} routers: {found[0]} of IPv6, {found[1]} of IPv4")
    return 0 if any(found) else 1


async def ask(interface: str, version: Literal[4, 6], seconds: float) -> int:
    """Solicit routers of a version of IP, and return how many there are."""
    session = rawkit.discover_routers(interface, version, count=None, deadline=seconds)
    async for event in session:
        if isinstance(event, Router) and event.change is not Change.SAME:
            how = "unasked" if event.rtt is None else f"after {event.rtt * 1000:.3f} ms"
            print(f"{event.address} [{event.mac}] for {event.lifetime} s, {how}")
            for words in told(event.message):
                print(f"  {words}")
    return len(session.report().routers)


def told(message: RouterAdvertisement | RouterAdvertisement4) -> list[str]:
    """Return what an advertisement says, a line for each thing."""
    if isinstance(message, RouterAdvertisement4):
        return [f"send to {address}, preference {level}" for address, level in message.routers]
    words = [f"hop limit {message.hop_limit}, preference {message.preference}"]
    return words + [str(option) for option in message.options]


if __name__ == "__main__":
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    try:
        sys.exit(asyncio.run(main(sys.argv[1], float((*sys.argv, "3")[2]))))
    except (rawkit.RawkitError, OSError, ValueError) as error:
        sys.exit(f"router_discovery.py: {error}")
