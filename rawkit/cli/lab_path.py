"""``rawkit lab path``: a path whose routers and target do as they are told."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from rawkit.cli import lab_command, lab_hops, lab_values
from rawkit.cli.errors import OK, write
from rawkit.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from rawkit.lab.answers import Target
    from rawkit.lab.hop import Hop
    from rawkit.wire.address import Address

SCHEMA = "rawkit.lab/1"
SHAPE, NODE, INTERFACE = "path", "first", "path0"
HOPS, MTU = 3, 1500
NOT_OURS = ("leaves", "paths", "jitter", "duplicate", "reorder", "corrupt", "rate", "silent_mtu")
"""Options that other shapes have."""
UNSAID = ("ipv4", "ipv6")
"""What is shown of a hop in any case."""


def add_options(parser: "argparse.ArgumentParser") -> None:
    """Add what only a path has."""
    group = parser.add_argument_group(
        "path", "HOPS are numbers of routers, as 3 or 3,5-7, or all; options may be repeated"
    )
    for option, metavar, words in (*lab_hops.FLAGS, *lab_hops.VALUES, *lab_hops.TARGET):
        group.add_argument(option, action="append", default=[], metavar=metavar, help=words)


def refuse_options(arguments: "argparse.Namespace") -> None:
    """Refuse what only a path has, for another shape.

    Raises:
        UsageError: there is such an option.
    """
    for option, words in _given(arguments).items():
        if words:
            raise UsageError(f"{option} is for {SHAPE}, not for {arguments.shape}")


def main(arguments: "argparse.Namespace", sysctls: Mapping[str, str], command: list[str]) -> int:
    """Show the path, or run the command at its beginning; return the exit status."""
    for name in NOT_OURS:
        if getattr(arguments, name):
            raise UsageError(f"{lab_values.option_of(name)} is not for {SHAPE}")
    mtu, links = _links(arguments)
    hops = lab_hops.hops(
        HOPS if arguments.hops is None else arguments.hops, _given(arguments), links
    )
    target = lab_hops.target(_given(arguments))
    if arguments.print or arguments.json:
        if command:
            raise UsageError("either --print or --json, or a command")
        text = _as_json(hops, target, mtu) if arguments.json else _as_text(hops, target, mtu)
        write(f"{text}\n")
        return OK
    known = _names(hops)
    argv, names = lab_command.filled(command, known), lab_command.table(arguments.host, known)
    return _run(hops, target, mtu, arguments.seed or 1, sysctls, argv, names)


def _given(arguments: "argparse.Namespace") -> dict[str, list[str]]:
    every = (*lab_hops.FLAGS, *lab_hops.VALUES, *lab_hops.TARGET)
    return {option: getattr(arguments, _name_of(option)) for option, *_ in every}


def _name_of(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")


def _links(arguments: "argparse.Namespace") -> tuple[int, dict[str, list[str]]]:
    """Return the MTU of the node's own interface, and what is said of the others' links."""
    links = {name: getattr(arguments, name) for name in ("delay", "loss", "mtu")}
    own = [word for word in links["mtu"] if ":" not in word]
    links["mtu"] = [word for word in links["mtu"] if ":" in word]
    return (lab_values.integer("--mtu", own[-1]) if own else MTU), links


def _run(
    hops: tuple["Hop", ...],
    target: "Target",
    mtu: int,
    seed: int,
    sysctls: Mapping[str, str],
    argv: list[str],
    names: Mapping[str, list[str]],
) -> int:
    from rawkit.lab.answers import Answer, Target
    from rawkit.lab.path import SPARE4, SPARE6, TARGET4, TARGET6, Path
    from rawkit.lab.topology import Lab
    from rawkit.lab.userns import enter

    dead = Target((Answer.SILENT,))
    targets: dict[Address, Target | Answer] = {TARGET4: target, TARGET6: target}
    targets |= {SPARE4: dead, SPARE6: dead}
    enter()
    with Lab() as net:
        node = net.node(NODE, sysctls=sysctls)
        net.up()
        with Path(node, hops, targets, mtu=mtu, interface=INTERFACE, seed=seed):
            return lab_command.run_in(node, SHAPE, argv, names)


def _names(hops: tuple["Hop", ...]) -> dict[str, str]:
    """Return what the words of a command may call each address."""
    from rawkit.lab import path

    known = {"name": NODE}
    known |= lab_command.names_of("first", path.NODE4.ip, path.NODE6.ip)
    known |= lab_command.names_of("last", path.TARGET4, path.TARGET6)
    known |= lab_command.names_of("spare", path.SPARE4, path.SPARE6)
    for number, hop in enumerate(path.addressed(hops), 1):
        known |= lab_command.names_of(f"router{number}", hop.ipv4, hop.ipv6)
    return known


def _as_text(hops: tuple["Hop", ...], target: "Target", mtu: int) -> str:
    from rawkit.lab import path

    lines = [NODE, f"  {INTERFACE}  {path.NODE4!s:16} {path.NODE6}  mtu {mtu}", "routers:"]
    for number, hop in enumerate(path.addressed(hops), 1):
        said = "  ".join(f"{name} {value}" for name, value in _manners(hop))
        lines.append(f"  {number:3}  {hop.ipv4!s:16} {hop.ipv6}  {said}".rstrip())
    lines.append(f"last: {path.TARGET4} {path.TARGET6}")
    lines += [f"  {name} {value}" for name, value in _manners(target)]
    lines.append(f"spare: {path.SPARE4} {path.SPARE6}")
    return "\n".join(lines)


def _as_json(hops: tuple["Hop", ...], target: "Target", mtu: int) -> str:
    import json

    from rawkit.lab import path

    node = {
        "name": NODE,
        "interface": INTERFACE,
        "ipv4": str(path.NODE4),
        "ipv6": str(path.NODE6),
        "mtu": mtu,
    }
    routers = [
        {"hop": number, "ipv4": str(hop.ipv4), "ipv6": str(hop.ipv6), **dict(_manners(hop))}
        for number, hop in enumerate(path.addressed(hops), 1)
    ]
    last = {"ipv4": str(path.TARGET4), "ipv6": str(path.TARGET6), **dict(_manners(target))}
    head = {"type": "lab", "schema": SCHEMA, "shape": SHAPE}
    spare = [str(path.SPARE4), str(path.SPARE6)]
    return json.dumps({**head, "node": node, "routers": routers, "last": last, "spare": spare})


def _manners(one: "Hop | Target") -> Iterator[tuple[str, str | int | float | bool]]:
    """Yield what is not as usual with a router or target."""
    from rawkit.record import as_dict

    usual = as_dict(type(one)())
    for name, value in as_dict(one).items():
        if value != usual[name] and name not in UNSAID:
            yield name, value if isinstance(value, str | int | float) else _in_words(value)


def _in_words(value: object) -> str:
    from enum import Enum

    from rawkit.lab.nat import NAT
    from rawkit.lab.transport import Ports
    from rawkit.wire.multipart import ExtensionObject, InterfaceInfo, Label

    match value:
        case Enum():
            return value.name.lower().replace("_", "-")
        case bytes():
            return value.hex()
        case frozenset():
            return ",".join(map(str, sorted(value)))
        case tuple():
            return ",".join(map(_in_words, value))
        case ExtensionObject(decoded=decoded):
            return _in_words(decoded)
        case Label(label=label):
            return f"mpls {label}"
        case InterfaceInfo(name=name):
            return f"interface {name}"
        case Ports():
            parts = (("open", value.open), ("silent", value.silent))
            return " ".join(f"{name} {_in_words(ports)}" for name, ports in parts if ports)
        case NAT():
            return "yes"
    return str(value)
