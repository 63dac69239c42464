"""AuthType Digest: mod_auth_digest."""

from __future__ import annotations

import re
from typing import Final

from fastlb.config.checks import Integer
from fastlb.config.directives.access import unserved_provider
from fastlb.config.registry import (
    SV,
    Complaint,
    D,
    Directive,
    Reader,
    Refused,
)

MODULE = "mod_auth_digest.c"
SIZE_MIN: Final = 88  # bytes, as httpd
SIZE_MAX: Final = 1 << 30
_UNIT = {"": 1, "b": 1, "k": 1 << 10, "m": 1 << 20}


def _providers(name: str, words: tuple[str, ...]) -> Complaint | None:
    for index, word in enumerate(words):
        if word.lower() in ("anon", "ldap"):
            return no_digests(word, index)
    return unserved_provider(name, words)


def no_digests(word: str, index: int = 0) -> Complaint:
    return Complaint(
        f"The '{word}' Authn provider doesn't support Digest Authentication",
        word=index,
    )


def _qop(name: str, words: tuple[str, ...]) -> Complaint | None:
    for index, word in enumerate(words):
        if word.lower() != "auth":
            text = f"{name} is deprecated: only 'auth' is supported"
            return Complaint(text, "", f"write {name} auth", word=index)
    return None


def _algorithm(name: str, words: tuple[str, ...]) -> Complaint | None:
    if words[0].lower() != "md5":
        return Complaint(
            f"Unsupported algorithm in {name}: {words[0]}", "", f"write {name} MD5"
        )
    return None


class Size(Reader):
    """Bytes, with B, K or M behind them."""

    __slots__ = ()

    def read(self, name: str, words: tuple[str, ...]) -> int:
        found = re.match(r"\s*([+-]?\d+)\s*([bkm]?)", words[0], re.IGNORECASE)
        if found is None or (not found[2] and found.end() < len(words[0])):
            raise Refused(Complaint(f"Invalid size in {name}: {words[0]}"))
        size = int(found[1]) * _UNIT[found[2].lower()]
        if size < SIZE_MIN:
            text = f"size in {name} too small: {size} < {SIZE_MIN}"
            raise Refused(Complaint(text))
        if size > SIZE_MAX:
            text = f"size in {name} too large: {size} > {SIZE_MAX}"
            raise Refused(Complaint(text))
        return size


LIFETIME: Final = Integer(
    -(2**31), 2**31 - 1, "Invalid time in AuthDigestNonceLifetime: {word}"
)
SIZE: Final = Size()

DIRECTIVES = (
    Directive(
        "AuthDigestProvider",
        D,
        "file|dbm|socache|alias ...",
        "who knows the users, in the order to ask",
        module=MODULE,
        shown_default="file",
        check=_providers,
    ),
    Directive(
        "AuthDigestQop",
        D,
        "auth ...",
        "what is proved: that the request is the client's",
        module=MODULE,
        check=_qop,
    ),
    Directive(
        "AuthDigestAlgorithm",
        D,
        "MD5",
        "how it is proved",
        module=MODULE,
        check=_algorithm,
    ),
    Directive(
        "AuthDigestNonceLifetime",
        D,
        "seconds",
        "how long a client may use the number that it was given",
        module=MODULE,
        manual=(
            "0: once; each request needs another, which the answer to the one before"
            " tells only where no member has made it. Negative: for ever. A browser"
            " gets a new one without asking its user again."
        ),
        default="300",
        unit="s",
        check=LIFETIME,
    ),
    Directive(
        "AuthDigestNcCheck",
        D,
        "On|Off",
        "whether requests are counted, so that none can be sent again by others",
        module=MODULE,
        default="Off",
    ),
    Directive(
        "AuthDigestDomain",
        D,
        "URI ...",
        "where the same name and password hold, for the client to know",
        module=MODULE,
        manual="Told where no member answers, as by Apache.",
    ),
    Directive(
        "AuthDigestShmemSize",
        SV,
        "bytes[K|M]",
        "memory for the clients whose requests are counted, 16 bytes each",
        module=MODULE,
        manual=(
            "For AuthDigestNcCheck and AuthDigestNonceLifetime 0, over all workers; a"
            " client beyond it takes the place of another, which asks for a new number"
            " without its user. Taken at the start."
        ),
        default="64K",
        differs="Apache's default is 1000 bytes, a dozen clients.",
        check=SIZE,
    ),
)
