"""openapi.json: what the API is, for programs (OpenAPI 3.1).

python -m fastlb.controller.openapi docs/state.md > fastlb/controller/openapi.json

Paths, methods and the words of changes are those of the code; what is read of the
state document is taken from the page that tells each of its keys.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from fastlb.base.version import VERSION
from fastlb.controller.api import EVENTS, JSON, PATHS, PROBLEM, TRACE, Deal
from fastlb.controller.api_words import (
    BALANCER_WORDS,
    MEMBER_WORDS,
    URL_SCHEMA,
    Word,
)
from fastlb.controller.events import LINES
from fastlb.controller.trace import HOST_BYTES, METHOD_BYTES, PATH_BYTES
from fastlb.facts.history import SPANS

Schema = dict[str, Any]

_ROW: Final = re.compile(r"^\| `\.(\S*?)` \| (.*?) \| (.*) \|$", re.MULTILINE)
_KINDS: Final = {"truth": "boolean", "text": "string", "number": "number"}
_SUMMARIES: Final[Mapping[tuple[str, str], str]] = MappingProxyType(
    {
        ("/", "GET"): "the state document",
        ("/state", "GET"): "the state document",
        ("/balancers", "GET"): "balancers with their members",
        ("/balancers", "PATCH"): "change settings of a balancer",
        ("/members", "GET"): "members, each with the balancer that it is of",
        ("/members", "PATCH"): "change a member",
        ("/members", "POST"): "add a member to a balancer",
        ("/members", "DELETE"): "take a member out of its balancer",
        ("/members/up", "POST"): "clear the errors of a member",
        ("/history", "GET"): "what a member did lately",
        ("/changes", "GET"): "what holds of what was changed while running",
        ("/changes", "DELETE"): "back to the configuration",
        ("/generation", "GET"): "which configuration is live",
        (EVENTS, "GET"): "what happens, as it happens: at the control socket alone",
        (TRACE, "GET"): "which way requests take: at the control socket alone",
        ("/openapi.json", "GET"): "this document",
    }
)
_QUERY: Final[Mapping[str, tuple[str, Schema]]] = MappingProxyType(
    {
        "balancer": ("name of a balancer", {"type": "string", "minLength": 1}),
        "host": ("of a balancer, as in the state document", {"type": "string"}),
        "member": ("URL, as in the state document", {"type": "string", "minLength": 1}),
        "span": ("how far back", {"enum": [*SPANS]}),
        "since": ("at_seconds of the last event that was seen", {"type": "number"}),
    }
)
_TEXT: Final[Schema] = {"type": "string", "minLength": 1}
_SOUGHT: Final[Mapping[str, tuple[str, Schema]]] = MappingProxyType(
    {
        "method": ("of the request", {**_TEXT, "maxLength": METHOD_BYTES}),
        "host": ("its Host, with * and ?", {**_TEXT, "maxLength": HOST_BYTES}),
        "path": ("what its path begins with", {**_TEXT, "maxLength": PATH_BYTES}),
        "from": ("the client's address, or its network", {"type": "string"}),
        "status": (
            "how it ended: 502, 5xx",
            {"type": "string", "pattern": "^[1-5]([0-9]{2}|xx)$"},
        ),
        "member": ("who was asked: its URL, or what stands behind ://", _TEXT),
        "balancer": ("of whom a member was asked", _TEXT),
        "slower": ("than so long: 200ms, 1.5s", _TEXT),
        "count": (
            "how many, then it is over; 0: without end",
            {"type": "integer", "minimum": 0},
        ),
    }
)


def document(state_page: str) -> Schema:
    state, member = _state_schemas(state_page)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "fastlb",
            "version": VERSION,
            "description": "What balancers and members do, and changes of them.",
        },
        "paths": {
            path: {
                method.lower(): _operation(path, method, deal)
                for method, deal in methods.items()
            }
            for path, methods in PATHS.items()
        },
        "components": {
            "responses": {
                "Problem": {
                    "description": "why not (RFC 9457)",
                    "content": {PROBLEM: {"schema": _ref("Problem")}},
                }
            },
            "schemas": {
                "State": state,
                "Member": member,
                "MemberOfBalancer": _member_of_balancer(member),
                "MemberChange": _change(MEMBER_WORDS),
                "NewMember": _new_member(),
                "BalancerChange": _change(BALANCER_WORDS),
                "Done": _object({"done": _text("what has changed")}),
                "Changes": _object({"changes": _list(_record())}),
                "Generation": _generation(),
                "History": _history(),
                "Event": _event(),
                "Traced": _traced(),
                "Problem": _problem(),
            },
        },
    }


def _operation(path: str, method: str, deal: Deal) -> Schema:
    query = _SOUGHT if path == TRACE else _QUERY
    found: Schema = {
        "summary": _SUMMARIES[path, method],
        "operationId": f"{method.lower()}{path.replace('/', '_').replace('.', '_')}",
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": name in deal.needs,
                "description": query[name][0],
                "schema": query[name][1],
            }
            for name in (*deal.needs, *deal.may)
        ],
        "responses": {
            "201" if (path, method) == ("/members", "POST") else "200": {
                "description": "done" if method != "GET" else "found",
                "content": {
                    LINES if path in (EVENTS, TRACE) else JSON: {
                        "schema": _answer(path, method)
                    }
                },
            },
            "default": {"$ref": "#/components/responses/Problem"},
        },
    }
    if deal.has_body:
        found["requestBody"] = {
            "required": True,
            "content": {JSON: {"schema": _body(path, method)}},
        }
    return found


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _answer(path: str, method: str) -> Schema:
    if method != "GET":
        return _ref("Done")
    if path == "/balancers":
        state = _ref("State")["$ref"]
        return _object({"balancers": {"$ref": f"{state}/properties/balancers"}})
    if path == "/members":
        return _object({"members": _list(_ref("MemberOfBalancer"))})
    if path == "/openapi.json":
        return {"type": "object"}
    names = {
        "/history": "History",
        "/changes": "Changes",
        "/generation": "Generation",
        EVENTS: "Event",
        TRACE: "Traced",
    }
    return _ref(names.get(path, "State"))


def _body(path: str, method: str) -> Schema:
    if path == "/balancers":
        return _ref("BalancerChange")
    if path == "/members/up":
        return {"type": "object", "additionalProperties": False}
    return _ref("NewMember" if method == "POST" else "MemberChange")


# schemas ---------------------------------------------------------------------------


def _object(properties: Schema) -> Schema:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _text(description: str) -> Schema:
    return {"type": "string", "description": description}


def _words(words: Mapping[str, Word]) -> Schema:
    return {
        name: {**word.schema, "description": word.help} for name, word in words.items()
    }


def _change(words: Mapping[str, Word]) -> Schema:
    return {
        "type": "object",
        "properties": _words(words),
        "additionalProperties": False,
        "minProperties": 1,
    }


def _new_member() -> Schema:
    return {
        "type": "object",
        "properties": {"url": dict(URL_SCHEMA), **_words(MEMBER_WORDS)},
        "required": ["url"],
        "additionalProperties": False,
    }


def _member_of_balancer(member: Schema) -> Schema:
    name = {"type": ["string", "null"]}
    return _object({"balancer": name, "host": name, **member["properties"]})


def _record() -> Schema:
    said = {"type": "object", "additionalProperties": {"type": "string"}}
    return _object(
        {
            "balancer": {"type": "string"},
            "host": {"type": "string"},
            "member": {"type": ["string", "null"], "description": "null: the balancer"},
            "set": {**said, "description": "in the words of the configuration"},
            "configured": {**said, "description": "what a file says of the same keys"},
            "added": {"type": "boolean", "description": "it stands in no file"},
            "removed": {"type": "boolean", "description": "it stands in one"},
            "who": {"type": ["string", "null"], "description": "said the last of it"},
            "unix_seconds": {"type": ["integer", "null"], "description": "when"},
        }
    )


def _generation() -> Schema:
    number = {"type": "integer"}
    return _object(
        {
            "version": {"type": "string"},
            "pid": {"type": "integer", "description": "of the master"},
            "generation": {"type": "integer", "description": "in force, from 0"},
            "config_file": {
                "type": ["string", "null"],
                "description": "told through the control socket alone",
            },
            "since_unix_seconds": number,
            "reloads_asked": number,
            "reloads_answered": number,
            "last_reload_succeeded": {
                "type": ["boolean", "null"],
                "description": "null: there was none",
            },
            "last_reload_kind": {
                "type": ["string", "null"],
                "enum": ["reload", "upgrade", None],
                "description": "an upgrade reads the configuration anew, too",
            },
            "last_reload": {
                "type": ["string", "null"],
                "description": "what it has changed, or why it was refused; told"
                " through the control socket alone",
            },
        }
    )


def _history() -> Schema:
    numbers = _list({"type": ["number", "null"]})
    lists = (
        "requests_per_s",
        "errors_per_s",
        "in_flight",
        "p50_ms",
        "p99_ms",
        "usable",
    )
    return _object(
        {
            "span": {"enum": [*SPANS]},
            "step_s": {"type": "integer"},
            "t": _list({"type": "number"}),
            **dict.fromkeys(lists, numbers),
        }
    )


def _event() -> Schema:
    name = {"type": ["string", "null"]}
    return {
        **_object(
            {
                "at_seconds": {"type": "number", "description": "for since="},
                "unix_seconds": {"type": "number"},
                "kind": {"enum": ["out", "back", "adjusted"]},
                "balancer": name,
                "host": {"type": "string"},
                "member": name,
                "text": _text("why, or what was changed"),
                "who": _text("a process, or whoever has changed it"),
            }
        ),
        "description": "of each line; an empty one comes when nothing has happened"
        " for a while",
    }


def _traced() -> Schema:
    text = {"type": "string"}
    name = {"type": ["string", "null"]}
    place = {"file": text, "line": {"type": "integer"}}
    lost = {
        "type": "object",
        "properties": {
            "text": text,
            "why": text,
            "is_candidate": {"type": "boolean"},
            **place,
        },
        "required": ["text", "why", "is_candidate"],
        "additionalProperties": False,
    }
    step = {
        "type": "object",
        "properties": {
            "after_seconds": {"type": "number"},
            "kind": text,
            "text": text,
            "why": text,
            **place,
            "lost": _list(lost),
        },
        "required": ["after_seconds", "kind", "text", "why"],
        "additionalProperties": False,
    }
    request = _object(
        {
            "kind": {"const": "request"},
            "unix_seconds": {"type": "number", "description": "when it began"},
            "worker": {"type": "integer", "description": "its process"},
            "request": _text("method and target"),
            "client": text,
            "tls": {"type": "boolean"},
            "host": text,
            "id": {**name, "description": "of the request, where it has one"},
            "balancer": name,
            "members": {**_list(text), "description": "each try by its URL"},
            "status": {"type": "integer"},
            "bytes": {"type": "integer"},
            "seconds": {"type": "number", "description": "from its head to its end"},
            "is_whole": {"type": "boolean", "description": "false: it was cut off"},
            "steps": _list(step),
        }
    )
    skipped = _object(
        {
            "kind": {"const": "skipped"},
            "requests": {"type": "integer", "description": "that found no room"},
        }
    )
    return {
        "oneOf": [request, skipped],
        "description": "of each line; an empty one comes when no request has ended"
        " for a while",
    }


def _problem() -> Schema:
    return _object(
        {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
        }
    )


def _state_schemas(page: str) -> tuple[Schema, Schema]:
    """Of the document, and of a member, as the rows of docs/state.md tell them."""
    before, _, behind = page.partition("\n## Members\n")
    state, member = _tree(before), _tree(behind)
    state["properties"]["balancers"]["items"]["properties"]["members"] = _list(
        _ref("Member")
    )
    state["properties"]["members"] = _list(_ref("Member"))
    return _closed(state), _closed(member)


def _tree(text: str) -> Schema:
    root: Schema = {"type": "object", "properties": {}}
    for path, kind, told in _ROW.findall(text):
        *way, last = path.split(".")
        at = root
        for name in way:
            plain = name.removesuffix("[]")
            inside: Schema = {"type": "object", "properties": {}}
            made = _list(inside) if plain != name else inside
            at = at["properties"].setdefault(plain, made)
            at = at.get("items", at)
        kinds = [_KINDS.get(one, one) for one in kind.split(" or ")]
        leaf: Schema = {"type": kinds[0] if len(kinds) == 1 else kinds}
        if last.endswith("[]"):
            last, leaf = last.removesuffix("[]"), _list(leaf)
        at["properties"][last] = {**leaf, "description": told} if told else leaf
    return root


def _closed(schema: Schema) -> Schema:
    """Every key is there. New ones may come: others are allowed."""
    if "items" in schema:
        return {**schema, "items": _closed(schema["items"])}
    if "properties" not in schema:
        return schema
    inside = {name: _closed(one) for name, one in schema["properties"].items()}
    return {**schema, "properties": inside, "required": [*inside]}


if __name__ == "__main__":
    made = document(Path(sys.argv[1]).read_text("utf-8"))
    sys.stdout.write(json.dumps(made, indent=1) + "\n")
