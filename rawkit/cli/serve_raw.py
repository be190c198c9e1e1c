"""``rawkit serve --raw``: TCP in user space in the place of the kernel's."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

from rawkit.api.capturing_link import Tap
from rawkit.api.raw_server import RawServer
from rawkit.cli.serve_options import ServeOptions
from rawkit.posix import address
from rawkit.posix.services import named

if TYPE_CHECKING:
    from rawkit.endpoint.guarding import GuardKind
    from rawkit.endpoint.opening import LinkKind
    from rawkit.posix.serving.settings import Settings
    from rawkit.posix.serving.shift import Log


@contextmanager
def raw_server(options: ServeOptions, settings: "Settings", log: "Log") -> Iterator[RawServer]:
    """Give a server in user space, not yet opened; behind the block, its capture is complete."""
    where = tuple(map(address.parse, options.addresses))
    offer = named(options.service)
    with Tap(options.pcap, options.drop) as tap:
        yield RawServer(
            offer, where, settings, log,
            link=cast("LinkKind", options.link or "raw"),
            guard=cast("GuardKind", options.guard or "auto"),
            opened=tap.around,
        )  # fmt: skip


def beginning(service: str, server: RawServer) -> Iterator[str]:
    """Yield where it is, what moves its segments, and what keeps the kernel away."""
    for one, guard in zip(server.listeners, server.guards, strict=True):
        how = f"{one.host.link.name} link, guard: {guard}"
        yield f"{service} at {one.address} ({one.families}), TCP in user space: {how}"
