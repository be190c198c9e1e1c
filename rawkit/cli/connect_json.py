"""What ``rawkit connect --json`` prints: one object a line (:mod:`rawkit.cli.records`)."""

from rawkit.cli.connect_end import Ending
from rawkit.cli.records import Schema, Value, duration, line
from rawkit.errnos.table import name_of
from rawkit.posix.address import Address, InternetAddress
from rawkit.posix.connecting import ConnectEvent, Looked, Made, Trying
from rawkit.posix.failures import Failure

SCHEMA: Schema = {
    "look_up": ("ip_version", "found_addresses", "cause", "took"),
    "trying": ("peer_address",),
    "failure": ("peer_address", "call", "errno_name", "cause", "came_back", "syns", "took"),
    "connected": ("peer_address", "socket_address", "took", "note"),
    "data": ("said", "said_text"),
    "end": (
        *("ended_by", "octets_to_peer", "octets_from_peer", "lasted", "errno_name", "cause"),
        *("came_back", "cut_messages", "exit_code"),
    ),
}


class Lines:
    """Objects about one address."""

    def __init__(self, address: Address) -> None:
        self._address = address

    def event(self, one: ConnectEvent) -> str:
        """Return the object of what happened on the way to a connection."""
        match one:
            case Looked(version, addresses, cause, took):
                found: list[Value] = [str(address) for address in addresses]
                return self._line(
                    "look_up",
                    ip_version=version, found_addresses=found, cause=cause or None,
                    took=duration(took),
                )  # fmt: skip
            case Trying(address):
                return self._line("trying", peer_address=str(address))
            case Failure():
                return self._failure(one)
            case Made(connection, took, note):
                return self._line(
                    "connected",
                    peer_address=_text(connection.peer), socket_address=_text(connection.local),
                    took=duration(took), note=note or None,
                )  # fmt: skip

    def data(self, octets: bytes) -> bytes:
        """Return the object of what came, as it is written."""
        try:
            text: str | None = octets.decode()
        except UnicodeDecodeError:
            text = None
        return self._line("data", said=octets.hex(), said_text=text).encode()

    def end(self, one: Ending, cut: int = 0) -> str:
        """Return the object of the end."""
        error = one.error
        number = None if error is None else error.errno
        return self._line(
            "end",
            ended_by=one.reason, octets_to_peer=one.sent, octets_from_peer=one.received,
            lasted=duration(one.took), errno_name=None if number is None else name_of(number),
            cause=one.complaint or None,
            came_back=None if error is None else error.came_back or None,
            cut_messages=cut, exit_code=one.code,
        )  # fmt: skip

    def _failure(self, one: Failure) -> str:
        return self._line(
            "failure",
            peer_address=str(one.address), call=one.call, errno_name=name_of(one.number),
            cause=one.reason, came_back=one.came_back or None, syns=one.asked or None,
            took=duration(one.took),
        )  # fmt: skip

    def _line(self, kind: str, **values: Value) -> str:
        address = self._address
        host = str(address.host) if isinstance(address, InternetAddress) else None
        return line("connect", kind, None, {"host": host, "address": None, **values})


def _text(address: Address | None) -> str | None:
    return None if address is None else str(address)
