"""Variables that access hangs on.

A SetEnvIf whose pattern hit its limit leaves open whether its variable is set. Where
`Require env` or `Allow from env=` names the variable, or `no-proxy` keeps a request
from a member, that must not let the request through; everywhere else it counts as no
match.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from fastlb.facts.rules import AccessOp, AccessRule
from fastlb.facts.vhost import DirConf, VHost

NO_PROXY: Final = "no-proxy"


def deciding_variables(vhosts: Iterable[VHost]) -> frozenset[str]:
    """Names in `Require env`, and of what those are set from by another SetEnvIf."""
    confs = [conf for vhost in vhosts for conf in _confs(vhost)]
    found = {NO_PROXY}
    for conf in confs:
        for rule in _rules(conf):
            found.update(_named(rule))
    rules = [rule for conf in confs for rule in conf.set_env_if if rule.attribute]
    # A chain of rules is as long as there are rules, at most.
    for _ in rules:
        more = {str(rule.attribute) for rule in rules if rule.variable in found}
        if more <= found:
            break
        found |= more
    return frozenset(found)


def _confs(vhost: VHost) -> Iterator[DirConf]:
    yield vhost.default_conf
    for section in vhost.sections:
        yield section.conf


def _rules(conf: DirConf) -> Iterator[AccessRule]:
    if conf.access is not None:
        yield conf.access
    if conf.old_access is not None:
        yield from conf.old_access.allow
        yield from conf.old_access.deny


def _named(rule: AccessRule) -> Iterator[str]:
    if rule.op is AccessOp.ENV:
        yield from rule.args
    for inner in rule.rules:
        yield from _named(inner)
