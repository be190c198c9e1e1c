"""Classic BPF: the programs that choose packets in the kernel (networking/filter.rst).

A program is a row of instructions of 8 octets in the order of the machine: code, two
distances for a conditional jump, and a number. It has an accumulator A, an index X and 16
words of memory, reads the packet big-endian, jumps forward only, and returns how many
octets of the packet to keep. A load beyond the packet ends it with 0.
"""

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rawkit.wire.bpf_ancillary import Ancillary as Ancillary

INSTRUCTION = struct.Struct("=HBBI")
ALL = 0xFFFF_FFFF
FARTHEST = 0xFF
"""Instructions that a conditional jump can skip."""
MOST_INSTRUCTIONS = 4096
"""BPF_MAXINSNS: what the kernel takes."""
MEMORY_WORDS = 16

# Operation codes, linux/bpf_common.h.
LOAD, LOAD_WORD, LOAD_HALF, LOAD_BYTE, LOAD_LENGTH = 0x00, 0x20, 0x28, 0x30, 0x80
LOAD_BYTE_FROM_X, LOAD_HALF_FROM_X, LOAD_WORD_FROM_X = 0x50, 0x48, 0x40
LOAD_MEMORY, STORE_MEMORY = 0x60, 0x02
LOAD_X, LOAD_X_MEMORY, LOAD_X_LENGTH, LOAD_X_IHL, STORE_X = 0x01, 0x61, 0x81, 0xB1, 0x03
ADD, SUBTRACT, MULTIPLY, DIVIDE, MODULO = 0x04, 0x14, 0x24, 0x34, 0x94
OR, AND, XOR, SHIFT_LEFT, SHIFT_RIGHT, NEGATE = 0x44, 0x54, 0xA4, 0x64, 0x74, 0x84
ADD_X, TO_X, TO_A = 0x0C, 0x07, 0x87
BY_X = 0x08
"""Added to a calculation or a conditional jump: with X instead of the number."""
JUMP_ALWAYS, JUMP_EQUAL, JUMP_SET = 0x05, 0x15, 0x45
JUMP_GREATER, JUMP_NOT_LESS = 0x25, 0x35
RETURN, RETURN_A = 0x06, 0x16

AD_OFF, NET_OFF, LL_OFF = -0x1000, -0x10_0000, -0x20_0000
"""Where loads find what is no octet of the packet, and its network and link headers."""


class Op(NamedTuple):
    """One instruction. A conditional jump goes on with the next one where it names no label."""

    code: int
    k: int = 0
    true: str = ""
    false: str = ""


Line = Op | str
"""An instruction, or a label for the one after it."""


def assemble(lines: list[Line]) -> bytes:
    """Return the program; jumps go forward only.

    A conditional jump reaches 255 instructions. Where a label is farther away, an
    unconditional one is put behind it.

    Raises:
        ValueError: a label is missing, or behind the jump.
    """
    lines, places = _within_reach(lines)
    program = bytearray()
    for here, op in enumerate(line for line in lines if isinstance(line, Op)):
        if op.code == JUMP_ALWAYS:
            program += INSTRUCTION.pack(op.code, 0, 0, _distance(places, here, op.true))
        else:
            true, false = (_distance(places, here, label) for label in (op.true, op.false))
            program += INSTRUCTION.pack(op.code, true, false, op.k)
    return bytes(program)


def _distance(places: dict[str, int], here: int, label: str) -> int:
    if not label:
        return 0
    skipped = places.get(label, -1) - here - 1
    if skipped < 0:
        raise ValueError(f"BPF: no label {label!r} behind instruction {here}")
    return skipped


def _places(lines: list[Line]) -> dict[str, int]:
    places: dict[str, int] = {}
    here = 0
    for line in lines:
        if isinstance(line, str):
            places[line] = here
        else:
            here += 1
    return places


def _within_reach(lines: list[Line]) -> tuple[list[Line], dict[str, int]]:
    """Return the lines with long jumps where they are needed, and where the labels are."""
    rounds = 0
    while True:
        places = _places(lines)
        near: list[Line] = []
        here = -1
        for line in lines:
            here += isinstance(line, Op)
            if isinstance(line, str) or line.code == JUMP_ALWAYS:
                near.append(line)
                continue
            far = [_distance(places, here, label) > FARTHEST for label in line[2:]]
            near += _by_long_jumps(line, *far, mark=f"{rounds} {here}") if any(far) else [line]
        if len(near) == len(lines):
            return lines, places
        lines = near  # what was put in may have moved other labels out of reach
        rounds += 1


def _by_long_jumps(op: Op, true: bool, false: bool, *, mark: str) -> list[Line]:
    """Return a conditional jump that goes far on one side or on both.

    Args:
        op: the jump.
        true: whether its first label is too far away.
        false: whether its second one is.
        mark: makes the new labels ones of their own.
    """
    onward = f"past long jumps {mark}"
    sides: list[str] = []
    jumps: list[Line] = []
    for name, label, far in (("true", op.true, true), ("false", op.false, false)):
        sides.append(f"{name} by long jump {mark}" if far else label or onward)
        if far:
            jumps += [sides[-1], Op(JUMP_ALWAYS, 0, label)]
    return [Op(op.code, op.k, *sides), *jumps, onward]


def __getattr__(name: str) -> object:
    """Load ``Ancillary`` when it is asked for: the filters of a ping know nothing of it."""
    if name != "Ancillary":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rawkit.wire.bpf_ancillary import Ancillary

    return Ancillary
