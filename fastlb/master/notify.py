"""What the master tells the manager of services that started it (sd_notify(3)).

Datagrams of `NAME=value` lines to the socket that NOTIFY_SOCKET names. Telling never
waits and never fails: a manager that takes nothing loses what it is told, but for the
last lines, which are sent again. Without a socket nothing is told.
"""

from __future__ import annotations

import os
import socket
from collections import deque
from collections.abc import MutableMapping
from contextlib import suppress

STATUS_MAX = 400  # characters; what a check has to say may be long
UNSENT_MAX = 8  # datagrams that a full socket has not taken
AGAIN_S = 0.5  # until it is asked whether it takes them now


class Notifier:
    """address: of the manager's socket, None where there is no manager.

    watchdog_s: how often it wants to hear that the master lives, 0: never.
    """

    def __init__(self, address: bytes | None = None, watchdog_s: float = 0.0) -> None:
        self._address = address
        self._period_s = watchdog_s / 2 if address is not None else 0.0
        self._watchdog_due_s = 0.0
        self._unsent: deque[bytes] = deque(maxlen=UNSENT_MAX)

    def environment(self, pid: int) -> dict[str, str]:
        """What `from_environment` took out, for the program that pid becomes."""
        if self._address is None:
            return {}
        name = os.fsdecode(self._address)
        told = {"NOTIFY_SOCKET": f"@{name[1:]}" if name[0] == "\0" else name}
        if self._period_s:
            told["WATCHDOG_USEC"] = str(int(self._period_s * 2e6))
            told["WATCHDOG_PID"] = str(pid)
        return told

    def ready(self, pid: int, status: str) -> None:
        """Everything that was asked for is done. pid: who is the server."""
        self._tell("READY=1", f"MAINPID={pid}", _status(status))

    def reloading(self, now_s: float) -> None:
        """now_s: monotonic, by which the manager knows this reload from others."""
        self._tell("RELOADING=1", f"MONOTONIC_USEC={int(now_s * 1e6)}")

    def stopping(self, status: str) -> None:
        self._tell("STOPPING=1", _status(status))

    def act(self, now_s: float) -> float | None:
        """Tell what is due; the moment at which more will be, None: at none."""
        if self._period_s and now_s >= self._watchdog_due_s:
            self._watchdog_due_s = now_s + self._period_s
            self._send(b"WATCHDOG=1")
        self._send_unsent()
        moments = [self._watchdog_due_s] if self._period_s else []
        if self._unsent:
            moments.append(now_s + AGAIN_S)
        return min(moments, default=None)

    def _tell(self, *lines: str) -> None:
        if self._address is not None:
            self._unsent.append("\n".join(lines).encode(errors="replace"))
            self._send_unsent()

    def _send_unsent(self) -> None:
        while self._unsent and self._send(self._unsent[0]):
            self._unsent.popleft()

    def _send(self, datagram: bytes) -> bool:
        """False: it may be taken later."""
        assert self._address is not None
        kind = socket.SOCK_DGRAM | socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC
        with suppress(OSError), socket.socket(socket.AF_UNIX, kind) as sock:
            try:
                sock.sendto(datagram, self._address)
            except BlockingIOError:
                return False
        return True


def from_environment(environ: MutableMapping[str, str], pid: int) -> Notifier:
    """What the manager has said there is taken out of it: no process that this one
    starts speaks for the server. pid: who was called."""
    address = environ.pop("NOTIFY_SOCKET", "")
    period_us = environ.pop("WATCHDOG_USEC", "")
    watched = environ.pop("WATCHDOG_PID", str(pid))
    if not address.startswith(("/", "@")):
        return Notifier()
    is_watched = watched == str(pid) and period_us.isascii() and period_us.isdigit()
    name = os.fsencode(address)
    return Notifier(
        b"\0" + name[1:] if address.startswith("@") else name,
        int(period_us) / 1e6 if is_watched else 0.0,
    )


def _status(text: str) -> str:
    """One line, whatever the text is: a line end would begin another variable."""
    return f"STATUS={' '.join(text.split())[:STATUS_MAX]}"
