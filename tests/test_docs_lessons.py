"""Each sentence of the lessons has its test, and each test its sentence."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "explanation" / "what-is-said-of-sockets.md"
NAME = re.compile(r"\btest_\w+")
DEFINED = re.compile(r"^def (test_\w+)", re.MULTILINE)


def test_every_correction_is_proved_by_a_test_and_every_test_is_told_of() -> None:
    told = NAME.findall(PAGE.read_text())
    files = (ROOT / "tests" / "lessons").glob("test_*.py")
    there = [
        name
        for path in files
        if path.name != "test_line_programs.py"
        for name in DEFINED.findall(path.read_text())
    ]

    assert sorted(told) == sorted(there)
