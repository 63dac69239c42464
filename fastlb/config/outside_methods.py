"""Balancing methods of other packages: who has which.

A package names them by entry points of the group `fastlb.lbmethods`; nothing of it is
imported before a configuration names the method.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP: Final = "fastlb.lbmethods"


def outside_methods() -> dict[str, tuple[EntryPoint, ...]]:
    """By name; more than one: packages disagree whose it is."""
    from importlib.metadata import entry_points  # for those who name one

    found: dict[str, tuple[EntryPoint, ...]] = {}
    for one in entry_points(group=GROUP):
        found[one.name] = (*found.get(one.name, ()), one)
    return found


def source_of(point: EntryPoint) -> str:
    """The package that it is of, with its version."""
    package = point.dist
    return f"{package.name} {package.version}" if package is not None else point.value
