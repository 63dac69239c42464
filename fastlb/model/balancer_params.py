"""key=value parameters of a balancer (balancing.md 7).

Texts of errors are Apache's, without the directive that stands before them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from fastlb._pcre2 import PatternError
from fastlb.facts.regex import compile_pcre
from fastlb.model.values import INT_MAX, maybe_integer, maybe_switch

STICKY_SIZE: Final = 64
NONCE_SIZE: Final = 37
LBMETHODS: Final = ("byrequests", "bytraffic", "bybusyness")
"""Methods that are served."""

LBMETHODS_LATER: Final = ("heartbeat", "byresponsetime")
"""Known names in whose place byrequests serves until they are built."""


@dataclass(slots=True)
class BalancerParams:
    """What the parameters of one balancer say; the field names are Balancer's."""

    lbmethod: str = "byrequests"
    lbmethod_asked: str = "byrequests"  # the name as written
    sticky_cookie: str | None = None
    sticky_url: str | None = None
    sticky_separator: str | None = "."
    route_regex: str | None = None
    scolon_path_delim: bool = False
    nofailover: bool = False
    max_attempts: int | None = None
    timeout_ms: int = 0
    fail_on_status: tuple[int, ...] = ()
    fail_on_timeout: bool = False
    force_recovery: bool = True
    nonce: str | None = None
    growth: int = 0
    written: set[str] = field(default_factory=set)  # keys that stand somewhere

    def inherit(self, base: BalancerParams) -> None:
        """Take from base what is not written here (a vhost redefines a balancer)."""
        for key in base.written - self.written:
            for name in _FIELDS[key]:
                setattr(self, name, getattr(base, name))
        self.written |= base.written


def set_balancer_param(params: BalancerParams, key: str, value: str) -> str | None:
    """Take one parameter over; returns Apache's complaint, or None."""
    name = key.lower()
    setter = _SETTERS.get(name)
    if setter is None:
        return "unknown Balancer parameter"
    complaint = setter(params, value)
    if complaint is None:
        params.written.add(name)
    return complaint


def balancer_param_names() -> tuple[str, ...]:
    """All keys, for "did you mean"."""
    return tuple(_SETTERS)


_Setter = Callable[[BalancerParams, str], str | None]


def _sticky(params: BalancerParams, value: str) -> str | None:
    if len(value) >= STICKY_SIZE:
        return f"stickysession length must be < {STICKY_SIZE} characters"
    cookie, _, url = value.partition("|")
    params.sticky_cookie = cookie
    params.sticky_url = url or cookie
    return None


def _separator(params: BalancerParams, value: str) -> str | None:
    if value.lower() == "off":
        params.sticky_separator = None
    elif len(value) == 1:
        params.sticky_separator = value
    else:
        return "stickysessionsep must be a single character or Off"
    return None


REGEX_REFUSED: Final = "routeregex could not be compiled"


def _route_regex(params: BalancerParams, value: str) -> str | None:
    try:
        compile_pcre(value)
    except PatternError:
        return REGEX_REFUSED
    params.route_regex = value
    return None


def _switch(name: str, label: str) -> _Setter:
    def setter(params: BalancerParams, value: str) -> str | None:
        switch = maybe_switch(value)
        if switch is None:
            return f"{label} must be On|Off"
        setattr(params, name, switch)
        return None

    return setter


def _timeout(params: BalancerParams, value: str) -> str | None:
    number = maybe_integer(value)
    if number is None or not 1 <= number <= INT_MAX:
        return "timeout must be at least one second"
    params.timeout_ms = number * 1000
    return None


def _max_attempts(params: BalancerParams, value: str) -> str | None:
    number = maybe_integer(value)
    if number is None or not 0 <= number <= INT_MAX:
        return "maximum number of attempts must be a positive number"
    params.max_attempts = number
    return None


def _lbmethod(params: BalancerParams, value: str) -> str | None:
    if value in LBMETHODS:
        params.lbmethod = value
    elif value in LBMETHODS_LATER:
        params.lbmethod = "byrequests"
    else:
        return "unknown lbmethod"
    params.lbmethod_asked = value
    return None


def _fail_on_status(params: BalancerParams, value: str) -> str | None:
    codes: list[int] = []
    for word in filter(None, re.split(r"[, ]+", value)):
        number = maybe_integer(word)
        if number is None or not 100 <= number <= 599:
            return "failonstatus must be one or more HTTP response codes"
        codes.append(number)
    params.fail_on_status = tuple(codes)
    return None


def _nonce(params: BalancerParams, value: str) -> str | None:
    if len(value) >= NONCE_SIZE:
        return "Provided nonce is too large"
    params.nonce = "" if value.lower() == "none" else value
    return None


def _growth(params: BalancerParams, value: str) -> str | None:
    number = maybe_integer(value)
    if number is None or not 1 <= number <= 100:
        return "growth must be between 1 and 100"
    params.growth = number
    return None


_SETTERS: Final[dict[str, _Setter]] = {
    "lbmethod": _lbmethod,
    "stickysession": _sticky,
    "stickysessionsep": _separator,
    "routeregex": _route_regex,
    "scolonpathdelim": _switch("scolon_path_delim", "scolonpathdelim"),
    "nofailover": _switch("nofailover", "failover"),
    "maxattempts": _max_attempts,
    "timeout": _timeout,
    "failonstatus": _fail_on_status,
    "failontimeout": _switch("fail_on_timeout", "failontimeout"),
    "forcerecovery": _switch("force_recovery", "forcerecovery"),
    "nonce": _nonce,
    "growth": _growth,
}

_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    "lbmethod": ("lbmethod", "lbmethod_asked"),
    "stickysession": ("sticky_cookie", "sticky_url"),
    "stickysessionsep": ("sticky_separator",),
    "routeregex": ("route_regex",),
    "scolonpathdelim": ("scolon_path_delim",),
    "nofailover": ("nofailover",),
    "maxattempts": ("max_attempts",),
    "timeout": ("timeout_ms",),
    "failonstatus": ("fail_on_status",),
    "failontimeout": ("fail_on_timeout",),
    "forcerecovery": ("force_recovery",),
    "nonce": ("nonce",),
    "growth": ("growth",),
}
