"""What tshark reads in a capture: every field of every packet, and where it stands."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rawkit.record import record

NULL_CIPHER = ",".join(f'"{word}"' for word in ("IPv6", "*", "*", "*", "NULL", "", "NULL", ""))
"""A security association of ESP, neither encrypted nor authenticated."""
PREFERENCES = (
    "ip.check_checksum:TRUE",
    "tcp.check_checksum:TRUE",
    "udp.check_checksum:TRUE",
    "esp.enable_encryption_decode:TRUE",
    f"uat:esp_sa:{NULL_CIPHER}",
    "tcp.relative_sequence_numbers:FALSE",
    # The same segment is sent again and again here, and each time it is to be read.
    "tcp.analyze_sequence_numbers:FALSE",
    "tcp.desegment_tcp_streams:FALSE",
    "esp.do_esp_sequence_analysis:FALSE",
)
STATUS = ".checksum.status"
RIGHT, ABSENT = "1", "3"
"""What a status says; others are wrong, not looked at, and not allowed to be 0."""
ERROR = 0x80_0000
"""What an expert's message is from this severity on."""
ERRORS = {"icmp": ("3", "5", "11", "12"), "icmpv6": ("1", "2", "3", "4")}
"""Types of messages that quote a packet, perhaps cut short: its checksums cannot be told."""
OFFSET = "ip.frag_offset"
Place = tuple[int, int]
"""Octets from the beginning of the packet, and how many."""


@record
class Reading:
    """One packet in the eyes of tshark."""

    fields: dict[str, list[str]]
    """All values of each field, in the order in which they stand in the packet."""
    places: dict[str, list[Place]]
    octets: bytes

    def value(self, field: str) -> str:
        """Return the values of a field, joined by commas; ``-`` if there is none."""
        return ",".join(self.fields.get(field, ["-"]))

    @property
    def doubtful(self) -> list[str]:
        """Checksums that tshark does not find right; what an error quotes is left out."""
        found = {field: values for field, values in self.fields.items() if field.endswith(STATUS)}
        for name, types in ERRORS.items():
            if self.value(f"{name}.type").partition(",")[0] in types:
                own = {f"ip{STATUS}", f"{name}{STATUS}"}
                found = {field: values[:1] for field, values in found.items() if field in own}
        return [field for field, values in found.items() if not {RIGHT, ABSENT}.issuperset(values)]

    @property
    def complaints(self) -> list[str]:
        """What tshark cannot make sense of, or calls an error."""
        malformed = [field for field in self.fields if field.startswith("_ws.malformed")]
        severities = self.fields.get("_ws.expert.severity", [])
        messages = self.fields.get("_ws.expert.message", [])
        return malformed + [
            message
            for severity, message in zip(severities, messages, strict=True)
            if int(severity) >= ERROR and not message.startswith("Bad checksum")  # is doubtful
        ]

    def without(self, chosen: tuple[str, ...]) -> bytes:
        """Return the octets of the packet with zeros in these fields."""
        octets = bytearray(self.octets)
        for field in chosen:
            for start, length in self.places.get(field, []):
                octets[start : start + length] = bytes(length)
        return bytes(octets)


def read(path: Path) -> list[Reading]:
    """Return what tshark reads in a capture file, packet by packet."""
    command = ["tshark", "-n", "-r", str(path), "-T", "json", "-x"]
    for preference in PREFERENCES:
        command += ["-o", preference]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return [_reading(packet) for packet in json.loads(ran.stdout, object_pairs_hook=list)]


def _reading(packet: list[tuple[str, Any]]) -> Reading:
    source = dict(packet)["_source"]
    layers = dict(source)["layers"]
    fields: dict[str, list[str]] = {}
    places: dict[str, list[Place]] = {}
    octets = b""
    for name, value in _flat(layers):
        if isinstance(value, str):  # tcp.seq_raw is such a field, too
            fields.setdefault(name, []).append(value)
        elif name == "frame_raw":
            octets = bytes.fromhex(value[0])
        else:
            places.setdefault(name.removesuffix("_raw"), []).append((value[1], value[2]))
    if OFFSET in places:  # releases of tshark differ in its unit
        fields[OFFSET] = [str(_number(octets, place) & 0x1FFF) for place in places[OFFSET]]
    return Reading(fields, places, octets)


def _number(octets: bytes, place: Place) -> int:
    start, length = place
    return int.from_bytes(octets[start : start + length], "big")


def _flat(layers: list[Any]) -> Iterator[tuple[str, Any]]:
    """Yield every field of a tree, and for ``…_raw`` its octets and its place.

    The same name may stand in an object more than once, so objects were read as lists of
    pairs: these are tuples, unlike what is in an array.
    """
    for name, value in layers:
        for one in _each(value):
            if isinstance(one, list) and one and isinstance(one[0], tuple):
                yield from _flat(one)
            elif one:
                yield name, one
            elif one == "":
                yield name, ""


def _each(value: Any) -> list[Any]:
    """Return the values of a field that occurs several times, or the only one."""
    is_array = isinstance(value, list) and value and not isinstance(value[0], tuple)
    is_place = is_array and len(value) > 1 and isinstance(value[1], int)
    return value if is_array and not is_place else [value]
