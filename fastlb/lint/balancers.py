"""Balancers and members that cannot work as written."""

from __future__ import annotations

from dataclasses import dataclass

from fastlb.config.directives.balancer_params import BALANCER, LBMETHODS
from fastlb.config.tree import Node
from fastlb.lint.balancer_names import BalancerNames
from fastlb.model.drafts import Drafts, MemberDraft, ServerDraft, Values
from fastlb.model.merge import effective_balancer
from fastlb.model.report import did_you_mean, place_of
from fastlb.model.resolve_sticky import made_route
from fastlb.model.targets import BALANCER_PREFIX, advice_on

SHORT_TIMEOUT_MS = 1000
PROBED = "a member that refused a connection is probed until it is back"


@dataclass(frozen=True, slots=True)
class _Subject:
    """One balancer as one server sees it."""

    run: Drafts
    name: str
    node: Node
    params: Values
    members: list[MemberDraft]


def lint_balancers(run: Drafts) -> None:
    """Look over each balancer once for each server that writes about it."""
    names = BalancerNames(run)
    for server in run.servers:
        for name in server.balancers:
            found = effective_balancer(run.main, server, name)
            if found is None or not found.members:
                continue  # lint_mappings says so where it is used
            subject = _Subject(run, name, found.draft.node, found.params, found.members)
            _standbys(subject)
            _out_of_service(subject)
            _routes(subject)
            _own_cookie(subject)
            _redirects(subject)
            _hashing(subject)
            _heartbeats(subject)
            _ejections(subject)
            _answers_of_others(subject)
        _cookies_of_one_name(run, server)
        _hidden_members(run, server)
        _unused(run, server, names)
        direct = {id(member) for member in server.direct_members}
        for member in server.every_member():
            _timing(run, member)
            _one_word(run, member)
            _places(run, member, is_direct=id(member) in direct)


def _standbys(subject: _Subject) -> None:
    members = subject.members
    standby = [m for m in members if "H" in m.params["status"]]
    if not standby:
        return
    first = standby[0].node
    if len(standby) == len(members) and len(members) > 1:
        subject.run.report.warn(
            first,
            "FB0241",
            f"all members of {subject.name} are hot standbys (status=+H)",
            why="H means hot standby, not health check: without a primary they share"
            " the requests as if none were written",
            cure=f"leave out status=+H; {PROBED}",
            word="status",
        )
    elif len(standby) > len(members) - len(standby):
        primaries = ", ".join(
            m.target.url for m in members if "H" not in m.params["status"]
        )
        subject.run.report.warn(
            first,
            "FB0241",
            f"{len(standby)} members of {subject.name} are hot standbys (status=+H):"
            f" {primaries} takes every request",
            why="H means hot standby, not health check: a standby serves only while"
            " no other member can",
            cure=f"leave out status=+H; {PROBED}",
            word="status",
        )
    elif len(members) > 1:
        subject.run.report.note(
            first,
            "FB0241",
            f"{standby[0].target.url} is a hot standby (status=+H): it serves only"
            " while no other member can",
            word="status",
        )


def _hashing(subject: _Subject) -> None:
    presets = BALANCER.presets()
    said = {
        "hash_by": "hashkey",
        "hash_name": "hashkey",
        "hash_load_percent": "hashload",
    }
    for setting, key in said.items():
        if subject.params[setting] == presets[setting]:
            continue
        method = subject.params["lbmethod"]
        if method != "byhash" and method in LBMETHODS:  # others may ask for keys, too
            subject.run.report.warn(
                subject.node,
                "FB0385",
                f"{key}= of {subject.name} has no effect",
                why=f"lbmethod={subject.params['lbmethod']} does not hash",
                cure="write lbmethod=byhash",
                word=key,
            )
        return


def _ejections(subject: _Subject) -> None:
    presets = BALANCER.presets()
    if subject.params["eject_failures"] or subject.params["eject_errors_percent"]:
        return
    for setting, key in (
        ("eject_time_ms", "ejecttime"),
        ("eject_max_percent", "ejectmax"),
    ):
        if subject.params[setting] != presets[setting]:
            subject.run.report.warn(
                subject.node,
                "FB0388",
                f"{key}= of {subject.name} has no effect",
                why="without ejecton= nobody is ejected",
                cure="say for which failures: ejecton=failures:5",
                word=key,
            )


def _answers_of_others(subject: _Subject) -> None:
    if subject.params["retry_on_status"] and len(subject.members) == 1:
        subject.run.report.warn(
            subject.node,
            "FB0389",
            f"retryonstatus= of {subject.name} has no effect",
            why="another member is asked instead, and it has one alone",
            cure="leave it out, or write a second BalancerMember",
            word="retryonstatus",
        )


def _heartbeats(subject: _Subject) -> None:
    said = subject.run.process.values
    if (
        subject.params["lbmethod"] != "heartbeat"
        or {*("heartbeat_listen", "heartbeat_storage")} & said.keys()
    ):
        return
    subject.run.report.warn(
        subject.node,
        "FB0386",
        f"nobody hears the members of {subject.name} (lbmethod=heartbeat)",
        why="without HeartbeatListen or HeartbeatStorage nothing is known of them",
        cure="write HeartbeatListen address:port, where they send to",
        word="lbmethod",
    )


def _out_of_service(subject: _Subject) -> None:
    if all(set(m.params["status"]) & set("DS") for m in subject.members):
        subject.run.report.warn(
            subject.members[0].node,
            "FB0242",
            f"all members of {subject.name} are disabled or stopped",
            why="each request is answered with 503",
            cure="leave out status=+D or status=+S of one of them",
            word="status",
        )


def _routes(subject: _Subject) -> None:
    report, params = subject.run.report, subject.params
    routed = [m for m in subject.members if m.params["route"]]
    by_route: dict[str, MemberDraft] = {}
    for member in routed:
        route = member.params["route"]
        other = by_route.setdefault(route, member)
        if other is not member:
            report.warn(
                member.node,
                "FB0243",
                f"route={route} is also that of {other.target.url} at"
                f" {place_of(other.node)}",
                why="a session of one of the two is sent to the first that is usable",
                cure="give each member a route of its own",
                word=f"route={route}",
            )
        separator = params["sticky_separator"]
        if separator and separator in route and params["route_regex"] is None:
            report.warn(
                member.node,
                "FB0244",
                f"route={route} contains the separator {separator!r}",
                why="the route begins behind the first separator of the session value,"
                " so that a session id with one in it loses its member",
                cure="choose a route without it, or another stickysessionsep=",
                word=f"route={route}",
            )
    if params["sticky_cookie"] and not routed:
        report.warn(
            subject.node,
            "FB0245",
            f"{subject.name} has stickysession={params['sticky_cookie']} but none of"
            " its members has a route",
            why="no session can stick",
            cure="write route=... on each BalancerMember",
        )
    elif params["sticky_cookie"] and len(routed) < len(subject.members):
        bare = next(m for m in subject.members if not m.params["route"])
        report.warn(
            bare.node,
            "FB0246",
            f"{bare.target.url} has no route= while other members of"
            f" {subject.name} have one",
            why="sessions that begin there do not stick",
            cure="write route=... on this BalancerMember too",
        )
    elif routed and not params["sticky_cookie"] and not params["own_cookie"]:
        report.warn(
            routed[0].node,
            "FB0247",
            f"members of {subject.name} have routes but the balancer has no"
            " stickysession",
            why="routes are read only for sticky sessions",
            cure="write ProxySet stickysession=COOKIE in the <Proxy> section",
            word="route",
        )


def _own_cookie(subject: _Subject) -> None:
    report, params, node = subject.run.report, subject.params, subject.node
    if params["own_cookie"] is None:
        if params["sticky_key"]:
            report.warn(
                node,
                "FB0345",
                f"stickykey= of {subject.name} has no effect",
                why="it signs the cookie of stickycookie=, and there is none",
                cure="name the cookie: stickycookie=NAME",
                word="stickykey",
            )
        return
    name = params["own_cookie"].name
    if params["sticky_cookie"]:
        report.error(
            node,
            "FB0341",
            f"{subject.name} has stickycookie={name} and"
            f" stickysession={params['sticky_cookie']}",
            why="a session has one member, and each of the two may name another",
            cure="leave out stickysession= where the balancer is to make the cookie,"
            " stickycookie= where the application does",
            word="stickysession",
        )
    if not params["sticky_key"]:
        report.note(
            node,
            "FB0342",
            f"sessions of {subject.name} (stickycookie={name}) lose their member when"
            " the server is stopped and started, not when it is reloaded",
            why="without stickykey= the secret behind the cookie is made at each start,"
            " and no other server knows it",
            cure="name a file with a secret: stickykey=FILE",
            word="stickycookie",
        )


def _cookies_of_one_name(run: Drafts, server: ServerDraft) -> None:
    """Two balancers behind one host whose cookies take each other's place."""
    first: dict[tuple[str, tuple[str, ...]], tuple[str, set[str]]] = {}
    names = dict.fromkeys(one.balancer for one in server.every_target())
    for name in filter(None, names):
        found = effective_balancer(run.main, server, name)
        if found is None or found.params["own_cookie"] is None:
            continue
        cookie = found.params["own_cookie"]
        routes = {m.params["route"] or made_route(m.target) for m in found.members}
        other, of_other = first.setdefault((cookie.name, cookie.place), (name, routes))
        if routes != of_other:
            run.report.warn(
                found.draft.node,
                "FB0343",
                f"{other} and {name} both set the cookie {cookie.name}"
                f" ({', '.join(cookie.place)})",
                why="their members have other routes, so each takes the place of the"
                " other's, and no session stays",
                cure="give each a name of its own, or a Path",
                word="stickycookie",
            )


def _redirects(subject: _Subject) -> None:
    routes = [m.params["route"] for m in subject.members if m.params["route"]]
    for member in subject.members:
        redirect = member.params["redirect"]
        if redirect and redirect not in routes:
            subject.run.report.warn(
                member.node,
                "FB0248",
                f"redirect={redirect}: no member of {subject.name} has that route",
                cure=did_you_mean(redirect, routes),
                word=f"redirect={redirect}",
            )


def _timing(run: Drafts, member: MemberDraft) -> None:
    params, words = member.params, member.node.args
    if params["timeout_ms"] is not None and params["timeout_ms"] <= SHORT_TIMEOUT_MS:
        run.report.warn(
            member.node,
            "FB0249",
            "timeout=1: an answer that takes longer than 1 second is a 502",
            why="it limits each wait for the member; no other member is tried then",
            cure="for the time to connect write connectiontimeout=1",
            word="timeout",
        )
    if params["ping_ms"] is not None:
        shown = next((w for w in words if w.lower().startswith("ping=")), "ping")
        run.report.warn(
            member.node,
            "FB0235",
            f"{shown} is not a periodic check: it asks before each request with a body"
            f" and waits up to {params['ping_ms']} ms for the first answer",
            why="such a request carries Expect: 100-continue; others are not probed",
            cure=f"leave it out where a health check was meant; {PROBED}",
            word=shown,
        )


def _hidden_members(run: Drafts, server: ServerDraft) -> None:
    """A virtual host redefines a balancer of the main server, with members."""
    if server.is_main:
        return
    for name, draft in server.balancers.items():
        base = run.main.balancers.get(name)
        found = effective_balancer(run.main, server, name)
        if base is None or found is None or found.members is draft.members:
            continue
        for member in draft.members:
            run.report.warn(
                member.node,
                "FB0236",
                f"{member.target.url} is not used: the members of {name} are those of"
                f" the main server, at {place_of(base.node)}",
                cure="give the balancer of this virtual host a name of its own",
            )


def _places(run: Drafts, member: MemberDraft, *, is_direct: bool) -> None:
    is_bound = member.params["max"] or member.params["agent_place"]
    if not member.params["max_is_global"] or (is_bound and not is_direct):
        return
    run.report.warn(
        member.node,
        "FB0387",
        f"maxscope=global of {member.target.url} has no effect",
        why="requests wait in a balancer's queue, and it has none"
        if is_direct
        else "without max= there is no bound",
        cure="make it a BalancerMember" if is_direct else "write max=, too",
        word="maxscope",
    )


def _one_word(run: Drafts, member: MemberDraft) -> None:
    """`"http://h:1/ route=a"` in one pair of quotes: Apache takes it for a path."""
    if " " not in member.target.path:
        return
    why, cure = advice_on(member.target.url)
    run.report.warn(
        member.node,
        "FB0164",
        f"there is a blank in {member.target.url}",
        why=why or "no path has one: in a request it would be %20",
        cure=cure or "write %20",
    )


def _unused(run: Drafts, server: ServerDraft, names: BalancerNames) -> None:
    """Members that nothing sends requests to."""
    unused = names.unused(server)
    meant = names.all_meant(server) if unused else ()
    for name in unused:
        if name not in meant:  # else FB0291 asks whether it was
            run.report.note(
                server.balancers[name].node,
                "FB0237",
                f"no ProxyPass names {name}",
                why="its members get no requests",
                cure=f"write ProxyPass / {BALANCER_PREFIX}"
                f"{name.removeprefix(BALANCER_PREFIX)}/",
            )
