"""What `fastlb explain` tells is what traffic does: each is played both ways."""

from __future__ import annotations

import pytest
from peers import HOST, Handler, Message, answering, response
from rig import Rig

from fastlb.cli.explain.asked import Asked
from fastlb.cli.explain.standing import Standing, stand
from fastlb.cli.explain.way import way_of
from fastlb.master.loading import Source, load

SITE = """\
<Proxy balancer://app>
  BalancerMember {one} route=a
  BalancerMember {two} route=b
  ProxySet stickysession=SID|sid
</Proxy>
AllowEncodedSlashes NoDecode
SetEnvIf X-Key ^open$ let_in
RequestHeader set X-Scheme http
RequestHeader append X-Seen us
RequestHeader unset X-Secret
RequestHeader edit Cookie private=\\w+ gone
RequestHeader set X-Let-In yes env=let_in
ProxyPass /shop/static !
ProxyPass /shop balancer://app/v1
ProxyPassMatch ^/user/(\\d+)/(.*)$ {two}/u/$2?id=$1
ProxyPass /raw {one}/raw nocanon
ProxyPass /ws {one}/ws upgrade=websocket
<Location /keep>
  ProxyPreserveHost On
  ProxyAddHeaders Off
  ProxyPass {one}/keep
</Location>
<LocationMatch "^/files/(?<name>[a-z]+)">
  RequestHeader set X-Name %{{MATCH_NAME}}e
  ProxyPass {two}/files
</LocationMatch>
<Location /closed>
  Require env let_in
</Location>
<Location /moved>
  Redirect permanent https://new.example/
</Location>
ProxyPass /closed {one}/closed
RedirectMatch 303 ^/gone/(.*) /new/$1
Header set X-Ours 1
ProxyPassReverse /shop balancer://app/v1
"""

REQUESTS = [
    ("/shop/a?b=c", ()),
    ("/shop/a", ("Cookie: SID=x.b; private=abc",)),
    ("/shop/a;sid=x.b", ()),
    ("/shop/a?sid=x.a", ()),
    ("/shop/a/../b%20c", ("X-Secret: 1", "X-Seen: them")),
    ("/shop/static/x.css", ()),
    ("/user/12/mails?all", ()),
    ("/user/x/mails", ()),
    ("/raw/a%2fb//c", ()),
    ("/keep/x", ("Host: other.example:81",)),
    ("/files/abc/d", ()),
    ("/closed/a", ()),
    ("/closed/a", ("X-Key: open",)),
    ("/closed/../keep", ("X-Key: shut",)),
    ("/moved/here", ()),
    ("/gone/a?q", ()),
    ("/nowhere", ()),
    ("/../etc", ()),
    ("/%zz", ()),
    ("/a%00", ()),
    ("/ws/x", ("Upgrade: websocket", "Connection: Upgrade")),
    ("/ws/x", ("Connection: close, X-Secret",)),
    ("/shop/a", ("Max-Forwards: 0",)),
    ("/shop/a", ("X-Forwarded-For: 198.51.100.1", "Via: 1.1 them")),
]


def standing_of(rig: Rig) -> Standing:
    conf = str(rig.folder / "httpd.conf")
    loaded = load(Source(conf, str(rig.folder), (), (), (), {}))
    assert loaded.model is not None, loaded.diagnostics
    return stand(loaded.model, loaded.tree)


def head_of(message: Message) -> list[str]:
    return [message.start, *(f"{name}: {value}" for name, value in message.fields)]


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_explained_and_played_alike(rig: Rig, method: str) -> None:
    seen: list[tuple[str, Message]] = []

    def member(name: str) -> Handler:
        def answer(message: Message) -> bytes:
            seen.append((name, message))
            return response(b"ok")

        return answering(answer)

    one, two = rig.member(member("one")), rig.member(member("two"))
    urls = {"one": one.url, "two": two.url}
    rig.start(SITE.format(**urls))
    standing = standing_of(rig)
    for path, fields in REQUESTS:
        host = (
            () if any(f.startswith("Host:") for f in fields) else ("Host: a.example",)
        )
        lines = [f"{method} {path} HTTP/1.1", *host, *fields]
        lines += ["Content-Length: 0"] * (method == "POST") + ["", ""]
        seen.clear()
        got = rig.ask("\r\n".join(lines).encode(), method)
        asked = Asked(
            path, method=method, fields=tuple(lines[1:-2]), client=HOST, local=HOST
        )
        way = way_of(standing, asked)
        case = f"{method} {path} {fields}: {way}"
        if way.outcome == "member":
            assert got.status == 200, case
            assert len(seen) == 1, case
            name, message = seen[0]
            assert list(way.sent) == head_of(message), case
            by_session = any(
                s.kind == "session" and "route" in s.text for s in way.steps
            )
            if by_session or not way.goes_to.startswith("balancer:"):
                assert way.member.startswith(urls[name]), case
        else:
            assert (got.status, seen) == (way.status, []), case
            if way.outcome == "redirect":
                assert got.field("Location") == way.goes_to, case
            if (method, path) == ("GET", "/nowhere"):
                # What nothing takes is looked for among files.
                assert any("DocumentRoot" in s.text for s in way.steps), case
