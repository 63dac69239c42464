"""Filters over bodies of answers: SetOutputFilter, AddOutputFilterByType.

Messages are those of core.c and mod_filter.c.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fastlb.config.filters import named
from fastlb.config.tree import Node
from fastlb.facts.filters import RANKS, FilterList, Provider, SmartFilter
from fastlb.model.drafts import Drafts, Handler, Place

_BY_TYPE: Final = "BYTYPE:"


def set_output_filter(_run: Drafts, place: Place, node: Node) -> None:
    """`SetOutputFilter filter[;filter...]`."""
    found = [one for _, one in named(node.args[0]) if one is not None]
    place.draft.conf = replace(
        place.draft.conf, output_filters=FilterList(tuple(found))
    )


def by_type(_run: Drafts, place: Place, node: Node) -> None:
    """`AddOutputFilterByType filter[;filter...] type ...`: one smart filter for each,
    whose name no other directive writes."""
    conf = place.draft.conf
    smarts = {one.name: one for one in conf.smart_filters}
    chain = list(conf.filter_chain)
    for word, one in named(node.args[0]):
        if one is None:
            continue  # of those that are not served none would be changed
        name = _BY_TYPE + word
        provider = Provider(one, tuple(node.args[1:]))
        known = smarts.get(name)
        if known is None:
            chain.append(name)
            known = SmartFilter(name, RANKS[one])
        # What is written last is asked first.
        smarts[name] = replace(known, providers=(provider, *known.providers))
    place.draft.conf = replace(
        conf, smart_filters=tuple(smarts.values()), filter_chain=tuple(chain)
    )


HANDLERS: Final[dict[str, Handler]] = {
    "setoutputfilter": set_output_filter,
    "addoutputfilterbytype": by_type,
}
