"""Run one command in a node so that nothing of it can outlive us.

The command gets a pid namespace (pid_namespaces(7)) whose first process is ours: when
that dies, the kernel kills whatever the command has started, daemons included. And it
dies with this process, ``kill -9`` included.
"""

import errno
import os
import select
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from shutil import which
from typing import NoReturn

from rawkit.errors import LabError
from rawkit.host.calls import (
    CLONE_NEWNS,
    CLONE_NEWPID,
    MS_NODEV,
    MS_NOEXEC,
    MS_NOSUID,
    die_with_parent,
    mount,
    setns,
    unshare,
)
from rawkit.lab.namespace import Namespace

NOT_EXECUTABLE, NOT_FOUND = 126, 127  # as shells say it
BY_SIGNAL = 128
PASSED_ON = frozenset(
    (
        signal.SIGINT,
        signal.SIGQUIT,
        signal.SIGTERM,
        signal.SIGHUP,
        signal.SIGUSR1,
        signal.SIGUSR2,
    )
)
WATCHED = PASSED_ON | {signal.SIGCHLD}


def run_command(
    node: Namespace,
    argv: Sequence[str],
    environment: Mapping[str, str],
    *,
    has_jobs: bool = False,
) -> int:
    """Run a command in a node with our own terminal; return its exit status as a shell would.

    Ctrl-C goes to the command; signals sent to this process are handed on to it. The
    terminal is afterwards as it was.

    Args:
        node: where it runs.
        argv: the command.
        environment: its variables.
        has_jobs: it is a shell, which gives the terminal to its jobs, and in the end back
            to the process group that had it. That must be one it can see.
    """
    terminal = Terminal()
    alive, our_life = os.pipe()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, WATCHED)
    try:
        between = os.fork()
        if between == 0:
            os.close(our_life)
            takes_terminal = has_jobs and terminal.is_ours
            _be_between(node, argv, environment, alive, mask, takes_terminal=takes_terminal)
        return _wait_for(between)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        os.close(alive)
        os.close(our_life)
        terminal.restore()


class Terminal:
    """The state of the terminal that we were started from, if we were."""

    def __init__(self) -> None:
        self._attributes: list[int | list[bytes | int]] | None = None
        if os.isatty(0) and os.tcgetpgrp(0) == os.getpgrp():
            import termios

            self._attributes = termios.tcgetattr(0)

    @property
    def is_ours(self) -> bool:
        """Whether we are in the foreground of one."""
        return self._attributes is not None

    def restore(self) -> None:
        """Take it back, with the settings it had; it may have gone away meanwhile."""
        if self._attributes is None:
            return
        import termios

        before = signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        with suppress(OSError, termios.error):
            os.tcsetpgrp(0, os.getpgrp())
            termios.tcsetattr(0, termios.TCSANOW, self._attributes)
        signal.signal(signal.SIGTTOU, before)


def _be_between(
    node: Namespace,
    argv: Sequence[str],
    environment: Mapping[str, str],
    alive: int,
    mask: set[int | signal.Signals],
    *,
    takes_terminal: bool,
) -> NoReturn:
    """Start the first process of a pid namespace, and end with it.

    Whose children have lost their pid namespace can neither fork nor start threads any
    more, so this is not for the caller to do.
    """
    status = NOT_EXECUTABLE
    try:
        _end_with_parent(alive)
        unshare(CLONE_NEWPID)  # for our next child; not for us
        alive_too, our_life = os.pipe()
        first = os.fork()
        if first == 0:
            os.close(our_life)
            if takes_terminal:
                _come_to_the_foreground()
            _be_first(node, argv, environment, alive_too, mask)
        status = _wait_for(first)
    except OSError as error:
        _complain(argv[0], error)
    finally:
        os._exit(status)


def _come_to_the_foreground() -> None:
    """Make a process group of this process and what it will start, and give it the terminal."""
    os.setpgid(0, 0)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTTOU])
    os.tcsetpgrp(0, os.getpgrp())
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _be_first(
    node: Namespace,
    argv: Sequence[str],
    environment: Mapping[str, str],
    alive: int,
    mask: set[int | signal.Signals],
) -> NoReturn:
    """Be process 1 of the pid namespace: start the command, and end when it has ended."""
    status = NOT_EXECUTABLE
    try:
        _end_with_parent(alive)
        setns(node.fileno())
        _show_own_world(node.hosts_file)
        command = os.fork()
        if command == 0:
            _become(argv, environment, mask)
        status = _wait_for(command, orphans=True)
    except OSError as error:
        _complain(argv[0], error)
    except LabError as error:
        print(f"rawkit lab: {error}", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def _end_with_parent(alive: int) -> None:
    """Have the kernel kill this process when its parent dies.

    Args:
        alive: the reading end of a pipe whose other end only the parent has.
    """
    die_with_parent(signal.SIGKILL)
    if select.select([alive], [], [], 0)[0]:  # end of file: it died before we asked
        os._exit(BY_SIGNAL + signal.SIGKILL)


def _complain(program: str, error: OSError) -> None:
    print(f"rawkit lab: cannot start {program}: {error.strerror}", file=sys.stderr, flush=True)


def _show_own_world(hosts_file: str) -> None:
    """Mount what shows these namespaces, as far as we may: a container may hide parts of it."""
    if hosts_file:
        from rawkit.lab.names import show

        show(hosts_file)
    unshare(CLONE_NEWNS)
    flags = MS_NOSUID | MS_NODEV | MS_NOEXEC
    for kind, target in (("proc", "/proc"), ("sysfs", "/sys")):
        with suppress(OSError):
            mount(kind, target, kind, flags)


def _become(
    argv: Sequence[str], environment: Mapping[str, str], mask: set[int | signal.Signals]
) -> NoReturn:
    """Become the command; say in one line why not."""
    status = NOT_FOUND
    try:
        for number in (signal.SIGPIPE, signal.SIGXFSZ):  # Python ignores them; others should not
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        # Not execvpe(3), which minds folders in the path that we may not read.
        found = which(argv[0], path=environment.get("PATH", os.defpath))
        if found is None and "/" not in argv[0]:
            raise FileNotFoundError(errno.ENOENT, "command not found")
        os.execve(found or argv[0], [*argv], environment)
    except OSError as error:
        if not isinstance(error, FileNotFoundError | NotADirectoryError):
            status = NOT_EXECUTABLE
        print(f"rawkit lab: {argv[0]}: {error.strerror}", file=sys.stderr, flush=True)
    finally:
        os._exit(status)


def _wait_for(child: int, *, orphans: bool = False) -> int:
    """Wait until a child has ended, and return its exit status; hand signals on to it.

    Args:
        child: its process id.
        orphans: whether to reap all others too, as the first process must.
    """
    while True:
        news = signal.sigwaitinfo(WATCHED)
        if news.si_signo in PASSED_ON:
            # What the terminal sends (si_code > 0), it sends to the command as well.
            if news.si_code <= 0:
                os.kill(child, news.si_signo)
            continue
        # One SIGCHLD may stand for many children, or for one that has only stopped.
        while (ended := os.waitpid(-1 if orphans else child, os.WNOHANG))[0]:
            if ended[0] == child:
                code = os.waitstatus_to_exitcode(ended[1])
                return code if code >= 0 else BY_SIGNAL - code
