"""``rawkit sockaddr``, to the letter."""

import json
import sys
from collections.abc import Sequence

import pytest

from rawkit.cli.main import main
from rawkit.host import sysctl
from rawkit.posix.ports import UNPRIVILEGED

Captured = pytest.CaptureFixture[str]
pytestmark = pytest.mark.skipif(sys.byteorder == "big", reason="little-endian to the letter")

IN = """\
tcp4:127.0.0.1:80: struct sockaddr_in, 16 octets (ip(7))
    0  02 00                    sin_family  sa_family_t       host     AF_INET, 2
    2  00 50                    sin_port    in_port_t         network  80
    4  7f 00 00 01              sin_addr    struct in_addr    network  127.0.0.1
    8  00 00 00 00 00 00 00 00  sin_zero    unsigned char[8]           nothing: it makes the \
struct 16 octets
"""
NOTES = """\

port:       80 (http), well-known (0 to 1023), to bind it takes CAP_NET_BIND_SERVICE
            (net.ipv4.ip_unprivileged_port_start is 1024)
byte order: this machine (host) keeps the low octet of a number first, networks the high one. Port
            80 is 50 00 here and 00 50 in a packet: htons(3), host to network short, swaps the two,
            and ntohs(3) swaps them back. Forgotten, it is port 20480.
            htonl(3), the same for 4 octets, is for addresses written as numbers: 127.0.0.1 is
            0x7f000001, which is 01 00 00 7f here. inet_pton(3) gives network order by itself.
zeros:      bzero(3), today memset(3) or = {0}, cleared the struct before it was filled, for a
            variable begins with what was in memory. Linux does not look at sin_zero; a scope that
            was not cleared sends a link-local address of IPv6 to another interface, or nowhere.
"""
IN6 = """\
udp6:[2001:db8::7]:53: struct sockaddr_in6, 28 octets (ipv6(7))
    0  0a 00                    sin6_family    sa_family_t      host     AF_INET6, 10
    2  00 35                    sin6_port      in_port_t        network  53
    4  00 00 00 00              sin6_flowinfo  uint32_t         network  no flow label
    8  20 01 0d b8 00 00 00 00  sin6_addr      struct in6_addr  network  2001:db8::7
   16  00 00 00 00 00 00 00 07
   24  00 00 00 00              sin6_scope_id  uint32_t         host     no interface
"""
UN = """\
unix:/run/echo.sock: struct sockaddr_un, 110 octets, of which 17 are handed over (unix(7))
    0  01 00                    sun_family  sa_family_t  host  AF_UNIX, 1
    2  2f 72 75 6e 2f 65 63 68  sun_path    char[108]          the path, and a NUL behind it
   10  6f 2e 73 6f 63 6b 00
   17  00 (93 times)                                           not looked at
"""
ABSTRACT = """\
unix:@a: struct sockaddr_un, 110 octets, of which 4 are handed over (unix(7))
    0  01 00           sun_family  sa_family_t  host  AF_UNIX, 1
    2  00 61           sun_path    char[108]          a NUL, and the abstract name behind it: \
addrlen says how long it is
    4  00 (106 times)                                 not looked at
"""
VM = """\
vsock:2:1024: struct sockaddr_vm, 16 octets (vsock(7))
    0  28 00        svm_family     sa_family_t       host  AF_VSOCK, 40
    2  00 00        svm_reserved1  unsigned short          nothing
    4  00 04 00 00  svm_port       unsigned int      host  1024
    8  02 00 00 00  svm_cid        unsigned int      host  2, the host
   12  00           svm_flags      uint8_t                 no flags
   13  00 00 00     svm_zero       unsigned char[3]        nothing: it makes the struct 16 octets
"""
LL = """\
packet:lo/0x0806/02:00:00:00:00:01: struct sockaddr_ll, 20 octets (packet(7))
    0  11 00                    sll_family    sa_family_t       host     AF_PACKET, 17
    2  08 06                    sll_protocol  __be16            network  0x0806, of frames
    4  01 00 00 00              sll_ifindex   int               host     interface 1, lo
    8  00 00                    sll_hatype    unsigned short    host     told on arrival: kind of \
link
   10  00                       sll_pkttype   unsigned char              told on arrival: for us, \
for all …
   11  06                       sll_halen     unsigned char              6 octets of sll_addr count
   12  02 00 00 00 00 01 00 00  sll_addr      unsigned char[8]           02:00:00:00:00:01
"""


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["tcp:127.0.0.1:http"], IN),
        (["udp:[2001:db8::7]:domain"], IN6),
        (["unix:/run/echo.sock"], UN),
        (["unix:@a"], ABSTRACT),
        (["vsock:host:1024"], VM),
        (["packet:lo/0x0806/02:00:00:00:00:01"], LL),
        (["tcp4:127.0.0.1:80", "unix:@a"], f"{IN}\n{ABSTRACT}"),
    ],
)
def test_the_octets_of_an_address_are_annotated(
    words: Sequence[str], out: str, capsys: Captured
) -> None:
    code = main(["sockaddr", "-q", *words])

    assert (code, *capsys.readouterr()) == (0, out, "")


@pytest.mark.netns
def test_notes_tell_what_is_to_be_seen(capsys: Captured) -> None:
    before = sysctl.read(UNPRIVILEGED)
    sysctl.write(UNPRIVILEGED, 1024)
    try:
        code = main(["sockaddr", "tcp:127.0.0.1:80"])
    finally:
        sysctl.write(UNPRIVILEGED, before)

    assert (code, *capsys.readouterr()) == (0, IN + NOTES, "")


def test_a_name_has_a_struct_for_each_of_its_addresses(capsys: Captured) -> None:
    main(["sockaddr", "--json", "tcp:localhost:25"])

    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["host"] for one in found} == {"localhost"}
    assert "020000197f0000010000000000000000" in {one["sockaddr"] for one in found}


def test_json_has_every_field_of_the_struct(capsys: Captured) -> None:
    main(["sockaddr", "--json", "unix:@a"])

    assert json.loads(capsys.readouterr().out) == {
        "schema": "rawkit/1",
        "command": "sockaddr",
        "type": "sockaddr",
        "host": None,
        "address": None,
        "socket_address": "unix:@a",
        "struct": "sockaddr_un",
        "sockaddr": "01000061",
        "struct_octets": 110,
        "members": [
            {
                "member": "sun_family",
                "c_type": "sa_family_t",
                "at": 0,
                "member_octets": "0100",
                "byte_order": "host",
                "value": "AF_UNIX, 1",
            },
            {
                "member": "sun_path",
                "c_type": "char[108]",
                "at": 2,
                "member_octets": "0061" + 106 * "00",
                "byte_order": None,
                "value": "a NUL, and the abstract name behind it: addrlen says how long it is",
            },
        ],
    }


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "no ADDRESS, such as tcp:127.0.0.1:80 (rawkit sockaddr --help)"),
        (["tcp:a"], 2, "address 'tcp:a': no port: tcp:a:PORT"),
        (["fd:3"], 2, "fd:3: a socket already, and no address of one"),
        (["packet:nosuch"], 2, "no interface called nosuch"),
        (
            ["tcp:[fe80::1%nosuch]:1"],
            2,
            "no way to fe80::1%nosuch: no interface called nosuch",
        ),
        (["-w", "x", "tcp:a:1"], 2, "bad timeout: x (seconds, or 200ms, 50us, 2m)"),
    ],
)
def test_a_mistake_is_one_line(
    words: Sequence[str], code: int, said: str, capsys: Captured
) -> None:
    found = main(["sockaddr", *words])

    assert (found, *capsys.readouterr()) == (code, "", f"rawkit sockaddr: {said}\n")


@pytest.mark.netns
def test_a_name_without_an_address_is_exit_code_1_and_the_others_are_shown(
    capsys: Captured,
) -> None:
    code = main(["sockaddr", "-q", "-w", "20", "tcp:nosuch.invalid:1", "unix:@a"])

    out, err = capsys.readouterr()
    assert (code, out) == (1, ABSTRACT)
    assert err.startswith("rawkit sockaddr: nosuch.invalid: ")
    assert err.count("\n") == 1


def test_help_shows_the_notation_and_the_options(capsys: Captured) -> None:
    code = main(["sockaddr", "--help"])

    out = capsys.readouterr().out
    assert code == 0
    assert "  unix:PATH       unix-dgram:PATH unix-seqpacket:PATH" in out
    assert "  -w, --timeout TIME" in out
