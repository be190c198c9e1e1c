"""scripts/handshake.py, which is there to be read, also runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from rawkit import lab

SCRIPT = Path(__file__).parents[1] / "scripts" / "handshake.py"
LONGEST = 60
"""Lines: a page, for a program that is to be read."""


@pytest.mark.netns
@pytest.mark.parametrize("version", [4, 6])
def test_it_shows_the_segments_and_fetches_a_page(version: int) -> None:
    with lab.pair() as net:
        host = str(net.last.ipv4 if version == 4 else net.last.ipv6)
        serve = [sys.executable, "-u", "-m", "http.server", "8000", "--bind", host]
        with net.last.popen(
            serve, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as server:
            assert server.stdout is not None
            server.stdout.readline()
            ask = [sys.executable, str(SCRIPT), host, "8000"]
            with net.first.popen(
                ask, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            ) as asking:
                out, err = asking.communicate(timeout=30)
            server.kill()

    lines = out.splitlines()
    assert (asking.returncode, err) == (0, "")
    assert [line[:2] for line in lines[0:6:2]] == ["1.", "2.", "3."]
    assert "Flags [S.]" in lines[3]
    assert any(line.endswith("octets: HTTP/1.0 200 OK") for line in lines)
    assert lines[-1] == "now it is CLOSED"


def test_it_fits_on_a_page() -> None:
    assert len(SCRIPT.read_text().splitlines()) <= LONGEST
