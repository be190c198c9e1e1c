"""``rawkit exchange`` in nodes of a lab: answers, errors, silence, and what is shown of them."""

import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rawkit import lab
from rawkit.capture.reader import read_capture
from rawkit.lab import Lab, Node
from rawkit.wire.icmp import EchoReply, EchoRequest
from rawkit.wire.link import Direction
from tests.cli.resolve_runs import Running, objects

pytestmark = pytest.mark.netns

RAWKIT = (sys.executable, "-m", "rawkit", "exchange")
TIME = re.compile(r"\d+\.\d{3} ms")
IDENTIFIER = re.compile(r"(?<=,id=)\d+(?=,df=false)")
VARIES = re.compile(r"^(    (?:identification|checksum) .*\* )\w+$")
ECHO = 'ip(src=10.1.0.1,dst=10.2.0.2)/icmp.echo(id=7,seq=1)/"hello"'


@pytest.fixture(scope="module")
def net() -> Iterator[Lab]:
    with lab.line(hops=1) as net:
        yield net


def ran(node: Node, *words: str) -> tuple[int, str, str]:
    """Run to the end; of what is said, times and identifications are left out."""
    code, out, err = Running(node, *words, before=RAWKIT).finish()
    return code, IDENTIFIER.sub("N", TIME.sub("T ms", out)), err


SAID = [
    (ECHO, (), 0,
     "  reply after T ms: ip(src=10.2.0.2,dst=10.1.0.1,ttl=63,id=N,df=false)"
     '/icmp.reply(id=7,seq=1)/"hello"\n'),
    ("ip(src=10.1.0.1,dst=10.2.0.2)/tcp(40000,81)", (), 0,
     "  reply after T ms: ip(src=10.2.0.2,dst=10.1.0.1,ttl=63)"
     "/tcp(sport=81,dport=40000,ack=1,flags=rst|ack,win=0)\n"),
    ("ip(src=10.1.0.1,dst=10.2.0.2)/udp(40000,9)", (), 1,
     "  error after T ms, Destination Port Unreachable: "
     "ip(src=10.2.0.2,dst=10.1.0.1,ttl=63,dscp=48,id=N,df=false)/icmp.unreachable(code=3)"
     "/ip(src=10.1.0.1,dst=10.2.0.2,ttl=63)/udp(sport=40000,dport=9)\n"),
    ("ip(src=10.1.0.1,dst=10.2.0.2,ttl=1)/udp(40000,9)", (), 1,
     "  error after T ms, Time to live exceeded: "
     "ip(src=10.1.0.2,dst=10.1.0.1,dscp=48,id=N,df=false)/icmp.exceeded"
     "/ip(src=10.1.0.1,dst=10.2.0.2,ttl=1)/udp(sport=40000,dport=9)\n"),
    ("ip(src=10.1.0.1,dst=10.2.9.9)/icmp.echo(7,1)", ("-w", "50ms", "-t", "2"), 1,
     "  no answer within 0.05 s, sent 2 times\n"),
    (ECHO, ("-a", "-w", "100ms", "-t", "2"), 0,
     "  reply after T ms: ip(src=10.2.0.2,dst=10.1.0.1,ttl=63,id=N,df=false)"
     '/icmp.reply(id=7,seq=1)/"hello"\n'
     "  reply after T ms, sent 2 times by then: "
     'ip(src=10.2.0.2,dst=10.1.0.1,ttl=63,id=N,df=false)/icmp.reply(id=7,seq=1)/"hello"\n'
     "  2 replies\n"),
]  # fmt: skip


@pytest.mark.parametrize(("words", "options", "code", "shown"), SAID)
def test_what_comes_is_said_below_the_question(
    net: Lab, words: str, options: tuple[str, ...], code: int, shown: str
) -> None:
    done, out, err = ran(net.first, *options, words)

    question, _, answers = out.partition("\n")
    assert (done, err) == (code, "")
    assert question.startswith("ip(src=10.1.0.1,dst=10.2.")
    assert answers == shown


def test_question_and_answer_stand_side_by_side(net: Lab) -> None:
    code, out, _ = ran(net.first, "-v", ECHO)

    rows = [VARIES.sub(r"\1…", row) for row in out.splitlines()]
    assert code == 0
    assert rows == [
        ECHO,
        "  reply after T ms",
        "                     question                               answer",
        "                     IPv4                                   IPv4",
        "    src              10.1.0.1                             * 10.2.0.2",
        "    dst              10.2.0.2                             * 10.1.0.1",
        "    protocol         1 (ICMP)                               1 (ICMP)",
        "    ttl              64                                   * 63",
        "    dscp             0                                      0",
        "    ecn              0                                      0",
        "    identification   0                                    * …",
        "    dont_fragment    True                                 * False",
        "    more_fragments   False                                  False",
        "    fragment_offset  0                                      0",
        "    reserved         False                                  False",
        "    total_length     33                                     33",
        "    checksum         0x26d7                               * …",
        "                     EchoRequest                          * EchoReply",
        "    identifier       7                                      7",
        "    sequence         1                                      1",
        "    code             0                                      0",
        "    checksum         0xb425                               * …",
        '  payload            "hello" (5)                            "hello" (5)',
    ]


def test_the_question_is_compared_with_what_an_error_quotes(net: Lab) -> None:
    _, out, _ = ran(net.first, "-v", 'ip(src=10.1.0.1,dst=10.2.0.2)/udp(40000,9)/"x"')

    rows = out.splitlines()
    assert rows[3].split() == ["IPv4"]
    assert rows[3].index("IPv4") > 50
    assert "                                                            Unreachable" in rows
    assert "    ttl              64                                   * 63" in rows
    assert "    src_port         40000                                  40000" in rows
    assert '  payload            "x" (1)                                "x" (1)' in rows


def test_side_by_side_on_a_terminal_that_is_wide_enough(net: Lab) -> None:
    def told(columns: int) -> str:
        master, slave = pty.openpty()
        environment = {"COLUMNS": str(columns), "PATH": "/usr/bin:/bin"}
        with net.first.popen(
            (*RAWKIT, ECHO), stdout=slave, stderr=slave, env=environment
        ) as process:
            os.close(slave)
            text = b""
            while True:
                try:
                    text += os.read(master, 4096)
                except OSError:
                    break
            process.wait(30)
        os.close(master)
        return text.decode()

    assert "question" in told(120)
    assert "question" not in told(80)


def test_octets_of_the_answer_are_shown_if_that_is_wanted(net: Lab) -> None:
    _, out, _ = ran(net.first, "-x", ECHO)

    assert "  0010  0a 01 00 01 00 00 bc 25  00 07 00 01 68 65 6c 6c  .......%....hell\n" in out


def test_every_question_of_a_series_has_its_answer(net: Lab) -> None:
    code, out, err = ran(
        net.first, "-c", "3", "-i", "10ms", "ip(src=10.1.0.1,dst=10.2.0.2)/icmp.echo(7,1..9)"
    )

    assert (code, err) == (0, "")
    assert re.findall(r"icmp.echo\(id=7,seq=(\d)\)", out) == ["1", "2", "3"]
    assert re.findall(r"icmp.reply\(id=7,seq=(\d)\)", out) == ["1", "2", "3"]


def test_one_question_without_an_answer_is_exit_code_1(net: Lab) -> None:
    lines = f"{ECHO}\nip(dst=10.2.0.2,ttl=1)/icmp.echo\n{ECHO}\n"
    pipe = subprocess.PIPE
    with net.first.popen((*RAWKIT, "-"), text=True, stdin=pipe, stdout=pipe) as process:
        out, _ = process.communicate(lines, timeout=60)

    assert process.returncode == 1
    assert out.count("  reply after") == 2
    assert out.count("  error after") == 1


def test_a_question_that_is_refused_is_trouble_and_said_once(net: Lab) -> None:
    code, out, err = ran(net.first, "ip(src=10.1.0.1,dst=10.2.0.2)/icmp.echo(7,1)/0x00*2000")

    assert code == 2
    assert out.count("\n") == 1
    assert err.startswith("rawkit exchange: not sent: message too long (EMSGSIZE): 2028 octets")
    assert err.count("\n") == 1


@pytest.mark.parametrize("ip", ["ip(dst=10.2.0.2)/icmp", "ip6(dst=fd00:0:0:2::2)/icmp6"])
def test_a_question_that_is_cut_is_answered(net: Lab, ip: str) -> None:
    code, out, err = ran(net.first, "-f", f"{ip}.echo(id=7,seq=1)/0x41*3000")

    assert (code, err) == (0, "")
    assert 'reply(id=7,seq=1)/"A"*3000' in out


def test_json_tells_of_question_answer_and_outcome(net: Lab) -> None:
    code, out, err = ran(net.first, "--json", "-x", ECHO)
    question, reply, summary = objects(out)

    assert (code, err) == (0, "")
    assert [one["type"] for one in (question, reply, summary)] == ["question", "reply", "summary"]
    assert {one["host"] for one in (question, reply, summary)} == {"10.2.0.2"}
    assert (question["notation"], question["send_layer"]) == (ECHO, "ipv4")
    assert (reply["source"], reply["ttl"], reply["icmp_type"], reply["asked"]) == (
        "10.2.0.2", 63, 0, 1,
    )  # fmt: skip
    assert (reply["sent_by"], reply["received_by"]) == ("kernel", "kernel")
    assert reply["octets"].endswith(b"hello".hex())
    assert [one["header"] for one in reply["headers"]] == ["IPv4", "EchoReply"]
    assert (summary["sent"], summary["replies_heard"], summary["errors_heard"]) == (1, 1, 0)
    assert summary["rtts"]["count"] == 1


def test_json_says_what_an_error_means(net: Lab) -> None:
    code, out, _ = ran(net.first, "--json", "ip(dst=10.2.0.2,ttl=1)/icmp.echo")
    _, error, summary = objects(out)

    assert code == 1
    assert (error["type"], error["message"]) == ("error", "Time to live exceeded")
    assert (error["icmp_type"], error["icmp_code"], error["source"]) == (11, 0, "10.1.0.2")
    assert (summary["replies_heard"], summary["errors_heard"]) == (0, 1)


def test_questions_and_answers_are_written_in_their_order(net: Lab, tmp_path: Path) -> None:
    file = tmp_path / "x.pcapng"
    code, _, err = ran(net.first, "-c", "2", "--pcap", str(file), ECHO)
    blocks = list(read_capture(file))

    assert (code, err) == (0, "")
    assert [block.direction for block in blocks] == [Direction.OUT, Direction.IN] * 2
    assert [EchoRequest in block.dissect() for block in blocks] == [True, False] * 2
    assert [EchoReply in block.dissect() for block in blocks] == [False, True] * 2
    times = [block.time_ns for block in blocks]
    assert times == sorted(times, key=lambda time: time or 0)
    assert {block.interface.name for block in blocks} == {"eth0"}


def test_a_dry_run_says_what_would_be_asked(net: Lab) -> None:
    code, out, _ = ran(net.first, "-n", "--json", ECHO)
    (told,) = objects(out)

    assert code == 0
    assert (told["command"], told["type"], told["via"]) == ("exchange", "preview", "10.1.0.2")


def test_quiet_says_nothing(net: Lab) -> None:
    assert ran(net.first, "-q", ECHO) == (0, "", "")
    assert ran(net.first, "-q", "ip(dst=10.2.0.2,ttl=1)/icmp.echo") == (1, "", "")


def test_ctrl_c_ends_it_with_what_is_known(net: Lab) -> None:
    words = ("-a", "-w", "60", "--json", ECHO)
    running = Running(net.first, *words, before=RAWKIT)
    running.wait_for('"type": "reply"')
    running.signal(signal.SIGINT)
    code, out, err = running.finish()

    (summary,) = objects(out)
    assert (code, err) == (0, "")
    assert (summary["type"], summary["replies_heard"]) == ("summary", 1)


def test_ctrl_c_before_an_answer_does_not_say_that_it_was_waited_for_in_vain(net: Lab) -> None:
    running = Running(net.first, "-w", "60", "ip(dst=10.1.9.9)/icmp.echo", before=RAWKIT)
    running.wait_for("icmp.echo")
    running.signal(signal.SIGINT)
    code, out, err = running.finish()

    assert (code, err) == (1, "")
    assert out == "  no answer so far, sent 1 time\n"


def test_without_the_privilege_it_says_which_and_how_to_get_it(net: Lab) -> None:
    nobody = ("setpriv", "--bounding-set=-all", "--inh-caps=-all", "--ambient-caps=-all", *RAWKIT)
    code, out, err = Running(net.first, ECHO, before=nobody).finish()

    assert (code, out) == (2, "")
    assert err.startswith(
        "rawkit exchange: cannot exchange packets of one's own making: CAP_NET_RAW is not"
    )
    assert err.count("\n") == 1
