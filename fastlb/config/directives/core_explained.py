"""Directives of the core that fastlb takes and that change nothing here."""

from __future__ import annotations

from fastlb.config.registry import (
    SV,
    SVD,
    Args,
    Complaint,
    Directive,
    S,
    Status,
)

MODULE = "core.c"
_NO_FILES = "fastlb serves no files, so it changes nothing"

_REGEX_OPTIONS = ("ICASE", "DOTALL", "DOLLAR_ENDONLY")
_REGEX_DEFAULTS = {"DOTALL", "DOLLAR_ENDONLY"}


def _regex_options(name: str, words: tuple[str, ...]) -> Complaint | None:
    """What the options come to, as in httpd: the defaults, or it is refused."""
    options = set(_REGEX_DEFAULTS)
    for index, word in enumerate(words):
        if word.lower() == "none":
            options = set()
            continue
        option = word.lstrip("+-").upper() if word[:1] in "+-" else word.upper()
        if option not in _REGEX_OPTIONS:
            return Complaint(
                f"{name}: option '{word.lstrip('+-')}' unknown", word=index
            )
        if word.startswith("+"):
            options.add(option)
        elif word.startswith("-"):
            options.discard(option)
        else:
            options = {option}
    if options == _REGEX_DEFAULTS:
        return None
    return Complaint(
        f"{name} {' '.join(words)} is not supported",
        "expressions always have DOTALL and DOLLAR_ENDONLY, and respect case",
        "leave it out, and begin expressions with (?i) or (?-s) where that is meant",
        word=0,
    )


DIRECTIVES = (
    Directive(
        "RegexDefaultOptions",
        S,
        "[none] [+|-]option ...",
        "options of all regular expressions",
        status=Status.EXPLAINED,
        default="DOTALL DOLLAR_ENDONLY",
        reason="expressions always have Apache's defaults",
        differs=(
            "Other options are refused: with them an expression could miss what a"
            " section guards."
        ),
        check=_regex_options,
    ),
    Directive(
        "AcceptFilter",
        S,
        "protocol filter",
        "what the kernel waits for before it hands over a connection",
        default="http data",
        manual="none as the filter turns TCP_DEFER_ACCEPT off.",
        status=Status.EXPLAINED,
        reason="ListenTCPDeferAccept says what the kernel waits for",
    ),
    Directive(
        "SeeRequestTail",
        S,
        "On|Off",
        "whether the status page shows the end of long requests",
        default="Off",
        status=Status.EXPLAINED,
        reason="the status page shows the beginning of requests",
    ),
    *(
        Directive(
            name,
            contexts,
            syntax,
            "part of serving files",
            takes=args,
            status=Status.EXPLAINED,
            reason=_NO_FILES,
        )
        for name, contexts, args, syntax in (
            ("EnableMMAP", SVD, Args.ONE, "On|Off"),
            ("EnableSendfile", SVD, Args.ONE, "On|Off"),
            ("ContentDigest", SVD, Args.FLAG, "On|Off"),
            ("QualifyRedirectURL", SVD, Args.FLAG, "On|Off"),
            ("CGIVar", SVD, Args.TWO, "variable rule"),
            ("LimitXMLRequestBody", SVD, Args.ONE, "bytes"),
            ("ReadBufferSize", SVD, Args.ONE, "bytes"),
            ("FlushMaxThreshold", SV, Args.ONE, "bytes"),
            ("FlushMaxPipelined", SV, Args.ONE, "n"),
            ("RLimitCPU", SVD, Args.ONE_TWO, "seconds|max [seconds|max]"),
            ("RLimitMEM", SVD, Args.ONE_TWO, "bytes|max [bytes|max]"),
            ("RLimitNPROC", SVD, Args.ONE_TWO, "n|max [n|max]"),
            ("DefaultType", SVD, Args.ONE, "type"),
            ("NameVirtualHost", SV, Args.ONE, "address"),
        )
    ),
    Directive(
        "Protocol",
        SV,
        "http|https",
        "what AcceptFilter takes a virtual host's port for",
        status=Status.EXPLAINED,
        reason="SSLEngine says what is spoken, and no AcceptFilter needs to know it",
    ),
    Directive(
        "Port",
        S,
        "number",
        "the port of Apache 1.3",
        takes=Args.RAW,
        status=Status.REFUSED,
        reason="Port was replaced with Listen in Apache 2.0",
        cure="write Listen",
    ),
    Directive(
        "Mutex",
        S,
        "mechanism [name] ...",
        "how processes exclude one another",
        status=Status.EXPLAINED,
        reason="fastlb has one kind of lock, in its shared table",
    ),
)
