"""`SetHandler balancer-api`, and what the control socket answers: JSON over HTTP.

What is read is the state document (docs/state.md) or a part of it; a change is asked
of the master and answered when it holds for every worker. An error is a problem of
RFC 9457. docs/api.md tells of it, openapi.json says it to programs.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from fastlb.admin.history import history
from fastlb.admin.state import state
from fastlb.base.version import VERSION
from fastlb.controller.api_words import (
    MalformedError,
    Params,
    UnsoundError,
    balancer_params,
    check_url,
    member_params,
    read_object,
)
from fastlb.controller.asked import Asked
from fastlb.controller.desk import Desk
from fastlb.controller.records import MasterError, holds, records_of
from fastlb.controller.trace import READS
from fastlb.facts.adjustments import NOTHING_CHANGED, Adjustment, Deed
from fastlb.facts.balancer import Balancer
from fastlb.facts.history import SPANS
from fastlb.model.report import Mistake
from fastlb.model.resolve_params import member_target

ApiAnswer = tuple[int, str, bytes, tuple[tuple[str, str], ...]]

BODY_BYTES_MAX: Final = 16_384
QUERY_FIELDS_MAX: Final = 16
NAMES_MAX: Final = 12
"""Of balancers, where one is named that is not there."""
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
EVENTS: Final = "/events"
TRACE: Final = "/trace"
HEADERS: Final = (("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))


# Read before the controller becomes the User, who may not be able to.
_OPENAPI: Final = Path(__file__).with_name("openapi.json").read_bytes()


class ProblemError(Exception):
    """What is answered in place of what was asked for."""

    def __init__(self, status: int, detail: str, *fields: tuple[str, str]) -> None:
        super().__init__(detail)
        self.status = status
        self.fields = fields


@dataclass(frozen=True, slots=True)
class Question:
    """A request whose words are known. query: by name, each once."""

    asked: Asked
    desk: Desk
    query: Mapping[str, str]

    @property
    def vhost_index(self) -> int | None:
        """None: all hosts."""
        return self.asked.vhost_index if self.asked.vhost_index >= 0 else None


Answering = Callable[[Question], Awaitable[tuple[int, object]]]


@dataclass(frozen=True, slots=True)
class Deal:
    """A method of a path. needs, may: names of its query. has_body: a change in JSON"""

    answer: Answering
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    has_body: bool = False


async def api(asked: Asked, desk: Desk) -> ApiAnswer:
    """Answer one request."""
    try:
        deal = deal_of(asked)
        check_origin(asked)
        question = Question(asked, desk, query_of(asked.query, deal))
        check_body(asked, deal)
        status, found = await deal.answer(question)
    except ProblemError as problem:
        return problem_answer(problem.status, str(problem), problem.fields)
    except MasterError as why:
        return problem_answer(503, str(why))
    except MalformedError as why:
        return problem_answer(400, str(why))
    except UnsoundError as why:
        return problem_answer(422, str(why))
    body = found if isinstance(found, bytes) else json.dumps(found).encode()
    return status, JSON, body, HEADERS


def problem_answer(
    status: int, detail: str, fields: tuple[tuple[str, str], ...] = ()
) -> ApiAnswer:
    words = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
    }
    return status, PROBLEM, json.dumps(words).encode(), (*HEADERS, *fields)


# what is asked --------------------------------------------------------------------


def deal_of(asked: Asked) -> Deal:
    methods = PATHS.get(asked.rest or "/")
    if methods is None:
        raise ProblemError(404, f"there is no {asked.rest}: see /openapi.json")
    method = "GET" if asked.method == "HEAD" else asked.method
    if method not in methods:
        allowed = [*methods, "HEAD"] if "GET" in methods else [*methods]
        raise ProblemError(
            405,
            f"{asked.rest or '/'} takes {', '.join(allowed)}",
            ("Allow", ", ".join(allowed)),
        )
    return methods[method]


def check_origin(asked: Asked) -> None:
    """A browser says whose page it asks for; other clients say nothing."""
    site = asked.headers.get("sec-fetch-site", "none").lower()
    origin = asked.headers.get("origin", "")
    host = asked.headers.get("host", "").lower()
    if site not in ("none", "same-origin") or (origin and _host_of(origin) != host):
        raise ProblemError(403, "asked for by a page of another site")


def _host_of(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def query_of(text: str, deal: Deal) -> dict[str, str]:
    try:
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            errors="strict",
            max_num_fields=QUERY_FIELDS_MAX,
        )
    except ValueError:
        raise ProblemError(400, "the query cannot be read") from None
    query = dict(pairs)
    if len(query) != len(pairs):
        raise ProblemError(400, "a name comes twice in the query")
    known = (*deal.needs, *deal.may)
    for name in query:
        if name not in known:
            listed = f"there are {', '.join(known)}" if known else "there is none here"
            raise ProblemError(400, f"{name} is no part of the query: {listed}")
    for name in deal.needs:
        if not query.get(name):
            raise ProblemError(400, f"the query does not say {name}=")
    return query


def check_body(asked: Asked, deal: Deal) -> None:
    if len(asked.body) > BODY_BYTES_MAX:
        raise ProblemError(413, f"the body has more than {BODY_BYTES_MAX} bytes")
    kind = asked.headers.get("content-type", "").partition(";")[0].strip().lower()
    if deal.has_body and kind != JSON:
        raise ProblemError(415, f"a change is told as {JSON}")


# which ones -----------------------------------------------------------------------


def balancers_of(question: Question) -> Iterator[Balancer]:
    """Of the host that was asked, or of all; one that several have, once."""
    model = question.desk.model
    index = question.vhost_index
    shown = range(len(model.balancers))
    found: dict[str, Balancer] = {}
    for number in shown if index is None else model.vhosts[index].balancers:
        found.setdefault(model.balancers[number].key, model.balancers[number])
    return iter(found.values())


def balancer_of(question: Question) -> Balancer:
    """The one that the query names."""
    name = question.query["balancer"].lower()
    host = question.query.get("host")
    found = [
        one
        for one in balancers_of(question)
        if one.plain_name == name and host in (None, one.host)
    ]
    if not found:
        raise ProblemError(404, _no_balancer(question, f"{name}{_at(host)}"))
    if len(found) > 1:
        hosts = ", ".join(f"host={one.host}" for one in found)
        raise ProblemError(400, f"several hosts have a balancer {name}: {hosts}")
    return found[0]


def _no_balancer(question: Question, name: str) -> str:
    names = [*dict.fromkeys(one.plain_name for one in balancers_of(question))]
    listed = ", ".join(names[:NAMES_MAX]) + (", …" if len(names) > NAMES_MAX else "")
    return f"there is no balancer {name}" + (f"; there are: {listed}" if names else "")


def _at(host: str | None) -> str:
    return "" if host is None else f" of the host {host or 'outside of all hosts'}"


def member_of(question: Question, balancer: Balancer) -> int:
    """Its index."""
    url = question.query["member"]
    for index in balancer.members:
        if question.desk.model.members[index].url == url:
            return index
    raise ProblemError(404, f"{balancer.plain_name} has no member {url}")


# reading --------------------------------------------------------------------------


async def read_state(question: Question) -> tuple[int, object]:
    return 200, document(question)


def document(question: Question) -> dict[str, Any]:
    desk = question.desk
    return state(desk.table, desk.model, desk.facts, vhost_index=question.vhost_index)


async def read_balancers(question: Question) -> tuple[int, object]:
    return 200, {"balancers": document(question)["balancers"]}


async def read_members(question: Question) -> tuple[int, object]:
    """Each with its balancer's name and host, null for targets of a ProxyPass."""
    told = document(question)
    chosen = balancer_of(question) if "balancer" in question.query else None
    host = question.query.get("host")
    members = [
        {"balancer": balancer["name"], "host": balancer["host"], **member}
        for balancer in told["balancers"]
        if chosen is None
        or (balancer["name"], balancer["host"]) == (chosen.plain_name, chosen.host)
        if host in (None, balancer["host"])
        for member in balancer["members"]
    ]
    if chosen is None and host is None:
        direct = told["members"]
        members += [{"balancer": None, "host": None, **member} for member in direct]
    return 200, {"members": members}


async def read_history(question: Question) -> tuple[int, object]:
    """What a member did lately, as lists (docs/statistics.md)."""
    span = question.query.get("span", next(iter(SPANS)))
    if span not in SPANS:
        raise ProblemError(400, f"span= is one of {', '.join(SPANS)}")
    desk = question.desk
    index = member_of(question, balancer_of(question))
    return 200, history(desk.table, desk.facts.member_slots[index], span)


async def read_changes(question: Question) -> tuple[int, object]:
    """What holds of what was changed while running."""
    keys = {one.key for one in balancers_of(question)}
    everything = question.vhost_index is None
    return 200, {
        "changes": [
            _change(one)
            for one in await records_of(question.desk)
            if everything or one["balancer"] in keys
        ]
    }


def _change(record: Mapping[str, Any]) -> dict[str, Any]:
    name, _, host = record["balancer"].removeprefix("balancer://").partition("@")
    return {
        "balancer": name,
        "host": host,
        "member": record["member"] or None,
        "set": record["params"],
        "configured": record["was"],
        "added": record["added"],
        "removed": record["gone"],
        "who": record["who"] or None,
        "unix_seconds": record["at"] or None,
    }


async def read_generation(question: Question) -> tuple[int, object]:
    """What a reload was refused for quotes the configuration: only to operators."""
    told = await holds(question.desk)
    account = told["account"]
    return 200, {
        "version": VERSION,
        "pid": account["pid"],
        "generation": account["generation"],
        "config_file": account["config_file"] if question.vhost_index is None else None,
        "since_unix_seconds": int(account["since_s"]),
        "reloads_asked": account["asked"],
        "reloads_answered": account["answered"],
        "last_reload_succeeded": account["is_sound"] if account["answered"] else None,
        "last_reload_kind": account["answered_for"] if account["answered"] else None,
        "last_reload": (account["text"] if question.vhost_index is None else None)
        or None,
    }


async def read_events(question: Question) -> tuple[int, object]:
    """They go on without end: the controller tells them (controller/events.py)."""
    raise ProblemError(404, "events are told at the control socket alone")


async def read_trace(question: Question) -> tuple[int, object]:
    """As events (controller/trace.py)."""
    raise ProblemError(404, "which way requests take is told at the control socket")


async def read_openapi(question: Question) -> tuple[int, object]:
    return 200, _OPENAPI


# changing -------------------------------------------------------------------------


async def _adjust(
    question: Question,
    deed: Deed,
    balancer: Balancer,
    member: str = "",
    params: Params = (),
) -> tuple[int, dict[str, str]]:
    answer = await question.desk.adjust(
        Adjustment(deed, balancer.key, member, params, question.asked.who)
    )
    if not answer.done:
        raise ProblemError(409, answer.text)
    return 201 if deed is Deed.ADD else 200, {"done": answer.text}


def _said(question: Question) -> dict[str, Any]:
    return read_object(question.asked.body)


async def change_member(question: Question) -> tuple[int, object]:
    params = member_params(_some(_said(question)))
    balancer = balancer_of(question)
    member_of(question, balancer)
    return await _adjust(question, Deed.SET, balancer, question.query["member"], params)


async def change_balancer(question: Question) -> tuple[int, object]:
    params = balancer_params(_some(_said(question)))
    return await _adjust(question, Deed.SET, balancer_of(question), "", params)


def _some(said: dict[str, Any]) -> dict[str, Any]:
    if not said:
        raise UnsoundError("the body does not say what is to change")
    return said


async def add_member(question: Question) -> tuple[int, object]:
    said = _said(question)
    url = check_url(said.pop("url", None))
    params = member_params(said)
    try:
        url = member_target(url, "url:").url
    except Mistake as mistake:
        raise UnsoundError(str(mistake)) from None
    balancer = balancer_of(question)
    return await _adjust(question, Deed.ADD, balancer, url, params)


async def remove_member(question: Question) -> tuple[int, object]:
    balancer = balancer_of(question)
    member_of(question, balancer)
    return await _adjust(question, Deed.REMOVE, balancer, question.query["member"])


async def bring_up(question: Question) -> tuple[int, object]:
    if _said(question):
        raise UnsoundError("the body says nothing here: {}")
    balancer = balancer_of(question)
    member_of(question, balancer)
    return await _adjust(question, Deed.UP, balancer, question.query["member"])


async def forget_changes(question: Question) -> tuple[int, object]:
    """Back to the configuration: all, or what the query narrows it to. A member may be
    one that was taken out."""
    query = question.query
    balancers = [
        one
        for one in balancers_of(question)
        if query.get("balancer", one.plain_name).lower() == one.plain_name
        and query.get("host", one.host) == one.host
    ]
    if "balancer" in query and not balancers:
        raise ProblemError(404, _no_balancer(question, query["balancer"]))
    done: list[str] = []
    for balancer in balancers:
        _, told = await _adjust(question, Deed.RESET, balancer, query.get("member", ""))
        done.append(told["done"])
    changed = [text for text in done if text != NOTHING_CHANGED]
    return 200, {"done": "; ".join(changed) or NOTHING_CHANGED}


_ONE: Final = ("balancer", "member")
PATHS: Final[Mapping[str, Mapping[str, Deal]]] = MappingProxyType(
    {
        "/": {"GET": Deal(read_state)},
        "/state": {"GET": Deal(read_state)},
        "/balancers": {
            "GET": Deal(read_balancers),
            "PATCH": Deal(change_balancer, ("balancer",), ("host",), has_body=True),
        },
        "/members": {
            "GET": Deal(read_members, (), ("balancer", "host")),
            "PATCH": Deal(change_member, _ONE, ("host",), has_body=True),
            "POST": Deal(add_member, ("balancer",), ("host",), has_body=True),
            "DELETE": Deal(remove_member, _ONE, ("host",)),
        },
        "/members/up": {"POST": Deal(bring_up, _ONE, ("host",), has_body=True)},
        "/history": {"GET": Deal(read_history, _ONE, ("host", "span"))},
        "/changes": {
            "GET": Deal(read_changes),
            "DELETE": Deal(forget_changes, (), (*_ONE, "host")),
        },
        "/generation": {"GET": Deal(read_generation)},
        EVENTS: {"GET": Deal(read_events, (), ("since",))},
        TRACE: {"GET": Deal(read_trace, (), tuple(READS))},
        "/openapi.json": {"GET": Deal(read_openapi)},
    }
)
