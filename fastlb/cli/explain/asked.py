"""A request that is to be explained, and where it would arrive."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from fastlb.facts.server import Model

CLIENT = "192.0.2.1"  # of the documentation's network (RFC 5737)
LOOPBACK = "127.0.0.1"


class AskedError(ValueError):
    """Such a request cannot be: str() says why."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the client sends, and from where.

    url      absolute, or a path of the first listener's own host
    fields   lines "Name: value"; they follow Host, which one of them may replace
    local    address at which it arrives; "": one that fits
    """

    url: str
    method: str = "GET"
    fields: tuple[str, ...] = ()
    client: str = CLIENT
    local: str = ""
    tls: bool | None = None  # None: as the URL's scheme says


@dataclass(frozen=True, slots=True)
class Arrival:
    """Where it arrives: a listener and its address, and what the client sends there.

    remark: what was assumed, "" for nothing.
    """

    listener: int
    local: str
    tls: bool
    host: str
    head: bytes
    remark: str = ""


def packed(address: str) -> bytes:
    """16 bytes; IPv4 as ::ffff:a.b.c.d. Raises AskedError."""
    try:
        found = ipaddress.ip_address(address.strip("[]")).packed
    except ValueError:
        raise AskedError(f"{address} is no IP address") from None
    return found if len(found) == 16 else b"\0" * 10 + b"\xff\xff" + found


def arrival(model: Model, asked: Asked) -> Arrival:
    """Where a request arrives. Raises AskedError."""
    parts = _parts(asked.url)
    if not model.listeners:
        raise AskedError("nothing listens: there is no Listen")
    tls = parts.scheme == "https" if asked.tls is None else asked.tls
    listener, remark = _listener(model, parts, tls, bool(asked.tls))
    host = parts.hostname or ""
    entry = model.listeners[listener]
    local = asked.local or address_of(model, entry.host, entry.port, host)
    if parts.netloc:
        authority = parts.netloc.rpartition("@")[2]
    else:
        host = default_name(model, local, entry.port)
        authority = host
    if not parts.scheme and asked.tls is None:
        tls = speaks_tls(model, listener)
    return Arrival(
        listener, local, tls, host, _head(asked, parts, authority, tls), remark
    )


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as problem:
        raise AskedError(f"{url}: {problem}") from None
    if url.startswith("/") and not url.startswith("//"):
        return parts._replace(netloc="", scheme="")
    if parts.scheme in ("ws", "wss"):
        parts = parts._replace(scheme={"ws": "http", "wss": "https"}[parts.scheme])
    if parts.scheme not in ("http", "https", "") or not parts.netloc:
        raise AskedError(f"{url}: write http://host/path, https://host/path or /path")
    return parts


def _listener(
    model: Model, parts: SplitResult, tls: bool, forced: bool
) -> tuple[int, str]:
    """(number of the listener, remark)."""
    if not parts.netloc:
        return 0, ""
    port = parts.port or (443 if parts.scheme == "https" or forced else 80)
    for number, listener in enumerate(model.listeners):
        if listener.port == port:
            return number, ""
    if parts.port is not None:
        known = ", ".join(str(listener.port) for listener in model.listeners)
        raise AskedError(f"nothing listens on port {port}, but on {known}")
    for number, listener in enumerate(model.listeners):
        if speaks_tls(model, number) is tls:
            remark = f"nothing listens on {port}: taken as if it came to this one"
            return number, f"{remark} ({listener.port})"
    raise AskedError(
        f"nothing listens on port {port}, nor elsewhere for"
        f" {'https' if tls else 'http'}"
    )


def _sets(model: Model, host: str, port: int) -> list[tuple[str, tuple[int, ...]]]:
    """(address, virtual hosts) of the sets that connections to a listener may reach."""
    return [
        (item.host, item.vhosts)
        for item in model.address_sets
        if item.port in (None, port) and (not host or item.host in ("*", host))
    ]


def speaks_tls(model: Model, number: int) -> bool:
    entry = model.listeners[number]
    hosts = [index for _, indexes in _sets(model, "", entry.port) for index in indexes]
    return any(model.vhosts[index].tls is not None for index in hosts or (0,))


def address_of(model: Model, host: str, port: int, name: str) -> str:
    """The address at which a client of that name arrives."""
    if host not in ("", "0.0.0.0", "::"):
        return host
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        pass
    # Of the addresses that virtual hosts name one may have the host that is meant.
    literal = [item for item in _sets(model, "", port) if item[0] != "*"]
    for address, indexes in literal:
        for vhost in (model.vhosts[index] for index in indexes):
            if name.lower() in (vhost.server_name.lower(), *vhost.aliases):
                return address
    return "::1" if host == "::" else LOOPBACK


def default_name(model: Model, local: str, port: int) -> str:
    for wanted in (local, "*"):
        for address, indexes in _sets(model, "", port):
            if address == wanted and indexes:
                return model.vhosts[indexes[0]].server_name
    return model.vhosts[0].server_name


def _head(asked: Asked, parts: SplitResult, authority: str, tls: bool) -> bytes:
    target = parts.path or "/"
    if parts.query or asked.url.endswith("?"):
        target += f"?{parts.query}"
    fields = list(asked.fields)
    for line in fields:
        if ":" not in line or "\r" in line or "\n" in line:
            raise AskedError(f"{line!r} is no header field: write 'Name: value'")
    names = {line.partition(":")[0].strip().lower() for line in fields}
    if "host" not in names:
        fields.insert(0, f"Host: {authority}")
    lines = [f"{asked.method} {target} HTTP/1.1", *fields, "", ""]
    return "\r\n".join(lines).encode("utf-8", "surrogateescape")


def is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
