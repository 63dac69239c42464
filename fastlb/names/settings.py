"""What the system says of names: /etc/hosts, /etc/resolv.conf, /etc/nsswitch.conf.

Each is read as the C library reads it, and again when it has changed. What cannot be
read counts as empty, as there.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from fastlb.base.addresses import literal_of

HOSTS = "/etc/hosts"
RESOLV_CONF = "/etc/resolv.conf"
NSSWITCH_CONF = "/etc/nsswitch.conf"

FILE_BYTES_MAX = 16 * 1024 * 1024
DNS_PORT = 53
SERVERS_MAX = 3  # MAXNS
SEARCH_MAX = 32
NDOTS_MAX = 15
TIMEOUT_MAX_S = 30
ATTEMPTS_MAX = 5

Server = tuple[str, int]  # literal address, port
Hosts = Mapping[str, tuple[str, ...]]  # name in lower case -> literal addresses
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asking:
    """resolv.conf: whom to ask, and how (resolv.conf(5))."""

    servers: tuple[Server, ...] = (("127.0.0.1", DNS_PORT),)
    search: tuple[str, ...] = ()
    ndots: int = 1
    timeout_s: float = 5.0
    attempts: int = 2
    rotates: bool = False
    by_tcp: bool = False
    asks_for_v6: bool = True
    edns: bool = False


def read_resolv_conf(text: str, environ: Mapping[str, str]) -> Asking:
    """LOCALDOMAIN and RES_OPTIONS of environ come last and win."""
    servers: list[Server] = []
    search: Sequence[str] = ()
    options: list[str] = []
    for line in text.splitlines():
        word, *rest = line.split("#")[0].split(";")[0].split() or [""]
        if word == "nameserver" and rest and len(servers) < SERVERS_MAX:
            address, _, scope = rest[0].partition("%")
            if literal_of(address) is not None:
                servers.append((rest[0] if scope else address, DNS_PORT))
        elif word in ("search", "domain"):
            search = rest if word == "search" else rest[:1]
        elif word == "options":
            options += rest
    if local := environ.get("LOCALDOMAIN"):
        search = local.split()
    options += environ.get("RES_OPTIONS", "").split()
    found = _options(options)
    return Asking(
        servers=tuple(servers) or Asking().servers,
        search=tuple(
            name.strip(".") for name in search[:SEARCH_MAX] if name.strip(".")
        ),
        ndots=min(found.get("ndots", 1), NDOTS_MAX),
        timeout_s=float(min(max(found.get("timeout", 5), 1), TIMEOUT_MAX_S)),
        attempts=min(max(found.get("attempts", 2), 1), ATTEMPTS_MAX),
        rotates="rotate" in found,
        by_tcp="use-vc" in found,
        asks_for_v6="no-aaaa" not in found,
        edns="edns0" in found,
    )


def _options(words: Sequence[str]) -> dict[str, int]:
    """`ndots:5`, `rotate` -> {"ndots": 5, "rotate": 0}."""
    found = {}
    for word in words:
        name, _, number = word.partition(":")
        if not number:
            found[name] = 0
        elif number.isascii() and number.isdigit():
            found[name] = int(number[:9])
    return found


def read_hosts(text: str) -> Hosts:
    """An address and its names on each line; a name may stand on several."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        address, *names = line.split("#")[0].split() or [""]
        if literal_of(address) is None:
            continue
        for name in names:
            known = found.setdefault(name.lower(), [])
            if address not in known:
                known.append(address)
    return {name: tuple(addresses) for name, addresses in found.items()}


def read_nsswitch(text: str) -> tuple[str, ...]:
    """Who is asked for a host, in order; what to do when ([NOTFOUND=return]) is left
    out."""
    for line in text.splitlines():
        word, colon, rest = line.split("#")[0].partition(":")
        if colon and word.strip() == "hosts":
            sources, is_action = [], False
            for one in rest.replace("[", " [ ").replace("]", " ] ").split():
                if one in ("[", "]"):
                    is_action = one == "["
                elif not is_action:
                    sources.append(one)
            return tuple(sources)
    return ("files", "dns")


@dataclass(slots=True)
class Watched(Generic[T]):
    """A file's content, read again when the file has changed."""

    path: str
    read: Callable[[str], T]
    _seen: tuple[int, ...] = ()
    _value: T | None = field(default=None)

    def now(self) -> T:
        stamp = self._stamp()
        if self._value is None or stamp != self._seen:
            self._value = self.read(self._text())
            self._seen = stamp
        return self._value

    def _stamp(self) -> tuple[int, ...]:
        try:
            found = os.stat(self.path)
        except OSError:
            return (-1,)
        return (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)

    def _text(self) -> str:
        try:
            with open(self.path, "rb") as file:
                return file.read(FILE_BYTES_MAX).decode("utf-8", "replace")
        except OSError:
            return ""


@dataclass(frozen=True, slots=True)
class System:
    """The three files; paths as tests have them."""

    hosts: Watched[Hosts] = field(default_factory=lambda: Watched(HOSTS, read_hosts))
    asking: Watched[Asking] = field(
        default_factory=lambda: Watched(
            RESOLV_CONF, lambda text: read_resolv_conf(text, os.environ)
        )
    )
    sources: Watched[tuple[str, ...]] = field(
        default_factory=lambda: Watched(NSSWITCH_CONF, read_nsswitch)
    )
