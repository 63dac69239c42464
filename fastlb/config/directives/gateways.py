"""mod_proxy_fcgi, mod_proxy_scgi, and what the core hands to applications."""

from __future__ import annotations

from fastlb.config.checks import word_of
from fastlb.config.registry import SVD, Complaint, D, Directive, Status
from fastlb.facts.words import FcgiBackend

MODULE = "mod_proxy_fcgi.c"
SCGI = "mod_proxy_scgi.c"
_SENDS_NO_FILES = (
    "an application would name any file that the server can read, and whoever makes"
    " it say so would get it"
)


def _sendfile(_name: str, words: tuple[str, ...]) -> Complaint | None:
    if words[0].lower() == "off":
        return None
    return Complaint(
        "ProxySCGISendfile is not supported",
        _SENDS_NO_FILES,
        "write Off, and let the application send its files",
    )


def _internal_redirect(_name: str, words: tuple[str, ...]) -> Complaint | None:
    if words[0].lower() != "on":
        return None
    return Complaint(
        "ProxySCGIInternalRedirect On is not supported",
        "the client gets Location as the application has written it",
        "write Off, and let the application answer 302",
    )


DIRECTIVES = (
    Directive(
        "ProxyFCGIBackendType",
        SVD,
        "FPM|GENERIC",
        "how SCRIPT_FILENAME is written for an application",
        shown_default="FPM",
        manual=(
            "FPM: a URL, as php-fpm knows to read it (`proxy:fcgi://host/path`)."
            " GENERIC: the path alone."
        ),
        check=word_of(
            FcgiBackend,
            "ProxyFCGIBackendType must be FPM or GENERIC",
        ),
        sets="fcgi_backend",
    ),
    Directive(
        "ProxyFCGISetEnvIf",
        SVD,
        "expression [!]name [value]",
        "a variable that an application is told, or is not told, where an expression"
        " holds",
        manual=(
            "It comes last, and sees the variables that the application is told by"
            " reqenv(). The value is an expression, too; $0 to $9 are what the"
            " condition has matched."
        ),
    ),
    Directive(
        "CGIPassAuth",
        D,
        "On|Off",
        "whether applications get the passwords of clients",
        module="core.c",
        shown_default="Off",
        manual="HTTP_AUTHORIZATION, by FastCGI and SCGI; uwsgi hands it on always.",
        sets="cgi_pass_auth",
    ),
    Directive(
        "ProxySCGISendfile",
        SVD,
        "On|Off|field",
        "whether an application may have a file sent in the place of its answer",
        module=SCGI,
        status=Status.EXPLAINED,
        reason="Off is what holds here, and the rest is refused",
        check=_sendfile,
    ),
    Directive(
        "ProxySCGIInternalRedirect",
        SVD,
        "On|Off|field",
        "whether an application's Location without a host is followed here",
        module=SCGI,
        status=Status.EXPLAINED,
        reason="Off is what holds here, and On is refused",
        differs="Apache's is On.",
        check=_internal_redirect,
    ),
)
