"""What a user does with a connection, without waiting; and what went wrong, as errors."""

import errno
import time

from rawkit.endpoint.host import Host
from rawkit.errors import ConnectionFailed, UsageError
from rawkit.record import record
from rawkit.tcp.connection import Connection
from rawkit.tcp.events import Closed, Ending
from rawkit.tcp.flow import Flow
from rawkit.tcp.info import Info
from rawkit.tcp.state import State
from rawkit.wire import icmp
from rawkit.wire.address import Address
from rawkit.wire.packet import Header
from rawkit.wire.quote import says
from rawkit.wire.quote_ipv6 import says_ipv6

NUMBERS = {
    Ending.REFUSED: errno.ECONNREFUSED,
    Ending.RESET: errno.ECONNRESET,
    Ending.TIMED_OUT: errno.ETIMEDOUT,
    Ending.UNREACHABLE: errno.EHOSTUNREACH,
    Ending.ABORTED: errno.ECONNABORTED,
    Ending.CLOSED_UNOPENED: errno.ECONNABORTED,
    Ending.HANDED_OVER: errno.ENOTCONN,
    Ending.FINISHED: errno.EPIPE,
}
CAME_BACK = {Ending.REFUSED: "RST", Ending.RESET: "RST", Ending.TIMED_OUT: "nothing"}
QUIET = (State.FIN_WAIT_2, State.TIME_WAIT, State.CLOSED)
"""Our FIN is acknowledged, and with it all that was written."""
SAID_GOODBYE = (State.TIME_WAIT, State.CLOSED)


@record
class Complaint:
    """What did not happen, and to whom: words that are put together only if they are needed."""

    flow: Flow
    words: str

    def __str__(self) -> str:
        return f"{self.flow}: {self.words}"


class Conversation:
    """One connection of a host. What would have to wait returns ``None``."""

    def __init__(self, host: Host, connection: Connection, flow: Flow) -> None:
        self.host = host
        self.connection = connection
        self.flow = flow

    def opened(self) -> bool | None:
        """Tell whether the handshake is done.

        Raises:
            ConnectionFailed: it failed.
        """
        if self.connection.is_over:
            raise self.failure()
        return True if self.connection.is_open else None

    def take(self, limit: int) -> bytes | None:
        """Return octets that have come; none at the end of the stream.

        Raises:
            ConnectionFailed: it was reset, or timed out.
        """
        connection = self.connection
        octets = connection.read_some(limit)
        if octets:
            return octets
        if connection.is_over and not self._ended_well():
            raise self.failure()
        return b"" if connection.at_end or limit == 0 else None

    def put(self, octets: bytes | bytearray | memoryview) -> int | None:
        """Take octets to be sent, as many as there is room for.

        Raises:
            ConnectionFailed: it is over.
            UsageError: it was shut down by us.
        """
        if self.connection.is_over:
            raise self.failure()
        if not self.connection.writable:
            self.connection.write(b"")
            return None if len(octets) else 0
        return self.connection.write(octets)

    def is_quiet(self) -> bool | None:
        """Tell whether all that was written, and FIN, is acknowledged; or it is over."""
        return True if self.connection.state in QUIET else None

    def has_said_goodbye(self) -> bool | None:
        """Tell whether both sides have ended."""
        return True if self.connection.state in SAID_GOODBYE else None

    def close(self) -> None:
        """Send FIN, and read no more."""
        self.connection.close(time.monotonic())

    def abort(self) -> None:
        """Send RST."""
        self.connection.abort(time.monotonic())

    def failure(self) -> ConnectionFailed:
        """Return why it is over, as an error."""
        ended = self.connection.ended or Closed(Ending.ABORTED)
        return failure_of(self.flow, ended)

    def info(self) -> Info:
        """Return how it is doing, in the fields of ``ss -i``."""
        return self.connection.info(time.monotonic())

    def _ended_well(self) -> bool:
        ended = self.connection.ended
        return ended is not None and ended.ending is Ending.FINISHED


def failure_of(flow: Flow, ended: Closed) -> ConnectionFailed:
    """Return the error that says in one line how a connection ended."""
    back = CAME_BACK.get(ended.ending, "")
    if ended.message is not None:
        back = icmp_words(ended.message, ended.source)
    what = f"{back} came back: {ended.ending}" if back else str(ended.ending)
    return ConnectionFailed(NUMBERS[ended.ending], f"{called(flow)}: {what}", back)


def icmp_words(message: Header, source: Address | None) -> str:
    """Return what an ICMP error says, and who said it."""
    version = 4 if isinstance(message, icmp.Message) else 6
    words = says(message) if version == 4 else says_ipv6(message)
    code = getattr(message, "code", 0)
    name = "ICMP" if version == 4 else "ICMPv6"
    number = getattr(message, "TYPE", getattr(message, "type", "?"))
    return f"{name} {number}/{code} ({words})" + (f" from {source}" if source else "")


def called(flow: Flow) -> str:
    """Return the other side, in the notation of addresses."""
    host = f"[{flow.remote}]" if flow.version == 6 else str(flow.remote)
    return f"tcp:{host}:{flow.remote_port}"


def check_size(limit: int) -> int:
    """Return how much is to be read.

    Raises:
        UsageError: less than nothing.
    """
    if limit < 0:
        raise UsageError(f"cannot read {limit} octets")
    return limit
