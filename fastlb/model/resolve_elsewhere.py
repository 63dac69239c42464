"""AuthRequest and its kin: whoever is asked whether a request may pass.

It is a member like others, or a balancer: of a URL of its own, or whichever a path of
this server leads to.
"""

from __future__ import annotations

import re
from typing import Final

from fastlb.config.tree import Node
from fastlb.facts.rules import AuthRequest
from fastlb.model.drafts import (
    Drafts,
    Handler,
    MappingDraft,
    MemberDraft,
    Place,
    ServerDraft,
    balancer_of,
)
from fastlb.model.expressions import taken
from fastlb.model.merge import inherits_passes
from fastlb.model.report import Mistake
from fastlb.model.resolve_params import (
    balancer_target,
    direct_params,
    member_target,
)
from fastlb.model.targets import GATEWAY_SCHEMES, Target, is_balancer_url

_SCHEMES: Final = ("http", "https")
_NUMBER: Final = "FB0365"
_REDIRECT_TARGET: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://.+|/.*", re.DOTALL)


def auth_request(_run: Drafts, place: Place, node: Node) -> None:
    """`AuthRequest URL|/path|off`; whom that is is known when all has been read."""
    said, draft = AuthRequest(), None
    url = node.args[0]
    if url.lower() != "off":
        said = AuthRequest(url)
        draft = MappingDraft("/", False, url, node, target_path=_path(url))
        place.server.asked.append(draft)
    place.draft.say(auth_request=said)
    place.draft.asked = draft


def auth_request_header(_run: Drafts, place: Place, node: Node) -> None:
    """`AuthRequestHeader name ...`"""
    place.draft.add("auth_request_headers", *node.args)


def auth_request_sign_in(run: Drafts, place: Place, node: Node) -> None:
    """`AuthRequestSignIn URL|none`: an expression, as a Redirect has it."""
    url = "" if node.args[0].lower() == "none" else node.args[0]
    if url and not _REDIRECT_TARGET.fullmatch(url):
        raise Mistake(
            _NUMBER,
            f"AuthRequestSignIn: {url} is neither a URL nor a path",
            cure="write https://host/path?rd=%{escape:%{REQUEST_URI}} or /path",
            word=url,
        )
    words = f"Cannot parse expression '{url}' of AuthRequestSignIn: "
    said = taken(run, node, url, number=_NUMBER, words=words, is_text=True)
    place.draft.say(auth_request_sign_in=said)


def _path(url: str) -> str:
    """What is asked for, as it goes out."""
    if url.startswith("/"):
        path = url
    elif is_balancer_url(url):
        path = balancer_target(url, "AuthRequest")[1]
    else:
        path = _target(url).path
    if "#" in path or not all("!" <= letter <= "~" for letter in path):
        raise Mistake(
            _NUMBER,
            f"AuthRequest: {path} is no path that can be asked for",
            cure="percent-encode what is not printable ASCII, and leave out the #",
            word=url,
        )
    return path if path.startswith("/") else f"/{path}"


def _target(url: str) -> Target:
    target = member_target(url, "AuthRequest")
    if target.scheme not in _SCHEMES:
        raise Mistake(
            _NUMBER,
            f"AuthRequest: {target.scheme}:// is not how it is asked",
            cure="write http:// or https://",
            word=url,
        )
    return target


def bind_asked(run: Drafts) -> None:
    """Give each AuthRequest its balancer or member, once all of them are known."""
    for server in run.servers:
        for draft in list(server.asked):
            with run.report.mistakes_at(draft.node):
                _bind(run, server, draft)
                _refuse_gateways(run, server, draft)


def _refuse_gateways(run: Drafts, server: ServerDraft, draft: MappingDraft) -> None:
    """An application would be asked for a page of its own, with the client's method."""
    members = [draft.member] if draft.member is not None else []
    if draft.balancer is not None:
        for owner in (server, run.main):
            found = owner.balancers.get(draft.balancer)
            members += found.members if found is not None else []
    for member in members:
        if member.target.scheme in GATEWAY_SCHEMES:
            raise Mistake(
                _NUMBER,
                f"AuthRequest: {member.target.scheme}:// is not how it is asked",
                cure="name a member that speaks HTTP",
                word=draft.node.args[0],
            )


def _bind(run: Drafts, server: ServerDraft, draft: MappingDraft) -> None:
    url = draft.target
    if url.startswith("/"):
        taker = _taker(run, server, url.partition("?")[0])
        draft.balancer, draft.member = taker.balancer, taker.member
        draft.target = taker.target
        path = taker.target_path + url[len(taker.pattern) :]
        draft.target_path = path if path.startswith("/") else f"/{path}"
        return
    if is_balancer_url(url):
        draft.balancer = draft.target = balancer_target(url, "AuthRequest")[0]
        balancer_of(server, draft.balancer, draft.node)
        return
    authority = _target(url).authority_url
    draft.target = authority
    for owner in (server, run.main):
        for member in owner.direct_at.get(authority, ()):
            if not member.params["disable_reuse"]:
                draft.member = member
                return
    target = member_target(authority, "AuthRequest")
    params = direct_params(run, server, target, disable_reuse=False)
    draft.member = MemberDraft(target, params, draft.node)
    server.add_direct(draft.member)


def _taker(run: Drafts, server: ServerDraft, path: str) -> MappingDraft:
    """The ProxyPass that takes a path of ours."""
    inherits = not server.is_main and inherits_passes(
        run.main, server, run.process.compat
    )
    sections = reversed(server.sections)
    passes = [s.draft.mapping for s in sections if s.draft.mapping is not None]
    passes += run.main.mappings if inherits else ()
    for taker in (*passes, *server.mappings):
        if taker.is_regex or not _takes(taker.pattern, path):
            continue
        if not taker.exclude:
            return taker
        break
    raise Mistake(
        _NUMBER,
        f"AuthRequest: no ProxyPass takes {path}",
        why="a path is asked of the member that it leads to",
        cure="write http://host:port/path, or a ProxyPass for it",
        word=path,
    )


def _takes(prefix: str, path: str) -> bool:
    rest = path.removeprefix(prefix)
    return path.startswith(prefix) and (
        rest == "" or prefix.endswith("/") or rest[0] == "/"
    )


HANDLERS: Final[dict[str, Handler]] = {
    "authrequest": auth_request,
    "authrequestheader": auth_request_header,
    "authrequestsignin": auth_request_sign_in,
}
