"""fastlb whose workers lie when they are told to: python -m tests.attack.liar ...

A worker that was taken over has what a worker has: its memory, its descriptors, its
user. Here one writes random bytes over all shared memory that it can write. It is told
by a file lie-PID in the folder that LIAR_FOLDER names, with a seed and what to do then:

    die     end at once by SIGKILL
    live    go on serving
    linger  write again and again for half a second, then die

and answers with a file lied-PID.
"""

from __future__ import annotations

import ctypes
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from fastlb.cli.entry import entry
from fastlb.worker import worker
from fastlb.worker.heritage import Heritage

PAGE = 4096
PIECE = 64 * 1024  # looked at together
FAR_PIECES = 64  # of those that nobody has touched, one in so many
LINGER_S = 0.5
_LIBC = ctypes.CDLL(None, use_errno=True)


def shared_writable() -> list[tuple[int, int]]:
    """First address and size of what this process shares with others and may write."""
    found = []
    # as bytes: a codec that was not imported before the fork may not be readable
    with open("/proc/self/maps", "rb") as lines:
        for line in lines:
            span, rights = line.decode().split()[:2]
            if b"io_uring" in line:
                continue  # shared with the kernel, which believes none of it
            if rights[1] == "w" and rights[3] == "s":
                first, end = (int(part, 16) for part in span.split("-"))
                found.append((first, end - first))
    return found


def is_touched(first: int, size: int) -> bool:
    pages = (ctypes.c_ubyte * ((size + PAGE - 1) // PAGE))()
    told = _LIBC.mincore(ctypes.c_void_p(first), ctypes.c_size_t(size), pages)
    return told != 0 or any(page & 1 for page in pages)


def lie(draw: random.Random, spans: list[tuple[int, int]]) -> int:
    """Random bytes over them: wherever somebody has written, and here and there
    elsewhere. How many bytes it were."""
    written = 0
    # To draw so many would take longer than to write them.
    drawn = draw.randbytes(4 * PIECE)
    for first, size in spans:
        for at in range(first, first + size, PIECE):
            room = min(PIECE, first + size - at)
            if is_touched(at, room) or draw.randrange(FAR_PIECES) == 0:
                begin = draw.randrange(len(drawn) - room)
                ctypes.memmove(at, drawn[begin : begin + room], room)
                written += room
    return written


def obey(folder: Path) -> None:
    """Wait for the order, in a thread of the worker."""
    order = folder / f"lie-{os.getpid()}"
    while not order.exists():
        time.sleep(0.005)
    seed, what = order.read_text().split()
    draw = random.Random(int(seed))
    spans = shared_writable()
    written = lie(draw, spans)
    ends = time.monotonic() + LINGER_S
    while what == "linger" and time.monotonic() < ends:
        written += lie(draw, spans)
    (folder / f"lied-{os.getpid()}").write_text(str(written))
    if what != "live":
        os.kill(os.getpid(), signal.SIGKILL)


Runner = Callable[[Heritage], int]


def lying(run: Runner) -> Runner:
    folder = Path(os.environ["LIAR_FOLDER"])

    def run_and_lie(heritage: Heritage) -> int:
        threading.Thread(target=obey, args=(folder,), daemon=True).start()
        return run(heritage)

    return run_and_lie


if __name__ == "__main__":
    worker.run = lying(worker.run)  # type: ignore[assignment]
    sys.exit(entry())
