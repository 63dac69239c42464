"""Shell patterns of <Location> and <Proxy> as regular expressions (fnmatch).

Source: apr_fnmatch.
"""

from __future__ import annotations

import re

GLOB_LETTERS = "*?[\\"


def is_glob(pattern: str) -> bool:
    """True when Apache matches the pattern with fnmatch rather than as a prefix."""
    return any(letter in pattern for letter in GLOB_LETTERS)


def glob_to_regex(pattern: str, *, slash_is_special: bool = False) -> str:
    """An anchored regex that matches what fnmatch does.

    slash_is_special: `*` and `?` do not match "/" (FNM_PATHNAME, <Location>).
    """
    any_one = "[^/]" if slash_is_special else "."
    parts: list[str] = []
    place = 0
    while place < len(pattern):
        letter = pattern[place]
        place += 1
        if letter == "*":
            parts.append(any_one + "*")
        elif letter == "?":
            parts.append(any_one)
        elif letter == "\\" and place < len(pattern):
            parts.append(re.escape(pattern[place]))
            place += 1
        elif letter == "[":
            end = pattern.find("]", place + 1)
            if end < 0:
                parts.append(re.escape(letter))
                continue
            inside = pattern[place:end]
            negated = inside[:1] in ("!", "^")
            if negated:
                inside = inside[1:]
            inside = inside.replace("\\", "\\\\").replace("[", "\\[")
            parts.append(f"[{'^' if negated else ''}{inside}]")
            place = end + 1
        else:
            parts.append(re.escape(letter))
    return r"\A" + "".join(parts) + r"\z"
