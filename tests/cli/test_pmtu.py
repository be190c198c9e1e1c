"""``rawkit pmtu``: its lines, its JSON, its options, its exit codes."""

import json
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv4Address

import pytest

from rawkit.cli import pmtu_json
from rawkit.cli.main import main
from rawkit.cli.pmtu_options import TABLE, parse
from rawkit.cli.pmtu_text import lines, tried
from rawkit.cli.records import HEAD
from rawkit.engine.ping_events import Target
from rawkit.engine.pmtu_probes import END
from rawkit.engine.pmtu_report import Narrowing, PmtuHop, PmtuRemark, PmtuReport, SizeTried
from rawkit.errors import UsageError
from rawkit.lab import Lab, Node
from rawkit.lab.path import Answer, Hop, Path
from rawkit.record import replace
from rawkit.wire.address import Address

LabFactory = Callable[..., Lab]

ROUTERS = [IPv4Address(f"198.51.100.{number}") for number in range(5)]
THERE = IPv4Address("203.0.113.1")
PATIENT = 90
"""Seconds: no test may fail because its machine is slow."""

HOPS = (
    PmtuHop(1, ROUTERS[1], 0.000_123, 1500),
    PmtuHop(2, ROUTERS[2], 0.001, 1500),
    PmtuHop(4, THERE, 0.0204, 1400, is_target=True),
)
BLACK = Narrowing(1400, 1500, 2, ROUTERS[2], 4, announced=False)
REPORT = PmtuReport(
    target=Target("there", THERE, ROUTERS[0]),
    reached=True,
    mtu=1400,
    local_mtu=1500,
    hops=HOPS,
    narrowings=(BLACK,),
    back_hops=4,
    sent=77,
    strays=1,
    lies=2,
    elapsed=0.5,
    via="raw socket",
    why="permitted here",
)


def shown(report: PmtuReport) -> list[str]:
    return list(lines(report, str))


def test_lines_are_like_those_of_tracepath() -> None:
    assert shown(REPORT) == [
        " 1?: [LOCALHOST]                      pmtu 1500",
        " 1:  198.51.100.1                                          0.123ms",
        " 2:  198.51.100.2                                          1.000ms pmtu 1400",
        " 3:  no reply",
        " 4:  203.0.113.1                                          20.400ms reached",
        "     Resume: pmtu 1400 hops 4 back 4",
        "     no more than 1400 passes between hop 2, 198.51.100.2, and hop 4:"
        " nobody says so, a black hole",
    ]


HERE = replace(BLACK, ttl=0, address=None, next_ttl=1)
SENTENCES = [
    ({"next_ttl": 3}, "behind hop 2, 198.51.100.2: nobody says so, a black hole"),
    ({"next_ttl": None}, "behind hop 2, 198.51.100.2: nobody says so, a black hole"),
    (
        {"next_ttl": 3, "announced": True, "told": 1400},
        "behind hop 2, 198.51.100.2: it says so",
    ),
    (
        {"next_ttl": 3, "announced": True, "told": 0},
        "behind hop 2, 198.51.100.2: it says that it is too much, but not what is not",
    ),
    (
        {"next_ttl": 3, "announced": True, "told": 68},
        "behind hop 2, 198.51.100.2: it says 68, which is not true",
    ),
    (
        {"next_ttl": 3, "announced": None},
        "behind hop 2, 198.51.100.2: whether anybody says so cannot be heard (-v tells why)",
    ),
    ({"ttl": 0, "address": None, "next_ttl": 1}, "behind this host: nobody says so, a black hole"),
]


@pytest.mark.parametrize(("changes", "sentence"), SENTENCES)
def test_a_narrow_place_in_words(changes: dict[str, object], sentence: str) -> None:
    report = replace(REPORT, narrowings=(replace(BLACK, **changes),))

    assert shown(report)[-1] == f"     no more than 1400 passes {sentence}"


def test_what_is_known_of_a_path_whose_end_is_silent() -> None:
    report = replace(
        REPORT,
        reached=False,
        mtu=None,
        hops=(*HOPS[:2], PmtuHop(3, ROUTERS[3], 0.002, 1400)),
        narrowings=(replace(BLACK, next_ttl=3),),
        remarks=(PmtuRemark.SILENT_TARGET,),
    )

    assert shown(report)[-3:] == [
        "     Not reached",
        "     no more than 1400 passes behind hop 2, 198.51.100.2: nobody says so, a black hole",
        "     the target does not answer; 1400 octets come as far as hop 3, 198.51.100.3",
    ]


def test_nobody_answers() -> None:
    report = replace(REPORT, reached=False, mtu=None, hops=(), narrowings=())

    assert shown(report) == [
        " 1?: [LOCALHOST]                      pmtu 1500",
        "     Not reached",
        "     nobody answers, neither the target nor a router",
    ]


def test_remarks_and_refusals_are_told() -> None:
    report = replace(
        REPORT,
        narrowings=(),
        remarks=tuple(PmtuRemark),
        refusal="Packet filtered (said by 198.51.100.1)",
    )

    assert shown(report)[6:] == [
        "     refused: Packet filtered (said by 198.51.100.1)",
        "     somebody told an MTU that is not true; it was not believed",
        "     answers were rare: larger packets may pass, too",
        "     the kernel has taken note of an MTU: ip -6 route get HOST",
        "     IPv6 demands 1280 of every link (RFC 8200)",
    ]


@pytest.mark.parametrize(
    ("ttl", "words"),
    [
        (END, "1400 octets come through"),
        (2, "1400 octets come as far as hop 2"),
        (0, "1400 octets do not come through"),
    ],
)
def test_what_verbose_says_of_a_size(ttl: int, words: str) -> None:
    assert tried(SizeTried(1400, ttl)) == words


def test_json_objects_have_the_fields_of_the_schema_and_numbers_as_numbers() -> None:
    objects = [json.loads(line) for line in pmtu_json.lines(REPORT, name)]

    assert [one["type"] for one in objects] == ["hop"] * 3 + ["narrowing", "summary"]
    for one in objects:
        assert tuple(one) == (*HEAD, *pmtu_json.SCHEMA[one["type"]])
        assert (one["command"], one["host"], one["address"]) == ("pmtu", "there", str(THERE))
    assert objects[2] == objects[2] | {
        "hop": 4, "source": str(THERE), "name": "there", "rtt": 0.0204, "carried": 1400,
        "end": True,
    }  # fmt: skip
    assert objects[3] == objects[3] | {
        "hop": 2, "next_hop": 4, "source": str(ROUTERS[2]), "name": None,
        "carried": 1500, "path_mtu": 1400, "announced": False, "mtu": None,
    }  # fmt: skip
    assert objects[4] == objects[4] | {
        "local": str(ROUTERS[0]), "reached": True, "path_mtu": 1400, "local_mtu": 1500,
        "distance": 4, "back_hops": 4, "sent": 77, "strays": 1, "lies": 2, "elapsed": 0.5,
        "remarks": [], "message": None, "socket": "raw socket", "why": "permitted here",
    }  # fmt: skip


def name(address: Address) -> str | None:
    return "there" if address == THERE else None


# Options


def test_options_are_read() -> None:
    line = (
        "-6 -n -b -l 1400 -m 5 -p 99 -I -i eth0 -s ::1 -t 4 -q 2 -w 200ms -d 3 --kind raw -v -j h"
    )
    options = parse(line.split())

    assert vars(options) == {
        "version": 6, "numeric": True, "both": True, "largest": 1400, "max_ttl": 5, "port": 99,
        "method": "icmp", "interface": "eth0", "source": "::1", "traffic_class": 4, "tries": 2,
        "wait": 0.2, "deadline": 3.0, "kind": "raw", "verbose": True, "json": True, "host": "h",
    }  # fmt: skip


WRONG = [
    ("", "no HOST (rawkit pmtu --help)"),
    ("a b", "extra argument 'b': one HOST"),
    ("-4 -6 a", "only one -4 or -6 option may be specified"),
    ("-l 67 a", "invalid argument: '67': out of range: 68 <= value <= 65575"),
    ("-m 61 a", "invalid argument: '61': out of range: 1 <= value <= 60"),
    ("--method tcp a", "bad method: tcp (one of auto, udp, icmp)"),
    ("--kind ping a", "bad kind: ping (one of auto, socket, raw)"),
    ("-w soon a", "bad waiting time: soon (seconds, or 200ms, 50us, 2m)"),
    ("-d never a", "bad deadline: never (seconds, or 200ms, 50us, 2m)"),
    ("-X a", "invalid option -- 'X' (rawkit pmtu --help)"),
    ("--lenght 9 a", "unrecognized option '--lenght' (did you mean '--length'?)"),
]


@pytest.mark.parametrize(("line", "said"), WRONG)
def test_what_makes_no_sense_is_refused(line: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(line.split())

    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("-w 0 127.0.0.1", "wait is 0.0, not 0.01 to 60"),
        ("-n 224.0.0.1", "224.0.0.1 is a group: a path leads to one host"),
        ("-n -s ::1 127.0.0.1", "source address ::1 for packets to 127.0.0.1"),
        ("-n -s 192.0.2.77 127.0.0.1", "192.0.2.77 is not an address of this host"),
        ("-n -i nowhere0 127.0.0.1", "no way to 127.0.0.1: no interface called nowhere0"),
    ],
)
def test_mistakes_are_one_line_and_exit_code_2(
    line: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["pmtu", *line.split()]) == 2

    assert capsys.readouterr() == ("", f"rawkit pmtu: {said}\n")


def test_help_names_every_option(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pmtu", "--help"]) == 0

    told = capsys.readouterr().out
    assert all(f"--{option.name}" in told for option in TABLE.options)
    assert max(map(len, told.splitlines())) <= 90


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["pmtu", "-V"]) == 0

    assert re.fullmatch(r"rawkit pmtu \S.*\n", capsys.readouterr().out)


# Runs

Ran = subprocess.CompletedProcess[str]


def run(node: Node, *command: str) -> Ran:
    with node.popen(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        out, err = process.communicate(timeout=PATIENT)
        return subprocess.CompletedProcess(command, process.returncode, out, err)


def ours(node: Node, *words: str) -> Ran:
    return run(node, sys.executable, "-m", "rawkit", "pmtu", *words)


def constant(text: str) -> list[str]:
    """Return the lines without what differs from run to run."""
    return [re.sub(r" +\d+\.\d{3}ms", " T", line).rstrip() for line in text.splitlines()]


@pytest.mark.netns
@pytest.mark.parametrize("version", [4, 6])
@pytest.mark.parametrize("mtu", [1500, 1400])
def test_its_lines_are_those_of_tracepath_on_the_same_path(
    version: int, mtu: int, line: LabFactory
) -> None:
    if (tracepath := shutil.which("tracepath")) is None:
        pytest.skip("no tracepath here to compare with")
    net = line(
        hops=2, mtu=mtu, sysctls={"net.ipv4.icmp_ratelimit": 0, "net.ipv6.icmp.ratelimit": 0}
    )
    target = str(net.last.ipv4 if version == 4 else net.last.ipv6)

    found = constant(ours(net.first, "-n", target).stdout)
    expected = constant(run(net.first, tracepath, "-n", target).stdout)

    assert hops(found) == hops(expected)
    assert next(one for one in expected if "Resume" in one) in found
    if (version, mtu) == (4, 1500):
        assert found == list(dict.fromkeys(expected))  # it asks the first hop twice


def hops(told: list[str]) -> dict[str, str]:
    """Return the address of each hop, as lines of a path tell them."""
    return {line[:3]: line.split()[1] for line in told if re.match(r"[ \d]\d: ", line)}


@pytest.mark.netns
def test_a_black_hole_ends_well_where_tracepath_gives_up(line: LabFactory) -> None:
    with line(hops=0) as net, Path(net.first, (Hop(), Hop(mtu=1400, filtered=True), Hop())) as path:
        ran = ours(net.first, "-n", str(path.target))

    assert ran.returncode == 0
    assert ran.stderr == ""
    assert constant(ran.stdout)[-2:] == [
        "     Resume: pmtu 1400 hops 4 back 4",
        "     no more than 1400 passes behind hop 2, 198.51.100.2: nobody says so, a black hole",
    ]


@pytest.mark.netns
def test_a_silent_target_is_exit_code_1(line: LabFactory) -> None:
    with line(hops=0) as net, Path(net.first, (Hop(), Hop()), Answer.SILENT) as path:
        ran = ours(net.first, "-n", "--json", str(path.target))

    objects = [json.loads(line) for line in ran.stdout.splitlines()]
    assert ran.returncode == 1
    assert [one["carried"] for one in objects if one["type"] == "hop"] == [1500, 1500]
    assert (objects[-1]["path_mtu"], objects[-1]["remarks"]) == (None, ["silent target"])


def wait_for_sockets(pid: int) -> None:
    """Return when a process asks: it has the descriptor that it waits by for all its sockets."""
    for _ in range(2000):
        with suppress(FileNotFoundError):
            links = pathlib.Path(f"/proc/{pid}/fd").iterdir()
            if any(str(link.readlink()) == "anon_inode:[eventpoll]" for link in links):
                return
        time.sleep(0.01)
    raise TimeoutError


@pytest.mark.netns
def test_ctrl_c_tells_what_is_known(line: LabFactory) -> None:
    with line(hops=0) as net, Path(net.first, (Hop(),), Answer.SILENT) as path:
        command = [sys.executable, "-m", "rawkit", "pmtu", "-n", "-w60", "-d600", str(path.target)]
        with net.first.popen(
            command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process:
            wait_for_sockets(process.pid)
            began = time.monotonic()
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=PATIENT)

    assert time.monotonic() - began < 30, "not heeded before an answer was given up"
    assert process.returncode == 1
    assert out.startswith(" 1?: [LOCALHOST]                      pmtu 1500\n     Not reached\n")
    assert "Traceback" not in err
