"""The doctor on this very machine, and what it concludes for the commands."""

import errno
import os
import socket
from pathlib import Path

import pytest

from rawkit.host import attempts, privileges, sysctl
from rawkit.host.attempts import Attempt
from rawkit.host.doctor import commands, diagnose
from rawkit.host.finding import Finding, Verdict
from rawkit.lab.namespace import Namespace

OK, WARN, BAD = Verdict.OK, Verdict.WARN, Verdict.BAD


def findings(**verdicts: Verdict) -> dict[str, Finding]:
    return {
        name: Finding(name, verdict, "", f"why {name}", (f"do {name}",))
        for name, verdict in verdicts.items()
    }


NAMESPACES = findings(user=OK, network=OK)
SOCKETS = findings(ping4=OK, ping6=OK, raw4=OK, raw6=OK, packet=OK)


@pytest.mark.parametrize(
    ("closed", "verdict", "says", "cause"),
    [
        ([], OK, "pings IPv4 by ping sockets and IPv6 by ping sockets, with every option", ""),
        (
            ["ping4", "ping6"],
            OK,
            "pings IPv4 by raw sockets and IPv6 by raw sockets, with every option",
            "",
        ),
        (
            ["raw4", "raw6"],
            OK,
            "pings IPv4 by ping sockets and IPv6 by ping sockets; "
            "options that need a raw socket will be refused",
            "why raw4",
        ),
        (["ping6", "raw6"], WARN, "pings IPv4 by ping sockets, not IPv6", "why raw6"),
        (["ping4", "raw4"], WARN, "pings IPv6 by ping sockets, not IPv4", "why raw4"),
        (["ping4", "ping6", "raw4", "raw6"], BAD, "cannot ping", "why ping4; why raw4"),
    ],
)
def test_ping_is_judged_by_the_sockets_that_open(
    closed: list[str], verdict: Verdict, says: str, cause: str
) -> None:
    sockets = SOCKETS | findings(**dict.fromkeys(closed, WARN))

    ping, *_ = commands(sockets, NAMESPACES)

    assert (ping.subject, ping.verdict) == ("rawkit ping", verdict)
    assert (ping.says, ping.cause) == (says, cause)


@pytest.mark.parametrize(
    ("user", "network", "verdict", "says"),
    [
        (OK, OK, OK, "builds networks without any privilege"),
        (OK, WARN, OK, "builds networks without any privilege"),
        (WARN, OK, OK, "builds networks by CAP_SYS_ADMIN"),
        (WARN, WARN, BAD, "cannot build networks"),
    ],
)
def test_the_lab_is_judged_by_the_namespaces_that_can_be_made(
    user: Verdict, network: Verdict, verdict: Verdict, says: str
) -> None:
    _, lab, *_ = commands(SOCKETS, findings(user=user, network=network))

    assert (lab.subject, lab.verdict, lab.says) == ("rawkit lab", verdict, says)


def test_the_doctor_looks_at_everything_and_says_one_line_about_each() -> None:
    found = diagnose()
    subjects = [finding.subject for finding in found]

    assert len(subjects) == len(set(subjects))
    assert {"capabilities", "user namespaces", "IPv6", "interpreter"} <= set(subjects)
    assert subjects[-4:] == ["rawkit ping", "rawkit lab", "rawkit caps", "rawkit doctor"]
    for finding in found:
        lines = (finding.says, finding.cause, *finding.ways_out)
        assert not any("\n" in line for line in lines)
        assert finding.says
        assert finding.verdict is OK or finding.cause or finding.ways_out


@pytest.mark.netns
def test_the_doctor_sees_the_network_that_it_is_called_in() -> None:
    with Namespace() as closed, Namespace() as open_to_us:
        group = os.getegid()
        open_to_us.sysctl("net.ipv4.ping_group_range", f"{group} {group}")
        open_to_us.sysctl("net.ipv4.icmp_echo_ignore_all", 1)

        before = {finding.subject: finding for finding in closed.run(diagnose)}
        after = {finding.subject: finding for finding in open_to_us.run(diagnose)}

    assert before["IPv4 ping socket"].verdict is WARN
    assert before["IPv4 ping socket"].cause.startswith("net.ipv4.ping_group_range ")
    assert after["IPv4 ping socket"].verdict is OK
    assert before["ICMP limits"].verdict is OK
    assert after["ICMP limits"].says == "this host does not answer pings"


@pytest.mark.netns
def test_the_way_out_of_a_closed_ping_range_is_one() -> None:
    def follow() -> tuple[bool, bool]:
        before = privileges.ping_groups()
        assert before is not None
        key, _, value = before.way_out.rpartition(" -w ")[2].partition("=")
        sysctl.write(key, value.strip('"'))
        return before.admit_us, attempts.ping_socket(4).succeeded

    with Namespace() as namespace:
        assert namespace.run(follow) == (False, True)


def test_trying_leaves_nothing_behind() -> None:
    def surroundings() -> tuple[Path, int]:
        return Path("/proc/self/ns/net").readlink(), len(list(Path("/proc/self/fd").iterdir()))

    before = surroundings()

    attempts.user_namespace()
    attempts.network_namespace()
    attempts.tun()

    assert surroundings() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def test_an_attempt_tells_the_step_that_failed() -> None:
    def fail() -> None:
        raise OSError(errno.ENOSPC, "full")

    steps = (("first", lambda: None), ("second", fail), ("third", lambda: None))

    assert attempts.run(steps) == attempts.in_child(steps) == Attempt("second", errno.ENOSPC)
    assert str(attempts.run(steps)) == "second: ENOSPC (No space left on device)"
    assert str(attempts.in_child(steps[:1])) == "works"


def test_a_child_that_dies_is_no_success() -> None:
    assert not attempts.in_child((("die", lambda: os._exit(1)),)).succeeded


def test_an_attempt_and_the_real_call_agree() -> None:
    for version, family, protocol in (
        (4, socket.AF_INET, socket.IPPROTO_ICMP),
        (6, socket.AF_INET6, socket.IPPROTO_ICMPV6),
    ):
        try:
            socket.socket(family, socket.SOCK_DGRAM, protocol).close()
            number = 0
        except OSError as error:
            number = error.errno or -1

        assert attempts.ping_socket(version).errno == number
