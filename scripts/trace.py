#!/usr/bin/env python3
"""Find the routers on the way to a host, and what can be said of them: a program to read.

    scripts/trace.py HOST [udp|icmp|tcp]

UDP needs no privilege, TCP needs CAP_NET_RAW: start it with sudo, or in a network of
your own: rawkit lab line -- scripts/trace.py {last}
"""

import sys

import rawkit
from rawkit.engine.trace_events import Answer, Hop, NotSent, Silence
from rawkit.engine.trace_settings import Method


def main(host: str, method: Method = "udp") -> int:
    """Trace the path to a host; return 0 if it was reached, else 1."""
    session = rawkit.trace(host, method=method, flow="paris")
    for row in session:  # the socket opens here, and closes when the loop ends
        if isinstance(row, Hop):
            print(f"{row.ttl:2}  {told(row)}")
    report = session.report()
    for hop in report.hops:
        for remark in hop.remarks:
            print(f"hop {hop.ttl}: {remark.value}")
    print(f"{'reached' if report.reached else 'not reached'}, over a {report.via} ({report.why})")
    return 0 if report.reached else 1


def told(row: Hop) -> str:
    """Return what there is to say of one hop."""
    sources = ", ".join(map(str, row.sources)) or "*"
    return f"{sources}  {'  '.join(map(outcome, row.outcomes))}"


def outcome(one: Answer | Silence | NotSent) -> str:
    """Return what became of one probe."""
    match one:
        case Answer():
            stacks = [each.decoded for each in one.extensions if isinstance(each.decoded, tuple)]
            labels = "".join(f" MPLS {label.label}" for stack in stacks for label in stack)
            return f"{one.rtt * 1000:.3f} ms {one.annotation}".rstrip() + labels
        case Silence():
            return f"nothing in {one.waited * 1000:.0f} ms"
        case NotSent():
            return f"not sent: {one.error.strerror}"


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:3]))  # type: ignore[arg-type]  # a wrong word is told of
    except TypeError:
        sys.exit(__doc__)
    except (rawkit.RawkitError, OSError) as error:
        sys.exit(f"trace.py: {error}")
