"""Hear, or send, frames: ``python -m scripts.benches.sniff_work JOB ARGUMENT…``.

``send RATE SECONDS`` sends that many small frames a second, evenly, and prints how many it
was and how long it took. ``hear TOOL`` says ``ready``, hears until SIGINT or 3 s of
silence, and prints how many frames it heard.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Callable
from typing import Any

import rawkit
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.text import line
from rawkit.wire.udp import UDP

INTERFACE = "eth0"
SLICE = 200e-6
"""Seconds between two bursts; at slow rates each is of one frame."""
NOBODY = bytes.fromhex("020000000099")
"""No kernel answers this hardware address."""


def frame() -> bytes:
    """Return the frame that is sent: UDP, 60 octets."""
    from ipaddress import IPv4Address

    ip = IPv4(IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2"))
    return bytes(Ethernet(NOBODY, bytes.fromhex("020000000001")) / ip / UDP(1000, 2000) / bytes(18))


def send(rate: float, seconds: float) -> tuple[int, float]:
    """Send at a rate; return how many frames it was, and how long it took."""
    octets, wanted = frame(), round(rate * seconds)
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0) as sock:
        sock.bind((INTERFACE, 0))
        began = time.perf_counter()
        sent = 0
        while sent < wanted:
            due = min(wanted, int((time.perf_counter() - began) * rate) + 1)
            for _ in range(due - sent):
                sock.send(octets)
            sent = max(sent, due)
            time.sleep(max(0.0, min(SLICE, began + sent / rate - time.perf_counter())))
        return sent, time.perf_counter() - began


def hear(tool: str) -> int:
    """Hear with one tool, until somebody ends it."""
    return TOOLS[tool]()


def by_rawkit() -> int:
    """Hear each packet, read, with its checksum looked at."""
    session = rawkit.sniff("udp", interface=INTERFACE)
    signal.signal(signal.SIGINT, lambda *_: session.stop())
    session.open()
    ready()
    return sum(1 for _ in session)


def by_rawkit_in_lines() -> int:
    """The same, and make a line of each, written to nowhere."""
    session = rawkit.sniff("udp", interface=INTERFACE)
    signal.signal(signal.SIGINT, lambda *_: session.stop())
    session.open()
    ready()
    count = 0
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123  # as the others do
        for received in session:
            nowhere.write(line(received.packet))
            count += 1
    return count


def to_file_by_rawkit() -> int:
    """Write all to a file that is nowhere."""
    session = rawkit.sniff("udp", interface=INTERFACE)
    signal.signal(signal.SIGINT, lambda *_: session.stop())
    session.open()
    ready()
    return session.save(os.devnull, format="pcap").captured


def by_scapy() -> int:
    """Hear each packet, read; scapy reads no checksums."""
    from scapy.sendrecv import sniff

    return _scapy(sniff, lambda packet: None)


def by_scapy_in_lines() -> int:
    """The same, and make a line of each, written to nowhere."""
    from scapy.sendrecv import sniff

    with open(os.devnull, "w") as nowhere:  # noqa: PTH123  # as the others do
        return _scapy(sniff, lambda packet: nowhere.write(packet.summary()))


def _scapy(sniff: Callable[..., Any], use: Callable[[Any], object]) -> int:
    import scapy.layers.inet
    import scapy.layers.l2

    assert scapy.layers.inet
    assert scapy.layers.l2
    count = 0

    def take(packet: Any) -> None:
        nonlocal count
        count += 1
        use(packet)

    sniff(iface=INTERFACE, store=False, prn=take, filter="udp", started_callback=ready)
    return count


TOOLS = {
    "rawkit": by_rawkit,
    "rawkit, lines": by_rawkit_in_lines,
    "rawkit, to a file": to_file_by_rawkit,
    "scapy": by_scapy,
    "scapy, lines": by_scapy_in_lines,
}


def ready() -> None:
    """Say that it hears from now on."""
    print("ready", flush=True)


def main(job: str, *arguments: str) -> None:
    """Do it, and print what came of it."""
    if job == "send":
        sent, took = send(*map(float, arguments))
        print(sent, took)
    else:
        print(hear(*arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
