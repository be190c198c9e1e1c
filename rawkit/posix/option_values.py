"""Values of socket options: read from the kernel, read from words, shown in words."""

import socket
import struct
from collections.abc import Callable, Mapping
from ipaddress import AddressValueError, IPv4Address
from sys import byteorder

from rawkit.errnos.table import name_of
from rawkit.errors import UsageError
from rawkit.host import calls
from rawkit.sockets.known.option import FORMS, KnownOption

Value = bool | int | float | str | None
"""A value in its unit; ``None``: none, as with a linger that is off."""

INT, LONG = struct.Struct("@i"), struct.Struct("@Q")
TIMEVAL, LINGER = struct.Struct("@qq"), struct.Struct("@ii")
CREDENTIALS = struct.Struct("@iII")
NOBODY = 0xFFFF_FFFF
"""User id where there is no peer."""
ROOM = 512
"""Octets for values whose size is not known before."""
WORDS = {"on": True, "yes": True, "true": True, "off": False, "no": False, "false": False}
SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
"""What a unit behind a time is worth."""
PER_SECOND = {"seconds": 1, "milliseconds": 1000, "microseconds": 1_000_000}
OCTETS = {"": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
COUNTERS = ("rmem", "rcvbuf", "wmem", "sndbuf", "forward", "queued", "options", "backlog", "drops")
"""Of SO_MEMINFO (linux/sock_diag.h)."""
MOST_INT, MOST_LONG = 0x7FFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF


def read(sock: socket.socket, known: KnownOption) -> Value:
    """Return the value of an option, in its unit.

    Raises:
        OSError: the kernel, or this socket, has none.
    """
    option = known.option
    size = SIZES.get(known.form, INT.size)
    if sock.family == socket.AF_VSOCK:  # of which Python reads 64 bits and nothing else
        octets = calls.getsockopt(sock.fileno(), option.level, option.number, size)
    else:
        octets = sock.getsockopt(option.level, option.number, size)
    return DECODERS.get(known.form, _number)(octets, known)


def parse(known: KnownOption, word: str) -> bytes:
    """Return what setsockopt(2) takes for a value that was written in words.

    Raises:
        UsageError: the option has no such value; the message says what it has.
    """
    if not known.is_settable:
        raise UsageError(f"{known.name} can only be read")
    encode = ENCODERS.get(known.form, _encode_number)
    return encode(known, word)


def show(known: KnownOption, value: Value) -> str:
    """Return a value in words, its unit behind it."""
    if value is None:
        return "off" if known.form == "linger" else "none"
    match known.form:
        case "bool":
            return "on" if value else "off"
        case "hex":
            return f"{value:#04x}"
        case "errno":
            return name_of(int(value)) if value else "none"
        case "choice" | "flags" | "counters" | "credentials" | "interface" | "interface32":
            return str(value)
        case "text" | "data":
            return str(value) or "none"
    if known.form == "rate" and value in (MOST_LONG, 0xFFFF_FFFF):
        return "no limit"
    unit = FORMS[known.form]
    if value == 1:
        unit = unit.removesuffix("s") if len(unit) > 2 else unit
    return " ".join(filter(None, (written(known, value), unit)))


def written(known: KnownOption, value: Value) -> str:
    """Return a value as it is written behind ``NAME=``, in the unit of the option."""
    if value is None:
        return "off"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def values_of(known: KnownOption) -> str:
    """Return in words what an option can be set to: ``on or off``."""
    if not known.is_settable:
        return "cannot be set"
    if known.choices:
        joint = " or " if known.form == "choice" else "|"
        return joint.join(known.choices)
    return RANGES.get(known.form, f"a number of {FORMS[known.form] or 'no unit'}")


RANGES = {
    "bool": "on or off",
    "int": "a number",
    "hex": "a number, such as 0x10",
    "octets": "octets, such as 65536 or 64KiB",
    "size64": "octets, such as 65536 or 64KiB",
    "rate": "octets a second, such as 1MiB",
    "seconds": "whole seconds, such as 60 or 2m",
    "milliseconds": "milliseconds, such as 500 or 2s",
    "microseconds": "microseconds, such as 50 or 2ms",
    "time": "seconds, such as 2.5 or 250ms",
    "linger": "off, or whole seconds, such as 5",
    "text": "a word",
    "address": "an IPv4 address",
    "interface": "the name or number of an interface",
    "interface32": "the name or number of an interface",
    "data": "octets in hexadecimal",
    "struct": "a struct: not in words",
}


# Octets to values.


def _number(octets: bytes, known: KnownOption) -> Value:
    """Return an ``int``; some options are told in a single octet."""
    return int.from_bytes(octets, byteorder, signed=len(octets) >= INT.size)


def _bool(octets: bytes, known: KnownOption) -> Value:
    return any(octets)


def _long(octets: bytes, known: KnownOption) -> Value:
    return int.from_bytes(octets, byteorder)


def _time(octets: bytes, known: KnownOption) -> Value:
    seconds, microseconds = TIMEVAL.unpack(octets)
    return float(seconds + microseconds / 1e6)


def _linger(octets: bytes, known: KnownOption) -> Value:
    is_on, seconds = LINGER.unpack(octets)
    return int(seconds) if is_on else None


def _text(octets: bytes, known: KnownOption) -> Value:
    return octets.partition(b"\0")[0].decode(errors="backslashreplace")


def _data(octets: bytes, known: KnownOption) -> Value:
    return octets.hex()


def _struct(octets: bytes, known: KnownOption) -> Value:
    return f"{len(octets)} octets"


def _choice(octets: bytes, known: KnownOption) -> Value:
    number = int.from_bytes(octets, byteorder)
    names = {value: name for name, value in (known.choices or {}).items()}
    return names.get(number, str(number))


def _flags(octets: bytes, known: KnownOption) -> Value:
    number = int.from_bytes(octets[: INT.size], byteorder)
    found = [name for name, bit in (known.choices or {}).items() if number & bit]
    rest = number & ~sum((known.choices or {}).values())
    return "|".join([*found, *([f"{rest:#x}"] if rest else [])]) or "none"


def _credentials(octets: bytes, known: KnownOption) -> Value:
    pid, uid, gid = CREDENTIALS.unpack(octets)
    return f"pid {pid}, uid {uid}, gid {gid}" if pid or uid != NOBODY else "nobody"


def _counters(octets: bytes, known: KnownOption) -> Value:
    numbers = struct.unpack(f"@{len(octets) // 4}I", octets)
    return ", ".join(f"{name} {n}" for name, n in zip(COUNTERS, numbers, strict=False) if n)


def _address(octets: bytes, known: KnownOption) -> Value:
    return str(IPv4Address(octets))


def _interface(octets: bytes, known: KnownOption) -> Value:
    return interface_name(int.from_bytes(octets, byteorder))


def _interface32(octets: bytes, known: KnownOption) -> Value:
    return interface_name(int.from_bytes(octets, "big"))


def interface_name(index: int) -> str:
    """Return the name of an interface, or its number if it is gone; of 0, ``none``."""
    try:
        return socket.if_indextoname(index) if index else "none"
    except OSError:
        return str(index)


# Words to octets.


def _encode_number(known: KnownOption, word: str) -> bytes:
    number = _integer(known, word)
    if not -MOST_INT - 1 <= number <= 2 * MOST_INT + 1:
        raise _wrong(known, word)
    return INT.pack(number if number <= MOST_INT else number - (1 << 32))


def _encode_bool(known: KnownOption, word: str) -> bytes:
    lower = word.lower()
    return INT.pack(WORDS[lower]) if lower in WORDS else _encode_number(known, word)


def _encode_octets(known: KnownOption, word: str) -> bytes:
    return INT.pack(_bounded(known, word, _octets(known, word), MOST_INT))


def _encode_long(known: KnownOption, word: str) -> bytes:
    return LONG.pack(_bounded(known, word, _octets(known, word), MOST_LONG))


def _encode_duration(known: KnownOption, word: str) -> bytes:
    """Encode a time in the unit of the option; a plain number is in that unit, too."""
    if word.isascii() and word.isdecimal():
        return INT.pack(_bounded(known, word, int(word[:20]), MOST_INT))
    number = _seconds(known, word) * PER_SECOND[known.form]
    if abs(number - round(number)) > 1e-6:
        raise UsageError(f"{known.name}={word}: {values_of(known)}")
    return INT.pack(_bounded(known, word, round(number), MOST_INT))


def _encode_time(known: KnownOption, word: str) -> bytes:
    microseconds = round(_seconds(known, word) * 1e6)
    return TIMEVAL.pack(*divmod(_bounded(known, word, microseconds, 1 << 62), 1_000_000))


def _encode_linger(known: KnownOption, word: str) -> bytes:
    if WORDS.get(word.lower(), True) is False:
        return LINGER.pack(0, 0)
    seconds = _seconds(known, word)
    if seconds != int(seconds):
        raise _wrong(known, word)
    return LINGER.pack(1, _bounded(known, word, int(seconds), MOST_INT))


def _encode_text(known: KnownOption, word: str) -> bytes:
    if "\0" in word or not word.isprintable():
        raise _wrong(known, word)
    return word.encode() + b"\0"


def _encode_data(known: KnownOption, word: str) -> bytes:
    try:
        return bytes.fromhex(word)
    except ValueError:
        raise _wrong(known, word) from None


def _encode_choice(known: KnownOption, word: str) -> bytes:
    choices = known.choices or {}
    return INT.pack(choices[word]) if word in choices else _encode_number(known, word)


def _encode_flags(known: KnownOption, word: str) -> bytes:
    number = 0
    for part in word.replace(",", "|").split("|"):
        choices: Mapping[str, int] = {**(known.choices or {}), "none": 0}
        number |= choices[part] if part in choices else _integer(known, part)
    return INT.pack(_bounded(known, word, number, MOST_INT))


def _encode_address(known: KnownOption, word: str) -> bytes:
    try:
        return IPv4Address(word).packed
    except AddressValueError:
        raise _wrong(known, word) from None


def _encode_interface(known: KnownOption, word: str) -> bytes:
    return INT.pack(_index(known, word))


def _encode_interface32(known: KnownOption, word: str) -> bytes:
    return struct.pack("!i", _index(known, word))


def _refuse(known: KnownOption, word: str) -> bytes:
    raise UsageError(f"{known.name} takes a struct, which cannot be written in a word")


def _index(known: KnownOption, word: str) -> int:
    if word == "none":
        return 0
    if word.isascii() and word.isdecimal():
        return _bounded(known, word, int(word[:20]), MOST_INT)
    try:
        return socket.if_nametoindex(word)
    except (OSError, ValueError):
        raise UsageError(f"{known.name}: no interface called {word!r}") from None


def _integer(known: KnownOption, word: str) -> int:
    sign, digits = (-1, word[1:]) if word[:1] == "-" else (1, word)
    base = 16 if digits[:2].lower() == "0x" else 10
    digits = digits[2:] if base == 16 else digits
    if not digits.isascii() or not digits.isalnum() or len(digits) > 20:
        raise _wrong(known, word)
    try:
        return sign * int(digits, base)
    except ValueError:
        raise _wrong(known, word) from None


def _octets(known: KnownOption, word: str) -> int:
    for unit in sorted(OCTETS, key=len, reverse=True):
        if word.endswith(unit):
            return _integer(known, word.removesuffix(unit)) * OCTETS[unit]
    raise _wrong(known, word)


def _seconds(known: KnownOption, word: str) -> float:
    number = word.rstrip("mush")
    unit = SECONDS.get(word[len(number) :] or "s")
    if unit is None or not number.isascii() or number.strip("0123456789."):
        raise _wrong(known, word)
    try:
        return float(number) * unit
    except ValueError:
        raise _wrong(known, word) from None


def _bounded(known: KnownOption, word: str, number: int, most: int) -> int:
    if not 0 <= number <= most:
        raise UsageError(f"{known.name}={word}: not in 0 to {most}")
    return number


def _wrong(known: KnownOption, word: str) -> UsageError:
    return UsageError(f"{known.name}={word!r}: it takes {values_of(known)}")


SIZES = {
    **dict.fromkeys(("rate", "u64", "size64"), LONG.size),
    **dict.fromkeys(("text", "data", "struct", "counters"), ROOM),
    "time": TIMEVAL.size,
    "linger": LINGER.size,
    "credentials": CREDENTIALS.size,
    "flags": LINGER.size,
}
"""Octets to ask for, where it is no ``int``."""
DECODERS: dict[str, Callable[[bytes, KnownOption], Value]] = {
    "bool": _bool,
    **dict.fromkeys(("rate", "u64", "size64"), _long),
    "hex": _long,
    "time": _time,
    "linger": _linger,
    "text": _text,
    "data": _data,
    "struct": _struct,
    "choice": _choice,
    "flags": _flags,
    "credentials": _credentials,
    "counters": _counters,
    "address": _address,
    "interface": _interface,
    "interface32": _interface32,
}
ENCODERS: dict[str, Callable[[KnownOption, str], bytes]] = {
    "bool": _encode_bool,
    "octets": _encode_octets,
    **dict.fromkeys(("rate", "u64", "size64"), _encode_long),
    **dict.fromkeys(PER_SECOND, _encode_duration),
    "time": _encode_time,
    "linger": _encode_linger,
    "text": _encode_text,
    "data": _encode_data,
    "struct": _refuse,
    "choice": _encode_choice,
    "flags": _encode_flags,
    "address": _encode_address,
    "interface": _encode_interface,
    "interface32": _encode_interface32,
}
