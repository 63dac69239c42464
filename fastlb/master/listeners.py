"""Listening sockets: bound once by the master, or handed to it, inherited by every
worker.

A socket is known by (host, port) for as long as any configuration names it, so a
reload neither closes nor misses a connection: what stays is kept, what is new is
bound before anyone is told, what went is closed when the new workers accept.
"""

from __future__ import annotations

import errno
import os
import socket
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from fastlb.facts.listener import Listener
from fastlb.facts.server import ProcessSettings
from fastlb.master.errors import Exit, StartError
from fastlb.master.handed import HandedSockets

Address = tuple[str, int]


class Listeners:
    """The open listening sockets of this master.

    handed: those that were open before it. inherited: those of the program whose place
    this one has taken.
    """

    def __init__(
        self,
        handed: HandedSockets,
        inherited: Mapping[Address, socket.socket] = MappingProxyType({}),
    ) -> None:
        self._handed = handed
        self._open: dict[Address, socket.socket] = dict(inherited)

    def bind_missing(
        self, wanted: Iterable[Listener], settings: ProcessSettings
    ) -> tuple[Address, ...]:
        """Bind what is not open yet; all of it, or StartError and nothing.

        Returns the addresses that were bound now.
        """
        new: dict[Address, socket.socket] = {}
        try:
            for listener in wanted:
                address = (listener.host, listener.port)
                if address not in self._open and address not in new:
                    new[address] = self._adopt(listener, settings) or bind(
                        listener, settings, self._open
                    )
        except BaseException:
            close_all(new.values())
            raise
        self._open.update(new)
        return tuple(new)

    def close_unnamed(self) -> Iterator[str]:
        """Close what was handed over and no Listen has named; what is to be told."""
        return self._handed.close_rest()

    def sockets(self, listeners: Iterable[Listener]) -> tuple[socket.socket, ...]:
        """Their sockets, in the same order."""
        return tuple(self._open[(item.host, item.port)] for item in listeners)

    def by_address(self) -> Mapping[Address, socket.socket]:
        return self._open

    def every(self) -> tuple[socket.socket, ...]:
        return tuple(self._open.values())

    def close(self, addresses: Iterable[Address]) -> None:
        for address in addresses:
            self._open.pop(address).close()

    def keep_only(self, listeners: Iterable[Listener]) -> None:
        """Close what these listeners no longer name."""
        kept = {(item.host, item.port) for item in listeners}
        self.close([address for address in self._open if address not in kept])

    def close_every(self) -> None:
        self.close(list(self._open))

    def _adopt(
        self, listener: Listener, settings: ProcessSettings
    ) -> socket.socket | None:
        sock = self._handed.take(listener)
        if sock is not None:
            sock.setblocking(False)
            _tune(sock, settings)
            sock.listen(settings.listen_backlog)
        return sock


def bind(
    listener: Listener,
    settings: ProcessSettings,
    beside: Mapping[Address, socket.socket] | None = None,
) -> socket.socket:
    """A listening socket, not blocking, closed on exec.

    An empty host means every address: one IPv6 socket that takes IPv4 too, or an IPv4
    one where the kernel has no IPv6. beside: what this master has open already, to
    explain a clash with itself.
    """
    shown = address_text(listener)
    try:
        return _bind_first(listener, settings)
    except OSError as error:
        number = error.errno or 0
        text = (
            f"({number}){os.strerror(number)}: AH00072: make_sock: "
            f"could not bind to address {shown}"
        )
        hint = _hint(number, listener, beside or {})
        raise StartError(
            Exit.CANNOT_BIND, f"{text}\n    {hint}" if hint else text
        ) from None


def address_text(listener: Listener) -> str:
    """As Apache prints an address it binds: [::]:80, 0.0.0.0:80, 127.0.0.1:80."""
    host = listener.host or "::"
    return f"[{host}]:{listener.port}" if ":" in host else f"{host}:{listener.port}"


def close_all(sockets: Iterable[socket.socket]) -> None:
    for sock in sockets:
        sock.close()


def _bind_first(listener: Listener, settings: ProcessSettings) -> socket.socket:
    if listener.host:
        family = socket.AF_INET6 if ":" in listener.host else socket.AF_INET
        return _bind_one(family, listener.host, listener.port, settings)
    try:
        return _bind_one(socket.AF_INET6, "::", listener.port, settings)
    except OSError as error:
        if error.errno not in (errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL):
            raise
    return _bind_one(socket.AF_INET, "0.0.0.0", listener.port, settings)


def _bind_one(
    family: socket.AddressFamily, host: str, port: int, settings: ProcessSettings
) -> socket.socket:
    sock = socket.socket(
        family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
    )
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        _tune(sock, settings)
        sock.bind((host, port))
        sock.listen(settings.listen_backlog)
    except BaseException:
        sock.close()
        raise
    return sock


def _tune(sock: socket.socket, settings: ProcessSettings) -> None:
    # Accepted sockets inherit these three: no system call per connection.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if settings.send_buffer_bytes:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.send_buffer_bytes)
    if settings.receive_buffer_bytes:
        sock.setsockopt(
            socket.SOL_SOCKET, socket.SO_RCVBUF, settings.receive_buffer_bytes
        )
    if settings.defer_accept_s:
        sock.setsockopt(
            socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, settings.defer_accept_s
        )


def _hint(
    number: int, listener: Listener, beside: Mapping[Address, socket.socket]
) -> str:
    place = f"Listen at {listener.file}:{listener.line}"
    if number == errno.EACCES:
        return f"{place}: ports below 1024 need root or CAP_NET_BIND_SERVICE"
    if number == errno.EADDRNOTAVAIL:
        return f"{place}: no interface of this machine has that address"
    if number != errno.EADDRINUSE:
        return ""
    own = [host or "*" for host, port in beside if port == listener.port]
    if own:
        return (
            f"{place}: the running server listens on {own[0]}:{listener.port} and "
            "the two overlap; a stop and a start can change that, a reload cannot"
        )
    return f"{place}: another program listens there (ss -ltnp shows which)"
