"""Host names to addresses and back, without surprises and without waiting for ever."""

import socket
from collections.abc import Callable
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Generic, TypeVar

from rawkit.errnos.resolver import cause_of
from rawkit.errors import NameNotFound

Address = IPv4Address | IPv6Address
Found = TypeVar("Found")

FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6, None: socket.AF_UNSPEC}
LONGEST_NAME = 253  # RFC 1035 §2.3.4, without the final dot
REVERSE_THREADS = 8
"""A silent resolver holds a thread for many seconds; a few more keep the rest moving."""


def resolve(
    name: str, version: int | None = None, timeout: float | None = None
) -> tuple[Address, ...]:
    """Return the addresses of a host, the one to be tried first first (RFC 6724).

    An address is taken as it stands, strictly: ``010.0.0.1`` and ``1`` are no
    addresses here, although getaddrinfo(3) would take them.

    Args:
        name: a host name, or an address, of IPv6 perhaps with ``%interface``.
        version: 4 or 6; without it, either.
        timeout: the longest to wait, in seconds; without it, as long as resolv.conf(5) says.

    Raises:
        NameNotFound: the message says which of the many causes it was.
    """
    if (address := numeric(name)) is not None:
        if version not in (None, address.version):
            raise NameNotFound(f"{name}: is an IPv{address.version} address, not IPv{version}")
        return (address,)
    refuse_odd(name)
    if timeout is None:
        return _look_up(name, version)
    return _in_time(name, version, timeout)


def numeric(name: str) -> Address | None:
    """Return the address that ``name`` writes out, or ``None`` if it is none."""
    try:
        return IPv6Address(name) if ":" in name else IPv4Address(name)
    except AddressValueError:
        return None


def refuse_odd(name: str) -> None:
    """Raise :class:`NameNotFound` for what cannot be a host name, without asking anybody."""
    last = name.removesuffix(".").rpartition(".")[2].lower()
    if not name.strip("."):
        raise NameNotFound(f"{name!r}: an empty name")
    if any(letter.isspace() or not letter.isprintable() for letter in name):
        raise NameNotFound(f"{name!r}: not a host name")
    if ":" in name:
        raise NameNotFound(f"{name}: not an IPv6 address")
    if last.isdecimal() or last.startswith("0x"):
        raise NameNotFound(f"{name}: not an IPv4 address (four decimal numbers, no leading zeros)")
    if any(letter in "/%@" for letter in name):
        raise NameNotFound(f"{name}: not a host name")
    try:
        encoded = name if name.isascii() else name.encode("idna").decode()
    except UnicodeError as error:
        raise NameNotFound(f"{name}: not a host name ({error})") from error
    labels = encoded.removesuffix(".").split(".")
    if len(encoded) > LONGEST_NAME + 1 or not all(0 < len(label) < 64 for label in labels):
        raise NameNotFound(f"{name}: not a host name (a part is empty, or it is too long)")


class LookUps(Generic[Found]):
    """What is known of addresses, looked up beside the work: asking never waits.

    The threads are daemons: a silent resolver does not keep the program from
    ending. They work in the network namespace that the thread lies in which
    asked first.
    """

    def __init__(self, look_up: Callable[[Address], Found | None]) -> None:
        """Prepare; ``look_up`` may take its time, and is called in threads."""
        import queue
        import threading

        self._look_up = look_up
        self._found: dict[Address, Found | None] = {}
        self._asked: set[Address] = set()
        self._queue = queue.SimpleQueue[Address]()
        self._changed = threading.Condition()
        self._threads = 0

    def known(self, address: Address) -> Found | None:
        """Return what is known by now; the first call has it looked up."""
        with self._changed:
            if address not in self._asked:
                self._ask(address)
            return self._found.get(address)

    def wait(self, address: Address, seconds: float) -> Found | None:
        """Return it, waiting for it at most so long; ``None`` if there is nothing by then."""
        self.known(address)
        with self._changed:
            self._changed.wait_for(lambda: address in self._found, seconds)
            return self._found.get(address)

    def _ask(self, address: Address) -> None:
        import threading

        self._asked.add(address)
        self._queue.put(address)
        waiting = len(self._asked) - len(self._found)
        if self._threads < min(waiting, REVERSE_THREADS):
            self._threads += 1
            threading.Thread(target=self._work, name="rawkit-names", daemon=True).start()

    def _work(self) -> None:
        while True:
            address = self._queue.get()
            found = self._look_up(address)
            with self._changed:
                self._found[address] = found
                self._changed.notify_all()


class ReverseNames(LookUps[str]):
    """Names of addresses, looked up beside the work: asking never waits."""

    def __init__(self) -> None:
        super().__init__(reverse)

    def name(self, address: Address) -> str | None:
        """Return the name if it is known by now; the first call has it looked up."""
        return self.known(address)


def reverse(address: Address) -> str | None:
    """Return the name of an address, or ``None``; waits as long as resolv.conf(5) says.

    Whoever owns the address chose the name, so one that no host name may look
    like (it could carry control sequences for a terminal) counts as none.
    """
    try:
        # not getnameinfo: Python 3.11 holds the interpreter lock while that waits
        name, _, _ = socket.gethostbyaddr(str(address))
    except (OSError, UnicodeError):
        return None
    return name if is_harmless(name) else None


def is_harmless(name: str) -> bool:
    """Whether a name from the network consists of letters, digits, ``-``, ``_`` and dots."""
    return bool(name) and name.isascii() and name.translate(_HOST_LETTERS) == ""


_HOST_LETTERS = {
    ord(letter): None
    for letter in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
}


def _in_time(name: str, version: int | None, timeout: float) -> tuple[Address, ...]:
    """Look up in a thread that is left behind if it takes too long."""
    import threading

    outcome: list[tuple[Address, ...] | BaseException] = []

    def run() -> None:
        try:
            outcome.append(_look_up(name, version))
        except BaseException as error:  # handed to the thread that waits
            outcome.append(error)

    thread = threading.Thread(target=run, name="rawkit-names", daemon=True)
    thread.start()
    thread.join(timeout)
    match outcome:
        case [BaseException() as error]:
            raise error
        case [tuple() as addresses]:
            return addresses
    raise NameNotFound(f"{name}: timed out: no answer from the name server in {timeout:g} s")


def _look_up(name: str, version: int | None) -> tuple[Address, ...]:
    try:
        return _addresses(name, version)
    except UnicodeError as error:
        raise NameNotFound(f"{name}: not a host name ({error})") from error
    except socket.gaierror as error:
        code = error.errno or 0
        if version is not None and code != socket.EAI_AGAIN and _has_address(name, 10 - version):
            raise NameNotFound(
                f"{name}: the name has no IPv{version} address, only IPv{10 - version}"
            ) from error
        raise NameNotFound(f"{name}: {cause_of(code, version)}") from error


def _has_address(name: str, version: int) -> bool:
    try:
        return bool(_addresses(name, version))
    except socket.gaierror:
        return False


def _addresses(name: str, version: int | None) -> tuple[Address, ...]:
    """Ask the resolver; each address once, in its order."""
    found: dict[Address, None] = {}
    for family, *_, sockaddr in socket.getaddrinfo(
        name, None, FAMILIES[version], socket.SOCK_DGRAM
    ):
        host = str(sockaddr[0])
        found[IPv4Address(host) if family == socket.AF_INET else IPv6Address(host)] = None
    return tuple(found)
