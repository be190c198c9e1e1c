"""Unkind clients of a server that echoes what it reads from connections."""

import random
import select
import socket
import struct
import time
from contextlib import ExitStack
from hashlib import sha256

from rawkit.posix.faults.subject import (
    Failed,
    Inapplicable,
    Subject,
    descriptors,
    growth,
    own_memory,
    receive,
)

MEGABYTE = 1 << 20
LONGEST_MESSAGE = 60_000
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER: close(2) resets."""
MOST_KEPT = 12 * MEGABYTE
"""What a server may grow by for a client that does not read: less than that sends it."""


def odd_pieces(subject: Subject, size: int = MEGABYTE) -> str:
    """Send octets in pieces of odd sizes, and compare what comes back."""
    data = random.Random(size).randbytes(size)
    with subject.connection() as sock:
        heard = exchange(subject, sock, data, end=False)
    return _same(data, heard)


def half_close(subject: Subject, size: int = 300_000) -> str:
    """Shut down our side while most of the answer is still to come."""
    data = random.Random(size).randbytes(size)
    with subject.connection() as sock:
        heard = exchange(subject, sock, data, end=True)
    return _same(data, heard)


def slow_reader(subject: Subject, size: int = 4 * MEGABYTE) -> str:
    """Read only a little at a time; the server is neither to grow nor to lose anything."""
    data = random.Random(size).randbytes(size)
    with subject.connection() as sock:
        before = _memory_with(subject, sock)
        heard = exchange(subject, sock, data, end=True, lazy=True)
    said = _same(data, heard)
    return said + _growth(subject, before)


def never_reads(subject: Subject, most: int = 64 * MEGABYTE) -> str:
    """Send and never read: the server must stop reading, and serve the others."""
    with subject.connection() as sock:
        before = _memory_with(subject, sock)
        taken = stuff(subject, sock, most)
        if subject.pid is None and taken >= most:
            raise Failed(f"it takes {taken >> 20} MiB from a client that reads nothing")
        said = _growth(subject, before)
        subject.must_answer("while a client does not read")
    return f"{taken / MEGABYTE:.1f} MiB taken{said}"


def idle_client(subject: Subject) -> str:
    """Connect and say nothing; the others are to be served."""
    with subject.connection():
        subject.must_answer("while a client is silent")
    return ""


def reset_storm(subject: Subject, count: int = 30) -> str:
    """Send, and close with a reset before the answer is read."""
    for number in range(count):
        sock = subject.connect()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        sock.send(bytes(1 + 997 * number % LONGEST_MESSAGE))
        sock.close()
    subject.must_answer(f"after {count} resets")
    return ""


def vanishing(subject: Subject, count: int = 50) -> str:
    """Connect and go away at once, without a word."""
    for _ in range(count):
        subject.connect().close()
    subject.must_answer(f"after {count} clients that said nothing")
    return ""


def connection_flood(subject: Subject, count: int = 60) -> str:
    """Open many connections at once, and have one more served when they are gone."""
    with ExitStack() as held:
        opened = 0
        for _ in range(count):
            sock = subject.try_to_connect()
            if sock is not None:
                held.enter_context(sock)
                opened += 1
    subject.must_answer(f"after {opened} connections at once")
    return f"{opened} of {count} at once"


def dripping(subject: Subject, count: int = 20) -> str:
    """Send octet by octet, so that each is read alone; each is to be echoed."""
    with subject.connection() as sock:
        for number in range(count):
            sock.send(bytes([number]))
            if sock.recv(1) != bytes([number]):
                raise Failed(f"octet {number} does not come back")
    return ""


def empty_messages(subject: Subject) -> str:
    """Send messages without octets: they are messages, and no end."""
    if not subject.is_message:
        raise Inapplicable("a stream has no messages")
    with subject.connection() as sock:
        for words in (b"one", b"", b"", b"two"):
            sock.send(words)
            if (heard := sock.recv(100)) != words:
                raise Failed(f"{heard!r} comes back for {words!r}")
    return ""


def too_long_message(subject: Subject, size: int = 100_000) -> str:
    """Send a message longer than a server needs to take: it must not cut it without a word."""
    if not subject.is_message:
        raise Inapplicable("a stream has no messages")
    with subject.connection() as sock:
        sock.send(bytes(size))
        try:
            heard = sock.recv(size + 1)
        except ConnectionResetError:
            heard = b""
        if len(heard) not in (0, size):
            raise Failed(f"{len(heard)} octets come back for {size}")
    subject.must_answer("after a message that is too long")
    return "echoed" if heard else "refused"


def slowloris(subject: Subject, count: int = 4) -> str:
    """Begin to say something with several connections, and never end: others are to be served."""
    with ExitStack() as held:
        for number in range(count):
            sock = held.enter_context(subject.connect())
            sock.send(bytes([number]))
        subject.must_answer(f"while {count} clients dawdle")
    return ""


def garbage(subject: Subject) -> str:
    """Say what makes no sense, from one octet to many, and hang up without reading the answer."""
    chance = random.Random(1)
    for words in (b"\0", b"\xff" * 100, b"\r\n" * 500, b"GET / HTTP/9.9\r\n\r", b"%n%s" * 99):
        with subject.connect() as sock:
            sock.send(words + chance.randbytes(999))
    subject.must_answer("after garbage")
    return ""


def descriptor_leak(subject: Subject, count: int = 20) -> str:
    """Serve clients of several kinds, and see whether descriptors stay behind."""
    pid = subject.process
    subject.must_answer("at first")
    for patience in (0.5, subject.patience):
        before = descriptors(pid)
        vanishing(subject, count)
        reset_storm(subject, count)
        until = time.monotonic() + patience
        while (grown := growth(before, now := descriptors(pid))) > 0 and time.monotonic() < until:
            time.sleep(0.02)
        if grown <= 0:
            break  # what is opened once, at the beginning, is no leak
    else:
        raise Failed(f"{grown} descriptors stay open after {2 * count} clients")
    return f"{sum(now.values())} open"


def exchange(
    subject: Subject, sock: socket.socket, data: bytes, *, end: bool, lazy: bool = False
) -> bytes:
    """Send data, and read at the same time; return what was heard.

    Args:
        subject: the server.
        sock: the connection.
        data: what to send.
        end: whether to shut down our side behind it, and read up to the end.
        lazy: whether to let everything pile up before the first reading.

    Raises:
        Failed: it does not go on.
    """
    sizes = random.Random(len(data))
    sock.setblocking(False)
    poller = select.poll()
    heard, at = bytearray(), 0
    while end or len(heard) < len(data):
        sending = at < len(data)
        poller.register(sock, select.POLLOUT if sending and lazy else _both(sending))
        ready = poller.poll((subject.stall if lazy and sending else subject.patience) * 1000)
        if not ready:
            if not (lazy and sending):
                raise Failed(f"{len(heard)} of {len(data)} octets came back, and no more")
            lazy = False  # all that fits on the way has piled up: read now
            continue
        if sending and ready[0][1] & select.POLLOUT:
            at = _send_some(sock, data, at, sizes)
            if at == len(data) and end:
                sock.shutdown(socket.SHUT_WR)
        if not lazy or not sending:
            piece = _read_some(sock, len(heard))
            if piece == b"":
                break
            heard += piece or b""
    return bytes(heard)


def stuff(subject: Subject, sock: socket.socket, most: int) -> int:
    """Send until nothing more is taken, and return how much was."""
    piece = bytes(LONGEST_MESSAGE if subject.is_message else MEGABYTE)
    sock.settimeout(subject.stall)
    taken = 0
    try:
        while taken < most:
            taken += sock.send(piece)
    except TimeoutError:
        pass
    except OSError as error:
        raise Failed(f"it hangs up on a client that does not read yet: {error}") from error
    return taken


def _send_some(sock: socket.socket, data: bytes, at: int, sizes: random.Random) -> int:
    size = sizes.choice((1, 7, 100, 1447, 9000, 30_000, LONGEST_MESSAGE))
    try:
        return at + sock.send(data[at : at + size])
    except BlockingIOError:
        return at
    except OSError as error:
        raise Failed(f"it hangs up after {at} octets: {error}") from error


def _read_some(sock: socket.socket, so_far: int) -> bytes | None:
    try:
        return sock.recv(1 << 17)
    except BlockingIOError:
        return None
    except OSError as error:
        raise Failed(f"it hangs up after {so_far} octets came back: {error}") from error


def _both(sending: bool) -> int:
    return select.POLLIN | (select.POLLOUT if sending else 0)


def _same(data: bytes, heard: bytes) -> str:
    if not data.startswith(heard):
        place = next(at for at in range(len(heard)) if heard[at : at + 1] != data[at : at + 1])
        raise Failed(f"octet {place} that comes back is not what was sent")
    if len(heard) < len(data):
        raise Failed(f"{len(heard)} of {len(data)} octets come back")
    return f"{len(data)} octets, SHA-256 {sha256(heard).hexdigest()[:16]}…"


def _memory_with(subject: Subject, sock: socket.socket) -> dict[int, int]:
    """Return what the server takes when whoever serves a client is there, and has what it needs."""
    sock.sendall(b"hello")
    receive(sock, 5)
    return own_memory(subject.pid) if subject.pid is not None else {}


def _growth(subject: Subject, before: dict[int, int]) -> str:
    """Return by how much the server has grown, in words.

    Raises:
        Failed: by too much.
    """
    if subject.pid is None:
        return ""
    grown = growth(before, own_memory(subject.pid))
    if grown > MOST_KEPT:
        raise Failed(f"it grows by {grown >> 20} MiB for a client that does not read")
    return f", {grown / MEGABYTE:+.1f} MiB"
