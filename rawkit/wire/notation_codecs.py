"""Octets in a header that the packet notation shows as the values they stand for.

The modules that read and write such octets are imported when such a field is met.
"""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from itertools import groupby
from typing import Any

from rawkit.errors import BuildError
from rawkit.record import record, replace
from rawkit.wire.notation_scan import Call, Items, Value, Word
from rawkit.wire.packet import Header

OPTIONS = {
    ("IPv4", "options"): "ip_options",
    ("TCP", "options"): "tcp_options",
    ("HopByHop", "options"): "ipv6_options",
    ("DestinationOptions", "options"): "ipv6_options",
}
"""Fields of options; each module has ``Option``, ``decode`` and ``encode``."""
WITH_OBJECTS = ("Unreachable", "TimeExceeded", "ParameterProblem")
"""ICMP errors behind which there may be extension objects (RFC 4884)."""

KNOWN: "dict[tuple[type[Header], str], Codec | None]" = {}
"""What has been found out."""


@record
class Codec:
    """How the octets of a field become values, and values octets."""

    hint: Any
    """The type of the values, as in an annotation."""
    decode: Callable[[Any], Any]
    """Returns what stands in a header; ``None``: nothing that can be told."""
    encode: Callable[[Any], Mapping[str, Any]]
    """Returns the fields of a header that follow from a value.

    It raises :class:`~rawkit.errors.BuildError` if the value does not fit.
    """
    suggest: Callable[[Any], Mapping[str, Any]] = lambda _: {}
    """Returns what other fields are if they are not given."""

    def takes(self, node: Value) -> bool:
        """Whether a value in notation is one of these, and no plain octets."""
        match node:
            case Word(text=text):
                return text.isidentifier()
            case Call(name=name):
                return name != "random"
        return isinstance(node, Items)

    def fitting(self, header: Header) -> tuple[Any, tuple[str, ...]] | None:
        """Return what stands in a header and which fields follow from that.

        ``None``: it would not give the very same header.
        """
        try:
            value = self.decode(header)
            made = None if value is None else self.encode(value)
        except BuildError:
            return None
        if made is None or any(getattr(header, name) != one for name, one in made.items()):
            return None
        return value, tuple(made)


def codec_of(kind: type[Header], field: str) -> Codec | None:
    """Return how the octets in a field are read; ``None``: they are octets and nothing else."""
    key = kind, field
    if key not in KNOWN:
        KNOWN[key] = _codec_of(kind, field)
    return KNOWN[key]


def _codec_of(kind: type[Header], field: str) -> Codec | None:
    match kind.__name__, field:
        case name, "options" if (name, field) in OPTIONS:
            return _options(import_module(f"rawkit.wire.{OPTIONS[name, field]}"))
        case "Routing", "data":
            return _route()
        case "SCTP", "chunks":
            return _chunks()
        case name, "extensions" if name in WITH_OBJECTS:
            return _objects()
    return None


def _options(module: Any) -> Codec:
    return Codec(
        tuple[module.Option, ...],
        lambda header: module.decode(header.options) or None,
        lambda options: {"options": module.encode(*options)},
    )


def _route() -> Codec:
    from rawkit.wire import routing

    def encode(route: routing.Route) -> dict[str, Any]:
        header = routing.encode(route)
        return {"kind": header.kind, "data": header.data}

    def suggest(route: routing.Route) -> dict[str, Any]:
        return {"segments_left": route.longest}

    return Codec(routing.Route, routing.decode, encode, suggest)


def _chunks() -> Codec:
    from rawkit.wire import sctp, sctp_chunks

    content = sctp_chunks.Data | sctp_chunks.Init | sctp_chunks.Sack

    def shown(chunk: sctp.Chunk) -> Any:
        bare = replace(chunk, length=None, padding=None)
        if bare.pack() != chunk.pack():
            return chunk
        inside = sctp_chunks.decode(chunk)
        return inside if inside is not None and inside.chunk == bare else bare

    def encode(chunks: tuple[Any, ...]) -> dict[str, Any]:
        made = (one if isinstance(one, sctp.Chunk) else one.chunk for one in chunks)
        return {"chunks": tuple(made)}

    return Codec(
        tuple[sctp.Chunk | content, ...],
        lambda header: tuple(map(shown, header.chunks)) or None,
        encode,
    )


def _objects() -> Codec:
    from rawkit.wire import multipart

    def shown(one: multipart.ExtensionObject) -> Iterator[Any]:
        match one.decoded:
            case multipart.InterfaceInfo() as info if multipart.interface(info) == one:
                yield info
            case (*stack,):
                yield from stack
            case _:
                yield one

    def decode(header: Any) -> tuple[Any, ...] | None:
        plain = multipart.read(header.extensions)
        values = tuple(value for one in plain for value in shown(one))
        same = values and encode(values)["extensions"] == header.extensions
        return values if same else plain or None

    def encode(values: tuple[Any, ...]) -> dict[str, bytes]:
        return {"extensions": multipart.build(built(values))}

    def built(values: tuple[Any, ...]) -> Iterator[multipart.ExtensionObject]:
        """Yield objects; labels right behind each other are one stack."""
        for kind, group in groupby(values, type):
            if kind is multipart.Label:
                yield multipart.mpls(*group)
            elif kind is multipart.InterfaceInfo:
                yield from map(multipart.interface, group)
            else:
                yield from group

    value = multipart.ExtensionObject | multipart.Label | multipart.InterfaceInfo
    return Codec(tuple[value, ...], decode, encode)
