"""Where the master keeps the descriptors of the slot table.

Whoever has one may write all of the table, so nobody but the master may get at them. A
worker of a server that root has not started is the same user, and could open anew what
/proc shows of another process's descriptors. So they lie in the queue of a socket: what
is under way there no path names, and nobody has the socket but the master.
"""

from __future__ import annotations

import os
import socket
import weakref
from collections.abc import Sequence

KEPT_MAX = 16
_LABEL = b"kept"


class Keep:
    """A queue with one message, or none."""

    def __init__(self, queue: socket.socket | None = None) -> None:
        self._queue = queue
        _ALL.add(self)

    @property
    def fd(self) -> int:
        """By which the next program has them; -1: there are none."""
        return self._queue.fileno() if self._queue is not None else -1

    def put(self, fds: Sequence[int]) -> None:
        """They are the keep's now; of none there is nothing to keep."""
        self.close()
        if fds:
            door, self._queue = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            with door:
                socket.send_fds(door, [_LABEL], list(fds))
            for fd in fds:
                os.close(fd)

    def take(self) -> tuple[int, ...]:
        """They are the caller's now. OSError: there is no such message."""
        if self._queue is None:
            return ()
        # Not by flags, which recv_fds of Python 3.11 forgets.
        self._queue.setblocking(False)
        try:
            label, fds, _, _ = socket.recv_fds(self._queue, len(_LABEL), KEPT_MAX)
        finally:
            self.close()
        for fd in fds:
            os.set_inheritable(fd, False)
        if label != _LABEL:
            for fd in fds:
                os.close(fd)
            return ()
        return tuple(fds)

    def close(self) -> None:
        if self._queue is not None:
            self._queue.close()
            self._queue = None


def _close_all() -> None:
    for keep in _ALL:
        keep.close()


_ALL: weakref.WeakSet[Keep] = weakref.WeakSet()
# Not left to what each forked process lets go of: none of them may have it.
os.register_at_fork(after_in_child=_close_all)
