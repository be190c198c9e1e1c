"""Run classic BPF programs on packets in memory, with the kernel's results (filter.rst)."""

from collections.abc import Mapping
from types import MappingProxyType

from rawkit.wire.bpf import ALL, INSTRUCTION, MEMORY_WORDS
from rawkit.wire.bpf_ancillary import Ancillary
from rawkit.wire.bpf_meaning import Area, Kind, area_of, kind_of, takes_x
from rawkit.wire.bpf_python import Runner, translate

NOTHING: Mapping[int, int] = MappingProxyType({})
FEW = 20
"""Packets that are looked at step by step: to translate a program takes as long as some more."""


class BPFMachine:
    """Runs one program on packets. One that runs often is turned into Python.

    What the kernel knows of a packet besides its octets is told as ``about``: by
    :class:`~rawkit.wire.bpf_ancillary.Ancillary`, and by ``NET_OFF`` where its network header
    begins. What is not told is 0.
    """

    def __init__(self, program: bytes) -> None:
        """Take a program.

        Args:
            program: one that :func:`rawkit.wire.bpf_check.check` lets pass.
        """
        self.program = program
        self._instructions = list(INSTRUCTION.iter_unpack(program))
        self._runs = 0
        self._run: Runner = self._step_by_step
        self._a = self._x = 0
        self._memory = [0] * MEMORY_WORDS

    def run(
        self, packet: bytes, length: int | None = None, about: Mapping[int, int] = NOTHING
    ) -> int:
        """Return how many octets of the packet the program keeps; 0: it lets it not pass.

        Args:
            packet: its octets.
            length: how long it was before it was cut short; ``None``: it was not.
            about: what is known of it besides.
        """
        return self._run(packet, len(packet) if length is None else length, about)

    def _step_by_step(self, packet: bytes, length: int, about: Mapping[int, int]) -> int:
        self._runs += 1
        if self._runs > FEW:
            self._run = translate(self.program)
            return self._run(packet, length, about)
        try:
            return self._steps(packet, length, about)
        except (IndexError, ZeroDivisionError):
            return 0  # a load beyond the packet ends the program, and so does a division by X = 0

    def _steps(self, packet: bytes, length: int, about: Mapping[int, int]) -> int:
        self._a = self._x = here = 0
        while True:
            code, true, false, k = self._instructions[here]
            here += 1
            match kind_of(code):
                case Kind.RETURN:
                    return int(k if code & 0x18 == 0 else self._a)
                case Kind.JUMP:
                    here += k
                case Kind.BRANCH:
                    here += true if self._holds(code, k) else false
                case Kind.LOAD if area_of(code, k) is Area.LENGTH:
                    self._put(code & 1, length)
                case Kind.LOAD:
                    self._put(code & 1, self._loaded(code, k, packet, about))
                case _:
                    self._calculate(code, k)

    def _put(self, register: int, value: int) -> None:
        if register:
            self._x = value
        else:
            self._a = value

    def _loaded(self, code: int, k: int, packet: bytes, about: Mapping[int, int]) -> int:
        size = {0x00: 4, 0x08: 2, 0x10: 1}[code & 0x18]
        match area_of(code, k):
            case Area.NUMBER:
                return k
            case Area.IHL:
                return (packet[k] & 0x0F) * 4
            case Area.ANCILLARY if k == Ancillary.XOR_X.place:
                return self._a ^ self._x
            case Area.ANCILLARY:
                return about.get(k & 0xFFF, 0)
            case Area.PACKET:
                at = k
            case Area.FROM_X:
                at = k + self._x & ALL  # as the kernel has it, it starts over
            case area:
                at = about.get(area.value, 0) + (k - area.value & ALL)
        part = packet[at : at + size]
        if len(part) < size:
            raise IndexError(at)
        return int.from_bytes(part, "big")

    def _calculate(self, code: int, k: int) -> None:
        match kind_of(code):
            case Kind.LOAD_MEMORY:
                self._put(code & 1, self._memory[k])
            case Kind.STORE:
                self._memory[k] = self._x if code & 1 else self._a
            case Kind.TO_X:
                self._x = self._a
            case Kind.TO_A:
                self._a = self._x
            case Kind.NEGATE:
                self._a = -self._a & ALL
            case _:
                self._a = _result(code & 0xF0, self._a, self._x if takes_x(code) else k)

    def _holds(self, code: int, k: int) -> bool:
        operand = self._x if takes_x(code) else k
        match code & 0xF0:
            case 0x10:
                return self._a == operand
            case 0x20:
                return self._a > operand
            case 0x30:
                return self._a >= operand
            case _:
                return bool(self._a & operand)


def _result(operation: int, a: int, operand: int) -> int:
    match operation:
        case 0x00:
            return a + operand & ALL
        case 0x10:
            return a - operand & ALL
        case 0x20:
            return a * operand & ALL
        case 0x30:
            return a // operand
        case 0x40:
            return a | operand
        case 0x50:
            return a & operand
        case 0x60:
            return a << (operand & 31) & ALL
        case 0x70:
            return a >> (operand & 31)
        case 0x90:
            return a % operand
        case _:
            return a ^ operand
