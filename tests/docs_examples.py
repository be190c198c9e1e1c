"""The examples in the documents: found, run, and written anew.

``python -m tests.docs_examples PAGE…`` runs the examples of pages and puts what they print
into the pages. What a fenced block is follows from the words behind its fence:

====================  ==========================================================
``python``            a program; a ``text`` block right behind it is its output
``python pytest``     a test, for pytest with the plugin
``console``           commands behind ``$``, each followed by what it prints
``… varies``          is run, but prints something else each time
``… apart``           is not run: it needs another machine, or leave, or long
====================  ==========================================================
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from rawkit.record import record

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path.relative_to(ROOT)
    for path in (ROOT / "README.md", *(ROOT / "docs").rglob("*.md"))
    if "decisions" not in path.parts
)
FENCED = re.compile(r"^```([a-z]+)((?: [a-z]+)*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
OUTPUT = re.compile(r"\n+```text\n(.*?)^```$", re.MULTILINE | re.DOTALL)
VARYING = re.compile(r"\d+\.\d+(?:e-\d+)?|\d+e-\d+|(?<=time[= ])\d+|(?<=ident=)\d+|(?<=pipe )\d+")
SPACES = re.compile(r" +(?=#)|(?<=#) +")
"""Beside such a number: their count depends on its width."""
GAP = re.compile(r"^…\n", re.MULTILINE)
MARK = "-- command -- "
LIMIT = 60
"""Seconds that an example may take."""


@record
class Example:
    """A block of a page that can be run."""

    page: Path
    line: int
    language: str
    words: frozenset[str]
    source: str
    shown: str | None
    """What it prints according to the page; ``None``: the page does not say."""
    span: tuple[int, int]
    """Where in the page the shown output, or for ``console`` all of it, stands."""

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def runs(self) -> bool:
        """Whether it can be run here."""
        return "apart" not in self.words

    @property
    def commands(self) -> list[str]:
        """The commands of a ``console`` block, continued lines included."""
        found = re.findall(r"^\$ ((?:.*\\\n)*.*)$", self.source, re.MULTILINE)
        return [command.replace("\\\n", "") for command in found]


def examples() -> Iterator[Example]:
    """Yield the examples of all pages."""
    for page in PAGES:
        yield from examples_of(page)


def examples_of(page: Path) -> Iterator[Example]:
    """Yield the examples of one page."""
    text = (ROOT / page).read_text()
    for block in FENCED.finditer(text):
        language, words, source = block[1], frozenset(block[2].split()), block[3]
        line = text.count("\n", 0, block.start()) + 1
        if language == "console":
            yield Example(page, line, language, words, source, source, block.span(3))
        elif language == "python":
            output = OUTPUT.match(text, block.end())
            shown = output[1] if output else None
            span = output.span(1) if output else (block.end(), block.end())
            yield Example(page, line, language, words, source, shown, span)


def printed(example: Example) -> str:
    """Run an example and return what its page ought to show.

    Raises:
        AssertionError: it failed.
    """
    with TemporaryDirectory() as folder:
        if example.language == "console":
            return _console(example, folder)
        command = [sys.executable, "-W", "error", "-c", example.source]
        if "pytest" in example.words:
            (Path(folder) / "test_example.py").write_text(example.source)
            options = ["-q", "-p", "no:cacheprovider", "--rawkit-netns", "--rootdir", folder]
            command = [sys.executable, "-m", "pytest", *options, "test_example.py"]
        ran = _run(command, folder)
        assert ran.returncode == 0, ran.stdout
        return ran.stdout


def constant(text: str) -> str:
    """Return a text without what differs from run to run."""
    text = SPACES.sub(" ", VARYING.sub("#", text))
    lines = (line.rstrip() for line in text.splitlines())
    return "\n".join(lines).rstrip()


def alike(shown: str, text: str) -> bool:
    """Whether a page shows this output; a line ``…`` of it stands for any lines."""
    parts = GAP.split(constant(shown) + "\n")
    pattern = "(?:.*\n)*".join(map(re.escape, parts))
    return re.fullmatch(pattern, constant(text) + "\n") is not None


def _console(example: Example, folder: str) -> str:
    script = "".join(
        f"echo '{MARK}{number}'\n(exit $status)\n{command}\nstatus=$?\n"
        for number, command in enumerate(example.commands)
    )
    ran = _run(["bash", "-c", f"status=0\n{script}"], folder)
    outputs = re.split(rf"^{MARK}\d+\n", ran.stdout, flags=re.MULTILINE)[1:]
    prompts = re.findall(r"^\$ (?:.*\\\n)*.*\n", example.source, re.MULTILINE)
    assert len(outputs) == len(prompts), ran.stdout
    return "".join(
        prompt + _ending(output) for prompt, output in zip(prompts, outputs, strict=True)
    )


def _ending(output: str) -> str:
    return output if not output or output.endswith("\n") else f"{output}\n"


def _run(command: list[str], folder: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    environment = {
        **kept,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "LC_ALL": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    return subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def write_anew(page: Path) -> None:
    """Put into a page what its examples print today."""
    text = (ROOT / page).read_text()
    for example in reversed(list(examples_of(page))):
        if example.runs and example.shown is not None and "…\n" not in example.shown:
            start, end = example.span
            text = text[:start] + printed(example) + text[end:]
    (ROOT / page).write_text(text)


if __name__ == "__main__":
    for name in sys.argv[1:] or PAGES:
        write_anew(Path(name))
