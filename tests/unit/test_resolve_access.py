"""Require, its containers, and the directives of Apache 2.2."""

from __future__ import annotations

from rows import rows
from trees import errors, model_of, warnings

from fastlb.facts.expressions import Expression
from fastlb.facts.rules import (
    AccessOp,
    AccessRule,
    ComposedUser,
    MethodLimit,
    OldAccess,
    OldWord,
)
from fastlb.facts.vhost import DirConf
from fastlb.facts.words import AuthProvider, AuthType, Order, Satisfy

LISTEN = "Listen 80\n"
GRANTED = AccessRule(AccessOp.GRANTED)
DENIED = AccessRule(AccessOp.DENIED)


def ip(*networks: str) -> AccessRule:
    return AccessRule(AccessOp.IP, networks)


def access(*lines: str) -> AccessRule | None:
    text = LISTEN + "<Location />\n" + "\n".join(lines) + "\n</Location>\n"
    return model_of(text).vhosts[0].sections[0].conf.access


@rows(
    ("line", "rule"),
    [
        ("Require all granted", GRANTED),
        ("Require all denied", DENIED),
        ("Require local", AccessRule(AccessOp.LOCAL)),
        ("Require ip 10.1 ::1", ip("10.1.0.0/16", "::1/128")),
        ("Require host Example.COM x", AccessRule(AccessOp.HOST, ("example.com", "x"))),
        ("Require forward-dns a.b", AccessRule(AccessOp.FORWARD_DNS, ("a.b",))),
        ("Require env A B", AccessRule(AccessOp.ENV, ("A", "B"))),
        ("Require valid-user", AccessRule(AccessOp.VALID_USER)),
        ("Require user a B", AccessRule(AccessOp.USER, ("a", "B"))),
        ("Require group A", AccessRule(AccessOp.GROUP, ("A",))),
        ("Require method PUT POST", AccessRule(AccessOp.METHOD, ("PUT", "POST"))),
        ("Require method HEAD", AccessRule(AccessOp.METHOD, ("HEAD", "GET"))),
    ],
)
def test_kinds_of_require(line: str, rule: AccessRule) -> None:
    assert access(line) == rule


def test_bare_requires_are_alternatives() -> None:
    rule = access("Require ip 10.0.0.1", "Require env X")
    assert rule == AccessRule(
        AccessOp.ANY_OF,
        rules=(ip("10.0.0.1/32"), AccessRule(AccessOp.ENV, ("X",))),
    )


def test_containers_nest() -> None:
    rule = access(
        "<RequireAll>",
        "Require all granted",
        "Require not ip 10.0.0.0/8",
        "<RequireNone>",
        "Require env BAD",
        "</RequireNone>",
        "</RequireAll>",
    )
    assert rule == AccessRule(
        AccessOp.ALL_OF,
        rules=(
            GRANTED,
            AccessRule(AccessOp.IP, ("10.0.0.0/8",), negated=True),
            AccessRule(AccessOp.NONE_OF, rules=(AccessRule(AccessOp.ENV, ("BAD",)),)),
        ),
    )


def test_nothing_said_is_none() -> None:
    assert access("ProxyPreserveHost On") is None


@rows(
    ("lines", "text"),
    [
        (["Require not ip 10.1"], "negative Require directive has no effect in"),
        (
            ["<RequireNone>", "Require ip 1.2", "</RequireNone>"],
            "<RequireNone> directive has no effect in",
        ),
        (
            ["<RequireAll>", "Require not ip 1.2", "</RequireAll>"],
            "AH01624: <Requir",
        ),
        (
            ["<RequireAny>", "Require not ip 1.2", "</RequireAny>"],
            "negative Require directive has no effect in <RequireAny> directive",
        ),
    ],
)
def test_what_decides_nothing_is_refused(lines: list[str], text: str) -> None:
    found = errors(LISTEN + "<Location />\n" + "\n".join(lines) + "\n</Location>\n")
    assert any(line.partition(": ")[2].startswith(text) for line in found), found


@rows(
    "line",
    ["Require ip 10.1.2.3.4", "Require all", "Require foo", "Require ip", "Require",
     "Require user", "Require expr", "Require method FOO",
    "Order a,b", "Allow 10.1",
     "Deny from 10.1/x", "Satisfy x", "AuthType Form", "AuthBasicProvider dbd",
     "AuthDBMType GDBM", "AuthzDBMType DB"],
)  # fmt: skip
def test_malformed_lines_are_refused_once(line: str) -> None:
    assert len(errors(LISTEN + f"<Location />\n{line}\n</Location>\n")) == 1


def test_names_with_holes_are_the_line_as_it_stands() -> None:
    rule = access('Require user eve %{tolower:%{req:X}} "a b"')
    assert rule is not None
    assert rule.args == ('eve %{tolower:%{req:X}} "a b"',)
    assert rule.expression is not None
    assert rule.expression.place.startswith("Require at ")
    line = "Require not group %{reqenv:G}"
    rule = access("<RequireAll>", line, "Require all granted", "</RequireAll>")
    assert rule is not None
    assert rule.rules[0].expression is not None
    assert rule.rules[0].expression.variables == ("G",)


def conf_of(*lines: str) -> DirConf:
    text = LISTEN + "<Location />\n" + "\n".join(lines) + "\n</Location>\n"
    return model_of(text).vhosts[0].sections[0].conf


def test_what_authentication_says_may_have_holes() -> None:
    conf = conf_of('AuthName "%{HTTP_HOST}"', "AuthType %{reqenv:T}")
    assert isinstance(conf.auth_name, Expression)
    assert isinstance(conf.auth_type, Expression)
    conf = conf_of('AuthName "plain \\"one\\""', "AuthType none")
    assert (conf.auth_name, conf.auth_type) == (r"plain \"one\"", AuthType.NONE)
    assert conf_of("AuthBasicFake bob").auth_basic_fake == "Basic Ym9iOnBhc3N3b3Jk"
    assert conf_of('AuthBasicFake bob ""').auth_basic_fake == "Basic Ym9iOnBhc3N3b3Jk"
    fake = conf_of("AuthBasicFake %{REMOTE_USER} x").auth_basic_fake
    assert isinstance(fake, ComposedUser)
    assert (fake.user.text, fake.password.text) == ("%{REMOTE_USER}", "x")


@rows(
    ("line", "text"),
    [
        ("AuthName %{x", "Cannot parse expression '%{x' in AuthName: "),
        ("AuthType %{NONE}", "Cannot parse expression '%{NONE}' in AuthType: "),
        ("Require user %{x", "Cannot parse expression in require line: "),
        ("Require group %{NO}", "Cannot parse expression in require line: "),
        ("AuthBasicFake %{x", "Could not parse fake username expression '%{x': "),
        (
            "AuthBasicFake bob %{NO}",
            "Could not parse fake password expression associated to user 'bob': ",
        ),
        ("Require host %{HTTP_HOST}", "Require host: expressions are not supported"),
    ],
)
def test_holes_that_cannot_be_read_are_refused(line: str, text: str) -> None:
    found = errors(LISTEN + f"<Location />\n{line}\n</Location>\n")
    assert [one.partition(": ")[2].startswith(text) for one in found] == [True], found


def old(*lines: str) -> OldAccess | None:
    text = LISTEN + "<Location />\n" + "\n".join(lines) + "\n</Location>\n"
    return model_of(text).vhosts[0].sections[0].conf.old_access


def test_order_and_what_it_orders() -> None:
    assert old(
        "Order deny,allow", "Deny from all", "Allow from 10.1 .example.com env=!X"
    ) == OldAccess(
        orders=(OldWord(Order.DENY_ALLOW),),
        allow=(
            ip("10.1.0.0/16"),
            AccessRule(AccessOp.HOST, (".example.com",)),
            AccessRule(AccessOp.ENV, ("X",), negated=True),
        ),
        deny=(GRANTED,),
    )
    assert old("Order Mutual-Failure", "Satisfy any") == OldAccess(
        orders=(OldWord(Order.MUTUAL_FAILURE),), satisfies=(OldWord(Satisfy.ANY),)
    )


def test_old_and_new_stand_beside_each_other() -> None:
    lines = ("Order Allow,Deny", "Require env X")
    assert old(*lines) == OldAccess(orders=(OldWord(Order.ALLOW_DENY),))
    assert access(*lines) == AccessRule(AccessOp.ENV, ("X",))


def test_limits_nest_and_get_is_head() -> None:
    lines = (
        "<LimitExcept GET>\n<Limit POST PUT>\nRequire valid-user\n</Limit>",
        "Order allow,deny\n</LimitExcept>",
    )
    others = MethodLimit(("GET", "HEAD"), others=True)
    assert access(*lines) == AccessRule(
        AccessOp.VALID_USER, limits=(others, MethodLimit(("POST", "PUT")))
    )
    assert old(*lines) == OldAccess(orders=(OldWord(Order.ALLOW_DENY, (others,)),))


def test_limits_hold_for_all_within_containers() -> None:
    limits = (MethodLimit(("POST",)),)
    lines = (
        "<Limit POST>\n<RequireAll>\nRequire valid-user",
        "<RequireAny>\nRequire local\n</RequireAny>\n</RequireAll>\n</Limit>",
    )
    local = AccessRule(AccessOp.LOCAL, limits=limits)
    assert access(*lines) == AccessRule(
        AccessOp.ALL_OF,
        rules=(
            AccessRule(AccessOp.VALID_USER, limits=limits),
            AccessRule(AccessOp.ANY_OF, rules=(local,)),
        ),
    )


def test_who_knows_users_is_asked_once() -> None:
    text = LISTEN + "<Location />\n" + 3 * "AuthBasicProvider file anon file\n"
    conf = model_of(text + "</Location>\n").vhosts[0].sections[0].conf
    assert conf.auth_basic_providers == (AuthProvider.FILE, AuthProvider.ANON)


def test_old_directives_are_taken_with_a_warning() -> None:
    lines = "Order Allow,Deny\nAllow from all\n"
    found = warnings(LISTEN + f"<Location />\n{lines}</Location>\n")
    assert found != []


def test_methods_are_known_once_they_are_registered() -> None:
    section = "<Location />\nRequire method BREW\n</Location>\n"
    assert errors(LISTEN + section) == ["3: Invalid Method 'BREW'"]
    model = model_of(LISTEN + "RegisterHttpMethod BREW WHEN\n" + section)
    assert model.vhosts[0].registered_methods == ("BREW", "WHEN")
    rule = model.vhosts[0].sections[0].conf.access
    assert rule == AccessRule(AccessOp.METHOD, ("BREW",))


def test_methods_are_written_as_they_are_sent() -> None:
    assert errors(LISTEN + "<Location />\nRequire method get\n</Location>\n") == [
        "3: Invalid Method 'get'"
    ]
