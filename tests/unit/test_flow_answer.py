"""answer.pyx and arena.pyx: what is answered here, and composing in scratch memory."""

from __future__ import annotations

import pytest
from flow_bench import Bench
from flow_peers import ONE, SERVER, answer, get, post

HERE = SERVER + "DocumentRoot /none-such\n"  # nothing is there


# answer: what is made here


@pytest.mark.parametrize(
    ("request_bytes", "status", "allow"),
    [
        (get(), 404, None),
        (get(method="POST"), 404, None),
        (get(method="OPTIONS"), 200, "GET,POST,OPTIONS,HEAD,TRACE"),
        (get(method="DELETE"), 405, "GET,POST,OPTIONS,HEAD,TRACE"),
        (get(method="MKCOL"), 405, "GET,POST,OPTIONS,HEAD,TRACE"),
        (get(method="MKCO"), 501, None),
        (get(method="L"), 501, None),
    ],
)
def test_what_is_not_mapped(
    request_bytes: bytes, status: int, allow: str | None
) -> None:
    with Bench(HERE) as bench:
        head, _ = bench.ask(request_bytes).message()
        assert int(head.split()[1]) == status
        assert (f"\r\nAllow: {allow}\r\n".encode() in head) is (allow is not None)


def test_an_answer_to_head_has_no_body() -> None:
    with Bench(HERE) as bench:
        client = bench.ask(get(method="HEAD"))
        assert b" 404 " in client.head()
        assert client.is_silent()
        client.send(get())
        assert client.message()[1] == b"404 "


def test_trace_echoes_the_head_as_it_came() -> None:
    request = get("/a", "X-Odd:  spaced", method="TRACE")
    with Bench(HERE) as bench:
        head, body = bench.ask(request).message()
        assert b"\r\nContent-Type: message/http\r\n" in head
        assert body == request


def test_trace_with_a_body_is_refused_and_its_body_is_no_request() -> None:
    with Bench(HERE) as bench:
        client = bench.ask(post(get("/smuggled"), method="TRACE"))
        assert client.status() == 413
        assert not client.rest().startswith(b"HTTP/1.1 404")


@pytest.mark.parametrize(("method", "left"), [("OPTIONS", b""), ("TRACE", b"TRACE /")])
def test_max_forwards_0_ends_here(method: str, left: bytes) -> None:
    with Bench() as bench:
        client = bench.ask(get("/", "Max-Forwards: 0", method=method))
        head, body = client.message()
        assert head.startswith(b"HTTP/1.1 200 ")
        assert body[:7] == left
        assert bench.members[0].is_unasked()
        client.send(get("/", "Max-Forwards: 0"))
        assert client.status() == 400  # of a GET it says that it went in a circle


def test_a_handler_answers_with_what_it_was_asked() -> None:
    text = HERE + "<Location /info>\nSetHandler server-info\n</Location>\n"
    with Bench(text) as bench:
        client = bench.ask(get("/info?auto", "X-Field: 1"))
        head, body = client.message()
        assert b"\r\nX-Handled: yes\r\n" in head
        assert body == b"handled"
        name, request = bench.services.handled[0]
        assert name == "server-info"
        assert (request.path, request.query) == ("/info", "auto")
        assert (b"X-Field", b"1") in request.headers
        assert request.client_port == client.sock.getsockname()[1]


@pytest.mark.parametrize("path", ["/info", "/nowhere"])
def test_services_that_fail_cost_a_page_and_not_the_connection(path: str) -> None:
    text = HERE + "<Location /info>\nSetHandler server-info\n</Location>\n"
    with Bench(text) as bench:
        bench.services.fault = True
        client = bench.ask(get(path))
        assert client.status() in (404, 500)
        assert bench.has_said("FB0315")


# answer: ErrorDocument


def test_an_error_document_of_text() -> None:
    with Bench(HERE + 'ErrorDocument 404 "not here"\n') as bench:
        head, body = bench.ask().message()
        assert (head.split()[1], body) == (b"404", b"not here")
        assert bench.services.pages == []


def test_an_error_document_elsewhere_is_a_redirect() -> None:
    with Bench(HERE + "ErrorDocument 404 http://e.test/x\n") as bench:
        head, _ = bench.ask().message()
        assert head.split()[1] == b"302"
        assert b"\r\nLocation: http://e.test/x\r\n" in head


FROM_MEMBER = (
    SERVER + "ErrorDocument 403 /document\n"
    "<Location /denied>\nRequire all denied\n</Location>\n"
    "ProxyPass /document http://127.0.0.1:8001/document\n"
)


def test_an_error_document_of_a_member_is_asked_for_by_get() -> None:
    with Bench(FROM_MEMBER) as bench:
        client = bench.ask(post(b"body", "X-Kept: 1", path="/denied"))
        member = bench.members[0].accept()
        head = member.head()
        assert head.startswith(b"GET /document HTTP/1.1\r\n")
        assert b"\r\nX-Kept: 1\r\n" in head
        assert b"Content-Length" not in head
        member.send(answer(b"the document"))
        head, body = client.message()
        assert (head.split()[1], body) == (b"200", b"the document")  # as Apache
        assert member.is_silent()


HANDLED = (
    SERVER + "DocumentRoot /usr\n"
    "<Location /app>\nSetHandler proxy:http://127.0.0.1:8001\n</Location>\n"
    "<Location /app/secret>\nRequire all denied\n</Location>\n"
    "<Location /app/none>\nSetHandler none\n</Location>\n"
)


def test_a_handler_asks_a_member_only_what_it_may_read_in_any_way() -> None:
    with Bench(HANDLED) as bench:
        client = bench.ask(get("/app/x?y"))
        member = bench.members[0].accept()
        assert member.head().startswith(b"GET /usr/app?y HTTP/1.1\r\n")
        member.send(answer(b"made"))
        assert client.message()[1] == b"made"
        for path in ("/app/x/..;/secret", "/app/x/..;/none/y", "/app//;/secret"):
            client.send(get(path))
            assert client.status() == 403, path
        client.send(get("/app/none/x"))
        assert client.status() == 404


BY_REQUEST = (
    SERVER + "ErrorDocument 403 /documents/%{req:X-Page}\n"
    "<LocationMatch ^/(denied|documents/secret)>\nRequire all denied\n"
    "</LocationMatch>\n"
    "ProxyPass /documents http://127.0.0.1:8001/documents\n"
)


def test_a_document_that_a_request_names_is_read_like_one_that_was_sent() -> None:
    with Bench(BY_REQUEST) as bench:
        client = bench.ask(get("/denied", "X-Page: a%20b?c"))
        member = bench.members[0].serve(answer(b"the document"))
        assert client.message()[1] == b"the document"
        for page in ("secret", "%73ecret", "x/../secret", "x/..;/secret", "..", "%zz"):
            client.send(get("/denied", f"X-Page: {page}"))
            assert client.status() == 403, page
        assert member.is_silent()


def test_a_document_is_asked_for_again_like_any_get() -> None:
    with Bench(FROM_MEMBER) as bench:
        client = bench.ask(get("/denied"))
        member = bench.members[0].serve()
        assert client.status() == 200
        client.send(post(b"body", path="/denied"))
        member.head()
        member.close()  # a reused connection that dies unanswered
        bench.members[0].serve(answer(b"the document"))
        assert client.message()[1] == b"the document"


@pytest.mark.parametrize("refuses", [False, True])
def test_an_error_document_that_fails_leaves_the_first_error(refuses: bool) -> None:
    with Bench(FROM_MEMBER) as bench:
        if refuses:
            bench.members[0].refuse()
        client = bench.ask(get("/denied"))
        if not refuses:
            bench.members[0].serve(b"no response\r\n\r\n")
        assert client.status() == 403
        assert len(bench.services.pages) == 1  # one page, and no document of a document


def test_a_document_of_a_head_holds_no_connection() -> None:
    with Bench(FROM_MEMBER) as bench:
        client = bench.ask(get("/denied", method="HEAD"))
        member = bench.members[0].accept()
        assert member.head().startswith(b"GET /document ")
        member.send(answer(b"the document"))
        assert b"\r\nContent-Length: 12\r\n" in client.head()
        assert client.is_silent()
        assert member.rest() == b""


# arena

COMPOSED = (
    "LimitRequestFieldSize 600000\n"
    + ONE
    + 'SetEnvIf X-Long "(.*)" COMPOSED=a$1b$1c\n'
    + 'RequestHeader set X-Composed "%{COMPOSED}e"\n'
)


@pytest.mark.parametrize("size", [0, 1, 100, 127, 128, 130, 8_000, 36_000, 200_000])
def test_what_is_composed_is_whole_whatever_its_size(size: int) -> None:
    """Within the exchange, then in pieces of 16, 64, 256 KiB and 1 MiB."""
    long = ("0123456789" * (size // 10 + 1))[:size]
    with Bench(COMPOSED) as bench:
        client = bench.ask(get("/", f"X-Long: {long}"))
        member = bench.members[0].accept()
        composed = f"\r\nX-Composed: a{long}b{long}c\r\n".encode()
        assert composed in member.head()
        member.send(answer())
        assert client.status() == 200


def test_what_finds_no_room_is_neither_sent_nor_decided_upon() -> None:
    with Bench(COMPOSED) as bench:
        client = bench.ask(get("/", f"X-Long: {'x' * 550_000}"))
        assert client.status() == 500
        assert bench.members[0].is_unasked()
        client = bench.ask(get("/", "X-Long: short"))
        bench.members[0].serve()
        assert client.status() == 200
