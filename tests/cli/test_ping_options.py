"""ping(8)'s letters: the table read in both directions, and the words for what is wrong."""

import math
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.cli.ping_help import help_text
from rawkit.cli.ping_options import OPTIONS, PingOptions, check, parse
from rawkit.errors import UsageError

HOST = "192.0.2.7"

PARSED: list[tuple[str, dict[str, object]]] = [
    ("", {"hosts": [HOST], "count": None, "size": 56, "timeout": 10.0, "preload": 1}),
    ("-4", {"version": 4}),
    ("-6", {"version": 6}),
    ("-4 -4", {"version": 4}),
    ("-a", {"audible": True}),
    ("-A", {"adaptive": True}),
    ("-b", {"broadcast": True}),
    ("-B", {"sticky": True}),
    ("-c 3", {"count": 3}),
    ("-c3", {"count": 3}),
    ("-c +3", {"count": 3}),
    ("--count 3", {"count": 3}),
    ("--count=3", {"count": 3}),
    ("-c 1 -c 2", {"count": 2}),
    ("-C -d", {}),
    ("-D", {"stamps": True}),
    ("-e 65535", {"identifier": 65535}),
    ("-f", {"flood": True, "numeric": True, "is_unpaced": True, "pace": 0.01}),
    ("-f -i 0.2", {"flood": True, "is_unpaced": False, "pace": 0.2}),
    ("-F 0xfffff", {"flow_label": 0xFFFFF}),
    ("-F 12", {"flow_label": 12}),
    ("-h", {"help": True}),
    ("-i 0.2", {"interval": 0.2}),
    ("-i .2", {"interval": 0.2}),
    ("-i 1e-1", {"interval": 0.1}),
    ("-i 200ms", {"interval": 0.2}),
    ("-i 50us", {"interval": 50e-6}),
    ("-i 2s", {"interval": 2.0}),
    ("-i 2m", {"interval": 120.0}),
    ("-i 0", {"interval": 0.0, "is_unpaced": True, "pace": 0.01}),
    ("-I eth0", {"interface": "eth0", "source": None}),
    ("-I 192.0.2.1", {"interface": None, "source": IPv4Address("192.0.2.1")}),
    ("-I 2001:db8::1", {"source": IPv6Address("2001:db8::1")}),
    ("-I fe80::1%eth0", {"interface": "eth0", "source": IPv6Address("fe80::1%eth0")}),
    ("-I vrf -I 192.0.2.1", {"interface": "vrf", "source": IPv4Address("192.0.2.1")}),
    ("-l 3", {"preload": 3}),
    ("-L", {"no_loop": True}),
    ("-m 4294967295", {"mark": 4294967295}),
    ("-M do", {"pmtu": "do"}),
    ("-M probe", {"pmtu": "probe"}),
    ("-n", {"numeric": True}),
    ("-O", {"outstanding": True}),
    ("-p ff00", {"pattern": b"\xff\x00"}),
    ("-p f", {"pattern": b"\x0f"}),
    ("-p fff", {"pattern": b"\xff\x0f"}),
    ("-p " + "ab" * 20, {"pattern": b"\xab" * 16}),
    ("-q", {"quiet": True}),
    ("-Q 16", {"traffic_class": 16}),
    ("-Q 0x10", {"traffic_class": 16}),
    ("-r", {"dont_route": True}),
    ("-R", {"record_route": True}),
    ("-s 0", {"size": 0}),
    ("-S 20000", {"send_buffer": 20000}),
    ("-t 255", {"ttl": 255}),
    ("-T tsonly", {"timestamp": "tsonly"}),
    ("-U", {"user_times": True}),
    ("-v", {"verbose": True}),
    ("-V", {"show_version": True}),
    ("-w 5", {"deadline": 5.0}),
    ("-w 0", {"deadline": None}),
    ("-w 1500ms", {"deadline": 1.5}),
    ("-W 0.5", {"timeout": 0.5}),
    ("-W 0", {"timeout": math.inf}),
    ("--ignore-errors", {"ignore_errors": True}),
    ("--json --stats", {"json": True, "stats": True}),
    ("--pcap file", {"pcap": "file"}),
    ("-nqc1", {"numeric": True, "quiet": True, "count": 1}),
    ("-nc 1 -q", {"numeric": True, "quiet": True, "count": 1}),
]

REFUSED = [
    ("-Z", "invalid option -- 'Z' (rawkit ping --help)"),
    ("-nZ", "invalid option -- 'Z' (rawkit ping --help)"),
    ("--cuont=1", "unrecognized option '--cuont' (did you mean '--count'?)"),
    ("--xyzzy", "unrecognized option '--xyzzy' (rawkit ping --help)"),
    ("--json=1", "option '--json' doesn't allow an argument"),
    ("-c 0", "invalid argument: '0': out of range: 1 <= value <= 9223372036854775807"),
    ("-c x", "invalid argument: 'x'"),
    ("-c 1_0", "invalid argument: '1_0'"),
    ("-c ٣", "invalid argument: '٣'"),
    ("-c " + "9" * 5000, f"invalid argument: '{'9' * 5000}': out of range: "
     "1 <= value <= 9223372036854775807"),
    ("-s -1", "invalid argument: '-1': out of range: 0 <= value <= 2147483647"),
    ("-t 256", "invalid argument: '256': out of range: 0 <= value <= 255"),
    ("-l 65537", "invalid argument: '65537': out of range: 1 <= value <= 65536"),
    ("-e 65536", "invalid argument: '65536': out of range: 0 <= value <= 65535"),
    ("-m -1", "invalid argument: '-1': out of range: 0 <= value <= 4294967295"),
    ("-i x", "bad timing interval: x (seconds, or 200ms, 50us, 2m)"),
    ("-i -1", "bad timing interval: -1 (seconds, or 200ms, 50us, 2m)"),
    ("-i nan", "bad timing interval: nan (seconds, or 200ms, 50us, 2m)"),
    ("-i inf", "bad timing interval: inf (seconds, or 200ms, 50us, 2m)"),
    ("-i 1e400", "bad timing interval: 1e400 (seconds, or 200ms, 50us, 2m)"),
    ("-i 1h", "bad timing interval: 1h (seconds, or 200ms, 50us, 2m)"),
    ("-i ms", "bad timing interval: ms (seconds, or 200ms, 50us, 2m)"),
    ("-i 2147484", "bad timing interval: 2147484 (seconds, or 200ms, 50us, 2m)"),
    ("-W -1", "bad linger time: -1 (seconds, or 200ms, 50us, 2m)"),
    ("-w x", "invalid argument: x (seconds, or 200ms, 50us, 2m)"),
    ("-Q 256", "the decimal value of TOS bits must be in range 0-255: 256"),
    ("-Q zz", "bad TOS value: zz"),
    ("-Q -1", "bad TOS value: -1"),
    ("-F zz", "bad value for flowinfo: zz"),
    ("-F 0x100000", "flow value is greater than 20 bits: 0x100000"),
    ("-M x", "invalid -M argument: x (one of do, want, dont, probe)"),
    ("-T x", "invalid timestamp type: x (one of tsonly, tsandaddr, tsprespec)"),
    ("-R -T tsonly", "only one of -T or -R may be used"),
    ("-T tsonly -R", "only one of -T or -R may be used"),
    ("-4 -6", "only one -4 or -6 option may be specified"),
    ("-p zz", "patterns must be specified as hex digits: zz"),
    ("-p f0x", "patterns must be specified as hex digits: x"),
    ("-I zz:1", "invalid source address: zz:1"),
]  # fmt: skip


@pytest.mark.parametrize(("line", "meant"), PARSED)
def test_options_mean_what_they_mean_in_ping(line: str, meant: dict[str, object]) -> None:
    options = parse([*line.split(), HOST])

    assert {name: getattr(options, name) for name in meant} == meant


@pytest.mark.parametrize(("line", "said"), REFUSED)
def test_what_makes_no_sense_is_refused_in_the_words_of_ping(line: str, said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse([*line.split(), HOST])

    assert str(refusal.value) == said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["-c"], "option requires an argument -- 'c' (N)"),
        (["--pcap"], "option '--pcap' requires an argument (FILE)"),
        (["-p", ""], "patterns must be specified as hex digits: "),
        (["-c", ""], "invalid argument: ''"),
    ],
)
def test_a_missing_argument_is_refused(words: list[str], said: str) -> None:
    with pytest.raises(UsageError) as refusal:
        parse(words)

    assert str(refusal.value) == said


def test_options_may_follow_hosts_until_two_dashes() -> None:
    options = parse(["a", "-c", "1", "b", "--", "-c", "--json"])

    assert (options.hosts, options.count) == (["a", "b", "-c", "--json"], 1)


def test_a_single_dash_is_no_option() -> None:
    assert parse(["-"]).hosts == ["-"]


def test_help_wins_over_what_follows_it() -> None:
    assert parse(["-h", "-Z"]).help


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-l 4", "cannot set preload to value greater than 3: 4"),
        ("-i 0.001", "cannot flood; minimal interval allowed for user is 2ms"),
        ("-i 0", "cannot flood; minimal interval allowed for user is 2ms"),
        ("-f", "cannot flood; minimal interval allowed for user is 2ms"),
    ],
)
def test_what_may_harm_others_is_for_root_only(line: str, said: str) -> None:
    options = parse([*line.split(), HOST])

    check(options, uid=0)
    with pytest.raises(UsageError) as refusal:
        check(options, uid=1000)

    assert str(refusal.value) == said


@pytest.mark.parametrize("line", ["", "-l 3", "-i 0.002", "-f -i 0.002", "-A"])
def test_a_user_may_do_what_ping_lets_users_do(line: str) -> None:
    check(parse([*line.split(), HOST]), uid=1000)


def test_somebody_must_be_asked() -> None:
    with pytest.raises(UsageError, match="Destination address required"):
        check(PingOptions(), uid=0)


def test_no_letter_and_no_name_is_there_twice() -> None:
    letters = [option.letter for option in OPTIONS if option.letter]
    names = [option.name for option in OPTIONS]

    assert len(set(letters)) == len(letters)
    assert len(set(names)) == len(names)


def test_every_letter_of_ping_is_known() -> None:
    # getopt(3) letters of iputils 20221126
    letters = set("h4bRT6FNaABcCdDefiIlLmMnOpqQrsStUvVwW")

    assert letters <= {option.letter for option in OPTIONS}


def test_help_tells_of_every_option_in_lines_that_fit_a_terminal() -> None:
    text = help_text()

    for option in OPTIONS:
        assert f"--{option.name}" in text
        assert option.about in text
    assert all(len(line) <= 100 for line in text.splitlines())
