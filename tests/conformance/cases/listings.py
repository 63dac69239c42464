"""Listings of directories: the page byte for byte, its names and their order."""

from ..case import Case, Conf, Step, View, ask, request
from .files import LOADED

FILES = {
    "mime.types": "text/html html htm\ntext/plain txt\napplication/zip zip\n",
    "site/odd/we\"ird <x>&'y.txt": "x",
    "site/odd/ctl\x01\x7f.txt": "x",
    "site/odd/q?x#y%20.txt": "xx",
    "site/odd/co:lon": "x",
    "site/odd/na me": "x",
    "site/odd/\u00fc.txt": "x",
    "site/main/a.txt": "a",
    "site/main/B.txt": "bb",
    "site/main/averyveryverylongnamethatiscut.txt": "x" * 2000,
    "site/main/page.html": "<title>t</title>",
    "site/main/v1.10.zip": "x" * 1000,
    "site/main/v1.9.zip": "x" * 999_000,
    "site/main/v1.09.zip": "x" * 12_345,
    "site/main/old.txt~": "x",
    "site/main/.hidden": "x",
    "site/main/.htpasswd": "x",
    "site/main/HEADER.html": "<p>header</p>\n",
    "site/main/README.txt": 'a <b> & "c"\n',
    "site/main/sub/a.txt": "x",
    "site/main/Dir/a.txt": "x",
    "site/main/closed/a.txt": "x",
    "site/plain/one": "x",
    "site/plain/two/a": "x",
    "site/aged/one.txt": "x",
    "site/aged/two.txt": "xx",
    "site/off/a.txt": "x",
    "site/rules/seen.txt": "x",
    "site/rules/unseen.txt": "x",
    "site/if/seen.txt": "x",
    "site/if/unseen.txt": "x",
    "site/fallback/a.txt": "x",
}
ACCESS = (
    LOADED
    + """\
DocumentRoot "{root}/site"
FileETag None
<Directory "{root}/site">
  Options Indexes FollowSymLinks
</Directory>
<Files ".ht*">
  Require all denied
</Files>
<Directory "{root}/site/main/closed">
  Require all denied
</Directory>
<Directory "{root}/site/off">
  Options -Indexes
</Directory>
<Directory "{root}/site/rules">
  RewriteEngine On
  RewriteRule ^unseen - [F]
</Directory>
<Directory "{root}/site/if">
  <If "%{REQUEST_URI} =~ /unseen/">
    Require all denied
  </If>
</Directory>
<Directory "{root}/site/fallback">
  FallbackResource /main/a.txt
</Directory>
"""
)
UNDATED = "SuppressLastModified"
ICONS = """\
AddIcon /icons/dir.gif ^^DIRECTORY^^
AddIcon /icons/blank.gif ^^BLANKICON^^
AddIcon /icons/back.gif ..
AddIconByType (TXT,/icons/text.gif) text/*
AddIcon /icons/zip.gif .zip
AddAlt "a <zip>" *.zip
AddAltByType HTML text/html
DefaultIcon /icons/unknown.gif
AddDescription "the <b>first</b> &amp; one" a.txt
AddDescription "a long description that finds no room in its column" *.zip
AddDescription "of a path" main/B*
IndexIgnore .??* *~ HEADER* README*
"""


def _conf(name: str, text: str, *, aged: bool = False) -> Conf:
    return Conf(f"listings: {name}", ACCESS + text, files=FILES, aged=aged)


PLAIN = _conf("plain", "")
AGED = _conf("dates", "IndexOptions FancyIndexing\n", aged=True)
FANCY = _conf(
    "fancy", f"{ICONS}IndexOptions FancyIndexing VersionSort IconWidth {UNDATED}\n"
)
# As Debian and RHEL have it.
TABLE = _conf(
    "table",
    f"{ICONS}IndexOptions FancyIndexing VersionSort HTMLTable NameWidth=*"
    f" DescriptionWidth=* Charset=UTF-8 {UNDATED}\n",
)
MORE = _conf(
    "more",
    f"""\
{ICONS}
IndexOptions HTMLTable FancyIndexing FoldersFirst IgnoreCase XHTML IconsAreLinks
IndexOptions {UNDATED}
IndexOptions IconWidth=16 IconHeight SuppressRules AddAltClass
IndexOrderDefault Descending Size
IndexStyleSheet "/style.css?a&b"
IndexHeadInsert "<meta name=x>"
HeaderName HEADER.html
ReadmeName README.txt
<Directory "{{root}}/site/odd">
  IndexOptions -HTMLTable +SuppressSize +SuppressDescription
  IndexIgnoreReset On
  IndexIgnore *:*
</Directory>
<Directory "{{root}}/site/plain">
  IndexOptions None
  HeaderName /main/.htpasswd
  ReadmeName /main/HEADER.html
</Directory>
<Directory "{{root}}/site/main/sub">
  IndexOptions IgnoreClient SuppressHTMLPreamble Type=text/plain Charset=x
  HeaderName /main/HEADER.html
  ReadmeName /main/HEADER.html
</Directory>
""",
)

CLOSED = _conf(
    "closed",
    """\
DirectorySlash Off
<Location "/main/sub/">
  Require all denied
</Location>
<LocationMatch "^/main/closed$">
  Require all granted
</LocationMatch>
<Files Dir>
  Require all denied
</Files>
""",
)


def _gets(*targets: str, method: str = "GET") -> tuple[Step, ...]:
    steps: tuple[Step, ...] = ()
    for target in targets:
        steps += ask(request(target, "Connection: close", method=method), conn=target)
    return steps


ORDERS = (
    *("C=N;O=D", "C=S;O=A", "C=S&O=D", "C=D", "O=D", "C=Q;O=D", "C=N;O=X", "C=S;O="),
    *("V=0", "V=1;O=D", "F=0", "F=1;V=0", "F=2;C=S", "P=*.zip", "P=v*;O=D", "P=.h*"),
    *("P=%2a.zip", "P=%", "P=", "x=y;C=S", "C=S;x", "P=[ab]*;F=1", "P=%3cx%3e*"),
)
MAIN = ("/main/", "/odd/", "/plain/", "/main/sub/", "/off/", "/rules/", "/if/", "/")

CASES = (
    Case("listings: plain", PLAIN, _gets(*MAIN, "/main", "/fallback/", "/plain/?C=S")),
    Case("listings: head", PLAIN, _gets("/main/", "/off/", method="HEAD")),
    *(
        Case(
            f"listings: {method}",
            PLAIN,
            _gets("/main/", "/off/", method=method),
            view=View.STATUS,
        )
        for method in ("POST", "DELETE", "OPTIONS")
    ),
    Case("listings: a directory is asked with its slash", CLOSED, _gets("/main/")),
    *(
        Case(
            f"listings: {method} without a slash",
            CLOSED,
            _gets("/plain", method=method),
            view=View.STATUS,
        )
        for method in ("POST", "DELETE", "OPTIONS")
    ),
    Case(
        "listings: ranges",
        PLAIN,
        (
            *ask(request("/plain/", "Range: bytes=3-9", "Connection: close"), conn="a"),
            *ask(
                request("/plain/", "Range: bytes=9000-", "Connection: close"), conn="b"
            ),
        ),
    ),
    Case("listings: dates", AGED, _gets("/aged/", "/aged/?C=M;O=D")),
    Case("listings: fancy", FANCY, _gets(*MAIN)),
    Case("listings: table", TABLE, _gets(*MAIN)),
    Case("listings: more", MORE, _gets(*MAIN), view=View.SEQUENCE),
    *(Case(f"listings: ?{order}", FANCY, _gets(f"/main/?{order}")) for order in ORDERS),
    Case(
        "listings: ?C=S where clients are ignored",
        MORE,
        _gets("/main/sub/?C=S;O=D"),
        view=View.SEQUENCE,
    ),
)
