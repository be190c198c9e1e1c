"""scripts/layers: what it lets pass, and what it does not."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def layers(root: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "layers"), str(root)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def house(root: Path, module: str, text: str) -> Path:
    path = root / "rawkit" / module
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return root


@pytest.mark.thorough
def test_this_house_stands() -> None:
    checked = layers(ROOT)

    assert checked.stdout == "layers: fine\n"
    assert checked.returncode == 0


ALLOWED = [
    ("wire/udp.py", "from rawkit.errors import ParseError\nfrom rawkit.record import record"),
    ("sockets/raw.py", "import socket\nfrom rawkit.host import capability"),
    ("host/routes.py", "def routes():\n    import pyroute2"),
    ("lab/topology.py", "from pyroute2 import IPRoute"),
    ("testing/plugin.py", "import pytest"),
    ("interop.py", "def to_scapy():\n    import scapy.all"),
    ("cli/ping.py", "from rawkit import api\nfrom rawkit.wire import text"),
]


@pytest.mark.parametrize(("module", "text"), ALLOWED)
def test_an_import_that_goes_down_is_fine(tmp_path: Path, module: str, text: str) -> None:
    assert layers(house(tmp_path, module, text)).stdout == "layers: fine\n"


FORBIDDEN = [
    ("wire/udp.py", "from rawkit.engine import ping", "1: wire may not import engine"),
    ("wire/udp.py", "from rawkit import sockets", "1: wire may not import sockets"),
    (
        "engine/ping.py",
        "\nfrom rawkit.sockets.raw import RawSocket",
        "2: engine may not import sockets",
    ),
    ("errors.py", "import rawkit", "1: errors may not import __init__"),
    ("session.py", "from rawkit.host import names", "1: session may not import host"),
    ("host/names.py", "from . import routes", "1: imports are absolute here"),
    ("wire/pcap.py", "import time", "1: wire is pure: it may not import time"),
    ("engine/ping.py", "from os import urandom", "1: engine is pure: it may not import os"),
    (
        "engine/ping.py",
        "def f():\n    import random",
        "2: engine is pure: it may not import random",
    ),
    ("api.py", "import pyroute2.netns", "1: api may not import pyroute2"),
    ("lab/shapes.py", "import netaddr", "1: lab.shapes may not import netaddr"),
    ("cli/send.py", "from scapy.all import IP", "1: cli.send may not import scapy"),
    ("testing/clock.py", "import pytest", "1: testing.clock may not import pytest"),
    (
        "cellar/wine.py",
        "",
        " there is no room cellar in the house: give it a line in scripts/layers",
    ),
]


@pytest.mark.parametrize(("module", "text", "said"), FORBIDDEN)
def test_any_other_import_is_named_with_its_line(
    tmp_path: Path, module: str, text: str, said: str
) -> None:
    checked = layers(house(tmp_path, module, text))

    assert checked.stdout == f"rawkit/{module}:{said}\n"
    assert checked.returncode == 1


def test_a_module_may_have_400_lines_and_no_more(tmp_path: Path) -> None:
    assert layers(house(tmp_path / "most", "wire/a.py", "a = 1\n" * 400)).returncode == 0
    assert (
        "401 lines, above 400"
        in layers(house(tmp_path / "more", "wire/a.py", "a = 1\n" * 401)).stdout
    )


def test_a_function_may_have_40_lines_of_code_and_no_more(tmp_path: Path) -> None:
    words = '    """Say.\n\n    More.\n    """\n    # why\n\n'
    most = "def f():\n" + words + "    a = 1\n" * 39
    more = most + "    b = 2\n"

    assert layers(house(tmp_path / "most", "wire/a.py", most)).returncode == 0
    assert (
        ":1: f has 41 lines, above 40" in layers(house(tmp_path / "more", "wire/a.py", more)).stdout
    )
