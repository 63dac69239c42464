"""Redirects, and which of Redirect and ProxyPass has the word."""

from collections.abc import Mapping
from dataclasses import replace

from ..case import Case, Conf, get
from ..members import answer, turn

REDIRECT = Conf(
    "Redirect",
    r"""
Redirect /plain http://to.test/x
Redirect /slash/ http://to.test/y/
Redirect /loses/ http://to.test/z
Redirect permanent /perm https://to.test/
Redirect permanent "/both/" https://to.test/
Redirect seeother /see http://to.test/s
Redirect temp /temp http://to.test/t
Redirect 307 /307 http://to.test/307
Redirect 308 /308 http://to.test/308
RedirectPermanent /rp http://to.test/rp
RedirectTemp /rt http://to.test/rt
Redirect /local /here
Redirect /q http://to.test/q?fixed=1
RedirectMatch ^/m/(.*)\.gif$ http://to.test/$1.png
RedirectMatch 301 ^/mm/([^/]+)/(.*)$ http://to.test/$2/$1?x=$1
RedirectMatch gone \.old$
RedirectMatch "^/lm/(.*)$" /landed/$1
Redirect /order http://to.test/first
Redirect /order/deep http://to.test/second
<Location /section>
  Redirect http://to.test/from-section
</Location>
<Location /section-gone>
  Redirect gone
</Location>
Redirect "/quo ted" "http://to.test/with blank"
""",
)

PROXY = Conf(
    "Redirect beside ProxyPass",
    """\
Redirect /redirected http://to.test/r
<Location /location>
  Redirect http://to.test/l
</Location>
ProxyPass /except !
Redirect /except http://to.test/e
ProxyPass / http://127.0.0.1:{m0}/
""",
)

RULES = Conf(
    "Redirect beside rules of a directory",
    r"""
LoadModule rewrite_module modules/mod_rewrite.so
LoadModule dir_module modules/mod_dir.so
DocumentRoot "{root}/site"
<Directory "{root}/site/flat">
  DirectorySlash Off
</Directory>
<Directory "{root}/site">
  Require all granted
  ForceType text/plain
  RewriteEngine on
  RewriteBase /
  RewriteRule ^forbidden/ - [F]
  RewriteRule ^away/ http://to.test/by-a-rule [R]
  RewriteRule ^to/(.*)$ made/$1 [L]
  RewriteRule ^raw/ none%zz [L]
  RewriteCond %{REQUEST_FILENAME} !-f
  RewriteRule ^(.*)$ file.txt?asked=$1 [QSA]
  RedirectMatch 404 /\.git
  RedirectMatch ^/(?:new|forbidden|away)/(.*) http://to.test/$1
  RedirectMatch ^/raw/ http://to.test/raw
  Redirect /made http://to.test/made
</Directory>
""",
    files={
        "site/file.txt": "file\n",
        "site/new/a": "a\n",
        "site/flat/a": "a\n",
    },
    aged=True,
)

ACCESS = Conf(
    "Redirect before access",
    r"""
LoadModule rewrite_module modules/mod_rewrite.so
DocumentRoot "{root}/site"
Redirect /moved http://to.test/moved
RedirectMatch 410 ^/gone/
<Location />
  Require all denied
</Location>
<Location /section>
  Redirect http://to.test/section
</Location>
<Location /path>
  RedirectMatch ^/path/a http://to.test/path
</Location>
<Location /ruled>
  RewriteEngine on
  RewriteRule .* - [F]
  Redirect http://to.test/ruled
</Location>
<Location /member>
  Redirect http://to.test/member
</Location>
ProxyPass /member http://127.0.0.1:{m0}/
""",
    files={"site/file.txt": "file\n"},
)

INHERIT = Conf(
    "Redirect of vhost and main",
    """\
Redirect /a http://to.test/main-a
Redirect /b http://to.test/main-b
<VirtualHost *:{port}>
  ServerName front.test
  Redirect /a http://to.test/vhost-a
</VirtualHost>
""",
)

RELATIVE = Conf("relative", "RedirectRelative On\nRedirect /a /b\n")

# Behind somebody who ends TLS: the name says how the client speaks.
SCHEMES = tuple(
    Conf(
        f"ServerName {name}",
        f"""\
ServerName {name}
Redirect /local /here
<Location /canonical>
  UseCanonicalName On
  Redirect /canonical /here
</Location>
ProxyPass /m/ http://127.0.0.1:{{m0}}/
ProxyPassReverse /m/ http://127.0.0.1:{{m0}}/
""",
    )
    for name in (
        "https://front.test",
        "https://front.test:443",
        "https://front.test:8443",
        "http://front.test:8081",
    )
)

TARGETS: Mapping[str, str] = {
    "prefix": "/plain",
    "rest is appended": "/plain/a/b",
    "query is appended": "/plain/a?q=1",
    "segment boundary": "/plainer",
    "slashes on both sides": "/slash/a",
    "pattern with slash, without it": "/slash",
    "target loses its slash": "/loses/a",
    "permanent": "/perm/a",
    "permanent, exactly": "/perm",
    "quoted": "/both/a?b=c",
    "seeother": "/see",
    "temp": "/temp",
    "307": "/307/a",
    "308": "/308/a",
    "RedirectPermanent": "/rp/a",
    "RedirectTemp": "/rt/a",
    "local target": "/local/a",
    "target with a query": "/q/a?b=c",
    "match": "/m/pic.gif",
    "match with query": "/m/pic.gif?x=1",
    "match, query in the target": "/mm/one/two?q",
    "match gone": "/a.old",
    "match, local": "/lm/a%20b",
    "first one wins": "/order/deep/x",
    "section": "/section",
    "section, more": "/section/more?q=1",
    "section gone": "/section-gone/x",
    "encoded path": "/plain/a%20b%3Bc%22d",
    "quotes with blanks": "/quo%20ted/x",
}


HOSTS = Conf(
    "Redirect to oneself",
    """\
Redirect /local /here
<Location /physical>
  UseCanonicalPhysicalPort On
  Redirect /here
</Location>
<Location /canonical>
  UseCanonicalName On
  UseCanonicalPhysicalPort On
  Redirect /here
</Location>
""",
)
HOST_NAMES = (
    "front.test",
    "Front.Test:8081",
    "front.test.",
    "[::1]",
    "[::1]:77",
    "front.test:0000000000081",
)


def _case(conf: Conf, name: str, path: str, *headers: str, host: str = "") -> Case:
    return Case(
        f"{conf.name}: {name}",
        conf,
        get(path, *headers, host=host) if host else get(path, *headers),
        members={0: turn(answer(b"x"))},
    )


UPPER_HEX = "`Redirect`: escapes in `Location`"


def _upper(name: str, path: str, location: str) -> Case:
    return replace(
        _case(REDIRECT, name, path),
        differs=UPPER_HEX,
        instead={"client/0/fields/2/1": location},
    )


CASES: tuple[Case, ...] = (
    *(
        _case(HOSTS, f"{path[1:]}, {host}", path, host=host)
        for path in ("/local", "/physical", "/canonical")
        for host in HOST_NAMES
    ),
    *(
        Case(
            f"{conf.name}: {path[1:]}, {host}",
            conf,
            get(path, host=host),
            members={0: turn(answer(b"", "Location: /x", status="302 Found"))},
        )
        for conf in SCHEMES
        for path in ("/local", "/canonical", "/m/a")
        for host in ("front.test", "front.test:8080", "front.test:443", "front.test:80")
    ),
    *(_case(REDIRECT, name, path) for name, path in TARGETS.items()),
    _upper("markup", "/plain/<b>", "http://to.test/x/%3Cb%3E"),
    _upper("non-ASCII", "/plain/%c3%a4", "http://to.test/x/%C3%A4"),
    Case("Redirect: page", REDIRECT, get("/plain/a"), pages=True),
    Case("Redirect: permanent page", REDIRECT, get("/perm/a"), pages=True),
    Case("Redirect: HEAD", REDIRECT, get("/plain/a", method="HEAD")),
    Case("Redirect: POST", REDIRECT, get("/plain/a", method="POST")),
    _case(PROXY, "ProxyPass before a server's Redirect", "/redirected"),
    _case(PROXY, "Redirect in a section before ProxyPass", "/location/x"),
    _case(PROXY, "Redirect where ProxyPass is excluded", "/except/x"),
    *(
        _case(RULES, path, path)
        for path in (
            *("/.git/config", "/new/a", "/new/b?c=d", "/none", "/file.txt", "/to/a?b"),
            *("/made/a", "/forbidden/a", "/away/a", "/raw/a", "/"),
            *("/new", "/new?c=d", "/new/", "/flat", "/file.txt/more"),
        )
    ),
    *(
        _case(ACCESS, path, path)
        for path in (
            *("/moved", "/moved/a?b", "/gone/a", "/section/a", "/path/a", "/ruled/a"),
            *("/member/a", "/file.txt"),
        )
    ),
    _case(INHERIT, "vhost before main", "/a/x"),
    _case(INHERIT, "main behind", "/b/x"),
    _case(RELATIVE, "target", "/a/x"),
)
