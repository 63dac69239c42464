"""`env=NAME` and `env=!NAME`, the condition at the end of several directives."""

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
