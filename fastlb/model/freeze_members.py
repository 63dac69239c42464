"""A balancer or a member of the model, from what was collected about it."""

from __future__ import annotations

from fastlb.facts.balancer import Balancer
from fastlb.facts.member import Member, Remote
from fastlb.facts.tls import TlsMember
from fastlb.facts.words import Compat
from fastlb.model.drafts import MemberDraft, Values
from fastlb.model.merge import EffectiveBalancer
from fastlb.model.resolve_health import agent_of, check_of
from fastlb.model.resolve_server import fields_of, shared
from fastlb.model.resolve_sticky import made_route
from fastlb.model.targets import WEBSOCKET_SCHEMES


def freeze_member(
    draft: MemberDraft,
    key: str,
    balancer_index: int,
    settings: Values,
    *,
    tls: TlsMember | None,
    remote: Remote | None,
    compat: Compat,
    upgrade: tuple[str, ...] = (),
    needs_route: bool = False,
) -> Member:
    """settings: of its server, merged; upgrade: of its balancer, where it has none.

    needs_route: its balancer's own cookie names it by that
    """
    target, params = draft.target, draft.params
    values = {
        **fields_of(Member, params),
        "receive_buffer_bytes": params["receive_buffer_bytes"]
        or settings["proxy_receive_buffer_bytes"],
        "io_buffer_bytes": params["io_buffer_bytes"]
        or settings["proxy_io_buffer_bytes"],
    }
    if params["proxy_protocol"] or target.scheme in ("scgi", "uwsgi"):
        # A connection is its client's: whoever came next on it would be that one, too.
        # SCGI and uwsgi end an answer with it.
        values["disable_reuse"] = True
    if needs_route and not params["route"]:
        values["route"] = made_route(target)
    if not params["upgrade"]:
        default = ("websocket",) if target.scheme in WEBSOCKET_SCHEMES else ()
        values["upgrade"] = upgrade or default
    return Member(
        key=key,
        balancer_index=balancer_index,
        source_address=settings["proxy_source_address"],
        tls=tls,
        remote=remote,
        health=check_of(params, compat) if balancer_index >= 0 else None,
        agent=agent_of(params) if balancer_index >= 0 else None,
        **shared(Member, target, draft.node),
        **values,
    )


def freeze_balancer(
    found: EffectiveBalancer, key: str, members: tuple[int, ...]
) -> Balancer:
    """members: indexes into Model.members."""
    node = found.draft.node
    return Balancer(
        name=found.draft.name,
        key=key,
        members=members,
        file=node.file,
        line=node.line,
        **fields_of(Balancer, found.params),
    )
