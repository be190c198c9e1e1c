"""What a TCP segment is about, in tcpdump(8)'s words."""

from rawkit.wire import tcp_options
from rawkit.wire.tcp import TCP, Flags

LETTERS = {
    Flags.FIN: "F",
    Flags.SYN: "S",
    Flags.RST: "R",
    Flags.PSH: "P",
    Flags.ACK: ".",
    Flags.URG: "U",
    Flags.ECE: "E",
    Flags.CWR: "W",
}
NUMBERED = Flags.SYN | Flags.FIN | Flags.RST
"""Segments whose sequence number is told even if they carry no data."""


def describe_segment(segment: TCP, length: int | str) -> str:
    """Return what ``segment`` says, as ``tcpdump -n -S`` does.

    Args:
        segment: the header.
        length: octets of data that it carries, or ``"?"``.
    """
    return ", ".join(_words(segment, length))


def flag_letters(flags: Flags) -> str:
    """Return tcpdump's letters for some flags, ``none`` for none: ``S.`` is SYN and ACK."""
    return "".join(letter for flag, letter in LETTERS.items() if flags & flag) or "none"


def option_words(options: bytes) -> list[str]:
    """Return what each of the options of a segment says, as ``tcpdump`` has it."""
    return [_option(option) for option in tcp_options.decode(options)]


def _words(segment: TCP, length: int | str) -> list[str]:
    flags = segment.flags
    words = [f"Flags [{flag_letters(flags)}]"]
    if isinstance(length, int) and length > 0:
        words.append(f"seq {segment.sequence}:{(segment.sequence + length) & 0xFFFFFFFF}")
    elif flags & NUMBERED:
        words.append(f"seq {segment.sequence}")
    if flags & Flags.ACK:
        words.append(f"ack {segment.acknowledgment}")
    words.append(f"win {segment.window}")
    if flags & Flags.URG:
        words.append(f"urg {segment.urgent}")
    if segment.options:
        words.append(f"options [{','.join(option_words(segment.options))}]")
    words.append(f"length {length}")
    return words


def _option(option: tcp_options.Option) -> str:
    match option:
        case tcp_options.End():
            return "eol"
        case tcp_options.NoOperation():
            return "nop"
        case tcp_options.MaximumSegmentSize(size=size):
            return f"mss {size}"
        case tcp_options.WindowScale(shift=shift):
            return f"wscale {shift}"
        case tcp_options.SackPermitted():
            return "sackOK"
        case tcp_options.Sack(blocks=blocks):
            edges = "".join(f"{{{left}:{right}}}" for left, right in blocks)
            return f"sack {len(blocks)} {edges}"
        case tcp_options.Timestamps(value=value, echo=echo):
            return f"TS val {value} ecr {echo}"
        case tcp_options.Other(kind=kind, data=data):
            return f"unknown-{kind} 0x{data.hex()}" if data else f"unknown-{kind}"
        case tcp_options.Malformed():
            return "bad opt"
    return _rarer(option)


def _rarer(option: tcp_options.Rarer) -> str:
    match option:
        case tcp_options.Md5(digest=digest):
            return f"md5 {digest.hex()}"
        case tcp_options.UserTimeout(value=value, minutes=minutes):
            return f"uto {value} {'min' if minutes else 's'}"
        case tcp_options.Authentication(key_id=key_id, next_key_id=next_key_id, mac=mac):
            return f"tcp-ao keyid {key_id} rnextkeyid {next_key_id} mac 0x{mac.hex()}"
        case tcp_options.Multipath(subtype=subtype):
            known = subtype in tuple(tcp_options.Subtype)
            name = tcp_options.Subtype(subtype).name.lower() if known else f"unknown {subtype}"
            return f"mptcp {name.replace('_', '-')}"
        case tcp_options.FastOpen(cookie=cookie, experimental=experimental):
            told = f"cookie {cookie.hex()}" if cookie else "cookiereq"
            return f"{'exp-' if experimental else ''}tfo {told}"
