"""Templates: a packet built once, and sent with other values in some of its fields.

Octets that stay are packed once. A checksum keeps the sum of what stays, too, so that only
the varied values are added (RFC 1624 §3 puts it as an update; the arithmetic is the same).
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import starmap

from rawkit.errors import BuildError
from rawkit.wire.packet import Packet
from rawkit.wire.template_code import compile_octets
from rawkit.wire.template_places import Place, Sum, Surveyor, value_of

PATTERNS = (0, -1, 0x5555 << 112 | 0x5A17, 0xAAAA << 112 | 0xA5E8)
"""Values to try a new template with."""


class Template:
    """A packet with blanks.

    ::

        template = Template(IPv4(A, B) / UDP(4000, 7) / b"0000", IPv4.dst, UDP.dst_port, slice(4))
        octets = template.octets(C, 9, b"0001")

    Args:
        packet: what to send.
        fields: what will vary: ``IPv4.dst`` for the outermost header of that kind,
            ``(2, IPv4.dst)`` for that of the third header, ``slice(0, 4)`` for octets of the
            payload. Their values in ``packet`` do not matter. A computed field that holds a
            number, as in a packet that was read, stays as it is: see ``Packet.recomputed``.

    Raises:
        BuildError: the packet cannot be packed, has no such field, or what a field changes in
            it is more than a number in one place and Internet checksums.
    """

    __slots__ = ("octets", "places", "size", "sums")

    octets: Callable[..., bytes]
    """Returns the octets with these values, one for each field, in their order.

    It raises :class:`~rawkit.errors.BuildError` if one does not fit.
    """
    places: tuple[Place, ...]
    """Where the fields are."""
    sums: tuple[Sum, ...]
    """The checksums that change with them."""
    size: int
    """How many octets there are."""

    def __init__(self, packet: Packet, *fields: object) -> None:
        surveyor = Surveyor(packet)
        self.places = tuple(map(surveyor.place_of, fields))
        self.sums = tuple(surveyor.sums(self.places))
        blank = surveyor.packed([(place, 0) for place in self.places])
        self.size = len(blank)
        self.octets = compile_octets(self.places, self.sums, blank)
        self._prove(surveyor)

    def stream(self, rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
        """Yield the octets for each row of values."""
        return starmap(self.octets, rows)

    def _prove(self, surveyor: Surveyor) -> None:
        """Compare with the packet packed anew."""
        for pattern in PATTERNS:
            numbers = [pattern & (1 << place.width) - 1 for place in self.places]
            values = list(zip(self.places, numbers, strict=True))
            if self.octets(*map(value_of, self.places, numbers)) != surveyor.packed(values):
                names = ", ".join(place.name for place in self.places)
                raise BuildError(f"template: {names} change more in the packet than can be patched")
