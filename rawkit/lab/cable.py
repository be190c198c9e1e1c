"""Cables from nodes to a process that plays the rest of the network, and counts."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Generic, Self, TypeVar, cast

from rawkit.errors import LabError
from rawkit.lab import veth
from rawkit.lab.far_side import FarSide
from rawkit.lab.namespace import SILENT, Namespace, Place, write_sysctls
from rawkit.lab.process import Process
from rawkit.lab.ready import wait_ready
from rawkit.lab.serving import Medium, Report, serve

Counts = TypeVar("Counts")
LONGEST_MTU = 65_535


class Cable:
    """Interfaces in nodes, and a process that hears and answers what is sent from them.

    Args:
        medium: what happens to the frames. Its ports are numbered as the plugs.
        plugs: nodes, each with the name of an interface that it does not have yet.
        mtu: of these interfaces.

    Raises:
        LabError: it cannot be done; nothing of it stays behind.
    """

    def __init__(self, medium: Medium, plugs: Sequence[tuple[Place, str]], mtu: int) -> None:
        self._middle = Namespace("the middle of a cable")
        try:
            self._middle.run(write_sysctls, SILENT)
            names = [self._plug(number, *plug, mtu) for number, plug in enumerate(plugs)]
            self.process: Process = serve(medium, FarSide(self._middle, names, mtu))
        except BaseException:
            self._unplug()
            raise

    def close(self) -> None:
        """End the process and take the interfaces away. Closing twice is harmless."""
        self.process.kill()
        self._unplug()
        self.process.close()

    def _plug(self, number: int, place: Place, name: str, mtu: int) -> str:
        """Lay one cable; return the name of its far end."""
        far = f"far{number}"
        veth.connect(self._middle, far, place, name)
        veth.set_up(self._middle, far, LONGEST_MTU)
        veth.set_up(place, name, mtu)
        for here, end in ((self._middle, far), (place, name)):
            with here.here():
                wait_ready([end], ipv6=False)
        return far

    def _unplug(self) -> None:
        """Remove all far ends at once, and the near ends with them."""
        with suppress(LabError):
            veth.remove_all(self._middle)
        self._middle.close()


class Simulation(Generic[Counts]):
    """What a process plays at the far ends of a cable, from construction to ``close()``.

    Args:
        cable: it, and its process.
        nothing: the counts of one that died before it told any.
    """

    def __init__(self, cable: Cable, nothing: Counts) -> None:
        self._cable = cable
        self._nothing = nothing
        self._last: Counts | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def counts(self) -> Counts:
        """What became of the packets so far."""
        if self._last is not None:
            return self._last
        return cast(Counts, self._cable.process.ask(Report()))

    @property
    def pid(self) -> int:
        """The process that plays it."""
        return self._cable.process.pid

    def close(self) -> None:
        """Take it and its interfaces away. Closing twice is harmless."""
        if self._last is not None:
            return
        try:
            self._last = self.counts
        except LabError:  # its process is dead already: nobody has counted
            self._last = self._nothing
        finally:
            self._cable.close()
