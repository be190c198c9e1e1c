"""``rawkit lab``: what it says, what it runs, and that nothing stays behind."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from rawkit.cli.lab import main

PROGRAM = [
    sys.executable,
    "-c",
    "import sys; from rawkit.cli.lab import main; sys.exit(main(sys.argv[1:]))",
]

WRONG = [
    ("", "the following arguments are required: SHAPE"),
    ("ring", "argument SHAPE: invalid choice: 'ring'"),
    ("line --hops many", "argument --hops: invalid int value: 'many'"),
    ("line --hops 255", "hops must be 0 to 254, not 255"),
    ("pair --hops 2", "--hops is for line, not for pair"),
    ("line --leaves 2", "--leaves is for star, not for line"),
    ("pair --delay soon", "--delay: soon (seconds, or 200ms, 50us, 2m)"),
    ("pair --delay 10min", "--delay: 10min (seconds"),
    ("pair --delay 1.2.3ms", "--delay: 1.2.3ms (seconds"),
    ("pair --loss 101%", "--loss: '101%' is not a share, as 1% or 0.01"),
    ("pair --loss 1.01", "--loss: '1.01' is not a share"),
    ("pair --loss nan", "--loss: 'nan' is not a share"),
    ("pair --corrupt x", "--corrupt: 'x' is not a share"),
    ("pair --reorder 1%", "reorder: without a delay"),
    ("pair --rate fast", "--rate: 'fast' is not a rate"),
    ("pair --rate 0", "rate: 0"),
    ("pair --mtu 100", "mtu 100 is not in 1280 to 65535"),
    ("pair --set x -- true", "--set: 'x' is not KEY=VALUE"),
    ("pair --set =1 -- true", "--set: '=1' is not KEY=VALUE"),
    ("pair --set ../../x=1 --print", "no such thing as a setting called '../../x'"),
    ("pair --host x -- true", "--host: 'x' is not NAME=ADDRESS"),
    ("pair --host x={leaf1} -- true", "there is no {leaf1} in this lab"),
    ("pair --nonsense", "unrecognized arguments: --nonsense"),
    ("pair extra", "unrecognized arguments: extra"),
    ("pair --", "-- is followed by no command"),
    ("pair --print -- true", "either --print or --json, or a command"),
    ("line -- ping {router9}", "there is no {router9} in this lab"),
    ("pair -- ping {leaf1}", "there is no {leaf1} in this lab"),
]


@pytest.mark.parametrize(("words", "said"), WRONG)
def test_what_makes_no_sense_is_said_in_one_line(
    words: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(words.split())

    out, err = capsys.readouterr()
    assert status == 2
    assert err.startswith("rawkit lab: ")
    assert said in err
    assert (err.count("\n"), out) == (1, "")


def test_help_shows_examples_and_the_exit_status(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as done:
        main(["--help"])

    out = capsys.readouterr().out
    assert done.value.code == 0
    assert "rawkit lab line --hops 3 -- " in out
    assert "127 if there is no such command" in out


def test_print_shows_the_topology_and_builds_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--delay", "10ms", "--loss", "1%", "--mtu", "1400"]

    status = main(["line", "--hops", "1", *options, "--print"])

    assert status == 0
    assert capsys.readouterr().out == (
        "first\n"
        "  eth0  10.1.0.1/16      fd00:0:0:1::1/64\n"
        "router1 (router)\n"
        "  eth0  10.1.0.2/16      fd00:0:0:1::2/64\n"
        "  eth1  10.2.0.1/16      fd00:0:0:2::1/64\n"
        "last\n"
        "  eth0  10.2.0.2/16      fd00:0:0:2::2/64\n"
        "links:\n"
        "  first:eth0 -- router1:eth0\n"
        "  router1:eth1 -- last:eth0  mtu 1400  delay 0.01  loss 0.01\n"
        "spare: 10.2.2.1 fd00::2:0:0:2:1\n"
    )


@pytest.mark.parametrize(
    ("words", "link"),
    [
        ("--delay 250us", {"delay": 0.00025}),
        ("--delay 0.5 --jitter 10ms", {"delay": 0.5, "jitter": 0.01}),
        (
            "--loss 0.25 --duplicate 5% --corrupt 100%",
            {"loss": 0.25, "duplicate": 0.05, "corrupt": 1.0},
        ),
        ("--delay 1s --reorder .5", {"delay": 1.0, "reorder": 0.5}),
        ("--rate 10M", {"rate": 10e6}),
        ("--rate 1.5mbit", {"rate": 1.5e6}),
        ("--rate 2Gbit/s", {"rate": 2e9}),
        ("--rate 64kbps", {"rate": 64e3}),
        ("--rate 1e6", {"rate": 1e6}),
        ("--silent-mtu 1400", {"silent_mtu": 1400}),
    ],
)
def test_json_shows_the_same_for_programs(
    words: str, link: dict[str, float], capsys: pytest.CaptureFixture[str]
) -> None:
    status = main(["star", "--leaves", "2", "--json", *words.split()])

    said = json.loads(capsys.readouterr().out)
    assert status == 0
    assert (said["type"], said["schema"], said["shape"]) == ("lab", "rawkit.lab/1", "star")
    assert [node["name"] for node in said["nodes"]] == ["leaf1", "leaf2"]
    assert said["nodes"][1]["interfaces"] == [
        {
            "name": "eth0",
            "ipv4": "10.1.0.2/16",
            "ipv6": "fd00:0:0:1::2/64",
            "mac": "02:00:00:00:01:02",
            "mtu": 1500,
        }
    ]
    assert said["links"][0] == {"ends": ["leaf1:eth0", "switch:port0"], "mtu": 1500}
    assert said["links"][1] == {"ends": ["leaf2:eth0", "switch:port1"], "mtu": 1500, **link}


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*PROGRAM, *words], capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.netns
def test_the_command_runs_in_the_first_node_with_addresses_in_its_words() -> None:
    words = "{first} {first6} {last} {last6} {router1} {router2_6} {spare} {name} ${first} {} {x}"

    done = run("line", "--hops", "2", "--", "echo", *words.split())

    assert done.stdout.split() == [
        "10.1.0.1",
        "fd00:0:0:1::1",
        "10.3.0.2",
        "fd00:0:0:3::2",
        "10.1.0.2",
        "fd00:0:0:2::2",
        "10.3.2.1",
        "first",
        "${first}",
        "{}",
        "{x}",
    ]
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.netns
@pytest.mark.parametrize(
    ("shape", "words", "addresses"),
    [
        ("star", "{first} {leaf2} {last}", "10.1.0.1 10.1.0.2 10.1.0.3"),
        (
            "diamond",
            "{split} {path2} {join6} {router1}",
            "10.1.0.2 10.3.0.2 fd00:0:0:4::2 10.1.0.2",
        ),
        ("lossy", "{first} {last}", "10.1.0.1 10.1.0.2"),
    ],
)
def test_any_node_can_be_named(shape: str, words: str, addresses: str) -> None:
    assert run(shape, "--", "echo", words).stdout == f"{addresses}\n"


SHOW_WORLD = """
import os, socket, sys
sent = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sent.connect((sys.argv[1], 9))
print(sent.getsockname()[0], sorted(n for _, n in socket.if_nameindex() if n in ("lo", "eth0")))
print(sorted(n for n in os.listdir("/sys/class/net") if n in ("lo", "eth0")))
print(os.getpid(), os.listdir("/proc").count(str(os.getpid())), os.geteuid())
print(os.environ["RAWKIT_LAB"], os.environ["PATH"].split(":")[0])
"""


@pytest.mark.netns
def test_the_command_sees_its_node_and_itself() -> None:
    done = run("pair", "--", sys.executable, "-c", SHOW_WORLD, "{last}")

    folder = str(Path(sys.executable).parent)
    assert done.stdout.splitlines() == [
        "10.1.0.1 ['eth0', 'lo']",
        "['eth0', 'lo']",
        "2 1 0",
        f"pair {folder}",
    ]
    assert done.stderr == ""


@pytest.mark.netns
@pytest.mark.parametrize(("shape", "address"), [("line", "10.4.0.2"), ("path", "203.0.113.1")])
def test_the_command_knows_the_names_that_were_given(shape: str, address: str) -> None:
    names = ["--host", "db.example={last}", "--host", "db.example={last6}"]

    done = run(shape, *names, "--", "getent", "ahostsv4", "db.example")

    assert done.stdout.split()[0] == address
    assert done.returncode == 0


@pytest.mark.netns
def test_links_and_sysctls_are_as_asked() -> None:
    code = (
        "import socket, sys, time; s = socket.socket(); t = time.monotonic();"
        "s.connect_ex((sys.argv[1], 9)); print(time.monotonic() - t > 0.1,"
        "open('/proc/sys/net/ipv4/ip_default_ttl').read().strip())"
    )
    words = ["--delay", "50ms", "--set", "net.ipv4.ip_default_ttl=42"]

    done = run("line", "--hops", "1", *words, "--", sys.executable, "-c", code, "{last}")

    assert done.stdout == "True 42\n"


@pytest.mark.netns
@pytest.mark.parametrize(
    ("command", "status", "said"),
    [
        (["true"], 0, ""),
        (["sh", "-c", "exit 7"], 7, ""),
        (["sh", "-c", "kill -TERM $$"], 143, ""),
        (["sh", "-c", "kill -KILL $$"], 137, ""),
        (["no-such-command"], 127, "rawkit lab: no-such-command: command not found\n"),
        (["/no/such"], 127, "rawkit lab: /no/such: No such file or directory\n"),
        (["/dev/null/x"], 127, "rawkit lab: /dev/null/x: Not a directory\n"),
        (["/dev/null"], 126, "rawkit lab: /dev/null: Permission denied\n"),
        # Python ignores SIGPIPE, and what it starts would too: yes(1) would complain.
        (["sh", "-c", "trap '' TERM; yes | true; echo fine >&2"], 0, "fine\n"),
        (["sh", "-c", "yes | head -1; exit 3"], 3, ""),
    ],
)
def test_the_exit_status_is_that_of_the_command(command: list[str], status: int, said: str) -> None:
    done = run("pair", "--", *command)

    assert (done.returncode, done.stderr) == (status, said)


@pytest.mark.netns
def test_a_lab_with_a_wire_is_taken_down_without_a_word() -> None:
    done = run("lossy", "--delay", "1ms", "--", "true")

    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.netns
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT", "SIGHUP", "SIGUSR1", "SIGQUIT"])
def test_a_signal_to_rawkit_reaches_the_command_once(name: str) -> None:
    code = (
        "import signal, sys, time; got = [];"
        f"signal.signal(signal.{name}, lambda *_: got.append(1)); print('ready', flush=True);"
        "time.sleep(0.5); [time.sleep(0.1) for _ in range(50) if not got]; sys.exit(40 + len(got))"
    )
    command = [*PROGRAM, "pair", "--", sys.executable, "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as rawkit:
        assert rawkit.stdout is not None
        assert rawkit.stdout.readline() == "ready\n"

        rawkit.send_signal(getattr(signal, name))

        assert rawkit.wait(20) == 41


@pytest.mark.netns
@pytest.mark.parametrize("options", [[], ["--delay", "1ms"]])
@pytest.mark.parametrize("how", ["kill -9", "exit"])
def test_nothing_outlives_rawkit_not_even_daemons(how: str, options: list[str]) -> None:
    script = "(setsid sleep 1000 &) ; echo ready; read line"
    pipe = subprocess.PIPE
    command = [*PROGRAM, "pair", *options, "--", "sh", "-c", script]
    with subprocess.Popen(command, stdout=pipe, stdin=pipe) as rawkit:
        assert rawkit.stdout is not None
        assert rawkit.stdin is not None
        assert rawkit.stdout.readline() == b"ready\n"
        children = [os.pidfd_open(pid) for pid in children_of(rawkit.pid)]
        assert len(children) == 1 + len(options) / 2  # the first process in there, and the wire

        if how == "kill -9":
            rawkit.kill()
        else:
            rawkit.stdin.write(b"\n")
            rawkit.stdin.flush()

        # The daemon too holds the pipe open: its end is the end of all of them.
        assert select.select([rawkit.stdout], [], [], 10)[0]
        assert rawkit.stdout.read() == b""
        for child in children:
            assert select.select([child], [], [], 10)[0]
            os.close(child)


def children_of(parent: int) -> list[int]:
    path = Path(f"/proc/{parent}/task/{parent}/children")
    return [int(pid) for pid in path.read_text().split()]


class Typist:
    """Somebody at a terminal, who waits for what the screen shows before typing on."""

    def __init__(self, *command: str, **variables: str) -> None:
        self.seen = ""
        self.pid, self.screen = pty.fork()
        if self.pid == 0:
            os.environ.update(variables)
            os.execvp(command[0], command)

    def until(self, text: str, seconds: float = 20.0) -> None:
        limit = time.monotonic() + seconds
        while text not in self.seen:
            left = limit - time.monotonic()
            assert left > 0, f"{text!r} is not in {self.seen!r}"
            if select.select([self.screen], [], [], left)[0]:
                self.seen += os.read(self.screen, 4096).decode()
        self.seen = self.seen.split(text, 1)[1]

    def type(self, text: str) -> None:
        os.write(self.screen, text.encode())

    def status(self) -> int:
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])


@contextmanager
def typist(*command: str, **variables: str) -> Iterator[Typist]:
    somebody = Typist(*command, **variables)
    try:
        yield somebody
    finally:
        os.close(somebody.screen)


@pytest.mark.netns
def test_control_c_goes_to_the_command_which_may_take_its_time() -> None:
    code = (
        "import time\ntry:\n  print('ready', flush=True); time.sleep(30)\n"
        "except KeyboardInterrupt:\n  time.sleep(0.2); print('a summary', flush=True)"
    )
    with typist(*PROGRAM, "pair", "--", sys.executable, "-c", code) as somebody:
        somebody.until("ready")
        somebody.type("\x03")
        somebody.until("a summary")
        assert somebody.status() == 0


@pytest.mark.netns
def test_control_c_that_kills_the_command_is_its_status() -> None:
    with typist(*PROGRAM, "pair", "--", "sh", "-c", "echo ready; exec sleep 30") as somebody:
        somebody.until("ready")
        somebody.type("\x03")
        assert somebody.status() == 130


@pytest.mark.netns
def test_a_command_that_dies_badly_leaves_the_terminal_as_it_was() -> None:
    show = "import termios; print('echo is', bool(termios.tcgetattr(0)[3] & termios.ECHO))"
    lines = f"""
import subprocess, sys
subprocess.run({[*PROGRAM, "pair", "--", "sh", "-c", "stty raw -echo; kill -9 $$"]!r})
{show}
"""
    with typist(sys.executable, "-c", lines) as somebody:
        somebody.until("echo is True")
        assert somebody.status() == 0


@pytest.mark.netns
def test_without_a_command_there_is_a_shell_whose_prompt_shows_the_lab() -> None:
    with typist(*PROGRAM, "line", SHELL="/bin/bash", HOME="/nonexistent") as somebody:
        somebody.until("[line first] $ ")
        somebody.type("echo $((40 + 2)); ping -c1 10.4.0.2 > /dev/null && echo $((6 * 9))\r")
        somebody.until("42")
        somebody.until("54")
        somebody.type("echo go$((1 + 1)); sleep 30\r")
        somebody.until("go2")
        time.sleep(0.2)
        somebody.type("\x03")  # ends sleep, not the shell
        somebody.until("[line first] $ ")
        somebody.type("exit 5\r")
        assert somebody.status() == 5


@pytest.mark.netns
def test_the_end_of_input_ends_a_shell_that_gives_the_terminal_back() -> None:
    lines = f"""
import os, subprocess
code = subprocess.run({[*PROGRAM, "pair"]!r}, env={{**os.environ, "SHELL": "/bin/sh"}}).returncode
print("code", code, os.tcgetpgrp(0) == os.getpgrp())
"""
    with typist(sys.executable, "-c", lines) as somebody:
        somebody.until("[pair first] $ ")
        somebody.type("\x04")
        somebody.until("code 0 True")
        assert somebody.status() == 0


@pytest.mark.netns
def test_another_shell_can_be_used_and_read_from_a_pipe() -> None:
    done = subprocess.run(
        [*PROGRAM, "pair"],
        input="echo $PS1; exit 4\n",
        env={**os.environ, "SHELL": "/bin/sh"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.stdout, done.returncode, done.stderr) == ("[pair first] $\n", 4, "")


@pytest.mark.netns
def test_a_lab_that_cannot_be_built_is_status_2_and_one_line() -> None:
    done = run("pair", "--set", "net.ipv4.no_such_thing=1", "--", "true")

    assert done.returncode == 2
    assert done.stderr == (
        "rawkit lab: cannot set net.ipv4.no_such_thing to 1: No such file or directory\n"
    )


@pytest.mark.netns
def test_a_lab_in_a_lab_is_no_problem() -> None:
    done = run("pair", "--", *PROGRAM, "line", "--", "echo", "{last}", "{{last}}")

    # The outer lab fills in its own names first.
    assert done.stdout == "10.1.0.2 {10.1.0.2}\n"
