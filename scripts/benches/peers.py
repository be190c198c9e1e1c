"""The tools rawkit is compared with, and an environment of their own for those in Python.

This runs before there is such an environment: it needs the standard library only.
"""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]


class Program(NamedTuple):
    """A program of another project."""

    package: str
    """The Debian package that holds it; several with spaces between."""
    version: str
    """The option that makes it tell its version."""


PROGRAMS: dict[str, dict[str, Program]] = {
    "packets": {"tcpdump": Program("tcpdump", "--version")},
    "ping": {"ping": Program("iputils-ping", "-V"), "fping": Program("fping", "-v")},
    "servers": {
        "cc": Program("gcc libc6-dev", "--version"),
        "socat": Program("socat", "-V"),
        "ncat": Program("ncat", "--version"),
    },
    "tcp": {"ethtool": Program("ethtool", "--version")},
    "trace": {
        "traceroute": Program("traceroute", "-V"),
        "tracepath": Program("iputils-tracepath", "-V"),
        "mtr": Program("mtr-tiny", "-v"),
        "scamper": Program("scamper", "-v"),
    },
}
"""By benchmark and name."""
MODULES: dict[str, tuple[str, ...]] = {
    "packets": ("dpkt", "pypacker", "scapy"),
    "ping": ("icmplib", "ping3", "scapy"),
    "servers": ("uvloop",),
    "tcp": ("scapy",),
    "trace": (),
}
"""Python packages, by benchmark."""
VERSION = re.compile(r"\d+(?:\.\w+)+")
SYSTEM = ("/usr/sbin", "/sbin")
"""Where some programs are that an ordinary user's PATH does not know."""
SET_UP = 'set -euo pipefail; source "$1"/scripts/_setup.sh; set_up runtime'
APT = ("apt-get", "-qq", "--yes", "--no-install-recommends", "install")


def environment() -> Path:
    """Return where the environment is: beside the usual one, or where RAWKIT_BENCH_VENV says."""
    return Path(os.environ.get("RAWKIT_BENCH_VENV") or ROOT / ".venv-bench").absolute()


def is_inside() -> bool:
    """Whether this is the interpreter of that environment."""
    return Path(sys.prefix).resolve() == environment().resolve()


def provide(bench: str) -> None:
    """Install what is missing for a benchmark, as far as this user may.

    Raises:
        subprocess.CalledProcessError: there can be no environment with rawkit in it.
    """
    venv = environment()
    command = ["bash", "-c", SET_UP, "bench", str(ROOT)]
    subprocess.run(command, env={**os.environ, "RAWKIT_VENV": str(venv)}, check=True)
    (venv / ".gitignore").write_text("*\n")
    modules = [name for name in MODULES[bench] if not _has_module(venv, name)]
    if modules:
        say(f"installing {', '.join(modules)}")
        pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input"]
        subprocess.run([*pip, "--disable-pip-version-check", *modules], check=False)
    packages = [
        package
        for name, one in PROGRAMS[bench].items()
        if not _which(name)
        for package in one.package.split()
    ]
    if packages and os.geteuid() == 0 and shutil.which("apt-get"):
        say(f"installing {', '.join(packages)}")
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        subprocess.run([*APT, *packages], env=quiet, stdout=sys.stderr, check=False)


def missing(bench: str) -> dict[str, str]:
    """Return the peers that are not there, and how to get them."""
    absent = {
        name: f"apt-get install {one.package}"
        for name, one in PROGRAMS[bench].items()
        if not _which(name)
    }
    for name in MODULES[bench]:
        if not _has_module(environment(), name):
            absent[name] = f"{environment()}/bin/python -m pip install {name}"
    return absent


def versions(bench: str) -> dict[str, str]:
    """Return the version of every tool that is there."""
    from importlib.metadata import version

    absent = missing(bench)
    known = {"python": ".".join(map(str, sys.version_info[:3])), "rawkit": version("rawkit")}
    for name in MODULES[bench]:
        if name not in absent:
            known[name] = version(name)
    for name, one in PROGRAMS[bench].items():
        if name not in absent:
            known[name] = _told(program(name), one.version)
    return known


def program(name: str) -> str:
    """Return the path of a program: of our environment, else of the machine."""
    own = environment() / "bin" / name
    return str(own) if own.exists() else _which(name) or name


def machine() -> dict[str, str]:
    """Return what the figures depend on."""
    load = " ".join(f"{value:.2f}" for value in os.getloadavg())
    processor = next(_processor(), "unknown")
    return {
        "revision": _revision(),
        "kernel": os.uname().release,
        "processor": f"{len(os.sched_getaffinity(0))} x {processor}",
        "load": load,
    }


def say(text: str) -> None:
    """Tell how far it is, on stderr."""
    print(f"bench: {text}", file=sys.stderr, flush=True)


def _which(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join((os.environ.get("PATH", ""), *SYSTEM)))


def version_in(said: str) -> str:
    """Return the version in what a program says of itself: the first one with dots in it.

    A line that begins the text and ends with a number has its version there.
    """
    words = said.partition("\n")[0].split()
    first = VERSION.search(" ".join(words))
    if first is None and words and words[-1].isdecimal():
        return words[-1]
    match = first or VERSION.search(said)
    return match[0] if match else "unknown"


def _told(path: str, option: str) -> str:
    """Return what a program tells of its version."""
    said = subprocess.run([path, option], capture_output=True, text=True, check=False)
    return version_in(said.stdout or said.stderr)


def _has_module(venv: Path, name: str) -> bool:
    return any(venv.glob(f"lib/python3.*/site-packages/{name}-*.dist-info"))


def _revision() -> str:
    """Return the commit that is checked out, and whether files differ from it."""
    command = ["git", "-C", str(ROOT), "describe", "--always", "--dirty=, changed"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    return said.stdout.strip() or "unknown"


def _processor() -> Iterator[str]:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            yield " ".join(line.partition(":")[2].split())
