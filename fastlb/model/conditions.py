"""`env=NAME`, `env=!NAME`, `expr=...`: conditions at the end of directives."""

from __future__ import annotations

from fastlb.facts.rules import EnvCondition


def env_condition(word: str) -> EnvCondition | None:
    """The condition that a word holds, or None when it is none (or names nothing)."""
    if word[:4].lower() != "env=":
        return None
    name = word[4:]
    negated = name.startswith("!")
    name = name.removeprefix("!")
    return EnvCondition(name, negated) if name else None


def expression_in(word: str) -> str | None:
    """The expression of `expr=...`, or None when the word is none."""
    return word[5:] if word[:5].lower() == "expr=" else None
