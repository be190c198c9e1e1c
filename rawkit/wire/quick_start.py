"""Quick-Start: how fast may I begin? An option of IPv4 and of IPv6 alike (RFC 4782 §3).

====== ===================== =================================================
octets field                 note
====== ===================== =================================================
0      function, rate        4 bits each; the rate is 80 kbit/s times 2 to it
1      QS TTL                in a report this octet is not used
2-5    nonce, reserved       30 and 2 bits
====== ===================== =================================================
"""

import struct
from enum import IntEnum
from typing import Self

from rawkit.record import record

LAYOUT = struct.Struct("!BBI")
SIZE = LAYOUT.size


class Function(IntEnum):
    """What a Quick-Start option does."""

    REQUEST = 0
    REPORT = 8


@record
class QuickStart:
    """Asks routers for a rate to send at, or reports one that they approved."""

    function: int = Function.REQUEST
    rate: int = 0
    """0: none; n: 2 to the n times 40 kbit/s."""
    ttl: int = 0
    nonce: int = 0
    reserved: int = 0
    """The two bits behind the nonce."""

    @classmethod
    def read(cls, data: bytes) -> Self | None:
        """Return the option in the octets after its length octet; ``None`` unless there are 6."""
        if len(data) != SIZE:
            return None
        first, ttl, nonce = LAYOUT.unpack(data)
        return cls(first >> 4, first & 0x0F, ttl, nonce >> 2, nonce & 0b11)

    def packed(self) -> bytes:
        """Return the 6 octets after the length octet.

        Raises:
            ValueError, struct.error: a value does not fit.
        """
        if self.rate > 0x0F or self.function > 0x0F or self.reserved > 0b11 or self.nonce >> 30:
            raise ValueError(f"a value that spills into its neighbour's bits: {self}")
        return LAYOUT.pack(
            self.function << 4 | self.rate, self.ttl, self.nonce << 2 | self.reserved
        )
