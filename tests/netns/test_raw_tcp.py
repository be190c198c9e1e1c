"""TCP in user space against the kernel's, and against programs that know nothing of it."""

import asyncio
import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from random import Random
from typing import IO

import pytest

from rawkit import lab
from rawkit.api.raw_tcp import connect, listen
from rawkit.api.raw_tcp_async import connect_async, listen_async
from rawkit.endpoint.guard import Guard
from rawkit.endpoint.guarding import GuardKind
from rawkit.endpoint.listening import Listening
from rawkit.endpoint.opening import LinkKind
from rawkit.endpoint.stream import Stream
from rawkit.errors import ConnectionFailed, UsageError
from rawkit.lab.topology import Lab, Node
from rawkit.record import replace
from rawkit.tcp.codec import Writer
from rawkit.tcp.flow import Flow
from rawkit.tcp.segment import SYN, Segment
from rawkit.tcp.settings import Settings
from rawkit.tcp.state import State
from rawkit.wire.address import Address

pytestmark = pytest.mark.netns

SIZE = 2_000_000
BODY = Random(1).randbytes(SIZE)
HASH = hashlib.sha256(BODY).hexdigest()
GET = b"GET /body HTTP/1.0\r\n\r\n"
VERSIONS = pytest.mark.parametrize("version", [4, 6])
PATIENCE = 20.0
QUICK = Settings(mtu=0xFFFF, msl=0.05)
"""TIME-WAIT is over soon, so that nothing of one test is left in the next."""


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    with lab.line(hops=1) as net:
        yield net


@pytest.fixture(scope="module")
def web(net: Lab, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of ``python3 -m http.server`` on the last node."""
    folder = tmp_path_factory.mktemp("web")
    (folder / "body").write_bytes(BODY)
    command = [sys.executable, "-u", "-m", "http.server", "8000", "--bind", "::", "-d", str(folder)]
    with net.last.popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield 8000
        process.kill()


def of(node: Node, version: int) -> Address:
    return node.ipv4 if version == 4 else node.ipv6


class Resets:
    """Resets that the kernels of two nodes send from now on."""

    def __init__(self, ours: Node, theirs: Node) -> None:
        self._ours, self._theirs = ours, theirs
        self._before = self._counts()

    def were_none(self, stream: Stream) -> bool:
        """Whether our kernel has sent none, and theirs only for what was sent twice.

        What is late on a busy machine is sent again, and may find that its connection is over.
        """
        before, now = self._before, self._counts()
        ours, theirs, again = (b - a for a, b in zip(before, now, strict=True))
        return ours == 0 and theirs <= again + stream.info.counters.resent

    def _counts(self) -> tuple[int, int, int]:
        ours, theirs = counted(self._ours), counted(self._theirs)
        return ours["OutRsts"], theirs["OutRsts"], theirs["RetransSegs"]


def counted(node: Node) -> dict[str, int]:
    """Return what the TCP of a node's kernel has counted."""
    lines = node.run(lambda: Path("/proc/thread-self/net/snmp").read_text()).splitlines()
    names, values = (line.split()[1:] for line in lines if line.startswith("Tcp:"))
    return dict(zip(names, map(int, values), strict=True))


def listeners(node: Node) -> list[str]:
    """Return the local ends of all sockets of a node that listen."""
    files = [Path("/proc/thread-self/net/tcp"), Path("/proc/thread-self/net/tcp6")]
    text = node.run(lambda: "".join(one.read_text() for one in files))
    rows = [line.split() for line in text.splitlines() if ":" in line.split()[0]]
    return [row[1] for row in rows if row[3] == "0A"]


def is_left_alone(node: Node) -> bool:
    """Whether no socket of a node listens, as soon as those in TIME-WAIT are gone."""
    deadline = time.monotonic() + PATIENCE
    while listeners(node) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not listeners(node)


@VERSIONS
def test_a_body_comes_whole_and_no_kernel_resets(net: Lab, web: int, version: int) -> None:
    resets = Resets(net.first, net.last)

    with connect(
        of(net.last, version), web, timeout=PATIENCE, settings=QUICK, at=net.first
    ) as stream:
        stream.timeout = PATIENCE
        stream.sendall(GET)
        _, _, body = stream.recv_all().partition(b"\r\n\r\n")
        info = stream.info

    assert hashlib.sha256(body).hexdigest() == HASH
    assert stream.state is State.CLOSED
    assert resets.were_none(stream)
    assert info.timestamps
    assert info.sack
    assert info.scales is not None


@VERSIONS
@pytest.mark.parametrize("link", ["raw", "packet", "offload"])
def test_every_link_moves_much_both_ways(net: Lab, version: int, link: LinkKind) -> None:
    resets = Resets(net.first, net.last)
    with listening(net.last, version) as (server, port):
        remote = of(net.last, version)
        stream = connect(remote, port, link=link, settings=QUICK, timeout=PATIENCE, at=net.first)
        stream.timeout = PATIENCE
        with stream:
            there, _ = server.accept()
            there.settimeout(PATIENCE)
            answer = exchange(stream, there, BODY)
            counters = stream.info.counters
            reader = stream._driver.host.link.reader

    assert answer == (BODY, BODY)
    assert resets.were_none(stream)
    assert (reader.bad, reader.strange) == (0, 0)
    if link == "offload":
        assert counters.data_segments_out < SIZE / 1448 / 4, "they are larger than one packet"


@pytest.mark.parametrize("link", ["packet", "offload"])
def test_packet_links_serve_kernel_clients(net: Lab, link: LinkKind) -> None:
    with listen(net.last.ipv4, link=link, settings=QUICK, at=net.last) as waiting:
        waiting.timeout = PATIENCE
        with net.first.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
            client.settimeout(PATIENCE)
            client.connect((str(waiting.address), waiting.port))
            with waiting.accept() as stream:
                stream.timeout = PATIENCE
                stream.sendall(BODY)
                stream.shutdown()
                received = b"".join(iter(lambda: client.recv(65536), b""))
                client.close()

    assert hashlib.sha256(received).hexdigest() == HASH


def test_a_packet_link_needs_an_interface_with_ethernet(net: Lab) -> None:
    with pytest.raises(UsageError, match=r"10.1.0.9: no interface of this host has that address"):
        listen("10.1.0.9", link="packet", at=net.last)
    with pytest.raises(UsageError, match=r"127.0.0.1: the kernel drops frames from there"):
        listen("127.0.0.1", link="packet", at=net.last)
    with pytest.raises(UsageError, match=r"127.0.0.1: the kernel drops frames from there"):
        connect("127.0.0.1", 80, link="offload", at=net.last)
    with pytest.raises(UsageError, match="no interface 'eth9'"):
        listen(net.last.ipv4, link="packet", interface="eth9", at=net.last)


@VERSIONS
@pytest.mark.parametrize(
    "settings",
    [
        Settings(timestamps=False),
        Settings(sack=False),
        Settings(window_scaling=False, window=0xFFFF),
        Settings(timestamps=False, sack=False, window_scaling=False),
        Settings(ecn=True),
        Settings(mss=500, window=3000),
        Settings(congestion="newreno", pacing=True),
    ],
    ids=["no timestamps", "no SACK", "no scaling", "nothing", "ECN", "tiny", "paced"],
)
def test_every_set_of_options_gets_along_with_the_kernel(
    net: Lab, version: int, settings: Settings
) -> None:
    with listening(net.last, version) as (server, port):
        stream = connect(
            of(net.last, version),
            port,
            settings=replace(settings, msl=0.05),
            timeout=PATIENCE,
            at=net.first,
        )
        stream.timeout = PATIENCE
        with stream:
            there, _ = server.accept()
            there.settimeout(PATIENCE)
            answer = exchange(stream, there)

    assert answer == (BODY[:200_000], BODY[:200_000])


def exchange(
    stream: Stream, there: socket.socket, part: bytes = BODY[:200_000]
) -> tuple[bytes, bytes]:
    """Send the same both ways; return what arrived here, and there."""
    arrived: list[bytes] = []

    def serve() -> None:
        with there:
            while chunk := there.recv(65536):
                arrived.append(chunk)
            there.sendall(part)

    thread = threading.Thread(target=serve)
    thread.start()
    stream.sendall(part)
    stream.shutdown()
    received = stream.recv_all()
    thread.join()
    return received, b"".join(arrived)


@contextmanager
def listening(node: Node, version: int) -> Iterator[tuple[socket.socket, int]]:
    """Give a kernel socket of a node that listens, and its port."""
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with node.socket(family, socket.SOCK_STREAM) as sock:
        sock.bind((str(of(node, version)), 0))
        sock.listen(5)
        sock.settimeout(PATIENCE)
        yield sock, sock.getsockname()[1]


@VERSIONS
def test_a_kernel_client_is_served(net: Lab, version: int, tmp_path: Path) -> None:
    resets = Resets(net.last, net.first)
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    with listen(of(net.last, version), settings=QUICK, at=net.last) as waiting:
        waiting.timeout = PATIENCE
        with net.first.socket(family, socket.SOCK_STREAM) as client:
            client.settimeout(PATIENCE)
            client.connect((str(waiting.address), waiting.port))
            with waiting.accept() as stream:
                stream.timeout = PATIENCE
                client.sendall(b"a question")
                question = stream.recv()
                stream.sendall(BODY)
                stream.shutdown()
                received = b"".join(iter(lambda: client.recv(65536), b""))
                client.close()

    assert question == b"a question"
    assert hashlib.sha256(received).hexdigest() == HASH
    assert resets.were_none(stream)


@VERSIONS
def test_nobody_listening_is_a_refusal(net: Lab, version: int) -> None:
    with pytest.raises(ConnectionFailed, match=":9: RST came back: refused") as caught:
        connect(of(net.last, version), 9, at=net.first)

    assert caught.value.came_back == "RST"
    assert is_left_alone(net.first)


@VERSIONS
def test_what_a_router_says_is_told(net: Lab, version: int) -> None:
    far = "203.0.113.77" if version == 4 else "2001:db8:77::1"
    way = ["ip", f"-{version}", "route", "add", "prohibit", far]
    with net.routers[0].popen(way) as process:
        assert process.wait() == 0

    with pytest.raises(ConnectionFailed, match=f"{far}.*: ICMP.* from .* came back: unreachable"):
        connect(far, 9, at=net.first, timeout=PATIENCE, settings=QUICK)


def test_silence_comes_to_an_end(net: Lab) -> None:
    with net.routers[0].popen(["ip", "route", "add", "blackhole", "203.0.113.0/24"]) as process:
        process.wait()

    with pytest.raises(ConnectionFailed, match=r"nothing came back in 0.2 s") as caught:
        connect("203.0.113.9", 80, at=net.first, timeout=0.2)

    assert caught.value.came_back == "nothing"
    assert is_left_alone(net.first)


def test_a_port_is_taken_only_once(net: Lab) -> None:
    with listen(net.last.ipv4, settings=QUICK, at=net.last) as waiting:
        with pytest.raises(UsageError, match="is taken"):
            listen(net.last.ipv4, waiting.port, at=net.last)
        other = net.last.socket(socket.AF_INET, socket.SOCK_STREAM)
        with other, pytest.raises(OSError, match="in use"):
            other.bind((str(net.last.ipv4), waiting.port))


@pytest.mark.parametrize("layer", ["filter", "digest", "hops"])
def test_every_layer_of_the_guard_silences_the_kernel_by_itself(
    net: Lab, web: int, layer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    resets = Resets(net.first, net.last)
    monkeypatch.setattr(Guard, "wanted", (layer,))

    with connect(net.last.ipv4, web, timeout=PATIENCE, settings=QUICK, at=net.first) as stream:
        stream.sendall(GET)
        guard, answer = stream.guard, stream.recv_all()

    assert guard == (layer,)
    assert len(answer) > SIZE
    assert resets.were_none(stream)


KILLED = """
import sys, time
from rawkit.api.raw_tcp import connect
stream = connect(sys.argv[1], int(sys.argv[2]))
stream.sendall(b"hello")
print("there", flush=True)
time.sleep(60)
"""


@VERSIONS
def test_a_killed_process_leaves_nothing_and_its_peer_hears_of_it(net: Lab, version: int) -> None:
    with listening(net.last, version) as (server, port):
        command = [sys.executable, "-c", KILLED, str(of(net.last, version)), str(port)]
        with net.first.popen(command, stdout=subprocess.PIPE, text=True) as process:
            there, _ = server.accept()
            with there:
                there.settimeout(PATIENCE)
                _said(process.stdout)
                first = there.recv(100)
                guarded = bool(listeners(net.first))
                process.send_signal(signal.SIGKILL)
                process.wait()
                with pytest.raises(ConnectionError):
                    _push(there)

    assert first == b"hello"
    assert guarded
    assert is_left_alone(net.first)


def _said(stdout: IO[str] | None) -> None:
    assert stdout is not None
    assert stdout.readline() == "there\n"


def _push(there: socket.socket) -> None:
    """Send until somebody complains."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        there.sendall(b"is anybody there?")
        time.sleep(0.01)


@pytest.mark.parametrize("link", ["raw", "packet", "offload"])
def test_many_connections_on_a_loop(net: Lab, web: int, link: LinkKind) -> None:
    async def fetch() -> str:
        stream = await connect_async(
            net.last.ipv4, web, patience=PATIENCE, link=link, settings=QUICK, at=net.first
        )
        async with stream:
            await stream.sendall(GET)
            _, _, body = (await stream.recv_all()).partition(b"\r\n\r\n")
            return hashlib.sha256(body).hexdigest()

    async def fetch_all() -> list[str]:
        return await asyncio.gather(*(fetch() for _ in range(4)))

    assert asyncio.run(fetch_all()) == [HASH] * 4


@pytest.mark.parametrize("guard", ["socket", "nft"])
def test_kernel_clients_are_served_on_a_loop(net: Lab, guard: GuardKind) -> None:
    async def serve() -> list[bytes]:
        async with await listen_async(
            net.last.ipv4, link="packet", guard=guard, settings=QUICK, at=net.last
        ) as waiting:
            assert (waiting.guard == ("nft",)) == (guard == "nft")
            waiting.timeout = PATIENCE
            clients = [net.first.socket(socket.AF_INET, socket.SOCK_STREAM) for _ in range(5)]
            answers: list[bytes] = []
            for number, client in enumerate(clients):
                client.setblocking(False)
                loop = asyncio.get_running_loop()
                await loop.sock_connect(client, (str(waiting.address), waiting.port))
                await loop.sock_sendall(client, b"%d" % number)
                async with await waiting.accept() as stream:
                    await stream.sendall(b"got " + await stream.recv())
                    answers.append(await loop.sock_recv(client, 100))
                    client.close()
            return answers

    assert asyncio.run(serve()) == [b"got %d" % number for number in range(5)]


@VERSIONS
def test_loopback_works_as_well(version: int) -> None:
    host = "127.0.0.1" if version == 4 else "::1"
    with listen(host, settings=QUICK) as waiting:
        waiting.timeout = PATIENCE
        with (
            connect(host, waiting.port, timeout=PATIENCE, settings=QUICK) as one,
            waiting.accept() as other,
        ):
            one.timeout = other.timeout = PATIENCE
            one.sendall(b"to myself")
            heard = other.recv()
            one.shutdown()
            other.shutdown()

    assert heard == b"to myself"


def test_an_accepted_connection_knows_the_mtu_of_its_node(net: Lab) -> None:
    async def accept() -> int:
        async with await listen_async(net.last.ipv4, settings=QUICK, at=net.last) as waiting:
            waiting.timeout = PATIENCE
            with net.first.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
                client.setblocking(False)
                there = str(waiting.address), waiting.port
                await asyncio.get_running_loop().sock_connect(client, there)
                stream = await waiting.accept()
                size = stream.info.mss
                stream.abort()
            return size

    assert asyncio.run(accept()) == 1448


def test_a_flood_of_syns_neither_grows_memory_nor_stops_good_clients(net: Lab) -> None:
    with listen(net.last.ipv4, settings=QUICK, at=net.last) as waiting:
        waiting.timeout = PATIENCE
        there = waiting.address, waiting.port
        flood(net.first, *there, count=2000)  # now all that there is room for is taken
        before = resident()
        flooding = threading.Thread(target=flood, args=(net.first, *there, 100_000))
        flooding.start()
        heard = [welcomed(net.first, waiting)]
        while flooding.is_alive():
            heard.append(welcomed(net.first, waiting))
        flooding.join()
        grown = resident() - before
        connections = len(waiting._driver.host.stack.connections)
        waiting.stop()

    assert set(heard) == {b"welcome"}
    assert connections <= 258 + len(heard)
    assert grown < 32 << 20


def welcomed(node: Node, waiting: Listening) -> bytes:
    """Be a good client; return what the server says."""
    with node.socket(socket.AF_INET, socket.SOCK_STREAM) as client:
        client.settimeout(PATIENCE)
        client.connect((str(waiting.address), waiting.port))
        client.sendall(b"hello")  # else a cookie that is lost on its way would not come again
        with accepted(waiting, client.getsockname()[1]) as stream:
            stream.sendall(b"welcome")
            heard = client.recv(100)
            client.close()
    return heard


def accepted(waiting: Listening, port: int) -> Stream:
    """Accept a client; before it may come some that have gone, by a late duplicate of a cookie."""
    while (stream := waiting.accept()).flow.remote_port != port:
        stream.abort()
    return stream


def resident() -> int:
    """Return how many octets of memory this process has."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def flood(node: Node, address: Address, port: int, count: int) -> None:
    """Send SYNs of nobody, from a network that no way leads to."""
    with node.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as sock:
        for number in range(count):
            source = ip_address(0xC6120000 + number)  # 198.18.0.0/15 (RFC 2544)
            writer = Writer(Flow(source, 1024 + number % 60_000, address, port))
            sock.sendto(writer.pack(Segment(SYN, number, window=1000)), (str(address), 0))
