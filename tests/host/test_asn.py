"""Autonomous systems of addresses: by a table, the longest prefix first, and by DNS."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path

import dns.flags
import dns.message
import dns.rcode
import dns.resolver
import dns.rrset
import pytest

from rawkit.errors import RawkitError, UsageError
from rawkit.host import asn_dns
from rawkit.host.asn import AutonomousSystem, SystemTable, parse_table, read_table
from rawkit.host.asn_dns import systems_by_dns
from rawkit.host.names import LookUps

LINES = """
# a comment, and an empty line

198.51.100.0/24   64500   EXAMPLE - An Example, ZZ
198.51.100.128/25 AS64501 # more exact
198.51.100.200/32 64502,64503/as64504 Three of them
0.0.0.0/0         1       ; everybody else
2001:db8::/32     4294967295 Six
2001:db8:1::/48   64505
203.0.113.0/24    64506   old
203.0.113.0/24    64507   new\x1b[2J
"""

FOUND = [
    ("198.51.100.1", (64500,), "EXAMPLE - An Example, ZZ"),
    ("198.51.100.127", (64500,), "EXAMPLE - An Example, ZZ"),
    ("198.51.100.128", (64501,), None),
    ("198.51.100.200", (64502, 64503, 64504), "Three of them"),
    ("192.0.2.1", (1,), None),
    ("2001:db8::1", (4294967295,), "Six"),
    ("2001:db8:1::1", (64505,), None),
    ("203.0.113.9", (64507,), "new?[2J"),
]

WRONG = [
    ("198.51.100.0/24", "no AS number: PREFIX ASN [NAME]"),
    ("198.51.100.0/24 AS", "'AS' is no AS number: PREFIX ASN [NAME]"),
    ("198.51.100.0/24 4294967296", "'4294967296' is no AS number: PREFIX ASN [NAME]"),
    ("198.51.100.0/24 1,x", "'1,x' is no AS number: PREFIX ASN [NAME]"),
    ("198.51.100.1/24 1", "198.51.100.1/24 has host bits set: PREFIX ASN [NAME]"),
    ("198.51.100.0/33 1", "'198.51.100.0/33' is no prefix: PREFIX ASN [NAME]"),
    ("example 1", "'example' is no prefix: PREFIX ASN [NAME]"),
    ("2001:db8::/129 1", "'2001:db8::/129' is no prefix: PREFIX ASN [NAME]"),
]


@pytest.fixture(scope="module")
def table() -> SystemTable:
    return parse_table(LINES.splitlines(), "table")


@pytest.mark.parametrize(("address", "numbers", "name"), FOUND)
def test_the_longest_prefix_counts(
    table: SystemTable, address: str, numbers: tuple[int, ...], name: str | None
) -> None:
    assert table.known(ip_address(address)) == AutonomousSystem(numbers, name)


def test_an_address_in_no_prefix_has_none(table: SystemTable) -> None:
    assert table.known(ip_address("2001:db9::1")) is None
    assert len(table) == 7


@pytest.mark.parametrize(("line", "said"), WRONG)
def test_a_line_that_is_none_is_told_with_its_number(line: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_table(["# fine", line], "table")

    assert str(caught.value) == f"table: line 2: {said}"


def test_a_table_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_text("192.0.2.0/24\t64500\tcaf\u00e9\n")

    found = read_table(str(path)).known(ip_address("192.0.2.1"))

    assert found == AutonomousSystem((64500,), "caf\u00e9")


def test_a_file_that_is_not_there_is_one_line() -> None:
    with pytest.raises(UsageError, match=r"^cannot read '/nowhere': No such file or directory$"):
        read_table("/nowhere")


def test_a_system_looks_as_in_traceroute_8() -> None:
    assert str(AutonomousSystem((64500, 64501))) == "AS64500/AS64501"


# By DNS

RECORDS = {
    "4.3.2.1.origin.asn.example.": '"64500 64501 | 1.2.3.0/24 | ZZ | example | 2002-01-04"',
    "AS64500.asn.example.": '"64500 | ZZ | example | 2002-01-04 | EXAMPLE - An " "Example, ZZ"',
    "5.3.2.1.origin.asn.example.": '"64502 | 1.2.3.5/32 | ZZ | example | "',
    "6.3.2.1.origin.asn.example.": '"nonsense"',
    "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.7.6.8.4.1.0.0.2.origin6.asn.example.": (
        '"64503 | 2001:4867::/32 | ZZ | example | "'
    ),
}


@contextmanager
def name_server() -> Iterator[tuple[dns.resolver.Resolver, list[str]]]:
    """Answer TXT questions on the loopback interface; yield who asks there, and the questions."""
    asked: list[str] = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], server.getsockname()[1]
        thread = threading.Thread(target=serve, args=(server, asked), daemon=True)
        thread.start()
        try:
            yield resolver, asked
        finally:
            server.sendto(b"", server.getsockname())
            thread.join()


def serve(server: socket.socket, asked: list[str]) -> None:
    while True:
        data, client = server.recvfrom(4096)
        if not data:
            return
        question = dns.message.from_wire(data)
        name = question.question[0].name.to_text()
        asked.append(name)
        answer = dns.message.make_response(question)
        if name in RECORDS:
            answer.answer.append(dns.rrset.from_text(name, 60, "IN", "TXT", RECORDS[name]))
        else:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        server.sendto(answer.to_wire(), client)


def waited(systems: LookUps[AutonomousSystem], address: str) -> AutonomousSystem | None:
    return systems.wait(ip_address(address), 30)


def test_an_origin_and_its_name_are_asked_for() -> None:
    with name_server() as (resolver, _):
        systems = systems_by_dns("asn.example", resolver)

        assert waited(systems, "1.2.3.4") == AutonomousSystem(
            (64500, 64501), "EXAMPLE - An Example, ZZ"
        )
        assert waited(systems, "1.2.3.5") == AutonomousSystem((64502,), None)
        assert waited(systems, "2001:4867::1") == AutonomousSystem((64503,), None)


def test_what_the_zone_does_not_know_is_not_known() -> None:
    with name_server() as (resolver, _):
        systems = systems_by_dns("asn.example", resolver)

        assert waited(systems, "1.2.3.6") is None
        assert waited(systems, "1.2.3.7") is None


def test_nobody_is_told_of_addresses_that_are_not_global() -> None:
    with name_server() as (resolver, asked):
        systems = systems_by_dns("asn.example", resolver)
        for address in ("10.1.2.3", "192.0.2.1", "127.0.0.1", "fe80::1", "2001:db8::1"):
            assert waited(systems, address) is None

    assert asked == []


def test_asking_never_waits() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        resolver = dns.resolver.Resolver(configure=False)
        resolver.nameservers, resolver.port = ["127.0.0.1"], silent.getsockname()[1]

        systems = systems_by_dns("asn.example", resolver)

        assert systems.known(ip_address("1.2.3.4")) is None


def test_without_dnspython_the_ways_out_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "dns.resolver", None)

    with pytest.raises(RawkitError) as caught:
        asn_dns.systems_by_dns()

    assert str(caught.value) == (
        "AS numbers by DNS take dnspython: pip install 'rawkit[dns]'; or use --as-table FILE"
    )
