"""A child process that never outlives its parent, and a line to ask it things.

The child is forked, so it starts in a millisecond. It ends by whatever comes first: being
closed, the loss of its parent's end of the line, or its parent's death, ``kill -9``
included (PR_SET_PDEATHSIG, and pidfd_open(2) where a thread forked it: that signal comes
when the *thread* ends).
"""

import gc
import os
import pickle
import signal
import socket
import threading
import traceback
import warnings
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import NoReturn

from rawkit.errors import LabError
from rawkit.host.calls import die_with_parent, libc, prctl
from rawkit.record import record

PR_SET_TIMERSLACK = 29  # linux/prctl.h
SHORTEST_SLACK = 1
"""Nanoseconds by which the kernel may be late to wake us; 50 000 unless asked."""
PATIENCE = 10.0
"""Seconds within which a child must answer."""
LARGEST_MESSAGE = 1 << 16


@record
class Crash:
    """The last word of a child that ended by an error."""

    traceback: str


@record
class Ready:
    """The first word of a child."""


class Line:
    """The child's end of the line to its parent.

    ``fileno()`` is readable when the parent asks or is gone; ``parent``, a descriptor of
    the parent's process, when it is dead.
    """

    def __init__(self, channel: socket.socket, parent: int) -> None:
        self._channel = channel
        self.parent = parent

    def fileno(self) -> int:
        return self._channel.fileno()

    def question(self) -> object:
        """Return what the parent asks; ``None``: it is not there any more."""
        data = self._channel.recv(LARGEST_MESSAGE)
        return pickle.loads(data) if data else None

    def answer(self, answer: object) -> None:
        """Answer the question just read."""
        self._channel.send(pickle.dumps(answer))


class Process:
    """A child process.

    Args:
        body: what it does until it returns; it must watch its line.
        keep: the descriptors that it inherits. All others are closed in it: a forgotten
            one would keep a socket or a namespace of its parent alive.

    Raises:
        LabError: it did not come up; the message says why.
    """

    def __init__(self, body: Callable[[Line], None], keep: Iterable[int]) -> None:
        self._lock = threading.Lock()
        libc()  # loaded here, once, and not in every child
        self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        parent = os.pidfd_open(os.getpid())
        in_main_thread = threading.current_thread() is threading.main_thread()
        try:
            self.pid = _fork()
            if self.pid == 0:
                kept = {*keep, theirs.fileno(), parent}
                _live(body, Line(theirs, parent), kept, in_main_thread)
        except OSError as error:
            self._channel.close()
            raise LabError(f"cannot start a process of the lab: {error.strerror}") from error
        finally:
            theirs.close()
            os.close(parent)
        self._descriptor = os.pidfd_open(self.pid)
        self._channel.settimeout(PATIENCE)
        try:
            self._hear()
        except BaseException:  # KeyboardInterrupt, too: nobody could close it afterwards
            self.close()
            raise

    def ask(self, question: object) -> object:
        """Return the child's answer to a question.

        Raises:
            LabError: it is gone; the message says why, if it could tell.
        """
        with self._lock:
            # A child that died has left its reason behind, so listen in any case.
            with suppress(OSError):
                self._channel.send(pickle.dumps(question))
            return self._hear()

    def kill(self) -> None:
        """Tell the child to end, without waiting until it has."""
        if self._descriptor >= 0:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._descriptor, signal.SIGKILL)

    def close(self) -> None:
        """End the child and reap it. Closing twice is harmless."""
        if self._descriptor < 0:
            return
        self.kill()
        self._channel.close()
        with suppress(ChildProcessError):  # somebody else has reaped it
            os.waitid(os.P_PIDFD, self._descriptor, os.WEXITED)
        os.close(self._descriptor)
        self._descriptor = -1

    def _hear(self) -> object:
        try:
            data = self._channel.recv(LARGEST_MESSAGE)
        except ConnectionError:
            data = b""
        except OSError as error:
            self.kill()  # or its late answer would be taken for that to the next question
            raise LabError(f"a process of the lab does not answer: {error}") from error
        if not data:
            raise LabError("a process of the lab is gone without a word: it was killed")
        answer: object = pickle.loads(data)
        if isinstance(answer, Crash):
            raise LabError(f"a process of the lab has died:\n{answer.traceback}")
        return answer


def _fork() -> int:
    with warnings.catch_warnings():
        # Python warns of locks that other threads hold; the child takes none of them.
        warnings.simplefilter("ignore", DeprecationWarning)
        return os.fork()


def _live(
    body: Callable[[Line], None],
    line: Line,
    keep: set[int],
    dies_with_thread: bool,
) -> NoReturn:
    """Be the child; nothing of it ever returns to the parent's code."""
    try:
        os.setsid()  # a Ctrl-C at the terminal is the parent's business
        if dies_with_thread:
            die_with_parent(signal.SIGKILL)
        prctl(PR_SET_TIMERSLACK, SHORTEST_SLACK)
        _forget(keep)
        gc.freeze()  # collecting must not look through all that the parent had made
        line.answer(Ready())
        body(line)
    except BaseException:
        with suppress(BaseException):
            line.answer(Crash(traceback.format_exc()))
    finally:
        os._exit(0)


def _forget(keep: set[int]) -> None:
    """Let go of all that was the parent's: signal handlers, terminal, descriptors."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    signal.set_wakeup_fd(-1)
    null = os.open(os.devnull, os.O_RDWR)
    for fd in {0, 1, 2} - keep:
        os.dup2(null, fd)
    edges = sorted({*keep, 0, 1, 2})
    for lower, upper in zip(edges, [*edges[1:], os.sysconf("SC_OPEN_MAX")], strict=True):
        os.closerange(lower + 1, upper)
