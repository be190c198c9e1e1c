"""Packets made ready to be handed to the kernel, over and over if need be.

What does not vary is packed once. Of what varies, a template gives the octets, if the
packet allows that (:mod:`rawkit.wire.template`); else each packet is made anew.
"""

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from typing import NamedTuple

from rawkit.api.common import inside
from rawkit.api.outgoing import Outgoing, Ways
from rawkit.api.pieces import pieces
from rawkit.api.send_events import SendOptions
from rawkit.errors import BuildError, NotPermitted
from rawkit.sockets.header_included import HeaderIncludedSocket
from rawkit.sockets.kernel import KernelSocket
from rawkit.sockets.ladder import with_capabilities
from rawkit.sockets.senders import open_sender
from rawkit.sockets.sending import Layer
from rawkit.sockets.settings import Settings
from rawkit.wire.address import MAC
from rawkit.wire.arp import NO_MAC
from rawkit.wire.ethernet import LAYOUT, Ethernet
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.notation import PAYLOAD, Draft, Varying
from rawkit.wire.packet import Packet
from rawkit.wire.template import Template

HEADER = LAYOUT.size
Post = Callable[[bytes], object]
"""Hands octets to the kernel; raises ``OSError`` if that refuses."""


class Shot(NamedTuple):
    """One packet, ready to be handed over."""

    post: Post
    octets: bytes
    """What to post: from the link's header on, if that is ours or a cooked socket's."""
    size: int
    """How many of them are of the packet as it was given."""
    packet: Packet | None
    """``None``: nobody asked for it."""
    out: Outgoing
    link: Ethernet | None = None
    """The header that a cooked socket is told of beside the packet."""


Round = Callable[[int], Sequence[Shot]]
"""Returns the packets of a draft for the round of this number, from 0."""


class Shots:
    """Makes drafts ready.

    Args:
        options: as for ``send``.
        sockets: what will close those that are opened here.
    """

    def __init__(self, options: SendOptions, sockets: ExitStack) -> None:
        self._options = options
        self._sockets = sockets
        self._wants_packets = options.get("announce") is not None
        self._chance = random.Random(options.get("seed", 0)).randrange
        self._senders: dict[tuple[Layer, str | None], KernelSocket] = {}
        self._ways = Ways(options)

    def of(self, drafts: Iterable[Draft], count: int) -> Iterator[Shot]:
        """Yield the packets of all drafts, in so many rounds.

        Raises:
            RawkitError: one of them cannot be sent; see ``send``.
        """
        rounds: list[Round] = []
        for draft in drafts:
            one = self._round(draft)
            if count > 1:
                rounds.append(one)
            yield from one(0)
        for number in range(1, count):
            for one in rounds:
                yield from one(number)

    def _round(self, draft: Draft) -> Round:
        """Return what gives the packets of a draft."""
        out = self._ways.found(draft)
        if not draft.varying:
            shots = self._shots(out, out.draft.packet)
            return lambda _: shots
        if self._goes_to_many(draft, out):
            return partial(self._each_its_way, draft, out)
        if not self._wants_packets and not self._options.get("fragment"):
            try:
                return self._patched(out)
            except BuildError:
                pass  # what varies is more than a number in its place
        return partial(self._each_anew, out)

    def _goes_to_many(self, draft: Draft, out: Outgoing) -> bool:
        """Whether packets of a draft are for several neighbours, whom we have to find."""
        headers = draft.packet.headers
        is_asked = out.choice.layer is Layer.COOKED or any(n == "dst" for _, n in draft.left_out)
        return is_asked and any(
            one.field == "dst" and isinstance(headers[one.layer], IPv4 | IPv6)
            for one in draft.varying
        )

    def _each_its_way(self, draft: Draft, out: Outgoing, number: int) -> tuple[Shot, ...]:
        packet = out.draft.at(number, self._chance)
        left_out = tuple((place, name) for place, name in draft.left_out if name == "dst")
        filled = self._ways.found(Draft(packet, left_out))
        return self._shots(filled, filled.draft.packet)

    def _each_anew(self, out: Outgoing, number: int) -> tuple[Shot, ...]:
        return self._shots(out, out.draft.at(number, self._chance))

    def _patched(self, out: Outgoing) -> Round:
        """Return what gives packets made by a template.

        Raises:
            BuildError: there can be none.
        """
        draft, chance = out.draft, self._chance
        if out.choice.layer is Layer.ICMPV6:
            raise BuildError("the kernel writes a header of these")
        whole = framed(out, draft.packet)
        deeper = len(whole.headers) - len(draft.packet.headers)
        template = Template(whole, *(_field(whole, one, deeper) for one in draft.varying))
        octets, values = template.octets, [one.value for one in draft.varying]
        post, size = self._post(out, whole), template.size - HEADER * deeper

        def one(number: int) -> tuple[Shot, ...]:
            made = octets(*[value(number, chance) for value in values])
            return (Shot(post, made, size, None, out),)

        return one

    def _shots(self, out: Outgoing, packet: Packet) -> tuple[Shot, ...]:
        """Return a packet, or its fragments, ready."""
        shots = []
        for piece in pieces(out, packet, self._options.get("fragment")):
            whole = framed(out, piece)
            octets, link = bytes(whole), whole.headers[0] if whole is not piece else None
            size = len(octets) - (HEADER if link else 0)
            assert link is None or isinstance(link, Ethernet)
            shots.append(Shot(self._post(out, whole), octets, size, piece, out, link))
        return tuple(shots)

    def _post(self, out: Outgoing, packet: Packet) -> Post:
        key = out.choice.layer, out.interface if out.choice.layer.is_link else None
        if key not in self._senders:
            with inside(self._options.get("at")):
                self._senders[key] = sender = sender_for(out, self._options)
            self._sockets.callback(sender.close)
        sender = self._senders[key]
        varies = any(one.layer == 0 and one.field == "dst" for one in out.draft.varying)
        if isinstance(sender, HeaderIncludedSocket) and varies:
            return sender.post
        return sender.poster(packet)


def sender_for(out: Outgoing, options: SendOptions) -> KernelSocket:
    """Open the socket that a packet goes out by, to send and not to hear.

    Raises:
        MissingCapability: CAP_NET_RAW.
        UsageError: there is no such interface here.
    """
    layer = out.choice.layer
    settings = Settings(
        interface=out.interface if layer.is_link else options.get("interface"),
        mark=options.get("mark"),
        broadcast=True,
        transmit_stamps=False,
    )
    via = out.via if options.get("via") is not None else None
    try:
        return with_capabilities(lambda: open_sender(layer, settings, via))
    except PermissionError as error:
        if isinstance(error, NotPermitted):
            raise
        from rawkit.host.capability import Capability, missing

        raise missing(Capability.NET_RAW, to="send packets of one's own making") from error


def framed(out: Outgoing, packet: Packet) -> Packet:
    """Return a packet as its socket takes it: a cooked one wants the link's header told."""
    if out.choice.layer is not Layer.COOKED:
        return packet
    return Ethernet(out.mac or NO_MAC, MAC(out.link.mac) if out.link else NO_MAC) / packet


def _field(packet: Packet, varying: Varying, deeper: int) -> object:
    """Return a varying field as a template wants it."""
    if varying.layer == PAYLOAD:
        return slice(0, len(packet.payload))
    place = varying.layer + deeper
    return place, getattr(type(packet.headers[place]), varying.field)
