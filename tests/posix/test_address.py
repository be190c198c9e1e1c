"""The notation of addresses: what it takes, what it refuses, and that it reads what it prints."""

import os
import socket
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit.errors import UsageError
from rawkit.posix.address import (
    KINDS,
    LONGEST_PATH,
    Address,
    DescriptorAddress,
    InternetAddress,
    PacketAddress,
    UnixAddress,
    VsockAddress,
    parse,
)

V4, V6 = IPv4Address("192.0.2.7"), IPv6Address("2001:db8::7")
UNIX, SEQPACKET = KINDS["unix"], KINDS["unix-seqpacket"]

CANONICAL = [
    ("tcp:example.org:80", InternetAddress(KINDS["tcp"], "example.org", 80)),
    ("tcp:192.0.2.7:0", InternetAddress(KINDS["tcp"], V4, 0)),
    ("tcp4:192.0.2.7:65535", InternetAddress(KINDS["tcp4"], V4, 65535)),
    ("tcp6:[2001:db8::7]:7", InternetAddress(KINDS["tcp6"], V6, 7)),
    ("tcp:[fe80::1%eth0]:7", InternetAddress(KINDS["tcp"], IPv6Address("fe80::1%eth0"), 7)),
    ("tcp6:[::ffff:c000:207]:7", InternetAddress(KINDS["tcp6"], IPv6Address("::ffff:c000:207"), 7)),
    ("tcp:*:7007", InternetAddress(KINDS["tcp"], "*", 7007)),
    ("udp:localhost:53", InternetAddress(KINDS["udp"], "localhost", 53)),
    ("udp4:192.0.2.7:53", InternetAddress(KINDS["udp4"], V4, 53)),
    ("udp6:[2001:db8::7]:53", InternetAddress(KINDS["udp6"], V6, 53)),
    ("mptcp:example.org.:443", InternetAddress(KINDS["mptcp"], "example.org.", 443)),
    ("mptcp4:192.0.2.7:443", InternetAddress(KINDS["mptcp4"], V4, 443)),
    ("mptcp6:[2001:db8::7]:443", InternetAddress(KINDS["mptcp6"], V6, 443)),
    ("unix:/run/echo.sock", UnixAddress(UNIX, "/run/echo.sock")),
    ("unix:here:and there", UnixAddress(UNIX, "here:and there")),
    ("unix:@echo", UnixAddress(UNIX, "echo", abstract=True)),
    ("unix:@", UnixAddress(UNIX, "", abstract=True)),
    (r"unix:\x40echo", UnixAddress(UNIX, "@echo")),
    (r"unix:@a\x00b", UnixAddress(UNIX, "a\0b", abstract=True)),
    (r"unix:a\\b\x0a\xff", UnixAddress(UNIX, os.fsdecode(b"a\\b\n\xff"))),
    ("unix-dgram:/tmp/log", UnixAddress(KINDS["unix-dgram"], "/tmp/log")),
    ("unix-seqpacket:@bus", UnixAddress(SEQPACKET, "bus", abstract=True)),
    ("vsock:2:1024", VsockAddress(KINDS["vsock"], 2, 1024)),
    ("vsock:any:any", VsockAddress(KINDS["vsock"], 0xFFFF_FFFF, 0xFFFF_FFFF)),
    ("fd:3", DescriptorAddress(KINDS["fd"], 3)),
    ("packet:eth0", PacketAddress(KINDS["packet"], "eth0")),
    ("packet:*/0x0806", PacketAddress(KINDS["packet"], "*", 0x0806)),
    (
        "packet:eth0.5/0x0003/02:00:00:00:01:02",
        PacketAddress(KINDS["packet"], "eth0.5", 3, bytes.fromhex("020000000102")),
    ),
]


@pytest.mark.parametrize(("text", "address"), CANONICAL)
def test_an_address_is_read_and_printed_as_it_was(text: str, address: Address) -> None:
    assert parse(text) == address
    assert str(address) == text


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("tcp:localhost:http", "tcp:localhost:80"),
        ("tcp:localhost:smtp", "tcp:localhost:25"),
        ("udp:localhost:domain", "udp:localhost:53"),
        ("mptcp:localhost:https", "mptcp:localhost:443"),
        ("tcp:[2001:0DB8:0::7]:7", "tcp:[2001:db8::7]:7"),
        ("vsock:host:1", "vsock:2:1"),
        ("vsock:local:4294967295", "vsock:1:any"),
        ("packet:eth0/0x3", "packet:eth0"),
        (r"unix:\x2frun", "unix:/run"),
    ],
)
def test_what_can_be_written_in_several_ways_is_printed_in_one(text: str, printed: str) -> None:
    assert str(parse(text)) == printed


BEGINS = "it begins with a kind"
REFUSED = [
    ("", f"{BEGINS}: tcp:HOST:PORT, udp:HOST:PORT, unix:PATH, vsock:CID:PORT or fd:NUMBER"),
    ("8080", f"{BEGINS}: tcp:HOST:PORT, udp:HOST:PORT, unix:PATH, vsock:CID:PORT or fd:NUMBER"),
    ("localhost:80", f"{BEGINS}: tcp:localhost:80, or udp:localhost:80"),
    ("/run/x", f"{BEGINS}: unix:/run/x"),
    ("@x", f"{BEGINS}: unix:@x"),
    ("tpc:localhost:80", "no kind 'tpc' (did you mean 'tcp'?)"),
    ("unix-seq:/x", "no kind 'unix-seq' (did you mean 'unix-seqpacket'?)"),
    ("tcp://localhost:80", "without //: tcp:HOST:PORT"),
    ("unix:///run/x", "without //: unix:PATH or unix:@NAME"),
    ("tcp:", "no port: tcp:HOST:PORT"),
    ("tcp:localhost", "no port: tcp:localhost:PORT"),
    ("tcp:localhost:", "no port behind the last colon"),
    ("tcp::80", "no host; say * for every address of this machine"),
    ("tcp:localhost:65536", "port 65536 is not in 0 to 65535"),
    ("tcp:localhost:99999999999999999999", "port 99999999999999999999 is not in 0 to 65535"),
    ("tcp:localhost:-1", "port '-1': decimal digits, 0 to 65535"),
    ("tcp:localhost:+80", "port '+80': decimal digits, 0 to 65535"),
    ("tcp:localhost:080", "port 080: a number without leading zeros"),
    ("tcp:localhost:0x50", "no service '0x50' of tcp (a number, or a name in /etc/services)"),
    ("tcp:localhost:\u0668\u0660", "port '\u0668\u0660': decimal digits, 0 to 65535"),
    ("tcp:localhost: 80", "no service ' 80' of tcp (a number, or a name in /etc/services)"),
    ("tcp:localhost:htpp", "no service 'htpp' of tcp (did you mean 'http'?)"),
    ("tcp:localhost:tftp", "service 'tftp' is one of udp only, at port 69: say the number"),
    ("tcp:::1:7", "an IPv6 address stands in brackets: tcp:[::1]:7"),
    ("tcp:a:b:7", "an IPv6 address stands in brackets: tcp:[ADDRESS]:7"),
    ("tcp:[::1]", "no port: tcp:[::1]:PORT"),
    ("tcp:[::1]7", "no port: tcp:[::1]:PORT"),
    ("tcp:[::1:7", "no ] behind the address"),
    ("tcp:[192.0.2.7]:7", "[192.0.2.7] is no IPv6 address: only those stand in brackets"),
    ("tcp:[fe80::1%]:7", "[fe80::1%] is no IPv6 address: only those stand in brackets"),
    ("tcp:[fe80::1%a b]:7", "'a b' is no name of an interface"),
    ("tcp:[fe80::1%interface-number-7]:7", "'interface-number-7' is no name of an interface"),
    ("tcp4:[2001:db8::7]:7", "2001:db8::7 is an IPv6 address: tcp: takes it"),
    ("udp6:192.0.2.7:7", "192.0.2.7 is an IPv4 address: udp: takes it"),
    ("tcp:a b:7", "'a b': not a host name"),
    ("tcp:a*:7", "'a*': not a host name"),
    ("tcp:\x1b[2J:7", "'\\x1b[2J': not a host name"),
    ("unix:", "no path"),
    ("unix:a\0b", "a path cannot hold a NUL"),
    (r"unix:a\x00b", "a path cannot hold a NUL"),
    (r"unix:a\b", r"a backslash is written \\, an octet \x0a"),
    ("unix:\ud800", "the path holds what no file name can hold"),
    ("unix:/" + "x" * 107, "the path has 108 octets, and 107 is the limit"),
    ("unix:" + "\u00e4" * 54, "the path has 108 octets, and 107 is the limit"),
    ("unix-dgram:@" + "x" * 108, "the name has 108 octets, and 107 is the limit"),
    ("vsock:2", "no port: vsock:CID:PORT"),
    ("vsock:guest:1", "cid 'guest' is no number"),
    ("vsock:2:http", "port 'http' is no number"),
    ("vsock:4294967296:1", "cid 4294967296 is not in 0 to 4294967295"),
    ("fd:", "descriptor '' is no number"),
    ("fd:-1", "descriptor '-1' is no number"),
    ("fd:03", "descriptor '03' is no number"),
    ("fd:2147483648", "descriptor 2147483648 is not in 0 to 2147483647"),
    ("packet:", "'' is no name of an interface"),
    ("packet:eth0/arp", "protocol 'arp': an EtherType, such as 0x0800"),
    ("packet:eth0/0x10000", "protocol '0x10000': an EtherType, such as 0x0800"),
    ("packet:eth0/0x0800/1", "hardware address '1': such as 02:00:00:00:01:02"),
    (
        "packet:eth0/0x0800/00:00:00:00:00:00:00:00:00",
        "a hardware address of 9 octets: 8 is the limit",
    ),
]
OLD_NUMBERS = [
    "1",
    "127.1",
    "010.0.0.1",
    "0x7f.1",
    "0x7f000001",
    "192.0.2.256",
    "1.2.3.4.5",
    "\u0661",
]


@pytest.mark.parametrize(("text", "why"), REFUSED)
def test_what_is_no_address_is_refused_with_the_reason(text: str, why: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)

    assert str(caught.value) == f"address {text!r}: {why}"


@pytest.mark.parametrize("host", OLD_NUMBERS)
def test_what_only_old_libraries_take_for_an_address_is_refused(host: str) -> None:
    with pytest.raises(UsageError, match="not an IPv4 address"):
        parse(f"tcp:{host}:80")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: InternetAddress(KINDS["tcp"], V4, 65536), "port 65536 is not in 0 to 65535"),
        (lambda: InternetAddress(KINDS["tcp"], V4, -1), "port -1 is not in 0 to 65535"),
        (
            lambda: InternetAddress(KINDS["tcp"], "192.0.2.7", 1),
            "'192.0.2.7': a name; as an address, give IPv4Address('192.0.2.7')",
        ),
        (lambda: InternetAddress(KINDS["tcp"], "", 1), "'': an empty name"),
        (lambda: UnixAddress(UNIX, ""), "no path"),
        (lambda: VsockAddress(KINDS["vsock"], -1, 1), "cid -1 is not in 0 to 4294967295"),
        (lambda: DescriptorAddress(KINDS["fd"], -1), "descriptor -1 is not in 0 to 2147483647"),
        (lambda: PacketAddress(KINDS["packet"], "lo", -1), "protocol -0x1 is not in 0 to 0xffff"),
    ],
)
def test_an_address_that_cannot_be_cannot_be_made_either(make: object, why: str) -> None:
    assert callable(make)
    with pytest.raises(UsageError) as caught:
        make()

    assert str(caught.value) == why


def test_every_kind_says_what_socket_takes() -> None:
    for kind in KINDS.values():
        if kind.word in ("fd", "vsock", "packet") or kind.family == socket.AF_UNSPEC:
            continue
        with socket.socket(kind.family, kind.type, kind.protocol) as sock:
            assert (sock.family, sock.type) == (kind.family, kind.type)


LABEL = st.from_regex(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(LABEL, min_size=1, max_size=4).map(".".join)
INTERFACES = st.from_regex(r"[a-z][a-z0-9.@_-]{0,14}", fullmatch=True)
SCOPED = st.builds(
    lambda number, scope: IPv6Address(f"{IPv6Address(number)}%{scope}"),
    st.integers(0, 2**128 - 1),
    INTERFACES,
)
PORTS, WORDS = st.integers(0, 0xFFFF), st.integers(0, 0xFFFF_FFFF)
ANY = [kind for kind in KINDS.values() if kind.word in ("tcp", "udp", "mptcp")]
V4S = [kind for kind in KINDS.values() if kind.word in ("tcp4", "udp4", "mptcp4")]
V6S = [kind for kind in KINDS.values() if kind.word in ("tcp6", "udp6", "mptcp6")]
UNIXES = st.sampled_from([kind for kind in KINDS.values() if kind.family == socket.AF_UNIX])
FILES = st.binary(min_size=1, max_size=LONGEST_PATH).map(os.fsdecode)
SIX = st.ip_addresses(v=6) | SCOPED
ADDRESSES = st.one_of(
    st.builds(InternetAddress, st.sampled_from(ANY), NAMES | st.ip_addresses() | SCOPED, PORTS),
    st.builds(InternetAddress, st.sampled_from(V4S), NAMES | st.ip_addresses(v=4), PORTS),
    st.builds(InternetAddress, st.sampled_from(V6S), NAMES | SIX | st.just("*"), PORTS),
    st.builds(UnixAddress, UNIXES, FILES.filter(lambda path: "\0" not in path)),
    st.builds(
        UnixAddress, UNIXES, st.binary(max_size=LONGEST_PATH).map(os.fsdecode), st.just(True)
    ),
    st.builds(VsockAddress, st.just(KINDS["vsock"]), WORDS, WORDS),
    st.builds(DescriptorAddress, st.just(KINDS["fd"]), st.integers(0, 2**31 - 1)),
    st.builds(
        PacketAddress,
        st.just(KINDS["packet"]),
        INTERFACES | st.just("*"),
        PORTS,
        st.binary(max_size=8),
    ),
)


@given(ADDRESSES)
def test_reading_takes_back_what_printing_gave(address: Address) -> None:
    text = str(address)

    assert parse(text) == address
    assert text.isprintable()


WITH_KIND = st.builds(lambda word, rest: f"{word}:{rest}", st.sampled_from([*KINDS]), st.text())


@given(st.text(max_size=60) | WITH_KIND)
def test_whatever_is_typed_is_an_address_or_refused_in_a_line(text: str) -> None:
    try:
        printed = str(parse(text))
    except UsageError as refusal:
        printed = str(refusal)
    else:
        assert str(parse(printed)) == printed

    assert printed.isprintable()
