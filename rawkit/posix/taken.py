"""Who has a port: the process that /proc lets us see."""

import os
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from sys import byteorder

TABLES: dict[int, tuple[str, str]] = {
    socket.SOCK_STREAM: ("tcp", "tcp6"),
    socket.SOCK_DGRAM: ("udp", "udp6"),
}
LISTENING: dict[int, str] = {socket.SOCK_STREAM: "0A", socket.SOCK_DGRAM: "07"}
"""States in /proc/net: TCP_LISTEN; a UDP socket without peer."""

CREDENTIALS = struct.Struct("=iII")
"""Process, user and group, as SO_PEERCRED has them (unix(7))."""
IPAddress = IPv4Address | IPv6Address


def who_has(kind: int, host: IPAddress, port: int) -> str | None:
    """Return who has a port that cannot be bound: ``"python3 (pid 123)"``.

    Args:
        kind: ``SOCK_STREAM`` or ``SOCK_DGRAM``.
        host: the address; one of all stands in the way of each, and the other way round.
        port: the port.

    Returns:
        ``None``: nobody that we may see.
    """
    inodes = {inode for other, inode in _bound(kind, port) if _meet(host, other)}
    return next(_holders(inodes), None) if inodes else None


def peer_process(sock: socket.socket) -> str | None:
    """Return who is at the other end of a Unix socket; ``None``: there is no telling."""
    octets = sock.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, CREDENTIALS.size)
    pid = str(CREDENTIALS.unpack(octets)[0])
    try:
        return f"{_name(pid)} (pid {pid})"
    except OSError:
        return None


def _bound(kind: int, port: int) -> Iterator[tuple[IPAddress, str]]:
    """Yield addresses and inodes of the sockets at a port (proc_net_tcp in the kernel's docs)."""
    for name in TABLES.get(kind, ()):
        try:
            with open(f"/proc/thread-self/net/{name}", encoding="ascii") as lines:
                rows = [line.split() for line in lines][1:]
        except OSError:
            continue
        for row in rows:
            address, _, number = row[1].partition(":")
            if int(number, 16) == port and row[3] == LISTENING[kind]:
                yield _address(address), row[9]


def _address(digits: str) -> IPAddress:
    """Read an address in words of 32 bits, each in the order of this machine."""
    octets = bytes.fromhex(digits)
    if byteorder == "little":
        octets = b"".join(octets[at : at + 4][::-1] for at in range(0, len(octets), 4))
    return IPv4Address(octets) if len(octets) == 4 else IPv6Address(octets)


def _meet(one: IPAddress, other: IPAddress) -> bool:
    return one == other or one.is_unspecified or other.is_unspecified


def _holders(inodes: set[str]) -> Iterator[str]:
    wanted = {f"socket:[{inode}]" for inode in inodes}
    for pid in filter(str.isdecimal, os.listdir("/proc")):
        with suppress(OSError):
            folder = f"/proc/{pid}/fd"
            if any(_link(f"{folder}/{fd}") in wanted for fd in os.listdir(folder)):
                yield f"{_name(pid)} (pid {pid})"


def _link(path: str) -> str:
    try:
        return os.readlink(path)
    except OSError:
        return ""


def _name(pid: str) -> str:
    with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
        name = file.read().rstrip("\n")
    return name if name.isprintable() else repr(name)
