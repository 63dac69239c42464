"""Where the compiled code of `fastlb explain` would send a request of a log.

What a line does not say is not made up: the request has no fields but Host, and those
who decide elsewhere are taken for a yes. A user whom the line names is one who has
given the right password; names of clients are not looked up.
"""

from __future__ import annotations

import base64
import functools
from dataclasses import dataclass

from fastlb.cli.explain.access import unmapped
from fastlb.cli.explain.asked import (
    CLIENT,
    AskedError,
    address_of,
    default_name,
    is_address,
    packed,
    speaks_tls,
)
from fastlb.cli.explain.standing import LOOK_UPS_MAX, Standing
from fastlb.facts.server import Model
from fastlb.worker.passwords import Verdict

CHANCE = 1  # of every election: what is asked for twice goes to one balancer anyhow
UNSEEN = frozenset("\r\n\0 ")  # what no target has

Key = tuple[str, str, str, str, str, str]  # host, port, method, target, client, user


@dataclass(frozen=True, slots=True)
class Place:
    """Where it goes.

    name    "balancer://name", a member's URL, "file", "handler NAME", "404", ...
    target  what is asked for there, or the place of a redirect
    status  of an answer that is made here; 0: a member's or a file's
    member  its URL, "" where none is asked
    """

    name: str
    target: str = ""
    status: int = 0
    member: str = ""


@dataclass(frozen=True, slots=True)
class _Door:
    """Where a request arrives: a listener, its address (16 bytes), what it calls the
    host, and the name of the handshake, b"" for none."""

    listener: int
    local: bytes
    host: str
    name: bytes


class Whither:
    """Places of requests under one model. There is one in a process at a time.

    owners: a member, by its URL and by host:port -> the balancers that have it
    """

    def __init__(self, standing: Standing) -> None:
        self._model: Model = standing.model
        self._explain = standing.explainer.explain
        if not self._model.listeners:
            raise AskedError("nothing listens: there is no Listen")
        self._by_port = {
            str(listener.port): number
            for number, listener in reversed(list(enumerate(self._model.listeners)))
        }
        self.owners = _owners(self._model)
        self._client = functools.cache(_packed_client)
        # No cache of functools: a circle would keep the plan until it is collected.
        self._doors: dict[tuple[str, str], _Door] = {}

    def place(self, key: Key) -> Place:
        """Of one request."""
        host, port, method, target, client, user = key
        if UNSEEN & {*target} or not target or not method:
            return Place("400", status=400)
        door = self._doors.get((host, port)) or self._door(host, port)
        lines = [f"{method} {target} HTTP/1.1", f"Host: {door.host}"]
        if user and user != "-":
            pair = base64.b64encode(f"{user}:".encode("latin-1", "replace")).decode()
            lines.append(f"Authorization: Basic {pair}")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")
        return self._named(self._told(head, door, self._client(client)), method)

    def _told(self, head: bytes, door: _Door, client: bytes) -> dict[str, object]:
        """What the compiled code says; who is asked meanwhile says yes."""
        names: dict[int, bool] = {}
        verdicts: list[tuple[int, bytes]] = []
        for _ in range(LOOK_UPS_MAX):
            told = self._explain(
                *(head, door.listener, client, door.local, door.name),
                *(names, CHANCE, verdicts),
            )
            if told["what"] != "wait" or "program" in told:
                break
            if "names" in told:
                names[told["number"]] = True
            else:
                verdicts.append((Verdict.GRANTED, b""))
        return told

    def _named(self, told: dict[str, object], method: str) -> Place:
        what = told["what"]
        if "program" in told:
            return Place("the program of a RewriteMap")
        if what == "member":
            balancer, number = told["balancer"], told["member"]
            assert isinstance(balancer, int) and isinstance(number, int)
            member = self._model.members[number].url
            name = self._model.balancers[balancer].name if balancer >= 0 else member
            return Place(name, _text(told["target"]), member=member)
        if what == "file":
            return Place("file", _text(told["file"]))
        if what == "handler":
            return Place(f"handler {_text(told['handler'])}", status=200)
        if what == "tunnel":
            return Place("tunnel")
        status = told.get("status") or 200
        assert isinstance(status, int)
        if what == "redirect":
            return Place(str(status), _text(told["location"]), status)
        if what == "nothing":
            status = unmapped(method)[0]
        elif what == "wait":
            status = 500
        return Place(str(status), status=status)

    def _door(self, host: str, port: str) -> _Door:
        """For what a line says of the host and port that were asked."""
        said = host, port
        number = self._by_port.get(port, 0)
        listener = self._model.listeners[number]
        local = address_of(self._model, listener.host, listener.port, host)
        if host in ("", "-"):
            host = default_name(self._model, local, listener.port)
        is_named = speaks_tls(self._model, number) and not is_address(host)
        name = host.encode("latin-1", "replace") if is_named else b""
        door = self._doors[said] = _Door(number, packed(local), host, name)
        return door


def _owners(model: Model) -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for balancer in model.balancers:
        for index in balancer.members:
            member = model.members[index]
            for name in (member.url, f"{member.host}:{member.port}"):
                found.setdefault(name, set()).add(balancer.name)
    return {name: frozenset(names) for name, names in found.items()}


def _packed_client(client: str) -> bytes:
    """Of a client whose name alone is known, and of a mistake, that of nobody."""
    try:
        return packed(client.partition(",")[0].strip())
    except AskedError:
        return packed(CLIENT)


def _text(data: object) -> str:
    return data.decode("latin-1") if isinstance(data, bytes) else ""
