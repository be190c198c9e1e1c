#!/usr/bin/env python3
"""Try which kinds of sockets this kernel has, and what each does to messages: a program to read.

    scripts/socket_kinds.py all

It speaks to nobody but itself.
"""

import errno
import socket
import sys

FAMILIES = ("AF_UNIX", "AF_INET", "AF_INET6", "AF_VSOCK", "AF_NETLINK", "AF_PACKET")
TYPES = ("SOCK_STREAM", "SOCK_DGRAM", "SOCK_SEQPACKET", "SOCK_RAW")
SENT = (b"first", b"second")


def main() -> None:
    """Print what there is, and what it is like."""
    print(f"{'':12}{''.join(f'{kind:17}' for kind in TYPES)}".rstrip())
    for family in FAMILIES:
        found = (f"{outcome(family, kind):17}" for kind in TYPES)
        print(f"{family:12}{''.join(found)}".rstrip())
    print()
    for kind in TYPES[:3]:
        print(f"{' and '.join(map(str, SENT))}, sent by {kind}, came as {received(kind)}")


def outcome(family: str, kind: str) -> str:
    """Return what becomes of socket(2) with protocol 0."""
    try:
        with socket.socket(getattr(socket, family), getattr(socket, kind)) as sock:
            given = sock.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE)
            return "yes" if given == getattr(socket, kind) else "a datagram one"
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))  # rawkit errno says more


def received(kind: str) -> str:
    """Return what arrives of two messages between two unix sockets."""
    one, two = socket.socketpair(socket.AF_UNIX, getattr(socket, kind))
    with one, two:
        for message in SENT:
            one.send(message)
        one.close()
        pieces = [two.recv(99)]
        while len(b"".join(pieces)) < len(b"".join(SENT)):
            pieces.append(two.recv(99))
        return " and ".join(map(str, pieces))


if __name__ == "__main__":
    if sys.argv[1:] != ["all"]:
        sys.exit(__doc__)
    main()
