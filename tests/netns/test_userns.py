"""A world of our own, as whoever we are; or the exact reason why not."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.netns

AS_ORDINARY_USER = """
import os, socket, sys
from rawkit import lab
from rawkit.errors import LabError
from rawkit.host.capability import Capability, drop, read
from rawkit.lab.userns import mark
drop(keep=(Capability.SETFCAP,))  # without it, root may not be root in there
"""


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False
    )


def test_without_capabilities_we_become_root_over_a_network_of_our_own() -> None:
    done = python(
        AS_ORDINARY_USER
        + """
before = os.readlink("/proc/self/ns/user"), mark(), os.readlink("/proc/self/ns/mnt")
lab.enter()
after = os.readlink("/proc/self/ns/user"), mark(), os.readlink("/proc/self/ns/mnt")
assert all(one != other for one, other in zip(before, after))
assert (os.getuid(), os.getgid()) == (0, 0)
assert Capability.NET_ADMIN in read().effective
with socket.create_server(("127.0.0.1", 7)) as server:  # lo is up, and port 7 is ours
    socket.create_connection(("127.0.0.1", 7)).close()
with lab.line(hops=1) as net, net.last.socket() as server, net.first.socket() as client:
    server.bind((str(net.last.ipv4), 7)); server.listen()
    client.connect((str(net.last.ipv4), 7))
print("fine")
"""
    )

    assert (done.stdout, done.stderr) == ("fine\n", "")


def test_with_capabilities_no_user_namespace_is_needed() -> None:
    done = python(
        """
import os
from rawkit import lab
before = os.readlink("/proc/self/ns/user"), os.readlink("/proc/self/ns/net")
lab.enter()
after = os.readlink("/proc/self/ns/user"), os.readlink("/proc/self/ns/net")
print(before[0] == after[0], before[1] != after[1])
"""
    )

    assert (done.stdout, done.stderr) == ("True True\n", "")


def test_what_is_mounted_afterwards_is_seen_by_nobody_else() -> None:
    done = python(
        """
import os
from rawkit import lab
from rawkit.host.calls import mount
reader, writer = os.pipe()
before = open("/proc/self/mountinfo").read()
if os.fork() == 0:
    lab.enter()
    mount("none", "/mnt", "tmpfs")
    os.write(writer, str(open("/proc/self/mountinfo").read().count(" /mnt ")).encode())
    os._exit(0)
os.wait()
print(os.read(reader, 9).decode(), open("/proc/self/mountinfo").read() == before)
"""
    )

    assert (done.stdout, done.stderr) == ("1 True\n", "")


def test_with_a_second_thread_it_is_too_late() -> None:
    done = python(
        """
import threading
from rawkit import lab
from rawkit.errors import LabError
stop = threading.Event()
thread = threading.Thread(target=stop.wait); thread.start()
try:
    lab.enter()
except LabError as error:
    print(error)
stop.set()
"""
    )

    assert "this process has 2 threads already (try: do it first thing" in done.stdout
    assert done.stderr == ""


REFUSED = """
before = mark(), os.getuid(), os.readlink("/proc/self/ns/user")
try:
    lab.enter()
except LabError as error:
    print(error)
assert (mark(), os.getuid(), os.readlink("/proc/self/ns/user")) == before
"""


def test_a_limit_of_zero_is_named_and_leaves_us_where_we_were() -> None:
    done = python(
        AS_ORDINARY_USER
        + """
lab.enter()  # the limit of a namespace of our own is ours to set
open("/proc/sys/user/max_user_namespaces", "w").write("0")
drop(keep=(Capability.SETFCAP,))
"""
        + REFUSED
    )

    assert "No space left on device: user.max_user_namespaces is 0 (try: sudo sysctl" in done.stdout
    assert done.stderr == ""


def test_a_seccomp_filter_is_named() -> None:
    done = python(
        AS_ORDINARY_USER
        + """
import ctypes, platform, struct
unshare = {"x86_64": 272, "aarch64": 97}[platform.machine()]
program = b"".join(struct.pack("HBBI", *line) for line in (
    (0x20, 0, 0, 0),            # load the number of the call
    (0x15, 0, 1, unshare),      # is it this one?
    (0x06, 0, 0, 0x50000 | 1),  # then EPERM
    (0x06, 0, 0, 0x7FFF0000),   # else allow
))
buffer = ctypes.create_string_buffer(program)
fprog = struct.pack("HP", 4, ctypes.addressof(buffer))
assert ctypes.CDLL(None).prctl(22, ctypes.c_ulong(2), fprog, 0, 0) == 0  # PR_SET_SECCOMP
"""
        + REFUSED
    )

    assert "own: unshare: Operation not permitted" in done.stdout
    assert "Operation not permitted: a seccomp filter forbids it" in done.stdout
    assert done.stderr == ""


def test_root_without_setfcap_is_told_so() -> None:
    done = python(AS_ORDINARY_USER + "drop()\n" + REFUSED)

    assert "/proc/self/uid_map: Operation not permitted: only with CAP_SETFCAP" in done.stdout
    assert done.stderr == ""


def test_a_process_with_threads_starts_over_in_there() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            """
import os, sys, threading
from rawkit.lab.userns import OUTCOME, enter_and_exec, mark
threading.Thread(target=threading.Event().wait, daemon=True).start()
print("before", os.getpid())
code = ("import os, sys; from rawkit.lab.userns import mark; "
    f"print(os.getpid(), input(), os.environ['{OUTCOME}'] == mark() != '{mark()}'); sys.exit(7)")
enter_and_exec([sys.executable, "-c", code])
""",
        ],
        input="what we were asked\n",
        capture_output=True,
        text=True,
        check=False,
    )

    first, second = done.stdout.splitlines()
    pid = first.removeprefix("before ")
    assert second == f"{pid} what we were asked True"
    assert (done.returncode, done.stderr) == (7, "")


def test_importing_the_lab_imports_nothing_heavy() -> None:
    done = python(
        "import sys, rawkit.lab; from rawkit.lab import enter, Lab, line, Namespace; print("
        "[m for m in ('pyroute2', 'asyncio', 'ctypes', 'netaddr', 'scapy') if m in sys.modules])"
    )

    assert done.stdout == "[]\n"
