"""A quick start: no search for garbage while there can be none.

What is imported stays, so looking through it time and again is a tenth of the time that
a short command takes.
"""

import gc


def begin() -> None:
    """Stop collecting garbage, until :func:`end`."""
    gc.disable()


def end() -> None:
    """Collect garbage again, but never look at what is there by now."""
    gc.freeze()
    gc.enable()
