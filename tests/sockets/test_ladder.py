"""Which socket is opened, and what is said if none can be."""

import socket
from collections.abc import Callable

import pytest

from rawkit.errors import MissingCapability, NotPermitted
from rawkit.host.capability import Capability, drop
from rawkit.lab.namespace import Namespace
from rawkit.sockets.ladder import open_echo
from rawkit.sockets.settings import Settings
from rawkit.wire.news import News, Opened

pytestmark = pytest.mark.netns

CLOSED = "net.ipv4.ping_group_range "
BOTH_VERSIONS = pytest.mark.parametrize("version", [4, 6])


def opening(version: int = 4, **wanted: object) -> News | None:
    """Return the first news of an echo pipe."""
    settings = Settings(**wanted)  # type: ignore[arg-type]  # the tests' own words
    io = open_echo(version, 7, settings)
    news = io.receive()
    io.close()
    return news


def without_capabilities(function: Callable[[], object], *but: Capability) -> Callable[[], object]:
    """Return a function that first gives up the thread's capabilities for good."""

    def dropped() -> object:
        drop(but)
        return function()

    return dropped


@BOTH_VERSIONS
def test_a_ping_socket_comes_first(version: int, host: Namespace) -> None:
    assert host.run(opening, version) == Opened("ping socket", "needs no privilege")


@BOTH_VERSIONS
def test_a_ping_socket_needs_no_capability(version: int, host: Namespace) -> None:
    opened = host.run(without_capabilities(lambda: opening(version)))

    assert opened == Opened("ping socket", "needs no privilege")


@BOTH_VERSIONS
def test_a_raw_socket_stands_in_and_says_why(version: int, closed_host: Namespace) -> None:
    opened = closed_host.run(opening, version)

    assert isinstance(opened, Opened)
    assert opened.via == "raw socket"
    assert opened.why.startswith(CLOSED)


@pytest.mark.parametrize("kind", ["ping", "raw"])
@BOTH_VERSIONS
def test_a_kind_can_be_asked_for(version: int, kind: str, host: Namespace) -> None:
    opened = host.run(lambda: opening(version, kind=kind))

    assert opened == Opened(f"{kind} socket", "asked for")


@BOTH_VERSIONS
def test_where_neither_can_be_had_both_reasons_are_given(
    version: int, closed_host: Namespace
) -> None:
    with pytest.raises(NotPermitted) as refusal:
        closed_host.run(without_capabilities(lambda: opening(version)))

    error = refusal.value
    assert error.to == f"ping over IPv{version}"
    group_range, capability = error.causes
    assert group_range.startswith(CLOSED)
    assert "CAP_NET_RAW" in capability
    assert any("sysctl -w net.ipv4.ping_group_range" in way for way in error.ways_out)
    assert len(error.ways_out) > 1


@pytest.mark.parametrize(("kind", "cause"), [("ping", "ping_group_range"), ("raw", "CAP_NET_RAW")])
def test_one_kind_gives_one_reason(kind: str, cause: str, closed_host: Namespace) -> None:
    with pytest.raises(NotPermitted) as refusal:
        closed_host.run(without_capabilities(lambda: opening(kind=kind)))

    (only,) = refusal.value.causes
    assert cause in only


def test_a_mark_needs_a_capability(host: Namespace) -> None:
    with pytest.raises(MissingCapability, match="CAP_NET_ADMIN") as refusal:
        host.run(without_capabilities(lambda: opening(mark=7)))

    assert refusal.value.to == "set a firewall mark"


def test_a_permitted_capability_is_raised_for_the_opening_only(closed_host: Namespace) -> None:
    def lowered() -> tuple[News | None, bool]:
        lower_all()
        opened = opening()
        try:
            socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
        except PermissionError:
            return opened, False
        return opened, True

    opened, still_raised = closed_host.run(lowered)

    assert isinstance(opened, Opened)
    assert opened.via == "raw socket"
    assert not still_raised


def lower_all() -> None:
    """Make no capability of this thread effective, and keep them all permitted (capset(2))."""
    import ctypes
    import struct

    libc = ctypes.CDLL(None, use_errno=True)
    header = struct.pack("=Ii", 0x20080522, 0)
    sets = ctypes.create_string_buffer(24)
    assert libc.capget(header, sets) == 0
    _, low, low_inheritable, _, high, high_inheritable = struct.unpack("=6I", sets.raw)
    none_effective = struct.pack("=6I", 0, low, low_inheritable, 0, high, high_inheritable)
    assert libc.capset(header, none_effective) == 0
