"""One TCP transfer: ``python -m scripts.benches.tcp_work TOOL WAY HOST PORT OCTETS``.

WAY is ``down`` or ``up``; the other side is ``serve`` below, on the kernel's sockets. Prints how
many nanoseconds it took from the handshake on, and for how many of them this process was busy.
"""

import socket
import sys
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, cast

CHUNK = 1 << 16
LETTERS = {"down": b"d", "up": b"u"}
PATIENCE = 60.0


def serve(sock: socket.socket) -> None:
    """Answer each connection: send as much as is asked for, or take it and say so."""
    while True:
        try:
            connection, _ = sock.accept()
        except OSError:
            return
        threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    with connection:
        head = b""
        while not head.endswith(b"\n"):
            head += connection.recv(1)
        size = int(head[1:])
        if head[:1] == LETTERS["down"]:
            connection.sendall(bytes(size))
            return
        while size > 0 and (part := connection.recv(CHUNK)):
            size -= len(part)
        connection.sendall(b"k")


def by_sockets(way: str, host: str, port: int, size: int) -> None:
    """Use the kernel's TCP."""
    with socket.create_connection((host, port), PATIENCE) as sock:
        if way == "down":
            sock.sendall(b"d%d\n" % size)
            _receive(sock.recv, size)
            return
        sock.sendall(b"u%d\n" % size)
        sock.sendall(bytes(size))
        _receive(sock.recv, 1)


def by_rawkit(link: str) -> Callable[[str, str, int, int], None]:
    """Use a TCP in user space, on a link."""
    import rawkit
    from rawkit.endpoint.opening import LinkKind

    def transfer(way: str, host: str, port: int, size: int) -> None:
        kind = cast("LinkKind", link)
        with rawkit.connect(host, port, link=kind, timeout=PATIENCE) as stream:
            stream.timeout = PATIENCE
            if way == "down":
                stream.sendall(b"d%d\n" % size)
                _receive(stream.recv, size)
                return
            stream.sendall(b"u%d\n" % size)
            stream.sendall(bytes(size))
            _receive(stream.recv, 1)

    return transfer


def by_scapy(way: str, host: str, port: int, size: int) -> None:
    """Use scapy's automaton; our guard keeps the kernel from resetting its connection."""
    from ipaddress import ip_address

    from scapy.layers.inet import TCP_client
    from scapy.packet import Raw

    from rawkit.endpoint.guard import Guard
    from rawkit.host.source import source_for

    if way != "down":
        raise ValueError("it has no way to send much")
    with closing(Guard(source_for(ip_address(host)))) as guard:
        automaton: Any = TCP_client.tcplink(Raw, host, port, sport=guard.port)
        automaton.send(Raw(b"d%d\n" % size))
        _receive(lambda _: bytes(automaton.recv()), size)
        automaton.close()


def _receive(recv: Callable[[int], bytes], size: int) -> None:
    while size > 0:
        part = recv(CHUNK)
        if not part:
            raise EOFError(f"{size} octets are missing")
        size -= len(part)


TOOLS: dict[str, Callable[[], Callable[[str, str, int, int], None]]] = {
    "sockets": lambda: by_sockets,
    "rawkit, raw": lambda: by_rawkit("raw"),
    "rawkit, packet": lambda: by_rawkit("packet"),
    "rawkit, offload": lambda: by_rawkit("offload"),
    "scapy": lambda: by_scapy,
}


def main(tool: str, way: str, host: str, port: str, size: str) -> int:
    """Transfer once to warm up, a little, and once to measure."""
    transfer = TOOLS[tool]()
    transfer(way, host, int(port), 1000)
    began, busy = time.perf_counter_ns(), time.process_time_ns()
    transfer(way, host, int(port), int(size))
    took, cpu = time.perf_counter_ns() - began, time.process_time_ns() - busy
    print(took, cpu, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
