"""Shell patterns as regular expressions (fnmatch): for paths, names and URLs."""

from __future__ import annotations

import re


def glob_body(pattern: str, any_one: str = ".") -> str:
    """A regex for what fnmatch takes, without anchors; Python and PCRE2 read it alike.

    any_one: what stands for a character that * and ? may match
    """
    parts: list[str] = []
    place = 0
    while place < len(pattern):
        letter = pattern[place]
        end = pattern.find("]", place + 2)
        if letter == "*":
            parts.append(f"{any_one}*")
        elif letter == "?":
            parts.append(any_one)
        elif letter == "[" and end > 0:
            inside = pattern[place + 1 : end]
            negated = inside[0] in "!^"
            letters = re.sub(r"([\\\[\]^&~|])", r"\\\1", inside[negated:])
            parts.append(f"[{'^' if negated else ''}{letters}]")
            place = end
        elif letter == "\\" and place + 1 < len(pattern):
            place += 1
            parts.append(re.escape(pattern[place]))
        else:
            parts.append(re.escape(letter))
        place += 1
    return "".join(parts)
