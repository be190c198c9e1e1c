"""traceroute(8)'s remarks on an answer."""

from typing import TYPE_CHECKING

from rawkit.wire import icmp
from rawkit.wire.packet import Header
from rawkit.wire.quote import word_for

if TYPE_CHECKING:
    from rawkit.engine.trace_events import Answer

UNREACHABLE = (
    *("!N", "!H", "!P", "!p", "!F", "!S", "!N", "!H"),
    *("!N", "!X", "!X", "!N", "!H", "!X", "!V", "!C"),
)
"""By code, as traceroute(8) of Linux has them."""
CLOSED = "!p"
"""Nobody listens at the port: from the target, that is as good as an answer."""
UNREACHABLE_IPV6 = {0: "!N", 1: "!X", 2: "!H", 3: "!H", 4: "!p"}


def annotation(answer: "Answer") -> str:
    """Return the remark for an answer: ``!H`` …, ``!F-1400``, ``!<20>``, or nothing."""
    from rawkit.engine.trace_events import Kind

    if answer.kind is Kind.EXPIRED or answer.message is None:
        return ""
    word = said(answer.message)
    return "" if answer.kind is Kind.REACHED and word == CLOSED else word


def said(message: Header) -> str:
    """Return the remark for an ICMP message."""
    match message:
        case icmp.Unreachable(code=4, mtu=mtu):
            return f"!F-{mtu}"
        case icmp.Unreachable(code=code):
            return word_for(UNREACHABLE, code, f"!<{code}>")
        case icmp.ParameterProblem():
            return "!!"
        case icmp.Message():
            return ""
        case _:
            return _said_ipv6(message)


def _said_ipv6(message: Header) -> str:
    from rawkit.wire import icmpv6

    match message:
        case icmpv6.PacketTooBig(mtu=mtu):
            return f"!F-{mtu}"
        case icmpv6.Unreachable(code=code):
            return UNREACHABLE_IPV6.get(code, f"!<{code}>")
        case icmpv6.ParameterProblem():
            return "!!"
        case _:
            return ""
