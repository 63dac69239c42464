"""Server variables: one table of the names that expressions and mod_rewrite know.

`%{NAME}` means the same in both languages, but each knows names that the other does
not; where a value differs as well, the two have rows of their own. Letters count in
no case. Behind a prefix stands a name of somebody else's: a header field (`HTTP:`), a
variable of the environment (`ENV:`), one of mod_ssl (`SSL:`), a note (`NOTE:`), a field
of the answer (`RESP:`).

The core (plan/variables.pyx) knows a row by its number.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from typing import Final


class Language(enum.Flag):
    """Who may write a name."""

    EXPRESSION = enum.auto()
    REWRITE = enum.auto()
    BOTH = EXPRESSION | REWRITE


@dataclass(frozen=True, slots=True)
class ServerVariable:
    """number: VAR_* of plan/variables.pxd, which is the place in the table below."""

    name: str
    number: int
    languages: Language


_ROWS: Final = (
    ("REQUEST_METHOD", Language.BOTH),
    ("REQUEST_SCHEME", Language.BOTH),
    ("REQUEST_URI", Language.BOTH),
    ("REQUEST_FILENAME", Language.BOTH),
    ("REMOTE_HOST", Language.BOTH),
    ("REMOTE_IDENT", Language.BOTH),
    ("REMOTE_USER", Language.BOTH),
    ("SERVER_ADMIN", Language.BOTH),
    ("SERVER_NAME", Language.BOTH),
    ("SERVER_PORT", Language.BOTH),
    ("SERVER_PROTOCOL", Language.BOTH),
    ("SCRIPT_FILENAME", Language.BOTH),
    ("PATH_INFO", Language.BOTH),
    ("QUERY_STRING", Language.BOTH),
    ("IS_SUBREQ", Language.BOTH),
    ("DOCUMENT_ROOT", Language.BOTH),
    ("AUTH_TYPE", Language.BOTH),
    ("THE_REQUEST", Language.BOTH),
    ("CONTENT_TYPE", Language.EXPRESSION),
    ("HANDLER", Language.EXPRESSION),
    ("REQUEST_LOG_ID", Language.EXPRESSION),
    ("SCRIPT_USER", Language.EXPRESSION),
    ("SCRIPT_GROUP", Language.EXPRESSION),
    ("DOCUMENT_URI", Language.EXPRESSION),
    ("LAST_MODIFIED", Language.EXPRESSION),
    ("CONTEXT_PREFIX", Language.BOTH),
    ("CONTEXT_DOCUMENT_ROOT", Language.BOTH),
    ("REQUEST_STATUS", Language.EXPRESSION),
    ("REMOTE_ADDR", Language.BOTH),
    ("REMOTE_PORT", Language.BOTH),
    ("SERVER_ADDR", Language.REWRITE),
    ("HTTPS", Language.BOTH),
    ("IPV6", Language.BOTH),
    ("CONN_LOG_ID", Language.EXPRESSION),
    ("CONN_REMOTE_ADDR", Language.BOTH),
    ("HTTP_USER_AGENT", Language.BOTH),
    ("HTTP_PROXY_CONNECTION", Language.BOTH),
    ("HTTP_REFERER", Language.BOTH),
    ("HTTP_COOKIE", Language.BOTH),
    ("HTTP_FORWARDED", Language.BOTH),
    ("HTTP_HOST", Language.BOTH),
    ("HTTP_ACCEPT", Language.BOTH),
    ("TIME_YEAR", Language.BOTH),
    ("TIME_MON", Language.BOTH),
    ("TIME_DAY", Language.BOTH),
    ("TIME_HOUR", Language.BOTH),
    ("TIME_MIN", Language.BOTH),
    ("TIME_SEC", Language.BOTH),
    ("TIME_WDAY", Language.BOTH),
    ("TIME", Language.BOTH),
    ("SERVER_SOFTWARE", Language.BOTH),
    ("API_VERSION", Language.EXPRESSION),
    ("API_VERSION", Language.REWRITE),
    ("SCRIPT_USER", Language.REWRITE),
    ("SCRIPT_GROUP", Language.REWRITE),
    ("HTTP2", Language.EXPRESSION),
)

VARIABLES: Final[tuple[ServerVariable, ...]] = tuple(
    ServerVariable(name, number, languages)
    for number, (name, languages) in enumerate(_ROWS)
)
_BY_NAME: Final = {
    language: {row.name: row for row in VARIABLES if language in row.languages}
    for language in (Language.EXPRESSION, Language.REWRITE)
}
PREFIXES: Final = ("HTTP:", "ENV:", "SSL:", "NOTE:", "RESP:")
"""Before a name that is not ours; in canonical spelling the letters are capitals."""


def variable_named(name: str, language: Language) -> ServerVariable | None:
    """A row by the name that stands in `%{...}`; None: the language has no such one."""
    return _BY_NAME[language].get(name.upper())


def known_names(language: Language) -> tuple[str, ...]:
    """All names without a prefix, for "did you mean"."""
    return tuple(_BY_NAME[language])


def split_prefix(spelled: str) -> tuple[str, str]:
    """("HTTP:", "Upgrade") of "http:Upgrade"; ("", spelled) when there is no prefix."""
    for prefix in PREFIXES:
        if spelled[: len(prefix)].upper() == prefix:
            return prefix, spelled[len(prefix) :]
    return "", spelled
