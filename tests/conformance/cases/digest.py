"""AuthType Digest: what is asked, and who is let in."""

import hashlib

from ..case import Case, Conf, Prove, Step, View, get

PASSWORDS = {"bob": "one", "eve": "two", "no:name": "three"}


def _line(user: str, realm: str, password: str = "") -> str:
    text = f"{user}:{realm}:{password or PASSWORDS[user]}"
    return f"{user}:{realm}:{hashlib.md5(text.encode()).hexdigest()}\n"


USERS = (
    "# who may\n"
    + _line("bob", "the vault")
    + _line("bob", "the vault", "second")
    + "  "
    + _line("eve", "the vault")
    + _line("bob", "counted")
    + "short:the vault:abc\nnothing:the vault\n"
    + f"more:the vault:{hashlib.md5(b'more:the vault:one').hexdigest()}:words\n"
)
FILES = {"users": USERS, "groups": "staff: eve\n"}
OTHERS = _line("bob", "the vault", "two") + _line("zoe", "the vault", "one")

PLAIN = Conf(
    "digest",
    """\
<Location />
  AuthType Digest
  AuthName "the vault"
  AuthUserFile "{root}/users"
  AuthGroupFile "{root}/groups"
  AuthDigestDomain / http://elsewhere.test/
  Require valid-user
</Location>
<Location /eve>
  Require user eve
</Location>
<Location /staff>
  Require group staff
</Location>
<Location /forbid>
  AuthzSendForbiddenOnFailure On
  Require user eve
</Location>
<Location /once>
  AuthName counted
  AuthDigestNonceLifetime 0
</Location>
<Location /counted>
  AuthName counted
  AuthDigestNcCheck On
</Location>
<Location /ever>
  AuthDigestNonceLifetime -1
</Location>
<Location /lost>
  AuthUserFile "{root}/nowhere"
</Location>
<Location /words>
  AuthDigestProvider file
  AuthDigestQop auth
  AuthDigestAlgorithm MD5
</Location>
<Location /basic>
  AuthType Basic
</Location>
<Location /open>
  AuthType None
  Require all granted
</Location>
<Location /document>
  ErrorDocument 401 "who are you?"
</Location>
<Location /note>
  RequestHeader set X-User "expr=%{REMOTE_USER} by %{AUTH_TYPE}"
</Location>
<Location /server-status>
  SetHandler server-status
</Location>
<Location /server-status/once>
  AuthName counted
  AuthDigestNonceLifetime 0
</Location>
<Location /server-status/short>
  AuthDigestNonceLifetime 20
</Location>
<Location /server-status/domain>
  AuthDigestDomain /a
  AuthDigestDomain /b /c
  Require user eve
</Location>
ProxyPass /server-status !
ProxyPass / http://127.0.0.1:{m0}/
""",
    files=FILES,
)
BARE = Conf(
    "digest without",
    """\
<Location /name>
  AuthType Digest
  AuthUserFile "{root}/users"
  Require valid-user
</Location>
<Location /file>
  AuthType Digest
  AuthName "the vault"
  Require valid-user
</Location>
<Location /require>
  AuthType Digest
  AuthName "the vault"
  AuthUserFile "{root}/users"
</Location>
<Proxy http://127.0.0.1:{m0}/proxied>
  AuthType Digest
  AuthName "the vault"
  AuthUserFile "{root}/users"
  Require valid-user
</Proxy>
ProxyPass / http://127.0.0.1:{m0}/
""",
    files=FILES,
)


ALIASES = Conf(
    "digest aliases",
    """\
<AuthnProviderAlias file first>
  AuthUserFile "{root}/users"
</AuthnProviderAlias>
<AuthnProviderAlias file second>
  AuthUserFile "{root}/others"
</AuthnProviderAlias>
<AuthnProviderAlias file gone>
  AuthUserFile "{root}/nowhere"
</AuthnProviderAlias>
<Location />
  AuthType Digest
  AuthName "the vault"
  AuthUserFile "{root}/others"
  AuthDigestProvider first
  Require valid-user
</Location>
<Location /both>
  AuthDigestProvider first second
</Location>
<Location /turned>
  AuthDigestProvider second
  AuthDigestProvider first
</Location>
<Location /gone>
  AuthDigestProvider second gone first
</Location>
<Location /plain>
  AuthDigestProvider file first
</Location>
<Location /unsaid>
  AuthDigestNcCheck On
</Location>
ProxyPass / http://127.0.0.1:{m0}/
""",
    files=FILES | {"others": OTHERS},
)


def _proved(
    path: str, what: str, conf: Conf = PLAIN, **words: str | dict[str, str]
) -> Case:
    steps = (*get(path), Prove(path, **words))  # type: ignore[arg-type]
    view = View.LOGIN if path.startswith("/server-status") else View.FULL
    return Case(f"{conf.name}: {path} {what}", conf, steps, view=view)


def _answered(path: str, *proofs: Step) -> tuple[Step, ...]:
    return (*get(path), *proofs)


CASES: tuple[Case, ...] = (
    *(
        _proved(path, user, user=user, password=PASSWORDS[user])
        for path in (
            *("/x", "/eve", "/staff", "/forbid", "/once", "/counted", "/ever", "/lost"),
            *("/words", "/document", "/note", "/server-status", "/server-status/short"),
            *("/server-status/once", "/server-status/domain"),
        )
        for user in ("bob", "eve")
    ),
    *(
        _proved("/x", what, user=user, password=password)
        for what, user, password in (
            ("wrong password", "bob", "two"),
            ("second line of a name", "bob", "second"),
            ("unknown", "zoe", "one"),
            ("short hash", "short", "one"),
            ("no hash", "nothing", "one"),
            ("words behind", "more", "one"),
            ("colon in the name", "no:name", "three"),
        )
    ),
    *(
        _proved("/x?a=%20b", what, more=more)
        for what, more in (
            ("no response", {"response": ""}),
            ("short response", {"response": "0" * 31}),
            ("no name", {"username": ""}),
            ("no realm", {"realm": ""}),
            ("no nonce", {"nonce": ""}),
            ("short nonce", {"nonce": "0"}),
            ("no uri", {"uri": ""}),
            ("no cnonce", {"cnonce": ""}),
            ("no nc", {"nc": ""}),
            ("odd nc", {"nc": "zz"}),
            ("no qop", {"qop": ""}),
            ("RFC 2069", {"qop": "", "nc": "", "cnonce": ""}),
            ("auth-int", {"qop": "auth-int"}),
            ("AUTH", {"qop": "AUTH"}),
            ("other realm", {"realm": "elsewhere"}),
            ("other case of the realm", {"realm": "The Vault"}),
            ("SHA-256", {"algorithm": "SHA-256"}),
            ("MD5-sess", {"algorithm": "MD5-sess"}),
            ("md5", {"algorithm": "md5"}),
            ("no algorithm", {"algorithm": ""}),
            ("opaque", {"opaque": "7"}),
            ("opaque 0", {"opaque": "0"}),
            ("odd opaque", {"opaque": "x"}),
            ("other uri", {"uri": "/y?a=%20b"}),
            ("uri without query", {"uri": "/x"}),
            ("uri with less escapes", {"uri": "/x?a= b"}),
            ("uri with more escapes", {"uri": "/%78?a=%20b"}),
            ("absolute uri", {"uri": "http://front.test/x?a=%20b"}),
            ("absolute uri in capitals", {"uri": "http://FRONT.test:80/x?a=%20b"}),
            ("absolute uri elsewhere", {"uri": "http://back.test/x?a=%20b"}),
            ("uri with a fragment", {"uri": "/x?a=%20b#c"}),
            ("uri that is broken", {"uri": "/x?a=%2"}),
            ("uri *", {"uri": "*"}),
        )
    ),
    *(
        Case(f"digest: {what}", PLAIN, _answered(path, *proofs))
        for what, path, proofs in (
            (
                "twice with one nonce",
                "/x",
                (Prove("/x"), Prove("/x"), Prove("/x/y", more={"nc": "00000002"})),
            ),
            ("once is once", "/once", (Prove("/once"), *get("/once"), Prove("/once"))),
            (
                "stale, then the new nonce",
                "/once",
                (Prove("/once"), Prove("/once"), Prove("/once")),
            ),
            (
                "the count rises",
                "/counted",
                (
                    Prove("/counted"),
                    Prove("/counted/x", more={"nc": "00000002"}),
                    Prove("/counted/x", more={"nc": "00000009"}),
                ),
            ),
            (
                "the count does not rise",
                "/counted",
                (Prove("/counted", more={"nc": "00000003"}), Prove("/counted")),
            ),
            (
                "the count is no number",
                "/counted",
                (Prove("/counted", more={"nc": "x"}),),
            ),
            ("a nonce of elsewhere", "/x", (Prove("/counted"),)),
            ("a nonce that is not counted", "/x", (Prove("/once"), Prove("/once"))),
            ("a head", "/x", (Prove("/x", method="HEAD"),)),
            ("a post", "/x", (Prove("/x", method="POST"),)),
            ("what needs none", "/x", (Prove("/open"),)),
            ("basic where digest is asked", "/basic", (Prove("/basic"),)),
        )
    ),
    *(
        Case(f"digest: {what}", PLAIN, get("/x", *headers))
        for what, headers in (
            ("basic", ("Authorization: Basic Ym9iOm9uZQ==",)),
            ("bearer", ("Authorization: Bearer x",)),
            ("nothing behind", ("Authorization: Digest",)),
            ("commas", ("Authorization: Digest ,,=,",)),
            ("open quotes", ('Authorization: Digest username="bob',)),
        )
    ),
    *(
        _proved(path, f"{user} {password}", ALIASES, user=user, password=password)
        for path in ("/x", "/both", "/turned", "/gone", "/plain", "/unsaid")
        for user, password in (
            *(("bob", "one"), ("bob", "two"), ("eve", "two"), ("zoe", "one")),
            ("joe", "x"),
        )
    ),
    *(
        _proved(path, "bob", BARE)
        for path in ("/name", "/file", "/require", "/proxied", "/else")
    ),
)
