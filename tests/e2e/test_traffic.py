"""Requests and responses of every form, one after the other and together."""

from __future__ import annotations

from peers import Message, answering, request, response
from rig import Rig


def echo(message: Message) -> bytes:
    return response(f"{message.method} {message.target}".encode())


def test_a_request_is_answered(rig: Rig) -> None:
    rig.serve(answering(echo))
    got = rig.ask(request("/a"))
    assert (got.status, got.body) == (200, b"GET /a")


def test_a_client_keeps_its_connection_and_the_member_its_own(rig: Rig) -> None:
    rig.serve(answering(echo))
    client = rig.client()
    for n in range(20):
        client.send(request(f"/{n}"))
        assert client.take_response().body == f"GET /{n}".encode()
    assert rig.members[0].connections == 1
