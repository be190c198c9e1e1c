"""Send and exchange with one library: ``python -m scripts.benches.sending_work LIBRARY JOB``.

It runs in the first node of a pair, and prints the nanoseconds that one packet takes, a line for
each kind: of CPU time where packets are sent, of a clock where answers are waited for.
"""

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

SOURCE, DESTINATION = "10.1.0.1", "10.1.0.2"
PAYLOAD = b"twenty octets of it."
PORTS = range(20_000, 21_000)
FEW, MANY = 500, 50_000
"""Packets to send with scapy, and with whoever is quicker."""
QUESTIONS = {"scapy": 12, "rawkit": 300}
ONE, DIFFERENT, FRAMES = "the same packet", "another source port each", "the same frame"
PING = "ping"

Jobs = Iterator[tuple[str, float]]


def cpu(count: int, job: Callable[[int], object]) -> float:
    """Return the nanoseconds of CPU time that a packet takes; each has to leave."""
    before, began = left(), time.process_time()
    job(count)
    took = time.process_time() - began
    if (sent := left() - before) < count:
        raise SystemExit(f"only {sent} of {count} packets left")
    return 1e9 * took / count


def left() -> int:
    """Return how many packets have left by eth0."""
    for line in Path("/proc/thread-self/net/dev").read_text().splitlines():
        name, _, counts = line.partition(":")
        if name.strip() == "eth0":
            return int(counts.split()[9])
    raise SystemExit("there is no eth0")


def clock(count: int, job: Callable[[], object]) -> float:
    """Return the nanoseconds from the beginning of a job to its end, on average."""
    job()
    began = time.perf_counter()
    for _ in range(count):
        job()
    return 1e9 * (time.perf_counter() - began) / count


def rawkit_send() -> Jobs:
    """Send with rawkit."""
    import rawkit

    ip, payload = f"ip(src={SOURCE},dst={DESTINATION})", f'"{PAYLOAD.decode()}"'
    one = f"{ip}/udp(sport=4000,dport=9)/{payload}"
    different = f"{ip}/udp(sport={PORTS[0]}..{PORTS[-1]},dport=9)/{payload}"
    yield ONE, cpu(MANY, lambda count: rawkit.send(one, count=count))
    yield DIFFERENT, cpu(MANY, lambda count: rawkit.send(different, count=count))
    yield FRAMES, cpu(MANY, lambda count: rawkit.send(f"eth/{one}", count=count))


def scapy_send() -> Jobs:
    """Send with scapy."""
    from scapy.layers.inet import IP, UDP
    from scapy.layers.l2 import Ether
    from scapy.sendrecv import send, sendp

    def packet(port: int) -> IP:
        return IP(src=SOURCE, dst=DESTINATION) / UDP(sport=port, dport=9) / PAYLOAD

    frame = Ether(dst="02:00:00:00:01:02", src="02:00:00:00:01:01") / packet(4000)
    some = [packet(port) for port in PORTS[:FEW]]
    yield ONE, cpu(FEW, lambda count: send(packet(4000), count=count, verbose=False))
    yield DIFFERENT, cpu(FEW, lambda _: send(some, verbose=False))
    yield FRAMES, cpu(FEW, lambda n: sendp(frame, count=n, iface="eth0", verbose=False))


def socket_send() -> Jobs:
    """Send octets that are there by a raw socket and nothing else: what the kernel takes for it."""
    import socket

    from rawkit.wire.notation import parse

    words = f'ip(src={SOURCE},dst={DESTINATION})/udp(4000,9)/"{PAYLOAD.decode()}"'
    octets = bytes(parse(words).packet)
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as raw:

        def send(count: int) -> None:
            for _ in range(count):
                raw.sendto(octets, (DESTINATION, 0))

        yield ONE, cpu(MANY, send)


def rawkit_exchange() -> Jobs:
    """Ping with rawkit, each time anew."""
    import rawkit

    words = f'ip(dst={DESTINATION})/icmp.echo/"{PAYLOAD.decode()}"'

    def ask() -> None:
        if rawkit.exchange(words).run().answer is None:
            raise SystemExit("rawkit got no answer")

    yield PING, clock(QUESTIONS["rawkit"], ask)


def scapy_exchange() -> Jobs:
    """Ping with scapy's ``sr1``."""
    from scapy.layers.inet import ICMP, IP
    from scapy.sendrecv import sr1

    def ask() -> None:
        if sr1(IP(dst=DESTINATION) / ICMP() / PAYLOAD, timeout=2, verbose=False) is None:
            raise SystemExit("scapy got no answer")

    yield PING, clock(QUESTIONS["scapy"], ask)


JOBS: dict[tuple[str, str], Callable[[], Jobs]] = {
    ("rawkit", "send"): rawkit_send,
    ("scapy", "send"): scapy_send,
    ("socket", "send"): socket_send,
    ("rawkit", "exchange"): rawkit_exchange,
    ("scapy", "exchange"): scapy_exchange,
}

if __name__ == "__main__":
    for measured, nanoseconds in JOBS[sys.argv[1], sys.argv[2]]():
        print(f"{nanoseconds:.1f} {measured}")
