"""scripts/fuzz: what it looks for, and what it says."""

import subprocess
import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest

from rawkit.wire.packet import Packet
from scripts.fuzzing import checks
from scripts.fuzzing.checks import DOORS, Problem, check, seeds
from scripts.fuzzing.target import name_of

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """The command, as a module."""
    loader = SourceFileLoader("fuzz", str(ROOT / "scripts" / "fuzz"))
    spec = spec_from_loader("fuzz", loader)
    assert spec
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


def test_inputs_to_begin_with_come_by_every_door_and_are_fine() -> None:
    inputs = list(seeds())

    for octets in inputs[::7]:  # of all kinds; all of them would take seconds
        check(octets)

    assert len(inputs) > 2000
    assert {octets[0] for octets in inputs} == set(range(len(DOORS)))


def test_no_octets_are_fine() -> None:
    check(b"")


def losing(octets: bytes) -> Packet:
    return Packet((), octets[:-1])


def raising(octets: bytes) -> Packet:
    raise RecursionError


def slow(octets: bytes) -> Packet:
    sum(range(3_000_000))
    return Packet((), octets)


@pytest.mark.parametrize(
    ("door", "error", "said"),
    [
        (losing, Problem, "other octets came back"),
        (raising, RecursionError, "^$"),
        (slow, Problem, r"0\.\d+ s for 3 octets"),
    ],
)
def test_trouble_is_seen(
    door: checks.Door, error: type[Exception], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checks, "DOORS", (door,))
    monkeypatch.setattr(checks, "TRIES", 1)

    with pytest.raises(error, match=said):
        check(b"\0abc")


def test_the_same_trouble_has_the_same_name() -> None:
    names = set()
    for octets in (b"a", b"bb"):
        try:
            raising(octets)
        except RecursionError as error:
            names.add(name_of(error))
    other = name_of(Problem("UDP: other octets came back"))

    assert len(names) == 1
    assert names.pop().startswith("RecursionError-")
    assert other != name_of(Problem("TCP: other octets came back"))


def test_files_are_looked_at_one_by_one(
    script: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = tmp_path / "good"
    good.write_bytes(b"\2abc")

    assert script.look_at(good) == 0
    assert script.look_at(tmp_path / "none") == 2
    assert capsys.readouterr() == ("", f"fuzz: {tmp_path / 'none'}: No such file or directory\n")


def test_without_atheris_it_says_how_to_get_it(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(script, "find_spec", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["fuzz"])

    assert script.main() == 2
    assert "no atheris in this Python" in capsys.readouterr().err


def test_it_says_what_it_takes() -> None:
    command = [sys.executable, str(ROOT / "scripts" / "fuzz"), "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert "--crashers CRASHERS" in done.stdout
