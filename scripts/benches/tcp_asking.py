"""Connect and close: ``python -m scripts.benches.tcp_asking HOST PORT COUNT AT_ONCE``."""

import errno
import select
import socket
import sys

PATIENCE = 30.0


def main(host: str, port: str, count: str, at_once: str) -> int:
    """Open so many connections on the kernel's TCP, some at once; close each when it is open."""
    address, left = (host, int(port)), int(count)
    opening: dict[int, socket.socket] = {}
    with select.epoll() as poll:
        while left or opening:
            while left and len(opening) < int(at_once):
                left -= 1
                sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
                if (code := sock.connect_ex(address)) not in (0, errno.EINPROGRESS):
                    raise OSError(code, "cannot connect")
                opening[sock.fileno()] = sock
                poll.register(sock.fileno(), select.EPOLLOUT)
            ready = poll.poll(PATIENCE)
            if not ready:
                raise TimeoutError(f"{len(opening)} connections do not open")
            for descriptor, _ in ready:
                with opening.pop(descriptor) as sock:
                    if code := sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                        raise OSError(code, "not connected")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
