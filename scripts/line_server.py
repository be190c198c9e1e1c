#!/usr/bin/env python3
"""Serve lines, each octet plus one, from socket() to close(): a program to read.

    scripts/line_server.py PLACE [one|fork]

PLACE is HOST:PORT, or a unix socket's path, with a slash in it. It serves one client after the
other, or each in a process of its own, until Ctrl-C.
"""

import os
import signal
import socket
import sys
from contextlib import suppress


def main(place: str, model: str = "one") -> None:
    """Serve until the end."""
    with listener(place) as server:
        print("at", server.getsockname(), flush=True)
        while True:
            with server.accept()[0] as client:  # a child has a copy, and ours is closed here
                if model == "one":
                    serve(client)
                elif os.fork() == 0:
                    server.close()
                    serve(client)
                    os._exit(0)


def listener(place: str) -> socket.socket:
    """Return a socket that listens."""
    host, _, port = place.rpartition(":")
    if "/" in place:
        sock = socket.socket(socket.AF_UNIX)
        sock.bind(place)  # makes a file, which must not be there, and stays when we are gone
    else:
        sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # or wait for TIME_WAIT
        sock.bind((host.strip("[]"), int(port)))
    sock.listen()  # from here on the kernel takes connections
    return sock


def serve(client: socket.socket) -> None:
    """Answer every line until the client has said all, or has reset the connection."""
    with suppress(ConnectionError), client.makefile("rb") as lines:
        for line in lines:  # recv knows of none, so this reads on to the line end
            client.sendall(bytes((one + 1) % 256 for one in line.rstrip(b"\n")) + b"\n")


if __name__ == "__main__":
    if len(sys.argv) < 2 or sys.argv[2:] not in ([], ["one"], ["fork"]):
        sys.exit(__doc__)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children need not be waited for
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError) as error:
        sys.exit(f"line_server.py: {error}")
