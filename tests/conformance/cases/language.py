"""The configuration language: what a file says once it has been read."""

from ..case import Case, Conf, View, get


def rule(name: str) -> str:
    """A rule that shows that the line was read: it sends its path to the member."""
    return f"ProxyPass /{name} http://127.0.0.1:{{m0}}/{name}\n"


DEFINE = Conf(
    "Define",
    """\
Define VALUE one
Define FLAG
Define TARGET http://127.0.0.1:{m0}
Define EMPTY ""
Define LATER first
ProxyPass /value ${TARGET}/${VALUE}
ProxyPass /quoted "${TARGET}/q-${VALUE}"
ProxyPass /env http://127.0.0.1:{m0}/${IN_ENV}
ProxyPass /undefined http://127.0.0.1:{m0}/${NOT_DEFINED}
ProxyPass /twice http://127.0.0.1:{m0}/${LATER}
Define LATER second
ProxyPass /again http://127.0.0.1:{m0}/${LATER}
ProxyPass /nested http://127.0.0.1:{m0}/$${VALUE}
ProxyPass /open http://127.0.0.1:{m0}/${VALUE
ProxyPass /dollar http://127.0.0.1:{m0}/$VALUE
Define NAME ProxyPass
${NAME} /named http://127.0.0.1:{m0}/named
<IfDefine FLAG>
ProxyPass /flag http://127.0.0.1:{m0}/flag
</IfDefine>
<IfDefine !FLAG>
ProxyPass /no-flag http://127.0.0.1:{m0}/no-flag
</IfDefine>
<IfDefine GIVEN>
ProxyPass /given http://127.0.0.1:{m0}/given
</IfDefine>
UnDefine FLAG
<IfDefine FLAG>
ProxyPass /undef http://127.0.0.1:{m0}/undef
</IfDefine>
<VirtualHost *:{port}>
  ServerName vhost.test
  Define INSIDE yes
</VirtualHost>
<VirtualHost *:{port}>
  ServerName second.test
  ProxyPass /inside http://127.0.0.1:{m0}/${INSIDE}
</VirtualHost>
""",
    defines=("GIVEN",),
)

CONDITIONS = Conf(
    "conditions",
    """\
<IfModule mod_proxy.c>
"""
    + rule("file-name")
    + "</IfModule>\n<IfModule proxy_module>\n"
    + rule("identifier")
    + "</IfModule>\n<IfModule mod_nothing.c>\nNoSuchDirective at all\n<Odd>\n</Odd>\n"
    + "</IfModule>\n<IfModule !mod_nothing.c>\n"
    + rule("not-there")
    + "</IfModule>\n<IfModule !mod_proxy.c>\n"
    + rule("not-proxy")
    + "</IfModule>\n<IfModule mod_proxy_balancer.c>\n<IfModule mod_headers.c>\n"
    + rule("nested")
    + "</IfModule>\n</IfModule>\n<IfModule mod_nothing.c>\n<IfModule mod_proxy.c>\n"
    + rule("nested-false")
    + "</IfModule>\n</IfModule>\n<ifmodule MOD_PROXY.C>\n"
    + rule("case")
    + "</IFMODULE>\n<IfVersion >= 2.4>\n"
    + rule("since")
    + "</IfVersion>\n<IfVersion < 2.4>\n"
    + rule("before")
    + "</IfVersion>\n<IfVersion 2.4.71>\n"
    + rule("exactly")
    + "</IfVersion>\n<IfVersion !< 2.4>\n"
    + rule("not-before")
    + "</IfVersion>\n<IfVersion ~ ^2[.]4[.]>\n"
    + rule("pattern")
    + "</IfVersion>\n<IfVersion = /^2[.]2/>\n"
    + rule("other-pattern")
    + '</IfVersion>\n<IfFile "conf/site.conf">\n'
    + rule("file")
    + "</IfFile>\n<IfFile !conf/none.conf>\n"
    + rule("no-file")
    + "</IfFile>\n<IfDirective ProxyPass>\n"
    + rule("directive")
    + "</IfDirective>\n<IfDirective !Nonsense>\n"
    + rule("no-directive")
    + "</IfDirective>\n<IfSection VirtualHost>\n"
    + rule("section")
    + "</IfSection>\n<VirtualHost *:{port}>\n<IfModule mod_proxy.c>\n"
    + rule("in-vhost")
    + "</IfModule>\n</VirtualHost>\n",
)

INCLUDE = Conf(
    "Include",
    """\
Include conf/one.conf
Include conf/dir
Include conf/glob/*.conf
Include conf/?lob/[x]*.inc
Include "{root}/conf/absolute.conf"
IncludeOptional conf/none.conf
IncludeOptional conf/none/*.conf
IncludeOptional nowhere/*.conf
IncludeOptional conf/sub-*/site*.conf
<VirtualHost *:{port}>
  Include conf/inside.txt
</VirtualHost>
""",
    files={
        "conf/one.conf": rule("one") + "Include conf/nested.conf\n",
        "conf/nested.conf": rule("from-nested"),
        "conf/dir/20-b": "ProxyPass /dir http://127.0.0.1:{m0}/dir-b\n",
        "conf/dir/10-a": "ProxyPass /dir http://127.0.0.1:{m0}/dir-a\n",
        "conf/dir/deep/c": rule("deep"),
        "conf/glob/b.conf": "ProxyPass /glob http://127.0.0.1:{m0}/glob-b\n",
        "conf/glob/a.conf": "ProxyPass /glob http://127.0.0.1:{m0}/glob-a\n",
        "conf/glob/.hidden.conf": rule("hidden"),
        "conf/glob/c.other": rule("other"),
        "conf/glob/x1.inc": rule("class"),
        "conf/glob/y1.inc": rule("not-class"),
        "conf/absolute.conf": rule("absolute"),
        "conf/sub-2/site.conf": "ProxyPass /subs http://127.0.0.1:{m0}/sub-2\n",
        "conf/sub-1/site.conf": "ProxyPass /subs http://127.0.0.1:{m0}/sub-1\n",
        "conf/inside.txt": rule("inside"),
    },
)

LINES = Conf(
    "lines",
    r"""
# a comment \
ProxyPass /swallowed http://127.0.0.1:{m0}/swallowed
ProxyPass /continued \
    http://127.0.0.1:{m0}/continued
ProxyPass \
  /several \
  http://127.0.0.1:{m0}/several
<BLANKS>
PROXYPASS /case http://127.0.0.1:{m0}/case
ProxyPass "/double quoted" 'http://127.0.0.1:{m0}/single'
ProxyPass "/a\"b" http://127.0.0.1:{m0}/escaped
ProxyPassMatch "^/digits/\d+$" "http://127.0.0.1:{m0}/matched"
Header set X-Text "say \"hi\" to \d"
Header set X-Single 'it is "so"'
Header set X-Hash #no-comment
Header set X-Glued "one"
ProxyPass /broken\
word http://127.0.0.1:{m0}/joined
<location /section>
  Header set X-Section yes
</LOCATION>
ProxyPass / http://127.0.0.1:{m0}/root/
""".replace(
        "<BLANKS>",
        "  \t  proxypass   /indented\thttp://127.0.0.1:{m0}/indented  \t",
    ),
)

MERGE = Conf(
    "merging",
    """\
Header set X-Order main
Header set X-Main yes
Header append X-List server
SetEnv WHERE server
<Proxy *>
  Header append X-List proxy
  Header set X-Order proxy
</Proxy>
<Location />
  Header append X-List root
  Header set X-Order root
</Location>
<LocationMatch "^/a/.*[.]txt$">
  Header append X-List match
  Header set X-Order match
</LocationMatch>
<Location /a>
  Header append X-List a
  Header set X-Order a
</Location>
<Location "/a/*/c">
  Header append X-List glob
</Location>
<VirtualHost *:{port}>
  ServerName front.test
  Header append X-List vhost
  Header set X-Order vhost
  <Location /a/b>
    Header append X-List a-b
    Header set X-Order a-b
    Header unset X-Main
  </Location>
  <Location /a>
    ProxyPreserveHost On
  </Location>
  <Proxy http://127.0.0.1:{m0}/>
    Header append X-List proxy-of-vhost
  </Proxy>
  ProxyPass / http://127.0.0.1:{m0}/
</VirtualHost>
""",
)

NAMED = Conf(
    "named groups",
    """\
<LocationMatch "^/sites/(?<site>[^/]+)/(?<rest>.*)$">
  Header set X-Site "%{MATCH_SITE}e %{MATCH_REST}e"
</LocationMatch>
ProxyPass / http://127.0.0.1:{m0}/
""",
)


def _read(conf: Conf, names: str, host: str = "front.test") -> list[Case]:
    return [
        Case(f"{conf.name}: {name}", conf, get(f"/{name}", host=host), view=View.TARGET)
        for name in names.split()
    ]


CASES: tuple[Case, ...] = (
    *_read(
        DEFINE,
        "value quoted env undefined twice again nested open dollar named flag no-flag "
        "given undef",
        host="second.test",
    ),
    *_read(DEFINE, "inside", host="second.test"),
    *_read(
        CONDITIONS,
        "file-name identifier not-there not-proxy nested nested-false case since "
        "before exactly not-before pattern other-pattern file no-file directive "
        "no-directive section in-vhost",
    ),
    *_read(
        INCLUDE,
        "one from-nested dir deep glob hidden other class not-class absolute subs "
        "inside",
    ),
    *_read(
        LINES,
        "swallowed continued several indented case double%20quoted a%22b digits/17 "
        "brokenword anything",
    ),
    Case("lines: values", LINES, get("/values")),
    Case("lines: section name in any case", LINES, get("/section/x")),
    Case("merging: root", MERGE, get("/")),
    Case("merging: one section deeper", MERGE, get("/a/x")),
    Case("merging: regular expression", MERGE, get("/a/x.txt")),
    Case("merging: section of the vhost", MERGE, get("/a/b")),
    Case("merging: wildcard in a section", MERGE, get("/a/q/c")),
    Case("merging: wildcard does not cross a slash", MERGE, get("/a/q/r/c")),
    Case("named groups: variables", NAMED, get("/sites/one/two")),
)
