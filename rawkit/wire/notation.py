r"""Packets in one line: ``ip(dst=192.0.2.7,ttl=3)/udp(dport=7)/"hello"``.

.. code-block:: text

    packet    = layer *( "/" layer )
    layer     = header / payload              ; headers first, outermost first
    header    = name [ "(" [ argument *( "," argument ) ] ")" ]
    argument  = [ field "=" ] value           ; without a name: in the fields' order
    value     = number / address / mac / octets / list / record / varying
    number    = decimal / "0x" hex / name *( "|" name )         ; syn|ack
    list      = "[" [ value *( "," value ) ] "]"
    record    = name [ "(" [ argument *( "," argument ) ] ")" ]  ; an option, a route …
    varying   = value ".." value              ; the next one for each packet, and again
              / address "/" length            ; every host of a network in turn
              / "random(" value "," value ")" / "random(" address "/" length ")"
    payload   = octets / "random(" number ")"
    octets    = ( text / "0x" 2*hex ) [ "*" number ]            ; so many times
    text      = <"> *( character / escape ) <">                 ; \n \r \t \0 \" \\ \xHH

What is not given has its default, and lengths, checksums and "what follows" are worked
out; a number given for them is taken as it stands. ``str(packet)`` writes the same
notation, so what is printed can be read again.
"""

from collections.abc import Callable, Sequence
from enum import Enum
from functools import lru_cache, partial
from typing import Any, get_args

from rawkit.errors import BuildError, NotationError
from rawkit.record import record, replace
from rawkit.wire.address import MAC
from rawkit.wire.notation_codecs import Codec, codec_of
from rawkit.wire.notation_names import HEADERS, LEFT_OUT, header_called
from rawkit.wire.notation_scan import Argument, Call, Items, Word, layers
from rawkit.wire.notation_values import MOST_OCTETS, Reader, Variation, hints_of, required
from rawkit.wire.packet import Header, Packet

PAYLOAD = -1
"""The place of what varies, where it is the payload."""
ALL_OR_NONE = "random octets are all of the payload, or none of it"
KEPT = 256
"""Lines whose packets are remembered: to read one takes longer than to send it."""
Chance = Callable[[int], int]
"""Returns any whole number from 0 up to its argument, which it does not reach."""


@record
class Varying:
    """A field that is different in every packet."""

    layer: int
    """Which header, from 0; ``PAYLOAD``."""
    field: str
    variation: Variation

    def value(self, number: int, chance: Chance) -> Any:
        """Return the value for the packet of this number, from 0."""
        how = self.variation
        turn = chance(how.span) if how.random else number % how.span
        return how.make(how.first + turn)


@record
class Draft:
    """A packet in words, read: what it says, and what it leaves open."""

    packet: Packet
    """With the first value of all that varies, zeros where that is random, and zeros for
    what was left out."""
    left_out: tuple[tuple[int, str], ...] = ()
    """Fields that the sender is to fill in: number of the header, name of the field."""
    varying: tuple[Varying, ...] = ()

    def drawn(self, chance: Chance) -> "Draft":
        """Return the same with what chance gives for the first packet, not with zeros."""
        return replace(self, packet=self.at(0, chance)) if self.varying else self

    def at(self, number: int, chance: Chance) -> Packet:
        """Return the packet of this number, from 0.

        Args:
            number: which one of a sequence.
            chance: what random values are made from; the order of calls is that of fields.
        """
        return varied(self.packet, [(one, one.value(number, chance)) for one in self.varying])


@lru_cache(maxsize=KEPT)
def parse(text: str) -> Draft:
    """Read a packet in notation.

    Raises:
        NotationError: it makes no sense; the error has the column.
    """
    try:
        return _Builder(text).draft()
    except _Unpackable as error:
        raise _misfit(text) or error from None


@lru_cache(maxsize=KEPT)
def parse_to_pack(text: str) -> Draft:
    """Read a packet in notation that is to be packed.

    Raises:
        NotationError: it makes no sense, or a number does not fit the wire.
    """
    draft = parse(text)
    if not _can_be_packed(draft) and (wrong := _misfit(text)):
        raise wrong
    return draft


def varied(packet: Packet, values: Sequence[tuple[Varying, Any]]) -> Packet:
    """Return a packet with other values in some fields."""
    headers, payload = list(packet.headers), packet.payload
    for one, value in values:
        if one.layer == PAYLOAD:
            payload = value
        else:
            headers[one.layer] = replace(headers[one.layer], **{one.field: value})
    return Packet(tuple(headers), payload)


class _Unpackable(NotationError):
    """A value within a field cannot be packed."""


def _misfit(text: str) -> NotationError | None:
    """Return an error about the number that does not fit, if it is that."""
    from rawkit.wire.notation_fit import misfit

    return misfit(text, _fits)


def _fits(text: str) -> bool:
    try:
        return _can_be_packed(_Builder(text).draft())
    except _Unpackable:
        return False


def _can_be_packed(draft: Draft) -> bool:
    """Whether a packet fits the wire, with the first and with the last value of what varies."""
    fields = [one for one in draft.varying if one.layer != PAYLOAD]
    try:
        bytes(draft.packet)
        if fields:
            bytes(varied(draft.packet, [(one, one.variation.last) for one in fields]))
    except BuildError:
        return False
    return True


class _Builder:
    """Makes a draft of what was scanned."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._reader = Reader(text)
        self._nodes = layers(text)
        self._headers: list[Header] = []
        self._payload = b""
        self._left_out: list[tuple[int, str]] = []
        self._varying: list[Varying] = []
        self._has_payload = False

    def draft(self) -> Draft:
        for node in self._nodes:
            match node:
                case Call(name="random"):
                    self._random_payload(node)
                case Call():
                    self._header(node)
                case Word(text=text) if text[:2].lower() != "0x":
                    self._header(Call(text, (), node.column))
                case Items():
                    raise self._reader.error("a header is expected, not a list", node.column)
                case _:
                    if any(one.layer == PAYLOAD for one in self._varying):
                        raise self._reader.error(ALL_OR_NONE, node.column)
                    self._has_payload = True
                    self._payload += self._reader.octets(node)
        packet = Packet(tuple(self._headers), self._payload)
        return Draft(packet, tuple(self._left_out), tuple(self._varying))

    def _header(self, call: Call) -> None:
        reader = self._reader
        kind = header_called(call.name.lower())
        if kind is None:
            raise reader.unknown("unknown header", call.name, HEADERS, call.column)
        if self._has_payload:
            raise reader.error(f"{call.name} behind payload: headers come first", call.column)
        place = len(self._headers)
        hints = hints_of(kind)
        values: dict[str, Any] = {}
        for name, argument in reader.arguments(call, kind).items():
            codec = codec_of(kind, name)
            if codec is not None and codec.takes(argument.value):
                values = self._decoded(codec, argument) | values
                continue
            value = reader.value(argument.value, hints[name], name)
            if isinstance(value, Variation):
                self._varying.append(Varying(place, name, value))
                value = value.make(value.first)
            values[name] = value
        for name in LEFT_OUT.get(kind.__name__, ()):
            if name not in values and name in required(kind):
                values[name] = _nothing(hints[name])
                self._left_out.append((place, name))
        self._headers.append(reader.made(kind, values, call))

    def _decoded(self, codec: Codec, argument: Argument) -> dict[str, Any]:
        """Return the fields that follow from values in place of octets."""
        value = self._reader.fixed(argument.value, codec.hint)
        try:
            return {**codec.suggest(value), **codec.encode(value)}
        except BuildError as error:
            raise _Unpackable(str(error), self._text, argument.value.column) from error

    def _random_payload(self, call: Call) -> None:
        match call.arguments:
            case (Argument(value=Word(text=text)),) if (
                text.isdecimal() and int(text) <= MOST_OCTETS
            ):
                size = int(text)
            case _:
                raise self._reader.error("random octets are so many, as random(64)", call.column)
        if self._has_payload:
            raise self._reader.error(ALL_OR_NONE, call.column)
        self._has_payload = True
        octets = Variation(
            0, 1 << 8 * size, True, partial(int.to_bytes, length=size, byteorder="big")
        )
        self._varying.append(Varying(PAYLOAD, "", octets))
        self._payload = bytes(size)


def _nothing(wanted: Any) -> Any:
    """Return what stands in a field that is left out."""
    kind = get_args(wanted)[0] if get_args(wanted) else wanted
    if kind is bytes:
        return MAC(bytes(6))
    return next(iter(kind)) if issubclass(kind, Enum) else kind(0)
