"""Expressions as flat lists of steps, for the core (plan/expr.pyx).

A step takes words off a stack, puts one on it, or sets the one verdict that conditions
need: what is left of && and || are jumps, forward only, so that each step is met once
at most.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


class Step(enum.Enum):
    """What a step does; its place here is its number in the core (EXPR_*).

    TEXT to FUNCTION put a word on the stack, all below JOIN instead of what they take
    off it; the others set the verdict, but for the last three.
    """

    TEXT = enum.auto()  # text
    VARIABLE = enum.auto()  # text: as plan_variable_number reads it
    GROUP = enum.auto()  # number: of a group of the last match
    JOIN = enum.auto()  # number: of words
    FUNCTION = enum.auto()  # number: a Function; text: of a constant name, if known
    SAME = enum.auto()  # of two texts, and so on; number: 1 the shorter is the lesser
    OTHER = enum.auto()
    LESS = enum.auto()
    AT_MOST = enum.auto()
    MORE = enum.auto()
    AT_LEAST = enum.auto()
    NUMBER_SAME = enum.auto()  # of two numbers, and so on
    NUMBER_OTHER = enum.auto()
    NUMBER_LESS = enum.auto()
    NUMBER_AT_MOST = enum.auto()
    NUMBER_MORE = enum.auto()
    NUMBER_AT_LEAST = enum.auto()
    MATCH = enum.auto()  # text: a pattern; number: 1 it ignores case, 2 negated
    ADDRESS = enum.auto()  # text: a network
    CLIENT = enum.auto()  # the client's address; takes nothing
    GLOB = enum.auto()  # number: GLOB_*
    NOT_EMPTY = enum.auto()
    EMPTY = enum.auto()
    TRUTH = enum.auto()
    FILE = enum.auto()  # number: the letter
    URL_IS_FINE = enum.auto()  # -U: what would become of a request for it?
    FILE_IS_FINE = enum.auto()  # -F
    PEER_EXTENSION = enum.auto()  # text: as plan_tls_name reads it
    CONSTANT = enum.auto()  # number: 0 or 1
    IS_ONE = enum.auto()  # of a list: the word on top is the one below, which stays
    NOT = enum.auto()
    DROP = enum.auto()  # the word on top; the verdict stays
    JUMP_IF = enum.auto()  # number: of the step to go on with
    JUMP_UNLESS = enum.auto()


class Function(enum.Enum):
    """A function of one word; its place is its number in the core (FUNCTION_*)."""

    REQ = enum.auto()
    RESP = enum.auto()
    REQENV = enum.auto()
    OSENV = enum.auto()
    NOTE = enum.auto()
    ENV = enum.auto()
    TOLOWER = enum.auto()
    TOUPPER = enum.auto()
    ESCAPE = enum.auto()
    UNESCAPE = enum.auto()
    BASE64 = enum.auto()
    UNBASE64 = enum.auto()
    MD5 = enum.auto()
    SHA1 = enum.auto()
    FILE = enum.auto()
    FILESIZE = enum.auto()
    LDAP = enum.auto()


HEALTH_PREFIX = "HC_"
HEALTH_BODY = "HC_BODY"
"""Variables of ProxyHCExpr alone, which the core never sees."""
GLOB_CROSSES = 1  # * and ? meet a slash
GLOB_IGNORES_CASE = 2
MATCH_IGNORES_CASE = 1
MATCH_NEGATED = 2


@dataclass(frozen=True, slots=True)
class Op:
    """One step."""

    step: Step
    number: int = 0
    text: bytes = b""


@dataclass(frozen=True, slots=True)
class Expression:
    """A condition, or a text with holes.

    asks_for_target: it names what a member is asked for (REQUEST_FILENAME ...), which
    is known only behind the mapping.
    """

    text: str
    ops: tuple[Op, ...]
    asks_for_uri: bool = False
    asks_for_target: bool = False
    asks_for_user: bool = False  # REMOTE_USER
    looks: bool = False  # -U, -F: at what would become of another request
    variables: tuple[str, ...] = ()  # of the environment that it names
    place: str = field(default="", compare=False)  # "If at conf/fastlb.conf:12"

    @property
    def is_plain(self) -> bool:
        """Is its text what is written, letter by letter?"""
        text = self.text.encode("latin-1", "replace")
        return self.ops == (Op(Step.TEXT, 0, text),)
