"""The usual labs, each in one call, and each up and ready when the call returns.

What is said of a link (``delay=0.010, loss=0.01, mtu=1400`` …, see
:class:`~rawkit.lab.plan.LinkOptions`) goes to the last one. Every shape also has a plan
of the same name plus ``_plan``, which needs no privilege and builds nothing.
"""

from collections.abc import Callable
from itertools import pairwise
from typing import Unpack, cast

from rawkit.errors import UsageError
from rawkit.lab.plan import LinkOptions, Links, Plan, Sysctls
from rawkit.lab.topology import Lab


def pair(*, sysctls: Sysctls | None = None, **last: Unpack[LinkOptions]) -> Lab:
    """Two hosts on one cable: ``first`` and ``last``."""
    return _up(pair_plan(sysctls=sysctls, **last))


def lossy(*, sysctls: Sysctls | None = None, **last: Unpack[LinkOptions]) -> Lab:
    """A pair on a bad line: unless you say otherwise, it loses a tenth of all frames."""
    return _up(lossy_plan(sysctls=sysctls, **last))


def line(
    hops: int = 3,
    *,
    sysctls: Sysctls | None = None,
    links: Links | None = None,
    **last: Unpack[LinkOptions],
) -> Lab:
    """A path: ``first``, as many routers (``router1`` …) as there are hops, and ``last``.

    Args:
        hops: how many routers.
        sysctls: settings of every node.
        links: how links are by their number; link 1 leads from ``first`` to ``router1``.
        last: how the last one is.
    """
    return _up(line_plan(hops, sysctls=sysctls, links=links, **last))


def star(leaves: int = 3, *, sysctls: Sysctls | None = None, **last: Unpack[LinkOptions]) -> Lab:
    """A network of ``leaf1``, ``leaf2`` … on one switch."""
    return _up(star_plan(leaves, sysctls=sysctls, **last))


def diamond(paths: int = 2, *, sysctls: Sysctls | None = None, **last: Unpack[LinkOptions]) -> Lab:
    """Equally good paths: ``first``, ``split``, one of ``path1`` …, ``join``, ``last``.

    The routers choose by addresses, protocol and ports (ECMP): a flow stays on its path.
    """
    return _up(diamond_plan(paths, sysctls=sysctls, **last))


def pair_plan(*, sysctls: Sysctls | None = None, **last: Unpack[LinkOptions]) -> Plan:
    """Plan a :func:`pair`."""
    return line_plan(0, sysctls=sysctls, **last)


def lossy_plan(*, sysctls: Sysctls | None = None, **last: Unpack[LinkOptions]) -> Plan:
    """Plan a :func:`lossy` pair."""
    options: LinkOptions = {"loss": 0.1}
    options.update(last)
    return line_plan(0, sysctls=sysctls, **options)


def line_plan(
    hops: int = 3,
    *,
    sysctls: Sysctls | None = None,
    links: Links | None = None,
    **last: Unpack[LinkOptions],
) -> Plan:
    """Plan a :func:`line`."""
    _check("hops", hops, 0, 254)
    named = {number: dict(options) for number, options in (links or {}).items()}
    for number in named:
        _check("links", number, 1, hops + 1)
    named[hops + 1] = {**named.get(hops + 1, {}), **last}
    plan = Plan()
    names = ["first", *(f"router{n}" for n in range(1, hops + 1)), "last"]
    for name in names:
        plan.add_host(name, forwards=name.startswith("router"), sysctls=sysctls or {})
    for number, (a, b) in enumerate(pairwise(names), 1):
        plan.add_link(a, b, **cast("LinkOptions", named.get(number, {})))
    return plan


def star_plan(
    leaves: int = 3, *, sysctls: Sysctls | None = None, **last: Unpack[LinkOptions]
) -> Plan:
    """Plan a :func:`star`."""
    _check("leaves", leaves, 2, 254)
    plan = Plan()
    plan.add_bridge("switch")
    for number in range(1, leaves + 1):
        plan.add_host(f"leaf{number}", forwards=False, sysctls=sysctls or {})
        plan.add_link(f"leaf{number}", "switch", **(last if number == leaves else {}))
    return plan


def diamond_plan(
    paths: int = 2, *, sysctls: Sysctls | None = None, **last: Unpack[LinkOptions]
) -> Plan:
    """Plan a :func:`diamond`."""
    _check("paths", paths, 1, 126)
    plan = Plan()
    middle = [f"path{number}" for number in range(1, paths + 1)]
    for name in ("first", "split", *middle, "join", "last"):
        plan.add_host(name, forwards=name not in ("first", "last"), sysctls=sysctls or {})
    plan.add_link("first", "split")
    for name in middle:
        plan.add_link("split", name)
    for name in middle:
        plan.add_link(name, "join")
    plan.add_link("join", "last", **last)
    return plan


PLANS: dict[str, Callable[..., Plan]] = {
    "pair": pair_plan,
    "line": line_plan,
    "star": star_plan,
    "diamond": diamond_plan,
    "lossy": lossy_plan,
}
"""The plan of each shape by its name."""


def _check(what: str, number: int, least: int, most: int) -> None:
    if not least <= number <= most:
        raise UsageError(f"{what} must be {least} to {most}, not {number}")


def _up(plan: Plan) -> Lab:
    return Lab(plan).up()
