"""Recycling: after MaxConnectionsPerChild connections a worker asks for a successor.

It goes on accepting until the master, once the successor accepts, tells it to drain:
at no moment is there a worker less.
"""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Callable
from dataclasses import replace

from fastlb.facts.server import Model
from fastlb.worker.heritage import MESSAGE_RECYCLE

JITTER_SHARE = 10  # up to 1/10 fewer connections, so that workers do not leave together
RETRY_S = 0.05


def with_jitter(
    model: Model, randrange: Callable[[int], int] = random.randrange
) -> Model:
    """The model with this worker's own limit: never more than the one written."""
    limit = model.process.max_connections_per_child
    spread = limit // JITTER_SHARE
    if not spread:
        return model
    process = replace(
        model.process, max_connections_per_child=limit - randrange(spread + 1)
    )
    return replace(model, process=process)


class Recycling:
    """Asks the master, once."""

    def __init__(self, loop: asyncio.AbstractEventLoop, ready_fd: int) -> None:
        self._loop = loop
        self._ready_fd = ready_fd
        self._asked = False

    def ask(self) -> None:
        if not self._asked:
            self._asked = True
            self.tell(self._loop, self._ready_fd, MESSAGE_RECYCLE)

    @staticmethod
    def tell(loop: asyncio.AbstractEventLoop, ready_fd: int, message: bytes) -> None:
        """Write a message to the master; the pipe never fills, but may be closed."""
        try:
            os.write(ready_fd, message)
        except BlockingIOError:
            loop.call_later(RETRY_S, Recycling.tell, loop, ready_fd, message)
        except BrokenPipeError:
            return  # the master has gone; its death already told us to drain
