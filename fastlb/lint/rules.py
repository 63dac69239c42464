"""Header and variable lines that cannot work as written."""

from __future__ import annotations

from typing import Final

from fastlb.config.tree import Node
from fastlb.facts.rules import HeaderRule
from fastlb.facts.variables import (
    Language,
    known_names,
    split_prefix,
    variable_named,
)
from fastlb.model.drafts import Drafts
from fastlb.model.report import Report, did_you_mean

BALANCER_VARIABLES: Final = (
    "BALANCER_NAME",
    "BALANCER_WORKER_NAME",
    "BALANCER_WORKER_ROUTE",
    "BALANCER_SESSION_STICKY",
    "BALANCER_SESSION_ROUTE",
    "BALANCER_ROUTE_CHANGED",
)
_WITHOUT_EFFECT: Final = {
    "proxy-sendcl": "a chunked body that is not at hand whole goes on chunked",
    "proxy-sendchunked": "a body goes on with the length that the client gave",
    "proxy-sendextracrlf": "nothing follows the body of a request",
    "proxy-chain-auth": "Proxy-Authorization is never passed on",
}
"""Variables that change what Apache does, lower case, and what is done here."""

_PARTY: Final = (
    *("M_VERSION", "M_SERIAL", "S_DN", "I_DN", "V_START", "V_END", "A_SIG", "A_KEY"),
    *("CERT", "S_DN_CN", "S_DN_O", "S_DN_OU", "S_DN_Email", "I_DN_CN", "I_DN_O"),
)
TLS_VARIABLES: Final = (
    *("HTTPS", "SSL_PROTOCOL", "SSL_SESSION_ID", "SSL_SESSION_RESUMED", "SSL_CIPHER"),
    *("SSL_SECURE_RENEG", "SSL_CIPHER_EXPORT", "SSL_CIPHER_USEKEYSIZE"),
    *("SSL_CIPHER_ALGKEYSIZE", "SSL_COMPRESS_METHOD", "SSL_VERSION_INTERFACE"),
    *("SSL_VERSION_LIBRARY", "SSL_TLS_SNI", "SSL_CLIENT_VERIFY"),
    *("SSL_CLIENT_V_REMAIN", "SSL_CLIENT_CERT_RFC4523_CEA"),
    *(f"SSL_{party}_{part}" for party in ("CLIENT", "SERVER") for part in _PARTY),
)
"""Variables of mod_ssl; those of a list, as SSL_CLIENT_SAN_DNS_0, begin as below."""

_LISTS: Final = tuple(
    f"SSL_{party}_{part}"
    for party in ("CLIENT", "SERVER")
    for part in ("SAN_", "S_DN_", "I_DN_", "CERT_CHAIN_")
)
TLS_VARIABLES_UPPER: Final = frozenset(name.upper() for name in TLS_VARIABLES)
_LISTS_UPPER: Final = tuple(name.upper() for name in _LISTS)
_COOKIE_SAFETY: Final = ("httponly", "samesite")


def lint_rules(run: Drafts) -> None:
    """Look over every line, whatever it stands in."""
    for node, rule in run.header_rules:
        _header(run.report, node, rule)
    for node, name in run.variables:
        _variable(run.report, node, name)


def _variable(report: Report, node: Node, name: str) -> None:
    """A variable that would steer Apache and steers nothing here."""
    why = _WITHOUT_EFFECT.get(name.lower())
    if why is not None:
        report.warn(
            node,
            "FB0200",
            f"the variable {name} has no effect",
            why=why,
            cure="leave it out",
            word=name,
        )


def _header(report: Report, node: Node, rule: HeaderRule) -> None:
    """A Header line: misspelt BALANCER_ variables, a cookie open to scripts."""
    names = [piece.arg for piece in rule.value if piece.kind == "e"]
    if rule.condition is not None:
        names.append(rule.condition.name)
    for name in names:
        if name.startswith("BALANCER_") and name not in BALANCER_VARIABLES:
            report.warn(
                node,
                "FB0204",
                f"the variable {name} is never set",
                why="the balancer sets " + ", ".join(BALANCER_VARIABLES),
                cure=did_you_mean(name, BALANCER_VARIABLES),
                word=name,
            )
    for piece in rule.value:
        if piece.kind == "s":
            _server_variable(report, node, piece.arg)
    text = b"".join(piece.text for piece in rule.value).decode("latin-1")
    sets_route = rule.name.lower() == "set-cookie" and "BALANCER_WORKER_ROUTE" in names
    if sets_route and not any(word in text.lower() for word in _COOKIE_SAFETY):
        report.note(
            node,
            "FB0205",
            "the route cookie is sent without HttpOnly and SameSite",
            cure='end it with "; path=/; HttpOnly; SameSite=Lax"',
        )


def _server_variable(report: Report, node: Node, name: str) -> None:
    """A name that nobody knows; one that begins as mod_ssl's do may be new there."""
    upper = name.upper()
    if (
        variable_named(name, Language.EXPRESSION) is not None
        or split_prefix(name)[0]
        or upper in TLS_VARIABLES_UPPER
        or upper.startswith(_LISTS_UPPER)
    ):
        return
    cure = did_you_mean(upper, (*TLS_VARIABLES, *known_names(Language.EXPRESSION)))
    if not cure and upper.startswith("SSL_"):
        return
    report.warn(
        node,
        "FB0204",
        f"the variable {name} is never set",
        why="the value would be (null) in each request",
        cure=cure or f"for a variable that SetEnv or SetEnvIf sets, write %{{{name}}}e",
        word=name,
    )
