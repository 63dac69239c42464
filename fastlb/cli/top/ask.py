"""The state document (docs/state.md), from a server that runs."""

from __future__ import annotations

import http.client
import json
import socket
import time
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

FORMAT: Final = 1  # of the document that is understood here
TIMEOUT_S: Final = 5.0
BYTES_MAX: Final = 64 << 20
DEFAULT_URL: Final = "http://localhost/server-status"


class AskError(Exception):
    """There is no document; str() says why."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was seen, and when (monotonic)."""

    document: dict[str, Any]
    at_s: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where to ask. socket_path: "" for host and port."""

    shown: str
    tls: bool
    host: str
    port: int
    target: str
    socket_path: str = ""


def place_of(url: str) -> Place:
    """http://host/server-status, https://... or unix:/path|http://host/...; AskError.

    A URL without a query is asked for its ?json.
    """
    socket_path, inner = "", url
    if url.startswith("unix:"):
        socket_path, _, inner = url[len("unix:") :].partition("|")
        inner = inner or DEFAULT_URL
    try:
        parts = urlsplit(inner)
        port = parts.port
    except ValueError as problem:
        raise AskError(f"{url}: {problem}") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise AskError(f"{url}: write http://host:port/server-status")
    target = f"{parts.path or '/server-status'}?{parts.query or 'json'}"
    tls = parts.scheme == "https"
    port = port or (443 if tls else 80)
    return Place(url, tls, parts.hostname, port, target, socket_path)


def ask(place: Place) -> Look:
    """The document as it is now. AskError."""
    connection = _connection(place)
    try:
        connection.request("GET", place.target, headers={"Accept": "application/json"})
        answer = connection.getresponse()
        body = answer.read(BYTES_MAX)
    except (OSError, http.client.HTTPException) as problem:
        why = getattr(problem, "strerror", None) or problem or type(problem).__name__
        raise AskError(f"{place.shown}: {why}") from None
    finally:
        connection.close()
    if answer.status != 200:
        raise AskError(f"{place.shown}: {answer.status} {answer.reason}")
    try:
        document = json.loads(body)
        version = document["format"]
    except (ValueError, TypeError, KeyError):
        raise AskError(
            f"{place.shown}: it is no state document; SetHandler server-status and"
            " ?json give one"
        ) from None
    if version != FORMAT:
        raise AskError(f"{place.shown}: its format is {version}, not {FORMAT}")
    return Look(document, time.monotonic())


def _connection(place: Place) -> http.client.HTTPConnection:
    if place.tls and not place.socket_path:
        return http.client.HTTPSConnection(place.host, place.port, timeout=TIMEOUT_S)
    connection = http.client.HTTPConnection(place.host, place.port, timeout=TIMEOUT_S)
    if place.socket_path:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.settimeout(TIMEOUT_S)
        try:
            sock.connect(place.socket_path)
        except OSError as problem:
            sock.close()
            why = problem.strerror or problem
            raise AskError(f"{place.socket_path}: {why}") from None
        connection.sock = sock
    return connection
