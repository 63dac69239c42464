"""Directives that Apache does not have."""

from __future__ import annotations

from fastlb.config.checks import Integer, word_of
from fastlb.config.registry import OWN, SVD, Directive, S
from fastlb.facts.words import Compat

MODULE = OWN
DIRECTIVES = (
    Directive(
        "Compat",
        S,
        "apache|better",
        "which side wins where fastlb and Apache decide apart",
        default="better",
        manual=(
            "With apache the decisions are Apache's, also those that fastlb thinks"
            " wrong: misspelled directives of published tutorials are errors, a"
            " refused member waits for its retry= time, a reload forgets the state of"
            " members. docs/differences-from-apache.md lists each of them, and the few"
            " that keep a connection safe and stay. It holds for the whole"
            " configuration wherever it stands, also as -C 'Compat apache'; the last"
            " one counts."
        ),
        differs="Apache has no such directive.",
        check=word_of(Compat),
        sets="compat",
    ),
    Directive(
        "MaxClientConnections",
        S,
        "n",
        "connections of clients at once, over all workers",
        default="0",
        shown_default="0: what file descriptors allow",
        manual=(
            "Counts every connection: between requests, in a handshake, in work, in a"
            " tunnel. Each worker keeps half of its file descriptors for members, so"
            " that a connection it took can be served; the error log says the numbers"
            " at the start. What comes beyond either bound waits in the kernel's"
            " backlog. Shortly before it is reached, the connections that have been"
            " silent longest after a request are closed to make room. Requests in work"
            " are bounded by MaxRequestWorkers."
        ),
        differs=(
            "Apache has no such directive; under Compat apache it is refused, and"
            " AsyncRequestWorkerFactor decides."
        ),
        check=Integer(0),
        sets="max_client_connections",
    ),
    Directive(
        "ControlSocket",
        S,
        "file|Off",
        "socket of fastlb ctl",
        shown_default="the PidFile with .control behind it",
        manual=(
            "A unix socket that only the account of the master may connect to, root as"
            " a rule: whoever can, sees every member and may change it. It answers HTTP"
            " as SetHandler balancer-api does, without asking for a password. A change"
            " of its name takes a stop and a start."
        ),
        differs="Apache has no such directive.",
        sets="control_socket",
    ),
    Directive(
        "MaxTunnelServers",
        S,
        "n",
        "old worker processes that may stay for the sake of tunnels alone",
        default="512",
        manual=(
            "After a reload, or at MaxConnectionsPerChild, a worker finishes what it"
            " has and ends; tunnels (WebSocket, CONNECT) may keep it for days, at less"
            " than 3 MiB each. When there are more of them than this, the oldest closes"
            " its tunnels, one after the other over 30 seconds, and the error log says"
            " how many. 0 sets no bound; GracefulShutdownTimeout bounds the time."
        ),
        differs="Apache has no such directive; under Compat apache it is refused.",
        check=Integer(0),
        sets="max_tunnel_servers",
    ),
    Directive(
        "ProxyPassTrailers",
        SVD,
        "On|Off",
        "whether fields behind a chunked body are passed on, both ways",
        default="On",
        manual=(
            "Clients and members that send trailers say there what only the end of a"
            " body can tell, as its digest or a status of gRPC. At most 128 fields and"
            " 16 KiB of them are taken; more is answered with 400. Not passed on are"
            " those that a head would have to say (Content-Length, Host, Authorization,"
            " Cookie, Cache-Control, X-Forwarded-For ...; RFC 9110 6.5.1), and each"
            " that a Header or RequestHeader of the place names. A client of HTTP/1.0"
            " gets none. TE: trailers of a client is passed on too."
        ),
        differs=(
            "Apache has no such directive and drops trailers; under Compat apache it"
            " is refused, and they are dropped."
        ),
        sets="pass_trailers",
    ),
    Directive(
        "StatisticsHistory",
        S,
        "On|Off",
        "whether it is kept what each member did in the last 24 hours",
        default="On",
        manual=(
            "Requests, errors, times of answers, requests under way, and whether it"
            " was usable: each second for ten minutes, of every ten seconds for two"
            " hours, of every minute for 24 hours. It is in shared memory, 44 KiB for"
            " each member, and outlives reloads (docs/statistics.md). Without"
            " ExtendedStatus nothing is counted, and nothing kept."
        ),
        differs="Apache has no such directive; under Compat apache it is refused.",
        sets="statistics_history",
    ),
)
