"""A chat in a real browser: pages, sockets and events of one balancer, over HTTPS.

Needs Chromium: deselected unless asked for, by -m browser.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path
from queue import SimpleQueue

import pytest
from browser import Browser, Page, PageError
from certificates import Authority, make_ca, make_pair
from harness import HOST, Fastlb, has_listener, wait_for
from peers import Message, Peer, ScriptedMember, response
from ports import free_port
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.server import ServerProtocol

pytestmark = pytest.mark.browser

NAME = "chat.test"
LONG = 100_000

PAGE = """\
<!doctype html>
<meta charset="utf-8">
<title>chat</title>
<link rel="icon" href="data:,">
<body data-route="{route}">
<script>
"use strict";
// What has come, in order; next() waits for what has not.
class Inbox {{
  came = [];
  awaited = [];
  put(text) {{
    const take = this.awaited.shift();
    take ? take(text) : this.came.push(text);
  }}
  next() {{
    return this.came.length
      ? Promise.resolve(this.came.shift())
      : new Promise((take) => this.awaited.push(take));
  }}
}}
const messages = new Inbox(), events = new Inbox(), closed = new Inbox();
const opened = {{chat: 0, news: 0}};
const broken = [];
const chat = new WebSocket(`wss://${{location.host}}/chat`);
chat.onopen = () => opened.chat++;
chat.onmessage = (message) => messages.put(message.data);
chat.onclose = (end) => {{
  broken.push("chat");
  closed.put(`${{end.code}} ${{end.wasClean}}`);
}};
const news = new EventSource("/news");
news.onopen = () => opened.news++;
news.onmessage = (event) => events.put(event.data);
news.onerror = () => broken.push("news");
function say(text) {{
  chat.send(text);
  return messages.next();
}}
</script>
"""


class ChatMember:
    """Serves the page, echoes what the page says, and tells it the news.

    First of all socket and stream say who serves them.
    """

    def __init__(self, route: str, context: ssl.SSLContext | None) -> None:
        self.route = route
        self.asked: list[str] = []
        self._context = context
        self._news: list[SimpleQueue[str | None]] = []
        self._member = ScriptedMember(self._serve)
        self.port = self._member.port

    @property
    def errors(self) -> list[BaseException]:
        return self._member.errors

    def tell(self, text: str) -> None:
        """Send an event to every page that listens."""
        for queue in self._news:
            queue.put(text)

    def stop(self) -> None:
        for queue in self._news:
            queue.put(None)
        self._member.stop()

    def _serve(self, peer: Peer) -> None:
        if self._context is not None:
            peer.sock = self._context.wrap_socket(peer.sock, server_side=True)
        while (asked := peer.take_request()) is not None:
            self.asked.append(asked.target)
            if asked.target == "/chat":
                return self._echo(peer, asked)
            if asked.target == "/news":
                return self._report(peer)
            page = PAGE.format(route=self.route).encode()
            peer.send(response(page, fields="Content-Type: text/html\r\n"))
        return None

    def _report(self, peer: Peer) -> None:
        queue: SimpleQueue[str | None] = SimpleQueue()
        queue.put(self.route)
        self._news.append(queue)
        peer.send(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Cache-Control: no-store\r\nConnection: close\r\n\r\n"
        )
        while (text := queue.get()) is not None:
            peer.send(f"data: {text}\n\n".encode())

    def _echo(self, peer: Peer, asked: Message) -> None:
        peer.sock.settimeout(None)  # a chat may be silent
        protocol = ServerProtocol()
        fields = "".join(f"{name}: {value}\r\n" for name, value in asked.fields)
        protocol.receive_data(f"{asked.start}\r\n{fields}\r\n".encode())
        (request,) = protocol.events_received()
        assert isinstance(request, Request)
        protocol.send_response(protocol.accept(request))
        protocol.send_text(self.route.encode())
        while True:
            for data in protocol.data_to_send():
                if not data:
                    return  # closed, and the other side knows
                peer.send(data)
            if not peer.more():
                return
            protocol.receive_data(peer.held)
            peer.held = b""
            for event in protocol.events_received():
                assert isinstance(event, Frame)
                if event.opcode is Opcode.TEXT:
                    protocol.send_text(event.data, event.fin)
                elif event.opcode is Opcode.CONT:
                    protocol.send_continuation(event.data, event.fin)


class Site:
    """HTTPS in front of one balancer of two members; HTTP only points there."""

    def __init__(
        self, server: Fastlb, folder: Path, authority: Authority, *, behind: bool
    ) -> None:
        self.server = server
        self.folder = folder
        self.authority = authority
        self.plain_url = f"http://{NAME}:{server.port}/"
        port = free_port()
        self.url = f"https://{NAME}:{port}/"
        self.certify("first")
        context, verify = None, ""
        if behind:
            files = make_pair(authority, [HOST]).write(folder, "member")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(files.full)
            verify = (
                "SSLProxyEngine On\nSSLProxyVerify require\n"
                f'SSLProxyCACertificateFile "{authority.write(folder)}"\n'
            )
        scheme = "https" if behind else "http"
        self.members = [ChatMember(route, context) for route in ("a", "b")]
        lines = "".join(
            f"BalancerMember {scheme}://{HOST}:{member.port} "
            f"route={member.route} upgrade=websocket\n"
            for member in self.members
        )
        server.write(
            f"Listen {HOST}:{port}\nKeepAliveTimeout 1\n"
            f"<Proxy balancer://chat>\n{verify}{lines}"
            f"ProxySet stickysession=ROUTE\n</Proxy>\n"
            f"<VirtualHost {HOST}:{server.port}>\nServerName {NAME}\n"
            f"Redirect permanent / {self.url}\n</VirtualHost>\n"
            f"<VirtualHost {HOST}:{port}>\nServerName {NAME}\n"
            f"SSLEngine On\nSSLCertificateFile site.pem\n{verify}"
            'Header add Set-Cookie "ROUTE=.%{BALANCER_WORKER_ROUTE}e; path=/; Secure"'
            " env=BALANCER_ROUTE_CHANGED\n"
            f"ProxyPass / balancer://chat/\n</VirtualHost>\n"
        )

    def certify(self, subject: str) -> None:
        """A certificate for the same host, known by its subject, in the same file."""
        pair = make_pair(self.authority, [NAME], subject=subject)
        pair.write(self.folder, "site")

    def reload(self) -> None:
        """Returns when only the new generation accepts."""
        old = self.server.workers()
        self.server.reload()
        wait_for(
            lambda: not any(has_listener(pid) for pid in old),
            "the old workers accept no more",
        )

    def member_of(self, page: Page) -> ChatMember:
        """Who serves page, socket and events of a page: one and the same."""
        routes = page.evaluate(
            "[document.body.dataset.route, await messages.next(), await events.next()]"
        )
        (found,) = [one for one in self.members if routes == [one.route] * 3]
        return found

    def stop(self) -> None:
        for member in self.members:
            member.stop()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return make_ca()


@pytest.fixture(scope="module")
def browser(
    authority: Authority, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("browser")
    made = Browser(folder, authority.write(folder), [NAME])
    yield made
    made.stop()


@pytest.fixture(params=[False, True], ids=["http-members", "https-members"])
def site(
    request: pytest.FixtureRequest,
    server: Fastlb,
    tmp_path: Path,
    authority: Authority,
) -> Iterator[Site]:
    made = Site(server, tmp_path, authority, behind=request.param)
    try:
        server.start()
        yield made
    finally:
        made.stop()


def check_talk(page: Page, member: ChatMember, word: str) -> None:
    """A message comes back; an event has arrived before the next one is made."""
    for text in (f"{word} one", f"{word} two"):
        assert page.evaluate(f"await say({text!r})") == text
        member.tell(text)
        assert page.evaluate("await events.next()") == text
    long = f"'x'.repeat({LONG})"
    assert page.evaluate(f"await say({long}) === {long}")
    assert page.evaluate("[opened, broken]") == [{"chat": 1, "news": 1}, []]


def test_a_chat_goes_on_through_a_reload_with_a_new_certificate(
    site: Site, browser: Browser
) -> None:
    one, other = browser.visitor(), browser.visitor()
    for page in (one, other):
        arrival = page.open(site.plain_url)
        assert arrival.redirects == ((site.plain_url, 301),)
        assert (arrival.url, arrival.status) == (site.url, 200)
        assert (arrival.subject, arrival.protocol) == ("first", "TLS 1.3")
    talks = [(page, site.member_of(page)) for page in (one, other)]
    assert {member.route for _, member in talks} == {"a", "b"}
    for page, member in talks:
        check_talk(page, member, "before")

    old = set(site.server.workers())
    site.certify("second")
    site.reload()
    for page, member in talks:
        check_talk(page, member, "after")
    assert old & set(site.server.workers()), "the old workers stay with their tunnels"

    new = browser.visitor()
    assert new.open(site.url).subject == "second"
    check_talk(new, site.member_of(new), "new")
    # Who came before is still served by the same member.
    again = one.sibling()
    assert again.open(site.url).status == 200
    assert site.member_of(again) is talks[0][1]

    asked = [target for member in site.members for target in member.asked]
    assert sorted(asked) == ["/"] * 4 + ["/chat"] * 4 + ["/news"] * 4
    for page, member in talks:
        ended = page.evaluate("(news.close(), chat.close(1000), await closed.next())")
        assert ended == "1000 true"
        # A client may close its half only: that it has gone is seen when one sends.
        member.tell("nobody hears")
    wait_for(lambda: not old & set(site.server.workers()), "the old workers have gone")
    for page in (one, other, new):
        page.leave()
    assert [error for member in site.members for error in member.errors] == []
    assert "[error]" not in site.server.error_log


def test_a_certificate_of_an_unknown_authority_is_refused(
    server: Fastlb, browser: Browser, tmp_path: Path
) -> None:
    files = make_pair(make_ca("nobody knows"), [NAME]).write(tmp_path, "site")
    server.write(f"SSLEngine On\nSSLCertificateFile {files.full}\n", workers=1)
    server.start()
    visitor = browser.visitor()
    with pytest.raises(PageError, match="ERR_CERT_AUTHORITY_INVALID"):
        visitor.open(f"https://{NAME}:{server.port}/")
    visitor.leave()
