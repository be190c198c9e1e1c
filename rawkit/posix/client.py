"""``rawkit.posix.connect()``: an address in words becomes a connection."""

from collections.abc import Iterable

from rawkit.posix import address as addresses
from rawkit.posix.address import Address
from rawkit.posix.connecting import PATIENCE, ConnectSettings, Told
from rawkit.posix.connection import Connection
from rawkit.posix.establish import establish
from rawkit.posix.options import Setting, parse_setting
from rawkit.posix.place import Place, inside
from rawkit.posix.resolution import LookUp


def connect(
    address: str | Address,
    *,
    timeout: float | None = None,
    bind: str | Address | None = None,
    options: Iterable[str | Setting] = (),
    attempt_delay: float = PATIENCE.attempt_delay,
    resolution_delay: float = PATIENCE.resolution_delay,
    look_up: LookUp | None = None,
    told: Told | None = None,
    at: Place | None = None,
) -> Connection:
    """Connect to an address of any kind, over the kernel's sockets.

    Of a name's addresses the quickest is taken (Happy Eyeballs, RFC 8305).

    Args:
        address: such as ``"tcp:localhost:http"`` or ``"unix:/run/echo.sock"``; the socket of
            an ``"fd:3"`` is taken over as it is.
        timeout: the longest that all of it may take, names included, in seconds; without it,
            as long as the kernel tries.
        bind: where from, an address of the same kind.
        options: of the socket, such as ``"TCP_NODELAY=1"``; set before it connects.
        attempt_delay: seconds until the next address is tried beside a silent one.
        resolution_delay: seconds for which addresses of IPv4 wait for those of IPv6.
        look_up: who is asked for names, such as a ``NameCache``.
        told: called with what happens on the way.
        at: a node of a lab to connect from.

    Raises:
        ConnectionFailed: nobody could be connected to; the message says why, and what came back.
        MissingCapability: an option takes one.
        NameNotFound: the name has no address, or nobody tells in time.
        NoRoute: there is no such interface.
        UsageError: such an address cannot be connected to, or not from there.
    """
    settings = ConnectSettings(
        timeout=timeout,
        bind=addresses.parse(bind) if isinstance(bind, str) else bind,
        options=tuple(parse_setting(one) if isinstance(one, str) else one for one in options),
        attempt_delay=attempt_delay,
        resolution_delay=resolution_delay,
        look_up=look_up,
    )
    asked = addresses.parse(address) if isinstance(address, str) else address
    with inside(at):
        return establish(asked, settings, told)
