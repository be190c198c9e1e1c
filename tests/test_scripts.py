"""The set-up that the scripts share, on a project that needs no package index; and the scripts."""

import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHELL_SCRIPTS = [ROOT / "scripts" / name for name in ("check", "demo", "test")] + [ROOT / ".ci/run"]

PYPROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]

[project]
name = "small"
version = "1"

[dependency-groups]
base = ["pip"]
dev = [{ include-group = "base" }, "pip>=1"]
"""

BACKEND = '''
"""Just enough of PEP 660 to install small.py from where it lies."""

import zipfile
from pathlib import Path

INFO = "small-1.dist-info"


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    files = {
        "small.pth": f"{Path.cwd()}\\n",
        f"{INFO}/METADATA": "Metadata-Version: 2.1\\nName: small\\nVersion: 1\\n",
        f"{INFO}/WHEEL": "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
    }
    record = "".join(f"{name},,\\n" for name in (*files, f"{INFO}/RECORD"))
    name = "small-1-py3-none-any.whl"
    with zipfile.ZipFile(Path(wheel_directory, name), "w") as wheel:
        for path, text in {**files, f"{INFO}/RECORD": record}.items():
            wheel.writestr(path, text)
    return name
'''


def project(at: Path) -> Path:
    (at / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "_setup.sh", at / "scripts")
    (at / "pyproject.toml").write_text(PYPROJECT)
    (at / "backend.py").write_text(BACKEND)
    (at / "small.py").write_text("")
    return at


def shell(
    at: Path, commands: str, *, before: tuple[str, ...] = (), **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run bash commands after sourcing the set-up of a project."""
    environment = {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(at),
        "LC_ALL": "C",
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_NO_INDEX": "1",
        "RAWKIT_PYTHON": sys.executable,
        **variables,
    }
    program = f"set -euo pipefail; source {shlex.quote(str(at))}/scripts/_setup.sh; {commands}"
    command = [*before, "bash", "-c", program]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a project whose environment was made by its set-up."""
    at = project(tmp_path_factory.mktemp("ready") / "small project")
    made = shell(at, "set_up runtime; python -c 'import small; print(small.__file__)'")
    assert made.returncode == 0, made.stderr
    assert made.stdout == f"{at}/small.py\n"
    assert made.stderr.startswith(f"set-up: making {at}/.venv with ")
    return at


@pytest.mark.thorough
def test_a_repeated_set_up_does_nothing_and_says_nothing(ready: Path) -> None:
    stamp = ready / ".venv" / ".rawkit-set-up"
    shell(ready, "set_up runtime")
    before = stamp.stat()

    again = shell(ready, "set_up runtime; command -v python")

    assert again.stderr == ""
    assert again.stdout == f"{ready}/.venv/bin/python\n"
    assert stamp.stat() == before


@pytest.mark.thorough
def test_a_changed_project_is_installed_again_into_the_same_environment(ready: Path) -> None:
    with (ready / "pyproject.toml").open("a") as file:
        file.write("\n# changed\n")

    changed = shell(ready, "set_up runtime")

    assert changed.returncode == 0
    assert changed.stderr.startswith("set-up: installing the runtime dependencies\nset-up: done")
    assert shell(ready, "set_up runtime").stderr == ""


@pytest.mark.thorough
def test_the_dev_group_is_more_than_the_runtime_and_enough_for_it(ready: Path) -> None:
    (ready / ".venv" / ".rawkit-set-up").unlink(missing_ok=True)
    shell(ready, "set_up runtime")

    more = shell(ready, "set_up dev")

    assert more.stderr.startswith("set-up: installing the dev dependencies\n")
    assert shell(ready, "set_up dev; set_up runtime").stderr == ""


@pytest.mark.thorough
def test_a_group_may_include_another(ready: Path) -> None:
    assert shell(ready, "set_up runtime; dependency_group dev").stdout == "pip\npip>=1\n"


@pytest.mark.thorough
def test_what_pip_says_is_shown_when_it_fails(tmp_path: Path, ready: Path) -> None:
    at = project(tmp_path / "broken")
    (at / "pyproject.toml").write_text(PYPROJECT.replace("pip>=1", "no-such-thing"))

    broken = shell(at, "set_up dev; echo went on", RAWKIT_VENV=str(ready / ".venv"))

    assert broken.returncode == 2
    assert broken.stdout == ""
    assert "set-up: pip could not install what is needed:\n" in broken.stderr
    assert "No matching distribution found for no-such-thing" in broken.stderr


def powerless() -> tuple[str, ...]:
    """Return what takes a command's power over other people's files, if it has that."""
    if os.geteuid() != 0:
        return ()
    return ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--no-new-privs")


@pytest.mark.thorough
def test_an_environment_one_may_not_write_is_used_while_it_is_right(ready: Path) -> None:
    shell(ready, "set_up runtime")
    (ready / ".venv").chmod(0o555)
    try:
        fine = shell(ready, "set_up runtime", before=powerless())
        (ready / "pyproject.toml").write_text(PYPROJECT + "\n# another\n")
        stale = shell(ready, "set_up runtime", before=powerless())
    finally:
        (ready / ".venv").chmod(0o755)

    assert (fine.returncode, fine.stderr) == (0, "")
    assert stale.returncode == 2
    assert stale.stderr.count("\n") == 1
    assert "has to be refreshed: make a clone of your own, or set RAWKIT_VENV=DIR" in stale.stderr


def test_a_checkout_one_may_not_write_is_said_so(tmp_path: Path) -> None:
    at = project(tmp_path / "small")
    at.chmod(0o555)

    refused = shell(at, "set_up runtime", before=powerless())

    assert refused.returncode == 2
    assert refused.stderr.startswith(f"set-up: you may not write to {at}: make a clone of your own")


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path: Path) -> None:
    at = project(tmp_path / "small")
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "dear.txt").write_text("Dear")

    refused = shell(at, "set_up runtime", RAWKIT_VENV=str(tmp_path / "letters"))

    assert refused.returncode == 2
    assert "is no Python environment, and not empty" in refused.stderr
    assert (tmp_path / "letters" / "dear.txt").read_text() == "Dear"


def test_without_a_python_the_package_to_install_is_named(tmp_path: Path) -> None:
    refused = shell(project(tmp_path / "small"), "set_up runtime", RAWKIT_PYTHON="/bin/false")

    assert refused.returncode == 2
    assert "no Python 3.11 or newer found: apt-get install python3 python3-venv" in refused.stderr


WITHOUT_ENSUREPIP = 'import sys; sys.modules["ensurepip"] = None; exec(sys.stdin.read())'


def test_without_ensurepip_the_package_to_install_is_named(tmp_path: Path) -> None:
    at = project(tmp_path / "small")
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\nexec '{sys.executable}' -c '{WITHOUT_ENSUREPIP}'\n")
    python.chmod(0o755)

    refused = shell(at, "set_up runtime", RAWKIT_PYTHON=str(python))

    assert refused.returncode == 2
    assert "cannot make environments" in refused.stderr
    assert "apt-get install python3" in refused.stderr
    assert not (at / ".venv").exists()


@pytest.mark.netns
def test_a_machine_without_user_namespaces_is_told_which_sysctl_forbids_them() -> None:
    closed = 'echo 0 >/proc/sys/user/max_user_namespaces; exec setpriv --bounding-set=-all "$@"'
    before = ("unshare", "--user", "--map-root-user", "bash", "-c", closed, "-")

    refused = shell(ROOT, "require_namespaces; echo went on", before=before)

    assert refused.returncode == 2
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1
    assert "user.max_user_namespaces is 0 (try: sudo sysctl -w user.max_user_namespaces=" in (
        refused.stderr
    )


@pytest.mark.netns
def test_where_namespaces_can_be_made_nothing_is_said() -> None:
    allowed = shell(ROOT, "require_namespaces; echo went on")

    assert (allowed.stdout, allowed.stderr) == ("went on\n", "")


@pytest.mark.parametrize("script", SHELL_SCRIPTS, ids=lambda script: script.name)
def test_a_script_can_be_run_and_stops_at_its_first_error(script: Path) -> None:
    lines = script.read_text().splitlines()

    assert os.access(script, os.X_OK)
    assert lines[0] == "#!/usr/bin/env bash"
    assert "set -euo pipefail" in lines
    assert subprocess.run(["bash", "-n", script], check=False).returncode == 0


def test_the_test_script_tells_its_options_without_setting_anything_up(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "RAWKIT_VENV": str(tmp_path / "none")}
    command = [str(ROOT / "scripts" / "test"), "--help"]

    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)

    assert told.stdout.startswith("Run every test")
    assert "--quick" in told.stdout
    assert "set -e" not in told.stdout
    assert not (tmp_path / "none").exists()
