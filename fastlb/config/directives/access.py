"""Who may: authz_core, authz_host, access_compat, and what is refused: passwords."""

from __future__ import annotations

from fastlb.base.errors import Severity
from fastlb.config.checks import Choice, word_of
from fastlb.config.registry import Args, Complaint, D, Directive, Status
from fastlb.config.suggest import nearest
from fastlb.facts.words import AuthMerging

MODULE = "mod_authz_core.c"
COMPAT = "mod_access_compat.c"
AUTHN = "mod_authn_core.c"
PROVIDERS = ("all", "ip", "host", "forward-dns", "local", "env", "method", "expr")
_PASSWORDS = (
    "passwords are not supported, and ignoring this would open what it protects"
)


def _require(name: str, words: tuple[str, ...]) -> Complaint | None:
    """The provider's name; its arguments are the resolver's."""
    if not words:
        return Complaint("Require directive requires additional arguments", word=-1)
    index = 1 if words[0].lower() == "not" and len(words) > 1 else 0
    provider = words[index].lower()
    if provider in ("user", "group", "valid-user"):
        return Complaint(
            f"Require {provider}: passwords are not supported",
            "ignoring it would open what it protects",
            "use Require ip or Require env, or let a server in front ask for them",
            "FB0117",
            word=index,
        )
    if provider == "expr":
        return Complaint(
            "Require expr: expressions are not supported",
            "",
            "use Require env together with SetEnvIf",
            "FB0117",
            word=index,
        )
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
    if provider not in PROVIDERS:
        best = nearest(provider, PROVIDERS)
        cure = f"did you mean Require {best}?" if best else ""
        return Complaint(
            f"Unknown Authz provider: {words[index]}", "", cure, word=index
        )
    return None


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


DIRECTIVES = (
    Directive(
        "Require",
        D,
        "[not] all|ip|host|forward-dns|local|env|method argument ...",
        "who may use what the section covers",
        takes=Args.RAW,
        manual=(
            "Several of them are alternatives, unless <RequireAll> encloses them."
            " Without any Require everybody may. ip takes addresses, networks and"
            " beginnings of addresses; host looks names up in both directions."
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
        status=Status.EXPLAINED,
        reason="there are no passwords, so 403 is always sent",
    ),
    *(
        Directive(
            name,
            D,
            "method [method] ...",
            "access rules for some request methods",
            takes=Args.SECTION,
            status=Status.UNSUPPORTED,
            is_section=True,
            reason="access rules by method are not supported in this form",
            cure="use Require method inside <RequireAll>",
            on_use=Severity.ERROR,
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
    *(
        Directive(
            name,
            D,
            syntax,
            "protection by password",
            module=module,
            status=Status.UNSUPPORTED,
            reason=_PASSWORDS,
            cure="use Require ip, or let a server in front ask for passwords",
            on_use=Severity.ERROR,
        )
        for name, module, syntax in (
            ("AuthType", AUTHN, "None|Basic|Digest|Form"),
            ("AuthName", AUTHN, "realm"),
            ("AuthUserFile", "mod_authn_file.c", "file"),
            ("AuthGroupFile", "mod_authz_groupfile.c", "file"),
            ("AuthBasicProvider", "mod_auth_basic.c", "provider ..."),
            ("AuthBasicAuthoritative", "mod_auth_basic.c", "On|Off"),
            ("AuthBasicFake", "mod_auth_basic.c", "user [password]"),
            ("AuthDigestProvider", "mod_auth_digest.c", "provider ..."),
            ("AuthLDAPURL", "mod_authnz_ldap.c", "URL [mode]"),
        )
    ),
)
