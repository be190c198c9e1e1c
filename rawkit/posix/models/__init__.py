"""Models of a server, one a file: the same listeners, services and ending, another way to wait.

Each has ``run(shift)``, which serves until the bell rings, and ``NOTES``, which say what it is
good for.
"""

from importlib.util import find_spec
from typing import NamedTuple

from rawkit.errors import UsageError


class Notes(NamedTuple):
    """What there is to know of a model."""

    about: str
    """In a few words."""
    blocks: str
    """What it waits in, and who waits with it."""
    slow_client: str
    """What a client that is slow, silent or does not read does to the others."""
    cost: str
    """Memory and time for a connection."""
    history: str = ""


FILES = {
    "iterative": "iterative",
    "fork": "fork",
    "prefork": "prefork",
    "thread": "thread",
    "pool": "pool",
    "select": "by_select",
    "poll": "by_poll",
    "epoll": "by_epoll",
    "epoll-edge": "by_epoll_edge",
    "asyncio": "by_asyncio",
    "reuseport": "reuseport",
    "uvloop": "by_uvloop",
    "trio": "by_trio",
}
"""Every model, and the module that it is."""
DEFAULT = "epoll"
EXTRAS = ("uvloop", "trio")
"""Those that need a package of the same name."""
PROCESSES = ("fork", "prefork", "reuseport")
"""Those that make processes."""
WITHOUT_DATAGRAMS = ("fork", "thread")
"""Those that make something for each connection, and for datagrams there is none."""
ABOUT = {
    "iterative": "one client after the other",
    "fork": "a process for each client",
    "prefork": "a fixed number of processes, each with one client after the other",
    "thread": "a thread for each client",
    "pool": "a fixed number of threads, each with one client after the other",
    "select": "one thread for all, by select(2); up to 1024 descriptors",
    "poll": "one thread for all, by poll(2)",
    "epoll": "one thread for all, by epoll(7), level-triggered: the default",
    "epoll-edge": "one thread for all, by epoll(7), edge-triggered",
    "asyncio": "one thread for all, by Python's event loop",
    "reuseport": "a process a processor, each with a listener and an epoll of its own",
    "uvloop": "as asyncio, on a loop in C; needs the package uvloop",
    "trio": "one thread for all, a task for each client; needs the package trio",
}
"""Each in a few words."""


def known_model(name: str, *, to_run: bool = True) -> str:
    """Return the name of a model that there is.

    Args:
        name: what was asked for.
        to_run: whether what it needs has to be here.

    Raises:
        UsageError: there is none, or what it needs is not installed.
    """
    if name not in FILES:
        from difflib import get_close_matches

        close = get_close_matches(name, FILES, n=1)
        way_out = f"did you mean {close[0]!r}?" if close else ", ".join(FILES)
        raise UsageError(f"no model {name!r} ({way_out})")
    if to_run and name in EXTRAS and find_spec(name) is None:
        raise UsageError(f"model {name} needs the package {name}: pip install 'rawkit[servers]'")
    return name
