"""Pages of the controller, as workers hand them on (handled.pyx, route.pyx)."""

from __future__ import annotations

from flow_bench import Bench
from flow_peers import SERVER, Peer, get, post
from gateways import Call
from test_flow_gateways import take_packed

from fastlb.facts.controller import host_word
from tests.rows import rows

CONF = f"""\
ProxyVia Full
CustomLog logs/access "%R %>s %{{proxy-status}}n"
RewriteEngine On
RewriteRule ^/rule - [H=server-status]
RewriteRule ^/other - [H=server-info]
RewriteRule ^/manager/rule - [H=balancer-api]
RewriteRule ^/words /status?auto [PT]
{SERVER}
Header set X-Handler "expr=%{{HANDLER}}"
<Location /status>
    SetHandler server-status
</Location>
<Location /expression>
    SetHandler "%{{req:X-Page}}"
</Location>
<Location /manager>
    SetHandler balancer-manager
</Location>
"""
PAGE = (
    b"Status: 200\r\nContent-Type: text/plain\r\nRefresh: 7\r\n"
    b"Content-Length: 4\r\n\r\npage"
)


def take(bench: Bench) -> tuple[Peer, Call]:
    """What the controller is asked."""
    (controller,) = bench.members
    door = controller.accept()
    return door, take_packed("scgi", door)


@rows(
    ("path", "field", "page", "query"),
    [
        ("/status?json", "X: y", "server-status", "json"),
        ("/words?json", "X: y", "server-status", "auto"),
        ("/rule/a?b", "X: y", "server-status", "b"),
        ("/expression", "X-Page: metrics", "metrics", ""),
        ("/manager/x", "X: y", "balancer-manager", ""),
    ],
)
def test_whatever_names_a_page_the_controller_is_asked(
    path: str, field: str, page: str, query: str
) -> None:
    with Bench(CONF) as bench:
        client = bench.ask(get(path, field))
        door, call = take(bench)
        assert call.env["SCRIPT_FILENAME"].endswith(f"/{host_word(0, '')}/{page}")
        assert call.env["QUERY_STRING"] == query
        door.send(PAGE)
        door.close()
        head, body = client.message()
        assert (head.split()[1], body) == (b"200", b"page")
        assert bench.log_lines() == [f"{page} 200 -"]
        assert b"\r\nRefresh: 7\r\n" in head
        assert b"\r\nVia:" not in head
        if path.startswith("/status"):
            assert b"\r\nX-Handler: server-status\r\n" in head


@rows(
    ("path", "field"),
    [
        ("/other", "X: y"),
        ("/expression", "X-Page: balancer-manager"),
        ("/manager/rule", "X: y"),
    ],
)
def test_what_no_line_offers_is_answered_here(path: str, field: str) -> None:
    """... as any name that is nobody's: who sends a request does not choose who changes
    what."""
    with Bench(CONF) as bench:
        client = bench.ask(get(path, field))
        assert client.message()[1] == b"handled"
        assert bench.members[0].is_unasked()


def test_no_page_gets_the_body_of_a_get() -> None:
    with Bench(CONF) as bench:
        client = bench.ask(post(b"x" * 100_000, path="/status", method="GET"))
        door, call = take(bench)
        assert call.body == b""
        door.send(PAGE)
        door.close()
        assert client.message()[1] == b"page"


def test_without_the_controller_a_page_is_missing_and_asked_for_again() -> None:
    with Bench(CONF) as bench:
        bench.members[0].refuse()
        assert bench.ask(get("/status")).status() == 503
        bench.members[0].move()
        client = bench.ask(get("/status"))
        door, _ = take(bench)
        door.send(PAGE)
        door.close()
        assert client.status() == 200
