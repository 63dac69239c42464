"""What is collected while the tree is read, before it is merged and frozen.

A draft belongs to one server (main or virtual host) or one section. Indexes of
balancers and members do not exist yet: which of them virtual hosts share is known at
the end, so they are given out when the drafts are frozen (`freeze.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Final

from fastlb._pcre2 import Pattern, PatternError
from fastlb.base.levels import Level
from fastlb.config.tree import Node
from fastlb.facts.error_format import ErrorFormat
from fastlb.facts.expressions import Expression
from fastlb.facts.files import FileAlias
from fastlb.facts.health import HealthCondition
from fastlb.facts.labels import Mime, MimeField
from fastlb.facts.regex import RegexDraft, compile_pcre, cure_of
from fastlb.facts.rewrite import Expansion, FileNames, RewriteCond, RewriteRule
from fastlb.facts.rewrite_maps import RewriteMap
from fastlb.facts.rules import (
    AccessRule,
    AliasedProvider,
    EnvCondition,
    Format,
    HeaderRule,
    MethodLimit,
)
from fastlb.facts.vhost import DirConf, Line, SectionKind
from fastlb.facts.words import Compat
from fastlb.model.report import Mistake, Report, place_of
from fastlb.model.targets import Target

# What directives say, by field of the facts; what is not said is not in it. Each value
# has the type of its field, which is known only at run time: hence Any.
Values = dict[str, Any]


@dataclass(slots=True)
class MemberDraft:
    """A BalancerMember, or the target of a direct ProxyPass."""

    target: Target
    params: Values  # all fields that parameters set
    node: Node


@dataclass(slots=True)
class DirectSettings:
    """ProxySet, or `<Proxy http://h key=value>`, for direct members of one URL.

    They hold for members that are defined before and behind them.
    """

    target: Target
    pairs: list[tuple[str, str]]


@dataclass(slots=True)
class BalancerDraft:
    """All that the directives of one server say about one balancer."""

    name: str  # "balancer://name"
    node: Node  # where it was first named
    params: Values = field(default_factory=dict)  # what is written
    members: list[MemberDraft] = field(default_factory=list)
    members_at: dict[str, list[MemberDraft]] = field(default_factory=dict)
    # the same by authority, so that thousands are not compared with one another
    is_defined: bool = False  # more than a ProxyPass names it
    is_broken: bool = False  # a member of it was refused
    upgrade: tuple[str, ...] = ()  # of members that have none of their own


@dataclass(slots=True)
class MappingDraft:
    """One ProxyPass or ProxyPassMatch."""

    pattern: str
    is_regex: bool
    target: str  # "!" for an exclusion
    node: Node
    target_path: str = ""
    balancer: str | None = None  # "balancer://name"
    member: MemberDraft | None = None
    nocanon: bool = False
    noquery: bool = False
    interpolate: bool = False
    encoded: bool = False

    @property
    def exclude(self) -> bool:
        return self.balancer is None and self.member is None


@dataclass(slots=True)
class ReverseDraft:
    """One ProxyPassReverse."""

    path: str
    url: str
    balancer: str | None
    interpolate: bool
    node: Node


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule looks at: $N and %N are groups of these expressions."""

    pattern: str
    ignore_case: bool
    negated: bool
    conds: tuple[RewriteCond, ...]


@dataclass(frozen=True, slots=True)
class RewriteTarget:
    """Where a rule with [P] leads: scheme and authority as written.

    url "": a request says something of them; parts are those of the substitution
    rules, at  the rule's place in the list that keeps it
    """

    url: str
    node: Node
    rules: list[RewriteRule]
    at: int
    parts: Expansion = ()
    asked: Asked | None = None


@dataclass(slots=True)
class DirectoryDraft:
    """A <Directory>, a <Files> or its like in which rules stand."""

    pattern: str
    is_regex: bool
    files: FileNames | None
    draft: RewriteDraft
    node: Node


@dataclass(slots=True)
class RewriteDraft:
    """What mod_rewrite's lines of one server or section say."""

    directory: str = ""  # of a section
    is_touched: bool = False  # any line of it
    engine: bool | None = None
    options: set[str] = field(default_factory=set)
    has_options: bool = False
    base: str | None = None
    conds: list[RewriteCond] = field(default_factory=list)  # of the rule to come
    rules: list[RewriteRule] = field(default_factory=list)
    targets: list[RewriteTarget] = field(default_factory=list)
    mappings: list[MappingDraft] = field(default_factory=list)  # of a server: [P]
    maps: dict[str, RewriteMap] = field(default_factory=dict)  # of a server
    directories: list[DirectoryDraft] = field(default_factory=list)  # of a server
    document_root: str | None = None  # of a server, as written


_WHOLE: Final = ("error_override",)
"""Tuples that a later line replaces."""


@dataclass(slots=True)
class ConfDraft:
    """The settings of one section, or those of a server outside any section.

    said   fields of a DirConf that its lines have set; a list where they add up, since
           there may be thousands of them
    types  of mod_mime, which said has without them
    lines  as those of a DirConf

    What needs more than its own line to be complete stands beside it.
    """

    said: Values = field(default_factory=dict)
    types: dict[tuple[str, MimeField], str] = field(default_factory=dict)
    mapping: MappingDraft | None = None
    asked: MappingDraft | None = None  # AuthRequest
    handled: MappingDraft | None = None  # SetHandler proxy:
    reverse_maps: list[ReverseDraft] = field(default_factory=list)
    requires: list[AccessRule] = field(default_factory=list)
    rewrite: RewriteDraft | None = None
    lines: dict[str, list[Line]] = field(default_factory=dict, compare=False)
    limits: tuple[MethodLimit, ...] = ()  # the <Limit>s that are being read
    ifs: list[IfDraft] = field(default_factory=list)
    _changed: dict[str, bool] = field(default_factory=dict, compare=False)
    # by the line that is read; True: to one that its elements are behind
    _conf: DirConf | None = field(default=None, compare=False)

    def say(self, **values: Any) -> None:
        """A line sets fields; None: nothing is said of one any more."""
        self._conf = None
        for name, value in values.items():
            before = self.said.get(name)
            if value is before:
                continue
            self._changed[name] = isinstance(value, tuple)
            if value is None:
                del self.said[name]
            else:
                self.said[name] = value

    def add(self, name: str, *items: object) -> None:
        """A line adds elements to a field that is a tuple, and that none sets."""
        if items:
            self._conf = None
            self._changed[name] = True
            self.said.setdefault(name, []).extend(items)

    def values(self) -> Values:
        """Fields of a DirConf that are said, in their types."""
        values: Values = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in self.said.items()
        }
        if self.types:
            mime: Mime = values["mime"]
            values["mime"] = replace(mime, said=tuple(self.types.items()))
        return values

    @property
    def holds_alike(self) -> bool:
        """Whatever server it holds in, it is the same there: it leads nowhere."""
        leads = self.mapping or self.asked or self.handled or self.reverse_maps
        return not leads and all(item.draft.holds_alike for item in self.ifs)

    @property
    def conf(self) -> DirConf:
        """What is said so far."""
        if self._conf is None:
            self._conf = DirConf(**self.values())
        return self._conf

    def note_line(self, node: Node) -> None:
        """What a line has changed stands there: of a tuple all that came with it."""
        if not self._changed:
            return
        line = (node.file, node.line)
        for name, is_tuple in self._changed.items():
            known = self.lines.setdefault(name, [])
            if is_tuple and name not in _WHOLE:
                known.extend([line] * (len(self.said[name]) - len(known)))
            elif name == "html":  # each of its lines says another part of it
                known.append(line)
            else:
                self.lines[name] = [line]
        self._changed.clear()


@dataclass(slots=True)
class IfDraft:
    """<If>, <ElseIf> (is_else) or <Else> (without a condition)."""

    condition: Expression | None
    is_else: bool
    draft: ConfDraft
    node: Node


@dataclass(slots=True)
class TlsLines:
    """SSL* lines of a server, or SSLProxy* lines of a <Proxy>, as they stand.

    last  by name in lower case; SSLCipherSuite TLSv1.3 has " tlsv1.3" behind its own
    """

    last: dict[str, Node] = field(default_factory=dict)
    certificates: list[Node] = field(default_factory=list)
    keys: list[Node] = field(default_factory=list)
    commands: list[Node] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class SectionHandshake:
    """A line in a section that says something of handshakes."""

    server: ServerDraft
    section: object  # its draft, to tell which lines stand in the same
    node: Node


FILE_KINDS: Final = (
    SectionKind.DIRECTORY,
    SectionKind.DIRECTORY_MATCH,
    SectionKind.FILES,
    SectionKind.FILES_MATCH,
)
"""Sections by the path of a file: no proxied request has one."""


@dataclass(slots=True)
class SectionDraft:
    """A <Location>, <Proxy>, <Directory>, <Files> or its like with an expression."""

    kind: SectionKind
    pattern: str
    is_regex: bool
    is_glob: bool
    draft: ConfDraft
    node: Node
    tls: TlsLines = field(default_factory=TlsLines)  # of members; not of requests
    within: SectionDraft | None = None  # the <Directory> around a <Files>

    @property
    def is_proxy(self) -> bool:
        return self.kind in (SectionKind.PROXY, SectionKind.PROXY_MATCH)

    @property
    def is_of_files(self) -> bool:
        return self.kind in FILE_KINDS

    @property
    def says_nothing(self) -> bool:
        """No request is treated otherwise for it; a regex may name its groups."""
        return self.draft == ConfDraft() and not self.is_regex


@dataclass(slots=True)
class LogDraft:
    """One CustomLog, TransferLog or GlobalLog."""

    target: str
    format_text: str | None  # format or nickname; None: the server's default format
    condition: EnvCondition | None
    node: Node
    is_global: bool = False
    expression: Expression | None = None


@dataclass(slots=True)
class ServerDraft:
    """The main server or one <VirtualHost>."""

    node: Node | None  # None for the main server
    settings: Values = field(default_factory=dict)
    addresses: list[tuple[str, int | None]] = field(default_factory=list)
    written_names: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    log_levels: dict[str, Level] = field(default_factory=dict)
    error_format: ErrorFormat = ()
    error_formats: dict[str, list[ErrorFormat]] = field(default_factory=dict)
    formats: dict[str, Format] = field(default_factory=dict)
    default_format: Format | None = None  # LogFormat without a nickname
    logs: list[LogDraft] = field(default_factory=list)
    balancers: dict[str, BalancerDraft] = field(default_factory=dict)
    direct_members: list[MemberDraft] = field(default_factory=list)
    # ... of each authority_url: a thousand mappings are looked up here
    direct_at: dict[str, list[MemberDraft]] = field(default_factory=dict)
    direct_settings: list[DirectSettings] = field(default_factory=list)
    mappings: list[MappingDraft] = field(default_factory=list)
    sections: list[SectionDraft] = field(default_factory=list)
    file_sections: list[SectionDraft] = field(default_factory=list)
    file_aliases: list[FileAlias] = field(default_factory=list)
    access_file_names: tuple[str, ...] | None = None
    default: ConfDraft = field(default_factory=ConfDraft)
    tls: TlsLines = field(default_factory=TlsLines)
    connect_ports: list[Node] = field(default_factory=list)  # AllowCONNECT
    forward: Node | None = None  # ProxyRequests
    proxy_blocks: list[Node] = field(default_factory=list)
    remotes: list[Node] = field(default_factory=list)  # ProxyRemote, ProxyRemoteMatch
    directs: list[Node] = field(default_factory=list)  # NoProxy
    rewrite: RewriteDraft = field(default_factory=RewriteDraft)
    asked: list[MappingDraft] = field(default_factory=list)  # AuthRequest
    handlers: list[tuple[ConfDraft, Node]] = field(default_factory=list)  # proxy:
    # ProxyHCExpr and ProxyHCTemplate, by name in lower case
    health_conditions: dict[str, HealthCondition] = field(default_factory=dict)
    health_templates: dict[str, Values] = field(default_factory=dict)

    @property
    def is_main(self) -> bool:
        return self.node is None

    def add_direct(self, member: MemberDraft) -> None:
        self.direct_at.setdefault(member.target.authority_url, []).append(member)
        self.direct_members.append(member)

    def every_member(self) -> list[MemberDraft]:
        """Direct ones, and those of its balancers."""
        balanced = (draft.members for draft in self.balancers.values())
        return [*self.direct_members, *chain.from_iterable(balanced)]

    def every_mapping(self) -> list[MappingDraft]:
        """Its own, and those in its sections."""
        in_sections = (section.draft.mapping for section in self.sections)
        return [*self.mappings, *filter(None, in_sections)]

    def handled(self) -> list[MappingDraft]:
        """Where SetHandler leads."""
        return [draft.handled for draft, _ in self.handlers if draft.handled]

    def every_target(self) -> list[MappingDraft]:
        """... and whatever else leads to a member: [P], AuthRequest, SetHandler."""
        found = [*self.every_mapping(), *self.rewrite.mappings, *self.asked]
        found += self.handled()
        return [one for one in found if not one.exclude]


def balancer_of(server: ServerDraft, name: str, node: Node) -> BalancerDraft:
    """The server's draft of a balancer, made when this is its first mention."""
    draft = server.balancers.get(name)
    if draft is None:
        draft = server.balancers[name] = BalancerDraft(name, node)
    return draft


@dataclass(slots=True)
class ProcessDraft:
    """Directives of the process model."""

    values: Values = field(default_factory=dict)
    methods: list[str] = field(default_factory=list)  # RegisterHttpMethod

    @property
    def compat(self) -> Compat:
        said: Compat = self.values.get("compat", Compat.BETTER)
        return said


@dataclass(slots=True)
class Drafts:
    """All that one run of `resolve` has collected so far, with its inputs."""

    report: Report
    lenient: bool
    environ: Mapping[str, str]
    cpu_count: int
    server_root: str
    config_file: str
    modules: tuple[str, ...]
    lookup: Callable[[str], tuple[str, ...]]  # host name -> addresses, () if unknown
    main: ServerDraft = field(default_factory=lambda: ServerDraft(node=None))
    vhosts: list[ServerDraft] = field(default_factory=list)
    process: ProcessDraft = field(default_factory=ProcessDraft)
    listens: list[tuple[str, int, str, Node]] = field(default_factory=list)
    regexes: list[RegexDraft] = field(default_factory=list)
    header_rules: list[tuple[Node, HeaderRule]] = field(default_factory=list)
    auth_files: list[tuple[Node, str]] = field(default_factory=list)  # with its path
    asks_directory: bool = False  # AuthLDAPURL
    authn_aliases: dict[str, AliasedProvider] = field(default_factory=dict)
    authz_aliases: dict[str, AccessRule] = field(default_factory=dict)
    # SSLVerifyClient and SSLVerifyDepth in sections
    section_handshakes: list[SectionHandshake] = field(default_factory=list)
    # SSLCipherSuite in sections
    section_ciphers: list[tuple[ServerDraft, Node]] = field(default_factory=list)
    variables: list[tuple[Node, str]] = field(default_factory=list)  # set, by name
    noted: set[str] = field(default_factory=set)  # parameters that a note was made of
    types_config: Node | None = None  # the main server's

    @property
    def servers(self) -> tuple[ServerDraft, ...]:
        return self.main, *self.vhosts

    def heirs(self, server: ServerDraft) -> tuple[ServerDraft, ...]:
        """Servers that may use what stands in one, the main server among them."""
        return self.servers if server.is_main else (self.main, server)

    def sections_of(self, server: ServerDraft) -> list[SectionDraft]:
        """Sections that hold for a server, in their order."""
        return self.main.sections + ([] if server.is_main else server.sections)

    def take_regex(
        self,
        node: Node,
        pattern: str,
        *,
        ignore_case: bool = False,
        number: str = "FB0222",
        complaint: str = "Regular expression could not be compiled.",
    ) -> Pattern:
        """Compile a pattern that requests will be matched with.

        number, complaint: of the Mistake that is raised when it is no regex
        """
        try:
            compiled = compile_pcre(pattern, ignore_case=ignore_case)
        except PatternError as problem:
            cure = cure_of(problem, pattern)
            raise Mistake(
                number, complaint, why=str(problem), cure=cure, word=pattern
            ) from problem
        place = f"{node.name} at {place_of(node)}"
        self.regexes.append(RegexDraft(compiled, pattern, ignore_case, place))
        return compiled


@dataclass(frozen=True, slots=True)
class Place:
    """Where a directive stands: its server, and the section around it if any."""

    server: ServerDraft
    draft: ConfDraft
    section: SectionDraft | None = None
    balancer: str | None = None  # inside <Proxy balancer://name>
    directory: Node | None = None  # the <Directory> around it

    @property
    def of_files(self) -> bool:
        """Is it within a section by the path of a file?"""
        return self.section is not None and self.section.is_of_files

    @property
    def proxy(self) -> str | None:
        """The pattern of the <Proxy> around it."""
        section = self.section
        return section.pattern if section is not None and section.is_proxy else None


Handler = Callable[[Drafts, Place, Node], None]
