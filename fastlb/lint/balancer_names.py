"""Names of balancers: which are defined, which are used, and which one was meant."""

from __future__ import annotations

from functools import cached_property

from fastlb.config.suggest import nearest
from fastlb.model.drafts import Drafts, ServerDraft
from fastlb.model.merge import effective_balancer

ASKED_MAX = 50  # names that are compared with all others; a hint is worth no more


class BalancerNames:
    """Those of one run, each looked up once: there may be thousands."""

    def __init__(self, run: Drafts) -> None:
        self._run = run
        self._named = {id(one): balancers_named(one) for one in run.servers}
        self._meant: dict[tuple[int, str], str | None] = {}
        self._choices: dict[int, tuple[list[str], set[str]]] = {}

    @cached_property
    def everywhere(self) -> set[str]:
        """Balancers with members, of all servers."""
        return {name for one in self._run.servers for name in _with_members(one)}

    def unused(self, server: ServerDraft) -> list[str]:
        """Its balancers that no ProxyPass of those who may use them names."""
        own = _with_members(server)
        if not own:
            return []
        named: set[str] = set()
        for user in self._run.heirs(server):
            named |= self._named[id(user)]
        return [name for name in own if name not in named]

    def all_meant(self, server: ServerDraft) -> set[str]:
        """What was meant by all names without members that may stand for one of its."""
        run = self._run
        found: set[str] = set()
        for user in run.heirs(server):
            for name in sorted(self._named[id(user)]):
                there = effective_balancer(run.main, user, name)
                if there is None or not there.members:
                    found.add(self.meant(user, name) or "")
        return found

    def meant(self, server: ServerDraft, undefined: str) -> str | None:
        """Which balancer a name that is not defined was meant for.

        The one with nearly this name, or the only one that nothing names.
        """
        key = id(server), undefined
        if key not in self._meant:
            asked = len(self._meant) < ASKED_MAX
            self._meant[key] = self._find(server, undefined) if asked else None
        return self._meant[key]

    def _find(self, server: ServerDraft, undefined: str) -> str | None:
        known, unused = self._choices_of(server)
        near = nearest(undefined, known)
        if near is not None:
            return near
        return next(iter(unused)) if len(unused) == 1 else None

    def _choices_of(self, server: ServerDraft) -> tuple[list[str], set[str]]:
        """Balancers that a name in a server may stand for, and those that none names.

        In the main server they may be anybody's.
        """
        found = self._choices.get(id(server))
        if found is None:
            run = self._run
            owners = run.servers if server.is_main else (run.main, server)
            known = {name for one in owners for name in _with_members(one)}
            unused = {name for one in owners for name in self.unused(one)}
            found = self._choices[id(server)] = sorted(known), unused
        return found


def balancers_named(server: ServerDraft) -> set[str]:
    """Balancers that requests of this server may go to, sections included."""
    return {m.balancer for m in server.every_target() if m.balancer is not None}


def _with_members(server: ServerDraft) -> list[str]:
    return [name for name, draft in server.balancers.items() if draft.members]
