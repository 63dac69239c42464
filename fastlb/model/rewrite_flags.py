"""Flags of a RewriteRule and of a RewriteCond, as mod_rewrite reads them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from fastlb.facts.statuses import REASONS
from fastlb.model.rewrite_words import WordProblem, flags_of

ROUNDS_MAX: Final = 32000
_REDIRECTS: Final = range(300, 400)
_STATUS_WORDS: Final = {"permanent": 301, "temp": 302, "seeother": 303}


@dataclass(slots=True)
class RuleFlags:
    """What the flags of one rule say; on: those that say no more, by a name."""

    on: set[str] = field(default_factory=set)
    status: int = 302
    sets_status: bool = False
    rounds_max: int = ROUNDS_MAX
    skip: int = 0
    escapes: str | None = None
    no_escapes: str | None = None
    env: list[str] = field(default_factory=list)
    cookies: list[str] = field(default_factory=list)
    mime_type: str | None = None
    handler: str | None = None


def rule_flags(text: str | None) -> RuleFlags:
    """Raises WordProblem with Apache's sentence."""
    flags = RuleFlags()
    for key, value in flags_of(text) if text is not None else ():
        name = _LONG.get(key.lower(), key.lower())
        if name in _PLAIN:
            flags.on.add(name)
        elif name in _VALUED:
            _VALUED[name](flags, value)
        elif not name.startswith("d"):  # httpd takes any flag with a D
            raise WordProblem(f"unknown flag '{key}'")
    return flags


def cond_flags(text: str | None) -> set[str]:
    """Of nc, or, nv. Raises WordProblem with Apache's sentence."""
    found: set[str] = set()
    for key, _ in flags_of(text) if text is not None else ():
        name = _LONG_COND.get(key.lower(), key.lower())
        if name not in ("nc", "or", "nv"):
            raise WordProblem(f"unknown flag '{key}'")
        found.add(name)
    return found


def _number(text: str) -> int:
    """As C's atoi."""
    found = re.match(r"\s*[+-]?[0-9]+", text)
    return min(max(int(found[0]), -(1 << 31)), (1 << 31) - 1) if found else 0


def _escape(flags: RuleFlags, value: str) -> None:
    flags.on.add("b")
    flags.escapes = value or flags.escapes


def _no_escape_of(flags: RuleFlags, value: str) -> None:
    if not value:
        raise WordProblem("flag 'BNE' wants a list of characters (i.e. [BNE=...])")
    flags.no_escapes = value


def _controls(flags: RuleFlags, value: str) -> None:
    flags.on |= {"b", "bctls"}


def _cookie(flags: RuleFlags, value: str) -> None:
    flags.cookies.append(value)


def _env(flags: RuleFlags, value: str) -> None:
    flags.env.append(value)


def _forbidden(flags: RuleFlags, value: str) -> None:
    flags.sets_status, flags.status = True, 403


def _gone(flags: RuleFlags, value: str) -> None:
    flags.sets_status, flags.status = True, 410


def _handler(flags: RuleFlags, value: str) -> None:
    flags.handler = value


def _mime_type(flags: RuleFlags, value: str) -> None:
    flags.mime_type = value


def _next_round(flags: RuleFlags, value: str) -> None:
    flags.on.add("n")
    if value:
        flags.rounds_max = _number(value)


def _skip(flags: RuleFlags, value: str) -> None:
    flags.skip = _number(value)


def _redirect(flags: RuleFlags, value: str) -> None:
    flags.on.add("r")
    if not value:
        return
    status = _STATUS_WORDS.get(value.lower(), 0)
    if not status and value[:1].isdigit():
        status = _number(value)
        if status not in REASONS:
            raise WordProblem(f"invalid HTTP response code '{value}' for flag 'R'")
        if status not in _REDIRECTS:
            flags.sets_status = True
    flags.status = status


_PLAIN: Final = (
    *("bnp", "c", "dpi", "end", "l", "nc", "ne", "ns", "p", "pt", "qsa", "qsd"),
    *("qsl", "unc", "unsafeallow3f", "unsafeprefixstat"),
)
_VALUED: Final[dict[str, Callable[[RuleFlags, str], None]]] = {
    "b": _escape,
    "bne": _no_escape_of,
    "bctls": _controls,
    "co": _cookie,
    "e": _env,
    "f": _forbidden,
    "g": _gone,
    "h": _handler,
    "n": _next_round,
    "r": _redirect,
    "s": _skip,
    "t": _mime_type,
}
_LONG: Final = {
    "backrefescaping": "b",
    "backrefernoplus": "bnp",
    "chain": "c",
    "cookie": "co",
    "d": "dpi",
    "discardpath": "dpi",
    "env": "e",
    "forbidden": "f",
    "gone": "g",
    "handler": "h",
    "last": "l",
    "next": "n",
    "nocase": "nc",
    "noescape": "ne",
    "nosubreq": "ns",
    "passthrough": "pt",
    "proxy": "p",
    "qsappend": "qsa",
    "qsdiscard": "qsd",
    "qslast": "qsl",
    "redirect": "r",
    "skip": "s",
    "type": "t",
}
_LONG_COND: Final = {"nocase": "nc", "ornext": "or", "novary": "nv"}
