"""The reference of options, routes and policies names what there is, and no other."""

from typing import Any, get_args

import pytest

from rawkit.record import fields
from rawkit.wire import ip_options, ipv6_options, routing, segment_objects, tcp_options
from rawkit.wire.extension_order import Rule
from rawkit.wire.integrity import Integrity
from rawkit.wire.overlap import Policy
from rawkit.wire.reassembly import ReassemblyCounts
from tests.test_docs_reference import CODE, by_name, rows, section, text

PAGE = "wire-options.md"
TABLES = [
    ("Options of IPv4", ip_options.Option),
    ("Options of IPv6", ipv6_options.Option),
    ("Options of TCP", tcp_options.Option),
    ("Routing headers", routing.Route | segment_objects.Object),
]


@pytest.mark.parametrize(("heading", "union"), TABLES, ids=[heading for heading, _ in TABLES])
def test_every_option_is_described_with_its_fields(heading: str, union: Any) -> None:
    described = {
        CODE.findall(row[0])[0]: CODE.findall(row[1])
        for row in rows(section(PAGE, heading))
        if "(" not in row[0]
    }

    assert described == {kind.__name__: [f.name for f in fields(kind)] for kind in get_args(union)}


def test_every_rule_and_every_policy_is_described() -> None:
    rules = by_name(section(PAGE, "Order of extension headers"), 1)
    policies = rows(section(PAGE, "Fragments"))

    assert rules == {rule.name: rule.value for rule in Rule}
    assert [CODE.findall(row[0])[0] for row in policies][-len(Policy) :] == [p.name for p in Policy]


def test_every_count_and_every_integrity_is_described() -> None:
    page = text(PAGE)

    for field in fields(ReassemblyCounts):
        assert f"`{field.name}`" in page
    for one in Integrity:
        assert one.name in page
