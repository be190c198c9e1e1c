"""How a conversation of ``rawkit connect`` ended: in words, and as an exit code."""

from rawkit.cli.connect_relay import Reason
from rawkit.cli.errors import INTERRUPTED, NO_ANSWER, OK, TROUBLE
from rawkit.errors import ConnectionFailed, NameNotFound
from rawkit.posix.connection import Connection
from rawkit.record import record

WORDS = {
    "peer": "the other side has ended",
    "expected": "what was expected has come",
    "idle": "silence",
    "reset": "reset by us",
    "interrupted": "interrupted",
    "connected": "closed at once",
    "broken": "broken",
    "unconnected": "not connected",
}


@record(kw_only=True)
class Ending:
    """How it ended."""

    reason: str
    """One of ``WORDS``."""
    code: int
    """The exit code."""
    complaint: str = ""
    """What went wrong; empty: nothing."""
    sent: int = 0
    """Octets."""
    received: int = 0
    """Octets."""
    took: float = 0.0
    """Seconds, from the connection to the end."""
    error: ConnectionFailed | None = None

    @property
    def words(self) -> str:
        """The reason in words."""
        return WORDS[self.reason]


def unconnected(error: ConnectionFailed | NameNotFound) -> Ending:
    """Return how it ended where there was no connection."""
    if isinstance(error, NameNotFound):
        return Ending(reason="unconnected", code=NO_ANSWER, complaint=str(error))
    code = TROUBLE if error.is_local else NO_ANSWER
    return Ending(reason="unconnected", code=code, complaint=str(error), error=error)


def ending(
    connection: Connection,
    why: Reason | ConnectionFailed,
    *,
    who: str,
    idle: float,
    expected: str | None,
    took: float,
) -> Ending:
    """Return how a connection ended.

    Args:
        connection: the connection.
        why: what the relay says; an error: it broke.
        who: the other side.
        idle: seconds of silence that are an end.
        expected: what was expected; ``None``: nothing.
        took: seconds.
    """
    counts = {"sent": connection.sent, "received": connection.received}
    if isinstance(why, ConnectionFailed):
        code = TROUBLE if why.is_local else NO_ANSWER
        return Ending(
            reason="broken", code=code, complaint=str(why), took=took, error=why,
            sent=counts["sent"], received=counts["received"],
        )  # fmt: skip
    code, complaint = OK, ""
    if why == "interrupted":
        code = INTERRUPTED
    elif expected is not None and why != "expected":
        code, complaint = NO_ANSWER, f"{who}: {expected!r} has not come: {WORDS[why]}"
    elif why == "idle" and not connection.received:
        code, complaint = NO_ANSWER, f"{who}: no answer in {idle:g} s"
    return Ending(
        reason=why, code=code, complaint=complaint, took=took,
        sent=counts["sent"], received=counts["received"],
    )  # fmt: skip
