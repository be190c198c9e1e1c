"""``rawkit.serve()``: a service, an address and a model make a server."""

import os
import select
import signal
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn, Self, TypedDict, Unpack

from rawkit.errors import RawkitError, UsageError
from rawkit.posix import address as addresses
from rawkit.posix.address import Address
from rawkit.posix.listen import Listener, listen
from rawkit.posix.models import DEFAULT, FILES, PROCESSES, WITHOUT_DATAGRAMS, known_model
from rawkit.posix.place import Place, inside
from rawkit.posix.service import Conversation, Offer, Service, offer_of
from rawkit.posix.serving.counts import Board, Stats
from rawkit.posix.serving.mischief import Mischief, with_mischief
from rawkit.posix.serving.settings import Settings, settings_of
from rawkit.posix.serving.shift import Log, Shift
from rawkit.posix.serving.signals import Cut, obeying
from rawkit.posix.serving.stop import Stop

if TYPE_CHECKING:
    from rawkit.posix.options import Setting

SLACK = 1.0
"""Seconds beyond the grace in which a server has to be gone."""


class Options(TypedDict, total=False):
    """What :func:`serve` takes by name; :class:`Settings` says what each means."""

    workers: int | None
    max_connections: int
    idle: float | None
    lifetime: float | None
    grace: float
    count: int | None
    backlog: int
    no_delay: bool
    keepalive: float | None
    fast_open: int
    mode: int
    owner: tuple[int, int] | None
    hand_over: bool
    amplify: bool
    mischief: Mischief
    log_connections: bool
    options: tuple["Setting", ...]


class Server:
    """A server: opened, run, stopped, closed.

    As a context manager it runs in the background: in a thread of this process; or, if its
    model makes processes, or it is to be ``isolated``, in a child process.
    """

    def __init__(
        self,
        offer: Offer,
        address: Address | tuple[Address, ...],
        model: str,
        settings: Settings,
        log: Log | None = None,
        *,
        isolated: bool = False,
        at: Place | None = None,
    ) -> None:
        """Describe it; nothing is opened yet.

        Raises:
            UsageError: there is no such model, or it does not go with the address or the service.
        """
        self.model = known_model(model)
        self._offer = with_mischief(offer, settings.mischief)
        self._asked = address if isinstance(address, tuple) else (address,)
        self._settings = settings
        self._log = log
        self._at = at
        self._in_child = isolated or model in PROCESSES
        self._listeners: tuple[Listener, ...] = ()
        self._groups: tuple[tuple[Listener, ...], ...] = ()
        self._shift: Shift | None = None
        self._stop = Stop()
        self._board = Board(_rows(model, settings))
        self._thread: threading.Thread | None = None
        self._failure: BaseException | None = None
        self._is_stuck = False
        self._child: tuple[int, int] | None = None
        self._run: Callable[[Shift], None] = import_module(
            f"rawkit.posix.models.{FILES[model]}"
        ).run

    @property
    def settings(self) -> Settings:
        """How it is to serve."""
        return self._settings

    @property
    def address(self) -> str:
        """Where it is, in the notation; of several, the first."""
        return self.addresses[0]

    @property
    def addresses(self) -> tuple[str, ...]:
        """Everywhere it is."""
        return tuple(str(one.address or one.asked) for one in self._listeners)

    @property
    def listeners(self) -> tuple[Listener, ...]:
        """Its sockets; those of other workers at the same address are left out."""
        return self._listeners

    @property
    def stats(self) -> Stats:
        """What it has counted so far."""
        return self._board.stats()

    @property
    def pid(self) -> int:
        """The process that it runs in."""
        return self._child[0] if self._child else os.getpid()

    def open(self) -> None:
        """Open its sockets: from now on clients can connect.

        Raises:
            ListenRefused: somebody else is there, or there is no permission; it says which.
            NameNotFound: a host has no address.
            UsageError: there is nothing to be served at that address.
        """
        shares = self.model == "reuseport"
        self._stop.open()
        try:
            with inside(self._at):
                for asked in self._asked:
                    self._listeners += listen(asked, self._settings, reuse_port=shares)
                self._check()
                self._groups = (self._listeners,)
                if shares and all(one.can_be_shared for one in self._listeners):
                    self._open_others()
        except BaseException:
            self.close()
            raise
        self._shift = Shift(
            self._offer, self._listeners, self._settings, self._board, self._stop, self._log
        )
        self._shift.groups = self._groups

    def run(
        self, *, ends_in: float | None = None, ready: Callable[[], None] = lambda: None
    ) -> None:
        """Serve in this thread until it is stopped; in the main thread, by a signal, too.

        Args:
            ends_in: stop by itself after so many seconds; in the main thread only.
            ready: is called when signals are heard, and before the first client is taken.

        Raises:
            OSError: the log cannot be written any more.
            RawkitError: its workers die one after the other.
        """
        self._serve(ends_in=ends_in, ready=ready)

    def start(self) -> None:
        """Serve in the background."""
        if self._in_child:
            self._fork()
            return
        self._thread = threading.Thread(target=self._serve_in_thread, daemon=True)
        self._thread.start()

    def stop(self, grace: float | None = None) -> Stats:
        """Have it finish: take who waits already and nobody else, and let connections go on.

        Args:
            grace: seconds for that, if not those of the settings; 0: at once.

        Returns:
            What it has counted.

        Raises:
            RawkitError: it failed before, or its service does not return.
        """
        seconds = self._settings.grace if grace is None else grace
        if self._is_stuck:
            return self.stats
        self._stop.drain()
        if not self._join(seconds + (SLACK if seconds else 0.0)):
            self._stop.cut()
            if not self._join(SLACK):
                self._kill()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure
        return self.stats

    def close(self) -> None:
        """Close its sockets, and remove their files. Closing twice is harmless."""
        if self._thread is not None and self._thread.is_alive():
            return  # stuck in its service: it may come back, and use these numbers
        for group in self._groups or (self._listeners,):
            for listener in group:
                listener.close()
        self._groups = ((),)
        if self._shift is not None:
            self._shift.close()
        self._stop.close()

    def __enter__(self) -> Self:
        self.open()
        try:
            self.start()
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
        try:
            self.stop()
        finally:
            self.close()

    def _open_others(self) -> None:
        """Open the same once more for each other worker."""
        for _ in range(self._settings.processes - 1):
            self._groups = (*self._groups, ())
            for one in self._listeners:
                group = (*self._groups[-1], one.another(self._settings))
                self._groups = (*self._groups[:-1], group)

    def _check(self) -> None:
        """Refuse what does not go together.

        Raises:
            UsageError: says what.
        """
        kinds = {one.is_datagram for one in self._listeners}
        if len(kinds) > 1:
            raise UsageError("streams and datagrams are two servers: start two")
        if kinds == {False}:
            return
        if self.model in WITHOUT_DATAGRAMS:
            raise UsageError(f"{self.model} makes one for each connection; datagrams have none")
        if self._offer.datagram is None:
            raise UsageError(f"{self._offer.name} needs connections, and datagrams have none")

    def _serve(
        self,
        *,
        ends_in: float | None = None,
        ready: Callable[[], None] = lambda: None,
        terminal: bool = True,
    ) -> None:
        shift, settings = self._shift, self._settings
        if shift is None:
            raise UsageError("the server is not open")
        with obeying(self._stop, settings.grace, ends_in=ends_in, terminal=terminal):
            try:
                ready()
                self._run(shift)
            except Cut:
                pass  # by a signal, and whatever was open is closed
            finally:
                shift.number = 0
                shift.counts.add("overflowed", sum(one.overflowed for one in self._listeners))
        if shift.failure is not None:
            raise shift.failure

    def _serve_in_thread(self) -> None:
        try:
            self._serve()
        except BaseException as error:
            self._failure = error

    def _fork(self) -> None:
        lifeline = os.pidfd_open(os.getpid())
        try:
            with warnings.catch_warnings():
                # Python warns of locks that other threads hold; the child takes none of them.
                warnings.simplefilter("ignore", DeprecationWarning)
                pid = os.fork()
            if pid == 0:
                self._live(lifeline)
        finally:
            os.close(lifeline)
        self._child = pid, os.pidfd_open(pid)

    def _live(self, lifeline: int) -> NoReturn:
        """Be the child."""
        code = 1
        try:
            self._stop.hang_on(lifeline)
            self._serve(terminal=False)
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)

    def _join(self, seconds: float) -> bool:
        """Wait until it has ended, and return whether it has."""
        if self._thread is not None:
            self._thread.join(seconds)
            return not self._thread.is_alive()
        if self._child is None:
            return True
        poller = select.poll()
        poller.register(self._child[1], select.POLLIN)
        if not poller.poll(seconds * 1000):
            return False
        self._reap()
        return True

    def _reap(self) -> None:
        if self._child is None:
            return
        pid, fd = self._child
        code = 0
        with suppress(ChildProcessError):  # somebody else has reaped it
            code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        os.close(fd)
        self._child = None
        if code:
            how = f"by signal {-code}" if code < 0 else f"with code {code}"
            self._failure = RawkitError(f"the process of the server ended {how}")

    def _kill(self) -> None:
        """Give up waiting for a service that does not return."""
        if self._child is not None:
            signal.pidfd_send_signal(self._child[1], signal.SIGKILL)
            self._reap()
        self._is_stuck = True
        self._failure = RawkitError(f"the service {self._offer.name} does not return")


def serve(
    service: Service | type[Conversation] | Offer,
    address: str | Address,
    *,
    model: str = DEFAULT,
    log: Log | None = None,
    isolated: bool = False,
    at: Place | None = None,
    **options: Unpack[Options],
) -> Server:
    """Return a server, to be used in a ``with`` block, in which it runs.

    Args:
        service: a function of octets, a :class:`Conversation`, or one of
            :data:`rawkit.posix.services.SERVICES`.
        address: where, such as ``"tcp:127.0.0.1:0"``.
        model: how it waits, one of :data:`rawkit.posix.models.FILES`.
        log: is called with each connection that ends, and with trouble, where that happens.
        isolated: run it in a process of its own, whatever the model.
        at: a lab node, or anything with ``here()``: listen there.
        options: limits and the like, as :class:`Settings` has them.

    Raises:
        UsageError: something makes no sense.
    """
    where = addresses.parse(address) if isinstance(address, str) else address
    settings = settings_of("serve", options)
    return Server(offer_of(service), where, model, settings, log, isolated=isolated, at=at)


def _rows(model: str, settings: Settings) -> int:
    """Return how many can count at a time."""
    if model == "fork":
        return 1 + settings.max_connections
    return 1 + settings.processes if model in PROCESSES else 1
