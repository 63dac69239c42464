"""Mapping: which rule takes a request, and what path the member sees."""

from collections.abc import Mapping

from ..case import Case, Conf, View, ask, get, request

PREFIX = Conf(
    "prefix",
    """\
ProxyPass /excluded/deep http://127.0.0.1:{m1}/deep
ProxyPass /excluded !
ProxyPass /img/logo !
ProxyPass /img http://127.0.0.1:{m1}/pictures
ProxyPass /plain/ http://127.0.0.1:{m0}/x/
ProxyPass /plain2 http://127.0.0.1:{m0}/y
ProxyPass /plain3/ http://127.0.0.1:{m0}/z
ProxyPass /plain4 http://127.0.0.1:{m0}/w/
ProxyPass /host http://127.0.0.1:{m0}
ProxyPass /first http://127.0.0.1:{m0}/one
ProxyPass /first/second http://127.0.0.1:{m1}/two
ProxyPass "/quo ted/" "http://127.0.0.1:{m0}/q/"
ProxyPass /double//slash/ http://127.0.0.1:{m0}/ds/
ProxyPass /noquery/ http://127.0.0.1:{m0}/nq/ noquery
ProxyPass /UP/ http://127.0.0.1:{m0}/upper/
""",
)

ROOT = Conf(
    "root",
    """\
ProxyPass /keep !
ProxyPass / http://127.0.0.1:{m0}/
""",
)

NOCANON = Conf(
    "nocanon",
    """\
AllowEncodedSlashes NoDecode
ProxyPass /raw/ http://127.0.0.1:{m0}/r/ nocanon
ProxyPass /rawnq/ http://127.0.0.1:{m0}/n/ nocanon noquery
ProxyPass / http://127.0.0.1:{m0}/
""",
)

NOCANON_MATCH = Conf(
    "nocanon by expression",
    """\
AllowEncodedSlashes NoDecode
ProxyPassMatch "^/m/(.*)$" "http://127.0.0.1:{m0}/t/$1" nocanon
ProxyPassMatch "^/nq/(.*)$" "http://127.0.0.1:{m0}/nq/$1" nocanon noquery
ProxyPassMatch "^/path/([^?]*)" "http://127.0.0.1:{m0}/p/$1" nocanon
ProxyPassMatch "^/two/([^/]+)/(.*)$" "http://127.0.0.1:{m0}/$2/$1" nocanon
ProxyPassMatch "^/decoded/a b/(.*)$" "http://127.0.0.1:{m0}/d/$1" nocanon
ProxyPassMatch "^/whole" "http://127.0.0.1:{m0}/w" nocanon
ProxyPassMatch "^/zero" "http://127.0.0.1:{m0}/z$0" nocanon
ProxyPassMatch "^/nine/(.*)$" "http://127.0.0.1:{m0}/$1$1$1$1$1$1$1$1$1" nocanon
ProxyPassMatch "^/three/(.*)$" "http://127.0.0.1:{m0}/$1$1$1"
ProxyPass /rawnq/ http://127.0.0.1:{m0}/n/ nocanon noquery
ProxyPass /raw http://127.0.0.1:{m0}/r nocanon
""",
)

DECODE = Conf(
    "encoded slashes on",
    """\
AllowEncodedSlashes On
ProxyPass / http://127.0.0.1:{m0}/
""",
)

NO_MERGE = Conf(
    "merge slashes off",
    """\
MergeSlashes Off
ProxyPass / http://127.0.0.1:{m0}/
""",
)

REGEX = Conf(
    "regex",
    r"""
ProxyPassMatch ^/never/.*\.php$ !
ProxyPassMatch \.gif$ http://127.0.0.1:{m1}
ProxyPassMatch ^/app/([^/]+)/(.*)$ http://127.0.0.1:{m0}/$2/$1
ProxyPassMatch "^/all(/.*)$" "http://127.0.0.1:{m0}$1"
ProxyPass ~ ^/tilde/(.*)$ http://127.0.0.1:{m0}/t/$1
ProxyPassMatch ^/whole http://127.0.0.1:{m0}/w$0
ProxyPassMatch (?i)^/case/(.*) http://127.0.0.1:{m0}/ci/$1
ProxyPassMatch ^/bal(/.*)$ balancer://b$1
<Proxy balancer://b>
  BalancerMember http://127.0.0.1:{m1}
</Proxy>
""",
)

LOCATION = Conf(
    "location",
    """\
ProxyPass /server/ http://127.0.0.1:{m0}/from-server/
ProxyPass /both/ http://127.0.0.1:{m0}/both-server/
<Location /loc>
  ProxyPass http://127.0.0.1:{m1}/l
</Location>
<Location /loc/inner>
  ProxyPass http://127.0.0.1:{m1}/inner
</Location>
<Location /loc/out>
  ProxyPass !
</Location>
<Location /both/>
  ProxyPass http://127.0.0.1:{m1}/both-location/
</Location>
<Location /slash/>
  ProxyPass http://127.0.0.1:{m1}/s/
</Location>
<LocationMatch "^/lm/(\\\\d+)/(.*)$">
  ProxyPass http://127.0.0.1:{m1}/m/$2/$1
</LocationMatch>
<Location ~ "^/tilde/(a|b)[.]txt$">
  ProxyPass http://127.0.0.1:{m1}/tilde-$1
</Location>
<LocationMatch "^/lit/x$">
  ProxyPass http://127.0.0.1:{m1}/lit
</LocationMatch>
<LocationMatch "/auth/login">
  ProxyPass http://127.0.0.1:{m1}/auth/login
</LocationMatch>
<LocationMatch "/page.html">
  ProxyPass http://127.0.0.1:{m1}/p
</LocationMatch>
""".replace("\\\\", "\\"),
)

BALANCED = Conf(
    "joined",
    """\
<Proxy balancer://bare>
  BalancerMember http://127.0.0.1:{m0}
</Proxy>
<Proxy balancer://path>
  BalancerMember http://127.0.0.1:{m0}/base
</Proxy>
<Proxy balancer://media>
  BalancerMember http://127.0.0.1:{m0}/media/
</Proxy>
ProxyPass /bare/ balancer://bare/
ProxyPass /bare-noslash balancer://bare
ProxyPass /bare-deep/ balancer://bare/deep/
ProxyPass /path/ balancer://path/
ProxyPass /path-deep balancer://path/more
ProxyPass /media/ balancer://media/
ProxyPass /UPPER/ balancer://BARE/
ProxyPass /ghost/ balancer://nosuch/
""",
)

INHERIT = Conf(
    "main before vhost",
    """\
ProxyPass /global http://127.0.0.1:{m0}/main
<VirtualHost *:{port}>
  ServerName front.test
  ProxyPass /global http://127.0.0.1:{m1}/vhost
  ProxyPass /own http://127.0.0.1:{m1}/own
</VirtualHost>
""",
)

INTERPOLATE = Conf(
    "interpolate",
    """\
ProxyPassInterpolateEnv On
SetEnvIf X-Where "(.+)" WHERE=$1
ProxyPass /i/ http://127.0.0.1:{m0}/${WHERE}/ interpolate
ProxyPass /n/ http://127.0.0.1:{m0}/n/
""",
)

INTERPOLATED_FORMS = Conf(
    "interpolate, canonical or not",
    """\
AllowEncodedSlashes NoDecode
ProxyPassInterpolateEnv On
SetEnvIf X-Where "(.+)" WHERE=$1
ProxyPassMatch "^/i/(.*)$" "http://127.0.0.1:{m0}/${WHERE}/$1" nocanon interpolate
ProxyPassMatch "^/c/(.*)$" "http://127.0.0.1:{m0}/${WHERE}/$1" interpolate
ProxyPassMatch "^/whole/" "http://127.0.0.1:{m0}/${WHERE}" interpolate
ProxyPass /raw/ http://127.0.0.1:{m0}/${WHERE}/ nocanon interpolate
ProxyPass /rawnq/ http://127.0.0.1:{m0}/${WHERE}/ nocanon interpolate noquery
ProxyPass /canon/ http://127.0.0.1:{m0}/${WHERE}/ interpolate
ProxyPass /written/ "http://127.0.0.1:{m0}/x y?z#\xe4/"
ProxyPass /written-raw/ "http://127.0.0.1:{m0}/x y/" nocanon
<Location /off>
  ProxyPass http://127.0.0.1:{m0}/${WHERE} interpolate
  ProxyPassInterpolateEnv Off
</Location>
""",
)
INTERPOLATING = ("/i", "/c", "/whole", "/raw", "/rawnq", "/canon", "/off")
WHERES = ("w/x", "a b", "a%20b", "a?b=c", "a\tb", "/", "%0d%0aX:y", "")

NO_PROXY = Conf(
    "no-proxy",
    """\
SetEnvIf X-Local "^yes$" no-proxy
ProxyPass / http://127.0.0.1:{m0}/
""",
)


def _targets(conf: Conf, paths: Mapping[str, str]) -> list[Case]:
    return [
        Case(f"{conf.name}: {name}", conf, get(path), view=View.TARGET)
        for name, path in paths.items()
    ]


def _raw(conf: Conf, name: str, data: bytes) -> Case:
    return Case(f"{conf.name}: {name}", conf, ask(data), view=View.TARGET)


NOQUERY = Case(
    "prefix: noquery",
    PREFIX,
    get("/noquery/x?gone=1"),
    view=View.TARGET,
    differs="`noquery` without `nocanon`",
    instead={"members": ["m0 GET /nq/x HTTP/1.1"]},
)

LITERAL_LOCATION_MATCH = Case(
    "location: expression without wildcard characters",
    LOCATION,
    get("/lit/x"),
    view=View.TARGET,
    differs=(
        "`ProxyPass` in a `<LocationMatch>` whose expression is no plain path and holds"
        " none of `* ? [ \\`"
    ),
    instead={"": {"answers": ["200"], "members": ["m1 GET /lit/lit/x HTTP/1.1"]}},
    compat=True,
)

JOINTS = Conf(
    "a host alone",
    """\
<Proxy balancer://pool>
  BalancerMember http://127.0.0.1:{m1}
</Proxy>
ProxyPass /host/ http://127.0.0.1:{m0}
ProxyPass /sent/ http://127.0.0.1:{m0} nocanon
ProxyPass /pool/ balancer://pool
""",
)

CASES: tuple[Case, ...] = (
    *(
        Case(
            f"a host alone behind a slash: {path}",
            JOINTS,
            get(f"/{path}/x?q"),
            view=View.TARGET,
            differs="`ProxyPass /a/ http://h:80`, `ProxyPass /a/ balancer://b`: the"
            " path ends with a slash, and the target is a host alone",
            instead={
                "": {"answers": ["200"], "members": [f"{member} GET /x?q HTTP/1.1"]}
            },
        )
        for path, member in (("host", "m0"), ("sent", "m0"), ("pool", "m1"))
    ),
    *_targets(JOINTS, {path: f"/{path}/" for path in ("host", "sent", "pool")}),
    *_targets(
        PREFIX,
        {
            "rest follows target": "/plain/q",
            "query is appended": "/plain/q?a=1&b=%20",
            "empty query is kept": "/plain/q?",
            "pattern without its slash does not match": "/plain",
            "pattern itself": "/plain/",
            "no slash on either side": "/plain2/q",
            "no slash, nothing more": "/plain2",
            "no slash, segment goes on": "/plain2x",
            "slash only in the pattern": "/plain3/q",
            "slash only in the target": "/plain4/q",
            "slash only in the target, nothing more": "/plain4",
            "target without path": "/host/a/b",
            "target without path, nothing more": "/host",
            "first match wins over a longer one": "/first/second/x",
            "exclusion": "/excluded/x",
            "rule before the exclusion": "/excluded/deep/x",
            "exclusion before the rule": "/img/logo",
            "exclusion does not reach the neighbour": "/img/logo.gif",
            "rule after the exclusion": "/img/a.gif",
            "quoted pattern with a blank": "/quo%20ted/x",
            "run of slashes in the pattern": "/double/slash/x",
            "run of slashes in the request": "/plain//q//r",
            "case matters": "/up/x",
            "case matters: match": "/UP/x",
            "nothing matches": "/nowhere",
            "dot segments are removed before matching": "/plain/../plain2/q",
            "dot segment at the end": "/plain/a/..",
            "encoded dots": "/plain/%2e%2e/plain2/q",
            "encoded letter in the pattern": "/pl%61in/q",
        },
    ),
    *_targets(
        ROOT,
        {
            "slash": "/",
            "deep": "/a/b/c",
            "exclusion": "/keep",
            "exclusion with more": "/keep/x",
            "slashes are merged": "/a//b///c",
            "blank stays encoded": "/a%20b",
            "semicolon is decoded": "/a%3Bb",
            "percent stays": "/a%25b",
            "encoded question mark stays": "/a%3Fb",
            "hash stays encoded": "/a%23b",
            "non-ASCII is encoded in upper case": "/%c3%a4",
            "unreserved characters": "/A-z0~$-_.+!*'(),;:@&=",
            "encoded unreserved characters are decoded": "/%41%7e%21",
            "others are encoded": "/%22%3c%3e%5b%5d%5e%60%7b%7c%7d",
            "encoded slash": "/a%2Fb",
            "encoded slash in the query": "/a?b=%2F",
            "bad escape": "/a%zzb",
            "escape cut short": "/a%2",
            "encoded NUL": "/a%00b",
            "encoded line feed": "/a%0Ab",
            "encoded control character": "/a%01b",
            "above the root": "/../x",
            "far above the root": "/a/../../x",
            "encoded above the root": "/%2e%2e/x",
            "dot": "/./a/./b",
            "path parameter": "/a;x=1/b;y=2",
            "double encoding is kept once": "/a%2525b",
            "query untouched": "/?a=%3B;b=//../&c",
            "query with question mark": "/x?a?b",
        },
    ),
    _raw(ROOT, "raw non-ASCII bytes", request("/\xe4")),
    _raw(ROOT, "absolute form", request("http://front.test/abs?q=1")),
    _raw(ROOT, "absolute form of another host", request("http://other.test:99/abs")),
    _raw(ROOT, "absolute form without path", request("http://front.test")),
    _raw(ROOT, "https absolute form", request("https://front.test/abs")),
    _raw(ROOT, "unknown scheme", request("ftp://front.test/abs")),
    _raw(ROOT, "target without slash", request("abs")),
    _raw(ROOT, "target with at sign", request("@front.test/x")),
    _raw(ROOT, "fragment", request("/a#b")),
    _raw(ROOT, "blank in query", request("/a?b c")),
    *_targets(
        NOCANON,
        {
            "escapes as sent": "/raw/a%3Bb%2Fc%20d%41",
            "query as sent": "/raw/a?b=%2f",
            "slashes as sent": "/raw/a//b",
            "noquery": "/rawnq/a?gone=1",
            "encoded prefix falls back": "/r%61w/a%3Bb",
            "NoDecode keeps the encoded slash": "/a%2Fb",
            "NoDecode keeps lower case": "/a%2fb",
        },
    ),
    *_targets(
        NOCANON_MATCH,
        {
            "group": "/m/abc",
            "group with the query": "/m/abc?x=1&y=%20",
            "empty group": "/m/",
            "escapes as sent, in a group": "/m/a%20b%2Fc%3bd",
            "slashes as sent, in a group": "/m//a",
            "line ends as sent, in a group": "/m/%0d%0aX:%20y",
            "matches only without its double slash": "//m/a",
            "matches only when decoded": "/%6d/a%3bb",
            "blank in the expression": "/decoded/a%20b/c%3bd?x",
            "noquery is of no account": "/nq/a?x=1",
            "group that ends before the query": "/path/a%20b?x=1",
            "query in the middle": "/two/a%20/b?q",
            "no group": "/whole/a%20b?x=1",
            "the whole match": "/zero/a%20b?x=1",
            "nine times": "/nine/" + "%41b" * 300,
            "three times, canonically": "/three/" + "%20%2a%2F" * 300,
            "prefix with noquery": "/rawnq/" + "a" * 500 + "?" + "b" * 3000,
            "prefix itself": "/raw",
            "prefix itself with a query": "/raw?x",
        },
    ),
    *(
        Case(
            f"{NOCANON_MATCH.name}: {name}",
            NOCANON_MATCH,
            get(path),
            view=View.TARGET,
            differs="dot segments under `nocanon`, `mapping=encoded`",
            instead={"members": [f"m0 GET {sent} HTTP/1.1"]},
        )
        for name, path, sent in (
            ("dots as sent, in a group", "/m/./a/../b", "/t/b"),
            ("dots behind a prefix", "/raw/../raw/a", "/r/a"),
        )
    ),
    Case(
        "nocanon by expression: raw non-ASCII bytes",
        NOCANON_MATCH,
        ask(request("/m/\xe4?\xe4")),
        view=View.TARGET,
        differs="`#` and bytes that are not ASCII in what is sent as it came",
        instead={"members": ["m0 GET /t/%E4?%E4 HTTP/1.1"]},
    ),
    _raw(NOCANON_MATCH, "absolute form", request("http://front.test/m/a%20b?x")),
    *_targets(DECODE, {"decodes": "/a%2Fb", "double slash": "/a%2F%2Fb"}),
    *_targets(NO_MERGE, {"kept": "/a//b", "kept at the start": "//a"}),
    *_targets(
        REGEX,
        {
            "captures": "/app/one/two/three",
            "query follows": "/app/one/two?x=1",
            "does not match": "/app/one",
            "exclusion": "/never/x.php",
            "no substitution appends the path": "/zz/a.gif",
            "search is not anchored": "/all/x/b.gif",
            "whole path in one group": "/all/x/y",
            "ProxyPass with tilde": "/tilde/x/y",
            "dollar zero": "/whole/x",
            "case-insensitive option": "/CASE/Xx",
            "balancer": "/bal/x/y?q=1",
            "escapes in a capture": "/app/a%20b/c%3Bd",
            "encoded question mark in a capture": "/all/x%3Fy=1",
            "line feed does not end the subject": "/zz/a.gif%0A",
        },
    ),
    *_targets(
        LOCATION,
        {
            "prefix": "/loc/a",
            "itself": "/loc",
            "segment boundary": "/location",
            "later section wins": "/loc/inner/a",
            "exclusion in a nested section": "/loc/out/a",
            "beside server rules": "/server/a",
            "section before server rule": "/both/a",
            "with slash": "/slash/a",
            "with slash, without it": "/slash",
            "LocationMatch with captures": "/lm/42/x/y",
            "LocationMatch, no match": "/lm/x/42",
            "Location with tilde": "/tilde/b.txt",
            "plain path in a LocationMatch": "/auth/login",
            "plain path in a LocationMatch, and more": "/auth/login/x?q=1",
            "plain path in a LocationMatch, in the middle": "/x/auth/login",
            "plain path in a LocationMatch, within a segment": "/auth/logins",
            "dot of a plain path in a LocationMatch": "/page.html",
            "another letter for that dot": "/page-html",
        },
    ),
    LITERAL_LOCATION_MATCH,
    NOQUERY,
    *_targets(
        BALANCED,
        {
            "bare member": "/bare/x",
            "no slash on either side": "/bare-noslash/x",
            "no slash, nothing more": "/bare-noslash",
            "balancer with a path": "/bare-deep/x",
            "member with a path": "/path/x?q",
            "both have a path": "/path-deep/x",
            "name is case-insensitive": "/UPPER/x",
            "balancer without definition": "/ghost/x",
        },
    ),
    Case(
        "joined: member path ends in slash",
        BALANCED,
        get("/media/a"),
        view=View.TARGET,
    ),
    *_targets(
        INHERIT,
        {
            "main rule wins": "/global/x",
            "vhost's own": "/own/x",
            "neither": "/x",
        },
    ),
    Case(
        "interpolate: value of the request",
        INTERPOLATE,
        get("/i/x", "X-Where: there"),
        view=View.TARGET,
    ),
    *_targets(INTERPOLATE, {"unset": "/i/x", "without the keyword": "/n/x"}),
    *(
        Case(
            f"{INTERPOLATED_FORMS.name}: {path} with {where!r}",
            INTERPOLATED_FORMS,
            get(f"{path}/a%20b;c%3B?d", *([f"X-Where: {where}"] if where else [])),
            view=View.TARGET,
        )
        for path in INTERPOLATING
        for where in WHERES
    ),
    *_targets(
        INTERPOLATED_FORMS,
        {"written, canonically": "/written/a", "written, as it is": "/written-raw/a"},
    ),
    *(
        Case(
            f"{INTERPOLATED_FORMS.name}: {path} with {where!r}",
            INTERPOLATED_FORMS,
            get(f"{path}/a", f"X-Where: {where}"),
            view=View.TARGET,
            differs="`#` and bytes that are not ASCII in what is sent as it came",
            instead={"members": [f"m0 GET /{sent}/a HTTP/1.1"]},
        )
        for path in ("/i", "/raw")
        for where, sent in (("a\xe4b", "a%E4b"), ("a#b", "a%23b"))
    ),
    Case(
        f"{INTERPOLATED_FORMS.name}: a variable that looks like a group",
        INTERPOLATED_FORMS,
        get("/c/a", "X-Where: <$1>"),
        view=View.TARGET,
        differs="`$1` in the value of a variable (`interpolate`)",
        instead={"members": ["m0 GET /%3C$1%3E/a HTTP/1.1"]},
    ),
    Case(
        "no-proxy: variable keeps the request",
        NO_PROXY,
        (*get("/x", "X-Local: yes"), *get("/x", "X-Local: no")),
        view=View.TARGET,
    ),
)
