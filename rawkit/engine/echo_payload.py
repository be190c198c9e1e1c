"""The payload of our echo requests: a keyed mark, then a pattern.

====== =========================================================================
octets content
====== =========================================================================
0-7    keyed hash of the target's number and the whole 64-bit sequence number
8-11   the target's number
12-    the pattern: given, or 12, 13, 14 … as ping(8) counts
====== =========================================================================

A shorter payload holds the beginning of it. Nothing in it is ever believed: what
comes back is compared with what was sent, and the time of sending stays here.
"""

import struct

from rawkit.engine.ping_events import Damage

NUMBERS = struct.Struct("!IQ")
MARK = struct.Struct("!qI")
TARGET_NUMBER = slice(8, 12)
MARK_SIZE = 12


class EchoPayload:
    """Makes and recognises the payloads of one ping."""

    def __init__(self, key: bytes, size: int, pattern: bytes | None = None) -> None:
        """Prepare payloads.

        Args:
            key: secret octets, new for every ping.
            size: octets of payload.
            pattern: repeated from the first octet on, under the mark.
        """
        unit = pattern or bytes(range(256))
        self._filler = (unit * (size // len(unit) + 1))[:size]
        self._rest = self._filler[MARK_SIZE:]
        self._size = size
        self._key = key

    def of(self, target: int, sequence: int) -> bytes:
        """Return the payload of one request."""
        # SipHash, keyed by this process (PEP 456) and by our own secret octets. Whoever has
        # not seen a request cannot make its reply, and hashlib is slow to load.
        digest = hash(self._key + NUMBERS.pack(target, sequence))
        payload = MARK.pack(digest, target) + self._rest
        return payload if self._size >= MARK_SIZE else payload[: self._size]

    def target_in(self, payload: bytes) -> int | None:
        """Return the target's number that a payload claims; still to be verified."""
        if len(payload) < MARK_SIZE:
            return None
        return int.from_bytes(payload[TARGET_NUMBER], "big")


def damage_of(sent: bytes, came: bytes) -> Damage | None:
    """Return where two payloads differ first, or ``None`` if they do not."""
    for offset, (expected, found) in enumerate(zip(sent, came, strict=False)):
        if expected != found:
            return Damage(offset, expected, found)
    if len(sent) == len(came):
        return None
    offset = min(len(sent), len(came))
    expected_rest, found_rest = sent[offset:], came[offset:]
    return Damage(
        offset,
        expected_rest[0] if expected_rest else None,
        found_rest[0] if found_rest else None,
    )
