"""Rules of mod_rewrite end to end: WebSockets by [P], redirects, cookies, the trace."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from harness import HOST, Fastlb, wait_for
from test_websockets import Chat, dial, says


@pytest.fixture
def chat() -> Iterator[Chat]:
    made = Chat()
    yield made
    made.stop()


WAYS = (
    """
    RewriteCond %{HTTP:Upgrade} websocket [NC]
    RewriteRule /(.*) ws://{at}/$1 [P,L]
    """,
    """
    RewriteCond %{HTTP:Upgrade} =websocket [NC]
    RewriteRule ^/?(.*) "ws://{at}/$1" [P,L]
    """,
    """
    RewriteCond %{HTTP:Connection} Upgrade [NC]
    RewriteCond %{HTTP:Upgrade} websocket [NC]
    RewriteRule .* ws://{at}%{REQUEST_URI} [P]
    """,
    """
    <Proxy balancer://chat>
        BalancerMember ws://{at}
    </Proxy>
    RewriteCond %{HTTP:Upgrade} websocket [NC]
    RewriteRule ^/(.*) balancer://chat/$1 [P,L]
    """,
)


@pytest.mark.parametrize("way", WAYS)
def test_a_websocket_comes_by_a_rule(server: Fastlb, chat: Chat, way: str) -> None:
    rules = way.replace("{at}", f"{HOST}:{chat.port}")
    server.write(
        f"<IfModule mod_rewrite.c>\nRewriteEngine on\n{rules}</IfModule>\n"
        f"ProxyPass / http://{HOST}:{chat.port}/\n",
        workers=1,
    )
    server.start()
    with dial(server) as client:
        assert says(client, "by a rule")
    wait_for(lambda: chat.closed == [1000], "a proper end")
    assert server.get("/page").text == "a page\n"


def test_answers_redirects_and_cookies_of_rules(server: Fastlb, chat: Chat) -> None:
    server.write(
        "LogLevel rewrite:trace3\nRewriteEngine on\n"
        "RewriteRule ^/secret - [F]\nRewriteRule ^/old/(.*)$ /new/$1 [R=301,L]\n"
        "RewriteRule ^/page - [CO=seen:yes:.test.example]\n"
        f"ProxyPass / http://{HOST}:{chat.port}/\n",
        workers=1,
    )
    server.start()
    assert server.get("/secret/x").status == 403
    moved = server.get("/old/a")
    assert moved.status == 301
    assert (moved.field("Location") or "").endswith("/new/a")
    page = server.get("/page")
    assert page.text == "a page\n"
    assert page.field("Set-Cookie") == "seen=yes; path=/; domain=.test.example"
    for words in (
        "init rewrite engine with requested uri /secret/x",
        "applying pattern '^/secret' to uri '/secret/x'",
        "forcing responsecode 403 for /secret/x",
        "explicitly forcing redirect with http://",
        "pass through /page",
    ):
        assert words in server.error_log, words
