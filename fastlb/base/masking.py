"""What is nobody's business: passwords of a configuration, before a line is shown.

Messages, `fastlb explain` and the dump of a configuration quote what somebody wrote,
and are pasted into tickets. A secret may hold any letter, that of a URL or a quote
among them: where its end is in doubt, more is hidden than need be.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

MASK: Final = "***"
BOUNDED_BELOW: Final = 3  # a secret of fewer letters is looked for as a word alone

_BLANK: Final = r" \t\n\v\f\r"  # as the lexer's: a secret may hold what Unicode adds
_NAMES: Final = (
    r"secret|passw|passphrase|pwd|token|credential|authorization|api[-_]?key"
    r"|pass(?![\w.-])"
)
_NAME: Final = rf"(?<![\w.-])[\w.-]*(?:{_NAMES})[\w.-]*"
_IS_NAME: Final = re.compile(_NAME, re.IGNORECASE)
# name=value, and what a rule's [E=name:value] sets
_KEY: Final = rf"(?:\be(?:nv)?={_NAME}:|{_NAME}=)"
_IN_WORD: Final = re.compile(rf"({_KEY})(.*)", re.IGNORECASE | re.DOTALL)
_IN_QUOTES: Final = re.compile(
    rf"""((["']){_KEY})(?:.*(\2)|.*)""", re.IGNORECASE | re.DOTALL
)
_IN_TEXT: Final = re.compile(
    rf"""({_KEY})(?!\*\*\*["'](?:[{_BLANK}]|$))(?:"[^"]*"|'[^']*')?[^{_BLANK}]*""",
    re.IGNORECASE,
)
# What names a value and holds none: %{...}, $1
_REFERENCE: Final = re.compile(
    r"""["']?(?:%\{[^{}"']*\}[a-z]?|[$%]\d)(?:,[A-Z]{1,3})*\]?["']?"""
)
_BESIDE: Final = re.compile(r"""["']?(?:env=!?\w+|early)["']?""", re.IGNORECASE)
_LOGIN: Final = re.compile(
    r"(authorization\b[\"']?:?\s+[\"']?)(?:basic|bearer|digest|negotiate|ntlm)\b.*",
    re.IGNORECASE | re.DOTALL,
)
_SET: Final = re.compile(rf"(variable '{_NAME}' to ').*'", re.IGNORECASE)
# user:password@, in a URL or alone; a host with a path that holds an @ looks like one
_URL: Final = r"(://)(?=[^/{0}]*@|[^{0}]*:)[^{0}]+@"
_ALONE: Final = r"""(^|[{0}"'(=|])(?!(?:unix|mailto):)[^{0}"'@:/=]+:(?!//)[^{0}]*@"""
_HOST_AND_PATH: Final = re.compile(r"[\w.-]+:\d{1,5}/")
_USERS_IN_TEXT: Final = [re.compile(one.format(_BLANK)) for one in (_URL, _ALONE)]
_USERS_IN_WORD: Final = [re.compile(one.format(r"\n")) for one in (_URL, _ALONE)]
_WORD: Final = re.compile(
    rf"""("(?:\\.|[^"\\])*\\?"?|'(?:\\.|[^'\\])*\\?'?|[^{_BLANK}]+)""", re.DOTALL
)

# Directives with a secret among their words: how many stand before it.
_BEFORE: Final = {
    **dict.fromkeys(("proxyremote", "proxyremotematch"), 2),
    "authbasicfake": 1,
}
_IS_SECRET: Final = re.compile(r"(?:password|passphrase|secret)$")
# Of a line that holds none of these only the directive can say that it has a secret
_HINT: Final = re.compile(rf"@|{_NAMES}", re.IGNORECASE)
_SETS: Final = frozenset(
    ("setenv", "define", "proxyfcgisetenvif", "header", "requestheader")
)


def masked(text: str) -> str:
    """`secret=word` and `scheme://user:password@host` of a sentence without them."""
    if "=" in text:
        text = _IN_QUOTES.sub(rf"\1{MASK}\3", text)
        text = _IN_TEXT.sub(rf"\1{MASK}", text)
    return _LOGIN.sub(rf"\1{MASK}", masked_users(text))


def masked_users(text: str, secrets: Collection[str] = ()) -> str:
    """... without who calls a URL, and without what is known to be secret."""
    for secret in sorted(secrets, key=len, reverse=True):
        pattern = re.escape(secret)
        if len(secret) < BOUNDED_BELOW:
            pattern = rf"(?<!\w){pattern}(?!\w)"
        text = re.sub(pattern, MASK, text)
    if "@" in text:
        for users in _USERS_IN_TEXT:
            text = users.sub(rf"\1{MASK}@", text)
    return text


def masked_about(text: str, directive: str, raw: str) -> str:
    """... of a sentence about a line, which may quote any part of it.

    raw  what stands behind the directive's name
    """
    return masked(masked_users(text, secrets_of(directive, raw)))


def masked_trace(line: str) -> str:
    """... of what a rule says of its work: it may hold a secret as the rule made it."""
    line = _SET.sub(rf"\1{MASK}'", line)
    return re.sub(r"(://)(?=[^/]*@|.*:).+@", rf"\1{MASK}@", line)


def masked_words(directive: str, raw: str) -> str:
    """What stands behind a directive's name in a line."""
    return "".join(
        MASK if is_hidden else part for part, is_hidden in _parts(directive, raw)
    )


def masked_value(name: str, value: str) -> str:
    """... of a variable, or of a field that a member or a proxy is sent."""
    return MASK if value and _IS_NAME.search(name) else value


def masked_field(line: str) -> str:
    """... of a line of a head."""
    name, colon, value = line.partition(": ")
    return f"{name}{colon}{masked_value(name, value)}"


def secrets_of(directive: str, raw: str) -> set[str]:
    """Every spelling of what is hidden in a line."""
    named = directive.lower()
    if not (named in _BEFORE or _IS_SECRET.search(named) or _HINT.search(raw)):
        return set()
    found: set[str] = set()
    hidden = [part for part, is_hidden in _parts(directive, raw) if is_hidden]
    words = [word for part in (raw, *hidden) for word in _WORD.findall(part)]
    spans = [word[begin:end] for word in words for begin, end in _spans(word)]
    inside = [word for part in hidden for word in _WORD.findall(part)]
    for secret in (*hidden, *spans, *inside):
        bare = secret[1:] if secret[:1] in ('"', "'") else secret
        bare = bare[:-1] if bare[-1:] in ('"', "'") else bare
        found |= {secret, bare, re.sub(r"\\([\\\"'])", r"\1", bare)}
        # Where it ends a host, the rest is a path, with escapes when it goes out.
        if not _HOST_AND_PATH.match(bare):
            pieces = re.split(r"[^\w.~-]", bare.partition(":")[2])
            found |= {one for one in pieces if len(one) >= BOUNDED_BELOW}
    return found - {"", MASK, '"', "'"}


def _parts(directive: str, raw: str) -> Iterator[tuple[str, bool]]:
    """The line in pieces, and whether each of them is hidden."""
    words = list(_WORD.finditer(raw))
    first = _first_hidden(directive.lower(), [word[0] for word in words])
    at = 0
    for number, word in enumerate(words):
        if number == first:
            yield raw[at : word.start()], False
            yield raw[word.start() :], True
            return
        spans = _spans(word[0])
        if not spans:
            continue
        begin = word.start() + min(one[0] for one in spans)
        end = word.start() + max(one[1] for one in spans)
        if raw[begin] in "\"'" and raw[begin] not in raw[begin + 1 : end]:
            end = len(raw)  # a quote within a word opens none: the secret goes on
        yield raw[at:begin], False
        yield raw[begin:end], True
        at = end
        if end == len(raw):
            return
    yield raw[at:], False


def _first_hidden(directive: str, words: Sequence[str]) -> int:
    """The word from which on all are hidden; -1: there is none."""
    if _IS_SECRET.search(directive):
        return 0
    if directive not in _SETS:
        return _BEFORE.get(directive, -1)
    for number, word in enumerate(words[:-1]):
        if _IS_NAME.fullmatch(word.strip("\"'!:")):
            rest = words[number + 1 :]
            is_told = all(_REFERENCE.fullmatch(w) or _BESIDE.fullmatch(w) for w in rest)
            is_unset = number and words[number - 1].strip("\"'").lower() == "unset"
            return -1 if is_told or is_unset else number + 1
    return -1


def _spans(word: str) -> list[tuple[int, int]]:
    """Where in a word of a line secrets begin and end."""
    is_quoted = word[0] in "\"'"
    begin, end = int(is_quoted), len(word)
    if is_quoted and word[-1] == word[0] and end > 1:
        end -= 1
    spans = [
        (found.end(1), found.end() - 1)
        for pattern in _USERS_IN_WORD
        if (found := pattern.search(word, begin, end)) is not None
    ]
    value = _IN_WORD.search(word, begin, end)
    if value is not None and value[2] and not _REFERENCE.fullmatch(value[2]):
        spans.append((value.start(2), end))
    return spans
