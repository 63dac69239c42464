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
from fastlb.facts.vhost import DirConf, VHost, every_conf

NO_PROXY: Final = "no-proxy"


def deciding_variables(vhosts: Iterable[VHost]) -> frozenset[str]:
    """Names in `Require env`, in expressions, and of what those are set from."""
    confs = [conf for vhost in vhosts for conf in every_conf(vhost)]
    found = {NO_PROXY}
    for conf in confs:
        for rule in _rules(conf):
            found.update(_named(rule))
        for item in conf.ifs:
            found.update(item.condition.variables if item.condition else ())
    setting = [rule for conf in confs for rule in conf.set_env_if]
    # A chain of rules is as long as there are rules, at most.
    for _ in setting:
        deciding = [one for one in setting if one.variable in found]
        more = {one.attribute for one in deciding if one.attribute}
        for one in deciding:
            more.update(one.expression.variables if one.expression else ())
        if more <= found:
            break
        found |= more
    return frozenset(found)


def _rules(conf: DirConf) -> Iterator[AccessRule]:
    if conf.access is not None:
        yield conf.access
    if conf.old_access is not None:
        yield from conf.old_access.allow
        yield from conf.old_access.deny


def _named(rule: AccessRule) -> Iterator[str]:
    if rule.op is AccessOp.ENV:
        yield from rule.args
    if rule.expression is not None:
        yield from rule.expression.variables
    for inner in rule.rules:
        yield from _named(inner)
