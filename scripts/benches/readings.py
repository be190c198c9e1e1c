"""Read what ping(8), fping(8), rawkit and our small programs print."""

import re
from typing import NamedTuple

PING_REPLY = re.compile(r"icmp_seq=(\d+) .*\btime=([\d.]+) ms")
FPING_REPLY = re.compile(r"^\S+\s+: \[(\d+)\], \d+ bytes, ([\d.]+) ms", re.MULTILINE)
PROGRAM_REPLY = re.compile(r"^(\d+) ([\d.]+)$", re.MULTILINE)
PING_SUMMARY = re.compile(r"^(\d+) packets transmitted, (\d+) received", re.MULTILINE)
FPING_SUMMARY = re.compile(r"^\S+\s+: xmt/rcv/%loss = (\d+)/(\d+)/", re.MULTILINE)
PROGRAM_SUMMARY = re.compile(r"^(\d+) asked, (\d+) alive$", re.MULTILINE)
ADDRESS = re.compile(r"(?<![\w.:])(?:\d+(?:\.\d+){3}|[0-9a-f]*:[0-9a-f:]*:[0-9a-f]*)(?![\w.:])")
WAYS = re.compile(r"^(\d+) ways?;", re.MULTILINE)
MTU = re.compile(r"^ *Resume: pmtu (\d+)|\bF=(\d+)|\[\*?mtu: (\d+)\]$", re.MULTILINE)
MILLISECOND = 1e-3


class Shown(NamedTuple):
    """A reply as a tool shows it."""

    sequence: int
    """Counted from 0."""
    rtt: float


class Found(NamedTuple):
    """How many were asked, or sent, and how many answers that had."""

    asked: int
    answered: int


def ping_replies(text: str) -> list[Shown]:
    """Return the replies in the output of ``ping`` and ``rawkit ping``, in order."""
    return [_shown(number, rtt, first=1) for number, rtt in PING_REPLY.findall(text)]


def fping_replies(text: str) -> list[Shown]:
    """Return the replies in the output of ``fping -c``, in order."""
    return [_shown(number, rtt) for number, rtt in FPING_REPLY.findall(text)]


def program_replies(text: str) -> list[Shown]:
    """Return the replies that one of our programs prints: number and milliseconds."""
    return [_shown(number, rtt) for number, rtt in PROGRAM_REPLY.findall(text)]


def found(text: str) -> Found:
    """Return the sum over all summaries, in whichever of the three ways they are written."""
    asked = answered = 0
    for pattern in (PING_SUMMARY, FPING_SUMMARY, PROGRAM_SUMMARY):
        for sent, received in pattern.findall(text):
            asked += int(sent)
            answered += int(received)
    return Found(asked, answered)


def addresses(text: str) -> frozenset[str]:
    """Return every address that stands in the output of a tracer."""
    return frozenset(ADDRESS.findall(text))


def ways(text: str) -> int:
    """Return how many ways ``rawkit trace --multipath`` says there are; 0: it does not."""
    return int(match[1]) if (match := WAYS.search(text)) else 0


def path_mtu(text: str) -> int:
    """Return the path MTU that a tool says in the end; 0: it does not.

    As ``rawkit pmtu`` and ``tracepath`` put it, ``traceroute --mtu``, or ``scamper``.
    """
    said = [int(number) for found in MTU.findall(text) for number in found if number]
    return said[-1] if said else 0


def _shown(number: str, milliseconds: str, *, first: int = 0) -> Shown:
    return Shown(int(number) - first, float(milliseconds) * MILLISECOND)
