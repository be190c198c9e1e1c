"""Multicast router discovery over ICMPv6 (RFC 4286): as :mod:`rawkit.wire.multicast_routers`."""

from typing import ClassVar

from rawkit.wire.icmpv6 import Message, message_octets, short_message_octets
from rawkit.wire.multicast_routers import Advertisement, Bare, read_advertisement, read_bare
from rawkit.wire.packet import Header


class MulticastRouterAdvertisement(Advertisement, Message):
    """A router says that it passes multicast on."""

    __slots__ = ()

    TYPE: ClassVar[int] = 151

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        rest = self.numbers()
        return message_octets(self.TYPE, self.interval, self.checksum, rest, payload, outer)


class MulticastRouterSolicitation(Bare, Message):
    """Asks such routers to say that they are there."""

    __slots__ = ()

    TYPE: ClassVar[int] = 152

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        return short_message_octets(self.TYPE, self.reserved, self.checksum, payload, outer)


class MulticastRouterTermination(Bare, Message):
    """A router says that it does so no longer."""

    __slots__ = ()

    TYPE: ClassVar[int] = 153

    def pack(self, payload: bytes = b"", outer: Header | None = None) -> bytes:
        return short_message_octets(self.TYPE, self.reserved, self.checksum, payload, outer)


def parse(data: memoryview) -> tuple[Message, memoryview]:
    """Split ``data`` into one of the messages, and its payload.

    Raises:
        TruncatedError: fewer octets than its type needs.
    """
    match data[0] if data else 0:
        case MulticastRouterSolicitation.TYPE:
            return read_bare(MulticastRouterSolicitation, data)
        case MulticastRouterTermination.TYPE:
            return read_bare(MulticastRouterTermination, data)
    return read_advertisement(MulticastRouterAdvertisement, data)
