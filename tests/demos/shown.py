"""What ``rawkit demo`` shows, run as a user does: in a process and a network of its own."""

import json
import subprocess
import sys
from functools import cache

import pytest

from rawkit.demos import load
from rawkit.demos.outcome import Figure, Outcome

MAY_BE_MISSING = frozenset(("mptcp",))
"""What a kernel may be built without."""


@cache
def shown(name: str) -> Outcome:
    """Run a demonstration that works; the second time what came of the first is told."""
    command = [sys.executable, "-m", "rawkit", "demo", "--json", name]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    if name in MAY_BE_MISSING and "cannot be shown here" in ran.stderr:
        pytest.skip(ran.stderr)
    assert ran.stderr == ""
    *figures, last = map(json.loads, ran.stdout.splitlines())
    assert ran.returncode == (0 if last["shown"] else 1), last["reading"]
    cells = (
        Figure(one["case"], one["measure"], one["figure"], one["figure_unit"] or "")
        for one in figures
    )
    outcome = Outcome(tuple(cells), last["shown"], last["reading"])
    assert outcome.shown, outcome
    assert_whole(outcome)
    assert figures[0]["setting"] == load(name).setting
    return outcome


def assert_whole(outcome: Outcome) -> None:
    """Check that the figures make a table, and that the reading is of sentences."""
    cases = {one.case for one in outcome.figures}
    measures = {one.measure for one in outcome.figures}
    assert len(outcome.figures) == len(cases) * len(measures)
    assert outcome.reading.endswith((".", ".)"))
    assert "{" not in outcome.reading


def value(outcome: Outcome, case: str, measure: str) -> float | str | None:
    """Return one figure."""
    (found,) = (one.value for one in outcome.figures if (one.case, one.measure) == (case, measure))
    return found
