"""mod_rewrite's rules as data: what is tested, what is put in its place, what follows.

Text of the configuration is latin-1: a character is a byte.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from fastlb.facts.expressions import Expression
from fastlb.facts.mapping import Mapping
from fastlb.facts.rewrite_maps import RewriteMap


class PartKind(enum.Enum):
    """What a part of a text to be expanded stands for."""

    LITERAL = "literal"
    ESCAPED = "escaped"  # one character behind a backslash
    RULE_GROUP = "$N"
    COND_GROUP = "%N"
    VARIABLE = "%{}"
    MAP = "${}"


@dataclass(frozen=True, slots=True)
class Part:
    """One part of a substitution, of a test string, or of what a flag says.

    text     the literal, the variable's name as written, or the map's
    number   of a group
    key, default  of a map
    looks_ahead   the variable is that of another request: "U" of the URL as it will be,
                  "F" of the file (LA-U, LA-F)
    """

    kind: PartKind
    text: str = ""
    number: int = 0
    key: tuple[Part, ...] = ()
    default: tuple[Part, ...] = ()
    looks_ahead: str = ""


Expansion = tuple[Part, ...]


class CondTest(enum.Enum):
    """How a RewriteCond looks at its test string."""

    REGEX = "regex"
    IS_FILE = "-f"
    HAS_SIZE = "-s"
    IS_LINK = "-l"
    IS_DIRECTORY = "-d"
    IS_EXECUTABLE = "-x"
    URL_IS_FINE = "-U"
    FILE_IS_FINE = "-F"
    STRING_LESS = "<"
    STRING_LESS_EQUAL = "<="
    STRING_EQUAL = "="
    STRING_GREATER = ">"
    STRING_GREATER_EQUAL = ">="
    NUMBER_LESS = "-lt"
    NUMBER_LESS_EQUAL = "-le"
    NUMBER_EQUAL = "-eq"
    NUMBER_GREATER = "-gt"
    NUMBER_GREATER_EQUAL = "-ge"
    EXPRESSION = "expr"


@dataclass(frozen=True, slots=True)
class RewriteCond:
    """One RewriteCond. pattern: a regex, or what is compared with."""

    subject: Expansion
    test: CondTest
    pattern: str
    shown_pattern: str  # as written, for the trace
    ignore_case: bool
    negated: bool
    or_next: bool
    no_vary: bool
    expression: Expression | None = None


@dataclass(frozen=True, slots=True)
class RewriteRule:
    """One RewriteRule with the RewriteConds before it.

    prefix  what every path begins with that the pattern can match; "": unknown
    targets  of P: it leads to these of RewriteServer.targets, whatever a request says
    """

    conds: tuple[RewriteCond, ...]
    pattern: str
    negated: bool
    ignore_case: bool  # NC
    prefix: str
    output: str  # the substitution as written, for the trace
    substitution: Expansion | None  # None: "-"
    proxy: bool  # P
    passthrough: bool  # PT
    redirect: bool  # R
    sets_status: bool  # F, G, R with a status that is no redirect
    status: int
    last: bool  # L
    end: bool  # END
    chain: bool  # C
    next_round: bool  # N
    rounds_max: int  # N=
    skip: int  # S
    no_subrequest: bool  # NS
    no_escape: bool  # NE
    query_append: bool  # QSA
    query_discard: bool  # QSD
    query_last: bool  # QSL
    query_none: bool  # the substitution ended with "?"
    discard_path_info: bool  # DPI
    escape_groups: bool  # B
    escape_no_plus: bool  # BNP
    escape_controls: bool  # BCTLS
    escapes: str | None  # B=
    no_escapes: str | None  # BNE=
    unsafe_3f: bool  # UnsafeAllow3F
    unsafe_prefix_stat: bool  # UnsafePrefixStat
    keep_slashes: bool  # UNC
    env: tuple[Expansion, ...]  # E
    cookies: tuple[Expansion, ...]  # CO
    mime_type: Expansion | None  # T
    handler: Expansion | None  # H
    file: str
    line: int
    targets: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RewriteDir:
    """What one section says; None: not said there. directory ends with a slash."""

    engine: bool | None = None
    options: frozenset[str] | None = None  # in lower case
    base: str | None = None
    directory: str = ""
    rules: tuple[RewriteRule, ...] = ()


@dataclass(frozen=True, slots=True)
class FileNames:
    """A <Files> or <FilesMatch>: the last part of a file's path, and all of it."""

    pattern: str
    is_regex: bool
    is_glob: bool


@dataclass(frozen=True, slots=True)
class RewriteDirectory:
    """A <Directory> with rules: they hold for requests that no mapping takes.

    pattern  ends with no slash, unless it is an expression; "" where a <Files> stands
             in none
    """

    pattern: str
    is_regex: bool
    is_glob: bool
    files: FileNames | None
    said: RewriteDir


@dataclass(frozen=True, slots=True)
class RewriteServer:
    """The rules of a server, merged with those it inherits.

    engine   whether they run where no section says otherwise
    targets  where rules with P lead: a mapping for each member or balancer
    """

    engine: bool
    options: frozenset[str]
    rules: tuple[RewriteRule, ...]
    targets: tuple[Mapping, ...]
    maps: tuple[RewriteMap, ...]
    directories: tuple[RewriteDirectory, ...]  # in the order in which they hold
    document_root: str
