"""A member's heartbeat, out of an application in Python: as mod_heartbeat in httpd.

    from fastlb.heartbeat import Heartbeat

    with Heartbeat("239.0.0.1:27999", capacity=8, port=8000) as heartbeat:
        ...
        with heartbeat.working():   # around each request
            ...

capacity is how many requests the application serves at once; those within working() are
busy, the others ready. Or `counts` says both numbers whenever it is asked.

A datagram that cannot be sent is forgotten: the next one comes a second later, and no
application fails because nobody listens. Several processes of one member each count for
themselves, so one of them should send for all, with `counts`.
"""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Final, Self

from fastlb.heartbeat.wire import Beat, datagram

EVERY_S: Final = 1.0  # as mod_heartbeat
HOPS: Final = 1  # of multicast: the own network


class Heartbeat:
    """Sends from start() to stop(), or within `with`, in a thread of its own.

    to        "address:port", "[address]:port": where HeartbeatListen is
    capacity  requests that are served at once
    counts    in its place: (ready, busy) whenever it is called, from that thread
    port      of the member, where several have one address; None: it has one
    hops      how far multicast may go
    """

    def __init__(
        self,
        to: str,
        *,
        capacity: int = 1,
        counts: Callable[[], tuple[int, int]] | None = None,
        port: int | None = None,
        every_s: float = EVERY_S,
        hops: int = HOPS,
    ) -> None:
        self._to = address_of(to)
        self._capacity = capacity
        self._counts = counts or self._counted
        self._port = port
        self._every_s = every_s
        self._hops = hops
        self._busy = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        if self._thread is None:
            self._over.clear()
            self._thread = threading.Thread(
                target=self._run, name="heartbeat", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """Nothing is sent behind it."""
        self._over.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @contextmanager
    def working(self) -> Iterator[None]:
        """A request is being served."""
        with self._lock:
            self._busy += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy -= 1

    def beat(self) -> Beat:
        """What would be said now."""
        ready, busy = self._counts()
        return Beat(max(ready, 0), max(busy, 0), self._port)

    def _counted(self) -> tuple[int, int]:
        with self._lock:
            return self._capacity - self._busy, self._busy

    def _run(self) -> None:
        family, address = self._to
        with socket.socket(family, socket.SOCK_DGRAM) as sock:
            if family == socket.AF_INET:
                sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, self._hops)
            else:
                sock.setsockopt(
                    socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, self._hops
                )
            while True:
                with suppress(OSError):
                    sock.sendto(datagram(self.beat()), address)
                if self._over.wait(self._every_s):
                    return


def address_of(text: str) -> tuple[socket.AddressFamily, tuple[str, int]]:
    """ValueError: that is no address and port."""
    host, colon, port = text.rpartition(":")
    literal = host.removeprefix("[").removesuffix("]")
    if not colon or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ValueError(f"{text!r} is no ADDRESS:PORT")
    version = ipaddress.ip_address(literal).version
    family = socket.AF_INET6 if version == 6 else socket.AF_INET
    return family, (literal, int(port))
