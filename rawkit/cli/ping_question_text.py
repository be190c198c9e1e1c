"""What ``rawkit ping`` prints of answers that say more than an echo."""

from rawkit.cli.ping_numbers import rounded
from rawkit.cli.ping_options import PingOptions
from rawkit.engine.ping_answers import (
    Answer,
    InterfaceAnswer,
    NodeAnswer,
    TCPAnswer,
    TimestampAnswer,
    UDPAnswer,
)
from rawkit.engine.ping_events import Reply, Target
from rawkit.engine.ping_report import PingReport
from rawkit.wire.extended_echo import Code, State
from rawkit.wire.node_information import Answered, QType

HEADERS = {4: 28, 6: 48}
"""Octets of IP and UDP."""
SEQUENCES = {"tcp": "tcp_seq", "udp": "udp_seq"}


class QuestionText:
    """The words of one kind of ping."""

    def __init__(self, options: PingOptions) -> None:
        """Prepare to print.

        Args:
            options: what was asked for; not only an echo.
        """
        self._options = options
        (self._question,) = options.questions
        self.sequence = SEQUENCES.get(self._question, "icmp_seq")
        """What the number of a request is called."""

    def header(self, target: Target, shown: str, source: str) -> str:
        """Return the line before anything has come.

        Args:
            target: who is asked.
            shown: the address, with its name if that is known.
            source: ping(8)'s words for where it is asked from; often nothing.
        """
        v4 = target.address.version == 4
        whom = f"{target.name} ({target.address})" if v4 else f"{target.name}({shown})"
        return f"PING {whom} {source}{self._what(HEADERS[target.address.version])}\n"

    def said(self, reply: Reply, shown: str, number: str) -> str:
        """Return the line of an answer, without marks and line end.

        Args:
            reply: the answer.
            shown: who sent it.
            number: the number of the request, with what it is called.
        """
        who = f"{reply.size} bytes from {shown}:" if reply.size else f"answer from {shown}:"
        ttl = f" ttl={reply.ttl}" if reply.ttl else ""
        time = f"time={rounded(reply.rtt)} ms"
        if isinstance(reply.answer, NodeAnswer):  # as ping(8) has it, but for the time
            number = number.partition("=")[2]
            return f"{who} {_node(reply.answer)}; seq={number};{ttl} {time}"
        words = f" {words_of(reply.answer)}" if reply.answer is not None else ""
        return f"{who} {number}{ttl} {time}{words}"

    def conclusion(self, report: PingReport) -> str:
        """Return the lines before the statistics: of a clock, how far it is ahead."""
        if not isinstance(report.answer, TimestampAnswer):
            return ""
        return f"\nclock of {report.target.name} minus ours: {_ahead(report.answer)}\n"

    def _what(self, headers: int) -> str:
        options = self._options
        match self._question:
            case "tcp":
                return f"TCP port {options.tcp}"
            case "udp":
                size = options.size if options.data is None else len(options.data)
                return f"UDP port {options.udp}, {size}({size + headers}) bytes of data."
            case "icmp_timestamp":
                return "ICMP timestamp"
            case "probe":
                return f"PROBE interface {options.probe}"
        return f"{options.size} data bytes"  # as ping(8) says, though it sends none


def words_of(answer: Answer) -> str:
    """Return what an answer says."""
    match answer:
        case TCPAnswer():
            return _tcp(answer)
        case UDPAnswer():
            return answer.state.value
        case TimestampAnswer():
            times = f"originate={answer.originate} receive={answer.receive}"
            return f"{times} transmit={answer.transmit} difference={_ahead(answer)}"
        case InterfaceAnswer():
            return _interface(answer)
        case NodeAnswer():
            return _node(answer)


def interface_outcome(answer: InterfaceAnswer) -> str:
    """Return what became of the question for an interface, in the words of RFC 8335 §3."""
    if answer.code not in tuple(Code):
        return f"code {answer.code}"
    return Code(answer.code).name.lower().replace("_", " ")


def node_outcome(answer: NodeAnswer) -> str:
    """Return what became of the question to a node, in the words of RFC 4620 §4."""
    if answer.code not in tuple(Answered):
        return f"unknown code({answer.code:02x})"
    return Answered(answer.code).name.lower()


def _tcp(answer: TCPAnswer) -> str:
    took, again = "", f" (SYN sent {answer.resent + 1} times)" if answer.resent else ""
    if answer.connect_time is not None:
        took = f"connect={rounded(answer.connect_time)} ms "
    return f"{took}{answer.state.value}{again}"


def _ahead(answer: TimestampAnswer) -> str:
    if answer.difference is None:
        return "unknown (no standard time)"
    milliseconds = round(answer.difference * 1000)
    return f"{milliseconds:+d} ms" if milliseconds else "0 ms"


def _interface(answer: InterfaceAnswer) -> str:
    if answer.code != Code.NO_ERROR:
        return interface_outcome(answer)
    if answer.state:
        known = answer.state in tuple(State)
        return f"neighbour {State(answer.state).name.lower() if known else answer.state}"
    versions = [name for name, runs in (("IPv4", answer.ipv4), ("IPv6", answer.ipv6)) if runs]
    return ", ".join(["active" if answer.active else "inactive", *versions])


def _node(answer: NodeAnswer) -> str:
    if answer.code != Answered.SUCCESS:
        return node_outcome(answer)
    if answer.qtype not in (QType.NAME, QType.ADDRESSES, QType.IPV4_ADDRESSES):
        return f"unknown qtype(0x{answer.qtype:02x})"
    found = ", ".join([*answer.names, *map(str, answer.addresses)])
    return f"{found or 'nothing'}{' (truncated)' if answer.truncated else ''}"
