"""``--option NAME=VALUE``, for every command that opens sockets.

What is wanted needs a list called ``settings``; :func:`rawkit.posix.options.apply` sets them.
"""

from typing import TYPE_CHECKING, TypeVar

from rawkit.cli.getopt import Option

if TYPE_CHECKING:
    from rawkit.posix.options import Setting

Wanted = TypeVar("Wanted")


def setting_option(
    letter: str = "", about: str = "set a socket option, such as TCP_NODELAY=1; may be repeated"
) -> Option[Wanted]:
    """Return the option; values are read as ``rawkit sockopt --list`` tells."""
    return Option(letter, "option", "NAME=VALUE", _add, about)


def _add(wanted: object, argument: str) -> None:
    from rawkit.posix.options import parse_setting

    settings: list[Setting] = getattr(wanted, "settings")  # noqa: B009  # of any command
    settings.append(parse_setting(argument))
