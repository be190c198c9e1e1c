"""``exchange``: send a packet, and get what answers it."""

import socket
from collections.abc import Callable, Sequence
from contextlib import ExitStack, suppress
from typing import Unpack

from rawkit.api.common import check_keywords, inside
from rawkit.api.exchange_pipe import ExchangePipe
from rawkit.api.filling import method_of
from rawkit.api.outgoing import (
    Outgoing,
    Sendable,
    Ways,
    draft_of,
    first_of,
)
from rawkit.api.pieces import pieces
from rawkit.api.send_events import PieceOptions
from rawkit.api.shots import framed
from rawkit.engine.exchange import Exchange
from rawkit.engine.exchange_events import ExchangeEvent, ExchangeReport, ExchangeSettings
from rawkit.errors import MissingCapability, NotPermitted, UsageError
from rawkit.session import Session
from rawkit.sockets.ladder import with_capabilities
from rawkit.sockets.listeners import listeners
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.ports import reserve
from rawkit.sockets.probes import ProbePipe
from rawkit.sockets.senders import SOCKETS, open_sender
from rawkit.sockets.settings import Settings
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.news import Opened
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP


class ExchangeOptions(PieceOptions, total=False):
    """The keywords of :func:`exchange`."""

    timeout: float
    """Seconds to wait for an answer before the question is sent again."""
    tries: int
    """How often it is sent at the most."""
    wanted: int | None
    """Answers that are enough; ``None``: take all that come in time."""
    errors_answer: bool
    """Whether an ICMP error ends it, too."""
    wrap: Callable[[PacketIO], PacketIO] | None
    """Puts a pipe of yours around the sockets."""


class ExchangeSession(Session[ExchangeEvent, ExchangeReport]):
    """A session about one question, which is known before it runs."""

    def __init__(self, engine: Exchange, open_io: Callable[[], PacketIO], out: Outgoing) -> None:
        super().__init__(engine, open_io)
        self.question = engine.question
        """The packet that is sent, with all that was filled in."""
        self.layer = out.choice.layer
        self.interface = out.interface


def exchange(packet: Sendable, **options: Unpack[ExchangeOptions]) -> ExchangeSession:
    """Send a packet and take in what answers it: replies, and ICMP errors about it.

    Somebody listens before the packet leaves: see :mod:`rawkit.sockets.listeners`. A source
    port of ours is held meanwhile, so that this host does not say "port unreachable" to the
    answer; to a SYN-ACK it says RST, so nothing half-open stays at the other side.
    Needs CAP_NET_RAW.

    Args:
        packet: a :class:`~rawkit.wire.packet.Packet`, or one in notation.
        **options: see :class:`ExchangeOptions`.

    Raises:
        NotationError: the notation makes no sense.
        BuildError: a value does not fit the wire.
        NoRoute: nothing leads to its destination.
        UsageError: an option makes no sense.
        NoAnswer: the neighbour that the frame is for does not say where it is.
        MissingCapability: when the session starts: CAP_NET_RAW.
    """
    check_keywords("exchange", options, ExchangeOptions.__optional_keys__)
    place = options.get("at")
    draft = first_of(draft_of(packet, options), options.get("seed", 0))
    out = Ways(options).found(draft)
    question = framed(out, out.draft.packet)
    parts = pieces(out, out.draft.packet, options.get("fragment"))
    wanted = {name: options[name] for name in SETTINGS if name in options}  # type: ignore[literal-required]
    settings = ExchangeSettings(**wanted, from_anybody=out.is_for_everybody)
    bytes(question)  # what cannot be built is refused now

    def open_io() -> PacketIO:
        with inside(place):
            io: PacketIO = _open(out, question, parts, options)
        if (wrap := options.get("wrap")) is None:
            return io
        try:
            return wrap(io)
        except BaseException:
            io.close()
            raise

    return ExchangeSession(Exchange(question, settings), open_io, out)


SETTINGS = ("timeout", "tries", "wanted", "errors_answer")


def _open(
    out: Outgoing, question: Packet, parts: Sequence[Packet], options: ExchangeOptions
) -> PacketIO:
    try:
        return with_capabilities(lambda: _opened(out, question, parts, options))
    except PermissionError as error:
        if isinstance(error, NotPermitted):
            raise
        from rawkit.host.capability import Capability, missing

        raise missing(Capability.NET_RAW, to="exchange packets of one's own making") from error


def _opened(
    out: Outgoing, question: Packet, parts: Sequence[Packet], options: ExchangeOptions
) -> ProbePipe:
    layer, mark = out.choice.layer, options.get("mark")
    settings = Settings(
        interface=out.interface if layer.is_link else options.get("interface"),
        mark=mark,
        broadcast=True,
    )
    via = out.via if options.get("via") is not None else None
    with ExitStack() as opened:
        # First, for it has to settle before it may send; the others take as long to open.
        sender = open_sender(layer, settings, via)
        opened.callback(sender.close)
        hearing = []
        for open_one in listeners(question, layer, mark):
            hearing.append(open_one())
            opened.callback(hearing[-1].close)
        held = _held(question)
        pipe = ExchangePipe(out, [framed(out, part) for part in parts], sender, hearing, held)
        opened.pop_all()
    pipe.tell(Opened(SOCKETS[layer], out.choice.why))
    return pipe


def _held(question: Packet) -> socket.socket | None:
    """Hold the port that a question comes from, if it is free and its address is ours."""
    ip = next((h for h in question.headers if isinstance(h, IPv4 | IPv6)), None)
    port = next((h for h in question.headers if isinstance(h, UDP | TCP)), None)
    if ip is None or port is None or not port.src_port:
        return None
    with suppress(UsageError, MissingCapability):
        return reserve(ip.src.version, method_of(port), port.src_port, Settings(src=ip.src))
    return None  # a port of somebody else here, or an address of somebody else
