"""``rawkit lab``: a network in a box, and a command or a shell in it. No root needed."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn, cast

from rawkit.cli import lab_command, lab_path, lab_values
from rawkit.cli.errors import INTERRUPTED, OK, TROUBLE, complain, write
from rawkit.errors import RawkitError, UsageError

if TYPE_CHECKING:
    import argparse

    from rawkit.lab.impairment import Impairment
    from rawkit.lab.plan import Interface, LinkOptions, Links, Plan, Port

PROGRAM = "rawkit lab"
SCHEMA = "rawkit.lab/1"
SIZES = {"line": "hops", "star": "leaves", "diamond": "paths"}
"""The option that says how big a shape is."""
LINK = (
    ("delay", "[N:]TIME", "each way, as 10ms, 250us or 0.01s"),
    ("jitter", "[N:]TIME", "more or less"),
    ("loss", "[N:]SHARE", "of all frames, as 1%% or 0.01"),
    ("duplicate", "[N:]SHARE", "the same"),
    ("reorder", "[N:]SHARE", "the same; they skip the delay"),
    ("corrupt", "[N:]SHARE", "the same"),
    ("rate", "[N:]RATE", "bits per second, as 10M, 256k or 1e6"),
    ("mtu", "[N:]OCTETS", "of the interfaces (1500)"),
    ("silent-mtu", "[N:]OCTETS", "longer packets vanish: a black hole"),
)
"""How a link is: option, its word, and what it means."""
HOST = "a name that the command knows, instead of those in /etc/hosts"
EXAMPLES = """\
examples:
  rawkit lab line --hops 3 -- traceroute -n {last}
  rawkit lab pair --delay 10ms --loss 1% -- ping -c 5 {last}
  rawkit lab line --mtu 1400 -- ping -M do -s 1452 -c 1 {last6}
  rawkit lab line --hops 5 --mtu 2:1400 --silent-mtu 4:1300 -- tracepath -n {last}
  rawkit lab line --set net.ipv4.icmp_ratelimit=0 -- ping -c 1 {router2}
  rawkit lab pair --host db.example={last} -- ping -c 1 db.example
  rawkit lab diamond --paths 3 --print
  rawkit lab star --leaves 9          a shell in the first node
  rawkit lab path --hops 12 --silent 5,9 --delay 3:20ms --mtu 6:1400 --filtered 6 \\
      --mpls 4 -- traceroute -n {last}

The command runs in the first node, in a user namespace in which you are root over the
lab and nothing else. In its words, {first} {last} {router1} ... or the name of any node
become its IPv4 address, {first6} {last6} {router1_6} ... its IPv6 address; {spare} is an
address next to the last node that nobody has; {name} is the name of the node that the
command runs in.
Delay, loss and the like, and the mtu, are those of the last link; in a line, 2:10ms is for
the second one, 2,4-6:10ms for several. A path is no kernel's but played: its routers and its
target do as they are told. There 2:10ms is for the second router and the link to it (an mtu:
behind it), all:10ms for every one.

Exit status: the command's; 128+n if signal n ended it; 127 if there is no such command,
126 if it cannot be run; 2 if the lab cannot be built.
"""


def main(argv: Sequence[str]) -> int:
    """Run ``rawkit lab`` with these arguments and return the exit status."""
    try:
        own, command = lab_command.split(argv)
        arguments = _parser().parse_args(own)
        if arguments.shape == "path":
            return lab_path.main(arguments, dict(_settings(arguments.set)), command)
        lab_path.refuse_options(arguments)
        plan = _plan(arguments)
        if arguments.print or arguments.json:
            if command:
                raise UsageError("either --print or --json, or a command")
            text = _as_json(arguments.shape, plan) if arguments.json else _as_text(plan)
            write(f"{text}\n")
            return OK
        return _run(arguments, plan, command)
    except RawkitError as error:
        complain("lab", error)
        return TROUBLE
    except KeyboardInterrupt:
        return INTERRUPTED


def _parser() -> "argparse.ArgumentParser":
    import argparse

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise UsageError(f"{message} (see: {PROGRAM} --help)")

    parser = Parser(
        prog=PROGRAM,
        usage=f"{PROGRAM} SHAPE [OPTION...] [-- COMMAND...]",
        description="Build a network in a box and run a command in it, or a shell.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    add = parser.add_argument
    shapes = ["pair", "line", "star", "diamond", "lossy", "path"]
    add("shape", metavar="SHAPE", choices=shapes, help=", ".join(shapes))
    add("--hops", type=int, metavar="N", help="line, path: routers between the ends (3)")
    add("--leaves", type=int, metavar="N", help="star: hosts on the switch (3)")
    add("--paths", type=int, metavar="N", help="diamond: equally good paths (2)")
    for name, metavar, words in LINK:
        add(f"--{name}", action="append", default=[], metavar=metavar, help=words)
    add("--seed", type=int, metavar="N", help="the same luck again (1)")
    add("--set", action="append", default=[], metavar="KEY=VALUE", help="a sysctl of every node")
    add("--host", action="append", default=[], metavar="NAME=ADDRESS", help=HOST)
    add("--print", action="store_true", help="show nodes and addresses, build nothing")
    add("--json", action="store_true", help="the same for programs, in one line")
    lab_path.add_options(parser)
    return parser


def _plan(arguments: "argparse.Namespace") -> "Plan":
    from rawkit.lab.shapes import PLANS

    shape = arguments.shape
    size = {}
    for of, option in SIZES.items():
        if (number := getattr(arguments, option)) is not None:
            if of != shape:
                raise UsageError(f"--{option} is for {of}, not for {shape}")
            size[option] = number
    last, named = _link_options(arguments)
    settings = {"sysctls": dict(_settings(arguments.set)), **({"links": named} if named else {})}
    return PLANS[shape](**size, **settings, **last)


def _link_options(arguments: "argparse.Namespace") -> tuple["LinkOptions", "Links"]:
    """Return how the last link is, and how those are that are named by their number."""
    line = arguments.shape == "line"
    most = 1 + (3 if arguments.hops is None else arguments.hops)
    last: dict[str, float] = {} if arguments.seed is None else {"seed": arguments.seed}
    named: dict[int, dict[str, float]] = {}
    for name, read in lab_values.LINK.items():
        option = lab_values.option_of(name)
        for word in getattr(arguments, name):
            places, value = lab_values.numbered(option, word, most)
            if places and not line:
                raise UsageError(f"{option} {word}: only the links of a line have numbers")
            number = read(option, value)
            for link in [last] if places is None else [named.setdefault(n, {}) for n in places]:
                link[name] = number
    return cast("LinkOptions", last), cast("Links", named)


def _settings(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    from rawkit.host.sysctl import path_of

    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise UsageError(f"--set: {text!r} is not KEY=VALUE")
        path_of(key.strip())  # or it is no name at all
        yield key.strip(), value.strip()


def _run(arguments: "argparse.Namespace", plan: "Plan", command: list[str]) -> int:
    """Build the lab around us and run the command in its first node."""
    from rawkit.lab.topology import Lab
    from rawkit.lab.userns import enter

    known = _names(plan)
    argv, names = lab_command.filled(command, known), lab_command.table(arguments.host, known)
    enter()
    with Lab(plan).up() as net:
        return lab_command.run_in(net.first, arguments.shape, argv, names)


def _names(plan: "Plan") -> dict[str, str]:
    """Return what the words of a command may call each address."""
    hosts = list(plan.hosts.values())
    known = {"name": hosts[0].name}
    by_role = {"first": hosts[0], "last": hosts[-1], **plan.hosts}
    routers = (host for host in hosts if host.forwards)
    by_role |= {f"router{number}": host for number, host in enumerate(routers, 1)}
    for role, host in by_role.items():
        end = host.interfaces[0]
        known |= lab_command.names_of(role, end.ipv4.ip, end.ipv6.ip)
    return known | lab_command.names_of("spare", *hosts[-1].interfaces[0].spare(1))


def _as_text(plan: "Plan") -> str:
    lines = []
    for host in plan.hosts.values():
        lines.append(f"{host.name} (router)" if host.forwards else host.name)
        lines += [f"  {end.name}  {end.ipv4!s:16} {end.ipv6}" for end in host.interfaces]
    lines.append("links:")
    for link in plan.links:
        words = [f"  {_end(link.first)} -- {_end(link.second)}"]
        if link.mtu != 1500:
            words.append(f"mtu {link.mtu}")
        if link.forth is not None:
            words += [f"{name} {value:g}" for name, value in _badness(link.forth).items()]
        lines.append("  ".join(words))
    spare = list(plan.hosts.values())[-1].interfaces[0].spare(1)
    lines.append(f"spare: {spare.ipv4} {spare.ipv6}")
    return "\n".join(lines)


def _as_json(shape: str, plan: "Plan") -> str:
    import json

    def nodes() -> Iterator[dict[str, object]]:
        for host in plan.hosts.values():
            ends = [
                {
                    "name": end.name,
                    "ipv4": str(end.ipv4),
                    "ipv6": str(end.ipv6),
                    "mac": end.mac,
                    "mtu": end.mtu,
                }
                for end in host.interfaces
            ]
            spare = [str(address) for address in host.interfaces[0].spare(1)]
            router = host.forwards
            yield {"name": host.name, "router": router, "interfaces": ends, "spare": spare}

    links = [
        {
            "ends": [_end(link.first), _end(link.second)],
            "mtu": link.mtu,
            **(_badness(link.forth) if link.forth else {}),
        }
        for link in plan.links
    ]
    head = {"type": "lab", "schema": SCHEMA, "shape": shape}
    return json.dumps({**head, "nodes": list(nodes()), "bridges": [*plan.bridges], "links": links})


def _end(end: "Interface | Port") -> str:
    """Return one end of a link in words: ``router1:eth0``."""
    owner = getattr(end, "node", None) or getattr(end, "bridge", "")
    return f"{owner}:{end.name}"


def _badness(impairment: "Impairment") -> dict[str, float]:
    """Return what is not perfect about a link."""
    names = ("delay", "jitter", "loss", "duplicate", "reorder", "corrupt", "rate")
    values = {name: getattr(impairment, name) for name in names}
    values["silent_mtu"] = impairment.mtu
    return {name: value for name, value in values.items() if value}
