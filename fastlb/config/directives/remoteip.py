"""mod_remoteip and mod_reqtimeout: who the client is, and how long it may take."""

from __future__ import annotations

import re

from fastlb.base.errors import Severity
from fastlb.config.registry import SV, Args, Complaint, Directive, Status

REMOTEIP = "mod_remoteip.c"
SECONDS_MAX = 1_000_000_000
_LATER = "taking the client's address from a header comes later"


STAGES = ("handshake", "header", "body")


def _read_timeout(name: str, words: tuple[str, ...]) -> Complaint | None:
    """stage=t[-max][,MinRate=r] ..., with Apache's sentences."""
    for index, word in enumerate(words):
        key, equals, value = word.partition("=")
        if not equals:
            return Complaint(
                f"Invalid {name} parameter. Parameter must be in the form 'key=value'",
                f"'{word}' is not handshake=, header= or body=",
                word=index,
            )
        wrong = (
            _stage_problem(value)
            if key.lower() in STAGES
            else f"Unknown {name} parameter"
        )
        if wrong:
            return Complaint(f"{name}: {word}: {wrong}", word=index)
    return None


def _stage_problem(value: str) -> str:
    """What is wrong with the value of one stage; "" for nothing."""
    times, has_rate, rate = value.lower().partition(",minrate=")
    if not has_rate:
        if "-" in times:
            return "Must set MinRate option if using timeout range"
        return _number_problem(times)
    if wrong := _number_problem(rate):
        return wrong
    if int(rate) == 0:
        return "Minimum data rate must be larger than 0"
    first, is_range, most = times.partition("-")
    if is_range and (wrong := _number_problem(most)):
        return wrong
    if wrong := _number_problem(first):
        return wrong
    if is_range and int(most) and int(first) >= int(most):
        return "Maximum timeout must be larger than initial timeout"
    return ""


def _number_problem(word: str) -> str:
    digits = re.match(r"[+-]?[0-9]+", word)
    if digits is None:
        return f"Value '{word}' not numerical"
    if digits.end() < len(word):
        return f"Cannot parse '{word[digits.end() :]}'"
    value = int(word)
    if value < 0:
        return "Value must be non-negative"
    return "" if value <= SECONDS_MAX else "Value is too large"


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
        default="handshake=0 header=20-40,MinRate=500 body=20,MinRate=500",
        unit="s",
        manual=(
            "Of each stage: the time it has, 0 for no limit; with MinRate one second"
            " more for each so many bytes that came, up to the second number if there"
            " is one. header begins with the connection, later with the first byte of"
            " a request; body with the first wait for it. Who is late gets 408, and"
            " the connection is closed; with half a request line it is closed without"
            " an answer. Timeout holds beside it."
        ),
        differs=(
            "Timeout bounds a head as a whole, not each read of it; time in which a"
            " member does not take a body is not counted. handshake= is of the whole"
            " handshake."
        ),
        check=_read_timeout,
    ),
)
