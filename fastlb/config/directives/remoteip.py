"""mod_remoteip and mod_reqtimeout: who the client is, and how long it may take."""

from __future__ import annotations

import re

from fastlb.config.registry import (
    SV,
    Args,
    Complaint,
    Directive,
    Reader,
    Refused,
)
from fastlb.facts.vhost import ReadLimit

MODULE = "mod_reqtimeout.c"
REMOTEIP = "mod_remoteip.c"
SECONDS_MAX = 1_000_000_000


STAGES = ("handshake", "header", "body")


class _ReadTimeout(Reader):
    """stage=t[-max][,MinRate=r] ..., with Apache's sentences."""

    def read(self, name: str, words: tuple[str, ...]) -> dict[str, ReadLimit]:
        limits: dict[str, ReadLimit] = {}
        for index, word in enumerate(words):
            key, equals, value = word.partition("=")
            if not equals:
                text = (
                    f"Invalid {name} parameter. Parameter must be in the form"
                    " 'key=value'"
                )
                why = f"'{word}' is not handshake=, header= or body="
                raise Refused(Complaint(text, why, word=index))
            try:
                if key.lower() not in STAGES:
                    raise ValueError(f"Unknown {name} parameter")
                limits[f"read_{key.lower()}"] = _stage(value)
            except ValueError as wrong:
                complaint = Complaint(f"{name}: {word}: {wrong}", word=index)
                raise Refused(complaint) from None
        return limits


def _stage(value: str) -> ReadLimit:
    """The value of one stage; raises ValueError."""
    times, has_rate, rate_text = value.lower().partition(",minrate=")
    if not has_rate:
        if "-" in times:
            raise ValueError("Must set MinRate option if using timeout range")
        return ReadLimit(_number(times))
    rate = _number(rate_text)
    if rate == 0:
        raise ValueError("Minimum data rate must be larger than 0")
    first_text, is_range, most_text = times.partition("-")
    most = _number(most_text) if is_range else 0
    first = _number(first_text)
    if most and first >= most:
        raise ValueError("Maximum timeout must be larger than initial timeout")
    return ReadLimit(first, most, rate)


def _number(word: str) -> int:
    digits = re.match(r"[+-]?[0-9]+", word)
    if digits is None:
        raise ValueError(f"Value '{word}' not numerical")
    if digits.end() < len(word):
        raise ValueError(f"Cannot parse '{word[digits.end() :]}'")
    value = int(word)
    if value < 0:
        raise ValueError("Value must be non-negative")
    if value > SECONDS_MAX:
        raise ValueError("Value is too large")
    return value


DIRECTIVES = (
    Directive(
        "RemoteIPHeader",
        SV,
        "name",
        "header that names the client",
        module=REMOTEIP,
        manual=(
            "The address in it is the client's for access rules, SetEnvIf, logs and"
            " X-Forwarded-For, decided for each request anew. It is read from its"
            " end, as far as those who wrote it are believed; what was read is taken"
            " out of it. Whoever is directly before us is believed in any case unless"
            " a list of proxies says otherwise."
        ),
        differs=(
            "Names of hosts and shortened addresses in it are not looked up: reading"
            " ends before them."
        ),
        sets="remote_ip_header",
    ),
    Directive(
        "RemoteIPProxiesHeader",
        SV,
        "name",
        "header that records the proxies",
        module=REMOTEIP,
        manual=(
            "Set to the addresses that RemoteIPHeader was followed over, internal"
            " proxies left out; %{remoteip-proxy-ip-list}n of a log format is the"
            " same."
        ),
        sets="remote_ip_proxies_header",
    ),
    *(
        Directive(name, SV, syntax, help_text, module=REMOTEIP, manual=manual)
        for name, syntax, help_text, manual in (
            (
                "RemoteIPInternalProxy",
                "ip[/mask]|host ...",
                "proxies that may also name private addresses",
                "Believed as RemoteIPTrustedProxy, private addresses included.",
            ),
            (
                "RemoteIPTrustedProxy",
                "ip[/mask]|host ...",
                "proxies that are believed",
                (
                    "Who stands in no list is not believed once there is one. A private"
                    " address is believed of an internal proxy alone. What a virtual"
                    " host lists stands before what the main server lists."
                ),
            ),
            (
                "RemoteIPInternalProxyList",
                "file",
                "file of proxies that may also name private addresses",
                "Read when the configuration is.",
            ),
            (
                "RemoteIPTrustedProxyList",
                "file",
                "file of proxies that are believed",
                "Read when the configuration is.",
            ),
        )
    ),
    Directive(
        "RemoteIPProxyProtocol",
        SV,
        "On|Off",
        "whether connections begin with a PROXY line",
        module=REMOTEIP,
        default="Off",
        manual=(
            "Holds for the addresses of its virtual host, in the main server for all."
            " Then every connection there must begin with a header of the PROXY"
            " protocol, version 1 or 2, before TLS, within the time of"
            " RequestReadTimeout; it is closed otherwise. RemoteIPHeader is not looked"
            " at on it."
        ),
        differs=(
            "A connection that says LOCAL, as health checks do, is served under its"
            " own address; version 2 may bring more than its addresses."
        ),
    ),
    Directive(
        "RemoteIPProxyProtocolExceptions",
        SV,
        "host|range ...",
        "clients that do not send a PROXY line",
        module=REMOTEIP,
        manual="Networks whose connections begin as usual, on every address.",
    ),
    Directive(
        "RequestReadTimeout",
        SV,
        "[handshake=t] [header=t[-max][,MinRate=r]] [body=t[-max][,MinRate=r]]",
        "how long a client may take to send its request",
        takes=Args.RAW,
        default="handshake=0 header=20-40,MinRate=500 body=20,MinRate=500",
        unit="s",
        manual=(
            "Of each stage: the time it has, 0 for no limit; with MinRate one second"
            " more for each so many bytes that came, up to the second number if there"
            " is one. header begins with the connection, later with the first byte of"
            " a request; body with the first wait for it. A client that is late gets"
            " 408, and the connection is closed; with half a request line it is closed"
            " without an answer. Timeout holds beside it."
        ),
        differs=(
            "Timeout bounds a head as a whole, not each read of it; time in which a"
            " member does not take a body is not counted. handshake= is of the whole"
            " handshake."
        ),
        check=_ReadTimeout(),
        sets=("read_handshake", "read_header", "read_body"),
    ),
)
