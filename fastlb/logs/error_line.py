"""One line of the error log, as its format has it (facts/error_format.py)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from fastlb.facts.error_format import (
    MESSAGE,
    OF_CONNECTIONS,
    About,
    ErrorFormat,
    ErrorPiece,
)

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(0x20), *range(0x7F, 0x100))} | {
    0x08: "\\b",
    0x09: "\\t",
    0x0A: "\\n",
    0x0B: "\\v",
    0x0C: "\\f",
    0x0D: "\\r",
    0x5C: "\\\\",
}
_LOG_ID: Final = "L"


def escape(text: str) -> str:
    """Backslashes and bytes that are not printable ASCII in C's notation (Apache's)."""
    return text.encode("utf-8", "surrogateescape").decode("latin-1").translate(_ESCAPES)


@dataclass(frozen=True, slots=True)
class Line:
    """What is known for it. text: escaped. of_request, of_connection: it goes before
    the first line about one."""

    now_ns: int
    level: str
    rank: int
    module: str
    pid: int
    thread: int
    error: str
    client: str
    is_remote: bool
    host: str
    text: str
    about: About | None
    of_connection: bool = False

    def before(self, *, of_request: bool) -> Line:
        """One that goes before it: of the message it says nothing."""
        return replace(
            self, level="", module="", error="", of_connection=not of_request
        )

    def usual(self, *, with_time: bool) -> str:
        """In httpd's default form."""
        parts = [f"[{moment(self.now_ns, 'u')}] "] if with_time else []
        parts.append(
            f"[{self.module}:{self.level}] [pid {self.pid}:tid {self.thread}] "
        )
        if self.error:
            parts.append(f"{self.error}: ")
        if self.client:
            whose = "remote" if self.is_remote else "client"
            parts.append(f"[{whose} {escape(self.client)}] ")
        return "".join([*parts, self.text])

    def value(self, piece: ErrorPiece) -> str:
        """ "": there is nothing."""
        if piece.kind == "a" and piece.text != "c":
            return escape(self.client)
        if piece.kind == "t":
            return moment(self.now_ns, piece.text)
        if piece.kind in _PLAIN:
            return _PLAIN[piece.kind](self)
        return escape(self._asked(piece))

    def _asked(self, piece: ErrorPiece) -> str:
        if self.about is None:
            return ""
        is_of_request = self.about.has_request and not self.of_connection
        if piece.kind not in OF_CONNECTIONS and not is_of_request:
            return ""
        if piece.kind == _LOG_ID and piece.text.lower() != "c" and not is_of_request:
            return ""
        if piece.kind == _LOG_ID and piece.text == "C" and is_of_request:
            return ""
        return self.about.said.get((piece.kind, piece.text), "")


_PLAIN: Final[Mapping[str, Callable[[Line], str]]] = {
    "l": lambda line: line.level,
    "m": lambda line: line.module,
    "P": lambda line: str(line.pid),
    "T": lambda line: str(line.thread),
    "E": lambda line: line.error,
    "F": lambda _: "",
    "v": lambda line: line.host,
}


def line_of(line: Line, form: ErrorFormat) -> str:
    """ "": what has to be in it is not there."""
    said = ""
    begin = 0  # of the field
    is_left_out = False
    for piece in form:
        if piece.begins_field:
            begin, is_left_out = len(said), False
        if piece.kind == MESSAGE:
            said += line.text
            continue
        if is_left_out:
            continue
        if piece.kind == "":
            said += piece.text
            continue
        found = "" if piece.level > line.rank else line.value(piece)
        if not found and piece.is_required:
            return ""
        if not found and piece.has_dash and piece.level <= line.rank:
            found = "-"
        if not found:
            said, is_left_out = said[:begin], True
        said += found
    return said


def moment(now_ns: int, form: str) -> str:
    """form: with "u" microseconds, with "c" the compact one."""
    seconds, rest_ns = divmod(now_ns, 1_000_000_000)
    t = time.localtime(seconds)
    clock = f"{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d}"
    if "u" in form:
        clock += f".{rest_ns // 1000:06d}"
    if "c" in form:
        return f"{t.tm_year}-{t.tm_mon:02d}-{t.tm_mday:02d} {clock}"
    day = f"{_DAYS[t.tm_wday]} {_MONTHS[t.tm_mon - 1]} {t.tm_mday:02d}"
    return f"{day} {clock} {t.tm_year}"
