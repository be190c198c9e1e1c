"""Why something does not work on this machine, and what to do about it."""

import os
import socket
import sys
from pathlib import Path

from rawkit.host import attempts, capability, interfaces, judge, privileges, sysctl
from rawkit.host.attempts import Attempt
from rawkit.host.capability import Capability
from rawkit.host.finding import Finding, Verdict
from rawkit.host.interfaces import Interface

__all__ = ["Finding", "Verdict", "commands", "diagnose"]

ICMP_SETTINGS = ("icmp_ratelimit", "icmp_ratemask", "icmp_msgs_per_sec", "icmp_echo_ignore_all")
APPARMOR_LABELS = ("/proc/self/attr/apparmor/current", "/proc/self/attr/current")
APPARMOR_ENABLED = "/sys/module/apparmor/parameters/enabled"


def diagnose() -> tuple[Finding, ...]:
    """Look at this host as this process sees it; nothing is changed, nothing is sent."""
    sockets = _sockets()
    namespaces = _namespaces()
    return (
        judge.capabilities(
            capability.read(),
            ours=capability.owns_network(),
            initial=capability.in_initial_user_namespace(),
        ),
        *sockets.values(),
        *namespaces.values(),
        judge.seccomp(privileges.seccomp(), privileges.no_new_privs()),
        judge.apparmor(_apparmor_label(), sysctl.find(privileges.APPARMOR_USERNS)),
        judge.tun(attempts.tun()),
        _offloads(),
        judge.icmp_limits({name: _number(f"net.ipv4.{name}") for name in ICMP_SETTINGS}),
        _ipv6(),
        *_interpreter(),
        *commands(sockets, namespaces),
    )


def commands(sockets: dict[str, Finding], namespaces: dict[str, Finding]) -> tuple[Finding, ...]:
    """Say what each command will be able to do.

    Args:
        sockets: findings by ``ping4 ping6 raw4 raw6 packet``.
        namespaces: findings by ``user network``.
    """
    return (
        _ping(sockets),
        _lab(namespaces),
        Finding("rawkit caps", Verdict.OK, "needs nothing"),
        Finding("rawkit doctor", Verdict.OK, "needs nothing"),
    )


def _ping(sockets: dict[str, Finding]) -> Finding:
    """Judge by what really opened."""
    subject = "rawkit ping"

    def way(version: int) -> str | None:
        for kind, name in (("ping", "ping sockets"), ("raw", "raw sockets")):
            if sockets[f"{kind}{version}"].verdict is Verdict.OK:
                return name
        return None

    four, six = way(4), way(6)
    if four is None and six is None:
        closed = (sockets["ping4"], sockets["raw4"])
        causes = "; ".join(dict.fromkeys(finding.cause for finding in closed))
        ways_out = tuple(dict.fromkeys(w for finding in closed for w in finding.ways_out))
        return Finding(subject, Verdict.BAD, "cannot ping", causes, ways_out)
    told = " and ".join(f"IPv{v} by {w}" for v, w in ((4, four), (6, six)) if w)
    if four is None or six is None:
        missing = 6 if four else 4
        closed_one = sockets[f"raw{missing}"]
        says = f"pings {told}, not IPv{missing}"
        return Finding(subject, Verdict.WARN, says, closed_one.cause, closed_one.ways_out)
    if sockets["raw4"].verdict is not Verdict.OK:
        raw = sockets["raw4"]
        says = f"pings {told}; options that need a raw socket will be refused"
        return Finding(subject, Verdict.OK, says, raw.cause, raw.ways_out)
    return Finding(subject, Verdict.OK, f"pings {told}, with every option")


def _lab(namespaces: dict[str, Finding]) -> Finding:
    if namespaces["user"].verdict is Verdict.OK:
        return Finding("rawkit lab", Verdict.OK, "builds networks without any privilege")
    if namespaces["network"].verdict is Verdict.OK:
        return Finding("rawkit lab", Verdict.OK, "builds networks by CAP_SYS_ADMIN")
    user = namespaces["user"]
    return Finding("rawkit lab", Verdict.BAD, "cannot build networks", user.cause, user.ways_out)


def _sockets() -> dict[str, Finding]:
    groups = privileges.ping_groups()
    sets = capability.read()
    ours, initial = capability.owns_network(), capability.in_initial_user_namespace()

    def raw(subject: str, attempt: Attempt) -> Finding:
        return judge.raw_socket(subject, attempt, sets, ours=ours, initial=initial)

    return {
        "ping4": judge.ping_socket(4, attempts.ping_socket(4), groups),
        "ping6": judge.ping_socket(6, attempts.ping_socket(6), groups),
        "raw4": raw("IPv4 raw socket", attempts.raw_socket(4)),
        "raw6": raw("IPv6 raw socket", attempts.raw_socket(6)),
        "packet": raw("packet socket", attempts.packet_socket()),
    }


def _namespaces() -> dict[str, Finding]:
    names = (privileges.APPARMOR_USERNS, privileges.CLONE_USERNS, judge.MOST_USERNS)
    settings = {name: sysctl.find(name) for name in names}
    user = judge.user_namespace(attempts.user_namespace(), settings, privileges.seccomp())
    return {"user": user, "network": judge.network_namespace(attempts.network_namespace(), user)}


def _number(key: str) -> int | None:
    found = sysctl.numbers(key)
    return found[0] if found else None


def _apparmor_label() -> str | None:
    """Return the profile of this process; ``None`` where AppArmor is not in use."""
    try:
        if not Path(APPARMOR_ENABLED).read_text().startswith("Y"):
            return None
    except OSError:
        return None
    for path in APPARMOR_LABELS:
        try:
            return Path(path).read_text().strip("\n\0") or "unknown"
        except OSError:
            continue
    return "unknown"


def _offloads() -> Finding:
    up = [one.name for one in _links_up() if one.kind != "loopback"]
    return judge.offloads({name: interfaces.offloads(name) for name in up})


def _links_up() -> tuple[Interface, ...]:
    try:
        return tuple(one for one in interfaces.interfaces() if one.is_up)
    except OSError:
        return ()  # a sandbox without netlink: the doctor has more to look at


def _ipv6() -> Finding:
    try:
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM).close()
    except OSError:
        return judge.ipv6(False, {}, ())
    up = _links_up()
    keys = {i.name: "net.ipv6.conf." + i.name.replace(".", "/") + ".disable_ipv6" for i in up}
    disabled = {name: _number(key) == 1 for name, key in keys.items()}
    addresses = [
        str(address)
        for one in up
        for address in one.ipv6
        if not (address.is_loopback or address.is_link_local)
    ]
    return judge.ipv6(True, disabled, addresses)


def _interpreter() -> tuple[Finding, ...]:
    real = str(Path(sys.executable).resolve())
    package = str(Path(__file__).resolve())
    paths = (str(Path(sys.executable).absolute()), real, os.__file__, package)
    closed = [part for path in paths if (part := judge.closed_to_others(path, _mode)) is not None]
    matters = Capability.SETUID in capability.read().permitted
    try:
        has_own = "security.capability" in os.listxattr(real)
    except OSError:
        has_own = False
    extra = judge.file_capabilities(real, has_own)
    return (judge.interpreter(closed, matters=matters), *((extra,) if extra else ()))


def _mode(path: str) -> int:
    try:
        return Path(path).stat().st_mode
    except OSError:
        return 0  # not even we can see it
