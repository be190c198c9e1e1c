"""The kernel's sockets keep what every packet pipe promises."""

from collections.abc import Callable
from contextlib import closing
from ipaddress import ip_address

import pytest

from rawkit.lab.namespace import Namespace
from rawkit.sockets.ladder import open_echo
from rawkit.sockets.merged import Merged
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.probes import Kind, Method
from rawkit.sockets.settings import Settings
from rawkit.wire import icmp, icmpv6
from rawkit.wire.packet import Packet
from rawkit.wire.quote import quoted
from rawkit.wire.tcp import TCP, Flags
from rawkit.wire.udp import UDP
from tests.contract.packet_io import (
    CHECKS,
    Check,
    Subject,
    echo_reply,
    echo_requests,
    payload_of,
)
from tests.sockets.echo_host import BOTH_VERSIONS
from tests.sockets.probe_host import EACH_WAY, local_probe, open_on

pytestmark = pytest.mark.netns

IDENTIFIER = 4660
LOCAL = {4: ip_address("127.0.0.1"), 6: ip_address("::1")}


def single(version: int, **wanted: object) -> Callable[[], PacketIO]:
    settings = Settings(**wanted)  # type: ignore[arg-type]  # keywords of the table below
    return lambda: open_echo(version, IDENTIFIER, settings)


def both() -> PacketIO:
    return Merged([open_echo(version, IDENTIFIER, Settings()) for version in (4, 6)])


PIPES = [
    *(
        pytest.param(single(version, kind=kind), version, id=f"{kind}-v{version}")
        for version in (4, 6)
        for kind in ("ping", "raw")
    ),
    pytest.param(single(4, transmit_stamps=False), 4, id="no-stamps"),
    pytest.param(both, 4, id="merged-v4"),
    pytest.param(both, 6, id="merged-v6"),
]


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize(("open_pipe", "version"), PIPES)
def test_kernel_socket(
    check: Check, open_pipe: Callable[[], PacketIO], version: int, host: Namespace
) -> None:
    with host.here():
        io = open_pipe()
    try:
        check(Subject(io, echo_requests(LOCAL[version], LOCAL[version], IDENTIFIER)))
    finally:
        io.close()


def port_unreachable(request: Packet, answer: Packet) -> None:
    _, message, _, datagram = answer.headers
    assert isinstance(message, icmp.Unreachable | icmpv6.Unreachable)
    assert message.code == (3 if isinstance(message, icmp.Unreachable) else 4)
    assert datagram == request[UDP]
    quote = quoted(answer)
    assert quote is not None
    assert quote.payload == request.payload


def reset(request: Packet, answer: Packet) -> None:
    _, segment = answer.headers
    asked = request[TCP]
    assert isinstance(segment, TCP)
    assert segment.flags == Flags.RST | Flags.ACK
    assert (segment.src_port, segment.dst_port) == (asked.dst_port, asked.src_port)
    assert segment.acknowledgment == asked.sequence + 1


def number_of(packet: Packet) -> int:
    """Return the sequence number of a SYN, or the one that its RST acknowledges."""
    segment = packet[TCP]
    return segment.acknowledgment - 1 if Flags.ACK in segment.flags else segment.sequence


ANSWERS = {
    "udp": (port_unreachable, payload_of),
    "icmp": (echo_reply, payload_of),
    "tcp": (reset, number_of),
}


@pytest.mark.parametrize("check", CHECKS)
@EACH_WAY
@BOTH_VERSIONS
def test_probe_pipe(
    check: Check, method: Method, kind: Kind, version: int, host: Namespace
) -> None:
    payload = b"" if method == "tcp" else bytes(16)
    probes = [local_probe(method, version, number=number, payload=payload) for number in range(5)]
    expect, mark = ANSWERS[method]
    with closing(open_on(host, method, kind, version)) as io:
        check(Subject(io, tuple(probes), expect=expect, mark=mark))
