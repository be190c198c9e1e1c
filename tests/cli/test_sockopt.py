"""``rawkit sockopt``, to the letter."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Sequence

import pytest

from rawkit.cli.main import main
from rawkit.sockets.known.table import table

Captured = pytest.CaptureFixture[str]


@pytest.mark.netns
@pytest.mark.parametrize(
    ("words", "out"),
    [
        (
            ["tcp4:127.0.0.1:0", "TCP_NODELAY", "SO_KEEPALIVE", "tcp_keepcnt"],
            "tcp4 socket, neither bound nor connected\n"
            "SOL_SOCKET\n"
            "  SO_KEEPALIVE      off       ask a silent peer whether it is still there\n"
            "IPPROTO_TCP\n"
            "  TCP_NODELAY       off       send at once, without waiting for more (Nagle)\n"
            "  TCP_KEEPCNT       9 times   keepalives without an answer before it is dead\n",
        ),
        (
            ["tcp", "-o", "SO_RCVBUF=64KiB", "--option", "TCP_NODELAY=1", "SO_RCVBUF", "TCP_NODE*"],
            "tcp socket, neither bound nor connected\n"
            "SOL_SOCKET\n"
            "  SO_RCVBUF         131072 octets  room for what comes; twice what is asked for\n"
            "IPPROTO_TCP\n"
            "  TCP_NODELAY       on             send at once, without waiting for more (Nagle)\n",
        ),
        (
            ["unix-dgram", "SO_TYPE", "SO_DOMAIN", "SO_ERROR"],
            "unix-dgram socket, neither bound nor connected\n"
            "SOL_SOCKET\n"
            "  SO_DOMAIN         unix      family, as given to socket(2)\n"
            "  SO_TYPE           dgram     type, as given to socket(2)\n"
            "  SO_ERROR          none      the error that waits to be told; told, it is gone\n",
        ),
        (
            ["udp", "IP_MTU"],
            "udp socket, neither bound nor connected\n"
            "IPPROTO_IP\n"
            "  IP_MTU            not readable: transport endpoint is not connected (ENOTCONN)"
            "  path MTU as the kernel knows it; connected only\n",
        ),
        (
            ["--list", "SO_RCVTIMEO", "so_mark", "SO_ERROR", "SO_ATTACH_FILTER", "SO_TYPE"],
            "SOL_SOCKET (1)\n"
            "  SO_TYPE (3): type, as given to socket(2)\n"
            "    cannot be set; since Linux 2.2\n"
            "  SO_ERROR (4): the error that waits to be told; told, it is gone\n"
            "    cannot be set; to read it takes what it tells; since Linux 2.2\n"
            "  SO_RCVTIMEO (20): how long receiving may block; 0: for ever\n"
            "    takes seconds, such as 2.5 or 250ms; since Linux 2.2\n"
            "  SO_MARK (36): mark for firewall and routing\n"
            "    takes a number, such as 0x10; since Linux 2.6.25; to set it takes CAP_NET_ADMIN or"
            " CAP_NET_RAW\n"
            "  SO_ATTACH_FILTER (26): a classic BPF program that chooses what comes\n"
            "    takes a struct: not in words; cannot be read; since Linux 2.2\n",
        ),
    ],
)
def test_options_are_shown_with_values_and_units(
    words: Sequence[str], out: str, capsys: Captured
) -> None:
    code = main(["sockopt", *words])

    assert (code, *capsys.readouterr()) == (0, out, "")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        ([], 2, "no ADDRESS, such as tcp:127.0.0.1:0 (rawkit sockopt --help)"),
        (["tcp:a"], 2, "address 'tcp:a': no port: tcp:a:PORT"),
        (["fd"], 2, "address 'fd': it begins with a kind: tcp:HOST:PORT, udp:HOST:PORT, unix:PATH,"
            " vsock:CID:PORT or fd:NUMBER"),
        (["fd:987"], 2, "fd:987: no such descriptor is open here"),
        (["tcp", "NODELAY"], 2,
            "no socket option is called 'NODELAY' (did you mean TCP_NODELAY?)"),
        (["tcp", "X*"], 2, "no socket option is like 'X*' (rawkit sockopt --list)"),
        (["tcp", "-o", "TCP_NODELAY"], 2,
            "TCP_NODELAY: no value; TCP_NODELAY=VALUE, with on or off"),
        (["tcp", "-o", "SO_TYPE=1"], 2, "SO_TYPE can only be read"),
        (["unix", "-o", "TCP_NODELAY=1"], 2,
            "TCP_NODELAY=1: operation not supported (EOPNOTSUPP): the option is for another kind"
            " or protocol of sockets (try: another level)"),
        (["unix", "TCP_NODELAY"], 1, "TCP_NODELAY: this kind of socket has none"),
        (["unix", "tcp_*"], 1, "TCP_*: this kind of socket has none"),
        (["--fd", "3"], 2, "--fd goes with --pid; one of our own is the address fd:NUMBER"),
        (["--pid", "0"], 2, "bad process: '0' is no number from 1 to 4194304"),
        (["--pid", "x"], 2, "bad process: 'x' is no number from 1 to 4194304"),
        (["--pid", "1", "--fd", "-1"], 2, "bad descriptor: '-1' is no number from 0 to 2147483647"),
        (["--pid", "1", "-o", "SO_MARK=1"], 2,
            "--option is for a socket that is opened here; that of --pid is another's"),
        (["--list", "--pid", "1"], 2,
            "--list shows the table, of no socket: without --pid and --option"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line(
    words: Sequence[str], code: int, said: str, capsys: Captured
) -> None:
    found = main(["sockopt", *words])

    assert (found, *capsys.readouterr()) == (code, "", f"rawkit sockopt: {said}\n")


def test_without_names_all_that_can_be_read_is_shown(capsys: Captured) -> None:
    main(["sockopt", "tcp4"])
    out = capsys.readouterr().out
    main(["sockopt", "--all", "tcp4"])
    everything = capsys.readouterr().out

    assert "  TCP_NODELAY " in out
    assert "  IP_TTL " in out
    assert "not readable" not in out
    assert "  IP_MTU " not in out
    assert "  IP_MTU " in everything


def test_the_whole_table_is_listed(capsys: Captured) -> None:
    main(["sockopt", "--list"])
    lines = capsys.readouterr().out.splitlines()
    main(["sockopt", "--list", "--json"])
    objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    assert len([line for line in lines if line.startswith("  ") and line[2] != " "]) == len(table())
    assert [one["option_name"] for one in objects] == [one.name for one in table()]


def test_json_has_an_object_for_each_option(capsys: Captured) -> None:
    main(["sockopt", "--json", "udp4", "-o", "IP_TTL=7", "IP_TTL", "IP_MTU"])

    ttl, mtu = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert ttl == {
        "schema": "rawkit/1",
        "command": "sockopt",
        "type": "option",
        "host": None,
        "address": None,
        "socket_address": None,
        "peer_address": None,
        "pid": None,
        "descriptor": None,
        "option_name": "IP_TTL",
        "option_level": "IPPROTO_IP",
        "option_number": 2,
        "about": "TTL of what is sent",
        "option_unit": "hops",
        "settable": True,
        "takes": "a number of hops",
        "since_kernel": "1.0",
        "needs_capability": None,
        "option_value": 7,
        "errno_name": None,
    }
    assert (mtu["option_value"], mtu["errno_name"], mtu["settable"]) == (None, "ENOTCONN", False)


@pytest.mark.netns
def test_the_sockets_of_another_process_are_listed_and_shown(capsys: Captured) -> None:
    program = (
        "import socket, sys\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "client = socket.create_connection(server.getsockname())\n"
        "client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)\n"
        "netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)\n"
        "print(server.getsockname()[1], client.getsockname()[1], server.fileno(), flush=True)\n"
        "sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        port, ours, first = map(int, process.stdout.readline().split())
        pid = str(process.pid)
        codes = [main(["sockopt", "--pid", pid])]
        listed = capsys.readouterr().out
        codes.append(main(["sockopt", "-p", pid, "-f", str(first + 1), "TCP_NODELAY", "SO_ERROR"]))
        shown = capsys.readouterr().out
        codes.append(main(["sockopt", "--pid", pid, "TCP_NODELAY"]))
        several = capsys.readouterr().out
        codes.append(main(["sockopt", "--pid", pid, "--json"]))
        objects = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
        process.kill()

    assert codes == [0, 0, 0, 0]
    assert listed == (
        f"{first:4}  tcp4:127.0.0.1:{port} listening\n"
        f"{first + 1:4}  tcp4:127.0.0.1:{ours}, connected to tcp4:127.0.0.1:{port}\n"
        f"{first + 2:4}  AF_NETLINK socket\n"
    )
    head = f"descriptor {first + 1}: tcp4:127.0.0.1:{ours}, connected to tcp4:127.0.0.1:{port}\n"
    nodelay = "  TCP_NODELAY       {}       send at once, without waiting for more (Nagle)\n"
    assert shown == (
        f"{head}SOL_SOCKET\n"
        "  SO_ERROR          not read: that would take it  the error that waits to be told; told,"
        " it is gone\n"
        f"IPPROTO_TCP\n{nodelay.format('on ')}"
    )
    assert several == (
        f"descriptor {first}: tcp4:127.0.0.1:{port} listening\n"
        f"IPPROTO_TCP\n{nodelay.format('off')}\n"
        f"{head}IPPROTO_TCP\n{nodelay.format('on ')}"
    )
    assert [(one["descriptor"], one["listening"]) for one in objects] == [
        (first, True),
        (first + 1, False),
        (first + 2, False),
    ]
    assert objects[1]["peer_address"] == f"tcp4:127.0.0.1:{port}"
    assert {one["pid"] for one in objects} == {process.pid}


def test_a_process_without_sockets_is_exit_code_1(capsys: Captured) -> None:
    with subprocess.Popen(["sleep", "60"]) as process:
        try:
            code = main(["sockopt", "--pid", str(process.pid)])
        finally:
            process.kill()

    assert (code, *capsys.readouterr()) == (
        1,
        "",
        f"rawkit sockopt: process {process.pid} has no socket\n",
    )


def test_a_descriptor_of_ours_is_shown_and_stays_open(capsys: Captured) -> None:
    one, other = socket.socketpair()
    with one, other:
        code = main(["sockopt", f"fd:{one.fileno()}", "SO_ACCEPTCONN"])

        os.fstat(one.fileno())
        assert (code, *capsys.readouterr()) == (
            0,
            f"descriptor {one.fileno()}: unix socket without a name\n"
            "SOL_SOCKET\n  SO_ACCEPTCONN     off       it listens\n",
            "",
        )


def test_help_shows_the_notation_and_the_options(capsys: Captured) -> None:
    code = main(["sockopt", "--help"])

    out = capsys.readouterr().out
    assert code == 0
    assert "  -o, --option NAME=VALUE" in out
    assert "  vsock:CID:PORT  fd:NUMBER " in out
