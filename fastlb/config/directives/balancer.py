"""Balancers and their members: mod_proxy's part, and the heartbeat modules."""

from __future__ import annotations

from fastlb.config.checks import Duration, Integer
from fastlb.config.directives.balancer_params import LBMETHODS, LBMETHODS_OWN
from fastlb.config.registry import SV, SVD, Args, Complaint, Directive, S, Status

MODULE = "mod_proxy.c"
HEARTMONITOR = "mod_heartmonitor.c"
_HEARTBEATS = "heartbeats are not supported"
_BUSYNESS = "write lbmethod=bybusyness, which gives less to members that are slow"


def _heartbeat_servers(name: str, words: tuple[str, ...]) -> Complaint | None:
    found = Integer(0)(name, words)
    if found is not None or int(words[0]) == 0 or int(words[0]) >= 10:
        return found
    return Complaint(
        f"{name}: Should be 0 for file storage, or greater or equal than 10 for slotmem"
    )


def _address(name: str, words: tuple[str, ...]) -> Complaint | None:
    if not words[0].rpartition(":")[2].isdigit():
        return Complaint(f"{name}: No port provided in multicast address")
    return None


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
        "whether the state of balancers outlives a restart",
        default="Off",
        manual="Not inherited: each virtual host says it for itself.",
        status=Status.EXPLAINED,
        reason="the state of members outlives a reload, and ends with a stop",
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
        default="hb.dat",
        status=Status.UNSUPPORTED,
        reason=_HEARTBEATS,
        cure=_BUSYNESS,
    ),
    Directive(
        "HeartbeatListen",
        S,
        "address:port",
        "address to hear heartbeats of members on",
        module=HEARTMONITOR,
        check=_address,
        status=Status.UNSUPPORTED,
        reason=_HEARTBEATS,
        cure=_BUSYNESS,
    ),
    Directive(
        "HeartbeatMaxServers",
        S,
        "n",
        "how many members may send heartbeats",
        module=HEARTMONITOR,
        default="10",
        check=_heartbeat_servers,
        status=Status.UNSUPPORTED,
        reason=_HEARTBEATS,
        cure=_BUSYNESS,
    ),
    Directive(
        "HeartbeatAddress",
        S,
        "address:port",
        "address to send heartbeats to",
        module="mod_heartbeat.c",
        status=Status.UNSUPPORTED,
        reason=_HEARTBEATS,
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
