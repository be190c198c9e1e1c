"""What besides capabilities decides what this thread may do: groups, seccomp(2), no_new_privs."""

import os
from typing import NamedTuple

from rawkit.host import sysctl
from rawkit.host.calls import prctl
from rawkit.host.capability import STATUS, in_initial_user_namespace

PING_GROUP_RANGE = "net.ipv4.ping_group_range"  # for IPv6 too (icmp(7))
APPARMOR_USERNS = "kernel.apparmor_restrict_unprivileged_userns"  # Ubuntu
CLONE_USERNS = "kernel.unprivileged_userns_clone"  # Debian
SECCOMP_MODES = {0: "off", 1: "strict", 2: "filter"}  # linux/seccomp.h
PR_GET_SECUREBITS = 27  # linux/prctl.h
SECUREBITS = (  # linux/securebits.h, each followed by its lock
    "noroot",
    "noroot_locked",
    "no_setuid_fixup",
    "no_setuid_fixup_locked",
    "keep_caps",
    "keep_caps_locked",
    "no_cap_ambient_raise",
    "no_cap_ambient_raise_locked",
)


class PingGroups(NamedTuple):
    """Who may open ping sockets, and whether we are among them."""

    low: int
    high: int
    ours: tuple[int, ...]
    """The effective group, then the others."""
    is_foreign: bool = False
    """Whether the range was set in numbers that this user namespace does not know."""

    @property
    def admit_us(self) -> bool:
        """Whether one of our groups is in the range. Being root is of no help."""
        return not self.is_foreign and any(self.low <= group <= self.high for group in self.ours)

    @property
    def way_out(self) -> str:
        """The command that admits us."""
        wide = f"{self.ours[0]} {self.ours[0]}" if self.is_foreign else "0 2147483647"
        return f'{"" if self.is_foreign else "sudo "}sysctl -w {PING_GROUP_RANGE}="{wide}"'

    def __str__(self) -> str:
        if self.is_foreign:
            return f"{PING_GROUP_RANGE} holds no group of this user namespace"
        ours = ", ".join(map(str, self.ours))
        return f"{PING_GROUP_RANGE} is {self.low} {self.high}, our groups are {ours}"


def ping_groups() -> PingGroups | None:
    """Return who may open ping sockets in this network; ``None`` if the kernel has none."""
    found = sysctl.numbers(PING_GROUP_RANGE)
    if not found:
        return None
    # Inside, all groups that are not mapped look like this one (user_namespaces(7)).
    nobody = sysctl.numbers("kernel.overflowgid") or (65534,)
    is_foreign = nobody[0] in found and not in_initial_user_namespace()
    return PingGroups(found[0], found[1], groups(), is_foreign)


def groups() -> tuple[int, ...]:
    """Return the effective group, then the supplementary ones, each once."""
    return tuple(dict.fromkeys((os.getegid(), *sorted(os.getgroups()))))


def seccomp() -> int | None:
    """Return this thread's mode: 0 off, 1 strict, 2 filter; ``None`` if it cannot be known."""
    return _status("Seccomp:")


def no_new_privs() -> bool | None:
    """Whether execve(2) can no longer grant anything; ``None`` if it cannot be known."""
    value = _status("NoNewPrivs:")
    return None if value is None else bool(value)


def securebits() -> tuple[str, ...]:
    """Return the names of this thread's securebits (capabilities(7))."""
    bits = prctl(PR_GET_SECUREBITS)
    return tuple(name for place, name in enumerate(SECUREBITS) if bits >> place & 1)


def _status(field: str) -> int | None:
    try:
        with open(STATUS, encoding="ascii", errors="replace") as lines:
            return next((int(line.split()[1]) for line in lines if line.startswith(field)), None)
    except OSError:
        return None
