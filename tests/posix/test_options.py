"""Socket options by name: values in words, as the kernel takes them, and back."""

import errno
import socket
import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit.errors import MissingCapability, OptionRefused, UsageError
from rawkit.host import capability
from rawkit.host.threads import on_own_thread
from rawkit.posix import option_values, options
from rawkit.posix.option_values import Value, show, values_of, written
from rawkit.posix.options import Reading, parse_setting, read, readings
from rawkit.sockets.known.option import KnownOption
from rawkit.sockets.known.table import find, table

INT, LONG, TIME, LINGER = "=i", "=Q", "=qq", "=ii"

WRITTEN = [
    ("TCP_NODELAY=1", INT, (1,)),
    ("tcp_nodelay=on", INT, (1,)),
    ("SO_KEEPALIVE=off", INT, (0,)),
    ("SO_KEEPALIVE=FALSE", INT, (0,)),
    ("IP_TTL=64", INT, (64,)),
    ("IPV6_UNICAST_HOPS=-1", INT, (-1,)),
    ("SO_PRIORITY=6", INT, (6,)),
    ("IP_TOS=0x10", INT, (16,)),
    ("SO_MARK=0xffffffff", INT, (-1,)),
    ("SO_RCVBUF=65536", INT, (65536,)),
    ("SO_RCVBUF=64KiB", INT, (65536,)),
    ("SO_SNDBUF=2MiB", INT, (2 << 20,)),
    ("TCP_KEEPIDLE=60", INT, (60,)),
    ("TCP_KEEPIDLE=2m", INT, (120,)),
    ("TCP_USER_TIMEOUT=500", INT, (500,)),
    ("TCP_USER_TIMEOUT=2.5s", INT, (2500,)),
    ("SO_BUSY_POLL=2ms", INT, (2000,)),
    ("SO_RCVTIMEO=2.5", TIME, (2, 500_000)),
    ("SO_RCVTIMEO=250ms", TIME, (0, 250_000)),
    ("SO_SNDTIMEO=0", TIME, (0, 0)),
    ("SO_LINGER=off", LINGER, (0, 0)),
    ("SO_LINGER=0", LINGER, (1, 0)),
    ("SO_LINGER=5s", LINGER, (1, 5)),
    ("SO_MAX_PACING_RATE=1MiB", LONG, (1 << 20,)),
    ("IP_MTU_DISCOVER=do", INT, (2,)),
    ("IP_MTU_DISCOVER=3", INT, (3,)),
    ("SO_TIMESTAMPING=rx_software|software", INT, (24,)),
    ("SO_TIMESTAMPING=rx_software,0x10", INT, (24,)),
    ("SO_BUF_LOCK=none", INT, (0,)),
    ("SO_BINDTOIFINDEX=none", INT, (0,)),
    ("IP_UNICAST_IF=1", "!i", (1,)),
]


@pytest.mark.parametrize(("text", "layout", "numbers"), WRITTEN)
def test_a_value_in_words_becomes_octets(text: str, layout: str, numbers: tuple[int, ...]) -> None:
    setting = parse_setting(text)

    assert setting.octets == struct.pack(layout, *numbers)
    assert str(setting) == f"{setting.known.name}={text.partition('=')[2]}"


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("TCP_CONGESTION=cubic", b"cubic\0"),
        ("SO_BINDTODEVICE=eth0.5", b"eth0.5\0"),
        ("IP_OPTIONS=01010101", b"\1\1\1\1"),
        ("IP_MULTICAST_IF=192.0.2.7", bytes((192, 0, 2, 7))),
    ],
)
def test_a_value_that_is_no_number_becomes_octets(text: str, octets: bytes) -> None:
    assert parse_setting(text).octets == octets


REFUSED = [
    ("NODELAY=1", "no socket option is called 'NODELAY' (did you mean TCP_NODELAY?)"),
    ("SO_RCVBUF", "SO_RCVBUF: no value; SO_RCVBUF=VALUE, with octets, such as 65536 or 64KiB"),
    ("TCP_NODELAY=", "TCP_NODELAY: no value; TCP_NODELAY=VALUE, with on or off"),
    ("TCP_NODELAY=maybe", "TCP_NODELAY='maybe': it takes on or off"),
    ("IP_TTL=0x", "IP_TTL='0x': it takes a number of hops"),
    ("IP_TTL=1e3", "IP_TTL='1e3': it takes a number of hops"),
    ("IP_TTL=\u0661", "IP_TTL='\u0661': it takes a number of hops"),
    ("IP_TTL=99999999999", "IP_TTL='99999999999': it takes a number of hops"),
    ("SO_RCVBUF=-1", "SO_RCVBUF=-1: not in 0 to 2147483647"),
    ("SO_RCVBUF=4GiB", "SO_RCVBUF=4GiB: not in 0 to 2147483647"),
    ("SO_RCVBUF=64k", "SO_RCVBUF='64k': it takes octets, such as 65536 or 64KiB"),
    ("TCP_KEEPIDLE=1.5s", "TCP_KEEPIDLE=1.5s: whole seconds, such as 60 or 2m"),
    ("TCP_KEEPIDLE=never", "TCP_KEEPIDLE='never': it takes whole seconds, such as 60 or 2m"),
    ("SO_RCVTIMEO=x", "SO_RCVTIMEO='x': it takes seconds, such as 2.5 or 250ms"),
    ("SO_RCVTIMEO=1.2.3", "SO_RCVTIMEO='1.2.3': it takes seconds, such as 2.5 or 250ms"),
    ("SO_LINGER=0.5", "SO_LINGER='0.5': it takes off, or whole seconds, such as 5"),
    (
        "IP_MTU_DISCOVER=maybe",
        "IP_MTU_DISCOVER='maybe': it takes dont or want or do or probe or interface or omit",
    ),
    ("SO_BUF_LOCK=sndbuf|x", "SO_BUF_LOCK='x': it takes sndbuf|rcvbuf"),
    ("TCP_CONGESTION=a\x1b[2J", r"TCP_CONGESTION='a\x1b[2J': it takes a word"),
    ("IP_OPTIONS=0", "IP_OPTIONS='0': it takes octets in hexadecimal"),
    ("IP_MULTICAST_IF=10.1", "IP_MULTICAST_IF='10.1': it takes an IPv4 address"),
    (
        "SO_BINDTOIFINDEX=nosuch",
        "SO_BINDTOIFINDEX: no interface called 'nosuch'",
    ),
    ("SO_TYPE=1", "SO_TYPE can only be read"),
    ("SO_ERROR=1", "SO_ERROR can only be read"),
    (
        "SO_ATTACH_FILTER=00",
        "SO_ATTACH_FILTER takes a struct, which cannot be written in a word",
    ),
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_is_no_value_is_refused_with_what_is(text: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_setting(text)

    assert str(caught.value) == why


@given(st.sampled_from(table()), st.text(max_size=20))
def test_whatever_is_typed_is_a_value_or_refused_in_a_line(known: KnownOption, word: str) -> None:
    try:
        told = str(len(parse_setting(f"{known.name}={word}").octets))
    except UsageError as refusal:
        told = str(refusal)

    assert told.isprintable()


SHOWN: list[tuple[str, Value, str, str]] = [
    ("TCP_NODELAY", True, "on", "on"),
    ("SO_RCVBUF", 131072, "131072 octets", "131072"),
    ("SO_RCVLOWAT", 1, "1 octet", "1"),
    ("IP_TTL", 64, "64 hops", "64"),
    ("IP_TOS", 16, "0x10", "16"),
    ("SO_RCVTIMEO", 0.25, "0.25 s", "0.25"),
    ("SO_RCVTIMEO", 1e-6, "0.000001 s", "0.000001"),
    ("SO_LINGER", None, "off", "off"),
    ("SO_LINGER", 0, "0 s", "0"),
    ("SO_ERROR", 0, "none", "0"),
    ("SO_ERROR", errno.ECONNREFUSED, "ECONNREFUSED", "111"),
    ("SO_MAX_PACING_RATE", (1 << 64) - 1, "no limit", str((1 << 64) - 1)),
    ("TCP_CONGESTION", "cubic", "cubic", "cubic"),
    ("SO_BINDTODEVICE", "", "none", ""),
    ("IP_MTU_DISCOVER", "want", "want", "want"),
    ("SO_TIMESTAMPING", "rx_software|software", "rx_software|software", "rx_software|software"),
]


@pytest.mark.parametrize(("name", "value", "shown", "word"), SHOWN)
def test_a_value_is_shown_with_its_unit_and_written_without(
    name: str, value: Value, shown: str, word: str
) -> None:
    assert show(find(name), value) == shown
    assert written(find(name), value) == word


KINDS = {
    "tcp4": (socket.AF_INET, socket.SOCK_STREAM, 0),
    "tcp6": (socket.AF_INET6, socket.SOCK_STREAM, 0),
    "udp4": (socket.AF_INET, socket.SOCK_DGRAM, 0),
    "udp6": (socket.AF_INET6, socket.SOCK_DGRAM, 0),
    "unix": (socket.AF_UNIX, socket.SOCK_SEQPACKET, 0),
    "packet": (socket.AF_PACKET, socket.SOCK_RAW, 0),
    "icmp": (socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP),
    "vsock": (socket.AF_VSOCK, socket.SOCK_STREAM, 0),
}
UNSTABLE = {"SO_INCOMING_CPU", "TCP_TIMESTAMP", "SO_RCVBUF", "SO_SNDBUF"}
"""What has another value when it is set to the one that it had, or at another time."""


@pytest.fixture(params=KINDS)
def sock(request: pytest.FixtureRequest) -> Iterator[socket.socket]:
    try:
        opened = socket.socket(*KINDS[request.param])
    except OSError as error:
        pytest.skip(f"no such sockets here: {error}")
    with opened:
        yield opened


@pytest.mark.netns
def test_every_value_that_is_read_can_be_written_back(sock: socket.socket) -> None:
    refused = {}
    for before in readings(sock):
        known = before.known
        plain = known.form not in ("struct", "counters", "credentials")
        if before.problem or not known.is_settable or not plain or before.value == "":
            continue
        setting = parse_setting(f"{known.name}={written(known, before.value)}")
        try:
            setting.apply(sock)
        except (OptionRefused, MissingCapability) as error:
            refused[known.name] = str(error)
            continue
        if known.name not in UNSTABLE:
            assert read(sock, known) == before

    assert set(refused) - EXPECTED_REFUSALS == set(), refused


EXPECTED_REFUSALS = {
    *("IP_HDRINCL", "IP_NODEFRAG", "IP_ROUTER_ALERT", "IPV6_ROUTER_ALERT"),  # of raw sockets
    *("IP_MULTICAST_TTL", "IP_MULTICAST_IF", "IP_RECVFRAGSIZE"),  # not of TCP
    *("IPV6_MULTICAST_HOPS", "IPV6_MULTICAST_IF"),
    "SO_ZEROCOPY",  # of TCP and UDP
    "SO_RESERVE_MEM",  # in a memory cgroup only
    "TCP_TIMESTAMP",  # in repair only
    "PACKET_FANOUT",  # of a socket that is bound
}
"""What these kinds of sockets tell, but take from some only."""


@pytest.mark.netns
@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("tcp4", "TCP_NODELAY=1", True),
        ("tcp4", "SO_RCVBUF=8KiB", 16384),  # the kernel doubles it, for its own books
        ("tcp4", "TCP_USER_TIMEOUT=2s", 2000),
        ("tcp6", "TCP_KEEPIDLE=1m", 60),
        ("tcp4", "SO_LINGER=5", 5),
        ("tcp4", "SO_LINGER=off", None),
        ("tcp4", "SO_RCVTIMEO=2s", 2.0),
        ("udp4", "IP_MTU_DISCOVER=probe", "probe"),
        ("udp4", "IP_MULTICAST_IF=127.0.0.1", "127.0.0.1"),
        ("udp4", "SO_BINDTODEVICE=lo", "lo"),
        ("udp6", "IPV6_UNICAST_IF=lo", "lo"),
        ("udp6", "SO_BINDTOIFINDEX=lo", "lo"),
        ("udp4", "SO_TIMESTAMPING=rx_software|software", "rx_software|software"),
        ("udp4", "SO_MAX_PACING_RATE=1MiB", 1 << 20),
        ("unix", "SO_PASSCRED=on", True),
        ("packet", "PACKET_VERSION=v3", "v3"),
        ("vsock", "SO_VM_SOCKETS_BUFFER_SIZE=64KiB", 65536),
        ("vsock", "SO_VM_SOCKETS_CONNECT_TIMEOUT=3s", 3.0),
        ("icmp", "ICMP_FILTER=0x800", 0x800),
    ],
)
def test_the_kernel_takes_what_was_written(kind: str, text: str, value: Value) -> None:
    setting = parse_setting(text)
    try:
        opened = socket.socket(*KINDS[kind])
    except OSError as error:
        pytest.skip(f"no such sockets here: {error}")
    with opened:
        options.apply(opened, [setting])

        assert read(opened, setting.known) == Reading(setting.known, value)


@pytest.mark.netns
@pytest.mark.parametrize(
    ("kind", "text", "why"),
    [
        (
            "tcp4",
            "TCP_CONGESTION=nosuch",
            "TCP_CONGESTION=nosuch: no such file or directory (ENOENT): there is nothing of that"
            " name: no such algorithm, or no filter to take off (try: sysctl"
            " net.ipv4.tcp_available_congestion_control)",
        ),
        (
            "tcp4",
            "TCP_KEEPIDLE=0",
            "TCP_KEEPIDLE=0: invalid argument (EINVAL): the value is out of range or of the wrong"
            " size, or it is too late for it (IPV6_V6ONLY behind bind); it takes whole seconds,"
            " such as 60 or 2m",
        ),
        (
            "unix",
            "TCP_NODELAY=1",
            "TCP_NODELAY=1: operation not supported (EOPNOTSUPP): the option is for another kind or"
            " protocol of sockets (try: another level)",
        ),
        (
            "udp4",
            "SO_BINDTODEVICE=nosuch",
            "SO_BINDTODEVICE=nosuch: no such device (ENODEV): there is no such interface (try: ip"
            " link lists them)",
        ),
    ],
)
def test_what_the_kernel_refuses_is_explained(kind: str, text: str, why: str) -> None:
    with socket.socket(*KINDS[kind]) as opened, pytest.raises(OptionRefused) as caught:
        parse_setting(text).apply(opened)

    assert str(caught.value) == why
    assert caught.value.errno


@pytest.mark.netns
def test_a_capability_that_is_missing_is_named() -> None:
    with socket.socket() as opened:

        def powerless() -> None:
            capability.drop()
            parse_setting("SO_MARK=1").apply(opened)

        with pytest.raises(MissingCapability, match=r"cannot set SO_MARK: .*CAP_NET_ADMIN"):
            on_own_thread(powerless)


def test_what_reading_would_take_is_left_unless_it_is_asked_for() -> None:
    known = find("SO_ERROR")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.connect(("127.0.0.1", 1))
        asking.send(b"x")  # which a closed port answers by ICMP

        assert read(asking, known) == Reading(known, is_kept=True)
        assert str(read(asking, known)) == "not read: that would take it"
        assert read(asking, known, take=True).value == errno.ECONNREFUSED
        assert read(asking, known, take=True).value == 0


def test_what_can_only_be_set_is_not_read() -> None:
    with socket.socket() as opened:
        assert read(opened, find("SO_SNDBUFFORCE")).is_absent


def test_what_cannot_be_read_now_says_why() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unconnected:
        found = read(unconnected, find("IP_MTU"))

    assert not found.is_absent
    assert str(found) == "not readable: transport endpoint is not connected (ENOTCONN)"


def test_the_peer_of_a_unix_socket_is_told() -> None:
    import os

    one, other = socket.socketpair()
    with one, other:
        found = read(one, find("SO_PEERCRED"))

    assert found.value == f"pid {os.getpid()}, uid {os.geteuid()}, gid {os.getegid()}"


def test_every_option_says_what_it_can_be_set_to() -> None:
    for known in table():
        assert values_of(known)
        assert (values_of(known) == "cannot be set") == (not known.is_settable)
    assert option_values.values_of(find("SO_RCVTIMEO")) == "seconds, such as 2.5 or 250ms"
