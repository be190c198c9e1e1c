"""What the kernel demands of a classic BPF program before it runs it (net/core/filter.c)."""

from rawkit.errors import UsageError
from rawkit.wire.bpf import AD_OFF, ALL, INSTRUCTION, MEMORY_WORDS, MOST_INSTRUCTIONS
from rawkit.wire.bpf_ancillary import Ancillary
from rawkit.wire.bpf_meaning import Instruction, Kind, kind_of

LOADS = frozenset((0x00, 0x01, 0x20, 0x28, 0x30, 0x40, 0x48, 0x50, 0x60, 0x61, 0x80, 0x81, 0xB1))
CALCULATIONS = frozenset(
    operation | 0x04 | source for operation in range(0x00, 0xB0, 0x10) for source in (0x00, 0x08)
) - {0x8C}
BRANCHES = frozenset(
    condition | 0x05 | source for condition in (0x10, 0x20, 0x30, 0x40) for source in (0x00, 0x08)
)
OTHERS = frozenset((0x02, 0x03, 0x05, 0x06, 0x07, 0x16, 0x87))
CODES = LOADS | CALCULATIONS | BRANCHES | OTHERS
ABSOLUTE_LOADS = frozenset((0x20, 0x28, 0x30))
DIVISIONS, SHIFTS = frozenset((0x34, 0x94)), frozenset((0x64, 0x74))
ANCILLARY_PLACES = frozenset(kind.place for kind in Ancillary)
FIRST_ANCILLARY = AD_OFF & ALL
UNKNOWN = (1 << MEMORY_WORDS) - 1


def check(program: bytes) -> None:
    """Let pass a program that the kernel would take.

    Raises:
        UsageError: it would not; the message names the instruction, counted from 0, and why.
    """
    if len(program) % INSTRUCTION.size:
        raise UsageError(f"BPF program: {len(program)} octets are no instructions of 8")
    instructions: list[Instruction] = list(INSTRUCTION.iter_unpack(program))
    count = len(instructions)
    if not 1 <= count <= MOST_INSTRUCTIONS:
        raise UsageError(
            f"BPF program: {count} instructions, and the kernel takes 1 to {MOST_INSTRUCTIONS}"
        )
    for here, instruction in enumerate(instructions):
        if problem := _problem(instruction, count - here - 1):
            raise UsageError(f"BPF program: instruction {here} {problem}")
    if kind_of(instructions[-1][0]) is not Kind.RETURN:
        raise UsageError("BPF program: the last instruction does not return")
    _check_memory(instructions)


def _problem(instruction: Instruction, left: int) -> str | None:
    """Return what is wrong with an instruction that has so many others behind it."""
    code, true, false, k = instruction
    if code not in CODES:
        return f"has an unknown code, {code:#x}"
    match kind_of(code):
        case Kind.LOAD_MEMORY | Kind.STORE if k >= MEMORY_WORDS:
            return f"names word {k} of a memory of {MEMORY_WORDS}"
        case Kind.JUMP if k >= left:
            return "jumps beyond the end"
        case Kind.BRANCH if max(true, false) >= left:
            return "jumps beyond the end"
        case Kind.LOAD if code in ABSOLUTE_LOADS:
            if k >= FIRST_ANCILLARY and k not in ANCILLARY_PLACES:
                return f"loads from {k - ALL - 1}, where nothing is"
    if code in DIVISIONS and k == 0:
        return "divides by zero"
    if code in SHIFTS and k >= 32:
        return f"shifts by {k} bits"
    return None


def _check_memory(instructions: list[Instruction]) -> None:
    """Refuse a program that may read a word of memory which it has not written."""
    written = [UNKNOWN] * (len(instructions) + 1)
    known = 0
    for here, (code, true, false, k) in enumerate(instructions):
        known &= written[here]
        match kind_of(code):
            case Kind.STORE:
                known |= 1 << k
            case Kind.LOAD_MEMORY if not known & 1 << k:
                raise UsageError(
                    f"BPF program: instruction {here} reads word {k} of memory,"
                    " which nothing was written to"
                )
            case Kind.JUMP:
                written[here + 1 + k] &= known
                known = UNKNOWN
            case Kind.BRANCH:
                written[here + 1 + true] &= known
                written[here + 1 + false] &= known
                known = UNKNOWN
