"""Parameters of balancers."""

from __future__ import annotations

import re
from typing import Any, Final

from fastlb._pcre2 import PatternError
from fastlb.config.outside_methods import outside_methods
from fastlb.config.own_cookie import own_cookie
from fastlb.config.parameter import (
    INT_MAX,
    BadValue,
    Parameter,
    Parameters,
    number,
    seconds,
    switch,
    text,
    time,
)
from fastlb.facts.balancer import NONCE_NONE
from fastlb.facts.regex import compile_pcre
from fastlb.facts.words import HashBy

NONCE_SIZE: Final = 37
LBMETHODS_OWN: Final = ("bychoice", "byresponsetime", "byhash")
"""Methods that Apache has not: refused under `Compat apache`."""

LBMETHODS: Final = (
    *("byrequests", "bytraffic", "bybusyness", "heartbeat"),
    *LBMETHODS_OWN,
)

QUEUE_MAX: Final = 1024
"""Requests of a balancer that may wait, where maxqueue= does not say it."""

UNKNOWN_METHOD: Final = "unknown lbmethod"
REGEX_REFUSED: Final = "routeregex could not be compiled"

HASH_KEY_REFUSED: Final = "hashkey must be ip, uri, path, header:NAME or cookie:NAME"
HASH_LOAD_REFUSED: Final = "hashload must be more than 100 (percent), or 0"

RETRY_STATUS_REFUSED: Final = (
    "retryonstatus must be one or more HTTP response codes from 400 to 599"
)
RETRY_BUDGET_REFUSED: Final = "retrybudget must be a percentage from 0% to 100%, or Off"

EJECT_REFUSED: Final = (
    "ejecton must be failures:N, errors:P%/TIME or errors:P%/TIME/LEAST, or one of each"
    " with a comma between them"
)
EJECT_TIME_REFUSED: Final = "ejecttime must be a time from 1s to 3600s"
EJECT_MAX_REFUSED: Final = "ejectmax must be a percentage from 1% to 100%"
EJECT_COUNT_MAX: Final = 1_000_000
EJECT_WINDOW_MS_MAX: Final = 3_600_000
EJECT_TIME_MS_MAX: Final = 3_600_000
EJECT_NEVER: Final = {
    "eject_failures": 0,
    "eject_errors_percent": 0,
    "eject_window_ms": 0,
    "eject_requests": 20,
}

_TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")


def _lbmethod(value: str) -> str:
    if value not in LBMETHODS and value not in outside_methods():
        raise BadValue(UNKNOWN_METHOD)
    return value


def _sticky(value: str) -> dict[str, Any]:
    cookie, _, url = text("stickysession")(value).partition("|")
    return {"sticky_cookie": cookie, "sticky_url": url or cookie}


def _separator(value: str) -> str | None:
    if value.lower() == "off":
        return None
    if len(value) != 1:
        raise BadValue("stickysessionsep must be a single character or Off")
    return value


def _route_regex(value: str) -> str:
    try:
        compile_pcre(value)
    except PatternError:
        raise BadValue(REGEX_REFUSED) from None
    return value


def _fail_on_status(value: str) -> tuple[int, ...]:
    read = number(100, 599, "failonstatus must be one or more HTTP response codes")
    return tuple(read(word) for word in re.split(r"[, ]+", value) if word)


def _retry_on_status(value: str) -> tuple[int, ...]:
    read = number(400, 599, RETRY_STATUS_REFUSED)
    found = tuple(read(word) for word in value.split(",") if word)
    if not found:
        raise BadValue(RETRY_STATUS_REFUSED)
    return found


def _retry_budget(value: str) -> int | None:
    if value.lower() == "off":
        return None
    percent: int = number(0, 100, RETRY_BUDGET_REFUSED)(value.removesuffix("%"))
    return percent


def _eject_on(value: str) -> dict[str, Any]:
    """failures:N and errors:P%/T or errors:P%/T/LEAST, one of each."""
    found: dict[str, Any] = {}
    for word in value.split(","):
        kind, _, said = word.partition(":")
        read = {"failures": _eject_failures, "errors": _eject_errors}.get(kind.lower())
        one = read(said) if read else {}
        if not one or found.keys() & one.keys():
            raise BadValue(EJECT_REFUSED)
        found |= one
    return {**EJECT_NEVER, **found}


def _eject_failures(said: str) -> dict[str, Any]:
    return {"eject_failures": number(1, EJECT_COUNT_MAX, EJECT_REFUSED)(said)}


def _eject_errors(said: str) -> dict[str, Any]:
    share, _, rest = said.partition("/")
    window, slash, least = rest.partition("/")
    if not share.endswith("%"):
        raise BadValue(EJECT_REFUSED)
    window_ms = time("s", EJECT_REFUSED, EJECT_REFUSED)(window)
    if not 1000 <= window_ms <= EJECT_WINDOW_MS_MAX:
        raise BadValue(EJECT_REFUSED)
    found = {
        "eject_errors_percent": number(1, 100, EJECT_REFUSED)(share.removesuffix("%")),
        "eject_window_ms": window_ms,
    }
    if slash:
        found["eject_requests"] = number(1, EJECT_COUNT_MAX, EJECT_REFUSED)(least)
    return found


def _eject_time(value: str) -> int:
    time_ms: int = time("s", EJECT_TIME_REFUSED, EJECT_TIME_REFUSED)(value)
    if not 1000 <= time_ms <= EJECT_TIME_MS_MAX:
        raise BadValue(EJECT_TIME_REFUSED)
    return time_ms


def _eject_max(value: str) -> int:
    percent: int = number(1, 100, EJECT_MAX_REFUSED)(value.removesuffix("%"))
    return percent


def _hash_key(value: str) -> dict[str, Any]:
    """Header names ignore case, and cookies' do not."""
    word, colon, name = value.partition(":")
    by = next((one for one in HashBy if one.value == word.lower()), None)
    is_named = by in {HashBy.HEADER, HashBy.COOKIE}
    if (
        by is None
        or is_named != bool(colon)
        or is_named != bool(_TOKEN.fullmatch(name))
    ):
        raise BadValue(HASH_KEY_REFUSED)
    return {"hash_by": by, "hash_name": name}


def _hash_load(value: str) -> int:
    percent: int = number(0, 100_000, HASH_LOAD_REFUSED)(value)
    if 0 < percent <= 100:
        raise BadValue(HASH_LOAD_REFUSED)
    return percent


def _nonce(value: str) -> str:
    if len(value) >= NONCE_SIZE:
        raise BadValue("Provided nonce is too large")
    return value.lower() if value.lower() == NONCE_NONE else value


BALANCER: Final = Parameters(
    "unknown Balancer parameter",
    Parameter(
        "lbmethod",
        _lbmethod,
        "how members are elected",
        "byrequests",
    ),
    Parameter(
        "stickysession",
        _sticky,
        "cookie|url parameter that names a session's member",
        {"sticky_cookie": None, "sticky_url": None},
        sets=("sticky_cookie", "sticky_url"),
    ),
    Parameter(
        "stickysessionsep",
        _separator,
        "character before the route in a session's name, or Off",
        ".",
        sets="sticky_separator",
    ),
    Parameter(
        "routeregex",
        _route_regex,
        "regular expression whose first group is the route",
        sets="route_regex",
        own=True,
    ),
    Parameter(
        "scolonpathdelim",
        switch("scolonpathdelim"),
        "whether ; also ends the path before a session's name",
        False,
        sets="scolon_path_delim",
    ),
    Parameter(
        "stickycookie",
        own_cookie,
        "NAME, or `NAME;attribute;...`: a cookie by which the balancer itself knows a"
        " session's member again",
        sets="own_cookie",
        own=True,
    ),
    Parameter(
        "stickykey",
        text("stickykey", 4096),
        "file with the secret that signs stickycookie=; without it one is made when the"
        " server starts",
        "",
        sets="sticky_key",
        own=True,
    ),
    Parameter(
        "nofailover",
        switch("failover"),
        "whether sessions end with their member",
        False,
    ),
    Parameter(
        "maxattempts",
        number(0, INT_MAX, "maximum number of attempts must be a positive number"),
        "other members that a request may be given to",
        sets="max_attempts",
    ),
    Parameter(
        "timeout",
        seconds(1, "timeout must be at least one second"),
        "how long to wait for a member that can serve",
        0,
        sets="timeout_ms",
    ),
    Parameter(
        "maxqueue",
        number(0, INT_MAX, "maxqueue must be a positive number"),
        "how many requests may wait for a member at once, in all workers",
        QUEUE_MAX,
        sets="queue_max",
        own=True,
    ),
    Parameter(
        "failonstatus",
        _fail_on_status,
        "statuses of an answer that put its member in error",
        (),
        sets="fail_on_status",
    ),
    Parameter(
        "failontimeout",
        switch("failontimeout"),
        "whether a late answer puts its member in error",
        False,
        sets="fail_on_timeout",
    ),
    Parameter(
        "forcerecovery",
        switch("forcerecovery"),
        "whether all members are tried at once when all are in error",
        True,
        sets="force_recovery",
    ),
    Parameter(
        "retryonstatus",
        _retry_on_status,
        "statuses of an answer that another member is asked for instead",
        (),
        sets="retry_on_status",
        own=True,
    ),
    Parameter(
        "retrybudget",
        _retry_budget,
        "percent of its requests that may be sent again at most; Off: any",
        20,
        sets="retry_budget_percent",
        own=True,
    ),
    Parameter(
        "ejecton",
        _eject_on,
        "failures that take a member out for a while: failures:N in a row,"
        " errors:P%/TIME of its requests",
        EJECT_NEVER,
        sets=tuple(EJECT_NEVER),
        own=True,
    ),
    Parameter(
        "ejecttime",
        _eject_time,
        "for how long; the second time in a row twice as long, up to ten times",
        30_000,
        sets="eject_time_ms",
        own=True,
    ),
    Parameter(
        "ejectmax",
        _eject_max,
        "percent of the members that may be out; beyond it nobody is ejected",
        50,
        sets="eject_max_percent",
        own=True,
    ),
    Parameter(
        "hashkey",
        _hash_key,
        "what byhash elects by: ip, uri, path, header:NAME or cookie:NAME",
        {"hash_by": HashBy.IP, "hash_name": ""},
        sets=("hash_by", "hash_name"),
        own=True,
    ),
    Parameter(
        "hashload",
        _hash_load,
        "percent of the mean that byhash lets a member have under way; 0: any",
        125,
        sets="hash_load_percent",
        own=True,
    ),
    Parameter(
        "nonce",
        _nonce,
        "token of balancer-manager's forms; where it is not written, a random one;"
        " `None`: nothing can be changed there",
        "",
    ),
    Parameter(
        "growth",
        number(1, 100, "growth must be between 1 and 100"),
        "members that may be added while running",
        5,
    ),
)
