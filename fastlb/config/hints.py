"""Words that are no directive: what was meant, and what is taken for it.

Mistakes of published tutorials whose meaning is plain are taken while lenient; for
every other unknown word there is a sentence that helps.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from fastlb.base.errors import Severity
from fastlb.config.lexer import Word
from fastlb.config.registry import Complaint, Directive, Registry

INVALID = (
    "Invalid command '{}', perhaps misspelled or defined by a module not included in"
    " the server configuration"
)
RECYCLED = (
    "it counts connections of a worker process of fastlb, and says nothing about"
    " members"
)


def unknown_word(
    registry: Registry, name: str, raw: str, is_section: bool
) -> Complaint:
    """Apache's sentence for a word that no declaration has, with why and cure."""
    why, cure = _hint(registry, name, raw, is_section)
    shown = f"<{name}" if is_section else name
    return Complaint(INVALID.format(shown), why, cure, "FB0105", word=-1)


# What nobody ends with a semicolon on purpose.
ENDS_WITH_ITS_LINE = (
    *("ServerName", "ServerAlias", "ServerAdmin", "ServerRoot", "DocumentRoot"),
    *("ErrorLog", "User", "Group", "PidFile", "ProxyPass", "ProxyPassReverse"),
    *("BalancerMember", "ProxySet", "SSLCertificateFile", "SSLCertificateKeyFile"),
    *("SSLCertificateChainFile", "Redirect", "Require"),
)


def semicolon_cure(words: Sequence[Word]) -> str:
    """What to do about `Listen 80;`, a habit of other servers; "" for other words."""
    if not words or words[-1].quoted or not words[-1].text.endswith(";"):
        return ""
    return "leave out the semicolon: a directive ends with its line"


def semicolon(words: Sequence[Word]) -> Complaint:
    """Where the last word is sound with it, and another than was meant."""
    return Complaint(
        f"the semicolon is part of the last word, {words[-1].text}",
        "",
        semicolon_cure(words),
        "FB0165",
        Severity.WARNING,
        len(words) - 1,
    )


def own_word(name: str) -> Complaint:
    """A directive that Apache does not have, under Compat apache."""
    why = "Apache 2.4 does not have it, and Compat apache knows Apache's alone"
    return Complaint(INVALID.format(name), why, "delete the line", "FB0105", word=-1)


def old_name(name: str, declared: Directive) -> Complaint:
    """A spelling of httpd 2.2 and before, which means the same."""
    return Complaint(
        f"{name} is the old name of {declared.name}",
        "",
        f"write {declared.name}",
        "FB0900",
        Severity.NOTE,
        -1,
        instead=declared.name,
    )


def taken_recycling(words: tuple[str, ...], in_proxy: bool) -> Complaint:
    """`MaxRequestPerChild n`, in tutorials even inside <Proxy>."""
    where = "outside <Proxy>, " if in_proxy else ""
    return Complaint(
        "MaxRequestPerChild is not a directive; taken as MaxConnectionsPerChild",
        f"Apache refuses it; {RECYCLED}",
        f"write MaxConnectionsPerChild {words[0]} {where}or delete it",
        "FB0120",
        Severity.WARNING,
        -1,
    )


def taken_for_server(name: str) -> Complaint:
    """MaxConnectionsPerChild, spelled well, inside <Proxy>."""
    return Complaint(
        f"{name} not allowed in <Proxy> context",
        f"taken for the whole server: {RECYCLED}",
        "move it outside every section, or delete it",
        "FB0122",
        Severity.WARNING,
        -1,
    )


def taken_sticky(name: str, pair: str) -> Complaint:
    """`Stickysession NAME` inside <Proxy>."""
    return Complaint(
        f"{name} is not a directive; taken as ProxySet {pair}",
        "Apache refuses it; stickysession is a key of the balancer",
        f"write ProxySet {pair}",
        "FB0121",
        Severity.WARNING,
        -1,
    )


def _hint(registry: Registry, name: str, raw: str, is_section: bool) -> tuple[str, str]:
    lowered = name.lower()
    if lowered == "maxrequestperchild":
        return RECYCLED, (
            "did you mean MaxConnectionsPerChild? It stands outside every section"
        )
    if lowered == "stickysession":
        return "", f"did you mean ProxySet stickysession={raw or 'NAME'}?"
    if name.startswith(("[", "```", "~~~")):
        return "it is markup of the page that this was copied from", "delete it"
    if name == "}" or name.endswith((";", "{")) or raw.endswith((";", "{")):
        return (
            "it looks like the language of another server",
            "write it as an Apache directive; see docs/directives.md",
        )
    if re.match(r"[a-z]+=", lowered):
        return "a key stands without its directive", f"write ProxySet {name}"
    best = registry.suggestion(name, is_section)
    if best is not None:
        return "", f"did you mean {best}?"
    return "", "" if is_section else "fastlb -L lists every directive"
