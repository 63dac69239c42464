"""stickycookie=: a cookie that a balancer makes itself, as it is written.

`NAME;attribute;...`, with the attributes of Set-Cookie (RFC 6265 5.2, and what browsers
have added). What is not written is `Path=/; HttpOnly; SameSite=Lax`, and `Secure` to
clients that speak TLS.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from fastlb.config.parameter import BadValue
from fastlb.facts.balancer import OwnCookie

BYTES_MAX: Final = 1024
MAX_AGE_S_MAX: Final = 2**31 - 1
NAME_REFUSED: Final = "stickycookie must begin with the name of a cookie"
TOKEN: Final = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+")
_PATH: Final = re.compile(r"/[!-:<-~]*")
_DOMAIN: Final = re.compile(r"\.?[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*")
_SAME_SITE: Final = {"strict": "Strict", "lax": "Lax", "none": "None"}


def own_cookie(value: str) -> OwnCookie:
    name, *words = (part.strip() for part in value.split(";"))
    if not TOKEN.fullmatch(name):
        raise BadValue(NAME_REFUSED)
    if len(value) > BYTES_MAX:
        raise BadValue(f"stickycookie length must be <= {BYTES_MAX} characters")
    said = _attributes(filter(None, words))
    _look_at_secure(name, said)
    secure = said.get("secure")
    return OwnCookie(
        name=name,
        attributes="".join(f"; {one}" for one in _composed(said)),
        max_age_s=said.get("max-age", 0),
        secure=secure is True or _needs_secure(name, said),
        secure_on_tls=secure is None,
    )


def _attributes(words: filter[str]) -> Mapping[str, Any]:
    """By name in lower case."""
    said: dict[str, Any] = {}
    for word in words:
        key, equals, value = (part.strip() for part in word.partition("="))
        read = _READERS.get(key.lower())
        if read is None:
            raise BadValue(f"stickycookie does not know the attribute {word}")
        if key.lower() in said:
            raise BadValue(f"stickycookie has {key} twice")
        found = read(value if equals else None)
        if found is None:
            raise BadValue(f"stickycookie has an attribute that is none: {word}")
        said[key.lower()] = found
    return said


def _path(value: str | None) -> str | None:
    return value if value is not None and _PATH.fullmatch(value) else None


def _domain(value: str | None) -> str | None:
    return value if value is not None and _DOMAIN.fullmatch(value) else None


def _max_age(value: str | None) -> int | None:
    if value is None or not re.fullmatch(r"[0-9]{1,10}", value):
        return None
    return int(value) if 0 < int(value) <= MAX_AGE_S_MAX else None


def _same_site(value: str | None) -> str | None:
    return _SAME_SITE.get(value.lower()) if value is not None else None


def _switch(value: str | None) -> bool | None:
    """A word alone, or `=no`."""
    if value is None:
        return True
    return False if value.lower() == "no" else None


_READERS: Final[dict[str, Callable[[str | None], Any]]] = {
    "path": _path,
    "domain": _domain,
    "max-age": _max_age,
    "samesite": _same_site,
    "secure": _switch,
    "httponly": _switch,
    "partitioned": _switch,
}


def _needs_secure(name: str, said: Mapping[str, Any]) -> bool:
    """Browsers take no such cookie without it."""
    return (
        said.get("samesite") == "None"
        or said.get("partitioned") is True
        or name.lower().startswith(("__host-", "__secure-"))
    )


def _look_at_secure(name: str, said: Mapping[str, Any]) -> None:
    if said.get("secure") is False and _needs_secure(name, said):
        raise BadValue(
            "stickycookie has Secure=no, and browsers take it with Secure only"
        )
    if name.lower().startswith("__host-") and (
        "domain" in said or said.get("path", "/") != "/"
    ):
        raise BadValue("stickycookie of a __Host- name has Path=/ and no Domain")


def _composed(said: Mapping[str, Any]) -> list[str]:
    words = [f"Path={said.get('path', '/')}"]
    if "domain" in said:
        words.append(f"Domain={said['domain']}")
    if "max-age" in said:
        words.append(f"Max-Age={said['max-age']}")
    if said.get("httponly", True):
        words.append("HttpOnly")
    words.append(f"SameSite={said.get('samesite', 'Lax')}")
    if said.get("partitioned"):
        words.append("Partitioned")
    return words
