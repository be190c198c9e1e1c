"""One errno, many causes: each set of circumstances is told apart, with a way out."""

import errno

import pytest

from rawkit.lab.refusal import Surroundings, explain, look_around

UNSHARE = "unshare(CLONE_NEWUSER)"
USER, NET = "user.max_user_namespaces", "user.max_net_namespaces"
LIMITS = ((USER, 31000), (NET, 31000))
APPARMOR = "kernel.apparmor_restrict_unprivileged_userns"

CAUSES = [
    # step, errno, circumstances, words of the cause, a way out
    (UNSHARE, errno.ENOSPC, Surroundings(most=((USER, 0), (NET, 9))), f"{USER} is 0", "sysctl -w"),
    (UNSHARE, errno.ENOSPC, Surroundings(most=((USER, 9), (NET, 0))), f"{NET} is 0", "sysctl -w"),
    (UNSHARE, errno.ENOSPC, Surroundings(most=LIMITS), "a limit is reached", "raise the limit"),
    (UNSHARE, errno.EUSERS, Surroundings(), "nested too deeply", "plain shell"),
    (UNSHARE, errno.EINVAL, Surroundings(threads=3), "3 threads", "first thing"),
    (UNSHARE, errno.EINVAL, Surroundings(), "kernel was built without", "root"),
    (UNSHARE, errno.ENOSYS, Surroundings(), "kernel was built without", "root"),
    (UNSHARE, errno.EPERM, Surroundings(seccomp=True), "seccomp", "--security-opt"),
    (UNSHARE, errno.EPERM, Surroundings(clone_forbidden=True), "userns_clone is 0", "=1"),
    (UNSHARE, errno.EACCES, Surroundings(selinux=True), "SELinux", "ausearch"),
    (UNSHARE, errno.EPERM, Surroundings(), "a security module or a chroot", "root"),
    (UNSHARE, errno.EIO, Surroundings(), "unusual", "root"),
    ("/proc/self/setgroups", errno.EACCES, Surroundings(apparmor=True), APPARMOR, "podman unshare"),
    ("/proc/self/uid_map", errno.EPERM, Surroundings(apparmor=True), APPARMOR, "=0"),
    ("/proc/self/setgroups", errno.EACCES, Surroundings(dumpable=False), "interpreter has", "file"),
    ("/proc/self/uid_map", errno.EPERM, Surroundings(plain_root=True), "CAP_SETFCAP", "ordinary"),
]


@pytest.mark.parametrize(("step", "number", "here", "cause", "way"), CAUSES)
def test_a_refusal_is_explained(
    step: str, number: int, here: Surroundings, cause: str, way: str
) -> None:
    said = explain(step, number, here)

    before, ways = said.split("(try: ")
    assert said.startswith(f"cannot enter namespaces of our own: {step}: ")
    assert cause in before
    assert way in ways
    assert "\n" not in said


def test_looking_around_finds_the_limits_and_ourselves() -> None:
    here = look_around()

    assert here.threads >= 1
    assert here.dumpable
    assert USER in dict(here.most)
