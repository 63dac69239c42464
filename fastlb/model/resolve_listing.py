"""What sections say of listings. Messages and their order are those of
mod_autoindex.c."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from fastlb.config.tree import Node
from fastlb.facts import listing
from fastlb.facts.listing import Description, Ignored, ItemKind, ListedItem, Listing
from fastlb.facts.vhost import SectionKind
from fastlb.model.drafts import Drafts, Handler, Place
from fastlb.model.report import Mistake

_OPTIONS: Final = {
    "fancyindexing": listing.FANCY,
    "foldersfirst": listing.FOLDERS_FIRST,
    "htmltable": listing.TABLE,
    "iconsarelinks": listing.ICONS_ARE_LINKS,
    "ignorecase": listing.IGNORE_CASE,
    "ignoreclient": listing.IGNORE_CLIENT,
    "scanhtmltitles": 0,
    "suppresscolumnsorting": listing.SUPPRESS_SORTING,
    "suppressdescription": listing.SUPPRESS_DESCRIPTION,
    "suppresshtmlpreamble": listing.SUPPRESS_PREAMBLE,
    "suppressicon": listing.SUPPRESS_ICON,
    "suppresslastmodified": listing.SUPPRESS_LAST_MODIFIED,
    "suppresssize": listing.SUPPRESS_SIZE,
    "suppressrules": listing.SUPPRESS_RULES,
    "trackmodified": listing.TRACK_MODIFIED,
    "versionsort": listing.VERSION_SORT,
    "xhtml": listing.XHTML,
    "showforbidden": listing.SHOW_FORBIDDEN,
    "addaltclass": listing.ADD_ALT_CLASS,
}
_ICON_WIDTH: Final = 20
_ICON_HEIGHT: Final = 22
_SIZE_MAX: Final = 10_000
"""Of an icon or a column: what is wider is never meant."""

_KEYS: Final = {"name": "N", "date": "M", "size": "S", "description": "D"}
_ORDERS: Final = {"ascending": "A", "descending": "D"}


def lists_directories(run: Drafts) -> bool:
    """Whether any listing is made: not where a configuration loads its modules and
    leaves mod_autoindex out, whatever its Options say."""
    return "autoindex_module" in run.modules or not run.modules


def _of(place: Place) -> Listing:
    return place.draft.conf.listing or Listing()


def _put(place: Place, said: Listing) -> None:
    place.draft.say(listing=said)


def _within(place: Place) -> str:
    """The path of the section, as httpd has it, and all below."""
    section = place.section
    if section is None:
        return "*"
    if section.kind is SectionKind.DIRECTORY:
        return f"{section.pattern}/*"
    if section.kind is SectionKind.IF:
        return "*If*"
    return f"{section.pattern}*"


def _item(place: Place, kind: ItemKind, word: str, said: str) -> ListedItem:
    if kind is ItemKind.PATH and word == "**DIRECTORY**":
        word = "^^DIRECTORY^^"
    if kind is ItemKind.ENCODING:
        word = word.lower()
    if kind is ItemKind.PATH and not re.search(r"[*?]", word):
        word = f"*{word}"
    return ListedItem(kind, _within(place), word, said)


def _kind(name: str) -> ItemKind:
    return ItemKind(name.lower().partition("by")[2] or "path")


def _icon(_run: Drafts, place: Place, node: Node) -> None:
    """`AddIcon icon|(text,icon) name ...`"""
    icon, *words = node.args
    kind = _kind(node.name)
    said = _of(place)
    if icon.startswith("("):
        if ")" not in icon:
            raise Mistake("FB0203", "missing closing paren", word=icon)
        alt, _, icon = icon[1:].partition(",")
        icon = icon.partition(")")[0]
        alt = alt.partition(")")[0]
        more = tuple(_item(place, kind, word, alt) for word in words)
        said = replace(said, alts=said.alts + more)
    more = tuple(_item(place, kind, word, icon) for word in words)
    _put(place, replace(said, icons=said.icons + more))


def _alt(_run: Drafts, place: Place, node: Node) -> None:
    """`AddAlt text name ...`"""
    text, *words = node.args
    kind = _kind(node.name)
    said = _of(place)
    more = tuple(_item(place, kind, word, text) for word in words)
    _put(place, replace(said, alts=said.alts + more))


def _description(_run: Drafts, place: Place, node: Node) -> None:
    """`AddDescription text name ...`"""
    text, *words = node.args
    said = _of(place)
    more = []
    for word in words:
        whole = "/" in word
        is_glob = whole or re.search(r"[*?\[]", word) is not None
        pattern = f"*{'/' if whole else ''}{word}*" if is_glob else word
        more.append(Description(pattern, is_glob, whole, text))
    _put(place, replace(said, descriptions=(*said.descriptions, *more)))


def _ignore(_run: Drafts, place: Place, node: Node) -> None:
    """`IndexIgnore pattern ...`"""
    said = _of(place)
    within = _within(place)
    more = tuple(Ignored(within, word.rpartition("/")[2]) for word in node.args)
    _put(place, replace(said, ignored=said.ignored + more))


def _ignore_reset(_run: Drafts, place: Place, node: Node) -> None:
    _put(place, replace(_of(place), is_reset=node.args[0].lower() == "on"))


def _order(_run: Drafts, place: Place, node: Node) -> None:
    """`IndexOrderDefault Ascending|Descending Name|Date|Size|Description`"""
    order = _ORDERS.get(node.args[0].lower())
    if order is None:
        raise Mistake(
            "FB0203",
            "First keyword must be 'Ascending' or 'Descending'",
            word=node.args[0],
        )
    key = _KEYS.get(node.args[1].lower())
    if key is None:
        raise Mistake(
            "FB0203",
            "Second keyword must be 'Name', 'Date', 'Size', or 'Description'",
            word=node.args[1],
        )
    _put(place, replace(_of(place), sort_key=key, sort_order=order))


def _number(text: str) -> int:
    """As atoi, within what is ever meant."""
    found = re.match(r"\s*[+-]?[0-9]+", text)
    return min(max(int(found[0]), 0), _SIZE_MAX) if found else 0


def _icon_size(said: Listing, field: str, value: str | None, sign: str) -> Listing:
    usual = _ICON_WIDTH if field == "icon_width" else _ICON_HEIGHT
    if value is None:
        return replace(said, **{field: 0 if sign == "-" else usual})  # type: ignore[arg-type]
    return replace(said, **{field: _number(value)})  # type: ignore[arg-type]


def _column(
    said: Listing, option: str, field: str, value: str | None, sign: str
) -> Listing:
    least = 5 if field == "name_width" else 12
    before: listing.Width = getattr(said, field) or listing.NAME_WIDTH
    if value is None:
        if sign != "-":
            text = f"{option} with no value may only appear as '-{option}'"
            raise Mistake("FB0203", text, word=option)
        width = listing.NAME_WIDTH
    elif value.startswith("*"):
        width = replace(before, adjusts=True)
    else:
        number = _number(value)
        if number and number < least:
            text = f"{option} value must be greater than {least}"
            raise Mistake("FB0203", text, word=f"{option}={value}")
        width = listing.Width(number, adjusts=False)
    return replace(said, **{field: width})  # type: ignore[arg-type]


_VALUES: Final[dict[str, tuple[str, str]]] = {
    "iconwidth": ("IconWidth", "icon_width"),
    "iconheight": ("IconHeight", "icon_height"),
    "namewidth": ("NameWidth", "name_width"),
    "descriptionwidth": ("DescriptionWidth", "description_width"),
    "type": ("Type", "content_type"),
    "charset": ("Charset", "charset"),
}


def _valued(said: Listing, word: str, sign: str) -> Listing | None:
    """A word that is no switch. None: it is not known"""
    key, equals, rest = word.partition("=")
    value = rest if equals else None
    found = _VALUES.get(key.lower())
    if key.lower() == "useolddateformat" and value is None:
        return replace(said, old_dates=True)
    if found is None:
        return None
    option, field = found
    if field in ("content_type", "charset"):
        if value is None:
            return None
        return replace(said, **{field: value})  # type: ignore[arg-type]
    if value is not None and sign == "-":
        raise Mistake("FB0203", f"Cannot combine '-' with {option}=n", word=word)
    if field.startswith("icon"):
        return _icon_size(said, field, value, sign)
    return _column(said, option, field, value, sign)


def _options(_run: Drafts, place: Place, node: Node) -> None:
    """`IndexOptions [+|-]option ...`; several lines add up."""
    said = _of(place)
    options, plus, minus = said.options, said.plus, said.minus
    for whole in node.args:
        sign, word = (whole[0], whole[1:]) if whole[:1] in ("+", "-") else ("", whole)
        bits = _OPTIONS.get(word.lower())
        if word.lower() == "none":
            if sign:
                text = "Cannot combine '+' or '-' with 'None' keyword"
                raise Mistake("FB0203", text, word=whole)
            options, plus, minus, bits = listing.NONE, 0, 0, listing.NONE
        elif bits is None:
            found = _valued(said, word, sign)
            if found is None:
                raise Mistake("FB0203", "Invalid directory indexing option", word=whole)
            said, bits = found, 0
        if sign == "+":
            plus, minus = plus | bits, minus & ~bits
        elif sign == "-":
            plus, minus = plus & ~bits, minus | bits
        else:
            if word.lower() in _OPTIONS:
                options = (options or 0) | bits
            plus = minus = 0
    if options is not None and options & listing.NONE and options != listing.NONE:
        raise Mistake(
            "FB0203", "Cannot combine other IndexOptions keywords with 'None'"
        )
    _put(place, replace(said, options=options, plus=plus, minus=minus))


def _text(field: str) -> Callable[[Drafts, Place, Node], None]:
    def handler(_run: Drafts, place: Place, node: Node) -> None:
        _put(place, replace(_of(place), **{field: node.args[0]}))  # type: ignore[arg-type]

    return handler


HANDLERS: Final[dict[str, Handler]] = {
    "addicon": _icon,
    "addiconbytype": _icon,
    "addiconbyencoding": _icon,
    "addalt": _alt,
    "addaltbytype": _alt,
    "addaltbyencoding": _alt,
    "adddescription": _description,
    "indexignore": _ignore,
    "indexignorereset": _ignore_reset,
    "indexorderdefault": _order,
    "indexoptions": _options,
    "headername": _text("header"),
    "readmename": _text("readme"),
    "defaulticon": _text("default_icon"),
    "indexstylesheet": _text("style_sheet"),
    "indexheadinsert": _text("head_insert"),
}
