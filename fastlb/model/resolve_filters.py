"""Filters over bodies of answers, what chooses them, and what Substitute says.

Messages are those of core.c, mod_filter.c and mod_substitute.c.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fastlb.config.directives.filters import substitution_parts
from fastlb.config.filters import named
from fastlb.config.tree import Node
from fastlb.facts.filters import (
    RANKS,
    RESET,
    FilterList,
    Provider,
    SmartFilter,
    Substitution,
)
from fastlb.model.drafts import Drafts, Handler, Place
from fastlb.model.expressions import taken

_BY_TYPE: Final = "BYTYPE:"
_PLACES: Final = {
    "resource": 10,
    "content_set": 20,
    "protocol": 30,
    "connection": 50,
    "network": 60,
}
"""Ranks of FilterDeclare's types (facts/filters.py)."""


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


def declare(_run: Drafts, place: Place, node: Node) -> None:
    """`FilterDeclare name [type]`: what its name meant before is forgotten here."""
    name, kind = node.args[0], node.args[1].lower() if len(node.args) > 1 else ""
    smart = SmartFilter(name, _PLACES.get(kind, _PLACES["resource"]))
    conf = place.draft.conf
    others = tuple(one for one in conf.smart_filters if one.name != name)
    place.draft.conf = replace(conf, smart_filters=(*others, smart))


def provider(run: Drafts, place: Place, node: Node) -> None:
    """`FilterProvider name filter expression`."""
    name, word, text = node.args[:3]
    words = "Error parsing FilterProvider expression:"
    said = taken(run, node, text, number="FB0304", words=words)
    found = [one for _, one in named(word)]
    one = found[0] if found else None
    conf = place.draft.conf
    smarts = {smart.name: smart for smart in conf.smart_filters}
    rank = RANKS[one] if one is not None else _PLACES["resource"]
    known = smarts.get(name, SmartFilter(name, rank))
    made = Provider(one, expression=said)
    smarts[name] = replace(known, providers=(made, *known.providers))
    place.draft.conf = replace(conf, smart_filters=tuple(smarts.values()))


def chain(_run: Drafts, place: Place, node: Node) -> None:
    """`FilterChain [+=-@!]name ...`."""
    names = list(place.draft.conf.filter_chain)
    for word in node.args:
        sign, name = word[:1], word[1:]
        if sign == "@":
            names.insert(0, name)
        elif sign == "-":
            names = [one for one in names if one.lower() != name.lower()]
        elif sign == "!":
            names = [RESET]
        elif sign == "=":
            names = [RESET, name]
        else:
            names.append(name if sign == "+" else word)
    place.draft.conf = replace(place.draft.conf, filter_chain=tuple(names))


def substitute(run: Drafts, place: Place, node: Node) -> None:
    """`Substitute s/wanted/replacement/[infq]`."""
    wanted, replacement, flags = substitution_parts(node.args[0])
    is_regex = "n" not in flags
    ignore_case = "i" in flags
    if is_regex:
        run.take_regex(
            node,
            wanted,
            ignore_case=ignore_case,
            complaint="Substitute could not compile regex",
        )
    rule = Substitution(wanted, replacement, is_regex, ignore_case)
    conf = place.draft.conf
    place.draft.conf = replace(conf, substitutions=(*conf.substitutions, rule))


HANDLERS: Final[dict[str, Handler]] = {
    "setoutputfilter": set_output_filter,
    "addoutputfilterbytype": by_type,
    "filterdeclare": declare,
    "filterprovider": provider,
    "filterchain": chain,
    "substitute": substitute,
}
