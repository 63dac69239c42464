"""What an exchange keeps of a request stays what it was, whatever becomes of buffers.

A request's head lies where it was received; that buffer may be exchanged for another
one while the request is served, and then the next connection reads into the old one.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from harness import Fastlb, wait_for
from peers import Message, Peer, answering, chunked, request, response
from rig import Rig
from tls_site import host, lay, secure

NAME = "a" * 180 + ".example"
BODY = b"0123456789" * 2000
# A stranger's bytes fill the smallest buffer nearly, with line ends in them.
STRANGER = (
    b"GET /b HTTP/1.1\r\nHost: stranger.example\r\n"
    + (b"X-Stranger: " + b"s" * 150 + b"\r\n") * 95
)

FRAMINGS: dict[str, tuple[str, bytes]] = {
    "length": (f"Content-Length: {len(BODY)}\r\n", BODY),
    "chunked": ("Transfer-Encoding: chunked\r\n", chunked(BODY[:7000], BODY[7000:])),
}


def absolute(fields: str, target: str = "/x?y=1") -> bytes:
    head = f"POST http://{NAME}{target} HTTP/1.1\r\nHost: x\r\n{fields}\r\n"
    return head.encode()


def seen_by(seen: list[Message]) -> Callable[[Peer], None]:
    def answer(message: Message) -> bytes:
        seen.append(message)
        return response(b"ok")

    return answering(answer)


def begun(rig: Rig, exchanges: int, downstreams: int) -> None:
    """Wait until the worker has that many of both, and has read what they sent."""

    def has() -> bool:
        counts = rig.look()["counts"]
        return bool(
            counts["exchanges"] == exchanges
            and counts["downstreams"] == downstreams
            and counts["buffers"] >= downstreams
        )

    wait_for(has, f"{exchanges} exchanges of {downstreams} connections")


@pytest.mark.parametrize("preserve", ["Off", "On"])
@pytest.mark.parametrize("framing", FRAMINGS)
def test_an_absolute_target_names_the_host_whatever_its_body_does(
    rig: Rig, framing: str, preserve: str
) -> None:
    """The body does not fit into the first buffer, which a stranger's bytes fill."""
    seen: list[Message] = []
    rig.serve(seen_by(seen), text=f"ProxyPreserveHost {preserve}")
    fields, body = FRAMINGS[framing]
    client = rig.client()
    client.send(absolute(fields) + body[:100])
    begun(rig, 1, 1)
    stranger = rig.client()
    stranger.send(STRANGER)
    begun(rig, 1, 2)
    client.send(body[100:])
    assert client.take_response().body == b"ok"
    stranger.send(b"\r\n")
    assert stranger.take_response().body == b"ok"
    first, second = seen
    assert first.body == BODY
    assert first.target == "/x?y=1"
    assert first.field("X-Forwarded-Host") == NAME
    assert first.field("Host") == (
        NAME if preserve == "On" else f"127.0.0.1:{rig.members[0].port}"
    )
    assert first.field("X-Stranger") is None
    assert second.field("X-Forwarded-Host") == "stranger.example"


@pytest.mark.parametrize("host_field", ["Host:\r\n", "Host: x\r\n", ""])
def test_a_host_that_nobody_has_is_refused_by_a_worker_that_lives(
    rig: Rig, host_field: str
) -> None:
    """The page names us, and finds no port where nothing names one."""
    hosts = "".join(
        f"<VirtualHost *:{rig.port}>\nServerName {name}\n</VirtualHost>\n"
        for name in ("one.example", "two.example")
    )
    rig.start(f"StrictHostCheck On\n{hosts}")
    for authority in ("nobody.example", "nobody.example:8080", "nobody.example."):
        head = f"GET http://{authority}/ HTTP/1.0\r\n{host_field}\r\n"
        got = rig.ask(head.encode())
        assert got.status == 400
    assert rig.ask(request("http://one.example/")).status == 404


def test_another_host_than_the_handshake_named_is_refused_by_a_worker_that_lives(
    server: Fastlb, tmp_path: Path
) -> None:
    """As absolute target of an HTTP/1.0 request with an empty Host."""
    lay(tmp_path)
    wary = ("SSLVerifyClient require", "SSLCACertificateFile ca.crt")
    port = str(server.port)
    server.write(host("one.test", port=port) + host("two.test", *wary, port=port))
    server.start()
    workers = server.workers()
    for field in ("Host:", "Host: one.test", "Host: one.test:1"):
        with secure(server.port, "one.test") as peer:
            head = f"GET http://two.test/ HTTP/1.0\r\n{field}\r\n\r\n"
            peer.send(head.encode())
            assert peer.take_response().status == 421
    assert server.workers() == workers


def test_interpolation_looks_at_the_variables_there_are(rig: Rig) -> None:
    """A log format's notes and response fields are variables without a name."""
    seen: list[Message] = []
    member = rig.member(seen_by(seen))
    wanted = "".join(f"%{{X-{n}}}o%{{note-{n}}}n" for n in range(100))
    rig.start(
        f"CustomLog fields.log {wanted}\nProxyPassInterpolateEnv On\n"
        f"ProxyPass / {member.url}/a${{n:note-1}}${{o:x-1}}${{GIVEN}}${{NOT}}b/ "
        "interpolate\nSetEnv GIVEN given\n"
    )
    for _ in range(2):
        assert rig.ask(request("/c")).body == b"ok"
    assert [message.target for message in seen] == ["/agivenb/c"] * 2


def test_what_is_empty_is_composed_as_nothing(rig: Rig) -> None:
    """A Via without a port, and the path of a CONNECT, which has none."""
    seen: list[Message] = []
    rig.serve(
        seen_by(seen),
        text="ProxyVia On\nProxyRequests On\nAllowCONNECT 1\nCustomLog f.log %f",
    )
    assert rig.ask(request()).body == b"ok"
    assert seen[0].field("Via") == "1.1 test.example"
    assert rig.ask(b"CONNECT 127.0.0.1:1 HTTP/1.1\r\nHost: x\r\n\r\n").status == 503
    wait_for(
        lambda: len((rig.folder / "f.log").read_text().splitlines()) == 2,
        "both lines are written",
    )


REFUSED = {
    "a bad line": b"HEAD / HTTP/1.1\r\nHost: x\r\nno field\r\n\r\n",
    "too many options": (
        b"HEAD / HTTP/1.1\r\nHost: x\r\nX-Kept: not\r\nConnection: "
        + b", ".join(b"o%d" % n for n in range(65))
        + b", x-kept\r\n\r\n"
    ),
}


@pytest.mark.parametrize("refused", REFUSED)
def test_the_document_of_a_refused_head_is_read_to_its_end(
    rig: Rig, refused: str
) -> None:
    """It is asked for by GET, whatever the head asked that nobody has understood.

    Its body must not be left in a connection that another request will be sent over.
    """
    late = threading.Event()
    seen: list[Message] = []

    def member(peer: Peer) -> None:
        while (message := peer.take_request()) is not None:
            seen.append(message)
            if message.target == "/sorry":
                body = response(b"poison")
                peer.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body))
                late.wait(10)
                peer.send(body)
            else:
                peer.send(response(b"right"))

    rig.serve(member, text="ErrorDocument 400 /sorry")
    client = rig.client()
    client.send(REFUSED[refused])
    wait_for(lambda: bool(seen), "the document is asked for")
    wait_for(lambda: rig.count("upstreams") <= 1, "the head of it has come")
    other = rig.client()
    other.send(request())
    wait_for(lambda: len(seen) == 2, "the next request has come")
    late.set()
    assert other.take_response().body == b"right"
    assert seen[0].method == "GET"
    assert seen[0].field("X-Kept") is None


def test_what_a_request_asked_is_not_taken_for_what_the_next_one_asks(
    rig: Rig,
) -> None:
    """A head that was never read has no method, and a 400 of its own document."""
    member = rig.member(answering(lambda _: response(b"sorry")))
    rig.start(
        f"ProxyRequests On\nAllowCONNECT {member.port}\n"
        f"ErrorDocument 400 /sorry\nProxyPass /sorry {member.url}/"
    )
    for _ in range(2):
        with contextlib.closing(rig.client()) as tunnel:
            tunnel.send(f"CONNECT 127.0.0.1:{member.port} HTTP/1.0\r\n\r\n".encode())
            assert tunnel.take_head()[0].split(" ")[1] == "200"
        wait_for(lambda: rig.count("exchanges") == 0, "the tunnel has ended")
        client = rig.client()
        client.send(b"GET / HTTP/1.1\r\nHost: ")
        client.half_close()
        assert client.take_response().body == b"sorry"


def test_what_a_member_did_is_not_held_against_the_one_of_the_document(
    rig: Rig,
) -> None:
    """One lets time pass, the other only ends: that alone is no time-out of its own."""

    def silent(peer: Peer) -> None:
        peer.take_request()
        peer.at_end()

    def leaves(peer: Peer) -> None:
        peer.take_request()

    slow, gone = rig.member(silent), rig.member(leaves)
    rig.start(
        "ErrorDocument 502 /sorry\nProxyTimeout 1\n"
        f"ProxyPass /sorry balancer://b/\nProxyPass / {slow.url}/\n"
        f"<Proxy balancer://b>\nBalancerMember {gone.url}\n"
        "ProxySet failontimeout=On\n</Proxy>\n"
    )
    assert rig.ask(request()).status == 502
    (of_document,) = [m for m in rig.look()["members"] if str(gone.port) in m["key"]]
    assert of_document["elected"] == 1
    assert "Err" not in of_document["status"]
