"""Listeners, virtual hosts, their names and addresses."""

from __future__ import annotations

from typing import Final

from fastlb.base.addresses import literal_of
from fastlb.config.hosts import port_number, split_host_port
from fastlb.config.tree import Node
from fastlb.facts.listener import AddressSet, Listener
from fastlb.model.drafts import Drafts, Handler, Place, ServerDraft
from fastlb.model.report import Mistake, place_of


def listen(run: Drafts, _place: Place, node: Node) -> None:
    """`Listen [addr:]port [protocol]`."""
    parts = split_host_port(node.args[0])
    port = port_number(parts[1]) if parts is not None else None
    if parts is None or port is None or "%" in parts[0]:
        raise Mistake(
            "FB0210",
            "Invalid address or port",
            cure="write Listen 8080, Listen 127.0.0.1:8080 or Listen [::1]:8080",
        )
    protocol = node.args[1].lower() if len(node.args) > 1 else ""
    for address in _listen_addresses(run, node, parts[0]):
        for other_host, other_port, _, other in run.listens:
            if (other_host, other_port) == (address, port):
                run.report.error(
                    node,
                    "FB0211",
                    "Cannot define multiple Listeners on the same IP:port",
                    why=f"the first stands at {place_of(other)}",
                    cure="remove one of the two lines",
                )
                break
        else:
            default = "https" if port == 443 else "http"
            run.listens.append((address, port, protocol or default, node))


def _listen_addresses(run: Drafts, node: Node, host: str) -> tuple[str, ...]:
    if host in ("", "*"):
        return ("",)
    literal = literal_of(host)
    if literal is not None:
        return (literal,)
    found = run.lookup(host)
    if not found:
        run.report.error(
            node,
            "FB0212",
            f"Could not resolve host name {host}",
            cure="write the IP address",
            word=host,
        )
    return found[:1]


def listeners(run: Drafts) -> tuple[Listener, ...]:
    """All Listen lines. None at all is a warning (lint.py), as Apache's -t passes."""
    return tuple(
        Listener(host, port, protocol, node.file, node.line)
        for host, port, protocol, node in run.listens
    )


def own_name(server: ServerDraft, main: ServerDraft) -> str:
    """The name a server says it has; "" where nothing says one.

    A virtual host without ServerName has the name that stands for its address. httpd
    looks up what the address is called, which is that name or a surprise.
    """
    said: str | None = server.settings.get("server_name")
    if said is None and all(host != "*" for host, _ in server.addresses):
        said = next(iter(server.written_names), None)
    return said or main.settings.get("server_name", "")


def own_port(server: ServerDraft, main: ServerDraft) -> int | None:
    """The port that a server says it has (httpd's server_rec.port).

    ServerName gives it, or says by its silence that it is the scheme's. A virtual
    host without ServerName has that of its address, else the main server's.
    """
    said: int | None = server.settings.get("server_port")
    if "server_name" in server.settings or server.is_main:
        return said
    ports = (port for _, port in server.addresses if port)
    return next(ports, main.settings.get("server_port"))


def server_alias(_run: Drafts, place: Place, node: Node) -> None:
    """`ServerAlias name ...`; lines add up."""
    place.server.aliases.extend(name.lower() for name in node.args)


def virtual_host(run: Drafts, node: Node) -> ServerDraft:
    """The draft of a <VirtualHost>, with its addresses; its children are not read."""
    draft = ServerDraft(node=node)
    # None, any port, when no ServerName above names one: seen in httpd 2.4.71.
    main_port = run.main.settings.get("server_port")
    if not node.args:
        run.report.error(
            node, "FB0214", "<VirtualHost> directive requires additional arguments"
        )
    for word in node.args:
        with run.report.mistakes_at(node):
            _add_address(run, draft, node, word, main_port)
    return draft


def _add_address(
    run: Drafts, draft: ServerDraft, node: Node, word: str, main_port: int | None
) -> None:
    port: int | None
    if word == "*":
        draft.addresses.append(("*", None))  # whatever port the main server names
        return
    head, colon, tail = word.rpartition(":")
    if colon and tail == "*" and not word.endswith("]"):
        parts: tuple[str, str] | None = (head.removeprefix("[").removesuffix("]"), "")
        port = None
    else:
        parts = split_host_port(word)
        port = main_port
    host, port_text = parts or ("", "")
    if port_text:
        port = port_number(port_text)
    if parts is None or (port_text and port is None):
        raise Mistake("FB0214", "The address or port is invalid", word=word)
    if not host:
        raise Mistake(
            "FB0214",
            "Missing address for VirtualHost",
            cure=f"write <VirtualHost *:{word.lstrip(':')}>",
            word=word,
            instead=f"*:{word.lstrip(':')}",
        )
    if host == "*" or host.lower() == "_default_":
        draft.addresses.append(("*", port))
        return
    literal = literal_of(host)
    if literal is not None:
        draft.addresses.append((literal, port))
        return
    draft.written_names.append(host.lower())
    found = run.lookup(host)
    if not found:
        run.report.warn(
            node,
            "FB0215",
            f"AH00547: Could not resolve host name {host} -- ignoring!",
            why="no connection can reach this virtual host by that address",
            cure=f"write <VirtualHost *:{port or '*'}> with ServerName {host}",
            word=host,
        )
    draft.addresses.extend((address, port) for address in found)


def address_sets(vhosts: list[ServerDraft]) -> tuple[AddressSet, ...]:
    """Virtual hosts by address, in file order; vhosts[i] has index i + 1."""
    sets: dict[tuple[str, int | None], list[int]] = {}
    for index, draft in enumerate(vhosts, 1):
        for address in draft.addresses:
            members = sets.setdefault(address, [])
            if members[-1:] != [index]:  # it may name an address twice
                members.append(index)
    return tuple(
        AddressSet(host, port, tuple(indexes)) for (host, port), indexes in sets.items()
    )


def vhost_ids(vhosts: list[ServerDraft], names: list[str]) -> list[str]:
    """An identity for each virtual host that holds over a reload.

    First address, port and ServerName, as Apache's; a second block with the same
    three (which no request can reach by name) gets a number.
    """
    seen: dict[str, int] = {}
    ids: list[str] = []
    for draft, name in zip(vhosts, names, strict=True):
        host, port = draft.addresses[0] if draft.addresses else ("", None)
        shown = f"[{host}]" if ":" in host else host
        base = f"{shown}:{port or '*'}/{name}"
        seen[base] = seen.get(base, 0) + 1
        ids.append(base if seen[base] == 1 else f"{base}#{seen[base]}")
    return ids


HANDLERS: Final[dict[str, Handler]] = {
    "listen": listen,
    "serveralias": server_alias,
}
