#!/usr/bin/env python3
"""Find the hosts of a link, all at once, and addresses that two of them claim: to read.

    scripts/arp.py INTERFACE ADDRESSES…

as 192.0.2.0/24 or 192.0.2.1-9. It needs CAP_NET_RAW: start it with sudo, or in a
network of your own: rawkit lab star -- scripts/arp.py eth0 10.1.0.0/28
"""

import asyncio
import sys

import rawkit
from rawkit.engine.neighbour_events import Answer
from rawkit.engine.resolve_report import ResolveReport
from rawkit.host.targets import expand
from rawkit.wire.address import Address

MOST = 1024
"""Each address takes a socket of its own."""
AT_ONCE = 128


async def main(interface: str, words: list[str]) -> int:
    """Ask for every address; return 0 if each has one host at the most, else 1."""
    gate = asyncio.Semaphore(AT_ONCE)
    addresses = list(expand(words, most=MOST))
    reports = await asyncio.gather(*(ask(address, interface, gate) for address in addresses))
    conflicts = sum(report.is_conflict for report in reports)
    found = sum(report.is_alive for report in reports)
    print(f"{found} of {len(reports)} addresses are taken, {conflicts} of them more than once")
    return 1 if conflicts else 0


async def ask(address: str | Address, interface: str, gate: asyncio.Semaphore) -> ResolveReport:
    """Ask everybody twice for one address, and tell of each who answers for the first time."""
    async with gate:  # a session opens its socket when it starts, not before
        session = rawkit.resolve(
            address, interface=interface, count=2, interval=0.2, timeout=0.3,
            until_first=False, broadcast=True,
        )  # fmt: skip
        known = set()
        async for event in session:
            if isinstance(event, Answer) and event.mac not in known:
                known.add(event.mac)
                time = "unasked" if event.rtt is None else f"{event.rtt * 1000:.3f} ms"
                print(f"{address}  {event.mac}  {time}  {event.verdict.value}")
        return session.report()


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    try:
        sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2:])))
    except (rawkit.RawkitError, OSError) as error:
        sys.exit(f"arp.py: {error}")
