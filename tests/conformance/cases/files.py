"""Files of the server's own: which one a path means, who may have it, and what else."""

from ..case import Case, Conf, Step, View, ask, get, request

MODULES = "/usr/lib/apache2/modules"
LOADED = (
    f"LoadModule dir_module {MODULES}/mod_dir.so\n"
    f"LoadModule autoindex_module {MODULES}/mod_autoindex.so\n"
    f"LoadModule rewrite_module {MODULES}/mod_rewrite.so\n"
    f"LoadModule mime_module {MODULES}/mod_mime.so\n"
    "TypesConfig mime.types\n"
)
FILES = {
    "mime.types": "text/html html htm\ntext/plain txt\n",
    "site/index.html": "home\n",
    "site/plain.txt": "plain\n",
    "site/.htpasswd": "secret\n",
    "site/sub/index.html": "sub\n",
    "site/sub/other.html": "other\n",
    "site/sub/deep/a.txt": "deep\n",
    "site/bare/a.txt": "a\n",
    "site/private/key.txt": "key\n",
    "site/private/open/a.txt": "open\n",
    "site/na me.txt": "blank\n",
    "site/sorry.html": "sorry\n",
    "site/names/one.secret": "one\n",
    "site/names/two.txt": "two\n",
    "more/file.txt": "more\n",
    "more/index.html": "more index\n",
    "more/sub/index.html": "more sub\n",
    "outside.txt": "outside\n",
    "again/file.txt": "again\n",
    "again/here": "here\n",
    "again/closed/file.txt": "closed\n",
}
TREE = (
    LOADED
    + """\
Header unset ETag
DocumentRoot "{root}/site"
<Directory />
  AllowOverride None
  Require all denied
</Directory>
<Directory "{root}/site">
  Require all granted
</Directory>
<Directory "{root}/site/private">
  Require all denied
</Directory>
<Directory "{root}/site/private/open">
  Require all granted
</Directory>
<Directory "{root}/more/">
  Require all granted
</Directory>
<Directory "{root}/site/na*">
  Header set X-Glob yes
</Directory>
<DirectoryMatch "/sub/deep">
  Header set X-Regex yes
</DirectoryMatch>
<Files ".ht*">
  Require all denied
</Files>
<FilesMatch "\\.secret$">
  Require all denied
</FilesMatch>
<Directory "{root}/site/names">
  <Files "two.txt">
    Header set X-Named yes
  </Files>
</Directory>
<Location /sub/other.html>
  Header set X-Location yes
</Location>
Alias /more "{root}/more"
Alias /slash/ "{root}/more/"
Alias /one "{root}/more/file.txt"
Alias /denied "{root}/outside.txt"
AliasMatch "^/match/(.*)\\.x$" "{root}/more/$1.txt"
AliasMatch "^/climb(.*)$" "{root}/site/sub$1"
Redirect /moved http://elsewhere.test/
Redirect 410 /plain.txt.old
ProxyPass /taken http://127.0.0.1:{m0}
ProxyPass /sub/deep/a.txt !
"""
)
CONF = Conf("files", TREE, files=FILES)


def _gets(*targets: str, method: str = "GET") -> tuple[Step, ...]:
    steps: tuple[Step, ...] = ()
    for target in targets:
        steps += ask(request(target, "Connection: close", method=method), conn=target)
    return steps


OPTIONS = [
    Conf(
        f"files behind links, {options} of {place}",
        LOADED
        + f"""\
Alias /alt /etc/alternatives
Alias /bin /bin
Alias /real /usr/bin
<Directory {place}>
  Options {options}
</Directory>
""",
        files=FILES,
    )
    for place in ("/", "/etc/alternatives")
    for options in ("FollowSymLinks", "SymLinksIfOwnerMatch", "None", "-FollowSymLinks")
]
INDEXES = Conf(
    "directory indexes",
    LOADED
    + """\
Header unset ETag
DocumentRoot "{root}/site"
DirectoryIndex none.html other.html
DirectoryIndex index.html
<Directory "{root}/site/bare">
  DirectoryIndex disabled
</Directory>
<Directory "{root}/site/names">
  DirectorySlash Off
</Directory>
<Directory "{root}/site/sub/deep">
  DirectoryIndex /plain.txt
</Directory>
<Directory "{root}/site/private">
  DirectoryIndex /taken/index
</Directory>
<Files "other.html">
  Require all denied
</Files>
ProxyPass /taken http://127.0.0.1:{m0}
""",
    files=FILES,
)
# What a rule makes of the first name of an index, and the second one does not see.
NAMES = Conf(
    "names of an index",
    LOADED
    + """\
LoadModule env_module /usr/lib/apache2/modules/mod_env.so
Header unset ETag
Header set X-Query "expr=%{QUERY_STRING}|"
Header set X-One "%{ONE}e"
Header set X-Uri "%{URI}e"
DocumentRoot "{root}/site"
DirectoryIndex one two three
SetEnvIf Request_URI /uri/one$ URI=yes
RewriteEngine on
RewriteRule ^/query/one$ /none?changed [PT]
RewriteRule ^/env/one$ - [E=ONE:yes]
RewriteRule ^/cookie/one$ - [CO=c:v:.test]
RewriteRule ^/end/one$ - [END]
RewriteRule ^/end/two$ /found.txt [PT]
<Directory "{root}/site">
  Require all granted
  ForceType text/plain
  RewriteEngine on
  RewriteRule ^of/query/one$ /none?changed
  RewriteRule ^of/env/one$ - [E=ONE:yes]
  RewriteRule ^of/end/one$ - [END]
  RewriteRule ^of/end/two$ /found.txt
  RewriteRule ^of/round/one$ /of/round/one?changed
</Directory>
""",
    files={
        "mime.types": "",
        "site/found.txt": "found\n",
        **{
            f"site/{way}/two": "two\n"
            for way in (
                *("uri", "query", "env", "cookie", "end"),
                *("of/query", "of/env", "of/end", "of/round"),
            )
        },
    },
    aged=True,
)
FALLBACK = Conf(
    "files that fall back",
    LOADED
    + """\
Header unset ETag
DocumentRoot "{root}/site"
FallbackResource /index.html
<Directory "{root}/site/sub">
  FallbackResource disabled
</Directory>
<Location /gone>
  FallbackResource /none.html
</Location>
<Location /api>
  FallbackResource /taken/api
</Location>
ProxyPass /taken http://127.0.0.1:{m0}
""",
    files=FILES,
)
ERRORS = Conf(
    "errors with files",
    LOADED
    + """\
Header unset ETag
DocumentRoot "{root}/site"
ErrorDocument 404 /sorry.html
ErrorDocument 403 /private/key.txt
ErrorDocument 503 /sorry.html
ErrorDocument 500 /none.html
ErrorDocument 410 /sub
<Location /closed>
  Require all denied
</Location>
<Directory "{root}/site/private">
  Require all denied
</Directory>
Redirect 410 /gone
ProxyPass /down http://127.0.0.1:1
ProxyPass /taken http://127.0.0.1:{m0}
<Location /taken>
  ProxyErrorOverride On
</Location>
""",
    files=FILES,
)
RULES = Conf(
    "rules that lead to files",
    LOADED
    + """\
Header unset ETag
DocumentRoot "{root}/site"
RewriteEngine On
RewriteRule ^/to/(.*)$ /sub/$1 [L]
RewriteRule ^/whole/(.*)$ {root}/more/$1 [L]
RewriteRule ^/denied$ {root}/outside.txt [L]
RewriteRule ^/group(/.*)$ $1
RewriteRule ^/etc/(.*)$ /etc/none/$1
RewriteRule ^/alias/(.*)$ /more/$1 [PT]
RewriteRule ^/end$ /to/plain.txt [END]
RewriteRule ^/climb(.*)$ /sub/..$1
RewriteCond %{DOCUMENT_ROOT}%{REQUEST_URI} -f
RewriteRule ^/files/ - [L]
Alias /more "{root}/more"
<Directory "{root}/site/sub">
  RewriteEngine On
  RewriteCond %{REQUEST_FILENAME} !-f
  RewriteCond %{REQUEST_FILENAME} !-d
  RewriteRule ^ index.html [L]
</Directory>
<Directory "{root}/more">
  RewriteEngine On
  RewriteBase /more/
  RewriteRule ^was\\.txt$ file.txt [L]
  RewriteRule ^out$ /plain.txt [L]
  RewriteRule ^no$ - [F]
  RewriteRule ^moved$ file.txt [R]
</Directory>
<Directory "{root}">
  Require all granted
</Directory>
Alias /again "{root}/again"
<Directory "{root}/again">
  RewriteEngine On
  RewriteRule ^was\\.txt$ file.txt [L]
  RewriteRule ^here$ - [E=HERE:%{CONTEXT_PREFIX}]
  Header set X-Here %{HERE}e
</Directory>
<Directory "{root}/again/closed">
  RewriteEngine On
  Options None
  RewriteRule ^was\\.txt$ file.txt [L]
</Directory>
<Files "outside.txt">
  Require all denied
</Files>
""",
    files=FILES,
)
LOOKS = Conf(
    "indexes that rules look ahead for",
    LOADED
    + """\
Header unset ETag
DocumentRoot "{root}/site"
FallbackResource /fall.html
RewriteEngine On
RewriteCond %{QUERY_STRING} allowed
RewriteCond /plain.txt -U
RewriteRule ^/sub/index\\.html$ /plain.txt [PT]
RewriteCond %{QUERY_STRING} denied
RewriteCond /private/key.txt -U
RewriteRule ^/sub/index\\.html$ /plain.txt [PT]
RewriteCond %{QUERY_STRING} where
RewriteCond %{LA-U:REQUEST_FILENAME} /sub/index\\.html$
RewriteRule ^/sub/index\\.html$ /sub/other.html [PT]
RewriteCond %{QUERY_STRING} nested
RewriteCond /sub/?allowed -U
RewriteRule ^/sub/index\\.html$ /na\\ me.txt [PT]
RewriteCond /plain.txt -U
RewriteRule ^/fall\\.html$ /sub/other.html [PT]
<Directory "{root}/site/private">
  Require all denied
</Directory>
<Directory "{root}/site/sub">
  FallbackResource disabled
</Directory>
""",
    files=FILES,
)
PATHS = (
    "/",
    "/plain.txt",
    "/na%20me.txt",
    "/none",
    "/none/",
    "/none/more",
    "/plain.txt/",
    "/plain.txt/more",
    "/sub",
    "/sub?a=b",
    "/sub/",
    "/sub/index.html",
    "/sub/deep",
    "/sub/deep/",
    "/sub/deep/a.txt",
    "/bare",
    "/bare/",
    "/private",
    "/private/",
    "/private/key.txt",
    "/private/none",
    "/private/open/a.txt",
    "/.htpasswd",
    "/.htpasswd/more",
    "/.htnone",
    "/sub/.htnone",
    "/names/one.secret",
    "/names/none.secret",
    "/names/none.secret/more",
    "/names/two.txt",
    "/sub/other.html",
)
ALIASES = (
    "/more",
    "/more/",
    "/more/file.txt",
    "/more/none",
    "/morefile.txt",
    "/more/sub",
    "/slash",
    "/slash/",
    "/slash/file.txt",
    "/one",
    "/one/",
    "/one/more",
    "/denied",
    "/match/file.x",
    "/match/none.x",
    "/match/sub/index.x",
    "/moved/x",
    "/plain.txt.old",
    "/taken/x",
)
SPELLINGS = (
    "//plain.txt",
    "/./plain.txt",
    "/sub/../plain.txt",
    "/sub/%2e%2e/plain.txt",
    "/sub/..%2fplain.txt",
    "/%2e%2e/outside.txt",
    "/sub/../../outside.txt",
    "/sub//deep//a.txt",
    "/private/../plain.txt",
    "/private//key.txt",
    "/private/./key.txt",
    "/%70rivate/key.txt",
    "/sub/../private/key.txt",
    "//private/key.txt",
    "/private%2fkey.txt",
    "/plain.txt%00",
    "/plain.txt%20",
    "/plain.txt.",
    "/plain.txt;a=b",
    "/sub;/index.html",
    "/plain%2etxt",
    "/PLAIN.TXT",
    "/sub\\index.html",
    "/" + "n" * 300,
    "/" + "n/" * 2000,
)
CASES: tuple[Case, ...] = (
    Case("files: paths", CONF, _gets(*PATHS), view=View.FULL, pages=False),
    Case("files: aliases", CONF, _gets(*ALIASES), view=View.FULL),
    Case("files: spellings", CONF, _gets(*SPELLINGS), view=View.SEQUENCE),
    Case("files: HEAD", CONF, _gets("/", "/plain.txt", "/none", "/sub", method="HEAD")),
    *(
        Case(
            f"files: {method}",
            CONF,
            _gets("/", "/plain.txt", "/none", "/sub", "/sub/", method=method),
            view=view,
        )
        for method, view in (
            ("POST", View.FULL),
            # In the others' Allow methods stand in an order of chance.
            *((name, View.STATUS) for name in ("PUT", "DELETE", "OPTIONS", "PATCH")),
            ("FOO", View.STATUS),
        )
    ),
    Case(
        "files: a body that nobody reads",
        CONF,
        (
            *ask(request("/plain.txt", method="GET", body=b"body")),
            *get("/plain.txt"),
            *ask(request("/none", method="POST", body=b"body")),
            *get("/plain.txt"),
        ),
        view=View.STATUS,
    ),
    *(
        Case(
            conf.name,
            conf,
            _gets(
                *("/alt/awk", "/alt/none", "/alt/README", "/alt/"),
                *("/bin/ls", "/bin/none", "/real/ls", "/bin/awk"),
                method="HEAD",
            ),
            view=View.STATUS,
        )
        for conf in OPTIONS
    ),
    Case(
        "files: indexes",
        INDEXES,
        _gets(
            *("/", "/sub/", "/bare/", "/names", "/names/", "/sub/deep/"),
            *("/private/", "/sub?x=y", "/sub/?x=y"),
        ),
    ),
    Case(
        "files: indexes that rules look ahead for",
        LOOKS,
        _gets(
            *("/sub/", "/sub/?allowed", "/sub/?denied", "/sub/?where", "/sub/?nested"),
            *("/none", "/sub/none", "/bare/", "/private/"),
        ),
    ),
    *(
        Case(f"names of an index: {path}", NAMES, get(path))
        for way in (
            *("uri", "query", "env", "cookie", "end"),
            *("of/query", "of/env", "of/end", "of/round"),
        )
        for path in (f"/{way}/", f"/{way}/?asked")
    ),
    Case(
        "files: fallback",
        FALLBACK,
        _gets(
            *("/app", "/app/route?q", "/plain.txt", "/sub/none", "/sub/", "/bare/"),
            *("/gone/x", "/api/x", "/plain.txt/more", "/none.html"),
        ),
    ),
    Case(
        "files: error documents",
        ERRORS,
        _gets("/none", "/closed", "/down/x", "/gone", "/taken/x"),
    ),
    Case(
        "files: an error document that is denied",
        ERRORS,
        _gets("/private/key.txt"),
        differs="`ErrorDocument 403` that may not be asked for",
        view=View.SEQUENCE,
        instead={"0": "403 <page 403 Forbidden>"},
    ),
    Case(
        "files: names that climb",
        RULES,
        _gets("/climb/plain.txt"),
        differs="a rule or an `AliasMatch` that puts `..` into the name of a file",
        view=View.STATUS,
        instead={"0": "404"},
    ),
    Case(
        "files: rules",
        RULES,
        _gets(
            *("/to/index.html", "/to/none", "/whole/file.txt", "/denied"),
            *("/group/plain.txt", "/group/etc/hostname", "/alias/file.txt", "/end"),
            *("/files/x", "/sub/route", "/sub/deep/a.txt"),
            *("/sub/deep", "/more/was.txt", "/more/out", "/more/no", "/more/moved"),
            *("/etc/hostname", "/again/was.txt", "/again/here"),
            *("/again/closed/was.txt", "/again/closed/file.txt"),
        ),
    ),
)
