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
_NO_PROGRAMS = "no programs are run for requests, so it changes nothing"

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
            help,
            takes=args,
            status=Status.EXPLAINED,
            reason=reason,
        )
        for name, contexts, args, syntax, help, reason in (
            (
                "EnableMMAP",
                SVD,
                Args.ONE,
                "On|Off",
                "whether files are mapped into memory",
                "no file is mapped into memory, so it changes nothing",
            ),
            (
                "EnableSendfile",
                SVD,
                Args.ONE,
                "On|Off",
                "whether the system sends files by itself",
                "a plain connection gets a file from the system, whatever it says",
            ),
            (
                "ContentDigest",
                SVD,
                Args.FLAG,
                "On|Off",
                "Content-MD5 of files",
                "no Content-MD5 is made: HTTP has it no more",
            ),
            (
                "QualifyRedirectURL",
                SVD,
                Args.FLAG,
                "On|Off",
                "the form of REDIRECT_URL",
                "REDIRECT_URL is a path, as where nobody writes it",
            ),
            (
                "CGIVar",
                SVD,
                Args.TWO,
                "variable rule",
                "which REQUEST_URI a program is told",
                "REQUEST_URI is what the client asked for, as where nobody writes it",
            ),
            (
                "LimitXMLRequestBody",
                SVD,
                Args.ONE,
                "bytes",
                "the largest body of XML that is read",
                "no XML of a request is read, so it changes nothing",
            ),
            (
                "ReadBufferSize",
                SVD,
                Args.ONE,
                "bytes",
                "how much of a file or a connection is read at once",
                "what is read at once follows from what there is",
            ),
            (
                "FlushMaxThreshold",
                SV,
                Args.ONE,
                "bytes",
                "how much of an answer waits at most",
                "what a client takes is sent at once: nothing waits",
            ),
            (
                "FlushMaxPipelined",
                SV,
                Args.ONE,
                "n",
                "how many answers wait at most",
                "what a client takes is sent at once: nothing waits",
            ),
            (
                "RLimitCPU",
                SVD,
                Args.ONE_TWO,
                "seconds|max [seconds|max]",
                "the processor time of programs",
                _NO_PROGRAMS,
            ),
            (
                "RLimitMEM",
                SVD,
                Args.ONE_TWO,
                "bytes|max [bytes|max]",
                "the memory of programs",
                _NO_PROGRAMS,
            ),
            (
                "RLimitNPROC",
                SVD,
                Args.ONE_TWO,
                "n|max [n|max]",
                "the processes of programs",
                _NO_PROGRAMS,
            ),
            (
                "DefaultType",
                SVD,
                Args.ONE,
                "type",
                "the type of Apache 2.2 for files that have none",
                "as in httpd, a file has the type of its name or of ForceType, or none",
            ),
            (
                "NameVirtualHost",
                SV,
                Args.ONE,
                "address",
                "an address of Apache 2.2 with several hosts",
                "as in httpd, every address may have several hosts",
            ),
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
