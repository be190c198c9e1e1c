"""``rawkit resolve``: what its words ask for, and which it refuses."""

import re
from ipaddress import IPv4Address
from typing import Any

import pytest

from rawkit.cli.main import main
from rawkit.cli.resolve_options import TABLE, parse
from rawkit.cli.resolve_session import verdict
from rawkit.engine.neighbour_events import Link, Purpose, Target
from rawkit.engine.resolve_report import ResolveReport, Tally
from rawkit.errors import UsageError
from rawkit.record import replace
from rawkit.wire.address import MAC


def test_options_are_read() -> None:
    line = "-4 -b -c 5 -f -i 200ms -I eth0 -q -s 192.0.2.1 -v -w 3 --cooked --pcap x -j a"

    options = parse(line.split())

    assert vars(options) == {
        "version": 4, "broadcast": True, "count": 5, "until_first": True, "interval": 0.2,
        "interface": "eth0", "quiet": True, "source": "192.0.2.1", "verbose": True,
        "deadline": 3.0, "cooked": True, "pcap": "x", "json": True, "addresses": ["a"],
    }  # fmt: skip


PURPOSES = [
    ("a", Purpose.ASK),
    ("-D a", Purpose.PROBE),
    ("-U a", Purpose.ANNOUNCE),
    ("-A a", Purpose.ANSWER),
    ("-A -U a", Purpose.ANSWER),
    ("-UA a", Purpose.ANSWER),
    ("-D -D a", Purpose.PROBE),
]


@pytest.mark.parametrize(("line", "purpose"), PURPOSES)
def test_letters_say_what_for(line: str, purpose: Purpose) -> None:
    assert parse(line.split()).purpose is purpose


@pytest.mark.parametrize("line", ["-w 0 a", "a"])
def test_no_deadline_is_none(line: str) -> None:
    assert parse(line.split()).deadline is None


WRONG = [
    ("", "no ADDRESS (rawkit resolve --help)"),
    ("-4 -6 a", "only one -4 or -6 option may be specified"),
    ("-D -U a", "only one of -D, and -A or -U, may be used"),
    ("-A -D a", "only one of -D, and -A or -U, may be used"),
    ("-c 0 a", "invalid argument: '0': out of range: 1 <= value <= 2147483647"),
    ("-c many a", "invalid argument: 'many'"),
    ("-i soon a", "bad timing interval: soon (seconds, or 200ms, 50us, 2m)"),
    ("-i -1 a", "bad timing interval: -1 (seconds, or 200ms, 50us, 2m)"),
    ("-i 0 a", "-i 0 goes with -c N and without -w: the link would see nothing else"),
    ("-i 0 -c 3 -w 9 a", "-i 0 goes with -c N and without -w: the link would see nothing else"),
    ("-w never a", "invalid argument: never (seconds, or 200ms, 50us, 2m)"),
    ("-I", "option requires an argument -- 'I' (NAME)"),
    ("-X a", "invalid option -- 'X' (rawkit resolve --help)"),
    ("--rooters", "unrecognized option '--rooters' (did you mean '--routers'?)"),
    ("--routers --watch", "only one of --routers or --watch may be used"),
    ("--routers", "--routers asks on one interface: -I NAME"),
    ("--routers -I eth0 a", "--routers takes no ADDRESS: a"),
    ("--watch a", "--watch takes no ADDRESS: a"),
    ("--watch -D", "--watch goes without -A, -D and -U"),
    ("--routers -I eth0 -U", "--routers goes without -A, -D and -U"),
    ("--watch -s 192.0.2.1", "--watch sends nothing: without -s and -b"),
    ("--watch -b", "--watch sends nothing: without -s and -b"),
    ("--promiscuous a", "--promiscuous goes with --watch"),
    ("--promiscuous --watch", "--promiscuous listens on one interface: -I NAME"),
    ("--pcap x a b", "--pcap takes one ADDRESS: for several, tcpdump arp or icmp6"),
    ("--json=1 a", "option '--json' doesn't allow an argument"),
]


@pytest.mark.parametrize(("line", "said"), WRONG)
def test_what_makes_no_sense_is_refused(line: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(line.split())

    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-I eth9 192.0.2.1", "no interface 'eth9' here, only lo"),
        ("127.0.0.1", "127.0.0.1 is not the address of a neighbour"),
        ("::1", "::1 is not the address of a neighbour"),
        ("0.0.0.0", "0.0.0.0 is not the address of a neighbour"),
        ("ff02::1", "ff02::1 is not the address of a neighbour"),
        ("-4 fe80::1", "fe80::1: is an IPv6 address, not IPv4"),
        ("fe80::1", "no way to fe80::1: a link-local address needs its interface: fe80::1%eth0"),
        ("10.1", "10.1: not an IPv4 address (four decimal numbers, no leading zeros)"),
        ("300.1.1.1", "300.1.1.1: not an IPv4 address (four decimal numbers, no leading zeros)"),
        ("a_name_without_dots/", "a_name_without_dots/: not a host name"),
        ("-s here 192.0.2.1 -I lo", 'interface "lo" is not ARPable: nobody there has an Ethernet'),
        ("--watch -I eth9", "no interface 'eth9' here, only lo"),
        ("--watch -I lo", 'interface "lo" is not ARPable: nobody there has an Ethernet address'),
        ("--routers -I eth9", "no interface 'eth9' here, only lo"),
        ("--pcap - 192.0.2.1", "stdout is for the text: --pcap FILE, or --pcap >(tcpdump -r -)"),
        ("--pcap /nowhere/x 192.0.2.1", "cannot write frames to '/nowhere/x': No such file or"),
    ],
)
@pytest.mark.netns
def test_mistakes_are_one_line_and_exit_code_2(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["resolve", *line.split()]) == 2

    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"rawkit resolve: {said}")
    assert err.count("\n") == 1


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resolve", "--help"]) == 0

    told = capsys.readouterr().out
    assert all(f"--{option.name}" in told for option in TABLE.options)
    assert max(map(len, told.splitlines())) <= 90


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["resolve", "-V"]) == 0

    assert re.fullmatch(r"rawkit resolve \S.*\n", capsys.readouterr().out)


# Exit codes

NOBODY = Tally().report(
    Target("a", IPv4Address("192.0.2.7"), IPv4Address("192.0.2.1")),
    Link("eth0", MAC(bytes(6))),
    Purpose.ASK,
    3,
)
CODES: list[tuple[str, dict[str, Any], int]] = [
    ("a", {}, 1),
    ("a", {"sent": 0}, 1),
    ("a", {"answered": 3, "received": 3}, 0),
    ("a", {"answered": 2, "received": 2}, 1),
    ("a", {"answered": 3, "received": 6}, 0),
    ("a", {"answered": 3, "received": 6, "conflicts": 3}, 1),
    ("-f a", {"answered": 1, "received": 1}, 0),
    ("-f a", {}, 1),
    ("-w 9 a", {"answered": 1, "received": 1}, 0),
    ("-w 9 a", {}, 1),
    ("-w 9 -c 2 a", {"answered": 1, "received": 1}, 1),
    ("-w 9 -c 2 a", {"answered": 2, "received": 2}, 0),
    ("-w 9 -c 2 -f a", {"answered": 1, "received": 1}, 0),
    ("-D a", {}, 0),
    ("-D a", {"received": 1, "conflicts": 1}, 1),
    ("-U a", {}, 0),
    ("-U a", {"received": 1, "conflicts": 1}, 1),
    ("-A a", {}, 0),
]


@pytest.mark.parametrize(("line", "known", "code"), CODES)
def test_the_exit_code_says_whether_it_is_as_it_should_be(
    line: str, known: dict[str, Any], code: int
) -> None:
    options = parse(line.split())
    report: ResolveReport = replace(NOBODY, purpose=options.purpose, **known)

    assert verdict(report, options) == code
