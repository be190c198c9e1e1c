"""Capabilities: read, raised, dropped, handed on, each in a thread that is thrown away."""

import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

import pytest

from rawkit.errors import MissingCapability
from rawkit.host import capability
from rawkit.host.capability import Capability, CapabilitySets

Result = TypeVar("Result")

needs_net_raw = pytest.mark.needs_capability("net_raw")


def in_thread(function: Callable[[], Result]) -> Result:
    """Run it in a thread of its own: what a thread gives up, it never gets back."""
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()
    thread.join()
    (result,) = results
    return result


def sets(permitted: set[Capability], bounding: set[Capability] | None = None) -> CapabilitySets:
    none = frozenset[int]()
    allowed = frozenset[int](permitted)
    limit = frozenset(Capability) if bounding is None else frozenset(bounding)
    return CapabilitySets(allowed, allowed, none, limit, none)


RAW, ADMIN = Capability.NET_RAW, Capability.NET_ADMIN


@pytest.mark.parametrize("name", ["net_raw", "NET_RAW", "CAP_NET_RAW", "cap_net_raw", "13"])
def test_a_capability_is_known_by_all_its_names(name: str) -> None:
    assert capability.parse(name) is RAW


@pytest.mark.parametrize("name", ["", "net", "99", "-1", "cap_", "\N{SUPERSCRIPT TWO}"])
def test_any_other_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="no such capability"):
        capability.parse(name)


def test_a_capability_newer_than_the_table_goes_by_its_number() -> None:
    assert capability.name_of(60) == "CAP_60"
    assert capability.name_of(13) == "CAP_NET_RAW"


def test_proc_and_the_system_calls_tell_the_same() -> None:
    by_calls = CapabilitySets(*map(capability._members, capability._masks_by_calls()))

    assert by_calls == capability.read()


def test_effective_capabilities_are_permitted_ones() -> None:
    found = capability.read()

    assert found.effective <= found.permitted
    assert found.ambient <= found.inheritable


@pytest.mark.parametrize(
    ("permitted", "bounding", "ours", "initial", "cause", "way_out"),
    [
        (set(), None, True, True, "no CAP_NET_RAW", "run it with sudo"),
        (
            set(),
            {ADMIN},
            True,
            True,
            "CAP_NET_RAW is not even in the bounding set",
            "start the container with --cap-add=NET_RAW",
        ),
        (
            set(),
            None,
            False,
            False,
            "no CAP_NET_RAW in this user namespace",
            "start the container with --cap-add=NET_RAW",
        ),
        (
            {RAW},
            None,
            False,
            False,
            "CAP_NET_RAW counts only in this user namespace, which does not own the network",
            "unshare the network too: unshare --map-root-user --net",
        ),
        (
            {RAW},
            None,
            True,
            True,
            "CAP_NET_RAW is here, yet the kernel refused (seccomp or a security module)",
            "look closer: rawkit doctor",
        ),
    ],
)
def test_each_cause_has_its_own_way_out(
    permitted: set[Capability],
    bounding: set[Capability] | None,
    ours: bool,
    initial: bool,
    cause: str,
    way_out: str,
) -> None:
    found = capability.explain(RAW, sets(permitted, bounding), ours=ours, initial=initial)

    assert found[0] == cause
    assert found[1][0] == way_out


def test_the_lab_is_no_way_out_for_what_is_not_about_the_network() -> None:
    _, network = capability.explain(RAW, sets(set()), ours=True, initial=True)
    _, other = capability.explain(Capability.SYS_TIME, sets(set()), ours=True, initial=True)

    assert "a network of your own: rawkit lab" in network
    assert "a network of your own: rawkit lab" not in other


def test_after_a_drop_nothing_is_left_and_require_says_so() -> None:
    def drop_and_require() -> tuple[CapabilitySets, MissingCapability]:
        capability.drop()
        with pytest.raises(MissingCapability) as caught:
            capability.require(RAW, to="open a raw socket")
        return capability.read(), caught.value

    left, error = in_thread(drop_and_require)

    assert not left.effective | left.permitted | left.inheritable | left.ambient
    assert error.capability == "CAP_NET_RAW"
    why = ("CAP_NET_RAW is not", "no CAP_NET_RAW (")  # a user without a namespace had it never
    assert str(error).startswith(tuple(f"cannot open a raw socket: {one}" for one in why))
    assert "\n" not in str(error)


def test_a_drop_tells_what_is_left_in_the_bounding_set() -> None:
    left, found = in_thread(lambda: (capability.drop(), capability.read().bounding))

    assert left == found


def test_raising_what_is_not_permitted_leaves_the_refusal_to_the_kernel() -> None:
    def attempt() -> bool:
        capability.drop()
        with capability.raised(RAW), pytest.raises(PermissionError):
            socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        return True

    assert in_thread(attempt)


@needs_net_raw
def test_a_raised_capability_counts_inside_the_block_only() -> None:
    def attempt() -> tuple[bool, bool, bool]:
        _, permitted, inheritable = capability._capget()
        capability._capset(0, permitted, inheritable)
        before = RAW in capability.read().effective
        with capability.raised(RAW):
            inside = RAW in capability.read().effective
            socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP).close()
        return before, inside, RAW in capability.read().effective

    assert in_thread(attempt) == (False, True, False)


@needs_net_raw
def test_a_drop_inside_the_block_stays_a_drop() -> None:
    def attempt() -> CapabilitySets:
        _, permitted, inheritable = capability._capget()
        capability._capset(0, permitted, inheritable)
        with capability.raised(RAW):
            capability.drop()
        return capability.read()

    left = in_thread(attempt)

    assert not left.effective | left.permitted


@needs_net_raw
def test_an_open_raw_socket_goes_on_working_after_the_drop() -> None:
    def attempt() -> int:
        with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
            capability.drop()
            raw.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 3)
            return raw.getsockopt(socket.IPPROTO_IP, socket.IP_TTL)

    assert in_thread(attempt) == 3


@needs_net_raw
def test_what_is_kept_survives_the_drop() -> None:
    def attempt() -> CapabilitySets:
        capability.drop(keep=[RAW])
        return capability.read()

    left = in_thread(attempt)

    assert left.effective == left.permitted == {RAW}


@needs_net_raw
def test_dropping_in_one_thread_takes_nothing_from_another() -> None:
    in_thread(capability.drop)

    assert capability.has(RAW)


@needs_net_raw
@pytest.mark.needs_capability("setpcap")
def test_with_setpcap_the_bounding_set_is_emptied_too() -> None:
    assert in_thread(capability.drop) == frozenset()


@needs_net_raw
@pytest.mark.needs_capability("setpcap")
def test_an_ambient_capability_reaches_the_program_that_is_executed() -> None:
    """A user without any other privilege gets it; as root it would be there anyway."""
    program = (
        "import os, socket, sys\n"
        "from rawkit.host import capability as c\n"
        "import ctypes\n"
        "ctypes.CDLL(None).prctl(28, 1, 0, 0, 0)\n"  # PR_SET_SECUREBITS: SECBIT_NOROOT
        "c.ambient(c.Capability.NET_RAW)\n"
        "show = 'from rawkit.host import capability as c; print(*sorted(c.read().effective))'\n"
        "os.execv(sys.executable, [sys.executable, '-c', show])\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert (done.stdout, done.stderr) == ("13\n", "")


@pytest.mark.netns
def test_in_a_user_namespace_without_its_own_network_the_capability_is_worth_nothing() -> None:
    program = "from rawkit.host import capability as c; print(c.has(c.Capability.NET_RAW))"
    command = ["unshare", "--user", "--map-root-user", sys.executable, "-c", program]

    alone = subprocess.run(command, capture_output=True, text=True, check=True)
    with_network = subprocess.run(
        [*command[:1], "--net", *command[1:]], capture_output=True, text=True, check=True
    )

    assert (alone.stdout, with_network.stdout) == ("False\n", "True\n")


def test_reading_loads_no_ctypes() -> None:
    program = (
        "import sys; from rawkit.host import capability as c\n"
        "c.has(c.Capability.NET_RAW)\n"
        "with c.raised(): pass\n"
        "print('ctypes' in sys.modules)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert done.stdout == "False\n"
