"""mod_remoteip and mod_reqtimeout: who the client is, and how long it may take."""

from __future__ import annotations

from fastlb.base.errors import Severity
from fastlb.config.registry import SV, Args, Complaint, Directive, Status

REMOTEIP = "mod_remoteip.c"
_LATER = "taking the client's address from a header comes later"


def _read_timeout(name: str, words: tuple[str, ...]) -> Complaint | None:
    for index, word in enumerate(words):
        key, equals, value = word.partition("=")
        if not equals or key.lower() not in ("handshake", "header", "body"):
            return Complaint(
                f"Invalid {name} parameter. Parameter must be in the form 'key=value'",
                f"'{word}' is not handshake=, header= or body=",
                word=index,
            )
        first = value.partition(",")[0].partition("-")[0]
        if not first.isdigit():
            text = f"{name}: {word}: Value '{first}' not numerical"
            return Complaint(text, word=index)
    return None


DIRECTIVES = (
    *(
        Directive(
            name,
            REMOTEIP,
            SV,
            args,
            syntax,
            help_text,
            Status.LATER,
            reason=_LATER,
            cure=(
                "access rules and logs would see the address of the proxy in front;"
                " write %{X-Forwarded-For}i in LogFormat for now"
            ),
            on_use=Severity.ERROR,
        )
        for name, args, syntax, help_text in (
            ("RemoteIPHeader", Args.ONE, "name", "header that names the client"),
            (
                "RemoteIPInternalProxy",
                Args.LIST,
                "ip[/mask]|host ...",
                "proxies that may also name private addresses",
            ),
            (
                "RemoteIPTrustedProxy",
                Args.LIST,
                "ip[/mask]|host ...",
                "proxies that are believed",
            ),
            (
                "RemoteIPInternalProxyList",
                Args.ONE,
                "file",
                "file of proxies that may also name private addresses",
            ),
            (
                "RemoteIPTrustedProxyList",
                Args.ONE,
                "file",
                "file of proxies that are believed",
            ),
            (
                "RemoteIPProxiesHeader",
                Args.ONE,
                "name",
                "header that records the proxies",
            ),
            (
                "RemoteIPProxyProtocol",
                Args.FLAG,
                "On|Off",
                "whether connections begin with a PROXY line",
            ),
            (
                "RemoteIPProxyProtocolExceptions",
                Args.LIST,
                "host|range ...",
                "clients that do not send a PROXY line",
            ),
        )
    ),
    Directive(
        "RequestReadTimeout",
        "mod_reqtimeout.c",
        SV,
        Args.RAW,
        "[handshake=t] [header=t[-max][,MinRate=r]] [body=t[-max][,MinRate=r]]",
        "how long a client may take to send its request",
        Status.LATER,
        default="header=20-40,MinRate=500 body=20,MinRate=500",
        unit="s",
        reason="rates of reading come later; Timeout bounds the wait for each read",
        check=_read_timeout,
        on_use=Severity.WARNING,
    ),
)
