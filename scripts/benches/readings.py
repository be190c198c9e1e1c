"""Read what ping(8), fping(8), rawkit and our small programs print."""

import re
from typing import NamedTuple

PING_REPLY = re.compile(r"icmp_seq=(\d+) .*\btime=([\d.]+) ms")
FPING_REPLY = re.compile(r"^\S+\s+: \[(\d+)\], \d+ bytes, ([\d.]+) ms", re.MULTILINE)
PROGRAM_REPLY = re.compile(r"^(\d+) ([\d.]+)$", re.MULTILINE)
PING_SUMMARY = re.compile(r"^(\d+) packets transmitted, (\d+) received", re.MULTILINE)
FPING_SUMMARY = re.compile(r"^\S+\s+: xmt/rcv/%loss = (\d+)/(\d+)/", re.MULTILINE)
PROGRAM_SUMMARY = re.compile(r"^(\d+) asked, (\d+) alive$", re.MULTILINE)
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


def _shown(number: str, milliseconds: str, *, first: int = 0) -> Shown:
    return Shown(int(number) - first, float(milliseconds) * MILLISECOND)
