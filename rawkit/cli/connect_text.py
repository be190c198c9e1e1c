"""What ``rawkit connect`` tells on stderr, in words."""

from rawkit.cli.connect_end import Ending
from rawkit.posix.connecting import ConnectEvent, Looked, Made, Trying
from rawkit.posix.connection import Connection
from rawkit.posix.failures import Failure


def event(one: ConnectEvent) -> str:
    """Return what happened on the way to a connection (``-v``)."""
    match one:
        case Looked(version, addresses, cause, took):
            found = cause or ", ".join(map(str, addresses))
            return f"IPv{version}: {found} (after {_ms(took)})"
        case Trying(address):
            return f"trying {address}"
        case Failure():
            return f"{one.short()} (after {_ms(one.took)})"
        case Made(connection, took, note):
            lines = f"connected to {_peer(connection)}{_from(connection)} (after {_ms(took)})"
            return f"{lines}; {note}" if note else lines


def ended(end: Ending) -> str:
    """Return how it ended, and how much went each way (``-v``)."""
    counts = f"{_octets(end.sent)} sent, {_octets(end.received)} received"
    return f"{end.words}; {counts} in {end.took:.3f} s"


def _peer(connection: Connection) -> str:
    return str(connection.peer or "somebody without a name")


def _from(connection: Connection) -> str:
    return f" from {connection.local}" if connection.local is not None else ""


def _octets(count: int) -> str:
    return f"{count} octet{'s' * (count != 1)}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.3f} ms"
