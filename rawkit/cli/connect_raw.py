"""``rawkit connect --raw``: TCP in user space in the place of the kernel's."""

from typing import cast

from rawkit.api.raw_attempt import RawOpener
from rawkit.cli.connect_options import ConnectOptions
from rawkit.cli.errors import complain
from rawkit.cli.handshake_text import explained
from rawkit.endpoint.narration import Shown
from rawkit.endpoint.opening import LinkKind
from rawkit.posix.connecting import ConnectSettings
from rawkit.record import replace
from rawkit.tcp.flow import Flow


def by_hand(options: ConnectOptions, settings: ConnectSettings) -> ConnectSettings:
    """Return settings by which connections are made in user space."""
    link = cast("LinkKind", options.link or "raw")
    opener = RawOpener(link=link, explain=_say if options.explain else None)
    return replace(settings, opener=opener)


def _say(flow: Flow, shown: Shown) -> None:
    """Tell of a segment on stderr: one line with what it says, one with what it is for."""
    for line in explained(flow, shown, reasons=True).splitlines():
        complain("connect", line)
