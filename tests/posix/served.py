"""Servers for tests: every model, every kind of address."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from tempfile import TemporaryDirectory
from typing import Any

from rawkit.posix.address import Address, InternetAddress, parse
from rawkit.posix.faults import Subject
from rawkit.posix.models import EXTRAS, FILES, WITHOUT_DATAGRAMS
from rawkit.posix.serve import Server, serve
from rawkit.posix.services import SERVICES

MODELS = [model for model in FILES if model not in EXTRAS or find_spec(model)]
POST_MODELS = [model for model in MODELS if model not in WITHOUT_DATAGRAMS]
STREAMS = {
    "tcp4": "tcp4:127.0.0.1:0",
    "tcp6": "tcp6:[::1]:0",
    "dual": "tcp:*:0",
    "unix": "unix:{folder}/s",
    "seqpacket": "unix-seqpacket:{folder}/s",
}
DATAGRAMS = {
    "udp4": "udp4:127.0.0.1:0",
    "udp6": "udp6:[::1]:0",
    "dual": "udp:*:0",
    "unix-dgram": "unix-dgram:{folder}/s",
}
FEW: dict[str, dict[str, Any]] = {
    "iterative": {"idle": 0.3},  # whoever is silent holds up all others, but not for ever
    "pool": {"workers": 4, "idle": 0.3},
    "prefork": {"workers": 3, "idle": 0.3},
    "reuseport": {"workers": 2},
}
"""What a model is told, so that a test of it is quick."""
PATIENCE = 20.0
"""Seconds: no test may fail because its machine is slow."""

STALL = 0.05
"""Seconds in which nothing happens if nothing is to happen; on a busy machine less is tried."""


@contextmanager
def served(model: str, form: str, grace: float = 1.0, **options: Any) -> Iterator[Server]:
    """Run an echo server in a process of its own."""
    with TemporaryDirectory(prefix="rk") as folder:
        address = form.format(folder=folder)
        settings = {"grace": grace, **FEW.get(model, {}), **options}
        with serve(SERVICES["echo"], address, model=model, isolated=True, **settings) as server:
            yield server


def subject_of(server: Server, grace: float = 1.0) -> Subject:
    """Return a server as one that is to be tried."""
    return Subject(reachable(server.address), server.pid, PATIENCE, grace, STALL)


def reachable(text: str) -> Address:
    """Return where a client finds what listens everywhere."""
    address = parse(text)
    if isinstance(address, InternetAddress) and address.is_every:
        host = "127.0.0.1" if address.kind.word in ("tcp", "udp") else "[::1]"
        return parse(f"{address.kind.word}:{host}:{address.port}")
    return address
