"""Have the kernel make links, addresses and routes in a namespace (rtnetlink(7))."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from rawkit.errors import LabError
from rawkit.host import netlink
from rawkit.lab.namespace import Place

if TYPE_CHECKING:
    from pyroute2 import IPRoute

Answer = TypeVar("Answer")


def ask(place: Place, request: "Callable[[IPRoute], Answer]", *, to: str) -> Answer:
    """Return what ``request`` returns, called in a place with a netlink socket there.

    It may use all that looks at the namespace of the calling thread.

    Args:
        place: where.
        request: what to do with the socket.
        to: what for, as a verb: ``"lay a cable"``.

    Raises:
        LabError: the kernel cannot, or will not.
    """
    from pyroute2.netlink.exceptions import NetlinkError

    try:
        with place.here():
            return netlink.ask(request)
    except NetlinkError as error:
        raise LabError(f"cannot {to}: {os.strerror(error.code)}") from error
