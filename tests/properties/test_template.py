"""A template gives the octets that packing gives."""

from ipaddress import IPv4Address, IPv6Address

from hypothesis import assume, given
from hypothesis import strategies as st

from rawkit.errors import BuildError
from rawkit.record import fields, replace
from rawkit.wire.packet import Header, Packet
from rawkit.wire.template import Template
from rawkit.wire.template_places import Place, value_of
from tests.properties.strategies import frames, packets

VALUES = IPv4Address | IPv6Address | bytes | int


def candidates(packet: Packet) -> list[object]:
    """Return what may be varied in a packet, or might look as if it could."""
    found: list[object] = [
        (number, getattr(type(header), field.name))
        for number, header in enumerate(packet.headers)
        for field in fields(header)
        if isinstance(getattr(header, field.name), VALUES) and getattr(header, field.name) != b""
    ]
    if packet.payload:
        found.append(slice(0, len(packet.payload) // 2 + 1))
    return found


def changed(packet: Packet, places: tuple[Place, ...], values: list[object]) -> Packet:
    headers, payload = list(packet.headers), bytearray(packet.payload)
    for place, value in zip(places, values, strict=True):
        if isinstance(place.field, slice):
            assert isinstance(value, bytes)
            payload[place.field] = value
        else:
            old: Header = headers[place.header]
            headers[place.header] = replace(old, **{place.field: value})
    return Packet(tuple(headers), bytes(payload))


@given(st.data(), packets | frames)
def test_a_template_gives_the_octets_that_packing_gives(
    data: st.DataObject, packet: Packet
) -> None:
    varied = data.draw(st.lists(st.sampled_from(candidates(packet)), max_size=4, unique_by=id))
    try:
        template = Template(packet, *varied)
    except BuildError:
        assume(False)

    for _ in range(3):
        numbers = [
            data.draw(
                st.integers(0, (1 << place.width) - 1)
                | st.sampled_from([0, -1 % (1 << place.width)])
            )
            for place in template.places
        ]
        values = [value_of(place, n) for place, n in zip(template.places, numbers, strict=True)]

        assert template.octets(*values) == bytes(changed(packet, template.places, values))
