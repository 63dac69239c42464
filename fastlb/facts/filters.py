"""Filters over bodies of answers: which there are, and what chooses them.

The core (plan/filter_plan.pxd) knows a filter by its number.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from fastlb.facts.expressions import Expression
from fastlb.facts.words import Word

RESET: Final = ""
"""In a chain: what is before it is forgotten."""


class Filter(Word):
    """One that changes bodies. A name's letters count in no case."""

    DEFLATE = "deflate", 1
    INFLATE = "inflate", 2
    BROTLI = "brotli_compress", 3
    SUBSTITUTE = "substitute", 4
    RATE_LIMIT = "rate_limit", 5
    INCLUDES = (
        "includes",
        6,
    )  # which nobody has: a file that it would change is not sent
    HTML = "proxy-html", 7


class AlterETag(Word):
    """What becomes of the ETag of a body that was coded."""

    ADD_SUFFIX = "AddSuffix", 0
    NO_CHANGE = "NoChange", 1
    REMOVE = "Remove", 2


@dataclass(frozen=True, slots=True)
class Substitution:
    """One Substitute. wanted: text, or a pattern if is_regex."""

    wanted: str
    replacement: str
    is_regex: bool
    ignore_case: bool


@dataclass(frozen=True, slots=True)
class FilterList:
    """What SetOutputFilter names and fastlb has, in its order."""

    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class EndingFilters:
    """AddOutputFilter, or RemoveOutputFilter (no filters): of files of one ending."""

    ending: str  # in lower case, without its dot
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True)
class Provider:
    """Who does the work of a smart filter, and for which answers.

    filter: None for one of httpd's that changes nothing here. types: content types, as
    they are written; () where an expression decides
    """

    filter: Filter | None
    types: tuple[str, ...] = ()
    expression: Expression | None = None


@dataclass(frozen=True, slots=True)
class SmartFilter:
    """FilterDeclare with its providers, or AddOutputFilterByType (a name of its own).

    rank: where it stands among filters; providers: in the order in which they are asked
    """

    name: str
    rank: int
    providers: tuple[Provider, ...] = ()


RANKS: Final = {
    Filter.INFLATE: 9,
    Filter.SUBSTITUTE: 10,
    Filter.INCLUDES: 10,
    Filter.HTML: 10,
    Filter.DEFLATE: 20,
    Filter.BROTLI: 20,
    Filter.RATE_LIMIT: 49,
}
"""Where filters stand in a chain, as httpd registers them (and filter_rank of
plan/filtered.pyx): lower ones come first."""
