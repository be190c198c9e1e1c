"""Names in the objects of ``rawkit demo``: what each means, and its unit.

They belong to :data:`rawkit.cli.records.FIELDS`, where nothing has another meaning.
"""

DEMO_FIELDS: dict[str, tuple[str, ...]] = {
    "demonstration": ("name of a demonstration",),
    "shows": ("what it shows",),
    "setting": ("what it does",),
    "case": ("what was tried",),
    "measure": ("what was looked at",),
    "figure": ("what it was: a number or a word; `null`: there was nothing to measure",),
    "figure_unit": ('`"s"`, `"octets"` or the plural of what is counted; `null`: none',),
    "shown": ("whether what was to be shown has happened this time",),
    "reading": ("what the figures say",),
}
