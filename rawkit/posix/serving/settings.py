"""What a server is to do besides its service: limits, options of its sockets, how it ends."""

import math
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rawkit.errors import UsageError
from rawkit.posix.serving.mischief import NONE, Mischief
from rawkit.record import fields, record

if TYPE_CHECKING:
    from rawkit.posix.options import Setting

MOST_WORKERS = 1024
MOST_CONNECTIONS = 1 << 20
LONGEST = 1e7
"""Seconds, of any limit."""
POOL = 32
"""Threads of a pool, unless told otherwise."""
MODE = 0o600
"""Of the file of a Unix socket: only its owner may connect."""


@record(kw_only=True)
class Settings:
    """How to serve; times are in seconds.

    Raises:
        UsageError: a value makes no sense.
    """

    workers: int | None = None
    """Processes or threads of models that have a fixed number of them; ``None``: one a
    processor, of a pool 32."""
    max_connections: int = 1024
    """More are accepted and closed at once. Each process of ``reuseport`` takes its share."""
    idle: float | None = 30.0
    """Close a connection on which nothing has moved for so long."""
    lifetime: float | None = 300.0
    """Close a connection after so long, however busy: a slow drip is never idle."""
    grace: float = 3.0
    """How long connections may go on when the server is told to stop."""
    count: int | None = None
    """Stop after so many connections, or datagrams."""
    backlog: int = 128
    """Connections that wait to be accepted; the kernel cuts it to ``net.core.somaxconn``."""
    no_delay: bool = True
    """Send small pieces at once (TCP_NODELAY)."""
    keepalive: float | None = None
    """Ask after so long a silence whether the client is still there (SO_KEEPALIVE)."""
    fast_open: int = 0
    """Fast opens that may be pending at a time (TCP_FASTOPEN); 0: none."""
    mode: int = MODE
    """Of the file of a Unix socket."""
    owner: tuple[int, int] | None = None
    """Of that file: user and group, -1: as it is."""
    hand_over: bool = False
    """With ``prefork``: the parent accepts, and passes connections on (SCM_RIGHTS)."""
    amplify: bool = False
    """Let answers to datagrams be longer than the question, for other hosts, too."""
    mischief: Mischief = NONE
    """What to do wrong on purpose."""
    log_connections: bool = True
    """Tell the log of each connection that ends, and not of trouble alone."""
    options: tuple["Setting", ...] = ()
    """Further options of the listening sockets, which connections inherit."""

    def __post_init__(self) -> None:
        _between("workers", self.workers, 1, MOST_WORKERS)
        _between("max_connections", self.max_connections, 1, MOST_CONNECTIONS)
        _between("idle", self.idle, 0, LONGEST, above=True)
        _between("lifetime", self.lifetime, 0, LONGEST, above=True)
        _between("grace", self.grace, 0, LONGEST)
        _between("count", self.count, 1, (1 << 32) - 1)
        _between("backlog", self.backlog, 0, (1 << 31) - 1)
        _between("keepalive", self.keepalive, 1, 32767)
        _between("fast_open", self.fast_open, 0, (1 << 16) - 1)
        _between("mode", self.mode, 0, 0o777)

    @property
    def processes(self) -> int:
        """How many workers, one a processor unless told otherwise."""
        return self.workers or len(os.sched_getaffinity(0))

    @property
    def threads(self) -> int:
        """How many threads of a pool."""
        return self.workers or POOL


def settings_of(function: str, options: Mapping[str, Any]) -> Settings:
    """Return the settings that keywords of a function stand for.

    Raises:
        TypeError: there is no such keyword.
        UsageError: a value makes no sense.
    """
    known = {one.name for one in fields(Settings)}
    for name in options:
        if name not in known:
            from difflib import get_close_matches

            close = get_close_matches(name, known, n=1)
            hint = f": did you mean {close[0]!r}?" if close else ""
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}{hint}")
    return Settings(**options)


def _between(
    name: str, value: float | None, least: float, most: float, *, above: bool = False
) -> None:
    if value is None:
        return
    if math.isnan(value) or not least <= value <= most or (above and value == least):
        raise UsageError(f"{name} is {value:g}: {'above' if above else 'from'} {least} to {most:g}")
