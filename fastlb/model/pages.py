"""Pages of the controller: which ones a host offers, and the member that stands for it.

A worker that was taken over can ask the controller for anything; what no line names it
does not get: without a balancer-manager nobody changes anything by this door. What an
expression says, or a rule puts together, nobody knows before, and a request may choose
it: these lead to all that only tell something, and to nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import Final

from fastlb.config.directives.member_params import MEMBER
from fastlb.config.tree import Node
from fastlb.facts.controller import HANDLERS, READERS, target
from fastlb.facts.expressions import Expression
from fastlb.facts.mapping import Mapping
from fastlb.facts.rewrite import PartKind, RewriteRule
from fastlb.facts.vhost import VHost, every_conf
from fastlb.model.drafts import MappingDraft, MemberDraft
from fastlb.model.resolve_params import member_target

_NOWHERE: Final = Node("SetHandler", (), "", "", 0, 0)
"""The controller is written in no line."""


def with_pages(vhost: VHost, mapping: Callable[[], Mapping]) -> VHost:
    """mapping: leads to the controller; asked for where a page is offered."""
    named = set(_named(vhost))
    pages = tuple(name for name in HANDLERS if name in named)
    if not pages:
        return vhost
    told = len(named.intersection(READERS))
    return replace(vhost, pages=pages, pages_that_tell=told, pages_mapping=mapping())


def _named(vhost: VHost) -> Iterator[str]:
    if vhost.rewrite is not None:
        inside = (one.said.rules for one in vhost.rewrite.directories)
        yield from _named_by_rules(chain(vhost.rewrite.rules, *inside))
    for conf in every_conf(vhost):
        if isinstance(conf.handler, Expression):
            yield from READERS
        elif conf.handler is not None:
            yield conf.handler
        if conf.rewrite is not None:
            yield from _named_by_rules(conf.rewrite.rules)


def _named_by_rules(rules: Iterable[RewriteRule]) -> Iterator[str]:
    for rule in rules:
        parts = rule.handler
        if parts is None:
            continue
        if any(part.kind is not PartKind.LITERAL for part in parts):
            yield from READERS
            continue
        name = "".join(part.text for part in parts).lower()
        if name in READERS:
            yield name


def controller_mapping() -> MappingDraft:
    """Where a host asks the controller."""
    params = {**MEMBER.presets(), "status": "I", "retry_ms": 0}
    asked = member_target(target(), "SetHandler")
    member = MemberDraft(asked, params, _NOWHERE)
    return MappingDraft("/", False, asked.authority_url, _NOWHERE, member=member)
