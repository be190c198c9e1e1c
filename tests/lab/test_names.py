"""A hosts file of a node's own: what is in it, and who sees it."""

import socket
import subprocess
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from rawkit import lab
from rawkit.errors import UsageError
from rawkit.host.names import resolve
from rawkit.lab.names import Names, hosts_file

V4, V6 = IPv4Address("192.0.2.7"), IPv6Address("2001:db8::7")
HEAD = "127.0.0.1 localhost\n::1 localhost\n"


@pytest.mark.parametrize(
    ("names", "text"),
    [
        ({}, ""),
        ({"db.example": V4}, f"{HEAD}192.0.2.7 db.example\n"),
        ({"db.example": "192.0.2.7"}, f"{HEAD}192.0.2.7 db.example\n"),
        ({"a": [V4, V6], "b": V6}, f"{HEAD}192.0.2.7 a\n2001:db8::7 a\n2001:db8::7 b\n"),
    ],
)
def test_names_become_a_hosts_file(names: Names, text: str) -> None:
    assert hosts_file(names) == text


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ({"a b": V4}, "'a b': not a host name"),
        ({"a\n192.0.2.1 b": V4}, r"'a\\n192.0.2.1 b': not a host name"),
        ({"192.0.2.1": V4}, "192.0.2.1: an address, and no name for one"),
        ({"a": "b"}, "a: 'b' is no address"),
        ({"a": [V4, "010.0.0.1"]}, "a: '010.0.0.1' is no address"),
    ],
)
def test_what_is_no_name_or_address_is_refused(names: Names, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        hosts_file(names)


@pytest.mark.netns
def test_a_node_knows_its_own_names_and_no_other_node_does() -> None:
    with lab.pair() as net:
        net.first.know({"db.example": [net.last.ipv4, net.last.ipv6]})

        found = net.first.run(resolve, "db.example", None, 10.0)
        told = net.first.popen(
            ["getent", "hosts", "db.example"], text=True, stdout=subprocess.PIPE
        ).communicate()[0]
        with pytest.raises(OSError, match=r"resolution|known"):
            net.last.run(socket.gethostbyname, "db.example")

    assert set(found) == {net.last.ipv4, net.last.ipv6}
    assert "db.example" in told


@pytest.mark.netns
def test_the_machine_keeps_its_names_and_its_folder() -> None:
    before = Path("/etc/hosts").read_text()
    with lab.pair() as net:
        net.first.know({"db.example": net.last.ipv4})
        inside = net.first.run(Path("/etc/hosts").read_text)
        folder = set(net.first.run(lambda: list(Path("/tmp").iterdir())))

        assert inside == f"{HEAD}{net.last.ipv4} db.example\n"
        assert Path("/etc/hosts").read_text() == before
        assert folder & set(Path("/tmp").iterdir()) or not any(Path("/tmp").iterdir())
        net.first.know({})
        assert net.first.run(Path("/etc/hosts").read_text) == before


@pytest.mark.netns
def test_names_can_be_said_when_a_node_is_added() -> None:
    with lab.Lab() as net:
        here = net.node("here", names={"there.example": V4})
        net.up()

        assert here.run(socket.gethostbyname, "there.example") == str(V4)
