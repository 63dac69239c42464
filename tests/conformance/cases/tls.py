"""TLS towards clients: names, policies, certificates of clients, variables."""

from collections.abc import Mapping

from ..case import Case, Conf, Errors, Log, Secure, Step, View, ask, get, request

CERTIFICATE = "  SSLEngine on\n  SSLCertificateFile {tls}/front.pem\n"


def host(tag: str, *lines: str, port: str = "port", tls: str = CERTIFICATE) -> str:
    """A virtual host with TLS that passes all to m0, tag before the path."""
    body = "".join(f"  {line}\n" for line in lines)
    return (
        f"<VirtualHost *:{{{port}}}>\n{tls}{body}"
        f"  ProxyPass / http://127.0.0.1:{{m0}}/{tag}/\n</VirtualHost>\n"
    )


def secure(name: str, *text: str, **more: str) -> Conf:
    return Conf(name, "".join(text), secure=True)


def over(
    sni: str | None = "front.test", asked: str | None = None, **more: str
) -> tuple[Step, ...]:
    """A handshake for one name, and a request for another or the same."""
    return (
        Secure(sni, **more),
        *get("/x", host=asked if asked is not None else sni or "front.test"),
    )


SECOND = "  SSLEngine on\n  SSLCertificateFile {tls}/second.pem\n"
ASKS = (
    "ServerName ask.test",
    "SSLVerifyClient require",
    "SSLCACertificateFile {tls}/ca.crt",
)
NAMED = (
    host("one", "ServerName one.test", "ServerAlias alias.test *.wild.test")
    + host("two", "ServerName two.test")
    + host("second", "ServerName second.test", tls=SECOND)
    + host("ask", *ASKS)
    + host("old", "ServerName old.test", "SSLProtocol -all +TLSv1.2")
    + host("plain", "ServerName plain.test", tls="")
)
NAMES = secure("tls names", NAMED)
STRICT = secure(
    "tls strict names",
    host("one", "ServerName one.test", "SSLStrictSNIVHostCheck on"),
    host("two", "ServerName two.test"),
)
STRICT_LATE = secure(
    "tls strict names in the second host",
    host("one", "ServerName one.test"),
    host("two", "ServerName two.test", "SSLStrictSNIVHostCheck on"),
)
POLICIES = tuple(
    secure(f"tls policy {one}", f"SSLVHostSNIPolicy {one}\n", NAMED)
    for one in ("strict", "secure", "authonly", "insecure")
)

# name in the handshake -> names in requests
ASKED: Mapping[str | None, tuple[str | None, ...]] = {
    "one.test": ("one.test", "ONE.test", "two.test", "second.test", "ask.test"),
    "two.test": ("two.test", "old.test", "nobody.test", "plain.test"),
    "alias.test": ("alias.test", "x.wild.test"),
    "x.wild.test": ("x.wild.test", "one.test:99"),
    "second.test": ("second.test", "one.test"),
    "SECOND.test": ("second.test",),
    "old.test": ("old.test", "one.test"),
    "nobody.test": ("nobody.test", "one.test", "second.test"),
    None: ("one.test", "two.test", "second.test", "ask.test", "nobody.test"),
}


def table(conf: Conf, rows: Mapping[str | None, tuple[str | None, ...]]) -> list[Case]:
    return [
        Case(f"{conf.name}: {sni or 'none'}, then {asked}", conf, over(sni, asked))
        for sni, many in rows.items()
        for asked in many
    ]


POLICY_ROWS: Mapping[str | None, tuple[str | None, ...]] = {
    "one.test": ("two.test", "second.test", "ask.test", "old.test"),
    "second.test": ("one.test",),
    "old.test": ("one.test",),
    None: ("one.test", "second.test", "ask.test"),
}

VERIFIED = (
    ("none", ""),
    ("optional", ""),
    ("require", ""),
    ("optional_no_ca", ""),
    ("require", "leaf"),
    ("optional_no_ca", "leaf"),
    ("require", "chain"),
    ("require", "leaf no_crl_for_cert_ok"),
)


def verified(verify: str, check: str) -> Conf:
    lines = (
        "SSLCARevocationFile {tls}/ca.crl",
        f"SSLCARevocationCheck {check}",
    )
    return secure(
        f"tls clients {verify}{', ' + check if check else ''}",
        'RequestHeader set X-Seen "%{SSL_CLIENT_VERIFY}s %{SSL_CLIENT_S_DN_CN}s"\n',
        host(
            "v",
            "ServerName front.test",
            f"SSLVerifyClient {verify}",
            "SSLCACertificateFile {tls}/ca.crt",
            *(lines if check else ()),
        ),
    )


CLIENTS = ("", "client", "stranger", "expired", "revoked")


# The first columns of lines in docs/differences-from-apache.md.
PLAIN_HOST = "a host of the address that has no `SSLEngine`, asked for over TLS"
GENEROUS = "`SSL_CLIENT_VERIFY` with `optional_no_ca` in TLS 1.2"
GENEROUS_IN = ("tls clients optional_no_ca", "stranger", "TLSv1.2")
FAILED = {
    "members/m0/0/fields/4/1": "FAILED:unable to verify the first certificate Stranger"
}


def clients() -> list[Case]:
    return [
        Case(
            f"{conf.name}: {client or 'nobody'}, {version}",
            conf,
            over(version=version, client=client),
            differs=GENEROUS if (conf.name, client, version) == GENEROUS_IN else "",
            instead=FAILED if (conf.name, client, version) == GENEROUS_IN else {},
        )
        for conf in (verified(*both) for both in VERIFIED)
        for client in CLIENTS
        for version in ("TLSv1.2", "TLSv1.3")
    ]


DN = ("C", "ST", "L", "O", "OU", "OU_1", "CN", "T", "I", "G", "S", "UID", "Email")
VARIABLES = (
    "HTTPS",
    "SSL_PROTOCOL",
    "SSL_CIPHER",
    "SSL_CIPHER_EXPORT",
    "SSL_CIPHER_USEKEYSIZE",
    "SSL_CIPHER_ALGKEYSIZE",
    "SSL_COMPRESS_METHOD",
    "SSL_SECURE_RENEG",
    "SSL_SESSION_RESUMED",
    "SSL_TLS_SNI",
    "SSL_CLIENT_VERIFY",
    "SSL_CLIENT_M_VERSION",
    "SSL_CLIENT_M_SERIAL",
    "SSL_CLIENT_V_START",
    "SSL_CLIENT_V_END",
    "SSL_CLIENT_S_DN",
    "SSL_CLIENT_I_DN",
    *(f"SSL_CLIENT_S_DN_{part}" for part in DN),
    "SSL_CLIENT_I_DN_CN",
    "SSL_CLIENT_A_KEY",
    "SSL_CLIENT_A_SIG",
    "SSL_CLIENT_SAN_Email_0",
    "SSL_CLIENT_SAN_Email_1",
    "SSL_CLIENT_SAN_Email_2",
    "SSL_CLIENT_SAN_DNS_0",
    "SSL_CLIENT_CERT_RFC4523_CEA",
    "SSL_SERVER_M_VERSION",
    "SSL_SERVER_M_SERIAL",
    "SSL_SERVER_V_START",
    "SSL_SERVER_V_END",
    "SSL_SERVER_S_DN",
    "SSL_SERVER_I_DN",
    "SSL_SERVER_S_DN_CN",
    "SSL_SERVER_S_DN_OU",
    "SSL_SERVER_S_DN_O",
    "SSL_SERVER_S_DN_C",
    "SSL_SERVER_I_DN_CN",
    "SSL_SERVER_A_KEY",
    "SSL_SERVER_A_SIG",
    "SSL_SERVER_SAN_DNS_0",
    "SSL_SERVER_SAN_DNS_4",
    "SSL_SERVER_SAN_DNS_5",
    "SSL_SERVER_SAN_Email_0",
    "SSL_NO_SUCH_THING",
)


def told(letter: str) -> str:
    """Each variable in a field of its own for the member."""
    return "".join(
        f'RequestHeader set X-{one.replace("_", "-")} "%{{{one}}}{letter}"\n'
        for one in VARIABLES
    )


LOGGED = (
    "SSL_PROTOCOL",
    "SSL_CIPHER",
    "SSL_CLIENT_VERIFY",
    "SSL_CLIENT_S_DN",
    "SSL_CLIENT_S_DN_CN",
    "SSL_TLS_SNI",
    "HTTPS",
    "SSL_SESSION_RESUMED",
)
OPTIONAL = "SSLVerifyClient optional\nSSLCACertificateFile {tls}/ca.crt\n"


def variables(name: str, letter: str, *lines: str) -> Conf:
    log = "|".join(f"%{{{one}}}{'x'}" for one in LOGGED)
    return secure(
        name,
        f'LogFormat "{log}|%{{version}}c|%{{cipher}}c|%{{subjectdn}}c|%{{errcode}}c|'
        f'%p|%v" tls\n',
        told(letter),
        host(
            "v",
            "ServerName front.test",
            *OPTIONAL.splitlines(),
            "CustomLog logs/tls.log tls",
            *lines,
        ),
        host("p", "ServerName front.test", port="port2", tls=""),
        "Listen 127.0.0.1:{port2}\n",
    )


TOLD = variables("tls variables", "s")
ENVIRONMENT = variables("tls environment", "e", "SSLOptions +StdEnvVars")
BARE = variables("tls environment not asked for", "e")
CERTIFICATE_TOLD = secure(
    "tls certificate in a field",
    """\
RequestHeader set X-By-S "<%{SSL_CLIENT_CERT}s>"
RequestHeader set X-By-E "<%{SSL_CLIENT_CERT}e>"
RequestHeader edit X-By-S "(?<=CERTIFICATE----- )([A-Za-z0-9+/=]+ )+" "# "
RequestHeader edit X-By-E "(?<=CERTIFICATE----- )([A-Za-z0-9+/=]+ )+" "# "
Header set X-By-E "<%{SSL_SERVER_CERT}e>"
Header edit X-By-E "(?<=CERTIFICATE----- )([A-Za-z0-9+/=]+ )+" "# "
""",
    host(
        "v",
        "ServerName front.test",
        *OPTIONAL.splitlines(),
        "SSLOptions +StdEnvVars +ExportCertData",
    ),
)

WAYS: Mapping[str, tuple[Step, ...]] = {
    "TLS 1.3": over(),
    "TLS 1.3, client": over(client="client"),
    "TLS 1.2, client": over(
        client="client", version="TLSv1.2", suites="ECDHE-ECDSA-AES128-GCM-SHA256"
    ),
    "TLS 1.2, other cipher": over(
        version="TLSv1.2", suites="ECDHE-ECDSA-CHACHA20-POLY1305"
    ),
    "no name": over(None),
}

ACCESS = secure(
    "tls access",
    "Listen 127.0.0.1:{port2}\n",
    "<Location /only>\n  SSLRequireSSL\n</Location>\n",
    host("t", "ServerName front.test"),
    host("p", "ServerName front.test", port="port2", tls=""),
)
WHERE = ("/only/x", "/free")

MOVES = secure(
    "tls redirects",
    "Listen 127.0.0.1:{port2}\n",
    "<VirtualHost *:{port2}>\n  ServerName www.test\n"
    "  Redirect permanent / https://www.test/\n</VirtualHost>\n",
    "<VirtualHost *:{port}>\n" + CERTIFICATE,
    """\
  ServerName one.test
  Redirect /r /to
  Redirect 301 /abs https://elsewhere.test/
  ProxyPass /r !
  ProxyPass /abs !
  ProxyPass /m/ http://127.0.0.1:{m0}/inner/
  ProxyPassReverse /m/ http://127.0.0.1:{m0}/inner/
  ProxyPassReverseCookiePath /inner/ /m/
</VirtualHost>
<VirtualHost *:{port}>
""",
    CERTIFICATE,
    """\
  ServerName two.test:443
  UseCanonicalName On
  Redirect /r /to
  ProxyPass /m/ http://127.0.0.1:{m0}/inner/
  ProxyPassReverse /m/ http://127.0.0.1:{m0}/inner/
</VirtualHost>
<VirtualHost *:{port}>
""",
    CERTIFICATE,
    """\
  ServerName https://alias.test:8443
  UseCanonicalName On
  Redirect /r /to
</VirtualHost>
""",
)

PLAIN = secure("tls plain request", host("t", "ServerName front.test"))
PLAINS: Mapping[str, bytes] = {
    "GET": request("/x?y=z"),
    "HEAD": request("/", method="HEAD"),
    "HTTP/1.0": request("/", version="HTTP/1.0", host=None),
    "POST": request("/", method="POST", body=b"a=b"),
    "lower case": b"get / http/1.1\r\n\r\n",
}

CIPHERS = secure(
    "tls ciphers",
    host(
        "t",
        "ServerName front.test",
        "SSLCertificateFile {tls}/rsa.pem",
        "SSLProtocol TLSv1.2 +TLSv1.3",
        "SSLCipherSuite ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256:"
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "SSLCipherSuite TLSv1.3 TLS_AES_128_GCM_SHA256",
        "SSLHonorCipherOrder on",
        'RequestHeader set X-Cipher "%{SSL_CIPHER}s %{SSL_SERVER_A_KEY}s"',
    ),
)
# Those that mod_ssl has a value for; what else the language knows is (null) there.
SERVER_VARIABLES = secure(
    "tls server variables",
    host(
        "t",
        "ServerName front.test",
        "ServerAdmin me@front.test",
        *(
            f'RequestHeader set X-{number} "{name}=%{{{name}}}s"'
            for number, name in enumerate(
                (
                    *("REQUEST_METHOD", "REQUEST_SCHEME", "REQUEST_URI", "REMOTE_ADDR"),
                    *("REMOTE_HOST", "REMOTE_IDENT", "REMOTE_USER", "SERVER_ADMIN"),
                    *("SERVER_NAME", "SERVER_PORT", "SERVER_PROTOCOL", "PATH_INFO"),
                    *("QUERY_STRING", "IS_SUBREQ", "AUTH_TYPE", "THE_REQUEST", "HTTPS"),
                    *(
                        "HTTP_USER_AGENT",
                        "HTTP_REFERER",
                        "HTTP_COOKIE",
                        "HTTP_FORWARDED",
                    ),
                    *("HTTP_HOST", "HTTP_ACCEPT", "remote_addr", "NOBODY"),
                )
            )
        ),
    ),
)
OFFERS: Mapping[str, tuple[Step, ...]] = {
    "RSA alone": over(version="TLSv1.2", suites="ECDHE-RSA-AES256-GCM-SHA384"),
    "ECDSA alone": over(version="TLSv1.2", suites="ECDHE-ECDSA-AES256-GCM-SHA384"),
    "both, ECDSA first": over(
        version="TLSv1.2",
        suites="ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384",
    ),
    "all": over(version="TLSv1.2"),
    "none of ours": over(version="TLSv1.2", suites="ECDHE-RSA-AES128-SHA"),
    "TLS 1.3": over(version="TLSv1.3"),
}

CLEAR = Conf(
    "https of a Listen without a certificate",
    "Listen 127.0.0.1:{port2} https\nProxyPass / http://127.0.0.1:{m0}/\n"
    "<VirtualHost 127.0.0.1:{port2}>\n  ServerName plain.test\n</VirtualHost>\n",
    secure=True,
)

CASES: tuple[Case, ...] = (
    Case(f"{CLEAR.name}: plain", CLEAR, get("/x", port="port2")),
    *table(NAMES, ASKED),
    *(case for conf in POLICIES for case in table(conf, POLICY_ROWS)),
    *table(STRICT, {None: ("one.test", "two.test"), "two.test": ("two.test",)}),
    *table(STRICT, {"nobody.test": ("one.test", "nobody.test")}),
    *table(STRICT_LATE, {None: ("one.test", "two.test"), "one.test": ("two.test",)}),
    Case(
        "tls names: misdirected, then another on the same connection",
        NAMES,
        (*over("one.test", "second.test"), *get("/x", host="one.test")),
        pages=True,
    ),
    *(
        Case(
            f"tls names: plain.test, then {asked}",
            NAMES,
            over("plain.test", asked),
            view=View.STATUS,
            differs=PLAIN_HOST,
            instead={"": ["TLSv1.3 front.test", *answered]},
        )
        for asked, answered in (
            ("plain.test", ("421", "closed")),
            ("one.test", ("200", "open")),
        )
    ),
    *(
        Case(
            f"tls names: HTTP/1.0 without Host, {sni or 'no name'}",
            NAMES,
            (Secure(sni), *get("/x", host=None, version="HTTP/1.0")),
        )
        for sni in ("two.test", None)
    ),
    *(
        Case(
            f"tls names: absolute target, {asked}",
            NAMES,
            (
                Secure("one.test"),
                *ask(request(f"{scheme}://{asked}/x", host="one.test")),
            ),
        )
        for scheme, asked in (
            ("https", "two.test"),
            ("https", "second.test"),
            ("http", "one.test"),
        )
    ),
    Case("tls names: name with a dot at its end", NAMES, over("two.test.", "two.test")),
    Case(
        "tls names: misdirected POST",
        NAMES,
        (
            Secure("one.test"),
            *ask(request("/x", method="POST", host="second.test", body=b"abc")),
        ),
    ),
    Case(
        "tls names: misdirected, what is logged",
        NAMES,
        (*over("one.test", "second.test"), Errors(("AH02032",))),
    ),
    Case(
        "tls strict names: what is logged",
        STRICT,
        (*over(None, "one.test"), Errors(())),
        pages=True,
    ),
    *clients(),
    *(
        Case(f"{conf.name}: {way}", conf, (*steps, Log("logs/tls.log", 1)))
        for conf in (TOLD, ENVIRONMENT, BARE)
        for way, steps in WAYS.items()
    ),
    *(
        Case(f"{CERTIFICATE_TOLD.name}: {way}", CERTIFICATE_TOLD, WAYS[way])
        for way in ("TLS 1.3, client", "TLS 1.2, client")
    ),
    Case(
        f"{CERTIFICATE_TOLD.name}: none shown",
        CERTIFICATE_TOLD,
        over(),
        differs="`SSL_CLIENT_CERT` of a client that shows no certificate",
        instead={"members/m0/0/fields/1": ["X-By-E", "<(null)>"]},
    ),
    *(
        Case(f"{conf.name}: plain port", conf, get("/x", port="port2"))
        for conf in (TOLD, ENVIRONMENT)
    ),
    *(
        Case(f"tls access: {path}, TLS", ACCESS, (Secure(), *get(path)))
        for path in WHERE
    ),
    *(
        Case(f"tls access: {path}, plain", ACCESS, get(path, port="port2"))
        for path in WHERE
    ),
    Case(
        "tls access: refused, what is logged",
        ACCESS,
        (*get("/only/x", port="port2"), Errors(("AH02219",))),
        pages=True,
    ),
    *(
        Case(f"tls plain request: {name}", PLAIN, ask(data), pages=True)
        for name, data in PLAINS.items()
    ),
    Case("tls server variables of a header rule", SERVER_VARIABLES, over()),
    Case(
        "tls server variables of a header rule, more of a request",
        SERVER_VARIABLES,
        (
            Secure(),
            *get(
                "/a%20b//c?x=%41&y",
                "User-Agent: ua",
                "Cookie: a=1",
                "Cookie: b=2",
                "Accept: */*",
                "Referer: http://r.test/",
                host="front.test:1234",
                method="POST",
            ),
        ),
    ),
    *(Case(f"tls ciphers: {name}", CIPHERS, steps) for name, steps in OFFERS.items()),
    Case(
        "tls redirects: from http", MOVES, get("/a?b=c", host="www.test", port="port2")
    ),
    *(
        Case(f"tls redirects: {one}", MOVES, (Secure(sni), *get(path, host=asked)))
        for one, sni, path, asked in (
            ("relative", "one.test", "/r/x", "one.test"),
            ("relative, port 443", "one.test", "/r/x", "one.test:443"),
            ("relative, other port", "one.test", "/r/x", "one.test:8443"),
            ("absolute", "one.test", "/abs/x", "one.test"),
            ("canonical", "two.test", "/r/x", "two.test:99"),
            ("canonical, other port", "alias.test", "/r/x", "alias.test:99"),
        )
    ),
)
