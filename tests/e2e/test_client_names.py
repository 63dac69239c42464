"""HostnameLookups: names in access logs, and nobody who waits for them."""

from __future__ import annotations

import socket
import time

import pytest
from harness import wait_for
from peers import HOST, Message, Peer, answering, request, response
from rig import Rig

LOG = 'CustomLog names.log "%h %U %a %h"\n'
WAITS_S = 5  # NAME_WAIT_US


def echo(message: Message) -> bytes:
    return response(message.target.encode())


def lines(rig: Rig) -> list[str]:
    path = rig.folder / "names.log"
    return path.read_text().splitlines() if path.exists() else []


def client_from(rig: Rig, source: str) -> Peer:
    sock = socket.socket()
    sock.settimeout(10)
    sock.bind((source, 0))
    sock.connect((HOST, rig.port))
    made = Peer(sock)
    rig.clients.append(made)
    return made


@pytest.mark.needs("localhost")
@pytest.mark.parametrize("how", ["On", "Double"])
def test_the_log_has_the_name_that_the_system_knows(rig: Rig, how: str) -> None:
    rig.serve(answering(echo), text=LOG + f"HostnameLookups {how}\n")
    for path in ("/a", "/b"):
        assert rig.ask(request(path)).status == 200
    wait_for(lambda: len(lines(rig)) == 2, "both lines")
    assert sorted(lines(rig)) == [
        "localhost /a 127.0.0.1 localhost",
        "localhost /b 127.0.0.1 localhost",
    ]


def test_a_section_says_whether_names_are_looked_up(rig: Rig) -> None:
    rig.names = {HOST: "client.example"}
    rig.serve(
        answering(echo),
        text=LOG + "<Location /a>\nHostnameLookups On\n</Location>\n",
    )
    for path in ("/a", "/b"):
        rig.ask(request(path))
    wait_for(lambda: len(lines(rig)) == 2, "both lines")
    assert sorted(lines(rig)) == [
        "127.0.0.1 /b 127.0.0.1 127.0.0.1",
        "client.example /a 127.0.0.1 client.example",
    ]


def test_who_has_no_name_is_logged_by_address(rig: Rig) -> None:
    rig.names = {HOST: ""}
    rig.serve(answering(echo), text=LOG + "HostnameLookups On\n")
    rig.ask(request("/a"))
    wait_for(lambda: lines(rig) == ["127.0.0.1 /a 127.0.0.1 127.0.0.1"], "the line")


def test_a_name_server_that_is_silent_stops_neither_requests_nor_other_lines(
    rig: Rig,
) -> None:
    rig.names = {"127.0.0.5": None, "127.0.0.6": "six.example"}
    rig.serve(answering(echo), text=LOG + "HostnameLookups On\n")
    began = time.monotonic()
    for source, path in (("127.0.0.5", "/a"), ("127.0.0.5", "/b"), ("127.0.0.6", "/c")):
        client = client_from(rig, source)
        client.send(request(path))
        assert client.take_response().status == 200
    wait_for(
        lambda: "six.example /c 127.0.0.6 six.example" in lines(rig), "what is known"
    )
    assert time.monotonic() - began < WAITS_S, "too slow a machine to tell"
    assert len(lines(rig)) == 1
    wait_for(lambda: len(lines(rig)) == 3, "the lines that have waited enough")
    assert lines(rig)[1:] == [
        "127.0.0.5 /a 127.0.0.5 127.0.0.5",
        "127.0.0.5 /b 127.0.0.5 127.0.0.5",
    ]


def test_lines_of_a_worker_that_leaves_wait_no_longer(rig: Rig) -> None:
    rig.names = {HOST: None, "127.0.0.5": ""}
    rig.serve(answering(echo), text=LOG + "HostnameLookups On\n")
    kept = rig.client()
    kept.send(request("/a"))
    assert kept.take_response().status == 200
    other = client_from(rig, "127.0.0.5")
    other.send(request("/b"))
    assert other.take_response().status == 200
    wait_for(lambda: lines(rig), "the line that has its answer")
    assert lines(rig) == ["127.0.0.5 /b 127.0.0.5 127.0.0.5"]
    began = time.monotonic()
    rig.drain()
    kept.send(request("/c"))
    assert kept.take_response().field("Connection") == "close"
    kept.close()
    other.close()
    wait_for(lambda: len(lines(rig)) == 3, "the others, as they are")
    assert time.monotonic() - began < WAITS_S, "too slow a machine to tell"
    assert lines(rig)[1:] == [
        "127.0.0.1 /a 127.0.0.1 127.0.0.1",
        "127.0.0.1 /c 127.0.0.1 127.0.0.1",
    ]


def test_more_lines_than_may_wait_have_the_address_at_once(rig: Rig) -> None:
    rig.names = {HOST: None}
    rig.serve(
        answering(echo), text=LOG + "HostnameLookups On\nMaxKeepAliveRequests 0\n"
    )
    path = "/" + "a" * 8000
    client = rig.client()
    for _ in range(180):
        client.send(request(path))
        assert client.take_response().status == 200
        if lines(rig):
            break
    assert lines(rig)[0].startswith("127.0.0.1 /aaa")
