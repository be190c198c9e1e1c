"""Pipes for probes: which one is opened, what it refuses, what it reserves and gives back."""

import errno
import socket
from collections.abc import Callable
from contextlib import closing
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from rawkit.errors import BuildError, MissingCapability, NotPermitted, UsageError
from rawkit.host.capability import Capability, drop
from rawkit.lab.namespace import Namespace
from rawkit.sockets.ports import free_ports
from rawkit.sockets.probes import Kind, Method, open_probes
from rawkit.sockets.settings import Settings
from rawkit.wire import icmp
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.news import News, Opened
from rawkit.wire.received import Received
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP
from tests.sockets.echo_host import BOTH_VERSIONS, IDENTIFIER, LO, LO6, TARGET, news_of
from tests.sockets.probe_host import EACH_WAY, PORT, WAYS, local_probe, open_on, probe

pytestmark = pytest.mark.netns

SETTINGS = Settings()
CLOSED_GROUPS = "net.ipv4.ping_group_range "
KIND_OF = {"udp": socket.SOCK_DGRAM, "tcp": socket.SOCK_STREAM}


def descriptors() -> set[str]:
    """Return the numbers of this process's open files."""
    return {path.name for path in Path("/proc/self/fd").iterdir()}


def opening(version: int, method: Method, kind: Kind = "auto", port: int = PORT) -> News | None:
    """Return the first news of a pipe."""
    io = open_probes(version, method, port, SETTINGS, identifier=IDENTIFIER, kind=kind)
    news = io.receive()
    io.close()
    return news


def unprivileged(function: Callable[[], object]) -> Callable[[], object]:
    """Return a function that first gives up the thread's capabilities for good."""

    def dropped() -> object:
        drop()
        return function()

    return dropped


@pytest.mark.parametrize("method", ["udp", "icmp", "tcp"])
@BOTH_VERSIONS
def test_a_raw_socket_comes_first(version: int, method: Method, host: Namespace) -> None:
    assert host.run(opening, version, method) == Opened("raw socket", "permitted here")


@EACH_WAY
@BOTH_VERSIONS
def test_a_kind_can_be_asked_for(version: int, method: Method, kind: Kind, host: Namespace) -> None:
    names = {"raw": "raw socket", "socket": "UDP socket" if method == "udp" else "ping socket"}

    assert host.run(opening, version, method, kind) == Opened(names[kind], "asked for")


@pytest.mark.parametrize("method", ["udp", "icmp", "tcp"])
@BOTH_VERSIONS
def test_the_right_to_raw_sockets_is_enough(
    version: int, method: Method, closed_host: Namespace
) -> None:
    """Filters on TCP sockets take CAP_NET_ADMIN as well on some kernels (commit 5d39580f68e6)."""

    def with_that_alone() -> object:
        drop((Capability.NET_RAW,))
        return opening(version, method, "raw")

    assert closed_host.run(with_that_alone) == Opened("raw socket", "asked for")


@BOTH_VERSIONS
def test_a_udp_socket_needs_no_privilege_at_all(version: int, closed_host: Namespace) -> None:
    opened = closed_host.run(unprivileged(lambda: opening(version, "udp")))

    assert isinstance(opened, Opened)
    assert opened.via == "UDP socket"
    assert opened.why.startswith("CAP_NET_RAW ")


@BOTH_VERSIONS
def test_a_ping_socket_stands_in_and_says_why(version: int, host: Namespace) -> None:
    opened = host.run(unprivileged(lambda: opening(version, "icmp")))

    assert isinstance(opened, Opened)
    assert opened.via == "ping socket"
    assert opened.why.startswith("CAP_NET_RAW ")


@BOTH_VERSIONS
def test_where_no_icmp_probe_can_be_sent_both_reasons_are_given(
    version: int, closed_host: Namespace
) -> None:
    with pytest.raises(NotPermitted) as refusal:
        closed_host.run(unprivileged(lambda: opening(version, "icmp")))

    error = refusal.value
    assert error.to == f"send ICMP probes over IPv{version}"
    raw, ping = error.causes
    assert raw.startswith("CAP_NET_RAW ")
    assert ping.startswith(CLOSED_GROUPS)
    assert error.ways_out[-1] == "UDP probes, which need no privilege"
    assert "\n" not in str(error)


@BOTH_VERSIONS
def test_tcp_probes_need_a_raw_socket(version: int, closed_host: Namespace) -> None:
    with pytest.raises(NotPermitted) as refusal:
        closed_host.run(unprivileged(lambda: opening(version, "tcp")))

    assert refusal.value.to == f"send TCP probes over IPv{version}"
    (cause,) = refusal.value.causes
    assert cause.startswith("CAP_NET_RAW ")
    assert refusal.value.ways_out[-1] == "UDP probes, which need no privilege"


def test_a_raw_socket_that_is_asked_for_is_not_replaced(closed_host: Namespace) -> None:
    with pytest.raises(NotPermitted) as refusal:
        closed_host.run(unprivileged(lambda: opening(4, "udp", "raw")))

    assert len(refusal.value.causes) == 1


def test_a_low_port_needs_a_capability_and_says_which(closed_host: Namespace) -> None:
    with pytest.raises(MissingCapability) as refusal:
        closed_host.run(unprivileged(lambda: opening(4, "udp", port=53)))

    assert refusal.value.capability == Capability.NET_BIND_SERVICE.kernel_name
    assert refusal.value.to == "send from port 53"


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ({"method": "sctp"}, "method is 'sctp', not one of udp, icmp, tcp"),
        ({"kind": "ping"}, "kind is 'ping', not one of auto, socket, raw"),
        ({"method": "tcp", "kind": "socket"}, "TCP probes need a raw socket"),
        ({"source_port": 0}, "from 1 to 65535"),
        ({"source_port": 65536}, "from 1 to 65535"),
        ({"source_ports": range(65_000, 65_600)}, "from 1 to 65535"),
        ({"source_ports": range(5000, 5004, 2)}, "in a row"),
        ({"source_ports": range(5000, 5513)}, "513 source ports: 512 at most"),
        ({"settings": Settings(interface="eth7")}, "no interface 'eth7' here"),
        ({"settings": Settings(src=IPv4Address("192.0.2.9"))}, "not an address of this host"),
    ],
)
@pytest.mark.parametrize("kind", ["raw", "socket"])
def test_what_makes_no_sense_is_said_in_a_line(
    wanted: dict[str, object], says: str, kind: str, host: Namespace
) -> None:
    words = {"version": 4, "method": "udp", "source_port": PORT, "settings": SETTINGS}
    words |= {"identifier": IDENTIFIER, "kind": kind} | wanted

    with pytest.raises(UsageError) as refusal:
        host.run(lambda: open_probes(**words))  # type: ignore[arg-type]  # the table's words

    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(("method", "kind"), [way for way in WAYS if way[0] != "icmp"])
@BOTH_VERSIONS
def test_the_source_port_is_ours_alone_as_long_as_the_pipe_is_open(
    version: int, method: Method, kind: Kind, host: Namespace
) -> None:
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with closing(open_on(host, method, kind, version)):
        with host.socket(family, KIND_OF[method]) as other:
            other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            assert other.getsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR) == 1
            with pytest.raises(OSError, match=f"Errno {errno.EADDRINUSE}"):
                other.bind(("", PORT))

        with pytest.raises(UsageError, match=f"source port {PORT} is taken on this host"):
            open_on(host, method, kind, version)

    open_on(host, method, kind, version).close()


@pytest.mark.parametrize("kind", ["raw", "socket"])
def test_a_port_that_another_program_shares_is_not_taken_from_it(
    kind: Kind, host: Namespace
) -> None:
    with host.socket(kind=socket.SOCK_DGRAM) as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("", PORT))

        with pytest.raises(UsageError, match=f"source port {PORT} is taken on this host"):
            open_on(host, "udp", kind)


@pytest.mark.parametrize("method", ["udp", "tcp"])
def test_each_version_has_ports_of_its_own(method: Method, host: Namespace) -> None:
    with closing(open_on(host, method, "raw", 4)), closing(open_on(host, method, "raw", 6)):
        pass


@EACH_WAY
@BOTH_VERSIONS
def test_nothing_stays_open(version: int, method: Method, kind: Kind, host: Namespace) -> None:
    before = descriptors()

    open_on(host, method, kind, version, ports=range(PORT, PORT + 3)).close()

    assert descriptors() == before


@pytest.mark.parametrize(("method", "kind"), [way for way in WAYS if way[0] != "icmp"])
def test_nothing_stays_open_where_the_last_port_is_taken(
    method: Method, kind: Kind, host: Namespace
) -> None:
    with host.socket(kind=KIND_OF[method]) as other:
        other.bind(("", PORT + 2))
        before = descriptors()

        with pytest.raises(UsageError, match=f"source port {PORT + 2} is taken"):
            open_on(host, method, kind, ports=range(PORT, PORT + 3))

        assert descriptors() == before


@pytest.mark.parametrize(("method", "kind"), [way for way in WAYS if way[0] != "icmp"])
@BOTH_VERSIONS
def test_each_source_port_hears_its_answer(
    version: int, method: Method, kind: Kind, host: Namespace
) -> None:
    ports = range(PORT, PORT + 3)
    with closing(open_on(host, method, kind, version, ports=ports)) as io:
        for port in ports:
            io.send(local_probe(method, version, src_port=port, payload=b""))
        news = news_of(io, 6)

    answers = [one.packet.headers[-1] for one in news if isinstance(one, Received)]
    heard = [one.src_port if isinstance(one, UDP) else one.dst_port for one in answers]  # type: ignore[attr-defined]  # UDP or TCP
    assert sorted(heard) == [*ports]


@pytest.mark.parametrize("kind", ["raw", "socket"])
def test_a_source_port_of_ours_is_not_heard_by_another_pipe(kind: Kind, host: Namespace) -> None:
    one = open_on(host, "udp", kind)
    other = open_on(host, "udp", kind, ports=range(PORT + 1, PORT + 2), target=LO)
    with closing(one), closing(other):
        one.send(probe("udp", LO, TARGET))
        assert len(news_of(one, 2)) == 2

        assert other.receive() is None


@pytest.mark.parametrize(
    "packet",
    [
        IPv4(LO, TARGET) / UDP(PORT + 1, 7),
        IPv4(LO, TARGET) / TCP(PORT, 7),
        IPv4(LO, TARGET) / icmp.EchoRequest(IDENTIFIER, 1),
        local_probe("udp", 6),
    ],
    ids=["port", "protocol", "ICMP", "version"],
)
def test_a_udp_socket_refuses_what_it_cannot_send(packet: object, host: Namespace) -> None:
    with closing(open_on(host, "udp", "socket")) as io, pytest.raises(BuildError):
        io.send(packet)  # type: ignore[arg-type]  # a packet


@pytest.mark.parametrize("version", [4, 6])
def test_a_raw_pipe_refuses_the_other_version(version: int, host: Namespace) -> None:
    with closing(open_on(host, "udp", "raw", version)) as io, pytest.raises(BuildError):
        io.send(local_probe("udp", 10 - version))


def test_a_burst_is_answered_without_a_loss(host: Namespace) -> None:
    count = 600
    with closing(open_on(host, "tcp", "raw")) as io:
        for number in range(count):
            io.send(probe("tcp", LO, TARGET, number=number, payload=b""))
        news = news_of(io, 2 * count, patience=20)

    numbers = {one.packet[TCP].acknowledgment - 1001 for one in news if isinstance(one, Received)}
    assert numbers == set(range(count))


@pytest.mark.parametrize("method", ["udp", "tcp"])
@pytest.mark.parametrize("count", [1, 16])
@BOTH_VERSIONS
def test_free_ports_are_free_and_in_a_row(
    version: int, count: int, method: Method, host: Namespace
) -> None:
    def find() -> range:
        ports = free_ports(version, method, count, src=LO if version == 4 else LO6)
        open_probes(
            version, method, ports[0], SETTINGS, identifier=1, kind="raw", source_ports=ports
        ).close()
        return ports

    ports = host.run(find)

    assert len(ports) == count
    assert ports.step == 1
    assert 1024 <= ports[0] <= ports[-1] <= 0xFFFF


def test_more_free_ports_than_there_can_be_are_refused(host: Namespace) -> None:
    host.sysctl("net.ipv4.ip_local_port_range", "65500 65535")

    with pytest.raises(UsageError, match="no 100 free source ports in a row"):
        host.run(free_ports, 4, "udp", 100)


def test_free_ports_of_a_foreign_address_are_refused(host: Namespace) -> None:
    with pytest.raises(UsageError, match="not an address of this host"):
        host.run(lambda: free_ports(4, "udp", src=IPv4Address("192.0.2.9")))
