"""The picture of ``rawkit trace --live`` in the documents, taken of a real trace.

``python -m tests.docs_pictures [SECONDS [FILE]]`` builds a network, watches a path in it for
a minute, and writes docs/images/trace-live.svg. It takes no root, and ``ip``, of iproute2.

The network: two routers that are the kernel's own, with a jittery wire between them; behind
the second one a played path of several, which have MPLS labels, say nothing, say little, or
share a hop. Names are from a hosts file that only this process sees, systems from a table.
"""

import asyncio
import html
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_address
from pathlib import Path
from tempfile import TemporaryDirectory

from rawkit import lab
from rawkit.cli.trace_live_app import TraceApp
from rawkit.cli.trace_options import parse
from rawkit.cli.trace_session import open_lookup, open_session
from rawkit.host.calls import mount
from rawkit.lab import Answer, Hop, Node
from rawkit.wire.multipart import InterfaceInfo, Label, Role, interface, mpls

PICTURE = Path(__file__).parents[1] / "docs" / "images" / "trace-live.svg"
SECONDS = 60.0
SIZE = 126, 30
"""Columns and lines."""
TARGET, NAME, SELECTED = "203.0.113.1", "www.example", 7
OPTIONS = ["--live", "-q", "2", "--interval", "0.5"]
TWINS = "198.51.100.5", "198.51.100.55"
HOPS = [
    Hop(delay=0.001, extensions=(mpls(Label(24017, ttl=1)),)),
    Hop(delay=0.002, silent=True),
    Hop(answers_per_second=0.8, burst=6),
    Hop(delay=0.003, loss=0.02),
    Hop(
        delay=0.001,
        pause=(0.0, 0.005),
        speaks_as=tuple(map(ip_address, TWINS)),
        extensions=(
            mpls(Label(24110, ttl=1)),
            interface(InterfaceInfo(Role.INCOMING, 531, None, "ae3.0", 9000)),
        ),
    ),
    Hop(delay=0.001, detour=2),
]
NAMES = {
    "10.1.0.2": "gateway.home.example",
    "10.2.0.2": "access4.example.net",
    "192.0.2.254": "core1.example.net",
    "198.51.100.3": "ix2.example.org",
    "198.51.100.4": "edge1.example.com",
    TWINS[0]: "core3a.example.com",
    TWINS[1]: "core3b.example.com",
    "198.51.100.6": "border.www.example",
    TARGET: NAME,
}
SYSTEMS = """\
10.2.0.0/16 64496
192.0.2.0/24 64496
198.51.100.3/32 64499
198.51.100.0/24 64501
198.51.100.6/32 64505
203.0.113.0/24 64505
"""
ANSWERING = {"net.ipv4.icmp_ratelimit": 0}
FONTS = "'Fira Code', 'DejaVu Sans Mono', Menlo, Consolas, monospace"
COLUMN = 12.2
"""Width of a letter in the picture."""
TEXT = re.compile(
    r'<text class="([^"]+)" x="([\d.]+)" y="([\d.]+)" textLength="[\d.]+"([^>]*)>([^<]*)</text>'
)
MS_BIND = 4096  # linux/mount.h


def main(seconds: float, picture: Path) -> None:
    """Build the network, and take the picture in it."""
    lab.enter()
    with TemporaryDirectory() as folder, network() as here:
        hosts, systems = Path(folder) / "hosts", Path(folder) / "systems"
        hosts.write_text("".join(f"{address} {name}\n" for address, name in NAMES.items()))
        systems.write_text(SYSTEMS)
        mount(str(hosts), "/etc/hosts", None, MS_BIND)  # in the mount namespace that is ours
        command = [sys.executable, "-m", "tests.docs_pictures"]
        with here.popen([*command, "within", str(seconds), str(picture), str(systems)]) as watching:
            if watching.wait():
                raise SystemExit(watching.returncode)


@contextmanager
def network() -> Iterator[Node]:
    """Build it, and give its first node."""
    with lab.Lab() as net:
        first, gateway, access = (
            net.node("first"),
            *(net.router(name, sysctls=ANSWERING) for name in ("gateway", "access")),
        )
        net.link(first, gateway)
        net.link(gateway, access, delay=0.004, jitter=0.0015)
        net.up()
        with lab.Path(access, HOPS, {TARGET: Answer.REPLY}):
            for node, through in ((first, "10.1.0.2"), (gateway, "10.2.0.2")):
                with node.popen(["ip", "route", "replace", "default", "via", through]) as setting:
                    if setting.wait():
                        raise SystemExit("cannot set a route with ip, of iproute2")
            yield first


def watch(seconds: float, picture: Path, systems: str) -> None:
    """Watch the path, and write what there is to be seen."""
    options = parse([*OPTIONS, "--as-table", systems, NAME])
    app = TraceApp(lambda method: open_session(options, None, method), lookup=open_lookup(options))

    async def picture_of() -> str:
        async with app.run_test(size=SIZE) as pilot:
            await pilot.pause(seconds)
            await pilot.press("home", *["down"] * (SELECTED - 1))
            await pilot.pause(0.5)
            return app.export_screenshot(title=f"rawkit trace --live {NAME}")

    picture.write_text(tidied(asyncio.run(picture_of())))
    if app.failure is not None:
        raise SystemExit(str(app.failure))


def tidied(svg: str) -> str:
    """Return a picture that loads nothing, and in which no blanks hold text in its place.

    Some programs that show pictures do away with blanks.
    """
    svg = re.sub(r"<!--.*?-->|@font-face *{.*?}", "", svg, flags=re.DOTALL)
    svg = re.sub(r"font-family: Fira Code, monospace", f"font-family: {FONTS}", svg)
    svg = re.sub(r"terminal-\d+-", "terminal-", svg)
    return "".join(
        f"{line.rstrip()}\n" for line in TEXT.sub(_placed, svg).splitlines() if line.strip()
    )


def _placed(text: re.Match[str]) -> str:
    kind, x, y, others, said = text.groups()
    words = html.unescape(said).replace("\xa0", " ")
    if not (bare := words.strip()):
        return ""
    left = float(x) + COLUMN * (len(words) - len(words.lstrip()))
    shown = html.escape(bare, quote=False).replace(" ", "&#160;")
    place = f'x="{left:.1f}" y="{y}" textLength="{COLUMN * len(bare):.1f}"'
    return f'<text class="{kind}" {place}{others}>{shown}</text>'


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["within", duration, file, table]:
            watch(float(duration), Path(file), table)
        case words:
            main(float(words[0]) if words else SECONDS, Path(words[1]) if words[1:] else PICTURE)
