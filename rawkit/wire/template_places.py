"""Find out where the fields of a packet lie in its octets, and what they do to its checksums.

No header has to say so: the packet is packed with one value and with another, and what
differs is looked at. So it works for every header, and for those yet to come.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address
from types import MemberDescriptorType

from rawkit.errors import BuildError
from rawkit.record import fields, record, replace
from rawkit.wire.packet import Header, Packet

WIDEST = 64
"""Bits of the widest field that is a plain number."""
SUM = 16
"""Bits of an Internet checksum."""
CHECKSUM = "checksum"


@record
class Place:
    """A run of bits in a packet that hold one value."""

    name: str
    """As in error messages: ``IPv4.dst``."""
    header: int
    """The number of its header; -1: it is in the payload."""
    field: str | slice
    """Its name in that header; or which octets of the payload."""
    kind: type
    """Of its values: an address, ``bytes``, ``bool`` or ``int``."""
    width: int
    """How many bits."""
    first: int
    """Which bit of the packet's octets it begins with."""


@record
class Sum:
    """A checksum, and how it follows from varied fields."""

    place: Place
    rest: int
    """The sum of what it covers besides the varied fields; 0 only if that is nothing but zeros."""
    weights: tuple[int, ...]
    """How often the value of each field counts in the sum."""
    zero: int
    """What stands for a checksum of 0."""


class Surveyor:
    """Measures a packet by packing it with other values."""

    def __init__(self, packet: Packet) -> None:
        self._packet = packet
        self._computed = tuple(n for n, h in enumerate(packet.headers) if _has_computed_sum(h))
        self._computed = tuple(filter(self._is_sent, self._computed))

    def place_of(self, field: object) -> Place:
        """Return where a field lies.

        Raises:
            BuildError: the packet has no such field, or none that is a number in one place.
        """
        headers = self._packet.headers
        match field:
            case slice():
                return self._place_of_octets(field)
            case MemberDescriptorType():
                kind: type = field.__objclass__
                for number, header in enumerate(headers):
                    if isinstance(header, kind):
                        return self._place_in(number, field.__name__)
                raise BuildError(f"template: no {kind.__name__} in {self._packet.outline}")
            case (int() as number, MemberDescriptorType() as member) if 0 <= number < len(headers):
                if isinstance(headers[number], member.__objclass__):
                    return self._place_in(number, member.__name__)
        raise BuildError(
            f"template: {field!r} is not in {self._packet.outline}; a field is given as IPv4.dst, "
            "as (1, IPv4.dst) for that of the second header, octets of the payload as slice(0, 4)"
        )

    def sums(self, places: Sequence[Place]) -> Iterator[Sum]:
        """Yield the checksums that go with fields.

        Raises:
            BuildError: one that does is of another kind than the Internet checksum.
        """
        without = self.packed([(place, 0) for place in places])
        with_one = [self.packed([(place, int(place is one)) for place in places]) for one in places]
        for number in self._computed:
            place = self._place_in(number, CHECKSUM)
            if any((p.header, p.field) == (number, CHECKSUM) for p in places):
                continue
            before, after = bits(without, place), [bits(octets, place) for octets in with_one]
            zero = self._packet.headers[number].ZERO_CHECKSUM
            rest = 0xFFFF - before or zero
            weights = tuple((0xFFFF - each - rest) % 0xFFFF for each in after)
            if place.width == SUM and any(weights):
                yield Sum(place, rest, weights, zero)
            elif any(each != before for each in after):
                raise BuildError(f"template: {place.name} is no sum: it has to be made anew")

    def packed(self, values: Sequence[tuple[Place, int]], *, sums: bool = True) -> bytes:
        """Return the octets of the packet with other values, each given as a number.

        Args:
            values: what to change.
            sums: whether checksums are worked out; else they are 0.
        """
        headers, payload = list(self._packet.headers), bytearray(self._packet.payload)
        for number in () if sums else self._computed:
            headers[number] = replace(headers[number], checksum=0)
        for place, value in values:
            if isinstance(place.field, slice):
                payload[place.field] = value.to_bytes(place.width // 8, "big")
            else:
                changes = {place.field: value_of(place, value)}
                headers[place.header] = replace(headers[place.header], **changes)
        return bytes(Packet(tuple(headers), bytes(payload)))

    def _is_sent(self, number: int) -> bool:
        """Whether the checksum of a header is on the wire; some headers have it or not."""
        place = Place("", number, CHECKSUM, int, 1, 0)
        return self.packed([(place, 0)], sums=False) != self.packed([(place, 1)], sums=False)

    def _place_of_octets(self, field: slice) -> Place:
        start, stop, step = field.indices(len(self._packet.payload))
        if step != 1 or stop <= start:
            raise BuildError(f"template: {field} is no run of octets of {self._packet.outline}")
        name = f"octets {start} to {stop - 1} of the payload"
        return self._measured(Place(name, -1, slice(start, stop), bytes, 8 * (stop - start), 0))

    def _place_in(self, number: int, field: str) -> Place:
        header = self._packet.headers[number]
        value = getattr(header, field)
        name = f"{type(header).__name__}.{field}"
        match value:
            case IPv4Address():
                return self._measured(Place(name, number, field, IPv4Address, 32, 0))
            case IPv6Address():
                return self._measured(Place(name, number, field, IPv6Address, 128, 0))
            case bytes() if value:
                return self._measured(Place(name, number, field, bytes, 8 * len(value), 0))
            case bool():
                return self._measured(Place(name, number, field, bool, 1, 0))
            case int() | None:
                return self._measured(self._widest(Place(name, number, field, int, 0, 0)))
        raise BuildError(f"template: {name} is no number, and {value!r} cannot be varied")

    def _widest(self, place: Place) -> Place:
        """Return a place as wide as the largest number that it holds."""
        for width in range(1, WIDEST + 1):
            try:
                self.packed([(place, (1 << width) - 1)], sums=False)
            except BuildError:
                return replace(place, width=width - 1)
        return replace(place, width=WIDEST)

    def _measured(self, place: Place) -> Place:
        """Return a place with the bit that it begins with."""
        zeros = self.packed([(place, 0)], sums=False)
        ones = self.packed([(place, (1 << place.width) - 1)], sums=False)
        differing = int.from_bytes(zeros, "big") ^ int.from_bytes(ones, "big")
        below = (differing & -differing).bit_length() - 1
        if len(zeros) != len(ones) or differing >> below != (1 << place.width) - 1:
            raise BuildError(
                f"template: {place.name} is not one run of bits in {self._packet.outline}"
            )
        return replace(place, first=8 * len(zeros) - below - place.width)


def bits(octets: bytes, place: Place) -> int:
    """Return the number that stands at a place."""
    after = 8 * len(octets) - place.first - place.width
    return int.from_bytes(octets, "big") >> after & (1 << place.width) - 1


def _has_computed_sum(header: Header) -> bool:
    return any(
        f.name == CHECKSUM and not f.compare and getattr(header, CHECKSUM) is None
        for f in fields(header)
    )


def value_of(place: Place, number: int) -> object:
    """Return the value of a place's field that is this number on the wire."""
    if place.kind is bytes:
        return number.to_bytes(place.width // 8, "big")
    return place.kind(number)
