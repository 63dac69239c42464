"""Rules: header, cookie, environment, access and log-format rules as data.

Text is latin-1 `bytes` where the core will copy it to the wire.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from fastlb.facts.dbm import DbmFile
from fastlb.facts.expressions import Expression
from fastlb.facts.ldap import Ldap
from fastlb.facts.mapping import Mapping
from fastlb.facts.words import AuthProvider, Order, Satisfy


@dataclass(frozen=True, slots=True)
class Piece:
    """One part of a header value's format (mod_headers) or of a log format.

    kind "literal": text holds it. Otherwise a letter: mod_headers knows e t D l i b
    s; mod_log_config knows more. arg is the text in braces.
    statuses/negated: `%400,501{..}i` and `%!200{..}i`.
    """

    kind: str
    text: bytes = b""
    arg: str = ""
    statuses: tuple[int, ...] = ()
    negated: bool = False


Format = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class EnvCondition:
    """`env=NAME` or `env=!NAME`."""

    name: str
    negated: bool


class HeaderAction(enum.Enum):
    SET = "set"
    SETIFEMPTY = "setifempty"
    APPEND = "append"
    MERGE = "merge"
    ADD = "add"
    UNSET = "unset"
    EDIT = "edit"
    EDIT_ALL = "edit*"
    ECHO = "echo"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """One Header or RequestHeader line."""

    action: HeaderAction
    name: str  # a regex for ECHO
    value: Format  # for EDIT: the replacement's format
    regex: str | None  # for EDIT, EDIT_ALL: PCRE as written
    always: bool  # `Header always`
    early: bool
    condition: EnvCondition | None
    expression: Expression | None = None  # the condition of `expr=`
    composed: Expression | None = None  # the value of `"expr=..."`


@dataclass(frozen=True, slots=True)
class EnvRule:
    """One variable set or removed by SetEnv, PassEnv, UnsetEnv, SetEnvIf, BrowserMatch.

    attribute None: unconditional. Otherwise the first that applies of: Remote_Addr
    Remote_Host Server_Addr Request_Method Request_Protocol Request_URI; a variable
    set before; a header field's name (a regex over names when it holds one).
    """

    variable: str
    value: bytes | None  # None: unset. May hold $0-$9 when attribute is given
    attribute: str | None
    regex: str | None
    ignore_case: bool
    expression: Expression | None = None  # SetEnvIfExpr; attribute is None then


@dataclass(frozen=True, slots=True)
class CgiEnvRule:
    """ProxyFCGISetEnvIf: one variable of an application set, or taken away."""

    condition: Expression
    name: str
    unset: bool
    value: Expression | None  # None: empty


def is_name_regex(attribute: str) -> bool:
    """Is an attribute of SetEnvIf a pattern over names of fields (is_header_regex)?"""
    return any(letter in attribute for letter in "*+?()[]{}^$|\\.")


@dataclass(frozen=True, slots=True)
class ReverseMap:
    """ProxyPassReverse: what a member's URL is called outside.

    url "balancer://name[/p]" is kept as written; balancer_index says which one.
    """

    path: str
    url: str
    balancer_index: int  # -1: url is literal
    interpolate: bool


@dataclass(frozen=True, slots=True)
class Redirect:
    """Redirect, RedirectMatch, RedirectTemp, RedirectPermanent."""

    status: int
    pattern: str  # path prefix or regex; "" in a section: its own path
    is_regex: bool
    url: str | None  # None for statuses outside 3xx
    composed: Expression | None = None  # what url is, where it has %{...}


class AccessOp(enum.Enum):
    ALL_OF = "RequireAll"
    ANY_OF = "RequireAny"
    NONE_OF = "RequireNone"
    GRANTED = "all granted"
    DENIED = "all denied"
    IP = "ip"
    LOCAL = "local"
    HOST = "host"
    FORWARD_DNS = "forward-dns"
    ENV = "env"
    METHOD = "method"
    USER = "user"
    VALID_USER = "valid-user"
    GROUP = "group"
    DBM_GROUP = "dbm-group"
    EXPR = "expr"
    # what a directory says; args: the words behind it, as one
    LDAP_USER = "ldap-user"
    LDAP_GROUP = "ldap-group"
    LDAP_DN = "ldap-dn"
    LDAP_ATTRIBUTE = "ldap-attribute"
    LDAP_FILTER = "ldap-filter"
    LDAP_SEARCH = "ldap-search"


@dataclass(frozen=True, slots=True)
class MethodLimit:
    """<Limit>, or <LimitExcept> (others: all methods but these)."""

    names: tuple[str, ...]
    others: bool = False


@dataclass(frozen=True, slots=True)
class AccessRule:
    """A Require line or container. args: networks as written, names, variables.

    limits: the <Limit> and <LimitExcept> around a line; it is said for the methods that
    all of them name.
    """

    op: AccessOp
    args: tuple[str, ...] = ()
    negated: bool = False
    rules: tuple[AccessRule, ...] = ()
    limits: tuple[MethodLimit, ...] = ()
    expression: Expression | None = None  # EXPR; of users and groups the words
    alias: str = ""  # by which Require names it (<AuthzProviderAlias>)
    # ... what that says: GROUP's file, the directory of LDAP_*; None: the section's
    source: str | DbmFile | Ldap | None = None
    # Where it stands; "" for one that is made of several lines
    file: str = field(default="", compare=False, repr=False)
    line: int = field(default=0, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class OldWord:
    """Order or Satisfy, for some methods or for all."""

    word: Order | Satisfy
    limits: tuple[MethodLimit, ...] = ()


@dataclass(frozen=True, slots=True)
class OldAccess:
    """What a section says in the language of Apache 2.2 (mod_access_compat).

    In allow and deny each rule is a single condition; a negated one is its opposite.
    """

    orders: tuple[OldWord, ...] = ()
    satisfies: tuple[OldWord, ...] = ()
    allow: tuple[AccessRule, ...] = ()
    deny: tuple[AccessRule, ...] = ()


@dataclass(frozen=True, slots=True)
class Anonymous:
    """mod_authn_anon: guests, whose password is the address of their mail."""

    users: tuple[str, ...] = ()  # "*": any
    must_give_email: bool = True
    no_user_id: bool = False
    verify_email: bool = False


@dataclass(frozen=True, slots=True)
class AliasedProvider:
    """<AuthnProviderAlias>. None: what the section says that names it."""

    name: str
    kind: AuthProvider
    user_file: str | DbmFile | None = None
    anonymous: Anonymous | None = None
    ldap: Ldap | None = None


Provider = AuthProvider | AliasedProvider


@dataclass(frozen=True, slots=True)
class Digest:
    """AuthDigest* of a section; that of an inner one holds as a whole."""

    lifetime_s: int = 300  # of a nonce; 0: it serves once; less: for ever
    counts: bool = False  # AuthDigestNcCheck
    domain: tuple[str, ...] = ()
    providers: tuple[Provider, ...] = ()  # (): the file


@dataclass(frozen=True, slots=True)
class AuthRequest:
    """Who decides about a request in our place. url "": nobody (Off)."""

    url: str = ""  # as it is written
    # Who is asked, and for what: its target_path, with a query; None: nobody.
    mapping: Mapping | None = None


@dataclass(frozen=True, slots=True)
class ComposedUser:
    """AuthBasicFake, where a request says something of it."""

    user: Expression
    password: Expression


@dataclass(frozen=True, slots=True)
class LogTarget:
    """A distinct destination of access logs: a path, or "|cmd", "||cmd", "|$cmd"."""

    target: str


@dataclass(frozen=True, slots=True)
class AccessLog:
    """One CustomLog or TransferLog of a virtual host."""

    target_index: int  # into Model.log_targets
    format: Format
    condition: EnvCondition | None
    expression: Expression | None = None  # the condition of `expr=`
