"""The whole of a configuration: one `Model` a generation."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain

from fastlb.facts.balancer import Balancer
from fastlb.facts.listener import AddressSet, Listener
from fastlb.facts.member import Member
from fastlb.facts.regex import Regex
from fastlb.facts.rules import LogTarget
from fastlb.facts.vhost import VHost
from fastlb.facts.words import Compat

# Where no line says another, as httpd was built by the distributions.
DOCUMENT_ROOT = "/var/www/html"


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    """Directives of the process model (Apache: mpm_common, unixd, core)."""

    server_root: str
    runtime_dir: str
    pid_file: str
    user: str | None  # name or "#id"; None: keep the identity
    group: str | None
    start_servers: int  # number of workers; default: number of cores
    max_request_workers: int  # requests in work over all workers; 0: no bound
    max_connections_per_child: int  # 0: never recycle
    listen_backlog: int
    graceful_shutdown_timeout_s: int  # 0: no limit
    defer_accept_s: int  # TCP_DEFER_ACCEPT of the listeners; 0: off
    send_buffer_bytes: int  # of listening sockets; 0: the system's
    receive_buffer_bytes: int
    extended_status: bool
    statistics_history: bool = True  # of members: StatisticsHistory
    buffered_logs: bool = False
    document_root: str = ""  # of the main server; -S shows it
    max_client_connections: int = 0  # over all workers; 0: what descriptors allow
    max_tunnel_servers: int = 512  # workers left with tunnels; 0: no bound
    digest_memory_bytes: int = 65536  # AuthDigestShmemSize
    # Sixteenths of AsyncRequestWorkerFactor: connections for each idle place of
    # MaxRequestWorkers (Compat apache; 0 with a process or thread for each). -1: no
    # such bound.
    async_factor: int = -1
    # RemoteIPProxyProtocol: local addresses, (host or "*", port or None: any), where
    # connections begin with a PROXY header, those where they do not all the same, and
    # networks of clients that send none
    proxy_protocol_on: tuple[tuple[str, int | None], ...] = ()
    proxy_protocol_off: tuple[tuple[str, int | None], ...] = ()
    proxy_protocol_exceptions: tuple[str, ...] = ()
    name_servers: tuple[tuple[str, int], ...] | None = (
        None  # Resolver; None: resolv.conf's
    )
    # What members say of themselves (lbmethod=heartbeat)
    heartbeat_listen: tuple[str, int] | None = None  # HeartbeatListen
    heartbeat_max_servers: int = 10  # 0: kept in the file, any number
    heartbeat_storage: str = ""  # the file
    control_socket: str | None = None  # ControlSocket; None: beside PidFile; "": none


@dataclass(frozen=True, slots=True)
class Model:
    """Everything a generation of workers runs on.

    vhosts[0] is the main server. Members and balancers are referred to by their
    index in the tuples below; of a direct ProxyPass (`ProxyPass / http://h/`) the
    target is a member whose `balancer_index` is -1.
    """

    defines: tuple[str, ...]
    modules: tuple[str, ...]  # identifiers named by LoadModule, in order
    compat: Compat
    process: ProcessSettings
    listeners: tuple[Listener, ...]
    vhosts: tuple[VHost, ...]
    address_sets: tuple[AddressSet, ...]
    balancers: tuple[Balancer, ...]
    members: tuple[Member, ...]
    log_targets: tuple[LogTarget, ...]  # distinct access-log files and pipes
    regexes: tuple[Regex, ...] = ()  # every pattern that requests are matched with
    deciding_variables: frozenset[str] = frozenset()  # access hangs on them
    mime_types: bytes = b""  # TypesConfig, as mime_table.py packs it; b"": none
    types_of_members: bool = False  # they hold for members' answers, too
    lists_directories: bool = True  # where Options Indexes holds; else nowhere

    @property
    def written_members(self) -> tuple[Member, ...]:
        """All but the controller, which is a part of this server."""
        return tuple(one for one in self.members if not one.is_controller)

    def host_of(self, balancer_key: str) -> VHost | None:
        """The host whose balancer has that key."""
        vhost_id = balancer_key.partition("@")[2]
        found = (one for one in self.vhosts if one.vhost_id == vhost_id)
        return next(found, None)

    def serving(self) -> frozenset[int]:
        """Indexes of the members that requests are for. Others are a part of this
        server, or an operator has taken them out of their balancer while running."""
        direct = (
            index
            for index, member in enumerate(self.members)
            if member.balancer_index < 0 and not member.is_controller
        )
        return frozenset(chain(direct, *(one.members for one in self.balancers)))
