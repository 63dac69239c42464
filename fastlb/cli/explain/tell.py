"""A way as text, and as JSON."""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Iterator
from typing import Any

from fastlb.base.errors import printable
from fastlb.cli.explain.step import Step
from fastlb.cli.explain.way import Way

KIND_WIDTH = 15
NARROWEST = 40  # columns; nothing is laid out for less
VERSION = 1  # of the object that --json prints


def text_of(way: Way, *, whole: bool = False, width: int = 0) -> str:
    """For people: one line a step, and beneath it what lost. whole: all of that.
    width: of the terminal, 0: lines are as long as they are

    A URL may come from whoever wrote it into a log: decoded, it must not drive the
    terminal, nor look like a line of ours.
    """
    lines = [f"{way.asked.method} {way.asked.url}"]
    before = ""
    for step in way.steps:
        shown = step.kind if step.kind != before else ""
        before = step.kind
        for line in _step_lines(step, shown, whole=whole):
            lines += _wrapped(printable(line), width)
    lines += [printable(line) for line in _end_lines(way)]
    return "".join(f"{line}\n" for line in lines)


def _wrapped(line: str, width: int) -> list[str]:
    """What is longer goes on below, further in; a word is never cut."""
    if width <= NARROWEST or len(line) <= width:
        return [line]
    own = len(line) - len(line.lstrip())
    indent = max(own + 2, KIND_WIDTH + 4)
    return textwrap.wrap(
        line,
        width,
        subsequent_indent=" " * indent,
        break_long_words=False,
        break_on_hyphens=False,
        drop_whitespace=True,
    )


def _step_lines(step: Step, shown: str, *, whole: bool) -> Iterator[str]:
    place = _place(step)
    yield f"  {shown:<{KIND_WIDTH}}{step.text}" + (f"   {place}" if place else "")
    indent = " " * (KIND_WIDTH + 4)
    if step.why:
        yield f"{indent}{step.why}"
    kept = step.lost if whole else [item for item in step.lost if _matters(item)]
    for item in kept:
        why = f": {item.why}" if item.why else ""
        yield f"{indent}not {item.text}{why}   {_place(item)}".rstrip()
    left = len(step.lost) - len(kept)
    if left:
        yield f"{indent}{left} more considered (--all)"


def _matters(lost: Step) -> bool:
    """Is what lost worth a line when not everything is asked for?"""
    return lost.kind == "member" or lost.why.startswith("matches")


def _end_lines(way: Way) -> Iterator[str]:
    if way.outcome == "member":
        yield f"-> {way.goes_to}" + (
            f", {way.member}" if way.member != way.goes_to else ""
        )
        yield ""
        yield from (f"  > {line}" for line in way.sent)
    else:
        yield f"-> {way.goes_to}"
    if way.answer:
        yield ""
        yield from (f"  < {line}" for line in way.answer)


def _place(step: Step) -> str:
    file, number = step.line
    if not file:
        return ""
    near = os.path.relpath(file) if os.path.isabs(file) else file
    return f"{near if len(near) < len(file) else file}:{number}"


def json_of(way: Way) -> str:
    """For programs: docs/explain.md has the fields."""
    return json.dumps(dict_of(way), indent=2) + "\n"


def dict_of(way: Way) -> dict[str, Any]:
    return {
        "version": VERSION,
        "as_of": way.as_of,
        "request": {
            "method": way.asked.method,
            "url": way.asked.url,
            "fields": list(way.asked.fields),
            "from": way.asked.client,
        },
        "outcome": way.outcome,
        "status": way.status,
        "goes_to": way.goes_to,
        "member": way.member,
        "target": way.target,
        "steps": [_step_dict(step) for step in way.steps],
        "sent": list(way.sent),
        "answer": list(way.answer),
    }


def _step_dict(step: Step) -> dict[str, Any]:
    file, number = step.line
    found: dict[str, Any] = {"kind": step.kind, "text": step.text, "why": step.why}
    if file:
        found |= {"file": file, "line": number}
    if step.state:
        found["state"] = step.state
    if step.scores:
        found["scores"] = dict(step.scores)
    if step.lost:
        found["lost"] = [_step_dict(item) for item in step.lost]
    return found
