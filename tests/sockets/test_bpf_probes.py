"""Socket filters for answers to UDP and TCP probes: what they let pass."""

import pytest

from rawkit.sockets.bpf_probes import error_filter, reply_filter
from rawkit.wire import icmp, icmpv6
from rawkit.wire.bpf_machine import BPFMachine
from rawkit.wire.extensions import DestinationOptions, Fragment, HopByHop
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.packet import Packet
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP
from tests.sockets.test_bpf import (
    NOPS,
    OPTIONS,
    ROUTER,
    ROUTER6,
    TARGET,
    TARGET6,
    US,
    US6,
    behind_ipv6_header,
    filtered,
    from_target,
    redirect,
    redirected,
)

PORTS = range(40_000, 40_004)
OURS, LAST, BELOW, ABOVE = 40_000, 40_003, 39_999, 40_004
UDP_NUMBER, TCP_NUMBER = 17, 6


def sent(src_port: int = OURS, dst: object = TARGET, **fields: object) -> Packet:
    ip = IPv4(US, dst, **fields)  # type: ignore[arg-type]  # the fields of a table
    return ip / UDP(src_port, 33434) / b"payload"


def sent6(src_port: int = OURS, dst: object = TARGET6) -> Packet:
    return IPv6(US6, dst) / UDP(src_port, 33434) / b"payload"  # type: ignore[arg-type]  # same


STRANGER, STRANGER6 = ROUTER, ROUTER6
SEGMENT = IPv4(US, TARGET) / TCP(OURS, 80)
SEGMENT6 = IPv6(US6, TARGET6) / TCP(OURS, 80)
LATER = IPv4(US, TARGET, protocol=17, fragment_offset=9) / UDP(OURS, 33434).pack()
BURIED = (
    IPv6(US6, STRANGER6)
    / HopByHop(options=OPTIONS)
    / DestinationOptions(options=OPTIONS)
    / Fragment(offset=0, more=True, identification=7)
    / UDP(OURS, 33434)
)


def error(*inside: object) -> Packet:
    return from_target(icmp.TimeExceeded(), *inside)


def error6(inside: Packet | bytes) -> Packet:
    return IPv6(ROUTER6, US6) / icmpv6.TimeExceeded() / inside


PASSES_V4 = {
    "our first port": error(sent()),
    "our last port": error(sent(LAST)),
    "eight octets": error(bytes(sent())[:28]),
    "no more than the port": error(bytes(sent())[:22]),
    "unreachable": from_target(icmp.Unreachable(code=3), sent()),
    "source quench": from_target(icmp.SourceQuench(), sent()),
    "redirect": from_target(icmp.Redirect(gateway=ROUTER), sent()),
    "parameter problem": from_target(icmp.ParameterProblem(), sent()),
    "quote with options": error(sent(options=NOPS)),
    "options in both": IPv4(ROUTER, US, options=NOPS) / icmp.TimeExceeded() / sent(options=NOPS),
}
TRANSLATED_V4 = {
    "another port": error(sent(BELOW)),
    "another port, eight octets": error(bytes(sent(ABOVE))[:28]),
}
DROPPED_V4 = {
    "the port below": error(sent(BELOW, STRANGER)),
    "the port above": error(sent(ABOVE, STRANGER)),
    "error for a segment": error(SEGMENT),
    "error for a later fragment": error(LATER),
    "short quote": error(bytes(sent(dst=STRANGER))[:21]),
    "no quote": error(),
    "echo reply": from_target(icmp.EchoReply(OURS, 1), sent()),
    "echo request": from_target(icmp.EchoRequest(OURS, 1), sent()),
}
PASSES_V6 = {
    "our first port": error6(sent6()),
    "our last port": error6(sent6(LAST)),
    "too big": IPv6(ROUTER6, US6) / icmpv6.PacketTooBig(1280) / sent6(),
    "unreachable": IPv6(ROUTER6, US6) / icmpv6.Unreachable(code=4) / sent6(),
    "behind extension headers": error6(BURIED),
    "redirect": redirect(redirected(sent6())),
    "eight octets": error6(bytes(sent6())[:48]),
}
TRANSLATED_V6 = {"another port": error6(sent6(BELOW))}
DROPPED_V6 = {
    "the port below": error6(sent6(BELOW, STRANGER6)),
    "the port above": error6(sent6(ABOVE, STRANGER6)),
    "error for a segment": error6(SEGMENT6),
    "short quote": error6(bytes(sent6(dst=STRANGER6))[:41]),
    "echo reply": IPv6(TARGET6, US6) / icmpv6.EchoReply(OURS, 1) / sent6(),
    "neighbour solicitation": IPv6(TARGET6, US6) / icmpv6.Other(135, rest=bytes(4)) / sent6(),
}

CASES = [
    *(
        pytest.param(version, octets_of(packet), target, passes, id=f"v{version}, {name}{known}")
        for version, octets_of, tables in (
            (4, bytes, (PASSES_V4, TRANSLATED_V4, DROPPED_V4)),
            (6, behind_ipv6_header, (PASSES_V6, TRANSLATED_V6, DROPPED_V6)),
        )
        for target, known in (
            (None, ""),
            (TARGET if version == 4 else TARGET6, ", the target is known"),
        )
        for table, passes in zip(tables, (True, target is not None, False), strict=True)
        for name, packet in table.items()
    )
]


@pytest.mark.parametrize(("version", "octets", "target", "passes"), CASES)
def test_errors_about_our_probes_pass(
    version: int, octets: bytes, target: object, passes: bool
) -> None:
    program = error_filter(version, UDP_NUMBER, PORTS, target)  # type: ignore[arg-type]  # addresses

    assert bool(BPFMachine(program).run(octets)) is passes
    with filtered(program) as (ours, theirs):  # and so the kernel has it
        ours.send(octets)
        if passes:
            assert theirs.recv(2048) == octets
        else:
            with pytest.raises(BlockingIOError):
                theirs.recv(2048)


def test_errors_about_segments_pass_where_segments_are_sent() -> None:
    assert BPFMachine(error_filter(4, TCP_NUMBER, PORTS)).run(bytes(error(SEGMENT)))
    assert BPFMachine(error_filter(6, TCP_NUMBER, PORTS)).run(behind_ipv6_header(error6(SEGMENT6)))
    assert not BPFMachine(error_filter(4, TCP_NUMBER, PORTS)).run(bytes(error(sent())))


@pytest.mark.parametrize(
    ("port", "passes"), [(BELOW, False), (OURS, True), (LAST, True), (ABOVE, False)]
)
@pytest.mark.parametrize("header", [UDP, TCP])
def test_what_comes_to_our_ports_passes(
    header: type[UDP] | type[TCP], port: int, passes: bool
) -> None:
    v4 = IPv4(TARGET, US, options=NOPS) / header(OURS, port)
    v6 = IPv6(TARGET6, US6) / header(OURS, port)

    assert bool(BPFMachine(reply_filter(4, PORTS)).run(bytes(v4))) is passes
    assert bool(BPFMachine(reply_filter(6, PORTS)).run(behind_ipv6_header(v6))) is passes
