"""``rawkit errno``, to the letter."""

import json
from collections.abc import Sequence

import pytest

from rawkit.cli.main import main
from rawkit.errnos.icmp import TABLE
from rawkit.errnos.resolver import EVERY
from rawkit.errnos.table import CALLS, table

Captured = pytest.CaptureFixture[str]

EPIPE = """\
EPIPE (32): Broken pipe
  send                     no way to send: the other side is gone, shutdown(2) was called here, or
                           (TCP) the socket was never connected; SIGPIPE comes along unless it is
                           ignored
                           try: read what is left, and close
"""
ENONET = """\
ENONET (64): Machine is not on the network
  ICMP 3/8                 Source Host Isolated
"""
FILTERED = """\
ICMP 3/13: Packet filtered
  udp, connected           EHOSTUNREACH (no route to host)
  udp, IP_RECVERR          EHOSTUNREACH (no route to host)
  tcp, connecting          EHOSTUNREACH (no route to host)
  tcp, connected           nothing
"""
EXPIRED = """\
ICMPv6 3/0: Time exceeded: Hop limit
  udp, connected           nothing
  udp, IP_RECVERR          EHOSTUNREACH (no route to host)
  tcp, connecting          EHOSTUNREACH (no route to host)
  tcp, connected           nothing
"""
AGAIN = """\
EAI_AGAIN (-3): getaddrinfo(3)
  no answer from the name server (is it reachable from here?)
  try: /etc/resolv.conf names it; a lab has none: rawkit lab --host NAME=ADDRESS
"""
NO_DATA = """\
NO_DATA (4): h_errno, gethostbyname(3)
  the name has no IPv4 address: others were not asked for
  try: getaddrinfo(3)
"""
UNIX_LISTEN = """\
  EINVAL                   the socket is connected; or (unix) it has no name yet
                           try: bind first, and listen on a socket that does nothing else
  EOPNOTSUPP               only streams and seqpackets have connections to listen for
                           try: recv at once
  EBADF                    the descriptor is not open: closed already, perhaps by another thread
                           try: look for a second close; soon the number may stand for something
                           else
  ENOTSOCK                 the descriptor is no socket, but a file, a pipe or a terminal
  EFAULT                   a pointer leads to no memory of the process: a mistake in the program
  EINTR                    a signal came before anything else did
                           try: call again; Python does so by itself (PEP 475)
"""


@pytest.mark.parametrize(
    ("words", "out"),
    [
        (["EPIPE"], EPIPE),
        (["epipe"], EPIPE),
        (["32"], EPIPE),
        (["EPIPE", "--call", "write"], EPIPE),
        (["ENONET"], ENONET),
        (["EPIPE", "ENONET"], f"{EPIPE}\n{ENONET}"),
        (["icmp:3/13"], FILTERED),
        (["ICMP6:3/0"], EXPIRED),
        (["EAI_AGAIN"], AGAIN),
        (["--", "-3"], AGAIN),
        (["no_data"], NO_DATA),
        (["--call=listen", "-k", "unix"], UNIX_LISTEN),
    ],
)
def test_an_error_is_explained(words: Sequence[str], out: str, capsys: Captured) -> None:
    code = main(["errno", *words])

    assert (code, *capsys.readouterr()) == (0, out, "")


@pytest.mark.parametrize(
    ("words", "out", "said"),
    [
        (["EXDEV"], "", "no call on a socket is known to give invalid cross-device link (EXDEV)"),
        (
            ["EPIPE", "-c", "bind", "-k", "udp"],
            "",
            "bind on a udp socket is not known to give broken pipe (EPIPE)",
        ),
        (
            ["icmp:8/0"],
            "",
            "that is no ICMP error: sockets hear of errors only (rawkit errno --icmp lists them)",
        ),
        (
            ["EXDEV", "EPIPE"],
            EPIPE,
            "no call on a socket is known to give invalid cross-device link (EXDEV)",
        ),
    ],
)
def test_what_the_table_does_not_know_is_said_and_exit_code_1(
    words: Sequence[str], out: str, said: str, capsys: Captured
) -> None:
    code = main(["errno", *words])

    assert (code, *capsys.readouterr()) == (1, out, f"rawkit errno: {said}\n")


CALL_NAMES = ", ".join(CALLS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["EPIPPE"], "no errno is called 'EPIPPE' (did you mean EPIPE?)"),
        (["EAI_NAME"], "no error of the resolver is called 'EAI_NAME' (did you mean EAI_NONAME?)"),
        (["9999"], "no errno has the number 9999"),
        (["x\x1b[2J"], r"no errno is called 'x\x1b[2J'"),
        (["icmp:3"], "icmp:3: type and code, as in icmp:3/1"),
        (["icmp:3/x"], "icmp:3/x: 'x' is not in 0 to 255"),
        (["icmp6:256/0"], "icmp6:256/0: '256' is not in 0 to 255"),
        (["-c", "open"], f"no call 'open': one of {CALL_NAMES}"),
        (
            ["-k", "ftp"],
            "no kind of socket 'ftp': one of tcp, mptcp, udp, unix, vsock, packet, raw, ping",
        ),
        (
            ["--icmp", "EPIPE"],
            "--icmp shows the whole table; of one error: rawkit errno icmp:3/1",
        ),
        (["--calls"], "unrecognized option '--calls' (did you mean '--call'?)"),
        (["-3"], "invalid option -- '3' (rawkit errno --help)"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    words: Sequence[str], said: str, capsys: Captured
) -> None:
    code = main(["errno", *words])

    assert (code, *capsys.readouterr()) == (2, "", f"rawkit errno: {said}\n")


def test_without_a_word_all_that_it_knows_is_listed(capsys: Captured) -> None:
    code = main(["errno"])

    lines = capsys.readouterr().out.splitlines()
    errnos = {one.number for one in table()} | {one.number for one in TABLE if one.number}
    assert code == 0
    assert len(lines) == len(errnos) + 1 + len(EVERY)
    assert (
        "ENOPROTOOPT      92   Protocol not available"
        "                    socket getsockopt setsockopt icmp"
    ) in lines
    assert "EAI_NONAME      -2   unknown name" in lines


def test_the_table_of_icmp_errors_is_shown(capsys: Captured) -> None:
    main(["errno", "--icmp"])

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + len(TABLE) + 1 + 3
    rows = {line.split("  ")[0]: line.split()[-4:] for line in lines[1 : 1 + len(TABLE)]}
    assert rows["ICMP 3/1"] == ["EHOSTUNREACH", "no", "yes", "yes"]
    assert rows["ICMP 3/4"] == ["EMSGSIZE", "yes", "yes", "no"]
    assert rows["ICMPv6 137/*"] == ["none", "no", "no", "no"]


def test_a_kind_of_sockets_is_told_of_call_by_call(capsys: Captured) -> None:
    main(["errno", "-k", "vsock"])

    out = capsys.readouterr().out
    heads = [line for line in out.splitlines() if not line.startswith(" ")]
    assert heads == list(CALLS)
    assert "  ECONNRESET vsock         nobody listens at that port\n" in out


def test_json_has_one_object_a_line(capsys: Captured) -> None:
    main(["errno", "--json", "EACCES"])
    several = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    main(["errno", "--json", "icmp:3/1", "EAI_FAIL"])
    icmp, resolver = (json.loads(line) for line in capsys.readouterr().out.splitlines())

    head = {"schema": "rawkit/1", "command": "errno", "host": None, "address": None}
    assert {one["type"] for one in several} == {"meaning", "icmp"}
    assert several[0] == {
        **head,
        "type": "meaning",
        "errno": 13,
        "errno_name": "EACCES",
        "message": "Permission denied",
        "call": "socket",
        "socket_kinds": ["ping"],
        "cause": "ping sockets are for the groups in net.ipv4.ping_group_range and for nobody else,"
        " root included",
        "way_out": "sysctl net.ipv4.ping_group_range; or a raw socket",
    }
    assert icmp == {
        **head,
        "type": "icmp",
        "icmp_version": 4,
        "icmp_type": 3,
        "icmp_code": 1,
        "message": "Destination Host Unreachable",
        "errno": 113,
        "errno_name": "EHOSTUNREACH",
        "becomes": {
            "udp": None,
            "udp_recverr": "EHOSTUNREACH",
            "tcp_connecting": "EHOSTUNREACH",
            "tcp_connected": None,
        },
    }
    assert resolver == {
        **head,
        "type": "resolver",
        "resolver_code": -4,
        "errno_name": "EAI_FAIL",
        "cause": "the name server failed to answer",
        "way_out": "another name server; the zone of the name may be broken",
    }


@pytest.mark.parametrize(
    ("words", "count"),
    [
        ([], len(table()) + len(TABLE) + len(EVERY)),
        (["--icmp"], len(TABLE)),
        (["-c", "shutdown"], 2 + 4),
    ],
)
def test_lists_are_objects_too(words: Sequence[str], count: int, capsys: Captured) -> None:
    main(["errno", "--json", *words])

    assert len(capsys.readouterr().out.splitlines()) == count


def test_help_and_version_are_told(capsys: Captured) -> None:
    assert main(["errno", "--help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: rawkit errno [options] [NAME | NUMBER")
    assert main(["errno", "-V"]) == 0
    assert capsys.readouterr().out.startswith("rawkit errno ")
