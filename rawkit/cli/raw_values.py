"""Words that commands with ``--raw`` share: of links, guards and losses."""

from rawkit.errors import UsageError

LINKS = ("raw", "packet", "offload", "tun")
GUARDS = ("auto", "socket", "nft", "address")


def link(word: str) -> str:
    """Read the kind of a link."""
    if word not in LINKS:
        raise UsageError(f"bad link: {word} ({', '.join(LINKS)})")
    return word


def guard(word: str) -> str:
    """Read the kind of a guard."""
    if word not in GUARDS:
        raise UsageError(f"bad guard: {word} ({', '.join(GUARDS)})")
    return word


def share(word: str) -> float:
    """Read a share below all, above nothing: ``5%`` or ``0.05``."""
    try:
        value = float(word[:-1]) / 100 if word.endswith("%") else float(word)
    except ValueError:
        value = -1.0
    if not 0 < value < 1:
        raise UsageError(f"bad share: {word} (above 0 and below 100%: 5% or 0.05)")
    return value
