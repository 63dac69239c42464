"""Balancers and their members: mod_proxy's part, and the heartbeat modules."""

from __future__ import annotations

from fastlb.base.limits import PORT_MAX
from fastlb.config.checks import Duration, Integer
from fastlb.config.directives.balancer_params import LBMETHODS, LBMETHODS_OWN
from fastlb.config.registry import (
    SV,
    SVD,
    Args,
    Complaint,
    Directive,
    Reader,
    Refused,
    S,
    Status,
)

MODULE = "mod_proxy.c"
HEARTMONITOR = "mod_heartmonitor.c"


class Servers(Reader):
    """HeartbeatMaxServers."""

    __slots__ = ()

    def read(self, name: str, words: tuple[str, ...]) -> int:
        value: int = Integer(0).read(name, words)
        if 0 < value < 10:
            raise Refused(
                Complaint(
                    f"{name}: Should be 0 for file storage, or greater or equal than 10"
                    " for slotmem"
                )
            )
        return value


class ListenAddress(Reader):
    """HeartbeatListen: (host, port). A name is asked for when the monitor begins."""

    __slots__ = ()

    def read(self, name: str, words: tuple[str, ...]) -> tuple[str, int]:
        host, colon, port = words[0].rpartition(":")
        if not colon and port.isdecimal():
            raise _refused(name, "No host provided in multicast address")
        if not colon:
            raise _refused(name, "No port provided in multicast address")
        if not host or not port.isdecimal() or not 0 < int(port) <= PORT_MAX:
            raise _refused(name, "Unable to parse multicast address.")
        if host == "*":
            raise _refused(name, "apr_sockaddr_info_get failed on multicast address")
        return host.removeprefix("[").removesuffix("]"), int(port)


def _refused(name: str, text: str) -> Refused:
    return Refused(Complaint(f"{name}: {text}"))


def _methods() -> str:
    ours = " (Apache has no such method)"
    return ", ".join(name + ours * (name in LBMETHODS_OWN) for name in LBMETHODS)


DIRECTIVES = (
    Directive(
        "BalancerMember",
        SVD,
        "[balancer-url] url [key=value ...]",
        "a member of a balancer",
        takes=Args.RAW,
        manual=(
            "Stands inside <Proxy balancer://name>, or names the balancer first. The"
            " keys may also stand behind the target of a ProxyPass that names a server."
        ),
    ),
    Directive(
        "ProxySet",
        SVD,
        "[url] key=value [key=value ...]",
        "keys of a balancer or member",
        takes=Args.RAW,
        manual=(
            "Inside <Proxy balancer://name>, without a URL, and behind the target of a"
            " ProxyPass that names a balancer: the keys below. For the URL of a member"
            " without a balancer: those of BalancerMember. Methods of lbmethod=:"
            f" {_methods()}."
        ),
    ),
    Directive(
        "BalancerGrowth",
        SV,
        "n",
        "balancers that may be added while running",
        default="5",
        check=Integer(0, 1000, "BalancerGrowth must be between 0 and 1000"),
        status=Status.EXPLAINED,
        reason="balancers are added with a reload",
    ),
    Directive(
        "BalancerInherit",
        SV,
        "On|Off",
        "whether virtual hosts get the main server's balancers",
        default="On",
        sets="balancer_inherit",
    ),
    Directive(
        "BalancerPersist",
        SV,
        "On|Off",
        "whether what was changed of balancers while running outlives a restart",
        shown_default="On",
        manual=(
            "What balancer-manager, balancer-api and fastlb ctl have changed is kept in"
            " a file beside the PidFile (.changes). A reload and a start put it on the"
            " configuration again, member by member, where that still says what it said"
            " then. Off: it ends with the next reload. Not inherited: each virtual host"
            " says it for its own balancers. Under Compat apache the default is Off, as"
            " in Apache."
        ),
        sets="balancer_persist",
    ),
    Directive(
        "ProxyPassInherit",
        SV,
        "On|Off",
        "whether virtual hosts get the main server's ProxyPass rules",
        default="On",
        manual="With Off a virtual host has only its own rules.",
        differs="In Apache Off does not remove the inherited rules.",
        sets="proxy_pass_inherit",
    ),
    Directive(
        "HeartbeatStorage",
        S,
        "file",
        "file that heartbeats are kept in",
        module="mod_lbmethod_heartbeat.c",
        shown_default="hb.dat",
        manual=(
            "With HeartbeatMaxServers 0 what HeartbeatListen hears is written there;"
            " without HeartbeatListen it is read from there, as mod_heartmonitor of"
            " another server writes it. A relative name is under DefaultRuntimeDir."
        ),
        sets="heartbeat_storage",
    ),
    Directive(
        "HeartbeatListen",
        S,
        "address:port",
        "address to hear heartbeats of members on",
        module=HEARTMONITOR,
        manual=(
            "For lbmethod=heartbeat. Of a multicast address the group is joined."
            " docs/balancing.md says who sends, and what."
        ),
        check=ListenAddress(),
        sets="heartbeat_listen",
    ),
    Directive(
        "HeartbeatMaxServers",
        S,
        "n",
        "how many members may send heartbeats",
        module=HEARTMONITOR,
        default="10",
        manual="0: any number, and HeartbeatStorage is written.",
        check=Servers(),
        sets="heartbeat_max_servers",
    ),
    Directive(
        "HeartbeatAddress",
        S,
        "address:port",
        "address to send heartbeats to",
        module="mod_heartbeat.c",
        status=Status.UNSUPPORTED,
        reason="this server says nothing of itself to others",
    ),
    Directive(
        "WatchdogInterval",
        S,
        "n[ms]",
        "how often periodic work is looked at",
        module="mod_watchdog.c",
        default="1",
        unit="s",
        check=Duration("s", 1, "Unparse-able WatchdogInterval setting"),
        status=Status.EXPLAINED,
        reason="work by clock has intervals of its own",
    ),
)
