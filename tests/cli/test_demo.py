"""``rawkit demo``, to the letter; what is shown is tested in tests/demos."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

from rawkit.cli import demo_json, demo_text
from rawkit.cli.main import main
from rawkit.demos import DEMOS, backlog, nagle
from rawkit.demos.outcome import NOT_THIS_TIME, Figure, Outcome, milliseconds, row

Result = TypeVar("Result")
Captured = pytest.CaptureFixture[str]
COMMAND = (sys.executable, "-m", "rawkit", "demo")
OUTCOME = Outcome(
    (
        *row("one way", took=(0.0441, "s"), got=(19_744, "octets")),
        *row("the other way", took=(9e-6, "s"), got=None),
    ),
    True,
    "It is slower one way.",
)
SAID = """\

                  took     got
one way        44.1 ms  19,744
the other way   9.0 µs       -

It is slower one way.
"""


def test_without_a_name_there_is_a_list_of_all(capsys: Captured) -> None:
    code = main(["demo"])

    lines = capsys.readouterr().out.splitlines()
    assert code == 0
    assert lines[:2] == ["rawkit demo NAME shows it here and now:", ""]
    for name, about in DEMOS.items():
        assert f"  {name:13}{about}" in lines


def test_the_list_is_there_in_json(capsys: Captured) -> None:
    code = main(["demo", "--json"])

    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert code == 0
    assert {one["demonstration"]: one["shows"] for one in found} == DEMOS
    assert {one["type"] for one in found} == {"demonstration"}


def test_help_names_every_demonstration(capsys: Captured) -> None:
    code = main(["demo", "--help"])

    text = capsys.readouterr().out
    assert code == 0
    assert all(f"\n  {name} " in text for name in DEMOS)
    assert "Exit code: 0" in text


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nagel"], "no demonstration 'nagel' (did you mean 'nagle'?)"),
        (["--jsn"], "unrecognized option '--jsn' (did you mean '--json'?)"),
        (
            ["all", "sundries"],
            f"no demonstration 'sundries': {', '.join(DEMOS)}, or all of them: all",
        ),
    ],
)
def test_a_mistake_is_told_in_one_line(words: list[str], complaint: str, capsys: Captured) -> None:
    code = main(["demo", *words])

    assert (code, *capsys.readouterr()) == (2, "", f"rawkit demo: {complaint}\n")


def test_figures_stand_in_a_table_with_units_that_fit() -> None:
    assert "".join(f"{line}\n" for line in demo_text.outcome(OUTCOME)) == SAID


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (1.5, "s", "1.5 s"),
        (0.0123, "s", "12.3 ms"),
        (1.23e-5, "s", "12.3 µs"),
        (2.15e-7, "s", "215.0 ns"),
        (0.0, "s", "0.0 ns"),
        (1234, "datagrams", "1,234"),
        (0.75, "", "0.8"),
        ("yes", "", "yes"),
        (None, "s", "-"),
    ],
)
def test_a_value_is_shown_as_people_read_it(
    value: float | str | None, unit: str, text: str
) -> None:
    assert demo_text.shown(value, unit) == text


def test_an_outcome_in_json_has_its_figures_and_then_its_reading() -> None:
    lines = list(demo_json.outcome("nagle", "Something is done.", OUTCOME, 1.23456))

    first, *_, last = map(json.loads, lines)
    assert len(lines) == 5
    assert (
        first | {"case": "one way", "measure": "took", "figure": 0.0441, "figure_unit": "s"}
        == first
    )
    assert last | {"shown": True, "reading": "It is slower one way.", "elapsed": 1.235} == last


def test_a_reading_is_about_the_figures_that_were_measured() -> None:
    slow = nagle.reading(_times(0.044))
    none = nagle.reading(_times(9e-6))
    busy = nagle.reading(_times(0.3, others=0.2))

    assert slow.shown
    assert "44.0 ms" in slow.reading
    assert not none.shown
    assert not busy.shown
    assert none.reading == nagle.NOT_SHOWN.format(slow="9.0 µs", one="8.0 µs")
    assert milliseconds(1.5) == "1,500.0 ms"


def test_a_reading_of_other_figures_than_expected_says_so() -> None:
    case = backlog.LIMITED
    cells = {f"TCP, listen({size})": size for size in backlog.BACKLOGS} | {case: backlog.LIMIT}
    figures = tuple(Figure(name, "connected", count) for name, count in cells.items())

    found = backlog.reading(figures)

    assert not found.shown
    assert found.reading.startswith(NOT_THIS_TIME)
    assert "128, which is not what was expected" in found.reading


def _times(two: float, others: float = 8e-6) -> tuple[Figure, ...]:
    cases = {nagle.TWO: two, **dict.fromkeys((nagle.NODELAY, nagle.ONE, nagle.QUICKACK), others)}
    return tuple(Figure(case, "median", time, "s") for case, time in cases.items())


@pytest.mark.netns
def test_what_was_not_shown_is_no_success() -> None:
    program = (
        "import sys; from rawkit.cli.main import main; from rawkit.demos import nagle\n"
        "nagle._write_twice = lambda sock: sock.send(bytes(20))\n"
        "sys.exit(main(['demo', 'nagle']))"
    )
    command = [sys.executable, "-c", program]

    ran = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)

    assert (ran.returncode, ran.stderr) == (1, "")
    assert ran.stdout.endswith(" there was no wait to be seen this time.\n")


@pytest.mark.netns
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -15), (signal.SIGKILL, -9)]
)
def test_however_it_is_ended_nothing_is_left_behind(number: signal.Signals, code: int) -> None:
    with subprocess.Popen(
        [*COMMAND, "nagle"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as it:
        assert it.stdout is not None
        it.stdout.readline()
        children = _until(lambda: _children(it.pid))
        it.send_signal(number)
        _, complaints = it.communicate(timeout=20)

    assert (it.returncode, complaints) == (code, b"")
    _until(lambda: not any(_is_alive(child) for child in children))


def _children(pid: int) -> list[int]:
    words = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(word) for word in words]


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"


def _until(look: Callable[[], Result]) -> Result:
    """Look until there is something to be seen."""
    end = time.monotonic() + 20
    while not (seen := look()):
        assert time.monotonic() < end
        time.sleep(0.005)
    return seen
