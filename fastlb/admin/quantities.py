"""Numbers, sizes and times in the forms of Apache's status pages."""

from __future__ import annotations

import time


def g_format(value: float) -> str:
    """C's %g without a leading zero, as APR prints it: .03, 1.5122, 749.268."""
    text = f"{value:g}"
    return text.removeprefix("0") if text.startswith("0.") else text


def uptime_words(seconds: int) -> str:
    """` 1 day 2 hours 41 seconds`: parts that are nothing are left out."""
    text = ""
    for size, word in ((86400, "day"), (3600, "hour"), (60, "minute"), (1, "second")):
        count, seconds = divmod(seconds, size)
        if count:
            text += f" {count} {word}{'' if count == 1 else 's'}"
    return text


def bytes_words(size: float) -> str:
    """A quantity as the page's text names it: 512 B, 5.4 kB, 1.2 MB."""
    if size < 5 * 1024:
        return f"{int(size)} B"
    if size < 512 * 1024:
        return f"{size / 1024:.1f} kB"
    if size < 512 * 1024 * 1024:
        return f"{size / (1 << 20):.1f} MB"
    return f"{size / (1 << 30):.1f} GB"


def duration_words(seconds: float) -> str:
    """How long something takes or has lasted, in two units at most: 0.7 ms, 42 s,
    3 min 12 s, 2 d 4 h."""
    if seconds < 1:
        return f"{seconds * 1000:.3g} ms" if seconds < 0.9995 else "1 s"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    for size, word, part, of_part in _UNITS:
        if whole >= size:
            left = whole % size // part
            return f"{whole // size} {word}" + (f" {left} {of_part}" if left else "")
    return f"{whole} s"


_UNITS = (
    (86400, "d", 3600, "h"),
    (3600, "h", 60, "min"),
    (60, "min", 1, "s"),
)


def short_size(size: int) -> str:
    """Four characters as APR's tables have them: `  0 `, `1.5K`, ` 12M`."""
    if size < 973:
        return f"{size:3d} "
    value = float(size)
    for unit in "KMGTP":
        value /= 1024
        if value < 9.95:
            return f"{value:.1f}{unit}"
        if value < 973:
            return f"{value:3.0f}{unit}"
    return f"{value / 1024:3.0f}E"


def clock(us: int) -> str:
    """Local time as `Saturday, 21-Nov-2026 13:50:59 UTC`; us: since 1970."""
    return time.strftime("%A, %d-%b-%Y %H:%M:%S %Z", time.localtime(us // 1_000_000))
