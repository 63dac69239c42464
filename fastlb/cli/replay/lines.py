r"""Lines of an access log -> what was asked, each once, with how often.

A line is read by one regular expression, made from the LogFormat with which it was
written, or as JSON. What cannot be read is counted, and some of it kept to be shown; it
never stops anything.
"""

from __future__ import annotations

import gzip
import json
import re
import sys
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, Final, cast

LINE_BYTES_MAX: Final = 64 * 1024
BROKEN_KEPT: Final = 3
SAMPLE: Final = 50  # lines that tell which format it is

COMMON: Final = '%h %l %u %t "%r" %>s %b'
FORMATS: Final = {
    "vhost_combined": f'%v:%p {COMMON} "%{{Referer}}i" "%{{User-Agent}}i"',
    "combined": f'{COMMON} "%{{Referer}}i" "%{{User-Agent}}i"',
    "vhost_common": f"%v {COMMON}",
    "common": COMMON,
}
JSON: Final = "json"

# What a line may say that we want to know, in the order of the fields of Asked.
FIELDS: Final = (
    *("host", "port", "method", "target", "client", "user", "status", "goes_to"),
)
# %X of a LogFormat -> ours; all else is skipped
DIRECTIVES: Final = {
    "v": "host",
    "V": "host",
    "{Host}i": "host",
    "p": "port",
    "{canonical}p": "port",
    "{local}p": "port",
    "h": "client",
    "a": "client",
    "{c}a": "peer",
    "{X-Forwarded-For}i": "forwarded",
    "u": "user",
    "s": "status",
    "r": "request",
    "m": "method",
    "U": "path",
    "q": "query",
    "{BALANCER_NAME}e": "goes_to",
    "{BALANCER_WORKER_NAME}e": "member",
}
# Keys of JSON lines: httpd's usual ones, and those of nginx, Caddy, Traefik, HAProxy
KEYS: Final = {
    "host": ("host", "vhost", "server_name", "http_host", "RequestHost"),
    "port": ("port", "server_port"),
    "request": ("request", "request_line", "r"),
    "method": ("method", "request_method", "RequestMethod"),
    "target": ("target", "uri", "request_uri", "url", "RequestPath"),
    "path": ("path", "uri_path"),
    "query": ("query", "args", "query_string"),
    "client": (
        *("client", "client_ip", "remote_addr", "remote_ip", "remote_host", "ip"),
        "ClientHost",
    ),
    "user": ("user", "remote_user", "ClientUsername"),
    "status": ("status", "code", "DownstreamStatus"),
    "goes_to": ("balancer", "balancer_name"),
    "member": ("member", "worker", "balancer_worker_name", "upstream_addr"),
}
_DIRECTIVE = re.compile(
    r"%(?:!?[0-9]{3}(?:,[0-9]{3})*)?[<>]*((?:\{[^}]*\})?(?:\^[a-z]{2}|[A-Za-z%]))"
)
_ESCAPE = re.compile(r'\\(x[0-9a-fA-F]{2}|["\\bnrtv])')
_PLAIN = {"b": "\b", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}

Asked = tuple[str, str, str, str, str, str, str, str]  # FIELDS; "" for what is unknown
Reader = Callable[[str], Asked | None]


class FormatError(ValueError):
    """It cannot be told what the lines say; str() is why."""


@dataclass(slots=True)
class Logged:
    """What the lines say. requests: how often each stands there.

    damaged  files whose compression ends, or is broken, before they do; why
    """

    requests: dict[Asked, int] = field(default_factory=dict)
    lines: int = 0
    broken: int = 0
    examples: list[str] = field(default_factory=list)  # of broken ones
    damaged: list[str] = field(default_factory=list)


def read(paths: Sequence[str], form: str, known: dict[str, str]) -> Logged:
    """All lines of all files. OSError, FormatError.

    form   a LogFormat, the name of one, "json", or "" to find out
    known  formats by name, of a configuration: they come before our own
    """
    logged = Logged()
    reader: Reader | None = None
    formats = {**FORMATS, **known}
    if form:
        written = formats.get(form, form)
        if form != JSON and "%" not in written:
            raise FormatError(f"no LogFormat is called {form}")
        reader = of_json if form == JSON else of_format(written)
    for path in paths:
        with _opened(path) as file:
            lines = _lines(file, path, logged)
            if reader is None:
                first = [line for _, line in zip(range(SAMPLE), lines, strict=False)]
                if logged.damaged and not first:
                    raise FormatError(logged.damaged[0])
                reader = _found_out(first, known, path)
                _take(first, reader, logged)
            _take(lines, reader, logged)
    return logged


@contextmanager
def _opened(path: str) -> Iterator[IO[bytes]]:
    if path == "-":
        yield sys.stdin.buffer
        return
    with open(path, "rb") as file:
        if file.peek(2)[:2] != b"\x1f\x8b":
            yield file
            return
        with gzip.open(file) as unpacked:
            yield cast("IO[bytes]", unpacked)


def _lines(file: IO[bytes], path: str, logged: Logged) -> Iterator[str]:
    """One by one; what is longer than LINE_BYTES_MAX comes in pieces, which are broken.

    A file that ends within its compression has the lines until there.
    """
    try:
        while line := file.readline(LINE_BYTES_MAX):
            yield line.decode("latin-1")
    except (EOFError, gzip.BadGzipFile, zlib.error) as problem:
        logged.damaged.append(f"{path}: it is read to where it is damaged: {problem}")


def _take(lines: Iterable[str], reader: Reader, logged: Logged) -> None:
    """The loop that all lines go through."""
    requests = logged.requests
    count = 0
    for line in lines:
        count += 1
        asked = reader(line)
        if asked is not None:
            requests[asked] = requests.get(asked, 0) + 1
        elif line.strip():
            logged.broken += 1
            if len(logged.examples) < BROKEN_KEPT:
                logged.examples.append(line.rstrip("\r\n"))
        else:
            count -= 1
    logged.lines += count


def _found_out(lines: Sequence[str], known: dict[str, str], path: str) -> Reader:
    """The reader of the format that most of the first lines have."""
    choices = [*known.values(), *FORMATS.values()]
    readers: list[Reader] = [of_json]
    for written in dict.fromkeys(choices):
        try:
            readers.append(of_format(written))
        except FormatError:
            continue
    best = max(readers, key=lambda one: sum(one(line) is not None for line in lines))
    if lines and not any(best(line) is not None for line in lines):
        raise FormatError(f"{path}: no known format fits its lines; say --format")
    return best


# --- text


def of_format(written: str) -> Reader:
    """A reader of what a LogFormat writes. FormatError when it names no request."""
    pattern, names = _pattern(written)
    if not ("request" in names or ("method" in names and "path" in names)):
        raise FormatError(f"{written}: it says neither %r nor %m and %U")
    match = re.compile(pattern, re.S).match
    at = {name: number for number, name in enumerate(names)}
    places = [at.get(name, -1) for name in ("host", "port", "user", "status")]
    client = at.get("client", at.get("peer", at.get("forwarded", -1)))
    goes_to = at.get("goes_to", at.get("member", -1))
    request = at.get("request", -1)
    method, path, query = (at.get(name, -1) for name in ("method", "path", "query"))

    def read_line(line: str) -> Asked | None:
        found = match(line)
        if found is None:
            return None
        said = (*found.groups(), "")  # the last for what it does not say
        if request >= 0:
            parts = said[request].split(" ")
            if len(parts) != 3:  # no request was read: "-", or no HTTP
                parts = [said[request], "", ""]
            asks, target = parts[0], parts[1]
        else:
            asks, target = said[method], said[path] + said[query]
        host, port, user, status = (said[place] for place in places)
        return host, port, asks, target, said[client], user, status, said[goes_to]

    return read_line


def _pattern(written: str) -> tuple[str, list[str]]:
    r"""(expression, names of its groups) of a LogFormat; \" in it is a quote."""
    text = written.replace('\\"', '"').replace("\\t", "\t")
    parts: list[str] = []
    names: list[str] = []
    end = 0
    for found in _DIRECTIVE.finditer(text):
        parts.append(re.escape(text[end : found.start()]))
        end = found.end()
        if found[1] == "%":
            parts.append("%")
            continue
        name = DIRECTIVES.get(found[1])
        keeps = name is not None and name not in names
        value = _value(found[1], text[found.start() - 1 : found.start()], text[end:])
        parts.append(f"({value})" if keeps else value)
        if keeps and name is not None:
            names.append(name)
    parts.append(re.escape(text[end:]) + r"(?=\s|\Z)")
    return "".join(parts), names


def _value(directive: str, before: str, behind: str) -> str:
    """What a directive writes, as an expression that does not look back."""
    if directive == "t":
        return r"\[[^\]]*\]"
    if before == behind[:1] == '"':
        return r'[^"\\]*(?:\\.[^"\\]*)*'
    if directive == "p":
        return r"[0-9]*"
    if not behind or behind[0] == " ":
        return r"\S*"
    return rf"[^\s{re.escape(behind[0])}]*" if directive != "v" else r"\S*?"


# --- JSON


def of_json(line: str) -> Asked | None:
    """A line that is an object; one in it (Caddy's "request") counts as part of it."""
    if not line.startswith("{"):
        return None
    try:
        said = json.loads(line.encode("latin-1"))
    except ValueError:
        return None
    inner = said.get("request")
    if isinstance(inner, dict):
        said = {**said, **inner, "request": ""}
    method, target = _said(said, "method"), _said(said, "target")
    parts = _said(said, "request").split(" ")
    if not method and len(parts) == 3:
        method, target = parts[:2]
    path = _said(said, "path")
    if not target and path:
        query = _said(said, "query").removeprefix("?")
        target = path + (f"?{query}" if query else "")
    if not (method and target):
        return None
    host, colon, port = _said(said, "host").partition(":")
    return (
        host,
        port if colon else _said(said, "port"),
        method,
        target,
        _said(said, "client"),
        _said(said, "user"),
        _said(said, "status"),
        _said(said, "goes_to") or _said(said, "member"),
    )


def _said(said: dict[str, Any], name: str) -> str:
    for key in KEYS[name]:
        value = said.get(key)
        if isinstance(value, (str, int)) and value != "-":
            return str(value)
    return ""


def unescaped(text: str) -> str:
    """As it was before httpd wrote it into a log: \\" \\\\ \\n \\xhh."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(_unescaped, text)


def _unescaped(found: re.Match[str]) -> str:
    code = found[1]
    return chr(int(code[1:], 16)) if code[0] == "x" else _PLAIN.get(code, code)
