"""Going into the background, without losing what the start has to say.

The process that was called waits until the server serves or has failed, and ends
with that result: whatever goes wrong is on the terminal before the prompt is back.
"""

from __future__ import annotations

import contextlib
import os
import sys

from fastlb.master.errors import Exit


class Launcher:
    """The process that was called and waits for its exit code."""

    def __init__(self, writer: int) -> None:
        self._writer = writer

    def tell(self, code: int) -> None:
        """Let it end with code; once."""
        # Whoever waited may have been ended meanwhile.
        with contextlib.suppress(BrokenPipeError):
            os.write(self._writer, bytes((code,)))
        self.let_go()

    def let_go(self) -> None:
        """Close our end: in a worker, so that the master's death would be seen."""
        if self._writer >= 0:
            os.close(self._writer)
            self._writer = -1


def detach() -> Launcher:
    """Fork twice and return in the process that has no terminal.

    The calling process ends here, with the code that Launcher is told, or with 1 if
    the server ends before it tells anything.
    """
    reader, writer = os.pipe2(os.O_CLOEXEC)
    if os.fork():
        os.close(writer)
        os._exit(_result(reader))
    os.close(reader)
    os.setsid()
    if os.fork():
        os._exit(0)
    # What we say still reaches the terminal, but through a descriptor that no program
    # we start inherits: whoever reads our output must see its end when we serve.
    sys.stderr = os.fdopen(os.dup(2), "w", buffering=1, errors="backslashreplace")
    with open(os.devnull, "r+b") as null:
        for standard in (0, 1, 2):
            os.dup2(null.fileno(), standard)
    return Launcher(writer)


def _result(reader: int) -> int:
    told = os.read(reader, 1)
    return told[0] if told else int(Exit.REFUSED)
