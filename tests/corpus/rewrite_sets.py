"""Rule sets and requests whose outcomes at httpd stand in rewrites.json.

    python tests/corpus/record_rewrites.py

records them anew. A set is a name, the text of a virtual host, and requests: target and
fields, one behind another with ` | ` between. In texts {m0} and {m1} are ports of
members, {root} a directory with files: there.txt, empty.txt, dir/, dir/in.txt, run.sh
(which may be executed) and link (to there.txt). Each host sends back the variables a, b
and c. DocumentRoot is {root}.
"""

from __future__ import annotations

from typing import Final

from rewrite_files import MORE

ON: Final = "RewriteEngine on\n"
WS: Final = " | Upgrade: websocket | Connection: Upgrade"
PASS: Final = "ProxyPass / http://127.0.0.1:{m0}/\n"
M0: Final = "http://127.0.0.1:{m0}"
M1: Final = "http://127.0.0.1:{m1}"

Set = tuple[str, str, tuple[str, ...]]

WEBSOCKETS: Final[tuple[Set, ...]] = tuple(
    (
        f"websocket {number}",
        f"{ON}{rules}\n{PASS}",
        ("/s?a=b" + WS, "/s?a=b", "/" + WS, "/a%20b/c" + WS),
    )
    for number, rules in enumerate(
        (
            "RewriteCond %{HTTP:Upgrade} websocket [NC]\n"
            "RewriteRule /(.*) ws://127.0.0.1:{m1}/$1 [P,L]",
            "RewriteCond %{HTTP:Upgrade} =websocket [NC]\n"
            "RewriteRule /(.*) ws://127.0.0.1:{m1}/$1 [P,L]\n"
            "RewriteCond %{HTTP:Upgrade} !=websocket [NC]\n"
            "RewriteRule /(.*) http://127.0.0.1:{m0}/$1 [P,L]",
            "RewriteCond %{HTTP:Upgrade} ^websocket$ [NC]\n"
            "RewriteCond %{HTTP:Connection} upgrade [NC]\n"
            'RewriteRule ^/?(.*) "ws://127.0.0.1:{m1}/$1" [P,L]',
            "RewriteCond %{HTTP:Connection} Upgrade [NC]\n"
            "RewriteCond %{HTTP:Upgrade} websocket [NC]\n"
            "RewriteRule .* ws://127.0.0.1:{m1}%{REQUEST_URI} [P]",
            "RewriteCond %{HTTP:UPGRADE} ^WebSocket$ [NC,OR]\n"
            "RewriteCond %{HTTP:CONNECTION} ^Upgrade$ [NC]\n"
            "RewriteRule .* ws://127.0.0.1:{m1}%{REQUEST_URI} [P,QSA,L]",
            "RewriteCond %{REQUEST_URI} ^/s [NC]\n"
            "RewriteRule /(.*) ws://127.0.0.1:{m1}/$1 [P,L]",
            "RewriteCond %{QUERY_STRING} a=b\n"
            "RewriteRule ^/s(.*)$ ws://127.0.0.1:{m1}/s$1 [P]",
            "RewriteCond %{HTTP:Upgrade} !^$\n"
            "RewriteRule ^(.*)$ ws://127.0.0.1:{m1}$1 [P,NE]",
            "RewriteCond %{HTTP:Upgrade} websocket [NC]\n"
            "RewriteCond %{HTTP:Connection} upgrade [NC]\n"
            "RewriteRule ^/?(.*) ws://127.0.0.1:{m1}/ws/$1?x=1 [P,L,QSA]",
            "RewriteCond %{HTTP:Upgrade} websocket [NC]\n"
            "RewriteRule ^/s - [E=a:1]\n"
            "RewriteRule /(.*) http://127.0.0.1:{m1}/$1 [P,L]",
        )
    )
)

REDIRECTS: Final[tuple[Set, ...]] = (
    (
        "to https",
        ON + "RewriteCond %{HTTPS} off\n"
        "RewriteRule ^/?(.*) https://%{SERVER_NAME}/$1 [R=301,L]",
        ("/", "/a/b?c=d", "/a%20b", "/a%2Bb?x=%20", "/?", "/%7Ea;b"),
    ),
    (
        "to https with the host",
        ON + "RewriteCond %{HTTPS} !=on\n"
        "RewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=302,L,NE]",
        ("/", "/a/b?c=d", "/a%20b", "/a%3fb", "/a%25b?x=%25"),
    ),
    (
        "to https for the same path",
        ON + "RewriteRule (.*) https://%{SERVER_NAME}%{REQUEST_URI} [QSA,R=permanent]",
        ("/a?b", "/x%22y", "/x'y()"),
    ),
    (
        "to www",
        ON + "RewriteCond %{HTTP_HOST} !^www\\. [NC]\n"
        "RewriteRule ^(.*)$ http://www.%{HTTP_HOST}$1 [R=301,L]",
        ("/", "/a?b=c&d"),
    ),
    (
        "a path",
        ON + "RewriteRule ^/old/(.*)$ /new/$1 [R,L]\nRewriteRule ^/o2$ n2 [R=303]\n"
        "RewriteRule ^/o3 /n3? [R]\nRewriteRule ^/o4 /n4?x=y [R,QSA]\n"
        "RewriteRule ^/o5 /n5 [R,QSD]\nRewriteRule ^/o6 /n6?a=%{QUERY_STRING} [R]\n"
        "RewriteRule ^/o7 /n7?a&b [R,QSA,QSD]\nRewriteRule ^/o8 /n8#part [R]\n"
        "RewriteRule ^/o9 /n9#part [R,NE]\n" + PASS,
        (
            *("/old/a", "/old/a%20b?c", "/o2", "/o2?q", "/o3?q", "/o4?q", "/o4"),
            *("/o5?q", "/o6?q=1", "/o7?q", "/o8?q", "/o9?q", "/old/%e4%f6", "/else"),
            *("/old/a?x=%zz", "/o6?a b", "/o4?", "/old/?"),
        ),
    ),
    (
        "statuses",
        ON + "RewriteRule ^/1 /x [R=300]\nRewriteRule ^/2 /x [R=307]\n"
        "RewriteRule ^/3 /x [R=308]\nRewriteRule ^/4 /x [R=404]\n"
        "RewriteRule ^/5 - [R=503]\nRewriteRule ^/6 - [F]\nRewriteRule ^/7 - [G]\n"
        "RewriteRule ^/8 /x [F]\nRewriteRule ^/9 /x [R=temp]\n"
        "RewriteRule ^/a /x [R=seeother]\nRewriteRule ^/b - [R=400,L]\n"
        "RewriteRule ^/c http://x.test/y [R=500]\nRewriteRule ^/d - [R=405]\n" + PASS,
        tuple(f"/{n}" for n in "123456789abcde"),
    ),
    (
        "other schemes",
        ON + "RewriteRule ^/1/(.*) http://a.test/$1\n"
        "RewriteRule ^/2/(.*) https://a.test:8443/$1 [R=301]\n"
        "RewriteRule ^/3/(.*) ftp://a.test/$1\nRewriteRule ^/4/(.*) mailto:a@b?$1\n"
        "RewriteRule ^/5/(.*) ldap://a.test/dc=x?$1?sub?(a=b) [R]\n"
        "RewriteRule ^/6/(.*) news:$1 [R]\nRewriteRule ^/7 http://a.test\n"
        "RewriteRule ^/8 http://a.test?x=y\nRewriteRule ^/9 foo://a.test/b\n"
        "RewriteRule ^/a/(.*) $1:b\nRewriteRule ^/b(.*) c$1 [R]\n",
        (
            *("/1/x y?q=1", "/1/x%20y?q=1", "/2/a?b", "/3/a%20?q", "/4/s=1", "/5/a b"),
            *("/5/a", "/6/a.b", "/7?q", "/7", "/8?q", "/9", "/a/x", "/b/x", "/1/"),
            *("/1/a%3fb", "/2/%25", "/1/a%2520"),
        ),
    ),
    (
        "ours",
        ON + "RewriteRule ^/1/(.*) http://%{HTTP_HOST}/$1\n"
        "RewriteRule ^/2/(.*) http://%{HTTP_HOST}:80/$1 [PT]\n"
        "RewriteRule ^/3/(.*) http://%{HTTP_HOST}/x/$1 [PT]\n"
        "RewriteRule ^/4 http://%{HTTP_HOST} [PT]\n" + PASS,
        ("/1/there.txt", "/2/a", "/3/a?b", "/4"),
    ),
    (
        "behind a redirect",
        ON + "RewriteRule ^/a /b [R]\nRewriteRule ^ - [F]\n" + PASS,
        ("/a", "/x"),
    ),
    (
        "not the last",
        ON + "RewriteRule ^/a$ /b [R=301]\nRewriteRule b$ /c?z [R=307]\n"
        "RewriteRule c$ - [E=a:1]\n",
        ("/a", "/b", "/a?q"),
    ),
)

FLOW: Final[tuple[Set, ...]] = (
    (
        "chains",
        ON + "RewriteRule ^/a(.*) /b$1 [C]\nRewriteRule ^/b1(.*) /c$1 [C]\n"
        "RewriteRule ^/c2 /d [PT]\nRewriteRule ^/b1 - [F]\nRewriteRule ^/c - [G]\n"
        "RewriteRule ^/b - [R=404]\nRewriteRule x$ - [R=409]\n" + PASS,
        ("/a", "/a1", "/a12", "/a2", "/b1", "/b", "/c2", "/c", "/x", "/ax", "/q"),
    ),
    (
        "skips",
        ON + "RewriteCond %{QUERY_STRING} s1\nRewriteRule ^ - [S=1]\n"
        "RewriteRule ^/a /b [PT]\nRewriteCond %{QUERY_STRING} s9\n"
        "RewriteRule ^ - [S=99]\nRewriteRule ^/a - [F]\nRewriteRule ^/b - [G]\n" + PASS,
        ("/a", "/a?s1", "/a?s9", "/b", "/b?s9", "/c"),
    ),
    (
        "rounds",
        ON + "RewriteRule ^(.*)A(.*)$ $1B$2 [N]\nRewriteRule B$ - [E=a:b]\n"
        "RewriteRule ^(/.*)$ $1 [PT]\n" + PASS,
        ("/AAA", "/xAyAz?A", "/", "/B"),
    ),
    (
        "too many rounds",
        ON + "RewriteRule ^/a - [N=10]\nRewriteRule ^/b(.*) /b$1 [N=5]\n" + PASS,
        ("/a", "/b", "/c"),
    ),
    (
        "growing",
        ON + "RewriteRule ^/a(.*) /a$1$1x [N]\nRewriteRule ^/q /a?%{QUERY_STRING}x\n",
        ("/a", "/q?y"),
    ),
    (
        "last and end",
        ON + "RewriteRule ^/1 /2 [PT,L]\nRewriteRule ^/3 /4 [L]\n"
        "RewriteRule ^/5 /6 [END,PT]\nRewriteRule ^/7 - [END]\nRewriteRule ^/8 - [L]\n"
        "RewriteRule ^/[2-8] - [F]\n" + PASS,
        tuple(f"/{n}" for n in range(1, 10)),
    ),
    (
        "negations",
        ON + "RewriteRule !^/ok - [F]\nRewriteCond %{QUERY_STRING} !^x\n"
        "RewriteRule ^/ok(.*) /x$1 [PT]\nRewriteRule !^/(ok|x) /$0y$1 [PT]\n" + PASS,
        ("/ok1", "/ok?x", "/no", "/x"),
    ),
    (
        "without flags",
        ON + "RewriteRule ^/a /there.txt\nRewriteRule ^/b /nowhere\n"
        "RewriteRule ^/c {root}/there.txt\nRewriteRule ^/d //x\nRewriteRule ^/e e2\n"
        + PASS,
        ("/a", "/b", "/c", "/d", "/e", "/f", "/there.txt"),
    ),
    (
        "pass through",
        ON + "RewriteRule ^/1/(.*) /x/$1 [PT]\nRewriteRule ^/2/(.*) /x/$1?a [PT]\n"
        "RewriteRule ^/3/(.*) /x/$1?a [PT,QSA]\nRewriteRule ^/4 /x? [PT]\n"
        "RewriteRule ^/5/(.*) $1 [PT]\nRewriteRule ^/6/(.*) /%{QUERY_STRING}/$1 [PT]\n"
        "RewriteRule ^/7 - [PT]\nRewriteRule ^/8 /a%20b/c%2fd [PT]\n"
        "RewriteRule ^/9 /x?y?z [PT]\nRewriteRule ^/A //x//y [PT]\n"
        "RewriteRule ^/B(.*) /$1 [PT]\nRewriteRule ^/C(.*) /$1 [PT,UNC]\n"
        "RewriteRule ^/D /x?y?z [PT,QSL]\nProxyPass /x http://127.0.0.1:{m0}/m\n"
        "ProxyPass / http://127.0.0.1:{m1}/o/\n",
        (
            *("/1/a", "/1/a%20b?q", "/2/a?q", "/3/a?q", "/3/a", "/4?q", "/5/x/y"),
            *("/6/z?q", "/7?q", "/8", "/9?q", "/A", "/B/x", "/C/x", "/D", "/5/"),
            *("/1/%2e%2e/a", "/1/..%2fa", "/1/a;b", "/x/1/a", "/5//x", "/6/a?%20b"),
        ),
    ),
)

GROUPS: Final[tuple[Set, ...]] = (
    (
        "groups of both kinds",
        ON + "RewriteCond %{QUERY_STRING} ^(.)(.)?\n"
        f"RewriteRule ^/(a)(b)?(.*) {M0}/$0-$1-$2-$3-%0-%1-%2-$9 [P]\n"
        f"RewriteRule ^/z(.*) {M0}/%1$1 [P]\n",
        ("/ab?xy", "/a?x", "/abc?xyz", "/z1?q", "/ab"),
    ),
    (
        "groups of the last condition",
        ON + "RewriteCond %{HTTP:A} (.*)\nRewriteCond %{HTTP:B} !x(.*)\n"
        "RewriteCond %{HTTP:C} ^(.)\n"
        f"RewriteRule ^/(.*) {M0}/%1/%0/$1 [P]\n",
        (
            "/x | A: 1 | B: 2 | C: 34",
            "/x | A: 1 | B: xyz | C: 34",
            "/x | C: 3",
            "/x",
            "/x | C: a | C: b",
        ),
    ),
    (
        "or",
        ON + "RewriteCond %{HTTP:A} ^1 [OR]\nRewriteCond %{HTTP:B} ^1 [OR]\n"
        "RewriteCond %{HTTP:C} ^1\nRewriteCond %{HTTP:D} ^1\n"
        f"RewriteRule ^ {M0}/hit [P]\n",
        (
            *("/ | A: 1 | D: 1", "/ | B: 1 | D: 1", "/ | C: 1 | D: 1", "/ | A: 1"),
            *("/ | D: 1", "/", "/ | A: 1 | B: 1 | C: 1 | D: 1"),
        ),
    ),
    (
        "or at the end",
        ON + "RewriteCond %{HTTP:A} ^1\nRewriteCond %{HTTP:B} ^1 [OR]\n"
        f"RewriteRule ^ {M0}/hit [P]\n",
        ("/ | A: 1", "/ | A: 1 | B: 1", "/ | B: 1", "/"),
    ),
    (
        "escapes",
        ON + f"RewriteRule ^/1/(.*) {M0}/$1 [P,B]\nRewriteRule ^/2/(.*) {M0}/$1 [P]\n"
        f"RewriteRule ^/3/(.*) {M0}/?q=$1 [P,B]\n"
        f"RewriteRule ^/4/(.*) {M0}/?q=$1 [P,B,BNP]\n"
        f"RewriteRule ^/5/(.*) {M0}/?q=$1 [P,B=#?;&]\n"
        f"RewriteRule ^/6/(.*) {M0}/?q=$1 [P,B,BNE=/]\n"
        f"RewriteRule ^/7/(.*) {M0}/?q=$1 [P,BCTLS]\n"
        f"RewriteRule ^/8/(.*) {M0}/?q=$1 [P,BCTLS,BNE=/]\n"
        f"RewriteRule ^/9/(.*) {M0}/?q=$1 [P]\n"
        f"RewriteRule ^/A/(.*) {M0}/$1 [P,B,NE]\n"
        f"RewriteRule ^/B/(.*) {M0}/$1 [P,NE]\n"
        f"RewriteRule ^/C/(.*) {M0}/?q=$1 [P,B=/,BCTLS]\n",
        tuple(
            f"/{kind}/{text}"
            for kind in "123456789ABC"
            for text in ("a%20b/c", "x%26y;z_%2b", "a%25b", "p%23q")
        ),
    ),
    (
        "question marks",
        ON + f"RewriteRule ^/1/(.*) {M0}/$1 [P]\n"
        f"RewriteRule ^/2/(.*) {M0}/$1 [P,UnsafeAllow3F]\n"
        f"RewriteRule ^/3/(.*) {M0}/x?y=$1 [P]\n"
        f"RewriteRule ^/4/(.*) {M0}/$1?y [P]\n"
        f"RewriteRule ^/5/(.*) {M0}/x?$1 [P,QSL]\n"
        f"RewriteRule ^/6/(.*) {M0}/$1 [P,B]\n"
        "RewriteRule ^/7/(.*) /x/$1 [R]\nRewriteRule ^/8/(.*) /x/$1 [PT]\n"
        f"RewriteRule ^/9/(.*) {M0}/$1? [P]\nRewriteRule ^/A/(.*) {M0}/\\?$1 [P]\n"
        f"RewriteRule ^/B/(.*) {M0}/%{{REQUEST_URI}} [P]\n" + PASS,
        tuple(f"/{kind}/a%3fb" for kind in "123456789AB")
        + tuple(f"/{kind}/a?b" for kind in "123459AB"),
    ),
)

CONDS: Final[tuple[Set, ...]] = (
    *(
        (
            f"cond {pattern}",
            f"{ON}RewriteCond %{{HTTP:A}} {pattern}\nRewriteRule ^ {M0}/hit [P]\n",
            tuple(f"/ | A: {text}" for text in texts),
        )
        for pattern, texts in (
            ("=abc", ("abc", "ABC", "abcd", "ab")),
            ("=abc [NC]", ("abc", "ABC", "abcd", "ab")),
            ("!=abc", ("abc", "x")),
            ('=""', ("", "x")),
            ("<b", ("a", "b", "c", "aa")),
            (">b", ("a", "b", "c", "aa")),
            ("<=bb", ("b", "bb", "bc", "aaa")),
            (">=bb", ("b", "bb", "bc", "aaa")),
            (">b [NC]", ("A", "C", "aa", "ca")),
            ("!<b", ("a", "c")),
            ("-eq5", ("5", "05", "5x", "4", "x", "")),
            ("-ne5", ("5", "4")),
            ("!-ne5", ("5", "4")),
            ("!-eq5", ("5", "4")),
            ("-lt5", ("4", "5", "-9", "6")),
            ("-le5", ("4", "5", "6")),
            ("-gt-1", ("0", "-1", "-2", "x")),
            ("-ge5", ("4", "5", "6")),
            ("-eq", ("x-eqy", "5")),
            ("=", ("a=b", "", "x")),
            ("-", ("a-b", "x")),
            ("^$", ("", "x")),
            ("!^$", ("", "x")),
            ("a.c [NC]", ("xABCx", "xac")),
            ("(?i)abc", ("xABCx", "x")),
            ("\\d+", ("a1", "a")),
            ('"a b"', ("a b", "ab")),
            ("a\\ b", ("a b", "ab")),
        )
    ),
    *(
        (
            f"file {test}",
            f"{ON}RewriteCond {{root}}%{{REQUEST_URI}} {test}\n"
            f"RewriteRule ^ {M0}/hit [P]\n",
            (
                *("/there.txt", "/empty.txt", "/dir", "/dir/", "/dir/in.txt", "/no"),
                *("/run.sh", "/link", "/"),
            ),
        )
        for test in ("-f", "!-f", "-d", "!-d", "-s", "-x", "-l", "-L", "-h")
    ),
    (
        "the front controller",
        ON + "RewriteCond %{DOCUMENT_ROOT}%{REQUEST_FILENAME} !-f\n"
        "RewriteCond %{DOCUMENT_ROOT}%{REQUEST_FILENAME} !-d\n"
        f"RewriteRule ^(.*)$ {M0}$1 [P,QSA]\n",
        ("/there.txt", "/dir", "/no?a", "/no/x"),
    ),
)

VARIABLES: Final[tuple[Set, ...]] = tuple(
    (
        f"variable {name}",
        f"{ON}RewriteRule ^ {M0}/%{{{name}}} [P,UnsafeAllow3F]\n",
        (
            "/a/b?c=d | User-Agent: ua | Referer: r | Cookie: k=v | Accept: */*"
            " | X-A: 1 | X-A: 2 | Forwarded: for=x | Proxy-Connection: p",
        ),
    )
    for name in (
        *("REQUEST_URI", "QUERY_STRING", "REQUEST_METHOD", "HTTPS", "HTTP_HOST"),
        *("SERVER_NAME", "SERVER_PORT", "REQUEST_SCHEME", "REMOTE_ADDR"),
        *("SERVER_PROTOCOL", "HTTP_USER_AGENT", "HTTP_REFERER", "HTTP_COOKIE"),
        *("HTTP_ACCEPT", "HTTP_FORWARDED", "HTTP_PROXY_CONNECTION", "HTTP:X-A"),
        *("http:x-a", "HTTP:Nothing", "ENV:nothing", "THE_REQUEST", "IS_SUBREQ"),
        *("IPV6", "SERVER_ADDR", "REMOTE_HOST", "REMOTE_USER", "REMOTE_IDENT"),
        *("AUTH_TYPE", "PATH_INFO", "REQUEST_FILENAME", "SCRIPT_FILENAME", "NOTHING"),
        *("request_uri", "SCRIPT_USER", "SCRIPT_GROUP", "CONN_REMOTE_ADDR", "abc"),
        *("SSL:SSL_PROTOCOL", "HTTP2", "CONTEXT_PREFIX", "SERVER_ADMIN", ""),
    )
)

EFFECTS: Final[tuple[Set, ...]] = (
    (
        "variables",
        ON + "RewriteRule ^/(.*) - [E=a:$1]\nRewriteRule ^/x - [E=b:%{ENV:a}y,E=!a]\n"
        "RewriteCond %{ENV:a} ^(.)\nRewriteRule ^ - [E=c:%1%{QUERY_STRING}]\n"
        "RewriteRule ^/v - [E=a]\nRewriteRule ^/w - [E=b:1:2,E=c:]\n"
        "RewriteRule ^/q - [E=$0:z]\n" + PASS,
        ("/abc?d", "/x", "/v", "/w", "/", "/q"),
    ),
    (
        "variables of a rule that redirects",
        ON + "RewriteRule ^/(.*) /y/$1 [R,E=a:$1]\n",
        ("/abc?d",),
    ),
    (
        "set before",
        'SetEnvIf X-A "^(.*)$" a=$1\n' + ON + "RewriteCond %{ENV:a} =go\n"
        f"RewriteRule ^ {M1}/went [P]\n" + PASS,
        ("/ | X-A: go", "/ | X-A: stay", "/"),
    ),
    (
        "cookies",
        ON + "RewriteRule ^/1 - [CO=n:v:.d.test]\nRewriteRule ^/2 - [CO=n:v]\n"
        "RewriteRule ^/3 - [CO=n:v:.d.test:0:/p]\n"
        "RewriteRule ^/4 - [CO=n:v:.d.test:10:/p:secure:HttpOnly:Lax]\n"
        "RewriteRule ^/5 - [CO=;n;v:w;d.test;5;/;1;1;0]\n"
        "RewriteRule ^/6 - [CO=n:%{QUERY_STRING}:d,CO=n:2:d,CO=m:3:d]\n"
        "RewriteRule ^/7 /x [R,CO=n:v:d]\nRewriteRule ^/8 - [F,CO=n:v:d]\n"
        "RewriteRule ^/9 - [CO=n::d:x]\nRewriteRule ^/A - [CO=n:v:d:x:/:true:true]\n"
        + PASS,
        tuple(f"/{n}?q" for n in "123456789A"),
    ),
    (
        "a handler",
        ON + "RewriteRule ^/a - [H=none]\nRewriteRule ^/b /c [PT,T=text/x]\n" + PASS,
        ("/b", "/c"),
    ),
    (
        "an expansion of everything",
        ON + "RewriteRule ^/(.*) /%{REQUEST_URI}$$1\\$1\\%x%y$x%{$1%% [R,NE]\n",
        ("/a", "/b?c"),
    ),
)

PROXIES: Final[tuple[Set, ...]] = (
    (
        "balancer",
        "<Proxy balancer://one>\nBalancerMember http://127.0.0.1:{m1}/base\n</Proxy>\n"
        + ON
        + "RewriteRule ^/1/(.*) balancer://one/$1 [P]\n"
        "RewriteRule ^/2(.*) balancer://one$1 [P]\n"
        "RewriteRule ^/3 balancer://one/x?y [P,QSA]\n"
        "RewriteRule ^/4 BALANCER://ONE%{REQUEST_URI} [P]\n" + PASS,
        ("/1/a%20b?c", "/2/a", "/3?q", "/4", "/5", "/1/"),
    ),
    (
        "authorities",
        ON + "RewriteRule ^/1$ http://127.0.0.1:{m0} [P]\n"
        "RewriteRule ^/2 HTTP://127.0.0.1:{m0}/x [P]\n"
        "RewriteRule ^/3(.*) http://127.0.0.1:{m0}$1 [P]\n"
        "RewriteRule ^/4 http://127.0.0.1:{m0}?x=y [P]\n"
        "RewriteRule ^/5 http://127.0.0.1:{m0}//x//y [P]\n"
        "RewriteRule ^/6 http://127.0.0.1:{m0}/a%20b [P]\n"
        "RewriteRule ^/7 http://127.0.0.1:{m0}/a%20b [P,NE]\n"
        'RewriteRule ^/8 http://127.0.0.1:{m0}/"a\\ b" [P]\n'
        "RewriteRule ^/9 http://127.0.0.1:{m0}/~a;b=c [P]\n",
        (
            *("/1", "/1?q", "/2", "/3/a", "/3", "/3?q", "/4", "/4?q", "/5", "/6"),
            *("/7", "/8", "/9", "/3/a%2520b"),
        ),
    ),
    (
        "queries",
        ON + f"RewriteRule ^/1 {M0}/x [P]\nRewriteRule ^/2 {M0}/x?a=b [P]\n"
        f"RewriteRule ^/3 {M0}/x?a=b [P,QSA]\nRewriteRule ^/4 {M0}/x? [P]\n"
        f"RewriteRule ^/5 {M0}/x [P,QSD]\nRewriteRule ^/6 {M0}/x?a [P,QSA,QSD]\n"
        f"RewriteRule ^/7 {M0}/x?%{{QUERY_STRING}}&b [P]\n"
        f"RewriteRule ^/8 {M0}/x?a& [P,QSA]\nRewriteRule ^/9 {M0}/x?a=b [P,NE]\n"
        f"RewriteRule ^/A {M0}/x?a?b [P]\nRewriteRule ^/B {M0}/x?a?b [P,QSL]\n"
        f"RewriteRule ^/C {M0}/x? [P,QSA]\n",
        tuple(f"/{n}{query}" for n in "123456789ABC" for query in ("?q=1", "", "?")),
    ),
    (
        "what ProxyPass maps",
        ON + "RewriteCond %{REQUEST_URI} !^/api\nRewriteRule .* - [L]\n"
        "RewriteRule ^/api/v1/(.*) /api/v2/$1 [PT]\n"
        "ProxyPass /api http://127.0.0.1:{m1}/x\n" + PASS,
        ("/api/v1/a?b", "/api/z", "/y"),
    ),
    (
        "methods",
        ON + "RewriteCond %{REQUEST_METHOD} ^(TRACE|TRACK|DELETE)\n"
        "RewriteRule .* - [F]\n" + PASS,
        ("/",),
    ),
    (
        "hosts",
        ON + "RewriteCond %{HTTP_HOST} ^([^.]+)\\.\n"
        f"RewriteRule ^/(.*) {M0}/%1/$1 [P]\n",
        ("/x",),
    ),
    (
        "dots",
        ON + f"RewriteRule ^/a/(.*) {M0}/$1 [P]\nRewriteRule ^/b - [F]\n" + PASS,
        ("/a/../b", "/a/./x", "/a/%2e%2e/b", "/a//x", "//a/x", "/a/x/../y"),
    ),
    (
        "case",
        ON + f"RewriteRule ^/ABC/(.*) {M1}/$1 [P,NC]\n" + PASS,
        ("/abc/x", "/ABC/x", "/aBc/x", "/abd/x"),
    ),
    (
        "many",
        ON + "".join(f"RewriteRule ^/r{n}$ /t{n} [R]\n" for n in range(40)) + PASS,
        ("/r0", "/r39", "/r40", "/r7/x"),
    ),
)

SECTIONS: Final[tuple[Set, ...]] = (
    (
        "in a location that is mapped",
        "<Location /a>\n" + ON + "RewriteRule ^ - [E=a:%{REQUEST_FILENAME}]\n"
        "RewriteRule forbidden - [F]\nRewriteRule /gone$ - [G]\n</Location>\n" + PASS,
        ("/a/x?y", "/a/forbidden", "/a/gone", "/b/forbidden", "/a/a%20b"),
    ),
    (
        "in a location to another member",
        "<Location /a>\n" + ON + "RewriteCond %{HTTP:Upgrade} websocket [NC]\n"
        "RewriteRule .* ws://127.0.0.1:{m1}%{REQUEST_URI} [P]\n</Location>\n" + PASS,
        ("/a/x?y" + WS, "/a/x", "/b" + WS),
    ),
    (
        "in a location, redirects",
        "<Location /a>\n" + ON + "RewriteRule x$ https://a.test/y [R=301,L]\n"
        "RewriteRule z$ /q [R]\n</Location>\n" + PASS,
        ("/a/x?y", "/a/z?q", "/a/w"),
    ),
    (
        "in a location, anew",
        "<Location /a>\n" + ON + "RewriteRule x$ /b/new\n"
        "RewriteRule q$ /b/n%20ew?z [QSA]\n</Location>\n"
        "<Location /b>\nRewriteEngine on\nRewriteRule new - [E=b:%{ENV:REDIRECT_a}]\n"
        "</Location>\n" + PASS,
        ("/a/x?y", "/a/q?y", "/a/w", "/b/z"),
    ),
    (
        "engine off in a location",
        ON
        + "RewriteRule ^ - [F]\n<Location /open>\nRewriteEngine off\n</Location>\n"
        + PASS,
        ("/open/x", "/closed"),
    ),
    (
        "inherited by a location",
        "<Location />\n" + ON + "RewriteRule ^ - [E=a:1]\n</Location>\n"
        "<Location /i>\nRewriteOptions Inherit\nRewriteRule ^ - [E=b:%{ENV:a}2]\n"
        "</Location>\n<Location /n>\nRewriteRule ^ - [E=b:%{ENV:a}3]\n</Location>\n"
        "<Location /j>\nRewriteOptions InheritBefore\n"
        "RewriteRule ^ - [E=b:%{ENV:a}4]\n</Location>\n" + PASS,
        ("/", "/i", "/n", "/j"),
    ),
    (
        "both",
        ON + "RewriteRule ^/a/(.*) /b/$1 [PT,E=a:s]\n<Location /b>\nRewriteEngine on\n"
        "RewriteRule x$ - [E=b:d]\n</Location>\n" + PASS,
        ("/a/x", "/b/x", "/a/y"),
    ),
)

EXPRESSIONS: Final[tuple[Set, ...]] = tuple(
    (
        f"expression {text}",
        f"{ON}RewriteCond expr {text}\nRewriteRule ^ {M0}/hit-%1-%0 [P]\n",
        ("/a/bc?x=y | X-A: one", "/b | X-A: two", "/c", "/a | Upgrade: websocket"),
    )
    for text in (
        '"%{REQUEST_URI} =~ m#^/(.)#"',
        "\"%{HTTP:X-A} == 'one'\"",
        "\"!%{HTTP:X-A} == 'one'\"",
        "\"%{HTTP:X-A} in { 'one', 'two' }\"",
        "\"tolower(%{HTTP:Upgrade}) == 'websocket' && %{HTTPS} == 'off'\"",
        "\"%{QUERY_STRING} -strmatch 'x=*'\"",
        '"-n %{QUERY_STRING}" [OR]\nRewriteCond %{HTTP:X-A} two',
        "\"%{REQUEST_METHOD} == 'GET' && ! (%{REQUEST_URI} =~ /b/)\"",
        "true",
        "\"%{REMOTE_ADDR} -ipmatch '127.0.0.0/8'\"",
    )
)

DIRECTORIES: Final[tuple[Set, ...]] = (
    (
        "in a directory",
        "<Directory {root}>\n"
        + ON
        + "RewriteRule ^x/(.*) http://127.0.0.1:{m0}/$1 [P]\n"
        "RewriteRule ^old /new [R]\nRewriteRule ^rel$ gone [R=301]\n"
        "RewriteRule ^go/(.*) /mapped/$1?q [QSA]\nRewriteRule ^no - [F]\n"
        "RewriteRule ^same$ same\nRewriteRule ^abs http://a.test/y\n"
        "RewriteRule ^in dir/in.txt\n</Directory>\n"
        "ProxyPass /mapped http://127.0.0.1:{m1}/m\n",
        (
            *("/x/a?b", "/x/a%20b", "/old", "/rel", "/go/a?b", "/no", "/same", "/abs"),
            *("/in", "/mapped/no", "/there.txt", "/", "/dir/x/a", "/else", "/x/a/b"),
        ),
    ),
    (
        "a front controller in a directory",
        "<Directory {root}>\n" + ON + "RewriteCond %{REQUEST_FILENAME} !-f\n"
        "RewriteCond %{REQUEST_FILENAME} !-d\n"
        "RewriteRule ^(.*)$ http://127.0.0.1:{m0}/app/$1 [P,QSA,L]\n</Directory>\n",
        (
            *("/there.txt", "/dir", "/dir/", "/no", "/no/x?y", "/there.txt/info"),
            *("/dir/in.txt", "/dir/no/x", "/"),
        ),
    ),
    (
        "what a file is called",
        "<Directory {root}>\n" + ON + "RewriteRule ^(.*)$ - [E=a:%{REQUEST_FILENAME},"
        "E=b:%{PATH_INFO},E=c:$1]\n</Directory>\n",
        (
            "/there.txt",
            "/no/x/y",
            "/dir/no/x",
            "/dir",
            "/there.txt/info/x",
            "/",
            "/no/",
        ),
    ),
    (
        "a base",
        "<Directory {root}>\n" + ON + "RewriteBase /base\nRewriteRule ^a$ b [R]\n"
        "RewriteRule ^c/(.*) d/$1\nRewriteRule ^e {root}/f [R]\n</Directory>\n"
        "ProxyPass /base http://127.0.0.1:{m0}/m\n",
        ("/a", "/c/x?y", "/e", "/base/a"),
    ),
    (
        "one directory in another",
        "<Directory {root}>\n" + ON + "RewriteRule ^dir/(.*) - [E=a:outer]\n"
        "RewriteRule ^(.*) - [E=c:$1]\n</Directory>\n"
        "<Directory {root}/dir>\nRewriteRule ^(.*) - [E=b:$1]\n</Directory>\n"
        "<Directory {root}/d?r>\nRewriteOptions Inherit\n"
        "RewriteRule ^in(.*) - [E=a:$1]\n</Directory>\n",
        ("/dir/in.txt", "/there.txt", "/dir/no"),
    ),
    (
        "discarded path info",
        "<Directory {root}>\n" + ON + "RewriteRule ^(no)/.* $1x [DPI]\n"
        "RewriteRule ^nox$ http://127.0.0.1:{m0}/hit [P]\n"
        "RewriteRule ^nox(.+) http://127.0.0.1:{m0}/rest$1 [P]\n</Directory>\n",
        ("/no/a/b",),
    ),
)

SETS: Final = (
    *WEBSOCKETS,
    *REDIRECTS,
    *FLOW,
    *GROUPS,
    *CONDS,
    *VARIABLES,
    *EFFECTS,
    *PROXIES,
    *SECTIONS,
    *DIRECTORIES,
    *EXPRESSIONS,
    *MORE,
)
