"""``send``: packets of one's own making, at the layer that fits."""

import errno
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Unpack

from rawkit.api.common import inside
from rawkit.api.outgoing import (
    LINK_LAYERS,
    NO_MAC,
    Outgoing,
    OutgoingOptions,
    Sendable,
    addressed,
    outgoing,
)
from rawkit.errors import MissingCapability, NoAnswer, UsageError
from rawkit.record import record, replace
from rawkit.sockets.refusals import refused
from rawkit.sockets.senders import Outwards
from rawkit.sockets.sending import Layer
from rawkit.sockets.settings import Settings
from rawkit.wire.address import MAC
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.notation import Draft
from rawkit.wire.packet import Packet

ASK_EVERY = 0.5
"""Seconds from one question for a hardware address to the next."""
TRIES = 50
"""How often a full queue is waited for before a packet counts as refused."""
PATIENCE = 0.002
"""Seconds from one such try to the next."""
FULL = frozenset((errno.EAGAIN, errno.ENOBUFS))


class SendOptions(OutgoingOptions, total=False):
    """The keywords of :func:`send`."""

    count: int
    interval: float
    seed: int
    announce: Callable[[Packet], object] | None


@record
class SendReport:
    """What was sent, and how."""

    sent: int
    """Packets that the kernel took."""
    refused: int
    octets: int
    """Of all that were sent, from the outermost header on that was given."""
    elapsed: float
    """Seconds."""
    errors: dict[int, int]
    """How often each errno was the reason."""
    first_error: str | None
    """The first one, in words."""
    layer: Layer
    why: str
    interface: str | None
    packet: Packet | None
    """The first packet, with all that was filled in."""


def send(packet: Sendable, **options: Unpack[SendOptions]) -> SendReport:
    """Send a packet as it stands, right or wrong; or many that differ. Needs CAP_NET_RAW.

    Which of five kinds of socket is used follows from the packet, and the report says why:
    see :mod:`rawkit.sockets.sending`. What the kernel still changes, :func:`rawkit.preview`
    tells beforehand.

    Args:
        packet: a :class:`~rawkit.wire.packet.Packet`, or one in notation: what that leaves
            out is filled in, and what it says to vary differs from packet to packet.
        **options: ``layer`` to hand it over at (``auto``, ``ipv4``, ``ipv6``, ``icmpv6``,
            ``cooked``, ``frame``); ``interface``; ``via``: a neighbour to send it to,
            whoever the packet is for; ``mark``; ``at``: a node of a lab; ``count`` packets
            (1), ``interval`` seconds apart (0), ``seed`` of random values (0);
            ``announce`` is called with every packet that was sent.

    Raises:
        SendRefused: the kernel did not take the only packet.
        NotationError: the notation makes no sense.
        BuildError: a value does not fit the wire.
        NoRoute: nothing leads to its destination.
        NoAnswer: the neighbour that the frame is for does not say where it is.
        MissingCapability: CAP_NET_RAW.
        UsageError: an option makes no sense.
    """
    sending = Sending(packet, options)
    sending.run()
    if sending.failure is not None and sending.report().sent == 0:
        raise sending.failure
    return sending.report()


class Sending:
    """A run of packets, which can be looked at when it was cut short.

    Args:
        packet: what to send.
        options: as for :func:`send`.
    """

    def __init__(self, packet: Sendable, options: SendOptions) -> None:
        self._given = packet
        self._options = options
        self._count = options.get("count", 1)
        self._interval = options.get("interval", 0.0)
        if self._count < 1:
            raise UsageError(f"count is {self._count}, below 1")
        if not 0 <= self._interval < float("inf"):
            raise UsageError(f"interval is {self._interval}, no number of seconds")
        self._sent = self._octets = 0
        self._errors: Counter[int] = Counter()
        self._began = self._ended = time.monotonic()
        self._out: Outgoing | None = None
        self._first: Packet | None = None
        self.failure: OSError | None = None
        """Why the kernel refused the first packet that it refused."""

    def run(self) -> None:
        """Send all of them."""
        with inside(self._options.get("at")):
            out = outgoing(self._given, self._options)
            mac = hardware_address(out) if needs_hardware_address(out) else NO_MAC
            self._out = out = replace(out, draft=addressed(out.draft, mac))
            sender = sender_for(out, mac, self._options)
        self._first = out.draft.packet
        try:
            self._began = time.monotonic()
            self._send_all(sender, out.draft)
        finally:
            self._ended = time.monotonic()
            sender.close()

    def report(self) -> SendReport:
        """Return what was sent so far."""
        assert self._out is not None
        return SendReport(
            self._sent,
            sum(self._errors.values()),
            self._octets,
            self._ended - self._began,
            dict(self._errors),
            None if self.failure is None else str(self.failure),
            self._out.choice.layer,
            self._out.choice.why,
            self._out.interface,
            self._first,
        )

    def _send_all(self, sender: Outwards, draft: Draft) -> None:
        packet, announce = draft.packet, self._options.get("announce")
        chance = random.Random(self._options.get("seed", 0)).randrange
        ready, octets = None, 0
        for number in range(self._count):
            if self._interval:
                wait_until(self._began + number * self._interval)
            if draft.varying:
                packet, ready = draft.at(number, chance), None
            if ready is None:
                ready, octets = sender.ready(packet), len(bytes(packet))
            if self._hand_over(ready, octets) and announce is not None:
                announce(packet)

    def _hand_over(self, ready: Callable[[], object], octets: int) -> bool:
        """Have the kernel take a packet, waiting for a full queue; tell whether it did."""
        for again in range(TRIES):
            try:
                ready()
            except OSError as error:
                if error.errno in FULL and again < TRIES - 1:
                    time.sleep(PATIENCE)
                    continue
                self._note(error, octets)
                return False
            break
        self._sent += 1
        self._octets += octets
        return True

    def _note(self, error: OSError, octets: int) -> None:
        assert self._out is not None
        self._errors[error.errno or 0] += 1
        if self.failure is None:
            mtu = self._out.link.mtu if self._out.link else None
            self.failure = refused(error, self._out.choice.layer, octets, mtu)


def wait_until(at: float) -> None:
    """Sleep until a time of the monotonic clock; not at all if it is over."""
    if (seconds := at - time.monotonic()) > 0:
        time.sleep(seconds)


def needs_hardware_address(out: Outgoing) -> bool:
    """Whether the hardware address of a neighbour has to be known to send a packet."""
    return out.choice.layer is Layer.COOKED or any(name == "dst" for _, name in out.draft.left_out)


def hardware_address(out: Outgoing) -> MAC:
    """Return the hardware address that a frame is for; ask for it if need be.

    Raises:
        NoAnswer: nobody says that he has it.
    """
    if out.neighbour is None or isinstance(out.neighbour, MAC):
        return out.neighbour or NO_MAC
    from rawkit.api.resolve import resolve

    report = resolve(out.neighbour, interface=out.interface, interval=ASK_EVERY).run()
    if report.mac is None:
        raise NoAnswer(f"{out.neighbour} does not say where it is on {out.interface}")
    return report.mac


def sender_for(out: Outgoing, mac: MAC, options: SendOptions) -> Outwards:
    """Open the socket that a packet goes out by.

    Raises:
        MissingCapability: CAP_NET_RAW.
    """
    settings = Settings(
        interface=out.interface if out.choice.layer in LINK_LAYERS else options.get("interface"),
        mark=options.get("mark"),
        broadcast=True,
        transmit_stamps=False,
    )
    ours = MAC(out.link.mac) if out.link else NO_MAC
    via = out.via if options.get("via") is not None else None
    try:
        return Outwards(out.choice.layer, settings, via, Ethernet(mac, ours))
    except PermissionError as error:
        if isinstance(error, MissingCapability):
            raise
        from rawkit.host.capability import Capability, missing

        raise missing(Capability.NET_RAW, to="send packets of one's own making") from error
