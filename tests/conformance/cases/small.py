"""mod_headers on own answers, mod_setenvif, mod_env, mod_unique_id, mod_macro."""

from ..case import Case, Conf, Log, View, ask, get, request
from ..members import answer, turn

OWN = Conf(
    "Header on own answers",
    """\
SetEnvIf X-If (.+) GOT=$1
Header set X-Set one
Header always set X-Always a
Header always set X-Both always
Header set X-Both on
Header append X-Joined a
Header append X-Joined b
Header always append X-Joined c
Header merge X-Merged a
Header merge X-Merged a
Header merge X-Merged b
Header add X-Added 1
Header add X-Added 2
Header always add X-Added 3
Header setifempty X-Empty filled
Header setifempty X-Set not
Header always setifempty X-Always not
Header set X-Empty-Value ""
Header always edit X-Always a A
Header edit X-Always a wrong
Header always edit* X-Both [a-z] <$0>
Header edit Location ^http https
Header always edit Location ^https ftp
Header unset Content-Type
Header always unset X-Gone
Header onsuccess set X-Success yes
Header always set X-If "got %{GOT}e" env=GOT
Header always set X-Not "none" env=!GOT
Header always set X-Expr yes "expr=%{REQUEST_STATUS} >= 400"
Header set X-Value "expr=%{REQUEST_METHOD}-%{tolower:ABC}"
Header always set X-Post "%%|%{GOT}e"
Header echo ^X-Echo
Header always echo ^X-Loud
Header echo ^x-low
Header note X-Set noted
Header always note X-Both noted-always
LogFormat "%{noted}n|%{noted-always}n|%{X-Both}o|%{none}n" notes
CustomLog logs/notes.log notes
ErrorDocument 404 "not here"
Redirect /to http://to.test/
RedirectMatch 410 ^/gone
<Location /denied>
  Require all denied
</Location>
<Location /unset>
  Header unset X-Set
  Header always unset X-Always
  Header unset X-Echo
</Location>
ProxyPass /local !
ProxyPass /unset/local !
ProxyPass /to !
ProxyPass /gone !
ProxyPass / http://127.0.0.1:{m0}/
""",
)

FIELDS = Conf(
    "fields before variables",
    r"""SetEnvIf X-Give . X-Both=variable
SetEnvIf X-Both (.+) SAW=$1
<Location />
  SetEnvIf UNIQUE_ID ^[A-Za-z0-9_-]{27}$ UNIQUE=yes
  SetEnvIf SAW ^v !UNIQUE
</Location>
SetEnvIfNoCase ^X-B(.)th$ ^FIELD$ PATTERN=$0
SetEnvIf X-Both i GROUPLESS=$0$1
SetEnvIf X-Both (i) GROUPED=$0\$1-$1
SetEnvIf ^X-Both$ i NAMED=$0
SetEnv PLAIN 1
SetEnvIf PLAIN . NEVER
UnsetEnv PLAIN
PassEnv NOT_THERE
Header set X-Found "%{SAW}e %{UNIQUE}e %{PATTERN}e %{NEVER}e %{PLAIN}e %{NOT_THERE}e \
%{GROUPLESS}e %{GROUPED}e %{NAMED}e"
ProxyPass / http://127.0.0.1:{m0}/
""",
)

UNIQUE = Conf(
    "unique ids",
    """\
RequestHeader set X-Early "%{UNIQUE_ID}e" early
RequestHeader set X-Found "yes" "expr=%{reqenv:UNIQUE_ID} =~ /^[A-Za-z0-9_-]{27}$/"
Header always set X-Found "yes" "expr=%{reqenv:UNIQUE_ID} =~ /^[A-Za-z0-9_-]{27}$/"
ProxyPass /local !
ProxyPass / http://127.0.0.1:{m0}/
""",
)

MACRO = Conf(
    "macros",
    r"""<Macro Host $name ${port} %path>
<VirtualHost *:${port}>
  ServerName $name.test
  Header set X-Found "$name %path $$name $named"
  ProxyPass /%path http://127.0.0.1:{m0}/$name
  Use Inner $name "two \"words\" \\ done" @
</VirtualHost>
</Macro>
<Macro inner $n @v @>
  Header set X-$n @v
  Header set X-Joined $n@v
</Macro>
<Macro $once>
  Define ONCE once
</Macro>
Use host one {port} a
USE Host two {port} "b"
Use $once
UndefMacro Inner
<Macro inner>
ProxyPass /again http://127.0.0.1:{m0}/${ONCE}
</Macro>
Use inner
""",
)

MEMBER = turn(answer(b"x", "X-Set: theirs", "X-Both: theirs", "Content-Type: a/b"))
ECHO = ("X-Echo: 1", "X-Loud: 2", "x-echo: 3", "x-low: 4")


def _own(name: str, target: str, *fields: str) -> Case:
    steps = (*get(target, *fields), Log("logs/notes.log", 1))
    return Case(f"{OWN.name}: {name}", OWN, steps, members={0: MEMBER})


CASES: tuple[Case, ...] = (
    _own("a member's", "/", *ECHO),
    _own("a member's, with a variable", "/", "X-If: yes"),
    _own("404", "/local", *ECHO),
    _own("redirect", "/to/x", "X-If: yes"),
    _own("410", "/gone"),
    _own("403", "/denied", *ECHO),
    _own("taken out of a member's", "/unset/", *ECHO),
    _own("taken out of a 404", "/unset/local"),
    Case(
        f"{OWN.name}: a member's 500",
        OWN,
        (*get("/", *ECHO), Log("logs/notes.log", 1)),
        members={0: turn(answer(b"x", "X-Set: theirs", status="500 Odd"))},
        differs="500 or 503 of the member",
        instead={"client/2/end": "open"},
    ),
    *(
        Case(f"{FIELDS.name}: {name}", FIELDS, get("/", *fields), view=View.FOUND)
        for name, fields in {
            "field": ("X-Both: field",),
            "variable": ("X-Give: 1",),
            "both": ("X-Give: 1", "X-Both: field"),
            "neither": (),
        }.items()
    ),
    Case(f"{UNIQUE.name}: member", UNIQUE, get("/")),
    Case(f"{UNIQUE.name}: own answer", UNIQUE, get("/local"), view=View.FOUND),
    *(
        Case(f"{MACRO.name}: {host} {path}", MACRO, get(path, host=f"{host}.test"))
        for host, path in (
            ("one", "/a"),
            ("one", "/b"),
            ("two", "/b"),
            ("two", "/again"),
        )
    ),
    Case(
        f"{OWN.name}: echo of a field that came twice",
        OWN,
        (*ask(request("/", "X-Echo: 1", "X-Echo: 2")), Log("logs/notes.log", 1)),
        members={0: MEMBER},
    ),
)
