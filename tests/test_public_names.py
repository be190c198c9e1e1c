"""`import rawkit`: its names are pinned, and it costs little."""

import subprocess
import sys
from pathlib import Path

import pytest

import rawkit
from rawkit import posix

PINNED = Path(__file__).with_name("public_names.txt")
"""The promise to users, one name a line: whoever changes it does so here too, on purpose."""

HEAVY = {"asyncio", "netaddr", "numpy", "pyroute2", "scapy"}


def loaded_by(statement: str) -> set[str]:
    """Return the packages that a fresh interpreter holds after the statement."""
    program = f"import sys\n{statement}\nprint(*sys.modules, sep='\\n', file=sys.stderr)"
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stderr.splitlines()}


def test_the_public_names_are_those_we_promised() -> None:
    assert sorted(rawkit.__all__) == PINNED.read_text().split()


def test_every_public_name_leads_to_something() -> None:
    missing = [name for name in rawkit.__all__ if not hasattr(rawkit, name)]

    assert missing == []


def test_dir_shows_every_public_name() -> None:
    assert set(rawkit.__all__) <= set(dir(rawkit))


def test_importing_rawkit_loads_nothing_heavy() -> None:
    assert not loaded_by("import rawkit") & HEAVY
    assert not loaded_by("from rawkit import posix") & (HEAVY | {"socket"})
    assert not loaded_by("from rawkit import posix; posix.connect") & HEAVY


def test_connections_in_user_space_and_the_kernels_have_the_same_name_in_two_rooms() -> None:
    assert rawkit.connect.__module__ == "rawkit.api.raw_tcp"
    assert posix.connect is rawkit.posix.connect
    assert posix.connect.__module__ == "rawkit.posix.client"
    with pytest.raises(AttributeError, match="no attribute 'konnect'"):
        getattr(posix, "konnect")  # noqa: B009


def test_the_command_line_says_its_version_without_loading_anything_heavy() -> None:
    said = "from rawkit.cli.main import main\ntry: main(['--version'])\nexcept SystemExit: pass"

    assert not loaded_by(said) & HEAVY
