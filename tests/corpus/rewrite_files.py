"""Rule sets in <Files>, those that set a type, SCRIPT_URL, and those that look ahead.

{users} is a file of htpasswd with one user, ann, whose password is secret; RIGHT and
WRONG are fields that name her.
"""

from __future__ import annotations

from typing import Final

ON: Final = "RewriteEngine on\n"
PASS: Final = "ProxyPass / http://127.0.0.1:{m0}/\n"
ASKS: Final = "AuthType Basic\nAuthName x\nAuthUserFile {users}\nRequire valid-user\n"
RIGHT: Final = " | Authorization: Basic YW5uOnNlY3JldA=="
WRONG: Final = " | Authorization: Basic YW5uOndyb25n"

Set = tuple[str, str, tuple[str, ...]]

FILES: Final[tuple[Set, ...]] = (
    (
        "files by name",
        "<Files no.txt>\n" + ON + "RewriteRule . - [F]\n</Files>\n"
        '<FilesMatch "^(old|older)$">\n' + ON + "RewriteRule . /new [R]\n"
        "</FilesMatch>\n"
        "<Files *.go>\n" + ON + "RewriteRule ^{root}/(.*)\\.go$ /mapped/$1\n</Files>\n"
        "<Files there.txt>\n" + ON + "RewriteRule (.*) - [E=a:$1,E=b:%{PATH_INFO}]\n"
        "</Files>\n<Files rel>\n" + ON + "RewriteRule . other\n</Files>\n"
        "ProxyPass /mapped http://127.0.0.1:{m0}/m\n",
        (
            *("/no.txt", "/a/no.txt", "/dir/no.txt", "/mapped/no.txt", "/no.txt/x"),
            *("/old", "/older", "/olde", "/dir/old", "/x.go", "/dir/x.go?q"),
            *("/there.txt", "/there.txt/more", "/rel", "/", "/else", "/dir/", "/dir"),
        ),
    ),
    (
        "files in a directory, and files again",
        "<Files *>\n" + ON + "RewriteRule . - [E=a:star]\n</Files>\n"
        "<Directory {root}/dir>\n<Files in.*>\n" + ON + "RewriteRule . - [E=b:inner]\n"
        "</Files>\nRewriteEngine on\nRewriteRule . - [E=c:dir]\n</Directory>\n"
        "<Files in.txt>\nRewriteOptions Inherit\nRewriteRule . - [E=c:name]\n"
        "</Files>\n",
        ("/dir/in.txt", "/dir/other", "/in.txt", "/there.txt", "/dir/no/in.txt"),
    ),
    (
        "files that a section of paths overrides",
        "<Files x>\n" + ON + "RewriteRule . - [F]\n</Files>\n"
        "<Location /free>\nRewriteRule . - [E=a:free]\n</Location>\n"
        "<Location /off>\nRewriteEngine off\n</Location>\n",
        ("/x", "/free/x", "/off/x", "/y"),
    ),
)

TYPES: Final[tuple[Set, ...]] = (
    (
        "a type for what a member sends without one",
        ON + "RewriteRule ^/a - [T=Text/One]\n"
        "RewriteRule ^/b(.*) http://127.0.0.1:{m0}/x$1 [P,T=text/two]\n"
        "RewriteRule ^/c(.*) /d$1 [PT,T=text/three]\n"
        "RewriteRule ^/e - [T=%{QUERY_STRING}]\n"
        "RewriteRule ^/f - [T=text/four]\nRewriteRule ^/f - [T=text/five]\n"
        "RewriteRule ^/status/204 - [T=text/none]\n"
        "RewriteRule ^/status/404 - [T=text/error]\n"
        + PASS
        + "<Location /g>\nRewriteRule . - [T=text/in-section]\n</Location>\n"
        "<Location /f/g>\nRewriteRule . - [T=text/in-section]\n</Location>\n",
        (
            *("/a", "/b/x", "/c/x", "/e", "/e?a/b", "/f", "/g", "/f/g", "/none"),
            *("/status/204", "/status/404", "/a | X-Type: text/member"),
        ),
    ),
)

SCRIPT: Final[tuple[Set, ...]] = (
    (
        "SCRIPT_URL and SCRIPT_URI",
        ON + "RewriteCond %{ENV:SCRIPT_URL}|%{ENV:SCRIPT_URI} (.+)\n"
        "RewriteRule . - [E=a:%1]\nRewriteRule ^/pt(.*) /p$1 [PT]\n"
        + PASS
        + "<Location /q>\nRewriteRule . /p/new [L]\n</Location>\n"
        "<Location /off>\nRewriteEngine off\n</Location>\n"
        "<Location /in>\nRewriteRule . - [E=b:%{ENV:SCRIPT_URL}]\n</Location>\n",
        (
            *("/", "/a/b?c", "/pt/a%20b", "/q/x?y", "/off", "/a//b/../c", "/%3fa"),
            *("http://other.test:99/x", "/in/x"),
        ),
    ),
)

LOOKS: Final[tuple[Set, ...]] = (
    (
        "who a user will be, asked for by a <Proxy>",
        ON + "RewriteCond %{LA-U:REMOTE_USER} (.+)\nRewriteRule . - [E=a:%1]\n"
        "RewriteRule . - [E=b:%{LA-U:AUTH_TYPE}]\n"
        + PASS
        + "<Proxy *>\n"
        + ASKS
        + "</Proxy>\n",
        ("/x", "/x" + RIGHT, "/x" + WRONG, "/a%20b?c=d" + RIGHT, "/a%2525" + RIGHT),
    ),
    (
        "who a user will be, asked for by a <Location> alone",
        ON
        + "RewriteRule . - [E=a:%{LA-U:REMOTE_USER}]\n"
        + PASS
        + "<Location />\n"
        + ASKS
        + "</Location>\n",
        ("/x", "/x" + RIGHT),
    ),
    (
        "who a user will be, with a <Proxy> that says something else",
        ON
        + "RewriteRule . - [E=a:%{LA-U:REMOTE_USER}]\n"
        + PASS
        + "<Location />\n"
        + ASKS
        + "</Location>\n"
        "<Proxy *>\nRequestHeader set X-Other 1\n</Proxy>\n",
        ("/x", "/x" + RIGHT),
    ),
    (
        "who a user is, in the section that asks",
        PASS
        + "<Location /app>\n"
        + ASKS
        + ON
        + "RewriteCond %{LA-U:REMOTE_USER} (.+)\nRewriteRule . - [E=a:%1,NS]\n"
        "</Location>\n",
        ("/app/x", "/app/x" + RIGHT, "/else"),
    ),
    (
        "who a user is, in a <Proxy>",
        PASS
        + "<Proxy *>\n"
        + ASKS
        + ON
        + "RewriteRule .* - [E=a:%{LA-U:REMOTE_USER},NS]\n</Proxy>\n",
        ("/x", "/x" + RIGHT),
    ),
    (
        "variables of what will be",
        ON + "RewriteRule ^/inner /changed [PT,E=b:set]\n"
        "RewriteRule ^/no - [F]\n"
        "RewriteRule . - [E=a:%{LA-U:REQUEST_FILENAME}|%{LA-U:REQUEST_URI}"
        "|%{LA-U:QUERY_STRING}|%{LA-U:IS_SUBREQ}|%{LA-U:ENV:c}|%{LA-U:SCRIPT_FILENAME}]\n"
        "RewriteRule . - [E=b:%{LA-U:HTTP:Host}]\n"
        "SetEnvIf Request_URI ^/go c=seen\n"
        "ProxyPass /go http://127.0.0.1:{m0}/to\n"
        "ProxyPass /changed http://127.0.0.1:{m1}/c\n",
        ("/go/x?q=1", "/else", "/inner/y", "/go/a%20b", "/no", "/go/%25"),
    ),
    (
        "rules that look at what rules will make",
        ON + "RewriteRule ^/x$ /y [PT,NS]\nRewriteRule ^/y$ /z [PT]\n"
        "RewriteCond %{LA-U:REQUEST_FILENAME} (.+)\nRewriteRule . - [E=a:%1]\n" + PASS,
        ("/x", "/y", "/z"),
    ),
    (
        "whether a URL may be asked for",
        ON + "RewriteCond /open/%1 -U\nRewriteRule ^/1 - [E=a:yes]\n"
        "RewriteCond /denied/x -U\nRewriteRule ^/2 - [E=a:yes]\n"
        "RewriteCond /asks/x -U\nRewriteRule ^/3 - [E=a:yes]\n"
        "RewriteCond /asks/x !-U\nRewriteRule ^/3 - [E=b:no]\n"
        "RewriteCond /there.txt -U\nRewriteRule ^/4 - [E=a:yes]\n"
        "RewriteCond /missing -U\nRewriteRule ^/5 - [E=a:yes]\n"
        'RewriteCond "" -U\nRewriteRule ^/6 - [E=a:yes]\n'
        "RewriteCond /%%zz -U\nRewriteRule ^/7 - [E=a:yes]\n"
        "RewriteCond relative -U\nRewriteRule ^/8 - [E=a:yes]\n"
        "RewriteCond /forbidden/x -U\nRewriteRule ^/9 - [E=a:yes]\n"
        "RewriteCond /gone -U\nRewriteRule ^/a - [E=a:yes]\n"
        "RewriteCond /moved -U\nRewriteRule ^/b - [E=a:yes]\n"
        "RewriteCond /denied/../open -U\nRewriteRule ^/c - [E=a:yes]\n"
        "RewriteCond %{REQUEST_URI} -U\nRewriteRule ^/d - [E=a:yes]\n"
        "RewriteCond /open?x=y -U\nRewriteRule ^/e - [E=a:yes]\n"
        "RewriteCond /section/x -U\nRewriteRule ^/f - [E=a:yes]\n"
        "RewriteCond denied -U\nRewriteRule ^/denied - [E=a:yes]\n"
        "RewriteRule ^/forbidden - [F]\nRewriteRule ^/gone - [G]\n"
        "RewriteRule ^/moved http://a.test/ [R]\n"
        "ProxyPass /open http://127.0.0.1:{m0}/\nProxyPass /asks http://127.0.0.1:{m0}/\n"
        "ProxyPass /denied http://127.0.0.1:{m0}/\nProxyPass /1 http://127.0.0.1:{m0}/\n"
        "<Location /denied>\nRequire all denied\n</Location>\n"
        "<Location /section>\nRewriteRule . - [F]\n</Location>\n"
        "<Location /asks>\n" + ASKS + "</Location>\n",
        (
            *("/1", "/2", "/3", "/3" + RIGHT, "/3" + WRONG, "/4", "/5", "/6", "/7"),
            *("/8", "/9", "/a", "/b", "/c", "/d", "/e", "/f", "/denied/x"),
        ),
    ),
    (
        "whether a URL may be asked for, in sections",
        PASS
        + "<Location />\n"
        + ON
        + "RewriteCond /denied/x -U\nRewriteRule /1$ - [E=a:yes]\n"
        "RewriteCond /open -U\nRewriteRule /2$ - [E=a:yes]\n"
        "RewriteCond /asks/x -U\nRewriteRule /3$ - [E=a:yes]\n</Location>\n"
        "<Location /denied>\nRequire all denied\n</Location>\n"
        "<Location /asks>\n" + ASKS + "</Location>\n",
        ("/1", "/2", "/3", "/3" + RIGHT),
    ),
)

PROGRAMS: Final[tuple[Set, ...]] = (
    (
        "a program as a map",
        ON + 'RewriteMap p "prg:{map} one two"\n'
        "RewriteRule ^/m/(.*) - [E=a:<${p:$1}>,E=b:<${p:$1|none}>]\n"
        "RewriteRule ^/r/(.*) /to/${p:$1|none} [R,L]\n"
        "RewriteCond ${p:%{QUERY_STRING}|x} ^.yes\n"
        "RewriteRule ^/c - [F]\n"
        "RewriteRule ^/n - [E=a:${p:${p:in}${p:null|out}}]\n"
        "RewriteRule ^/p/(.*) http://127.0.0.1:{m0}/x${p:$1|none} [P]\n"
        "RewriteRule ^/u/(.*) ${unknown:$1|none} [R]\n" + PASS,
        (
            *("/m/one", "/m/null", "/m/NULL", "/m/NULLx", "/m/empty", "/m/"),
            *("/m/a%20b", "/m/a%0ab", "/m/%22%5c%25", "/m/%c3%a9"),
            *("/r/one", "/r/null", "/r/empty", "/r/a%0ab", "/r/return", "/r/long"),
            *("/c?yes", "/c?no", "/c?null", "/c", "/n", "/u/a"),
            *("/p/one", "/p/null", "/p/empty"),
        ),
    ),
    (
        "a program in a section",
        ON
        + "RewriteMap p prg:{map}\n<Location /m>\n"
        + ON
        + "RewriteRule (.*) - [E=a:${p:x|none}]\n</Location>\n"
        + PASS,
        ("/m", "/n"),
    ),
    (
        "a program that is not started",
        "RewriteMap p prg:{map}\n<Location /m>\n"
        + ON
        + "RewriteRule (.*) - [E=a:${p:x|none}]\n</Location>\n"
        + PASS,
        ("/m", "/n"),
    ),
)

MORE: Final = (*FILES, *TYPES, *SCRIPT, *LOOKS, *PROGRAMS)
