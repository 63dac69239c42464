"""The steps of a request that was followed, with the names and places of the model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final

from fastlb.base.masking import masked_users
from fastlb.facts import trace
from fastlb.facts.numbered import BY_HANDLER, BY_RULE, mapping_numbered
from fastlb.facts.server import Model
from fastlb.facts.trace import Decided, Event, Kind
from fastlb.facts.vhost import VHost

STEPS_MAX: Final = 256
"""Of one request; whoever does more is told of up to there."""

Found = dict[str, Any]


class Traced:
    """A request under way, and what is known of it so far.

    slots    index of the member in the model, by its slot
    pid      of its worker
    began_s  seconds since 1970
    """

    def __init__(
        self, model: Model, slots: Mapping[int, int], pid: int, began_s: float
    ) -> None:
        self._model = model
        self._slots = slots
        self._pid = pid
        self._began_s = began_s
        self._began_us = 0
        self._vhost: VHost = self._model.vhosts[0]
        self._head: Found = {
            "request": "",
            "client": "",
            "tls": False,
            "host": "",
            "id": None,
        }
        self._steps: list[Found] = []
        self._seen: list[Found] = []
        self._members: list[str] = []
        self._balancer: str | None = None
        self._is_elected = False
        self._end: Found = {}

    def take(self, event: Event) -> None:
        _TAKES[event.kind](self, event)

    def told(self) -> Found:
        """docs/ctl.md has the fields."""
        return {
            "kind": "request",
            "unix_seconds": round(self._began_s, 6),
            "worker": self._pid,
            **self._head,
            "balancer": self._balancer,
            "members": self._members,
            **self._end,
            "steps": self._steps,
        }

    # --- what is known by number

    def _add(  # noqa: PLR0917 - a step has so many parts
        self,
        event: Event,
        kind: str,
        text: str,
        why: str = "",
        file: str = "",
        line: int = 0,
    ) -> Found:
        step: Found = {
            "after_seconds": self._after_s(event),
            "kind": kind,
            "text": masked_users(text),
            "why": why,
        }
        if file:
            step |= {"file": file, "line": line}
        if len(self._steps) < STEPS_MAX:
            self._steps.append(step)
        return step

    def _after_s(self, event: Event) -> float:
        return max(event.at_us - self._began_us, 0) / 1e6

    def _member(self, slot: int) -> tuple[str, str, int, str | None]:
        """URL, file, line and balancer of the member with that slot."""
        index = self._slots.get(slot, -1)
        if index < 0:
            return "a member that is none of this configuration", "", 0, None
        member = self._model.members[index]
        if member.is_controller:
            return "the controller", "", 0, None
        balancer = (
            self._model.balancers[member.balancer_index].plain_name
            if member.balancer_index >= 0
            else None
        )
        return member.url, member.file, member.line, balancer

    # --- events, in the order in which they come

    def _began(self, event: Event) -> None:
        self._began_us = event.at_us
        if 0 <= event.subject < len(self._model.vhosts):
            self._vhost = self._model.vhosts[event.subject]
        self._head["request"] = event.text

    def _client(self, event: Event) -> None:
        self._head["client"] = event.text
        self._head["tls"] = bool(event.count)

    def _host(self, event: Event) -> None:
        self._head["host"] = event.text
        self._add(
            event,
            "host",
            self._vhost.server_name,
            f"asked for as {event.text}" if event.text else "the request names none",
            self._vhost.file if self._vhost.line else "",
            self._vhost.line,
        )

    def _id(self, event: Event) -> None:
        self._head["id"] = event.text or None

    def _path(self, event: Event) -> None:
        self._add(event, "rules", event.text, "what they have made of the path")

    def _decided(self, event: Event) -> None:
        what, status = event.subject, event.count
        if what == Decided.ERROR:
            self._add(event, "refused", status_line(status))
        elif what == Decided.REDIRECT:
            self._add(event, "redirect", event.text, status_line(status))
        elif what == Decided.HANDLER:
            self._add(event, "handler", event.text)
        elif what == Decided.FILE:
            self._add(event, "file", event.text, "no ProxyPass takes it")
        elif what == Decided.TUNNEL:
            self._add(event, "tunnel", "CONNECT")
        elif what == Decided.NOTHING:
            self._add(event, "mapping", "none", "no ProxyPass takes it")
        elif what == Decided.HERE:
            self._add(event, "here", "answered here", "Max-Forwards")

    def _mapped(self, event: Event) -> None:
        section, number = event.subject, event.count
        try:
            found = mapping_numbered(self._vhost, section, number)
        except IndexError:
            return
        text, why = f"ProxyPass {found.pattern} {found.target}", ""
        if section == BY_RULE:
            text, why = found.target, "a rule's [P] leads there"
        elif number == BY_HANDLER:
            text, why = f"SetHandler proxy:{found.target}", "no ProxyPass matches"
        self._add(event, "mapping", text, why, found.file, found.line)
        self._add(event, "target", event.text)

    def _session(self, event: Event) -> None:
        sources = trace.SESSIONS
        where = sources[event.count] if 0 <= event.count < len(sources) else ""
        self._add(event, "session", f"route {event.text}", f"from {where}")

    def _saw(self, event: Event) -> None:
        url, file, line, _ = self._member(event.subject)
        if len(self._seen) < STEPS_MAX:
            self._seen.append(
                {
                    "slot": event.subject,
                    "text": masked_users(url),
                    "why": event.text if event.more else trace.state_of(event.count),
                    "is_candidate": bool(event.more),
                    **({"file": file, "line": line} if file else {}),
                }
            )

    def _elected(self, event: Event) -> None:
        seen, self._seen = self._seen, []
        self._is_elected = True
        if event.subject < 0:
            whys = trace.NOBODY
            why = whys[event.more] if 0 <= event.more < len(whys) else ""
            step = self._add(event, "member", "none", why)
        else:
            url, file, line, balancer = self._member(event.subject)
            self._balancer = balancer
            by = ", ".join(_by(event.count))
            scores = [one["why"] for one in seen if one["slot"] == event.subject]
            said = (
                by
                if event.count & trace.BY_ROUTE
                else ", ".join([*scores, *([by] if by else [])])
            )
            step = self._add(event, "member", url, said, file, line)
        step["lost"] = [
            {key: value for key, value in one.items() if key != "slot"}
            for one in seen
            if one["slot"] != event.subject
            and not (event.count & trace.BY_ROUTE and "no candidate" in one["why"])
        ]

    def _asked(self, event: Event) -> None:
        url, file, line, balancer = self._member(event.subject)
        if event.subject < 0:
            url = self._head["request"].partition(" ")[2]
        if event.more:
            self._add(event, "question", url, "AuthRequest", file, line)
        else:
            if not self._is_elected:
                self._add(event, "member", url, "the mapping names it", file, line)
            self._balancer = balancer
        self._is_elected = False
        if len(self._members) < STEPS_MAX:
            self._members.append(masked_users(url))

    def _connected(self, event: Event) -> None:
        served = f"kept: {event.count} requests before" if event.count else "a new one"
        self._add(event, "connection", served)

    def _state(self, event: Event) -> None:
        text = trace.WAITS.get(event.subject)
        if text is not None:
            self._add(event, "waits", text)

    def _answered(self, event: Event) -> None:
        why = "to AuthRequest" if event.more else ""
        self._add(event, "answer", status_line(event.count), why)

    def _said(self, event: Event) -> None:
        self._add(event, "log", event.text)

    def _ended(self, event: Event) -> None:
        self._end = {
            "status": event.count,
            "bytes": event.figure,
            "seconds": self._after_s(event),
            "is_whole": not event.more,
        }


def _by(bits: int) -> list[str]:
    return [
        text
        for bit, text in (
            (trace.BY_ROUTE, "its route is the session's"),
            (trace.BY_FORCE, "all were in error: each has another chance"),
            (trace.BY_FEWER, "of those that it has not tried"),
        )
        if bits & bit
    ]


def status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


_TAKES: Final[Mapping[Kind, Callable[[Traced, Event], None]]] = {
    Kind.BEGAN: Traced._began,
    Kind.CLIENT: Traced._client,
    Kind.HOST: Traced._host,
    Kind.ID: Traced._id,
    Kind.PATH: Traced._path,
    Kind.DECIDED: Traced._decided,
    Kind.MAPPED: Traced._mapped,
    Kind.SESSION: Traced._session,
    Kind.SEEN: Traced._saw,
    Kind.ELECTED: Traced._elected,
    Kind.ASKED: Traced._asked,
    Kind.CONNECTED: Traced._connected,
    Kind.STATE: Traced._state,
    Kind.ANSWERED: Traced._answered,
    Kind.SAID: Traced._said,
    Kind.ENDED: Traced._ended,
}
