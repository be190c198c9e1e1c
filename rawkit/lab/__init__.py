"""Networks in a box: namespaces, links and routers, without root and without a trace.

::

    from rawkit import lab

    lab.enter()                                   # an ordinary user? a world of our own
    with lab.line(hops=3, delay=0.010) as net:
        net.last.popen(["python3", "-m", "http.server", "80"])
        client = net.first.socket()
        client.connect((str(net.last.ipv4), 80))

Names are looked up when they are first used; no lab costs nothing.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rawkit.lab.answers import Answer, Target
    from rawkit.lab.hop import Hop
    from rawkit.lab.hostile import HOSTILE
    from rawkit.lab.impairment import Impairment
    from rawkit.lab.mistakes import Mistake
    from rawkit.lab.namespace import Namespace
    from rawkit.lab.nat import NAT
    from rawkit.lab.path import Path
    from rawkit.lab.saying import Why
    from rawkit.lab.shapes import diamond, line, lossy, pair, star
    from rawkit.lab.topology import Bridge, Lab, Node
    from rawkit.lab.transport import Ports
    from rawkit.lab.userns import enter
    from rawkit.lab.wire import Wire

__all__ = [
    "HOSTILE",
    "NAT",
    "Answer",
    "Bridge",
    "Hop",
    "Impairment",
    "Lab",
    "Mistake",
    "Namespace",
    "Node",
    "Path",
    "Ports",
    "Target",
    "Why",
    "Wire",
    "diamond",
    "enter",
    "line",
    "lossy",
    "pair",
    "star",
]

_HOME = {
    "Answer": "answers",
    "Bridge": "topology",
    "diamond": "shapes",
    "enter": "userns",
    "Hop": "hop",
    "HOSTILE": "hostile",
    "Impairment": "impairment",
    "Lab": "topology",
    "line": "shapes",
    "lossy": "shapes",
    "Mistake": "mistakes",
    "Namespace": "namespace",
    "NAT": "nat",
    "Node": "topology",
    "pair": "shapes",
    "Path": "path",
    "Ports": "transport",
    "star": "shapes",
    "Target": "answers",
    "Why": "saying",
    "Wire": "wire",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
