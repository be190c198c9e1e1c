"""Extension objects of ICMP errors."""

from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError
from rawkit.wire.multipart import (
    ExtensionObject,
    InterfaceInfo,
    Label,
    Role,
    build,
    interface,
    mpls,
    read,
    verdict,
)
from rawkit.wire.received import Checksum

A, A6 = IPv4Address("192.0.2.1"), IPv6Address("2001:db8::1")

# One table, read in both directions; payloads laid out by hand from RFC 4950 §3 and
# RFC 3032 §2.1, RFC 5837 §4.
STACKS = [
    pytest.param((Label(16, 0, True, 1),), "0001 0101", id="one label"),
    pytest.param(
        (Label(0xFFFFF, 7, False, 255), Label(3, 1, True, 64)),
        "ffff feff 0000 3340",
        id="two labels, and field limits",
    ),
]
INTERFACES = [
    pytest.param(InterfaceInfo(Role.INCOMING), 0x00, "", id="nothing but its role"),
    pytest.param(InterfaceInfo(Role.NEXT_HOP, mtu=1500), 0xC1, "0000 05dc", id="an MTU"),
    pytest.param(InterfaceInfo(Role.SUB_IP, name=""), 0x42, "0400 0000", id="an empty name"),
    pytest.param(
        InterfaceInfo(Role.INCOMING, 3, A, "eth0", 1500),
        0x0F,
        "0000 0003 0001 0000 c000 0201 0865 7468 3000 0000 0000 05dc",
        id="everything, with IPv4",
    ),
    pytest.param(
        InterfaceInfo(Role.OUTGOING, address=A6),
        0x84,
        "0002 0000 2001 0db8 0000 0000 0000 0000 0000 0001",
        id="an IPv6 address",
    ),
    pytest.param(
        InterfaceInfo(Role.INCOMING, name="x" * 63), 0x02, "40" + "78" * 63, id="the longest name"
    ),
]


@pytest.mark.parametrize(("stack", "octets"), STACKS)
def test_a_label_stack_packs_to_and_reads_from(stack: tuple[Label, ...], octets: str) -> None:
    one = ExtensionObject(1, 1, bytes.fromhex(octets))

    assert mpls(*stack) == one
    assert one.decoded == stack


@pytest.mark.parametrize(("info", "class_type", "octets"), INTERFACES)
def test_an_interface_packs_to_and_reads_from(
    info: InterfaceInfo, class_type: int, octets: str
) -> None:
    one = ExtensionObject(2, class_type, bytes.fromhex(octets))

    assert interface(info) == one
    assert one.decoded == info


def test_a_structure_is_header_and_objects_under_one_checksum() -> None:
    structure = build([mpls(Label(16)), ExtensionObject(77, 1, b"abc")])

    assert structure == bytes.fromhex("2000 cc89 0008 0101 0001 0101 0007 4d01 6162 63")
    assert read(structure) == (mpls(Label(16)), ExtensionObject(77, 1, b"abc"))
    assert verdict(structure) is Checksum.VALID


def test_an_unknown_object_keeps_its_payload_and_means_nothing() -> None:
    (one,) = read(build([ExtensionObject(77, 1, b"abc")]))

    assert (one.payload, one.decoded) == (b"abc", None)


@pytest.mark.parametrize(
    ("structure", "expected"),
    [
        ("2000 ddf4 0008 0101 0001 0101", Checksum.VALID),
        ("2000 ddf5 0008 0101 0001 0101", Checksum.BAD),
        ("2000 0000 0008 0101 0001 0101", None),
        ("2000 dd", None),
        ("", None),
    ],
)
def test_the_checksum_has_a_verdict(structure: str, expected: Checksum | None) -> None:
    assert verdict(bytes.fromhex(structure)) is expected


@pytest.mark.parametrize(
    ("structure", "count"),
    [
        pytest.param("", 0, id="nothing"),
        pytest.param("2000 00", 0, id="half a header"),
        pytest.param("1000 0000 0008 0101 0001 0101", 0, id="another version"),
        pytest.param("2000 0000", 0, id="no object"),
        pytest.param("2000 0000 0008 01", 0, id="half an object header"),
        pytest.param("2000 0000 0003 0101 0001 0101", 0, id="a length below the header"),
        pytest.param("2000 0000 0000 0101 0001 0101", 0, id="a length of zero"),
        pytest.param("2000 0000 0009 0101 0001 0101", 0, id="a length beyond the end"),
        pytest.param("2000 0000 0004 0101 ffff 0101", 1, id="the second runs wild"),
    ],
)
def test_a_malformed_structure_is_read_as_far_as_it_goes(structure: str, count: int) -> None:
    assert len(read(bytes.fromhex(structure))) == count


@pytest.mark.parametrize(
    ("one", "octets"),
    [
        pytest.param((1, 1), "", id="no label"),
        pytest.param((1, 1), "0001 01", id="most of a label"),
        pytest.param((1, 2), "0001 0101", id="an unknown type of MPLS object"),
        pytest.param((2, 0x08), "0000 00", id="most of an index"),
        pytest.param((2, 0x04), "0001 00", id="most of an address family"),
        pytest.param((2, 0x04), "0001 0000 c000 02", id="most of an IPv4 address"),
        pytest.param((2, 0x04), "0002 0000 c000 0201", id="a quarter of an IPv6 address"),
        pytest.param((2, 0x04), "0003 0000 c000 0201", id="an unknown address family"),
        pytest.param((2, 0x02), "", id="no name where one is announced"),
        pytest.param((2, 0x02), "0065 7468", id="a name of length zero"),
        pytest.param((2, 0x02), "0565 7468 30", id="a name that is not padded"),
        pytest.param((2, 0x02), "0865 7468", id="a name beyond the end"),
        pytest.param((2, 0x02), "44" + "78" * 67, id="a name above 63 octets"),
        pytest.param((2, 0x03), "0465 7468 0000 05", id="most of an MTU"),
    ],
)
def test_a_malformed_object_means_nothing(one: tuple[int, int], octets: str) -> None:
    assert ExtensionObject(*one, bytes.fromhex(octets)).decoded is None


def test_a_name_that_is_no_utf8_is_shown_as_far_as_it_is() -> None:
    info = ExtensionObject(2, 0x02, b"\x04e\xff0").decoded

    assert info == InterfaceInfo(Role.INCOMING, name="e\N{REPLACEMENT CHARACTER}0")


@pytest.mark.parametrize(
    "label", [Label(1 << 20), Label(-1), Label(1, 8), Label(1, ttl=256), Label(1, ttl=-1)]
)
def test_refuses_a_label_that_does_not_fit(label: Label) -> None:
    with pytest.raises(BuildError, match="MPLS"):
        mpls(label)


@pytest.mark.parametrize(
    "info",
    [
        InterfaceInfo(Role.INCOMING, index=1 << 32),
        InterfaceInfo(Role.INCOMING, mtu=-1),
        InterfaceInfo(Role.INCOMING, name="x" * 64),
        InterfaceInfo(Role.INCOMING, name="\N{SNOWMAN}" * 22),
    ],
)
def test_refuses_an_interface_that_does_not_fit(info: InterfaceInfo) -> None:
    with pytest.raises(BuildError, match="interface"):
        interface(info)


@pytest.mark.parametrize(
    "one", [ExtensionObject(256, 0), ExtensionObject(0, -1), ExtensionObject(0, 0, bytes(65532))]
)
def test_refuses_an_object_that_does_not_fit(one: ExtensionObject) -> None:
    with pytest.raises(BuildError, match="extension object"):
        build([one])
