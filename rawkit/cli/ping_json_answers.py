"""The objects behind ``answer`` in what ``rawkit ping --json`` prints."""

from rawkit.cli.ping_question_text import interface_outcome, node_outcome
from rawkit.cli.records import Value, duration
from rawkit.engine.ping_answers import (
    Answer,
    InterfaceAnswer,
    NodeAnswer,
    TCPAnswer,
    TimestampAnswer,
    UDPAnswer,
)
from rawkit.wire.extended_echo import State
from rawkit.wire.quote import says
from rawkit.wire.tcp import Flags


def values_of(answer: Answer) -> dict[str, Value]:
    """Return the fields of an answer, as :data:`rawkit.cli.ping_json.PARTS` has them."""
    match answer:
        case TCPAnswer():
            return _tcp(answer)
        case UDPAnswer():
            return _udp(answer)
        case TimestampAnswer():
            return {
                "originate": answer.originate,
                "receive": answer.receive,
                "transmit": answer.transmit,
                "clock_difference": duration(answer.difference),
            }
        case InterfaceAnswer():
            return _interface(answer)
        case NodeAnswer():
            return {
                "icmp_code": answer.code,
                "outcome": node_outcome(answer),
                "names": list(answer.names),
                "addresses": [str(address) for address in answer.addresses],
                "truncated": answer.truncated,
            }


def _tcp(answer: TCPAnswer) -> dict[str, Value]:
    flags = answer.flags
    names = None if flags is None else [flag.name for flag in Flags if flags & flag]
    return {
        "port_state": answer.state.value,
        "tcp_flags": names,
        "connect_time": duration(answer.connect_time),
        "resent": None if flags is not None else answer.resent,
    }


def _udp(answer: UDPAnswer) -> dict[str, Value]:
    message = answer.message
    return {
        "port_state": answer.state.value,
        "data": None if message is not None else answer.payload.hex(),
        "icmp_type": getattr(message, "TYPE", None),
        "icmp_code": getattr(message, "code", None),
        "message": None if message is None else says(message),
    }


def _interface(answer: InterfaceAnswer) -> dict[str, Value]:
    known = answer.state in tuple(State)
    state = State(answer.state).name.lower() if known else str(answer.state)
    return {
        "icmp_code": answer.code,
        "outcome": interface_outcome(answer),
        "interface_active": answer.active,
        "runs_ipv4": answer.ipv4,
        "runs_ipv6": answer.ipv6,
        "neighbour_state": state if answer.state else None,
    }
