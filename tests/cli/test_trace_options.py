"""traceroute(8)'s letters: what they set, and the words for what is wrong."""

import re
from ipaddress import IPv4Address

import pytest

from rawkit.cli.getopt import WIDTH
from rawkit.cli.trace_help import help_text
from rawkit.cli.trace_options import OPTIONS, parse
from rawkit.cli.trace_session import settings
from rawkit.errors import UsageError

HOST = "192.0.2.7"

PARSED: list[tuple[str, dict[str, object]]] = [
    ("", {"host": HOST, "method": "udp", "rounds": 1, "queries_a_round": 3, "flow": "paris"}),
    ("-4", {"version": 4}),
    ("-6", {"version": 6}),
    ("-I", {"method": "icmp"}),
    ("-T", {"method": "tcp", "flags": 0x02, "first_port": None}),
    ("-T --ack", {"method": "tcp", "flags": 0x10}),
    ("-T -O ack", {"flags": 0x10}),
    ("-T -O syn", {"flags": 0x02}),
    ("-U", {"method": "udp", "fixed_port": True, "first_port": 53}),
    ("-U -p 99", {"fixed_port": True, "first_port": 99}),
    ("-p 99 -U", {"fixed_port": True, "first_port": 99}),
    ("-U -T", {"method": "tcp", "fixed_port": False, "first_port": None}),
    ("-M default", {"method": "udp", "fixed_port": False}),
    ("-M udp", {"method": "udp", "fixed_port": True}),
    ("-M icmp", {"method": "icmp"}),
    ("-P tcp", {"method": "tcp"}),
    ("-P 1", {"method": "icmp"}),
    ("-p 443", {"first_port": 443}),
    ("-f 3 -m 9", {"first_ttl": 3, "max_ttl": 9}),
    ("--first=3 --max-hops=9", {"first_ttl": 3, "max_ttl": 9}),
    ("-q 1", {"queries_a_round": 1}),
    ("-N 32", {"parallel": 32, "probes_at_once": 32}),
    ("--report -N 32", {"probes_at_once": 32}),
    ("-n", {"probes_at_once": 16}),
    ("-w 2", {"wait": 2.0, "here": 0.0, "near": 0.0}),
    ("-w 2,4", {"wait": 2.0, "here": 4.0, "near": 10.0}),
    ("-w 2,4,8", {"wait": 2.0, "here": 4.0, "near": 8.0}),
    ("-w ,,8.5", {"wait": 5.0, "here": 3.0, "near": 8.5}),
    ("-w 500ms,0,0", {"wait": 0.5, "here": 0.0, "near": 0.0}),
    ("-z 0.5", {"spacing": 0.5}),
    ("-z 10", {"spacing": 10.0}),
    ("-z 500", {"spacing": 0.5}),
    ("-z 20ms", {"spacing": 0.02}),
    ("-z 20s", {"spacing": 20.0}),
    ("-n -e -F -r -d", {"numeric": True, "extensions": True, "dont_fragment": True,
                        "dont_route": True}),
    ("-i eth0 -s 192.0.2.1", {"interface": "eth0", "source": IPv4Address("192.0.2.1")}),
    ("-t 0x10", {"traffic_class": 16}),
    ("-l 0xfffff", {"flow_label": 0xFFFFF}),
    ("--sport 33000 --fwmark 7", {"source_port": 33000, "mark": 7}),
    ("--back", {"back": True}),
    ("--flow dublin", {"flow": "dublin"}),
    ("-c 4 --interval 200ms", {"rounds": 4, "interval": 0.2}),
    ("--report", {"report": True, "rounds": 10, "queries_a_round": 1, "probes_at_once": 64}),
    ("--report -c 3 -q 2", {"rounds": 3, "queries_a_round": 2}),
    ("--report -j", {"report": True, "json": True}),
    ("--live", {"live": True, "rounds": None, "queries_a_round": 1}),
    ("--live -c 5", {"rounds": 5}),
    ("-A", {"systems": True, "as_table": None, "as_zone": None}),
    ("--as-table FILE", {"systems": True, "as_table": "FILE"}),
    ("--as-dns", {"systems": True, "as_zone": None}),
    ("--as-dns=asn.example", {"systems": True, "as_zone": "asn.example"}),
    ("--multipath --confidence 99%", {"multipath": True, "confidence": 0.99}),
    ("--record FILE", {"record": "FILE"}),
    ("--no-dns --report-cycles 3", {"numeric": True, "count": 3}),
    ("-hZ", {"help": True}),
    ("-V", {"show_version": True}),
]  # fmt: skip

REFUSED = [
    ("", "no host to trace (rawkit trace HOST)"),
    ("x 60 y", "extra argument 'y': one HOST, and perhaps a packet LENGTH"),
    ("x y", "invalid argument: 'y'"),
    ("x 65536", "invalid argument: '65536': out of range: 0 <= value <= 65535"),
    ("-4 -6 x", "only one -4 or -6 option may be specified"),
    ("-Z x", "invalid option -- 'Z' (rawkit trace --help)"),
    ("-q", "option requires an argument -- 'q' (N)"),
    ("--first", "option '--first' requires an argument (TTL)"),
    ("--icmp=1 x", "option '--icmp' doesn't allow an argument"),
    ("--reprt x", "unrecognized option '--reprt' (did you mean '--report'?)"),
    ("-q 11 x", "invalid argument: '11': out of range: 1 <= value <= 10"),
    ("-m 256 x", "invalid argument: '256': out of range: 1 <= value <= 255"),
    ("-w x x", "invalid wait: x (seconds, or 200ms, 50us, 2m)"),
    ("-w 1,x x", "invalid wait: x (a number of round trips)"),
    ("-w 1,2,3,4 x", "invalid wait: 1,2,3,4 (MAX,HERE,NEAR)"),
    ("-t 256 x", "tos is an octet, 0 to 255: 256"),
    ("-l 0x100000 x", "a flow label has 20 bits: 0x100000"),
    ("-s example x", "invalid source address: example"),
    ("-g 192.0.2.1 x", "source routes (-g) are not supported: routers drop them (RFC 7126)"),
    ("-D x", "DCCP probes (-D) are not supported: probes are UDP, ICMP (-I) or TCP (-T)"),
    ("-UL x", "UDP-Lite probes (-UL) are not supported: probes are UDP, ICMP (-I) or TCP (-T)"),
    ("-P 253 x", "-P 253 is not supported: probes are UDP, ICMP (-I) or TCP (-T)"),
    ("-M raw x", "method 'raw' is not supported: default, udp, icmp, tcp"),
    ("-T -O fin x", "-O fin is not supported: syn or ack"),
    ("-T -O syn,ack x", "-O syn,ack is not supported: syn or ack"),
    ("--mtu x", "path MTUs are found by another command: rawkit pmtu HOST"),
    ("--ack x", "--ack is for TCP: rawkit trace -T --ack HOST"),
    ("--flow tokyo x", "invalid flow: tokyo (one of classic, paris, dublin)"),
    ("--json --csv x", "either --csv or --json, not both"),
    ("--report --dot x", "either --report or --dot, not both"),
    ("--live --json x", "either --live or --json, not both"),
    ("--live --multipath x", "either --live or --multipath, not both"),
    ("--replay FILE x", "either --replay, or 'x': a recording has its host"),
    ("--replay A --record B", "either --record or --replay: a recording is there already"),
    ("--replay A --multipath", "a recording is of a trace, not of --multipath"),
    ("--replay A --pcap B", "a recording has no packets for --pcap"),
    ("--speed 2 x", "--speed is for --replay FILE"),
    ("--replay A --speed 0", "invalid speed: 0 (2: twice as quick as it was)"),
    ("--confidence 2 x", "invalid confidence: 2 (0.95, or 99%)"),
]


@pytest.mark.parametrize(("line", "wanted"), PARSED)
def test_options_mean_what_traceroute_8_says(line: str, wanted: dict[str, object]) -> None:
    options = parse([*line.split(), HOST])

    assert {name: getattr(options, name) for name in wanted} == wanted


@pytest.mark.parametrize(("line", "said"), REFUSED)
def test_what_makes_no_sense_is_refused_with_a_way_out(line: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(line.split())

    assert str(caught.value) == said


def test_a_word_behind_two_dashes_is_no_option() -> None:
    assert parse(["-n", "--", "-I"]).host == "-I"


@pytest.mark.parametrize(
    ("line", "length"),
    [(HOST, None), (f"{HOST} 100", 100), (f"{HOST} 10", 28), (f"-T {HOST} 10", 40),
     ("2001:db8::7 10", 48)],
)  # fmt: skip
def test_too_short_a_length_becomes_the_least(line: str, length: int | None) -> None:
    options = parse(line.split())

    assert settings(options, options.method).get("length") == length


def test_another_method_takes_its_own_port() -> None:
    options = parse(["-U", HOST])

    assert settings(options, "udp")["port"] == 53
    assert settings(options, "tcp")["port"] is None
    assert settings(options, "tcp")["fixed_port"] is False


@pytest.mark.parametrize(
    ("line", "speed"),
    [("--replay A", 1.0), ("--replay A --speed 4", 4.0), ("--replay A --report", None),
     ("--replay A --csv --speed 2", 2.0), ("--replay A --live", 1.0)],
)  # fmt: skip
def test_where_only_the_outcome_is_shown_a_replay_does_not_wait(
    line: str, speed: float | None
) -> None:
    assert parse(line.split()).replay_speed == speed


def test_every_option_has_a_line_in_help() -> None:
    text = help_text()

    for option in OPTIONS:
        letter = f"-{option.letter}, " if option.letter else "    "
        assert f"\n  {letter}--{option.name}" in text
        assert option.about in text
    assert max(map(len, text.splitlines())) <= 120
    first = next(line for line in text.splitlines() if "--ipv4" in line)
    assert first.index("use IPv4") == WIDTH


def test_no_letter_and_no_name_is_taken_twice() -> None:
    letters = [option.letter for option in OPTIONS if option.letter]
    names = [option.name for option in OPTIONS]

    assert len(set(letters)) == len(letters)
    assert len(set(names)) == len(names)
    assert sorted(letters, key=lambda letter: (letter.lower(), letter.isupper()))[2:] == letters[2:]
    assert all(re.fullmatch(r"[a-z0-9-]+", name) for name in names)
