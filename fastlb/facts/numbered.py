"""What the core calls by number: a host's sections, mappings (plan/numbered.pyx)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from fastlb.facts.mapping import Mapping
from fastlb.facts.vhost import DirConf, FileSection, IfSection, Section, VHost

BY_RULE: Final = -2
"""The section of a mapping that mod_rewrite has made."""
BY_HANDLER: Final = -3
"""The number of one that a SetHandler has."""


def placed_of(vhost: VHost) -> tuple[Section | FileSection, ...]:
    """Its sections, in the core's order."""
    return (*vhost.sections, *vhost.file_sections)


def ifs_of(vhost: VHost) -> Iterator[IfSection]:
    """Its <If>s, whose numbers come behind those of its sections."""
    for owner in (vhost.default_conf, *(one.conf for one in placed_of(vhost))):
        yield from _within(owner)


def _within(owner: DirConf) -> Iterator[IfSection]:
    """Each one's own right behind it."""
    for one in owner.ifs:
        yield one
        yield from _within(one.conf)


def conf_numbered(vhost: VHost, section: int) -> DirConf:
    """-1: what holds in all of it. IndexError: there is no such section."""
    if section == -1:
        return vhost.default_conf
    inside = [one.conf for one in (*placed_of(vhost), *ifs_of(vhost))]
    if not 0 <= section < len(inside):
        raise IndexError(section)
    return inside[section]


def mapping_numbered(vhost: VHost, section: int, number: int) -> Mapping:
    """IndexError: there is no such mapping."""
    if section == BY_RULE:
        found = vhost.rewrite.targets if vhost.rewrite is not None else ()
    elif number == BY_HANDLER:
        handled = conf_numbered(vhost, section).handler_mapping
        found, number = ((handled,) if handled is not None else ()), 0
    elif section == -1:
        found = vhost.mappings
    else:
        inside = conf_numbered(vhost, section).mapping
        found, number = ((inside,) if inside is not None else ()), 0
    if not 0 <= number < len(found):
        raise IndexError(number)
    return found[number]
