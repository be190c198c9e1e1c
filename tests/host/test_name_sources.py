"""Where names are looked up, and what can be told of where an answer is from."""

import socket
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from rawkit.host import name_sources
from rawkit.host.name_sources import HostsLine, Origin, hosts_lines, name_servers, order, origin
from rawkit.host.names import Address

V4, V6 = IPv4Address("192.0.2.7"), IPv6Address("2001:db8::7")
LINE = HostsLine(3, V4, ("db.example", "db"))


@pytest.mark.parametrize(
    ("text", "services", "was_read"),
    [
        ("hosts: files dns\n", ("files", "dns"), True),
        (
            "# comment\npasswd: files\nhosts:\tfiles mdns4_minimal [NOTFOUND=return] dns  # end\n",
            ("files", "mdns4_minimal", "dns"),
            True,
        ),
        (
            "hosts: resolve [!UNAVAIL=return] files myhostname dns",
            ("resolve", "files", "myhostname", "dns"),
            True,
        ),
        ("hosts:\n", (), True),
        ("networks: files\n", ("files", "dns"), False),
        ("", ("files", "dns"), False),
    ],
)
def test_the_order_is_that_of_nsswitch(
    text: str, services: tuple[str, ...], was_read: bool
) -> None:
    assert order(text) == (services, was_read)


HOSTS_FILE = """\
127.0.0.1 localhost
# 192.0.2.1 db.example
192.0.2.7\tdb.example  DB # the database
2001:db8::7 db.example.
fe80::1%eth0 near
not-an-address db.example
"""


@pytest.mark.parametrize(
    ("name", "numbers"),
    [
        ("localhost", [1]),
        ("db.example", [3, 4]),
        ("DB.Example.", [3, 4]),
        ("db", [3]),
        ("near", [5]),
        ("example", []),
    ],
)
def test_a_name_is_found_in_the_hosts_file_as_the_resolver_does(
    name: str, numbers: list[int]
) -> None:
    assert [line.number for line in hosts_lines(name, HOSTS_FILE)] == numbers


def test_a_line_of_the_hosts_file_is_taken_apart() -> None:
    assert hosts_lines("db", HOSTS_FILE) == (HostsLine(3, V4, ("db.example", "DB")),)


@pytest.mark.parametrize(
    ("text", "servers"),
    [
        ("search example\nnameserver 192.0.2.53\nnameserver 2001:db8::53\n",
            ("192.0.2.53", "2001:db8::53")),
        ("nameserver\n# nameserver 192.0.2.1\n", ("127.0.0.1",)),
        ("", ("127.0.0.1",)),
    ],
)  # fmt: skip
def test_name_servers_are_those_of_resolv_conf(text: str, servers: tuple[str, ...]) -> None:
    assert name_servers(text) == servers


ORIGINS: list[tuple[str, tuple[Address, ...], str, tuple[HostsLine, ...], Origin, str]] = [
    (
        "db.example", (V4,), "files dns", (LINE,),
        Origin(("files",), (LINE,)), "the hosts file (/etc/hosts:3)",
    ),
    ("db.example", (V6,), "files dns", (LINE,), Origin(("dns",)), "DNS"),
    ("db.example", (V4,), "files dns", (), Origin(("dns",)), "DNS"),
    ("db.example", (V4,), "files resolve dns", (), Origin(("resolve", "dns")),
        "systemd-resolved or DNS"),
    (
        "db.example", (V4,), "mymachines files dns", (LINE,),
        Origin(("mymachines", "files"), (LINE,)),
        "containers (nss-mymachines) or the hosts file (/etc/hosts:3)",
    ),
    ("db.example", (V4,), "files mdns4_minimal dns", (), Origin(("dns",)), "DNS"),
    ("db.local", (V4,), "files mdns4_minimal dns", (), Origin(("mdns4_minimal", "dns")),
        "mdns4_minimal or DNS"),
    ("db.example", (V4,), "files myhostname dns", (), Origin(("dns",)), "DNS"),
    ("localhost", (V4,), "files myhostname", (), Origin(("myhostname",)),
        "the name of this machine (nss-myhostname)"),
    ("db.example", (V4,), "files", (), Origin(()), "unknown"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "found", "services", "lines", "expected", "words"), ORIGINS)
def test_the_origin_of_an_answer_is_concluded(
    name: str,
    found: tuple[Address, ...],
    services: str,
    lines: tuple[HostsLine, ...],
    expected: Origin,
    words: str,
) -> None:
    concluded = origin(name, found, services.split(), lines)

    assert concluded == expected
    assert str(concluded) == words


def test_the_name_of_this_machine_may_be_from_nss_myhostname() -> None:
    assert origin(socket.gethostname(), (V4,), ["myhostname", "dns"], ()).services == (
        "myhostname",
        "dns",
    )


def test_a_machine_without_these_files_is_no_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("NSSWITCH", "HOSTS", "RESOLV_CONF"):
        monkeypatch.setattr(name_sources, name, str(tmp_path / "missing"))

    assert (order(), hosts_lines("a"), name_servers()) == (
        (("files", "dns"), False),
        (),
        ("127.0.0.1",),
    )
