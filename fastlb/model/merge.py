"""Merging: defaults, then the main server, then the virtual host.

As httpd merges, where `docs/differences-from-apache.md` says nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Final

from fastlb.config.directives.balancer_params import BALANCER
from fastlb.facts.vhost import DirConf, Line
from fastlb.facts.words import Compat
from fastlb.model.drafts import BalancerDraft, MemberDraft, ServerDraft, Values

_OVER: Final = ("mime", "expires", "file_etag", "listing", "html")
"""Settings that say themselves what they are over those of the main server."""

_UNSAID: Final = tuple(
    (item.name, item.default) for item in fields(DirConf) if item.name != "lines"
)
"""Fields with what they hold where no line says anything of them."""


def merge_conf(base: DirConf, later: DirConf) -> DirConf:
    """Settings outside sections: main server (base) and virtual host (later).

    Scalars of later win, lists are appended; of Redirect the virtual host's come
    first, of ErrorDocument it has one per status.
    """
    changes: dict[str, object] = {}
    lines = {**base.lines, **later.lines}
    for name, unsaid in _UNSAID:
        new = getattr(later, name)
        if new is unsaid:
            continue  # and what the main server says holds
        old = getattr(base, name)
        if name == "redirects" or (
            name == "substitutions" and not _inherits_before(base, later)
        ):
            changes[name] = new + old
            _join(lines, name, later, base)
        elif name == "error_documents":
            changes[name] = tuple({**dict(old), **dict(new)}.items())
            statuses = [status for status, _ in (*old, *new)]
            places = base.lines.get(name, ()) + later.lines.get(name, ())
            kept = dict(zip(statuses, places, strict=False))
            lines[name] = tuple(kept.values())
        elif name == "file_options" and later.file_options is not None:
            changes[name] = later.file_options.over(base.file_options)
        elif name in _OVER and old is not None:
            changes[name] = new.over(old)
            if name == "html":
                _join(lines, name, base, later)
        elif name == "error_override" or not isinstance(old, tuple):
            changes[name] = new
        else:
            changes[name] = old + new
            _join(lines, name, base, later)
    if not changes:
        return base
    changes["lines"] = lines
    # The fields' types are those of the two DirConfs that they come from.
    return replace(base, **changes)  # type: ignore[arg-type]


def _inherits_before(base: DirConf, later: DirConf) -> bool:
    """SubstituteInheritBefore."""
    said = later.substitute_inherit_before
    return (base.substitute_inherit_before if said is None else said) is True


def _join(
    lines: dict[str, tuple[Line, ...]], name: str, first: DirConf, second: DirConf
) -> None:
    joined = first.lines.get(name, ()) + second.lines.get(name, ())
    if joined:
        lines[name] = joined


def inherits_passes(
    main: ServerDraft, server: ServerDraft, compat: Compat = Compat.BETTER
) -> bool:
    """Whether the main server's ProxyPass lines hold in this virtual host.

    Apache forgets ProxyPassInherit Off: they hold all the same (observed).
    """
    if compat is Compat.APACHE:
        return True
    said = {**main.settings, **server.settings}
    return said.get("proxy_pass_inherit") is not False


@dataclass(frozen=True, slots=True)
class EffectiveBalancer:
    """What one server knows of a balancer.

    has_main_members: the members are the main server's, with their state.
    """

    draft: BalancerDraft  # its own, else the main server's
    said: Values  # as in its draft, the main server's merged in
    members: list[MemberDraft]
    has_main_members: bool
    upgrade: tuple[str, ...]  # for members that write none

    @property
    def params(self) -> Values:
        """All fields that parameters set."""
        return BALANCER.presets() | self.said


def effective_balancer(
    main: ServerDraft, server: ServerDraft, name: str
) -> EffectiveBalancer | None:
    """A balancer as a server sees it; None when it does not exist there.

    A virtual host that redefines an inherited one: its parameters win, the members
    come from the main server's definition if that has any.
    """
    own = server.balancers.get(name)
    base = None
    if not server.is_main:
        said = {**main.settings, **server.settings}
        inherit = ("balancer_inherit", "proxy_pass_inherit")
        if any(said.get(name) is not False for name in inherit):
            base = main.balancers.get(name)
    draft = own or base
    if draft is None:
        return None
    if own is not None and base is not None:
        said = base.params | own.params
        members = base.members or own.members
        upgrade = own.upgrade or base.upgrade
        return EffectiveBalancer(draft, said, members, bool(base.members), upgrade)
    return EffectiveBalancer(
        draft, draft.params, draft.members, own is None, draft.upgrade
    )
