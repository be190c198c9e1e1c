"""Connections to every kind of address, and why there are none, by the real kernel."""

import errno
import os
import re
import socket
import threading
import time
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from rawkit import lab, posix
from rawkit.errors import ConnectionFailed, NameNotFound, NoAnswer, UsageError
from rawkit.posix.address import parse
from rawkit.posix.attempts import Manner
from rawkit.posix.connecting import ConnectEvent, ConnectSettings, Looked, Made, Trying
from rawkit.posix.connection import Connection
from rawkit.posix.establish import establish
from rawkit.posix.failures import Failure
from rawkit.posix.kernel_connection import KernelConnection
from rawkit.posix.resolution import IPAddress, Target
from rawkit.sockets.options import IP_RECVERR
from tests.posix import peers

pytestmark = pytest.mark.netns

PATIENCE = 20.0
LISTENS = (
    "connection refused (ECONNREFUSED): nobody listens at that port: the other host answered with"
    " RST, or somebody on the way with an ICMP error (try: ss -lnt over there; is it the right"
    " port, and the right address?)"
)


def failure_of(address: str, **options: object) -> ConnectionFailed:
    """Return why an address cannot be connected to."""
    with pytest.raises(ConnectionFailed) as caught:
        posix.connect(address, **{"timeout": PATIENCE, **options})  # type: ignore[arg-type]
    return caught.value


@pytest.mark.parametrize(
    "where",
    [
        *("tcp:127.0.0.1:0", "tcp6:[::1]:0", "mptcp:127.0.0.1:0", "unix:@rawkit-peer"),
        *("unix:echo.sock", "unix-seqpacket:@rawkit-peer"),
    ],
)
def test_what_is_said_comes_back_from_every_kind_of_server(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with peers.server(where) as there, posix.connect(there, timeout=PATIENCE) as connection:
        connection.send_all(b"hello", PATIENCE)
        connection.end()

        assert connection.receive_all(PATIENCE) == b"hello"
        assert (connection.sent, connection.received) == (5, 5)
        assert str(connection.peer).partition(":")[2] == there.partition(":")[2]


@pytest.mark.parametrize("where", ["udp:127.0.0.1:0", "udp6:[::1]:0", "unix-dgram:@rawkit-peer"])
def test_datagrams_come_back_whole(where: str) -> None:
    with peers.datagram_echo(where) as there, posix.connect(there) as connection:
        connection.send_all(b"one", PATIENCE)
        connection.send_all(b"", PATIENCE)
        connection.send_all(b"three", PATIENCE)

        assert [connection.receive_some(PATIENCE) for _ in range(3)] == [b"one", b"", b"three"]
        assert connection.is_datagram


def test_a_stream_between_machine_and_host_is_one_like_any_other() -> None:
    with socket.socket(socket.AF_VSOCK) as probe:
        probe.settimeout(0.5)
        try:
            probe.connect((1, 1))
        except ConnectionResetError:
            pass  # nobody listens there, and that was said: cid 1, this machine, works
        except OSError as error:
            pytest.skip(f"no vsock to oneself here: {error}")
    with peers.server("vsock:local:any") as there, posix.connect(there) as connection:
        connection.send_all(b"hello", PATIENCE)
        connection.end()

        assert connection.receive_all(PATIENCE) == b"hello"


def test_a_socket_that_was_given_is_taken_over() -> None:
    ours, theirs = socket.socketpair()
    with theirs, posix.connect(f"fd:{ours.detach()}") as connection:
        assert connection.receive() is None
        assert os.get_blocking(connection.fileno())  # others may have it, too
        connection.send_all(b"hello")

        assert theirs.recv(10) == b"hello"
        assert connection.peer is None


def test_a_socket_that_is_not_connected_is_refused_and_stays_open() -> None:
    with socket.socket() as sock:
        with pytest.raises(UsageError, match=r"^fd:\d+: the socket is not connected$"):
            posix.connect(f"fd:{sock.fileno()}")

        assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_STREAM


REFUSALS = [
    ("tcp:127.0.0.1:9", f"tcp4:127.0.0.1:9: RST came back: {LISTENS}", "RST", errno.ECONNREFUSED),
    ("tcp6:[::1]:9", f"tcp6:[::1]:9: RST came back: {LISTENS}", "RST", errno.ECONNREFUSED),
    ("mptcp:127.0.0.1:9", f"mptcp4:127.0.0.1:9: RST came back: {LISTENS}", "RST",
        errno.ECONNREFUSED),
    (
        "tcp:192.0.2.1:9",
        "tcp4:192.0.2.1:9: nothing was sent: network is unreachable (ENETUNREACH): no route to"
        " it, or (IPv6) not over the interface that it names (try: ip route; ip -6 route)",
        "nothing", errno.ENETUNREACH,
    ),
    (
        "unix:/nosuch.sock",
        "unix:/nosuch.sock: no such file or directory (ENOENT): there is no such file (try: start"
        " the server; is it the right path?)",
        "", errno.ENOENT,
    ),
    (
        "unix:@rawkit-nosuch",
        "unix:@rawkit-nosuch: connection refused (ECONNREFUSED): nobody listens there: the server"
        " has ended and left the file behind, or the file is no socket; of an abstract name,"
        " nobody has it (try: start the server; ss -lx lists those that listen)",
        "", errno.ECONNREFUSED,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("where", "said", "came_back", "number"), REFUSALS)
def test_a_refusal_says_what_came_back_and_why(
    where: str, said: str, came_back: str, number: int
) -> None:
    error = failure_of(where)

    assert (str(error), error.came_back, error.errno) == (said, came_back, number)
    assert not error.is_local


def test_a_server_of_another_type_is_told_apart(tmp_path: Path) -> None:
    path = tmp_path / "peer"
    with peers.server(f"unix-seqpacket:{path}"):
        error = failure_of(f"unix:{path}")

    assert error.errno == errno.EPROTOTYPE
    assert error.is_local


def test_silence_is_told_with_the_syns_that_were_sent() -> None:
    with peers.full_queue("tcp:127.0.0.1:0") as there:
        error = failure_of(there, timeout=0.3)
        where = f"tcp4:{there.partition(':')[2]}"

    assert re.match(
        rf"{re.escape(where)}: nothing came back in 0\.3 s, to \d SYNs?: connection timed out"
        r" \(ETIMEDOUT\): no answer to the SYN, nor to its repetitions",
        str(error),
    )
    assert (error.came_back, error.errno) == ("nothing", errno.ETIMEDOUT)


def test_a_full_queue_of_a_unix_socket_is_waited_for_and_told() -> None:
    began = time.monotonic()
    with peers.full_queue("unix:@rawkit-peer") as there:
        error = failure_of(there, timeout=0.3)

    assert time.monotonic() - began >= 0.3
    assert str(error) == (
        "unix:@rawkit-peer: connection timed out (ETIMEDOUT): the server's queue of connections"
        " stayed full (try: a larger backlog there)"
    )


def test_a_router_that_has_no_way_is_named() -> None:
    with lab.line(hops=2) as net:
        error = failure_of("tcp:203.0.113.9:9", at=net.first)

    assert str(error) == (
        "tcp4:203.0.113.9:9: ICMP 3/0 (Destination Net Unreachable) from 10.1.0.2 came back:"
        " network is unreachable (ENETUNREACH) (try: rawkit trace shows how far it comes)"
    )


def test_nobody_on_the_link_is_told_apart_from_a_router_that_says_so() -> None:
    with lab.pair() as net:
        for name in {one for _, one in net.first.run(socket.if_nameindex)} - {"lo"}:
            net.first.sysctl(f"net.ipv4.neigh.{name}.retrans_time_ms", 20)
        error = failure_of("tcp:10.1.0.77:9", at=net.first)

    assert str(error) == (
        "tcp4:10.1.0.77:9: ICMP 3/1 (Destination Host Unreachable) from this host itself came"
        " back: no route to host (EHOSTUNREACH): nobody on the link has the address (try: rawkit"
        " resolve ADDRESS)"
    )


def test_a_closed_port_of_udp_is_told_by_icmp_after_the_first_datagram() -> None:
    with lab.pair() as net, posix.connect("udp:10.1.0.2:9", at=net.first) as connection:
        connection.send_all(b"x")
        with pytest.raises(ConnectionFailed) as caught:
            connection.receive_some(PATIENCE)

    assert caught.value.came_back == "ICMP 3/3 (Destination Port Unreachable) from 10.1.0.2"


def test_a_reset_in_the_middle_is_told() -> None:
    with peers.server("tcp:127.0.0.1:0", peers.reset) as there, posix.connect(there) as one:
        one.send_all(b"x")
        with pytest.raises(ConnectionFailed) as caught:
            one.receive_all(PATIENCE)

    assert caught.value.came_back == "RST"
    assert "the other side has reset the connection" in str(caught.value)


def test_an_abort_is_an_rst_for_the_other_side_and_a_close_is_not() -> None:
    heard: list[bytes] = []
    with peers.server("tcp:127.0.0.1:0", peers.collect(heard)) as there:
        for end in ("close", "abort"):
            connection = posix.connect(there)
            connection.send_all(b"x")
            while not connection.is_drained():
                time.sleep(0.01)
            time.sleep(0.1)
            getattr(connection, end)()

    assert heard == [b"x", b"xConnectionResetError"]


def test_icmp_errors_do_not_end_a_connection_that_is_made() -> None:
    with peers.server("tcp:127.0.0.1:0") as there, posix.connect(there) as connection:
        assert isinstance(connection, KernelConnection)
        assert IP_RECVERR.get(connection.sock) == 0


def test_a_socket_that_meets_itself_has_met_nobody() -> None:
    error = failure_of("tcp:127.0.0.1:4001", bind="tcp:127.0.0.1:4001")

    assert str(error) == (
        "tcp4:127.0.0.1:4001: connection refused (ECONNREFUSED): nobody listens there: the socket"
        " has met itself, both ends being the same port"
    )


def test_a_client_can_choose_where_it_is_from() -> None:
    with peers.server("tcp:127.0.0.1:0") as one, peers.server("tcp:127.0.0.1:0") as other:
        for there in (one, other):  # the port is in TIME_WAIT for the second one
            with posix.connect(there, bind="tcp:127.0.0.2:4002") as connection:
                assert str(connection.local) == "tcp4:127.0.0.2:4002"


def test_a_port_that_has_a_connection_to_the_same_place_cannot_have_a_second_one() -> None:
    place = "tcp:127.0.0.2:4003"
    with peers.server("tcp:127.0.0.1:0") as there, posix.connect(there, bind=place):
        error = failure_of(there, bind=place)

    assert error.errno == errno.EADDRNOTAVAIL
    assert "the one chosen is connected to the same place" in str(error)


BAD_PLACES = [
    ("tcp:127.0.0.1:9", "tcp:192.0.2.1:0", ConnectionFailed,
        "tcp4:127.0.0.1:9: cannot connect from tcp4:192.0.2.1:0: cannot assign requested"
        " address (EADDRNOTAVAIL): the address is none of this host's, or (IPv6) not yet proved"
        " to be unique (try: ip address lists them; IP_FREEBIND binds to others, too)"),
    ("tcp:127.0.0.1:9", "udp:127.0.0.1:0", UsageError,
        "tcp:127.0.0.1:9 cannot be reached from udp:127.0.0.1:0: they are of different kinds"),
    ("tcp:127.0.0.1:9", "tcp:[::1]:0", UsageError,
        "tcp:127.0.0.1:9 cannot be reached from tcp:[::1]:0: they are of different kinds"),
    ("tcp:*:9", None, UsageError, "tcp:*:9: * is for servers; a client needs a host"),
    ("tcp:localhost:0", None, UsageError,
        "tcp:localhost:0: nobody can be connected to at port 0"),
    ("packet:lo", None, UsageError,
        "packet:lo: frames have no connections; rawkit send sends them"),
    ("fd:999", None, UsageError, "fd:999: no such descriptor is open here"),
]  # fmt: skip


@pytest.mark.parametrize(("where", "bind", "kind", "said"), BAD_PLACES)
def test_what_makes_no_sense_is_refused(
    where: str, bind: str | None, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind) as caught:
        posix.connect(where, bind=bind)

    assert str(caught.value) == said
    assert getattr(caught.value, "is_local", True)


def test_an_option_is_set_before_the_connection_and_a_wrong_one_is_told() -> None:
    with peers.server("tcp:127.0.0.1:0") as there:
        with posix.connect(there, options=["TCP_NODELAY=1"]) as connection:
            assert isinstance(connection, KernelConnection)
            assert connection.sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
        error = failure_of(there, options=["TCP_CONGESTION=nosuch"])

    assert "TCP_CONGESTION=nosuch: no such file or directory (ENOENT)" in str(error)
    assert error.is_local


def test_the_file_of_a_bound_socket_goes_with_it_whatever_came_of_it(tmp_path: Path) -> None:
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    with peers.datagram_echo(f"unix-dgram:{theirs}") as there:
        with posix.connect(there, bind=f"unix-dgram:{ours}") as connection:
            connection.send_all(b"x")
            assert connection.receive_some(PATIENCE) == b"x"
            assert ours.exists()
        assert not ours.exists()
        failure_of("unix-dgram:/nosuch", bind=f"unix-dgram:{ours}")
        assert not ours.exists()

        error = failure_of(there, bind=there)
        assert error.errno == errno.EADDRINUSE
        assert theirs.exists()


def table(**names: IPAddress) -> dict[tuple[str, int], tuple[IPAddress, ...]]:
    return {("host", address.version): (address,) for address in names.values()}


def test_a_silent_address_of_ipv6_costs_a_quarter_of_a_second() -> None:
    known = table(six=IPv6Address("fd00:0:0:1::77"), four=IPv4Address("10.1.0.2"))
    told: list[ConnectEvent] = []
    with lab.pair() as net:
        with net.last.here():
            listener = socket.create_server(("10.1.0.2", 7007))
        with listener:
            began = time.monotonic()
            connection = posix.connect(
                "tcp:host:7007",
                look_up=lambda name, version: known[name, version or 4],
                told=told.append,
                at=net.first,
                timeout=PATIENCE,
            )
            took = time.monotonic() - began

    assert str(connection.peer) == "tcp4:10.1.0.2:7007"
    assert took >= 0.25
    assert not any(isinstance(event, Failure) for event in told)  # nobody waited for that
    tried = [str(event.address) for event in told if isinstance(event, Trying)]
    assert tried == ["tcp6:[fd00:0:0:1::77]:7007", "tcp4:10.1.0.2:7007"]
    assert isinstance(told[-1], Made)
    connection.close()


def test_a_name_server_that_is_silent_about_ipv6_costs_fifty_milliseconds() -> None:
    gone = threading.Event()

    def look_up(name: str, version: int | None) -> tuple[IPAddress, ...]:
        if version == 6:
            gone.wait(PATIENCE)
            return ()
        return (IPv4Address("127.0.0.1"),)

    with peers.server("tcp:127.0.0.1:0") as there:
        port = there.rpartition(":")[2]
        began = time.monotonic()
        with posix.connect(f"tcp:host:{port}", look_up=look_up) as connection:
            took = time.monotonic() - began
            assert str(connection.peer) == f"tcp4:127.0.0.1:{port}"
        gone.set()

    assert 0.05 <= took < 5


def test_each_address_that_failed_is_told_in_one_line() -> None:
    known = table(six=IPv6Address("::1"), four=IPv4Address("127.0.0.1"))
    told: list[ConnectEvent] = []
    with pytest.raises(ConnectionFailed) as caught:
        posix.connect(
            "tcp:host:9", look_up=lambda name, version: known[name, version or 4],
            told=told.append,
        )  # fmt: skip

    assert str(caught.value) == (
        "tcp:host:9: no connection: tcp6:[::1]:9: RST came back; tcp4:127.0.0.1:9: RST came back"
    )
    assert [one.came_back for one in caught.value.failures] == ["RST", "RST"]
    assert sum(isinstance(event, Failure) for event in told) == 2
    assert {event.version for event in told if isinstance(event, Looked)} == {4, 6}


def test_a_name_that_nobody_knows_is_told_with_the_cause() -> None:
    def look_up(name: str, version: int | None) -> tuple[IPAddress, ...]:
        raise NameNotFound(f"{name}: unknown name")

    with pytest.raises(NameNotFound, match=r"^nosuch: unknown name$"):
        posix.connect("tcp:nosuch:9", look_up=look_up)


def test_what_goes_wrong_in_a_look_up_of_ones_own_is_not_hidden() -> None:
    def look_up(name: str, version: int | None) -> tuple[IPAddress, ...]:
        raise RuntimeError(f"no {name} today")

    with pytest.raises(RuntimeError, match="no host today"):
        posix.connect("tcp:host:9", look_up=look_up)


def test_a_name_server_that_never_answers_ends_with_our_patience() -> None:
    gone = threading.Event()

    def look_up(name: str, version: int | None) -> tuple[IPAddress, ...]:
        gone.wait(PATIENCE)
        return ()

    with pytest.raises(NameNotFound) as caught:
        posix.connect("tcp:host:9", look_up=look_up, timeout=0.1)
    gone.set()

    assert str(caught.value) == ("host: timed out: no answer from the name server in 0.1 s")


def test_what_waits_too_long_is_no_answer() -> None:
    with peers.server("tcp:127.0.0.1:0") as there, posix.connect(there) as connection:
        with pytest.raises(NoAnswer, match=r"nothing came in 0\.05 s"):
            connection.receive_some(0.05)
        with pytest.raises(NoAnswer, match=r"no end in 0\.05 s, after 0 octets"):
            connection.receive_all(0.05)


def test_all_is_sent_however_slowly_it_is_taken_and_no_longer_than_allowed() -> None:
    ours, theirs = socket.socketpair()
    octets = bytes(1_000_000)
    with theirs, posix.connect(f"fd:{ours.detach()}") as connection:
        with pytest.raises(NoAnswer, match=r"octets not taken in 0\.05 s"):
            connection.send_all(octets, 0.05)
        heard: list[bytes] = []
        reader = threading.Thread(target=peers.collect(heard), args=(theirs,))
        reader.start()
        connection.send_all(octets, PATIENCE)
        connection.end()
        reader.join()

    assert len(heard[0]) == connection.sent > len(octets)


class InMemory(Connection):
    """A connection that no kernel has made, as one in user space."""

    is_message, is_datagram = False, False

    def __init__(self, target: Target) -> None:
        self.peer, self.local = target.address, None
        self._bell = os.eventfd(0)
        self._octets = b""

    def fileno(self) -> int:
        return self._bell

    def interest(self, *, reading: bool, writing: bool) -> int:
        return 1

    def wake_at(self) -> float | None:
        return time.monotonic() + 0.01

    def send(self, data: bytes | memoryview) -> int:
        self._octets += bytes(data[:2])
        return len(data[:2])

    def receive(self) -> bytes | None:
        taken, self._octets = self._octets[:1], self._octets[1:]
        self.peer_ended = not taken
        return taken or None

    def end(self) -> None:
        pass

    def is_drained(self) -> bool:
        return True

    def abort(self) -> None:
        self.close()

    def close(self) -> None:
        os.close(self._bell)


class InMemoryAttempt:
    """Begins such a connection, and makes it when it is woken for the first time."""

    def __init__(self, target: Target, manner: Manner) -> None:
        self.target = target
        self._due = time.monotonic() + 0.05

    def fileno(self) -> int:
        return -1

    def interest(self) -> int:
        return 0

    def wake_at(self) -> float | None:
        return self._due

    def outcome(self) -> Connection | Failure | None:
        return InMemory(self.target) if time.monotonic() >= self._due else None

    def give_up(self, patience: float) -> Failure:
        return Failure(self.target.address, "connect", errno.ETIMEDOUT, "tcp", patience=patience)

    def close(self) -> None:
        pass


def test_somebody_else_than_the_kernel_can_make_the_connection() -> None:
    settings = ConnectSettings(opener=InMemoryAttempt, timeout=PATIENCE)
    with establish(parse("tcp:192.0.2.1:9"), settings) as connection:
        connection.send_all(b"hello")

        assert connection.receive_all(PATIENCE) == b"hello"
        assert str(connection.peer) == "tcp4:192.0.2.1:9"


def test_an_attempt_of_somebody_else_is_given_up_in_time() -> None:
    settings = ConnectSettings(opener=InMemoryAttempt, timeout=0.01)
    with pytest.raises(ConnectionFailed, match=r"nothing came back in 0.01 s: connection timed"):
        establish(parse("tcp:192.0.2.1:9"), settings)
