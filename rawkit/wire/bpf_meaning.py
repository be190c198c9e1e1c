"""What the operation codes of classic BPF mean, for those who run, check or print programs."""

from enum import Enum, auto

from rawkit.wire.bpf import AD_OFF, ALL, LL_OFF, NET_OFF

Instruction = tuple[int, int, int, int]
"""Code, distances where a condition holds and where it does not, number."""


class Kind(Enum):
    """What an instruction does."""

    LOAD = auto()
    LOAD_MEMORY = auto()
    STORE = auto()
    CALCULATE = auto()
    NEGATE = auto()
    JUMP = auto()
    BRANCH = auto()
    RETURN = auto()
    TO_X = auto()
    TO_A = auto()


class Area(Enum):
    """Where a load finds its value; negative: how far from 0 its places begin."""

    NUMBER = auto()
    LENGTH = auto()
    IHL = auto()
    PACKET = auto()
    FROM_X = auto()
    ANCILLARY = AD_OFF
    NETWORK = NET_OFF
    LINK = LL_OFF


CALCULATE = {
    0x00: f"a + {{}} & {ALL}",
    0x10: f"a - {{}} & {ALL}",
    0x20: f"a * {{}} & {ALL}",
    0x30: "a // {}",
    0x40: "a | {}",
    0x50: "a & {}",
    0x60: f"a << ({{}} & 31) & {ALL}",
    0x70: "a >> ({} & 31)",
    0x90: "a % {}",
    0xA0: "a ^ {}",
}
"""Python for each calculation of A with an operand. The kernel shifts by the low five bits."""

COMPARE = {0x10: "==", 0x20: ">", 0x30: ">=", 0x40: "&"}
"""Python for each condition on A and an operand."""


def kind_of(code: int) -> Kind:
    """Return what an instruction does; of codes that the kernel knows."""
    match code & 0x07:
        case 0x00 | 0x01:
            return Kind.LOAD_MEMORY if code & 0xE0 == 0x60 else Kind.LOAD
        case 0x02 | 0x03:
            return Kind.STORE
        case 0x04:
            return Kind.NEGATE if code & 0xF0 == 0x80 else Kind.CALCULATE
        case 0x05:
            return Kind.JUMP if code & 0xF0 == 0 else Kind.BRANCH
        case 0x06:
            return Kind.RETURN
        case _:
            return Kind.TO_A if code & 0x80 else Kind.TO_X


def takes_x(code: int) -> bool:
    """Whether a calculation or a condition takes X for its operand."""
    return bool(code & 0x08)


def area_of(code: int, k: int) -> Area:
    """Return where a load finds its value."""
    match code & 0xE0:
        case 0x00:
            return Area.NUMBER
        case 0x80:
            return Area.LENGTH
        case 0xA0:
            return Area.IHL
        case 0x40:
            return Area.FROM_X
        case _:
            negative = k - ALL - 1
            if k <= 0x7FFF_FFFF or negative < LL_OFF:
                return Area.PACKET
            if negative >= AD_OFF:
                return Area.ANCILLARY
            return Area.NETWORK if negative >= NET_OFF else Area.LINK
