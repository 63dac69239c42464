"""What sections ask of a client's TLS, and the user that its certificate names."""

import base64

from ..case import Case, Conf, Errors, Secure, Step, View, get

CERTIFICATE = "  SSLEngine on\n  SSLCertificateFile {tls}/front.pem\n"
AUTHORITY = "  SSLCACertificateFile {tls}/ca.crt\n"
OPTIONAL = f"  SSLVerifyClient optional\n{AUTHORITY}"


def secure(name: str, inside: str, tls: str = OPTIONAL, files: str = "") -> Conf:
    """A host with TLS, and a plain one beside it with the same sections."""
    passes = "  ProxyPass / http://127.0.0.1:{m0}/\n"
    return Conf(
        name,
        "Listen 127.0.0.1:{port2}\n"
        f"<VirtualHost *:{{port}}>\n  ServerName front.test\n{CERTIFICATE}{tls}"
        f"{inside}{passes}</VirtualHost>\n"
        f"<VirtualHost *:{{port2}}>\n  ServerName front.test\n{inside}{passes}"
        "</VirtualHost>\n",
        files={"users": files} if files else {},
        secure=True,
    )


OWN = "1.3.6.1.4.1.32473"  # extensions of the client (identities.py)
# path -> SSLRequire of its section
REQUIRED = {
    "yes": "true",
    "no": "false",
    "on": '%{HTTPS} eq "on"',
    "mail": "%{SSL_CLIENT_S_DN_Email} =~ m/@person\\.test$/ and %{SSL_PROTOCOL} in "
    '{"TLSv1.2", "TLSv1.3"}',
    "verified": '%{SSL_CLIENT_VERIFY} eq "SUCCESS"',
    "longer": '"10" > "9"',
    "letters": '"b" > "a10"',
    "words": '"10" gt "9" and "9" lt "10" and "10" -ge "10" and "a" -ne "b"',
    "numbers": '"010" -eq "10"',
    "bits": "%{SSL_CIPHER_USEKEYSIZE} >= 128",
    "few": "%{SSL_CIPHER_USEKEYSIZE} >= 1000",
    "file": 'file("/nowhere") == "x"',
    "extension": f'"a word" in PeerExtList("{OWN}.1")',
    "begins": f'"a" in PeerExtList("{OWN}.1")',
    "bytes": f'"a\x01~\u00c3\u00a4" in PeerExtList("{OWN}.2")',
    "integer": f'"5" in PeerExtList("{OWN}.3")',
    "nul": f'"a" in PeerExtList("{OWN}.4")',
    "printable": f'"a" in PeerExtList("{OWN}.5")',
    "absent": f'"" in PeerExtList("{OWN}.9")',
    "two": f'"ab" in PeerExtList("{OWN}.7")',
    "comment": '"a comment" in PeerExtList("2.16.840.1.113730.1.13")',
    "not": f'not "a word" in PeerExtList("{OWN}.1")',
    "address": "%{REMOTE_ADDR} =~ m/^127\\./ or %{TIME_HOUR} < 100",
}
REQUIRE = secure(
    "tls require",
    "".join(
        f"<Location /{path}>\nSSLRequire {text}\n</Location>\n"
        for path, text in REQUIRED.items()
    )
    + "<Location /on/never>\nSSLRequire false\n</Location>\n"
    "<Location /no/again>\nSSLRequire true\n</Location>\n"
    "<Location /any>\nSSLRequire false\nSatisfy any\nRequire all granted\n"
    "</Location>\n",
)
SECTIONS = secure(
    "tls clients in sections",
    "<Location /need>\nSSLVerifyClient require\nSSLVerifyDepth 2\n</Location>\n"
    "<Location /need/not>\nSSLVerifyClient none\n</Location>\n"
    "<Location /may>\nSSLVerifyClient optional\nSSLVerifyDepth 2\n</Location>\n",
    AUTHORITY,
)
SUBJECT = (
    "/C=XX/ST=Some state/L=A place/O=Conformance, Inc./OU=First unit/OU=Second unit"
    '/CN=Kl\\xC3\\xA4re "K" Person/title=Dr/GN=Kl\\xC3\\xA4re/SN=Person/UID=kp'
    "/emailAddress=klaere@person.test"
)
USERS = f"{SUBJECT}:xxj31ZMTZzkVA\nbob:{{SHA}}rXguzax3D8brmmLkT5CHP7l/sms=\n"
BASIC = (
    'AuthType Basic\nAuthName x\nAuthBasicProvider file\nAuthUserFile "{root}/users"\n'
)
NAMED = secure(
    "tls users",
    'RequestHeader set X-User "%{REMOTE_USER}s"\n'
    f"<Location /fake>\nSSLOptions +FakeBasicAuth\n{BASIC}Require valid-user\n"
    "</Location>\n"
    f"<Location /plain>\n{BASIC}Require valid-user\n</Location>\n"
    "<Location /mail>\nSSLUserName SSL_CLIENT_S_DN_Email\n"
    "Require user klaere@person.test\n</Location>\n"
    "<Location /name>\nSSLUserName SSL_CLIENT_S_DN_UID\nRequire valid-user\n"
    "</Location>\n"
    "<Location /free>\nSSLUserName SSL_CLIENT_S_DN_UID\n</Location>\n"
    "<Location /both>\nSSLUserName SSL_CLIENT_S_DN_UID\nSSLOptions +FakeBasicAuth\n"
    f"{BASIC}Require valid-user\n</Location>\n",
    files=USERS,
)

AES128 = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256"
AES256 = AES128.replace("128", "256").replace("SHA256", "SHA384")
CIPHERS = secure(
    "tls ciphers in sections",
    "<Location /high>\nSSLCipherSuite HIGH\n</Location>\n"
    f"<Location /long>\nSSLCipherSuite {AES256}\n</Location>\n"
    f"<Location /long/short>\nSSLCipherSuite SSL {AES128}\n</Location>\n"
    "<Location /opt>\nSSLOptions +OptRenegotiate\n"
    f"SSLCipherSuite {AES256}\n</Location>\n",
)

CLIENTS = ("", "client")


def basic(user: str, password: str) -> str:
    word = base64.b64encode(f"{user}:{password}".encode()).decode()
    return f"Authorization: Basic {word}"


def over(path: str, *fields: str, client: str = "", **more: str) -> tuple[Step, ...]:
    return (Secure(client=client, **more), *get(path, *fields))


# The first columns of lines in docs/differences-from-apache.md.


def refused(version: str = "TLSv1.3") -> list[str]:
    return [f"{version} front.test", "403 <page 403 Forbidden>"]


UNSTRICT = (
    "`SSLRequireSSL`, `SSLRequire` under `Satisfy any` without"
    " `SSLOptions +StrictRequire`"
)
CIPHERS_IN_SECTIONS = "`SSLCipherSuite` in a section, up to TLS 1.2"
IN_SECTIONS = "`SSLVerifyClient`, `SSLVerifyDepth` in a section"


def sections() -> list[Case]:
    """httpd asks within the connection, behind the request."""
    found = []
    for version in ("TLSv1.2", "TLSv1.3"):
        for client in CLIENTS:
            for path in ("/need", "/need/not", "/may", "/free"):
                steps: tuple[Step, ...] = (
                    Secure(client=client, version=version, late=True),
                    *get(path),
                )
                is_cut = not client and path == "/need"
                found.append(
                    Case(
                        f"tls clients in sections: {client or 'nobody'}, {path},"
                        f" {version}",
                        SECTIONS,
                        steps,
                        view=View.SEQUENCE if is_cut else View.FULL,
                        differs=IN_SECTIONS if is_cut else "",
                        instead={"": refused(version)} if is_cut else {},
                    )
                )
    return found


def ciphers() -> list[Case]:
    """httpd shakes hands anew where the section has a cipher that the host has not,
    and closes where that fails."""
    found = []
    for suites in (AES128, AES256, f"{AES128}:{AES256}", f"{AES256}:{AES128}"):
        first = suites[12:18]
        for path in ("/", "/high", "/long", "/long/short", "/opt"):
            wanted = {"/long": "AES256", "/opt": "AES256", "/long/short": "AES128"}
            is_denied = wanted.get(path, first) != first
            found.append(
                Case(
                    f"tls ciphers in sections: {suites.count(':') // 2 + 1} lists,"
                    f" {first}, {path}",
                    CIPHERS,
                    over(path, version="TLSv1.2", suites=suites),
                    view=View.SEQUENCE,
                    differs=CIPHERS_IN_SECTIONS if is_denied else "",
                    instead={"": refused("TLSv1.2")} if is_denied else {},
                )
            )
    found += [
        Case(f"tls ciphers in sections: TLSv1.3, {path}", CIPHERS, over(path))
        for path in ("/high", "/long", "/long/short", "/opt")
    ]
    found += [
        Case(
            f"tls ciphers in sections: plain, {path}", CIPHERS, get(path, port="port2")
        )
        for path in ("/", "/long")
    ]
    return found


NAMES = (
    ("/fake", ()),
    ("/fake", (basic("bob", "two"),)),
    ("/fake", (basic(SUBJECT, "password"),)),
    ("/plain", ()),
    ("/plain", (basic("/x", "password"),)),
    ("/plain", (basic("/x", "other"),)),
    ("/mail", ()),
    ("/name", ()),
    ("/free", ()),
    ("/both", ()),
)
CASES: tuple[Case, ...] = (
    *(
        Case(
            f"tls require: {client or 'nobody'}, {path}",
            REQUIRE,
            over(path, client=client),
        )
        for client in CLIENTS
        for path in (
            *(f"/{path}" for path in REQUIRED),
            "/on/never",
            "/no/again",
        )
    ),
    Case(
        "tls require: Satisfy any",
        REQUIRE,
        over("/any"),
        view=View.SEQUENCE,
        differs=UNSTRICT,
        instead={"": refused()},
    ),
    *(
        Case(f"tls require: plain, {path}", REQUIRE, get(path, port="port2"))
        for path in ("/yes", "/no", "/verified")
    ),
    Case(
        "tls require: what is logged",
        REQUIRE,
        (*over("/no"), Errors(("AH02229",))),
        pages=True,
    ),
    *sections(),
    *ciphers(),
    *(
        Case(
            f"tls users: {client or 'nobody'}, {path} {number}",
            NAMED,
            over(path, *fields, client=client),
        )
        for client in CLIENTS
        for number, (path, fields) in enumerate(NAMES)
    ),
    *(
        Case(f"tls users: plain, {path}", NAMED, get(path, port="port2"))
        for path in ("/fake", "/mail", "/free")
    ),
)
