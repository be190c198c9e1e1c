"""The reference of sending and exchanging names what there is, and no other."""

import re
from typing import Any, get_args

import pytest

import rawkit
from rawkit.api.exchange import ExchangeOptions
from rawkit.api.preview import Preview
from rawkit.api.send_events import PieceOptions, SendEvent, SendOptions, SendReport
from rawkit.cli import exchange_options, send_options
from rawkit.engine.exchange import MOST_KEPT
from rawkit.engine.exchange_events import (
    ExchangeEvent,
    ExchangeReport,
    ExchangeSettings,
)
from rawkit.record import fields
from rawkit.sockets.kernel_rules import Change
from rawkit.sockets.senders import SOCKETS
from rawkit.sockets.sending import Layer
from rawkit.wire.relation import Relation
from tests.test_docs_reference import CODE, by_name, names, rows, section, text

LIBRARY = "library-send.md"
VERBS = (rawkit.send, rawkit.preview, rawkit.exchange)


@pytest.mark.parametrize(
    ("page", "table"),
    [("send.md", send_options.TABLE), ("exchange.md", exchange_options.TABLE)],
)
def test_every_option_is_described_as_it_is_written(page: str, table: Any) -> None:
    described = [row[0] for row in rows(section(page, "Options"))]

    assert described == [
        ", ".join(
            f"`{word}{'' if option.may_lack_argument or not option.argument else ' '}"
            f"{option.argument if word[:2] == '--' or not option.may_lack_argument else ''}`"
            for word in (f"-{option.letter}" if option.letter else "", f"--{option.name}")
            if word
        )
        for option in table.options
    ]


def test_every_layer_is_described() -> None:
    assert names(section("send.md", "Layers")) == [layer.value for layer in Layer]
    assert set(SOCKETS) == set(Layer)


def test_every_verb_is_described() -> None:
    described = re.findall(r"^\| `rawkit\.(\w+)\(", text(LIBRARY), re.MULTILINE)

    assert described == [verb.__name__ for verb in VERBS]


OPTIONS = [
    ("Of all three:", PieceOptions, ()),
    ("Of `send`:", SendOptions, PieceOptions.__annotations__),
    ("Of `exchange`:", ExchangeOptions, PieceOptions.__annotations__),
]


@pytest.mark.parametrize(("heading", "options", "but"), OPTIONS)
def test_every_keyword_is_described(heading: str, options: Any, but: Any) -> None:
    _, _, behind = section(LIBRARY, "Options").partition(heading)
    table, _, _ = behind.partition("\n\nOf ")

    assert sorted(names(table)) == sorted(set(options.__annotations__) - set(but))


def test_the_defaults_of_exchange_are_those_of_the_code() -> None:
    cells = by_name(section(LIBRARY, "Options").partition("Of `exchange`:")[2], 2)
    settings = ExchangeSettings()

    for name in ("timeout", "tries", "wanted", "errors_answer"):
        assert cells[name].strip("`") == str(getattr(settings, name))


def test_every_field_of_a_preview_is_described() -> None:
    table = section(LIBRARY, "Preview")

    assert sorted(names(table)) == sorted(field.name for field in fields(Preview))
    assert {field.name for field in fields(Change)} <= set(CODE.findall(table))


def test_every_event_is_described_with_its_fields() -> None:
    cells = by_name(section(LIBRARY, "Events"), 1)
    kinds = (*get_args(SendEvent), *get_args(ExchangeEvent))

    assert {name: CODE.findall(cell) for name, cell in cells.items()} == {
        kind.__name__: [field.name for field in fields(kind)] for kind in kinds
    }
    for relation in set(Relation) - {Relation.NONE}:
        assert f"`{relation.name}`" in section(LIBRARY, "Events")


@pytest.mark.parametrize("report", [SendReport, ExchangeReport])
def test_every_field_of_a_report_is_described(report: type) -> None:
    _, _, behind = section(LIBRARY, "Reports").partition(f"**`{report.__name__}`**")
    table = behind.partition("**`")[0]

    assert sorted(names(table)) == sorted(field.name for field in fields(report))


def test_the_limits_are_those_of_the_code() -> None:
    assert f"up to {MOST_KEPT:,}" in text(LIBRARY)
