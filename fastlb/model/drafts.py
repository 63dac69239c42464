"""What is collected while the tree is read, before it is merged and frozen.

A draft belongs to one server (main or virtual host) or one section. Indexes of
balancers and members do not exist yet: which of them virtual hosts share is known at
the end, so they are given out when the drafts are frozen (`freeze.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fastlb._pcre2 import Pattern
from fastlb.config.tree import Node
from fastlb.facts.regex import RegexDraft, compile_pcre
from fastlb.facts.rules import AccessRule, EnvCondition, Format
from fastlb.facts.server import Compat
from fastlb.facts.vhost import DirConf, ReadLimit, SectionKind
from fastlb.model.balancer_params import BalancerParams
from fastlb.model.member_params import MemberParams
from fastlb.model.report import Report, place_of
from fastlb.model.targets import Target


@dataclass(slots=True)
class MemberDraft:
    """A BalancerMember, or the worker of a direct ProxyPass."""

    target: Target
    params: MemberParams
    node: Node


@dataclass(slots=True)
class WorkerSettings:
    """ProxySet, or `<Proxy http://h key=value>`, for direct workers of one URL.

    They hold for workers that are defined before and behind them.
    """

    target: Target
    pairs: list[tuple[str, str]]


@dataclass(slots=True)
class BalancerDraft:
    """All that the directives of one server say about one balancer."""

    name: str  # "balancer://name"
    node: Node  # where it was first named
    params: BalancerParams = field(default_factory=BalancerParams)
    members: list[MemberDraft] = field(default_factory=list)
    is_defined: bool = False  # more than a ProxyPass names it
    is_broken: bool = False  # a member of it was refused
    upgrade: tuple[str, ...] = ()  # of members that have none of their own


@dataclass(slots=True)
class MappingDraft:
    """One ProxyPass or ProxyPassMatch."""

    pattern: str
    is_regex: bool
    target: str  # "!" for an exclusion
    target_path: str
    balancer: str | None  # "balancer://name"
    worker: MemberDraft | None
    nocanon: bool
    noquery: bool
    interpolate: bool
    encoded: bool
    node: Node

    @property
    def exclude(self) -> bool:
        return self.balancer is None and self.worker is None


@dataclass(slots=True)
class ReverseDraft:
    """One ProxyPassReverse."""

    path: str
    url: str
    balancer: str | None
    interpolate: bool
    node: Node


@dataclass(slots=True)
class LegacyAccess:
    """Order, Allow, Deny and Satisfy of one section (mod_access_compat)."""

    allow_first: bool = False  # Order Allow,Deny
    allow: list[AccessRule] = field(default_factory=list)
    deny: list[AccessRule] = field(default_factory=list)
    satisfy_any: bool = False


@dataclass(slots=True)
class ConfDraft:
    """The settings of one section, or those of a server outside any section.

    conf is replaced by a new DirConf with each directive; what needs more than its
    own line to be complete stands beside it.
    """

    conf: DirConf = field(default_factory=DirConf)
    mapping: MappingDraft | None = None
    reverse_maps: list[ReverseDraft] = field(default_factory=list)
    requires: list[AccessRule] = field(default_factory=list)
    legacy: LegacyAccess | None = None


@dataclass(slots=True)
class TlsLines:
    """SSL* lines of a server, or SSLProxy* lines of a <Proxy>, as they stand.

    last  by name in lower case; SSLCipherSuite TLSv1.3 has " tlsv1.3" behind its own
    """

    last: dict[str, Node] = field(default_factory=dict)
    certificates: list[Node] = field(default_factory=list)
    keys: list[Node] = field(default_factory=list)
    commands: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class SectionDraft:
    """A <Location>, <LocationMatch>, <Proxy> or <ProxyMatch>."""

    kind: SectionKind
    pattern: str
    is_regex: bool
    is_glob: bool
    draft: ConfDraft
    node: Node
    tls: TlsLines = field(default_factory=TlsLines)  # of members; not of requests

    @property
    def says_nothing(self) -> bool:
        """No request is treated otherwise for it; a regex may name its groups."""
        return self.draft == ConfDraft() and not self.is_regex


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """Scalar directives of a server. None: not set here, the main server decides."""

    server_name: str | None = None
    server_scheme: str | None = None
    server_port: int | None = None
    server_path: str | None = None
    server_admin: str | None = None
    timeout_ms: int | None = None
    keepalive: bool | None = None
    keepalive_timeout_ms: int | None = None
    max_keepalive_requests: int | None = None
    limit_request_line: int | None = None
    limit_request_fields: int | None = None
    limit_request_field_size: int | None = None
    strict: bool | None = None
    allow_http09: bool | None = None
    registered_methods_only: bool | None = None
    strict_host_check: bool | None = None
    merge_slashes: bool | None = None
    allow_encoded_slashes: str | None = None
    trace_enable: str | None = None
    proxy_timeout_ms: int | None = None
    proxy_via: str | None = None
    proxy_requests: bool | None = None
    proxy_bad_header: str | None = None
    proxy_max_forwards: int | None = None
    proxy_status: bool | None = None
    proxy_pass_inherit: bool | None = None
    balancer_inherit: bool | None = None
    proxy_source_address: str | None = None
    proxy_io_buffer_bytes: int | None = None
    proxy_receive_buffer_bytes: int | None = None
    websocket_idle_ms: int | None = None
    read_handshake: ReadLimit | None = None
    read_header: ReadLimit | None = None
    read_body: ReadLimit | None = None
    error_log: str | None = None
    log_level: str | None = None


@dataclass(slots=True)
class LogDraft:
    """One CustomLog, TransferLog or GlobalLog."""

    target: str
    format_text: str | None  # format or nickname; None: the server's default format
    condition: EnvCondition | None
    node: Node
    is_global: bool = False


@dataclass(slots=True)
class ServerDraft:
    """The main server or one <VirtualHost>."""

    node: Node | None  # None for the main server
    settings: ServerSettings = field(default_factory=ServerSettings)
    addresses: list[tuple[str, int | None]] = field(default_factory=list)
    written_names: list[str] = field(default_factory=list)
    aliases: list[str] = field(default_factory=list)
    log_levels: dict[str, str] = field(default_factory=dict)
    formats: dict[str, Format] = field(default_factory=dict)
    default_format: Format | None = None  # LogFormat without a nickname
    logs: list[LogDraft] = field(default_factory=list)
    balancers: dict[str, BalancerDraft] = field(default_factory=dict)
    workers: list[MemberDraft] = field(default_factory=list)
    worker_settings: list[WorkerSettings] = field(default_factory=list)
    mappings: list[MappingDraft] = field(default_factory=list)
    sections: list[SectionDraft] = field(default_factory=list)
    default: ConfDraft = field(default_factory=ConfDraft)
    tls: TlsLines = field(default_factory=TlsLines)
    connect_ports: list[Node] = field(default_factory=list)  # AllowCONNECT
    forward: Node | None = None  # ProxyRequests
    proxy_blocks: list[Node] = field(default_factory=list)

    @property
    def is_main(self) -> bool:
        return self.node is None


def balancer_of(server: ServerDraft, name: str, node: Node) -> BalancerDraft:
    """The server's draft of a balancer, made when this is its first mention."""
    draft = server.balancers.get(name)
    if draft is None:
        draft = server.balancers[name] = BalancerDraft(name, node)
    return draft


@dataclass(slots=True)
class ProcessDraft:
    """Directives of the process model as written; None: the default."""

    numbers: dict[str, int] = field(default_factory=dict)  # by ProcessSettings field
    texts: dict[str, str] = field(default_factory=dict)
    extended_status: bool | None = None
    server_tokens: str = "Full"
    compat: Compat = Compat.BETTER
    methods: list[str] = field(default_factory=list)  # RegisterHttpMethod


@dataclass(slots=True)
class Run:
    """One run of `resolve`: its inputs and everything collected so far."""

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

    def take_regex(
        self, node: Node, pattern: str, *, ignore_case: bool = False
    ) -> Pattern:
        """Compile a pattern that requests will be matched with. Raises PatternError."""
        compiled = compile_pcre(pattern, ignore_case=ignore_case)
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
    inert: bool = False  # inside <Directory>, <Files> ...: checked, never applied


Handler = Callable[[Run, Place, Node], None]
