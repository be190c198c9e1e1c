"""What happens to a server as a process: no descriptors, signals, death."""

import os
import resource
import signal
import socket
import time
from contextlib import ExitStack, suppress
from itertools import count, islice

from rawkit.posix.faults.subject import (
    Failed,
    Inapplicable,
    Subject,
    growth,
    is_alive,
    own_memory,
    processor_time,
    receive,
    tree,
    zombies,
)

SPARE = 6
"""Descriptors that are left to a server that is to run out of them."""
WATCHED, LOOKS = 0.2, 10
"""Seconds in which it is watched computing, and how often, unless it rests before."""
MOST_LEAKED = 5 << 10
"""Octets a client: more than that, and the memory of a day's clients runs out."""
MOST_COMPUTED = 0.25
"""Share of a processor that a server without descriptors may use: more is spinning."""


def no_descriptors(subject: Subject, clients: int = 30) -> str:
    """Let it run out of descriptors: it is neither to die, nor to spin, and then to go on."""
    pid = subject.process
    subject.must_answer("at first")
    with ExitStack() as held:
        try:
            _lower(pid, held)
        except PermissionError as error:
            raise Inapplicable("its limits may not be changed by us") from error
        for one in tree(pid)[1:]:
            with suppress(OSError):  # a child may have ended by now
                _lower(one, held)
        with ExitStack() as connections:
            for _ in range(clients):
                sock = subject.try_to_connect()
                if sock is not None:
                    connections.enter_context(sock)
            share = _least_share(pid)
            if not is_alive(pid):
                raise Failed("it has died for want of descriptors")
        if share > MOST_COMPUTED:
            raise Failed(f"it spins without descriptors: {share:.2f} of a processor")
        _must_recover(subject)
    return f"{share:.2f} of a processor meanwhile"


def memory_leak(subject: Subject, count: int = 100) -> str:
    """Serve clients one after the other, and see whether memory stays behind."""
    pid = subject.process
    subject.must_answer("at first")
    _serve_many(subject, count // 4)
    for _ in range(2):
        before = own_memory(pid)
        _serve_many(subject, count)
        grown = growth(before, own_memory(pid))
        if grown <= count * MOST_LEAKED:
            break  # what is taken once, at the beginning, is no leak
    else:
        raise Failed(f"it grows by {grown >> 10} KiB in {count} clients that are gone")
    return f"{grown / 1024:+.0f} KiB in {count} clients"


def _serve_many(subject: Subject, count: int) -> None:
    for _ in range(count):
        subject.must_answer("one after the other")


def no_zombies(subject: Subject) -> str:
    """See whether all children that have ended are reaped."""
    pid = subject.process
    until = time.monotonic() + subject.patience
    while (number := zombies(pid)) and time.monotonic() < until:
        time.sleep(0.02)
    if number:
        raise Failed(f"{number} children have ended and are not reaped")
    return ""


def drains(subject: Subject, number: signal.Signals = signal.SIGTERM) -> str:
    """Tell it to stop while a client is talking: he may finish, and then it is gone."""
    pid, words = subject.process, b"before" * 1000
    family = tree(pid)
    with subject.connection() as sock:
        _echo(sock, b"hello")
        os.kill(pid, number)
        _must_refuse(subject)
        try:
            _echo(sock, words)
        except (OSError, Failed) as error:
            raise Failed(f"it cuts off a client in the middle: {error}") from error
    _must_end(subject, family, subject.grace)
    return ""


def drains_idle(subject: Subject, number: signal.Signals = signal.SIGTERM) -> str:
    """Tell it to stop while a client is connected and silent: it is gone when the grace is over."""
    pid = subject.process
    family = tree(pid)
    with subject.connection() as sock:
        _echo(sock, b"hello")
        family = tree(pid)
        os.kill(pid, number)
        begun = time.monotonic()
        _must_end(subject, family, subject.grace)
    return f"gone after {time.monotonic() - begun:.1f} s"


def interrupted(subject: Subject) -> str:
    """Interrupt it (Ctrl-C) while a client is silent: it is gone when the grace is over."""
    return drains_idle(subject, signal.SIGINT)


def killed(subject: Subject) -> str:
    """Kill it with clients connected: nothing of it may be left."""
    pid = subject.process
    with subject.connection() as sock:
        _echo(sock, b"hello")
        family = tree(pid)
        os.kill(pid, signal.SIGKILL)
        _must_end(subject, family, 0.0)
    return ""


def _least_share(pid: int) -> float:
    """Return the share of a processor that is used, in the quietest of a few moments."""
    least = 1.0
    for _ in range(LOOKS):
        begun, computed = time.monotonic(), processor_time(pid)
        time.sleep(WATCHED)
        share = (processor_time(pid) - computed) / (time.monotonic() - begun)
        least = min(least, share)
        if least < MOST_COMPUTED:
            break  # who spins does not rest
    return least


def _echo(sock: socket.socket, words: bytes) -> None:
    sock.sendall(words)
    heard = receive(sock, len(words))
    if not words.startswith(heard):
        raise Failed("what comes back is not what was sent")
    if heard != words:
        raise Failed(f"{len(heard)} of {len(words)} octets come back")


def _must_refuse(subject: Subject) -> None:
    """Wait until nobody is taken any more.

    Raises:
        Failed: that does not happen.
    """
    until = time.monotonic() + subject.patience
    while time.monotonic() < until:
        sock = subject.try_to_connect()
        if sock is None:
            return
        sock.close()
        time.sleep(0.02)
    raise Failed("it goes on taking clients")


def _must_end(subject: Subject, family: list[int], grace: float) -> None:
    begun = time.monotonic()
    until = begun + grace + subject.patience
    while any(map(is_alive, family)) and time.monotonic() < until:
        time.sleep(0.01)
    left = [one for one in family if is_alive(one)]
    if left:
        for one in left:
            with suppress(OSError):
                os.kill(one, signal.SIGKILL)
        what = "it goes on" if left[0] == family[0] else f"{len(left)} children go on without it"
        raise Failed(f"{what} after {time.monotonic() - begun:.1f} s")


def _must_recover(subject: Subject) -> None:
    until = time.monotonic() + subject.patience
    while True:
        try:
            subject.must_answer("when there are descriptors again")
            return
        except Failed:
            if time.monotonic() > until:
                raise


def _lower(pid: int, held: ExitStack) -> None:
    """Leave a process a few descriptors only, until all is over."""
    before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
    held.callback(_restore, pid, before)
    resource.prlimit(pid, resource.RLIMIT_NOFILE, (_leaving(pid, SPARE), before[1]))


def _restore(pid: int, limit: tuple[int, int]) -> None:
    with suppress(OSError):
        resource.prlimit(pid, resource.RLIMIT_NOFILE, limit)


def _leaving(pid: int, spare: int) -> int:
    """Return the limit that leaves a process so many descriptors more."""
    taken = set(map(int, os.listdir(f"/proc/{pid}/fd")))
    free = (number for number in count() if number not in taken)
    return next(islice(free, spare, None))
