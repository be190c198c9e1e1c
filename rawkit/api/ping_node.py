"""Node information queries in ping(8)'s words: ``-N name``, ``-N ipv6-all`` and the like."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address

from rawkit.engine.ping_node import NodeAsked
from rawkit.errors import BuildError, UsageError
from rawkit.host.names import numeric
from rawkit.wire.address import Address
from rawkit.wire.node_information import Flags, QType, encode_name

QUERIES = {
    "name": (QType.NAME, Flags(0)),
    "ipv6": (QType.ADDRESSES, Flags(0)),
    "ipv6-all": (QType.ADDRESSES, Flags.ALL),
    "ipv6-compatible": (QType.ADDRESSES, Flags.COMPATIBLE),
    "ipv6-global": (QType.ADDRESSES, Flags.GLOBAL),
    "ipv6-linklocal": (QType.ADDRESSES, Flags.LINK_LOCAL),
    "ipv6-sitelocal": (QType.ADDRESSES, Flags.SITE_LOCAL),
    "ipv4": (QType.IPV4_ADDRESSES, Flags(0)),
    "ipv4-all": (QType.IPV4_ADDRESSES, Flags.ALL),
}
"""What is asked for."""
SUBJECTS = ("subject-ipv6", "subject-ipv4", "subject-name", "subject-fqdn")
"""Whom it is about, each with ``=`` and a value; by default who is asked."""


def asked_by(words: Sequence[str]) -> NodeAsked:
    """Return the query that words ask for.

    Raises:
        UsageError: they mean nothing, contradict one another, or ask for nothing.
    """
    found: dict[QType, Flags] = {}
    subjects: list[Address | bytes] = []
    for word in words:
        name, equals, value = word.partition("=")
        if equals and name in SUBJECTS:
            subjects.append(_subject(name, value))
        elif word in QUERIES:
            qtype, flags = QUERIES[word]
            found[qtype] = found.get(qtype, Flags(0)) | flags
        else:
            known = ", ".join((*QUERIES, *(f"{subject}=…" for subject in SUBJECTS)))
            raise UsageError(f"node information: {word!r} is none of {known}")
    if len(found) != 1:
        several = "is one question too many" if found else "asks for nothing"
        raise UsageError(f"node information: {' and '.join(map(str, words))} {several}")
    if len(subjects) > 1:
        raise UsageError("node information: one subject at a time")
    ((qtype, flags),) = found.items()
    return NodeAsked(qtype, flags, subjects[0] if subjects else None)


def _subject(kind: str, value: str) -> Address | bytes:
    """Return a subject; a name with a dot in it is a whole name, as in ping(8)."""
    match kind, numeric(value):
        case ("subject-ipv6", IPv6Address() as address):
            return address
        case ("subject-ipv4", IPv4Address() as address4):
            return address4
        case ("subject-name" | "subject-fqdn", _):
            whole = kind == "subject-fqdn" or "." in value
            name = value.lower().removesuffix(".") + "." * whole
            try:
                return encode_name(name)
            except BuildError as error:
                raise UsageError(f"node information: no name: {value!r}") from error
    raise UsageError(f"node information: {kind.removeprefix('subject-')}: no address: {value!r}")
