"""What differs between IPv4 and IPv6, for engines that speak both."""

from functools import cache
from typing import TYPE_CHECKING

from rawkit.record import record
from rawkit.wire import icmp
from rawkit.wire.address import Address
from rawkit.wire.packet import Header

if TYPE_CHECKING:
    from rawkit.wire import icmpv6

    EchoRequest = icmp.EchoRequest | icmpv6.EchoRequest
    EchoReply = icmp.EchoReply | icmpv6.EchoReply


@record
class Family:
    """One version of IP, as far as a probe cares."""

    echo_request: "type[EchoRequest]"
    echo_reply: "type[EchoReply]"
    message: type[Header]
    """What all its ICMP messages are."""
    advice: tuple[type[Header], ...]
    """ICMP messages about a packet that goes on all the same."""


V4 = Family(icmp.EchoRequest, icmp.EchoReply, icmp.Message, (icmp.Redirect, icmp.SourceQuench))


def family_of(address: Address) -> Family:
    """Return the family that an address belongs to."""
    return V4 if address.version == 4 else _v6()


@cache
def _v6() -> Family:
    """Return the other family; a command that does without it starts sooner."""
    from rawkit.wire import icmpv6

    redirect = (icmpv6.Redirect,)
    return Family(icmpv6.EchoRequest, icmpv6.EchoReply, icmpv6.Message, redirect)
