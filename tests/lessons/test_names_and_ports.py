"""What is said of names, addresses and ports, and what is so."""

import ctypes
import errno
import os
import socket
import struct
from concurrent.futures import ThreadPoolExecutor

import pytest

from rawkit import lab
from rawkit.host import capability
from rawkit.host.calls import libc
from rawkit.lab.namespace import Namespace
from tests.host import test_names
from tests.host.test_names import name_server
from tests.lessons.loopback import HERE, errno_of, listening

pytestmark = pytest.mark.netns


def test_a_name_has_several_addresses_and_gethostbyname_knows_of_one_family() -> None:
    with lab.pair() as net:
        net.first.know({"db.example": ["192.0.2.7", "192.0.2.8", "2001:db8::7"]})
        found = net.first.run(socket.getaddrinfo, "db.example", 80, 0, socket.SOCK_STREAM)
        _, _, of_old = net.first.run(socket.gethostbyname_ex, "db.example")

    assert {str(address[0]) for *_, address in found} == {"192.0.2.7", "192.0.2.8", "2001:db8::7"}
    assert set(of_old) == {"192.0.2.7", "192.0.2.8"}


def test_the_c_library_keeps_no_answers_of_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    queries: list[bytes] = []
    answer = test_names.answer

    def count_and_answer(query: bytes) -> bytes | None:
        queries.append(query)
        return answer(query)

    monkeypatch.setattr(test_names, "answer", count_and_answer)

    def ask() -> int:
        socket.getaddrinfo("four.example.", None, socket.AF_INET, socket.SOCK_STREAM)
        return len(queries)

    with Namespace() as namespace, name_server(namespace):
        once, twice = namespace.run(ask), namespace.run(ask)

    assert twice == 2 * once > 0


def test_the_hosts_file_is_asked_before_dns(monkeypatch: pytest.MonkeyPatch) -> None:
    queries: list[bytes] = []
    monkeypatch.setattr(test_names, "answer", queries.append)
    with lab.pair() as net:
        net.first.know({"db.example": "192.0.2.7"})
        assert net.first.run(socket.gethostbyname, "db.example") == "192.0.2.7"

    assert queries == []


def test_nothing_ties_a_port_to_a_service_but_habit() -> None:
    with socket.socket() as server:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((HERE, 25))  # where mail is at home
        server.listen()
        with socket.create_connection((HERE, 25)) as client:
            accepted, _ = server.accept()
            with accepted:
                accepted.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
                assert client.recv(4) == b"HTTP"


def test_port_0_asks_for_any_and_there_is_none_above_65535() -> None:
    with socket.socket() as sock:
        sock.bind((HERE, 0))
        chosen = sock.getsockname()[1]

    assert 1024 <= chosen <= 65_535 == 2**16 - 1
    with socket.socket() as sock, pytest.raises(OverflowError):
        sock.bind((HERE, 65_536))


@pytest.mark.parametrize(("lowest", "number"), [(1024, errno.EACCES), (80, 0)])
def test_a_low_port_takes_a_capability_or_a_setting_and_root_is_not_enough(
    lowest: int, number: int
) -> None:
    def bind_80() -> int:
        assert os.geteuid() == 0
        capability.drop()
        with socket.socket() as sock:
            return errno_of(lambda: sock.bind((HERE, 80)))

    with lab.pair(sysctls={"net.ipv4.ip_unprivileged_port_start": lowest}) as net:
        assert net.first.run(bind_80) == number


def test_htons_turns_16_bits_round_and_no_more() -> None:
    assert struct.pack("=H", socket.htons(80)) == b"\x00\x50"
    assert struct.pack("=I", socket.htonl(0x7F00_0001)) == socket.inet_aton("127.0.0.1")
    with pytest.raises(OverflowError):
        socket.htons(65_536)


def test_an_address_that_was_read_from_text_is_in_network_order_already() -> None:
    assert socket.inet_pton(socket.AF_INET, "192.0.2.1") == bytes((192, 0, 2, 1))


def test_what_is_left_uncleared_in_sin_zero_is_not_looked_at() -> None:
    address = struct.pack("=H", socket.AF_INET) + bytes(2) + bytes((127, 0, 0, 1)) + b"rubbish!"
    with socket.socket() as sock:
        assert libc().bind(sock.fileno(), address, len(address)) == 0, ctypes.get_errno()


def test_errno_belongs_to_a_thread() -> None:
    place = ctypes.CDLL(None).__errno_location
    place.restype = ctypes.c_void_p
    with ThreadPoolExecutor(1) as other:
        assert other.submit(place).result() != place()


def test_a_call_that_succeeds_leaves_errno_alone() -> None:
    library = ctypes.CDLL(None, use_errno=True)
    ctypes.set_errno(0)
    assert library.close(-1) == -1
    assert ctypes.get_errno() == errno.EBADF
    with listening() as server:
        assert library.listen(server.fileno(), 1) == 0
    assert ctypes.get_errno() == errno.EBADF
