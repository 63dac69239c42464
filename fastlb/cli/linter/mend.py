"""Fixes applied: in memory until all of them hold, then file by file, atomically.

A round applies what the complaints bring along and reads the configuration again as it
would be. It counts only when that has no more errors, no more warnings and no more
notes; else each fix is tried by itself. So nothing is written that makes anything
worse, and a second run finds nothing to do.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fastlb.base.errors import COMMAND_LINE, Diagnostic, Fix, Severity
from fastlb.config.lexer import BLANKS, filesystem_path
from fastlb.master.loading import Source, load

ROUNDS_MAX = 20  # a line may hold several mistakes, of which a check names the first


@dataclass(slots=True)
class Mended:
    """What files hold and are to hold, by real path; done: how many complaints ended.

    names: real path -> the path by which it was read.
    """

    before: dict[str, bytes] = field(default_factory=dict)
    after: dict[str, bytes] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    done: int = 0


def mend(source: Source, wanted: Callable[[Diagnostic], bool]) -> Mended:
    """All that can be mended of what is wanted; nothing is written."""
    mended = Mended()
    found = load(source).diagnostics
    for _ in range(ROUNDS_MAX):
        batches = list(dict.fromkeys(d.fixes for d in found if d.fixes and wanted(d)))
        better = _better(source, mended, batches, found)
        if better is None:
            for batch in batches:
                one = _better(source, mended, [batch], found)
                better, found = one or better, one or found
        if better is None:
            break
        found = better
    mended.after = {
        path: data
        for path, data in sorted(mended.after.items())
        if data != mended.before[path]
    }
    return mended


def _better(
    source: Source,
    mended: Mended,
    batches: Sequence[tuple[Fix, ...]],
    found: Sequence[Diagnostic],
) -> tuple[Diagnostic, ...] | None:
    """What is said when these are applied, which is kept; None: nothing better."""
    texts = dict(mended.after)
    done = _apply(batches, texts, mended)
    if not done:
        return None
    again = load(replace(source, edited=texts)).diagnostics
    if _counts(again) >= _counts(found):
        return None
    mended.after = texts
    mended.done += done
    return again


def _counts(found: Iterable[Diagnostic]) -> tuple[int, int, int]:
    grave = [item.severity for item in found]
    return (
        grave.count(Severity.ERROR),
        grave.count(Severity.WARNING),
        grave.count(Severity.NOTE),
    )


def _apply(
    batches: Iterable[tuple[Fix, ...]], texts: dict[str, bytes], mended: Mended
) -> int:
    """How many of them found what they replace, and do not touch one another."""
    chosen: dict[str, dict[int, list[Fix]]] = {}
    done = 0
    for batch in batches:
        places = [_place_of(fix, texts, mended) for fix in batch]
        if not all(
            path and _fits(fix, texts[path], chosen.get(path, {}).get(fix.line, ()))
            for fix, path in zip(batch, places, strict=True)
        ):
            continue
        done += 1
        for fix, path in zip(batch, places, strict=True):
            chosen.setdefault(path, {}).setdefault(fix.line, []).append(fix)
    for path, by_line in chosen.items():
        texts[path] = _edited(texts[path], by_line)
    return done


def _place_of(fix: Fix, texts: dict[str, bytes], mended: Mended) -> str:
    """The real path of its file, which is then in texts; "" when there is none."""
    if fix.file == COMMAND_LINE:
        return ""
    name = filesystem_path(fix.file)
    path = os.path.realpath(name)
    if path not in texts:
        try:
            with open(path, "rb") as file:
                texts[path] = file.read()
        except OSError:
            return ""
        mended.before.setdefault(path, texts[path])
        mended.names.setdefault(path, name)
    return path


def _fits(fix: Fix, data: bytes, others: Iterable[Fix]) -> bool:
    lines = data.split(b"\n")
    if not 0 < fix.line <= len(lines):
        return False
    start, old = fix.column - 1, fix.old.encode("latin-1")
    end = start + len(old)
    if lines[fix.line - 1][start:end] != old:
        return False
    return all(
        end <= other.column - 1 or other.column - 1 + len(other.old) <= start
        for other in others
    ) and all(other.column - 1 != start for other in others)


def _edited(data: bytes, by_line: Mapping[int, Sequence[Fix]]) -> bytes:
    lines = data.decode("latin-1").split("\n")
    for number in sorted(by_line, reverse=True):
        line = lines[number - 1]
        indent = line[: len(line) - len(line.lstrip(BLANKS))]
        end = "\r\n" if line.endswith("\r") else "\n"
        for fix in sorted(by_line[number], key=lambda one: -one.column):
            new = fix.new.replace("\n", end + indent)
            start = fix.column - 1
            line = line[:start] + new + line[start + len(fix.old) :]
        lines[number - 1 : number] = [line] if line.strip(BLANKS) else []
    return "\n".join(lines).encode("latin-1")


class ChangedError(Exception):
    """A file is no longer what was read; str() is its path."""


def write(mended: Mended) -> None:
    """Each file in the place of the old one, with its rights. ChangedError, OSError."""
    for path in mended.after:
        with open(path, "rb") as file:
            if file.read() != mended.before[path]:
                raise ChangedError(path)
    for path, data in mended.after.items():
        _replace(path, data)


def _replace(path: str, data: bytes) -> None:
    """A reader sees the old file or the new one, never a part."""
    folder, name = os.path.split(path)
    fd, new = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
    try:
        with open(fd, "wb") as file:
            file.write(data)
            known = os.stat(path)
            with contextlib.suppress(PermissionError):  # only root may give it away
                os.fchown(fd, known.st_uid, known.st_gid)
            file.flush()
            os.fsync(fd)
        times = os.stat(new)
        shutil.copystat(path, new)  # after the owner: that takes bits away
        os.utime(new, ns=(times.st_atime_ns, times.st_mtime_ns))
        os.replace(new, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(new)
        raise
