#!/usr/bin/env python3
r"""Open a TCP connection by hand, see its segments, ask for a page, and close it: to read.

    scripts/handshake.py HOST [PORT]

It needs CAP_NET_RAW: start it with sudo, or in a network of your own:
rawkit lab pair -- sh -c 'python3 -m http.server -b {first} 8000 & sleep 1; $0 {first} 8000' \
    scripts/handshake.py
"""

import sys

import rawkit
from rawkit.tcp.flow import Flow
from rawkit.tcp.packets import packet_of
from rawkit.tcp.segment import Segment
from rawkit.wire.text import line

QUESTION = b"GET / HTTP/1.0\r\n\r\n"


def main(host: str, port: str = "80") -> int:
    """Shake hands, then do it again and go on; return 0 if somebody answers, else 1."""
    shaking = rawkit.handshake(host, int(port))
    for shown in shaking:
        print(f"{shown.number}. {shown.before} to {shown.after}: {shown.reason}")
        print(f"   {line(packet(shaking.flow, shown.segment, shown.is_ours))}")
    if shaking.established is None:
        print(shaking.failure)
        return 1
    print(f"both sides agree on {shaking.established.agreed}")

    with rawkit.connect(host, int(port), timeout=5) as stream:
        print(f"{stream.flow} is {stream.state}; {', '.join(stream.guard)} keep the kernel away")
        stream.timeout = 5
        stream.sendall(QUESTION)
        answer = stream.recv_all()
        status = answer.partition(b"\n")[0].decode().strip()
        print(f"{len(answer)} octets: {status}")
        print(f"round trip {stream.info.rtt or 0:.6f} s, {stream.info.counters.resent} sent again")
    print(f"now it is {stream.state}")
    return 0


def packet(flow: Flow, segment: Segment, is_ours: bool) -> rawkit.Packet:
    """Return the packet that carried a segment, theirs seen from their side."""
    if is_ours:
        return packet_of(flow, segment)
    return packet_of(Flow(flow.remote, flow.remote_port, flow.local, flow.local_port), segment)


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 3:
        sys.exit(__doc__)
    try:
        sys.exit(main(*sys.argv[1:]))
    except (rawkit.RawkitError, OSError, ValueError) as error:
        sys.exit(f"handshake.py: {error}")
