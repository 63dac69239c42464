"""Who the client is, and how that is mixed with where it comes from."""

import base64
import random

from ..case import Case, Conf, Step, View, get

USERS = """\
# who may
bob:$apr1$.vPb0YuX$XTpBhhVmb1oCOPo1J.R0o.
eve:{SHA}rXguzax3D8brmmLkT5CHP7l/sms=
  dan:Dm87MgBnuqTP.

joe:$2y$04$Jcr68/Suxklc/M8kJILdpuqgIHzMh8.2EyGW1/wsUvY2dGkL3Kfhm:more:words
ann:$6$9zRBkJBGgXjaGYt.$DJyIlGTHVck8FHl/2SEXEpI2vreULFJSbKFg.VPz8IdmfGxQBm5K1FB6ByJ4TyOZ.eH6Zx4pW5q7G7EI8ViSw.
bob:{SHA}rXguzax3D8brmmLkT5CHP7l/sms=
clear:clear
empty:
"""
GROUPS = """\
staff: bob eve
Guests : dan "joe"
# none: ann
staff: ann
"""
FILES = {"users": USERS, "groups": GROUPS}
PASSWORDS = {"bob": "one", "eve": "two", "joe": "five", "ann": "three", "dan": "four"}

PLAIN = Conf(
    "users",
    """\
SetEnvIf X-Key "^open$" LET_IN
<Location />
  AuthType Basic
  AuthName "The \\"inner\\" circle"
  AuthUserFile "{root}/users"
  AuthGroupFile "{root}/groups"
</Location>
<Location /open>
  Require all granted
</Location>
<Location /any>
  Require valid-user
</Location>
<Location /some>
  Require user eve "joe"
</Location>
<Location /staff>
  Require group admins STAFF
</Location>
<Location /guests>
  Require group guests
</Location>
<Location /not>
  <RequireAll>
    Require valid-user
    Require not user eve
    Require not group guests
  </RequireAll>
</Location>
<Location /forbid>
  AuthzSendForbiddenOnFailure On
  Require user eve
</Location>
<Location /forbid/inner>
  Require user joe
</Location>
<Location /none>
  AuthType None
  Require all granted
</Location>
<Location /none/user>
  Require valid-user
</Location>
<Location /lost>
  AuthUserFile "{root}/nowhere"
  Require valid-user
</Location>
<Location /nogroups>
  AuthGroupFile "{root}/nowhere"
  Require group staff
</Location>
<Location /soft>
  AuthBasicAuthoritative Off
  Require valid-user
</Location>
<Location /document>
  ErrorDocument 401 "who are you?"
  Require valid-user
</Location>
<Location /page>
  ErrorDocument 401 /open/page
  Require valid-user
</Location>
<Location /elsewhere>
  ErrorDocument 401 http://elsewhere.test/
  Require valid-user
</Location>
<Location /header>
  Header always edit WWW-Authenticate inner outer
  Require valid-user
</Location>
<Location /header/edit>
  Header edit WWW-Authenticate inner outer
</Location>
<Location /header/unset>
  Header always unset WWW-Authenticate
</Location>
<Location /header/onsuccess>
  Header unset WWW-Authenticate
</Location>
<Location /header/set>
  Header always set WWW-Authenticate Bearer
</Location>
<Location /merged>
  Require user bob
</Location>
<Location /merged/and>
  AuthMerging And
  Require group staff
</Location>
<Location /merged/or>
  AuthMerging Or
  Require user dan
</Location>
<Location /merged/off>
  AuthMerging Off
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""",
    files=FILES,
)

BARE = Conf(
    "users without",
    """\
<Location /type>
  AuthName x
  AuthUserFile "{root}/users"
  Require valid-user
</Location>
<Location /name>
  AuthType Basic
  AuthUserFile "{root}/users"
  Require valid-user
</Location>
<Location /file>
  AuthType Basic
  AuthName x
  Require valid-user
</Location>
<Location /require>
  AuthType Basic
  AuthName x
  AuthUserFile "{root}/users"
</Location>
<Proxy http://127.0.0.1:{m0}/proxied>
  AuthType Basic
  AuthName "the proxied"
  AuthUserFile "{root}/users"
  Require valid-user
</Proxy>
ProxyPass / http://127.0.0.1:{m0}/
""",
    files=FILES,
)


KNOWN = """\
  AuthType Basic
  AuthName "known"
  AuthUserFile "{root}/users"
  AuthGroupFile "{root}/groups"
"""

LIMITED = Conf(
    "limited",
    """\
<Location /any>
  <KNOWN>
  <Limit GET>
    <RequireAny>
      Require all granted
    </RequireAny>
  </Limit>
  <Limit POST>
    Require user bob
  </Limit>
</Location>
<Location /all>
  <KNOWN>
  <LimitExcept POST>
    <RequireAll>
      Require valid-user
      <RequireNone>
        Require user eve
      </RequireNone>
    </RequireAll>
  </LimitExcept>
</Location>
<Proxy http://127.0.0.1:{m0}/p>
  <KNOWN>
  Require user bob
</Proxy>
<Location /p>
  Require valid-user
</Location>
<Location /p/and>
  AuthMerging And
  Require group guests staff
</Location>
<Location /p/and/or>
  AuthMerging Or
  Require user dan
</Location>
<Location /p/silent>
  AuthMerging And
</Location>
<Location /p/off>
  AuthMerging Off
</Location>
<Location /p/off/and>
  AuthMerging And
  Require user eve
</Location>
<Location /p/if>
  Require user eve
  <If "true">
    AuthMerging Or
    Require user dan
  </If>
</Location>
<Location /pro>
  AuthMerging And
  Require group guests staff
</Location>
<Location /prob>
  AuthMerging Off
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""".replace("  <KNOWN>\n", KNOWN),
    files=FILES,
)


METHODS = Conf(
    "methods",
    """\
<Location /get>
  AllowMethods GET
</Location>
<Location /get/any>
  AllowMethods reset
</Location>
<Location /get/post>
  AllowMethods PUT
  AllowMethods POST TRACE
</Location>
<Location /some>
  AllowMethods HEAD POST DELETE
</Location>
<Location /old>
  AllowMethods POST
  Deny from all
</Location>
<Location /satisfied>
  AllowMethods POST
  Require all granted
  Satisfy any
</Location>
<Location /asked>
  AllowMethods POST
  AuthType Basic
  AuthName x
  AuthUserFile "{root}/users"
  Require valid-user
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""",
    files=FILES,
)


GUESTS = Conf(
    "guests",
    """\
<Location />
  AuthType Basic
  AuthName guests
  AuthUserFile "{root}/users"
  AuthBasicProvider anon file
  Require valid-user
  Anonymous guest Visitor
</Location>
<Location /nothing>
  Anonymous guest
  Anonymous_MustGiveEmail Off
  Anonymous_NoUserID On
</Location>
<Location /verify>
  Anonymous *
  Anonymous_VerifyEmail On
</Location>
<Location /file>
  AuthBasicProvider file anon
</Location>
<Location /fake>
  AuthBasicFake member secret
</Location>
<Location /fake/word>
  AuthBasicFake only
</Location>
<Location /fake/off>
  AuthBasicFake off
</Location>
<Location /fake/open>
  AuthType None
  Require all granted
</Location>
<Location /fake/rule>
  RequestHeader set Authorization mine
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""",
    files=FILES,
)


ALIASES = Conf(
    "aliases",
    """\
<AuthnProviderAlias file first>
  AuthUserFile "{root}/users"
</AuthnProviderAlias>
<AuthnProviderAlias file second>
  AuthUserFile "{root}/others"
</AuthnProviderAlias>
<AuthnProviderAlias file section>
</AuthnProviderAlias>
<AuthnProviderAlias file gone>
  AuthUserFile "{root}/nowhere"
</AuthnProviderAlias>
<AuthnProviderAlias anon visitors>
  Anonymous guest
  Anonymous_MustGiveEmail Off
</AuthnProviderAlias>
<AuthzProviderAlias group staff-only staff>
  AuthGroupFile "{root}/groups"
</AuthzProviderAlias>
<AuthzProviderAlias group strangers "guests nobody">
  AuthGroupFile "{root}/strangers"
</AuthzProviderAlias>
<AuthzProviderAlias group of-the-section "staff guests">
</AuthzProviderAlias>
<AuthzProviderAlias user some "eve 'joe'">
</AuthzProviderAlias>
<AuthzProviderAlias valid-user anybody>
</AuthzProviderAlias>
<AuthzProviderAlias all nobody denied>
</AuthzProviderAlias>
<AuthzProviderAlias ip here "10.0.0.0/8 127.0.0.1">
</AuthzProviderAlias>
<AuthzProviderAlias method reading "GET OPTIONS">
</AuthzProviderAlias>
<AuthzProviderAlias env key "LET_IN OTHER">
</AuthzProviderAlias>
<AuthzProviderAlias expr bob "%{REMOTE_USER} == 'bob'">
</AuthzProviderAlias>
SetEnvIf X-Key "^open$" LET_IN
<Location />
  AuthType Basic
  AuthName aliased
  AuthUserFile "{root}/others"
  AuthGroupFile "{root}/strangers"
  AuthBasicProvider first
  Require valid-user
</Location>
<Location /both>
  AuthBasicProvider first second
</Location>
<Location /turned>
  AuthBasicProvider second first
</Location>
<Location /lines>
  AuthBasicProvider second
  AuthBasicProvider visitors first
</Location>
<Location /section>
  AuthBasicProvider section
</Location>
<Location /gone>
  AuthBasicProvider second gone first
</Location>
<Location /plain>
  AuthBasicProvider file first
</Location>
<Location /staff>
  Require staff-only
</Location>
<Location /strangers>
  Require strangers whatever stands here
</Location>
<Location /of-the-section>
  AuthGroupFile "{root}/groups"
  Require of-the-section
</Location>
<Location /any>
  Require some
  Require strangers
</Location>
<Location /not>
  <RequireAll>
    Require anybody
    Require not staff-only
  </RequireAll>
</Location>
<Location /none>
  <RequireAll>
    Require anybody
    <RequireNone>
      Require some
      Require strangers
    </RequireNone>
  </RequireAll>
</Location>
<Location /nobody>
  Require nobody
</Location>
<Location /not-nobody>
  <RequireAll>
    Require not nobody
    Require anybody
  </RequireAll>
</Location>
<Location /here>
  Require here
</Location>
<Location /not-here>
  <RequireAll>
    Require not here
    Require anybody
  </RequireAll>
</Location>
<Location /reading>
  Require reading
</Location>
<Location /key>
  Require key
</Location>
<Location /bob>
  Require bob
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""",
    files=FILES
    | {
        "others": "bob:{SHA}rXguzax3D8brmmLkT5CHP7l/sms=\n"
        "zoe:{SHA}rXguzax3D8brmmLkT5CHP7l/sms=\n",
        "strangers": "guests: ann zoe\nstaff: dan\n",
    },
)


def basic(user: str, password: str | None = None) -> str:
    """Field with name and password; None: that of the file."""
    word = f"{user}:{PASSWORDS.get(user, '') if password is None else password}"
    return f"Authorization: Basic {base64.b64encode(word.encode()).decode()}"


def _case(path: str, what: str, *headers: str, conf: Conf = PLAIN) -> Case:
    return Case(f"{conf.name}: {path} {what}", conf, get(path, *headers))


# Mixtures ------------------------------------------------------------------------

CONDITIONS = (
    *("valid-user", "user bob", "user eve ann", "group staff", "group guests"),
    *("ip 127.0.0.1", "ip 10.0.0.1", "env LET_IN", "method GET POST", "method PUT"),
    *("all granted", "all denied", "valid-user", "valid-user", "user bob"),
)
OLD = (
    *("Order allow,deny", "Order deny,allow", "Order mutual-failure"),
    *("Allow from all", "Deny from all", "Allow from 127.0.0.1", "Deny from 127"),
    *("Allow from 10.0.0.1", "Deny from 10.0.0.0/8", "Allow from env=LET_IN"),
    *("Deny from env=LET_IN", "Allow from env=!LET_IN", "Deny from env=!LET_IN"),
)
LIMITS = ("Limit GET", "Limit POST PUT", "LimitExcept GET", "LimitExcept POST HEAD")


def _require(draw: random.Random, depth: int = 0) -> list[str]:
    if depth < 2 and draw.random() < 0.25:
        kind = draw.choice(("RequireAny", "RequireAll"))
        inner = [
            line
            for _ in range(draw.randint(1, 3))
            for line in _require(draw, depth + 1)
        ]
        if kind == "RequireAll" and draw.random() < 0.4:
            inner.append(f"Require not {draw.choice(CONDITIONS)}")
        return [f"<{kind}>", *inner, f"</{kind}>"]
    return [f"Require {draw.choice(CONDITIONS)}"]


def _section(draw: random.Random, inner: bool) -> list[str]:
    lines: list[str] = []
    if draw.random() < (0.2 if inner else 0.75):
        lines += [
            "AuthType Basic",
            f"AuthName n{draw.randint(0, 9)}",
            'AuthUserFile "{root}/users"',
            'AuthGroupFile "{root}/groups"',
        ]
    elif draw.random() < 0.1:
        lines.append("AuthType None")
    for _ in range(draw.choice((0, 1, 1, 2))):
        require = _require(draw)
        if len(require) == 1 and draw.random() < 0.2:
            limit = draw.choice(LIMITS)
            require = [f"<{limit}>", *require, f"</{limit.split()[0]}>"]
        lines += require
    if draw.random() < 0.5:
        old = draw.sample(OLD, draw.randint(1, 3))
        if draw.random() < 0.25:
            limit = draw.choice(LIMITS)
            old = [f"<{limit}>", *old, f"</{limit.split()[0]}>"]
        lines += old
    if draw.random() < 0.35:
        lines.append(f"Satisfy {draw.choice(('any', 'all', 'any'))}")
    if inner and draw.random() < 0.5:
        lines.append(f"AuthMerging {draw.choice(('And', 'Or', 'Off'))}")
    if draw.random() < 0.1:
        lines.append("AuthzSendForbiddenOnFailure On")
    return lines


def _mixed(number: int, places: int) -> Conf:
    draw = random.Random(f"users {number}")
    text = ['SetEnvIf X-Key "^open$" LET_IN']
    for place in range(places):
        for path, inner in ((f"/{place}", False), (f"/{place}/in", True)):
            text += [
                f"<Location {path}>",
                *(f"  {line}" for line in _section(draw, inner)),
                "</Location>",
            ]
    text.append("ProxyPass / http://127.0.0.1:{m0}/\n")
    return Conf(f"users mixed {number}", "\n".join(text), files=FILES)


def _asked(path: str) -> tuple[Step, ...]:
    """Who may is asked by everybody; one connection each, as a refusal may end it."""
    steps: list[Step] = []
    for number, (headers, method) in enumerate(
        (
            ((), "GET"),
            ((basic("bob"),), "GET"),
            ((basic("bob", "wrong"),), "GET"),
            ((basic("dan"), "X-Key: open"), "GET"),
            (("X-Key: open",), "PUT"),
            ((basic("ann"),), "POST"),
        )
    ):
        steps += get(path, *headers, method=method, conn=f"c{number}")
    return tuple(steps)


PLACES = 40
MIXED = tuple(_mixed(number, PLACES) for number in range(4))

CASES: tuple[Case, ...] = (
    *(
        _case(path, what, *headers)
        for path in (
            *("/any", "/open", "/some", "/staff", "/guests", "/not", "/forbid"),
            *("/forbid/inner", "/none", "/none/user", "/merged", "/merged/and"),
            *("/merged/or", "/merged/off"),
        )
        for what, headers in (
            ("nobody", ()),
            *((user, (basic(user),)) for user in PASSWORDS),
        )
    ),
    *(
        _case("/any", what, *headers)
        for what, headers in (
            ("wrong password", (basic("bob", "two"),)),
            ("unknown", (basic("zoe", "one"),)),
            ("second line of a name", (basic("bob", "two"),)),
            ("clear text", (basic("clear", "clear"),)),
            ("empty hash", (basic("empty", ""),)),
            ("no name", (basic("", "one"),)),
            ("commented", (basic("# who may", ""),)),
            ("other scheme", ("Authorization: Bearer abc",)),
            ("scheme in capitals", (basic("bob").replace("Basic", "BASIC"),)),
            ("more blanks", (basic("bob").replace("Basic ", "Basic   "),)),
            ("no colon", ("Authorization: Basic Ym9i",)),
            ("no password field", ("Authorization: Basic",)),
            ("not base64", ("Authorization: Basic ####",)),
            ("rubbish behind", (basic("bob") + "#x",)),
            ("colon in the password", (basic("bob", ":one"),)),
        )
    ),
    *(
        _case(path, what, *headers)
        for path in ("/lost", "/nogroups", "/soft", "/document", "/elsewhere", "/page")
        for what, headers in (
            ("nobody", ()),
            ("bob", (basic("bob"),)),
            ("zoe", (basic("zoe", "x"),)),
        )
    ),
    *(
        _case(path, "nobody")
        for path in (
            *("/header", "/header/edit", "/header/unset", "/header/onsuccess"),
            "/header/set",
        )
    ),
    *(
        _case(path, what, *headers, conf=BARE)
        for path in ("/type", "/name", "/file", "/require", "/proxied", "/else")
        for what, headers in (("nobody", ()), ("bob", (basic("bob"),)))
    ),
    *(
        _case(path, what, *headers, conf=GUESTS)
        for path in (
            *("/", "/nothing", "/verify", "/file", "/fake", "/fake/word", "/fake/off"),
            *("/fake/open", "/fake/rule"),
        )
        for what, headers in (
            ("nobody", ()),
            ("guest", (basic("guest", "me@home.test"),)),
            ("VISITOR", (basic("VISITOR", "x"),)),
            ("guest without", (basic("guest", ""),)),
            ("no name", (basic("", "me@home.test"),)),
            ("bob", (basic("bob"),)),
            ("zoe", (basic("zoe", "x"),)),
        )
    ),
    *(
        Case(f"aliases: {path} {what}", ALIASES, get(path, *headers), view=View.STATUS)
        for path in (
            *("/", "/both", "/turned", "/lines", "/section", "/gone", "/plain"),
            *("/staff", "/strangers", "/of-the-section", "/any", "/not", "/none"),
            *("/nobody", "/not-nobody", "/here", "/not-here", "/reading", "/key"),
            "/bob",
        )
        for what, headers in (
            ("nobody", ()),
            ("key", ("X-Key: open",)),
            *((user, (basic(user),)) for user in PASSWORDS),
            ("bob of the others", (basic("bob", "two"),)),
            ("zoe", (basic("zoe", "two"),)),
            ("guest", (basic("guest", ""),)),
        )
    ),
    *(
        Case(
            f"limited: {method} {path} {user}",
            LIMITED,
            get(path, *((basic(user),) if user else ()), method=method),
        )
        for path, methods in (
            ("/any", ("GET", "HEAD", "POST", "PUT")),
            ("/all", ("GET", "POST", "PUT")),
            *(
                (path, ("GET",))
                for path in (
                    *("/p", "/p/and", "/p/and/or", "/p/silent", "/p/off"),
                    *("/p/off/and", "/pro", "/prob", "/p/if"),
                )
            ),
        )
        for method in methods
        for user in ("", "bob", "eve", "dan")
    ),
    *(
        Case(f"methods: {method} {path}", METHODS, get(path, method=method))
        for path in (
            *("/get", "/get/any", "/get/post", "/some", "/old", "/satisfied"),
            "/asked",
        )
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "FOO")
    ),
    *(
        Case(f"{conf.name}: {path}", conf, _asked(path), view=View.STATUS)
        for conf in MIXED
        for place in range(PLACES)
        for path in (f"/{place}/x", f"/{place}/in")
    ),
)
