"""AES-128-CMAC: a message authentication code made with a block cipher (RFC 4493, FIPS 197).

Python's own library has no AES. This one is for the codes of single packets: it is slow, and
the time it takes tells an onlooker on the same machine something of the key.
"""

from rawkit.errors import BuildError

BLOCK = 16
"""Octets of a block, of a key and of a code."""
ROUNDS = 10
RESIDUE = 0x87
"""What the polynomial leaves of a bit that is carried out (RFC 4493 §2.3)."""
SHIFTED = [(place + 4 * (place % 4)) % BLOCK for place in range(BLOCK)]
"""From where each octet of a block comes when rows are shifted (FIPS 197 §5.1.2)."""


def cmac(key: bytes, message: bytes) -> bytes:
    """Return the code of a message, 16 octets.

    Raises:
        BuildError: the key has not 16 octets.
    """
    if len(key) != BLOCK:
        raise BuildError(f"AES-128-CMAC: a key of {len(key)} octets, and {BLOCK} are needed")
    keys = _round_keys(key)
    whole = len(message) and len(message) % BLOCK == 0
    first = _twice(_encrypted(keys, bytes(BLOCK)))
    end = (len(message) - 1) // BLOCK * BLOCK if message else 0
    last = message[end:] if whole else (message[end:] + b"\x80").ljust(BLOCK, b"\0")
    state = bytes(BLOCK)
    for start in range(0, end, BLOCK):
        state = _encrypted(keys, _xor(state, message[start : start + BLOCK]))
    return _encrypted(keys, _xor(state, _xor(last, first if whole else _twice(first))))


def _twice(block: bytes) -> bytes:
    """Multiply by x in the field of 2 to the 128 (RFC 4493 §2.3)."""
    number = int.from_bytes(block, "big") << 1
    carried = number >> 8 * BLOCK
    return ((number ^ RESIDUE * carried) & (1 << 8 * BLOCK) - 1).to_bytes(BLOCK, "big")


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def _encrypted(keys: list[bytes], block: bytes) -> bytes:
    """Encrypt a block with AES-128 (FIPS 197 §5.1)."""
    state = _xor(block, keys[0])
    for number in range(1, ROUNDS + 1):
        state = state.translate(SUBSTITUTES)
        state = bytes(state[place] for place in SHIFTED)
        if number < ROUNDS:
            state = b"".join(_mixed(state[start : start + 4]) for start in range(0, BLOCK, 4))
        state = _xor(state, keys[number])
    return state


def _mixed(column: bytes) -> bytes:
    """Mix a column (FIPS 197 §5.1.3)."""
    a, b, c, d = column
    every = a ^ b ^ c ^ d
    pairs = (a, b), (b, c), (c, d), (d, a)
    return bytes(one ^ every ^ _doubled(one ^ other) for one, other in pairs)


def _round_keys(key: bytes) -> list[bytes]:
    """Expand a key (FIPS 197 §5.2)."""
    words = [key[start : start + 4] for start in range(0, BLOCK, 4)]
    constant = 1
    for place in range(4, 4 * (ROUNDS + 1)):
        word = words[-1]
        if place % 4 == 0:
            turned = (word[1:] + word[:1]).translate(SUBSTITUTES)
            word = bytes((turned[0] ^ constant,)) + turned[1:]
            constant = _doubled(constant)
        words.append(_xor(words[-4], word))
    return [b"".join(words[start : start + 4]) for start in range(0, len(words), 4)]


def _doubled(octet: int) -> int:
    """Multiply by x in the field of 2 to the 8 (FIPS 197 §4.2.1)."""
    return octet << 1 ^ (0x11B if octet & 0x80 else 0)


def _substitutes() -> bytes:
    """Return the S-box: the inverse of each octet, mixed with itself (FIPS 197 §5.1.1)."""
    powers = [1]
    while len(powers) < 255:
        powers.append(powers[-1] ^ _doubled(powers[-1]))  # of 3, which makes all but 0
    logarithm = {power: exponent for exponent, power in enumerate(powers)}
    box = bytearray()
    for octet in range(256):
        inverse = powers[-logarithm[octet] % 255] if octet else 0
        turns = ((inverse << turn | inverse >> 8 - turn) & 0xFF for turn in range(1, 5))
        mixed = inverse ^ 0x63
        for turn in turns:
            mixed ^= turn
        box.append(mixed)
    return bytes(box)


SUBSTITUTES = _substitutes()
