"""What mod_proxy_html is told (facts/html.py)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from fastlb.base.limits import HTML_MAPS_MAX
from fastlb.config.tree import Node
from fastlb.facts.html import Html, HtmlLinks, HtmlMap, Part
from fastlb.model.drafts import Drafts, Handler, Place
from fastlb.model.expressions import taken

_SWITCHES: Final = {
    "proxyhtmlenable": "enabled",
    "proxyhtmlextended": "extended",
    "proxyhtmlinterp": "interpolate",
    "proxyhtmlstripcomments": "strip_comments",
}
_FIXUPS: Final = {"lowercase": "lower_case", "dospath": "slashes", "reset": "resets"}
_HTML: Final = '<!DOCTYPE html PUBLIC "-//W3C//DTD HTML 4.01{legacy}//EN">\n'
_XHTML: Final = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 {kind}//EN"'
    ' "http://www.w3.org/TR/xhtml1/DTD/xhtml1-{file}.dtd">\n'
)
_VARIABLE: Final = re.compile(r"\$\{([^}|]*)(?:\|([^}]*))?\}")
# A condition of old: NAME=value.
_OLD_CONDITION: Final = re.compile(r"(!?)(\w+)(?:(=)(.+))?")


def _said(place: Place) -> Html:
    return place.draft.conf.html or Html()


def _put(place: Place, said: Html) -> None:
    place.draft.say(html=said)


def _switch(_run: Drafts, place: Place, node: Node) -> None:
    on = node.args[0].lower() == "on"
    name = _SWITCHES[node.name.lower()]
    # One name of the four, each a bool of Html.
    _put(place, replace(_said(place), **{name: on}))  # type: ignore[arg-type]


def _fixups(_run: Drafts, place: Place, node: Node) -> None:
    named = {_FIXUPS[word]: True for word in node.args if word in _FIXUPS}
    _put(place, replace(_said(place), **named))  # type: ignore[arg-type]


def _links(_run: Drafts, place: Place, node: Node) -> None:
    """`ProxyHTMLLinks element attribute [attribute] ...`."""
    said = {one.element: one.attributes for one in _said(place).links or ()}
    element, attributes = node.args[0], node.args[1:]
    said[element] = (*said.get(element, ()), *attributes)
    links = tuple(HtmlLinks(*item) for item in said.items())
    _put(place, replace(_said(place), links=links))


def _events(_run: Drafts, place: Place, node: Node) -> None:
    said = _said(place)
    _put(place, replace(said, events=(*(said.events or ()), *node.args)))


def _doctype(_run: Drafts, place: Place, node: Node) -> None:
    kind = node.args[0].lower()
    legacy = len(node.args) > 1 and node.args[1].lower() == "legacy"
    if kind == "html":
        text = _HTML.format(legacy=" Transitional" if legacy else "")
    elif kind == "xhtml":
        name = "Transitional" if legacy else "Strict"
        text = _XHTML.format(kind=name, file=name.lower())
    else:
        text = node.args[0]
    _put(place, replace(_said(place), doctype=text))


def _parts(text: str) -> tuple[Part, ...]:
    """`text${variable|default}text`."""
    found = []
    at = 0
    for hole in _VARIABLE.finditer(text):
        found.append(Part(text[at : hole.start()]))
        found.append(Part(hole[2] or "", hole[1]))
        at = hole.end()
    found.append(Part(text[at:]))
    return tuple(one for one in found if one.literal or one.variable is not None)


def _url_map(run: Drafts, place: Place, node: Node) -> None:
    """`ProxyHTMLURLMap from to [flags] [condition]`."""
    wanted, replacement, flags, text = (*node.args, "", "", "")[:4]
    condition = None
    if text:
        old = _OLD_CONDITION.fullmatch(text)
        if old is not None:
            sign, name, equals, value = old.groups(default="")
            text = f"reqenv('{name}'){sign}{equals}'{value}'"
        condition = taken(run, node, text, number="FB0304", words="")
    if "R" in flags:
        # s: ^ and $ are those of lines, which httpd has as an option.
        wanted = f"(?m){wanted}" if "s" in flags else wanted
        run.take_regex(
            node,
            wanted,
            ignore_case="i" in flags,
            complaint="ProxyHTMLURLMap could not compile regex",
        )
    one = HtmlMap(
        wanted,
        replacement,
        flags,
        _parts(wanted) if "v" in flags else (),
        _parts(replacement) if "V" in flags else (),
        condition,
    )
    said = _said(place)
    _put(place, replace(said, maps=(*said.maps, one)))
    if len(said.maps) == HTML_MAPS_MAX:
        run.report.error(
            node,
            "FB0823",
            f"this is more than {HTML_MAPS_MAX} ProxyHTMLURLMap for one answer",
            cure="join patterns by | (flag R), or let sections divide them among paths",
        )


HANDLERS: Final[dict[str, Handler]] = {
    **dict.fromkeys(_SWITCHES, _switch),
    "proxyhtmlfixups": _fixups,
    "proxyhtmllinks": _links,
    "proxyhtmlevents": _events,
    "proxyhtmldoctype": _doctype,
    "proxyhtmlurlmap": _url_map,
}
