"""Reverse mapping: Location and its kin, and cookies, on the way back."""

from collections.abc import Mapping
from dataclasses import replace

from ..case import Case, Conf, get
from ..members import answer, turn

REVERSE = Conf(
    "reverse",
    """\
<Proxy balancer://bal>
  BalancerMember http://127.0.0.1:{m0}
  BalancerMember http://127.0.0.1:{m1}/base
</Proxy>
ProxyPass /plain/ http://127.0.0.1:{m0}/x/
ProxyPassReverse /plain/ http://127.0.0.1:{m0}/x/
ProxyPassReverse /other/ http://127.0.0.1:{m1}/
ProxyPassReverse /path/ /only/path/
ProxyPassReverse /st/ balancer://bal/
ProxyPassReverse /sub balancer://bal/sub
ProxyPassReverse /secure/ https://inner.test/
<Location /loc/>
  ProxyPass http://127.0.0.1:{m0}/l/
  ProxyPassReverse http://127.0.0.1:{m0}/l/
</Location>
""",
)

ONLY_SECTION = Conf(
    "reverse in a section",
    """\
ProxyPass /out/ http://127.0.0.1:{m0}/o/
<Location /loc/>
  ProxyPass http://127.0.0.1:{m0}/l/
  ProxyPassReverse http://127.0.0.1:{m0}/l/
</Location>
""",
)

ROOT = Conf(
    "reverse at root",
    """\
<Proxy balancer://all>
  BalancerMember http://127.0.0.1:{m0}
</Proxy>
ProxyPass / balancer://all/
ProxyPassReverse / balancer://all/
""",
)

COOKIES = Conf(
    "cookies",
    """\
ProxyPass /c/ http://127.0.0.1:{m0}/x/
ProxyPassReverseCookiePath /x /plain
ProxyPassReverseCookiePath / /c/
ProxyPassReverseCookieDomain 127.0.0.1 public.test
ProxyPassReverseCookieDomain inner.test public.test
<Location /l/>
  ProxyPass http://127.0.0.1:{m0}/l/
  ProxyPassReverseCookiePath /l/ /l/
</Location>
""",
)

LOCATIONS: Mapping[str, str] = {
    "below the target": "http://127.0.0.1:{m0}/x/next?q=1#f",
    "the target itself": "http://127.0.0.1:{m0}/x/",
    "host in upper case, path exactly": "HTTP://127.0.0.1:{m0}/x/Case",
    "path in upper case": "http://127.0.0.1:{m0}/X/case",
    "other rule": "http://127.0.0.1:{m1}/deep/er",
    "path only in rule": "http://any.where/only/path/p",
    "path only in rule and value": "/only/path/p",
    "relative": "next",
    "absolute path": "/x/rel",
    "unknown host": "http://elsewhere.test/x/",
    "member of a balancer": "http://127.0.0.1:{m1}/base/next",
    "other scheme": "https://inner.test/a",
    "other scheme does not match": "http://inner.test/a",
    "empty": "",
}

COOKIE_VALUES: Mapping[str, str] = {
    "path is replaced whole": "a=1; Path=/x/sub",
    "path without boundary": "a=1; path=/xyz",
    "second rule": "a=1; Path=/y",
    "quoted path": 'a=1; path="/x"',
    "domain": "a=1; Domain=127.0.0.1; Secure",
    "domain without boundary": "a=1; domain=127.0.0.12",
    "domain in upper case": "a=1; DOMAIN=INNER.TEST",
    "leading dot": "a=1; domain=.127.0.0.1",
    "both": "a=1; Path=/x; Domain=inner.test; HttpOnly; SameSite=Lax",
    "both, the other way": "a=1;Domain=inner.test;Path=/x;Max-Age=3",
    "neither": "a=1; Expires=Thu, 01 Jan 2026 00:00:00 GMT",
    "path twice": "a=1; Path=/x; Path=/q",
    "no blank": "a=1;path=/x",
    "blanks": "a=1 ;  Path = /x ; Secure",
    "value looks like a path": "path=/x; Path=/x",
    "only a name": "a",
    "ends in semicolon": "a=1; Path=/x;",
}


def _location(conf: Conf, path: str, name: str, value: str, field: str) -> Case:
    redirect = answer(b"", f"{field}: {value}", status="302 Found")
    return Case(f"{conf.name}: {name}", conf, get(path), members={0: turn(redirect)})


JOINT = "`ProxyPassReverse` from a path that ends in `/` to a rest that begins with one"


def _joint(name: str, path: str, value: str, better: str) -> Case:
    case = _location(REVERSE, path, name, value, "Location")
    return replace(
        case, differs=JOINT, instead={"client/0/fields/2/1": better}, compat=True
    )


CASES: tuple[Case, ...] = (
    *(
        _location(REVERSE, "/plain/a", f"Location, {name}", value, "Location")
        for name, value in LOCATIONS.items()
    ),
    *(
        _location(REVERSE, "/plain/a", field, "http://127.0.0.1:{m0}/x/n", field)
        for field in ("Content-Location", "URI", "Destination", "Refresh", "Link")
    ),
    _location(
        REVERSE,
        "/loc/a",
        "server rule beside a section",
        "http://127.0.0.1:{m0}/x/n",
        "Location",
    ),
    _location(
        ONLY_SECTION, "/loc/a", "applies", "http://127.0.0.1:{m0}/l/n", "Location"
    ),
    _location(
        ONLY_SECTION, "/out/a", "not outside", "http://127.0.0.1:{m0}/l/n", "Location"
    ),
    _joint(
        "first member of the balancer",
        "/plain/a",
        "http://127.0.0.1:{m0}/x",
        "http://front.test/st/x",
    ),
    _joint(
        "server rules come before a section's",
        "/loc/a",
        "http://127.0.0.1:{m0}/l/n",
        "http://front.test/st/l/n",
    ),
    Case(
        "reverse: Host with port decides the answer",
        REVERSE,
        get("/plain/a", host="front.test:8080"),
        members={
            0: turn(
                answer(b"", "Location: http://127.0.0.1:{m0}/x/n", status="302 Found")
            )
        },
    ),
    Case(
        "reverse: no Host",
        REVERSE,
        get("/plain/a", host=None, version="HTTP/1.0"),
        members={
            0: turn(
                answer(b"", "Location: http://127.0.0.1:{m0}/x/n", status="302 Found")
            )
        },
    ),
    Case(
        "reverse: with an ordinary answer",
        REVERSE,
        get("/plain/a"),
        members={0: turn(answer(b"x", "Location: http://127.0.0.1:{m0}/x/n"))},
    ),
    *(
        _location(ROOT, "/", name, value, "Location")
        for name, value in {
            "member": "http://127.0.0.1:{m0}/next",
            "member, nothing more": "http://127.0.0.1:{m0}",
            "another": "http://127.0.0.1:1/next",
        }.items()
    ),
    *(
        Case(
            f"cookies: {name}",
            COOKIES,
            get("/c/a"),
            members={0: turn(answer(b"x", f"Set-Cookie: {value}"))},
        )
        for name, value in COOKIE_VALUES.items()
    ),
    Case(
        "cookies: each line by itself",
        COOKIES,
        get("/c/a"),
        members={
            0: turn(
                answer(b"x", "Set-Cookie: a=1; Path=/x", "Set-Cookie: b=2; Path=/x/y")
            )
        },
    ),
    Case(
        "cookies: section before server",
        COOKIES,
        get("/l/a"),
        members={0: turn(answer(b"x", "Set-Cookie: a=1; Path=/l/q"))},
    ),
    Case(
        "cookies: of an error too",
        COOKIES,
        get("/c/a"),
        members={
            0: turn(answer(b"x", "Set-Cookie: a=1; Path=/x", status="404 Not Found"))
        },
    ),
    Case(
        "reverse: port that continues",
        Conf(
            "port that continues",
            """\
ProxyPassReverse / http://other.test:80
ProxyPass / http://127.0.0.1:{m0}/
""",
        ),
        get("/"),
        members={
            0: turn(
                answer(b"", "Location: http://other.test:8080/x", status="302 Found")
            )
        },
        differs="`ProxyPassReverse http://h:80` and a Location of `http://h:8080/`",
        instead={
            "client/0/fields": [
                ["Content-Length", "0"],
                ["Date", "<now>"],
                ["Location", "http://other.test:8080/x"],
                ["Server", "<product>"],
            ]
        },
    ),
)
