#!/usr/bin/env python3
"""Say lines to a server, and print its answers, from socket() to close(): a program to read.

    scripts/line_client.py PLACE LINE…

PLACE is HOST:PORT, or the path of a unix socket, with a slash in it.
"""

import socket
import sys


def main(place: str, *lines: str) -> None:
    """Ask, and print what comes back."""
    with connection(place) as sock:
        for line in lines:
            sock.sendall(line.encode() + b"\n")  # all of it: send may take a part
        sock.shutdown(socket.SHUT_WR)  # that was all; the answers may still come
        while data := sock.recv(4096):  # whatever is there; b"": the server has said all
            sys.stdout.buffer.write(data)


def connection(place: str) -> socket.socket:
    """Return a socket that is connected.

    Raises:
        OSError: to none of the addresses; why not to the last one.
    """
    if "/" in place:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(place)
        return sock
    host, _, port = place.rpartition(":")
    problem: OSError = ConnectionError(f"{place}: no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(
        host.strip("[]"), port, type=socket.SOCK_STREAM
    ):
        sock = socket.socket(family, kind, protocol)
        try:
            sock.connect(address)
            return sock
        except OSError as error:  # another address may do
            sock.close()
            problem = error
    raise problem


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except (OSError, ValueError) as error:
        sys.exit(f"line_client.py: {error}")
