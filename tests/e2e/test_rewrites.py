"""Rules of mod_rewrite end to end: WebSockets by [P], redirects, cookies, the trace."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

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


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that workers can read, whoever they are."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_a_large_map_that_changes_holds_nobody_up(
    server: Fastlb, chat: Chat, folder: Path
) -> None:
    path = folder / "pairs"
    path.write_text("a one\n")
    path.chmod(0o644)
    server.write(
        f"RewriteEngine on\nRewriteMap m {path}\n"
        "RewriteRule ^/map/(.*) /to/${m:$1} [R]\n"
        f"ProxyPass / http://{HOST}:{chat.port}/\n",
        workers=1,
    )
    server.start()

    def leads() -> str:
        return server.get("/map/a").field("Location") or ""

    assert leads().endswith("/to/one")
    made = folder / "made"
    lines = "".join(f"key-{i:012} value-{i}\n" for i in range(1_000_000))
    made.write_text(f"{lines}a two\n")
    made.chmod(0o644)
    os.rename(made, path)
    longest = 0.0
    deadline = time.monotonic() + 60
    while not leads().endswith("/to/two"):
        assert time.monotonic() < deadline
        began = time.monotonic()
        assert server.get("/page").status == 200
        longest = max(longest, time.monotonic() - began)
    # Made into a table by the interpreter it took seconds, in which nobody was served.
    assert longest < 1.5, longest
