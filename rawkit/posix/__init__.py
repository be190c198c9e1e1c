"""Ordinary sockets: addresses in one notation, their sockaddrs, their options; clients, servers."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rawkit.posix.client import connect

__all__ = ["connect"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'rawkit.posix' has no attribute {name!r}")
    from rawkit.posix import client

    return client.connect
