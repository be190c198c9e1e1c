"""``rawkit trace`` as a process: signals, files, privileges, and what goes wrong around it."""

import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path as File

import pytest

from rawkit import lab
from rawkit.lab import Node
from rawkit.lab.path import Answer, Hop, Path
from rawkit.wire.multipart import Label, mpls

pytestmark = pytest.mark.netns

RAWKIT = (sys.executable, "-m", "rawkit", "trace")
HOPS = [Hop(), Hop(silent=True), Hop(extensions=(mpls(Label(24001)),))]


class Running:
    """A trace that runs in a node, and what it has said so far."""

    def __init__(self, node: Node, *words: str, before: Sequence[str] = ()) -> None:
        self.process = node.popen(
            (*before, *RAWKIT, *words),
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def wait_for(self, words: str) -> str:
        """Read lines up to one with these words."""
        assert self.process.stdout is not None
        text = ""
        for line in self.process.stdout:
            text += line
            if words in line:
                return text
        raise AssertionError(f"it ended without {words!r}: {text}")

    def finish(self) -> tuple[int, str, str]:
        """Return the exit code, and the rest of what it says."""
        with self.process as process:
            out, err = process.communicate(timeout=60)
            return process.returncode, out, err


class World:
    """A host, and a path from it with a silent router."""

    def __init__(self, node: Node, path: Path) -> None:
        self.node = node
        self.path = path
        self.target = str(path.target)

    def finished(self, *words: str, before: Sequence[str] = ()) -> tuple[int, str, str]:
        return Running(self.node, *words, before=before).finish()


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with lab.line(hops=0) as net, Path(net.first, HOPS) as path:
        yield World(net.first, path)


def test_control_c_shows_the_rows_that_are_not_complete(world: World, tmp_path: File) -> None:
    file = tmp_path / "trace.jsonl"
    running = Running(world.node, "-n", "-q1", "-w60", "--record", str(file), world.target)
    running.wait_for(" 1  192.0.2.254")
    wait_until(lambda: '"reached"' in file.read_text())
    running.process.send_signal(signal.SIGINT)
    code, out, err = running.finish()

    silent, third, last = out.splitlines()
    assert silent == " 2  *"
    assert third.startswith(" 3  198.51.100.3  ")
    assert last.startswith(f" 4  {world.target}  ")
    assert (code, err) == (0, "")


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for something that is to come about, and fail where it does not."""
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_control_c_where_nobody_answers_is_exit_code_1(world: World) -> None:
    with lab.line(hops=0) as net, Path(net.first, [Hop(drops=True)]) as path:
        running = Running(net.first, "-n", "-w60", "-f2", str(path.target))
        running.wait_for("traceroute to")
        running.process.send_signal(signal.SIGINT)

        assert running.finish() == (1, "", "")


def test_control_c_ends_many_rounds_with_what_is_known_so_far(world: World) -> None:
    running = Running(world.node, "--json", "-n", "-c", "1000", "--interval", "0.2", "-w0.1",
                      world.target)  # fmt: skip
    running.wait_for('"end": true')
    running.process.send_signal(signal.SIGINT)
    code, out, err = running.finish()

    summary = json.loads(out.splitlines()[-1])
    assert (summary["type"], summary["reached"]) == ("summary", True)
    assert summary["rounds"] < 1000
    assert (code, err) == (0, "")


def test_nobody_reads_any_more_and_it_ends_without_a_word(world: World) -> None:
    running = Running(world.node, "-n", "-c", "1000", "--interval", "0.05", "-w0.05", world.target)
    running.wait_for(" 1  ")
    assert running.process.stdout is not None
    running.process.stdout.close()
    running.process.stdout = None

    code, _, err = running.finish()

    assert (code, err) == (141, "")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-i", "nowhere", "192.0.2.254"), "no way to 192.0.2.254: no interface called nowhere"),
        (("-s", "192.0.2.77", "192.0.2.254"), "192.0.2.77 is not an address of this host"),
        (("198.18.0.1",), "no way to 198.18.0.1"),
        (("--record", "/nowhere/x", "192.0.2.254"),
         "cannot record to '/nowhere/x': No such file or directory"),
        (("--pcap", "-", "192.0.2.254"), "stdout is for what is shown: name a FILE"),
        (("--replay", "/nowhere"), "cannot read '/nowhere': No such file or directory"),
        (("--as-table", "/nowhere", "192.0.2.254"),
         "cannot read '/nowhere': No such file or directory"),
        (("--live", "192.0.2.254"), "--live needs a terminal"),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_on_stderr_and_exit_code_2(
    world: World, words: Sequence[str], said: str
) -> None:
    code, out, err = world.finished(*words)

    assert err.startswith(f"rawkit trace: {said}")
    assert err.count("\n") == 1
    assert (code, out) == (2, "")


def test_what_the_kernel_refuses_is_told_once(world: World) -> None:
    nft = shutil.which("nft")
    if nft is None:
        pytest.skip("no nft here to have the kernel refuse with")
    hook = "type filter hook output priority 0; udp dport 33434-33600 drop;"
    rules = f"table inet refuse {{ chain out {{ {hook} }}; }}"
    with lab.line(hops=0) as net, Path(net.first, [Hop()]) as path:
        with net.first.popen((nft, rules)) as setting:
            assert setting.wait(timeout=60) == 0
        code, out, err = Running(net.first, "-n", "-m2", str(path.target)).finish()

    assert out.splitlines()[1:] == [" 1  * * *"]
    assert err == "rawkit trace: hop 1: not sent: Operation not permitted\n"
    assert code == 1


def nobody(*words: str) -> tuple[str, ...]:
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        pytest.skip("no setpriv here to drop privileges with")
    return (setpriv, "--inh-caps=-all", "--bounding-set=-all", *words)


def test_without_any_privilege_udp_finds_the_way(world: World) -> None:
    code, out, err = world.finished("-n", "-e", "-v", "-q1", "-w1", world.target, before=nobody())

    assert [line.split()[1] for line in out.splitlines()[1:]] == [
        "192.0.2.254", "*", "198.51.100.3", world.target,
    ]  # fmt: skip
    assert "<MPLS:L=24001,E=0,S=1,T=1>" in out
    assert err.startswith("rawkit trace: UDP socket: ")
    assert code == 0


def test_what_has_started_has_given_up_every_privilege(world: World) -> None:
    running = Running(world.node, "-n", "-q1", "-w60", world.target)

    running.wait_for("traceroute to")
    status = File(f"/proc/{running.process.pid}/status").read_text()
    running.process.send_signal(signal.SIGINT)
    running.finish()

    told = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert int(told["CapPrm"], 16) == int(told["CapEff"], 16) == 0
    assert told["NoNewPrivs"] == "1"


def test_without_any_privilege_tcp_says_what_is_missing_and_the_ways_out(world: World) -> None:
    code, out, err = world.finished("-n", "-T", world.target, before=nobody())

    assert "CAP_NET_RAW" in err
    assert "try: " in err
    assert err.count("\n") == 1
    assert (code, out) == (2, "")


def test_a_silent_name_server_costs_little_and_delays_no_row(tmp_path: File) -> None:
    conf = tmp_path / "resolv.conf"
    conf.write_text("nameserver 203.0.113.99\noptions timeout:30 attempts:1\n")
    script = f'mount --bind {conf} /etc/resolv.conf && exec "$@"'
    silent = {"203.0.113.1": Answer.REPLY, "203.0.113.99": Answer.SILENT}
    hops = [Hop(), Hop(), Hop()]
    with lab.line(hops=0) as net, Path(net.first, hops, silent) as path:
        before = ("unshare", "-m", "sh", "-c", script, "sh")
        began = time.monotonic()
        code, out, _ = Running(net.first, "-w20", str(path.target), before=before).finish()
        took = time.monotonic() - began

    assert out.splitlines()[1].startswith(" 1  192.0.2.254 (192.0.2.254)  ")
    assert code == 0
    assert took < 20


def test_a_recording_gives_every_form_of_output_again(world: World, tmp_path: File) -> None:
    file = str(tmp_path / "trace.jsonl")
    code, out, err = world.finished("-n", "-e", "-w1", "--record", file, world.target)
    assert (code, err) == (0, "")

    def replayed(*words: str) -> str:
        code, out, err = world.finished("--replay", file, "-n", *words)
        assert (code, err) == (0, "")
        return out

    assert replayed("-e", "--speed", "100") == out
    assert replayed("--csv").count("\n") == 5
    assert replayed("--dot").count("->") == 4
    summary = json.loads(replayed("--json", "--speed", "100").splitlines()[-1])
    assert summary == json.loads(replayed("--report", "--json"))["rawkit"]
    assert [hop["sent"] for hop in summary["hops"]] == [3, 3, 3, 3]
    started = replayed("--report").splitlines()[0]
    assert started.startswith(time.strftime("Start: %Y-", time.localtime()))


def test_a_capture_can_be_read_by_others(world: World, tmp_path: File) -> None:
    scapy = pytest.importorskip("scapy.utils")
    file = tmp_path / "trace.pcap"

    code, _, _ = world.finished("-n", "-q1", "-N1", "-w1", "--pcap", str(file), world.target)

    with scapy.RawPcapReader(str(file)) as reader:
        protocols = [octets[9] for octets, _ in reader]
    assert (code, protocols.count(17), protocols.count(1)) == (0, 4, 3)


def test_a_full_disk_is_told_once(world: World) -> None:
    for option in ("--pcap", "--record"):
        code, _, err = world.finished("-n", "-q1", "-w1", option, "/dev/full", world.target)

        assert (code, err.count("\n")) == (2, 1)
        assert err.endswith("No space left on device\n")


def test_systems_are_shown_from_a_table(world: World, tmp_path: File) -> None:
    table = tmp_path / "table"
    table.write_text("198.51.100.0/24 64500 ROUTERS\n203.0.113.0/24 AS64501\n")
    words = ("-n", "-q1", "-w1", "--as-table", str(table), world.target)

    _, out, _ = world.finished(*words)
    rows = out.splitlines()[1:]
    assert rows[0].startswith(" 1  192.0.2.254 [*]  ")
    assert rows[2].startswith(" 3  198.51.100.3 [AS64500]  ")
    assert rows[3].startswith(f" 4  {world.target} [AS64501]  ")


def test_a_plain_trace_loads_nothing_that_it_does_not_need(world: World) -> None:
    script = (
        "import sys; from rawkit.cli.main import main\n"
        "main(sys.argv[1:]); print(*sys.modules, file=sys.stderr)\n"
    )
    heavy = {
        *("argparse", "asyncio", "dataclasses", "dns", "inspect", "json", "logging", "netaddr"),
        *("pathlib", "pyroute2", "queue", "random", "subprocess", "tempfile", "textual"),
        *("rawkit.lab", "rawkit.cli.records", "rawkit.cli.trace_help", "rawkit.cli.trace_json"),
        *("rawkit.cli.trace_live", "rawkit.cli.trace_record", "rawkit.host.asn"),
    }

    with world.node.popen(
        (sys.executable, "-c", script, "trace", "-n", "-m1", world.target),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        out, err = process.communicate(timeout=60)

    assert "192.0.2.254" in out
    assert set(err.split()) & heavy == set()
