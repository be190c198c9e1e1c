"""``sniff``: hear what passes on a link, or on all: tell it, or write it to a file."""

from collections.abc import Callable
from typing import TypedDict, Unpack

from rawkit.api.capture_filter import Way, socket_filter
from rawkit.api.common import Place, check_keywords, inside, wrapped
from rawkit.api.sniff_session import SniffSession
from rawkit.engine.capture import Capture, CaptureSettings
from rawkit.errors import UsageError
from rawkit.filters.filter import Filter
from rawkit.host.links import link
from rawkit.session import REAL_TIME, Timekeeper
from rawkit.sockets.fanout import Fanout
from rawkit.sockets.frame_ring import RING, open_ring
from rawkit.sockets.frames import FrameOptions, open_frames
from rawkit.sockets.packet_io import PacketIO
from rawkit.sockets.settings import Settings
from rawkit.sockets.stoppable import Stoppable

LEAST_SNAP = 14
"""Octets of an Ethernet header: what is less is read by nobody."""


class SniffOptions(TypedDict, total=False):
    """The keywords of :func:`sniff`."""

    interface: str | None
    count: int | None
    timeout: float | None
    promiscuous: bool
    direction: Way | None
    snap_length: int
    immediate: bool
    buffer: int
    fanout: Fanout | None
    at: Place | None
    wrap: Callable[[PacketIO], PacketIO] | None


def sniff(filter: str | Filter = "", **options: Unpack[SniffOptions]) -> SniffSession:  # noqa: A002  # what everybody calls it
    """Hear what passes on an interface, or on all. Nothing is sent. Needs CAP_NET_RAW.

    What comes waits in a ring of memory until it is read: it has megabytes of room.

    Args:
        filter: what to hear, in tcpdump's words; it is at work before the first packet.
        **options: ``interface`` to listen on, ``None``: all; ``count`` packets, ``timeout``
            seconds; ``promiscuous``: have that interface hand over what is for others, too
            (yes); ``direction`` "in" or "out", ``None``: both, but on the loopback interface
            each packet once; ``snap_length`` octets to keep of each packet (all);
            ``immediate``: tell each packet at once, not up to 10 ms later, with less room for
            bursts; ``buffer`` octets of room (16 MiB); ``fanout``: share what comes with others
            of this group; ``at``: the lab node to listen at; ``wrap`` puts a pipe of yours
            around the socket.

    Raises:
        FilterError: the filter makes no sense; it says where.
        UsageError: there is no such interface, or an option makes no sense.
        MissingCapability: when the session starts: CAP_NET_RAW.
    """
    check_keywords("sniff", options, SniffOptions.__optional_keys__)
    return session_for(filter, options)


def session_for(
    chosen_by: str | Filter, options: SniffOptions, time: Timekeeper = REAL_TIME
) -> SniffSession:
    """Return the session of :func:`sniff`, by any clock."""
    name, place, wrap = options.get("interface"), options.get("at"), options.get("wrap")
    _check(options)
    settings = CaptureSettings(count=options.get("count"), deadline=options.get("timeout"))
    size, snap_length = options.get("buffer", RING), options.get("snap_length", 0)
    with inside(place):
        hardware = None if name is None else link(name).kind
        program = socket_filter(chosen_by, hardware, options.get("direction"), snap_length)
    hearing: FrameOptions = {
        "program": program,
        "promiscuous": name is not None and options.get("promiscuous", True),
        "ignore_outgoing": options.get("direction") == "in",
    }
    if (fanout := options.get("fanout")) is not None:
        hearing["fanout"] = fanout
    is_immediate = options.get("immediate", False)

    def open_io() -> Stoppable:
        with inside(place):
            if is_immediate:
                hearing["settings"] = Settings(receive_buffer=size)
                frames = open_frames(name, why="each packet is told at once", **hearing)
            else:
                frames = open_ring(name, octets=size, **hearing)
        return Stoppable(frames, wrapped(frames, wrap))

    words = chosen_by.text if isinstance(chosen_by, Filter) else chosen_by
    return SniffSession(Capture(settings), open_io, words, name, snap_length, time)


def _check(options: SniffOptions) -> None:
    """Refuse what makes no sense.

    Raises:
        UsageError: says which value, and what would do.
    """
    direction, timeout = options.get("direction"), options.get("timeout")
    snap_length, size = options.get("snap_length", 0), options.get("buffer", RING)
    if direction not in (None, "in", "out"):
        raise UsageError(f"direction is {direction!r}, not one of in, out")
    if timeout is not None and not timeout >= 0:
        raise UsageError(f"timeout is {timeout}, not at least 0")
    if size < 1:
        raise UsageError(f"buffer is {size}, not at least 1")
    if snap_length != 0 and snap_length < LEAST_SNAP:
        raise UsageError(f"snap_length is {snap_length}, not at least {LEAST_SNAP} (0: all)")
