"""Unkind senders of a server that echoes datagrams."""

import errno
import socket
from contextlib import suppress

from rawkit.posix.address import InternetAddress
from rawkit.posix.faults.subject import Failed, Inapplicable, Subject, ask
from rawkit.posix.resolution import resolve

SIZES = (1, 0, 512, 1472, 9000, 60_000)
TOO_LONG = 100_000


def datagrams(subject: Subject) -> str:
    """Send datagrams of many sizes, empty ones too; each comes back whole, and alone."""
    for size in SIZES:
        words = bytes(octet & 0xFF for octet in range(size))
        with subject.connection() as sock:  # of its own: a late answer is for nobody else
            heard = ask(sock, words)
        if heard != words:
            raise Failed(f"{len(heard)} octets come back for {size}")
    return ""


def unreachable(subject: Subject, count: int = 20) -> str:
    """Be gone before the answer comes: an ICMP error, or a refusal, comes back to the server."""
    for _ in range(count):
        sock = subject.connect()
        sock.send(b"nobody is here to hear the answer")
        sock.close()
    subject.must_answer("after answers that met a closed port")
    return ""


def never_reads(subject: Subject, count: int = 500) -> str:
    """Ask and never read the answers: the server must not wait for that.

    On this machine what a client has not read counts against the buffer of the sender, so it
    does keep others from being answered; until it is gone, and not longer.
    """
    with subject.connection() as sock:
        is_unix = sock.family == socket.AF_UNIX
        sock.settimeout(0.05)
        with suppress(TimeoutError, BlockingIOError):
            for _ in range(count):
                sock.send(bytes(500))
        if not is_unix:
            subject.must_answer("while a client does not read")
    subject.must_answer("after a client that did not read")
    return "only once it is gone" if is_unix else ""


def nameless(subject: Subject) -> str:
    """Send without an address of our own: nobody can answer, and nothing else is to happen."""
    target = resolve(subject.address)[0]
    if target.family != socket.AF_UNIX:
        raise Inapplicable("a sender of UDP has an address in any case")
    with target.open() as sock:
        sock.connect(target.sockaddr)
        sock.send(b"who am I?")
    subject.must_answer("after a datagram of somebody without a name")
    return ""


def too_long(subject: Subject) -> str:
    """Send a datagram longer than a server needs to take: it must not be cut without a word."""
    with subject.connection() as sock:
        try:
            sock.send(bytes(TOO_LONG))
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                raise Inapplicable("no datagram is longer than 65507 octets") from error
            raise
        sock.settimeout(subject.stall)
        heard = b""
        with suppress(TimeoutError):
            heard = sock.recv(TOO_LONG + 1)
        if len(heard) not in (0, TOO_LONG):
            raise Failed(f"{len(heard)} octets come back for {TOO_LONG}")
    subject.must_answer("after a datagram that is too long")
    return "echoed" if heard else "not answered"


def own_port(subject: Subject) -> str:
    """Ask from the server's own port, as another server would: no answer, or it never ends."""
    address = subject.address
    if not isinstance(address, InternetAddress) or address.kind.family == socket.AF_INET6:
        raise Inapplicable("needs a second address of the loopback: IPv4")
    if not str(address.host).startswith("127."):
        raise Inapplicable("needs a server on the loopback")
    _must_be_deaf(subject, address.port, "its own port")
    return ""


def low_port(subject: Subject) -> str:
    """Ask from a port where servers live."""
    if not isinstance(subject.address, InternetAddress):
        raise Inapplicable("has no ports")
    _must_be_deaf(subject, 19, "port 19, where chargen lives")
    return ""


def _must_be_deaf(subject: Subject, port: int, what: str) -> None:
    target = resolve(subject.address)[0]
    with target.open() as sock:
        try:
            sock.bind(("127.0.0.2" if target.family == socket.AF_INET else "::1", port))
        except OSError as error:
            raise Inapplicable(f"cannot send from {what}: {error.strerror}") from error
        sock.connect(target.sockaddr)
        sock.settimeout(subject.stall)
        sock.send(b"echo?")
        with suppress(TimeoutError):
            sock.recv(100)
            raise Failed(f"it answers {what}")
