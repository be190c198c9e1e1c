"""From addresses to what the system calls take, and back."""

import os
import socket
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.errors import NameNotFound, NoRoute, UsageError
from rawkit.posix.address import Address, DescriptorAddress, parse
from rawkit.posix.resolution import (
    IPAddress,
    SockAddr,
    Target,
    adopt,
    kind_of,
    local_address,
    peer_address,
    resolve,
)

KNOWN: dict[tuple[str, int | None], tuple[IPAddress, ...]] = {
    ("both.example", None): (IPv6Address("2001:db8::7"), IPv4Address("192.0.2.7")),
    ("both.example", 4): (IPv4Address("192.0.2.7"),),
    ("both.example", 6): (IPv6Address("2001:db8::7"),),
}


def look_up(name: str, version: int | None) -> tuple[IPAddress, ...]:
    if (name, version) not in KNOWN:
        raise NameNotFound(f"{name}: unknown name")
    return KNOWN[name, version]


def targets(text: str, *, passive: bool = False) -> list[tuple[str, SockAddr]]:
    found = resolve(parse(text), passive=passive, look_up=look_up)
    return [(str(one.address), one.sockaddr) for one in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tcp:192.0.2.7:80", [("tcp4:192.0.2.7:80", ("192.0.2.7", 80))]),
        ("udp:[2001:db8::7]:53", [("udp6:[2001:db8::7]:53", ("2001:db8::7", 53, 0, 0))]),
        (
            "tcp6:[::ffff:192.0.2.7]:80",
            [("tcp6:[::ffff:c000:207]:80", ("::ffff:c000:207", 80, 0, 0))],
        ),
        (
            "mptcp:both.example:80",
            [
                ("mptcp6:[2001:db8::7]:80", ("2001:db8::7", 80, 0, 0)),
                ("mptcp4:192.0.2.7:80", ("192.0.2.7", 80)),
            ],
        ),
        ("tcp4:both.example:80", [("tcp4:192.0.2.7:80", ("192.0.2.7", 80))]),
        ("udp6:both.example:80", [("udp6:[2001:db8::7]:80", ("2001:db8::7", 80, 0, 0))]),
        ("unix:/run/x", [("unix:/run/x", b"/run/x")]),
        (r"unix-dgram:a\xff", [(r"unix-dgram:a\xff", b"a\xff")]),
        ("unix-seqpacket:@x", [("unix-seqpacket:@x", b"\0x")]),
        ("vsock:2:80", [("vsock:2:80", (2, 80))]),
        ("packet:lo/0x0806", [("packet:lo/0x0806", ("lo", 0x0806, 0, 0, b""))]),
        ("packet:*", [("packet:*", ("", 3, 0, 0, b""))]),
    ],
)
def test_an_address_becomes_what_connect_takes(
    text: str, found: list[tuple[str, SockAddr]]
) -> None:
    assert targets(text) == found


def test_the_interface_of_a_link_local_address_becomes_its_number() -> None:
    index = socket.if_nametoindex("lo")

    assert targets("tcp:[fe80::1%lo]:80")[0][1] == ("fe80::1", 80, 0, index)
    assert targets(f"tcp:[fe80::1%{index}]:80")[0][1] == ("fe80::1", 80, 0, index)


@pytest.mark.parametrize(
    ("text", "error", "why"),
    [
        ("tcp:nobody.example:80", NameNotFound, "nobody.example: unknown name"),
        (
            "tcp:[fe80::1%nosuch]:80",
            NoRoute,
            "no way to fe80::1%nosuch: no interface called nosuch",
        ),
        ("tcp:[fe80::1%9999]:80", NoRoute, "no way to fe80::1%9999: no interface called 9999"),
        (
            "tcp:[fe80::1%99999999999]:80",
            NoRoute,
            "no way to fe80::1%99999999999: no interface called 99999999999",
        ),
        ("packet:nosuch", NoRoute, "no interface called nosuch"),
        ("tcp:*:80", UsageError, "tcp:*:80: * is for servers; a client needs a host"),
        ("udp:[::1]:0", UsageError, "udp:[::1]:0: nobody can be connected to at port 0"),
        (
            "unix:@",
            UsageError,
            "unix:@: no name; only for bind(2), where the kernel then chooses one",
        ),
        (
            "vsock:any:1",
            UsageError,
            "vsock:any:1: a client needs a cid; 2 is the host, 1 this machine",
        ),
        ("fd:3", UsageError, "fd:3: a socket already, and no address of one"),
    ],
)
def test_what_leads_nowhere_is_refused(text: str, error: type[Exception], why: str) -> None:
    with pytest.raises(error) as caught:
        targets(text)

    assert str(caught.value) == why


@pytest.mark.parametrize(
    ("text", "family", "dual", "bound"),
    [
        ("tcp:*:0", socket.AF_INET6, True, "tcp:*:"),
        ("udp:*:0", socket.AF_INET6, True, "udp:*:"),
        ("tcp6:*:0", socket.AF_INET6, False, "tcp6:[::]:"),
        ("tcp:[::]:0", socket.AF_INET6, False, "tcp6:[::]:"),
        ("tcp4:*:0", socket.AF_INET, False, "tcp4:0.0.0.0:"),
        ("tcp:127.0.0.1:0", socket.AF_INET, False, "tcp4:127.0.0.1:"),
        ("udp6:[::1]:0", socket.AF_INET6, False, "udp6:[::1]:"),
        ("unix-dgram:@", socket.AF_UNIX, False, "unix-dgram:@"),
        ("unix:@rawkit-test", socket.AF_UNIX, False, "unix:@rawkit-test"),
    ],
)
@pytest.mark.netns
def test_an_address_can_be_bound_and_told(text: str, family: int, dual: bool, bound: str) -> None:
    (target,) = resolve(parse(text), passive=True)
    with target.open() as sock:
        sock.bind(target.sockaddr)

        found = local_address(sock)

    assert (target.family, target.dual) == (family, dual)
    assert str(found).startswith(bound)
    assert found == parse(str(found))


@pytest.mark.netns
def test_every_address_is_ipv4_alone_where_there_is_no_ipv6() -> None:
    from rawkit.lab.namespace import SILENT, Namespace, write_sysctls

    with Namespace() as without:
        without.run(write_sysctls, SILENT)

        found = without.run(resolve, parse("tcp:*:80"), passive=True)

    assert [str(one.address) for one in found] == ["tcp4:0.0.0.0:80"]


@pytest.mark.netns
def test_a_peer_of_ipv4_at_a_socket_for_both_is_shown_as_what_it_is() -> None:
    (every,) = resolve(parse("tcp:*:0"), passive=True)
    with every.open() as server:
        server.bind(every.sockaddr)
        server.listen()
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            accepted, _ = server.accept()
            with accepted:
                seen, ours = peer_address(accepted), local_address(client)

    assert str(seen) == str(ours)
    assert str(seen).startswith("tcp4:127.0.0.1:")


def test_a_socket_without_a_name_has_no_address() -> None:
    first, second = socket.socketpair()
    with first, second:
        assert local_address(first) is None
        assert peer_address(second) is None


def test_a_socket_of_default_protocol_is_told_from_one_of_multipath_tcp() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as plain:
        assert kind_of(plain).word == "tcp4"
    try:
        multipath = resolve(parse("mptcp:127.0.0.1:1"))[0].open()
    except OSError:
        pytest.skip("this kernel has no multipath TCP")
    with multipath:
        assert kind_of(multipath).word == "mptcp4"


def test_a_kind_of_socket_without_a_word_is_named() -> None:
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)
    with netlink, pytest.raises(UsageError) as caught:
        kind_of(netlink)

    assert str(caught.value) == (
        "no kind of address is for sockets of AF_NETLINK, SOCK_RAW, protocol 0"
    )


def test_a_descriptor_that_was_given_is_adopted() -> None:
    given, other = socket.socketpair()
    number = given.detach()
    with other, adopt(_descriptor(number)) as sock:
        other.send(b"here")

        assert sock.recv(9) == b"here"


def test_what_is_no_socket_is_not_adopted_and_stays_open() -> None:
    reader, writer = os.pipe()
    os.close(writer)
    with pytest.raises(UsageError, match=rf"fd:{reader}: the descriptor is no socket"):
        adopt(_descriptor(reader))

    os.close(reader)
    with pytest.raises(UsageError, match=rf"fd:{reader}: no such descriptor is open here"):
        adopt(_descriptor(reader))


def test_a_socket_is_closed_on_exec() -> None:
    (target,) = resolve(parse("tcp:127.0.0.1:1"))
    with target.open() as sock:
        assert not os.get_inheritable(sock.fileno())


def _descriptor(number: int) -> DescriptorAddress:
    address: Address = parse(f"fd:{number}")
    assert isinstance(address, DescriptorAddress)
    return address


def test_a_target_is_a_value() -> None:
    (one,), (two,) = resolve(parse("tcp:127.0.0.1:1")), resolve(parse("tcp4:127.0.0.1:1"))

    assert isinstance(one, Target)
    assert one == two
