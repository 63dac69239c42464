"""AuthBasicProvider, AuthDigestProvider, and aliases of who knows."""

from __future__ import annotations

from rows import rows
from trees import errors, model_of, warnings

from fastlb.facts.ldap import Ldap
from fastlb.facts.rules import AccessOp, AliasedProvider
from fastlb.facts.words import AuthProvider

LISTEN = "Listen 80\n"
FIRST = "<AuthnProviderAlias file first>\nAuthUserFile /a\n</AuthnProviderAlias>\n"


def section(*lines: str) -> str:
    return "<Location />\n" + "\n".join(lines) + "\n</Location>\n"


@rows(
    ("text", "sentence"),
    [
        (section("Require foo"), "Unknown Authz provider: foo"),
        (section("Require First"), "Unknown Authz provider: First"),
        (
            section("<RequireAll>", "Require not iq 1.2.3.4", "</RequireAll>"),
            "Unknown Authz provider: iq",
        ),
        (section("AuthBasicProvider first"), "Unknown Authn provider: first"),
        (
            section("AuthBasicProvider first") + FIRST,
            "Unknown Authn provider: first",
        ),
        (FIRST + section("AuthBasicProvider FIRST"), "Unknown Authn provider: FIRST"),
        (
            "<AuthnProviderAlias nix a>\n</AuthnProviderAlias>\n",
            "Unknown Authn provider: nix",
        ),
        (
            FIRST + "<AuthnProviderAlias first b>\n</AuthnProviderAlias>\n",
            "Unknown Authn provider: first",
        ),
        (
            "<AuthnProviderAlias file>\n</AuthnProviderAlias>\n",
            "<AuthnProviderAlias> directive requires additional arguments",
        ),
        (
            "<AuthnProviderAlias file file>\n</AuthnProviderAlias>\n",
            "The alias provider name must be different from the base provider name.",
        ),
        (
            "<AuthnProviderAlias file File>\n</AuthnProviderAlias>\n",
            "The alias provider name must be different from the base provider name.",
        ),
        (
            "<AuthnProviderAlias file ldap>\n</AuthnProviderAlias>\n",
            "The alias provider ldap has already be registered previously as either a"
            " base provider or an alias provider.",
        ),
        (
            FIRST + FIRST,
            "The alias provider first has already be registered previously as either a"
            " base provider or an alias provider.",
        ),
        (
            "<AuthzProviderAlias user group x>\n</AuthzProviderAlias>\n",
            "The alias provider group has already be registered previously as either a"
            " base provider or an alias provider.",
        ),
        (
            "<AuthzProviderAlias not a b>\n</AuthzProviderAlias>\n",
            "Unknown Authz provider: not",
        ),
        (
            "<AuthzProviderAlias ip a>\n</AuthzProviderAlias>\n",
            "'require ip' requires an argument",
        ),
        (
            "<AuthzProviderAlias dbd-group a b>\n</AuthzProviderAlias>\n",
            "Require dbd-group is not supported",
        ),
        (
            "<AuthnProviderAlias dbd a>\n</AuthnProviderAlias>\n",
            "AuthnProviderAlias dbd is not supported",
        ),
        (
            f"<VirtualHost *>\n{FIRST}</VirtualHost>\n",
            "<AuthnProviderAlias> cannot occur within <VirtualHost> section",
        ),
        (
            f"<Location />\n{FIRST}</Location>\n",
            "<AuthnProviderAlias not allowed in <Location> context",
        ),
        (
            "<AuthnProviderAlias anon a>\n</AuthnProviderAlias>\n"
            + section("AuthDigestProvider a"),
            "The 'a' Authn provider doesn't support Digest Authentication",
        ),
        (
            section("AuthDigestProvider foo"),
            "Unknown Authn provider: foo",
        ),
    ],
)
def test_mistakes_are_told_in_apaches_words(text: str, sentence: str) -> None:
    assert [found.partition(": ")[2] for found in errors(LISTEN + text)] == [sentence]


def test_an_alias_goes_before_the_section() -> None:
    text = FIRST + section(
        "AuthBasicProvider ldap first", "AuthBasicProvider anon first"
    )
    conf = model_of(LISTEN + text).vhosts[0].sections[0].conf
    assert conf.auth_basic_providers == (
        AuthProvider.LDAP,
        AliasedProvider("first", AuthProvider.FILE, "/a"),
        AuthProvider.ANON,
    )


def test_a_required_alias_has_its_own_source() -> None:
    text = (
        '<AuthzProviderAlias group some "a b">\nAuthGroupFile /g\n'
        "</AuthzProviderAlias>\n"
        "<AuthzProviderAlias ldap-group dir cn=x>\nAuthLDAPURL ldap://d/o=x\n"
        "</AuthzProviderAlias>\nLDAPTimeout 7\n"
    )
    text += section("Require some", "Require dir")
    rule = model_of(LISTEN + text).vhosts[0].sections[0].conf.access
    assert rule is not None
    some, directory = rule.rules
    assert (some.op, some.args, some.source) == (AccessOp.GROUP, ("a", "b"), "/g")
    assert isinstance(directory.source, Ldap)
    assert directory.source.timeout_s == 7  # which is said behind it


def test_the_case_of_an_alias_counts() -> None:
    """As in httpd, where none of these is another's name."""
    text = (
        "<AuthzProviderAlias all User granted>\n</AuthzProviderAlias>\n"
        "<AuthnProviderAlias anon File>\n</AuthnProviderAlias>\n" + FIRST
    )
    said = section("Require user bob", "Require User", "AuthBasicProvider file File")
    conf = model_of(LISTEN + text + said).vhosts[0].sections[0].conf
    assert conf.access is not None
    assert [rule.op for rule in conf.access.rules] == [AccessOp.USER, AccessOp.GRANTED]
    assert conf.auth_basic_providers == (
        AuthProvider.FILE,
        AliasedProvider("File", AuthProvider.ANON),
    )
    for line, word in (("Require FIRST", "z"), ("AuthBasicProvider First", "n")):
        (found,) = errors(LISTEN + text + section(line))
        assert f"Unknown Auth{word} provider" in found, line


def test_what_has_no_effect_is_said() -> None:
    text = (
        "<AuthnProviderAlias file a>\nRequire all denied\n</AuthnProviderAlias>\n"
        "<AuthzProviderAlias user b c d>\n</AuthzProviderAlias>\n"
    )
    found = [one.partition(": ")[2] for one in warnings(LISTEN + text)]
    assert found[0] == "Require has no effect within <AuthnProviderAlias>"
    assert found[1].startswith("AH10142: When several arguments are passed")
