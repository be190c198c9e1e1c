"""The pytest plugin, as other people's projects use it: pytest is run, not imported."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from rawkit.lab.userns import OUTCOME

pytestmark = pytest.mark.netns

MODULE = [sys.executable, "-m", "pytest"]
SCRIPT = [str(Path(sys.executable).with_name("pytest"))]

INSIDE = """
import os, socket
from pathlib import Path
import pytest

OUTSIDE = os.environ["OUTSIDE"]

@pytest.mark.netns
@pytest.mark.parametrize("number", range(4))
def test_we_are_alone(number):
    assert {name for _, name in socket.if_nameindex()} & {"lo", "eth0"} == {"lo"}
    assert os.readlink("/proc/self/ns/net") != OUTSIDE
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()

def test_a_temporary_folder_can_be_had(tmp_path):
    (tmp_path / "file").write_text("x")
"""


def run(
    folder: Path, *words: str, command: list[str] | None = None, **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run pytest in a folder, as somebody who has not entered anything."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("RAWKIT", "PYTEST"))}
    outside = str(Path("/proc/self/ns/net").readlink())
    environment |= {"OUTSIDE": outside, **variables}
    return subprocess.run(
        [*(command or MODULE), "-p", "no:cacheprovider", "-q", "-rs", *words],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        input="from a pipe\n",
    )


def project(folder: Path, files: Mapping[str, str]) -> Path:
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


@pytest.mark.parametrize("command", [MODULE, SCRIPT])
@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_the_option_puts_all_tests_into_namespaces(
    tmp_path: Path, command: list[str], workers: tuple[str, ...]
) -> None:
    folder = project(tmp_path, {"test_inside.py": INSIDE})

    done = run(folder, "--rawkit-netns", *workers, command=command)

    assert "5 passed" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")


def test_the_configuration_does_too_and_says_so(tmp_path: Path) -> None:
    ini = "[pytest]\nrawkit_netns = true\naddopts = --strict-markers --strict-config\n"
    folder = project(tmp_path, {"test_inside.py": INSIDE, "pytest.ini": ini})

    done = run(folder, "-v")

    assert "rawkit: in network namespaces of its own" in done.stdout
    assert "5 passed" in done.stdout


def test_unasked_it_does_nothing_and_what_needs_it_is_skipped_with_the_reason(
    tmp_path: Path,
) -> None:
    folder = project(tmp_path, {"test_inside.py": INSIDE + WITH_FIXTURE})

    done = run(folder)

    assert "1 passed, 5 skipped" in done.stdout
    assert "needs network namespaces of its own: say rawkit_netns = true" in done.stdout
    assert "rawkit:" not in done.stdout


WITH_FIXTURE = """
def test_with_a_fixture(pair):
    pair()
"""


def test_what_is_required_fails_instead_of_being_skipped(tmp_path: Path) -> None:
    folder = project(tmp_path, {"test_inside.py": INSIDE + WITH_FIXTURE})

    done = run(folder, RAWKIT_REQUIRE="vm,netns")

    assert "1 passed, 5 errors" in done.stdout
    assert "(RAWKIT_REQUIRE contains netns)" in done.stdout
    assert done.returncode == 1


def test_where_namespaces_are_forbidden_the_reason_is_that_of_the_kernel(tmp_path: Path) -> None:
    folder = project(tmp_path, {"test_inside.py": INSIDE + WITH_FIXTURE, "forbid.py": FORBID})

    done = run(folder, "--rawkit-netns", "-p", "forbid", PYTHONPATH=str(folder))

    assert "1 passed, 5 skipped" in done.stdout
    assert "user.max_user_namespaces is 0" in done.stdout
    assert done.returncode == 0


FORBID = """
from rawkit.host.capability import Capability, drop
from rawkit.lab.userns import enter
drop(keep=(Capability.SETFCAP,))
enter()
open("/proc/sys/user/max_user_namespaces", "w").write("0")
drop(keep=(Capability.SETFCAP,))
"""


THREADS = """
import threading
print("a thread is started", flush=True)
threading.Thread(target=threading.Event().wait, daemon=True).start()
"""


def test_a_process_with_threads_starts_over_once(tmp_path: Path) -> None:
    folder = project(tmp_path, {"test_inside.py": INSIDE, "threads.py": THREADS})

    done = run(folder, "--rawkit-netns", "-p", "threads", PYTHONPATH=str(folder))

    assert done.stdout.count("a thread is started") == 2
    assert "5 passed" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("options", [(), ("-p", "threads")])
def test_input_output_and_exit_status_stay_what_they_are(
    tmp_path: Path, options: tuple[str, ...]
) -> None:
    code = """
import sys
def test_reads_and_fails():
    print("read", sys.stdin.readline(), end="")
    print("to stderr", file=sys.stderr)
    assert False
"""
    folder = project(tmp_path, {"test_inside.py": code, "threads.py": THREADS})

    done = run(folder, "--rawkit-netns", "-s", *options, PYTHONPATH=str(folder))

    assert "read from a pipe" in done.stdout
    assert done.stderr == "to stderr\n"
    assert done.returncode == 1


def test_pytest_can_be_called_from_a_program(tmp_path: Path) -> None:
    code = """
import pytest
print("the program starts")
status = pytest.main(["--rawkit-netns", "-q", "-p", "no:cacheprovider"])
print("and goes on with", int(status))
"""
    folder = project(tmp_path, {"test_inside.py": INSIDE, "program.py": code})

    done = run(folder, command=[sys.executable, "program.py"])

    assert done.stdout.startswith("the program starts\n")
    assert done.stdout.count("the program starts") == 1
    assert done.stdout.endswith("and goes on with 0\n")


def test_every_fixture_is_a_factory_of_labs_that_end_with_the_test(tmp_path: Path) -> None:
    code = """
import os
import pytest
from rawkit.errors import LabError
LABS = []
@pytest.mark.parametrize(("name", "nodes"), [
    ("lab", 0), ("pair", 2), ("line", 5), ("star", 3), ("diamond", 6), ("lossy", 2)
])
def test_a_factory(name, nodes, request):
    make = request.getfixturevalue(name)
    LABS.extend((make(), make()))
    assert len(LABS[-1].nodes) == nodes
    assert LABS[-1] is not LABS[-2]

def test_options_are_handed_on(line):
    net = line(hops=1, delay=0.001, sysctls={"net.ipv4.icmp_ratelimit": 0})
    assert (len(net.routers), len(net.wires)) == (1, 1)

def test_they_have_ended():
    for lab in LABS:
        for node in lab.nodes:
            with pytest.raises(LabError, match="closed"):
                node.fileno()
"""
    folder = project(tmp_path, {"test_inside.py": code})

    done = run(folder, "--rawkit-netns", "-W", "error")

    assert "8 passed" in done.stdout


def test_a_capability_that_is_missing_skips_or_fails(tmp_path: Path) -> None:
    code = """
import pytest
from rawkit.host.capability import Capability, drop
drop(keep=(Capability.NET_ADMIN,))
@pytest.mark.needs_capability("NET_ADMIN")
def test_here(): pass
@pytest.mark.needs_capability("net_admin", "CAP_NET_RAW")
def test_missing(): pass
"""
    folder = project(tmp_path, {"test_inside.py": code})

    skipped = run(folder, "--rawkit-netns")
    failed = run(folder, "--rawkit-netns", RAWKIT_REQUIRE="NET_RAW")

    assert "1 passed, 1 skipped" in skipped.stdout
    assert "needs CAP_NET_RAW" in skipped.stdout
    assert "1 passed, 1 error" in failed.stdout


def test_whoever_is_inside_already_enters_nothing_again(tmp_path: Path) -> None:
    code = """
import os
def test_same():
    assert os.readlink("/proc/self/ns/net") == os.environ["OUTSIDE"]
"""
    folder = project(tmp_path, {"test_inside.py": code})

    done = run(folder, "--rawkit-netns", RAWKIT_NETNS=os.environ[OUTCOME])

    assert "1 passed" in done.stdout


def test_unused_it_imports_nothing_of_the_lab(tmp_path: Path) -> None:
    code = """
import sys
def test_light():
    loaded = {name for name in sys.modules if name.startswith("rawkit")}
    assert loaded == {"rawkit", "rawkit.testing", "rawkit.testing.plugin"}
    assert "pyroute2" not in sys.modules
"""
    folder = project(tmp_path, {"test_inside.py": code})

    assert "1 passed" in run(folder).stdout
