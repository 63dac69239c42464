"""mod_mime and mod_expires, and the core's own two words about types: what is said of
an answer."""

from __future__ import annotations

import re

from fastlb.config.registry import (
    SV,
    SVD,
    Args,
    Complaint,
    D,
    Directive,
    Reader,
    Refused,
)
from fastlb.facts.labels import ETAG_NONE, ETAG_PARTS, Expiry, FileETag
from fastlb.facts.mime_table import EXTENSION_MAX, VALUE_MAX

MODULE = "mod_mime.c"
EXPIRES = "mod_expires.c"
CORE = "core.c"
INT_MAX = 2**31 - 1
RANGES_MAX = 1000
SECONDS_MAX = 100 * 366 * 86400
"""A hundred years: what is longer is never meant, and dates end."""

_UNITS = (  # as few letters as httpd looks at
    ("y", 365 * 86400),
    ("mo", 30 * 86400),
    ("w", 7 * 86400),
    ("d", 86400),
    ("h", 3600),
    ("mi", 60),
    ("s", 1),
)


class _Charset(Reader):
    """On, Off or a name; Off is ""."""

    __slots__ = ()

    def read(self, name: str, words: tuple[str, ...]) -> str:
        word = words[0]
        if len(word) > VALUE_MAX:
            raise Refused(Complaint(f"{name}: the name of a charset is too long"))
        return {"on": "iso-8859-1", "off": ""}.get(word.lower(), word)


class _Bound(Reader):
    """default, unlimited (-1), none (0) or a number."""

    __slots__ = ("usual",)

    def __init__(self, usual: int) -> None:
        self.usual = usual

    def read(self, name: str, words: tuple[str, ...]) -> int:
        known = {"default": self.usual, "unlimited": -1, "none": 0}
        number = known.get(words[0].lower())
        if number is not None:
            return number
        digits = re.match(r"\+?[0-9]+", words[0])
        if digits is None or not 0 < int(digits[0]) <= INT_MAX:
            text = (
                f"{name} requires 'none', 'default', 'unlimited' or a positive integer"
            )
            raise Refused(Complaint(text))
        return int(digits[0])


class _ETag(Reader):
    """Components one after the other, as core.c reads them."""

    __slots__ = ()

    def read(self, name: str, words: tuple[str, ...]) -> FileETag:
        bits = add = remove = 0
        for index, word in enumerate(words):
            sign, key = (word[0], word[1:]) if word[:1] in ("+", "-") else ("", word)
            key = {"lmtime": "mtime", "lastmodified": "mtime"}.get(
                key.lower(), key.lower()
            )
            if key == "digest":
                raise Refused(
                    Complaint(
                        f"{name} {word} is not supported",
                        "each request would read the whole file",
                        "write MTime and Size, or INode",
                        word=index,
                    )
                )
            if key not in ("none", "all", *ETAG_PARTS):
                text = f"Unknown keyword '{word.lstrip('+-')}' for {name} directive"
                raise Refused(Complaint(text, word=index))
            if key in ("none", "all"):
                if sign:
                    text = f"{name} keyword '{word[1:]}' cannot be used with '+' or '-'"
                    raise Refused(Complaint(text, word=index))
                bits = ETAG_NONE if key == "none" else sum(ETAG_PARTS.values())
            elif sign == "+":
                add |= ETAG_PARTS[key]
                remove &= ~ETAG_PARTS[key]
            elif sign == "-":
                remove |= ETAG_PARTS[key]
                add &= ~ETAG_PARTS[key]
            else:
                bits |= ETAG_PARTS[key]
                add = remove = 0
        return FileETag(bits, add, remove)


class _Type(Reader):
    """A type in lower case; None is "none"."""

    __slots__ = ()

    def read(self, name: str, words: tuple[str, ...]) -> str:
        if len(words[0]) > VALUE_MAX:
            raise Refused(Complaint(f"{name}: the name of a type is too long"))
        return words[0].lower()


_MANUALS = {
    "Type": "A name may have several extensions, in any order: page.html.fr.",
    "Handler": (
        "None but the default is here: a file that another one would run is answered"
        " with 403, so that what it is made of is not shown."
    ),
}


def _extensions(name: str, words: tuple[str, ...]) -> Complaint | None:
    first = 0 if name.startswith("Remove") else 1
    if first and len(words[0]) > VALUE_MAX:
        return Complaint(f"{name}: '{words[0][:20]}...' is too long")
    for index, word in enumerate(words[first:], first):
        if len(word) > EXTENSION_MAX:
            text = f"{name}: an extension has {EXTENSION_MAX} bytes at most"
            return Complaint(text, word=index)
    return None


def expiry_of(text: str) -> Expiry:
    """`access plus 1 month 2 days`, `A3600`, `M60`. Raises ValueError with httpd's
    sentence."""
    if text[:1] in ("A", "M"):
        digits = re.match(r"\s*[+-]?[0-9]+", text[1:])
        return Expiry(text[0] == "M", _bounded(int(digits[0]) if digits else 0))
    words = text.split()
    base = words.pop(0) if words else ""
    if base[:1].lower() not in ("n", "a", "m"):
        raise ValueError(f"bad expires code, unrecognised <base> '{base}'")
    if words and words[0][:1].lower() == "p":
        del words[0]
    seconds = 0
    while words:
        number = re.match(r"[0-9]+", words[0])
        if number is None:
            raise ValueError(
                f"bad expires code, numeric value expected <num> '{words[0]}'"
            )
        if len(words) == 1:
            raise ValueError("bad expires code, missing <type>")
        unit = words[1].lower()
        factor = next((size for begin, size in _UNITS if unit.startswith(begin)), 0)
        if not factor:
            raise ValueError(f"bad expires code, unrecognised <type>'{words[1]}'")
        seconds += factor * int(number[0])
        del words[:2]
    return Expiry(base[:1].lower() == "m", _bounded(seconds))


def _bounded(seconds: int) -> int:
    return max(-SECONDS_MAX, min(SECONDS_MAX, seconds))


def _code(name: str, words: tuple[str, ...]) -> Complaint | None:
    by_type = name == "ExpiresByType"
    if by_type and "/" not in words[0]:
        return Complaint("Invalid mimetype: should contain a slash")
    try:
        expiry_of(words[-1])
    except ValueError as problem:
        return Complaint(f"'{name} {' '.join(words)}': {problem}", word=len(words) - 1)
    return None


DIRECTIVES = (
    Directive(
        "AddDefaultCharset",
        SVD,
        "On|Off|charset",
        "The name of the default charset to add to any Content-Type without one or"
        " 'Off' to disable",
        module=CORE,
        default="Off",
        manual=(
            "It is added to text/plain and text/html that name none, also in members'"
            " answers. On is iso-8859-1."
        ),
        check=_Charset(),
        sets="default_charset",
    ),
    Directive(
        "ForceType",
        SVD,
        "type|None",
        "a mime type that overrides other configured type",
        module=CORE,
        manual="A member's answer has it where the member names none.",
        check=_Type(),
        sets="forced_type",
    ),
    Directive(
        "TypesConfig",
        SV,
        "file",
        "the MIME types config file",
        shown_default="conf/mime.types, else /etc/mime.types",
        manual=(
            "The main server's holds for all. Members' answers without a type get that"
            " of their path where mod_mime is loaded or one of its directives stands."
        ),
        differs=("A file that is not there draws a warning, and the default is read."),
    ),
    *(
        Directive(
            f"{verb}{kind}",
            SVD,
            syntax,
            help_,
            manual=manual,
            check=_extensions,
        )
        for kind, what, noun in (
            ("Type", "type", "a mime type"),
            ("Charset", "charset", "a charset (e.g., iso-2022-jp),"),
            ("Encoding", "encoding", "an encoding (e.g., gzip),"),
            ("Language", "language", "a language (e.g., fr),"),
            ("Handler", "handler", "a handler name"),
        )
        for verb, syntax, help_, manual in (
            (
                "Add",
                f"{what} extension [extension] ...",
                f"{noun} followed by one or more file extensions",
                _MANUALS.get(kind, ""),
            ),
            (
                "Remove",
                "extension [extension] ...",
                "one or more file extensions",
                "What TypesConfig says does not hold either." if kind == "Type" else "",
            ),
        )
    ),
    Directive(
        "DefaultLanguage",
        SVD,
        "language",
        "language to use for documents with no other language file extension",
    ),
    Directive(
        "ModMimeUsePathInfo",
        D,
        "On|Off",
        "Set to 'yes' to allow mod_mime to use path info for type checking",
    ),
    Directive(
        "FileETag",
        SVD,
        "[+|-]component ...",
        "Specify components used to construct a file's ETag",
        takes=Args.RAW,
        module=CORE,
        default="MTime Size",
        manual="Components: INode, MTime, Size, All, None.",
        differs="Digest is refused: each request would read the whole file.",
        check=_ETag(),
        sets="file_etag",
    ),
    *(
        Directive(
            name,
            SVD,
            "default|unlimited|none|n",
            help_,
            module=CORE,
            default=usual,
            manual=f"What has more is sent whole; never more than {RANGES_MAX} ranges.",
            check=_Bound(int(usual)),
            sets=field,
        )
        for name, field, usual, help_ in (
            (
                "MaxRanges",
                "max_ranges",
                "200",
                "Maximum number of Ranges in a request before returning the entire"
                " resource",
            ),
            (
                "MaxRangeOverlaps",
                "max_range_overlaps",
                "20",
                "Maximum number of overlaps in Ranges in a request before returning the"
                " entire resource",
            ),
            (
                "MaxRangeReversals",
                "max_range_reversals",
                "20",
                "Maximum number of reversals in Ranges in a request before returning"
                " the entire resource",
            ),
        )
    ),
    Directive(
        "ExpiresActive",
        SVD,
        "On|Off",
        "Limited to 'on' or 'off'",
        module=EXPIRES,
        default="Off",
        manual=(
            "Answers below 400 get Expires and Cache-Control: max-age, members' too,"
            " unless they have an Expires."
        ),
    ),
    Directive(
        "ExpiresByType",
        SVD,
        "type code",
        "a MIME type followed by an expiry date code",
        module=EXPIRES,
        manual=(
            'A code is "access plus 1 month 2 days" (or modification), A or M and'
            " seconds. A type may end in /*. modification is that of a file; of what"
            " no file is it says nothing."
        ),
        check=_code,
    ),
    Directive(
        "ExpiresDefault",
        SVD,
        "code",
        "an expiry date code",
        module=EXPIRES,
        check=_code,
    ),
)
