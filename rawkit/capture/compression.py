"""Gzip from the standard library, Zstandard from the module zstandard where that is there."""

import zlib
from collections.abc import Callable
from importlib import import_module
from typing import BinaryIO, NamedTuple, Protocol, cast

from rawkit.errors import UsageError

GZIP_WINDOW = zlib.MAX_WBITS | 16
MAGIC = {b"\x1f\x8b": "gzip", b"\x28\xb5\x2f\xfd": "zstd"}
"""What compressed files begin with."""
SUFFIXES = {".gz": "gzip", ".zst": "zstd"}


class Decompressor(Protocol):
    """One gzip member or zstd frame that is being decompressed."""

    @property
    def eof(self) -> bool:
        """Whether it has ended."""
        ...

    @property
    def unused_data(self) -> bytes:
        """What was given to it and lies behind its end."""
        ...

    def decompress(self, data: bytes, /) -> bytes:
        """Return what the next octets make."""
        ...


class _Copyable(Protocol):
    def copy(self) -> Decompressor: ...


class Method(NamedTuple):
    """A way to decompress."""

    name: str
    make: Callable[[], Decompressor]
    errors: type[Exception]
    """What it raises of damaged data."""
    copy: Callable[[Decompressor], Decompressor | None]
    """Returns another in the same state, where that can be had."""


class _Frames(Protocol):
    def decompressobj(self) -> Decompressor: ...


class _Compressor(Protocol):
    def stream_writer(self, file: BinaryIO, *, closefd: bool) -> BinaryIO: ...


class _Zstandard(Protocol):
    """What is used of the module zstandard."""

    ZstdError: type[Exception]

    def ZstdDecompressor(self) -> _Frames: ...  # noqa: N802  # its name there

    def ZstdCompressor(self) -> _Compressor: ...  # noqa: N802  # its name there


def method_of(beginning: bytes) -> Method | None:
    """Return how a file that begins so is decompressed; ``None``: it is not compressed.

    Raises:
        UsageError: it takes a module that is not there.
    """
    name = next((name for magic, name in MAGIC.items() if beginning.startswith(magic)), None)
    match name:
        case "gzip":
            return Method(name, lambda: zlib.decompressobj(GZIP_WINDOW), zlib.error, _copied)
        case "zstd":
            module = _zstandard()
            make = module.ZstdDecompressor().decompressobj
            return Method(name, make, module.ZstdError, lambda _: None)
        case _:
            return None


def compressing(file: BinaryIO, name: str | None) -> BinaryIO:
    """Return a file to write to that compresses into another one, which stays open.

    Raises:
        UsageError: there is no such way to compress, or it takes a module that is not there.
    """
    match name:
        case None:
            return file
        case "gzip":
            from gzip import GzipFile

            return cast("BinaryIO", GzipFile(filename="", mode="wb", fileobj=file, mtime=0))
        case "zstd":
            return _zstandard().ZstdCompressor().stream_writer(file, closefd=False)
        case _:
            raise UsageError(f"no compression {name!r}: there are gzip and zstd")


def _copied(decompressor: Decompressor) -> Decompressor:
    return cast("_Copyable", decompressor).copy()


def _zstandard() -> _Zstandard:
    try:
        return cast("_Zstandard", import_module("zstandard"))
    except ImportError as error:
        raise UsageError(
            "zstd takes the Python module zstandard (pip install 'rawkit[zstd]')"
        ) from error
