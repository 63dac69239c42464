"""Expressions for tests, compiled as the check compiles them."""

from __future__ import annotations

from typing import cast

from fastlb._pcre2 import Pattern
from fastlb.config.tree import Node
from fastlb.facts.expressions import Expression
from fastlb.facts.regex import compile_pcre
from fastlb.model import expressions
from fastlb.model.drafts import Drafts

_KEPT: list[Pattern] = []


class _Run:
    """Of a run, all that a compiler of expressions asks for."""

    def take_regex(
        self, _node: Node, pattern: str, *, ignore_case: bool = False
    ) -> Pattern:
        _KEPT.append(compile_pcre(pattern, ignore_case=ignore_case))
        return _KEPT[-1]


NODE = Node("If", (), "", "t.conf", 1, 0)


def compiled(text: str, node: Node = NODE, *, is_text: bool = False) -> Expression:
    """Raises ExpressionError."""
    run = cast(Drafts, _Run())
    if is_text:
        return expressions.text_expression(run, node, text)
    return expressions.condition(run, node, text)
