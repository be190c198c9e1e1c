"""What this thread may do: capabilities(7), read, raised for a moment, given up for good.

Capabilities belong to threads, and they count only in the user namespace that
owns the thing they are used on (user_namespaces(7)). Everything here advises;
the kernel's answer to the call itself is the truth.
"""

import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import NamedTuple

from rawkit.errors import MissingCapability
from rawkit.host.calls import check, libc, prctl

STATUS = "/proc/thread-self/status"  # /proc/self would be the main thread's
INITIAL_USER_NAMESPACE = 0xEFFFFFFD  # its inode: PROC_USER_INIT_INO, linux/proc_ns.h
NS_GET_USERNS = 0xB701  # ioctl_ns(2)
CAPABILITY_VERSION_3 = 0x20080522  # linux/capability.h
PR_CAPBSET_READ, PR_CAPBSET_DROP = 23, 24  # linux/prctl.h
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT, AMBIENT_IS_SET, AMBIENT_RAISE, AMBIENT_CLEAR_ALL = 47, 1, 2, 4


class Capability(IntEnum):
    """The kernel's numbers (linux/capability.h)."""

    CHOWN = 0
    DAC_OVERRIDE = 1
    DAC_READ_SEARCH = 2
    FOWNER = 3
    FSETID = 4
    KILL = 5
    SETGID = 6
    SETUID = 7
    SETPCAP = 8
    LINUX_IMMUTABLE = 9
    NET_BIND_SERVICE = 10
    NET_BROADCAST = 11
    NET_ADMIN = 12
    NET_RAW = 13
    IPC_LOCK = 14
    IPC_OWNER = 15
    SYS_MODULE = 16
    SYS_RAWIO = 17
    SYS_CHROOT = 18
    SYS_PTRACE = 19
    SYS_PACCT = 20
    SYS_ADMIN = 21
    SYS_BOOT = 22
    SYS_NICE = 23
    SYS_RESOURCE = 24
    SYS_TIME = 25
    SYS_TTY_CONFIG = 26
    MKNOD = 27
    LEASE = 28
    AUDIT_WRITE = 29
    AUDIT_CONTROL = 30
    SETFCAP = 31
    MAC_OVERRIDE = 32
    MAC_ADMIN = 33
    SYSLOG = 34
    WAKE_ALARM = 35
    BLOCK_SUSPEND = 36
    AUDIT_READ = 37
    PERFMON = 38
    BPF = 39
    CHECKPOINT_RESTORE = 40

    @property
    def kernel_name(self) -> str:
        """The name in the manual: ``"CAP_NET_RAW"``."""
        return f"CAP_{self.name}"


NETWORK = frozenset(
    (
        Capability.NET_BIND_SERVICE,
        Capability.NET_BROADCAST,
        Capability.NET_ADMIN,
        Capability.NET_RAW,
    )
)
"""Those that count in the user namespace that owns the network namespace."""


class CapabilitySets(NamedTuple):
    """The five sets of one thread. A number that has no name here stays an ``int``."""

    effective: frozenset[int]
    permitted: frozenset[int]
    inheritable: frozenset[int]
    bounding: frozenset[int]
    ambient: frozenset[int]


def parse(name: str) -> Capability:
    """Return the capability called ``net_raw``, ``NET_RAW``, ``CAP_NET_RAW`` or ``13``.

    Raises:
        ValueError: there is none of that name.
    """
    try:
        if name.isascii() and name.isdigit():
            return Capability(int(name))
        return Capability[name.upper().removeprefix("CAP_")]
    except (KeyError, ValueError):
        raise ValueError(f"no such capability: {name!r}") from None


def name_of(capability: int) -> str:
    """Return the kernel's name; for one newer than this table, its number: ``"CAP_41"``."""
    try:
        return Capability(capability).kernel_name
    except ValueError:
        return f"CAP_{int(capability)}"


def read() -> CapabilitySets:
    """Return the calling thread's sets."""
    masks = {}
    try:
        with open(STATUS, "rb") as lines:
            for line in lines:
                if line.startswith(b"Cap"):
                    masks[line[3:6]] = int(line[8:], 16)
        order = (masks[b"Eff"], masks[b"Prm"], masks[b"Inh"], masks[b"Bnd"], masks[b"Amb"])
    except (OSError, KeyError):  # no /proc, or that of another pid namespace
        order = _masks_by_calls()
    return CapabilitySets(*map(_members, order))


def has(capability: Capability) -> bool:
    """Whether this thread may use it here, at once or by :func:`raised`.

    A network capability is worth nothing in somebody else's network namespace.
    """
    if capability not in read().permitted:
        return False
    return capability not in NETWORK or owns_network()


def require(capability: Capability, *, to: str) -> None:
    """Do nothing if :func:`has` says yes.

    Args:
        capability: what is needed.
        to: what for, as a verb: ``"open a raw socket"``.

    Raises:
        MissingCapability: it is missing; the message says the ways out.
    """
    if not has(capability):
        raise missing(capability, to=to)


def missing(capability: Capability, *, to: str) -> MissingCapability:
    """Return the error for a capability that the kernel says is missing, with the ways out."""
    cause, ways_out = why_missing(capability)
    return MissingCapability(capability.kernel_name, to, ways_out, cause)


def why_missing(capability: Capability) -> tuple[str, tuple[str, ...]]:
    """Return why this thread cannot use it, and the ways out, best first."""
    return explain(capability, read(), ours=owns_network(), initial=in_initial_user_namespace())


def explain(
    capability: Capability, sets: CapabilitySets, *, ours: bool, initial: bool
) -> tuple[str, tuple[str, ...]]:
    """Return cause and ways out for a thread with these sets.

    Args:
        capability: the one that is missing.
        sets: of the thread.
        ours: whether its user namespace (or a child of that) owns the network namespace.
        initial: whether it lives in the first user namespace.
    """
    name, short = capability.kernel_name, capability.name.lower()
    container = f"start the container with --cap-add={capability.name}"
    own = ("a network of your own: rawkit lab",) if capability in NETWORK else ()
    if capability in sets.permitted and capability in NETWORK and not ours:
        cause = f"{name} counts only in this user namespace, which does not own the network"
        return cause, ("unshare the network too: unshare --map-root-user --net",)
    if capability in sets.permitted:
        cause = f"{name} is here, yet the kernel refused (seccomp or a security module)"
        return cause, ("look closer: rawkit doctor",)
    if capability not in sets.bounding:
        return f"{name} is not even in the bounding set", (container, *own)
    if not initial:
        cause = f"no {name} in this user namespace"
        return cause, (container, *own)
    ambient_way = f"--inh-caps=+{short} --ambient-caps=+{short}"
    root = f"sudo setpriv --reuid=$USER --regid=$USER --init-groups {ambient_way} COMMAND"
    return f"no {name}", ("run it with sudo", root, *own)


def owns_network() -> bool:
    """Whether our user namespace, or one below it, owns this thread's network namespace."""
    import fcntl

    try:
        network = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return True  # cannot be known; the kernel will tell
    try:
        os.close(fcntl.ioctl(network, NS_GET_USERNS))
    except PermissionError:
        return False  # it lies outside our user namespace
    except OSError:
        return True  # a kernel without the question
    finally:
        os.close(network)
    return True


def in_initial_user_namespace() -> bool:
    """Whether this is the machine's first user namespace, not one made by a container or a lab."""
    try:
        return os.stat("/proc/thread-self/ns/user").st_ino == INITIAL_USER_NAMESPACE
    except OSError:
        return True


@contextmanager
def raised(*capabilities: Capability) -> Iterator[None]:
    """Make permitted capabilities effective inside the block, in this thread only.

    Those that are not permitted are left out: the call inside will be refused,
    and the kernel's own answer says more than a guess made before.
    """
    sets = read()
    wanted = _mask(sets.permitted.intersection(capabilities) - sets.effective)
    if not wanted:
        yield
        return
    effective, permitted, inheritable = _capget()
    _capset(effective | wanted, permitted, inheritable)
    try:
        yield
    finally:
        effective, permitted, inheritable = _capget()  # the block may have dropped some
        _capset(effective & ~wanted, permitted, inheritable)


def drop(keep: Iterable[Capability] = ()) -> frozenset[int]:
    """Give up everything but ``keep`` in this thread for good, also across execve(2).

    Open sockets go on working. Returns those left in the bounding set that
    should not be: it can only be shrunk with ``CAP_SETPCAP``. They are out of
    reach even so, as ``no_new_privs`` is set.
    """
    kept = _mask(keep)
    effective, permitted, inheritable = _capget()
    setpcap = permitted & 1 << Capability.SETPCAP
    if setpcap:
        _capset(effective | setpcap, permitted, inheritable)
        for capability in read().bounding:
            if not kept >> capability & 1:
                prctl(PR_CAPBSET_DROP, capability)
    prctl(PR_CAP_AMBIENT, AMBIENT_CLEAR_ALL)
    _capset(kept & permitted, kept & permitted, 0)
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    return frozenset(c for c in read().bounding if not kept >> c & 1)


def ambient(*capabilities: Capability) -> None:
    """Hand permitted capabilities on to the programs that this thread will execute.

    Raises:
        MissingCapability: one of them is not permitted here.
        OSError: securebits(7) forbid it.
    """
    sets = read()
    for capability in capabilities:
        if capability not in sets.permitted:
            raise missing(capability, to=f"hand on {capability.kernel_name}")
    effective, permitted, inheritable = _capget()
    _capset(effective, permitted, inheritable | _mask(capabilities))
    for capability in capabilities:
        prctl(PR_CAP_AMBIENT, AMBIENT_RAISE, capability)


def _mask(capabilities: Iterable[int]) -> int:
    return sum(1 << capability for capability in frozenset(capabilities))


def _members(mask: int) -> frozenset[int]:
    bits = (bit for bit in range(mask.bit_length()) if mask >> bit & 1)
    return frozenset(Capability(bit) if bit in _KNOWN else bit for bit in bits)


_KNOWN = frozenset(map(int, Capability))


def _capget() -> tuple[int, int, int]:
    """Return the effective, permitted and inheritable masks (capget(2))."""
    import ctypes
    import struct

    sets = ctypes.create_string_buffer(24)
    check(libc().capget(struct.pack("=Ii", CAPABILITY_VERSION_3, 0), sets))
    low_e, low_p, low_i, high_e, high_p, high_i = struct.unpack("=6I", sets.raw)
    return low_e | high_e << 32, low_p | high_p << 32, low_i | high_i << 32


def _capset(effective: int, permitted: int, inheritable: int) -> None:
    """Set all three masks of this thread (capset(2))."""
    import struct

    masks = (effective, permitted, inheritable)
    low, high = [m & 0xFFFF_FFFF for m in masks], [m >> 32 for m in masks]
    header = struct.pack("=Ii", CAPABILITY_VERSION_3, 0)
    check(libc().capset(header, struct.pack("=6I", *low, *high)))


def _masks_by_calls() -> tuple[int, int, int, int, int]:
    """Return what /proc would have said, asking one capability at a time."""
    bounding = inherited = 0
    for capability in range(64):
        try:
            bounding |= prctl(PR_CAPBSET_READ, capability) << capability
            inherited |= prctl(PR_CAP_AMBIENT, AMBIENT_IS_SET, capability) << capability
        except OSError:
            break  # EINVAL: above the last one this kernel knows
    return (*_capget(), bounding, inherited)
