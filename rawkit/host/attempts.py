"""Find out what the kernel allows in the only sure way: by trying, harmlessly."""

import os
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

from rawkit.host import ioctl
from rawkit.host.calls import CLONE_NEWNET, CLONE_NEWNS, CLONE_NEWUSER, libc, unshare
from rawkit.host.capability import Capability, raised

TUN = "/dev/net/tun"

Step = tuple[str, Callable[[], object]]
"""What it is called, and what is done; it fails by an OSError."""


class Attempt(NamedTuple):
    """How far an attempt came."""

    stage: str = ""
    """The step that failed."""
    errno: int = 0
    """Why it failed; 0 if every step went well."""

    @property
    def succeeded(self) -> bool:
        """Whether every step went well."""
        return self.errno == 0

    def __str__(self) -> str:
        import errno

        if self.succeeded:
            return "works"
        name = errno.errorcode.get(self.errno, str(self.errno))
        return f"{self.stage}: {name} ({os.strerror(self.errno)})"


def ping_socket(version: int) -> Attempt:
    """Try to open an ICMP datagram socket (icmp(7))."""
    family, protocol = _icmp(version)
    return _socket("ping socket", family, socket.SOCK_DGRAM, protocol)


def raw_socket(version: int) -> Attempt:
    """Try to open a raw ICMP socket (raw(7)), with the capability raised if it is permitted."""
    family, protocol = _icmp(version)
    with raised(Capability.NET_RAW):
        return _socket("raw socket", family, socket.SOCK_RAW, protocol)


def packet_socket() -> Attempt:
    """Try to open a packet socket (packet(7)); of protocol 0, so that it hears nothing."""
    with raised(Capability.NET_RAW):
        return _socket("packet socket", socket.AF_PACKET, socket.SOCK_RAW, 0)


def tun() -> Attempt:
    """Try to open the device that makes TUN interfaces, without making one."""
    return run((("open /dev/net/tun", lambda: os.close(os.open(TUN, os.O_RDWR | os.O_CLOEXEC))),))


def user_namespace() -> Attempt:
    """Try to get a network of our own the unprivileged way, in a child that ends at once.

    Some kernels let the namespace be made and only then take its capabilities
    away, so a raw socket is opened and an interface set up in it, too.
    """
    return in_child((*into_user_namespace(), *USE_OF_NETWORK))


def network_namespace() -> Attempt:
    """Try to get a network of our own the privileged way, in a child that ends at once."""
    with raised(Capability.SYS_ADMIN, Capability.NET_ADMIN, Capability.NET_RAW):
        return in_child((*into_network_namespace(), *USE_OF_NETWORK))


def into_user_namespace() -> tuple[Step, ...]:
    """Return the steps into user, network and mount namespaces in which we are root."""
    kinds, uid, gid = CLONE_NEWUSER | CLONE_NEWNET | CLONE_NEWNS, os.geteuid(), os.getegid()
    libc()  # loaded here, and not in a child
    return (
        ("unshare", lambda: unshare(kinds)),
        ("write /proc/self/setgroups", lambda: _write("/proc/self/setgroups", "deny")),
        ("write /proc/self/uid_map", lambda: _write("/proc/self/uid_map", f"0 {uid} 1")),
        ("write /proc/self/gid_map", lambda: _write("/proc/self/gid_map", f"0 {gid} 1")),
    )


def into_network_namespace() -> tuple[Step, ...]:
    """Return the steps into network and mount namespaces, for who has ``CAP_SYS_ADMIN``."""
    libc()
    return (("unshare", lambda: unshare(CLONE_NEWNET | CLONE_NEWNS)),)


def run(steps: tuple[Step, ...]) -> Attempt:
    """Take steps until one fails."""
    for stage, step in steps:
        try:
            step()
        except OSError as error:
            return Attempt(stage, error.errno or -1)
    return Attempt()


def in_child(steps: tuple[Step, ...]) -> Attempt:
    """Take steps in a forked child, as they cannot be taken back; the child ends after them."""
    receiver, sender = os.pipe2(os.O_CLOEXEC)
    child = os.fork()
    if child == 0:
        try:
            outcome = run(steps)
            os.write(sender, f"{outcome.errno} {outcome.stage}".encode())
        finally:
            os._exit(0)
    os.close(sender)
    with open(receiver, encoding="utf-8") as pipe:  # a descriptor, not a path
        number, _, stage = pipe.read().partition(" ")
    with suppress(ChildProcessError):  # whoever ignores SIGCHLD has no children to wait for
        os.waitpid(child, 0)
    return Attempt(stage, int(number)) if number else Attempt("start of the child", -1)


def _icmp(version: int) -> tuple[int, int]:
    if version == 4:
        return socket.AF_INET, socket.IPPROTO_ICMP
    return socket.AF_INET6, socket.IPPROTO_ICMPV6


def _socket(stage: str, family: int, kind: int, protocol: int) -> Attempt:
    return run(
        ((stage, lambda: socket.socket(family, kind | socket.SOCK_CLOEXEC, protocol).close()),)
    )


def _write(path: str, text: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)


def _raw_inside() -> None:
    socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()


def _loopback_up() -> None:
    with ioctl.any_socket() as handle:
        ioctl.bring_up(handle, "lo")


USE_OF_NETWORK: tuple[Step, ...] = (
    ("open a raw socket in it", _raw_inside),
    ("set up an interface in it", _loopback_up),
)
