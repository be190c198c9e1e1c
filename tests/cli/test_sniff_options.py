"""``rawkit sniff``: what its words ask for, and which it refuses."""

import re
from pathlib import Path

import pytest

from rawkit.cli.main import main
from rawkit.cli.packet_lines import Look
from rawkit.cli.sniff_lists import chosen_by
from rawkit.cli.sniff_options import TABLE, SniffOptions, parse
from rawkit.errors import UsageError
from rawkit.filters.filter import Filter


def test_options_are_read() -> None:
    line = (
        "-A -B 64 -c 5 -C 2 -e -G 60 -i eth0 -l -n -# -p -q -Q in -s 96 -S -tt -U -v -w x -W 3"
        " -xx -X --print --timeout 200ms --immediate-mode --nano -j udp port 53"
    )

    options = parse(line.split())

    assert vars(options) == {
        "plain": 1, "buffer": 65536, "count": 5, "file_size": 2_000_000, "link": True,
        "file_seconds": 60, "interface": "eth0", "numbered": True, "promiscuous": False,
        "quiet": True, "direction": "in", "snap_length": 96, "time": 2, "tree": True, "file": "x",
        "file_count": 3, "hexadecimal": 2, "text": 1, "print_too": True, "timeout": 0.2,
        "immediate": True, "nanoseconds": True, "json": True, "words": ["udp", "port", "53"],
    }  # fmt: skip
    assert options.look == Look(
        time=2, digits=9, numbered=True, interface=False, link=True, quiet=True, tree=True,
        hexadecimal=2, text=1, plain=1,
    )  # fmt: skip


def test_nothing_said_is_everything_everywhere() -> None:
    options = parse([])

    assert vars(options) == {"words": []}
    assert options.look == Look(interface=True)
    assert (options.count, options.timeout, options.snap_length) == (None, None, 0)


@pytest.mark.parametrize(
    ("line", "name", "value"),
    [
        ("-i any", "interface", None),
        ("-Q inout", "direction", None),
        ("-Q out", "direction", "out"),
        ("-tttttt", "time", 5),
        ("-t -t -t", "time", 3),
        ("-xxx", "hexadecimal", 2),
        ("-XX", "text", 2),
        ("-AA", "plain", 2),
        ("-s 0", "snap_length", 0),
        ("--timeout 0", "timeout", None),
        ("--interface=eth0", "interface", "eth0"),
    ],
)
def test_letters_mean_what_tcpdumps_mean(line: str, name: str, value: object) -> None:
    assert getattr(parse(line.split()), name) == value


WRONG = [
    ("-c 0", "invalid argument: '0': out of range: 1 <= value <= 2147483647"),
    ("-c many", "invalid argument: 'many'"),
    ("-B 0", "invalid argument: '0': out of range: 1 <= value <= 1048576"),
    ("-Q sideways", "-Q is 'sideways', not one of in, out, inout"),
    ("-W 3", "-W goes with -w FILE"),
    ("-C 3", "-C goes with -w FILE"),
    ("-G 3", "-G goes with -w FILE"),
    ("--print", "--print goes with -w FILE"),
    ("--workers 2", "--workers goes with -w FILE"),
    ("-w x -W 3", "-W goes with -C or -G"),
    ("-w - --print", "stdout is for the packets: --print goes with a file"),
    ("-w - -C 3", "stdout is one file: -C, -G and --workers take a name"),
    ("-w - --workers 2", "stdout is one file: -C, -G and --workers take a name"),
    ("-w x --workers 2 -c 3", "--workers goes without --print, -c and --immediate-mode"),
    ("-F x icmp", "the filter comes from one place: not from -F and the words"),
    ("-F x --bpf 1", "the filter comes from one place: not from -F and --bpf"),
    ("--timeout soon", "invalid argument: soon (seconds, or 200ms, 50us, 2m)"),
    ("-i", "option requires an argument -- 'i' (NAME)"),
    ("-z", "invalid option -- 'z' (rawkit sniff --help)"),
    ("--imediate-mode", "unrecognized option '--imediate-mode' (did you mean '--immediate-mode'?)"),
]


@pytest.mark.parametrize(("line", "said"), WRONG)
def test_what_makes_no_sense_is_refused_in_a_line(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(["sniff", *line.split()])

    out, err = capsys.readouterr()
    assert (code, out, err) == (2, "", f"rawkit sniff: {said}\n")


def options_with(**values: object) -> SniffOptions:
    options = SniffOptions()
    vars(options).update(values)
    return options


def test_the_filter_is_the_words_that_are_left() -> None:
    assert chosen_by(parse(["-c", "1", "udp", "and", "port", "53"])) == "udp and port 53"
    assert chosen_by(parse(["udp and", "(port 53)"])) == "udp and (port 53)"
    assert chosen_by(parse(["-c", "1", "--", "-1 = udp[0]"])) == "-1 = udp[0]"


def test_the_filter_may_stand_in_a_file_with_comments(tmp_path: Path) -> None:
    path = tmp_path / "filter"
    path.write_text("udp  # and no other\n\n# nothing\n  and port 53\n")

    assert chosen_by(options_with(filter_file=str(path))) == "udp and port 53"


def test_a_filter_in_numbers_is_a_program() -> None:
    found = chosen_by(options_with(bpf="2,40 0 0 12,6 0 0 0"))

    assert isinstance(found, Filter)
    assert len(found) == 2


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"filter_file": "/nosuch"}, "cannot read the filter in '/nosuch': No such file"),
        ({"bpf": "what"}, "BPF"),
    ],
)
def test_a_filter_that_cannot_be_had_is_a_users_mistake(
    options: dict[str, object], said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        chosen_by(options_with(**options))


def test_a_file_that_is_no_text_is_a_users_mistake(tmp_path: Path) -> None:
    path = tmp_path / "filter"
    path.write_bytes(b"\xff\xfe")

    with pytest.raises(UsageError, match="it is no text"):
        chosen_by(options_with(filter_file=str(path)))


def test_a_wrong_filter_is_pointed_at(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["sniff", "tcp", "and", "prot", "53"])

    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert err == (
        "rawkit sniff: filter: 'prot' is no word of filters; did you mean 'port'? (column 9)\n"
        "tcp and prot 53\n"
        "        ^^^^\n"
    )


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sniff", "--help"]) == 0

    out = capsys.readouterr().out
    named = re.findall(r"^  (?:-(\S), |    )--([\w-]+)", out, re.MULTILINE)
    assert named == [(option.letter, option.name) for option in TABLE.options]


def test_the_version_is_that_of_rawkit(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sniff", "-V"]) == 0

    assert capsys.readouterr().out.startswith("rawkit sniff ")
