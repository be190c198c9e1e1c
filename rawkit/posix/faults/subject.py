"""A server that is put to the test, and what can be seen of it from outside."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from rawkit.errors import RawkitError
from rawkit.posix.address import Address
from rawkit.posix.resolution import resolve
from rawkit.record import record


class Failed(RawkitError):
    """The server did not stand a fault; the message says what it did instead."""


class Inapplicable(RawkitError):
    """A fault that says nothing about this server, or cannot be tried here."""


@record
class Subject:
    """The server."""

    address: Address
    pid: int | None = None
    """Its process, if that may be looked at."""
    patience: float = 5.0
    """Seconds that an answer may take, however busy the machine."""
    grace: float = 3.0
    """Seconds in which it has to be gone when it is told to stop."""
    stall: float = 0.2
    """Seconds without progress after which none is to be expected."""

    @property
    def is_message(self) -> bool:
        """Whether it keeps messages whole."""
        return self.address.kind.type == socket.SOCK_SEQPACKET

    @property
    def process(self) -> int:
        """Its process.

        Raises:
            Inapplicable: it is not known.
        """
        if self.pid is None:
            raise Inapplicable("the process of the server is not known")
        return self.pid

    def connect(self) -> socket.socket:
        """Return a connection to it, or a socket whose datagrams go to it.

        Raises:
            Failed: it does not take one in time.
        """
        target = resolve(self.address)[0]
        sock = target.open()
        try:
            sock.settimeout(self.patience)
            if target.family == socket.AF_UNIX and target.type == socket.SOCK_DGRAM:
                sock.bind("")  # a name from the kernel, or nobody could answer
            sock.connect(target.sockaddr)
        except OSError as error:
            sock.close()
            raise Failed(f"no connection: {error}") from error
        return sock

    def try_to_connect(self) -> socket.socket | None:
        """Return a connection, or ``None`` if it does not take one at once."""
        target = resolve(self.address)[0]
        sock = target.open()
        sock.settimeout(0.2)
        try:
            if target.family == socket.AF_UNIX and target.type == socket.SOCK_DGRAM:
                sock.bind("")
            sock.connect(target.sockaddr)
        except OSError:
            sock.close()
            return None
        return sock

    def answers(self) -> bool:
        """Whether anybody is there: takes a connection, or answers a datagram."""
        sock = self.try_to_connect()
        if sock is None:
            return False
        with sock:
            if sock.type != socket.SOCK_DGRAM:
                return True
            try:
                return bool(ask(sock, b"there?", (0.2,)))
            except Failed:
                return False

    @contextmanager
    def connection(self) -> Iterator[socket.socket]:
        """Lend a connection."""
        with self.connect() as sock:
            yield sock

    def must_answer(self, when: str, words: bytes = b"still there?") -> None:
        """Do nothing, if somebody new gets an echo.

        Raises:
            Failed: he does not.
        """
        try:
            with self.connect() as sock:
                if sock.type == socket.SOCK_DGRAM:
                    heard = ask(sock, words)
                else:
                    sock.sendall(words)
                    heard = receive(sock, len(words))
        except (OSError, Failed) as error:
            raise Failed(f"{when}, others get no answer: {error}") from error
        if heard != words:
            raise Failed(f"{when}, others get {heard[:40]!r} for {words!r}")


def ask(
    sock: socket.socket, words: bytes, waits: tuple[float | None, ...] = (0.2, 1.0, None)
) -> bytes:
    """Return the answer to a datagram; some may be lost, but not all.

    Args:
        sock: the socket, with the longest time that an answer may take.
        words: what to ask.
        waits: seconds to wait for each answer; ``None``: the longest.

    Raises:
        Failed: there is none.
    """
    patience = sock.gettimeout()
    for wait in waits:
        seconds = patience if wait is None else wait
        sock.settimeout(seconds)
        try:
            sock.send(words)
            return sock.recv(1 << 17)
        except (TimeoutError, BlockingIOError):
            continue
        except OSError as error:
            raise Failed(f"a datagram of {len(words)} octets: {error}") from error
    raise Failed(f"no answer to a datagram of {len(words)} octets")


def receive(sock: socket.socket, size: int) -> bytes:
    """Return so many octets, or fewer if there is an end before."""
    heard = bytearray()
    while len(heard) < size and (piece := sock.recv(1 << 16)):
        heard += piece
    return bytes(heard)


def tree(pid: int) -> list[int]:
    """Return a process and all that descend from it."""
    found = [pid]
    for one in found:
        with suppress(OSError), open(f"/proc/{one}/task/{one}/children", encoding="ascii") as file:
            found += map(int, file.read().split())
    return found


def own_memory(pid: int) -> dict[int, int]:
    """Return the octets that a process and each of its descendants have written, by their pids.

    What two of them share is counted of both: so it does not change when one of them goes, or
    writes to it.
    """
    return {one: _anonymous(one) for one in tree(pid)}


def growth(before: dict[int, int], now: dict[int, int]) -> int:
    """Return by how much those have grown that are still there."""
    return sum(now[one] - before[one] for one in before if now.get(one))


def processor_time(pid: int) -> float:
    """Return the seconds that a process and its descendants have computed."""
    return sum(map(_computed, tree(pid)))


def descriptors(pid: int) -> dict[int, int]:
    """Return how many descriptors a process and each of its descendants have open, by pids."""
    found = {}
    for one in tree(pid):
        with suppress(OSError):
            found[one] = len(os.listdir(f"/proc/{one}/fd"))
    return found


def zombies(pid: int) -> int:
    """Return how many descendants have ended and are not reaped."""
    return sum(_stat(one)[:1] == ["Z"] for one in tree(pid)[1:])


def is_alive(pid: int) -> bool:
    """Whether a process is there, and no zombie."""
    state = _stat(pid)[:1]
    return bool(state) and state not in (["Z"], ["X"])


def _anonymous(pid: int) -> int:
    """Return the octets of memory that belongs to no file (smaps_rollup in proc(5))."""
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
            found = [int(line.split()[1]) << 10 for line in lines if line.startswith("Anonymous:")]
            return sum(found)
    except OSError:
        return 0  # it has just ended


def _computed(pid: int) -> float:
    """Return the time on a processor, in nanoseconds by the kernel (schedstat in proc(5))."""
    total = 0
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError), open(f"/proc/{pid}/task/{thread}/schedstat") as file:
                total += int(file.read().split()[0])
    return total / 1e9


def _stat(pid: int) -> list[str]:
    """Return the fields behind the name of a process: the state is the first (proc(5))."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []
