"""Filters over bodies of answers, what chooses them, and what Substitute says.

Messages are those of core.c, mod_filter.c and mod_substitute.c.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from fastlb.base.limits import FILTERS_LISTED_MAX, FILTERS_MAX, SUBSTITUTIONS_MAX
from fastlb.config.directives.filters import substitution_parts
from fastlb.config.filters import named
from fastlb.config.tree import Node
from fastlb.facts.filters import (
    RANKS,
    RESET,
    EndingFilters,
    Filter,
    FilterList,
    Provider,
    SmartFilter,
    Substitution,
)
from fastlb.model.drafts import ConfDraft, Drafts, Handler, Place
from fastlb.model.expressions import taken

_BY_TYPE: Final = "BYTYPE:"
_COMPRESS: Final = (Filter.DEFLATE, Filter.BROTLI)
_PLACES: Final = {
    "resource": 10,
    "content_set": 20,
    "protocol": 30,
    "connection": 50,
    "network": 60,
}
"""Ranks of FilterDeclare's types (facts/filters.py)."""


def _found(run: Drafts, node: Node) -> tuple[Filter, ...]:
    """The filters of `filter[;filter...]`, as many as an answer may pass.

    Of those that compress, one does: it finds what another has compressed.
    """
    found = tuple(one for _, one in named(node.args[0]) if one is not None)
    coders = [one for one in found if one in _COMPRESS]
    changing = len(found) - max(0, len(coders) - 1)
    if changing > FILTERS_MAX or len(found) > FILTERS_LISTED_MAX:
        run.report.error(
            node,
            "FB0823",
            f"{node.name} names {changing} filters that would change one answer, which"
            f" passes {FILTERS_MAX} at most",
            cure="name each filter once",
        )
    return found


def set_output_filter(run: Drafts, place: Place, node: Node) -> None:
    """`SetOutputFilter filter[;filter...]`."""
    place.draft.say(output_filters=FilterList(_found(run, node)))


def by_ending(run: Drafts, place: Place, node: Node) -> None:
    """`AddOutputFilter filter[;filter...] ext ...`, `RemoveOutputFilter ext ...`."""
    endings: tuple[str, ...] = node.args
    found: tuple[Filter, ...] = ()
    if node.name.lower() == "addoutputfilter":
        endings = node.args[1:]
        found = _found(run, node)
    more = (EndingFilters(word.lower().lstrip("."), found) for word in endings)
    place.draft.add("ending_filters", *more)


def by_type(_run: Drafts, place: Place, node: Node) -> None:
    """`AddOutputFilterByType filter[;filter...] type ...`: one smart filter for each,
    whose name no other directive writes."""
    for word, one in named(node.args[0]):
        if one is None:
            continue  # of those that are not served none would be changed
        name = _BY_TYPE + word
        chained = place.draft.conf.filter_chain
        if name not in chained:
            place.draft.say(filter_chain=(*chained, name))
        provider = Provider(one, tuple(node.args[1:]))
        _provide(place.draft, SmartFilter(name, RANKS[one]), provider)


def _provide(draft: ConfDraft, smart: SmartFilter, provider: Provider) -> None:
    """A provider more. What is written last is asked first; each line makes the filter
    anew, so that each has its place."""
    before = reversed(draft.conf.smart_filters)
    known = next((one for one in before if one.name == smart.name), smart)
    made = replace(known, providers=(provider, *known.providers))
    draft.add("smart_filters", made)


def declare(_run: Drafts, place: Place, node: Node) -> None:
    """`FilterDeclare name [type]`: what its name meant before is forgotten here."""
    name, kind = node.args[0], node.args[1].lower() if len(node.args) > 1 else ""
    smart = SmartFilter(name, _PLACES.get(kind, _PLACES["resource"]))
    place.draft.add("smart_filters", smart)


def provider(run: Drafts, place: Place, node: Node) -> None:
    """`FilterProvider name filter expression`."""
    name, word, text = node.args[:3]
    words = "Error parsing FilterProvider expression:"
    said = taken(run, node, text, number="FB0304", words=words)
    found = [one for _, one in named(word)]
    one = found[0] if found else None
    rank = RANKS[one] if one is not None else _PLACES["resource"]
    _provide(place.draft, SmartFilter(name, rank), Provider(one, expression=said))


def chain(run: Drafts, place: Place, node: Node) -> None:
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
    if len(names) > FILTERS_LISTED_MAX:
        run.report.error(
            node,
            "FB0823",
            f"with this line {len(names)} filters stand in the chain of this place,"
            f" which has {FILTERS_LISTED_MAX} at most",
            cure="give filters that exclude each other one name, by FilterProvider",
        )
    place.draft.say(filter_chain=tuple(names))


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
    place.draft.add("substitutions", rule)
    if len(place.draft.said["substitutions"]) == SUBSTITUTIONS_MAX + 1:
        run.report.error(
            node,
            "FB0823",
            f"this is more than {SUBSTITUTIONS_MAX} Substitute for one answer",
            cure="join patterns by |, or let sections divide them among paths",
        )


HANDLERS: Final[dict[str, Handler]] = {
    "setoutputfilter": set_output_filter,
    "addoutputfilter": by_ending,
    "removeoutputfilter": by_ending,
    "addoutputfilterbytype": by_type,
    "filterdeclare": declare,
    "filterprovider": provider,
    "filterchain": chain,
    "substitute": substitute,
}
