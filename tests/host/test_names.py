"""Names to addresses and back: strict, in time, and with the cause when it fails."""

import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rawkit.errnos.resolver import cause_of
from rawkit.errors import NameNotFound
from rawkit.host import names, netlink
from rawkit.host.names import ReverseNames, resolve
from rawkit.lab.namespace import Namespace

if TYPE_CHECKING:
    from pyroute2 import IPRoute

A, PTR, AAAA = 1, 12, 28
NXDOMAIN = 3


@pytest.mark.parametrize(
    ("name", "address"),
    [
        ("192.0.2.7", IPv4Address("192.0.2.7")),
        ("2001:db8::7", IPv6Address("2001:db8::7")),
        ("fe80::1%eth0", IPv6Address("fe80::1%eth0")),
        ("::ffff:192.0.2.7", IPv6Address("::ffff:192.0.2.7")),
    ],
)
def test_an_address_is_taken_as_it_stands(name: str, address: IPv4Address | IPv6Address) -> None:
    assert resolve(name) == (address,)
    assert resolve(name, address.version, timeout=1) == (address,)


@pytest.mark.parametrize(
    ("name", "version", "message"),
    [
        ("192.0.2.7", 6, "192.0.2.7: is an IPv4 address, not IPv6"),
        ("2001:db8::7", 4, "2001:db8::7: is an IPv6 address, not IPv4"),
        ("", None, "'': an empty name"),
        (".", None, "'.': an empty name"),
        ("2001:db8::7::", None, "2001:db8::7::: not an IPv6 address"),
        ("a b", None, "'a b': not a host name"),
        ("a\x1b[2Jb", None, r"'a\x1b[2Jb': not a host name"),
        ("a\x1b:", None, r"'a\x1b:': not a host name"),
        ("user@example.org", None, "user@example.org: not a host name"),
        ("a..b", None, "a..b: not a host name (a part is empty, or it is too long)"),
        ("a" * 64, None, "a" * 64 + ": not a host name (a part is empty, or it is too long)"),
    ],
)
def test_what_cannot_be_a_name_is_refused_without_asking(
    name: str, version: int | None, message: str
) -> None:
    with pytest.raises(NameNotFound) as caught:
        resolve(name, version)

    assert str(caught.value) == message


@pytest.mark.parametrize("name", ["1", "010.0.0.1", "0x7f.1", "127.1", "1.2.3.4.5", "192.0.2.999"])
def test_what_only_libc_takes_for_an_address_is_refused(name: str) -> None:
    with pytest.raises(NameNotFound, match="not an IPv4 address"):
        resolve(name)


@pytest.mark.parametrize(
    ("code", "version", "words"),
    [
        (socket.EAI_NONAME, None, "unknown name"),
        (socket.EAI_NODATA, 6, "the name has no IPv6 address"),
        (socket.EAI_ADDRFAMILY, None, "the name has no address"),
        (socket.EAI_AGAIN, None, "no answer from the name server (is it reachable from here?)"),
        (socket.EAI_FAIL, 4, "the name server failed to answer"),
    ],
)
def test_each_cause_has_its_words(code: int, version: int | None, words: str) -> None:
    assert cause_of(code, version) == words


def test_localhost_is_known_everywhere() -> None:
    assert resolve("localhost", 4) == (IPv4Address("127.0.0.1"),)
    assert resolve("localhost", 4, timeout=10) == (IPv4Address("127.0.0.1"),)


@pytest.mark.parametrize(
    ("name", "is_harmless"),
    [
        ("host-1.example_x.org", True),
        ("", False),
        ("a\x1b]0;title\x07", False),
        ("a b", False),
        ("ho\N{LATIN SMALL LETTER O WITH DIAERESIS}st", False),
    ],
)
def test_only_plain_names_from_the_network_are_shown(name: str, is_harmless: bool) -> None:
    assert names.is_harmless(name) == is_harmless


def test_the_numeric_path_loads_nothing_for_threads_or_netlink() -> None:
    program = (
        "import sys; from rawkit.host.names import resolve; resolve('192.0.2.1')\n"
        "print({'threading', 'pyroute2', 'queue', 'asyncio'} & set(sys.modules))"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "set()\n"


def name_servers() -> list[str]:
    """The IPv4 name servers of resolv.conf(5), whose addresses a namespace can have as its own."""
    try:
        lines = Path("/etc/resolv.conf").read_text().splitlines()
    except OSError:
        lines = []
    found = [line.split()[1] for line in lines if line.startswith("nameserver ")]
    return [address for address in found if ":" not in address]


def question_of(query: bytes) -> tuple[str, int, bytes]:
    """Return name, type and octets of the question (RFC 1035 §4.1.2)."""
    place, labels = 12, []
    while length := query[place]:
        labels.append(query[place + 1 : place + 1 + length].decode())
        place += 1 + length
    (kind,) = struct.unpack_from("!H", query, place + 1)
    return ".".join(labels), kind, query[12 : place + 5]


def answer(query: bytes) -> bytes | None:
    """Answer as the name asked for wants it; ``silent…`` gets nothing."""
    name, kind, question = question_of(query)
    if name.startswith("silent") or name.endswith("2.2.0.192.in-addr.arpa"):
        return None
    data, code = b"", 0
    first = name.partition(".")[0]
    if first in ("dual", "four") and kind == A:
        data = bytes([192, 0, 2, 4])
    elif first == "dual" and kind == AAAA:
        data = IPv6Address("2001:db8::4").packed
    elif first == "1" and kind == PTR:
        data = b"\x04host\x07example\x00"
    elif first not in ("dual", "four"):
        code = NXDOMAIN
    header = query[:2] + struct.pack("!5H", 0x8180 | code, 1, 1 if data else 0, 0, 0)
    record = struct.pack("!HHHIH", 0xC00C, kind, 1, 60, len(data)) + data if data else b""
    return header + question + record


@contextmanager
def name_server(namespace: Namespace) -> Iterator[None]:
    """Answer at every address that resolv.conf names."""
    addresses = name_servers()
    if not addresses:
        pytest.skip("resolv.conf names no IPv4 name server")

    def set_up(ipr: "IPRoute") -> None:
        ipr.link("set", index=1, state="up")
        for address in addresses:
            if not address.startswith("127."):
                ipr.addr("add", index=1, address=address, prefixlen=32)

    netlink.ask(set_up, namespace.fileno())
    server = namespace.socket(socket.AF_INET, socket.SOCK_DGRAM)
    server.bind(("0.0.0.0", 53))

    def serve() -> None:
        while (query := server.recvfrom(512))[0] != b"stop":
            if (reply := answer(query[0])) is not None:
                server.sendto(reply, query[1])

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        with namespace.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"stop", ("127.0.0.1", 53))
        thread.join()
        server.close()


@pytest.mark.netns
@pytest.mark.parametrize(
    ("name", "version", "message"),
    [
        ("nosuch.example.", None, "nosuch.example.: unknown name"),
        ("nosuch.example.", 6, "nosuch.example.: unknown name"),
        ("four.example.", 6, "four.example.: the name has no IPv6 address, only IPv4"),
        (
            "silent.example.",
            None,
            "silent.example.: timed out: no answer from the name server in 0.2 s",
        ),
    ],
)
def test_a_name_server_decides_what_the_cause_is(
    name: str, version: int | None, message: str
) -> None:
    timeout = 0.2 if name.startswith("silent") else 5
    with Namespace() as namespace, name_server(namespace), pytest.raises(NameNotFound) as caught:
        namespace.run(resolve, name, version, timeout)

    assert str(caught.value) == message


@pytest.mark.netns
def test_both_families_are_resolved() -> None:
    four, six = IPv4Address("192.0.2.4"), IPv6Address("2001:db8::4")
    with Namespace() as namespace, name_server(namespace):
        assert set(namespace.run(resolve, "dual.example.")) == {four, six}
        assert namespace.run(resolve, "dual.example.", 6) == (six,)
        assert namespace.run(resolve, "four.example.", 4, 5) == (four,)


@pytest.mark.netns
def test_a_name_server_that_cannot_be_reached_is_told_from_an_unknown_name() -> None:
    with Namespace() as namespace, pytest.raises(NameNotFound) as caught:
        namespace.run(resolve, "host.example.")

    assert str(caught.value) == (
        "host.example.: no answer from the name server (is it reachable from here?)"
    )


@pytest.mark.alone
@pytest.mark.netns
def test_a_reverse_lookup_never_delays_the_one_who_asks() -> None:
    known, silent = IPv4Address("192.0.2.1"), IPv4Address("192.0.2.2")
    with Namespace() as namespace, name_server(namespace):

        def ask() -> tuple[str | None, float, str | None, str | None]:
            reverse = ReverseNames()
            before = time.monotonic()
            first = reverse.name(silent)
            took = time.monotonic() - before
            return first, took, reverse.wait(known, 5), reverse.wait(silent, 0.05)

        first, took, name, late = namespace.run(ask)

    assert first is None
    assert took < 0.5
    assert name == "host.example"
    assert late is None
