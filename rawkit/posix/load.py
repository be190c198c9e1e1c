"""``rawkit.load()``: how much a server takes, and how long its answers do."""

import resource
from typing import TypedDict, Unpack

from rawkit.engine.histogram import Histogram
from rawkit.engine.load_report import LoadReport, latency_of
from rawkit.errors import ConnectionFailed, UsageError
from rawkit.posix import address as addresses
from rawkit.posix.address import Address, DescriptorAddress, InternetAddress
from rawkit.posix.connecting import ConnectSettings
from rawkit.posix.establish import establish
from rawkit.posix.kernel_connection import KernelConnection
from rawkit.posix.loading.generator import Generator
from rawkit.posix.loading.settings import LoadSettings
from rawkit.posix.loading.slots import Opener
from rawkit.posix.options import Setting
from rawkit.posix.place import Place, inside
from rawkit.posix.resolution import Target, resolve

SPARE = 32
"""Descriptors beside those of the connections."""


class Options(TypedDict, total=False):
    """What :func:`load` takes by name; :class:`LoadSettings` says what each means."""

    connections: int
    duration: float
    count: int | None
    rate: float | None
    size: int
    each_its_own: bool
    timeout: float
    no_delay: bool
    options: tuple[Setting, ...]


class Load:
    """A load test; it is run once."""

    def __init__(
        self, address: Address, settings: LoadSettings, *, at: Place | None = None
    ) -> None:
        """Describe it; nothing is opened yet.

        Raises:
            UsageError: there is nothing to be asked at such an address.
        """
        if isinstance(address, DescriptorAddress):
            raise UsageError(f"{address}: one socket that is open; a load test opens its own")
        self.address = address
        self.peer: Address | None = None
        """Whom it asked: of the addresses of a name, the one that was quickest."""
        self.settings = settings
        self._at = at
        self._generator: Generator | None = None
        self.is_stopped = False
        """Whether it was told to end before its time."""

    @property
    def is_begun(self) -> bool:
        """Whether somebody is connected, and something is to be told."""
        return self._generator is not None

    def run(self) -> LoadReport:
        """Ask in this thread until the time is over.

        Raises:
            ConnectionFailed: nobody is there; the message says why, and what came back.
            NameNotFound: the host has no address.
            UsageError: it asks for more descriptors than there may be, or was run before.
        """
        if self._generator is not None:
            raise UsageError("a load test is run once: make another")
        _make_room(self.settings.connections + SPARE)
        with inside(self._at):
            generator = self._generator = self._prepare()
            if self.is_stopped:
                generator.stop()
            generator.run()
        return self.report

    def stop(self) -> None:
        """Have it end at once, from a signal handler or another thread."""
        self.is_stopped = True
        if self._generator is not None:
            self._generator.stop()

    @property
    def report(self) -> LoadReport:
        """What is known so far.

        Raises:
            UsageError: it has not begun.
        """
        if (generator := self._generator) is None:
            raise UsageError("the load test has not begun")
        tally, settings = generator.floor.tally, self.settings
        latency = latency_of(tally.latencies)
        corrected = tally.from_due
        if settings.rate is None:
            corrected = Histogram()
            if latency is not None:
                corrected = tally.latencies.corrected(latency.percentiles[50])
        answers = [slot.answers for slot in generator.floor.slots]
        return LoadReport(
            connections=settings.connections, connected=tally.connected, size=settings.size,
            rate=settings.rate, each_its_own=settings.each_its_own, elapsed=generator.elapsed,
            asked=tally.asked, answered=tally.answered, answered_in_time=tally.answered_in_time,
            unasked=tally.unasked, unfinished=tally.unfinished, different=tally.different,
            strays=tally.strays, latency=latency, corrected=latency_of(corrected),
            connecting=latency_of(tally.connecting), fewest=min(answers), most=max(answers),
            causes=dict(tally.causes.most_common()), effort=generator.effort,
        )  # fmt: skip

    def _prepare(self) -> Generator:
        """Find out who answers; whoever cannot be connected to at all is told of best here."""
        settings = self.settings
        how = ConnectSettings(timeout=settings.timeout, options=settings.options)
        connection = establish(self.address, how)
        self.peer = connection.peer or self.address
        if not isinstance(connection, KernelConnection):
            connection.close()
            raise ConnectionFailed(0, f"{self.address}: no socket of the kernel")
        sock = connection.sock
        target = Target(self.peer, "", sock.family, sock.type, sock.proto)
        if isinstance(self.address, InternetAddress):
            target = Target(self.peer, sock.getpeername(), sock.family, sock.type, sock.proto)
        else:
            (target,) = resolve(self.address)
        opener = Opener(target, settings)
        if settings.each_its_own:
            connection.close()
            if opener.is_datagram:
                raise UsageError(f"{self.address}: datagrams have no connections to be made anew")
            return Generator(opener, settings)
        return Generator(opener, settings, sock)


def load(address: str | Address, *, at: Place | None = None, **options: Unpack[Options]) -> Load:
    """Return a load test of a server that answers as much as it is asked, such as echo.

    It asks on a number of connections, each of which has one unanswered question at most:
    whoever does not answer is not flooded.

    Args:
        address: whom to ask, such as ``"tcp:127.0.0.1:7007"``.
        at: a lab node, or anything with ``here()``: ask from there.
        options: how, as :class:`LoadSettings` has them.

    Raises:
        UsageError: something makes no sense.
    """
    where = addresses.parse(address) if isinstance(address, str) else address
    return Load(where, LoadSettings(**options), at=at)


def _make_room(descriptors: int) -> None:
    """Raise the limit of open descriptors, as far as that is allowed.

    Raises:
        UsageError: it is not far enough.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < descriptors:
        if hard != resource.RLIM_INFINITY and hard < descriptors:
            raise UsageError(
                f"{descriptors - SPARE} connections take {descriptors} descriptors, and {hard} is"
                f" the limit (try: ulimit -n {descriptors}, as root)"
            )
        resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, hard))
