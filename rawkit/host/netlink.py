"""Ask the kernel about links, addresses and routes (rtnetlink(7)), by way of pyroute2."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from rawkit.host.calls import setns
from rawkit.host.threads import on_own_thread

if TYPE_CHECKING:
    from pyroute2 import IPRoute

Answer = TypeVar("Answer")


def ask(question: "Callable[[IPRoute], Answer]", netns: int | str | None = None) -> Answer:
    """Return what ``question`` finds out from a netlink socket opened for it.

    It is asked in a thread of its own: pyroute2 cannot be called where an
    asyncio loop runs, and a thread can enter a namespace and be thrown away.

    Args:
        question: what to do with the socket.
        netns: the network namespace to ask in: a descriptor or path of one;
            without it, the calling thread's.
    """

    def run() -> Answer:
        from pyroute2 import IPRoute

        if netns is not None:
            _enter(netns)
        with IPRoute() as ipr:
            return question(ipr)

    return on_own_thread(run)


def _enter(netns: int | str) -> None:
    """Move this thread into a network namespace (setns(2))."""
    handle = netns if isinstance(netns, int) else os.open(netns, os.O_RDONLY | os.O_CLOEXEC)
    try:
        setns(handle)
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}, entering a network namespace") from error
    finally:
        if handle != netns:
            os.close(handle)
