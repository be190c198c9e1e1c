"""What an entry of the collection holds: a program of old, and how the same is done here.

Entries are the one source of docs/reference/raw-sockets.md and of the tests that run them:
what the page shows is what is run.
"""

from collections.abc import Mapping

from rawkit.record import record

Fields = Mapping[str, str]
"""What tshark is to read in a packet: values by the names of its fields.

Several values of one field, as in a tunnel, are joined by commas. ``-``: there is none.
"""


@record
class Way:
    """One command and one piece of Python that do the same."""

    command: str
    """Run by a shell in the first node of the lab."""
    library: str
    """Run in the same place, behind the lines that the page begins with."""
    sends: tuple[Fields, ...] = ()
    """Each packet that arrives at the last node, as tshark reads it."""
    answers: tuple[Fields, ...] = ()
    """Each packet that the last node sends; empty: whatever it may be."""
    begins: tuple[Fields, ...] = ()
    """The first packets that arrive; ``sends`` is empty then, for how many follow is open."""
    hears: Fields | None = None
    """What tshark reads in every packet that ``peer`` has sent; there is one at least."""
    gives: str = ""
    """The value of the last line of ``library``, in Python; empty: the report of a sending."""
    prints: tuple[str, ...] = ()
    """What the command prints, among other things; on stdout or stderr."""
    exit: int = 0
    """Its exit code."""
    layer: str = ""
    """Where the library says that it handed the packet over; empty: it does not say."""
    peer: str = ""
    """A command that the last node runs meanwhile."""
    ready: str = ""
    """What that has open once it is ready: ``tcp 80``, ``udp 7``, ``raw 41``; empty: nothing."""
    shape: str = ""
    """The lab that it is run in; empty: that of the entry."""
    near: bool = False
    """Whether ``sends`` is what leaves the first node, and ``answers`` what comes back there."""
    chosen: tuple[str, ...] = ()
    """Fields that are chosen anew each time, and checksums that follow: tshark's names.

    Of all others command and library make the same octets.
    """
    note: str = ""
    """What is to be known about it."""


@record
class Entry:
    """One program of the collection, or one howto."""

    number: str
    """As this project counts: ``1`` to ``59``, ``w1`` to ``w6``, ``h1`` to ``h21``."""
    name: str
    """The program's file, or the howto's title, as a name only."""
    shows: str
    ways: tuple[Way, ...]
    shape: str = "pair"
    """The lab it is run in."""


@record
class Chapter:
    """Entries that belong together."""

    title: str
    """The heading of its section on the page."""
    entries: tuple[Entry, ...]
