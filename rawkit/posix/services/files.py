"""Send a file, or receive one: with its length and its SHA-256, so that both sides can be sure.

``send`` says ``LENGTH SHA256`` and a line end, and then the octets. ``receive`` takes octets
until the client shuts down its side, and then says ``LENGTH SHA256`` and a line end.
"""

import os
import stat
from contextlib import suppress
from hashlib import sha256
from io import BufferedWriter
from itertools import count

from rawkit.errors import UsageError
from rawkit.posix.service import Client, Conversation, CutOff, Offer

CHUNK = 1 << 16
LARGEST_RECEIVED = 1 << 30
"""Octets that one client may leave here."""


class Sending(Conversation):
    """A file on its way, a chunk at a time."""

    def __init__(self, path: str, heading: bytes, length: int) -> None:
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115  # it is read bit by bit
        self._heading = heading
        self._left = length

    def begin(self) -> bytes:
        return self._heading

    def more(self) -> bytes:
        chunk = self._file.read(min(CHUNK, self._left)) or b""
        self._left -= len(chunk)
        if self._left and not chunk:
            raise CutOff("the file has become shorter on the way")
        self.over = not self._left
        return chunk

    def close(self) -> None:
        self._file.close()


class Source:
    """The file to send, and what is said of it."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._seen: tuple[int, ...] = ()
        self._heading, self._length = b"", 0
        self._look()

    def converse(self, _: Client) -> Conversation:
        """Begin to send it."""
        self._look()
        return Sending(self._path, self._heading, self._length)

    def _look(self) -> None:
        """Work out length and hash anew, if the file is another one than before."""
        with open(self._path, "rb") as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise UsageError(f"{self._path}: not a regular file")
            now = (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
            if now == self._seen:
                return
            digest, length = sha256(), 0
            while chunk := file.read(CHUNK):
                digest.update(chunk)
                length += len(chunk)
        self._heading, self._length = f"{length} {digest.hexdigest()}\n".encode(), length
        self._seen = now


class Receiving(Conversation):
    """A file that a client sends; half of one does not stay."""

    def __init__(self, directory: str) -> None:
        self._file, self._path = _new_file(directory)
        self._digest, self._length = sha256(), 0

    def receive(self, data: bytes) -> bytes:
        self._length += len(data)
        if self._length > LARGEST_RECEIVED:
            raise CutOff(f"more than {LARGEST_RECEIVED} octets")
        self._digest.update(data)
        self._file.write(data)
        return b""

    def end(self) -> bytes:
        self._file.close()
        self.over = True
        return f"{self._length} {self._digest.hexdigest()}\n".encode()

    def close(self) -> None:
        self._file.close()
        if not self.over:
            with suppress(OSError):
                os.unlink(self._path)


def sender(path: str) -> Offer:
    """Return the service that sends a file.

    Raises:
        OSError: it cannot be read.
        UsageError: it is no regular file.
    """
    source = Source(path)
    return Offer("send", f"sends {os.path.basename(path)}", "", None, source.converse)


def receiver(directory: str) -> Offer:
    """Return the service that puts what each client sends into a new file, ``received.N``.

    Raises:
        UsageError: there is no such directory to write to.
    """
    if not os.path.isdir(directory) or not os.access(directory, os.W_OK | os.X_OK):
        raise UsageError(f"receive={directory}: no directory to write to")

    def begin(_: Client) -> Conversation:
        return Receiving(directory)

    return Offer("receive", "takes files", "", None, begin)


def _new_file(directory: str) -> tuple[BufferedWriter, str]:
    """Create a file that was not there; a link or a name put there by somebody is not followed."""
    for number in count(1):
        path = os.path.join(directory, f"received.{number}")
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        except FileExistsError:
            continue
        return open(handle, "wb"), path
    raise AssertionError("numbers do not end")
