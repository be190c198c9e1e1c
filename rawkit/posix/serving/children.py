"""Processes of a server: made by fork(2), never orphaned, always reaped.

Each child is watched by a descriptor of its process, which can be read when it has ended
(pidfd_open(2)). So there is no SIGCHLD to be lost: of several that come at once only one is
told. If the parent dies, even by kill -9, the kernel kills its children (PR_SET_PDEATHSIG).
"""

import gc
import os
import select
import signal
import socket
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple, NoReturn

from rawkit.host.calls import die_with_parent, libc
from rawkit.posix.serving.shift import Shift
from rawkit.posix.serving.stop import Stage

FINE, BROKEN_PIPE, TROUBLE = 0, 141, 2
"""How a child ends: well; nobody reads its log any more (128 + SIGPIPE); otherwise."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
"""The parent's to hear: a terminal, or systemd, sends them to all processes at once."""
HURRY = 0.5
"""Seconds that a child may take to obey the bell, before it is killed."""


class Ending(NamedTuple):
    """How a child has ended."""

    number: int
    """Its row of the board."""
    pid: int
    code: int
    """Its exit code; negative: it was killed by that signal."""

    def __str__(self) -> str:
        if self.code < 0:
            return f"process {self.pid} was killed by {signal.Signals(-self.code).name}"
        return f"process {self.pid} has ended with code {self.code}"


class Children:
    """The children of one process."""

    def __init__(self, shift: Shift, most: int, told: Callable[[Ending], None]) -> None:
        """Prepare.

        Args:
            shift: what they work with.
            most: how many there may be at a time.
            told: is called when one has ended, and is reaped.
        """
        libc()  # loaded here, once, and not in every child
        self._shift = shift
        self._told = told
        self._free = list(range(most, 0, -1))
        """Rows of the board; the first is the parent's."""
        self._watched: dict[int, tuple[int, int]] = {}
        """By the descriptor of a child: its pid and its row."""
        self._poller = select.epoll()

    @property
    def has_room(self) -> bool:
        """Whether there may be one more."""
        return bool(self._free)

    def fileno(self) -> int:
        """Return a descriptor that can be read when a child has ended."""
        return self._poller.fileno()

    def fork(self, work: Callable[[Shift], object], handed: tuple[socket.socket, ...] = ()) -> int:
        """Have a child do some work; return its row, or 0 if there is none.

        Args:
            work: what it does; then it ends.
            handed: what is the child's from now on, and is closed here.
        """
        number = self._free.pop()
        self._shift.board.row(number)  # made by us, since children would do so side by side
        parent = os.getpid()
        gc.freeze()  # what a child does not look through is not copied
        try:
            pid = _fork()
        except OSError as error:
            return self._refused(number, error)
        if pid == 0:
            self._shift.number = number
            _live(self._shift, work, parent)
        for sock in handed:
            sock.close()
        try:
            fd = os.pidfd_open(pid)
        except OSError as error:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return self._refused(number, error)
        self._watched[fd] = pid, number
        self._poller.register(fd, select.EPOLLIN)
        return number

    def reap(self) -> None:
        """Take leave of those that have ended."""
        for fd, _ in self._poller.poll(0):
            pid, number = self._watched.pop(fd)
            ended = os.waitid(os.P_PIDFD, fd, os.WEXITED)
            self._poller.unregister(fd)  # its sisters have it open, too: close() would not do
            os.close(fd)
            self._free.append(number)
            code = 0
            if ended is not None:
                is_exit = ended.si_code == os.CLD_EXITED
                code = ended.si_status if is_exit else -ended.si_status
            if code == BROKEN_PIPE:
                self._shift.fail(BrokenPipeError())
            self._told(Ending(number, pid, code))

    def end(self) -> None:
        """Wait until all have ended: as long as the grace, and hardly longer."""
        stop, stage = self._shift.stop, Stage.DRAINING
        until = self._shift.last_orders + HURRY
        while self._watched:
            now = time.monotonic()
            if until <= now:
                self._kill()
                until = now + 1.0
            if stop.wait(until - now, self._poller.fileno(), after=stage) > stage:
                stage = Stage.CUT
                until = min(until, now + HURRY)
            self.reap()

    def close(self) -> None:
        """Kill whoever is left, after something unforeseen."""
        self._kill()
        while self._watched:
            self._poller.poll(1.0, 1)
            self.reap()
        self._poller.close()

    def _refused(self, number: int, error: OSError) -> int:
        self._free.append(number)
        self._shift.counts.add("descriptors")
        self._shift.trouble(f"cannot make a process: {error.strerror}")
        return 0

    def _kill(self) -> None:
        for fd in self._watched:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(fd, signal.SIGKILL)


def _fork() -> int:
    with warnings.catch_warnings():
        # Python warns of locks that other threads hold; a child takes none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _live(shift: Shift, work: Callable[[Shift], object], parent: int) -> NoReturn:
    """Be a child; nothing of it ever returns to the parent's code."""
    code = TROUBLE
    try:
        die_with_parent(signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(code)  # it died before that
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        signal.set_wakeup_fd(-1)
        work(shift)
        is_broken = isinstance(shift.failure, BrokenPipeError)
        code = BROKEN_PIPE if is_broken else TROUBLE if shift.failure else FINE
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        os._exit(code)
