#!/usr/bin/env python3
"""Ping a host, and say of everything that happens what it is: a program to read.

    scripts/ping.py HOST [COUNT]

Where ping sockets are closed to you, it needs CAP_NET_RAW: start it with sudo, or
in a network of your own: rawkit lab line -- scripts/ping.py {last}
"""

import sys

import rawkit
from rawkit.engine.ping_events import ErrorReply, Lost, NotSent, PingEvent, Reply, Verdict
from rawkit.wire.quote import says


def main(host: str, count: int = 4) -> int:
    """Ping a host; return 0 if it answered, else 1."""
    session = rawkit.ping(host, count=count, interval=0.5, timeout=1.0)
    for event in session:  # the socket opens here, and closes when the loop ends
        print(told(event))
    report = session.report()
    ledger = report.ledger
    print(f"{ledger.replied} of {ledger.sent} answered, over a {report.via} ({report.why})")
    if report.rtt is not None and report.clocks is not None:
        departures, arrivals = report.clocks
        print(
            f"median {report.rtt.median * 1000:.3f} ms,"
            f" 95 % within {report.rtt.p95 * 1000:.3f} ms;"
            f" departures stamped by the {departures.value}, arrivals by the {arrivals.value}"
        )
    return 0 if report.is_alive else 1


def told(event: PingEvent) -> str:
    """Return a line about one thing that happened."""
    match event:
        case Reply(verdict=Verdict.IN_TIME):
            return f"{event.sequence}: {event.source} after {event.rtt * 1000:.3f} ms"
        case Reply():
            return f"{event.sequence}: {event.source}, not counted: {event.verdict.value}"
        case ErrorReply():
            return f"{event.sequence}: {event.source} says: {says(event.message)}"
        case Lost():
            return f"{event.sequence}: nothing came in time"
        case NotSent():
            return f"{event.sequence}: not sent: {event.error.strerror}"
        case _:
            return str(event)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1], *map(int, sys.argv[2:3])))
    except IndexError:
        sys.exit(__doc__)
    except (rawkit.RawkitError, OSError) as error:
        sys.exit(f"ping.py: {error}")
