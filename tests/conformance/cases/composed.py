"""Texts that requests compose: realms, names, error documents."""

import base64

from ..case import Case, Close, Conf, Down, Step, View, ask, get, request

FILES = {
    "users": "bob:{SHA}rXguzax3D8brmmLkT5CHP7l/sms=\neve:{SHA}rXguzax3D8brmmLkT5CHP7l"
    "/sms=\nthe one:{SHA}rXguzax3D8brmmLkT5CHP7l/sms=\n",
    "groups": "staff: bob\nGuests: eve\n",
}

REALMS = Conf(
    "composed realms",
    """\
<Location />
  AuthType Basic
  AuthName "%{HTTP_HOST} or %{REQUEST_METHOD}"
  AuthUserFile "{root}/users"
  Require valid-user
</Location>
<Location /field>
  AuthName "it is %{req:X-A}"
</Location>
<Location /empty>
  AuthName "%{req:X-Nothing}"
</Location>
<Location /group>
  <If "%{REQUEST_URI} =~ m#(g)roup#">
    AuthName "$1 \\$1 \\\\ end"
  </If>
</Location>
<Location /fails>
  AuthName "%{file:/nowhere}"
</Location>
<Location /type>
  AuthType "%{req:X-Type}"
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""",
    FILES,
)

NAMED = Conf(
    "composed names",
    """\
SetEnvIf X-Names "(.+)" NAMES=$1
<Location />
  AuthType Basic
  AuthName "names"
  AuthUserFile "{root}/users"
  AuthGroupFile "{root}/groups"
  ErrorDocument 401 "no"
  ErrorDocument 403 "not you"
</Location>
<Location /user>
  Require user %{reqenv:NAMES}
</Location>
<Location /mixed>
  Require user eve %{reqenv:NAMES} "the one"
</Location>
<Location /path>
  Require user %{tolower:%{req:X-User}}
</Location>
<Location /group>
  Require group %{reqenv:NAMES}
</Location>
<Location /not>
  <RequireAll>
    Require valid-user
    Require not user %{reqenv:NAMES}
  </RequireAll>
</Location>
<Location /notgroup>
  <RequireAll>
    Require valid-user
    Require not group %{reqenv:NAMES}
  </RequireAll>
</Location>
<Location /fails>
  Require user %{file:/nowhere} bob
</Location>
<Location /notfails>
  <RequireAll>
    Require valid-user
    Require not user %{file:/nowhere}
  </RequireAll>
</Location>
<Location /self>
  Require user %{REMOTE_USER}
</Location>
<Location /letters>
  Require user b\\ob
</Location>
<Location /dollar>
  Require user $0 bob
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""",
    FILES,
)

FAKES = Conf(
    "composed credentials",
    """\
<Location />
  AuthBasicFake "%{req:X-User}" "%{req:X-Pass}"
</Location>
<Location /default>
  AuthBasicFake %{req:X-User}
</Location>
<Location /path>
  AuthBasicFake "%{REQUEST_URI}" "the one: %{REQUEST_METHOD}"
</Location>
<Location /known>
  AuthType Basic
  AuthName "names"
  AuthUserFile "{root}/users"
  Require valid-user
  AuthBasicFake %{REMOTE_USER} x
</Location>
<Location /fails>
  AuthBasicFake "%{file:/nowhere}"
</Location>
<Location /failspass>
  AuthBasicFake bob "%{file:/nowhere}"
</Location>
<Location /nobody>
  AuthBasicFake "%{reqenv:NOBODY}"
</Location>
<Location /nothing>
  AuthBasicFake bob ""
</Location>
<Location /off>
  AuthBasicFake OFF
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""",
    FILES,
)

DOCUMENTS = Conf(
    "composed documents",
    """\
SetEnvIf X-To "(.+)" TO=$1
ErrorDocument 404 "<p>%{escape:%{REQUEST_URI}} is not at %{HTTP_HOST} %{REQUEST_STATUS}"
ErrorDocument 403 /documents/%{req:X-Page}
ErrorDocument 410 https://other.test%{REQUEST_URI}
ErrorDocument 451 https://%{HTTP_HOST}/%{req:X-Page}
ErrorDocument 503 "%{reqenv:TO}"
ErrorDocument 502 /%{reqenv:TO}
ErrorDocument 500 "%{file:/nowhere}"
ErrorDocument 401 http:%{req:X-Page}
ErrorDocument 405 "/documents/%{req:X-Page} and"
ErrorDocument 400 "$0 \\$0 \\\\ \\n"
ErrorDocument 402 "to:%{req:X-Page}"
ErrorDocument 406 /%{file:/nowhere}
ErrorDocument 407 //%{req:X-Page}
ErrorDocument 408 /documents/$0/%{REQUEST_URI}
ErrorDocument 409 "/documents/%{req:X-Page}"
ErrorDocument 413 "\\"quoted\\" %{REQUEST_METHOD}"
ErrorDocument 414 "\\"quoted\\" plain"
ErrorDocument 415 "unclosed
ErrorDocument 416 unquoted
ErrorDocument 417 mailto:me@front.test
Redirect 413 /large
Redirect 414 /long
Redirect 415 /kind
Redirect 416 /range
Redirect 417 /mail
Redirect gone /gone
Redirect 451 /law
Redirect 503 /later
Redirect 502 /away
Redirect 500 /broken
Redirect 401 /who
Redirect 405 /how
Redirect 402 /pay
Redirect 406 /taste
Redirect 407 /proxy
Redirect 408 /late
Redirect 409 /clash
<Location /denied>
  Require all denied
</Location>
<If "%{REQUEST_URI} =~ m#^/found(.*)$#">
  ErrorDocument 404 "it is $1."
</If>
ProxyPass /documents/refused/ http://127.0.0.1:{m1}/
ProxyPass /documents/ http://127.0.0.1:{m0}/documents/
ProxyPass /away !
<Location /documents/secret>
  Require all denied
</Location>
""",
)


def _by(name: str, *fields: str) -> tuple[str, ...]:
    word = base64.b64encode(f"{name}:two".encode()).decode()
    return (f"Authorization: Basic {word}", *fields)


def _asked(*requests: tuple[str, ...]) -> tuple[Step, ...]:
    """Each on a connection of its own, since some answers end theirs."""
    return tuple(step for one in requests for step in (*get(one[0], *one[1:]), Close()))


REALM_CASES = (
    Case(
        "realm of a request",
        REALMS,
        _asked(
            ("/",),
            ("/field", "X-A: plain"),
            ("/field", 'X-A: "quoted" and \\"this\\"'),
            ("/field", "X-A: \\"),
            ("/field", "X-A: \xe9"),
            ("/field",),
            ("/empty",),
            ("/group",),
            ("/fails",),
            ("/fails", *_by("bob")),
            ("/field", *_by("bob")),
        ),
    ),
    Case(
        "type of authentication of a request",
        REALMS,
        _asked(
            ("/type", "X-Type: Basic"),
            ("/type", "X-Type: basic"),
            ("/type", "X-Type: None"),
            ("/type", "X-Type: Other"),
            ("/type", "X-Type: Basic and"),
            ("/type",),
            ("/type", *_by("bob", "X-Type: Basic")),
        ),
    ),
)

_NAMES = (
    ("/user", "bob", "bob"),
    ("/user", "eve", "bob"),
    ("/user", "bob", "eve bob"),
    ("/user", "bob", '"bob"'),
    ("/user", "bob", "'eve' 'bob'"),
    ("/user", "bob", "eve\tbob"),
    ("/user", "bob", 'eve" bob'),
    ("/user", "bob", '"b\\ob"'),
    ("/user", "the one", '"the one"'),
    ("/user", "the one", "the one"),
    ("/user", "bob", '"" bob'),
    ("/user", "bob", '"eve'),
    ("/user", "bob", '"eve" "bob'),
    ("/user", "bob", "BOB"),
    ("/user", "bob", ""),
    ("/mixed", "bob", "bob"),
    ("/mixed", "eve", ""),
    ("/mixed", "the one", "bob"),
    ("/group", "bob", "staff"),
    ("/group", "bob", "STAFF"),
    ("/group", "bob", "guests staff"),
    ("/group", "eve", "staff"),
    ("/group", "eve", '"guests"'),
    ("/group", "bob", ""),
    ("/not", "bob", "bob"),
    ("/not", "bob", "eve"),
    ("/not", "bob", ""),
    ("/notgroup", "bob", "staff"),
    ("/notgroup", "bob", "guests"),
    ("/notgroup", "eve", "staff guests"),
    ("/self", "bob", ""),
    ("/letters", "bob", ""),
    ("/dollar", "bob", ""),
)

NAME_CASES = (
    Case(
        "names of a request",
        NAMED,
        _asked(
            *(
                (path, *_by(who, *([f"X-Names: {names}"] if names else [])))
                for path, who, names in _NAMES
            ),
            ("/path", *_by("bob", "X-User: BOB")),
            ("/path", *_by("bob", "X-User: eve")),
            ("/path", "X-User: bob"),
        ),
        view=View.STATUS,
    ),
    Case(
        "names that cannot be worked out",
        NAMED,
        _asked(("/fails", *_by("bob")), ("/notfails", *_by("bob"))),
        view=View.STATUS,
        differs="`Require` with an expression that cannot be worked out (a file that is"
        " missing)",
        instead={"0": "500", "1": "500"},
    ),
)

FAKE_CASES = (
    Case(
        "credentials that are composed",
        FAKES,
        _asked(
            ("/", "X-User: ann", "X-Pass: secret"),
            ("/", "X-User: ann:lee", "X-Pass: a:b c"),
            ("/", "X-User: ann", *_by("bob")),
            ("/", "X-Pass: secret", *_by("bob")),
            ("/", *_by("bob")),
            ("/default", "X-User: ann"),
            ("/default", "X-User: \xe9\xff"),
            ("/path/a%20b%c3%a9",),
            ("/known", *_by("bob")),
            ("/fails", *_by("bob")),
            ("/failspass", *_by("bob")),
            ("/nobody", *_by("bob")),
            ("/nothing", *_by("bob")),
            ("/off", *_by("bob")),
        ),
    ),
)

DOCUMENT_CASES = (
    Case(
        "document: text with holes",
        DOCUMENTS,
        _asked(
            ("/nowhere",),
            ("/nowhere/%3cb%3e?x=y",),
            ("/found/it",),
            ("/later", "X-To: <b>"),
            ("/later",),
            ("/broken",),
            ("/how",),
            ("/pay", "X-Page: x"),
            ("/taste",),
            ("/large",),
            ("/long",),
            ("/kind",),
            ("/range",),
            ("/mail",),
        ),
        pages=True,
    ),
    Case(
        "document: text of a request that is malformed",
        DOCUMENTS,
        get("/%zz"),
        pages=True,
    ),
    Case(
        "document: path with holes",
        DOCUMENTS,
        _asked(
            ("/denied", "X-Page: one"),
            ("/denied", "X-Page: one?two=three"),
            ("/denied", "X-Page: a%20b"),
            ("/denied", "X-Page: a b"),
            ("/denied", "X-Page: a/../b"),
            ("/denied", "X-Page: ../other"),
            ("/denied", "X-Page: a#b"),
            ("/denied", "X-Page: secret"),
            ("/denied", "X-Page: %73ecret"),
            ("/denied", "X-Page: x/../secret/y"),
            ("/denied", "X-Page: x%2f..%2fsecret"),
            ("/denied", "X-Page: %zz"),
            ("/denied", "X-Page: %00"),
            ("/denied", "X-Page: \xe9"),
            ("/denied",),
            ("/away", "X-To: documents/x"),
            ("/away", "X-To: /documents/x"),
            ("/away", "X-To: nowhere"),
            ("/away", "X-To: \\"),
            ("/away",),
            ("/proxy", "X-Page: documents/x"),
            ("/late/x%20y",),
            ("/clash", "X-Page: one"),
            ("/denied", "X-Page: two?"),
            ("/denied?three=four", "X-Page: two"),
        ),
        pages=True,
    ),
    Case(
        "document: path with holes that nobody serves",
        DOCUMENTS,
        (Down(1), *_asked(("/denied", "X-Page: refused/x"))),
        pages=True,
    ),
    Case(
        "document: path with holes, of a POST",
        DOCUMENTS,
        ask(request("/denied", "X-Page: p", method="POST", body=b"body")),
        differs="the body of a request that is answered by an `ErrorDocument` of a"
        " member",
        instead={
            "members/m0/0/fields": [
                ["Host", "127.0.0.1:{m0}"],
                ["X-Forwarded-For", "127.0.0.1"],
                ["X-Forwarded-Host", "front.test"],
                ["X-Forwarded-Server", "front.test"],
                ["X-Page", "p"],
            ],
            "members/m0/0/framing": "none",
            "members/m0/0/body": "",
        },
    ),
    Case(
        "document: with holes, of a HEAD",
        DOCUMENTS,
        (
            *get("/denied", "X-Page: h", method="HEAD"),
            *get("/law", "X-Page: h", method="HEAD"),
            *get("/later", "X-To: text", method="HEAD"),
        ),
        pages=True,
    ),
    Case(
        "document: URL with holes",
        DOCUMENTS,
        _asked(
            ("/gone",),
            ("/gone/a%20b?x=y",),
            ("/gone/%c3%a9",),
            ("/law", "X-Page: a"),
            ("/law", "X-Page: a b"),
            ("/law", "X-Page: a%0d%0aX: y"),
            ("/law",),
        ),
        pages=True,
    ),
)

CASES = (*REALM_CASES, *NAME_CASES, *FAKE_CASES, *DOCUMENT_CASES)
