"""The states of a connection, and what leads from one to the next (RFC 9293 §3.3.2).

The table is the whole truth: a connection changes its state by looking it up here and in no
other way, and the diagram in the documents is drawn from it.
"""

from enum import Enum


class State(Enum):
    """Where a connection is in its life; the values are the RFC's names."""

    CLOSED = "CLOSED"
    LISTEN = "LISTEN"
    SYN_SENT = "SYN-SENT"
    SYN_RECEIVED = "SYN-RECEIVED"
    ESTABLISHED = "ESTABLISHED"
    FIN_WAIT_1 = "FIN-WAIT-1"
    FIN_WAIT_2 = "FIN-WAIT-2"
    CLOSE_WAIT = "CLOSE-WAIT"
    CLOSING = "CLOSING"
    LAST_ACK = "LAST-ACK"
    TIME_WAIT = "TIME-WAIT"

    __hash__ = object.__hash__  # there is one of each, and these are looked up all the time

    def __str__(self) -> str:
        return self.value


class Cause(Enum):
    """What makes a connection change its state."""

    PASSIVE_OPEN = "passive open"
    ACTIVE_OPEN = "active open"
    SYN = "SYN arrives"
    SYN_ACK = "SYN and ACK of our SYN arrive"
    ACK_OF_SYN = "ACK of our SYN arrives"
    CLOSE = "close"
    FIN = "FIN arrives"
    ACK_OF_FIN = "ACK of our FIN arrives"
    TWO_MSL = "two MSL have passed"
    REOPENED = "a later SYN arrives"
    """A new connection takes the place of one in TIME-WAIT (RFC 6191)."""
    RETURN = "RST or SYN arrives after a passive open"
    RST = "RST arrives"
    ABORT = "abort"
    TIMEOUT = "timeout"
    UNREACHABLE = "ICMP says unreachable"

    __hash__ = object.__hash__  # there is one of each, and these are looked up all the time

    def __str__(self) -> str:
        return self.value


_S, _C = State, Cause

TRANSITIONS: dict[tuple[State, Cause], State] = {
    (_S.CLOSED, _C.PASSIVE_OPEN): _S.LISTEN,
    (_S.CLOSED, _C.ACTIVE_OPEN): _S.SYN_SENT,
    (_S.LISTEN, _C.ACTIVE_OPEN): _S.SYN_SENT,
    (_S.LISTEN, _C.SYN): _S.SYN_RECEIVED,
    (_S.LISTEN, _C.CLOSE): _S.CLOSED,
    (_S.LISTEN, _C.ABORT): _S.CLOSED,
    (_S.SYN_SENT, _C.SYN): _S.SYN_RECEIVED,
    (_S.SYN_SENT, _C.SYN_ACK): _S.ESTABLISHED,
    (_S.SYN_SENT, _C.CLOSE): _S.CLOSED,
    (_S.SYN_RECEIVED, _C.ACK_OF_SYN): _S.ESTABLISHED,
    (_S.SYN_RECEIVED, _C.CLOSE): _S.FIN_WAIT_1,
    (_S.SYN_RECEIVED, _C.RETURN): _S.LISTEN,
    (_S.ESTABLISHED, _C.CLOSE): _S.FIN_WAIT_1,
    (_S.ESTABLISHED, _C.FIN): _S.CLOSE_WAIT,
    (_S.FIN_WAIT_1, _C.ACK_OF_FIN): _S.FIN_WAIT_2,
    (_S.FIN_WAIT_1, _C.FIN): _S.CLOSING,
    (_S.FIN_WAIT_2, _C.FIN): _S.TIME_WAIT,
    (_S.CLOSE_WAIT, _C.CLOSE): _S.LAST_ACK,
    (_S.CLOSING, _C.ACK_OF_FIN): _S.TIME_WAIT,
    (_S.LAST_ACK, _C.ACK_OF_FIN): _S.CLOSED,
    (_S.TIME_WAIT, _C.TWO_MSL): _S.CLOSED,
    (_S.TIME_WAIT, _C.REOPENED): _S.CLOSED,
}
"""Which state follows. What is not here does not happen."""

SYNCHRONIZED = (
    _S.ESTABLISHED,
    _S.FIN_WAIT_1,
    _S.FIN_WAIT_2,
    _S.CLOSE_WAIT,
    _S.CLOSING,
    _S.LAST_ACK,
    _S.TIME_WAIT,
)
"""Each side knows the other's sequence numbers (RFC 9293 §3.5)."""
UNDER_WAY = (_S.SYN_SENT, _S.SYN_RECEIVED, *SYNCHRONIZED)
OWING = tuple(state for state in UNDER_WAY if state is not _S.TIME_WAIT)
"""Something of ours, or of the other side's, is still to come."""
IN_FLIGHT = tuple(state for state in OWING if state is not _S.FIN_WAIT_2)
"""There may be something of ours that is not acknowledged."""
TRANSITIONS |= {(state, cause): _S.CLOSED for state in UNDER_WAY for cause in (_C.RST, _C.ABORT)}
TRANSITIONS |= {(state, _C.TIMEOUT): _S.CLOSED for state in OWING}
TRANSITIONS |= {(state, _C.UNREACHABLE): _S.CLOSED for state in IN_FLIGHT}
