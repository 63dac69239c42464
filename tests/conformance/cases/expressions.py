"""Regular expressions: PCRE's syntax, octets, line ends, groups with names."""

from collections.abc import Mapping

from ..case import Case, Conf, Step, get

SYNTAX: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "alternatives": ("^(a|bc)$", ("a", "bc", "b", "abc")),
    "begin and end of the subject": (r"\Aab\z", ("ab", "xab", "abx")),
    "end before a newline": (r"^ab\Z", ("ab", "abx")),
    "horizontal blank": (r"^a\hb$", ("a b", "a\tb", "ab", "a\xa0b")),
    "no horizontal blank": (r"^a\Hb$", ("axb", "a b")),
    "possessive": ("^a++ab$", ("aaab", "aab")),
    "possessive, group": ("^(?:ab?)++c$", ("ababc", "abb", "c")),
    "atomic": ("^(?>a*)ab$", ("aab", "ab")),
    "recursion": (r"^(\((?:[^()]|(?1))*\))$", ("(a(b)c)", "(a(b)c", "()")),
    "recursion of the whole": (r"^(?:a(?R)?b|x)", ("aaxb", "x", "b")),
    "conditional": (r"^(<)?a(?(1)>)$", ("<a>", "a", "<a", "a>")),
    "case by option": ("(?i)^abc$", ("ABC", "abc", "aBd")),
    "case by option in the middle": ("^a(?i)b(?-i)c$", ("aBc", "ABc", "aBC")),
    "case in a group": ("^a(?i:b)c$", ("aBc", "aBC")),
    "comment": ("^a(?#nothing)b$", ("ab", "a#b")),
    "extended": ("(?x)^ a b [c ] $", ("abc", "ab ", "a b c")),
    "look ahead": ("^a(?=b).+$", ("ab", "ac")),
    "look ahead, negated": ("^a(?!b).*$", ("ab", "ac", "a")),
    "look behind": ("(?<=a)b", ("ab", "cb")),
    "look behind, negated": ("(?<!a)b", ("ab", "cb", "b")),
    "word border": (r"\bword\b", ("a word here", "swords", "word")),
    "POSIX class": ("^[[:alpha:]]+[[:digit:]]$", ("ab1", "ab", "a_1")),
    "POSIX class, negated": ("^[[:^alpha:]]+$", ("12", "1a")),
    "class with its end first": ("^[]a]+$", ("]a]", "b")),
    "class with its end first, negated": ("^[^]a]+$", ("bc", "b]")),
    "class with a bracket": ("^[[a]+$", ("[a", "]")),
    "literal of two letters": (r"^\Qa.b\E+$", ("a.b", "a.bb", "axb")),
    "octal and hexadecimal": (r"^\x41\x{42}\103$", ("ABC", "abc")),
    "octets are octets": ("^.$", ("a", "\xe9", "\xc3\xa9")),
    "octets beyond ASCII": ("^\xe9+$", ("\xe9\xe9", "\xc3\xa9")),
    "octets of a class": (r"^[\x80-\xff]+$", ("\xc3\xa9", "a\xc3")),
    "octets are no letters": (r"^\w+$", ("abc", "\xe9")),
    "octets and case": ("(?i)^\xe9$", ("\xe9", "\xc9")),
    "line end sequence": (r"^a\Rb$", ("ab",)),
    "reset of the match": (r"^a\Kb$", ("ab", "b")),
    "branch reset": ("^(?|a(.)|b(.))$", ("ax", "by", "c")),
    "back reference": (r"^(.)(.)\2\1$", ("abba", "abab")),
    "back reference, relative": (r"^(.)\g{-1}$", ("aa", "ab")),
    "name, Perl's form": (r"^(?<n>.)\k<n>$", ("aa", "ab")),
    "name, Python's form": (r"^(?P<n>.)(?P=n)$", ("aa", "ab")),
    "name, quoted": (r"^(?'n'.)\k'n'$", ("aa", "ab")),
    "name given twice": (r"^(?:(?<n>a)|(?<n>b))\k<n>$", ("aa", "bb", "ab")),
    "quantifier that is none": ("^a{,3}$", ("a{,3}", "aaa")),
    "quantifier, lazy": ("^(a+?)(a*)$", ("aaa", "b")),
    "verb": ("^a(*SKIP)b|ac$", ("ab", "ac")),
    "verb at the beginning": ("(*ANYCRLF)^a$", ("a", "ab")),
    "UTF by the pattern": ("(*UTF)^.$", ("\xc3\xa9", "a", "\xe9")),
    "empty": ("(?:)", ("a", "")),
    "empty alternative": ("^(|a)$", ("", "a", "b")),
    "dollar in the middle": ("^a$|^b$", ("a", "b", "ab")),
    "blank class": (r"^a\sb$", ("a b", "a\tb", "a\x0bb")),
    "not a newline": (r"^a\Nb$", ("axb",)),
}
"""For each a pattern, and values of a field that it is matched with."""


def _rule(number: int, pattern: str) -> str:
    quoted = pattern.replace("\\", "\\\\").replace('"', '\\"')
    return (
        f'SetEnvIf X-S{number} "{quoted}" H{number}=[$1][$2][$3]\n'
        f"RequestHeader set X-H{number} %{{H{number}}}e env=H{number}\n"
    )


LANGUAGE = Conf(
    "syntax of expressions",
    "".join(_rule(n, pattern) for n, (pattern, _) in enumerate(SYNTAX.values()))
    + "ProxyPass / http://127.0.0.1:{m0}/\n",
)


def _subjects(number: int, subjects: tuple[str, ...]) -> tuple[Step, ...]:
    return tuple(step for one in subjects for step in get("/", f"X-S{number}: {one}"))


PATHS = Conf(
    "expressions over paths",
    """\
AllowEncodedSlashes NoDecode
<LocationMatch "^/end/a$">
  Require all denied
</LocationMatch>
<LocationMatch "^/dot/a.b$">
  Require all denied
</LocationMatch>
<LocationMatch "^/name/(?<one>[^/]+)/(?P<two>[^/]+)(?'three'/x)?">
  RequestHeader set X-Names "%{MATCH_ONE}e|%{MATCH_TWO}e|%{MATCH_THREE}e"
</LocationMatch>
<LocationMatch "^/twice/(?:a(?<n>.)|b(?<n>.))$">
  RequestHeader set X-Names "%{MATCH_N}e"
</LocationMatch>
<LocationMatch "^/many/(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)(?<eleventh>.)$">
  RequestHeader set X-Names "%{MATCH_ELEVENTH}e"
</LocationMatch>
<LocationMatch "(?i)^/CASE/(?<word>\\w+)$">
  RequestHeader set X-Names "%{MATCH_WORD}e"
</LocationMatch>
<LocationMatch "^/octet/[\\x80-\\xff]+$">
  Require all denied
</LocationMatch>
ProxyPassMatch "^/group/(?<a>[^/]*)/([^/]*)$" "http://127.0.0.1:{m0}/$2/$a/$1"
ProxyPassMatch "^/none/(x)?(.*)$" "http://127.0.0.1:{m0}/[$1]/$2"
ProxyPassMatch "^/nine/(.)(.)(.)(.)(.)(.)(.)(.)(.)(.)$" "http://127.0.0.1:{m0}/$9$10"
ProxyPassMatch "^/keep/\\Kaway/(.*)$" "http://127.0.0.1:{m0}/$0/$1"
ProxyPassMatch "^/poss/([^/]++)(/.*)?$" "http://127.0.0.1:{m0}/p$2"
RedirectMatch "^/moved/(?i)([a-z]+)\\.html?$" "http://front.test/to/$1"
ProxyPass /moved !
ProxyPass / http://127.0.0.1:{m0}/
""",
)

TARGETS: Mapping[str, str] = {
    "dollar": "/end/a",
    "dollar before a newline": "/end/a%0a",
    "dollar before two lines": "/end/a%0ab",
    "dot": "/dot/axb",
    "dot is a newline": "/dot/a%0ab",
    "names": "/name/1st/2nd/x",
    "names, one took no part": "/name/1st/2nd",
    "name given twice, first": "/twice/ax",
    "name given twice, second": "/twice/by",
    "eleventh group": "/many/abcdefghijk",
    "case": "/case/Word",
    "octets": "/octet/%c3%a9",
    "octets, none": "/octet/e",
    "groups and names in a target": "/group/a/b",
    "group that took no part": "/none/abc",
    "group that took part": "/none/xabc",
    "ninth and tenth": "/nine/abcdefghij",
    "reset of the match": "/keep/away/x",
    "possessive": "/poss/abc/d",
    "redirect": "/moved/PAGE.HTM",
    "redirect, no match": "/moved/PAGE.txt",
}

EDITS = Conf(
    "expressions that edit",
    """\
RequestHeader edit X-Once "a+" "<$0>"
RequestHeader edit* X-All "(a)|b" "<$1>"
RequestHeader edit* X-Anchor "^a" "x"
RequestHeader edit X-Behind "(?<=a)b" "y"
RequestHeader edit X-Case "(?i)token" "t"
RequestHeader edit X-End "b$" "z"
RequestHeader edit X-Reset "a\\Kb" "-"
Header echo "^x-ECHO"
SetEnvIf "^X-na.e$" (.+) NAMED=$1
SetEnvIfNoCase "^X-oth.r$" (.+) OTHER=$1
RequestHeader set X-Hit-Named %{NAMED}e env=NAMED
RequestHeader set X-Hit-Other %{OTHER}e env=OTHER
ProxyPass / http://127.0.0.1:{m0}/
""",
)

FIELDS: Mapping[str, tuple[str, ...]] = {
    "the first match": ("X-Once: baab aa",),
    "every match": ("X-All: abab",),
    "an anchor, every match": ("X-Anchor: aaab",),
    "behind": ("X-Behind: ab cb",),
    "whatever case": ("X-Case: a TOKEN b",),
    "end": ("X-End: bab",),
    "reset": ("X-Reset: xaby",),
    "echo by case": ("X-Echo-1: a", "x-echo-2: b", "x-ECHO-3: c"),
    "names of fields by case": ("X-Name: a", "X-Other: b"),
    "names of fields in lower case": ("x-name: a", "x-other: b"),
    "names of fields as in the pattern": ("X-naMe: a", "X-othEr: b"),
}

CASES: tuple[Case, ...] = (
    *(
        Case(f"syntax: {name}", LANGUAGE, _subjects(number, subjects))
        for number, (name, (_, subjects)) in enumerate(SYNTAX.items())
    ),
    *(
        Case(f"{PATHS.name}: {name}", PATHS, get(target))
        for name, target in TARGETS.items()
    ),
    *(
        Case(f"{EDITS.name}: {name}", EDITS, get("/", *fields))
        for name, fields in FIELDS.items()
    ),
)
