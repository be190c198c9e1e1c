"""Ways to have the running kernel refuse a call: one for each meaning in the table."""

import array
import ctypes
import os
import resource
import signal
import socket
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from rawkit.host import calls, capability
from rawkit.host.calls import libc
from rawkit.host.threads import on_own_thread
from rawkit.lab.namespace import Namespace
from rawkit.lab.ready import loopback_up
from rawkit.sockets.bpf import attach
from rawkit.wire.bpf import RETURN, Op, assemble

INET, INET6, UNIX, PACKET = socket.AF_INET, socket.AF_INET6, socket.AF_UNIX, socket.AF_PACKET
STREAM, DGRAM, SEQ, RAW = (
    socket.SOCK_STREAM,
    socket.SOCK_DGRAM,
    socket.SOCK_SEQPACKET,
    socket.SOCK_RAW,
)
TCP, IP = socket.IPPROTO_TCP, socket.IPPROTO_IP
NOTHING = assemble([Op(RETURN, 0)])
LINGER_NOT = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: close(2) sends RST."""
NOWHERE = ("198.51.100.1", 9)
SIN6 = struct.pack("=H", INET6) + bytes(26)
TCP_USER_TIMEOUT = 18
UNLISTENED = ("127.0.0.1", 1)
SO_PEERGROUPS = 59
OPTMEM = "net.core.optmem_max"

Provocation = Callable[[ExitStack], object]
"""Raises the OSError; what it opens is closed by the stack."""
WAYS: dict[str, Provocation] = {}


def way(*names: str) -> Callable[[Provocation], Provocation]:
    """Return what enters a function into ``WAYS``, under ``CALL ERRNO [KIND]``."""

    def enter(function: Provocation) -> Provocation:
        for name in names:
            assert name not in WAYS, name
            WAYS[name] = function
        return function

    return enter


def opened(
    stack: ExitStack, family: int = INET, kind: int = STREAM, protocol: int = 0
) -> socket.socket:
    return stack.enter_context(socket.socket(family, kind, protocol))


def listener(stack: ExitStack, backlog: int = 8) -> socket.socket:
    sock = opened(stack)
    sock.bind(("127.0.0.1", 0))
    sock.listen(backlog)
    return sock


def connected(stack: ExitStack) -> tuple[socket.socket, socket.socket]:
    """Return both ends of a TCP connection."""
    server, client = listener(stack), opened(stack)
    client.connect(server.getsockname())
    accepted, _ = server.accept()
    return client, stack.enter_context(accepted)


def pair(stack: ExitStack, kind: int = STREAM) -> tuple[socket.socket, socket.socket]:
    one, other = socket.socketpair(UNIX, kind)
    return stack.enter_context(one), stack.enter_context(other)


def folder(stack: ExitStack) -> Path:
    return Path(stack.enter_context(tempfile.TemporaryDirectory()))


def called(name: str, *arguments: object) -> None:
    """Call a function of the C library, which Python would not call like that."""
    if getattr(libc(), name)(*arguments) < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def powerless(call: Callable[[], object]) -> None:
    """Call a function on a thread that has no capabilities."""

    def run() -> object:
        capability.drop()
        return call()

    on_own_thread(run)


@contextmanager
def limited(files: int) -> Iterator[None]:
    """Let this process have so many descriptors only."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (files, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def lowest_free() -> int:
    number = os.dup(0)
    os.close(number)
    return number


def with_no_descriptor_left(call: Callable[[], object]) -> None:
    """Call a function that finds no room for a descriptor."""
    with ExitStack() as fill, limited(lowest_free() + 1):
        with suppress(OSError):
            while True:
                fill.callback(os.close, os.dup(0))
        call()


def elsewhere(stack: ExitStack) -> Namespace:
    """Return a fresh network, with loopback up."""
    fresh = stack.enter_context(Namespace())
    fresh.run(loopback_up)
    return fresh


def ran(*command: str) -> None:
    subprocess.run(command, check=True)


def configured(node: Namespace, *commands: str) -> None:
    for command in commands:
        node.run(ran, "ip", *command.split())


# socket(2)


@way("socket EPERM raw packet")
def raw_without_capability(stack: ExitStack) -> None:
    powerless(lambda: socket.socket(INET, RAW, socket.IPPROTO_ICMP))


@way("socket EACCES ping")
def ping_without_group(stack: ExitStack) -> None:
    fresh = stack.enter_context(Namespace())  # whose range is 1 0
    fresh.run(socket.socket, INET, DGRAM, socket.IPPROTO_ICMP)


@way("socket EAFNOSUPPORT")
def no_such_family(stack: ExitStack) -> None:
    opened(stack, 45)


@way("socket EPROTONOSUPPORT raw")
def raw_of_nothing(stack: ExitStack) -> None:
    opened(stack, INET, RAW, 0)


@way("socket EPROTONOSUPPORT")
def stream_of_udp(stack: ExitStack) -> None:
    opened(stack, INET, STREAM, socket.IPPROTO_UDP)


@way("socket ENOPROTOOPT mptcp")
def multipath_switched_off(stack: ExitStack) -> None:
    fresh = stack.enter_context(Namespace())
    fresh.sysctl("net.mptcp.enabled", 0)
    fresh.run(socket.socket, INET, STREAM, socket.IPPROTO_MPTCP)


@way("socket ESOCKTNOSUPPORT")
def seqpacket_of_ipv4(stack: ExitStack) -> None:
    opened(stack, INET, SEQ)


@way("socket EINVAL")
def unknown_flag(stack: ExitStack) -> None:
    opened(stack, INET, 0x7000)


@way("socket EMFILE")
def no_descriptor_left(stack: ExitStack) -> None:
    with_no_descriptor_left(socket.socket)


# bind(2)


@way("bind EADDRINUSE tcp udp")
def port_of_another(stack: ExitStack) -> None:
    opened(stack).bind(listener(stack).getsockname())


@way("bind EADDRINUSE unix")
def file_of_a_dead_server(stack: ExitStack) -> None:
    path = str(folder(stack) / "socket")
    dead = socket.socket(UNIX)
    dead.bind(path)
    dead.close()
    opened(stack, UNIX).bind(path)


@way("bind EADDRINUSE")
def abstract_name_of_another(stack: ExitStack) -> None:
    first = opened(stack, UNIX)
    first.bind(b"\0rawkit-in-use")
    opened(stack, UNIX).bind(b"\0rawkit-in-use")


@way("bind EADDRNOTAVAIL tcp udp raw ping")
def address_of_another(stack: ExitStack) -> None:
    opened(stack).bind(("192.0.2.1", 0))


@way("bind EADDRNOTAVAIL vsock")
def cid_of_another(stack: ExitStack) -> None:
    opened(stack, socket.AF_VSOCK).bind((77_777, 1024))


@way("bind EACCES tcp udp")
def low_port(stack: ExitStack) -> None:
    fresh = elsewhere(stack)

    def bind() -> None:
        sock = opened(stack)
        powerless(lambda: sock.bind(("127.0.0.1", 80)))

    fresh.run(bind)


@way("bind EACCES unix")
def closed_folder(stack: ExitStack) -> None:
    path = folder(stack)
    path.chmod(0o500)
    sock = opened(stack, UNIX)
    powerless(lambda: sock.bind(str(path / "socket")))


@way("bind EACCES vsock")
def low_port_of_vsock(stack: ExitStack) -> None:
    sock = opened(stack, socket.AF_VSOCK)
    powerless(lambda: sock.bind((socket.VMADDR_CID_ANY, 80)))


@way("bind EINVAL")
def bound_already(stack: ExitStack) -> None:
    listener(stack).bind(("127.0.0.1", 0))


@way("bind ENODEV tcp udp raw ping packet")
def scope_that_is_not(stack: ExitStack) -> None:
    opened(stack, INET6).bind(("fe80::1", 0, 0, 9999))


@way("bind EAFNOSUPPORT")
def address_of_another_family(stack: ExitStack) -> None:
    called("bind", opened(stack).fileno(), SIN6, len(SIN6))


@way("bind ENOENT unix")
def no_such_folder(stack: ExitStack) -> None:
    opened(stack, UNIX).bind(str(folder(stack) / "missing" / "socket"))


@way("bind ENOTDIR unix")
def file_for_a_folder(stack: ExitStack) -> None:
    path = folder(stack) / "file"
    path.touch()
    opened(stack, UNIX).bind(str(path / "socket"))


@way("bind ELOOP unix")
def links_in_a_circle(stack: ExitStack) -> None:
    path = folder(stack) / "link"
    path.symlink_to(path)
    opened(stack, UNIX).bind(str(path / "socket"))


@way("bind EROFS unix")
def read_only_file_system(stack: ExitStack) -> None:
    path = folder(stack)
    calls.mount("tmpfs", str(path), "tmpfs", 1)
    stack.callback(libc().umount2, os.fsencode(path), 2)
    opened(stack, UNIX).bind(str(path / "socket"))


# listen(2), accept(2)


@way("listen EADDRINUSE tcp")
def two_listen_at_one_port(stack: ExitStack) -> None:
    first, second = opened(stack), opened(stack)
    for sock in (first, second):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(("127.0.0.1", 0) if sock is first else first.getsockname())
    first.listen()
    second.listen()


@way("listen EINVAL")
def connected_and_listening(stack: ExitStack) -> None:
    connected(stack)[0].listen()


@way("listen EOPNOTSUPP")
def datagrams_to_listen_for(stack: ExitStack) -> None:
    opened(stack, INET, DGRAM).listen()


@way("accept EAGAIN")
def nobody_there(stack: ExitStack) -> None:
    server = listener(stack)
    server.setblocking(False)
    server.accept()


@way("accept EINVAL")
def not_listening(stack: ExitStack) -> None:
    opened(stack).accept()


@way("accept EOPNOTSUPP")
def connection_of_datagrams(stack: ExitStack) -> None:
    opened(stack, INET, DGRAM).accept()


@way("accept EMFILE")
def no_descriptor_to_accept(stack: ExitStack) -> None:
    server, client = listener(stack), opened(stack)
    client.connect(server.getsockname())
    with_no_descriptor_left(server.accept)


# connect(2)


@way("connect ECONNREFUSED tcp")
def closed_port(stack: ExitStack) -> None:
    opened(stack).connect(UNLISTENED)


@way("connect ECONNREFUSED unix")
def file_that_is_no_socket(stack: ExitStack) -> None:
    path = folder(stack) / "file"
    path.touch()
    opened(stack, UNIX).connect(str(path))


@way("connect ETIMEDOUT tcp")
def silent_port(stack: ExitStack) -> None:
    server, client = opened(stack), opened(stack)
    server.bind(("127.0.0.1", 0))
    attach(server, NOTHING)
    server.listen()
    client.setsockopt(TCP, socket.TCP_SYNCNT, 1)
    client.connect(server.getsockname())


@way("connect EINPROGRESS")
def under_way(stack: ExitStack) -> None:
    silent_and_impatient(stack)


@way("connect EALREADY")
def still_under_way(stack: ExitStack) -> None:
    client, goal = opened(stack), opened(stack)
    goal.bind(("127.0.0.1", 0))
    attach(goal, NOTHING)
    goal.listen()
    client.setblocking(False)
    with suppress(BlockingIOError):
        client.connect(goal.getsockname())
    client.connect(goal.getsockname())


def silent_and_impatient(stack: ExitStack) -> None:
    client = opened(stack)
    client.setblocking(False)
    client.connect(listener(stack).getsockname())


@way("connect EISCONN")
def connected_already(stack: ExitStack) -> None:
    client, _ = connected(stack)
    client.connect(UNLISTENED)


@way("connect EAGAIN unix")
def full_queue(stack: ExitStack) -> None:
    server = opened(stack, UNIX)
    server.bind(b"\0rawkit-full")
    server.listen(0)
    while True:
        client = opened(stack, UNIX)
        client.setblocking(False)
        client.connect(b"\0rawkit-full")


@way("connect EAGAIN udp ping")
def no_port_left_for_datagrams(stack: ExitStack) -> None:
    fresh = elsewhere(stack)
    fresh.sysctl("net.ipv4.ip_local_port_range", "40000 40000")
    for _ in range(2):
        stack.enter_context(fresh.socket(INET, DGRAM)).connect(UNLISTENED)


@way("connect EADDRNOTAVAIL")
def no_port_left(stack: ExitStack) -> None:
    fresh = elsewhere(stack)
    fresh.sysctl("net.ipv4.ip_local_port_range", "40000 40000")
    server = stack.enter_context(fresh.socket())
    server.bind(("127.0.0.1", 5000))
    server.listen()
    for _ in range(2):
        stack.enter_context(fresh.socket()).connect(("127.0.0.1", 5000))


@way("connect EPROTOTYPE unix")
def datagrams_for_a_stream(stack: ExitStack) -> None:
    path = str(folder(stack) / "socket")  # abstract names are told apart by type, too
    opened(stack, UNIX).bind(path)
    opened(stack, UNIX, DGRAM).connect(path)


@way("connect EACCES tcp udp raw ping")
def broadcast_without_leave(stack: ExitStack) -> None:
    opened(stack, INET, DGRAM).connect(("127.255.255.255", 9))


@way("connect EACCES unix")
def file_of_another(stack: ExitStack) -> None:
    path = folder(stack) / "socket"
    opened(stack, UNIX).bind(str(path))
    path.chmod(0o400)
    sock = opened(stack, UNIX)
    powerless(lambda: sock.connect(str(path)))


@way("connect ENOENT unix")
def no_such_file(stack: ExitStack) -> None:
    opened(stack, UNIX).connect(str(folder(stack) / "missing"))


@way("connect ENOTDIR unix")
def file_on_the_way(stack: ExitStack) -> None:
    path = folder(stack) / "file"
    path.touch()
    opened(stack, UNIX).connect(str(path / "socket"))


@way("connect ENETUNREACH")
def no_route(stack: ExitStack) -> None:
    opened(stack, INET, DGRAM).connect(NOWHERE)


@way("connect EHOSTUNREACH")
def unreachable_route(stack: ExitStack) -> None:
    fresh = elsewhere(stack)
    configured(fresh, "route add unreachable 198.51.100.0/24")
    stack.enter_context(fresh.socket()).connect(NOWHERE)


@way("connect EINVAL")
def link_local_of_no_link(stack: ExitStack) -> None:
    opened(stack, INET6).connect(("fe80::1", 80))


def bound_to_what_has_gone(stack: ExitStack) -> socket.socket:
    fresh = elsewhere(stack)
    configured(fresh, "link add gone type veth peer name other")
    sock = stack.enter_context(fresh.socket(INET, DGRAM))
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"gone\0")
    configured(fresh, "link del gone")
    return sock


@way("connect ENODEV")
def link_that_is_not(stack: ExitStack) -> None:
    bound_to_what_has_gone(stack).connect(NOWHERE)


@way("connect EAFNOSUPPORT")
def somebody_of_another_family(stack: ExitStack) -> None:
    called("connect", opened(stack).fileno(), SIN6, len(SIN6))


@way("connect EOPNOTSUPP packet")
def link_to_connect_to(stack: ExitStack) -> None:
    address = struct.pack("=H", PACKET) + bytes(18)
    called("connect", opened(stack, PACKET, RAW).fileno(), address, len(address))


# send(2)


@way("send EPIPE")
def nobody_reads(stack: ExitStack) -> None:
    one, other = pair(stack)
    other.close()
    one.send(b"x")


@way("send ECONNRESET")
def reset_before_sending(stack: ExitStack) -> None:
    client, accepted = connected(stack)
    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
    accepted.close()
    client.send(b"x")


def unacknowledged(stack: ExitStack) -> socket.socket:
    """Return a socket whose data nobody acknowledges, and that has given up by now."""
    client, accepted = connected(stack)
    client.setsockopt(TCP, TCP_USER_TIMEOUT, 50)
    attach(accepted, NOTHING)
    client.send(b"x")
    client.settimeout(20)
    return client


@way("send ETIMEDOUT tcp")
def silence_before_sending(stack: ExitStack) -> None:
    client = unacknowledged(stack)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        client.send(b"x")
        time.sleep(0.02)


@way("recv ETIMEDOUT tcp")
def silence(stack: ExitStack) -> None:
    unacknowledged(stack).recv(1)


def refused_once(stack: ExitStack) -> socket.socket:
    sock = opened(stack, INET, DGRAM)
    sock.connect(UNLISTENED)
    sock.send(b"x")
    return sock


@way("send ECONNREFUSED udp")
def second_datagram_to_a_closed_port(stack: ExitStack) -> None:
    refused_once(stack).send(b"x")


@way("recv ECONNREFUSED udp")
def datagram_to_a_closed_port(stack: ExitStack) -> None:
    refused_once(stack).recv(1)


@way("send ECONNREFUSED unix")
def peer_that_is_gone(stack: ExitStack) -> None:
    one, other = pair(stack, DGRAM)
    other.close()
    one.send(b"x")


@way("send EAGAIN")
def full_buffer(stack: ExitStack) -> None:
    one, _ = pair(stack)
    one.setblocking(False)
    while True:
        one.send(bytes(65_536))


@way("send EMSGSIZE udp")
def long_datagram(stack: ExitStack) -> None:
    opened(stack, INET, DGRAM).sendto(bytes(65_508), UNLISTENED)


@way("send EMSGSIZE unix")
def message_beyond_the_buffer(stack: ExitStack) -> None:
    pair(stack, DGRAM)[0].send(bytes(8_000_000))


@way("send EMSGSIZE raw packet ping")
def frame_beyond_the_mtu(stack: ExitStack) -> None:
    opened(stack, PACKET, RAW).sendto(bytes(70_000), ("lo", 0x0800))


@way("send EDESTADDRREQ udp")
def datagram_to_nobody(stack: ExitStack) -> None:
    opened(stack, INET, DGRAM).send(b"x")


@way("send ENOTCONN")
def not_connected(stack: ExitStack) -> None:
    opened(stack, UNIX).send(b"x")


@way("send EISCONN")
def address_for_a_connection(stack: ExitStack) -> None:
    pair(stack)[0].sendto(b"x", b"\0anybody")


@way("send EACCES unix")
def datagram_to_a_file_of_another(stack: ExitStack) -> None:
    path = folder(stack) / "socket"
    opened(stack, UNIX, DGRAM).bind(str(path))
    path.chmod(0o400)
    sock = opened(stack, UNIX, DGRAM)
    powerless(lambda: sock.sendto(b"x", str(path)))


@way("send EACCES")
def broadcast_datagram(stack: ExitStack) -> None:
    opened(stack, INET, DGRAM).sendto(b"x", ("127.255.255.255", 9))


@way("send EPERM")
def firewall(stack: ExitStack) -> None:
    fresh = elsewhere(stack)
    chain = "add chain inet t out { type filter hook output priority 0; policy drop; }"
    for rule in ("add table inet t", chain):
        fresh.run(ran, "nft", rule)
    stack.enter_context(fresh.socket(INET, DGRAM)).sendto(b"x", UNLISTENED)


@way("send ENETUNREACH")
def datagram_without_a_route(stack: ExitStack) -> None:
    opened(stack, INET, DGRAM).sendto(b"x", NOWHERE)


@way("send EHOSTUNREACH")
def datagram_to_an_unreachable_route(stack: ExitStack) -> None:
    fresh = elsewhere(stack)
    configured(fresh, "route add unreachable 198.51.100.0/24")
    stack.enter_context(fresh.socket(INET, DGRAM)).sendto(b"x", NOWHERE)


@way("send ENETDOWN")
def frame_on_a_link_that_is_down(stack: ExitStack) -> None:
    fresh = stack.enter_context(Namespace())  # whose loopback is down
    sock = stack.enter_context(fresh.socket(PACKET, RAW))
    sock.sendto(bytes(60), ("lo", 0x0800))


@way("send ENXIO packet")
def frame_on_no_link(stack: ExitStack) -> None:
    opened(stack, PACKET, RAW).send(bytes(60))


@way("send ENODEV")
def link_that_has_gone(stack: ExitStack) -> None:
    bound_to_what_has_gone(stack).sendto(b"x", NOWHERE)


@way("send EADDRNOTAVAIL")
def no_source_address(stack: ExitStack) -> None:
    fresh = elsewhere(stack)
    configured(fresh, "link add one type veth peer name two", "link set one up", "link set two up")
    configured(fresh, "-6 addr flush dev one", "-6 route add 2001:db8::/64 dev one")
    configured(fresh, "addr del ::1/128 dev lo")
    stack.enter_context(fresh.socket(INET6, DGRAM)).sendto(b"x", ("2001:db8::1", 9))


@way("send EPROTOTYPE unix")
def datagram_for_a_stream(stack: ExitStack) -> None:
    path = str(folder(stack) / "socket")
    opened(stack, UNIX).bind(path)
    opened(stack, UNIX, DGRAM).sendto(b"x", path)


@way("send ENOENT unix")
def datagram_to_no_file(stack: ExitStack) -> None:
    opened(stack, UNIX, DGRAM).sendto(b"x", str(folder(stack) / "missing"))


@way("send EINVAL")
def datagram_to_port_0(stack: ExitStack) -> None:
    opened(stack, INET, DGRAM).sendto(b"x", ("127.0.0.1", 0))


@way("send EAFNOSUPPORT")
def datagram_to_another_family(stack: ExitStack) -> None:
    sock = opened(stack, INET, DGRAM)
    called("sendto", sock.fileno(), b"x", 1, 0, SIN6, len(SIN6))


@way("send EOPNOTSUPP")
def urgent_datagram(stack: ExitStack) -> None:
    opened(stack, INET, DGRAM).sendto(b"x", socket.MSG_OOB, UNLISTENED)


@way("send ETOOMANYREFS unix")
def descriptors_in_flight(stack: ExitStack) -> None:
    one, _ = pair(stack, DGRAM)
    rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [one.fileno()] * 200))]

    def send() -> None:
        one.setblocking(False)
        while True:
            one.sendmsg([b"x"], rights)

    with limited(64):
        powerless(send)


# recv(2), shutdown(2)


@way("recv EAGAIN")
def nothing_there(stack: ExitStack) -> None:
    one, _ = pair(stack)
    one.setblocking(False)
    one.recv(1)


@way("recv ECONNRESET")
def reset(stack: ExitStack) -> None:
    client, accepted = connected(stack)
    client.send(b"nobody reads this")
    accepted.recv(1)  # so it has come
    accepted.close()
    client.recv(1)


@way("recv ENOTCONN")
def nobody_to_hear(stack: ExitStack) -> None:
    opened(stack).recv(1)


@way("recv EINVAL")
def nothing_urgent(stack: ExitStack) -> None:
    connected(stack)[0].recv(1, socket.MSG_OOB)


@way("recv EOPNOTSUPP")
def urgent_message(stack: ExitStack) -> None:
    pair(stack, DGRAM)[0].recv(1, socket.MSG_OOB)


@way("recv ENETDOWN packet")
def link_goes_down(stack: ExitStack) -> None:
    fresh = elsewhere(stack)
    sock = stack.enter_context(fresh.socket(PACKET, RAW))
    sock.bind(("lo", 0x0800))
    configured(fresh, "link set lo down")
    sock.settimeout(10)
    sock.recv(1)


@way("shutdown ENOTCONN")
def nothing_to_end(stack: ExitStack) -> None:
    opened(stack).shutdown(socket.SHUT_WR)


@way("shutdown EINVAL")
def end_of_no_direction(stack: ExitStack) -> None:
    connected(stack)[0].shutdown(7)


# getsockopt(2), setsockopt(2)


@way("getsockopt ENOPROTOOPT")
def no_such_option(stack: ExitStack) -> None:
    opened(stack).getsockopt(TCP, 9999)


@way("getsockopt EOPNOTSUPP")
def option_of_another_protocol(stack: ExitStack) -> None:
    opened(stack, INET, DGRAM).getsockopt(TCP, socket.TCP_NODELAY)


@way("getsockopt ENOTCONN")
def mtu_of_no_path(stack: ExitStack) -> None:
    opened(stack).getsockopt(IP, 14)


@way("getsockopt EINVAL")
def too_little_room(stack: ExitStack) -> None:
    called("getsockopt", opened(stack).fileno(), 1, 2, b"1234", struct.pack("i", -1))


@way("getsockopt ENODATA unix")
def groups_of_nobody(stack: ExitStack) -> None:
    opened(stack, UNIX).getsockopt(socket.SOL_SOCKET, SO_PEERGROUPS, 64)


@way("setsockopt ENOPROTOOPT")
def no_option_to_set(stack: ExitStack) -> None:
    opened(stack).setsockopt(socket.SOL_SOCKET, socket.SO_TYPE, 1)


@way("setsockopt EOPNOTSUPP")
def port_of_a_file_to_share(stack: ExitStack) -> None:
    opened(stack, UNIX).setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)


@way("setsockopt EINVAL")
def too_late(stack: ExitStack) -> None:
    sock = opened(stack, INET6)
    sock.bind(("::1", 0))
    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)


@way("setsockopt EPERM")
def mark_without_capability(stack: ExitStack) -> None:
    sock = opened(stack)
    powerless(lambda: sock.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, 1))


@way("setsockopt EDOM")
def too_many_microseconds(stack: ExitStack) -> None:
    time_ = struct.pack("qq", 0, 1_000_000)
    opened(stack).setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, time_)


@way("setsockopt ENODEV")
def no_such_interface(stack: ExitStack) -> None:
    opened(stack).setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"nosuch\0")


@way("setsockopt ENOENT")
def no_such_algorithm(stack: ExitStack) -> None:
    opened(stack).setsockopt(TCP, socket.TCP_CONGESTION, b"nosuch")


def group(number: int) -> bytes:
    return struct.pack("4s4s", bytes((239, 1, 1, number)), bytes((127, 0, 0, 1)))


@way("setsockopt EADDRINUSE")
def member_already(stack: ExitStack) -> None:
    sock = opened(stack, INET, DGRAM)
    for _ in range(2):
        sock.setsockopt(IP, socket.IP_ADD_MEMBERSHIP, group(1))


@way("setsockopt EADDRNOTAVAIL")
def no_member(stack: ExitStack) -> None:
    opened(stack, INET, DGRAM).setsockopt(IP, socket.IP_DROP_MEMBERSHIP, group(1))


@way("setsockopt ENOTCONN")
def other_family_for_nobody(stack: ExitStack) -> None:
    sock = opened(stack, INET6)
    sock.bind(("::1", 0))
    sock.setsockopt(socket.IPPROTO_IPV6, 1, INET)  # IPV6_ADDRFORM


@way("setsockopt EBUSY")
def ring_on_a_ring(stack: ExitStack) -> None:
    sock = opened(stack, PACKET, RAW)
    for _ in range(2):
        sock.setsockopt(263, 5, struct.pack("IIII", 4096, 1, 2048, 2))  # PACKET_RX_RING


@way("setsockopt ENOBUFS")
def too_many_groups(stack: ExitStack) -> None:
    fresh = elsewhere(stack)
    fresh.sysctl("net.ipv4.igmp_max_memberships", 1)
    sock = stack.enter_context(fresh.socket(INET, DGRAM))
    for number in (1, 2):
        sock.setsockopt(IP, socket.IP_ADD_MEMBERSHIP, group(number))


@way("setsockopt ENOMEM")
def filter_beyond_the_limit(stack: ExitStack) -> None:
    fresh = elsewhere(stack)
    fresh.sysctl(OPTMEM, 256)
    attach(stack.enter_context(fresh.socket(INET, DGRAM)), assemble([Op(RETURN, 0)] * 4000))


# any call


@way("any EBADF")
def closed_descriptor(stack: ExitStack) -> None:
    called("listen", lowest_free() + 500, 1)


@way("any ENOTSOCK")
def descriptor_of_a_file(stack: ExitStack) -> None:
    number = os.open(os.devnull, os.O_RDONLY)
    stack.callback(os.close, number)
    called("listen", number, 1)


@way("any EFAULT")
def pointer_to_nothing(stack: ExitStack) -> None:
    called("bind", opened(stack).fileno(), ctypes.c_void_p(8), 16)


@way("any EINTR")
def signal_while_waiting(stack: ExitStack) -> None:
    one, _ = pair(stack)
    before = signal.signal(signal.SIGALRM, lambda *_: None)
    stack.callback(signal.signal, signal.SIGALRM, before)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    called("recv", one.fileno(), ctypes.create_string_buffer(1), 1, 0)
