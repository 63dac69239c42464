"""Shell patterns of <Location> and <Proxy> as regular expressions (fnmatch).

Source: apr_fnmatch.
"""

from __future__ import annotations

from fastlb.base.globs import glob_body

GLOB_LETTERS = "*?[\\"


def is_glob(pattern: str) -> bool:
    """True when Apache matches the pattern with fnmatch rather than as a prefix."""
    return any(letter in pattern for letter in GLOB_LETTERS)


def glob_to_regex(pattern: str, *, slash_is_special: bool = False) -> str:
    """An anchored regex that matches what fnmatch does.

    slash_is_special: `*` and `?` do not match "/" (FNM_PATHNAME, <Location>).
    """
    body = glob_body(pattern, "[^/]" if slash_is_special else ".")
    return rf"\A{body}\z"
