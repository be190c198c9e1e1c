"""Extension structures that no router should send, and that no reader may fall over.

For ``Hop(extensions=HOSTILE["…"])``: they follow the quote as they are (RFC 4884).
"""

from rawkit.wire import multipart
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.multipart import ExtensionObject

MPLS_LABEL = bytes.fromhex("0008 0101 05dc 1101")
"""A good object: label 24017, at the bottom of the stack."""


def _structure(objects: bytes, version: int = 2) -> bytes:
    """Return a structure with a right checksum around octets that need be no objects."""
    head = bytes((version << 4, 0))
    return head + internet_checksum(head + b"\0\0" + objects).to_bytes(2, "big") + objects


HOSTILE: dict[str, bytes] = {
    "bad-checksum": b"\x20\x00\xde\xad" + MPLS_LABEL,
    "no-checksum": b"\x20\x00\x00\x00" + MPLS_LABEL,
    "other-version": _structure(MPLS_LABEL, version=5),
    "header-alone": _structure(b""),
    "half-a-header": b"\x20\x00",
    "object-of-length-0": _structure(bytes.fromhex("0000 0101") + MPLS_LABEL),
    "object-of-length-3": _structure(bytes.fromhex("0003 0101") + MPLS_LABEL),
    "object-too-long": _structure(MPLS_LABEL + bytes.fromhex("ffff 0101 0000 0001")),
    "half-an-object": _structure(MPLS_LABEL + bytes.fromhex("0008")),
    "half-a-label": _structure(bytes.fromhex("0006 0101 05dc")),
    "no-label": _structure(bytes.fromhex("0004 0101")),
    "endless-stack": _structure(
        multipart.build([ExtensionObject(1, 1, bytes.fromhex("05dc 1001") * 100)])[4:]
    ),
    "many-objects": _structure(bytes.fromhex("0004 ff00") * 100),
    "unknown-class": _structure(bytes.fromhex("0008 f7f7 0123 4567") + MPLS_LABEL),
    "interface-without-what-it-says": _structure(bytes.fromhex("0004 020f")),
    "interface-name-of-length-0": _structure(bytes.fromhex("0008 0202 0061 6200")),
    "interface-name-beyond-its-end": _structure(bytes.fromhex("0008 0202 4061 6200")),
    "interface-name-no-text": _structure(bytes.fromhex("000c 0202 08ff fe1b 5b32 4a00")),
    "interface-address-of-no-family": _structure(bytes.fromhex("000c 0204 00ff 0000 c000 0201")),
}
"""By name; the command line takes the names too."""
