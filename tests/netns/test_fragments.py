"""The kernel's fragments and its reassembly, beside ours."""

import os
import random
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import IPv4Address, IPv6Address

import pytest

from rawkit.lab.namespace import Namespace
from rawkit.lab.ready import loopback_up
from rawkit.record import record
from rawkit.wire import ip_options
from rawkit.wire.address import Address
from rawkit.wire.checksum import internet_checksum
from rawkit.wire.dissect import dissect
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.extensions import DestinationOptions, Fragment, HopByHop
from rawkit.wire.fragment import fragment, pieces
from rawkit.wire.ipv4 import IPv4
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.numbers import IPProtocol
from rawkit.wire.overlap import Policy
from rawkit.wire.packet import Packet
from rawkit.wire.reassembly import Reassembler
from rawkit.wire.received import Checksum
from rawkit.wire.tcp import TCP
from rawkit.wire.udp import UDP
from rawkit.wire.verify import verdict
from tests.netns.capture import Capture

pytestmark = pytest.mark.netns

HERE: dict[int, Address] = {4: IPv4Address("127.0.0.1"), 6: IPv6Address("::1")}
FAMILY = {4: socket.AF_INET, 6: socket.AF_INET6}
PORT, MARK = 7, b"that was all"
UDP_NO_CHECK6_RX = 102
PATIENT = 20.0
SEQUENCES = 1000
both = pytest.mark.parametrize("version", [4, 6])


@record
class Cut:
    """A fragment to be: units of 8 octets from the start, octets, whether more follow."""

    unit: int
    octets: bytes
    more: bool


@pytest.fixture
def node() -> Iterator[Namespace]:
    with Namespace("node") as node:
        with node.here():
            loopback_up()
        yield node


@contextmanager
def on_one_processor() -> Iterator[None]:
    """What goes over lo is then heard in the order in which it was sent."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


class Kernel:
    """A UDP socket behind the kernel's reassembly, and a raw one to send fragments by."""

    def __init__(self, node: Namespace, version: int) -> None:
        self.version = version
        with node.here():
            self._heard = socket.socket(FAMILY[version], socket.SOCK_DGRAM)
            self._raw = socket.socket(FAMILY[version], socket.SOCK_RAW, socket.IPPROTO_RAW)
        if version == 6:
            self._heard.setsockopt(socket.IPPROTO_UDP, UDP_NO_CHECK6_RX, 1)
        self._heard.bind((str(HERE[version]), PORT))
        self._heard.settimeout(PATIENT)

    def __enter__(self) -> "Kernel":
        return self

    def __exit__(self, *_: object) -> None:
        self._heard.close()
        self._raw.close()

    def makes_of(self, packets: list[Packet]) -> list[bytes]:
        """Send packets, and return the payloads that reached the socket."""
        last = headed(self.version, 0) / UDP(9, PORT) / MARK
        for packet in (*packets, last):
            self._raw.sendto(bytes(packet), (str(HERE[self.version]), 0))
        heard = []
        while (payload := self._heard.recv(1 << 16)) != MARK:
            heard.append(payload)
        return heard


def headed(version: int, number: int, cut: Cut | None = None) -> Packet:
    """Return IP headers, those of a fragment if there is a cut."""
    here = HERE[version]
    if isinstance(here, IPv4Address):
        ip = IPv4(here, here, IPProtocol.UDP, identification=number, dont_fragment=False)
        if cut is None:
            return Packet((ip,))
        flags = {"fragment_offset": cut.unit, "more_fragments": cut.more}
        return Packet((ip,)).replace(IPv4, **flags) / cut.octets
    if cut is None:
        return Packet((IPv6(here, here),))
    fragment = Fragment(cut.unit, cut.more, number, next_header=IPProtocol.UDP)
    return IPv6(here, here) / fragment / cut.octets


def some_cuts(chance: random.Random) -> list[Cut]:
    """Return fragments of one datagram, some of which may overlap, repeat, lack or be odd."""
    units, odd = chance.randint(2, 6), chance.randint(0, 7)
    size = units * 8 + odd
    places = [(place, 1) for place in range(units)]
    if chance.random() < 0.5:
        places = [(place, 2) for place in range(0, units, 2)]
    places += [
        (chance.randrange(units + 1), chance.randint(0, 3)) for _ in range(chance.randrange(4))
    ]
    chance.shuffle(places)
    return [one_cut(chance, number, *place, size) for number, place in enumerate(places)]


def one_cut(chance: random.Random, number: int, unit: int, length: int, size: int) -> Cut:
    start, end = unit * 8, (unit + length) * 8
    more = end <= size - size % 8 - 8
    if not more:
        end = max(size, start)
    if chance.random() < 0.05:
        more = not more
    if chance.random() < 0.05:
        end = max(start, end - chance.randint(1, 9))
    octets = bytes((65 + number,)) * (end - start)
    if start == 0:
        octets = (bytes(UDP(9, PORT, checksum=0, length=size).pack()) + octets)[: end - start]
    return Cut(unit, octets, more)


def ours(packets: list[Packet]) -> list[bytes]:
    """Return the payloads that a socket would get of what we put together."""
    reassembler, heard = Reassembler(Policy.LINUX), []
    for packet in packets:
        whole = reassembler.add(0, packet)
        if whole is not None:
            octets = bytes(whole)[20 if IPv4 in whole else 40 :]
            length = int.from_bytes(octets[4:6])
            if 8 <= length <= len(octets):
                heard.append(octets[8:length])
    return heard


@both
def test_of_fragments_that_overlap_the_kernel_makes_what_we_make(
    node: Namespace, version: int
) -> None:
    chance, wholes = random.Random(4), 0
    with on_one_processor(), Kernel(node, version) as kernel:
        for number in range(1, SEQUENCES):
            cuts = some_cuts(chance)
            packets = [headed(version, number, cut) for cut in cuts]

            made = kernel.makes_of(packets)

            assert made == ours(packets), cuts
            wholes += len(made)
    assert wholes > SEQUENCES / 5


IP_OPTIONS, IPV6_HOPOPTS, IPV6_DSTOPTS = 4, 54, 59
MTU, PAYLOAD = 1300, bytes(place % 251 for place in range(4000))
Options = dict[tuple[int, int], bytes]
ALERT4 = ip_options.encode(ip_options.RouterAlert())
ROUTE4 = ip_options.encode(ip_options.RecordRoute(free=3))
ALERT6 = bytes(HopByHop(bytes.fromhex("0502 0000 0100"), next_header=0).pack())
PAD6 = bytes(DestinationOptions(next_header=0).pack())
SENDERS = [
    pytest.param(4, {}, id="IPv4"),
    pytest.param(4, {(socket.IPPROTO_IP, IP_OPTIONS): ALERT4}, id="IPv4, option in all"),
    pytest.param(6, {}, id="IPv6"),
    pytest.param(6, {(socket.IPPROTO_IPV6, IPV6_HOPOPTS): ALERT6}, id="IPv6, option in all"),
]


def cut_by_kernel(node: Namespace, version: int, options: Options) -> tuple[list[Packet], Packet]:
    """Return the fragments that the kernel makes of a datagram, and what we make of them."""
    with node.here():
        subprocess.run(["ip", "link", "set", "lo", "mtu", str(MTU)], check=True)
        sender = socket.socket(FAMILY[version], socket.SOCK_DGRAM)
    with sender, on_one_processor(), Capture(node, "lo") as capture:
        for (level, name), value in options.items():
            sender.setsockopt(level, name, value)
        sender.sendto(PAYLOAD, (str(HERE[version]), PORT))
        frames = capture.until(lambda frame: not frame.outgoing, 4)
    cut = [dissect(frame.octets, Ethernet.parse).inside(Ethernet) for frame in frames]
    reassembler = Reassembler()
    *waits, whole = [reassembler.add(0, piece) for piece in cut]
    assert waits == [None] * 3
    assert whole is not None
    return cut, whole


@pytest.mark.parametrize(("version", "options"), SENDERS)
def test_the_kernel_cuts_as_we_do(node: Namespace, version: int, options: Options) -> None:
    cut, whole = cut_by_kernel(node, version, options)
    number = None if version == 4 else cut[0][Fragment].identification

    again = fragment(whole, MTU, number)

    assert [*map(bytes, again)] == [*map(bytes, cut)]
    assert whole.payload == PAYLOAD
    assert verdict(whole) is Checksum.VALID


def test_where_an_option_is_not_copied_the_kernel_has_filling_and_we_have_nothing(
    node: Namespace,
) -> None:
    cut, whole = cut_by_kernel(node, 4, {(socket.IPPROTO_IP, IP_OPTIONS): ROUTE4})
    filled = [piece[IPv4].options for piece in cut]

    first, *others = pieces(whole, [*map(place_of, cut)])

    assert filled == [filled[0]] + [b"\1" * 15 + b"\0"] * 3
    assert bytes(first) == bytes(cut[0])
    assert [*map(bytes, others)] == [bytes(piece.replace(IPv4, options=b"")) for piece in cut[1:]]
    assert len(fragment(whole, MTU)[1].payload) == len(others[0].payload) + 16


def test_destination_options_stay_whole_where_the_kernel_puts_them_before_the_fragment_header(
    node: Namespace,
) -> None:
    """RFC 8200 §4.5 has them behind it if there is no routing header; Linux has not."""
    cut, whole = cut_by_kernel(node, 6, {(socket.IPPROTO_IPV6, IPV6_DSTOPTS): PAD6})

    assert [*map(type, cut[0].headers)] == [IPv6, DestinationOptions, Fragment, UDP]
    assert [*map(type, whole.headers)] == [IPv6, DestinationOptions, UDP]
    assert [*map(type, fragment(whole, MTU, 1)[0].headers)] == [IPv6, Fragment]
    assert whole.payload == PAYLOAD


def place_of(piece: Packet) -> tuple[int, int]:
    """Return where a fragment of IPv4 begins and ends, in octets."""
    start = piece[IPv4].fragment_offset * 8
    return start, start + len(bytes(piece)) - 20 - len(piece[IPv4].options)


def test_the_kernel_too_sums_over_the_end_of_a_source_route(node: Namespace) -> None:
    """With TCP. With UDP, Linux 6.18 takes the first station, which no other host does."""
    way, end = HERE[4], IPv4Address("127.0.0.2")
    route = bytes((131, 7, 4)) + way.packed + b"\0"  # of which Linux makes: to way, then to end
    with node.here():
        sender = socket.socket(FAMILY[4], socket.SOCK_STREAM)
    with sender, on_one_processor(), Capture(node, "lo") as capture:
        sender.setblocking(False)
        sender.setsockopt(socket.IPPROTO_IP, IP_OPTIONS, route)
        sender.connect_ex((str(end), PORT))
        (frame,) = capture.until(lambda frame: frame.outgoing, 1)
    packet = dissect(frame.octets, Ethernet.parse).inside(Ethernet)
    ip, segment = packet[IPv4], packet[TCP]

    covered = ip.covering(None)

    assert ip.dst == way
    assert ip_options.decode(ip.options)[0] == ip_options.SourceRoute((end,))
    assert covered is not None
    # On lo nobody finishes the sum, which is that of the pseudo header so far.
    pseudo = covered.pseudo_header(20 + len(segment.options), IPProtocol.TCP)
    assert segment.checksum == 0xFFFF - internet_checksum(pseudo)
