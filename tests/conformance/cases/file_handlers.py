"""Files that a handler takes: which file it is, who may have it, and what is found."""

from ..case import Case, Conf, Step, View, ask, request
from .files import FILES, LOADED

SITE = {
    **FILES,
    "site/ok.php": "<?php secret",
    "site/admin.php": "<?php secret",
    "site/upload/a.jpg": "<?php secret",
    "site/upload/b.php": "<?php secret",
    "site/closed/a.txt": "<?php secret",
    "site/sub/index.php": "<?php secret",
}
GUARDED = Conf(
    "files that a handler takes",
    LOADED
    + """\
DocumentRoot "{root}/site"
<FilesMatch "\\.php$">
  SetHandler "proxy:http://127.0.0.1:{m0}"
</FilesMatch>
<Files "admin.php">
  Require all denied
</Files>
<Directory "{root}/site/upload">
  <Files "b.php">
    SetHandler none
    Require all denied
  </Files>
</Directory>
<Directory "{root}/site/closed/">
  Require all denied
</Directory>
<Directory "{root}/site/sub">
  RewriteEngine On
  RewriteRule go$ http://127.0.0.1:{m0}/gone [P]
  RewriteRule ^route index.php
  <Files "other.html">
    Require all denied
  </Files>
</Directory>
""",
    files=SITE,
)
DEFAULT = Conf(
    "files that the default handler sends",
    LOADED
    + """\
DocumentRoot "{root}/site"
<Directory "{root}/site/sub">
  SetHandler default-handler
</Directory>
<FilesMatch "\\.php$">
  SetHandler "proxy:http://127.0.0.1:{m0}"
</FilesMatch>
<Files "admin.php">
  SetHandler default-handler
</Files>
<Location /names>
  SetHandler Default-Handler
</Location>
AddHandler default-handler .secret
AddHandler type-map .jpg
<Files "a.jpg">
  SetHandler default-handler
</Files>
<Location /none>
  SetHandler default-handler
</Location>
RewriteEngine On
RewriteRule ^/ok.php$ - [H=default-handler]
""",
    files=SITE,
)
WAYS = Conf(
    "directories that a handler takes",
    LOADED
    + """\
DocumentRoot "{root}/site"
Alias /alt /etc/alternatives
<Location /sub>
  SetHandler "proxy:http://127.0.0.1:{m0}"
</Location>
<Location /bare>
  SetHandler "proxy:http://127.0.0.1:{m0}"
</Location>
<Location /names>
  SetHandler "proxy:http://127.0.0.1:{m0}"
  FallbackResource /plain.txt
</Location>
<Location /private>
  SetHandler nonesuch
</Location>
<Location /sub/index.html>
  SetHandler none
</Location>
<Directory /etc/alternatives>
  SetHandler "proxy:http://127.0.0.1:{m0}"
  Options None
</Directory>
<Directory "{root}/site/upload">
  RewriteEngine On
  RewriteRule ^$ http://127.0.0.1:{m0}/upload [P]
</Directory>
<Directory "{root}/site/closed">
  DirectoryIndex a.txt
  RewriteEngine On
  RewriteRule ^$ http://127.0.0.1:{m0}/closed [P]
</Directory>
""",
    files=SITE,
)


def _gets(*targets: str, method: str = "GET") -> tuple[Step, ...]:
    steps: tuple[Step, ...] = ()
    for target in targets:
        steps += ask(request(target, "Connection: close", method=method), conn=target)
    return steps


CASES: tuple[Case, ...] = (
    Case(
        "file handlers: where the file ends",
        GUARDED,
        _gets(
            *("/ok.php", "/ok.php/", "/ok.php/x", "/ok.php/x.php", "/none.php"),
            *("/none/x.php", "/plain.txt/x.php", "/admin.php", "/admin.php/"),
            *("/admin.php/x", "/admin.php/x.php", "/admin.php/x.php/y"),
            *("/upload/a.jpg/x.php", "/upload/b.php/x.php", "/upload/x.php"),
            *("/closed/x.php", "/closed/a.txt/x.php", "/closed/a.txt/x"),
            *("/admin.php/" + "n/" * 2100 + "x.php", "/admin.php/x%20y.php"),
            *("/ok.php/" + "n" * 300 + ".php", "/" + "n" * 300 + "/x.php"),
            "/ok.php/x%20y.php",
        ),
        view=View.TARGET,
    ),
    Case(
        "file handlers: where the file ends that a rule takes",
        GUARDED,
        _gets(
            *("/sub/go", "/sub/a.go", "/sub/other.html", "/sub/other.html/go"),
            *("/sub/index.html/go", "/sub/none/go", "/sub/route", "/sub/route/x"),
            "/sub/other.html/route",
        ),
        view=View.TARGET,
    ),
    Case(
        "file handlers: the default one",
        DEFAULT,
        _gets(
            *("/sub/other.html", "/sub/none", "/sub/", "/sub", "/sub/index.php"),
            *("/admin.php", "/admin.php/x", "/names/one.secret", "/names/two.txt"),
            *("/upload/a.jpg", "/none", "/none/x", "/sub/deep/", "/ok.php"),
        ),
        view=View.SEQUENCE,
    ),
    Case(
        "file handlers: directories",
        WAYS,
        _gets(
            *("/sub", "/sub/", "/sub/deep", "/sub/deep/", "/sub/none", "/sub?a"),
            *("/sub/?a", "/sub/none/", "/bare", "/bare/", "/names", "/names/"),
            *("/names/none", "/private", "/private/", "/private/none"),
            *("/alt/", "/alt", "/alt/awk", "/alt/README", "/alt/none", "/alt/awk/x"),
            *("/upload/", "/upload", "/closed/", "/closed"),
        ),
        view=View.SEQUENCE,
    ),
    Case(
        "file handlers: directories, asked in other ways",
        WAYS,
        (
            *_gets("/sub", "/sub/", "/bare/", "/bare", method="POST"),
            *_gets("/sub/deep/", "/sub/deep", method="DELETE"),
        ),
        view=View.TARGET,
    ),
)
