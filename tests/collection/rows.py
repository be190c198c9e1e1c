"""All entries, in the order of the page."""

from tests.collection.entry import Chapter, Entry
from tests.collection.extensions import EXTENSIONS
from tests.collection.fragments import IN_IPV4, IN_IPV6, THROUGH_IPV4
from tests.collection.howtos import HOWTOS
from tests.collection.ipv4 import COOKED, FRAMES, HEADER_INCLUDED, OPTIONS
from tests.collection.ipv6 import ANCILLARY, CLAIM, COOKED6, FRAMES6, OPTIONS6
from tests.collection.links import ARP_CHAPTER, IRDP, ND
from tests.collection.probes import PROBES

PROGRAMS: tuple[Chapter, ...] = (
    HEADER_INCLUDED,
    FRAMES,
    COOKED,
    PROBES,
    ARP_CHAPTER,
    IRDP,
    ND,
    OPTIONS,
    OPTIONS6,
    IN_IPV4,
    ANCILLARY,
    FRAMES6,
    COOKED6,
    CLAIM,
    IN_IPV6,
    THROUGH_IPV4,
    EXTENSIONS,
)
CHAPTERS = (*PROGRAMS, *HOWTOS)
ENTRIES: tuple[Entry, ...] = tuple(entry for chapter in CHAPTERS for entry in chapter.entries)
