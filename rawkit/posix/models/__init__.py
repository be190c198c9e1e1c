"""Models of a server, one a file: the same listeners, services and ending, another way to wait.

Each has ``run(shift)``, which serves until the bell rings, and ``NOTES``, which say what it is
good for.
"""

from typing import NamedTuple


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
