"""The picture in the documents: taken of a real trace, and shown alike by every program."""

import shutil
import subprocess
import sys
from pathlib import Path
from xml.dom import minidom

import pytest

from tests.docs_pictures import NAMES, PICTURE, tidied

ROOT = Path(__file__).parents[1]


def words_in(svg: str) -> str:
    texts = minidom.parseString(svg).getElementsByTagName("text")
    inner = [node for one in texts for node in one.childNodes if isinstance(node, minidom.Text)]
    return "".join(node.data for node in inner).replace("\xa0", " ")


@pytest.mark.netns
def test_a_picture_is_taken_of_a_real_trace(tmp_path: Path) -> None:
    if shutil.which("ip") is None:
        pytest.skip("no ip here to set routes with")
    file = tmp_path / "trace.svg"

    subprocess.run(
        [sys.executable, "-m", "tests.docs_pictures", "4", str(file)],
        cwd=ROOT, check=True, timeout=90,
    )  # fmt: skip

    shown = words_in(file.read_text())
    assert "reached" in shown
    for name in ("access4.example.net", "edge1.example.com", "border.www.example"):
        assert name in NAMES.values()
        assert name in shown


def test_the_picture_in_the_documents_loads_nothing_from_elsewhere() -> None:
    svg = PICTURE.read_text()

    assert "url(http" not in svg
    assert "www.example" in words_in(svg)


def test_blanks_hold_no_text_in_its_place() -> None:
    svg = (
        '<text class="terminal-12-r2" x="10" y="20" textLength="61" clip-path="c">'
        "&#160;a&amp;b&#160;</text>"
        '<text class="terminal-12-r1" x="71" y="20" textLength="12.2" clip-path="c">&#160;</text>'
    )

    assert tidied(svg) == (
        '<text class="terminal-r2" x="22.2" y="20" textLength="36.6" clip-path="c">a&amp;b</text>\n'
    )
