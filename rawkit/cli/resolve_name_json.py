"""What ``rawkit resolve-name --json`` prints: one object a line (:mod:`rawkit.cli.records`)."""

from collections.abc import Sequence

from rawkit.cli.records import Schema, Value, duration, line
from rawkit.cli.resolve_name_run import Repeated, Surroundings
from rawkit.host.name_questions import Answer
from rawkit.host.names import Address

SCHEMA: Schema = {
    "question": (
        *("question", "ip_version", "found_addresses", "canonical_name", "aliases"),
        *("errno_name", "cause", "took"),
    ),
    "again": ("number_of_time", "found_addresses", "cause", "took", "remembered", "holds"),
    "name": (
        *("found_addresses", "canonical_name", "found_in", "hosts_file_lines", "lookup_order"),
        *("resolver_servers", "is_numeric"),
    ),
}


def question(host: str, answer: Answer) -> str:
    """Return the object of a question that was asked."""
    values: dict[str, Value] = {
        "question": answer.question,
        "ip_version": answer.version,
        "found_addresses": _texts(answer.addresses),
        "canonical_name": answer.canonical,
        "aliases": list(answer.aliases),
        "errno_name": answer.error or None,
        "cause": answer.cause or None,
        "took": duration(answer.took),
    }
    return _line("question", host, answer.addresses, values)


def name(host: str, first: Answer, around: Surroundings) -> str:
    """Return the object of a name.

    Args:
        host: the name.
        first: the answer that counts.
        around: where it is from.
    """
    values: dict[str, Value] = {
        "found_addresses": _texts(first.addresses),
        "canonical_name": first.canonical,
        "found_in": list(around.origin.services) if first.addresses else [],
        "hosts_file_lines": [one.number for one in around.origin.lines],
        "lookup_order": list(around.services),
        "resolver_servers": list(around.servers),
        "is_numeric": False,
    }
    return _line("name", host, first.addresses, values)


def numeric(word: str, address: Address) -> str:
    """Return the object of an address that was given instead of a name."""
    values: dict[str, Value] = {
        "found_addresses": [str(address)],
        "canonical_name": None,
        "found_in": [],
        "hosts_file_lines": [],
        "lookup_order": [],
        "resolver_servers": [],
        "is_numeric": True,
    }
    return _line("name", word, (address,), values)


def again(host: str, one: Repeated) -> str:
    """Return the object of a repeated question."""
    values: dict[str, Value] = {
        "number_of_time": one.number,
        "found_addresses": _texts(one.addresses),
        "cause": one.cause or None,
        "took": duration(one.took),
        "remembered": None if one.age is None else duration(one.age),
        "holds": None if one.left is None else duration(one.left),
    }
    return _line("again", host, one.addresses, values)


def _line(kind: str, host: str, found: Sequence[Address], values: dict[str, Value]) -> str:
    first = str(found[0]) if found else None
    return line("resolve-name", kind, None, {"host": host, "address": first, **values})


def _texts(addresses: Sequence[Address]) -> list[Value]:
    return [str(address) for address in addresses]
