"""``rawkit connect --raw``: TCP in user space in the place of the kernel's."""

from typing import cast

from rawkit.api.capturing_link import Tap
from rawkit.api.raw_attempt import RawOpener
from rawkit.cli.connect_options import ConnectOptions
from rawkit.cli.errors import complain
from rawkit.cli.handshake_text import explained
from rawkit.endpoint.guarding import GuardKind
from rawkit.endpoint.host import Host
from rawkit.endpoint.narration import Shown
from rawkit.endpoint.opening import LinkKind
from rawkit.posix.connecting import ConnectSettings
from rawkit.record import replace
from rawkit.tcp.flow import Flow


def tap_of(options: ConnectOptions) -> Tap:
    """Return what writes segments down and loses them, as far as that was asked for."""
    return Tap(options.pcap, options.drop)


def by_hand(options: ConnectOptions, settings: ConnectSettings, tap: Tap) -> ConnectSettings:
    """Return settings by which connections are made in user space."""

    def opened(host: Host) -> None:
        if options.verbose:
            _tell_of(host)
        tap.around(host)

    link = cast("LinkKind", options.link or "raw")
    opener = RawOpener(
        link=link,
        guard=cast("GuardKind", options.guard or "auto"),
        explain=_say if options.explain else None,
        opened=opened,
    )
    return replace(settings, opener=opener)


def _say(flow: Flow, shown: Shown) -> None:
    """Tell of a segment on stderr: one line with what it says, one with what it is for."""
    for line in explained(flow, shown, reasons=True).splitlines():
        complain("connect", line)


def _tell_of(host: Host) -> None:
    """Tell what moves the segments, and what keeps the kernel away."""
    guard = ", ".join(host.guard_layers) or "none"
    complain("connect", f"{host.link.name} link; guard: {guard}")
