"""TLS towards members: what their certificates must be, and what failures answer."""

from collections.abc import Mapping

from ..case import Case, Conf, Down, Errors, Secure, View, ask, get, request
from ..members import Act, Script, Secured, answer, turn


def to(
    name: str, *lines: str, member: Secured | None = None, host: str = "127.0.0.1"
) -> Conf:
    """One member behind https."""
    body = "".join(f"{line}\n" for line in lines)
    return Conf(
        name,
        f"SSLProxyEngine on\n{body}ProxyPass / https://{host}:{{m0}}/\n"
        f"ProxyPassReverse / https://{host}:{{m0}}/\n",
        secure=True,
        members={0: member} if member is not None else {},
    )


TRUST = ("SSLProxyVerify require", "SSLProxyCACertificateFile {tls}/ca.crt")
NAME_OFF = "SSLProxyCheckPeerName off"
CN_OFF = "SSLProxyCheckPeerCN off"
EXPIRE_OFF = "SSLProxyCheckPeerExpire off"
OWN = Secured("own")
OLD = Secured("old")
MISNAMED = Secured("misnamed")
COMMON = Secured("common")
ASKING = Secured(asks=True)

GOOD: Mapping[str, Conf] = {
    "by default": to("member by default", member=Secured()),
    "believed": to("member believed", *TRUST, member=Secured()),
    "self-signed": to("member self-signed", member=OWN),
    "localhost": to("member localhost", *TRUST, member=Secured(), host="localhost"),
    "self-signed, optional_no_ca": to(
        "member optional_no_ca",
        "SSLProxyVerify optional_no_ca",
        TRUST[1],
        member=OWN,
    ),
    "misnamed, both off": to("member both off", NAME_OFF, CN_OFF, member=MISNAMED),
    "misnamed, name off": to("member name off", NAME_OFF, member=MISNAMED),
    "misnamed, CN off": to("member CN off", CN_OFF, member=MISNAMED),
    "number as common name alone": to("member number", member=Secured("number")),
    "common name beside another": to(
        "member mixed", member=Secured("mixed"), host="localhost"
    ),
    "old, expire off": to("member expire off", EXPIRE_OFF, member=OLD),
    "common name alone": to("member common name", member=COMMON, host="localhost"),
    "common name alone, name off": to(
        "member common name off", NAME_OFF, member=COMMON, host="localhost"
    ),
    "asks for us": to(
        "member asks",
        "SSLProxyMachineCertificateFile {tls}/client.pem",
        *TRUST,
        member=ASKING,
    ),
    "TLS 1.2": to("member 1.2", member=Secured(version="TLSv1.2")),
    "preserved host": to(
        "member preserved", "ProxyPreserveHost On", *TRUST, member=Secured("named")
    ),
    "protocol": to(
        "member protocol",
        "SSLProxyProtocol -all +TLSv1.2",
        "SSLProxyCipherSuite ECDHE-ECDSA-AES128-GCM-SHA256",
        member=Secured(),
    ),
}
BAD: Mapping[str, tuple[Conf, tuple[str, ...]]] = {
    "self-signed, require": (
        to("member required", *TRUST, member=OWN),
        ("AH00898", "AH01084"),
    ),
    "self-signed, optional": (
        to("member optional", "SSLProxyVerify optional", TRUST[1], member=OWN),
        (),
    ),
    "misnamed": (to("member misnamed", member=MISNAMED), ("AH00898",)),
    "misnamed, CN off, name on": (
        to(
            "member misnamed by name",
            CN_OFF,
            "SSLProxyCheckPeerName on",
            member=MISNAMED,
        ),
        ("AH00898",),
    ),
    "old": (to("member old", member=OLD), ("AH00898",)),
    "old, required": (
        to("member old required", *TRUST, EXPIRE_OFF, member=OLD),
        ("AH00898",),
    ),
    "asks for us, nothing to show": (
        to("member asks in vain", member=Secured(asks=True, version="TLSv1.2")),
        ("AH00898",),
    ),
    "protocol": (
        to(
            "member other protocol",
            "SSLProxyProtocol -all +TLSv1.3",
            member=Secured(version="TLSv1.2"),
        ),
        ("AH00898",),
    ),
    "preserved host": (
        to("member not for the host", "ProxyPreserveHost On", member=Secured()),
        ("AH00898",),
    ),
}
ENGINE_OFF = Conf(
    "member without SSLProxyEngine",
    "ProxyPass / https://127.0.0.1:{m0}/\n",
    secure=True,
    members={0: Secured()},
)
ADDRESS = to("member by address", member=Secured("address"))
SECTIONS = Conf(
    "member of two sections",
    """\
SSLProxyEngine on
<Proxy https://127.0.0.1:{m0}>
  SSLProxyCheckPeerName off
</Proxy>
<Proxy https://127.0.0.1:{m0}>
  SSLProxyCheckPeerExpire off
</Proxy>
ProxyPass / https://127.0.0.1:{m0}/
""",
    secure=True,
    members={0: MISNAMED},
)
UPGRADE = Conf(
    "upgrade= of a balancer",
    """\
<Proxy balancer://b>
  BalancerMember http://127.0.0.1:{m0}
  ProxySet upgrade=websocket
</Proxy>
ProxyPass / balancer://b/
""",
)
BALANCER = Conf(
    "members of a balancer",
    """\
SSLProxyEngine on
SSLProxyVerify require
SSLProxyCACertificateFile {tls}/ca.crt
<Proxy balancer://b>
  BalancerMember https://127.0.0.1:{m0} route=a
  BalancerMember https://127.0.0.1:{m1} route=b
</Proxy>
ProxyPass / balancer://b/
ProxyPassReverse / balancer://b/
""",
    secure=True,
    members={0: Secured(), 1: OWN},
)
SECTION = Conf(
    "members by their sections",
    """\
SSLProxyEngine on
<Proxy https://127.0.0.1:{m0}>
  SSLProxyVerify require
  SSLProxyCACertificateFile {tls}/ca.crt
</Proxy>
ProxyPass /a/ https://127.0.0.1:{m0}/
ProxyPass /b/ https://127.0.0.1:{m1}/
""",
    secure=True,
    members={0: OWN, 1: OWN},
)
BOTH = Conf(
    "tls on both sides",
    """\
<VirtualHost *:{port}>
  ServerName front.test
  SSLEngine on
  SSLCertificateFile {tls}/front.pem
  SSLProxyEngine on
  ProxyPass / https://127.0.0.1:{m0}/in/
  ProxyPassReverse / https://127.0.0.1:{m0}/in/
</VirtualHost>
""",
    secure=True,
    members={0: Secured()},
)


SHORT = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"


def moved(status: str, place: bytes) -> Script:
    return turn(answer(b"", "Location: " + place.decode(), status=status))


CASES: tuple[Case, ...] = (
    *(Case(f"member {name}", conf, get("/x")) for name, conf in GOOD.items()),
    *(
        Case(
            f"bad member {name}",
            conf,
            (*get("/x"), Errors(numbers)),
            pages=True,
        )
        for name, (conf, numbers) in BAD.items()
    ),
    Case(
        "member POST",
        GOOD["believed"],
        ask(request("/x", method="POST", body=b"b" * 5000)),
    ),
    Case(
        "member cut within a body",
        GOOD["by default"],
        get("/x"),
        members={0: turn(SHORT, Act.CLOSE)},
    ),
    Case(
        "member until its close",
        GOOD["by default"],
        get("/x"),
        members={0: turn(b"HTTP/1.1 200 OK\r\n\r\nabc", Act.CLOSE)},
    ),
    Case(
        "member closes without an answer",
        to("member that closes", member=Secured()),
        get("/x"),
        members={0: turn(Act.CLOSE)},
    ),
    Case("member down", GOOD["by default"], (Down(0), *get("/x"))),
    Case(
        "member without SSLProxyEngine",
        ENGINE_OFF,
        (*get("/x"), Errors(())),
        view=View.STATUS,
        differs="`https://` member without `SSLProxyEngine on`",
        instead={"": ["200", "open", {"errors": []}]},
        compat=True,
    ),
    Case(
        "member of two sections",
        SECTIONS,
        get("/x"),
        view=View.STATUS,
        differs="`SSLProxy…` in several `<Proxy>` sections for one target",
        instead={"": ["200", "open"]},
        compat=True,
    ),
    Case(
        "upgrade= of a balancer",
        UPGRADE,
        get("/x"),
        view=View.SEQUENCE,
        differs="`upgrade=` behind `ProxyPass … balancer://` or in its `ProxySet`",
        instead={"": ["200 m0"]},
        compat=True,
    ),
    Case(
        "member address in subjectAltName alone",
        ADDRESS,
        get("/x"),
        view=View.STATUS,
        differs="address in a member's `subjectAltName`",
        instead={"": ["200", "open"]},
    ),
    Case(
        "members of a balancer: one is not believed",
        BALANCER,
        tuple(step for n in "abcd" for step in get(f"/{n}", conn=n)),
        view=View.SEQUENCE,
    ),
    *(
        Case(f"members by their sections: {path}", SECTION, get(path))
        for path in ("/a/x", "/b/x")
    ),
    *(
        Case(
            f"tls on both sides: Location {place.decode()}",
            BOTH,
            (Secure(), *get("/x")),
            members={0: moved("302 Found", place)},
        )
        for place in (
            b"https://127.0.0.1:{m0}/in/y",
            b"http://127.0.0.1:{m0}/in/y",
            b"https://front.test/in/y",
            b"/in/y",
        )
    ),
    Case(
        "tls on both sides: host with a port",
        BOTH,
        (Secure(), *get("/x", host="front.test:8443")),
        members={0: moved("302 Found", b"https://127.0.0.1:{m0}/in/y")},
    ),
)
