"""What filters let pass: as tcpdump has it, and as their words say."""

from collections.abc import Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rawkit.errors import FilterError
from rawkit.filters.filter import Filter
from rawkit.filters.links import Link
from rawkit.filters.parser import parse
from rawkit.wire.bpf_ancillary import Ancillary
from rawkit.wire.bpf_python import translate
from rawkit.wire.packet import Packet
from tests.filters import corpus
from tests.filters.expressions import (
    NOTHING,
    ONLY_IPV4_THERE,
    OURS,
    SIMPLE,
    expressions,
    primitives,
    tags,
)
from tests.filters.reference import means
from tests.filters.tcpdump import Refused, compiled
from tests.properties.strategies import frames

WHOLE = corpus.plain_frames()
CHAINED = [corpus.framed(packet) for packet in corpus.chained_packets()]
BENT = [frame for frame in corpus.bent(WHOLE, 2000) if not corpus.has_chain(frame)]
INTERFACES = {"eth0": 2, "eth1": 3}
NO_TAG: Mapping[int, int] = {}


def verdicts(program: bytes, frames: list[bytes]) -> list[bool]:
    run = translate(program)
    return [run(frame, len(frame), NO_TAG) != 0 for frame in frames]


def differing(expression: str, frames: list[bytes], *, optimized: bool = True) -> list[str]:
    """Return the frames that tcpdump and we do not agree on."""
    ours = verdicts(Filter.compile(expression).program, frames)
    theirs = verdicts(compiled(expression, optimized=optimized), frames)
    pairs = zip(frames, ours, theirs, strict=True)
    return [f"{frame.hex()}: {one}" for frame, one, other in pairs if one is not other]


@pytest.mark.thorough
@pytest.mark.parametrize("expression", SIMPLE)
def test_tcpdump_means_the_same_even_of_broken_frames(expression: str) -> None:
    assert differing(expression, WHOLE + BENT) == []


@pytest.mark.parametrize("expression", ONLY_IPV4_THERE)
def test_tcpdump_means_the_same_of_what_is_behind_an_ipv4_header(expression: str) -> None:
    frames = [frame for frame in WHOLE + BENT if not corpus.is_ipv6(frame)]

    assert differing(expression, frames) == []


@pytest.mark.parametrize("expression", NOTHING)
def test_what_tcpdump_refuses_as_never_true_lets_nothing_pass(expression: str) -> None:
    with pytest.raises(Refused, match="expression rejects all packets"):
        compiled(expression)

    assert Filter.compile(expression).verdict is False


@pytest.mark.parametrize("expression", SIMPLE)
def test_the_table_lets_something_pass_and_something_not(expression: str) -> None:
    found = verdicts(Filter.compile(expression).program, WHOLE)

    if Filter.compile(expression).verdict is None:
        assert True in found
        assert False in found


@pytest.mark.thorough
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60)
@given(expressions(primitives.filter(lambda text: "[" not in text) | tags))
def test_tcpdump_means_the_same_of_any_filter(expression: str) -> None:
    # not by its optimizer, which is wrong about some of them
    try:
        compiled(expression, optimized=False)
    except Refused as refused:
        assert "rejects all packets" in str(refused) or "is above" in str(refused)  # noqa: PT017
        return
    frames = [frame for frame in WHOLE if " proto" not in expression or not corpus.is_ipv6(frame)]

    assert differing(expression, frames, optimized=False) == []


@pytest.mark.thorough
@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(frames, min_size=5, max_size=5), st.sampled_from(SIMPLE + ONLY_IPV4_THERE))
def test_tcpdump_means_the_same_of_any_packet(packets: list[Packet], expression: str) -> None:
    octets = [frame for frame in map(bytes, packets) if not corpus.has_chain(frame)]
    if expression in ONLY_IPV4_THERE:
        octets = [frame for frame in octets if not corpus.is_ipv6(frame)]

    assert differing(expression, octets) == []


LINKS = {
    "EN10MB": Link.ETHERNET,
    "RAW": Link.RAW,
    "LINUX_SLL": Link.SLL,
    "LINUX_SLL2": Link.SLL2,
    "IPV4": Link.IPV4,
    "IPV6": Link.IPV6,
    "LOOP": Link.LOOP,
    "NULL": Link.NULL,
}


def on_link(frame: bytes, link: Link) -> bytes:
    """Return an Ethernet frame as another link would have it."""
    ether_type, inside = frame[12:14], frame[14:]
    family = {b"\x08\x00": 2, b"\x86\xdd": 10}.get(ether_type, 7)
    kind = 1 if frame[:6] == b"\xff" * 6 else 2 if frame[0] & 1 else (len(frame) % 2) * 4
    number = 2 + len(frame) % 3
    match link:
        case Link.ETHERNET | Link.FRAMES:
            return frame
        case Link.SLL:
            head = kind.to_bytes(2, "big") + b"\0\1\0\6" + frame[6:12] + bytes(2)
            return head + ether_type + inside
        case Link.SLL2:
            head = ether_type + bytes(2) + number.to_bytes(4, "big") + b"\0\1" + bytes([kind, 6])
            return head + frame[6:12] + bytes(2) + inside
        case Link.NULL:
            return family.to_bytes(4, "little" if len(frame) % 2 else "big") + inside
        case Link.LOOP:
            return family.to_bytes(4, "big") + inside
        case _:
            return inside


# libpcap takes the machine's order of octets and Linux's family of IPv6; we all that there are
ON_LINKS = [
    *("ip", "ip6", "arp", "tcp", "udp port 53", "icmp", "host 192.0.2.7", "net 2001:db8::/48"),
    *("ip multicast", "port 80 or port 443", "not ip", "ip[8] > 10", "less 80", "icmp or icmp6"),
    *("link[1] = 0", "ether proto 0x88cc"),
]


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("expression", ON_LINKS)
def test_tcpdump_means_the_same_on_other_links(name: str, expression: str) -> None:
    link = LINKS[name]
    packets = [on_link(frame, link) for frame in WHOLE if not corpus.has_chain(frame)]
    if name in ("LOOP", "NULL"):
        packets = [packet for packet in packets if packet[:4] in (b"\2\0\0\0", b"\0\0\0\2")]
        packets = [packet for packet in packets if (packet[0] == 2) is (name == "NULL")]
    try:
        theirs = verdicts(compiled(expression, name), packets)
    except Refused as refused:
        assert "rejects all packets" in str(refused)  # noqa: PT017
        theirs = [False] * len(packets)

    assert verdicts(Filter.compile(expression, link).program, packets) == theirs


@pytest.mark.parametrize(
    ("name", "expression"),
    [
        ("LINUX_SLL", "inbound"),
        ("LINUX_SLL", "outbound"),
        ("LINUX_SLL2", "inbound"),
        ("LINUX_SLL2", "outbound"),
        ("LINUX_SLL2", "ifindex 3"),
    ],
)
def test_tcpdump_means_the_same_of_what_cooked_captures_tell(name: str, expression: str) -> None:
    packets = [on_link(frame, LINKS[name]) for frame in WHOLE]

    ours = Filter.compile(expression, LINKS[name])

    assert verdicts(ours.program, packets) == verdicts(compiled(expression, name), packets)


@pytest.mark.parametrize(
    ("family", "version"), [(2, 4), (10, 6), (24, 6), (28, 6), (30, 6), (7, None)]
)
@pytest.mark.parametrize("order", ["big", "little"])
def test_the_loopback_of_every_bsd_is_understood(
    family: int, version: int | None, order: str
) -> None:
    packet = family.to_bytes(4, order) + bytes(40)  # type: ignore[arg-type]  # one of two words

    assert Filter.compile("ip", Link.NULL).matches(packet) is (version == 4)
    assert Filter.compile("ip6", Link.NULL).matches(packet) is (version == 6)
    is_loop = order == "big"
    assert Filter.compile("ip6", Link.LOOP).matches(packet) is (is_loop and version == 6)


def told(frame: bytes, link: Link) -> tuple[bytes, dict[int, int]]:
    """Return what a socket gives of a frame, and what the kernel tells beside."""
    about: dict[int, int] = {Ancillary.INTERFACE: 2 + len(frame) % 3}
    kind = 1 if frame[:6] == b"\xff" * 6 else 2 if frame[0] & 1 else (len(frame) % 2) * 4
    about[Ancillary.PACKET_TYPE] = kind
    if link not in (Link.FRAMES, Link.COOKED):
        return on_link(frame, link), about
    if frame[12:14] in (b"\x81\x00", b"\x88\xa8") and len(frame) % 5:  # some it leaves alone
        about[Ancillary.VLAN_TAG_PRESENT] = 1
        about[Ancillary.VLAN_TAG] = int.from_bytes(frame[14:16], "big")
        frame = frame[:12] + frame[16:]
    about[Ancillary.PROTOCOL] = int.from_bytes(frame[12:14], "big")
    return (frame if link is Link.FRAMES else frame[14:]), about


def check_meaning(expression: str, link: Link, frames: list[bytes]) -> list[bool]:
    """Hold the program of a filter against what its words mean, and return what it lets pass."""
    try:
        chosen = Filter.compile(expression, link, interfaces=INTERFACES)
    except FilterError as error:
        assert any(word in str(error) for word in ("there are no", "there is no", "VLAN"))  # noqa: PT017
        return []
    tree = parse(expression, interfaces=INTERFACES)
    run = translate(chosen.program)
    found = []
    for frame in frames:
        octets, about = told(frame, link)
        meant = means(tree, octets, link, about)
        passes = run(octets, len(octets), about) != 0
        assert meant is None or passes is meant, (octets.hex(), about)
        found.append(passes)
    return found


EVERY_LINK = pytest.mark.parametrize("link", Link, ids=lambda link: link.name)


@pytest.mark.thorough
@EVERY_LINK
@pytest.mark.parametrize("expression", [*SIMPLE, *ONLY_IPV4_THERE, *OURS])
def test_a_filter_means_what_it_says_on_every_link(expression: str, link: Link) -> None:
    found = check_meaning(expression, link, WHOLE + CHAINED)

    if expression in ONLY_IPV4_THERE + OURS and link is Link.FRAMES:
        assert len(set(found)) == 2, "an example that shows nothing"


@pytest.mark.thorough
@EVERY_LINK
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=40)
@given(expression=expressions(primitives | tags))
def test_any_filter_means_what_it_says(expression: str, link: Link) -> None:
    check_meaning(expression, link, WHOLE[::3] + CHAINED[::2])


@given(octets=st.binary(max_size=120), expression=st.sampled_from(SIMPLE + ONLY_IPV4_THERE + OURS))
def test_no_octets_upset_a_filter(octets: bytes, expression: str) -> None:
    chosen = Filter.compile(expression, interfaces=INTERFACES)
    meant = means(parse(expression, interfaces=INTERFACES), octets, Link.ETHERNET, NO_TAG)

    if meant is not None:
        assert chosen.matches(octets) is meant
