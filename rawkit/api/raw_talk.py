"""One client of a server whose TCP is in user space: what the service says, and when it is over.

The rules are those of the servers over kernel sockets: nothing is read while something of the
answer is unsent, and whatever the service raises ends this conversation and no other.
"""

from math import inf
from typing import NoReturn

from rawkit.endpoint import conversation as endpoint
from rawkit.errors import UsageError
from rawkit.posix.address import KINDS, InternetAddress, Kind
from rawkit.posix.service import Client, Conversation, CutOff, Peer
from rawkit.posix.serving.counts import Reason
from rawkit.posix.serving.shift import LINGER, PIECE, Shift, reason_of
from rawkit.tcp.flow import Flow


class RawClient(Client):
    """The other end of a connection without a socket."""

    __slots__ = ("_flow",)
    has_socket = False

    def __init__(self, flow: Flow) -> None:
        self._flow = flow

    @property
    def address(self) -> InternetAddress:
        """Its address."""
        return InternetAddress(_kind(self._flow), self._flow.remote, self._flow.remote_port)

    @property
    def local(self) -> InternetAddress:
        """Our address in this connection."""
        return InternetAddress(_kind(self._flow), self._flow.local, self._flow.local_port)

    @property
    def credentials(self) -> None:
        """Who it is: there is no telling."""
        return

    def process(self) -> NoReturn:
        """Raise: the kernel knows nothing of the connection."""
        raise UsageError(f"{self.address}: a connection in user space has no process to tell of")

    def as_socket(self) -> NoReturn:
        """Raise: there is none."""
        raise UsageError(f"{self.address}: a connection in user space has no socket")


class RawTalk:
    """The state of one conversation; :meth:`step` goes on with it as far as it gets."""

    def __init__(self, shift: Shift, made: endpoint.Conversation, now: float) -> None:
        """Take a connection that is open."""
        self._shift = shift
        self._made = made
        self._client = RawClient(made.flow)
        self._talk: Conversation | None = None
        self._unsent = memoryview(b"")
        self._received = self._sent = self._waits_for = 0
        self._began = self._moved = now
        self._asks = True
        """Whether the service may have more to say than it has said."""
        self._rests_until = inf
        """When its rest is over; infinity: it has none."""
        self._linger = inf
        """When it is given up that the other side closes, too."""
        self._ended: Reason | None = None
        """Why it ends, once all is said."""
        self._has_heard_end = False
        self.is_over = False

    def step(self, now: float) -> None:
        """Hear, answer and say goodbye, until there is something to wait for."""
        if self.is_over:
            return
        try:
            if self._talk is None:
                self._talk = self._shift.offer.converse(self._client)
                self._unsent = memoryview(self._talk.begin())
            while self._goes_on(self._talk, now):
                pass
        except Exception as error:  # whatever the service raises: the server goes on
            self.close(reason_of(error), now, error)
        if not self.is_over:
            self._look_at_limits(now)

    def due(self) -> float:
        """Return when to call :meth:`step` at the latest."""
        settings = self._shift.settings
        idle = self._moved + (settings.idle or inf)
        lifetime = self._began + (settings.lifetime or inf)
        return min(idle, lifetime, self._rests_until, self._linger)

    def close(self, reason: Reason, now: float, error: BaseException | None = None) -> None:
        """End it: in good order, if all was said, and else by a reset."""
        if self.is_over:
            return
        self.is_over = True
        if self._talk is not None:
            self._talk.close()
        if self._unsent or isinstance(error, CutOff):
            self._made.abort()
        else:
            self._throw_away(now)
            self._made.close()
        self._shift.closed(
            reason, self._received, self._sent,
            client=Peer(self._client.address, None), seconds=now - self._began, error=error,
        )  # fmt: skip

    def _goes_on(self, talk: Conversation, now: float) -> bool:
        """Do one thing; return whether there may be more to do at once."""
        if self._unsent:
            return self._speak(now)
        if self._ended is not None:
            return self._take_leave(now)
        if now < self._rests_until < inf:
            if self._made.connection.is_over:
                raise self._made.failure()
            return False
        if talk.over:
            self._say_goodbye(Reason.SERVED)
            return True
        return self._ask_for_more(talk, now) if self._asks else self._hear(talk, now)

    def _speak(self, now: float) -> bool:
        taken = self._made.put(self._unsent)
        if not taken:
            return False
        self._unsent = self._unsent[taken:]
        self._sent += taken
        self._moved = now
        return True

    def _ask_for_more(self, talk: Conversation, now: float) -> bool:
        """Have the service say more, behind its rest."""
        if talk.rest and self._rests_until == inf:
            self._rests_until = now + talk.rest
            return True
        self._rests_until = inf
        self._unsent = memoryview(talk.more())
        self._asks = bool(self._unsent or talk.rest)
        return True

    def _hear(self, talk: Conversation, now: float) -> bool:
        if self._has_heard_end:
            self._say_goodbye(Reason.DONE)
            return True
        data = self._made.take(PIECE)
        if data is None:
            return False
        self._moved = now
        self._received += len(data)
        self._has_heard_end = not data
        self._unsent = memoryview(talk.receive(data) if data else talk.end())
        self._asks = True
        return True

    def _say_goodbye(self, why: Reason) -> None:
        self._ended = why
        self._made.connection.shutdown()

    def _take_leave(self, now: float) -> bool:
        """Wait until all has arrived, and a moment for the other side to close, too."""
        self._throw_away(now)
        made, reason = self._made, self._ended or Reason.DONE
        if made.connection.is_over:
            made.take(1)  # raises, if it ended badly
        if made.has_said_goodbye():
            self.close(reason, now)
        elif made.is_quiet() and self._linger == inf:
            self._linger = now + LINGER
        return False

    def _throw_away(self, now: float) -> None:
        """Read what nobody is interested in any more, lest closing be a reset."""
        while self._made.connection.readable and self._made.connection.read(PIECE):
            self._moved = now

    def _look_at_limits(self, now: float) -> None:
        settings, waits_for = self._shift.settings, self._made.connection.unacknowledged
        if waits_for != self._waits_for:  # what was sent arrives: it is not idle
            self._waits_for, self._moved = waits_for, now
        if now >= self._linger and self._ended is not None:
            self.close(self._ended, now)
        elif now >= self._began + (settings.lifetime or inf):
            self.close(Reason.LIFETIME, now)
        elif now >= self._moved + (settings.idle or inf):
            self.close(Reason.IDLE, now)


def _kind(flow: Flow) -> Kind:
    return KINDS["tcp4" if flow.version == 4 else "tcp6"]
