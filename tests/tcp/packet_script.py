"""Scripts of segments: what arrives, what the user does, what must leave, and when.

A line is ``[+SECONDS] ACTION``; without a time it happens at the time of the line before. A script
starts with its settings, and with what it includes from ``scripts/common``.

    ========================================  ================================================
    ``< S. 5000:5000(0) ack 1001 win 1000``   a segment arrives; ``<mss 1460,nop,wscale 7>`` behind
    ``> . 1001:1001(0) ack 5001``             this one leaves, now; what is not said is not compared
    ``open`` ``listen`` ``shutdown`` …        the user acts: also ``close``, ``abort``
    ``write 3000`` ``write 1 urgent``         so many octets; ``read 10``: so many are there
    ``icmp 3 1 1001``                         an ICMP error: type, code, the number it quotes, MTU
    ``state ESTABLISHED``                     the state must be this one
    ``event Closed reset by the other side``  the next event of this kind, and a part of its text
    ``check cwnd == 14600``                   an expression of ``Info`` and its counters
    ========================================  ================================================

Ours starts at 1000, the other side's where its SYN says. A segment that leaves and is not awaited
is a mistake, as is one that comes at another time. Timestamps of ours are milliseconds from 0.
"""

import re
from collections import deque
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

from rawkit.tcp.connection import Connection
from rawkit.tcp.events import Event, Moved
from rawkit.tcp.flow import Flow
from rawkit.tcp.icmp import Advice
from rawkit.tcp.segment import CE, ECT_0, LETTERS, NOT_ECT, SYN, WRAP, Segment
from rawkit.tcp.settings import Settings
from rawkit.wire import icmp
from rawkit.wire import tcp_options as o
from rawkit.wire.packet import Header
from tests.tcp.invariants import check

SCRIPTS = Path(__file__).parent / "scripts"
FLOW = Flow(IPv4Address("192.0.2.1"), 40000, IPv4Address("192.0.2.2"), 7)
OURS = 1000
START = 0.0
EXACT = 0.0015
"""Seconds by which a segment may be early or late: timestamps have milliseconds."""
PLAIN: dict[str, object] = {
    "timestamps": False,
    "sack": False,
    "window_scaling": False,
    "window": 65535,
}
SEGMENT = re.compile(r"(\S+) (\d+):(\d+)\((\d+)\)(.*?)(?:<(.*)>)?$")
WORD = re.compile(r"(ack|win|urg|ecn) (\S+)")
ECN = {"no": NOT_ECT, "ect": ECT_0, "ce": CE}


class Unexpected(AssertionError):
    """What a script says did not happen, or something else did."""


@dataclass
class Seen:
    """A segment as a script writes it: only what it says is compared."""

    flags: str
    numbers: str
    words: dict[str, str]
    options: str | None

    def __str__(self) -> str:
        words = "".join(f" {name} {value}" for name, value in self.words.items())
        options = "" if self.options is None else f" <{self.options}>"
        return f"{self.flags} {self.numbers}{words}{options}"


@dataclass
class Play:
    """One script on one connection."""

    lines: list[str]
    now: float = START
    connection: Connection = field(init=False)
    out: deque[tuple[float, Segment]] = field(default_factory=deque)
    events: deque[Event] = field(default_factory=deque)
    moves: list[Moved] = field(default_factory=list)
    written: int = 0
    taken: int = 0

    def __post_init__(self) -> None:
        chosen = dict(PLAIN)
        while self.lines and self.lines[0].startswith("settings "):
            chosen |= _settings(self.lines.pop(0))
        settings = Settings(**chosen)  # type: ignore[arg-type]
        self.connection = Connection(FLOW, settings, secret=b"a secret", isn=OURS)

    def run(self) -> None:
        """Play it to its end."""
        for line in self.lines:
            try:
                self._line(line)
            except AssertionError as error:
                raise Unexpected(f"{self.now:.3f} s, {line!r}: {error}") from None
        self._nothing_more()

    def _line(self, line: str) -> None:
        action = line
        if line.startswith("+"):
            seconds, _, action = line[1:].partition(" ")
            self._wait(self.now + float(seconds), awaited=action.startswith(">"))
        verb, _, rest = action.partition(" ")
        if verb == ">":
            self._leaves(rest)
        elif verb:
            self._nothing_more()
            getattr(self, f"_do_{ {'<': 'arrive'}.get(verb, verb) }")(rest)
            self._collect()

    def _wait(self, until: float, *, awaited: bool) -> None:
        while self.connection.wake_at <= until + (EXACT if awaited else 0):
            if self.out and not awaited:
                break
            self.now = max(self.now, self.connection.wake_at)
            self.connection.tick(self.now)
            self._collect()
        self.now = max(self.now, until)

    def _collect(self) -> None:
        self.out += [(self.now, one) for one in self.connection.outgoing(self.now)]
        events = self.connection.take_events()
        self.events += events
        self.moves += [event for event in events if isinstance(event, Moved)]
        check(self.connection.block)

    def _leaves(self, text: str) -> None:
        assert self.out, "nothing leaves"
        at, segment = self.out.popleft()
        wanted = _read(text)
        offset = self.connection.block.ts_offset
        found = _described(segment, wanted, offset)
        assert str(found) == str(wanted), f"it is {found} ({segment.why})"
        assert abs(at - self.now) <= EXACT, f"it left at {at:.3f} s"

    def _nothing_more(self) -> None:
        if self.out:
            at, segment = self.out[0]
            raise Unexpected(f"at {at:.3f} s {segment} leaves, not awaited ({segment.why})")

    # What a line can say

    def _do_arrive(self, text: str) -> None:
        wanted = _read(text)
        start, end, size = map(int, re.findall(r"\d+", wanted.numbers))
        assert end - start == size, "the numbers do not fit"
        words = wanted.words
        options = encoded(wanted.options or "", self.connection.block.ts_offset)
        flags = sum(bit for bit, letter in LETTERS if letter in wanted.flags)
        segment = Segment(
            *(flags, start & WRAP, int(words.get("ack", 0)) & WRAP),
            int(words.get("win", 32768)),
            *(options, octets(start + bool(flags & SYN), size), int(words.get("urg", 0))),
            ECN[words.get("ecn", "no")],
        )
        if not self.connection.gives_way(segment):
            self.connection.arrive(self.now, segment, FLOW)

    def _do_open(self, _: str) -> None:
        self.connection.open(self.now)

    def _do_listen(self, text: str) -> None:
        self.connection.listen(returns=text != "once")

    def _do_write(self, text: str) -> None:
        size, *urgent = text.split()
        start = OURS + 1 + self.written
        taken = self.connection.write(octets(start, int(size)), urgent=bool(urgent))
        self.written += taken

    def _do_read(self, text: str) -> None:
        found = self.connection.read()
        assert len(found) == int(text), f"{len(found)} octets are there"
        start = self.connection.block.irs + 1 + self.taken
        assert found == octets(start, len(found)), "other octets than were sent"
        self.taken += len(found)

    def _do_shutdown(self, _: str) -> None:
        self.connection.shutdown()

    def _do_close(self, _: str) -> None:
        self.connection.close(self.now)

    def _do_abort(self, _: str) -> None:
        self.connection.abort(self.now)

    def _do_icmp(self, text: str) -> None:
        kind, code, sequence, *mtu = map(int, text.split())
        message = icmp_error(kind, code, mtu[0] if mtu else 0)
        self.connection.advise(self.now, Advice(message, sequence, mtu[0] if mtu else None))

    def _do_state(self, text: str) -> None:
        assert str(self.connection.state) == text, f"it is {self.connection.state}"

    def _do_event(self, text: str) -> None:
        kind, _, part = text.partition(" ")
        while self.events:
            event = self.events.popleft()
            if type(event).__name__ == kind and part in _told(event):
                return
        raise Unexpected("there was no such event")

    def _do_check(self, text: str) -> None:
        info = self.connection.info(self.now)
        names = {
            name: getattr(one, name)
            for one in (info.counters, info)
            for name in type(one).__annotations__
        }
        assert eval(text, {}, names), _values(text, names)


def play(name: str) -> Play:
    """Run one script of the folder."""
    played = Play(lines_of(SCRIPTS / f"{name}.pkt"))
    played.run()
    return played


def lines_of(path: Path) -> list[str]:
    """Return the lines of a script, with what it includes in their places."""
    lines: list[str] = []
    for line in path.read_text().splitlines():
        text = line.partition("#")[0].strip()
        if text.startswith("include "):
            lines += lines_of(SCRIPTS / "common" / f"{text.removeprefix('include ')}.pkt")
        elif text:
            lines.append(" ".join(text.split()))
    settings = [line for line in lines if line.startswith("settings ")]
    return settings + [line for line in lines if not line.startswith("settings ")]


def names() -> list[str]:
    """Return the names of all scripts."""
    return sorted(path.stem for path in SCRIPTS.glob("*.pkt"))


def octets(start: int, size: int) -> bytes:
    """Return octets that tell by themselves which numbers they have."""
    return bytes(number % 251 for number in range(start, start + size))


def icmp_error(kind: int, code: int, mtu: int) -> Header:
    if kind == 3:
        return icmp.Unreachable(code=code, mtu=mtu)
    return icmp.SourceQuench() if kind == 4 else icmp.TimeExceeded(code=code)


def encoded(text: str, offset: int) -> bytes:
    """Return options that are written as tcpdump writes them."""
    made: list[o.Option] = []
    for one in filter(None, text.split(",")):
        kind, *values = one.split()
        match kind:
            case "mss":
                made.append(o.MaximumSegmentSize(int(values[0])))
            case "nop":
                made.append(o.NoOperation())
            case "wscale":
                made.append(o.WindowScale(int(values[0])))
            case "sackOK":
                made.append(o.SackPermitted())
            case "TS":
                made.append(o.Timestamps(int(values[1]), int(values[3]) + offset & WRAP))
            case "uto":
                made.append(o.UserTimeout(int(values[0])))
            case "sack":
                made.append(o.Sack(tuple(_block(block) for block in values)))
    return o.encode(*made)


def decoded(options: bytes, offset: int) -> str:
    """Return options as they are written in scripts; padding is left out."""
    texts: list[str] = []
    for one in o.decode(options):
        match one:
            case o.MaximumSegmentSize(size=size):
                texts.append(f"mss {size}")
            case o.WindowScale(shift=shift):
                texts.append(f"wscale {shift}")
            case o.SackPermitted():
                texts.append("sackOK")
            case o.Timestamps(value=value, echo=echo):
                texts.append(f"TS val {(value - offset) & WRAP} ecr {echo}")
            case o.UserTimeout(value=value):
                texts.append(f"uto {value}")
            case o.Sack(blocks=blocks):
                texts.append("sack " + " ".join(f"{left}:{right}" for left, right in blocks))
    return ",".join(texts)


def _block(text: str) -> tuple[int, int]:
    left, right = map(int, text.split(":"))
    return left, right


def _read(text: str) -> Seen:
    match = SEGMENT.match(text)
    assert match is not None, "that is no segment"
    flags, start, end, size, words, options = match.groups()
    return Seen(flags, f"{start}:{end}({size})", dict(WORD.findall(words)), options)


def _described(s: Segment, wanted: Seen, offset: int) -> Seen:
    """Return a segment in a script's words, as far as the script has them."""
    letters = "".join(letter for bit, letter in LETTERS if s.flags & bit) or "-"
    start, size = s.sequence & WRAP, len(s.payload)
    said = {
        "ack": s.acknowledgment & WRAP,
        "win": s.window,
        "urg": s.urgent,
        "ecn": {number: name for name, number in ECN.items()}.get(s.ecn, s.ecn),
    }
    words = {name: str(said[name]) for name in wanted.words}
    options = None if wanted.options is None else decoded(s.options, offset)
    return Seen(letters, f"{start}:{start + size & WRAP}({size})", words, options)


def _settings(line: str) -> dict[str, object]:
    chosen: dict[str, object] = {}
    for word in line.split()[1:]:
        name, value = word.split("=")
        chosen[name] = {"yes": True, "no": False}.get(value, value)
        if value[0].isdigit():
            chosen[name] = float(value) if "." in value else int(value)
    return chosen


def _told(event: Event) -> str:
    values = (getattr(event, name) for name in type(event).__match_args__)
    return " ".join(map(str, values))


def _values(text: str, names: dict[str, object]) -> str:
    used = (word for word in re.findall(r"\w+", text) if word in names)
    return ", ".join(f"{name} is {names[name]}" for name in used)
