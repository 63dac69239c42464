"""mod_proxy_html: links in pages of members become links of this server."""

from __future__ import annotations

from fastlb.base.errors import Severity
from fastlb.config import filters
from fastlb.config.checks import Integer
from fastlb.config.registry import SVD, Args, Complaint, Directive, Status

MODULE = "mod_proxy_html.c"

NAME_BYTES_MAX = 64
"""Of an element or an attribute; none of HTML's has more (HTML_NAME_BYTES_MAX)."""

_FLAGS = "heclL^$RxinsVv"
_FIXUPS = ("lowercase", "dospath", "reset")


def _names(name: str, words: tuple[str, ...]) -> Complaint | None:
    """Names as a page's are compared: in lower case."""
    for index, word in enumerate(words):
        if word != word.lower() or len(word) > NAME_BYTES_MAX:
            return Complaint(
                f"{name}: nothing in a page has the name {word}",
                f"names are compared in lower case, and have {NAME_BYTES_MAX} letters"
                " at most",
                f"write {word.lower()}",
                "FB0117",
                Severity.WARNING,
                index,
                instead=word.lower() if len(word) <= NAME_BYTES_MAX else None,
            )
    return None


def _map(name: str, words: tuple[str, ...]) -> Complaint | None:
    if not words or not words[0]:
        return Complaint(
            f"{name}: a link that begins with nothing is every link",
            "",
            "write how the links begin that are to be changed",
        )
    flags = words[2] if len(words) > 2 else ""
    if "R" in flags and "v" in flags:
        return Complaint(
            f"{name}: a pattern (R) cannot have variables of a request (v)",
            "it would be compiled anew for each answer",
            "write a line for each value, with a condition on the variable",
            "FB0116",
            word=2,
        )
    for letter in flags:
        if letter not in _FLAGS:
            return Complaint(
                f"{name}: {letter} is no flag of it",
                "it says nothing, as in Apache",
                f"flags are {' '.join(_FLAGS)}",
                "FB0117",
                Severity.WARNING,
                2,
            )
    return None


def _fixups(name: str, words: tuple[str, ...]) -> Complaint | None:
    for index, word in enumerate(words):
        if word not in _FIXUPS:
            return Complaint(
                f"{name}: {word} is none of {', '.join(_FIXUPS)}",
                "it says nothing, as in Apache",
                "delete it",
                "FB0117",
                Severity.WARNING,
                index,
            )
    return None


def _charset(name: str, words: tuple[str, ...]) -> Complaint | None:
    if words[0] == "*":
        return None
    return Complaint(
        f"{name} {words[0]}: fastlb does not change the letters of a body",
        "pages keep the charset that their members give them",
        f"let the members send {words[0]}, or delete the line",
        "FB0117",
        Severity.WARNING,
    )


_META = filters.Switch(
    "what pages say in <meta http-equiv> is left to whoever shows them",
    "let the members send it as fields, or add them with Header",
)

DIRECTIVES = (
    Directive(
        "ProxyHTMLEnable",
        SVD,
        "On|Off",
        "whether links in pages of members are changed",
        manual=(
            "Pages are answers of members that are text/html or application/xhtml+xml"
            " and not coded (SetOutputFilter INFLATE unpacks them). Values of the"
            " attributes that ProxyHTMLLinks names are looked at while a page passes;"
            " every other byte goes on as it is. A value of more than 64 KiB, or a"
            " script of more than 1 MiB, goes on as it is, too. What an outer section"
            " switches on stays on, unless ProxyHTMLFixups reset stands beside Off. A"
            " part of a page cannot be read, so Range is not passed on to members:"
            " films, which need it, want a section with these two lines."
        ),
        differs=(
            "The page is not written anew: names, quotes, faults, the DOCTYPE, comments"
            " and the charset stay what they were."
        ),
    ),
    Directive(
        "ProxyHTMLURLMap",
        SVD,
        "from to [flags] [condition]",
        "what the beginning of a link becomes",
        takes=Args.RAW,
        manual=(
            "The first line whose from the value begins with is the one that holds;"
            " letters of from count in no case there. R: from is a pattern, found"
            " anywhere, and $0 to $9 in to are its groups (i: in no case, s: ^ and $"
            " are those of lines). h, e, c: not for links, events, scripts; there from"
            " is found everywhere, ^ only at the beginning, $ only at the end. l: more"
            " lines may follow a pattern, L: none behind this one (events). With"
            " ProxyHTMLInterp On: V and v fill ${variable|default} into to and from,"
            " and the condition is heeded."
        ),
        differs="R together with v is refused.",
        check=_map,
    ),
    Directive(
        "ProxyHTMLLinks",
        SVD,
        "element attribute [attribute] ...",
        "attributes of an element that are links",
        takes=Args.ONE_AND_LIST,
        manual=(
            "Without any line nothing is changed; Debian's proxy_html.conf has those of"
            " HTML 4. A section that has a line of its own has no others."
        ),
        check=_names,
    ),
    Directive(
        "ProxyHTMLEvents",
        SVD,
        "attribute ...",
        "attributes that are scripts (ProxyHTMLExtended)",
        takes=Args.LIST,
        check=_names,
    ),
    Directive(
        "ProxyHTMLExtended",
        SVD,
        "On|Off",
        "whether links in scripts, styles, events and comments are changed, too",
        shown_default="Off",
    ),
    Directive(
        "ProxyHTMLFixups",
        SVD,
        "lowercase|dospath|reset ...",
        "links in lower case; slashes in the place of backslashes",
        takes=Args.LIST,
        manual="reset: what outer sections switch on does not hold here.",
        differs="Only links are changed, not all attributes.",
        check=_fixups,
    ),
    Directive(
        "ProxyHTMLInterp",
        SVD,
        "On|Off",
        "whether ProxyHTMLURLMap has variables and conditions",
        shown_default="Off",
    ),
    Directive(
        "ProxyHTMLStripComments",
        SVD,
        "On|Off",
        "whether comments are taken out",
        shown_default="Off",
    ),
    Directive(
        "ProxyHTMLDocType",
        SVD,
        "HTML|XHTML|text [Legacy|XML]",
        "the DOCTYPE of pages",
        takes=Args.ONE_TWO,
        manual="It stands in the place of the page's own, or before its first element.",
        differs="What HTML or XHTML has not, or no longer, is not taken out.",
    ),
    Directive(
        "ProxyHTMLMeta",
        SVD,
        "On|Off",
        "fields of the head out of <meta http-equiv>",
        status=Status.EXPLAINED,
        reason="Off is what holds here",
        cure=_META.cure,
        check=_META,
    ),
    Directive(
        "ProxyHTMLCharsetOut",
        SVD,
        "charset",
        "the charset of pages",
        status=Status.EXPLAINED,
        reason="pages keep their charset, as * says",
        check=_charset,
    ),
    Directive(
        "ProxyHTMLBufSize",
        SVD,
        "bytes",
        "memory for a script",
        status=Status.EXPLAINED,
        reason="memory grows as it is needed, to 1 MiB for a script",
        check=Integer(
            wrong="Invalid value for directive ProxyHTMLBufSize, expected integer"
        ),
    ),
)
