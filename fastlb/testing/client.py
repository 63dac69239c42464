"""Requests for tests: one request, and its answer as it came."""

from __future__ import annotations

import http.client
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server has answered; fields as they stood, in their order."""

    status: int
    fields: tuple[tuple[str, str], ...]
    body: bytes

    def field(self, name: str) -> str | None:
        for known, value in self.fields:
            if known.lower() == name.lower():
                return value
        return None

    @property
    def text(self) -> str:
        return self.body.decode("latin-1")


def exchange(
    connection: http.client.HTTPConnection,
    method: str,
    path: str,
    fields: dict[str, str],
    body: bytes | None = None,
) -> Answer:
    """One request and its answer on a connection that may be kept."""
    connection.request(method, path, body, fields)
    got = connection.getresponse()
    return Answer(got.status, tuple(got.getheaders()), got.read())
