"""Users and groups of a directory: mod_authnz_ldap, and what mod_ldap says of it."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import unquote

from fastlb.config.checks import Choice, Integer
from fastlb.config.registry import (
    SV,
    Args,
    Check,
    Complaint,
    D,
    Directive,
    Reader,
    Refused,
    S,
    Status,
)
from fastlb.facts.ldap import LdapMode

MODULE = "mod_authnz_ldap.c"
SERVER = "util_ldap.c"
SECONDS_MAX: Final = 3600
PORTS: Final = {"ldap": 389, "ldaps": 636}
DEREFERENCES: Final = ("never", "searching", "finding", "always")
_URL: Final = re.compile(r"(ldaps?)://([^/]*)(?:/(.*))?", re.IGNORECASE | re.DOTALL)
_HOST: Final = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]/?@]+)(?::(\d{1,5}))?")
_ATTRIBUTE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9.;-]*")
_MODES: Final = {
    "none": LdapMode.PLAIN,
    "ssl": LdapMode.TLS,
    "tls": LdapMode.STARTTLS,
    "starttls": LdapMode.STARTTLS,
}


class Url(Reader):
    """`ldap://host:port/base?attributes?scope?filter [mode]` (RFC 4516) as fields."""

    __slots__ = ()

    def read(self, name: str, words: tuple[str, ...]) -> dict[str, Any]:
        found = _URL.fullmatch(words[0])
        if found is None:
            raise _wrong("Bad LDAP URL: it does not begin with ldap:// or ldaps://")
        scheme = found[1].lower()
        base, attributes, scope, text, *more = [
            unquote(part, encoding="utf-8", errors="surrogateescape")
            for part in ((found[3] or "").split("?") + [""] * 4)
        ]
        if any(more):
            raise _wrong("Bad LDAP URL: extensions are not supported")
        attribute = attributes.partition(",")[0] or "uid"
        if not all(map(_ATTRIBUTE.fullmatch, (attributes or "uid").split(","))):
            raise _wrong(f"Bad LDAP URL: '{attributes}' are no names of attributes")
        if scope.lower() not in ("", "base", "one", "sub"):
            raise _wrong("Bad LDAP URL: its scope is none of base, one and sub")
        if text.startswith("(") and text.endswith(")"):
            text = text[1:-1]
        mode = None
        if len(words) > 1:
            mode = _MODES.get(words[1].lower())
            if mode is None:
                raise _wrong(
                    "Invalid LDAP connection mode setting: must be one of NONE, SSL,"
                    " or TLS/STARTTLS",
                    1,
                )
        return {
            "hosts": _hosts(found[2], PORTS[scheme]),
            "mode": LdapMode.TLS if scheme == "ldaps" else mode,
            "base": base,
            "attribute": attribute,
            "attributes": tuple(attributes.split(",")) if "," in attributes else (),
            "subtree": scope.lower() != "one",
            "filter": text or "objectclass=*",
        }


def _hosts(text: str, usual: int) -> tuple[tuple[str, int], ...]:
    """Whoever has no port of his own has the last one that is written."""
    found: list[tuple[str, int]] = []
    for word in unquote(text).split() or ["localhost"]:
        one = _HOST.fullmatch(word)
        if one is None or not 0 < int(one[2] or 1) < 65536:
            raise _wrong(f"Bad LDAP URL: '{word}' is no host with its port")
        found.append((one[1].strip("[]"), int(one[2] or 0)))
    written = next((port for _, port in reversed(found) if port), usual)
    return tuple((host, port or written) for host, port in found)


def _wrong(text: str, word: int = 0) -> Refused:
    return Refused(Complaint(text, "", "write ldap://host/base?attribute", word=word))


def _client_cert(name: str, words: tuple[str, ...]) -> Complaint | None:
    kinds = ("CERT_BASE64", "CERT_DER", "KEY_BASE64", "KEY_DER")
    if words[0].upper() not in kinds:
        return Complaint(
            f"{name} {words[0]} is not supported",
            "the directory would refuse us",
            f"write {name} CERT_BASE64 and KEY_BASE64, each with its file",
            "FB0117",
        )
    if len(words) > 2:
        return Complaint(
            f"{name}: a key with a password is not supported",
            "the directory would refuse us",
            "take the password off: openssl pkey -in KEY -out PLAIN",
            "FB0117",
            word=2,
        )
    return None


def _global_cert(name: str, words: tuple[str, ...]) -> Complaint | None:
    if words[0].upper() not in ("CA_BASE64", "CA_DER"):
        return Complaint(
            f"{name} {words[0]} is not supported",
            "the directory's certificate would not be believed",
            f"write {name} CA_BASE64 /path/to/authorities.pem",
            "FB0117",
        )
    return None


URL: Final = Url()
MODE: Final = Choice(tuple(_MODES), "", tuple(_MODES.values()))
DEREFERENCE: Final = Choice(
    DEREFERENCES,
    "Unrecognized value for AuthLDAPDereferenceAliases directive",
)
DEPTH: Final = Integer(0, 100, "{name} takes a number from 0 to 100")
SECONDS: Final = Integer(1, SECONDS_MAX, "{name} takes 1 to 3600 seconds")
COUNT: Final = Integer(0, 2**31 - 1, "{name} takes a number")
_COMPLETE = "The section's AuthLDAP lines hold as a whole, as by Apache."


def _section(
    name: str,
    syntax: str,
    help_text: str,
    default: str = "",
    check: Check | None = None,
    *,
    manual: str = "",
    takes: Args | None = None,
) -> Directive:
    return Directive(
        name,
        D,
        syntax,
        help_text,
        module=MODULE,
        shown_default=default,
        check=check,
        manual=manual,
        takes=takes,
    )


def _server(
    name: str, syntax: str, help_text: str, default: str, check: Check | None
) -> Directive:
    return Directive(
        name, S, syntax, help_text, module=SERVER, shown_default=default, check=check
    )


DIRECTIVES = (
    _section(
        "AuthLDAPURL",
        "URL [NONE|SSL|TLS|STARTTLS]",
        "the directory that knows the users, and how it is searched",
        check=URL,
        takes=Args.ONE_TWO,
        manual=(
            "ldap://host:port/base?attribute?sub|one?(filter), or ldaps://. Several"
            " hosts, with blanks between them and quotes around the whole, are tried in"
            " turn. Exactly one entry must have the user's name in its attribute; the"
            " password is right if the directory lets him bind with it, and an empty"
            " one never is. Needs ldap3: pip install 'fastlb[ldap]'. What was found"
            " holds for five minutes; a directory that cannot be asked makes 500. "
            + _COMPLETE
        ),
    ),
    _section("AuthLDAPBindDN", "DN", "as whom the directory is searched"),
    _section(
        "AuthLDAPBindPassword",
        "password|exec:program",
        "the password for that",
        manual=(
            "exec: what the program prints as its first line, when the configuration is"
            " read."
        ),
    ),
    _section(
        "AuthLDAPBindAuthoritative",
        "On|Off",
        "whether a user with a wrong password is refused, and nobody else asked",
        "On",
    ),
    _section(
        "AuthLDAPGroupAttribute",
        "attribute",
        "where a group has its members; more lines, more attributes",
        "member uniqueMember",
    ),
    _section(
        "AuthLDAPGroupAttributeIsDN",
        "On|Off",
        "whether that is the name of the user's entry, or what he calls himself",
        "On",
    ),
    _section(
        "AuthLDAPSubGroupAttribute",
        "attribute",
        "where a group has groups that are in it",
        "member uniqueMember",
    ),
    _section(
        "AuthLDAPSubGroupClass",
        "class",
        "what such a group is",
        "groupOfNames groupOfUniqueNames",
    ),
    _section(
        "AuthLDAPMaxSubGroupDepth",
        "number",
        "how deep groups may be in groups",
        "10",
        DEPTH,
    ),
    _section(
        "AuthLDAPCompareDNOnServer",
        "On|Off",
        "whether the directory says if two names are of one entry",
        "On",
    ),
    _section(
        "AuthLDAPDereferenceAliases",
        "never|searching|finding|always",
        "when aliases are followed",
        "always",
        DEREFERENCE,
    ),
    *(
        _section(name, "On|Off", help_text, "Off", manual=manual)
        for name, help_text, manual in (
            (
                "AuthLDAPRemoteUserIsDN",
                "whether a user is called by the name of his entry",
                "From then on: for members, logs and Require user.",
            ),
            (
                "AuthLDAPInitialBindAsUser",
                "whether he himself searches for his entry",
                "Bound by the name that he gives, or by AuthLDAPInitialBindPattern.",
            ),
            (
                "AuthLDAPSearchAsUser",
                "whether he himself searches, for Require ldap-dn, filter and search",
                "For ldap-group together with AuthLDAPCompareAsUser.",
            ),
            (
                "AuthLDAPCompareAsUser",
                "whether he himself compares, for Require ldap-user and ldap-attribute",
                "For ldap-group together with AuthLDAPSearchAsUser.",
            ),
        )
    ),
    _section(
        "AuthLDAPRemoteUserAttribute",
        "attribute",
        "what a user is called from then on",
        manual="One of those that AuthLDAPURL names; goes before RemoteUserIsDN.",
    ),
    _section(
        "AuthLDAPInitialBindPattern",
        "regex substitution",
        "as whom a user searches for his entry",
        "(.*) $1",
    ),
    _section(
        "AuthLDAPAuthorizePrefix",
        "prefix",
        "how variables begin that tell of a user whom Require ldap-... lets in",
        "AUTHORIZE_",
    ),
    Directive(
        "AuthLDAPCharsetConfig",
        S,
        "file",
        "which client writes in which letters",
        module=MODULE,
        status=Status.EXPLAINED,
        reason="names and passwords go to the directory as they come: in UTF-8",
    ),
    _server(
        "LDAPTrustedMode",
        "NONE|SSL|TLS|STARTTLS",
        "how directories are spoken to whose AuthLDAPURL does not say it",
        "NONE",
        MODE,
    ),
    Directive(
        "LDAPTrustedGlobalCert",
        S,
        "CA_BASE64|CA_DER file",
        "who signs certificates of directories",
        module=SERVER,
        shown_default="whom the system trusts",
        check=_global_cert,
    ),
    _server(
        "LDAPVerifyServerCert",
        "On|Off",
        "whether the certificate of a directory must be right",
        "On",
        None,
    ),
    _server(
        "LDAPConnectionTimeout",
        "seconds",
        "how long a connection to one host may take",
        "10",
        SECONDS,
    ),
    _server("LDAPTimeout", "seconds", "how long an answer may take", "60", SECONDS),
    *(
        _server(name, f"{unit}", help_text, default, COUNT)
        for name, unit, help_text, default in (
            (
                "LDAPCacheTTL",
                "seconds",
                "below 300 nothing that was found is kept; else it is for 300",
                "600",
            ),
            ("LDAPCacheEntries", "number", "0: nothing that was found is kept", "1024"),
            ("LDAPOpCacheTTL", "seconds", "as LDAPCacheTTL", "600"),
            ("LDAPOpCacheEntries", "number", "as LDAPCacheEntries", "1024"),
        )
    ),
    Directive(
        "LDAPTrustedClientCert",
        S | D,
        "CERT_BASE64|CERT_DER|KEY_BASE64|KEY_DER file",
        "how a directory knows us",
        module=SERVER,
        takes=Args.TWO_THREE,
        manual=(
            "The certificate and its key, a line each; of a section both, or those of"
            " the server."
        ),
        check=_client_cert,
    ),
    *(
        Directive(
            name,
            SV,
            syntax,
            help_text,
            module=SERVER,
            status=Status.EXPLAINED,
            reason=reason,
        )
        for name, syntax, help_text, reason in (
            (
                "LDAPReferrals",
                "On|Off|default",
                "whether directories may send to others",
                "nobody is followed: a password goes nowhere but where it is meant to",
            ),
            (
                "LDAPReferralHopLimit",
                "number",
                "how often they may",
                "nobody is followed",
            ),
            (
                "LDAPConnectionPoolTTL",
                "seconds",
                "how long a connection is kept",
                "one connection of each thread is kept for as long as it lives",
            ),
            (
                "LDAPRetries",
                "number",
                "how often a lost connection is made anew",
                "once, at each host",
            ),
            (
                "LDAPRetryDelay",
                "seconds",
                "how long before that",
                "at once",
            ),
            (
                "LDAPSharedCacheSize",
                "bytes",
                "memory of a cache",
                "what was found is kept where verdicts over passwords are",
            ),
        )
    ),
)
