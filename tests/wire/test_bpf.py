"""Classic BPF: assembled, checked, run and printed; the kernel has the last word."""

import random
import socket
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from shutil import which

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rawkit.errors import UsageError
from rawkit.sockets.bpf import attach
from rawkit.wire import bpf
from rawkit.wire.bpf import ALL, INSTRUCTION, LL_OFF, NET_OFF, Op, assemble
from rawkit.wire.bpf_ancillary import Ancillary
from rawkit.wire.bpf_check import CODES, check
from rawkit.wire.bpf_machine import FEW, BPFMachine
from rawkit.wire.bpf_python import translate
from rawkit.wire.bpf_text import bytecode, listing, numbers, read_program

Instruction = tuple[int, int, int, int]


def test_labels_become_distances() -> None:
    program = assemble([Op(bpf.JUMP_EQUAL, 5, "far", ""), Op(bpf.RETURN, 0), "far", Op(6, 1)])

    assert program.hex() == "1500010005000000" + "0600000000000000" + "0600000001000000"


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param([Op(bpf.JUMP_EQUAL, 5, "nowhere"), Op(bpf.RETURN)], id="missing"),
        pytest.param(["back", Op(bpf.JUMP_EQUAL, 5, "back"), Op(bpf.RETURN)], id="behind"),
    ],
)
def test_a_label_that_cannot_be_reached_is_refused(lines: list[bpf.Line]) -> None:
    with pytest.raises(ValueError, match="no label"):
        assemble(lines)


def far_program(gap: int, true: str, false: str) -> bytes:
    """Return 1 or 2 by the first octet, behind so many other instructions."""
    return assemble(
        [
            Op(bpf.LOAD_BYTE, 0),
            Op(bpf.JUMP_EQUAL, 7, true, false),
            Op(bpf.RETURN, 3),
            *[Op(bpf.TO_X)] * gap,
            "one",
            Op(bpf.RETURN, 1),
            *[Op(bpf.TO_X)] * gap,
            "two",
            Op(bpf.RETURN, 2),
        ]
    )


@pytest.mark.parametrize("gap", [0, 253, 254, 255, 300, 1000])
@pytest.mark.parametrize(
    ("true", "false"), [("one", "two"), ("two", "one"), ("one", ""), ("", "two"), ("two", "")]
)
def test_a_label_beyond_the_reach_of_a_condition_is_reached(
    gap: int, true: str, false: str
) -> None:
    program = far_program(gap, true, false)
    results = {"one": 1, "two": 2, "": 3}

    check(program)

    assert BPFMachine(program).run(b"\x07") == results[true]
    assert BPFMachine(program).run(b"\x08") == results[false]


def test_nothing_is_put_in_where_every_label_is_near() -> None:
    assert len(far_program(100, "one", "two")) == (3 + 100 + 1 + 100 + 1) * INSTRUCTION.size


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Datagrams between local sockets pass filters, too: the kernel's verdict without a network."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    with ours, theirs:
        yield ours, theirs


def heard(pair: tuple[socket.socket, socket.socket], octets: bytes) -> bytes:
    ours, theirs = pair
    ours.send(octets)
    try:
        return theirs.recv(4096)
    except BlockingIOError:
        return b""


def some_program(chance: random.Random) -> bytes:
    """Return a program that may or may not be in order."""
    size = chance.randrange(1, 25)
    usual = [0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x15, 0x45, 0x07] * 2
    rows: list[Instruction] = []
    for left in reversed(range(size)):
        code = chance.choice([*CODES, *usual])
        k = chance.choice(
            [chance.randrange(16), chance.randrange(80), chance.randrange(2**32), ALL, 31, 32, 0]
        )
        distances = [chance.randrange(left + 1) if code & 7 == 5 else 0 for _ in range(2)]
        rows.append((code, distances[0], distances[1], distances[0] if code == 5 else k))
    rows[-1] = (chance.choice([0x06, 0x16]), 0, 0, chance.choice([0, 5, 100]))
    return b"".join(INSTRUCTION.pack(*row) for row in rows)


@pytest.mark.parametrize("seed", range(8))
def test_the_kernel_takes_the_same_programs_and_comes_to_the_same_results(
    seed: int, pair: tuple[socket.socket, socket.socket]
) -> None:
    chance = random.Random(seed)
    passed = 0
    for _ in range(1000):
        program = some_program(chance)
        try:
            check(program)
        except UsageError:
            with pytest.raises(OSError, match="Invalid argument"):
                attach(pair[1], program)
            continue
        attach(pair[1], program)
        for _ in range(3):
            octets = chance.randbytes(chance.randrange(1, 64))
            kept = BPFMachine(program).run(octets)
            assert heard(pair, octets) == octets[:kept], listing(program)
            assert translate(program)(octets, len(octets), {}) == kept, listing(program)
            passed += bool(kept)
    assert passed > 50


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([], "0 instructions, and the kernel takes 1 to 4096"),
        ([(0x06, 0, 0, 0)] * 4097, "4097 instructions"),
        ([(0x08, 0, 0, 0), (0x06, 0, 0, 0)], "instruction 0 has an unknown code, 0x8"),
        ([(0x05, 0, 0, 1), (0x06, 0, 0, 0)], "instruction 0 jumps beyond the end"),
        ([(0x15, 0, 1, 0), (0x06, 0, 0, 0)], "instruction 0 jumps beyond the end"),
        ([(0x30, 0, 0, 0)], "the last instruction does not return"),
        ([(0x34, 0, 0, 0), (0x06, 0, 0, 0)], "instruction 0 divides by zero"),
        ([(0x64, 0, 0, 32), (0x06, 0, 0, 0)], "instruction 0 shifts by 32 bits"),
        ([(0x02, 0, 0, 16), (0x06, 0, 0, 0)], "instruction 0 names word 16 of a memory of 16"),
        ([(0x60, 0, 0, 3), (0x06, 0, 0, 0)], "instruction 0 reads word 3 of memory"),
        ([(0x30, 0, 0, ALL), (0x06, 0, 0, 0)], "instruction 0 loads from -1, where nothing is"),
    ],
)
def test_a_program_that_the_kernel_would_refuse_is_refused_with_the_reason(
    rows: list[Instruction], said: str, pair: tuple[socket.socket, socket.socket]
) -> None:
    program = b"".join(INSTRUCTION.pack(*row) for row in rows)

    with pytest.raises(UsageError, match=r"^BPF program: ") as caught:
        check(program)
    with pytest.raises(OSError, match=r"Errno (22|90)\]|Cannot allocate"):
        attach(pair[1], program)

    assert said in str(caught.value)


def test_a_torn_program_is_refused() -> None:
    with pytest.raises(UsageError, match="9 octets are no instructions of 8"):
        check(bytes(9))


def test_what_the_kernel_knows_besides_is_told_and_is_else_0() -> None:
    program = assemble([Op(bpf.LOAD_WORD, Ancillary.INTERFACE.place), Op(bpf.RETURN_A)])

    assert BPFMachine(program).run(b"", about={Ancillary.INTERFACE: 3}) == 3
    assert BPFMachine(program).run(b"") == 0
    assert translate(program)(b"", 0, {Ancillary.INTERFACE: 3}) == 3


@pytest.mark.parametrize(("area", "expected"), [(NET_OFF, 0x0304), (LL_OFF, 0x0102)])
def test_headers_are_found_where_they_are_told_to_begin(area: int, expected: int) -> None:
    program = assemble([Op(bpf.LOAD_HALF, area + 1 & ALL), Op(bpf.RETURN_A)])
    octets = bytes(range(8))

    assert BPFMachine(program).run(octets, about={NET_OFF: 2}) == expected
    assert translate(program)(octets, len(octets), {NET_OFF: 2}) == expected


def test_the_length_before_a_packet_was_cut_is_what_a_program_is_told() -> None:
    program = assemble([Op(bpf.LOAD_LENGTH), Op(bpf.RETURN_A)])

    assert BPFMachine(program).run(b"abc", 1500) == 1500
    assert BPFMachine(program).run(b"abc") == 3


def test_a_program_that_runs_often_gives_the_same_results_as_before() -> None:
    program = assemble(
        [Op(bpf.LOAD_BYTE, 1), Op(bpf.JUMP_GREATER, 9, "", "no"), Op(6, 5), "no", Op(6, 0)]
    )
    machine = BPFMachine(program)

    results = {tuple(machine.run(octets) for octets in (b"..", b"\0\0", b".")) for _ in range(FEW)}

    assert results == {(5, 0, 0)}


def test_conditions_within_each_other_are_no_burden() -> None:
    deep: list[bpf.Line] = [Op(bpf.LOAD_BYTE, 0)]
    for number in range(200):
        deep += [Op(bpf.JUMP_EQUAL, number, "", f"not {number}"), Op(bpf.LOAD_BYTE, 0)]
    deep += [Op(bpf.RETURN, 1)]
    for number in reversed(range(200)):
        deep += [f"not {number}", Op(bpf.RETURN, number)]
    program = assemble(deep)

    assert translate(program)(b"\0", 1, {}) == BPFMachine(program).run(b"\0") == 1
    assert translate(program)(b"\x05", 1, {}) == BPFMachine(program).run(b"\x05") == 0


# tcpdump -y EN10MB -d 'tcp[13] & 2 != 0 and not vlan', tcpdump 4.99.3, libpcap 1.10.3
LISTING = """\
(000) ldh      [12]
(001) jeq      #0x800           jt 2	jf 10
(002) ldb      [23]
(003) jeq      #0x6             jt 4	jf 10
(004) ldh      [20]
(005) jset     #0x1fff          jt 10	jf 6
(006) ldxb     4*([14]&0xf)
(007) ldb      [x + 27]
(008) jset     #0x2             jt 9	jf 10
(009) ret      #262144
(010) ret      #0"""
DECIMAL = """\
11
40 0 0 12
21 0 8 2048
48 0 0 23
21 0 6 6
40 0 0 20
69 4 0 8191
177 0 0 14
80 0 0 27
69 0 1 2
6 0 0 262144
6 0 0 0
"""


def test_a_program_is_read_from_numbers_and_listed_as_tcpdump_does() -> None:
    assert listing(read_program(DECIMAL)) == LISTING
    assert numbers(read_program(DECIMAL)) + "\n" == DECIMAL


def test_the_bytecode_of_iptables_is_read_and_written() -> None:
    # nfbpf_compile(8): "ip proto tcp" on a link without header
    text = "4,48 0 0 9,21 0 1 6,6 0 0 1,6 0 0 0"

    assert bytecode(read_program(text)) == text
    assert read_program(text) == read_program(text.replace(",", "\n"))


def test_the_c_of_tcpdump_is_read() -> None:
    text = "{ 0x28, 0, 0, 0x0000000c },\n{ 0x15, 0, 1, 0x00000800 },\n{ 0x6, 0, 0, 0x00040000 },\n"

    program = read_program(text + "{ 0x6, 0, 0, 0x00000000 },\n")

    assert numbers(program) == "4\n40 0 0 12\n21 0 1 2048\n6 0 0 262144\n6 0 0 0"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "begins with no count"),
        ("icmp", "begins with no count"),
        ("2\n6 0 0 0", "2 instructions are announced, and 1 follow"),
        ("1\n6 0 0", "instruction 0 is '6 0 0', and not four numbers"),
        ("1\n6 0 0 -1", "not four numbers"),
        ("1\n65536 0 0 0", "instruction 0 holds 65536, above 65535"),
        ("1\n6 0 256 0", "instruction 0 holds 256, above 255"),
        ("1\n6 0 0 4294967296", "instruction 0 holds 4294967296, above 4294967295"),
        ("1\n5 0 0 0", "instruction 0 jumps beyond the end"),
        ("{ 0x6, 0, 0, 1 }; int x;", "';' is no instruction in C"),
    ],
)
def test_other_text_is_refused(text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        read_program(text)

    assert said in str(caught.value)


@given(st.text(alphabet="0123456789 ,{}\nx", max_size=60))
def test_no_text_upsets_the_reader(text: str) -> None:
    with suppress(UsageError):
        check(read_program(text))


@pytest.mark.skipif(not which("tcpdump"), reason="no tcpdump here")
@pytest.mark.parametrize("expression", ["tcp[2:2] - 3 > len", "ip6 protochain 58", "vlan 3"])
def test_what_tcpdump_prints_is_read(expression: str) -> None:
    def printed(option: str) -> str:
        command = ["tcpdump", "-y", "EN10MB", option, expression]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    if "protochain" in expression:
        with pytest.raises(UsageError, match="jumps beyond the end"):  # it jumps back, in fact
            read_program(printed("-ddd"))
        return
    assert read_program(printed("-dd")) == read_program(printed("-ddd"))
    assert listing(read_program(printed("-ddd"))).split() == printed("-d").split()
