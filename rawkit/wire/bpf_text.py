"""Classic BPF programs as text: as ``tcpdump -d``, ``-dd`` and ``-ddd`` and iptables have it."""

import re
from collections.abc import Iterable

from rawkit.errors import UsageError
from rawkit.wire.bpf import ALL, INSTRUCTION
from rawkit.wire.bpf_ancillary import Ancillary
from rawkit.wire.bpf_check import check
from rawkit.wire.bpf_meaning import Area, Instruction, Kind, area_of, kind_of, takes_x

NUMBER = r"(?:0[xX][0-9a-fA-F]+|[0-9]+)"
INITIALIZER = re.compile(
    rf"\{{\s*({NUMBER})\s*,\s*({NUMBER})\s*,\s*({NUMBER})\s*,\s*({NUMBER})\s*\}}"
)
ROW = re.compile(r"\s*(\d+)\s+(\d+)\s+(\d+)\s+(\d+)\s*")
LIMITS = (0xFFFF, 0xFF, 0xFF, ALL)
SIZES = {0x00: "", 0x08: "h", 0x10: "b"}
CALCULATIONS = {
    0x00: "add", 0x10: "sub", 0x20: "mul", 0x30: "div", 0x40: "or", 0x50: "and",
    0x60: "lsh", 0x70: "rsh", 0x80: "neg", 0x90: "mod", 0xA0: "xor",
}  # fmt: skip
CONDITIONS = {0x10: "jeq", 0x20: "jgt", 0x30: "jge", 0x40: "jset"}


def read_program(text: str) -> bytes:
    """Return a program from its text.

    Args:
        text: numbers as ``tcpdump -ddd`` prints them, in lines or with commas between as
            iptables' ``--bytecode`` takes them; or the C of ``tcpdump -dd``.

    Raises:
        UsageError: it is none of these, or the kernel would not take the program.
    """
    rows = _initializers(text) if "{" in text else _rows(text)
    for here, row in enumerate(rows):
        for value, limit in zip(row, LIMITS, strict=True):
            if value > limit:
                raise UsageError(f"BPF program: instruction {here} holds {value}, above {limit}")
    program = b"".join(INSTRUCTION.pack(*row) for row in rows)
    check(program)
    return program


def numbers(program: bytes) -> str:
    """Return a program as ``tcpdump -ddd`` prints it."""
    rows = [" ".join(map(str, row)) for row in INSTRUCTION.iter_unpack(program)]
    return "\n".join([str(len(rows)), *rows])


def bytecode(program: bytes) -> str:
    """Return a program as iptables' ``--bytecode`` takes it."""
    return numbers(program).replace("\n", ",")


def listing(program: bytes) -> str:
    """Return a program for people to read, as ``tcpdump -d`` prints it."""
    return "\n".join(
        f"({here:03}) {_line(here, instruction)}".rstrip()
        for here, instruction in enumerate(INSTRUCTION.iter_unpack(program))
    )


def _initializers(text: str) -> list[Instruction]:
    rest = INITIALIZER.sub("", text).replace(",", "").strip()
    if rest:
        raise UsageError(f"BPF program: {rest.split()[0]!r} is no instruction in C")
    return [_four(int(word, 0) for word in found) for found in INITIALIZER.findall(text)]


def _rows(text: str) -> list[Instruction]:
    parts = text.strip().replace(",", "\n").splitlines()
    if not parts or not parts[0].strip().isdecimal():
        raise UsageError(
            "BPF program: it begins with no count; numbers as tcpdump -ddd prints them are wanted"
        )
    count, rows = int(parts[0]), []
    for here, part in enumerate(part for part in parts[1:] if part.strip()):
        if not (found := ROW.fullmatch(part)):
            raise UsageError(
                f"BPF program: instruction {here} is {part.strip()!r}, and not four numbers"
            )
        rows.append(_four(map(int, found.groups())))
    if len(rows) != count:
        raise UsageError(f"BPF program: {count} instructions are announced, and {len(rows)} follow")
    return rows


def _four(values: Iterable[int]) -> Instruction:
    code, true, false, k = values
    return code, true, false, k


def _line(here: int, instruction: Instruction) -> str:
    code, true, false, k = instruction
    match kind_of(code):
        case Kind.BRANCH:
            words = f"{CONDITIONS[code & 0xF0]:8} {'x' if takes_x(code) else f'#{k:#x}'}"
            return f"{words:25} jt {here + 1 + true}\tjf {here + 1 + false}"
        case Kind.JUMP:
            return f"{'ja':8} {here + 1 + k}"
        case Kind.RETURN:
            return f"{'ret':8} {f'#{k}' if code & 0x18 == 0 else ''}"
        case Kind.TO_X:
            return "tax"
        case Kind.TO_A:
            return "txa"
        case Kind.STORE:
            return f"{'stx' if code & 1 else 'st':8} M[{k}]"
        case Kind.LOAD_MEMORY:
            return f"{'ldx' if code & 1 else 'ld':8} M[{k}]"
        case Kind.LOAD:
            name = f"ld{'x' if code & 1 else ''}{SIZES[code & 0x18]}"
            return f"{name:8} {_place(code, k)}"
        case Kind.NEGATE:
            return "neg"
        case _:
            operation = code & 0xF0
            plain = operation in (0x00, 0x10, 0x20, 0x30, 0x60, 0x70, 0x90)
            operand = "x" if takes_x(code) else f"#{k}" if plain else f"#{k:#x}"
            return f"{CALCULATIONS[operation]:8} {operand}"


def _place(code: int, k: int) -> str:
    match area_of(code, k):
        case Area.NUMBER:
            return f"#{k:#x}"
        case Area.LENGTH:
            return "#pktlen"
        case Area.IHL:
            return f"4*([{k}]&0xf)"
        case Area.FROM_X:
            return f"[x + {k}]"
        case Area.ANCILLARY if k in {kind.place for kind in Ancillary}:
            return f"[{Ancillary(k & 0xFFF).name.lower()}]"
        case Area.NETWORK | Area.LINK as area:
            return f"[{area.name.lower()} + {k - area.value & ALL}]"
        case _:
            return f"[{k}]"
