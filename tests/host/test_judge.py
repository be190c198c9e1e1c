"""The doctor's judgements: facts in, findings out."""

import errno

import pytest

from rawkit.host import judge
from rawkit.host.attempts import Attempt
from rawkit.host.capability import Capability, CapabilitySets
from rawkit.host.finding import Finding, Verdict
from rawkit.host.privileges import APPARMOR_USERNS, CLONE_USERNS, PingGroups

OK, WARN = Verdict.OK, Verdict.WARN
NOBODY = PingGroups(1, 0, (1000,))
WORKS = Attempt()


def sets(*permitted: Capability) -> CapabilitySets:
    found, none = frozenset[int](permitted), frozenset[int]()
    return CapabilitySets(found, found, none, frozenset(Capability), none)


@pytest.mark.parametrize(
    ("groups", "admitted", "text"),
    [
        (
            PingGroups(1, 0, (0,)),
            False,
            "net.ipv4.ping_group_range is 1 0, our groups are 0",
        ),
        (
            PingGroups(0, 2147483647, (1000, 27)),
            True,
            "net.ipv4.ping_group_range is 0 2147483647, our groups are 1000, 27",
        ),
        (
            PingGroups(27, 27, (1000, 27)),
            True,
            "net.ipv4.ping_group_range is 27 27, our groups are 1000, 27",
        ),
        (
            PingGroups(28, 999, (1000, 27)),
            False,
            "net.ipv4.ping_group_range is 28 999, our groups are 1000, 27",
        ),
        (
            PingGroups(65534, 65534, (0, 65534), is_foreign=True),
            False,
            "net.ipv4.ping_group_range holds no group of this user namespace",
        ),
    ],
)
def test_any_of_our_groups_admits_us_and_being_root_does_not(
    groups: PingGroups, admitted: bool, text: str
) -> None:
    assert groups.admit_us == admitted
    assert str(groups) == text


@pytest.mark.parametrize(
    ("permitted", "ours", "verdict"),
    [
        ((Capability.NET_RAW, Capability.NET_ADMIN), True, OK),
        ((Capability.NET_RAW,), True, OK),
        ((Capability.NET_ADMIN,), True, WARN),
        ((Capability.NET_RAW, Capability.NET_ADMIN), False, WARN),
        ((), True, WARN),
    ],
)
def test_without_a_net_raw_that_counts_there_is_a_warning(
    permitted: tuple[Capability, ...], ours: bool, verdict: Verdict
) -> None:
    finding = judge.capabilities(sets(*permitted), ours=ours, initial=ours)

    assert finding.verdict is verdict
    assert bool(finding.ways_out) == (verdict is WARN)


@pytest.mark.parametrize(
    ("version", "attempt", "groups", "cause", "ways_out"),
    [
        (
            4,
            Attempt("ping socket", errno.EACCES),
            NOBODY,
            "net.ipv4.ping_group_range is 1 0, our groups are 1000",
            ('sudo sysctl -w net.ipv4.ping_group_range="0 2147483647"',),
        ),
        (
            4,
            Attempt("ping socket", errno.EACCES),
            PingGroups(65534, 65534, (0,), is_foreign=True),
            "net.ipv4.ping_group_range holds no group of this user namespace",
            ('sysctl -w net.ipv4.ping_group_range="0 0"',),
        ),
        (
            4,
            Attempt("ping socket", errno.EACCES),
            PingGroups(0, 9999, (1000,)),
            "ping socket: EACCES (Permission denied); seccomp or a security module",
            ("allow it in the container's seccomp profile",),
        ),
        (
            4,
            Attempt("ping socket", errno.EPERM),
            NOBODY,
            "ping socket: EPERM (Operation not permitted); seccomp or a security module",
            ("allow it in the container's seccomp profile",),
        ),
        (
            6,
            Attempt("ping socket", errno.EAFNOSUPPORT),
            NOBODY,
            "this kernel speaks no IPv6",
            ("boot without ipv6.disable=1",),
        ),
        (
            4,
            Attempt("ping socket", errno.EPROTONOSUPPORT),
            None,
            "this kernel has no ping sockets "
            "(ping socket: EPROTONOSUPPORT (Protocol not supported))",
            (),
        ),
        (
            4,
            Attempt("ping socket", errno.EMFILE),
            NOBODY,
            "ping socket: EMFILE (Too many open files)",
            (),
        ),
    ],
)
def test_a_refused_ping_socket_has_one_of_many_causes(
    version: int,
    attempt: Attempt,
    groups: PingGroups | None,
    cause: str,
    ways_out: tuple[str, ...],
) -> None:
    finding = judge.ping_socket(version, attempt, groups)

    subject = f"IPv{version} ping socket"
    assert finding == Finding(subject, WARN, "cannot be opened", cause, ways_out)


def test_a_refused_raw_socket_is_explained_by_the_capability_or_by_the_kernel() -> None:
    refused = Attempt("raw socket", errno.EPERM)
    absent = Attempt("raw socket", errno.EAFNOSUPPORT)

    def cause(attempt: Attempt, *permitted: Capability) -> str:
        return judge.raw_socket("x", attempt, sets(*permitted), ours=True, initial=True).cause

    assert cause(refused) == "no CAP_NET_RAW"
    assert cause(refused, Capability.NET_RAW).endswith("(seccomp or a security module)")
    assert cause(absent).startswith("this kernel (or sandbox) has none")
    assert cause(WORKS) == ""


@pytest.mark.parametrize(
    ("attempt", "settings", "seccomp", "cause", "way_out"),
    [
        (
            Attempt("write /proc/self/uid_map", errno.EPERM),
            {APPARMOR_USERNS: "1"},
            0,
            "write /proc/self/uid_map: EPERM (Operation not permitted); "
            "kernel.apparmor_restrict_unprivileged_userns is 1",
            "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        ),
        (
            Attempt("unshare", errno.EPERM),
            {CLONE_USERNS: "0"},
            0,
            "unshare: EPERM (Operation not permitted); kernel.unprivileged_userns_clone is 0",
            "sudo sysctl -w kernel.unprivileged_userns_clone=1",
        ),
        (
            Attempt("unshare", errno.ENOSPC),
            {judge.MOST_USERNS: "0"},
            0,
            "unshare: ENOSPC (No space left on device); user.max_user_namespaces is 0",
            "sudo sysctl -w user.max_user_namespaces=15000",
        ),
        (
            Attempt("unshare", errno.EPERM),
            {APPARMOR_USERNS: "0", CLONE_USERNS: "1", judge.MOST_USERNS: "100"},
            2,
            "unshare: EPERM (Operation not permitted); "
            "a seccomp filter is at work (a container's?)",
            "--security-opt seccomp=… with unshare allowed",
        ),
        (
            Attempt("unshare", errno.EPERM),
            {},
            0,
            "unshare: EPERM (Operation not permitted); "
            "inside a chroot, or forbidden by a security module",
            "run it with sudo",
        ),
        (
            Attempt("unshare", errno.EINVAL),
            {},
            0,
            "unshare: EINVAL (Invalid argument); this kernel has no user namespaces",
            "run it with sudo",
        ),
    ],
)
def test_a_refused_user_namespace_has_one_of_many_causes(
    attempt: Attempt, settings: dict[str, str | None], seccomp: int, cause: str, way_out: str
) -> None:
    finding = judge.user_namespace(attempt, settings, seccomp)

    assert (finding.verdict, finding.cause, finding.ways_out[0]) == (WARN, cause, way_out)


def test_a_user_namespace_that_works_makes_the_privileged_way_needless() -> None:
    refused = Attempt("unshare", errno.EPERM)
    user = judge.user_namespace(WORKS, {APPARMOR_USERNS: "1"}, 2)

    assert user.verdict is OK
    assert judge.network_namespace(refused, user).verdict is OK
    assert judge.network_namespace(refused, judge.user_namespace(refused, {}, 0)).verdict is WARN
    assert judge.network_namespace(WORKS, user).cause == ""


@pytest.mark.parametrize(
    ("mode", "no_new_privs", "verdict", "says"),
    [
        (0, False, OK, "off"),
        (2, False, WARN, "filter"),
        (1, None, WARN, "strict"),
        (None, None, OK, "cannot be known"),
        (
            0,
            True,
            WARN,
            "off; no_new_privs is set: sudo and file capabilities do nothing",
        ),
    ],
)
def test_a_seccomp_filter_and_no_new_privs_are_warned_of(
    mode: int | None, no_new_privs: bool | None, verdict: Verdict, says: str
) -> None:
    finding = judge.seccomp(mode, no_new_privs)

    assert (finding.verdict, finding.says) == (verdict, says)


@pytest.mark.parametrize(
    ("label", "restricted", "verdict", "says"),
    [
        (None, None, OK, "not in use"),
        ("unconfined", None, OK, "profile unconfined"),
        ("unconfined", "0", OK, "profile unconfined"),
        (
            "unconfined",
            "1",
            WARN,
            "profile unconfined; user namespaces come without capabilities",
        ),
    ],
)
def test_apparmor_matters_where_it_holds_user_namespaces_back(
    label: str | None, restricted: str | None, verdict: Verdict, says: str
) -> None:
    finding = judge.apparmor(label, restricted)

    assert (finding.verdict, finding.says) == (verdict, says)


@pytest.mark.parametrize(
    ("number", "way_out"),
    [
        (errno.ENOENT, "sudo modprobe tun"),
        (errno.EACCES, "sudo chmod 0666 /dev/net/tun"),
        (errno.ENODEV, "sudo modprobe tun"),
    ],
)
def test_a_missing_or_closed_tun_device_has_a_way_out(number: int, way_out: str) -> None:
    finding = judge.tun(Attempt("open /dev/net/tun", number))

    assert (finding.verdict, finding.ways_out[0]) == (WARN, way_out)
    assert judge.tun(WORKS).verdict is OK


def test_offloads_are_told_and_only_lro_is_warned_of() -> None:
    usual = judge.offloads({"eth0": frozenset({"gro", "tso", "send checksum"})})
    worse = judge.offloads({"eth0": frozenset({"gro", "lro"}), "eth1": frozenset()})
    plain = judge.offloads({"eth0": frozenset({"receive checksum"})})

    says = "eth0: gro tso (a capture here shows packets larger than the MTU)"
    assert (usual.verdict, usual.says) == (OK, says)
    assert (worse.verdict, worse.ways_out) == (WARN, ("sudo ethtool -K eth0 lro off",))
    assert plain.says == "none that change what a capture shows"


@pytest.mark.parametrize(
    ("settings", "verdict", "says"),
    [
        (
            {"icmp_ratelimit": 1000, "icmp_ratemask": 6168, "icmp_msgs_per_sec": 1000},
            OK,
            "echo replies are free; a peer gets one time exceeded or unreachable in 1000 ms, "
            "all peers 1000 messages a second",
        ),
        (
            {"icmp_ratelimit": 1000, "icmp_ratemask": 6169},
            WARN,
            "this host sends a peer at most one echo reply in 1000 ms",
        ),
        (
            {"icmp_ratelimit": 0, "icmp_ratemask": 6169},
            OK,
            "this host limits neither echo replies nor time exceeded",
        ),
        (
            {"icmp_ratelimit": None, "icmp_ratemask": None},
            OK,
            "this host limits neither echo replies nor time exceeded",
        ),
        ({"icmp_echo_ignore_all": 1}, WARN, "this host does not answer pings"),
    ],
)
def test_limits_that_hold_echo_replies_back_are_warned_of(
    settings: dict[str, int | None], verdict: Verdict, says: str
) -> None:
    finding = judge.icmp_limits(settings)

    assert (finding.verdict, finding.says) == (verdict, says)


def test_the_way_out_of_a_limit_clears_the_one_bit() -> None:
    finding = judge.icmp_limits({"icmp_ratelimit": 1000, "icmp_ratemask": 6169})

    assert finding.ways_out == ("sudo sysctl -w net.ipv4.icmp_ratemask=6168",)


def test_ipv6_is_absent_or_switched_off_or_local_or_fine() -> None:
    absent = judge.ipv6(False, {}, ())
    off = judge.ipv6(True, {"lo": True, "eth0/1": False}, ())
    local = judge.ipv6(True, {"lo": False}, ())
    fine = judge.ipv6(True, {"lo": False}, ("2001:db8::1",))

    assert (absent.verdict, absent.says) == (WARN, "this kernel speaks no IPv6")
    assert (off.verdict, off.says) == (WARN, "switched off on lo")
    assert off.ways_out == ("sudo sysctl -w net.ipv6.conf.lo.disable_ipv6=0",)
    assert (local.verdict, fine.verdict) == (OK, OK)
    assert fine.says == "works, with 2001:db8::1"


@pytest.mark.parametrize(
    ("closed_part", "mode"),
    [("/home", 0o700), ("/home/user", 0o750), ("/home/user/python", 0o750)],
)
def test_a_path_is_as_open_as_its_most_closed_part(closed_part: str, mode: int) -> None:
    modes = {"/": 0o755, "/home": 0o755, "/home/user": 0o711, "/home/user/python": 0o755}
    path = "/home/user/python"

    assert judge.closed_to_others(path, modes.__getitem__) is None
    assert judge.closed_to_others(path, (modes | {closed_part: mode}).__getitem__) == closed_part


def test_a_closed_interpreter_matters_to_those_who_can_become_somebody_else() -> None:
    closed = ["/root", "/root"]

    assert judge.interpreter(closed, matters=True).verdict is WARN
    assert judge.interpreter(closed, matters=True).cause == "closed to others: /root"
    assert judge.interpreter(closed, matters=False).verdict is OK
    assert judge.interpreter([], matters=True).says == "any user of this machine can run it"


def test_capabilities_on_the_interpreters_file_are_a_finding_of_their_own() -> None:
    finding = judge.file_capabilities("/usr/bin/python3", True)

    assert judge.file_capabilities("/usr/bin/python3", False) is None
    assert finding is not None
    assert finding.ways_out[0] == "sudo setcap -r /usr/bin/python3"
