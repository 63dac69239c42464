"""Which member serves: the balancer, the session's route, and every candidate.

The core has elected (`core/flow/explain.pyx`), and its methods have told what they
compare; here each member gets its place, and why it lost.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from fastlb.cli.explain.standing import Standing
from fastlb.cli.explain.step import NOWHERE, Step
from fastlb.cli.explain.told import text_of_bytes
from fastlb.facts.balancer import Balancer
from fastlb.facts.member import Member
from fastlb.facts.server import Model
from fastlb.facts.vhost import Line

Found = Mapping[str, Any]
STATES = {
    "stopped": "is stopped",
    "disabled": "is disabled",
    "error": "is in error",
    "failed check": "has failed its check",
    "agent says down": "is down, as its agent says",
    "drains": "drains: it gets known sessions only",
    "full": "has as many requests as it may have (maxscope=global)",
    "spare": "is a hot spare: it stands in for members of its lbset that are out",
    "standby": "is a hot standby: it serves when nobody else of its lbset can",
}


def election_steps(standing: Standing, found: Found) -> Iterator[Step]:
    """Balancer, session and member."""
    model = standing.model
    if found["balancer"] < 0:
        member = model.members[found["member"]]
        yield Step("member", member.url, "the mapping names it", _of(member))
        yield from _address(standing, found["member"])
        return
    balancer = model.balancers[found["balancer"]]
    count = len(balancer.members)
    section, method = standing.balancer_lines(balancer.name, "lbmethod")
    yield Step(
        "balancer",
        balancer.name,
        f"lbmethod={balancer.lbmethod}, {count} member{'' if count == 1 else 's'}",
        first_of(method, section, (balancer.file, balancer.line)),
    )
    yield from _session(standing, found, balancer)
    yield _elected(model, found, balancer, standing.as_of)
    if found["member"] >= 0:
        yield from _address(standing, found["member"])


def _address(standing: Standing, index: int) -> Iterator[Step]:
    """What the server that runs knows of its name (--live)."""
    member = standing.model.members[index]
    slot = standing.member_slots[index]
    addresses = standing.table.addresses(slot)
    if not member.is_named or not addresses:
        return
    renewal_us = standing.table.renewal_us(slot)
    again = "not looked up again"
    if renewal_us:
        left_s = max(0.0, renewal_us / 1e6 - time.monotonic())
        again = f"looked up again in {left_s:.0f} s"
    text = ", ".join(host for host, _ in addresses)
    yield Step("address", text, f"of {member.peer_host}, {again}", _of(member))


def _elected(model: Model, found: Found, balancer: Balancer, as_of: str) -> Step:
    chosen = found["member"]
    told = found["election"]["members"]
    steps = {
        index: _of_member(model.members[index], one)
        for index, one in zip(balancer.members, told, strict=True)
    }
    others = tuple(
        replace(steps[index], why=_why_not(model, found, index, one))
        for index, one in zip(balancer.members, told, strict=True)
        if index != chosen
    )
    if chosen < 0:
        return Step("member", "nobody", found["because"], lost=others)
    member = model.members[chosen]
    if found["by_route"]:
        why = f"the session's route is {text_of_bytes(found['route'])}"
        if member.route != text_of_bytes(found["route"]):
            why += ", whose member points here (redirect=)"
    else:
        rule = found["election"]["rule"]
        scores = _shown(steps[chosen].scores)
        why = f"{balancer.lbmethod} elects {rule}" + (f": {scores}" if scores else "")
    if found["forced"]:
        why += "; all were in error: each has another chance"
    return replace(steps[chosen], why=f"{why} ({as_of})", lost=others)


def _of_member(member: Member, told: Found) -> Step:
    return Step(
        "member",
        member.url,
        line=_of(member),
        state=told["state"] or "ok",
        scores=tuple(told["scores"]),
    )


def _why_not(model: Model, found: Found, index: int, told: Found) -> str:
    """Why this one does not serve, as the election went."""
    member = model.members[index]
    state = told["state"]
    if found["by_route"]:
        route = f"has route {member.route}" if member.route else "has no route"
        return route if state in ("", "spare", "standby") else f"{route}, {state}"
    if told["is_candidate"]:
        if not told["scores"]:
            return "was not drawn"
        chosen = model.balancers[found["balancer"]].members.index(found["member"])
        is_as_good = told["scores"] == found["election"]["members"][chosen]["scores"]
        behind = "the same, and it stands behind: " if is_as_good else ""
        return behind + _shown(told["scores"])
    if state == "error":
        left_ms = told["retry_ms"]
        until = "until a probe reaches it"
        if left_ms >= 0:
            until = f"for {math.ceil(left_ms / 1000)} s more (retry=)"
        return f"{STATES[state]} {until}"
    if state in ("spare", "standby") or not state:
        first = _first_set(model, found)
        if told["lbset"] != first:
            return f"is of lbset {told['lbset']}: {first} comes first"
    return STATES.get(state, "cannot serve")


def _first_set(model: Model, found: Found) -> int | None:
    """The lbset that has candidates; None: no set has."""
    told = found["election"]["members"]
    return next((one["lbset"] for one in told if one["is_candidate"]), None)


def _session(standing: Standing, found: Found, balancer: Balancer) -> Iterator[Step]:
    own = balancer.own_cookie
    name = own.name if own is not None else balancer.sticky_cookie
    if name is None:
        return
    model = standing.model
    if own is None and balancer.sticky_url not in (None, name):
        name = f"{name}|{balancer.sticky_url}"
    key = "stickysession" if own is None else "stickycookie"
    _, said = standing.balancer_lines(balancer.name, key)
    line = first_of(said, (balancer.file, balancer.line))
    if found["session"] is None:
        of_ours = "" if own is None else " that a member was named by"
        if own is not None and not balancer.sticky_key:
            of_ours += " (explain does not know the server's secret)"
        yield Step("session", "none", f"the request has no {name}{of_ours}", line)
        return
    where = "the URL" if found["from_url"] else "a cookie"
    why = f"{name} in {where}: {text_of_bytes(found['session'])}"
    if own is not None:
        why = f"{name} in a cookie, which is ours"
    route = text_of_bytes(found["route"])
    if not route:
        yield Step("session", "without a route", why, line)
        return
    known = any(model.members[i].route == route for i in balancer.members)
    unknown = "" if known else ", which no member has"
    yield Step("session", f"route {route}{unknown}", why, line)


def first_of(*lines: Line) -> Line:
    return next((line for line in lines if line[0]), NOWHERE)


def _shown(scores: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name} {number}" for name, number in scores)


def _of(item: Member) -> Line:
    return item.file, item.line
