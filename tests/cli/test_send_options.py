"""``rawkit send`` and ``rawkit exchange``: what their words ask for, and which they refuse."""

import pytest

from rawkit.cli import exchange_options, send_options
from rawkit.cli.getopt import Table
from rawkit.cli.main import main


def test_options_of_send_are_read() -> None:
    line = (
        "-c 5 -f -i 200ms -I eth0 -l cooked -m 7 -n -q -v -x --hex --seed 9 --via 192.0.2.1 -j 00"
    )

    options = send_options.parse(line.split())

    assert vars(options) == {
        "count": 5, "fragment": True, "interval": 0.2, "interface": "eth0", "layer": "cooked",
        "mark": 7, "dry_run": True, "quiet": True, "verbose": True, "dump": True, "hex": True,
        "seed": 9, "via": "192.0.2.1", "json": True, "packet": "00",
    }  # fmt: skip


def test_options_of_exchange_are_read() -> None:
    line = "-a -c 5 --fragment=600 -i 1 -I eth0 -l frame -q -t 2 -w 50ms -v -x --pcap f -j p"

    options = exchange_options.parse(line.split())

    assert vars(options) == {
        "all": True, "count": 5, "fragment": 600, "interval": 1.0, "interface": "eth0",
        "layer": "frame", "quiet": True, "tries": 2, "timeout": 0.05, "verbose": True,
        "dump": True, "pcap": "f", "json": True, "packet": "p",
    }  # fmt: skip


RATES = [("100", 0.01), ("2.5k", 0.0004), ("1M", 1e-6), ("0.5", 2.0)]


@pytest.mark.parametrize(("word", "interval"), RATES)
def test_a_rate_is_packets_a_second(word: str, interval: float) -> None:
    assert send_options.parse(["-r", word, "p"]).interval == pytest.approx(interval)


def test_the_latest_of_rate_and_interval_holds() -> None:
    assert send_options.parse(["-r", "10", "-i", "3", "p"]).interval == 3.0
    assert send_options.parse(["-i", "3", "-r", "10", "p"]).interval == pytest.approx(0.1)


WRONG = [
    ("send", "", "no PACKET (rawkit send --help)"),
    ("exchange", "", "no PACKET (rawkit exchange --help)"),
    ("send", "a b", "extra argument 'b': one PACKET, in quotes for the shell"),
    ("send", "--pcap-in f p", "either PACKET or --pcap-in, not 'p' and a file"),
    ("send", "--pcap-in f --hex", "either PACKET or --pcap-in, not '--hex' and a file"),
    ("send", "-n --pcap f p", "--dry-run sends nothing that --pcap could write"),
    ("exchange", "-n --pcap f p", "--dry-run sends nothing that --pcap could write"),
    ("send", "--pcap - p", "stdout is for the text: --pcap FILE, or --pcap >(tcpdump -r -)"),
    ("send", "--pcap /nowhere/f p",
     "cannot write packets to '/nowhere/f': No such file or directory"),
    ("send", "-l wire p",
     "bad layer: wire (one of auto, ipv4, ipv6, icmpv6, cooked, frame)"),
    ("send", "-r 0 p", "bad rate: 0 (packets a second, as 100, 2.5k, 1M)"),
    ("send", "-r fast p", "bad rate: fast (packets a second, as 100, 2.5k, 1M)"),
    ("send", "-r nan p", "bad rate: nan (packets a second, as 100, 2.5k, 1M)"),
    ("send", "-i soon p", "bad interval: soon (seconds, or 200ms, 50us, 2m)"),
    ("send", "-c 0 p", "invalid argument: '0': out of range: 1 <= value <= 1000000000000"),
    ("send", "--fragment=27 p", "invalid argument: '27': out of range: 28 <= value <= 65535"),
    ("send", "-m x p", "bad mark: x"),
    ("exchange", "-w soon p", "bad timeout: soon (seconds, or 200ms, 50us, 2m)"),
    ("exchange", "-t 0 p", "invalid argument: '0': out of range: 1 <= value <= 1000000000000"),
    ("send", "--intervall 3 p", "unrecognized option '--intervall' (did you mean '--interval'?)"),
    ("send", "--list=icpm.echo", "no header 'icpm.echo' (did you mean 'icmp.echo'?)"),
    ("send", "--list=nonsense", "no header 'nonsense' (--list names all)"),
    ("send", "--via example p", "via is 'example', not an address"),
    ("send", "@/nowhere/f", "/nowhere/f: No such file or directory"),
    ("send", "--pcap-in /nowhere/f", "/nowhere/f: No such file or directory"),
    ("send", "--hex --", "no PACKET (rawkit send --help)"),
    ("send", f"--hex -l ipv4 44{'00' * 19}",
     "layer ipv4 takes packets that begin with an IPv4 header, not payload alone (IPv4: header "
     "length 16, total length 0)"),
    ("send", '"x"', "payload goes nowhere without an IP or Ethernet header around it"),
    ("send", "udp(1,2)", "UDP goes nowhere without an IP or Ethernet header around it"),
    ("send", "ip(dst=127.0.0.1)", "IPv4: protocol is unset and nothing inside implies it"),
    ("send", "ip(dst=127.0.0.1)/udp(1,2)/0x00*65535",
     "IPv4: 65563 octets, above 65535 that fit"),
]  # fmt: skip


@pytest.mark.parametrize(("command", "line", "message"), WRONG)
def test_a_mistake_is_said_in_one_line(
    command: str, line: str, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([command, *line.split()])
    told = capsys.readouterr()

    assert code == 2
    assert told.out == ""
    assert told.err.startswith(f"rawkit {command}: {message}")
    assert told.err.count("\n") == 1


POINTED = [
    ("ip(dst=192.0.2.7)/upd(1,2)", 18, "unknown header 'upd': did you mean 'udp'? (column 19)"),
    ("ip(dst=192.0.2.7,tll=3)", 17, "unknown field of ip 'tll': did you mean 'ttl'? (column 18)"),
    ("ip(dst=192.0.2.7,ttl=256)/udp(1,2)", 21, "256 does not fit: 0 to 255 (column 22)"),
    ("ip(dst=192.0.2.7)/\"x", 18, "the quotation mark is not closed (column 19)"),
]  # fmt: skip


@pytest.mark.parametrize("command", ["send", "exchange"])
@pytest.mark.parametrize(("words", "column", "message"), POINTED)
def test_notation_that_makes_no_sense_is_pointed_at(
    command: str, words: str, column: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([command, words])

    assert code == 2
    assert capsys.readouterr().err == f"rawkit {command}: {message}\n{words}\n{' ' * column}^\n"


def test_hexadecimal_that_makes_no_sense_is_pointed_at(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["send", "--hex", "45zz"])

    assert code == 2
    assert capsys.readouterr().err.splitlines()[1:] == ["45zz", "  ^"]


@pytest.mark.parametrize(
    ("command", "table"), [("send", send_options.TABLE), ("exchange", exchange_options.TABLE)]
)
def test_help_names_every_option_and_fits_a_terminal(
    command: str, table: Table[object], capsys: pytest.CaptureFixture[str]
) -> None:
    code = main([command, "--help"])
    text = capsys.readouterr().out

    assert code == 0
    assert max(map(len, text.splitlines())) <= 100
    assert all(f"--{option.name}" in text for option in table.options)
    assert text.startswith(f"Usage: rawkit {command} [options] PACKET\n")


@pytest.mark.parametrize("command", ["send", "exchange"])
def test_version_and_list_need_no_packet(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([command, "-V"]) == main([command, "--list"]) == 0

    version, *lines = capsys.readouterr().out.splitlines()
    assert version.startswith(f"rawkit {command} ")
    assert lines[0] == "eth                   [dst] [src] type=none"
    assert lines[-1] == "* worked out, [ ] filled in by the sender, unless they are given"


def test_all_about_one_header_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["send", "--list=tcp"]) == 0

    text = capsys.readouterr().out
    assert text.startswith("tcp: ")
    assert "  sport, src_port             number (filled in)\n" in text
    assert (
        "  flags                       number, or fin syn rst psh ack urg ece cwr (syn)\n" in text
    )
    assert "in options:\n" in text
    assert "  mss                 size\n" in text
