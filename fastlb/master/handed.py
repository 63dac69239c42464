"""Listening sockets that were open before the server (sd_listen_fds(3)).

systemd binds them, so that a port takes connections before the server is there and
while it starts anew. What a `Listen` line names is taken from here instead of bound.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Iterator, MutableMapping
from dataclasses import dataclass

from fastlb.facts.listener import Listener

FIRST_FD = 3


@dataclass(slots=True, eq=False)
class HandedSocket:
    """fd: as it came. sock: None where nobody can accept from it. name: for people."""

    fd: int
    name: str
    sock: socket.socket | None
    where: str = ""
    host: str = ""
    port: int = -1

    def is_meant_by(self, listener: Listener) -> bool:
        """Without a host every address is meant, of either family."""
        hosts = (listener.host,) if listener.host else ("::", "0.0.0.0")
        return self.host in hosts and self.port == listener.port

    def close(self) -> None:
        if self.sock is not None:
            self.sock.close()
        else:
            os.close(self.fd)


class HandedSockets:
    """Those that nobody has taken yet."""

    def __init__(self, found: Iterable[HandedSocket] = ()) -> None:
        self._left = list(found)

    def take(self, listener: Listener) -> socket.socket | None:
        """The socket that this line names; its owner is the caller now."""
        for one in self._left:
            if one.is_meant_by(listener):
                self._left.remove(one)
                return one.sock
        return None

    def close_rest(self) -> Iterator[str]:
        """Close what is left, and tell of each."""
        while self._left:
            one = self._left.pop(0)
            one.close()
            why = "no Listen names it" if one.sock else "it does not listen for TCP"
            yield (
                f"the socket {one.name}{one.where}, which was handed over at the "
                f"start, is closed: {why}"
            )


def from_environment(environ: MutableMapping[str, str], pid: int) -> HandedSockets:
    """What was said there is taken out of it: nothing of it holds for programs that
    this one starts. pid: who was called."""
    whose = environ.pop("LISTEN_PID", "")
    count = environ.pop("LISTEN_FDS", "")
    names = environ.pop("LISTEN_FDNAMES", "").split(":")
    is_ours = whose == str(pid) and count.isascii() and count.isdigit()
    fds = range(FIRST_FD, FIRST_FD + int(count)) if is_ours else range(0)
    names += [""] * (len(fds) - len(names))
    return HandedSockets(
        _look_at(fd, name or str(fd))
        for fd, name in zip(fds, names, strict=False)
        if _is_open(fd)
    )


def _is_open(fd: int) -> bool:
    """It is; and no program that this one starts gets it."""
    try:
        os.set_inheritable(fd, False)
    except OSError:
        return False
    return True


def _look_at(fd: int, name: str) -> HandedSocket:
    try:
        sock = socket.socket(fileno=fd)
    except OSError:
        return HandedSocket(fd, name, None)
    if (
        sock.family not in (socket.AF_INET, socket.AF_INET6)
        or sock.type != socket.SOCK_STREAM
        or not sock.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN)
    ):
        return HandedSocket(sock.detach(), name, None)
    host, port = sock.getsockname()[:2]
    where = f" at [{host}]:{port}" if ":" in host else f" at {host}:{port}"
    return HandedSocket(fd, name, sock, where, host, port)
