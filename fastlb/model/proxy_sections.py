"""Which <Proxy> sections hold for a target.

A section's pattern is compared with the whole target URL of a request. Where the
answer is the same for every path that requests may add, it is found here, once; where
it is not, the core looks at each request. A doubt is left to the core: a section may
hold an access rule.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from fastlb._pcre2 import PatternError, PatternLimitError
from fastlb.facts.regex import compile_pcre
from fastlb.model.drafts import SectionDraft
from fastlb.model.globs import GLOB_LETTERS, glob_to_regex
from fastlb.model.targets import DEFAULT_PORTS

_SEES_THE_END: Final = re.compile(r"[$]|\\[zZbB]|\([?*]")
"""Parts of a regex by which more text behind a match could undo it."""

_LITERAL_HEAD: Final = re.compile(
    r"(?:\^|\\A)((?:[A-Za-z0-9/:_~%&=,;@!'-](?![*?{])|\\[^A-Za-z0-9](?![*?{]))*)"
)


TargetSections = Sequence[tuple[int, SectionDraft]]
"""Those among a server's sections that may hold for a target, with their places."""


def sections_for_targets(sections: Sequence[SectionDraft]) -> TargetSections:
    """Left out is one that says nothing, as <Proxy balancer://b> with its members."""
    return [
        (index, section)
        for index, section in enumerate(sections)
        if section.is_proxy and not section.says_nothing
    ]


def bound_sections(
    target: str, sections: TargetSections
) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """Sections that hold for a target, and whether each depends on the request."""
    indexes: list[int] = []
    dynamic: list[bool] = []
    for index, section in sections if target != "!" else ():
        verdict = section_matches(section, target)
        if verdict is not False:
            indexes.append(index)
            dynamic.append(verdict is None)
    return tuple(indexes), tuple(dynamic) if any(dynamic) else ()


def section_matches(section: SectionDraft, target: str) -> bool | None:
    """As pattern_matches."""
    return pattern_matches(section.pattern, section.is_regex, section.is_glob, target)


def pattern_matches(
    pattern: str, is_regex: bool, is_glob: bool, target: str
) -> bool | None:
    """True, False, or None when it depends on the path of the request.

    target: of a mapping, such as "balancer://b/x/" or "http://h$1".
    """
    static = target.partition("$")[0]
    if static and "/" not in static.partition("://")[2]:
        static += "/"  # whatever the request adds begins so
    if is_regex:
        verdicts = {
            _regex_matches(pattern, url) for url in (static, with_usual_port(static))
        }
        return True if True in verdicts else None if None in verdicts else False
    static = without_usual_port(static)
    if is_glob:
        head = pattern[: min(pattern.find(c) for c in GLOB_LETTERS if c in pattern)]
        open_end = pattern.endswith("*") and not pattern.endswith("\\*")
        if open_end and _found(glob_to_regex(pattern), static):
            return True
    elif static.startswith(pattern):
        return True
    else:
        head = pattern
    return None if _may_agree(head, static) else False


_PORT: Final = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*)(://(?:\[[^/\]]*\]|[^/:*?]*)):([0-9]+)(?=/|$)"
)


def without_usual_port(url: str) -> str:
    """A URL without the port that its scheme has anyway, as members are called."""
    found = _PORT.match(url)
    if found is None or int(found[3]) != DEFAULT_PORTS.get(found[1].lower()):
        return url
    return f"{found[1]}{found[2]}{url[found.end() :]}"


_NO_PORT: Final = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]*)://(?:\[[^/\]]*\]|[^/:*?]+)(?=/)"
)


def with_usual_port(url: str) -> str:
    """... and with it: an expression may name it."""
    found = _NO_PORT.match(url)
    port = DEFAULT_PORTS.get(found[1].lower()) if found is not None else None
    if found is None or port is None:
        return url
    return f"{found[0]}:{port}{url[found.end() :]}"


def _regex_matches(pattern: str, static: str) -> bool | None:
    sees_the_end = _SEES_THE_END.search(pattern) is not None
    if not sees_the_end and _found(pattern, static):
        return True
    if "|" in pattern or "(?" in pattern or "(*" in pattern:
        return None
    found = _LITERAL_HEAD.match(pattern)
    if found is None:
        return None
    head = re.sub(r"\\(.)", r"\1", found[1])
    return None if _may_agree(head, static) else False


def _may_agree(head: str, static: str) -> bool:
    """Whether one text can begin with both."""
    return head.startswith(static) or static.startswith(head)


def _found(pattern: str, text: str) -> bool:
    """False too when nobody can say: the core will look, and fails closed."""
    try:
        found = compile_pcre(pattern).search(text.encode("latin-1", "replace"))
    except (PatternError, PatternLimitError):
        return False
    return found is not None
