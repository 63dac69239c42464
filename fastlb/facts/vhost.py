"""A virtual host with everything merged that does not depend on the request."""

from __future__ import annotations

import enum
from collections.abc import Iterator
from collections.abc import Mapping as Table
from dataclasses import dataclass, field

from fastlb.base.levels import Level
from fastlb.facts.controller import host_word
from fastlb.facts.dbm import DbmFile
from fastlb.facts.error_format import NO_ERROR_FORMATS, ErrorFormats
from fastlb.facts.expressions import Expression
from fastlb.facts.files import DirectoryIndex, FileAlias, FileOptions
from fastlb.facts.filters import (
    AlterETag,
    EndingFilters,
    FilterList,
    SmartFilter,
    Substitution,
)
from fastlb.facts.health import HealthCondition
from fastlb.facts.html import Html
from fastlb.facts.labels import Expires, FileETag, Mime
from fastlb.facts.ldap import Ldap
from fastlb.facts.listing import Listing
from fastlb.facts.mapping import Mapping
from fastlb.facts.remote_ip import RemoteProxy
from fastlb.facts.rewrite import RewriteDir, RewriteServer
from fastlb.facts.rules import (
    AccessLog,
    AccessRule,
    Anonymous,
    AuthRequest,
    CgiEnvRule,
    ComposedUser,
    Digest,
    EnvRule,
    HeaderRule,
    MethodLimit,
    OldAccess,
    Provider,
    Redirect,
    ReverseMap,
)
from fastlb.facts.tls import TlsServer, Verify
from fastlb.facts.words import (
    AuthMerging,
    AuthType,
    BadHeader,
    EncodedSlashes,
    FcgiBackend,
    NameLookups,
    RequestId,
    Signature,
    Trace,
    Via,
)

Line = tuple[str, int]
"""A line of the configuration: file and number, from 1."""


@dataclass(frozen=True, slots=True)
class DirConf:
    """Settings of one section (or the default ones). None: not set here.

    Scalars of a later section win; tuples of all matching sections are run one after
    the other: the <Proxy> of the target first, then <Location> in the order in which
    they stand, the main server's before the virtual host's.
    """

    preserve_host: bool | None = None
    add_headers: bool | None = None
    error_override: tuple[int, ...] | None = None  # () is Off; statuses otherwise
    # (status, '"text' | /path | URL | ""), the last one being the built-in page
    # (ErrorDocument 404 default); an expression makes one of the others
    error_documents: tuple[tuple[int, str | Expression], ...] = ()
    header_rules: tuple[HeaderRule, ...] = ()  # Header, both tables, file order
    request_header_rules: tuple[HeaderRule, ...] = ()
    env_rules: tuple[EnvRule, ...] = ()  # SetEnv, PassEnv, UnsetEnv
    set_env_if: tuple[EnvRule, ...] = ()  # SetEnvIf, BrowserMatch
    reverse_maps: tuple[ReverseMap, ...] = ()
    cookie_domains: tuple[tuple[str, str], ...] = ()
    cookie_paths: tuple[tuple[str, str], ...] = ()
    access: AccessRule | None = None  # None: nothing said
    auth_merging: AuthMerging | None = None
    old_access: OldAccess | None = None  # Order, Allow, Deny, Satisfy
    auth_type: AuthType | Expression | None = None
    # as it stands between the quotes of realm="..."; an expression's are set later
    auth_name: str | Expression | None = None
    auth_user_file: str | None = None
    auth_group_file: str | None = None
    auth_dbm_user_file: DbmFile | None = None
    auth_dbm_group_file: DbmFile | None = None
    auth_basic_providers: tuple[Provider, ...] | None = None
    auth_basic_authoritative: bool | None = None
    # Authorization towards members; "": Off
    auth_basic_fake: str | ComposedUser | None = None
    anonymous: Anonymous | None = None
    auth_digest: Digest | None = None
    auth_ldap: Ldap | None = None
    allow_methods: MethodLimit | None = None  # without names: all
    auth_request: AuthRequest | None = None  # None: not set here
    auth_request_headers: tuple[str, ...] = ()
    auth_request_cookies: bool | None = None
    pass_trailers: bool | None = None
    # where a client goes that was answered 401; is_plain, "": nowhere
    auth_request_sign_in: Expression | None = None
    forbidden_on_failure: bool | None = None  # AuthzSendForbiddenOnFailure
    # "server-status", "none", "proxy:http://..."; an expression makes one of them
    handler: str | Expression | None = None
    handler_head: str | None = None  # "proxy:http://host", as it begins
    handler_mapping: Mapping | None = None  # where that leads
    mapping: Mapping | None = None  # ProxyPass in <Location>
    redirects: tuple[Redirect, ...] = ()
    ifs: tuple[IfSection, ...] = ()  # in file order; each one's settings come last
    redirect_relative: bool | None = None
    limit_request_body: int | None = None  # bytes; 0: unlimited
    use_canonical_name: bool | None = None
    use_canonical_physical_port: bool | None = None
    track_first_byte: bool | None = None  # LogIOTrackTTFB
    server_signature: Signature | None = None
    expect_continue: bool | None = None  # Proxy100Continue
    interpolate_env: bool | None = None
    hostname_lookups: NameLookups | None = None
    websocket_fallback: bool | None = None
    cgi_pass_auth: bool | None = None  # CGIPassAuth
    fcgi_backend: FcgiBackend | None = None
    cgi_env_rules: tuple[CgiEnvRule, ...] = ()  # ProxyFCGISetEnvIf
    require_ssl: bool | None = None  # SSLRequireSSL
    tls_requires: tuple[Expression, ...] = ()  # SSLRequire: all must hold
    tls_verify: Verify | None = None  # SSLVerifyClient of a section
    tls_ciphers: str | None = None  # SSLCipherSuite of a section, up to TLS 1.2
    fake_basic_auth: bool | None = None  # SSLOptions FakeBasicAuth
    tls_user: str | None = None  # SSLUserName
    std_env_vars: bool | None = None  # SSLOptions StdEnvVars
    export_cert_data: bool | None = None  # SSLOptions ExportCertData
    rewrite: RewriteDir | None = None  # of a section
    file_options: FileOptions | None = None  # Options
    overrides: bool | None = None  # AllowOverride: .htaccess may say anything
    directory_index: DirectoryIndex | None = None
    directory_slash: bool | None = None
    accept_path_info: bool | None = None
    fallback_resource: str | None = None  # "": disabled
    listing: Listing | None = None  # of a directory without an index
    output_filters: FilterList | None = None  # SetOutputFilter
    ending_filters: tuple[EndingFilters, ...] = ()  # of one ending the last holds
    smart_filters: tuple[SmartFilter, ...] = ()  # declared here; of a name the last
    filter_chain: tuple[str, ...] = ()  # their names, or filters.RESET
    substitutions: tuple[Substitution, ...] = ()  # Substitute
    substitute_line_bytes: int | None = None  # SubstituteMaxLineLength
    substitute_inherit_before: bool | None = None
    html: Html | None = None  # of pages, by mod_proxy_html
    inflate_ratio_limit: int | None = None
    inflate_ratio_burst: int | None = None
    default_charset: str | None = None  # "": Off
    forced_type: str | None = None  # ForceType; "none": that of an outer section ends
    mime: Mime | None = None
    expires: Expires | None = None
    file_etag: FileETag | None = None
    max_ranges: int | None = None  # 0: none is served; -1: unlimited
    max_range_overlaps: int | None = None
    max_range_reversals: int | None = None
    # Where that stands, by the field's name: of a tuple one line for each element, of
    # a scalar the line that holds, of html all. No setting: two that differ in it alone
    # are equal.
    lines: Table[str, tuple[Line, ...]] = field(
        default_factory=dict, compare=False, repr=False
    )


@dataclass(frozen=True, slots=True)
class IfSection:
    """<If>, <ElseIf> or <Else>, wherever it stands.

    condition: None for <Else>; is_else: only if nothing before it in its chain applied
    """

    condition: Expression | None
    is_else: bool
    conf: DirConf
    file: str
    line: int


class SectionKind(enum.Enum):
    LOCATION = "Location"
    LOCATION_MATCH = "LocationMatch"
    PROXY = "Proxy"
    PROXY_MATCH = "ProxyMatch"
    IF = "If"  # while it is read; a model has IfSection
    DIRECTORY = "Directory"
    DIRECTORY_MATCH = "DirectoryMatch"
    FILES = "Files"
    FILES_MATCH = "FilesMatch"


@dataclass(frozen=True, slots=True)
class Section:
    """A <Location>, <LocationMatch>, <Proxy> or <ProxyMatch> with its settings."""

    kind: SectionKind
    pattern: str
    is_regex: bool
    is_glob: bool  # fnmatch: * and ? do not cross "/" in Location, do in Proxy
    conf: DirConf
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class FileSection:
    """A <Directory>, <DirectoryMatch>, <Files> or <FilesMatch>.

    pattern  of a directory without its last slash; "" is the root
    within   the place among a host's of the directory around a <Files>; -1: none
    """

    kind: SectionKind
    pattern: str
    is_regex: bool
    is_glob: bool
    within: int
    conf: DirConf
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class ReadLimit:
    """One stage of RequestReadTimeout. 0: no limit; for most_s, min_rate: none."""

    first_s: int = 0
    most_s: int = 0
    min_rate: int = 0  # bytes a second


@dataclass(frozen=True, slots=True)
class VHost:
    """The main server (index 0) or one <VirtualHost>."""

    index: int
    vhost_id: str  # "" for the main server; else address:port + server name
    server_name: str
    server_scheme: str | None
    server_port: int | None  # of ServerName, else of the address; None: the scheme's
    aliases: tuple[str, ...]  # lower case, with * and ?
    written_names: tuple[str, ...]  # host names inside <VirtualHost ...>
    server_path: str | None
    server_admin: str | None
    # connection
    timeout_ms: int
    keepalive: bool
    keepalive_timeout_ms: int
    max_keepalive_requests: int  # 0: unlimited
    limit_request_line: int
    limit_request_fields: int  # 0: unlimited (FIELD_COUNT_MAX still holds)
    limit_request_field_size: int
    strict: bool  # HttpProtocolOptions Strict
    allow_http09: bool
    registered_methods_only: bool
    strict_host_check: bool
    merge_slashes: bool
    merge_trailers: bool
    allow_encoded_slashes: EncodedSlashes
    trace_enable: Trace
    # proxy
    proxy_timeout_ms: int | None
    proxy_via: Via
    proxy_requests: bool
    proxy_bad_header: BadHeader
    proxy_max_forwards: int  # -1: do not add
    proxy_status: bool
    mappings: tuple[Mapping, ...]  # in the order in which they are tried
    default_conf: DirConf
    sections: tuple[Section, ...]  # main server's first, file order
    balancers: tuple[int, ...]  # those this host shows in server-status
    # identity of answers
    server_tokens: str  # the Server header's value
    access_logs: tuple[AccessLog, ...]
    error_log: str
    log_level: Level
    log_levels: tuple[tuple[str, Level], ...]  # (module, level)
    file: str
    line: int
    error_formats: ErrorFormats = NO_ERROR_FORMATS
    registered_methods: tuple[str, ...] = ()  # RegisterHttpMethod: of all hosts
    tls: TlsServer | None = None  # None: plain HTTP
    # A request may name another host of its address than its handshake did if both
    # are of one group (SSLVHostSNIPolicy); else 421. -1: no TLS.
    tls_group: int = -1
    connect_ports: tuple[tuple[int, int], ...] = ()  # AllowCONNECT; (): no CONNECT
    proxy_source_address: str | None = None  # of what CONNECT reaches
    websocket_idle_ms: int | None = None  # of tunnels; None: those of other requests
    read_handshake: ReadLimit = ReadLimit()
    read_header: ReadLimit = ReadLimit()
    read_body: ReadLimit = ReadLimit()
    rewrite: RewriteServer | None = None  # None: no line of mod_rewrite
    balancer_persist: bool = True  # what is changed of its balancers outlives a restart
    health_conditions: tuple[HealthCondition, ...] = ()  # ProxyHCExpr
    document_root: str = ""  # without its last slash
    file_aliases: tuple[FileAlias, ...] = ()  # in the order in which they are tried
    # In httpd's order: by the length of their paths, expressions, then names of files
    file_sections: tuple[FileSection, ...] = ()
    access_file_names: tuple[str, ...] = (".htaccess",)
    request_id: RequestId = RequestId.OFF
    request_id_header: str = "X-Request-ID"  # towards members, and from clients
    trace_context: bool = False
    trace_sample_ppm: int = 10_000  # of the traces that begin here
    deflate_level: int = 6
    deflate_memory: int = 9
    deflate_window: int = 15  # bits
    deflate_buffer: int = 8096
    deflate_etag: AlterETag = AlterETag.ADD_SUFFIX
    deflate_note_ratio: str | None = None  # names of notes for logs
    deflate_note_input: str | None = None
    deflate_note_output: str | None = None
    brotli_quality: int = 5
    brotli_window: int = 18  # bits
    brotli_block: int | None = None  # bits; None: the library's own
    brotli_etag: AlterETag = AlterETag.ADD_SUFFIX
    brotli_note_ratio: str | None = None
    brotli_note_input: str | None = None
    brotli_note_output: str | None = None
    # Of the controller: those that a line here names, first those that only tell
    # something, how many these are, and where it is asked for them
    pages: tuple[str, ...] = ()
    pages_that_tell: int = 0
    pages_mapping: Mapping | None = None

    @property
    def page_word(self) -> str:
        """What the controller's pages of this host are asked for by."""
        return host_word(self.index, self.vhost_id)

    remote_ip_header: str | None = None
    remote_ip_proxies_header: str | None = None
    remote_ip_proxies: tuple[RemoteProxy, ...] | None = None  # None: all are believed


def every_conf(vhost: VHost) -> Iterator[DirConf]:
    """What holds in the host and in each of its sections, those of <If> too."""
    yield from _with_ifs(vhost.default_conf)
    for section in vhost.sections:
        yield from _with_ifs(section.conf)
    for files in vhost.file_sections:
        yield from _with_ifs(files.conf)


def _with_ifs(conf: DirConf) -> Iterator[DirConf]:
    yield conf
    for item in conf.ifs:
        yield from _with_ifs(item.conf)
