"""What a proxy's processes hold: the tree of them, and their memory.

CPU time is not read here: `load.c` reads the CPU clocks of these processes itself, in
the moments in which its window opens and shuts. They are the scheduler's run times of
all threads, ended ones too, in nanoseconds; `utime + stime` of /proc/PID/stat is the
same sum rounded to ticks of 10 ms.
"""

from __future__ import annotations

from pathlib import Path

import psutil


def tree(pid: int) -> list[int]:
    """The process and all its descendants that live, sorted."""
    try:
        root = psutil.Process(pid)
        return sorted([pid, *(p.pid for p in root.children(recursive=True))])
    except psutil.NoSuchProcess:
        return []


def pss_bytes(pids: list[int], kind: str = "Pss") -> int:
    """Proportional set size of the processes together: shared pages count once.

    With the kind Pss_Anon only what they wrote themselves: pages of files are shared
    with whatever else on the machine has them open, and change with it.
    """
    total = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except (FileNotFoundError, ProcessLookupError):
            continue
        for line in lines:
            if line.startswith(f"{kind}:"):
                total += int(line.split()[1]) * 1024
    return total
