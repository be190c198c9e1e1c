"""Filters in the running kernel, on packet sockets of both kinds, with VLAN tags taken off."""

import select
import shutil
import socket
import subprocess
from collections.abc import Iterator

import pytest

from rawkit.filters.filter import Filter
from rawkit.filters.links import Link
from rawkit.lab.namespace import Namespace
from rawkit.sockets.bpf import attach
from rawkit.sockets.options import (
    ETH_P_ALL,
    PACKET_BROADCAST,
    PACKET_HOST,
    PACKET_MULTICAST,
    PACKET_OTHERHOST,
)
from rawkit.wire.bpf_ancillary import Ancillary
from tests.filters import corpus
from tests.filters.expressions import ONLY_IPV4_THERE, OURS, SIMPLE
from tests.filters.test_meaning import CHAINED, WHOLE

pytestmark = pytest.mark.netns

FRAMES = sorted({frame.ljust(60, b"\0") for frame in WHOLE + CHAINED if len(frame) < 1500})
LAST = corpus.framed(corpus.ipv4_packets()[0])[:12] + b"\x88\xb5the last".ljust(48, b".")
PATIENCE = 20
ASKED = [*SIMPLE, *ONLY_IPV4_THERE, *OURS]


def taken_off(frame: bytes) -> tuple[bytes, dict[int, int]]:
    """Return a frame as the kernel hands it over, and what it tells beside."""
    about: dict[int, int] = {}
    if frame[12:14] in (b"\x81\x00", b"\x88\xa8"):
        about[Ancillary.VLAN_TAG_PRESENT] = 1
        about[Ancillary.VLAN_TAG] = int.from_bytes(frame[14:16], "big")
        frame = frame[:12] + frame[16:]
    return frame, about


class Cable:
    """Two ends of a cable in a namespace; what is sent from one is heard at the other."""

    def __init__(self, namespace: Namespace) -> None:
        namespace.sysctl("net.ipv6.conf.default.disable_ipv6", "1")
        for words in ("add near type veth peer name far", "set near up", "set far up"):
            with namespace.popen(["ip", "link", *words.split()]) as setting:
                assert setting.wait() == 0
        with namespace.popen(["ip", "link", "set", "far", "address", str(corpus.THERE)]) as setting:
            assert setting.wait() == 0
        with namespace.here():
            self.sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            self.interfaces = {name: number for number, name in socket.if_nameindex()}
        self.sender.bind(("near", 0))
        self.namespace = namespace
        self.listeners = {
            Link.FRAMES: self.listener("far"),
            Link.COOKED: self.listener("far", socket.SOCK_DGRAM),
        }
        self._witness = self.listener("far")

    def listener(self, interface: str, kind: int = socket.SOCK_RAW) -> socket.socket:
        """Open a packet socket."""
        flags = socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        with self.namespace.here():
            sock = socket.socket(socket.AF_PACKET, kind | flags, 0)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        sock.bind((interface, ETH_P_ALL))
        return sock

    def close(self) -> None:
        for sock in (self.sender, self._witness, *self.listeners.values()):
            sock.close()

    def heard(self, frames: list[bytes], link: Link, program: bytes) -> list[bytes]:
        """Send frames, and return those that pass a filter."""
        listener = self.listeners[link]
        attach(listener, program)
        _drain(listener)
        for frame in (*frames, LAST):
            self.sender.send(frame)
        poll = select.poll()
        poll.register(self._witness, select.POLLIN)
        while poll.poll(PATIENCE * 1000):
            if LAST in _drain(self._witness):
                return [octets for octets in _drain(listener) if octets not in (LAST, LAST[14:])]
        raise AssertionError("frames got lost")


def _drain(sock: socket.socket) -> list[bytes]:
    found = []
    while True:
        try:
            found.append(sock.recv(1 << 16))
        except BlockingIOError:
            return found


@pytest.fixture(scope="module")
def cable() -> Iterator[Cable]:
    with Namespace("host") as namespace:
        cable = Cable(namespace)
        yield cable
        cable.close()


def expected(chosen: Filter, link: Link, number: int) -> list[bytes]:
    """Return what is to pass, by our own machine."""
    found = []
    for sent in FRAMES:
        octets, about = taken_off(sent)
        to = {corpus.THERE: PACKET_HOST, b"\xff" * 6: PACKET_BROADCAST}.get(sent[:6])
        elsewhere = PACKET_MULTICAST if sent[0] & 1 else PACKET_OTHERHOST
        about |= {
            Ancillary.PACKET_TYPE: elsewhere if to is None else to,
            Ancillary.INTERFACE: number,
            Ancillary.PROTOCOL: protocol_of(octets),
        }
        octets = octets if link is Link.FRAMES else octets[14:]
        if chosen.matches(octets, about=about):
            found.append(octets)
    return found


def protocol_of(frame: bytes) -> int:
    """Return what the kernel calls the protocol of a frame (eth_type_trans)."""
    ether_type = int.from_bytes(frame[12:14], "big")
    if ether_type >= 0x0600:
        return ether_type
    return 1 if frame[14:16] == b"\xff\xff" else 4  # ETH_P_802_3, ETH_P_802_2


@pytest.mark.parametrize("link", [Link.FRAMES, Link.COOKED], ids=["raw", "cooked"])
def test_the_kernel_lets_pass_what_our_machine_does(cable: Cable, link: Link) -> None:
    names = {"eth0": cable.interfaces["far"], "eth1": cable.interfaces["near"]}
    asked = 0
    for expression in ASKED:
        if link is Link.COOKED and any(word in expression for word in ("ether", "link", ":00:")):
            continue
        if link is Link.COOKED and "02-00" in expression:
            continue
        chosen = Filter.compile(expression, link, interfaces=names)
        heard = cable.heard(FRAMES, link, chosen.program)
        assert heard == expected(chosen, link, cable.interfaces["far"]), expression
        asked += bool(heard)
    assert asked > 60


def test_what_is_kept_of_a_packet_is_what_was_asked_for(cable: Cable) -> None:
    chosen = Filter.compile("udp", Link.FRAMES, keep=42)

    heard = cable.heard(FRAMES, Link.FRAMES, chosen.program)

    assert {len(octets) for octets in heard} == {42}


def test_a_long_filter_is_taken_by_the_kernel(cable: Cable) -> None:
    text = " or ".join(f"host 10.{number // 256}.{number % 256}.1" for number in range(900))
    chosen = Filter.compile(f"{text} or host 192.0.2.7", Link.FRAMES)

    heard = cable.heard(FRAMES, Link.FRAMES, chosen.program)

    assert 3000 < len(chosen) <= 4096
    assert heard == expected(chosen, Link.FRAMES, 0)
    assert len(heard) > 20


@pytest.mark.parametrize(
    "expression",
    ["vlan", "vlan 5", "vlan 5 and ip", "vlan 7 and vlan 5", "not vlan", "ip or vlan 5 and ip6",
     "vlan and udp port 53", "inbound", "outbound"],
)  # fmt: skip
def test_tcpdump_makes_a_program_of_the_same_meaning_for_this_link(
    cable: Cable, expression: str
) -> None:
    if shutil.which("tcpdump") is None:
        pytest.skip("there is no tcpdump here (apt-get install it)")
    # without its optimizer, which moves "ip or vlan 5 and ip6" about until it is wrong
    command = ["tcpdump", "-i", "far", "-O", "-ddd", expression]
    with cable.namespace.popen(command, text=True, stdout=subprocess.PIPE) as tcpdump:
        assert tcpdump.stdout is not None
        theirs = Filter.from_bpf(tcpdump.stdout.read())
    ours = Filter.compile(expression, Link.FRAMES)
    frames = [frame for frame in FRAMES if not corpus.has_chain(frame)]

    heard = cable.heard(frames, Link.FRAMES, ours.program)

    assert heard == cable.heard(frames, Link.FRAMES, theirs.program)


def test_outgoing_frames_are_told_from_incoming_ones(cable: Cable) -> None:
    inbound, outbound = (Filter.compile(word, Link.FRAMES) for word in ("inbound", "outbound"))
    with cable.listener("near") as near:
        attach(near, outbound.program)
        arrived = cable.heard(FRAMES[:5], Link.FRAMES, inbound.program)
        left = [octets for octets in _drain(near) if octets != LAST]

    assert len(arrived) == len(left) == 5
    assert cable.heard(FRAMES[:5], Link.FRAMES, outbound.program) == []
