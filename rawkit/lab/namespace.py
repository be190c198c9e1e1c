"""A network namespace that is nothing but an open file (network_namespaces(7)).

The kernel frees it when the descriptor, the sockets and the processes in it are
gone, so nothing is left behind however this process ends: no name is mounted in
``/run/netns``, and there is nothing to clean up.

Threads have their own network namespace, and sockets keep the one they were opened
in. Hence the one rule of this room: **switch only for the call that opens**. An
``await`` inside :meth:`Namespace.here` would take every other task of the event loop
along, and a thread started inside stays there for life.
"""

import io
import os
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import IO, Literal, ParamSpec, Protocol, Self, TypedDict, TypeVar, Unpack, overload

from rawkit.errors import LabError, NotPermitted
from rawkit.host import sysctl
from rawkit.host.calls import CLONE_NEWNET, die_with_parent, libc, setns, unshare
from rawkit.host.threads import on_own_thread

# Not /proc/self, which is the main thread's.
CURRENT = "/proc/thread-self/ns/net"
SILENT: Mapping[str, str | int] = {
    "net.ipv6.conf.all.disable_ipv6": 1,
    "net.ipv6.conf.default.disable_ipv6": 1,
}
"""Sysctls by which a namespace between nodes keeps quiet."""

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Place(Protocol):
    """A network namespace that the calling thread can step into."""

    def here(self) -> AbstractContextManager[object]:
        """Switch the calling thread to it for the length of a ``with`` block."""
        ...


class PopenOptions(TypedDict, total=False):
    """What :meth:`Namespace.popen` hands on to :class:`subprocess.Popen`."""

    stdin: int | IO[bytes] | IO[str] | None
    stdout: int | IO[bytes] | IO[str] | None
    stderr: int | IO[bytes] | IO[str] | None
    env: Mapping[str, str] | None
    cwd: str | None
    pass_fds: Sequence[int]
    start_new_session: bool


class Namespace:
    """A fresh network namespace: ``lo`` and nothing else, and that down.

    Raises:
        LabError: this process may not make one.
    """

    def __init__(self, name: str = "") -> None:
        self.name = name
        self.hosts_file = ""
        """What ``/etc/hosts`` is to what runs in here (:mod:`rawkit.lab.names`); empty: the
        machine's."""
        self._file = on_own_thread(_fresh)
        self._processes: list[subprocess.Popen[bytes] | subprocess.Popen[str]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def fileno(self) -> int:
        """Return the descriptor that holds it.

        Raises:
            LabError: it is closed.
        """
        if self._file.closed:
            raise LabError(f"{self.name or 'the namespace'} is closed")
        return self._file.fileno()

    def close(self) -> None:
        """Kill what :meth:`popen` started and let go of it. Closing twice is harmless."""
        try:
            for process in self._processes:
                process.kill()
            for process in self._processes:
                with suppress(BrokenPipeError), process:  # closes its pipes and reaps it
                    pass
            self._processes.clear()
        finally:
            self._file.close()

    @contextmanager
    def here(self) -> Iterator[None]:
        """Put the calling thread into this namespace for the block.

        Open what you need and leave: never ``await``, yield or start threads inside.
        """
        with _current() as before:
            _switch(self)
            try:
                yield
            finally:
                setns(before.fileno())

    def run(
        self, function: Callable[Arguments, Result], /, *a: Arguments.args, **k: Arguments.kwargs
    ) -> Result:
        """Call a function on a thread of its own in here; wait for it and return its result.

        The calling thread is not moved, so this is safe wherever one may block; from
        a coroutine use ``await asyncio.to_thread(node.run, function)``.
        """

        def call() -> Result:
            _switch(self)
            if self.hosts_file:
                _show_hosts(self.hosts_file)
            return function(*a, **k)

        return on_own_thread(call)

    def socket(
        self, family: int = socket.AF_INET, kind: int = socket.SOCK_STREAM, protocol: int = 0
    ) -> socket.socket:
        """Open a socket in here. It works from any thread and on asyncio (``sock=``)."""
        with self.here():
            return socket.socket(family, kind, protocol)

    @overload
    def popen(
        self, argv: Sequence[str], *, text: Literal[False] = False, **options: Unpack[PopenOptions]
    ) -> subprocess.Popen[bytes]: ...

    @overload
    def popen(
        self, argv: Sequence[str], *, text: Literal[True], **options: Unpack[PopenOptions]
    ) -> subprocess.Popen[str]: ...

    def popen(
        self, argv: Sequence[str], *, text: bool = False, **options: Unpack[PopenOptions]
    ) -> subprocess.Popen[bytes] | subprocess.Popen[str]:
        """Start a process in here; :meth:`close` kills it if it is still running.

        Started from the main thread, it is also killed when this process dies, even
        by SIGKILL. (From another thread it cannot be: the kernel would kill it when
        that thread ends.)
        """
        preexec = _before_exec(os.getpid() if _is_main_thread() else None, self.hosts_file)
        with self.here():  # a child starts in the namespace of the thread that forked it
            process = subprocess.Popen(argv, text=text, preexec_fn=preexec, **options)
        self._processes.append(process)
        return process

    def sysctl(self, key: str, value: str | int) -> None:
        """Set a sysctl of this namespace: ``sysctl("net.ipv4.icmp_ratelimit", 0)``.

        Raises:
            LabError: there is no such sysctl, or it does not take that value.
        """
        self.run(write_sysctls, {key: value})


def write_sysctls(settings: Mapping[str, str | int]) -> None:
    """Set sysctls of the namespace that the calling thread is in.

    Raises:
        LabError: there is no such sysctl, or it does not take that value.
        NotPermitted: it is not ours.
        UsageError: that can be no sysctl's name.
    """
    for key, value in settings.items():
        try:
            sysctl.write(key, value)
        except NotPermitted:
            raise
        except OSError as error:
            reason = os.strerror(error.errno or 0)
            raise LabError(f"cannot set {key} to {value}: {reason}") from error


def _fresh() -> io.FileIO:
    try:
        unshare(CLONE_NEWNET)
    except PermissionError as error:
        raise LabError(
            "cannot make a network namespace: no CAP_SYS_ADMIN here (try: call"
            " rawkit.lab.enter() before anything else; or start it with: rawkit lab pair -- ...)"
        ) from error
    except OSError as error:
        raise LabError(f"cannot make a network namespace: {error.strerror}") from error
    return _current()


def _current() -> io.FileIO:
    return io.FileIO(CURRENT)


def _switch(namespace: Namespace) -> None:
    try:
        setns(namespace.fileno())
    except PermissionError as error:
        raise LabError(
            f"cannot enter {namespace.name or 'the namespace'}: CAP_SYS_ADMIN was given up;"
            " open sockets first and drop capabilities afterwards"
        ) from error


def _is_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _show_hosts(text: str) -> None:
    from rawkit.lab.names import show

    show(text)


def _before_exec(parent: int | None, hosts_file: str) -> Callable[[], None] | None:
    """Return what a child does before it becomes a program, if anything.

    Args:
        parent: the process that it is to die with, if it is to.
        hosts_file: what ``/etc/hosts`` is to it; empty: the machine's.
    """
    if parent is None and not hosts_file:
        return None
    libc()  # loaded here, and not in the child

    def before_exec() -> None:
        if parent is not None:
            die_with_parent(signal.SIGKILL)
            if os.getppid() != parent:  # it died before we asked
                os._exit(1)
        if hosts_file:
            _show_hosts(hosts_file)

    return before_exec
