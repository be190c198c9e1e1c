"""Others to connect to, each in a thread: what they do is a function of their socket."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress

from rawkit.posix.address import parse
from rawkit.posix.resolution import local_address, resolve

ABORT = b"\1\0\0\0\0\0\0\0"
"""struct linger: close by RST."""

Conversation = Callable[[socket.socket], None]


def echo(sock: socket.socket) -> None:
    """Send back what comes."""
    while data := sock.recv(0x1_0000):
        sock.sendall(data)


def reset(sock: socket.socket) -> None:
    """Wait for something, and reset."""
    sock.recv(1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ABORT)


def greet(sock: socket.socket) -> None:
    """Say something, and close."""
    sock.sendall(b"hello\n")


def collect(into: list[bytes]) -> Conversation:
    """Return what keeps all that comes; an error is kept as its name."""

    def take(sock: socket.socket) -> None:
        parts = bytearray()
        try:
            while data := sock.recv(0x1_0000):
                parts += data
        except OSError as error:
            parts += type(error).__name__.encode()
        into.append(bytes(parts))

    return take


@contextmanager
def server(where: str, conversation: Conversation = echo) -> Iterator[str]:
    """Serve connections, one after the other; gives the address."""
    (target,) = resolve(parse(where), passive=True)
    listener = target.open()
    with ExitStack() as stack:
        stack.callback(listener.close)
        listener.bind(target.sockaddr)
        listener.listen()
        thread = threading.Thread(target=_serve, args=(listener, conversation))
        thread.start()
        stack.callback(thread.join)
        stack.callback(_hush, listener)
        yield str(local_address(listener))


def _hush(listener: socket.socket) -> None:
    with suppress(OSError):
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, conversation: Conversation) -> None:
    while True:
        try:
            sock, _ = listener.accept()
        except OSError:
            return
        with sock, suppress(ConnectionError):
            conversation(sock)


@contextmanager
def datagram_echo(where: str) -> Iterator[str]:
    """Send datagrams back; gives the address."""
    (target,) = resolve(parse(where), passive=True)
    sock = target.open()
    with sock:
        sock.bind(target.sockaddr)
        thread = threading.Thread(target=_answer, args=(sock,))
        thread.start()
        try:
            yield str(local_address(sock))
        finally:
            with socket.socket(target.family, socket.SOCK_DGRAM) as last:
                last.sendto(b"stop", sock.getsockname())
            thread.join()


def _answer(sock: socket.socket) -> None:
    while True:
        data, sender = sock.recvfrom(0x1_0000)
        if data == b"stop":
            return
        if sender:
            sock.sendto(data, sender)


@contextmanager
def full_queue(where: str) -> Iterator[str]:
    """A server that takes nobody and whose queue is full: who comes next hears nothing."""
    (target,) = resolve(parse(where), passive=True)
    with target.open() as listener, ExitStack() as stack:
        listener.bind(target.sockaddr)
        listener.listen(0)
        waiting = stack.enter_context(socket.socket(target.family))
        waiting.connect(listener.getsockname())
        yield str(local_address(listener))
