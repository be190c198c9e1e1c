"""``rawkit resolve`` on links with real kernels, hosts that lie, and arping(8) beside it."""

import shutil
import time
from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path

import pytest

from rawkit.lab import Lab
from rawkit.wire.address import BROADCAST, MAC, Address
from rawkit.wire.arp import ARP, NO_ADDRESS, NO_MAC
from rawkit.wire.ethernet import Ethernet
from rawkit.wire.ipv6 import IPv6
from rawkit.wire.ndp import (
    ALL_NODES,
    NeighborAdvertisement,
    NeighborFlag,
    RouterAdvertisement,
    multicast_mac,
)
from rawkit.wire.ndp_options import TargetLinkLayer
from rawkit.wire.packet import Packet
from tests.cli.resolve_runs import RAWKIT, Running, constant, finished, objects
from tests.netns.link_host import LinkHost
from tests.netns.link_says import STRANGER, answers, router

pytestmark = pytest.mark.netns

LabFactory = Callable[..., Lab]
both = pytest.mark.parametrize("version", [4, 6])
OTHER = MAC.parse("02:00:00:00:00:AA")
FIRST, LAST = "02:00:00:00:01:01", "02:00:00:00:01:02"
"""The hardware addresses of a pair."""
TITLES = {4: "ARPING", 6: "NDPING"}
ALL = {4: "broadcast", 6: "multicast"}


def addresses(net: Lab, version: int) -> tuple[str, str, str]:
    """Return our address, the other host's, and one that nobody has."""
    first, last, spare = net.first, net.last, net.last.spare()
    if version == 4:
        return str(first.ipv4), str(last.ipv4), str(spare.ipv4)
    return str(first.ipv6), str(last.ipv6), str(spare.ipv6)


def spare_of(net: Lab, version: int) -> Address:
    return net.last.spare().ipv4 if version == 4 else net.last.spare().ipv6


# Asking


@both
@pytest.mark.parametrize("options", ["", "--cooked", "-I eth0"])
def test_a_neighbour_answers(version: int, options: str, pair: LabFactory) -> None:
    net = pair()
    us, them, _ = addresses(net, version)

    ran = finished(net.first, f"-c 2 -i 0.1 {options} {them}")

    assert ran == (
        0,
        f"{TITLES[version]} {them} from {us} eth0\n"
        f"Unicast reply from {them} [{LAST}]  TIME\n"
        f"Unicast reply from {them} [{LAST}]  TIME\n"
        f"Sent 2 probes (1 {ALL[version]}(s))\n"
        "Received 2 response(s)\n",
        "",
    )


@both
def test_nobody_answers(version: int, pair: LabFactory) -> None:
    net = pair()
    us, _, spare = addresses(net, version)

    ran = finished(net.first, f"-c 2 -i 0.1 {spare}")

    assert ran == (
        1,
        f"{TITLES[version]} {spare} from {us} eth0\n"
        f"Sent 2 probes (2 {ALL[version]}(s))\n"
        "Received 0 response(s)\n",
        "",
    )


@both
def test_the_first_answer_is_enough(version: int, pair: LabFactory) -> None:
    net = pair()
    _, them, _ = addresses(net, version)

    code, out, _ = finished(net.first, f"-f {them}")

    assert code == 0
    assert out.splitlines()[2:] == [
        f"Sent 1 probes (1 {ALL[version]}(s))",
        "Received 1 response(s)",
    ]


def test_everybody_is_asked_every_time_if_so_wished(pair: LabFactory) -> None:
    net = pair()

    _, out, _ = finished(net.first, f"-b -c 3 -i 0.05 {net.last.ipv4}")

    assert "Sent 3 probes (3 broadcast(s))\n" in out


@both
def test_a_host_that_answers_twice_is_shown_twice(version: int, pair: LabFactory) -> None:
    net = pair()
    _, _, spare = addresses(net, version)

    with LinkHost(net.last, answers(spare_of(net, version), STRANGER, times=2)):
        code, out, _ = finished(net.first, f"-c 1 {spare}")

    mac = str(STRANGER).upper()
    assert out.splitlines()[1:] == [
        f"Unicast reply from {spare} [{mac}]  TIME",
        f"Unicast reply from {spare} [{mac}]  TIME",
        f"Sent 1 probes (1 {ALL[version]}(s))",
        "Received 2 response(s)",
    ]
    assert code == 0


@both
def test_two_hosts_with_one_address_are_a_conflict(version: int, pair: LabFactory) -> None:
    net = pair()
    _, _, spare = addresses(net, version)

    with LinkHost(net.last, answers(spare_of(net, version), STRANGER, OTHER)):
        code, out, _ = finished(net.first, f"-c 1 {spare}")

    first, second = str(STRANGER).upper(), str(OTHER).upper()
    assert out.splitlines()[1:] == [
        f"Unicast reply from {spare} [{first}]  TIME",
        f"Unicast reply from {spare} [{second}]  TIME",
        f"Sent 1 probes (1 {ALL[version]}(s))",
        "Received 2 response(s)",
        f"Conflict: {spare} is claimed by {first}, {second}",
    ]
    assert code == 1


def test_several_addresses_are_asked_for_side_by_side(pair: LabFactory) -> None:
    net = pair()
    _, them, spare = addresses(net, 4)
    us6, them6, _ = addresses(net, 6)

    code, out, err = finished(net.first, f"-c 1 -i 0.2 {them} {them6} {spare}")

    lines = out.splitlines()
    assert (code, err) == (1, "")
    assert f"Unicast reply from {them} [{LAST}]  TIME" in lines
    assert f"Unicast reply from {them6} [{LAST}]  TIME" in lines
    assert f"NDPING {them6} from {us6} eth0" in lines
    assert lines[-6:] == [
        f"{them}: Sent 1 probes (1 broadcast(s))",
        f"{them}: Received 1 response(s)",
        f"{them6}: Sent 1 probes (1 multicast(s))",
        f"{them6}: Received 1 response(s)",
        f"{spare}: Sent 1 probes (1 broadcast(s))",
        f"{spare}: Received 0 response(s)",
    ]


@both
def test_json_says_the_same(version: int, pair: LabFactory) -> None:
    net = pair()
    us, them, _ = addresses(net, version)

    code, out, err = Running(net.first, "--json", "-f", them).finish()

    answer, summary = objects(out)
    assert (code, err) == (0, "")
    assert answer == answer | {
        "type": "answer", "host": them, "address": them, "sequence": 1, "mac": LAST.lower(),
        "operation": "reply", "to_all": False, "speaks_to": us,
    }  # fmt: skip
    assert 0 < answer["rtt"] < 60
    assert summary == summary | {
        "type": "summary", "local": us, "interface": "eth0", "local_mac": FIRST.lower(),
        "purpose": "ask", "mac": LAST.lower(), "macs": [LAST.lower()], "alive": True,
        "in_conflict": False, "sent": 1, "answered": 1, "socket": "packet socket",
    }  # fmt: skip


@pytest.mark.parametrize(("option", "kinds"), [("-q", []), ("-qj", ["summary"])])
def test_quiet_leaves_the_exit_code_and_of_json_the_summary(
    option: str, kinds: list[str], pair: LabFactory
) -> None:
    net = pair()

    code, out, err = Running(net.first, option, "-c1", str(net.last.ipv4)).finish()

    assert (code, err) == (0, "")
    assert [one["type"] for one in objects(out)] == kinds


def test_verbose_says_which_socket(pair: LabFactory) -> None:
    _, _, err = finished((net := pair()).first, f"-v -f {net.last.ipv4}")

    assert err == "rawkit resolve: packet socket: hears and sends whole frames\n"


def test_the_frames_can_be_kept(pair: LabFactory, tmp_path: Path) -> None:
    net = pair()
    file = tmp_path / "frames.pcap"

    finished(net.first, f"-c 1 --pcap {file} {net.last.ipv4}")

    octets = file.read_bytes()
    assert octets[20:24] == b"\0\0\0\1"  # Ethernet
    mac, their_mac = (MAC.parse(one) for one in (FIRST, LAST))
    asking = ARP(1, mac, net.first.ipv4, NO_MAC, net.last.ipv4)
    answer = ARP(2, their_mac, net.last.ipv4, mac, net.first.ipv4)
    assert bytes(Ethernet(BROADCAST, mac) / asking) in octets
    assert bytes(Ethernet(mac, their_mac) / answer) in octets


# Duplicates


@both
def test_a_free_address_is_free(version: int, pair: LabFactory) -> None:
    net = pair()
    _, _, spare = addresses(net, version)

    ran = finished(net.first, f"-D -c 2 -i 0.1 {spare}")

    nobody = "0.0.0.0" if version == 4 else "::"
    assert ran == (
        0,
        f"{TITLES[version]} {spare} from {nobody} eth0\n"
        f"Sent 2 probes (2 {ALL[version]}(s))\n"
        "Received 0 response(s)\n",
        "",
    )


@both
def test_a_taken_address_is_a_conflict(version: int, pair: LabFactory) -> None:
    net = pair()
    _, them, _ = addresses(net, version)

    code, out, _ = finished(net.first, f"-D -c 3 {them}")

    kind = "Unicast reply" if version == 4 else "Multicast reply"
    whom = "" if version == 4 else "for ff02::1 "
    counted = "" if version == 4 else " (1 multicast(s))"
    assert out.splitlines()[1:] == [
        f"{kind} from {them} [{LAST}] {whom} TIME",
        f"Sent 1 probes (1 {ALL[version]}(s))",
        f"Received 1 response(s){counted}",
        f"Conflict: {them} is claimed by {LAST}",
    ]
    assert code == 1


def test_who_wants_the_same_address_is_a_conflict(pair: LabFactory) -> None:
    net = pair()
    wanted = net.last.spare().ipv4

    def wants_it_too(frame: Packet) -> Iterable[Packet]:
        match frame.headers:
            case (Ethernet(), ARP(is_probe=True)):
                yield Ethernet(BROADCAST, STRANGER) / ARP(1, STRANGER, NO_ADDRESS, NO_MAC, wanted)

    with LinkHost(net.last, wants_it_too):
        code, out, _ = finished(net.first, f"-D -c 3 {wanted}")

    mac = str(STRANGER).upper()
    assert out.splitlines()[1:] == [
        f"Broadcast probe from {wanted} [{mac}] for {wanted} [00:00:00:00:00:00] TIME",
        "Sent 1 probes (1 broadcast(s))",
        "Received 1 response(s) (1 request(s), 1 broadcast(s))",
        f"Conflict: {wanted} is claimed by {mac}",
    ]
    assert code == 1


# Announcements


@both
@pytest.mark.parametrize("letter", ["-U", "-A"])
def test_an_address_is_announced(version: int, letter: str, pair: LabFactory) -> None:
    net = pair()
    us, _, _ = addresses(net, version)

    ran = finished(net.first, f"{letter} -c 2 -i 0.1 {us}")

    assert ran == (
        0,
        f"{TITLES[version]} {us} from {us} eth0\n"
        f"Sent 2 probes (2 {ALL[version]}(s))\n"
        "Received 0 response(s)\n",
        "",
    )


@both
def test_who_contradicts_an_announcement_is_a_conflict(version: int, pair: LabFactory) -> None:
    net = pair()
    us, _, _ = addresses(net, version)

    def contradicts(frame: Packet) -> Iterable[Packet]:
        match frame.headers:
            case (Ethernet(), ARP(is_announcement=True, sender_ip=IPv4Address() as ip)):
                yield Ethernet(BROADCAST, STRANGER) / ARP(1, STRANGER, ip, NO_MAC, ip)
            case (Ethernet(), IPv6(src=IPv6Address() as ip6), NeighborAdvertisement(target=ours)):
                own = (TargetLinkLayer(STRANGER),)
                said = NeighborAdvertisement(ours, NeighborFlag.OVERRIDE, own)
                to_all = IPv6(ip6, ALL_NODES, hop_limit=255)
                yield Ethernet(multicast_mac(ALL_NODES), STRANGER) / to_all / said

    with LinkHost(net.last, contradicts):
        code, out, _ = finished(net.first, f"-U -c 1 {us}")

    assert out.splitlines()[-1] == f"Conflict: {us} is claimed by {str(STRANGER).upper()}"
    assert code == 1


# Routers


def test_routers_tell_what_holds_on_the_link(pair: LabFactory) -> None:
    net = pair()

    with LinkHost(net.last, router):
        code, out, err = finished(net.first, "--routers -I eth0 -f")

    assert (code, err) == (0, "")
    assert out == (
        "SOLICITING ff02::2 from fe80::1:1 eth0\n"
        "Router fe80::99 [02:00:00:00:00:99] lifetime 600 s TIME\n"
        "  preference medium\n"
        "  hop limit 64\n"
        "  MTU 1400\n"
        "  prefix 2001:db8::/64 on-link autonomous, valid 2592000 s, preferred 604800 s\n"
        "  name servers 2001:db8::53, 600 s\n"
        "  domains example.org, 600 s\n"
        "  route 2001:db8:1::/48 high, 1800 s\n"
        "Sent 1 solicitation(s)\n"
        "Received 1 advertisement(s) of 1 router(s)\n"
    )


def test_routers_over_ipv4_tell_their_addresses(pair: LabFactory) -> None:
    net = pair()

    with LinkHost(net.last, router):
        ran = finished(net.first, "--routers -4 -I eth0 -f")

    assert ran == (
        0,
        "SOLICITING 224.0.0.2 from 10.1.0.1 eth0\n"
        "Router 10.1.0.254 [02:00:00:00:00:99] lifetime 1800 s TIME\n"
        "  router 10.1.0.254 preference 5\n"
        "  router 10.1.0.253 preference -1\n"
        "Sent 1 solicitation(s)\n"
        "Received 1 advertisement(s) of 1 router(s)\n",
        "",
    )


def test_a_router_from_afar_is_ignored_and_one_that_changes_is_told_again(pair: LabFactory) -> None:
    net = pair()

    def says(frame: Packet) -> Iterable[Packet]:
        for right in router(frame):
            yield right
            yield right.replace(IPv6, hop_limit=254)
            yield right
            yield right.replace(RouterAdvertisement, lifetime=0)

    with LinkHost(net.last, says):
        code, out, _ = finished(net.first, "--routers -I eth0 -c 1 -i 2")

    heads = [line for line in out.splitlines() if not line.startswith("  ")]
    assert heads == [
        "SOLICITING ff02::2 from fe80::1:1 eth0",
        "Router fe80::99 [02:00:00:00:00:99] lifetime 600 s TIME",
        "Changed router fe80::99 [02:00:00:00:00:99] lifetime 0 s (no default router) TIME",
        "Sent 1 solicitation(s)",
        "Received 3 advertisement(s) of 1 router(s), 1 ignored",
    ]
    assert code == 0


def test_routers_in_json(pair: LabFactory) -> None:
    net = pair()

    with LinkHost(net.last, router):
        code, out, err = Running(net.first, "--routers", "-I", "eth0", "-f", "--json").finish()

    one, last = objects(out)
    assert (code, err) == (0, "")
    assert one == one | {
        "type": "router", "host": "fe80::99", "mac": str(STRANGER), "change": "new",
        "lifetime": 600, "link_mtu": 1400,
        "name_servers": [{"servers": ["2001:db8::53"], "lifetime": 600}],
        "search_domains": [{"domains": ["example.org"], "lifetime": 600}],
        "routes": [{"prefix": "2001:db8:1::/48", "preference": 1, "lifetime": 1800}],
    }  # fmt: skip
    assert (last["type"], last["found_routers"], last["sent"]) == ("routers", ["fe80::99"], 1)


@both
def test_where_there_is_no_router_the_code_says_so(version: int, pair: LabFactory) -> None:
    code, out, err = finished(pair().first, f"--routers -{version} -I eth0 -c 2 -i 0.1")

    assert (code, err) == (1, "")
    assert out.splitlines()[1:] == [
        "Sent 2 solicitation(s)",
        "Received 0 advertisement(s) of 0 router(s)",
    ]


# Watching


def test_a_watch_tells_every_announcement(pair: LabFactory) -> None:
    net = pair()
    address, address6 = IPv4Address("10.1.0.77"), IPv6Address("fe80::77")
    own = (TargetLinkLayer(STRANGER),)
    said = NeighborAdvertisement(address6, NeighborFlag.OVERRIDE, own)
    running = Running(net.first, "--watch", "-I", "eth0", "-c", "4")
    assert running.wait_for("WATCHING") == "WATCHING eth0\n"

    with LinkHost(net.last, lambda _: ()) as host:
        host.say(
            Ethernet(BROADCAST, STRANGER) / ARP(1, STRANGER, address, NO_MAC, address),
            Ethernet(BROADCAST, OTHER) / ARP(1, OTHER, NO_ADDRESS, NO_MAC, address),
            Ethernet(BROADCAST, OTHER) / ARP(2, OTHER, address, OTHER, address),
            Ethernet(multicast_mac(ALL_NODES), STRANGER)
            / IPv6(address6, ALL_NODES, hop_limit=64) / said,
            Ethernet(multicast_mac(ALL_NODES), STRANGER)
            / IPv6(address6, ALL_NODES, hop_limit=255) / said,
        )  # fmt: skip
        code, out, err = running.finish()

    first, other = STRANGER, OTHER
    assert (code, err) == (0, "")
    assert constant(out) == (
        f"CLOCK eth0 10.1.0.77 is at {first} (announcement, new)\n"
        f"CLOCK eth0 10.1.0.77 is wanted by {other} (probe)\n"
        f"CLOCK eth0 10.1.0.77 is at {other}, was at {first} (announcement, changed)\n"
        f"CLOCK eth0 fe80::77 is at {first} (announcement, new)\n"
        "Heard 3 message(s) of 2 address(es), 1 change(s), 1 probe(s), 1 ignored\n"
    )


def test_a_watch_in_json_ends_with_a_line_for_each_address(pair: LabFactory) -> None:
    net = pair()
    address = IPv4Address("10.1.0.77")
    words = ("--watch", "-I", "eth0", "--promiscuous", "-f", "--json", "-w", "60")
    running = Running(net.first, *words)

    frame = Ethernet(BROADCAST, STRANGER) / ARP(1, STRANGER, address, NO_MAC, address)
    with LinkHost(net.last, lambda _: ()) as host:
        while running.process.poll() is None:  # it prints nothing when it begins to listen
            host.say(frame)
            time.sleep(0.05)
    code, out, _ = running.finish()

    told, neighbour, last = objects(out)
    assert code == 0
    assert told == told | {
        "type": "announcement", "address": "10.1.0.77", "mac": str(STRANGER), "change": "new",
        "operation": "announcement", "interface": "eth0", "vlan": None,
    }  # fmt: skip
    assert neighbour == neighbour | {"type": "neighbour", "macs": [str(STRANGER)]}
    assert last["type"] == "watched"
    assert last["received"] >= 1


def test_a_silent_link_is_exit_code_1(pair: LabFactory) -> None:
    ran = finished(pair().first, "--watch -w 0.1")

    assert ran == (
        1,
        "WATCHING all interfaces\nHeard 0 message(s) of 0 address(es), 0 change(s), 0 probe(s)\n",
        "",
    )


# Beside arping(8)


def arping() -> str:
    if (path := shutil.which("arping", path="/usr/bin:/usr/sbin:/bin:/sbin")) is None:
        pytest.skip("no arping here to compare with")
    return path


def turns(target: Address, *counts: int) -> Callable[[Packet], Iterable[Packet]]:
    """Return who answers the requests for an address so often, in turn, and then no more."""
    left = list(counts)

    def says(frame: Packet) -> Iterable[Packet]:
        found = list(answers(target, STRANGER)(frame))
        if found and left:
            yield from found * left.pop(0)

    return says


ALIKE = [
    ("-c 2", (1, 1)),
    ("-c 2", ()),
    ("-c 2", (1,)),
    ("-b -c 2", (1, 1)),
    ("-f -w 3", (0, 1)),
    ("-w 5 -c 2", (1, 1)),
    ("-D -c 2", ()),
    ("-D -c 2", (0, 1)),
]
"""What is asked for, and how often each request is answered."""


@pytest.mark.parametrize(("options", "counts"), ALIKE)
def test_lines_and_codes_are_those_of_arping(
    options: str, counts: tuple[int, ...], pair: LabFactory
) -> None:
    net = pair()
    spare = net.last.spare().ipv4
    line = f"-I eth0 {options} {spare}"

    with LinkHost(net.last, turns(spare, *counts)):
        theirs = finished(net.first, line, before=(arping(),))
    with LinkHost(net.last, turns(spare, *counts)):
        ours = finished(net.first, line)

    conflict = f"Conflict: {spare} is claimed by {str(STRANGER).upper()}\n"
    assert (ours[0], ours[1].removesuffix(conflict), ours[2]) == theirs


def test_one_answer_is_enough_for_the_code_where_one_is_asked_for(pair: LabFactory) -> None:
    """For arping(8) only where no request before it was unanswered, or with -w."""
    net = pair()
    spare = net.last.spare().ipv4

    with LinkHost(net.last, turns(spare, 0, 1)):
        code, out, _ = finished(net.first, f"-f -i 0.1 {spare}")

    assert out.splitlines()[2:] == ["Sent 2 probes (2 broadcast(s))", "Received 1 response(s)"]
    assert code == 0


@pytest.mark.parametrize("options", ["-U -c 2", "-A -c 2"])
def test_announcements_are_those_of_arping(options: str, pair: LabFactory) -> None:
    """The frames themselves, but for what is asked for: zeros (RFC 5227 §2.3), not ones."""
    net = pair()
    line = f"-I eth0 {options} {net.first.ipv4}"

    with LinkHost(net.last, lambda _: ()) as hears_theirs:
        theirs = finished(net.first, line, before=(arping(),))
        frames = arp_of(hears_theirs)
    with LinkHost(net.last, lambda _: ()) as hears_ours:
        ours = finished(net.first, line)

        assert arp_of(hears_ours) == frames
    assert ours == theirs
    assert len(frames) == 2


def arp_of(host: LinkHost) -> list[bytes]:
    """Return the frames with ARP, each octet but those of what is asked for."""
    found = (frame for frame in host.heard if ARP in frame)
    return [
        bytes(frame.replace(ARP, target_mac=NO_MAC) if frame[ARP].operation == 1 else frame)
        for frame in found
    ]


MISTAKES = [
    "-I eth9 10.1.0.2",
    "127.0.0.1",
    "10.1.0.1",
    "-s 192.0.2.1 10.1.0.2",
    "-U -c1 10.1.0.2",
    "-c",
]


@pytest.mark.parametrize("line", MISTAKES)
def test_mistakes_have_the_code_of_arping_and_one_line(line: str, pair: LabFactory) -> None:
    net = pair()

    theirs = finished(net.first, line, before=(arping(),))
    code, out, err = finished(net.first, line)

    assert code == theirs[0] == 2
    assert out == ""
    assert err.startswith("rawkit resolve: ")
    assert err.count("\n") == 1


def test_the_address_may_be_a_name(pair: LabFactory, tmp_path: Path) -> None:
    """Of /etc/hosts, in a mount namespace of its own."""
    net = pair()
    hosts = tmp_path / "hosts"
    hosts.write_text(f"{net.last.ipv4} neighbour.example\n")
    bind = f'mount --bind {hosts} /etc/hosts && exec "$@"'
    before = ("unshare", "-m", "sh", "-c", bind, "sh", *RAWKIT)

    code, out, err = finished(net.first, "-c 1 neighbour.example", before=before)

    assert (code, err) == (0, "")
    assert out.splitlines()[0] == f"ARPING {net.last.ipv4} from {net.first.ipv4} eth0"


def test_a_name_that_is_not_found_is_one_line(pair: LabFactory) -> None:
    code, out, err = finished(pair().first, "nobody.invalid")

    assert (code, out) == (2, "")
    assert err.startswith("rawkit resolve: nobody.invalid: ")
    assert err.count("\n") == 1
