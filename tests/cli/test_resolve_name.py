"""``rawkit resolve-name``, to the letter."""

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence

import pytest

from rawkit import lab
from rawkit.cli.main import main
from rawkit.host import name_sources
from rawkit.lab.namespace import Namespace
from rawkit.lab.topology import Node
from tests.host import test_names
from tests.host.test_names import name_server

Captured = pytest.CaptureFixture[str]
RAWKIT = (sys.executable, "-m", "rawkit", "resolve-name")
TIME = re.compile(r" +\d+\.\d{3} ms|(?<=for) \d+\.\d(?= s)")
SERVICES, _ = name_sources.order()
plain = pytest.mark.skipif(SERVICES != ("files", "dns"), reason="the order is another one here")
ORDER = "  asked in this order             files dns (/etc/nsswitch.conf)\n"
SERVERS = (
    f"  name servers                    {' '.join(name_sources.name_servers())}"
    " (/etc/resolv.conf)\n"
)

pytestmark = pytest.mark.netns


def run(*words: str) -> tuple[int, str, str]:
    """Run the command in a node that knows a name; times become ``#``."""
    with lab.pair() as net:
        net.first.know({"db.example": [net.last.ipv4, net.last.ipv6], "four.example": "192.0.2.7"})
        return asked(net.first, *words)


def asked(where: Namespace | Node, *words: str) -> tuple[int, str, str]:
    """Run the command somewhere; times become ``#``."""
    with where.popen(
        [*RAWKIT, *words], text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, TIME.sub(" #", out), err


@plain
def test_what_the_resolver_makes_of_a_name_is_shown() -> None:
    assert run("db.example") == (
        0,
        "db.example\n"
        "  getaddrinfo #  fd00:0:0:1::2, 10.1.0.2\n"
        "  getaddrinfo, IPv4 #  10.1.0.2\n"
        "  getaddrinfo, IPv6 #  fd00:0:0:1::2\n"
        "  gethostbyname #  10.1.0.2\n"
        "  canonical name                  db.example\n"
        "  said by                         the hosts file (/etc/hosts:3, /etc/hosts:4)\n"
        f"{ORDER}{SERVERS}",
        "",
    )


@plain
def test_one_version_of_ip_can_be_asked_for() -> None:
    assert run("-6", "db.example") == (
        0,
        "db.example\n"
        "  getaddrinfo, IPv6 #  fd00:0:0:1::2\n"
        "  canonical name                  db.example\n"
        "  said by                         the hosts file (/etc/hosts:4)\n"
        f"{ORDER}{SERVERS}",
        "",
    )


@plain
def test_what_is_asked_again_comes_from_a_memory_while_it_holds() -> None:
    code, out, err = run("-4", "-c", "3", "-i", "10ms", "four.example")

    assert (code, err) == (0, "")
    assert out.splitlines()[-2:] == [
        "  time 2 #  192.0.2.7  remembered for # s, holds for # s more",
        "  time 3 #  192.0.2.7  remembered for # s, holds for # s more",
    ]


@plain
def test_without_a_lifetime_the_resolver_is_asked_each_time() -> None:
    _, out, _ = run("-4", "-c", "2", "-t", "0", "four.example")

    assert out.splitlines()[-1] == "  time 2 #  192.0.2.7  asked"


@plain
def test_a_name_without_an_address_is_exit_code_1_with_the_cause() -> None:
    again = "no answer from the name server (is it reachable from here?)"

    assert run("nosuch.example.") == (
        1,
        "nosuch.example.\n"
        f"  getaddrinfo #  none: {again}\n{'':34}(EAI_AGAIN)\n"
        f"  getaddrinfo, IPv4 #  none: {again}\n{'':34}(EAI_AGAIN)\n"
        f"  getaddrinfo, IPv6 #  none: {again}\n{'':34}(EAI_AGAIN)\n"
        "  gethostbyname #  none: no answer from the name server, or not now (TRY_AGAIN)\n"
        f"{ORDER}{SERVERS}",
        "",
    )


def test_quiet_gives_addresses_and_nothing_else() -> None:
    assert run("-q", "db.example", "nosuch.example.", "192.0.2.9") == (
        1,
        "fd00:0:0:1::2\n10.1.0.2\n192.0.2.9\n",
        "rawkit resolve-name: nosuch.example.: no answer from the name server (is it reachable"
        " from here?)\n",
    )


def test_json_has_an_object_for_each_question_and_one_for_the_name() -> None:
    _, out, _ = run("--json", "-c", "2", "db.example")

    found = [json.loads(line) for line in out.splitlines()]
    assert [one["type"] for one in found] == [*["question"] * 4, "again", "name"]
    assert {one["host"] for one in found} == {"db.example"}
    assert [(one["question"], one["ip_version"]) for one in found[:4]] == [
        ("getaddrinfo", None),
        ("getaddrinfo", 4),
        ("getaddrinfo", 6),
        ("gethostbyname", 4),
    ]
    assert all(one["took"] > 0 for one in found[:5])
    assert found[4]["remembered"] + found[4]["holds"] == pytest.approx(30, abs=1e-3)
    name = found[5]
    assert name["address"] == "fd00:0:0:1::2"
    assert name["found_addresses"] == ["fd00:0:0:1::2", "10.1.0.2"]
    assert (name["canonical_name"], name["hosts_file_lines"]) == ("db.example", [3, 4])
    assert "files" in name["found_in"]
    assert name["is_numeric"] is False


@plain
def test_what_the_hosts_file_does_not_say_dns_has_said() -> None:
    with Namespace() as namespace, name_server(namespace):
        code, out, err = asked(namespace, "-4", "four.example.")

    assert (code, err) == (0, "")
    assert out == (
        "four.example.\n"
        "  getaddrinfo, IPv4 #  192.0.2.4\n"
        "  gethostbyname #  192.0.2.4\n"
        "  canonical name                  four.example\n"
        "  said by                         DNS\n"
        f"{ORDER}{SERVERS}"
    )


@plain
def test_a_silent_name_server_is_waited_for_once_and_not_for_each_question() -> None:
    with Namespace() as namespace, name_server(namespace):
        code, out, err = asked(namespace, "-w", "200ms", "silent.example.")

    assert (code, err) == (1, "")
    assert out == (f"silent.example.\n  getaddrinfo #  none: no answer in 0.2 s\n{ORDER}{SERVERS}")


def test_ctrl_c_ends_the_wait_for_a_silent_name_server_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked_for = threading.Event()
    monkeypatch.setattr(test_names, "answer", lambda _: asked_for.set())
    with Namespace() as namespace, name_server(namespace):
        process = namespace.popen(
            [*RAWKIT, "-w", "0", "silent.example."],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        with process:
            assert asked_for.wait(30)
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=4)

    assert (out, err) == (b"", b"")
    assert process.returncode in (-signal.SIGINT, 130)


def test_ctrl_c_ends_a_wait_and_what_is_known_stays() -> None:
    with lab.pair() as net, net.first.popen(
        [*RAWKIT, "-4", "-c", "2", "-i", "60m", "localhost"],
        text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        told = ""
        while "asked in this order" not in told:
            told += process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)

    assert told.startswith("localhost\n")
    assert "127.0.0.1" in told
    assert (process.returncode, err) == (130, "")


def test_an_address_is_taken_as_it_stands(capsys: Captured) -> None:
    code = main(["resolve-name", "192.0.2.7", "fe80::1%lo"])

    assert (code, *capsys.readouterr()) == (
        0,
        "192.0.2.7\n  an IPv4 address and no name: nobody was asked\n\n"
        "fe80::1%lo\n  an IPv6 address and no name: nobody was asked\n",
        "",
    )
    main(["resolve-name", "--json", "192.0.2.7"])
    assert json.loads(capsys.readouterr().out) == {
        "schema": "rawkit/1",
        "command": "resolve-name",
        "type": "name",
        "host": "192.0.2.7",
        "address": "192.0.2.7",
        "found_addresses": ["192.0.2.7"],
        "canonical_name": None,
        "found_in": [],
        "hosts_file_lines": [],
        "lookup_order": [],
        "resolver_servers": [],
        "is_numeric": True,
    }


STRICT = "not an IPv4 address (four decimal numbers, no leading zeros)"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no HOST (rawkit resolve-name --help)"),
        (["010.0.0.1"], f"010.0.0.1: {STRICT}; inet_aton(3) takes it for 8.0.0.1"),
        (["1"], f"1: {STRICT}; inet_aton(3) takes it for 0.0.0.1"),
        (["192.0.2.999"], f"192.0.2.999: {STRICT}"),
        (["a\x1b[2Jb"], r"'a\x1b[2Jb': not a host name"),
        (["tcp:localhost:80"], "tcp:localhost:80: not an IPv6 address"),
        (["-4", "::1"], "::1: is an IPv6 address, not IPv4"),
        (["-4", "-6", "a"], "only one -4 or -6 option may be specified"),
        (["-c", "0", "a"], "invalid argument: '0': out of range: 1 <= value <= 1000000"),
        (["-t", "x", "a"], "bad time to live: x (seconds, or 200ms, 50us, 2m)"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    words: Sequence[str], said: str, capsys: Captured
) -> None:
    code = main(["resolve-name", *words])

    assert (code, *capsys.readouterr()) == (2, "", f"rawkit resolve-name: {said}\n")


def test_help_and_version_are_told(capsys: Captured) -> None:
    assert main(["resolve-name", "--help"]) == 0
    assert capsys.readouterr().out.startswith("Usage: rawkit resolve-name [options] HOST …\n")
    assert main(["resolve-name", "-V"]) == 0
    assert capsys.readouterr().out.startswith("rawkit resolve-name ")
