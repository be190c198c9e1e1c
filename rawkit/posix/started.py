"""A server that is started to be tried: by a command, watched, and gone in the end."""

import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from tempfile import TemporaryFile
from types import TracebackType
from typing import Self

from rawkit.errors import RawkitError, UsageError
from rawkit.host.calls import die_with_parent, libc
from rawkit.posix import address as addresses
from rawkit.posix import socket_file
from rawkit.posix.address import Address, InternetAddress, UnixAddress
from rawkit.posix.faults.subject import Subject, is_alive
from rawkit.record import replace

MOST_SAID = 4096
"""Octets of the first line."""
LOOK = 0.02
"""Seconds between looks whether it is there."""


class Started:
    """A server, as a context manager: there within, and gone after it, whatever it has made."""

    def __init__(self, command: Sequence[str], address: Address | None, patience: float) -> None:
        """Describe it.

        Args:
            command: what starts it; ``{port}`` in it is the port, ``{address}`` the address.
            address: where it will be, port 0: at any that is free; ``None``: it says so itself.
            patience: seconds that it may take to be there.
        """
        self._command = command
        self._asked = address
        self._patience = patience
        self._said = TemporaryFile()  # noqa: SIM115  # closed with it
        self._process: subprocess.Popen[bytes] | None = None
        self.address = address

    @property
    def pid(self) -> int:
        """Its process."""
        assert self._process is not None
        return self._process.pid

    @property
    def lives(self) -> bool:
        """Whether its process is there."""
        return self._process is not None and is_alive(self._process.pid)

    def is_there(self) -> bool:
        """Whether it lives and takes clients; who dies may take a moment for it."""
        assert self.address is not None
        subject = Subject(reachable(self.address))
        until = time.monotonic() + self._patience
        while self.lives and time.monotonic() < until:
            if subject.answers():
                return True
            time.sleep(LOOK)
        return False

    def __enter__(self) -> Self:
        address = None if self._asked is None else _with_port(self._asked)
        _remove_file(address)
        try:
            self._process = self._start(address)
            self.address = address or self._told()
            self._wait_until_there(self.address)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it, and all that it has started: they are of its session. Its file goes, too."""
        process = self._process
        if process is not None:
            for pid in _session(process.pid):
                with suppress(OSError):
                    os.kill(pid, signal.SIGKILL)
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
            with suppress(RawkitError, OSError):
                _remove_file(self.address)
        self._said.close()

    def _start(self, address: Address | None) -> subprocess.Popen[bytes]:
        libc()  # loaded here, and not in the child
        try:
            return subprocess.Popen(
                [_filled(word, address) for word in self._command],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE if address is None else subprocess.DEVNULL,
                stderr=self._said,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGKILL),
            )
        except OSError as error:
            raise UsageError(f"cannot start {self._command[0]}: {error.strerror}") from error

    def _told(self) -> Address:
        """Return the address that it prints first."""
        assert self._process is not None
        assert self._process.stdout is not None
        fd = self._process.stdout.fileno()
        line, until = b"", time.monotonic() + self._patience
        while b"\n" not in line and len(line) < MOST_SAID:
            left = max(0.0, until - time.monotonic())
            if not select.select([fd], [], [], left)[0]:
                raise RawkitError(f"it says no address within {self._patience:g} s{self._way_out}")
            piece = os.read(fd, MOST_SAID)
            if not piece:
                raise RawkitError(self._why_gone())
            line += piece
        text = line.partition(b"\n")[0].decode(errors="replace").strip()
        try:
            return addresses.parse(text)
        except UsageError as error:
            raise UsageError(f"it says {text!r}, and that is no address{self._way_out}") from error

    _way_out = " (try: rawkit check ADDRESS -- COMMAND)"

    def _wait_until_there(self, address: Address) -> None:
        subject = Subject(reachable(address))
        until = time.monotonic() + self._patience
        while time.monotonic() < until:
            if not self.lives:
                raise RawkitError(self._why_gone())
            if subject.answers():
                return
            time.sleep(LOOK)
        raise RawkitError(f"nobody is at {address} after {self._patience:g} s{self._last_words()}")

    def _why_gone(self) -> str:
        assert self._process is not None
        code = self._process.wait()
        how = f"by signal {-code}" if code < 0 else f"with code {code}"
        return f"it has ended {how} before anybody could connect{self._last_words()}"

    def _last_words(self) -> str:
        """Return the last line that it has said to stderr, for a message."""
        self._said.seek(0)
        lines = self._said.read().decode(errors="replace").split("\n")
        spoken = [line.strip() for line in lines if line.strip()]
        return f": {spoken[-1]}" if spoken else ""


def reachable(address: Address) -> Address:
    """Return where a client finds what listens at every address."""
    if isinstance(address, InternetAddress) and address.is_every:
        host = "[::1]" if address.kind.family == socket.AF_INET6 else "127.0.0.1"
        return addresses.parse(f"{address.kind.word}:{host}:{address.port}")
    return address


def is_on_this_machine(address: Address) -> bool:
    """Whether it is an address of this host: one that can be bound to."""
    from rawkit.posix.resolution import resolve

    if not isinstance(address, InternetAddress):
        return True
    for target in resolve(address, passive=True):
        with socket.socket(target.family, socket.SOCK_DGRAM) as sock:
            try:
                sock.bind((str(target.sockaddr[0]), 0, *target.sockaddr[2:]))
            except OSError:
                return False
    return True


def _remove_file(address: Address | None) -> None:
    """Remove the file of a Unix socket at which nobody is.

    Raises:
        ListenRefused: somebody is, or it is no socket.
    """
    if isinstance(address, UnixAddress) and not address.abstract:
        socket_file.remove_dead(os.fsencode(address.path), address.kind.type)


def _with_port(address: Address) -> Address:
    """Return the address, with a port that is free if any will do."""
    if not isinstance(address, InternetAddress) or address.port:
        return address
    from rawkit.posix.resolution import resolve

    target = resolve(address, passive=True)[0]
    with target.open() as sock:
        sock.bind(target.sockaddr)
        return replace(address, port=sock.getsockname()[1])


def _filled(word: str, address: Address | None) -> str:
    if address is None:
        return word
    port = str(address.port) if isinstance(address, InternetAddress) else ""
    return word.replace("{port}", port).replace("{address}", str(address))


def _session(leader: int) -> list[int]:
    """Return all processes of a session."""
    found = []
    for name in filter(str.isdecimal, os.listdir("/proc")):
        with suppress(OSError):
            if os.getsid(int(name)) == leader:
                found.append(int(name))
    return found
