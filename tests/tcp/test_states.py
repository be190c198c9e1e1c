"""Every state and every way out of it."""

from collections.abc import Callable

import pytest

from rawkit.tcp.icmp import Advice
from rawkit.tcp.segment import ACK, RST, WRAP, Segment
from rawkit.tcp.state import TRANSITIONS, Cause, State
from rawkit.wire import icmp
from tests.tcp.packet_script import FLOW, SCRIPTS, Play, lines_of
from tests.tcp.state_report import ways_taken

LEADS_TO = {
    State.SYN_SENT: "syn-sent",
    State.SYN_RECEIVED: "syn-received-once",
    State.ESTABLISHED: "established",
    State.FIN_WAIT_1: "fin-wait-1",
    State.FIN_WAIT_2: "fin-wait-2",
    State.CLOSE_WAIT: "close-wait",
    State.CLOSING: "closing",
    State.LAST_ACK: "last-ack",
    State.TIME_WAIT: "time-wait",
}


def reset(played: Play) -> None:
    """Have a reset arrive that is in its place."""
    b = played.connection.block
    sequence, ack = b.rcv_nxt & WRAP, b.snd_nxt & WRAP
    played.connection.arrive(played.now, Segment(RST | ACK, sequence, ack), FLOW)


def abort(played: Play) -> None:
    played.connection.abort(played.now)


def wait(played: Play) -> None:
    """Let time pass without any answer."""
    connection = played.connection
    if connection.state in (State.ESTABLISHED, State.CLOSE_WAIT):
        connection.write(b"nobody acknowledges this")
    if connection.state is State.FIN_WAIT_2:
        connection.close(played.now)
    while not connection.is_over:
        connection.outgoing(played.now)
        played.now = connection.wake_at
        connection.tick(played.now)


def unreachable(played: Play) -> None:
    """Have a router say that the port is unreachable, of a segment in flight."""
    connection = played.connection
    if connection.state in (State.ESTABLISHED, State.CLOSE_WAIT):
        connection.write(b"in flight")
        connection.outgoing(played.now)
    sequence = connection.block.snd_una & WRAP
    connection.advise(played.now, Advice(icmp.Unreachable(code=3), sequence))


ENDINGS: dict[Cause, Callable[[Play], None]] = {
    Cause.RST: reset,
    Cause.ABORT: abort,
    Cause.TIMEOUT: wait,
    Cause.UNREACHABLE: unreachable,
}
"""What ends a connection in nearly all states."""
ENDED = [(state, cause) for state, cause in TRANSITIONS if cause in ENDINGS and state in LEADS_TO]


@pytest.mark.parametrize(("state", "cause"), ENDED, ids=lambda one: one.name)
def test_a_connection_can_end_in_any_state(state: State, cause: Cause) -> None:
    settings = "settings hard_errors=yes user_timeout=10 syn_timeout=10"
    played = Play([settings, *lines_of(SCRIPTS / "common" / f"{LEADS_TO[state]}.pkt")])
    played.run()
    assert played.connection.state is state

    ENDINGS[cause](played)

    played.moves.clear()
    played.connection.outgoing(played.now)
    played._collect()
    assert [(one.before, one.cause) for one in played.moves] == [(state, cause)]
    assert played.connection.is_over


def test_scripts_take_every_other_way_from_state_to_state() -> None:
    taken = {way for way, scripts in ways_taken().items() if scripts}

    assert set(TRANSITIONS) - taken - set(ENDED) == set()
