"""nftables without a library: nfnetlink messages (linux/netfilter/nf_tables.h), one batch for all.

A table with the owner flag belongs to the netlink socket that made it: nobody else can change it,
not even ``nft flush ruleset``, and the kernel deletes it when the socket closes, however its
process ended. Since Linux 5.12; needs ``CAP_NET_ADMIN`` in the network's user namespace.
"""

import errno
import os
import socket
import struct
from enum import IntEnum

NETLINK_NETFILTER = 12
MESSAGE = struct.Struct("=IHHII")
"""struct nlmsghdr: length, type, flags, sequence, port."""
FAMILY = struct.Struct("!BBH")
"""struct nfgenmsg: family, version, resource."""
ATTRIBUTE = struct.Struct("=HH")
"""struct nlattr: length, type."""
ERROR = struct.Struct("=i")
NESTED = 0x8000
REQUEST, ACKNOWLEDGE, DUMP, EXCLUSIVE, CREATE, APPEND = 0x1, 0x4, 0x300, 0x200, 0x400, 0x800
SAID_ERROR, SAID_DONE = 2, 3
BEGIN, END = 0x10, 0x11
SUBSYSTEM = 10
NEW_TABLE, GET_TABLE, NEW_CHAIN, NEW_RULE = (SUBSYSTEM << 8 | kind for kind in (0, 1, 3, 6))
OWNER = 0x2
"""NFT_TABLE_F_OWNER."""
FAMILIES = {4: socket.AF_INET, 6: socket.AF_INET6}
LONGEST_ANSWER = 0x1_0000
TRIES = 100
PATIENCE = 5.0
"""Seconds for an answer of the kernel's, which comes at once."""


class Hook(IntEnum):
    """Where packets pass (linux/netfilter.h)."""

    INPUT = 1
    OUTPUT = 3


class Verdict(IntEnum):
    """What becomes of a packet."""

    DROP = 0
    ACCEPT = 1


class Meta(IntEnum):
    """What is known of a packet beside its octets (enum nft_meta_keys)."""

    SOCKET_USER = 10
    """Of who opened the socket that sends it; the kernel's own sockets have none: no match."""
    PROTOCOL = 16
    """Of the transport."""


class Base(IntEnum):
    """From where an offset counts (enum nft_payload_bases)."""

    NETWORK = 1
    TRANSPORT = 2


class Compare(IntEnum):
    """How octets are compared, as one large number (enum nft_cmp_ops)."""

    EQUAL = 0
    UNEQUAL = 1
    AT_MOST = 3
    AT_LEAST = 5


def attribute(kind: int, payload: bytes) -> bytes:
    """Return an attribute, padded to a multiple of four octets."""
    size = ATTRIBUTE.size + len(payload)
    return ATTRIBUTE.pack(size, kind) + payload + bytes(-size % 4)


def nest(kind: int, *inside: bytes) -> bytes:
    """Return an attribute that holds attributes."""
    return attribute(kind | NESTED, b"".join(inside))


def word(kind: int, text: str) -> bytes:
    """Return an attribute with a name."""
    return attribute(kind, text.encode() + b"\0")


def number(kind: int, value: int) -> bytes:
    """Return an attribute with a number of 32 bits."""
    return attribute(kind, (value & 0xFFFF_FFFF).to_bytes(4, "big"))


def load_meta(key: Meta) -> bytes:
    """Load something into the register."""
    return _expression("meta", number(1, 1), number(2, key))


def load(base: Base, offset: int, size: int) -> bytes:
    """Load octets of the packet into the register."""
    place = number(2, base), number(3, offset), number(4, size)
    return _expression("payload", number(1, 1), *place)


def mask(octets: bytes) -> bytes:
    """Keep some bits of the register alone."""
    what = nest(4, attribute(1, octets)), nest(5, attribute(1, bytes(len(octets))))
    return _expression("bitwise", number(1, 1), number(2, 1), number(3, len(octets)), *what)


def compare(how: Compare, octets: bytes) -> bytes:
    """Go on with the rule only if the register compares like this."""
    return _expression("cmp", number(1, 1), number(2, how), nest(3, attribute(1, octets)))


def count() -> bytes:
    """Count the packets that come so far."""
    return _expression("counter", attribute(1, bytes(8)), attribute(2, bytes(8)))


def give(verdict: Verdict) -> bytes:
    """End with a verdict."""
    return _expression("immediate", number(1, 0), nest(2, nest(2, number(1, verdict))))


class OwnedTable:
    """A table with one chain, which lives as long as this object's socket."""

    def __init__(self, version: int, name: str, hook: Hook, *rules: tuple[bytes, ...]) -> None:
        """Make table, chain and rules at once: all of them or nothing.

        Args:
            version: of IP, 4 or 6.
            name: of the table.
            hook: where its chain looks at packets, before the chains of others.
            rules: each a row of expressions.

        Raises:
            OSError: the kernel refuses: EPERM without ``CAP_NET_ADMIN``, EEXIST if there is such
                a table, others where it has no nftables or no owners.
        """
        self._socket = _netlink()
        self.name = name
        self.owner: int = self._socket.getsockname()[0]
        """The number of its netlink socket."""
        table, chain = word(1, name), "guard"
        place = nest(4, number(1, hook), number(2, -300))
        made = [
            (NEW_TABLE, CREATE | EXCLUSIVE, table + number(2, OWNER)),
            (NEW_CHAIN, CREATE, table + word(3, chain) + place + word(7, "filter")),
        ]
        for rule in rules:
            body = table + word(2, chain) + nest(4, *rule)
            made.append((NEW_RULE, CREATE | APPEND, body))
        try:
            _commit(self._socket, FAMILIES[version], made)
        except BaseException:
            self._socket.close()
            raise

    def close(self) -> None:
        """Have the kernel delete the table. Closing twice is harmless."""
        self._socket.close()


def tables(version: int) -> list[str]:
    """Return the names of the tables of this network, for one version of IP.

    Raises:
        OSError: the kernel refuses, or has no nftables.
    """
    with _netlink() as opened:
        opened.send(_message(GET_TABLE, REQUEST | DUMP, FAMILIES[version], 0, 1))
        found: list[str] = []
        while True:
            for kind, _, body in _messages(opened.recv(LONGEST_ANSWER)):
                if kind == SAID_DONE:
                    return found
                _raise_error(kind, body)
                found.append(_name_in(body))


def _expression(name: str, *data: bytes) -> bytes:
    return nest(1, word(1, name), nest(2, *data))


def _netlink() -> socket.socket:
    opened = socket.socket(
        socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_CLOEXEC, NETLINK_NETFILTER
    )
    try:
        opened.settimeout(PATIENCE)
        _bind(opened)
    except BaseException:
        opened.close()
        raise
    return opened


def _bind(opened: socket.socket) -> None:
    """Give a netlink socket a number that none had before.

    When a socket closes, the kernel deletes the tables whose owner has its number; by then another
    socket may have got that, for what it gives out by itself is the process id, again and again.
    """
    for _ in range(TRIES):
        number = int.from_bytes(os.urandom(4), "big") | 1 << 31  # that of no process
        try:
            opened.bind((number, 0))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
        else:
            return
    raise OSError(errno.EADDRINUSE, "no number is left for a netlink socket")


def _message(
    kind: int, flags: int, family: int, resource: int, serial: int, body: bytes = b""
) -> bytes:
    inside = FAMILY.pack(family, 0, resource) + body
    return MESSAGE.pack(MESSAGE.size + len(inside), kind, flags, serial, 0) + inside


def _commit(opened: socket.socket, family: int, made: list[tuple[int, int, bytes]]) -> None:
    """Send one batch, and wait until the kernel has acknowledged each part of it."""
    batch = [_message(BEGIN, REQUEST, 0, SUBSYSTEM, 0)]
    for serial, (kind, flags, body) in enumerate(made, 1):
        batch.append(_message(kind, REQUEST | ACKNOWLEDGE | flags, family, 0, serial, body))
    batch.append(_message(END, REQUEST, 0, SUBSYSTEM, 0))
    opened.send(b"".join(batch))
    missing = set(range(1, len(made) + 1))
    while missing:
        for kind, serial, body in _messages(opened.recv(LONGEST_ANSWER)):
            _raise_error(kind, body)
            missing.discard(serial)


def _messages(octets: bytes) -> list[tuple[int, int, bytes]]:
    """Return type, serial number and body of each message."""
    found: list[tuple[int, int, bytes]] = []
    while len(octets) >= MESSAGE.size:
        length, kind, _, serial, _ = MESSAGE.unpack_from(octets)
        if length < MESSAGE.size:
            break
        found.append((kind, serial, octets[MESSAGE.size : length]))
        octets = octets[length + 3 & ~3 :]
    return found


def _raise_error(kind: int, body: bytes) -> None:
    if kind == SAID_ERROR and len(body) >= ERROR.size:
        (refusal,) = ERROR.unpack_from(body)
        if refusal:
            raise OSError(-refusal, os.strerror(-refusal))


def _name_in(body: bytes) -> str:
    """Return the name in the description of a table: its first attribute."""
    size, kind = ATTRIBUTE.unpack_from(body, FAMILY.size)
    start = FAMILY.size + ATTRIBUTE.size
    return body[start : FAMILY.size + size].rstrip(b"\0").decode() if kind == 1 else ""
