"""What differs between IPv4 and IPv6, for engines that speak both."""

from ipaddress import IPv4Address, IPv6Address

from rawkit.record import record
from rawkit.wire import icmp, icmpv6
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6

Address = IPv4Address | IPv6Address
EchoRequest = icmp.EchoRequest | icmpv6.EchoRequest
EchoReply = icmp.EchoReply | icmpv6.EchoReply


@record
class Family:
    """One version of IP, as far as a probe cares."""

    version: int
    ip: type[IPv4] | type[IPv6]
    echo_request: type[icmp.EchoRequest] | type[icmpv6.EchoRequest]
    echo_reply: type[icmp.EchoReply] | type[icmpv6.EchoReply]


V4 = Family(4, IPv4, icmp.EchoRequest, icmp.EchoReply)
V6 = Family(6, IPv6, icmpv6.EchoRequest, icmpv6.EchoReply)

ADVICE = (icmp.Redirect, icmp.SourceQuench, icmpv6.Redirect)
"""ICMP messages about a packet that goes on all the same."""


def family_of(address: Address) -> Family:
    """Return the family that an address belongs to."""
    return V4 if address.version == 4 else V6
