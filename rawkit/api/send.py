"""``send``: packets of one's own making, at the layer that fits."""

import errno
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import Unpack, cast

from rawkit.api.common import check_keywords
from rawkit.api.outgoing import Outgoing, Sendable, draft_of, first_of, is_one
from rawkit.api.send_events import PacketRefused, PacketSent, SendOptions, SendReport
from rawkit.api.shots import Shot, Shots
from rawkit.errors import SendRefused, UsageError
from rawkit.record import replace
from rawkit.sockets.refusals import refused

TRIES = 50
"""How often a full queue is waited for before a packet counts as refused."""
PATIENCE = 0.002
"""Seconds from one such try to the next."""
FULL = frozenset((errno.EAGAIN, errno.ENOBUFS))


def send(packet: Sendable | Iterable[Sendable], **options: Unpack[SendOptions]) -> SendReport:
    """Send packets as they stand, right or wrong. Needs CAP_NET_RAW.

    Which of five kinds of socket is used follows from the packet, and the report says why:
    see :mod:`rawkit.sockets.sending`. What the kernel still changes, :func:`rawkit.preview`
    tells beforehand.

    Args:
        packet: a :class:`~rawkit.wire.packet.Packet`, or one in notation: what that leaves
            out is filled in, and what it says to vary differs from packet to packet. Or
            several of them.
        **options: see :class:`~rawkit.api.send_events.SendOptions`.

    Raises:
        SendRefused: the kernel took none of them.
        NotationError: the notation makes no sense.
        BuildError: a value does not fit the wire.
        NoRoute: nothing leads to its destination.
        NoAnswer: the neighbour that the frame is for does not say where it is.
        MissingCapability: CAP_NET_RAW.
        UsageError: an option makes no sense.
    """
    sending = Sending(packet, options)
    sending.run()
    report = sending.report()
    if sending.failure is not None and report.sent == 0:
        raise sending.failure
    return report


class Sending:
    """A run of packets, which can be looked at when it was cut short.

    Args:
        packets: what to send.
        options: as for :func:`send`.
    """

    def __init__(self, packets: Sendable | Iterable[Sendable], options: SendOptions) -> None:
        check_keywords("send", options, SendOptions.__optional_keys__)
        given = (packets,) if is_one(packets) else packets
        self._packets = cast("Iterable[Sendable]", given)
        self._options = options
        self._count = options.get("count", 1)
        self._interval = options.get("interval", 0.0)
        self._announce = options.get("announce")
        if self._count < 1:
            raise UsageError(f"count is {self._count}, below 1")
        if not 0 <= self._interval < float("inf"):
            raise UsageError(f"interval is {self._interval}, no number of seconds")
        self._sent = self._octets = 0
        self._errors: Counter[int] = Counter()
        self._began: float | None = None
        self._ended = 0.0
        self._first: Outgoing | None = None
        self.failure: SendRefused | None = None
        """Why the kernel refused the first packet that it refused."""

    def run(self) -> None:
        """Send all of them.

        Raises:
            RawkitError: one of them cannot be sent; see :func:`send`.
        """
        with ExitStack() as sockets:
            shots = Shots(self._options, sockets)
            try:
                drafts = (draft_of(packet, self._options) for packet in self._packets)
                self._send_all(shots.of(drafts, self._count))
            finally:
                self._ended = time.monotonic()
        if self._first is None:
            raise UsageError("there are no packets to send")

    def report(self) -> SendReport:
        """Return what was sent so far."""
        first = self._first
        return SendReport(
            self._sent,
            sum(self._errors.values()),
            self._octets,
            0.0 if self._began is None else self._ended - self._began,
            dict(self._errors),
            None if self.failure is None else str(self.failure),
            None if first is None else first.choice.layer,
            "" if first is None else first.choice.why,
            None if first is None else first.interface,
            None if first is None else first.draft.packet,
        )

    def begins(self, out: Outgoing) -> None:
        """Take note that the first packet is about to leave."""

    def _first_shown(self, out: Outgoing) -> Outgoing:
        draft = first_of(out.draft, self._options.get("seed", 0))
        return out if draft is out.draft else replace(out, draft=draft)

    def _send_all(self, shots: Iterator[Shot]) -> None:
        interval = self._interval
        for number, shot in enumerate(shots):
            if self._began is None:
                self._first = self._first_shown(shot.out)
                self.begins(self._first)
                self._began = time.monotonic()
            if interval:
                wait_until(self._began + number * interval)
            self._hand_over(number + 1, shot)

    def _hand_over(self, number: int, shot: Shot) -> None:
        """Have the kernel take a packet, waiting for a full queue."""
        for again in range(TRIES):
            try:
                shot.post(shot.octets)
            except OSError as error:
                if error.errno in FULL and again < TRIES - 1:
                    time.sleep(PATIENCE)
                    continue
                self._note(number, shot, error)
                return
            break
        self._sent += 1
        self._octets += shot.size
        if self._announce is not None and shot.packet is not None:
            layer, interface = shot.out.choice.layer, shot.out.interface
            self._announce(PacketSent(number, shot.packet, layer, interface, shot.link))

    def _note(self, number: int, shot: Shot, error: OSError) -> None:
        out = shot.out
        self._errors[error.errno or 0] += 1
        refusal = refused(error, out.choice.layer, shot.size, out.mtu)
        self.failure = self.failure or refusal
        if self._announce is not None and shot.packet is not None:
            layer = out.choice.layer
            self._announce(PacketRefused(number, shot.packet, layer, out.interface, refusal))


def wait_until(at: float) -> None:
    """Sleep until a time of the monotonic clock; not at all if it is over."""
    if (seconds := at - time.monotonic()) > 0:
        time.sleep(seconds)
