"""Every header and every record within one can be written in notation, and read again.

The classes are looked for, not listed: one that is new and has no name here makes a test fail.
"""

import importlib
import pkgutil
import types
from collections.abc import Iterator
from enum import Enum
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from rawkit import wire
from rawkit.errors import BuildError
from rawkit.record import as_dict, fields
from rawkit.wire.address import MAC
from rawkit.wire.extensions import Routing
from rawkit.wire.ip_security import DatagramSecurity
from rawkit.wire.ipv6_option_values import Kind, Rpl
from rawkit.wire.notation import parse
from rawkit.wire.notation_codecs import codec_of
from rawkit.wire.notation_names import HEADERS, name_of, option_name
from rawkit.wire.notation_text import write
from rawkit.wire.packet import Header, Packet

ABSTRACT = {
    *("carrier.Carrier", "carrier.EtherTyped", "cooked.Cooked", "packet.Header"),
    *("extensions.Extension", "extensions.Options", "extended_echo.Request"),
    *("extended_echo.Reply", "icmp.Message", "icmp.Quoting", "icmp.Echo"),
    *("icmp_queries.Timestamp", "icmp_queries.Information", "icmp_queries.AddressMask"),
    *("icmpv6.Message", "icmpv6.Quoting", "icmpv6.Extended", "icmpv6.Echo"),
    *("igmp.Message", "igmp.Membership", "mld.Membership", "ndp_options.LinkLayer"),
    *("multicast_routers.Advertisement", "multicast_routers.Bare"),
}
"""What headers and options have in common; none of these is ever on a wire by itself."""
NOT_IN_HEADERS = {
    *("answer_levels", "answer_replies", "extension_order", "fragment", "handshake", "link"),
    *("news", "notation", "notation_codecs", "notation_scan", "notation_values", "overlap"),
    *("packet", "reassembly", "received", "received_frame", "rewrite", "template_places"),
    "udp_handshake",
}
"""Modules whose records are no part of any header."""


@cache
def records() -> dict[str, type[Any]]:
    """Return every record of ``rawkit.wire``, by ``module.Name``."""
    found = {}
    for module in pkgutil.iter_modules(wire.__path__):
        for name, one in vars(importlib.import_module(f"rawkit.wire.{module.name}")).items():
            here = getattr(one, "__module__", "") == f"rawkit.wire.{module.name}"
            if here and isinstance(one, type) and hasattr(one, "__record_fields__"):
                found[f"{module.name}.{name}"] = one
    return found


@cache
def headers() -> dict[str, type[Header]]:
    return {place: one for place, one in concrete() if issubclass(one, Header)}


@cache
def parts() -> dict[str, type[Any]]:
    """Return every record that stands within a header."""
    return {
        place: one
        for place, one in concrete()
        if not issubclass(one, Header) and place.partition(".")[0] not in NOT_IN_HEADERS
    }


def concrete() -> Iterator[tuple[str, type[Any]]]:
    return ((place, one) for place, one in records().items() if place not in ABSTRACT)


def test_every_header_has_a_name() -> None:
    assert set(headers()) == set(HEADERS.values())
    assert all(name_of(kind) for kind in headers().values())


def test_every_record_can_stand_in_a_header() -> None:
    reachable = set[type[Any]]()
    for kind in headers().values():
        for field in fields(kind):
            codec = codec_of(kind, field.name)
            hint = get_type_hints(kind)[field.name] if codec is None else codec.hint
            reachable |= within(hint)

    missing = {place for place, one in parts().items() if one not in reachable}

    assert not missing


def within(hint: Any) -> set[type[Any]]:
    """Return the records that a value of this type is made of."""
    if get_args(hint):
        return set[type[Any]]().union(*map(within, get_args(hint)))
    if not hasattr(hint, "__record_fields__"):
        return set()
    return {hint}.union(*(within(one) for one in get_type_hints(hint).values()))


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Return a strategy for values of a type as it stands in an annotation."""
    kinds = get_args(hint)
    if get_origin(hint) in (Union, types.UnionType):
        return st.one_of(*map(values, kinds))
    if get_origin(hint) is tuple and kinds[-1] is ...:
        return st.lists(values(kinds[0]), max_size=3).map(tuple)
    if get_origin(hint) is tuple:
        return st.tuples(*map(values, kinds))
    if hasattr(hint, "__record_fields__"):
        return instances(hint)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(list(hint))
    return PLAIN[hint]


OCTETS = st.sampled_from((0, 1, 2, 4, 6, 8, 12, 16, 20, 40)).flatmap(
    lambda size: st.binary(min_size=size, max_size=size)
)
PLAIN: dict[Any, st.SearchStrategy[Any]] = {
    type(None): st.none(),
    bool: st.booleans(),
    int: st.integers(0, 3) | st.integers(0, 255),
    str: st.text("abc09.-", max_size=9),
    bytes: OCTETS | st.binary(min_size=6, max_size=6).map(MAC),
    MAC: st.binary(min_size=6, max_size=6).map(MAC),
    IPv4Address: st.builds(IPv4Address, st.integers(0, 2**32 - 1)),
    IPv6Address: st.builds(IPv6Address, st.integers(0, 2**128 - 1)),
}


SIZED = {
    (DatagramSecurity, "compartments"): st.binary(min_size=2, max_size=2),
    (DatagramSecurity, "handling"): st.binary(min_size=2, max_size=2),
    (DatagramSecurity, "transmission"): st.binary(min_size=3, max_size=3),
    (Rpl, "kind"): st.sampled_from((Kind.RPL, Kind.RPL_OLD)),
}
"""Fields in which hardly anything that is there by chance makes sense."""


def instances(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for records of a class, every field given."""
    hints = get_type_hints(kind)
    names = [field.name for field in fields(kind) if field.init]
    known = {name: one for (owner, name), one in SIZED.items() if owner is kind}
    return st.builds(kind, **{name: values(hints[name]) for name in names} | known)


EVERY = settings(max_examples=25, suppress_health_check=list(HealthCheck))


@pytest.mark.thorough
@pytest.mark.parametrize("kind", headers().values(), ids=headers())
def test_every_header_reads_back_with_all_its_fields(kind: type[Header]) -> None:
    @EVERY
    @given(instances(kind))
    def check(header: Header) -> None:
        read = parse(write(Packet((header,)))).packet

        assert read.headers == (header,)
        for name, value in as_dict(header).items():
            assert is_given(header, name) or getattr(read.headers[0], name) == value

    check()


def is_given(header: Header, name: str) -> bool:
    """Whether a computed field is left to be worked out again, which gives the same."""
    return any(field.name == name and not field.compare for field in fields(header))


def coded() -> Iterator[Any]:
    """Yield each field of octets that are shown as values, with each kind of these."""
    for place, kind in headers().items():
        for field in fields(kind):
            codec = codec_of(kind, field.name)
            if codec is not None:
                for one in alternatives(codec.hint):
                    name = f"{place}.{field.name}: {one.__name__}"
                    yield pytest.param(kind, field.name, one, id=name)


def alternatives(hint: Any) -> tuple[type[Any], ...]:
    """Return the records one of which stands in a field, or each of which in a list."""
    kinds = get_args(hint)
    return alternatives(kinds[0]) if get_origin(hint) is tuple else kinds


@pytest.mark.thorough
@pytest.mark.parametrize(("kind", "field", "inside"), list(coded()))
def test_octets_are_written_as_the_values_they_stand_for(
    kind: type[Header], field: str, inside: type[Any]
) -> None:
    codec = codec_of(kind, field)
    assert codec is not None
    shown = 0

    @settings(EVERY, max_examples=40)
    @given(instances(inside), instances(kind))
    def check(value: Any, header: Header) -> None:
        nonlocal shown
        whole = (value,) if get_origin(codec.hint) is tuple else value
        try:
            made = kind(**as_dict(header) | dict(codec.encode(whole)))
        except BuildError:
            assume(False)
        line = write(Packet((made,)))

        assert getattr(parse(line).packet.headers[0], field) == getattr(made, field)
        shown += option_name(inside) in line

    check()

    assert shown > 1


def test_the_kind_of_a_route_follows_from_what_it_holds() -> None:
    words = "route(data=segment_route(segments=[2001:db8::2,2001:db8::1]))"
    (route,) = parse(words).packet.headers

    assert isinstance(route, Routing)
    assert (route.kind, route.segments_left) == (4, 1)
    assert write(Packet((route,))) == (
        "route(segments_left=1,data=segment_route(segments=[2001:db8::2,2001:db8::1]))"
    )
