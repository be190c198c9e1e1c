"""Why a process may not make namespaces: one errno, and the many rules it can stand for."""

import errno
import os

from rawkit.host import sysctl
from rawkit.host.calls import prctl
from rawkit.host.capability import Capability, read
from rawkit.host.privileges import APPARMOR_USERNS, CLONE_USERNS, seccomp
from rawkit.record import record

PR_GET_DUMPABLE = 3  # linux/prctl.h

RUN_AS_ROOT = "run it as root"


@record
class Surroundings:
    """What decides whether an ordinary user may make namespaces."""

    threads: int = 1
    seccomp: bool = False
    """A filter on system calls is in force, as in most containers."""
    apparmor: bool = False
    """kernel.apparmor_restrict_unprivileged_userns is set (Ubuntu 23.10 and later)."""
    clone_forbidden: bool = False
    """kernel.unprivileged_userns_clone is 0 (Debian 10 and earlier)."""
    selinux: bool = False
    """SELinux is enforcing."""
    dumpable: bool = True
    """Whether ``/proc/self`` belongs to us: not so if the interpreter has file capabilities."""
    plain_root: bool = False
    """Root, but without CAP_SETFCAP."""
    most: tuple[tuple[str, int], ...] = ()
    """The limits of namespaces(7): ``("user.max_user_namespaces", 0)`` …"""


def explain(step: str, number: int, here: Surroundings) -> str:
    """Return one line: what failed, the likeliest cause, the ways out.

    Args:
        step: the system call, or the file that was written.
        number: the errno.
        here: the circumstances.
    """
    cause, ways = _cause(step, number, here)
    return (
        f"cannot enter namespaces of our own: {step}: {os.strerror(number)}: {cause}"
        f" (try: {'; or '.join(ways)})"
    )


def look_around() -> Surroundings:
    """Return what this process is subject to."""
    limits = [f"user.max_{kind}_namespaces" for kind in ("user", "net", "mnt")]
    return Surroundings(
        threads=threads(),
        seccomp=bool(seccomp()),
        apparmor=sysctl.find(APPARMOR_USERNS) == "1",
        clone_forbidden=sysctl.find(CLONE_USERNS) == "0",
        selinux=_enforces_selinux(),
        dumpable=_is_dumpable(),
        plain_root=os.geteuid() == 0 and Capability.SETFCAP not in read().effective,
        most=tuple((key, int(most)) for key in limits if (most := sysctl.find(key))),
    )


def threads() -> int:
    """Return how many threads this process has, those of C libraries included."""
    return len(os.listdir("/proc/self/task"))


def _cause(step: str, number: int, here: Surroundings) -> tuple[str, tuple[str, ...]]:
    match number:
        case errno.ENOSPC:
            return _limit(here)
        case errno.EPERM if here.plain_root and step.endswith("uid_map"):
            cause = "only with CAP_SETFCAP may root be root in a user namespace too (Linux 5.12)"
            return cause, ("keep CAP_SETFCAP", "run it as an ordinary user")
        case errno.EUSERS:
            return "user namespaces are nested too deeply", ("start from a plain shell",)
        case errno.EINVAL if here.threads > 1:
            return (
                f"this process has {here.threads} threads already",
                ("do it first thing in the program", "OMP_NUM_THREADS=1"),
            )
        case errno.EINVAL | errno.ENOSYS:
            return "this kernel was built without such namespaces", (RUN_AS_ROOT,)
        case errno.EPERM | errno.EACCES:
            return _forbidden(here)
    return "an unusual answer", (RUN_AS_ROOT,)


def _limit(here: Surroundings) -> tuple[str, tuple[str, ...]]:
    for key, most in here.most:
        if most == 0:
            return f"{key} is 0", (f"sudo sysctl -w {key}=10000", RUN_AS_ROOT)
    limits = ", ".join(f"{key} = {most}" for key, most in here.most)
    return f"a limit is reached ({limits})", ("end what holds namespaces", "raise the limit")


def _forbidden(here: Surroundings) -> tuple[str, tuple[str, ...]]:
    if here.apparmor:
        return (
            f"AppArmor forbids it to ordinary users ({APPARMOR_USERNS} = 1)",
            (
                f"sudo sysctl -w {APPARMOR_USERNS}=0",
                "an AppArmor profile with the rule 'userns,' for this interpreter",
                "podman unshare COMMAND",
            ),
        )
    if here.clone_forbidden:
        return f"{CLONE_USERNS} is 0", (f"sudo sysctl -w {CLONE_USERNS}=1", RUN_AS_ROOT)
    if not here.dumpable:
        cause = "this interpreter has capabilities of its own, so /proc/self is not ours"
        return cause, ("use an interpreter without file capabilities",)
    if here.seccomp:
        return (
            "a seccomp filter forbids it, as in most containers",
            (
                "start the container with --security-opt seccomp=unconfined",
                "start it with --cap-add=SYS_ADMIN --cap-add=NET_ADMIN",
            ),
        )
    if here.selinux:
        return "SELinux may forbid it", ("look for a denial: sudo ausearch -m avc", RUN_AS_ROOT)
    return "a security module or a chroot may forbid it", ("leave the chroot", RUN_AS_ROOT)


def _is_dumpable() -> bool:
    return prctl(PR_GET_DUMPABLE) == 1


def _enforces_selinux() -> bool:
    try:
        with open("/sys/fs/selinux/enforce", "rb") as file:
            return file.read(1) == b"1"
    except OSError:
        return False
