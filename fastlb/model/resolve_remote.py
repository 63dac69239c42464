"""ProxyRemote, ProxyRemoteMatch, NoProxy: members that are reached through a proxy.

Which one that is, is decided for each member, from its URL. Apache decides for each
request, but what its worker has connected to first stays (as observed), and NoProxy it
compares with the Host that the client has sent.
"""

from __future__ import annotations

import base64
import ipaddress
import re
from typing import Final

from fastlb._pcre2 import Pattern
from fastlb.base.addresses import literal_of
from fastlb.config.tree import Node
from fastlb.facts.member import Remote
from fastlb.model.drafts import Drafts, Handler, MemberDraft, Place, ServerDraft
from fastlb.model.targets import Target, parse_target

HTTP = ("http", "https", "wss")
"""Schemes that a proxy of HTTP can carry: asked for whole URLs, or by CONNECT."""

_QUADS: Final = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){0,3}")


def lines_of(run: Drafts, server: ServerDraft) -> list[Node]:
    """The main server's first; the first one that takes a member counts."""
    lines = list(run.main.remotes)
    return lines if server.is_main else lines + server.remotes


def line_for(run: Drafts, server: ServerDraft, target: Target) -> Node | None:
    """Which line names the proxy for a target; None: it is reached directly."""
    if target.unix_path is not None or _is_direct(run, server, target):
        return None
    return next((n for n in lines_of(run, server) if _takes(n, target)), None)


def remote_of(run: Drafts, server: ServerDraft, target: Target) -> Remote | None:
    """The proxy of a target, as this server has it."""
    node = line_for(run, server, target)
    if node is None:
        return None
    proxy = parse_target(node.args[1])
    said = node.args[2] if len(node.args) > 2 else ""
    words = base64.b64encode(said.encode("utf-8", "surrogateescape")).decode()
    return Remote(proxy.host, proxy.port, f"Basic {words}" if said else "")


def _spellings(target: Target) -> tuple[str, ...]:
    """With the port of the scheme, and without it."""
    url = target.url.lower()
    if target.explicit_port:
        return (url,)
    host = f"[{target.host}]" if ":" in target.host else target.host
    return url, f"{target.scheme}://{host}:{target.port}{target.path.lower()}"


def _takes(node: Node, target: Target) -> bool:
    match = node.args[0]
    if node.name.lower() == "proxyremotematch":
        pattern = Pattern(match.encode("latin-1", "replace"))
        return any(
            pattern.search(url.encode("latin-1", "replace")) is not None
            for url in _spellings(target)
        )
    if ":" not in match:
        return match == "*" or match.lower() == target.scheme
    return any(url.startswith(match.lower()) for url in _spellings(target))


def asks_for_a_part(node: Node, target: Target) -> bool:
    """Would some requests of the member go through the proxy, and others not?"""
    match = node.args[0]
    if node.name.lower() == "proxyremotematch":
        rest = match.partition("://")[2]
        return "/" in rest or "$" in rest
    longer = match.lower()
    return any(longer != url and longer.startswith(url) for url in _spellings(target))


def _is_direct(run: Drafts, server: ServerDraft, target: Target) -> bool:
    lines = list(run.main.directs)
    if not server.is_main:
        lines += server.directs
    return any(_names(word, target.host) for node in lines for word in node.args)


def _names(word: str, host: str) -> bool:
    """A host, a `.domain`, an address or a subnet (192.168, 192.168.0.0/21)."""
    network = network_of(word)
    if network is not None:
        literal = literal_of(host)
        return literal is not None and ipaddress.ip_address(literal) in network
    word, host = word.lower().rstrip("."), host.rstrip(".")
    return host.endswith(word) if word.startswith(".") else host == word


def network_of(
    word: str,
) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    """None for a name. Without bits, zeros at the end are not compared (Apache)."""
    address, slash, bits = word.partition("/")
    if _QUADS.fullmatch(address):
        quads = address.split(".")
        while not slash and len(quads) > 1 and quads[-1] == "0":
            quads.pop()
        size = bits if slash else str(8 * len(quads))
        address = ".".join([*quads, *["0"] * (4 - len(quads))])
    elif ":" in address:
        size = bits or "128"
    else:
        return None
    try:
        return ipaddress.ip_network(f"{address}/{size}", strict=False)
    except ValueError:
        return None


def _line(run: Drafts, place: Place, node: Node) -> None:
    """ProxyRemote, ProxyRemoteMatch: lines add up."""
    del run
    place.server.remotes.append(node)


def _direct(run: Drafts, place: Place, node: Node) -> None:
    """NoProxy: lines add up."""
    del run
    place.server.directs.append(node)


def members_of(run: Drafts, server: ServerDraft) -> list[MemberDraft]:
    """All that a server has or inherits, but for those that are reached directly."""
    members = server.every_member()
    if not server.is_main:
        members = [*run.main.every_member(), *members]
    return [
        member
        for member in members
        if member.target.unix_path is None
        and not _is_direct(run, server, member.target)
    ]


HANDLERS: Final[dict[str, Handler]] = {
    "proxyremote": _line,
    "proxyremotematch": _line,
    "noproxy": _direct,
}
