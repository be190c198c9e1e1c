"""The dispatcher: which command runs, and how everything ends."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from rawkit.cli import main as command_line
from rawkit.cli.main import COMMANDS, main

RAWKIT = (sys.executable, "-m", "rawkit")
BROKEN_PIPE = 141


def run(*words: str, **options: int | None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*RAWKIT, *words], text=True, check=False, stdin=subprocess.DEVNULL,
        stdout=options.get("stdout", subprocess.PIPE), stderr=subprocess.PIPE, timeout=20,
    )  # fmt: skip


def imported_by(*words: str) -> set[str]:
    script = (
        "import sys; from rawkit.cli.main import main\n"
        "try: main(sys.argv[1:])\n"
        "finally: print(*sys.modules, file=sys.stderr)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=True
    )
    return set(ran.stderr.split())


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["--help"])

    out, err = capsys.readouterr()
    assert (code, err) == (0, "")
    assert all(f"  {name} " in out for name in COMMANDS)


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    from importlib.metadata import version

    code = main(["--version"])

    assert (code, capsys.readouterr().out) == (0, f"rawkit {version('rawkit')}\n")


KNOWN = ", ".join(COMMANDS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], f"rawkit: no command: {KNOWN} (rawkit --help says what they do)\n"),
        (["pong"], "rawkit: no command 'pong' (did you mean 'ping'?)\n"),
        (["doktor"], "rawkit: no command 'doktor' (did you mean 'doctor'?)\n"),
        (["xyz"], f"rawkit: no command 'xyz': {KNOWN}\n"),
        (["x\nyz"], f"rawkit: no command 'x\\nyz': {KNOWN}\n"),
        (["-c", "1"], "rawkit: no option '-c' before the command: rawkit COMMAND -c …\n"),
        (["ping"], "rawkit ping: usage error: Destination address required\n"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    words: Sequence[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main(words)

    assert (code, *capsys.readouterr()) == (2, "", said)


def test_every_command_can_be_imported_and_has_a_main() -> None:
    for name in COMMANDS:
        assert callable(command_line._command(name))


def test_only_the_chosen_command_is_imported() -> None:
    modules = imported_by("ping", "--help")

    assert "rawkit.cli.ping" in modules
    assert not modules & {"rawkit.cli.lab", "rawkit.cli.caps", "rawkit.cli.doctor"}


def test_help_imports_no_command_at_all() -> None:
    modules = imported_by("--help")

    assert not {f"rawkit.cli.{name}" for name in COMMANDS} & modules


def test_nobody_reads_the_output_any_more_and_nothing_is_said() -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        ran = run("--help", stdout=write)
    finally:
        os.close(write)

    assert (ran.returncode, ran.stderr) == (BROKEN_PIPE, "")


def test_a_full_disk_is_one_line_and_exit_code_2() -> None:
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ran = run("--help", stdout=full.fileno())

    assert ran.returncode == 2
    assert ran.stderr == "rawkit: write error: No space left on device\n"


def test_closed_streams_are_no_reason_to_fail() -> None:
    command = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", *RAWKIT]

    codes = [
        subprocess.run([*command, *words], check=False).returncode
        for words in (["--help"], ["pong"], ["ping", "-c", "0", "192.0.2.1"])
    ]

    assert codes == [0, 2, 2]


@pytest.mark.parametrize("words", [["--help"], ["ping", "--help"]])
def test_letters_that_the_terminal_does_not_have_are_replaced(words: Sequence[str]) -> None:
    ascii_only = {**os.environ, "PYTHONIOENCODING": "ascii"}

    ran = subprocess.run(
        [*RAWKIT, *words], env=ascii_only, capture_output=True, text=True, check=False
    )

    assert (ran.returncode, ran.stderr) == (0, "")
    assert "?" in ran.stdout


def test_control_c_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command_line, "_command", interrupted)

    assert main(["doctor"]) == 130


CAUGHT_IN_TEXT = """
import signal
from rawkit.cli import main

def caught():
    signal.signal(signal.SIGALRM, lambda *_: signal.raise_signal(signal.SIGINT))
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    try:
        exec("while True: pass")
    except KeyboardInterrupt:
        return 1

main.main = caught
"""


def test_a_ctrl_c_that_was_caught_is_the_end_of_it_wherever_it_came(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(CAUGHT_IN_TEXT)
    ran = subprocess.run(
        RAWKIT, env={**os.environ, "PYTHONPATH": str(tmp_path)}, capture_output=True,
        text=True, check=False, timeout=20,
    )  # fmt: skip

    assert (ran.returncode, ran.stdout, ran.stderr) == (1, "", "")
