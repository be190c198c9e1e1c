"""What the documents show is what happens: every example runs, and prints what is shown."""

import re
import shlex
import subprocess
import sys
from functools import cache

import pytest

from tests.docs_examples import Example, alike, constant, examples, printed

EXAMPLES = list(examples())
RUN = [pytest.param(one, id=str(one)) for one in EXAMPLES if one.runs]
LETTERS = re.compile(r"-[a-zA-Z]+")
"""Options without a value, in one word."""
COMMANDS = [
    pytest.param(command, id=f"{one}-{number}")
    for one in EXAMPLES
    for number, command in enumerate(one.commands)
]


@pytest.mark.netns
@pytest.mark.parametrize("example", RUN)
def test_an_example_does_what_the_page_shows(example: Example) -> None:
    output = printed(example)

    assert "Traceback" not in output
    if example.shown is not None and "varies" not in example.words:
        assert alike(example.shown, output), f"{constant(output)}\n\nbut the page shows\n\n" + (
            constant(example.shown)
        )


@pytest.mark.parametrize("command", COMMANDS)
def test_an_option_in_an_example_is_one_that_help_tells_of(command: str) -> None:
    words = shlex.split(command, comments=True)

    for place, word in enumerate(words[:-1]):
        if word == "rawkit" and words[place + 1].isalpha():
            known = options_of(words[place + 1])
            for option in options_in(words[place + 2 :]):
                assert option in known, f"rawkit {words[place + 1]} has no {option}"


def options_in(words: list[str]) -> list[str]:
    """Return the options among words, up to the next command."""
    found = []
    for word in words:
        if word in ("--", "|", "&&", "||", ";", ">"):
            break
        if word.startswith("--"):
            found.append(word.partition("=")[0])
        elif LETTERS.fullmatch(word):
            found += [f"-{letter}" for letter in word[1:]]
        elif word.startswith("-") and len(word) > 1:
            found.append(word[:2])  # with its value right behind it
    return found


@cache
def options_of(command: str) -> frozenset[str]:
    """Return the options that the help of a command names."""
    told = subprocess.run(
        [sys.executable, "-m", "rawkit", command, "--help"],
        capture_output=True,
        text=True,
        check=True,
    )
    words = told.stdout.replace(",", " ").replace("[=", " ").split()
    return frozenset(word for word in words if word.startswith("-"))


ALIKE = [
    ("time=0.044 ms\n", "time=12.1 ms\n", True),
    ("time 2001ms\n", "time 2004ms\n", True),
    ("took   9.1 ms x\n", "took  10.9 ms x\n", True),
    ("3 received\n", "2 received\n", False),
    ("a\n…\nd\n", "a\nb\nc\nd\n", True),
    ("a\n…\n", "a\nb\n", True),
    ("a\n…\nd\n", "a\nb\n", False),
    ('"rtt": 4.7e-05}\n', '"rtt": 0.0121}\n', True),
]


@pytest.mark.parametrize(("shown", "text", "same"), ALIKE)
def test_times_may_differ_from_the_page_and_nothing_else(shown: str, text: str, same: bool) -> None:
    assert alike(shown, text) is same
