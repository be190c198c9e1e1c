"""IPv4 and IPv6 pipes as one."""

import select
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import BuildError
from rawkit.sockets.merged import Merged
from rawkit.testing.clock import VirtualClock
from rawkit.testing.network import MemoryNetwork, echo_host
from rawkit.wire import icmp, icmpv6
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.received import Received

US, TARGET = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.7")
US6, TARGET6 = IPv6Address("2001:db8::1"), IPv6Address("2001:db8::7")
REQUEST = IPv4(US, TARGET) / icmp.EchoRequest(7, 1)
REQUEST6 = IPv6(US6, TARGET6) / icmpv6.EchoRequest(7, 1)


@pytest.fixture
def networks() -> tuple[MemoryNetwork, MemoryNetwork]:
    clock = VirtualClock()
    hosts = echo_host(str(TARGET)), echo_host(str(TARGET6))
    return MemoryNetwork(hosts[0], clock), MemoryNetwork(hosts[1], clock)


@pytest.fixture
def merged(networks: tuple[MemoryNetwork, MemoryNetwork]) -> Merged:
    return Merged(networks)


def test_each_packet_goes_to_the_pipe_of_its_version(
    networks: tuple[MemoryNetwork, MemoryNetwork], merged: Merged
) -> None:
    merged.send(REQUEST)
    merged.send(REQUEST6)

    assert [network.sent for network in networks] == [[REQUEST], [REQUEST6]]
    merged.close()


def test_a_packet_of_neither_version_is_refused(merged: Merged) -> None:
    with pytest.raises(BuildError):
        merged.send(Packet((icmp.EchoRequest(7, 1),)))
    merged.close()


def test_a_busy_pipe_does_not_starve_the_other(merged: Merged) -> None:
    for _ in range(3):
        merged.send(REQUEST)
    merged.send(REQUEST6)

    news = [merged.receive() for _ in range(4)]

    packets = [one.packet for one in news if one is not None and hasattr(one, "packet")]
    assert any(packet.get(IPv6) for packet in packets)
    merged.close()


def test_everything_is_received_in_the_end(merged: Merged) -> None:
    merged.send(REQUEST)
    merged.send(REQUEST6)

    news = list(iter(merged.receive, None))

    assert sum(isinstance(one, Received) for one in news) == 2
    assert len(news) == 4
    merged.close()


def test_one_descriptor_stands_for_both(merged: Merged) -> None:
    poll = select.poll()
    poll.register(merged.fileno(), select.POLLIN)
    assert poll.poll(0) == []

    merged.send(REQUEST6)

    assert poll.poll(0)
    merged.close()


def test_closing_closes_both(networks: tuple[MemoryNetwork, MemoryNetwork], merged: Merged) -> None:
    merged.close()
    merged.close()

    assert all(network.closed for network in networks)
    assert merged.fileno() < 0
