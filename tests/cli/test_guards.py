"""``--guard``: what keeps the kernel's TCP away, chosen on the command line."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from rawkit import lab
from rawkit.cli.main import main
from rawkit.lab.topology import Lab
from rawkit.wire.address import Address

Captured = pytest.CaptureFixture[str]
REAL = pytest.mark.netns


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    with lab.pair() as net:
        yield net


def run(net: Lab, *words: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "rawkit", *map(str, words)]
    with net.first.popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        out, err = process.communicate(timeout=30)
        return subprocess.CompletedProcess(command, process.returncode, out, err)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ["handshake", "--guard", "wall", "localhost", "80"],
            "bad guard: wall (auto, socket, nft, address)",
        ),
        (
            ["connect", "--raw", "--guard", "wall", "tcp:localhost:80"],
            "bad guard: wall (auto, socket, nft, address)",
        ),
        (["connect", "--guard", "nft", "tcp:localhost:80"], "--guard: only of --raw"),
    ],
)
def test_what_makes_no_sense_is_refused(words: list[str], said: str, capsys: Captured) -> None:
    code = main(words)

    assert (code, capsys.readouterr().err) == (2, f"rawkit {words[0]}: {said}\n")


@REAL
@pytest.mark.parametrize(
    ("kind", "link"), [("socket", "raw"), ("nft", "raw"), ("address", "packet")]
)
def test_a_handshake_tells_what_guards_it(net: Lab, kind: str, link: str) -> None:
    words = ["handshake", "--json", "--guard", kind, *source(net, kind), net.last.ipv4, 80]

    done = run(net, *words)

    end = json.loads(done.stdout.splitlines()[-1])
    assert done.returncode == 1
    assert end["came_back"] == "RST"
    wanted = ["filter", "digest", "hops"] if kind == "socket" else [kind]
    assert set(end["guard"]) <= set(wanted)
    assert end["guard"]
    shown = run(net, "handshake", "-v", *words[2:]).stdout.splitlines()[0]
    assert shown.endswith(f"({link} link; guard: {', '.join(end['guard'])})")


@REAL
def test_connect_tells_what_guards_it(net: Lab) -> None:
    done = run(net, "connect", "--raw", "-v", "-z", "--guard", "nft", f"tcp:{net.last.ipv4}:80")

    assert done.returncode == 1
    assert done.stderr.splitlines()[1] == "rawkit connect: raw link; guard: nft"


@REAL
@pytest.mark.parametrize("command", ["handshake", "connect"])
def test_an_address_that_is_not_spare_is_refused_in_one_line(net: Lab, command: str) -> None:
    end = [net.last.ipv4, 80] if command == "handshake" else ["--raw", f"tcp:{net.last.ipv4}:80"]

    done = run(net, command, "--guard", "address", "-s", net.last.ipv4, *end)

    mac = "02:00:00:00:01:02"
    said = f"{net.last.ipv4} is no spare address: {mac} has it"
    assert (done.returncode, done.stderr) == (2, f"rawkit {command}: {said}\n")


def source(net: Lab, kind: str) -> list[str | Address]:
    return ["-s", net.first.spare().ipv4] if kind == "address" else []
