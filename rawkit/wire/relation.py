"""What a packet may have to do with another that was sent."""

from enum import Enum


class Relation(Enum):
    """The outcome of a comparison; only ``NONE`` is false."""

    NONE = "none"
    """Nothing."""
    REPLY = "reply"
    """It says what was asked for, or refuses."""
    ALTERED = "altered"
    """It has the numbers of a reply, and not the payload that a reply repeats."""
    ERROR = "error"
    """It is an ICMP error that quotes the other: that goes no further."""
    ADVICE = "advice"
    """It is an ICMP message that quotes the other, which goes on all the same: a redirect."""
    PARTIAL = "partial"
    """It may be a reply or an error: there is too little in it to tell."""

    def __bool__(self) -> bool:
        return self is not Relation.NONE
