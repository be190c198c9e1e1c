"""``rawkit caps``, to the letter."""

import errno
import json
import subprocess
import sys

import pytest

from rawkit.cli import caps
from rawkit.cli.caps import Standing, describe, main, text
from rawkit.host.attempts import Attempt
from rawkit.host.capability import Capability, CapabilitySets
from rawkit.host.privileges import PingGroups

ALL, NONE = frozenset[int](Capability), frozenset[int]()
USER = Standing(
    sets=CapabilitySets(NONE, NONE, NONE, ALL, NONE),
    last=max(Capability),
    user_namespace=4026531837,
    initial=True,
    owns_network=True,
    no_new_privs=False,
    securebits=(),
    seccomp=0,
    ping_groups=PingGroups(1, 0, (1000, 27)),
    groups=(1000, 27),
    raw=Attempt("raw socket", errno.EPERM),
    ping=Attempt("ping socket", errno.EACCES),
)
ROOT = USER._replace(
    sets=CapabilitySets(ALL, ALL, NONE, ALL, NONE),
    groups=(0,),
    ping_groups=PingGroups(0, 2147483647, (0,)),
    raw=Attempt(),
    ping=Attempt(),
)


def test_a_user_is_told_what_is_missing_and_why() -> None:
    assert "\n".join(text(USER)) == (
        "raw sockets           no (no CAP_NET_RAW)\n"
        "ping sockets          no (net.ipv4.ping_group_range is 1 0, our groups are 1000, 27)\n"
        "interfaces, routes    no (no CAP_NET_ADMIN)\n"
        "effective             none\n"
        "permitted             none\n"
        "inheritable           none\n"
        "bounding              all\n"
        "ambient               none\n"
        "user namespace        4026531837, the initial one\n"
        "network belongs to    this user namespace\n"
        "no_new_privs          no\n"
        "securebits            none\n"
        "seccomp               off\n"
        "ping_group_range      1 0\n"
        "groups                1000, 27"
    )


def test_root_is_told_that_everything_is_allowed() -> None:
    assert list(text(ROOT))[:5] == [
        "raw sockets           yes",
        "ping sockets          yes",
        "interfaces, routes    yes",
        "effective             all",
        "permitted             all",
    ]


def test_root_of_a_user_namespace_in_a_foreign_network_is_told_so() -> None:
    inside = ROOT._replace(
        initial=False,
        user_namespace=4026532000,
        owns_network=False,
        no_new_privs=True,
        seccomp=2,
        securebits=("noroot", "noroot_locked"),
        ping_groups=None,
        raw=Attempt("raw socket", errno.EPERM),
        ping=Attempt("ping socket", errno.EPROTONOSUPPORT),
    )
    lines = list(text(inside))

    reason = "counts only in this user namespace, which does not own the network"
    assert lines[:3] == [
        f"raw sockets           no (CAP_NET_RAW {reason})",
        "ping sockets          no (ping socket: EPROTONOSUPPORT (Protocol not supported))",
        f"interfaces, routes    no (CAP_NET_ADMIN {reason})",
    ]
    assert lines[8:14] == [
        "user namespace        4026532000, not the initial one",
        "network belongs to    another user namespace",
        "no_new_privs          yes",
        "securebits            noroot, noroot_locked",
        "seccomp               filter",
        "ping_group_range      unknown",
    ]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        (NONE, "none"),
        (ALL, "all"),
        (ALL - {24}, "all but CAP_SYS_RESOURCE"),
        (frozenset({13, 12}), "CAP_NET_ADMIN, CAP_NET_RAW"),
    ],
)
def test_a_set_is_described_the_short_way_round(members: frozenset[int], words: str) -> None:
    assert describe(members, max(Capability)) == words


def test_a_kernel_newer_than_the_table_is_described_by_numbers() -> None:
    assert describe(ALL, 41) == "all but CAP_41"


def test_text_is_what_the_command_prints(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 0

    out, err = capsys.readouterr()
    assert out.splitlines() == list(text(caps.look()))
    assert err == ""


def test_json_is_one_object_with_its_schema(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--json"]) == 0

    (line,) = capsys.readouterr().out.splitlines()
    found = json.loads(line)
    standing = caps.look()
    assert found["schema"] == "rawkit.caps/1"
    assert set(found["may"]) == {"open_raw_sockets", "open_ping_sockets", "change_network"}
    assert found["may"]["open_raw_sockets"] == standing.raw.succeeded
    assert set(found["why"]) == {what for what, may in found["may"].items() if not may}
    assert found["groups"] == list(standing.groups)
    assert len(found["effective"]) == len(standing.sets.effective)
    assert found["user_namespace"] == {
        "id": standing.user_namespace,
        "initial": standing.initial,
    }


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (
            ["--need", "foo"],
            "no such capability: 'foo' (capabilities(7) lists them: net_raw, net_admin …)",
        ),
        (
            ["--need", "net_raw,"],
            "no such capability: '' (capabilities(7) lists them: net_raw, net_admin …)",
        ),
        (["--need"], "argument --need: expected one argument"),
        (["--foo"], "unrecognized arguments: --foo"),
        (["foo"], "unrecognized arguments: foo"),
    ],
)
def test_a_mistake_is_one_line_and_exit_2(
    argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(argv) == 2

    assert capsys.readouterr() == ("", f"rawkit caps: {message}\n")


def test_help_has_examples_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0

    out, err = capsys.readouterr()
    assert err == ""
    assert "\nexamples:\n  rawkit caps " in out
    assert "exit status:\n  0 fine; 1 a needed capability is missing; 2 wrong usage\n" in out


WITHOUT = (
    "import sys\n"
    "from rawkit.host import capability\n"
    "from rawkit.cli.caps import main\n"
    "capability.drop(keep=[capability.parse(name) for name in sys.argv[1].split(',') if name])\n"
    "sys.exit(main(sys.argv[2:]))\n"
)


def run_with(kept: str, *argv: str) -> tuple[int, str, str]:
    """Run the command in a process that has given up everything but some capabilities."""
    command = [sys.executable, "-c", WITHOUT, kept, *argv]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_what_is_needed_and_missing_is_one_line_each_and_exit_1() -> None:
    code, out, err = run_with("", "--need", "net_raw,CAP_NET_ADMIN", "--need", "10")
    lines = err.splitlines()

    assert (code, out) == (1, "")
    for line, name in zip(lines, ("NET_RAW", "NET_ADMIN", "NET_BIND_SERVICE"), strict=True):
        assert line.startswith("rawkit caps: ")
        assert f"CAP_{name}" in line
        assert " (try: " in line


def test_what_is_missing_is_told_as_json_too() -> None:
    code, out, err = run_with("", "--need", "net_raw", "--json")
    found = json.loads(out)

    assert (code, err) == (1, "")
    assert (found["schema"], found["need"]) == ("rawkit.caps.need/1", ["CAP_NET_RAW"])
    (missing,) = found["missing"]
    assert missing["capability"] == "CAP_NET_RAW"
    assert missing["cause"]
    assert missing["ways_out"]


@pytest.mark.needs_capability("net_raw")
def test_what_is_needed_and_there_is_silence_and_exit_0() -> None:
    assert run_with("net_raw", "--need", "net_raw") == (0, "", "")


@pytest.mark.needs_capability("net_raw")
def test_one_kept_capability_shows_as_all_there_is() -> None:
    code, out, _ = run_with("net_raw")
    lines = out.splitlines()

    assert code == 0
    assert lines[0] == "raw sockets           yes"
    assert lines[2].startswith("interfaces, routes    no (")
    assert lines[3] == "effective             CAP_NET_RAW"
    assert "no_new_privs          yes" in lines


@pytest.mark.needs_capability("setuid", "setgid")
def test_another_user_is_told_about_that_users_groups() -> None:
    become = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    program = "import sys; from rawkit.cli.main import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [*become, sys.executable, "-c", program, "caps"], capture_output=True, text=True
    )
    if "setresuid" in done.stderr or "Permission denied" in done.stderr:
        pytest.skip(f"uid 65534 does not exist here, or cannot reach Python: {done.stderr}")

    assert done.stdout.splitlines()[-1] == "groups                65534"
