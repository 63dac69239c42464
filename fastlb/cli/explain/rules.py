"""Rules of mod_rewrite in steps: which of them matched, what they made of the request.

The core tells them as LogLevel rewrite:trace5 would; here each line gets the rule that
it is of, with its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from fastlb.base.masking import masked_trace
from fastlb.cli.explain.step import Step
from fastlb.facts.rewrite import RewriteRule
from fastlb.facts.vhost import DirConf, Line, VHost

PREFIX = re.compile(r"^.*?\[rid#[^]]*\] (?:\[perdir [^]]*\] )?")
LOOKED_UP = re.compile(r"lookahead: |RewriteCond URI |map lookup |escaping backref")
LOOKING = re.compile(r"\[rid#[0-9a-f]+/subreq")  # a rule looks at another URL
TRIED = re.compile(r"applying pattern '(.*)' to uri '(.*)'$", re.S)
UNTOLD = re.compile(
    r"init rewrite engine|setting lastsub|strip per-dir prefix|add per-dir prefix"
    r"|add path info postfix|pass through |add root prefix|trying to replace"
    r"|reduce |explicitly forcing|forcing proxy-throughput|go-ahead|escaping "
    r"|local path result|Rule has END|implicitly forcing"
)
Written = Callable[[Line, str], str]


def rewrite_steps(
    told: Sequence[str], vhost: VHost, confs: Iterable[DirConf], written: Written
) -> list[Step]:
    """A step for each rule that matched; those that did not lost to the next one."""
    told = [line for line in told if not LOOKING.search(line)]
    if not told:
        return []
    steps: list[Step] = []
    missed: list[Step] = []
    for rule, subject, lines in _by_rule(told, _lists(vhost, confs)):
        conds = [line for line in lines if line.startswith("RewriteCond: ")]
        seen = [line for line in lines if LOOKED_UP.match(line)]
        made = [
            line
            for line in lines
            if line not in conds and line not in seen and not UNTOLD.match(line)
        ]
        # A rule that only matches ("-") says nothing more than its conditions.
        holds = bool(made) or (not conds and _matches(rule, subject))
        text = f"RewriteRule {rule.pattern} {rule.output}"
        line = (rule.file, rule.line)
        step = Step("rewrite", written(line, text), "", line)
        if not holds:
            failed = [cond for cond in conds if cond.endswith("not-matched")]
            why = failed[-1] if failed else f"does not match {subject}"
            missed.append(replace(step, why=why))
            continue
        steps.append(replace(step, why="; ".join((*seen, *made)), lost=tuple(missed)))
        missed = []
    if missed:
        text, why = ("nothing more", "") if steps else ("none", "no rule matches")
        steps.append(Step("rewrite", text, why, lost=tuple(missed)))
    return steps


def _lists(vhost: VHost, confs: Iterable[DirConf]) -> tuple[RewriteRule, ...]:
    """Every rule that may have been tried, the server's first."""
    rules: list[RewriteRule] = []
    if vhost.rewrite is not None:
        rules += vhost.rewrite.rules
    for conf in confs:
        rules += conf.rewrite.rules if conf.rewrite is not None else ()
    return tuple(rules)


def _by_rule(
    told: Iterable[str], rules: Sequence[RewriteRule]
) -> list[tuple[RewriteRule, str, list[str]]]:
    """(rule, what it was compared with, the lines that follow) in order."""
    found: list[tuple[RewriteRule, str, list[str]]] = []
    at = -1
    for line in told:
        text = PREFIX.sub("", line)
        tried = TRIED.search(text)
        if tried is None:
            if found:
                found[-1][2].append(masked_trace(text))
            continue
        order = [*range(at + 1, len(rules)), *range(at + 1)]
        at = next((i for i in order if rules[i].pattern == tried[1]), -1)
        if at >= 0:
            found.append((rules[at], tried[2], []))
    return found


def _matches(rule: RewriteRule, subject: str) -> bool:
    """Of a rule without conditions that left no word: does it match at all?"""
    flags = re.IGNORECASE if rule.ignore_case else 0
    try:
        return bool(re.search(rule.pattern, subject, flags)) is not rule.negated
    except re.error:
        return False
