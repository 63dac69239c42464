"""Processes: mpm_common, prefork, worker, event, unixd."""

from __future__ import annotations

import re

from fastlb.base.errors import Severity
from fastlb.base.limits import PORT_MAX
from fastlb.config.checks import Buffer, Integer
from fastlb.config.registry import (
    Args,
    Complaint,
    Directive,
    Reader,
    Refused,
    S,
    Status,
)

MODULE = "mpm_common.c"
PREFORK = "prefork.c"
EVENT = "event.c"
UNIXD = "mod_unixd.c"


def _listen(name: str, words: tuple[str, ...]) -> Complaint | None:
    """[addr:]port [protocol], with Apache's sentences."""
    if not words or len(words) > 2:
        return Complaint("Listen requires 1 or 2 arguments.", number="FB0108")
    address = words[0]
    bare = re.fullmatch(r"[0-9]+", address)
    port = address if bare else address.rpartition(":")[2]
    if address.endswith(";") and len(words) == 1:
        why = "a directive ends with its line"
        return Complaint(
            "Port must be specified",
            why,
            f"write Listen {address[:-1]}",
            instead=address[:-1],
        )
    if not bare and (":" not in address or address.endswith("]")):
        why = f"'{address}' is an address without a port"
        return Complaint(
            "Port must be specified",
            why,
            f"write Listen {address}:80",
            instead=f"{address}:80",
        )
    if not port.isdigit() or not 1 <= int(port) <= PORT_MAX:
        return Complaint(
            "Invalid address or port",
            f"'{port}' is not a port number from 1 to {PORT_MAX}",
            "a literal IPv6 address stands in brackets: Listen [::1]:80",
        )
    return None


class _Factor(Reader):
    """A number above 0, in sixteenths, as Apache keeps it: less than 1 is 1."""

    def read(self, name: str, words: tuple[str, ...]) -> int:
        try:
            value = float(words[0])
        except ValueError:
            why = f"'{words[0]}' is not a number"
            raise Refused(Complaint("error parsing value", why)) from None
        if not 0 < value < float("inf"):
            raise Refused(Complaint(f"{name} argument must be a positive number"))
        return max(int(value * 16), 16)


_CONNECTIONS = (
    "a worker of fastlb serves any number of connections at once, so how many"
    " processes are spare has no meaning; MaxRequestWorkers bounds the requests in work"
)

DIRECTIVES = (
    Directive(
        "Listen",
        S,
        "[address:]port [protocol]",
        "an address and port to accept connections on",
        takes=Args.RAW,
        manual=(
            "May be repeated; without an address, every address of the machine. An"
            " IPv6 literal stands in brackets. At least one is needed. The protocol is"
            " https for port 443 and http otherwise; TLS itself is SSLEngine."
        ),
        check=_listen,
    ),
    Directive(
        "ListenBackLog",
        S,
        "n",
        "connections that may wait in the kernel to be accepted",
        default="511",
        check=Integer(1, None, "ListenBacklog must be > 0"),
        sets="listen_backlog",
    ),
    Directive(
        "ListenCoresBucketsRatio",
        S,
        "n",
        "cores for each listening socket of its own",
        status=Status.EXPLAINED,
        default="0",
        reason="all workers share each listening socket, whatever the ratio",
    ),
    Directive(
        "ListenTCPDeferAccept",
        S,
        "seconds",
        "how long the kernel may wait for data before it hands over a connection",
        default="0",
        unit="s",
        check=Integer(0),
        sets="defer_accept_s",
    ),
    Directive(
        "SendBufferSize",
        S,
        "bytes",
        "send buffer of listening sockets; 0 for the system's",
        default="0",
        unit="bytes",
        check=Buffer(),
        sets="send_buffer_bytes",
    ),
    Directive(
        "ReceiveBufferSize",
        S,
        "bytes",
        "receive buffer of listening sockets; 0 for the system's",
        default="0",
        unit="bytes",
        check=Buffer(),
        sets="receive_buffer_bytes",
    ),
    Directive(
        "StartServers",
        S,
        "n",
        "number of workers",
        shown_default="number of cores",
        manual="fastlb always runs as many workers; a worker that dies is replaced.",
        differs="In Apache it is only the number at start.",
        check=Integer(0),
        sets="start_servers",
    ),
    Directive(
        "MaxRequestWorkers",
        S,
        "n",
        "requests in work at once, over all workers",
        default="0",
        shown_default="no bound but file descriptors",
        manual=(
            "As a thread of Apache's event MPM, a request is in work from its complete"
            " head to the end of its answer. What comes beyond it waits, in the order"
            " in which it came, and is not refused. Connections between requests, in a"
            " handshake, with half a head or in a tunnel are not counted."
        ),
        check=Integer(0),
        old_names=("MaxClients",),
        sets="max_request_workers",
    ),
    Directive(
        "MaxConnectionsPerChild",
        S,
        "n",
        "connections after which a worker is replaced; 0 for never",
        default="0",
        manual=(
            "Counts connections, not requests, of one worker process of fastlb. The"
            " worker stops accepting, finishes what it has and leaves while its"
            " replacement is already running. It says nothing about members."
        ),
        check=Integer(0),
        old_names=("MaxRequestsPerChild",),
        sets="max_connections_per_child",
    ),
    Directive(
        "GracefulShutdownTimeout",
        S,
        "seconds",
        "how long workers may go on after a graceful stop; 0 for ever",
        default="0",
        unit="s",
        check=Integer(0),
        sets="graceful_shutdown_timeout_s",
    ),
    Directive(
        "PidFile",
        S,
        "file",
        "file for the master's process id",
        shown_default="logs/fastlb.pid",
        manual="A relative name is under DefaultRuntimeDir or ServerRoot.",
        sets="pid_file",
    ),
    Directive(
        "User",
        S,
        "name|#id",
        "identity of the workers when the master starts as root",
        module=UNIXD,
        manual="Root must name one, and not root itself: whoever took over a worker "
        "would own the machine. Workers and monitor become this account for good; the "
        "master and the log programs that it starts keep root, as in Apache.",
        sets="user",
    ),
    Directive(
        "Group",
        S,
        "name|#id",
        "group of the workers when the master starts as root",
        module=UNIXD,
        manual="Without it, the group of the account that User names.",
        sets="group",
    ),
    Directive(
        "ChrootDir",
        S,
        "directory",
        "directory that workers are confined to",
        module=UNIXD,
        status=Status.UNSUPPORTED,
        reason="confining workers to a directory is not supported",
        cure="use the service manager's RootDirectory=",
        on_use=Severity.ERROR,
    ),
    Directive(
        "Suexec",
        S,
        "On|Off",
        "whether programs run as other users",
        module=UNIXD,
        status=Status.EXPLAINED,
        reason="fastlb runs no programs for requests",
    ),
    *(
        Directive(
            name,
            S,
            "n",
            help_text,
            module=module,
            status=Status.EXPLAINED,
            reason=_CONNECTIONS,
            check=Integer(0),
        )
        for name, module, help_text in (
            ("MinSpareServers", PREFORK, "least number of idle processes"),
            ("MaxSpareServers", PREFORK, "greatest number of idle processes"),
            ("ServerLimit", MODULE, "upper bound of the number of processes"),
            ("ThreadsPerChild", EVENT, "connections that one process serves"),
            ("ThreadLimit", EVENT, "upper bound of ThreadsPerChild"),
            ("MinSpareThreads", EVENT, "least number of idle threads"),
            ("MaxSpareThreads", EVENT, "greatest number of idle threads"),
        )
    ),
    Directive(
        "AsyncRequestWorkerFactor",
        S,
        "n",
        "connections beyond requests in work, for each thread that is idle",
        module=EVENT,
        default="2",
        manual=(
            "Under Compat apache, where mod_mpm_event is loaded, the connections of all"
            " workers are bounded by MaxRequestWorkers + factor x (MaxRequestWorkers -"
            " requests in work): Apache's formula for a process, over all of them."
            " Otherwise it changes nothing, and MaxClientConnections bounds them."
        ),
        check=_Factor(),
        sets="async_factor",
    ),
    *(
        Directive(
            name,
            S,
            syntax,
            "detail of Apache's processes",
            takes=Args.ONE,
            status=Status.EXPLAINED,
            reason=reason,
        )
        for name, syntax, reason in (
            ("ScoreBoardFile", "file", "the scoreboard is anonymous shared memory"),
            ("CoreDumpDirectory", "directory", "core dumps go where the system says"),
            ("EnableExceptionHook", "On|Off", "there are no exception hooks"),
            ("MaxMemFree", "KiB", "free memory is bounded by built-in pools"),
            ("ThreadStackSize", "bytes", "workers have one thread each"),
        )
    ),
)
