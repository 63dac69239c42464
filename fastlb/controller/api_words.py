"""What a change says in JSON, and the same as parameters of the configuration.

The keys are those of the state document where it has them. A value is bounded by its
kind here, and then by the reader of the configuration's own parameter, whose sentence
whoever asked gets to read.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from fastlb.config.directives.balancer_params import BALANCER
from fastlb.config.directives.member_params import MEMBER
from fastlb.config.parameter import Parameters
from fastlb.facts.adjustments import TEXT_MAX

DEPTH_MAX: Final = 4
"""Of objects and lists in each other: a change needs two."""
STATUSES_MAX: Final = 100

Params = tuple[tuple[str, str], ...]


class MalformedError(ValueError):
    """It is no JSON, or no object."""


class UnsoundError(ValueError):
    """A value is not one that its key can have."""


@dataclass(frozen=True, slots=True)
class Word:
    """One key of a change.

    key     of the configuration
    schema  of JSON Schema
    text    what stands in the configuration for a value of that kind
    help    one phrase
    """

    key: str
    schema: Mapping[str, Any]
    text: Callable[[Any], str]
    help: str


def _switch(value: bool) -> str:
    return "On" if value else "Off"


def _flag(letter: str, help_: str) -> Word:
    return Word(
        "status",
        {"type": "boolean"},
        lambda value: ("+" if value else "-") + letter,
        help_,
    )


def _text(length: int) -> dict[str, Any]:
    """Of a cookie, a path or a name: one line of ASCII."""
    return {"type": "string", "maxLength": length, "pattern": "^[ -~]*$"}


MEMBER_WORDS: Final = MappingProxyType(
    {
        "weight": Word(
            "loadfactor",
            {"type": "number", "minimum": 1, "maximum": 100},
            str,
            "its share beside the others: loadfactor=",
        ),
        "lbset": Word(
            "lbset",
            {"type": "integer", "minimum": 0, "maximum": 99},
            str,
            "lower sets are asked first: lbset=",
        ),
        "route": Word("route", _text(63), str, "of sticky sessions; empty: none"),
        "redirect": Word(
            "redirect", _text(63), str, "route of who gets its sessions; empty: none"
        ),
        "drain": _flag("N", "only for sessions that it has"),
        "disabled": _flag("D", "it gets no requests"),
        "stopped": _flag("S", "likewise, whatever its agent says"),
        "standby": _flag("H", "only when all others are out"),
        "spare": _flag("R", "for one of its set that is out"),
        "ignore_errors": _flag("I", "it is never in error"),
        "health_method": Word(
            "hcmethod",
            {
                "type": "string",
                "enum": [
                    *("NONE", "TCP", "OPTIONS", "HEAD", "GET", "CPING"),
                    *("OPTIONS11", "HEAD11", "GET11"),
                ],
            },
            str,
            "hcmethod=",
        ),
        "health_interval_seconds": Word(
            "hcinterval",
            {"type": "number", "minimum": 0.1, "maximum": 86400},
            lambda value: f"{round(value * 1000)}ms",
            "from one check to the next: hcinterval=",
        ),
        "health_passes": Word(
            "hcpasses",
            {"type": "integer", "minimum": 1, "maximum": 1000},
            str,
            "checks in a row that bring it back: hcpasses=",
        ),
        "health_fails": Word(
            "hcfails",
            {"type": "integer", "minimum": 1, "maximum": 1000},
            str,
            "checks in a row that take it out: hcfails=",
        ),
        "health_expression": Word(
            "hcexpr",
            _text(15),
            str,
            "name of a ProxyHCExpr: hcexpr=; empty: the status",
        ),
        "health_uri": Word("hcuri", _text(63), str, "path that is asked for: hcuri="),
    }
)
BALANCER_WORDS: Final = MappingProxyType(
    {
        "method": Word("lbmethod", _text(63), str, "lbmethod="),
        "sticky": Word(
            "stickysession",
            {**_text(63), "type": ["string", "null"]},
            lambda value: value or "",
            "cookie, or cookie|parameter: stickysession=; null: none",
        ),
        "timeout_seconds": Word(
            "timeout",
            {"type": "integer", "minimum": 0, "maximum": 7200},
            str,
            "for which a request waits for a member: timeout=",
        ),
        "max_attempts": Word(
            "maxattempts",
            {"type": ["integer", "null"], "minimum": 0, "maximum": 99},
            lambda value: "" if value is None else str(value),
            "other members that are tried: maxattempts=; null: all",
        ),
        "nofailover": Word(
            "nofailover",
            {"type": "boolean"},
            _switch,
            "sessions end with their member: nofailover=",
        ),
        "fail_on_status": Word(
            "failonstatus",
            {
                "type": "array",
                "maxItems": STATUSES_MAX,
                "items": {"type": "integer", "minimum": 100, "maximum": 599},
            },
            lambda value: ",".join(map(str, value)),
            "of an answer, that put its member in error: failonstatus=",
        ),
        "fail_on_timeout": Word(
            "failontimeout",
            {"type": "boolean"},
            _switch,
            "a late answer puts its member in error: failontimeout=",
        ),
        "force_recovery": Word(
            "forcerecovery",
            {"type": "boolean"},
            _switch,
            "all are tried when all are in error: forcerecovery=",
        ),
    }
)
URL_SCHEMA: Final = {**_text(1024), "minLength": 1}
_EMPTY_IS_NONE: Final = ("stickysession", "maxattempts", "failonstatus", "hcuri")


def member_params(said: Mapping[str, Any]) -> Params:
    """UnsoundError."""
    return _params(said, MEMBER_WORDS, MEMBER)


def balancer_params(said: Mapping[str, Any]) -> Params:
    return _params(said, BALANCER_WORDS, BALANCER)


def _params(
    said: Mapping[str, Any], words: Mapping[str, Word], known: Parameters
) -> Params:
    params: dict[str, str] = {}
    for name, value in said.items():
        word = words.get(name)
        if word is None:
            raise UnsoundError(f"{name}: nothing that can be changed; {_names(words)}")
        text = word.text(_checked(name, value, word.schema))
        if word.key == "status":
            text = params.get("status", "") + text
        params[word.key] = text
        why = _why_not(word.key, text, known)
        if why is not None:
            raise UnsoundError(f"{name}: {why}")
    return tuple(params.items())


def _why_not(key: str, text: str, known: Parameters) -> str | None:
    if key == "lbmethod":
        return None  # other packages have some, which only the master may read
    if (not text and key in _EMPTY_IS_NONE) or (key, text) == ("timeout", "0"):
        return None  # what a line of the configuration says by not being there
    return known.take({"status": ""}, key, text)


def _names(words: Iterable[str]) -> str:
    return f"there are {', '.join(words)}"


def check_url(value: object) -> str:
    return str(_checked("url", value, URL_SCHEMA))


_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "string": (str,),
    "array": (list,),
    "null": (type(None),),
}
_WORDS: Final[Mapping[str, str]] = {
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
    "string": "a text",
    "array": "a list",
    "null": "null",
}


def _checked(name: str, value: Any, schema: Mapping[str, Any]) -> Any:
    """As JSON Schema would, of the words that stand above; UnsoundError. 3.0 is the
    whole number that it is there."""
    kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    if isinstance(value, float) and value.is_integer() and "integer" in kinds:
        value = int(value)
    if not any(_is(value, kind) for kind in kinds):
        raise UnsoundError(f"{name}: not {' or '.join(_WORDS[one] for one in kinds)}")
    for why in _beyond(value, schema):
        raise UnsoundError(f"{name}: {why}")
    if isinstance(value, list):
        return [_checked(name, one, schema["items"]) for one in value]
    return value


def _is(value: object, kind: str) -> bool:
    if isinstance(value, bool):
        return kind == "boolean"
    return isinstance(value, _KINDS[kind])


def _beyond(value: Any, schema: Mapping[str, Any]) -> Iterator[str]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        low, high = schema["minimum"], schema["maximum"]
        if not low <= value <= high:
            yield f"not from {low} to {high}"
    elif isinstance(value, str):
        low, high = schema.get("minLength", 0), schema.get("maxLength", TEXT_MAX)
        if not low <= len(value) <= high:
            yield f"not {low} to {high} characters"
        if not (value.isascii() and value.isprintable()):
            yield "not one line of ASCII"
        if value not in schema.get("enum", (value,)):
            yield f"not one of {', '.join(schema['enum'])}"
    elif isinstance(value, list) and len(value) > schema["maxItems"]:
        yield f"more than {schema['maxItems']}"


def read_object(body: bytes) -> dict[str, Any]:
    """A JSON object (RFC 8259) whose names come once; MalformedError."""
    try:
        text = body.decode("utf-8")
        _check_depth(text)
        found = json.loads(text, object_pairs_hook=_once, parse_constant=_no_constant)
    except MalformedError:
        raise
    except (ValueError, RecursionError) as error:
        raise MalformedError(f"the body is no JSON: {error}") from None
    if not isinstance(found, dict):
        raise MalformedError("the body is no object of JSON")
    return found


def _check_depth(text: str) -> None:
    """Brackets in texts count too: it bounds what the parser may do."""
    depth = 0
    for one in text:
        if one in "[{":
            depth += 1
            if depth > DEPTH_MAX:
                raise MalformedError(f"the body is nested more than {DEPTH_MAX} deep")
        elif one in "]}":
            depth -= 1


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedError("a name comes twice in the body")
    return found


def _no_constant(name: str) -> float:
    raise MalformedError(f"the body is no JSON: {name}")
