"""A request that was traced, as text: laid out as `fastlb explain` has it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from fastlb.base.errors import printable

KIND_WIDTH = 12


def trace_lines(one: dict[str, Any]) -> Iterator[str]:
    """Bytes of clients stand in it, which must not drive the terminal."""
    for line in _lines(one):
        yield printable(line)


def _lines(one: dict[str, Any]) -> Iterator[str]:
    if one["kind"] != "request":
        yield f"({one['requests']} more requests came than could be followed)"
        return
    whole = int(one["unix_seconds"])
    at = time.strftime("%H:%M:%S", time.localtime(whole))
    named = f", {one['id']}" if one["id"] else ""
    tls = " over TLS" if one["tls"] else ""
    yield (
        f"{at}.{int((one['unix_seconds'] - whole) * 1000):03} {one['request']}"
        f" from {one['client']}{tls} (process {one['worker']}{named})"
    )
    for step in one["steps"]:
        yield from _step_lines(step)
    cut = "" if one["is_whole"] else ", cut off"
    yield f"-> {one['status']}, {one['bytes']} bytes, {_time(one['seconds'])}{cut}"
    yield ""


def _step_lines(step: dict[str, Any]) -> Iterator[str]:
    after = _time(step["after_seconds"]).rjust(8)
    yield f"{after}  {step['kind']:<{KIND_WIDTH}}{step['text']}{_place(step)}"
    indent = " " * (KIND_WIDTH + 12)
    if step["why"]:
        yield f"{indent}{step['why']}"
    for lost in step.get("lost", ()):
        joint = ": " if lost["is_candidate"] else " "
        yield f"{indent}not {lost['text']}{joint}{lost['why']}{_place(lost)}"


def _place(step: dict[str, Any]) -> str:
    return f"   {step['file']}:{step['line']}" if "file" in step else ""


def _time(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms" if seconds < 1 else f"{seconds:.2f} s"
