"""The doctor's judgements: raw facts in, findings out. Nothing here asks the system."""

import errno
from collections.abc import Callable, Iterable, Mapping, Sequence

from rawkit.host.attempts import Attempt
from rawkit.host.capability import Capability, CapabilitySets, explain
from rawkit.host.finding import Finding, Verdict
from rawkit.host.privileges import APPARMOR_USERNS, CLONE_USERNS, SECCOMP_MODES, PingGroups

OK, WARN, BAD = Verdict.OK, Verdict.WARN, Verdict.BAD

MOST_USERNS = "user.max_user_namespaces"
ECHO_REPLY, TIME_EXCEEDED = 0, 11  # bits of icmp_ratemask
OTHERS_MAY_ENTER, OTHERS_MAY_READ = 0o001, 0o004


def capabilities(sets: CapabilitySets, *, ours: bool, initial: bool) -> Finding:
    """Judge the two capabilities that matter to a network tool."""
    subject = "capabilities"
    raw, admin = (c in sets.permitted and ours for c in (Capability.NET_RAW, Capability.NET_ADMIN))
    if raw and admin:
        return Finding(subject, OK, "CAP_NET_RAW and CAP_NET_ADMIN count in this network")
    if raw:
        says = "CAP_NET_RAW counts in this network; CAP_NET_ADMIN does not"
        return Finding(subject, OK, f"{says} (needed only to change interfaces and routes)")
    cause, ways_out = explain(Capability.NET_RAW, sets, ours=ours, initial=initial)
    return Finding(subject, WARN, "no raw sockets, no packet sockets", cause, ways_out)


def ping_socket(version: int, attempt: Attempt, groups: PingGroups | None) -> Finding:
    """Judge an attempt to open an ICMP datagram socket."""
    subject = f"IPv{version} ping socket"
    if attempt.succeeded:
        return Finding(subject, OK, "works, without any privilege")
    cause = str(attempt)
    ways_out: tuple[str, ...] = ()
    match attempt.errno:
        case errno.EACCES if groups is not None and not groups.admit_us:
            cause, ways_out = str(groups), (groups.way_out,)
        case errno.EACCES | errno.EPERM:
            cause = f"{attempt}; seccomp or a security module"
            ways_out = ("allow it in the container's seccomp profile",)
        case errno.EAFNOSUPPORT if version == 6:
            cause, ways_out = "this kernel speaks no IPv6", ("boot without ipv6.disable=1",)
        case errno.EPROTONOSUPPORT | errno.EAFNOSUPPORT | errno.ESOCKTNOSUPPORT:
            cause = f"this kernel has no ping sockets ({attempt})"
    return Finding(subject, WARN, "cannot be opened", cause, ways_out)


def raw_socket(
    subject: str, attempt: Attempt, sets: CapabilitySets, *, ours: bool, initial: bool
) -> Finding:
    """Judge an attempt to open a raw or packet socket."""
    if attempt.succeeded:
        return Finding(subject, OK, "works")
    cause = str(attempt)
    ways_out: tuple[str, ...] = ()
    match attempt.errno:
        case errno.EPERM | errno.EACCES:
            cause, ways_out = explain(Capability.NET_RAW, sets, ours=ours, initial=initial)
        case errno.EAFNOSUPPORT | errno.EPROTONOSUPPORT:
            cause = f"this kernel (or sandbox) has none ({attempt})"
    return Finding(subject, WARN, "cannot be opened", cause, ways_out)


def user_namespace(
    attempt: Attempt, settings: Mapping[str, str | None], seccomp_mode: int | None
) -> Finding:
    """Judge an attempt to get a network of one's own without privilege."""
    subject = "user namespaces"
    if attempt.succeeded:
        return Finding(subject, OK, "a network of one's own needs no privilege here")
    causes = [str(attempt)]
    ways_out: list[str] = []
    if settings.get(APPARMOR_USERNS) not in (None, "0"):
        causes.append(f"{APPARMOR_USERNS} is {settings[APPARMOR_USERNS]}")
        ways_out += [f"sudo sysctl -w {APPARMOR_USERNS}=0", "an AppArmor profile with 'userns,'"]
    if settings.get(CLONE_USERNS) == "0":
        causes.append(f"{CLONE_USERNS} is 0")
        ways_out.append(f"sudo sysctl -w {CLONE_USERNS}=1")
    if settings.get(MOST_USERNS) == "0" or attempt.errno in (errno.ENOSPC, errno.EUSERS):
        causes.append(f"{MOST_USERNS} is {settings.get(MOST_USERNS) or 'unknown'}")
        ways_out.append(f"sudo sysctl -w {MOST_USERNS}=15000")
    if attempt.errno == errno.EINVAL and attempt.stage == "unshare":
        causes.append("this kernel has no user namespaces")
    if attempt.errno in (errno.EPERM, errno.ENOSYS) and seccomp_mode and not ways_out:
        causes.append("a seccomp filter is at work (a container's?)")
        ways_out.append("--security-opt seccomp=… with unshare allowed")
    if attempt.errno == errno.EPERM and not ways_out:
        causes.append("inside a chroot, or forbidden by a security module")
    ways_out.append("run it with sudo")
    return Finding(subject, WARN, "cannot be used", "; ".join(causes), tuple(ways_out))


def network_namespace(attempt: Attempt, user: Finding) -> Finding:
    """Judge an attempt to get a network of one's own by privilege.

    Args:
        attempt: how it went.
        user: the finding about the way without privilege, which makes this one needless.
    """
    subject = "network namespaces"
    if attempt.succeeded:
        return Finding(subject, OK, "can be made in this user namespace")
    says = "cannot be made in this user namespace"
    if user.verdict is OK:
        return Finding(subject, OK, f"{says}, but in one of one's own", str(attempt))
    return Finding(subject, WARN, says, f"{attempt}; it takes CAP_SYS_ADMIN", ("run it with sudo",))


def seccomp(mode: int | None, no_new_privs: bool | None) -> Finding:
    """Judge whether a filter may be answering in the kernel's place."""
    nnp = "; no_new_privs is set: sudo and file capabilities do nothing" if no_new_privs else ""
    if mode is None:
        return Finding("seccomp", OK, f"cannot be known{nnp}")
    if mode == 0:
        return Finding("seccomp", WARN if nnp else OK, f"off{nnp}")
    cause = "a container or service manager put a system call filter on this process"
    return Finding("seccomp", WARN, f"{SECCOMP_MODES.get(mode, mode)}{nnp}", cause)


def apparmor(label: str | None, restricted: str | None) -> Finding:
    """Judge AppArmor: our profile, and whether it holds user namespaces back."""
    if label is None:
        return Finding("AppArmor", OK, "not in use")
    if restricted in (None, "0"):
        return Finding("AppArmor", OK, f"profile {label}")
    cause = f"{APPARMOR_USERNS} is {restricted}"
    ways_out = (f"sudo sysctl -w {APPARMOR_USERNS}=0", "an AppArmor profile with 'userns,'")
    says = f"profile {label}; user namespaces come without capabilities"
    return Finding("AppArmor", WARN, says, cause, ways_out)


def tun(attempt: Attempt) -> Finding:
    """Judge /dev/net/tun."""
    subject, instead = "/dev/net/tun", "the lab uses veth and packet sockets in its place"
    ways_out: tuple[str, ...] = ()
    match attempt.errno:
        case 0:
            return Finding(subject, OK, "can be opened")
        case errno.ENOENT:
            ways_out = ("sudo modprobe tun", "in a container: --device=/dev/net/tun")
            return Finding(subject, WARN, f"missing; {instead}", str(attempt), ways_out)
        case errno.EACCES:
            ways_out = ("sudo chmod 0666 /dev/net/tun",)
            return Finding(subject, WARN, f"closed to us; {instead}", str(attempt), ways_out)
        case errno.ENODEV | errno.ENXIO:
            ways_out = ("sudo modprobe tun",)
            return Finding(subject, WARN, f"no driver; {instead}", str(attempt), ways_out)
        case _:
            return Finding(subject, WARN, f"cannot be opened; {instead}", str(attempt))


def offloads(features: Mapping[str, frozenset[str]]) -> Finding:
    """Judge what the interfaces that are up do to packets before we see them."""
    glue = {name: sorted(found & {"gro", "lro", "tso", "gso"}) for name, found in features.items()}
    told = [f"{name}: {' '.join(found)}" for name, found in glue.items() if found]
    if not told:
        return Finding("offloads", OK, "none that change what a capture shows")
    says = f"{'; '.join(told)} (a capture here shows packets larger than the MTU)"
    glued = [name for name, found in glue.items() if "lro" in found]
    if not glued:
        return Finding("offloads", OK, says)
    cause = "lro loses packet boundaries even for packets that are only forwarded"
    return Finding(
        "offloads", WARN, says, cause, tuple(f"sudo ethtool -K {n} lro off" for n in glued)
    )


def icmp_limits(settings: Mapping[str, int | None]) -> Finding:
    """Judge how freely this host answers by ICMP: it shapes what others see of it.

    Args:
        settings: ``net.ipv4.`` names, as numbers.
    """
    subject = "ICMP limits"
    rate, mask = settings.get("icmp_ratelimit"), settings.get("icmp_ratemask") or 0
    total = settings.get("icmp_msgs_per_sec")
    if settings.get("icmp_echo_ignore_all"):
        ways_out = ("sudo sysctl -w net.ipv4.icmp_echo_ignore_all=0",)
        cause = "net.ipv4.icmp_echo_ignore_all is 1"
        return Finding(subject, WARN, "this host does not answer pings", cause, ways_out)
    if rate and mask >> ECHO_REPLY & 1:
        ways_out = (f"sudo sysctl -w net.ipv4.icmp_ratemask={mask & ~(1 << ECHO_REPLY)}",)
        says = f"this host sends a peer at most one echo reply in {rate} ms"
        return Finding(subject, WARN, says, f"net.ipv4.icmp_ratemask is {mask}", ways_out)
    if not rate or not mask >> TIME_EXCEEDED & 1:
        return Finding(subject, OK, "this host limits neither echo replies nor time exceeded")
    says = f"echo replies are free; a peer gets one time exceeded or unreachable in {rate} ms"
    return Finding(subject, OK, says + (f", all peers {total} messages a second" if total else ""))


def ipv6(present: bool, disabled: Mapping[str, bool], addresses: Sequence[str]) -> Finding:
    """Judge whether IPv6 can be used at all.

    Args:
        present: whether an IPv6 socket can be opened.
        disabled: by name (``all``, ``lo``, ``eth0``), whether disable_ipv6 is set.
        addresses: of this network, loopback and link-local ones left out.
    """
    if not present:
        ways = ("boot without ipv6.disable=1", "sudo modprobe ipv6")
        return Finding("IPv6", WARN, "this kernel speaks no IPv6", "", ways)
    off = [name for name, is_set in disabled.items() if is_set]
    if off:
        says = f"switched off on {', '.join(off)}"
        ways_out = tuple(f"sudo sysctl -w net.ipv6.conf.{name}.disable_ipv6=0" for name in off)
        return Finding("IPv6", WARN, says, "disable_ipv6 is set", ways_out)
    if not addresses:
        return Finding("IPv6", OK, "works, on this host and its links only (no global address)")
    return Finding("IPv6", OK, f"works, with {', '.join(addresses)}")


def closed_to_others(path: str, mode_of: Callable[[str], int]) -> str | None:
    """Return the first part of an absolute path that other users cannot pass, or ``None``."""
    parts = path.strip("/").split("/")
    for length in range(len(parts)):
        folder = "/" + "/".join(parts[:length])
        if not mode_of(folder) & OTHERS_MAY_ENTER:
            return folder
    return None if mode_of(path) & OTHERS_MAY_READ else path


def interpreter(closed: Iterable[str], *, matters: bool) -> Finding:
    """Judge whether another user can run this very interpreter with this very package.

    Args:
        closed: the parts of its paths that others cannot pass.
        matters: whether this process is able to become somebody else.
    """
    found = tuple(dict.fromkeys(closed))
    if not found:
        return Finding("interpreter", OK, "any user of this machine can run it")
    says = "no other user can run it"
    cause = f"closed to others: {', '.join(found)}"
    if not matters:
        return Finding("interpreter", OK, says, cause)
    ways_out = ("make the virtual environment from /usr/bin/python3, in a folder open to all",)
    return Finding("interpreter", WARN, says, cause, ways_out)


def file_capabilities(path: str, present: bool) -> Finding | None:
    """Judge capabilities on the interpreter's own file: whoever may run it has them."""
    if not present:
        return None
    return Finding(
        "interpreter's file capabilities",
        WARN,
        "every script that any user runs with this interpreter gets them",
        f"{path} has a security.capability attribute",
        (f"sudo setcap -r {path}", "setpriv --ambient-caps for one command in its place"),
    )
