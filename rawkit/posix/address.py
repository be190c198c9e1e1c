r"""Addresses of sockets in one notation, the same for every command.

=====================================  ==================================================
``tcp:HOST:PORT``                      a stream; ``tcp4:``, ``tcp6:`` for one version of IP
``udp:HOST:PORT``                      datagrams; ``udp4:``, ``udp6:``
``mptcp:HOST:PORT``                    multipath TCP (RFC 8684); ``mptcp4:``, ``mptcp6:``
``unix:PATH``, ``unix:@NAME``          a stream on this machine, in a file or abstract
``unix-dgram:…``, ``unix-seqpacket:…`` the same for datagrams, and for whole messages in order
``vsock:CID:PORT``                     a stream between a virtual machine and its host
``fd:NUMBER``                          a socket that this process was given
``packet:INTERFACE``                   frames of a link: ``packet:eth0/0x0806/02:00:00:00:01:02``
=====================================  ==================================================

HOST is a name, an IPv4 address, an IPv6 address in brackets (``[::1]``, ``[fe80::1%eth0]``),
or ``*``: every address of this machine. PORT is a number or the name of a service. In PATH
and NAME, ``\xNN`` is an octet and ``\\`` a backslash.

Reading is strict: ``010.0.0.1``, ``1`` and port ``080`` are refused. It asks no name server;
:mod:`rawkit.posix.resolution` does. ``parse(str(address))`` is the address again.
"""

import os
import re
import socket
from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

from rawkit.errors import NameNotFound, UsageError
from rawkit.host.names import numeric, refuse_odd
from rawkit.posix import ports
from rawkit.record import record

EVERY = "*"
"""As a host: every address of this machine; as an interface: every one."""
LONGEST_PATH = 107
"""Octets of a name in ``sockaddr_un``: 108, and one of them a NUL, before or behind (unix(7))."""
LONGEST_INTERFACE = 15
MOST_CID = 0xFFFF_FFFF
ANY_CID = ANY_VSOCK_PORT = 0xFFFF_FFFF
CIDS = {"hypervisor": 0, "local": 1, "host": 2, "any": ANY_CID}
"""Context identifiers that have names (vsock(7))."""
MOST_DESCRIPTOR = 0x7FFF_FFFF
ETH_P_ALL = 3
ESCAPE = re.compile(r"\\(\\|x[0-9a-fA-F]{2})")

Host = str | IPv4Address | IPv6Address


class Kind(NamedTuple):
    """A kind of socket: what the word before the first colon means to socket(2)."""

    word: str
    family: int
    """``AF_UNSPEC``: IPv4 or IPv6, as the host has it."""
    type: int
    protocol: int
    about: str

    @property
    def service_protocol(self) -> str:
        """Whose services its ports are: those of ``"tcp"`` or ``"udp"``."""
        return "udp" if self.type == socket.SOCK_DGRAM else "tcp"

    @property
    def either(self) -> str:
        """The word for either version of IP: ``"tcp"``, if this is ``"tcp4"``."""
        return self.word.rstrip("46")


STREAM, DGRAM, SEQPACKET = socket.SOCK_STREAM, socket.SOCK_DGRAM, socket.SOCK_SEQPACKET
TCP, UDP, MPTCP = socket.IPPROTO_TCP, socket.IPPROTO_UDP, socket.IPPROTO_MPTCP
KINDS = {
    kind.word: kind
    for kind in (
        Kind("tcp", socket.AF_UNSPEC, STREAM, TCP, "a stream over IPv4 or IPv6"),
        Kind("tcp4", socket.AF_INET, STREAM, TCP, "a stream over IPv4"),
        Kind("tcp6", socket.AF_INET6, STREAM, TCP, "a stream over IPv6"),
        Kind("udp", socket.AF_UNSPEC, DGRAM, UDP, "datagrams over IPv4 or IPv6"),
        Kind("udp4", socket.AF_INET, DGRAM, UDP, "datagrams over IPv4"),
        Kind("udp6", socket.AF_INET6, DGRAM, UDP, "datagrams over IPv6"),
        Kind("mptcp", socket.AF_UNSPEC, STREAM, MPTCP, "a stream over several paths"),
        Kind("mptcp4", socket.AF_INET, STREAM, MPTCP, "a stream over several paths of IPv4"),
        Kind("mptcp6", socket.AF_INET6, STREAM, MPTCP, "a stream over several paths of IPv6"),
        Kind("unix", socket.AF_UNIX, STREAM, 0, "a stream on this machine"),
        Kind("unix-dgram", socket.AF_UNIX, DGRAM, 0, "datagrams on this machine, none lost"),
        Kind("unix-seqpacket", socket.AF_UNIX, SEQPACKET, 0, "whole messages on this machine"),
        Kind("vsock", socket.AF_VSOCK, STREAM, 0, "a stream between virtual machine and host"),
        Kind("fd", socket.AF_UNSPEC, 0, 0, "a socket that this process was given"),
        Kind("packet", socket.AF_PACKET, socket.SOCK_RAW, 0, "frames of a link"),
    )
}
"""All kinds, by their words."""
FORMS = {
    "unix": "unix:PATH or unix:@NAME",
    "vsock": "vsock:CID:PORT",
    "fd": "fd:NUMBER",
    "packet": "packet:INTERFACE/PROTOCOL/HARDWARE-ADDRESS",
}


@record
class InternetAddress:
    """Where a host and a port are to be found.

    Raises:
        UsageError: there can be no such address; the message says why.
    """

    kind: Kind
    host: Host
    """An address, a name to be looked up, or ``EVERY``."""
    port: int

    def __post_init__(self) -> None:
        if not 0 <= self.port <= ports.MOST:
            raise UsageError(f"port {self.port} is not in 0 to {ports.MOST}")
        match self.host:
            case IPv4Address() if self.kind.family == socket.AF_INET6:
                raise UsageError(f"{self.host} is an IPv4 address: {self.kind.either}: takes it")
            case IPv6Address() if self.kind.family == socket.AF_INET:
                raise UsageError(f"{self.host} is an IPv6 address: {self.kind.either}: takes it")
            case IPv6Address(scope_id=str() as scope):
                _check_interface(scope)
            case str() as name if name != EVERY:
                _check_name(name)

    @property
    def is_every(self) -> bool:
        """Whether it stands for every address of this machine."""
        return self.host == EVERY

    def __str__(self) -> str:
        host = f"[{self.host}]" if isinstance(self.host, IPv6Address) else self.host
        return f"{self.kind.word}:{host}:{self.port}"


@record
class UnixAddress:
    """A name on this machine (unix(7)).

    Raises:
        UsageError: it is too long, or no name.
    """

    kind: Kind
    path: str
    """The file; or, of an abstract one, its name without the NUL before it. As a file name
    it may hold octets that are no text (``os.fsdecode``)."""
    abstract: bool = False
    """Whether it is no file, but a name of the network namespace. If it is empty, too, the
    kernel chooses one when it is bound."""

    def __post_init__(self) -> None:
        size = len(os.fsencode(self.path))
        if size > LONGEST_PATH:
            what = "name" if self.abstract else "path"
            raise UsageError(f"the {what} has {size} octets, and {LONGEST_PATH} is the limit")
        if self.abstract:
            return
        if not self.path:
            raise UsageError("no path")
        if "\0" in self.path:
            raise UsageError("a path cannot hold a NUL")

    def __str__(self) -> str:
        path = _escaped(self.path)
        if self.abstract:
            path = f"@{path}"
        elif path.startswith("@"):
            path = rf"\x40{path[1:]}"
        return f"{self.kind.word}:{path}"


@record
class VsockAddress:
    """A port of a virtual machine or of its host (vsock(7))."""

    kind: Kind
    cid: int
    """Context identifier: who it is. 2 is the host."""
    port: int
    """Of 32 bits, unlike those of TCP."""

    def __post_init__(self) -> None:
        for what, number in (("cid", self.cid), ("port", self.port)):
            if not 0 <= number <= MOST_CID:
                raise UsageError(f"{what} {number} is not in 0 to {MOST_CID}")

    def __str__(self) -> str:
        cid, port = ("any" if one == ANY_CID else one for one in (self.cid, self.port))
        return f"{self.kind.word}:{cid}:{port}"


@record
class DescriptorAddress:
    """A socket that was opened by somebody else and left to this process."""

    kind: Kind
    number: int

    def __post_init__(self) -> None:
        if not 0 <= self.number <= MOST_DESCRIPTOR:
            raise UsageError(f"descriptor {self.number} is not in 0 to {MOST_DESCRIPTOR}")

    def __str__(self) -> str:
        return f"{self.kind.word}:{self.number}"


@record
class PacketAddress:
    """A link, the protocol of its frames, and who on it (packet(7))."""

    kind: Kind
    interface: str
    protocol: int = ETH_P_ALL
    """The EtherType; ``ETH_P_ALL``: every one."""
    hardware: bytes = b""
    """At most 8 octets."""

    def __post_init__(self) -> None:
        if self.interface != EVERY:
            _check_interface(self.interface)
        if not 0 <= self.protocol <= 0xFFFF:
            raise UsageError(f"protocol {self.protocol:#x} is not in 0 to 0xffff")
        if len(self.hardware) > 8:
            raise UsageError(f"a hardware address of {len(self.hardware)} octets: 8 is the limit")

    def __str__(self) -> str:
        words = [f"{self.kind.word}:{self.interface}"]
        if self.hardware or self.protocol != ETH_P_ALL:
            words.append(f"{self.protocol:#06x}")
        if self.hardware:
            words.append(self.hardware.hex(":"))
        return "/".join(words)


Address = InternetAddress | UnixAddress | VsockAddress | DescriptorAddress | PacketAddress


def parse(text: str) -> Address:
    """Return the address that a word of the notation stands for.

    Raises:
        UsageError: it is none; the message says why, and how it is written.
    """
    word, colon, rest = text.partition(":")
    kind = KINDS.get(word)
    if kind is None or not colon:
        raise UsageError(_wrong(text, _no_kind(text, word)))
    try:
        return _read(kind, rest)
    except UsageError as error:
        raise UsageError(_wrong(text, str(error))) from error


def _read(kind: Kind, rest: str) -> Address:
    if rest.startswith("//"):
        raise UsageError(f"without //: {FORMS.get(kind.word, f'{kind.word}:HOST:PORT')}")
    match kind.family:
        case socket.AF_UNIX:
            abstract = rest.startswith("@")
            return UnixAddress(kind, _unescaped(rest[1:] if abstract else rest), abstract)
        case socket.AF_VSOCK:
            return _vsock(kind, rest)
        case socket.AF_PACKET:
            return _packet(kind, rest)
    if kind.word == "fd":
        return DescriptorAddress(kind, _number("descriptor", rest))
    return _internet(kind, rest)


def _internet(kind: Kind, rest: str) -> InternetAddress:
    if rest.startswith("["):
        inside, bracket, after = rest[1:].partition("]")
        if not bracket:
            raise UsageError("no ] behind the address")
        if not after.startswith(":"):
            raise UsageError(f"no port: {kind.word}:[{inside}]:PORT")
        return InternetAddress(kind, _ipv6(inside), _port(kind, after[1:]))
    name, colon, port = rest.rpartition(":")
    if not colon:
        raise UsageError(f"no port: {kind.word}:{rest or 'HOST'}:PORT")
    if ":" in name:
        shown = name if numeric(name) is not None else "ADDRESS"
        raise UsageError(f"an IPv6 address stands in brackets: {kind.word}:[{shown}]:{port}")
    if not name:
        raise UsageError(f"no host; say {EVERY} for every address of this machine")
    host = name if name == EVERY else numeric(name)
    return InternetAddress(kind, name if host is None else host, _port(kind, port))


def _port(kind: Kind, word: str) -> int:
    return ports.parse(word, kind.service_protocol)


def _ipv6(text: str) -> IPv6Address:
    address = numeric(text)
    if isinstance(address, IPv6Address):
        return address
    raise UsageError(f"[{text}] is no IPv6 address: only those stand in brackets")


def _vsock(kind: Kind, rest: str) -> VsockAddress:
    cid, colon, port = rest.partition(":")
    if not colon:
        raise UsageError(f"no port: {FORMS[kind.word]}")
    number = CIDS[cid] if cid in CIDS else _number("cid", cid)
    return VsockAddress(kind, number, ANY_VSOCK_PORT if port == "any" else _number("port", port))


def _packet(kind: Kind, rest: str) -> PacketAddress:
    interface, _, behind = rest.partition("/")
    word, _, hardware = behind.partition("/")
    if not re.fullmatch(r"(0x[0-9a-fA-F]{1,4})?", word):
        raise UsageError(f"protocol {word!r}: an EtherType, such as 0x0800")
    if not re.fullmatch(r"([0-9a-fA-F]{2}(:[0-9a-fA-F]{2})*)?", hardware):
        raise UsageError(f"hardware address {hardware!r}: such as 02:00:00:00:01:02")
    protocol = int(word, 16) if word else ETH_P_ALL
    return PacketAddress(kind, interface, protocol, bytes.fromhex(hardware.replace(":", "")))


def _number(what: str, word: str) -> int:
    if not (word.isascii() and word.isdecimal()) or (len(word) > 1 and word.startswith("0")):
        raise UsageError(f"{what} {word!r} is no number")
    return int(word[:20])


def _check_interface(name: str) -> None:
    """Refuse what the kernel takes for no interface's name (net/core/dev.c, dev_valid_name)."""
    odd = any(letter.isspace() or not letter.isprintable() or letter in "/:%]" for letter in name)
    if odd or name in ("", ".", "..") or len(os.fsencode(name)) > LONGEST_INTERFACE:
        raise UsageError(f"{name!r} is no name of an interface")


def _check_name(name: str) -> None:
    if (address := numeric(name)) is not None:
        raise UsageError(f"{name!r}: a name; as an address, give {address!r}")
    try:
        refuse_odd(name)
    except NameNotFound as error:
        raise UsageError(str(error)) from error
    if EVERY in name:
        raise UsageError(f"{name!r}: not a host name")


def _escaped(path: str) -> str:
    r"""Return a path with ``\xNN`` for octets that are no letters to show."""

    def shown(letter: str) -> str:
        if letter == "\\":
            return "\\\\"
        if letter.isprintable():
            return letter
        return "".join(rf"\x{octet:02x}" for octet in os.fsencode(letter))

    return "".join(map(shown, path))


def _unescaped(text: str) -> str:
    """Return what :func:`_escaped` was given."""
    octets, place = b"", 0
    for match in ESCAPE.finditer(text):
        octets += _plain_octets(text[place : match.start()])
        octets += b"\\" if match[1] == "\\" else bytes.fromhex(match[1][1:])
        place = match.end()
    return os.fsdecode(octets + _plain_octets(text[place:]))


def _plain_octets(text: str) -> bytes:
    if "\\" in text:
        raise UsageError(r"a backslash is written \\, an octet \x0a")
    try:
        return os.fsencode(text)
    except UnicodeEncodeError as error:
        raise UsageError("the path holds what no file name can hold") from error


def _wrong(text: str, why: str) -> str:
    """Return the message about a word, fit for a terminal whatever the word holds."""
    return f"address {text!r}: {why if why.isprintable() else repr(why)[1:-1]}"


def _no_kind(text: str, word: str) -> str:
    """Return what is wrong with an address that does not begin with a kind."""
    from difflib import get_close_matches

    forms = "tcp:HOST:PORT, udp:HOST:PORT, unix:PATH, vsock:CID:PORT or fd:NUMBER"
    if text.startswith(("/", "./", "@")):
        return f"it begins with a kind: unix:{text}"
    if ":" in text and (close := get_close_matches(word, KINDS, n=1)):
        return f"no kind {word!r} (did you mean {close[0]!r}?)"
    if text.count(":") == 1 and all(text.split(":")):
        forms = f"tcp:{text}, or udp:{text}"
    return f"it begins with a kind: {forms}"
