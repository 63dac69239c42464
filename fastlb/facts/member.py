"""A member: one server behind us."""

from __future__ import annotations

from dataclasses import dataclass, field

from fastlb.base.addresses import literal_of
from fastlb.facts.agent import AgentCheck
from fastlb.facts.controller import HOST as CONTROLLER_HOST
from fastlb.facts.controller import abstract_name
from fastlb.facts.health import HealthCheck
from fastlb.facts.tls import TlsMember


@dataclass(frozen=True, slots=True)
class Remote:
    """ProxyRemote: another proxy, through which a member is reached.

    Asked for whole URLs; where the member speaks TLS, for a tunnel (CONNECT).
    """

    host: str
    port: int
    authorization: str  # value of Proxy-Authorization; "": none


@dataclass(frozen=True, slots=True)
class Member:
    """One `BalancerMember`, or the target of a direct ProxyPass.

    key is the identity over reloads: balancer key + " " + url, or "direct url"
    (with "@vhost-id" appended when a virtual host defines it). Behind the url stands
    " via host:port" of `remote`: its slot has the addresses of that proxy, and workers
    that drain must not meet them where they would speak to the member itself.
    """

    url: str  # normalised: "http://h:8080/path"
    key: str
    balancer_index: int  # -1: direct
    scheme: str  # http, https, ws, wss, ajp, fcgi, scgi, uwsgi
    host: str  # name or literal, IPv6 without brackets; "localhost" default for unix:
    port: int
    explicit_port: bool  # the URL carries a port other than the scheme's default
    path: str  # path part of the URL, "" when there is none
    unix_path: str | None
    # election
    load_factor: int  # x 100: loadfactor=1 is 100
    lbset: int
    route: str
    redirect: str
    status: str  # initial flags as letters in "NDSHRICE" order, e.g. "H"
    # pool
    min: int
    smax: int | None
    max_is_global: bool  # max bounds requests under way, of all workers together
    max: int | None  # connections to it at once, in one worker
    ttl_ms: int | None
    acquire_ms: int | None
    disable_reuse: bool
    proxy_protocol: int  # version of the header a connection begins with; 0: none
    keepalive: bool  # SO_KEEPALIVE
    ping_ms: int | None
    connect_timeout_ms: int | None  # None: timeout_ms
    timeout_ms: int | None  # None: the mapping's virtual host decides
    retry_ms: int  # default 60000
    retry_written: bool  # retry= stands in the configuration
    slow_start_ms: int  # 0: its whole share at once
    receive_buffer_bytes: int
    io_buffer_bytes: int  # of a packet, where the protocol has some; 0: usual
    flush_packets: int  # of such: 0 off, 1 on, 2 auto
    secret: str  # of AJP
    response_field_bytes: int  # default 8192
    address_ttl_s: int | None  # None: as long as name servers say
    upgrade: tuple[str, ...]
    source_address: str | None  # ProxySourceAddress
    file: str
    line: int
    tls: TlsMember | None = None  # https and wss
    health: HealthCheck | None = None  # by the clock; None: not checked
    remote: Remote | None = None
    agent: AgentCheck | None = None  # agentcheck=
    # what files say of keys that were changed while running
    configured: tuple[tuple[str, str], ...] = field(default=(), compare=False)

    @property
    def is_named(self) -> bool:
        """Its addresses are looked up, and may change."""
        return self.unix_path is None and literal_of(self.peer_host) is None

    @property
    def is_controller(self) -> bool:
        """It is a part of this server, and no member that anybody wrote."""
        return self.host == CONTROLLER_HOST and self.unix_path is not None

    @property
    def socket_name(self) -> bytes | None:
        """Of the unix socket to connect to, in bytes: it need not be text."""
        if self.unix_path is None:
            return None
        if self.is_controller:
            # The core ends a path with a NUL of its own, and pads it to sun_path.
            return abstract_name(self.unix_path).rstrip(b"\0")
        return self.unix_path.encode("latin-1")

    @property
    def peer_host(self) -> str:
        """Where connections go: it, or the proxy before it."""
        return self.host if self.remote is None else self.remote.host

    @property
    def peer_port(self) -> int:
        return self.port if self.remote is None else self.remote.port
