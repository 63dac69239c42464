"""AuthLDAPURL and its like: what is asked of a directory, and what its answers mean."""

from __future__ import annotations

import asyncio
import importlib.util
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import ldap3
import pytest
from rows import rows
from test_plan import BOB, BUSY, DENIED, FAULT, GRANTED, NOBODY, Plan
from trees import errors, model_of

from fastlb.cli.explain.access import who_knows
from fastlb.facts.ldap import Ldap, LdapMode
from fastlb.facts.vhost import DirConf
from fastlb.facts.words import AuthProvider
from fastlb.users import ldap
from fastlb.users.ldap import Directories, LdapError, pairs_of, words_of
from fastlb.worker.passwords import Asks, Passwords, Verdict

LISTEN = "Listen 8080\n"
BASE = "dc=x"
BOB_DN = "uid=bob,ou=people,dc=x"
EVE_DN = "uid=eve,ou=people,dc=x"
SAID = Ldap(
    hosts=(("127.0.0.1", 1),),
    base=BASE,
    bind_dn="cn=reader,dc=x",
    bind_password="r",
    mode=LdapMode.PLAIN,
)
ENTRIES: dict[str, dict[str, Any]] = {
    "cn=reader,dc=x": {"objectClass": "person", "userPassword": "r"},
    BOB_DN: {
        "objectClass": "person",
        "uid": "bob",
        "userPassword": "one",
        "title": "boss",
    },
    EVE_DN: {"objectClass": "person", "uid": "eve", "userPassword": "two"},
    "uid=twin,ou=people,dc=x": {"objectClass": "person", "uid": "twin"},
    "uid=twin,ou=others,dc=x": {"objectClass": "person", "uid": "twin"},
    "cn=staff,dc=x": {"objectClass": "groupOfNames", "member": [BOB_DN]},
    "cn=unix,dc=x": {"objectClass": "posixGroup", "memberUid": ["eve"]},
    "cn=inner,dc=x": {"objectClass": "groupOfNames", "member": [EVE_DN]},
    "cn=outer,dc=x": {
        "objectClass": "groupOfNames",
        "member": ["cn=inner,dc=x", "cn=outer,dc=x"],
    },
}


def conf_of(*lines: str, server: str = "") -> Any:
    text = "\n".join(("<Location />", *lines, "</Location>"))
    return model_of(f"{LISTEN}{server}\n{text}\n").vhosts[0].sections[0].conf


def said_of(*lines: str, server: str = "") -> Ldap:
    said = conf_of(*lines, server=server).auth_ldap
    assert isinstance(said, Ldap)
    return said


@rows(
    ("words", "fields"),
    [
        ("ldap://h", {"hosts": (("h", 389),), "attribute": "uid", "subtree": True}),
        ("ldap://h/dc=x", {"base": "dc=x", "filter": "objectclass=*"}),
        ("ldap:///dc=x", {"hosts": (("localhost", 389),)}),
        ("ldaps://h/dc=x", {"hosts": (("h", 636),), "mode": LdapMode.TLS}),
        ("ldap://h:1/dc=x TLS", {"hosts": (("h", 1),), "mode": LdapMode.STARTTLS}),
        ("ldap://h/dc=x starttls", {"mode": LdapMode.STARTTLS}),
        ("ldap://h/dc=x SSL", {"hosts": (("h", 389),), "mode": LdapMode.TLS}),
        ("ldaps://h/dc=x NONE", {"mode": LdapMode.TLS}),
        ("ldap://h/dc=x NONE", {"mode": LdapMode.PLAIN}),
        ('"ldap://a b:390/dc=x"', {"hosts": (("a", 390), ("b", 390))}),
        ('"ldap://a:391 b:390/dc=x"', {"hosts": (("a", 391), ("b", 390))}),
        ("ldap://[::1]:390/dc=x", {"hosts": (("::1", 390),)}),
        (
            "ldap://h/ou=a%20b,dc=x?cn?one?(&(a=b)(c=d))",
            {
                "base": "ou=a b,dc=x",
                "attribute": "cn",
                "subtree": False,
                "filter": "&(a=b)(c=d)",
            },
        ),
        ("ldap://h/dc=x???a=b", {"filter": "a=b", "attribute": "uid"}),
    ],
)
def test_what_a_url_says(words: str, fields: dict[str, object]) -> None:
    said = said_of(f"AuthLDAPURL {words}")
    assert {name: getattr(said, name) for name in fields} == fields


@rows(
    "line",
    [
        "AuthLDAPURL http://h/",
        "AuthLDAPURL ldap:/h/",
        "AuthLDAPURL ldap://h:x/",
        "AuthLDAPURL ldap://h:70000/",
        "AuthLDAPURL ldap://a@h/",
        "AuthLDAPURL ldap://h/dc=x?u(d",
        "AuthLDAPURL ldap://h/dc=x?uid?down",
        "AuthLDAPURL ldap://h/dc=x?uid?sub?(a=b)?!bindname=cn",
        "AuthLDAPURL ldap://h/dc=x MAYBE",
        "AuthLDAPBindPassword exec:/bin/false",
        "AuthLDAPBindPassword exec:/nowhere/at/all",
        "AuthLDAPAuthorizePrefix",
        "AuthLDAPInitialBindPattern ( x",
        "LDAPTrustedClientCert CERT_PFX /x",
        "LDAPTrustedClientCert KEY_BASE64 /x secret",
        "LDAPTrustedClientCert CERT_BASE64 /nowhere/at/all",
        "AuthLDAPMaxSubGroupDepth -1",
        "AuthLDAPDereferenceAliases sometimes",
        "Require ldap-group",
    ],
)
def test_what_would_do_something_else_is_refused(line: str) -> None:
    assert len(errors(f"{LISTEN}<Location />\n{line}\n</Location>\n")) == 1


def test_without_its_library_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    found = errors(f"{LISTEN}<Location />\nAuthLDAPURL ldap://h/dc=x\n</Location>\n")
    assert len(found) == 1 and "needs ldap3" in found[0]


def test_of_several_attributes_the_first_is_a_users_name() -> None:
    said = said_of("AuthLDAPURL ldap://h/dc=x?cn,mail")
    assert (said.attribute, said.attributes) == ("cn", ("cn", "mail"))
    assert said.variables() == ("AUTHENTICATE_CN", "AUTHENTICATE_MAIL")
    assert said.variables(said.authorize_prefix) == ("AUTHORIZE_CN", "AUTHORIZE_MAIL")
    own = said_of("AuthLDAPURL ldap://h/dc=x?cn,mail\nAuthLDAPAuthorizePrefix x_")
    assert own.variables(own.authorize_prefix) == ("x_CN", "x_MAIL")
    (odd, _) = said_of("AuthLDAPURL ldap://h/dc=x?sAM-Name;x,cn").variables()
    assert odd == "AUTHENTICATE_SAM_NAME_X"
    assert said_of("AuthLDAPURL ldap://h/dc=x?cn").attributes == ()


def test_the_server_says_the_rest(tmp_path: Path) -> None:
    from certificates import make_ca

    make_ca().write(tmp_path)
    server = f"""
LDAPTrustedMode TLS
LDAPTrustedGlobalCert CA_BASE64 {tmp_path}/ca.crt
LDAPVerifyServerCert Off
LDAPTimeout 7
LDAPConnectionTimeout 3
LDAPCacheTTL 0
"""
    said = said_of("AuthLDAPURL ldap://h/dc=x", server=server)
    assert said.mode is LdapMode.STARTTLS and not said.verifies and not said.keeps
    assert (said.timeout_s, said.connect_timeout_s) == (7, 3)
    assert "BEGIN CERTIFICATE" in said.trust
    assert said_of("AuthLDAPURL ldaps://h/", server=server).mode is LdapMode.TLS
    assert said_of("AuthLDAPURL ldap://h/").keeps


def test_a_program_says_the_password_and_nothing_shows_it() -> None:
    said = said_of('AuthLDAPBindPassword "exec:/bin/echo an open word"')
    assert said.bind_password == "an open word"
    assert "an open word" not in repr(said)


def test_providers_are_asked_in_their_order() -> None:
    conf = conf_of("AuthBasicProvider ldap file")
    assert conf.auth_basic_providers == (AuthProvider.LDAP, AuthProvider.FILE)


# --- the directory


@pytest.fixture
def directory(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Who has bound, in turn."""
    bound: list[str] = []

    def connected(said: Ldap, name: str, password: bytes) -> Any:
        on = ldap3.Connection(
            ldap3.Server("mock"),
            name,
            password.decode(),
            client_strategy=ldap3.MOCK_SYNC,
            raise_exceptions=True,
            check_names=False,
        )
        for dn, attributes in ENTRIES.items():
            on.strategy.add_entry(dn, attributes)
        with ldap._reasons():
            on.bind()
        bound.append(name)
        return on

    monkeypatch.setattr(ldap, "_connected", connected)
    return bound


@rows(
    ("user", "password", "right"),
    [
        (b"bob", b"one", True),
        (b"bob", b"two", False),
        (b"bob", b"", False),
        (b"bob", b"one\0", False),
        (b"nobody", b"one", None),
        (b"twin", b"one", None),
        (b"*", b"one", None),
        (b"b*", b"one", None),
        (b"bob)(uid=*", b"one", None),
        (b"\\62ob", b"one", None),
        (b"", b"one", None),
        (b"bob\0", b"one", None),
        (b"b\xff", b"one", None),
    ],
)
def test_a_password_is_right_if_he_may_bind(
    user: bytes, password: bytes, right: bool | None
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        directory.__wrapped__(patch)  # type: ignore[attr-defined]
        assert Directories().password(SAID, user, password) is right


def test_nobody_binds_without_a_password(directory: list[str]) -> None:
    """Such a bind succeeds, as nobody."""
    assert Directories().password(SAID, b"bob", b"") is False
    assert directory == []


def test_one_connection_searches(directory: list[str]) -> None:
    asked = Directories()
    for password in (b"one", b"two", b"one"):
        asked.password(SAID, b"bob", password)
    assert directory == [SAID.bind_dn, BOB_DN, BOB_DN]


@rows(
    ("user", "kind", "text", "fields", "holds"),
    [
        (b"bob", "ldap-user", "bob", {}, True),
        (b"bob", "ldap-user", "eve bob", {}, True),
        (b"bob", "ldap-user", "eve", {}, False),
        (b"bob", "ldap-dn", BOB_DN, {}, True),
        (b"eve", "ldap-dn", BOB_DN, {}, False),
        (b"bob", "ldap-attribute", 'title="boss"', {}, True),
        (b"bob", "ldap-attribute", "title=clerk title=boss", {}, True),
        (b"eve", "ldap-attribute", "title=boss", {}, False),
        (b"bob", "ldap-filter", "(title=boss)", {}, True),
        (b"bob", "ldap-filter", "&(title=boss)(uid=b*)", {}, True),
        (b"eve", "ldap-filter", "title=boss", {}, False),
        (b"bob", "ldap-group", "cn=staff,dc=x", {}, True),
        (b"eve", "ldap-group", "cn=staff,dc=x", {}, False),
        (b"bob", "ldap-group", "cn=none,dc=x", {}, False),
        (b"eve", "ldap-group", "cn=outer,dc=x", {"sub_group_depth": 0}, False),
        (b"eve", "ldap-group", "cn=outer,dc=x", {}, True),
        (b"eve", "ldap-group", "cn=outer,dc=x", {"sub_group_depth": 1}, True),
        (b"bob", "ldap-group", "cn=outer,dc=x", {"sub_group_depth": 9}, False),
        (
            b"eve",
            "ldap-group",
            "cn=unix,dc=x",
            {"group_attributes": ("memberUid",), "group_is_dn": False},
            True,
        ),
        (b"nobody", "ldap-group", "cn=staff,dc=x", {}, False),
    ],
)
def test_whom_a_rule_lets_in(
    user: bytes, kind: str, text: str, fields: dict[str, Any], holds: bool
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        directory.__wrapped__(patch)  # type: ignore[attr-defined]
        asked = Directories()
        assert asked.holds(replace(SAID, **fields), user, kind, text) is holds


def test_a_directory_that_is_not_there_decides_nothing() -> None:
    asked = Directories()
    with pytest.raises(LdapError):
        asked.password(SAID, b"bob", b"one")
    with pytest.raises(LdapError):
        asked.holds(SAID, b"bob", "ldap-user", "bob")
    found = Passwords().find((Asks.PASSWORD, SAID, b"bob", b"one", ()))
    assert (found.verdict, found.keep) == (Verdict.FAULT, False)
    assert "127.0.0.1:1" in found.why


def test_a_wrong_password_may_leave_the_question_to_others(
    directory: list[str],
) -> None:
    left = replace(SAID, bind_authoritative=False)
    assert Directories().password(left, b"bob", b"two") is None
    closed = replace(left, bind_password="wrong")
    assert Directories().password(closed, b"bob", b"one") is None
    closed = replace(closed, bind_authoritative=True)
    assert Directories().password(closed, b"bob", b"one") is False
    with pytest.raises(LdapError):
        Directories().holds(closed, b"bob", "ldap-user", "bob")


def test_what_is_told_of_a_user_is_all_of_it_or_nothing(
    directory: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that is cut might be that of somebody else."""
    said = replace(SAID, attributes=("uid", "title"), user_is_dn=True)
    told = f"bob\0boss\0{BOB_DN}\0".encode()
    monkeypatch.setattr(ldap, "ATTRIBUTES_BYTES_MAX", len(told))
    assert Directories().attributes(said, b"bob", b"one") == (True, told)
    monkeypatch.setattr(ldap, "ATTRIBUTES_BYTES_MAX", len(told) - 1)
    with pytest.raises(LdapError, match="bytes are told of a user"):
        Directories().attributes(said, b"bob", b"one")
    assert Directories().attributes(said, b"bob", b"two") == (False, b"")


def test_who_could_not_bind_is_named(directory: list[str]) -> None:
    said = replace(SAID, search_as_user=True, initial_bind_as_user=True)
    said = replace(said, bind_pattern=("(.+)", "uid=$1,ou=people,dc=x"))
    with pytest.raises(LdapError, match=r"^the user himself: "):
        Directories().holds(said, b"bob", "ldap-dn", BOB_DN, b"two")
    with pytest.raises(LdapError, match=r"^AuthLDAPBindDN: "):
        closed = replace(said, bind_password="wrong")
        Directories().holds(closed, b"bob", "ldap-dn", BOB_DN)


def test_words_and_pairs() -> None:
    assert list(words_of('a "b c" "d\\"e"')) == ["a", "b c", 'd"e']
    assert list(pairs_of('a=b c="d e" f=')) == [("a", "b"), ("c", "d e"), ("f", "")]


def test_one_that_hangs_holds_nobody_up_whom_a_file_knows(tmp_path: Path) -> None:
    users = tmp_path / "users"
    users.write_text("bob:{SHA}rXguzax3D8brmmLkT5CHP7l/sms=\n")
    go_on = threading.Event()
    passwords = Passwords()
    find = passwords.find

    def slow(question: Any) -> Any:
        if isinstance(question[1], Ldap):
            assert go_on.wait(20)
        return find(question)

    passwords.find = slow  # type: ignore[method-assign]

    async def ask() -> int:
        loop = asyncio.get_running_loop()
        answers: asyncio.Queue[int] = asyncio.Queue()

        def answer(
            connection: int, request: int, verdict: int, keep: bool, found: bytes
        ) -> None:
            loop.call_soon_threadsafe(answers.put_nowait, verdict)

        for number in range(64):
            user = b"u%d" % number
            assert passwords.ask(
                (Asks.PASSWORD, SAID, user, b"x", ()), (1, number), answer
            )
        more = (Asks.PASSWORD, SAID, b"more", b"x", ())
        assert not passwords.ask(more, (1, 99), answer)
        known = (Asks.PASSWORD, bytes(users), b"bob", b"two", ())
        assert passwords.ask(known, (2, 1), answer)
        try:
            return await asyncio.wait_for(answers.get(), 20)
        finally:
            go_on.set()
            for _ in range(64):
                await asyncio.wait_for(answers.get(), 20)

    assert asyncio.run(ask()) == Verdict.GRANTED
    passwords.shutdown()


# --- the core

VAULT = """
ProxyPass / http://127.0.0.1:1/
<Location /in>
AuthType Basic
AuthName vault
AuthBasicProvider file ldap
AuthUserFile /nowhere/users
AuthLDAPURL ldap://h/dc=x
Require valid-user
</Location>
<Location /group>
AuthType Basic
AuthName vault
AuthBasicProvider ldap
AuthLDAPURL ldap://h/dc=x
Require ldap-group cn=a b,dc=x
</Location>
<Location /not>
AuthType Basic
AuthName vault
AuthBasicProvider ldap
AuthLDAPURL ldap://h/dc=x
<RequireAll>
Require valid-user
Require not ldap-group cn=a b,dc=x
</RequireAll>
</Location>
<Location /bare>
AuthType Basic
AuthName vault
AuthBasicProvider ldap
Require valid-user
</Location>
"""


def test_who_is_in_no_file_is_looked_for_in_the_directory() -> None:
    plan = Plan(VAULT)
    assert plan("/in", BOB)["asks"][0] == b"/nowhere/users"
    asked = plan("/in", BOB, verdicts=[NOBODY])["asks"]
    assert isinstance(asked[0], Ldap) and asked[1:] == (b"bob", b"one", ())
    assert plan("/in", BOB, verdicts=[NOBODY, GRANTED])["what"] == "member"
    for verdict, status in ((DENIED, 401), (NOBODY, 401), (FAULT, 500), (BUSY, 503)):
        found = plan("/in", BOB, verdicts=[NOBODY, verdict])
        assert found["status"] == status
    assert plan("/in", BOB, verdicts=[DENIED])["because"] == "password"


def test_a_group_that_nobody_can_ask_for_lets_nobody_in() -> None:
    plan = Plan(VAULT)
    asked = plan("/group", BOB, verdicts=[GRANTED])["asks"]
    assert asked[3] == ("ldap-group", "cn=a b,dc=x")
    for path, verdict, status in (
        ("/group", DENIED, 401),
        ("/group", FAULT, 500),
        ("/group", BUSY, 500),
        ("/not", GRANTED, 401),
        ("/not", FAULT, 500),
        ("/not", BUSY, 500),
    ):
        assert plan(path, BOB, verdicts=[GRANTED, verdict])["status"] == status
    assert plan("/group", BOB, verdicts=[GRANTED, GRANTED])["what"] == "member"
    assert plan("/not", BOB, verdicts=[GRANTED, DENIED])["what"] == "member"


HIMSELF = "AuthLDAPSearchAsUser on\nAuthLDAPCompareAsUser on\n"


@rows(
    ("knows", "asked", "given"),
    [
        ("ldap://a/dc=x", "ldap://a/dc=x", b"one"),
        ("ldap://a/dc=x?mail", "ldap://a/dc=y?uid?one?(title=boss)", b"one"),
        ("ldap://a/dc=x", "ldap://b/dc=x", b""),
        ("ldap://a/dc=x", "ldap://a:390/dc=x", b""),
        ("ldap://a/dc=x STARTTLS", "ldap://a/dc=x", b""),
        ('"ldap://a b/dc=x"', "ldap://a/dc=x", b""),
    ],
)
def test_a_password_is_given_to_no_other_directory(
    knows: str, asked: str, given: bytes
) -> None:
    plan = Plan(
        "ProxyPass / http://127.0.0.1:1/\n"
        f"<AuthnProviderAlias ldap those>\nAuthLDAPURL {knows}\n"
        "</AuthnProviderAlias>\n"
        f"<AuthzProviderAlias ldap-dn boss {BOB_DN}>\nAuthLDAPURL {asked}\n{HIMSELF}"
        "</AuthzProviderAlias>\n"
        "<Location />\nAuthType Basic\nAuthName vault\nAuthBasicProvider those\n"
        f"AuthLDAPURL {asked}\n{HIMSELF}</Location>\n"
        "<Location /section>\nRequire ldap-group cn=staff,dc=x\n</Location>\n"
        "<Location /alias>\nRequire boss\n</Location>\n"
    )
    for path in ("/section", "/alias"):
        _, user, password, _ = plan(path, BOB, verdicts=[GRANTED])["asks"]
        assert (user, password or b"") == (b"bob", given), path


def test_nobody_is_called_by_what_has_no_end() -> None:
    plan = Plan(
        "ProxyPass / http://127.0.0.1:1/\n<Location />\nAuthType Basic\n"
        "AuthName vault\nAuthBasicProvider ldap\nRequire valid-user\n</Location>\n"
        "<Location /dn>\nAuthLDAPURL ldap://h/dc=x\nAuthLDAPRemoteUserIsDN on\n"
        "</Location>\n<Location /mail>\nAuthLDAPURL ldap://h/dc=x?uid,mail\n"
        "AuthLDAPRemoteUserAttribute mail\n</Location>\n"
    )
    for path, told, what in (
        ("/dn", b"uid=bob,dc=x\0", "member"),
        ("/dn", b"uid=bob,dc=x", "error"),
        ("/dn", b"", "error"),
        ("/mail", b"bob\0bob@x\0uid=bob,dc=x\0", "member"),
        ("/mail", b"bob\0bob@x", "error"),
        ("/mail", b"bob", "error"),
    ):
        found = plan(path, BOB, verdicts=[(GRANTED, told)])
        assert found["what"] == what, (path, told)
        assert what == "member" or found["status"] == 500, (path, told)


def test_without_a_url_nobody_comes_in() -> None:
    found = Plan(VAULT)("/bare", BOB)
    assert (found["status"], found["because"]) == (500, "directory")


def test_explain_tells_who_is_asked() -> None:
    url = 'AuthLDAPURL "ldap://a b:390/dc=x"'
    conf = conf_of("AuthBasicProvider file ldap", url)
    said = who_knows([DirConf(), conf, DirConf()])
    assert said == "; who it is is asked of file, then ldap (a:390, b:390)"
    assert who_knows([DirConf()]) == "; who it is is asked of file"
