"""Apache's regular expressions (PCRE) compiled by Python's `re`.

Apache compiles with DOTALL and DOLLAR_ENDONLY (config-language.md 7.1): "." meets a
newline and "$" stands only at the very end (CVE-2017-15715). `re` differs in spelling:
named groups are (?P<name>), and "$" has to become \\Z outside of classes.
"""

from __future__ import annotations

import re


def translate(pattern: str) -> str:
    """Respell a PCRE pattern for `re`, with Apache's default options."""
    out: list[str] = []
    in_class = False
    i = 0
    while i < len(pattern):
        char = pattern[i]
        if char == "\\" and i + 1 < len(pattern):
            out.append(
                {"z": r"\Z", "h": r"[ \t]"}.get(pattern[i + 1], pattern[i : i + 2])
            )
            i += 2
            continue
        if in_class:
            if char == "[" and pattern.startswith("[:", i):
                end = pattern.find(":]", i)
                name = pattern[i + 2 : end] if end > 0 else ""
                if name in POSIX_CLASSES:
                    out.append(POSIX_CLASSES[name])
                    i = end + 2
                    continue
            if char == "]":
                in_class = False
            out.append("\\[" if char == "[" else char)
        elif char == "[":
            in_class = True
            out.append(char)
            for opener in ("^", "]"):
                if pattern.startswith(opener, i + 1):
                    out.append("\\]" if opener == "]" else opener)
                    i += 1
        elif char == "$":
            out.append(r"\Z")
        elif pattern.startswith("(?<", i) and pattern[i + 3 : i + 4] not in ("=", "!"):
            out.append("(?P<")
            i += 2
        else:
            out.append(char)
        i += 1
    return "".join(out)


POSIX_CLASSES = {
    "alpha": "a-zA-Z",
    "digit": "0-9",
    "alnum": "a-zA-Z0-9",
    "upper": "A-Z",
    "lower": "a-z",
    "space": r"\s",
    "xdigit": "0-9A-Fa-f",
    "punct": r"!-/:-@\[-`{-~",
    "word": r"\w",
}


def compile_pcre(pattern: str, *, ignore_case: bool = False) -> re.Pattern[bytes]:
    """Compile for searching in bytes; pattern is configuration text (latin-1).

    Raises `re.error` (Apache: "Regular expression could not be compiled.").
    """
    flags = re.DOTALL | (re.IGNORECASE if ignore_case else 0)
    text = translate(pattern)
    leading = re.match(r"\(\?([imsx]+)\)", text)
    if leading is None:
        # `re` takes global flags only in front; PCRE takes them anywhere.
        found = re.search(r"(?<!\\)\(\?i\)", text)
        if found is not None:
            flags |= re.IGNORECASE
            text = text.replace("(?i)", "")
    return re.compile(text.encode("latin-1"), flags)
