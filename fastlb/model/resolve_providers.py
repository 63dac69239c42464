"""Who knows the users: AuthBasicProvider, AuthDigestProvider, and other names for that.

<AuthnProviderAlias> and <AuthzProviderAlias> hold settings that go before those of the
section in which the alias is named. Source: mod_authn_core, mod_authz_core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from fastlb.config.directives.access import PROVIDERS
from fastlb.config.directives.auth_digest import no_digests
from fastlb.config.lexer import split_words
from fastlb.config.tree import Node
from fastlb.facts.dbm import DbmFile
from fastlb.facts.ldap import Ldap
from fastlb.facts.rules import (
    AccessOp,
    AccessRule,
    AliasedProvider,
    Digest,
    Provider,
)
from fastlb.facts.vhost import DirConf, SectionKind
from fastlb.facts.words import AuthProvider
from fastlb.model.drafts import ConfDraft, Drafts, Handler, Place, SectionDraft
from fastlb.model.report import Mistake
from fastlb.model.resolve_access import require_of
from fastlb.model.resolve_ldap import with_server

ALIASES: Final = ("authnprovideralias", "authzprovideralias")
PROVIDERS_MAX: Final = 16  # that one line names; PROVIDERS_MAX of the core
_SOURCES: Final = (
    *("authuserfile", "authgroupfile", "anonymous", "authldap"),
    *("authdbm", "authzdbm"),
)
_DIGESTS: Final = (AuthProvider.FILE, AuthProvider.DBM)
Walk = Callable[[Drafts, Place, tuple[Node, ...]], None]


def alias(run: Drafts, place: Place, node: Node, walk: Walk) -> None:
    """<AuthnProviderAlias>, <AuthzProviderAlias>; walk reads what they enclose."""
    base, name, *words = node.args
    draft = ConfDraft()
    section = SectionDraft(SectionKind.LOCATION, "", False, False, draft, node)
    children = tuple(_sources(run, node))
    walk(run, replace(place, draft=draft, section=section), children)
    is_authn = node.name.lower() == "authnprovideralias"
    if is_authn and base.lower() == name.lower():
        raise Mistake(
            "FB0371",
            "The alias provider name must be different from the base provider name.",
            word=name,
        )
    taken = {one.value for one in AuthProvider} if is_authn else set(PROVIDERS)
    if name in taken or name in (run.authn_aliases if is_authn else run.authz_aliases):
        raise Mistake(
            "FB0371",
            f"The alias provider {name} has already be registered previously as either"
            " a base provider or an alias provider.",
            word=name,
        )
    if is_authn:
        run.authn_aliases[name] = _authn(base, name, draft.conf)
    else:
        run.authz_aliases[name] = _authz(run, node, draft.conf, words)


def _sources(run: Drafts, node: Node) -> Iterator[Node]:
    """The lines that say something of a provider; httpd takes any, and obeys none."""
    for child in node.children:
        if child.name.lower().startswith(_SOURCES):
            yield child
        else:
            run.report.warn(
                child, "FB0370", f"{child.name} has no effect within <{node.name}>"
            )


def _authn(base: str, name: str, conf: DirConf) -> AliasedProvider:
    kind = _provider(base)
    file: str | DbmFile | None = None
    if kind is AuthProvider.FILE:
        file = conf.auth_user_file
    elif kind is AuthProvider.DBM:
        file = conf.auth_dbm_user_file
    return AliasedProvider(
        name,
        kind,
        file,
        conf.anonymous if kind is AuthProvider.ANON else None,
        conf.auth_ldap if kind is AuthProvider.LDAP else None,
    )


def _authz(run: Drafts, node: Node, conf: DirConf, words: list[str]) -> AccessRule:
    base, name = node.args[:2]
    if len(words) > 1:
        run.report.warn(
            node,
            "FB0370",
            "AH10142: When several arguments are passed to a <AuthzProviderAlias>"
            " directive, they must be enclosed in quotation marks.  Otherwise, only the"
            " first one is taken into account",
            word=words[1],
        )
    if base.lower() not in PROVIDERS:
        text = f"Unknown Authz provider: {base}"
        raise Mistake("FB0107", text, word=base)
    text = words[0] if words else ""
    split = tuple(word.text for word in split_words(text))
    said = replace(
        node, name="Require", args=(base, *split), raw=f"{base} {text}", children=()
    )
    rule = require_of(run, said)
    source: str | DbmFile | Ldap | None = None
    if rule.op is AccessOp.GROUP:
        source = conf.auth_group_file
    elif rule.op is AccessOp.DBM_GROUP:
        source = conf.auth_dbm_group_file
    elif rule.op.value.startswith("ldap-"):
        source = conf.auth_ldap
    return replace(rule, alias=name, source=source)


def _provider(word: str) -> AuthProvider:
    for one in AuthProvider:
        if one.value == word.lower():
            return one
    raise Mistake("FB0107", f"Unknown Authn provider: {word}", word=word)


def _providers(
    run: Drafts, node: Node, said: tuple[Provider, ...]
) -> tuple[Provider, ...]:
    """Those of a line behind what others of the section have said.

    Who is asked twice says the same, and is asked once.
    """
    found = list(said)
    for word in node.args:
        if word.lower() == "socache":
            continue  # it only remembers what others say, and so does the core
        one = run.authn_aliases.get(word)
        found.append(one if one is not None else _provider(word))
    known = tuple(dict.fromkeys(found))
    if len(known) > PROVIDERS_MAX:
        raise Mistake("FB0107", f"{node.name} names more than {PROVIDERS_MAX}")
    return known


def basic(run: Drafts, place: Place, node: Node) -> None:
    """`AuthBasicProvider`: more lines of a section are one list."""
    said = place.draft.conf.auth_basic_providers or ()
    place.draft.say(auth_basic_providers=_providers(run, node, said))


def digest(run: Drafts, place: Place, node: Node) -> None:
    """`AuthDigestProvider`, of those that keep hashes."""
    said = place.draft.conf.auth_digest or Digest()
    providers = _providers(run, node, said.providers)
    for one in providers:
        kind = one.kind if isinstance(one, AliasedProvider) else one
        if kind not in _DIGESTS:
            name = one.name if isinstance(one, AliasedProvider) else one.value
            raise Mistake("FB0107", no_digests(name).text, word=name)
    place.draft.say(auth_digest=replace(said, providers=providers))


# What the server says of directories may stand behind it ----------------------------


def providers_with_server(
    run: Drafts, providers: tuple[Provider, ...] | None
) -> tuple[Provider, ...] | None:
    if providers is None:
        return None
    return tuple(
        replace(one, ldap=with_server(run, one.ldap))
        if isinstance(one, AliasedProvider)
        else one
        for one in providers
    )


def rule_with_server(run: Drafts, rule: AccessRule | None) -> AccessRule | None:
    if rule is None or not run.authz_aliases:
        return rule
    return _rule_with_server(run, rule)


def _rule_with_server(run: Drafts, rule: AccessRule) -> AccessRule:
    if isinstance(rule.source, Ldap):
        rule = replace(rule, source=with_server(run, rule.source))
    return replace(
        rule, rules=tuple(_rule_with_server(run, inner) for inner in rule.rules)
    )


HANDLERS: Final[dict[str, Handler]] = {
    "authbasicprovider": basic,
    "authdigestprovider": digest,
}
