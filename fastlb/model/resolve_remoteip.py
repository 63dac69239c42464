"""RemoteIP*: whom a server believes, where connections begin with a PROXY header."""

from __future__ import annotations

import re
from typing import Final

from fastlb.config.tree import Node
from fastlb.facts.remote_ip import RemoteProxy
from fastlb.model.drafts import Drafts, Handler, Place, ServerDraft
from fastlb.model.networks import NetworkError, network_of
from fastlb.model.report import Mistake
from fastlb.model.resolve_server import absolute

EVERYWHERE: Final[tuple[str, int | None]] = ("*", None)

_LOOKS_LIKE_IP: Final = re.compile(r"[0-9.]*|.*:.*")


def _proxies(run: Drafts, place: Place, node: Node) -> None:
    """RemoteIPInternalProxy, RemoteIPTrustedProxy."""
    for word in node.args:
        try:
            _believe(run, place, node, word)
        except ValueError as problem:
            raise Mistake("FB0239", str(problem), word=word) from None


def _proxy_list(run: Drafts, place: Place, node: Node) -> None:
    """RemoteIPInternalProxyList, RemoteIPTrustedProxyList: the same from a file."""
    name = node.args[0]
    path = absolute(run, name)
    try:
        with open(path, encoding="latin-1") as file:
            lines = file.read().split("\n")
    except OSError as problem:
        text = f"{node.name}: Could not open file {path}: {problem.strerror}"
        raise Mistake("FB0239", text, word=name) from None
    for number, line in enumerate(lines, 1):
        for word in line.split():
            if word.startswith("#"):
                break
            try:
                _believe(run, place, node, word.strip("\"'"))
            except ValueError as problem:
                text = f"{problem} at line {number} of {path}"
                raise Mistake("FB0239", text, word=name) from None


def _believe(run: Drafts, place: Place, node: Node, word: str) -> None:
    """Add what a word names. Raises ValueError, in Apache's words."""
    host, slash, mask = word.partition("/")
    complaint = f"RemoteIP: Error parsing IP {word}"
    if _LOOKS_LIKE_IP.fullmatch(host):
        try:
            networks = [network_of(word)]
        except NetworkError as problem:
            raise ValueError(f"{complaint} ({problem} error) for {node.name}") from None
    elif slash:
        raise ValueError(f"{complaint} the subnet /{mask} is invalid for {node.name}")
    else:
        networks = [network_of(address) for address in run.lookup(host)]
        if not networks:
            why = "Name or service not known"
            raise ValueError(f"{complaint} ({why} error) for {node.name}")
    internal = "internal" in node.name.lower()
    said = place.server.settings
    said["remote_ip_proxies"] = (
        *said.get("remote_ip_proxies", ()),
        *(RemoteProxy(network, internal) for network in networks),
    )


def remote_proxies(
    main: ServerDraft, server: ServerDraft
) -> tuple[RemoteProxy, ...] | None:
    """Whom a server believes: its own lines, and behind them the main server's."""
    drafts = [server] if server.is_main else [server, main]
    said = [one.settings.get("remote_ip_proxies") for one in drafts]
    if all(one is None for one in said):
        return None
    return tuple(proxy for one in said for proxy in one or ())


def _proxy_protocol(run: Drafts, place: Place, node: Node) -> None:
    """Two lists, as Apache keeps them: a line takes its addresses off the other."""
    values = run.process.values
    mine, others = "proxy_protocol_on", "proxy_protocol_off"
    if node.args[0].lower() == "off":
        mine, others = others, mine
    for address in [EVERYWHERE] if place.server.is_main else place.server.addresses:
        listed = values.get(others, ())
        values[others] = tuple(one for one in listed if one != address)
        values[mine] = (*values.get(mine, ()), address)


def _exceptions(run: Drafts, _place: Place, node: Node) -> None:
    values = run.process.values
    for word in node.args:
        try:
            network = network_of(word)
        except NetworkError as problem:
            detail = f": {problem}" if str(problem) else ""
            text = f"ip address '{word}' appears to be invalid{detail}"
            raise Mistake("FB0239", text, word=word) from None
        known = values.get("proxy_protocol_exceptions", ())
        values["proxy_protocol_exceptions"] = (*known, network)


HANDLERS: Final[dict[str, Handler]] = {
    "remoteipinternalproxy": _proxies,
    "remoteiptrustedproxy": _proxies,
    "remoteipinternalproxylist": _proxy_list,
    "remoteiptrustedproxylist": _proxy_list,
    "remoteipproxyprotocol": _proxy_protocol,
    "remoteipproxyprotocolexceptions": _exceptions,
}
