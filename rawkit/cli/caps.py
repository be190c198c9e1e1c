"""``rawkit caps``: what this process may do, and why."""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, NoReturn

from rawkit.cli.errors import NO_ANSWER, OK, TROUBLE, complain
from rawkit.errors import UsageError
from rawkit.host import attempts, capability, privileges, sysctl
from rawkit.host.attempts import Attempt
from rawkit.host.capability import NETWORK, Capability, CapabilitySets
from rawkit.host.privileges import SECCOMP_MODES, PingGroups

SCHEMA = "rawkit.caps/1"
NEED_SCHEMA = "rawkit.caps.need/1"
KEYS = {
    "raw sockets": "open_raw_sockets",
    "ping sockets": "open_ping_sockets",
    "interfaces, routes": "change_network",
}
EXAMPLES = """\
examples:
  rawkit caps                        everything, with reasons
  rawkit caps --need net_raw         exit 0 if this process has CAP_NET_RAW here, else 1
  rawkit caps --json | jq .may       the same for programs
  sudo setpriv --reuid=$USER --regid=$USER --init-groups \\
    --inh-caps=+net_raw --ambient-caps=+net_raw rawkit caps
                                     see what one ambient capability is worth

exit status:
  0 fine; 1 a needed capability is missing; 2 wrong usage
"""


class Standing(NamedTuple):
    """What decides what this process may do."""

    sets: CapabilitySets
    last: int
    """The highest capability that this kernel knows."""
    user_namespace: int
    initial: bool
    """Whether that is the machine's first one."""
    owns_network: bool
    no_new_privs: bool | None
    securebits: tuple[str, ...]
    seccomp: int | None
    ping_groups: PingGroups | None
    groups: tuple[int, ...]
    raw: Attempt
    ping: Attempt

    def has(self, wanted: Capability) -> bool:
        """Whether a capability is here and counts."""
        return wanted in self.sets.permitted and (wanted not in NETWORK or self.owns_network)

    def why_not(self, wanted: Capability) -> tuple[str, tuple[str, ...]]:
        """Return why a capability is of no use here, and the ways out."""
        return capability.explain(wanted, self.sets, ours=self.owns_network, initial=self.initial)


def main(argv: Sequence[str]) -> int:
    """Run the command and return its exit status."""
    import argparse

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise UsageError(message)

    parser = Parser(
        prog="rawkit caps",
        description="Say what this process may do with the network, and why.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add = parser.add_argument
    add("--need", action="append", default=[], metavar="CAP", help="only check for CAP, silently")
    add("--json", action="store_true", help=f"one JSON object ({SCHEMA})")
    try:
        wish = parser.parse_args(argv)
        needed = [_parse(name) for names in wish.need for name in names.split(",")]
        standing = look()
        if needed:
            return _check(standing, needed, as_json=wish.json)
        print(*([_object(standing)] if wish.json else text(standing)), sep="\n")
    except SystemExit as stop:  # --help
        return int(stop.code or 0)
    except UsageError as error:
        complain("caps", error)
        return TROUBLE
    return OK


def look() -> Standing:
    """Gather the facts about the calling thread."""
    try:
        user_namespace = os.stat("/proc/thread-self/ns/user").st_ino
    except OSError:
        user_namespace = 0
    last = sysctl.find("kernel.cap_last_cap")
    return Standing(
        sets=capability.read(),
        last=int(last) if last else max(Capability),
        user_namespace=user_namespace,
        initial=capability.in_initial_user_namespace(),
        owns_network=capability.owns_network(),
        no_new_privs=privileges.no_new_privs(),
        securebits=privileges.securebits(),
        seccomp=privileges.seccomp(),
        ping_groups=privileges.ping_groups(),
        groups=privileges.groups(),
        raw=attempts.raw_socket(4),
        ping=attempts.ping_socket(4),
    )


def text(standing: Standing) -> Iterator[str]:
    """Yield the lines for a reader."""
    for what, (may, why) in verdicts(standing).items():
        yield f"{what:<22}{'yes' if may else 'no'}{'' if may and not why else f' ({why})'}"
    for name, members in standing.sets._asdict().items():
        yield f"{name:<22}{describe(members, standing.last)}"
    place = "the initial one" if standing.initial else "not the initial one"
    yield f"{'user namespace':<22}{standing.user_namespace}, {place}"
    owner = "this user namespace" if standing.owns_network else "another user namespace"
    yield f"{'network belongs to':<22}{owner}"
    unknown = {None: "unknown", True: "yes", False: "no"}
    yield f"{'no_new_privs':<22}{unknown[standing.no_new_privs]}"
    yield f"{'securebits':<22}{', '.join(standing.securebits) or 'none'}"
    yield f"{'seccomp':<22}{_seccomp(standing)}"
    groups = standing.ping_groups
    ping_range = "unknown" if groups is None else f"{groups.low} {groups.high}"
    yield f"{'ping_group_range':<22}{ping_range}"
    yield f"{'groups':<22}{', '.join(map(str, standing.groups))}"


def verdicts(standing: Standing) -> dict[str, tuple[bool, str]]:
    """Return what may be done, whether it may, and why (not)."""
    raw = "" if standing.raw.succeeded else str(standing.raw)
    if raw and not standing.has(Capability.NET_RAW):
        raw = standing.why_not(Capability.NET_RAW)[0]
    admin = standing.has(Capability.NET_ADMIN)
    ping = "" if standing.ping.succeeded else str(standing.ping)
    if ping and standing.ping_groups is not None and not standing.ping_groups.admit_us:
        ping = str(standing.ping_groups)
    return {
        "raw sockets": (standing.raw.succeeded, raw),
        "ping sockets": (standing.ping.succeeded, ping),
        "interfaces, routes": (admin, "" if admin else standing.why_not(Capability.NET_ADMIN)[0]),
    }


def describe(members: frozenset[int], last: int) -> str:
    """Return a capability set in words, the short way round."""
    everything = frozenset(range(last + 1))
    absent = everything - members
    if not members:
        return "none"
    if not absent:
        return "all"
    if len(absent) < len(members):
        return f"all but {_names(absent)}"
    return _names(members)


def _check(standing: Standing, needed: Sequence[Capability], *, as_json: bool) -> int:
    missing = [one for one in needed if not standing.has(one)]
    reasons = {one: standing.why_not(one) for one in missing}
    if as_json:
        print(_missing_object(needed, reasons))
    else:
        for cause, ways_out in reasons.values():
            complain("caps", f"{cause} (try: {'; or '.join(ways_out)})")
    return NO_ANSWER if missing else OK


def _missing_object(
    needed: Sequence[Capability], reasons: Mapping[Capability, tuple[str, tuple[str, ...]]]
) -> str:
    return _json(
        {
            "schema": NEED_SCHEMA,
            "need": [one.kernel_name for one in needed],
            "missing": [
                {"capability": one.kernel_name, "cause": cause, "ways_out": ways_out}
                for one, (cause, ways_out) in reasons.items()
            ],
        }
    )


def _object(standing: Standing) -> str:
    found = verdicts(standing)
    groups = standing.ping_groups
    return _json(
        {
            "schema": SCHEMA,
            "may": {KEYS[what]: may for what, (may, _) in found.items()},
            "why": {KEYS[what]: why for what, (_, why) in found.items() if why},
            **{
                name: [capability.name_of(one) for one in sorted(members)]
                for name, members in standing.sets._asdict().items()
            },
            "user_namespace": {"id": standing.user_namespace, "initial": standing.initial},
            "owns_network": standing.owns_network,
            "no_new_privs": standing.no_new_privs,
            "securebits": standing.securebits,
            "seccomp": _seccomp(standing),
            "ping_group_range": None if groups is None else [groups.low, groups.high],
            "groups": standing.groups,
        }
    )


def _seccomp(standing: Standing) -> str:
    mode = standing.seccomp
    return "unknown" if mode is None else SECCOMP_MODES.get(mode, str(mode))


def _names(members: Iterable[int]) -> str:
    return ", ".join(capability.name_of(one) for one in sorted(members))


def _parse(name: str) -> Capability:
    try:
        return capability.parse(name.strip())
    except ValueError as error:
        raise UsageError(f"{error} (capabilities(7) lists them: net_raw, net_admin …)") from None


def _json(value: object) -> str:
    import json

    return json.dumps(value, ensure_ascii=False)
