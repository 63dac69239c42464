"""Complaints as text, as JSON and as SARIF 2.1.0 (OASIS, errata 01)."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from fastlb.base.errors import Diagnostic, Severity, readable
from fastlb.base.messages import MESSAGES
from fastlb.base.version import VERSION
from fastlb.cli.linter.mend import Mended
from fastlb.config.lexer import filesystem_path

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
HERE, ROOT = "%SRCROOT%", "SERVERROOT"


def text_of(found: Sequence[Diagnostic]) -> str:
    """`file:line:column: FB0107 error Directive: text`, and below it why and cure."""
    lines: list[str] = []
    for item in found:
        parts = [item.file, item.line, item.column]
        place = ":".join(str(part) for part in parts if part)
        lines.append(
            f"{place}{': ' if place else ''}{item.number} {item.severity.value}"
            f" {item.text}"
        )
        lines += [f"    {line}" for line in (item.why, item.cure) if line]
    return "".join(f"{readable(line)}\n" for line in lines)


def summary_of(found: Sequence[Diagnostic]) -> str:
    """How many of each, and how many --fix would try to mend; "" for none."""
    if not found:
        return ""
    words = []
    for severity in Severity:
        count = sum(item.severity is severity for item in found)
        if count:
            words.append(f"{count} {severity.value}{'s' * (count > 1)}")
    fixable = sum(bool(item.fixes) for item in found)
    offer = f"; --fix mends {fixable}" if fixable else ""
    return f"{', '.join(words)}{offer}\n"


def json_of(found: Sequence[Diagnostic]) -> str:
    """A list with an object for each."""
    rows = [
        {
            "file": readable(item.file),
            "line": item.line,
            "column": item.column,
            "code": item.number,
            "level": item.severity.value,
            "directive": item.directive,
            "message": readable(item.text),
            "why": readable(item.why),
            "cure": readable(item.cure),
            "fixable": bool(item.fixes),
        }
        for item in found
    ]
    return json.dumps(rows, indent=1) + "\n"


def sarif_of(found: Sequence[Diagnostic], server_root: str, here: str) -> str:
    """One run. Places are relative to where it was started, or to the server root."""
    codes = sorted({item.number for item in found})
    driver = {
        "name": "fastlb",
        "version": VERSION,
        "rules": [_rule(code) for code in codes],
    }
    results = [
        {
            "ruleId": item.number,
            "ruleIndex": codes.index(item.number),
            "level": item.severity.value,
            "message": {"text": _sentences(item)},
            "locations": _locations(item, server_root, here),
        }
        for item in found
    ]
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {ROOT: {"uri": _uri(server_root).rstrip("/") + "/"}},
        "results": results,
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=1) + "\n"


def diff_of(mended: Mended) -> bytes:
    """What would be written, in the form that patch(1) reads."""
    return b"".join(
        line
        for path, new in mended.after.items()
        for line in _diff(mended.names[path], mended.before[path], new)
    )


def _diff(name: str, old: bytes, new: bytes) -> Iterator[bytes]:
    label = os.fsencode(os.path.relpath(name))
    for line in difflib.diff_bytes(
        difflib.unified_diff,
        old.splitlines(keepends=True),
        new.splitlines(keepends=True),
        label,
        label,
    ):
        yield line
        if not line.endswith(b"\n"):
            yield b"\n\\ No newline at end of file\n"


def _rule(code: str) -> dict[str, object]:
    message = MESSAGES[code]
    level = {"warning": "warning", "notice": "note"}.get(message.level, "error")
    return {
        "id": code,
        "shortDescription": {"text": message.meaning},
        "help": {"text": message.cure or message.meaning},
        "defaultConfiguration": {"level": level},
    }


def _sentences(item: Diagnostic) -> str:
    return "\n".join(
        readable(part) for part in (item.text, item.why, item.cure) if part
    )


def _locations(
    item: Diagnostic, server_root: str, here: str
) -> list[dict[str, object]]:
    if not os.path.isabs(item.file):  # of -c and -C, or of no file
        return []
    place: dict[str, object] = {
        "artifactLocation": _artifact(filesystem_path(item.file), server_root, here)
    }
    if item.line:
        column = {"startColumn": item.column} if item.column else {}
        place["region"] = {"startLine": item.line, **column}
    return [{"physicalLocation": place}]


def _artifact(path: str, server_root: str, here: str) -> dict[str, str]:
    for base, folder in ((HERE, here), (ROOT, server_root)):
        if os.path.commonpath((path, folder)) == folder.rstrip("/") or folder == "/":
            return {"uri": quote(os.path.relpath(path, folder)), "uriBaseId": base}
    return {"uri": _uri(path)}


def _uri(path: str) -> str:
    return f"file://{quote(os.fsencode(path))}"
