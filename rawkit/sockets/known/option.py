"""What is known of a socket option beside its number: its form, its unit, what it is for."""

from collections.abc import Mapping

from rawkit.record import field, record
from rawkit.sockets.options import Option


@record
class KnownOption:
    """A socket option with what one needs to read, set and show it."""

    option: Option
    form: str
    """How its octets are to be read, and in which unit; one of ``FORMS``."""
    about: str
    """What it is for, as a clause."""
    access: str = "rw"
    """``"rw"``, ``"r"``: can be read only; ``"w"``: can be set only; ``"take"``: reading
    it takes what it tells, or leaves something behind, so it is not read unasked."""
    choices: Mapping[str, int] | None = field(default=None, compare=False)
    """Names of values: of one, or of bits with the form ``"flags"``."""

    @property
    def name(self) -> str:
        """Its name in C."""
        return self.option.name

    @property
    def is_readable(self) -> bool:
        """Whether there is a value to be read, and reading changes nothing."""
        return self.access in ("r", "rw")

    @property
    def is_settable(self) -> bool:
        """Whether it can be set, with a value that can be written in a word."""
        return self.access in ("w", "rw")


FORMS = {
    "bool": "",
    "int": "",
    "hex": "",
    "choice": "",
    "flags": "",
    "errno": "",
    "octets": "octets",
    "seconds": "s",
    "milliseconds": "ms",
    "microseconds": "us",
    "hops": "hops",
    "times": "times",
    "packets": "packets",
    "rate": "octets/s",
    "u64": "",
    "size64": "octets",
    "time": "s",
    "linger": "s",
    "text": "",
    "credentials": "",
    "counters": "octets",
    "address": "",
    "interface": "",
    "interface32": "",
    "data": "",
    "struct": "",
}
"""Forms of values, and the unit of each; empty: it has none.

``int`` to ``packets`` are a C ``int``; ``rate``, ``u64`` and ``size64`` an unsigned of 64
bits; ``time`` a ``struct timeval``; ``linger`` a ``struct linger``; ``interface`` an index in
the machine's order, ``interface32`` one in network order; ``data`` octets; ``struct`` is
not read.
"""


def rows(
    level: int, *table: tuple[str, int, str, str, str, str] | tuple[Option, str, str, str]
) -> tuple[KnownOption, ...]:
    """Return the options of a level from a table.

    Each row is name, number, form, access, first kernel and meaning; or an option of
    :mod:`rawkit.sockets.options`, form, access and meaning. A capability that setting it
    takes stands behind the kernel: ``"2.6.25 CAP_NET_ADMIN"``.
    """
    found = []
    for row in table:
        if isinstance(row[0], Option):
            option, form, access, about = row
        else:
            name, number, form, access, since, about = row
            kernel, _, capability = since.partition(" ")
            option = Option(name, level, number, form, kernel, capability or None)
        found.append(KnownOption(option, form, about, access, CHOICES.get(option.name)))
    return tuple(found)


def _bits(names: str) -> dict[str, int]:
    """Return values of names: a bit for each, in order."""
    return {name: 1 << bit for bit, name in enumerate(names.split())}


PMTUDISC = {"dont": 0, "want": 1, "do": 2, "probe": 3, "interface": 4, "omit": 5}
PROTOCOLS = {"default": 0, "icmp": 1, "tcp": 6, "udp": 17, "icmpv6": 58, "raw": 255, "mptcp": 262}
PREFERENCES = {"tmp": 1, "public": 2, "coa": 4, "cga": 8, "pubtmp_default": 0x100, "home": 0x400}
CHOICES: dict[str, dict[str, int]] = {
    "SO_TYPE": {"stream": 1, "dgram": 2, "raw": 3, "seqpacket": 5},
    "SO_DOMAIN": {"unix": 1, "inet": 2, "inet6": 10, "netlink": 16, "packet": 17, "vsock": 40},
    "SO_PROTOCOL": PROTOCOLS,
    "SO_BUF_LOCK": _bits("sndbuf rcvbuf"),
    "SO_TIMESTAMPING": _bits(
        "tx_hardware tx_software rx_hardware rx_software software sys_hardware raw_hardware opt_id"
        " tx_sched tx_ack opt_cmsg opt_tsonly opt_stats opt_pktinfo opt_tx_swhw bind_phc opt_id_tcp"
        " opt_rx_filter"
    ),
    "IP_MTU_DISCOVER": PMTUDISC,
    "IPV6_MTU_DISCOVER": PMTUDISC,
    "IPV6_ADDR_PREFERENCES": {**PREFERENCES, "noncga": 0x800},
    "TCP_REPAIR_QUEUE": {"none": 0, "recv": 1, "send": 2},
    "PACKET_VERSION": {"v1": 0, "v2": 1, "v3": 2},
}
"""Names of values (asm-generic/socket.h, linux/in.h, linux/in6.h, linux/net_tstamp.h …)."""
