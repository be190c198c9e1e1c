"""The octets of a ``struct sockaddr``: by hand, and as the running kernel reads and writes them."""

import ctypes
import errno
import socket
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rawkit.errors import UsageError
from rawkit.host.calls import libc
from rawkit.posix.address import parse
from rawkit.posix.resolution import Target, resolve
from rawkit.posix.sockaddr import SockAddrLayout, layout

little = pytest.mark.skipif(sys.byteorder == "big", reason="the vectors are little-endian")

VECTORS = [  # put together by hand from ip(7), ipv6(7), unix(7), vsock(7) and packet(7)
    ("tcp:127.0.0.1:80", "sockaddr_in", 16, "02000050 7f000001 0000000000000000"),
    ("udp4:192.0.2.7:65535", "sockaddr_in", 16, "0200ffff c0000207 0000000000000000"),
    (
        "tcp6:[2001:db8::7]:7",
        "sockaddr_in6",
        28,
        "0a000007 00000000 20010db8000000000000000000000007 00000000",
    ),
    (
        "tcp:[fe80::1%lo]:7",
        "sockaddr_in6",
        28,
        "0a000007 00000000 fe80" + 13 * "00" + "01 01000000",
    ),
    ("unix:/run/x", "sockaddr_un", 110, "0100 2f72756e2f7800"),
    ("unix-dgram:@x", "sockaddr_un", 110, "0100 0078"),
    (r"unix-seqpacket:@a\x00b", "sockaddr_un", 110, "0100 00610062"),
    ("unix:@", "sockaddr_un", 110, "0100"),
    ("vsock:2:1024", "sockaddr_vm", 16, "28000000 00040000 02000000 00000000"),
    ("vsock:any:any", "sockaddr_vm", 16, "28000000 ffffffff ffffffff 00000000"),
    ("packet:lo", "sockaddr_ll", 20, "11000003 01000000 00000000 0000000000000000"),
    (
        "packet:*/0x0806/02:00:00:00:00:01",
        "sockaddr_ll",
        20,
        "11000806 00000000 00000006 0200000000010000",
    ),
]


def found_for(text: str) -> tuple[Target, SockAddrLayout]:
    (target,) = resolve(parse(text), passive=True)
    return target, layout(target)


@little
@pytest.mark.parametrize(("text", "name", "size", "octets"), VECTORS)
def test_an_address_has_these_octets(text: str, name: str, size: int, octets: str) -> None:
    _, found = found_for(text)

    assert (found.struct, len(found.octets)) == (name, size)
    assert bytes(found) == bytes.fromhex(octets)
    assert found.octets == bytes(found) + bytes(size - len(bytes(found)))


@pytest.mark.netns
@pytest.mark.parametrize(
    "text",
    [
        *("tcp:127.0.0.1:5005", "udp6:[::1]:5005", "unix:@rawkit-octets", "vsock:any:5005"),
        *("mptcp:127.0.0.1:5006", "unix-seqpacket:here"),
    ],
)
def test_the_kernel_takes_the_octets_and_gives_them_back(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    target, found = found_for(text)
    with target.open() as sock:
        assert bound(sock, bytes(found)) == 0

        assert name_of(sock) == bytes(found)


@pytest.mark.netns
def test_the_kernel_completes_the_address_of_a_link() -> None:
    target, found = found_for("packet:lo/0x0800")
    with target.open() as sock:
        assert bound(sock, bytes(found)) == 0

        completed = name_of(sock)

    assert completed[:8] == bytes(found)[:8]
    assert struct.unpack("=HBB", completed[8:12]) == (772, 0, 6)  # loopback; 6 octets of address


def test_a_path_may_have_107_octets() -> None:
    _, found = found_for("unix:" + "x" * 107)

    assert (len(bytes(found)), bytes(found)[-1]) == (110, 0)


def test_a_descriptor_has_no_struct() -> None:
    target = Target(parse("fd:3"), "", 0, 0, 0)

    with pytest.raises(UsageError, match=r"fd:3: it has no struct sockaddr"):
        layout(target)


# What the notes of the command say of octets that were not cleared.


def loopback4(padding: bytes) -> bytes:
    return struct.pack("=H", socket.AF_INET) + bytes(2) + bytes((127, 0, 0, 1)) + padding


def loopback6(last: int, scope: int, flow: bytes = bytes(4)) -> bytes:
    host = bytes(15) + b"\1" if last == 1 else b"\xfe\x80" + bytes(13) + b"\1"
    return struct.pack("=H", socket.AF_INET6) + bytes(2) + flow + host + struct.pack("=I", scope)


@pytest.mark.netns
@pytest.mark.parametrize(
    ("family", "octets", "number"),
    [
        (socket.AF_INET, loopback4(b"rubbish!"), 0),
        (socket.AF_INET6, loopback6(1, 0x0BADBEEF, b"dirt"), 0),
        (socket.AF_INET6, loopback6(2, 0x0BADBEEF), errno.ENODEV),
        (socket.AF_INET6, loopback6(2, 0), errno.EINVAL),
    ],
)
def test_rubbish_matters_in_the_scope_of_a_link_local_address_and_not_in_padding(
    family: int, octets: bytes, number: int
) -> None:
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        assert bound(sock, octets) == number


@little
@pytest.mark.netns
def test_a_port_in_the_wrong_order_is_another_port() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        wrong = struct.pack("=HH", socket.AF_INET, 5007) + bytes((127, 0, 0, 1)) + bytes(8)
        assert bound(sock, wrong) == 0

        assert sock.getsockname()[1] == socket.htons(5007) == 36_627


def bound(sock: socket.socket, octets: bytes) -> int:
    """Call bind(2) with these octets, and return its errno."""
    return 0 if libc().bind(sock.fileno(), octets, len(octets)) == 0 else ctypes.get_errno()


def name_of(sock: socket.socket) -> bytes:
    """Return what getsockname(2) writes."""
    room, length = ctypes.create_string_buffer(128), ctypes.c_uint(128)
    call: Callable[..., int] = libc().getsockname
    assert call(sock.fileno(), room, ctypes.byref(length)) == 0
    return room.raw[: length.value]
