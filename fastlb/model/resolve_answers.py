"""What is rewritten in answers, and what is answered here.

ProxyPassReverse and its cookie maps, Redirect, ErrorDocument, SetHandler. Messages are
those of mod_proxy.c, mod_alias.c and core.c.
"""

from __future__ import annotations

import re
from typing import Final

from fastlb.config.tree import Node
from fastlb.config.units import maybe_integer
from fastlb.facts.controller import HANDLERS as CONTROLLED
from fastlb.facts.expressions import Expression
from fastlb.facts.rules import Redirect
from fastlb.model.drafts import ConfDraft, Drafts, Handler, Place, ReverseDraft
from fastlb.model.expressions import taken, text_taken
from fastlb.model.report import Mistake, did_you_mean
from fastlb.model.resolve_params import balancer_target
from fastlb.model.rewrite_hosts import TARGET_HEAD
from fastlb.model.targets import is_balancer_url

_STATUS_WORDS: Final = {
    "permanent": 301,
    "temp": 302,
    "seeother": 303,
    "gone": 410,
}
_URL: Final = re.compile(r"[A-Za-z0-9+.-]+:")
_HANDLERS_KNOWN: Final = (
    *CONTROLLED,
    *("server-info", "ldap-status"),
    *("default-handler", "none"),
)
_HTTP_STATUSES: Final = range(400, 600)


def proxy_pass_reverse(run: Drafts, place: Place, node: Node) -> None:
    """`ProxyPassReverse [path] url [interpolate]`."""
    words = list(node.args)
    interpolate = len(words) > 1 and words[-1].lower() == "interpolate"
    if interpolate:
        words.pop()
    if place.section is None:
        if len(words) < 2:
            raise Mistake(
                "FB0280",
                "ProxyPassReverse needs a path when not defined in a location",
                cure="write ProxyPassReverse /path http://host/path",
            )
        path, url = words[0], words[1]
    else:
        if len(words) > 1:
            raise Mistake(
                "FB0280",
                "ProxyPassReverse can not have a path when defined in a location",
                cure=f"leave out {words[0]}",
                word=words[0],
            )
        path, url = place.section.pattern, words[0]
    balancer = None
    if is_balancer_url(url):
        balancer, rest = balancer_target(url, "ProxyPassReverse")
        url = balancer + rest
    place.draft.reverse_maps.append(
        ReverseDraft(path, url, balancer, interpolate, node)
    )


def cookie_map(_run: Drafts, place: Place, node: Node) -> None:
    """`ProxyPassReverseCookieDomain|Path internal public [interpolate]`."""
    pair = (node.args[0], node.args[1])
    is_domain = node.name.lower().endswith("domain")
    place.draft.add("cookie_domains" if is_domain else "cookie_paths", pair)


def redirect(run: Drafts, place: Place, node: Node) -> None:
    """Redirect, RedirectMatch, RedirectTemp, RedirectPermanent, in all their forms."""
    name = node.name.lower()
    is_regex = name == "redirectmatch"
    words = list(node.args)
    status = 301 if name == "redirectpermanent" else 302
    if name in ("redirect", "redirectmatch"):
        word = words[0].lower()
        number = maybe_integer(word) if word[:1].isdigit() else None
        if word in _STATUS_WORDS or number is not None:
            status = _STATUS_WORDS.get(word, number or 0)
            del words[0]
            if not 300 <= status <= 599:
                raise Mistake(
                    "FB0281",
                    f"Redirect: status {node.args[0]} is not in 300 to 599",
                    word=node.args[0],
                )
    is_3xx = 300 <= status <= 399
    pattern, url = _redirect_parts(place, words, is_3xx)
    if is_regex:
        run.take_regex(node, pattern, number="FB0281")
    composed = None
    if pattern == "" and url is not None:
        words_before = f"Cannot parse redirect expression '{url}': "
        said = taken(run, node, url, number="FB0281", words=words_before, is_text=True)
        if not said.is_plain:
            composed = said
    rule = Redirect(status, pattern, is_regex, url, composed)
    place.draft.add("redirects", rule)


def _redirect_parts(
    place: Place, words: list[str], is_3xx: bool
) -> tuple[str, str | None]:
    """(pattern, url) of the words behind the status.

    In a section the path may be left out: it is the section's.
    """
    pattern, url = "", None
    if len(words) == 2:
        pattern, url = words
    elif len(words) == 1 and place.section is not None and is_3xx:
        url = words[0]
    elif len(words) == 1:
        pattern = words[0]
    if is_3xx and url is None:
        raise Mistake("FB0281", "URL to redirect to is missing")
    return pattern, url


def error_document(run: Drafts, place: Place, node: Node) -> None:
    """`ErrorDocument code text|/path|URL|default`."""
    code, value = node.args[0], node.args[1]
    status = maybe_integer(code)
    if status is None or status not in _HTTP_STATUSES:
        raise Mistake("FB0282", f"Unsupported HTTP response code {code}", word=code)
    is_text = " " in value
    is_url = not is_text and _URL.match(value) is not None
    if is_url and status == 401:
        run.report.warn(
            node,
            "FB0283",
            f"AH00113: {node.file}:{node.line} cannot use a full URL in a 401"
            " ErrorDocument directive --- ignoring!",
            word=value,
        )
        return
    document: str | Expression = ""
    if value.lower() != "default":
        if is_text or not (is_url or value.startswith("/")):
            value = f'"{value}'
        words = "Cannot parse expression in ErrorDocument: "
        said = text_taken(run, node, value, number="FB0282", words=words)
        document = said or value
    before = place.draft.conf.error_documents
    kept = tuple(pair for pair in before if pair[0] != status)
    place.draft.say(error_documents=(*kept, (status, document)))


def set_handler(run: Drafts, place: Place, node: Node) -> None:
    """`SetHandler server-status|balancer-manager|none|proxy:URL`, or a text that says
    it.

    Differs from Apache 2.4, where a word that begins with expr= is a handler's name.
    """
    word = node.args[0]
    if word[:5].lower() == "expr=" and run.lenient:
        word = word[5:]
    words = "Can't parse expression : "
    said = text_taken(run, node, word, number="FB0284", words=words)
    head: str | None = None
    if word[:6].lower() == "proxy:":
        head = _handler_head(place, word)
        if all(d is not place.draft for d, _ in _handled(place)):
            place.server.handlers.append((place.draft, node))
        handler: str | Expression = said or word
    else:
        place.server.handlers[:] = [
            pair for pair in _handled(place) if pair[0] is not place.draft
        ]
        handler = said or word.lower()
        if said is None:
            _known_handler(run, place, node, word)
    place.draft.say(handler=handler, handler_head=head)


def _handled(place: Place) -> list[tuple[ConfDraft, Node]]:
    return place.server.handlers


def _handler_head(place: Place, word: str) -> str:
    """`proxy:http://host:port` of a handler, which must be written out."""
    head = TARGET_HEAD.match(word[6:])
    if head is None or head[2][:1] not in ("", "/", "?"):
        raise Mistake(
            "FB0284",
            f"SetHandler {word}: scheme, host and port must be written",
            why="whoever sends the request would choose where it goes",
            cure="write proxy:http://host:port or proxy:balancer://name",
            word=word,
        )
    return word[:6] + head[1]


def _known_handler(run: Drafts, place: Place, node: Node, word: str) -> None:
    lowered = word.lower()
    if lowered not in _HANDLERS_KNOWN:
        run.report.warn(
            node,
            "FB0284",
            f"SetHandler {word}: there is no such handler here",
            why="requests that it would serve are answered with 404",
            cure=did_you_mean(word, _HANDLERS_KNOWN),
            word=word,
        )


HANDLERS: Final[dict[str, Handler]] = {
    "proxypassreverse": proxy_pass_reverse,
    "proxypassreversecookiedomain": cookie_map,
    "proxypassreversecookiepath": cookie_map,
    "redirect": redirect,
    "redirectmatch": redirect,
    "redirecttemp": redirect,
    "redirectpermanent": redirect,
    "errordocument": error_document,
    "sethandler": set_handler,
}
