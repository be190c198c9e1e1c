"""Write the function that fills a template: one ``struct.Struct``, and a line a checksum.

A loop over fields would take longer than all that is done for them, so there is none: the
function is put together as text, of numbers and of names made up here, and compiled once.
In it ``a0`` is the first value, ``n0`` its number, ``c0`` the first checksum, and ``k0``
the first octets that stay::

    def octets(a0, a1):
     try:
      n0 = number0(a0)
      c0 = 0xFFFF - ((17214 + n0 + a1) % 0xFFFF or 0xFFFF)
      return pack(k0, a1, k1, c0, k2, n0, k3)
     except MISFITS as error: raise misfit(a0, a1) from error
"""

import struct
from collections.abc import Callable, Iterator, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any

from rawkit.errors import BuildError
from rawkit.record import compiled
from rawkit.wire.template_places import Place, Sum

DIRECT = {1: "B", 2: "H", 4: "I", 8: "Q"}
"""How struct packs a number of so many octets."""
MISFITS = (struct.error, AttributeError, OverflowError, TypeError, ValueError)
"""What a value that does not fit makes of itself."""


def compile_octets(
    places: Sequence[Place], sums: Sequence[Sum], blank: bytes
) -> Callable[..., bytes]:
    """Return a function that takes a value for each place, and returns the octets with them.

    Args:
        places: where the values go.
        sums: the checksums that follow from them.
        blank: the octets around them.

    Raises:
        BuildError: two places share a bit.
    """
    code = _Code(places, sums, blank)
    return compiled("octets", [f"a{n}" for n in range(len(places))], code.lines(), code.scope)


class _Code:
    """The text of the function, and what it refers to."""

    def __init__(self, places: Sequence[Place], sums: Sequence[Sum], blank: bytes) -> None:
        self._places, self._sums, self._blank = places, sums, blank
        self._names = [_number_name(number, place) for number, place in enumerate(places)]
        self.scope: dict[str, Any] = {"MISFITS": MISFITS, "misfit": self._misfit}
        self._layout = "!"
        self._arguments: list[str] = []
        self._guards: list[str] = []

    def lines(self) -> list[str]:
        """Return the lines of the function's body."""
        written = [(place, name) for place, name in zip(self._places, self._names, strict=True)]
        written += [(each.place, f"c{number}") for number, each in enumerate(self._sums)]
        end = 0
        for run in _runs(written):
            self._keep(end, run[0][0].first // 8)
            end = -(-max(place.first + place.width for place, _ in run) // 8)
            self._write(run, run[0][0].first // 8, end)
        self._keep(end, len(self._blank))
        self.scope["pack"] = struct.Struct(self._layout).pack
        values = ", ".join(f"a{number}" for number in range(len(self._places)))
        return [
            "try:",
            *self._conversions(),
            *([f" if {' or '.join(self._guards)}: raise ValueError"] if self._guards else ()),
            *(f" c{number} = {self._checksum(each)}" for number, each in enumerate(self._sums)),
            f" return pack({', '.join(self._arguments)})",
            f"except MISFITS as error: raise misfit({values}) from error",
        ]

    def _keep(self, start: int, end: int) -> None:
        if start < end:
            name = f"k{len(self.scope)}"
            self.scope[name] = self._blank[start:end]
            self._layout += f"{end - start}s"
            self._arguments.append(name)

    def _write(self, run: list[tuple[Place, str]], start: int, end: int) -> None:
        """Write what lies in some octets: one thing that fills them, or several."""
        size = end - start
        (place, name), alone = run[0], len(run) == 1 and run[0][0].width == 8 * size
        if alone and place.kind is bytes:
            self._guards.append(f"len({_value_name(name)}) != {size}")
            self._add(f"{size}s", _value_name(name))
        elif alone and size in DIRECT:
            self._add(DIRECT[size], name)
        elif alone:
            self._add(f"{size}s", f"{name}.to_bytes({size}, 'big')")
        else:
            kept = int.from_bytes(self._blank[start:end], "big")
            terms = []
            for place, name in run:
                shift = 8 * end - place.first - place.width
                kept &= ~((1 << place.width) - 1 << shift)
                self._guards.append(f"{name} >> {place.width}")
                terms.append(f"({name} << {shift})")
            self._add(f"{size}s", f"({kept} + {' + '.join(terms)}).to_bytes({size}, 'big')")

    def _add(self, layout: str, argument: str) -> None:
        self._layout += layout
        self._arguments.append(argument)

    def _conversions(self) -> Iterator[str]:
        """Yield lines that make numbers of addresses, and of octets that a checksum covers."""
        for number, place in enumerate(self._places):
            if place.kind in (IPv4Address, IPv6Address):
                self.scope[f"number{number}"] = place.kind.__int__
                yield f" n{number} = number{number}(a{number})"
            elif place.kind is bytes and any(each.weights[number] for each in self._sums):
                yield f" n{number} = int.from_bytes(a{number}, 'big')"

    def _checksum(self, each: Sum) -> str:
        terms = [
            name if weight == 1 else f"{name} * {weight}"
            for name, weight in zip(self._names, each.weights, strict=True)
            if weight
        ]
        total = " + ".join([str(each.rest), *terms])
        if each.zero:
            return f"0xFFFF - ({total}) % 0xFFFF"
        checksum = f"0xFFFF - (({total}) % 0xFFFF or 0xFFFF)"
        return checksum if each.rest else f"{checksum} if {total} else 0xFFFF"

    def _misfit(self, *values: object) -> BuildError:
        names = ", ".join(place.name for place in self._places)
        return BuildError(f"template: {', '.join(map(repr, values))} do not fit {names}")


def _number_name(number: int, place: Place) -> str:
    return f"a{number}" if place.kind in (int, bool) else f"n{number}"


def _value_name(name: str) -> str:
    return f"a{name[1:]}"


def _runs(written: list[tuple[Place, str]]) -> Iterator[list[tuple[Place, str]]]:
    """Yield what is written, in order; things that share an octet together.

    Raises:
        BuildError: two share a bit.
    """
    run: list[tuple[Place, str]] = []
    end = 0
    for place, name in sorted(written, key=lambda one: one[0].first):
        if run and place.first < end:
            raise BuildError(f"template: {run[-1][0].name} and {place.name} overlap")
        if run and place.first // 8 >= -(-end // 8):
            yield run
            run = []
        run.append((place, name))
        end = place.first + place.width
    if run:
        yield run
