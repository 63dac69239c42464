"""The registry: one declaration per directive, read by everybody.

The parser takes contexts and argument counts from here, the check takes values,
`-L` and `docs/directives.md` are printed from it, and an unknown word is compared
with its names. The declarations themselves are in `directives/`, one file per
Apache module.

How to add one: `docs/adding.md`.
"""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from fastlb.base.errors import Severity
from fastlb.config.lexer import Word
from fastlb.config.suggest import nearest, only_nearest

OWN = "fastlb"  # the module of directives that Apache does not have


class Context(enum.Flag):
    """Where a directive may stand.

    Apache's bits: SERVER and VHOST are RSRC_CONF, DIRECTORY is ACCESS_CONF or one
    of the OR_ group, PROXY is PROXY_CONF. DIRECTORY means any section about
    requests: Proxy, Directory, Location, Files, If, their Match forms, Limit and the
    Require containers; SECTION is those without Proxy.
    """

    SERVER = enum.auto()
    VHOST = enum.auto()
    PROXY = enum.auto()
    SECTION = enum.auto()
    DIRECTORY = PROXY | SECTION


S = Context.SERVER
V = Context.VHOST
SV = Context.SERVER | Context.VHOST
SVD = Context.SERVER | Context.VHOST | Context.DIRECTORY
SVP = Context.SERVER | Context.VHOST | Context.PROXY
D = Context.DIRECTORY


class Args(enum.Enum):
    """How many words follow; the value is Apache's complaint about another number.

    RAW and its like have no count: whoever reads the directive splits and checks.
    Apache ignores words behind On or Off: so do we, with a warning.
    """

    NONE = "takes no arguments"
    ONE = "takes one argument"
    TWO = "takes two arguments"
    THREE = "takes three arguments"
    ONE_TWO = "takes 1-2 arguments"
    TWO_THREE = "takes two or three arguments"
    ONE_TO_THREE = "takes one, two or three arguments"
    ONE_OR_THREE = "takes one or three arguments"
    LIST = "requires at least one argument"
    ONE_AND_LIST = "requires at least two arguments"
    FLAG = "must be On or Off"
    RAW = ""
    SECTION = "directive requires additional arguments"  # <X> needs one
    ONE_WORD_SECTION = "arguments not (yet) supported."  # <X> takes exactly one


_COUNTS: dict[Args, tuple[int, int | None]] = {
    Args.NONE: (0, 0),
    Args.ONE: (1, 1),
    Args.TWO: (2, 2),
    Args.THREE: (3, 3),
    Args.ONE_TWO: (1, 2),
    Args.TWO_THREE: (2, 3),
    Args.ONE_TO_THREE: (1, 3),
    Args.ONE_OR_THREE: (1, 3),
    Args.LIST: (1, None),
    Args.ONE_AND_LIST: (2, None),
    Args.FLAG: (1, None),
    Args.RAW: (0, None),
    Args.SECTION: (1, None),
    Args.ONE_WORD_SECTION: (1, 1),
}
_BY_COUNT = {counts: args for args, counts in reversed(_COUNTS.items())}
_OPTIONAL = r"\[(?:[^\[\]]|\[[^\]]*\])*\](?!\S)"  # [word], to the next blank


@functools.cache  # each line of a configuration asks
def args_of(syntax: str) -> Args:
    """What a grammar says of the number of words: "n [n]" is one or two."""
    if syntax.lower() == "on|off":
        return Args.FLAG
    words = [word for word in re.findall(rf"{_OPTIONAL}|\S+", syntax) if word != "..."]
    least = sum(re.match(_OPTIONAL, word) is None for word in words)
    return _BY_COUNT[least, None if "..." in syntax else len(words)]


class Status(enum.Enum):
    """What fastlb does with a directive; the value is the word in the manual."""

    SERVED = "served"
    EXPLAINED = "accepted and explained"  # taken, changes nothing: a note says why
    UNSUPPORTED = "not supported"  # a warning, or refused where that would be unsafe
    REFUSED = "refused"  # ignoring it would change answers or open doors


_USE_SEVERITY = {
    Status.SERVED: None,
    Status.EXPLAINED: Severity.NOTE,
    Status.UNSUPPORTED: Severity.WARNING,
    Status.REFUSED: Severity.ERROR,
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a check found, without a place: the parser adds that.

    word: index of the argument that is meant; -1: the directive itself. about: what it
    is about, in one word; "": the directive. instead: what `fastlb lint --fix` writes
    in the place of that word; None: the cure wants somebody's judgement.
    """

    text: str
    why: str = ""
    cure: str = ""
    number: str = "FB0107"
    severity: Severity = Severity.ERROR
    word: int = 0
    about: str = ""
    instead: str | None = None


Check = Callable[[str, tuple[str, ...]], Complaint | None]  # spelling, words


class Refused(Exception):
    """The words are not a value of this kind."""

    def __init__(self, complaint: Complaint) -> None:
        super().__init__(complaint.text)
        self.complaint = complaint


class Reader:
    """Reads the value of a directive out of its words. As a check it only tries."""

    __slots__ = ()

    def read(self, name: str, words: tuple[str, ...]) -> Any:
        """The value, in the type of its field; raises Refused."""
        raise NotImplementedError

    def __call__(self, name: str, words: tuple[str, ...]) -> Complaint | None:
        try:
            self.read(name, words)
        except Refused as problem:
            return problem.complaint
        return None


class Scope(enum.Enum):
    """Whose fields a directive sets."""

    PROCESS = enum.auto()  # ProcessSettings
    SERVER = enum.auto()  # VHost
    SECTION = enum.auto()  # DirConf
    CLIENTS = enum.auto()  # TlsServer and its parts: how clients are spoken to
    MEMBERS = enum.auto()  # TlsMember and its parts


@dataclass(frozen=True, slots=True)
class Directive:
    """One declaration. Sections are named without brackets.

    syntax   the grammar of the arguments
    help     one phrase, printed behind a wrong argument count and by -L
    takes    how many arguments, where Apache counts otherwise than the grammar
    module   of Apache: "mod_proxy.c"; "": MODULE of the file that declares it
    default  the words that hold where nobody says any
    shown_default  what the manual says of it, where these words tell too little
    sets     the field of the model that it sets, or several; "": model/resolve.py has
             a handler
    scope    whose fields; None: of DirConf when it may stand in sections, else of
             VHost when in virtual hosts, else of ProcessSettings
    check    looks at the words after their count is right; None: whoever resolves
             the directive does. With sets it is a Reader; None: On or Off is read as
             a bool, anything else as text
    misplaced  Apache's own sentence for a wrong context, where it has one
    not_in   sections in which Apache refuses it with "cannot occur within"
    on_use   severity of the message that its use causes; None: by status
    silent   True: its use causes no message at all
    reason   that message: why it changes nothing, or why it is refused
    own      Apache 2.4 does not know it: refused under Compat apache
    """

    name: str
    contexts: Context
    syntax: str
    help: str
    _: KW_ONLY
    takes: Args | None = None
    module: str = ""
    status: Status = Status.SERVED
    default: str = ""
    unit: str = ""
    manual: str = ""
    differs: str = ""
    reason: str = ""
    cure: str = ""
    check: Check | None = None
    is_section: bool = False
    misplaced: str = ""
    not_in: tuple[str, ...] = ()
    on_use: Severity | None = None
    silent: bool = False
    old_names: tuple[str, ...] = ()
    sets: str | tuple[str, ...] = ""
    shown_default: str = ""
    own: bool = False
    scope: Scope | None = None

    @property
    def args(self) -> Args:
        return self.takes or args_of(self.syntax)

    @property
    def shown_name(self) -> str:
        return f"<{self.name}>" if self.is_section else self.name

    @property
    def is_own(self) -> bool:
        """Apache does not have it. Compat itself is known under Compat apache."""
        return (self.own or self.module == OWN) and self.name != "Compat"

    @property
    def use_severity(self) -> Severity | None:
        """Severity of the message that any use of it causes."""
        if self.silent:
            return None
        if self.on_use is not None:
            return self.on_use
        return _USE_SEVERITY[self.status]

    def value_problem(self, words: tuple[str, ...]) -> Complaint | None:
        return self.check(self.name, words) if self.check else None

    def values(self, words: tuple[str, ...]) -> Mapping[str, Any]:
        """The fields that sound words set, with their values."""
        if isinstance(self.check, Reader):
            value = self.check.read(self.name, words)
        else:
            value = words[0] if words else True  # it is written, and says nothing else
            if self.args is Args.FLAG:
                value = words[0].lower() == "on"
        return {self.sets: value} if isinstance(self.sets, str) else value

    def preset(self) -> Mapping[str, Any]:
        """What its fields hold where nobody sets them; {}: they have no default."""
        if not (self.sets and self.default):
            return {}
        return self.values(tuple(self.default.split()))

    def count_problem(self, words: tuple[str, ...]) -> str | None:
        """Apache's sentence about a wrong number of arguments, or None.

        An empty word counts as a missing one, as in Apache.
        """
        low, high = _COUNTS[self.args]
        if self.args is Args.ONE_WORD_SECTION and words[:1] == ("~",):
            words = words[1:]  # <Location ~ regex>
        count = len(words)
        given = count if high is None or low == high == 0 else _count_given(words)
        wrong = given < low or (high is not None and count > high)
        wrong = wrong or (self.args is Args.ONE_OR_THREE and count == 2)
        if self.args is Args.FLAG:
            wrong = not words or words[0].lower() not in ("on", "off")
            return f"{self.name} {self.args.value}" if wrong else None
        if not wrong:
            return None
        if self.is_section:
            if given < low:
                return f"<{self.name}> {Args.SECTION.value}"
            return f"Multiple <{self.name}> {Args.ONE_WORD_SECTION.value}"
        tail = f", {self.help}" if self.help and self.args is not Args.NONE else ""
        return f"{self.name} {self.args.value}{tail}"


def scope_of(declared: Directive) -> Scope:
    if declared.scope is not None:
        return declared.scope
    if declared.contexts & Context.DIRECTORY:
        return Scope.SECTION
    return Scope.SERVER if Context.VHOST in declared.contexts else Scope.PROCESS


def trailing_comment(declared: Directive, words: Sequence[Word]) -> Complaint | None:
    """A warning when a word begins with an unquoted `#`; `User #1000` is sound."""
    identity = declared.name in ("User", "Group")
    for index, word in enumerate(words):
        if word.text.startswith("#") and not word.quoted and not identity:
            return Complaint(
                "an argument begins with #: there are no comments behind a directive",
                "the # and the words behind it are further arguments, as in Apache",
                "put the comment on a line of its own",
                "FB0119",
                Severity.WARNING,
                index,
            )
    return None


def _count_given(words: tuple[str, ...]) -> int:
    """Words before the first empty one: Apache stops there."""
    return words.index("") if "" in words else len(words)


@dataclass(frozen=True)
class Registry:
    """Every declaration, by name. Look-up ignores case."""

    directives: tuple[Directive, ...]
    _commands: dict[str, Directive] = field(init=False, repr=False, compare=False)
    _sections: dict[str, Directive] = field(init=False, repr=False, compare=False)
    _suggestions: dict[tuple[str, bool], str | None] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )
    _sure: dict[tuple[str, bool], str | None] = field(
        init=False, repr=False, compare=False, default_factory=dict
    )

    def __post_init__(self) -> None:
        commands: dict[str, Directive] = {}
        sections: dict[str, Directive] = {}
        for item in self.directives:
            target = sections if item.is_section else commands
            for name in (item.name, *item.old_names):
                if name.lower() in target:
                    raise ValueError(f"{item.name} is declared twice")
                target[name.lower()] = item
        object.__setattr__(self, "_commands", commands)
        object.__setattr__(self, "_sections", sections)

    def command(self, name: str) -> Directive | None:
        return self._commands.get(name.lower())

    def expected(self, name: str) -> Directive:
        """A directive that must be declared, or KeyError."""
        return self._commands[name.lower()]

    def section(self, name: str) -> Directive | None:
        """name without brackets."""
        return self._sections.get(name.lower())

    def find(self, name: str, is_section: bool) -> Directive | None:
        return self.section(name) if is_section else self.command(name)

    def suggestion(self, name: str, is_section: bool) -> str | None:
        """The spelling of the nearest known name that fastlb does not refuse."""
        key = name.lower(), is_section
        if key not in self._suggestions:
            table = self._sections if is_section else self._commands
            known = [d.name for d in table.values() if d.status is not Status.REFUSED]
            best = nearest(name, known)
            self._suggestions[key] = f"<{best}>" if best and is_section else best
        return self._suggestions[key]

    def surely_meant(self, name: str, is_section: bool) -> str | None:
        """The suggestion without brackets, where no other name is as near."""
        key = name.lower(), is_section
        if key not in self._sure:
            table = self._sections if is_section else self._commands
            known = [d.name for d in table.values() if d.status is not Status.REFUSED]
            self._sure[key] = only_nearest(name, known)
        return self._sure[key]

    def __iter__(self) -> Iterator[Directive]:
        return iter(self.directives)


@functools.cache
def collect() -> Registry:
    """The registry of all files in `directives/`; made once, for it never changes."""
    from fastlb.config.directives import declarations

    return Registry(declarations())


def modules_of(directives: Iterable[Directive]) -> tuple[str, ...]:
    """Modules with a directive that fastlb serves, in the order of the first one."""
    served = (
        item.module for item in directives if item.use_severity is None or item.silent
    )
    return tuple(dict.fromkeys(served))
