"""Who asks what would become of another request, or of a file: -U, -F, LA-U, LA-F."""

from ..case import Case, Conf, get

SITE = Conf(
    "looks",
    """\
LoadModule rewrite_module modules/mod_rewrite.so
LoadModule dir_module modules/mod_dir.so
RewriteEngine on
RewriteCond "%{DOCUMENT_ROOT}/%{HTTP:X-F}" -F
RewriteRule ^/t - [R=406,L]
RewriteCond "%{HTTP:X-F}" !-F
RewriteRule ^/u - [R=406,L]
RewriteRule ^/laf /open/f?name=%{LA-F:REQUEST_FILENAME}&user=%{LA-F:REMOTE_USER} [R]
RewriteRule ^/lau /open/f?name=%{LA-U:REQUEST_FILENAME} [R]
DocumentRoot "{root}/docs"
<Directory />
  Require all denied
</Directory>
<Directory "{root}/docs">
  Require all granted
</Directory>
<Directory "{root}/docs/closed">
  Require all denied
</Directory>
<Directory "{root}/docs/ruled">
  RewriteEngine on
  RewriteRule f - [F]
</Directory>
<Directory "{root}/docs/moved">
  RewriteEngine on
  RewriteRule f http://elsewhere.test/ [R]
</Directory>
<Files "secret*">
  Require all denied
</Files>
<Location /loc>
  Require all denied
</Location>
<Directory "{root}/docs/sect">
  RewriteEngine on
  RewriteCond "%{DOCUMENT_ROOT}/%{HTTP:X-F}" -F
  RewriteRule ^f - [R=406]
  RewriteCond "%{HTTP:X-F}" -F
  RewriteRule ^g - [R=406]
  RewriteRule ^lau /open/f?name=%{LA-U:REQUEST_FILENAME}&env=%{LA-U:ENV:none} [R]
  RewriteRule ^laf /open/f?name=%{LA-F:REQUEST_FILENAME}&who=%{LA-F:REMOTE_USER} [R]
</Directory>
ProxyPass /m http://127.0.0.1:{m0}/
""",
    files={
        f"docs/{name}": "x"
        for name in (
            *("open/f", "open/secret", "open/dir/f", "closed/f", "ruled/f", "moved/f"),
            *("sect/f", "sect/g", "sect/secret", "sect/lau", "sect/laf", "t", "lau"),
            *("loc/f", "laf"),
        )
    },
    aged=True,
)
EXPRESSIONS = Conf(
    "looks of expressions",
    """\
LoadModule dir_module modules/mod_dir.so
LoadModule setenvif_module modules/mod_setenvif.so
DocumentRoot "{root}/docs"
<Directory />
  Require all denied
</Directory>
<Directory "{root}/docs">
  Require all granted
</Directory>
<Directory "{root}/docs/closed">
  Require all denied
</Directory>
<Files "secret*">
  Require all denied
</Files>
<Location /loc>
  Require all denied
</Location>
SetEnvIfExpr "-A req_novary('X-Ask')" asked=yes
RequestHeader set X-Asked "%{asked}e"
RequestHeader set X-Fine yes "expr=-U req_novary('X-Ask')"
Header always set X-U yes "expr=-U req_novary('X-Ask')"
Header always set X-F yes "expr=-F '%{DOCUMENT_ROOT}%{req_novary:X-Ask}'"
Header always set X-Beside yes "expr=-F req_novary('X-Ask')"
<Location /m/if>
  <If "-U req_novary('X-Ask')">
    Header always set X-If yes
  </If>
</Location>
<Location /m/url>
  Require expr "-U req_novary('X-Ask')"
</Location>
<Location /m/file>
  Require expr "-F '%{DOCUMENT_ROOT}%{req_novary:X-Ask}'"
</Location>
<Location /m/neither>
  Require expr "! -U req_novary('X-Ask') && ! -F '%{DOCUMENT_ROOT}%{req_novary:X-Ask}'"
</Location>
ProxyPass /m http://127.0.0.1:{m0}/
""",
    files={
        f"docs/{name}": "x"
        for name in ("open/f", "open/secret", "open/dir/f", "closed/f", "loc/f", "f")
    },
    aged=True,
)
ASKED = (
    *("/open/f", "/open/none", "/open/secret", "/open/dir", "/open/dir/", "/closed/f"),
    *("/loc/f", "/loc/none", "/m/x", "/open/f/x", "/open/../closed/f", "f", "/"),
    *("open/f", "/open/f?q", "/closed/f?q", "http://h/closed/f", "/%6coc/f", "/%00"),
)
FILES = (
    *("open/f", "open/none", "open/secret", "open/dir", "open/dir/", "open/dir/f"),
    *("closed/f", "ruled/f", "moved/f", "loc/f", "open/f/x", "open/../open/f"),
    *("open//f", "closed/../open/f", "sect/f", "sect/g", "sect/secret", ""),
)


def _case(path: str, name: str) -> Case:
    fields = (f"X-F: {name}",) if name else ()
    return Case(f"looks: {path} {name}", SITE, get(path, *fields))


CASES: tuple[Case, ...] = (
    *(_case(path, name) for path in ("/t", "/sect/f") for name in FILES),
    *(
        _case(path, name)
        for path in ("/u", "/sect/g", "/m")
        for name in ("f", "g", "secret", "open/f", "../open/f", "/etc/passwd")
    ),
    *(
        Case(f"looks of expressions: {path} {name}", EXPRESSIONS, get(path, *asks))
        for path in ("/open/f", "/m/if", "/m/url", "/m/file", "/m/neither")
        for name in ("", *ASKED)
        for asks in [(f"X-Ask: {name}",) if name else ()]
    ),
    *(_case(path, "") for path in ("/laf", "/lau", "/sect/lau", "/sect/laf/x")),
)
