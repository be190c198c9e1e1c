"""A machine for classic BPF programs, written from the kernel's description (filter.rst)."""

import struct

INSTRUCTION = struct.Struct("=HBBI")
WORD = 0xFFFF_FFFF


class BPFMachine:
    """Runs one program over packets."""

    def __init__(self, program: bytes) -> None:
        self.program = list(INSTRUCTION.iter_unpack(program))
        self.a = self.x = 0
        self.memory = [0] * 16

    def run(self, packet: bytes) -> int:
        """Return how many octets of the packet the program lets pass."""
        self.a = self.x = here = 0
        while True:
            code, true, false, k = self.program[here]
            here += 1
            match code & 0x07:
                case 0x00 | 0x01 as register:
                    if (loaded := self.load(code, k, packet)) is None:
                        return 0  # a load beyond the packet ends the program
                    self.put(register, loaded)
                case 0x02:
                    self.memory[k] = self.a
                case 0x04:
                    self.a = self.calculate(code, k) & WORD
                case 0x05:
                    here += k if code & 0xF0 == 0 else (true if self.holds(code, k) else false)
                case 0x06:
                    return int(k)
                case 0x07:
                    self.put(*((0, self.x) if code & 0x80 else (1, self.a)))

    def put(self, register: int, value: int) -> None:
        if register:
            self.x = value
        else:
            self.a = value

    def load(self, code: int, k: int, packet: bytes) -> int | None:
        size = {0x00: 4, 0x08: 2, 0x10: 1}[code & 0x18]
        match code & 0xE0:
            case 0x00:
                return k
            case 0x60:
                return self.memory[k]
            case 0xA0:
                return (packet[k] & 0x0F) * 4 if k < len(packet) else None
            case mode:
                at = k + (self.x if mode == 0x40 else 0)
                part = packet[at : at + size]
                return int.from_bytes(part, "big") if len(part) == size else None

    def calculate(self, code: int, k: int) -> int:
        operand = self.x if code & 0x08 else k
        match code & 0xF0:
            case 0x00:
                return self.a + operand
            case 0x50:
                return self.a & operand
            case 0x60:
                return self.a << operand
        raise AssertionError(f"operation {code:#x} is not known here")

    def holds(self, code: int, k: int) -> bool:
        match code & 0xF0:
            case 0x10:
                return self.a == k
            case 0x20:
                return self.a > k
            case 0x30:
                return self.a >= k
            case 0x40:
                return bool(self.a & k)
        raise AssertionError(f"jump {code:#x} is not known here")
