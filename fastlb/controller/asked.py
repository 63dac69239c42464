"""A request as the controller's pages see it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

NAME_MAX: Final = 255
"""Characters of a user's name, as the log tells it."""


@dataclass(slots=True)
class PageRequest:
    """`Request` of _core.pyi."""

    method: str
    target: str
    path: str
    query: str
    headers: list[tuple[bytes, bytes]]
    client_host: str
    client_port: int
    host_name: str
    host_port: int
    local_host: str
    local_port: int
    vhost_index: int


@dataclass(frozen=True, slots=True)
class Asked:
    """vhost_index: of the host that it came to; -1: through the control socket.

    headers     by name in lower case; of one that comes twice the last
    path        as it was sent, decoded; query: what is asked, without its "?"
    script      the part of the path that leads to the handler, after all rules; rest:
                what follows; both with a character for each byte
    host_name, host_port  what pages call us
    """

    handler: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    vhost_index: int
    host_name: str
    host_port: int
    script: str
    rest: str
    client: str
    user: str
    local_host: str = ""  # where it came to
    host_word: str = ""  # what the worker calls the host (facts/controller.py)

    @property
    def page_request(self) -> PageRequest:
        """As the pages of admin/ want it, which workers ask for as well."""
        return PageRequest(
            method=self.method,
            target=f"{self.path}?{self.query}",
            path=_text(self.script + self.rest),
            query=self.query,
            headers=[
                (name.encode("latin-1"), value.encode("latin-1", "replace"))
                for name, value in self.headers.items()
            ],
            client_host=self.client,
            client_port=0,
            host_name=self.host_name.strip("[]"),
            host_port=self.host_port,
            local_host=self.local_host,
            local_port=0,
            vhost_index=max(self.vhost_index, 0),
        )

    @property
    def who(self) -> str:
        """For the log: one line, which the master takes whatever the name is."""
        if self.vhost_index < 0:
            return f"{_line(self.user)} at the control socket"
        user = _line(_text(self.user)) or "somebody without a name"
        return f"{user} at {self.client}, by {self.handler}"


def _text(said: str) -> str:
    """What its bytes spell."""
    return said.encode("latin-1", "replace").decode("utf-8", "replace")


def _line(name: str) -> str:
    shown = "".join(one if one.isprintable() else "?" for one in name[:NAME_MAX])
    return shown if len(name) <= NAME_MAX else f"{shown}\u2026"
