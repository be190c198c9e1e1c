"""A server on trio: a task for each client, which reads as if it blocked, and blocks nobody."""

import os
import socket
import time
from contextlib import suppress
from math import inf
from typing import TYPE_CHECKING

import trio

from rawkit.posix.service import Conversation, CutOff
from rawkit.posix.serving.accept import Acceptor
from rawkit.posix.serving.converse import is_empty_message, reset_at_close
from rawkit.posix.serving.counts import Reason
from rawkit.posix.serving.datagrams import answer
from rawkit.posix.serving.shift import LINGER, PIECE, Shift, reason_of
from rawkit.posix.serving.stop import Stage

if TYPE_CHECKING:
    from rawkit.posix.listen import Listener


async def serve(shift: Shift) -> None:
    """Serve until the bell rings and everybody has left."""
    await Hall(shift).run()


class Hall:
    """The tasks of a server."""

    def __init__(self, shift: Shift) -> None:
        self._shift = shift
        self._acceptor = Acceptor(shift)
        self._open = 0
        self._coming = trio.CancelScope()
        self._talking = trio.CancelScope()

    async def run(self) -> None:
        """Let clients in, and wait for the last one to leave."""
        try:
            async with trio.open_nursery() as watchers:
                for fd, stage in self._shift.stop.stages.items():
                    watchers.start_soon(self._watch, fd, stage)
                with self._talking:
                    async with trio.open_nursery() as clients:
                        with self._coming:
                            async with trio.open_nursery() as doors:
                                for listener in self._shift.listeners:
                                    doors.start_soon(self._attend, listener, clients)
                        self._shut(clients)
                watchers.cancel_scope.cancel()
        finally:
            self._acceptor.close()

    async def _watch(self, fd: int, stage: Stage) -> None:
        """Wait for the bell."""
        await trio.lowlevel.wait_readable(fd)
        if stage is Stage.CUT:
            self._talking.cancel()
        else:
            left = self._shift.last_orders - time.monotonic()
            self._talking.deadline = trio.current_time() + left
        self._coming.cancel()

    async def _attend(self, listener: "Listener", clients: trio.Nursery) -> None:
        """Take whoever comes."""
        while True:
            await trio.lowlevel.wait_readable(listener.sock)
            self._take(listener, clients)
            pause = self._acceptor.paused_until - time.monotonic()
            if pause > 0:
                await trio.sleep(pause)

    def _take(self, listener: "Listener", clients: trio.Nursery) -> None:
        """Take all who wait."""
        if listener.is_datagram:
            answer(self._shift, listener)
            return
        while True:
            room = self._open < self._shift.settings.max_connections
            taken = self._acceptor.accept(listener, room=room)
            if taken is None:
                return
            self._open += 1
            clients.start_soon(self._converse, *taken)

    def _shut(self, clients: trio.Nursery) -> None:
        """Take those who came before the bell, and nobody else."""
        for listener in self._shift.listeners:
            self._take(listener, clients)
            listener.hush()

    async def _converse(self, sock: socket.socket, sockaddr: object) -> None:
        try:
            await Task(self._shift, sock, sockaddr).run()
        finally:
            self._open -= 1


class Task:
    """One conversation."""

    def __init__(self, shift: Shift, sock: socket.socket, sockaddr: object) -> None:
        self._shift = shift
        self._sock = sock
        self._client = shift.peer_of(sock, sockaddr)
        self._is_message = sock.type == socket.SOCK_SEQPACKET
        self._began = time.monotonic()
        self._received = self._sent = 0
        self._pending = False
        self._idle = shift.settings.idle or inf

    async def run(self) -> None:
        """Go through with it, and close the connection."""
        self._sock.setblocking(False)
        error: BaseException | None = None
        reason = Reason.ABORTED
        talk: Conversation | None = None
        try:
            with trio.move_on_after(self._shift.settings.lifetime or inf) as life:
                talk, first = self._shift.begin(self._sock.fileno())
                await self._speak(talk, first)
                reason = await self._hear_all(talk)
            if life.cancelled_caught:
                reason = Reason.LIFETIME
        except trio.TooSlowError:
            reason = Reason.IDLE
        except Exception as caught:  # whatever the service raises: the server goes on
            reason, error = reason_of(caught), caught
        finally:
            if talk is not None:
                talk.close()
            self._close(reason, error)

    async def _hear_all(self, talk: Conversation) -> Reason:
        while not talk.over:
            data = await self._hear()
            if data is None:
                await self._speak(talk, talk.end())
                return Reason.DONE
            if len(data) > PIECE:
                return Reason.TOO_LONG
            words = talk.receive(data)
            if not data and not words:
                self._sock.send(words)  # an empty message is answered by one
            await self._speak(talk, words)
        await self._say_goodbye()
        return Reason.SERVED

    async def _hear(self) -> bytes | None:
        """Return what comes next; ``None``: the client says no more."""
        while True:
            with trio.fail_after(self._idle):
                await trio.lowlevel.wait_readable(self._sock)
            with suppress(BlockingIOError):
                data = os.read(self._sock.fileno(), PIECE + self._is_message)
                self._received += len(data)
                is_end = not data and not (self._is_message and is_empty_message(self._sock))
                return None if is_end else data

    async def _speak(self, talk: Conversation, words: bytes) -> None:
        """Send words, and all that the service has to add to them."""
        while True:
            await self._send(words)
            if talk.over:
                return
            if talk.rest:
                with trio.fail_after(self._idle):
                    await trio.sleep(talk.rest)
            words = talk.more()
            if not words and not talk.rest and not talk.over:
                return

    async def _send(self, words: bytes) -> None:
        rest = memoryview(words)
        self._pending = bool(words)
        while rest:
            try:
                done = self._sock.send(rest)
            except BlockingIOError:
                with trio.fail_after(self._idle):
                    await trio.lowlevel.wait_writable(self._sock)
                continue
            self._sent += done
            rest = rest[done:]
        self._pending = False
        await trio.lowlevel.checkpoint()

    async def _say_goodbye(self) -> None:
        """Say that this was all, and wait for the client to see it."""
        with suppress(OSError), trio.move_on_after(LINGER):
            self._sock.shutdown(socket.SHUT_WR)
            while True:
                await trio.lowlevel.wait_readable(self._sock)
                if not self._sock.recv(PIECE):
                    return

    def _close(self, reason: Reason, error: BaseException | None) -> None:
        if self._pending or isinstance(error, CutOff):
            reset_at_close(self._sock)
        self._sock.close()
        self._shift.closed(
            reason,
            self._received,
            self._sent,
            client=self._client,
            seconds=time.monotonic() - self._began,
            error=error,
        )
