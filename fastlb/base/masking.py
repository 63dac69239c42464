"""What is nobody's business: passwords of a configuration, before a line is shown.

Messages and `fastlb explain` quote what somebody wrote, and are pasted into tickets.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

MASK: Final = "***"
_PAIR: Final = re.compile(
    r"""\b(secret=)(?:"[^"]*"?|'[^']*'?|[^\s;,'"]+)""", re.IGNORECASE
)
_QUOTED_PAIR: Final = re.compile(r"""(["']secret=)[^"']*""", re.IGNORECASE)
_USER: Final = re.compile(r"""(://)[^/?#\s'"@]+@""")
_WORD: Final = r"""("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|\S+)"""
# Directives with a password among their words, and what stands before it.
_BEFORE: Final = {
    "proxyremote": re.compile(rf"^\s*{_WORD}\s+{_WORD}\s+"),
    "proxyremotematch": re.compile(rf"^\s*{_WORD}\s+{_WORD}\s+"),
    "authldapbindpassword": re.compile(r"^\s*"),
}
_FIELD: Final = re.compile(r"^(proxy-authorization: ).+", re.IGNORECASE)


def masked(text: str, words: Iterable[str] = ()) -> str:
    """`secret=word` and `scheme://user:password@host` of a sentence without them.

    words: of the line that it quotes; one may hold blanks
    """
    for word in words:
        if word[:7].lower() == "secret=":
            text = text.replace(word, word[:7] + MASK)
    if "=" in text:
        text = _QUOTED_PAIR.sub(rf"\1{MASK}", text)
        text = _PAIR.sub(rf"\1{MASK}", text)
    if "@" in text:
        text = _USER.sub(rf"\1{MASK}@", text)
    return text


def masked_words(directive: str, raw: str) -> str:
    """... of what stands behind a directive's name in a line."""
    before = _BEFORE.get(directive.lower())
    if before is not None and (found := before.match(raw)) and raw[found.end() :]:
        raw = raw[: found.end()] + MASK
    return masked(raw)


def masked_field(line: str) -> str:
    """... of a field that a member or a proxy is sent: what we tell it of ourselves."""
    return _FIELD.sub(rf"\1{MASK}", line)
