"""Which sizes to try next (RFC 1191 §7, RFC 8899 §5.3): usual ones first, a few at a time."""

USUAL = (
    *(68, 296, 508, 552, 576, 1006, 1200, 1240, 1280, 1300, 1320, 1340, 1350, 1360, 1372),
    *(1380, 1390, 1400, 1412, 1418, 1420, 1428, 1430, 1434, 1436, 1438, 1440, 1442, 1446),
    *(1450, 1454, 1458, 1460, 1462, 1464, 1468, 1472, 1476, 1480, 1484, 1488, 1492, 1496),
    *(1500, 2002, 2048, 4096, 4352, 4464, 8166, 8192, 8500, 9000, 9014, 9180, 9216, 16_384),
    *(17_914, 32_000, 65_535, 65_536),
)
"""MTUs of links and tunnels as they are."""
AT_ONCE = 3
"""Sizes in one round: more would find out sooner, and use up what routers may answer."""


def next_sizes(low: int, high: int, wanted: int = AT_ONCE) -> tuple[int, ...]:
    """Return sizes between one that passes and one that does not, largest first.

    Args:
        low: passes.
        high: does not.
        wanted: how many.
    """
    usual = [size for size in USUAL if low < size < high]
    if low in USUAL and low + 1 < high and len(usual) <= wanted:
        usual.insert(0, low + 1)  # if that does not pass, all is known
    if len(usual) >= wanted:
        chosen = {usual[len(usual) * turn // (wanted + 1)] for turn in range(1, wanted + 1)}
        if low + 1 in usual:
            chosen.add(low + 1)
    else:
        gap = high - low
        chosen = {low + gap * turn // (wanted + 1) for turn in range(1, wanted + 1)}
        chosen |= set(usual)
    return tuple(sorted((size for size in chosen if low < size < high), reverse=True))
