"""Which <Proxy> sections hold for a target (config-language.md 7.1).

A section's pattern is compared with the whole target URL. The plan binds sections to
mappings once, so that the question must have one answer for every path that requests
may add; where it has not, `lint_mappings.py` refuses.
"""

from __future__ import annotations

from typing import Final

from fastlb.model.globs import glob_to_regex
from fastlb.model.regex import compile_pcre

_PROBES: Final = ("", "x", "index.html", "a/b.c")
"""Ends of a request path that stand for all of them, to see what a pattern does."""


def pattern_matches(
    pattern: str, is_regex: bool, is_glob: bool, target: str
) -> bool | None:
    """True, False, or None when it depends on the path of the request.

    target: of a mapping, such as "balancer://b/x/" or "http://h$1".
    """
    static = target.partition("$")[0]
    if not is_regex and not is_glob:
        if static.startswith(pattern):
            return True
        rest = pattern.removeprefix(static)
        if rest == pattern and static:
            return False
        # "balancer://b/" covers all of "balancer://b": a path begins with a slash
        bare = "/" not in static.partition("://")[2]
        if bare and rest == "/":
            return True
        return None
    regex = compile_pcre(glob_to_regex(pattern) if is_glob else pattern)
    joint = "/" if "/" not in static.partition("://")[2] else ""
    probes = [static + joint + end for end in _PROBES]
    verdicts = {
        regex.search(probe.encode("latin-1", "replace")) is not None for probe in probes
    }
    return verdicts.pop() if len(verdicts) == 1 else None
