"""Who may: authz_core, authz_host, access_compat, authn_core, auth_basic and kin."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from fastlb.base.errors import Severity
from fastlb.config.checks import Choice, word_of
from fastlb.config.registry import (
    OWN,
    SV,
    Args,
    Complaint,
    D,
    Directive,
    Refused,
    S,
    Status,
)
from fastlb.config.suggest import nearest
from fastlb.facts.words import AuthMerging, AuthType

MODULE = "mod_authz_core.c"
COMPAT = "mod_access_compat.c"
AUTHN = "mod_authn_core.c"
ANON = "mod_authn_anon.c"
PROVIDERS = (
    *("all", "ip", "host", "forward-dns", "local", "env", "method", "expr"),
    *("user", "group", "dbm-group", "valid-user"),
    *("ldap-user", "ldap-group", "ldap-dn", "ldap-attribute", "ldap-filter"),
    "ldap-search",
)
UNSERVED = (
    *("dbm-file-group", "dbd-group", "dbd-login", "dbd-logout"),
    *("file-owner", "file-group"),
)


def _require(name: str, words: tuple[str, ...]) -> Complaint | None:
    """The provider's name; its arguments are the resolver's."""
    if not words:
        return Complaint("Require directive requires additional arguments", word=-1)
    index = 1 if words[0].lower() == "not" and len(words) > 1 else 0
    provider = words[index].lower()
    if provider in ("ssl", "ssl-verify-client"):
        return Complaint(
            f"Require {provider} is not supported",
            "ignoring it would open what it protects",
            "write SSLRequireSSL"
            if provider == "ssl"
            else "write SSLVerifyClient require in the <VirtualHost>",
            "FB0117",
            word=index,
        )
    if provider in ("host", "forward-dns") and any("%{" in word for word in words):
        return Complaint(
            f"Require {provider}: expressions are not supported",
            "the names that they stand for would never match",
            "write the names out",
            "FB0117",
            word=index,
        )
    if provider in UNSERVED:
        return Complaint(
            f"Require {words[index]} is not supported",
            "ignoring it would open what it protects",
            "keep users in the file of AuthUserFile, groups in that of AuthGroupFile",
            "FB0117",
            word=index,
        )
    return None  # another one may be an alias: the model knows


def unknown_provider(word: str) -> Complaint:
    """Of a Require that is no alias either."""
    best = nearest(word.lower(), PROVIDERS)
    return Complaint(
        f"Unknown Authz provider: {word}",
        "",
        f"did you mean Require {best}?" if best else "",
    )


def _order(name: str, words: tuple[str, ...]) -> Complaint | None:
    known = ("allow,deny", "deny,allow", "mutual-failure")
    if words[0].lower() in known:
        return None
    cure = "write the two words without a blank: Order deny,allow"
    return Complaint("unknown order", f"'{words[0]}' is none of them", cure)


def _from(name: str, words: tuple[str, ...]) -> Complaint | None:
    if words[0].lower() != "from":
        return Complaint(f"{name.lower()} and deny must be followed by 'from'")
    return None


@dataclass(frozen=True, slots=True)
class AuthTypes(Choice):
    """AuthType: what is not served is refused, since it protects. An expression is
    left to the model."""

    def read(self, name: str, words: tuple[str, ...]) -> Any:
        if "%{" in words[0]:
            return words[0]
        if words[0].lower() == "form":
            raise Refused(
                Complaint(
                    f"AuthType {words[0]} is not supported",
                    "ignoring it would open what it protects",
                    "write AuthType Basic, and let clients come over TLS",
                    "FB0117",
                )
            )
        return Choice.read(self, name, words)


def unserved_provider(name: str, words: tuple[str, ...]) -> Complaint | None:
    """Who knows users by Apache alone. Whether a name is an alias, the model knows."""
    for index, word in enumerate(words):
        if word.lower() in ("dbd", "fcgi"):
            return Complaint(
                f"{name} {word} is not supported",
                "ignoring it would let others in than it does",
                "keep users in the file of AuthUserFile"
                if name == "AuthnProviderAlias"
                else f"write {name} file",
                "FB0117",
                word=index,
            )
    return None


def _dbm_type(name: str, words: tuple[str, ...]) -> Complaint | None:
    """AuthDBMType, AuthzDBMType."""
    if words[0].lower() in ("sdbm", "default"):
        return None
    return Complaint(
        f"{name} {words[0]}: only SDBM files are read",
        "nobody in the file would be known",
        f"write {name} SDBM, and make the file anew with htdbm -cTSDBM",
        "FB0117",
        word=0,
    )


def _base_provider(name: str, words: tuple[str, ...]) -> Complaint | None:
    """<AuthnProviderAlias file name>, <AuthzProviderAlias group name words>."""
    if len(words) < 2 or not words[0] or not words[1]:
        return Complaint(f"<{name}> directive requires additional arguments")
    if name == "AuthnProviderAlias":
        return unserved_provider(name, words[:1])
    return _require(name, (words[0], *words[2:]))


def _field_names(name: str, words: tuple[str, ...]) -> Complaint | None:
    for index, word in enumerate(words):
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", word):
            return Complaint(f"{name}: '{word}' is no name of a field", word=index)
        if word.lower() in (
            "host",
            "connection",
            "content-length",
            "transfer-encoding",
        ):
            return Complaint(f"{name}: {word} is made anew for members", word=index)
    return None


def _methods(name: str, words: tuple[str, ...]) -> Complaint | None:
    if name.lower() == "limit" and "TRACE" in words:
        return Complaint("TRACE cannot be controlled by <Limit>, see TraceEnable")
    return None


DIRECTIVES = (
    Directive(
        "Require",
        D,
        "[not] all|ip|host|forward-dns|local|env|method|user|group|dbm-group|"
        "valid-user|expr|ldap-user|ldap-group|ldap-dn|ldap-attribute|ldap-filter ...",
        "who may use what the section covers",
        takes=Args.RAW,
        manual=(
            "Several of them are alternatives, unless <RequireAll> encloses them."
            " Without any Require everybody may. ip takes addresses, networks and"
            " beginnings of addresses; host looks names up in both directions. user and"
            " group take an expression's text as well, which is divided into names."
            " dbm-group asks the file of AuthDBMGroupFile for user:realm, then for"
            " user."
            " What begins with ldap- is asked of the directory of AuthLDAPURL."
        ),
        check=_require,
    ),
    *(
        Directive(
            name,
            D,
            "",
            help_text,
            takes=Args.RAW,
            is_section=True,
        )
        for name, help_text in (
            ("RequireAll", "all of what it encloses must allow"),
            ("RequireAny", "one of what it encloses must allow"),
            ("RequireNone", "none of what it encloses may allow"),
        )
    ),
    Directive(
        "AuthMerging",
        D,
        "Off|And|Or",
        "how Require of enclosing sections counts",
        default="Off",
        check=word_of(AuthMerging, "{name} must be one of: Off | And | Or"),
        sets="auth_merging",
    ),
    Directive(
        "AuthzSendForbiddenOnFailure",
        D,
        "On|Off",
        "whether 403 is sent where 401 would be",
        manual="To a user who is known, and whom Require does not name.",
        default="Off",
        sets="forbidden_on_failure",
    ),
    *(
        Directive(
            name,
            D,
            "method [method] ...",
            "access rules for some request methods",
            takes=Args.SECTION,
            manual=(
                "What is within it is said for these methods (<LimitExcept>: for all"
                " others) alone: other methods pass, unless something else refuses"
                " them. <LimitExcept> without a word for the rest is rarely what is"
                " meant."
            ),
            check=_methods,
            is_section=True,
        )
        for name in ("Limit", "LimitExcept")
    ),
    *(
        Directive(
            name,
            D,
            syntax,
            help_text,
            module=COMPAT,
            manual="The language of Apache 2.2, kept for old files; Require is better.",
            reason=(
                "the access language of Apache 2.2; it is served, and mixing it with"
                " Require is confusing"
            ),
            cure=cure,
            check=check,
            on_use=Severity.WARNING,
        )
        for name, syntax, help_text, cure, check in (
            (
                "Order",
                "allow,deny|deny,allow",
                "which of Allow and Deny wins",
                "write Require all granted or Require all denied",
                _order,
            ),
            (
                "Allow",
                "from all|host|env=VAR ...",
                "who may",
                "write Require ip, Require host or Require all granted",
                _from,
            ),
            (
                "Deny",
                "from all|host|env=VAR ...",
                "who may not",
                "write Require not ip inside <RequireAll>",
                _from,
            ),
            (
                "Satisfy",
                "All|Any",
                "whether address and password must both allow",
                "write <RequireAll> or <RequireAny>",
                Choice(("All", "Any"), "Satisfy either 'any' or 'all'."),
            ),
        )
    ),
    Directive(
        "AuthType",
        D,
        "None|Basic|Digest",
        "how a client says who it is",
        module=AUTHN,
        manual=(
            "Basic: name and password with each request, so over TLS only. Digest: a"
            " proof that the client knows the password, by MD5, from files as htdigest"
            " writes them, user:realm:hash. None: nobody is asked, though a section"
            " around it says so. With an AuthType but no Require every request is"
            ' answered with 500, as by Apache. "%{...}" is an expression\'s text, which'
            " says one of them."
        ),
        check=AuthTypes(tuple(word.value for word in AuthType), values=tuple(AuthType)),
        sets="auth_type",
    ),
    Directive(
        "AuthnProviderAlias",
        S,
        "file|anon|dbm|ldap alias",
        "another name for who knows the users, with settings of its own",
        takes=Args.SECTION,
        module=AUTHN,
        manual=(
            "What it holds (AuthUserFile, Anonymous, AuthLDAPURL and their like) goes"
            " before what the section says in which AuthBasicProvider or"
            " AuthDigestProvider names the alias. So several files or directories are"
            " asked one after the other. It stands before the lines that name it."
        ),
        check=_base_provider,
        is_section=True,
    ),
    Directive(
        "AuthzProviderAlias",
        S,
        'provider alias ["words"]',
        "another name for a Require, with settings of its own",
        takes=Args.SECTION,
        manual=(
            "Require alias is Require provider words, with the AuthGroupFile or"
            " AuthLDAPURL that stands in it. Several words are one, between quotes."
        ),
        check=_base_provider,
        is_section=True,
    ),
    Directive(
        "AuthName",
        D,
        "realm",
        "what a browser shows when it asks for a password",
        module=AUTHN,
        manual='"%{...}" is an expression\'s text.',
    ),
    Directive(
        "AuthUserFile",
        D,
        "file",
        "users and their passwords, as htpasswd writes them",
        module="mod_authn_file.c",
        manual=(
            "bcrypt, SHA-256 and SHA-512 crypt, apr1-MD5, SHA1 and what crypt(3) knows."
            " A changed file holds for the next request. Workers read it: User must be"
            " allowed to."
        ),
    ),
    Directive(
        "AuthGroupFile",
        D,
        "file",
        "groups for Require group, each with its users",
        module="mod_authz_groupfile.c",
    ),
    Directive(
        "AuthDBMUserFile",
        D,
        "file",
        "users and their passwords, as htdbm -TSDBM writes them",
        module="mod_authn_dbm.c",
        manual=(
            "For AuthBasicProvider dbm, and for AuthDigestProvider dbm, which looks for"
            " user:realm. The name stands without the .pag and .dir of the two files."
        ),
    ),
    Directive(
        "AuthDBMGroupFile",
        D,
        "file",
        "groups for Require dbm-group: each user with the groups, between commas",
        module="mod_authz_dbm.c",
        manual=(
            "What stands before a first colon is no group: the file of AuthDBMUserFile"
            " may hold both, hash:group,group."
        ),
    ),
    *(
        Directive(
            name,
            D,
            "SDBM",
            f"what kind of file {whose} names",
            module=f"mod_{module}.c",
            status=Status.EXPLAINED,
            silent=True,
            shown_default="SDBM",
            check=_dbm_type,
            reason="SDBM files alone are read",
            differs=(
                "SDBM alone is read, and default means it; Apache's default is what its"
                " library was built with: Berkeley DB in Debian."
            ),
        )
        for name, whose, module in (
            ("AuthDBMType", "AuthDBMUserFile", "authn_dbm"),
            ("AuthzDBMType", "AuthDBMGroupFile", "authz_dbm"),
        )
    ),
    Directive(
        "AuthBasicProvider",
        D,
        "file|anon|dbm|ldap|socache|alias ...",
        "who knows the users, in the order to ask",
        module="mod_auth_basic.c",
        shown_default="file",
        manual="<AuthnProviderAlias> makes an alias.",
        check=unserved_provider,
    ),
    Directive(
        "AuthBasicAuthoritative",
        D,
        "On|Off",
        "whether a user whom nobody knows is refused",
        module="mod_auth_basic.c",
        manual="Off: with 500, since there is no other module that might know him.",
        default="On",
        sets="auth_basic_authoritative",
    ),
    Directive(
        "AuthBasicFake",
        D,
        "off|user [password]",
        "name and password that members get in place of the client's",
        module="mod_auth_basic.c",
        manual=(
            'Without a password the word password is one. "%{...}" is an expression\'s'
            " text; where it says nothing, members get neither name nor password."
        ),
        takes=Args.ONE_TWO,
    ),
    Directive(
        "Anonymous",
        D,
        "user ...",
        "names that need no password, with AuthBasicProvider anon; * is any",
        module=ANON,
    ),
    *(
        Directive(
            f"Anonymous_{name}",
            D,
            "On|Off",
            help_text,
            module=ANON,
            default=default,
        )
        for name, help_text, default in (
            ("MustGiveEmail", "whether they must give one at all", "On"),
            ("NoUserID", "whether the name may be empty", "Off"),
            ("VerifyEmail", "whether their password must hold @ and a dot", "Off"),
        )
    ),
    Directive(
        "Anonymous_LogEmail",
        D,
        "On|Off",
        "whether what they give is logged",
        module=ANON,
        status=Status.EXPLAINED,
        reason="what guests give as their password is never logged",
    ),
    Directive(
        "AllowMethods",
        D,
        "reset|method [method] ...",
        "the methods that may be used at all; others are answered with 405",
        module="mod_allowmethods.c",
        takes=Args.LIST,
    ),
    *(
        Directive(
            name,
            contexts,
            syntax,
            "a cache of what is known of users",
            module="mod_authn_socache.c",
            status=Status.EXPLAINED,
            reason=(
                "passwords that were right are known anyway, as long as their file is"
                " what it is"
            ),
        )
        for name, contexts, syntax in (
            ("AuthnCacheSOCache", SV, "provider[:arguments]"),
            ("AuthnCacheEnable", SV, ""),
            ("AuthnCacheProvideFor", D, "provider ..."),
            ("AuthnCacheTimeout", D, "seconds"),
            ("AuthnCacheContext", D, "directory|server|word"),
        )
    ),
    Directive(
        "AuthRequest",
        D,
        "off|URL|/path",
        "who is asked about each request, before a member is",
        module=OWN,
        takes=Args.ONE,
        manual=(
            "URL is http://, https:// (with SSLProxy* as for any member),"
            " unix:/socket|http:// or balancer://name/path; /path is asked of the"
            " member to which a ProxyPass sends it, past what Require says of it. It"
            " gets a GET with the fields of the request, without its body, without"
            " Range and If-*, and X-Original-URL, X-Original-URI, X-Original-Method,"
            " X-Forwarded-Method, -Proto, -Host, -Uri and -For."
            " 2xx lets the request through. 401, 403 and 3xx but 304 are the client's"
            " answer, with their fields and their body; an ErrorDocument for the"
            " status, ProxyErrorOverride or AuthRequestSignIn puts something else in"
            " the place of the body. 503: it cannot be reached; 502: it broke off, took"
            " too long or sent what is no answer; 500: it answered something else."
            " What Require and Order say must hold as well, and is looked at first;"
            " Satisfy does not reach it. It is one of the members: its connections are"
            " kept and counted, and time-outs, retries and failures are those of a"
            " member."
        ),
        differs="Apache has no such directive; under Compat apache it is refused.",
    ),
    Directive(
        "AuthRequestCookies",
        D,
        "On|Off",
        "whether Set-Cookie of an answer that lets in goes to the client",
        module=OWN,
        default="Off",
        sets="auth_request_cookies",
        differs="Apache has no such directive; under Compat apache it is refused.",
    ),
    Directive(
        "AuthRequestHeader",
        D,
        "name ...",
        "fields of its answer that members get, and never from a client",
        module=OWN,
        differs="Apache has no such directive; under Compat apache it is refused.",
        check=_field_names,
    ),
    Directive(
        "AuthRequestSignIn",
        D,
        "none|URL",
        "where a client is sent that was answered 401",
        module=OWN,
        takes=Args.ONE,
        manual=(
            "An expression, as Redirect has it: /sign-in?rd=%{escape:%{REQUEST_URI}}."
            " The answer is 302, with the Set-Cookie fields of the 401."
        ),
        differs="Apache has no such directive; under Compat apache it is refused.",
    ),
)
