"""Going into the background, without losing what the start has to say.

The process that was called waits until the server serves or has failed, and ends
with that result: whatever goes wrong is on the terminal before the prompt is back.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from fastlb.master.errors import Exit

Report = Callable[[int], None]  # tells the waiting process its exit code, once


def detach() -> Report:
    """Fork twice and return in the process that has no terminal.

    The calling process ends here, with what Report is told, or with 1 if the server
    ends before it tells anything.
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
    return lambda code: _tell(writer, code)


def _result(reader: int) -> int:
    told = os.read(reader, 1)
    return told[0] if told else int(Exit.REFUSED)


def _tell(writer: int, code: int) -> None:
    try:
        os.write(writer, bytes((code,)))
    except BrokenPipeError:
        return  # whoever waited has been ended meanwhile
    finally:
        os.close(writer)
