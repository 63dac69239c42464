"""`fastlb explain`: which way a request would take, and why."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from certificates import make_pair
from rights import AS_ROOT

from fastlb.cli.explain.asked import Asked, AskedError
from fastlb.cli.explain.standing import Standing, stand
from fastlb.cli.explain.step import Step
from fastlb.cli.explain.way import Way, way_of
from fastlb.cli.main import run
from fastlb.master.loading import Source, load

SITE = """\
ServerName main.example
Listen 8080
<Proxy balancer://api>
  BalancerMember http://127.0.0.1:9001 route=a
  BalancerMember http://127.0.0.1:9002 route=b
  BalancerMember http://127.0.0.1:9003 route=c status=+H
  ProxySet stickysession=SID
</Proxy>
SetEnvIf User-Agent Bot is_bot=yes
RequestHeader set X-Via fastlb
RequestHeader set X-Bot 1 env=is_bot
Header always set X-Frame-Options DENY
ProxyPass /status !
ProxyPass /static !
ProxyPass /api balancer://api/v1
ProxyPassReverse /api balancer://api/v1
ProxyPass / http://127.0.0.1:9009/
<Location /api/admin>
  <RequireAny>
    Require ip 10.0.0.0/8
    Require env is_bot
  </RequireAny>
</Location>
<Location /moved>
  Redirect 308 https://new.example/there
</Location>
<Location /status>
  SetHandler server-status
</Location>
<VirtualHost *:8080>
  ServerName one.example
  ServerAlias *.one.example
  ProxyPass / http://127.0.0.1:9010/
</VirtualHost>
<VirtualHost *:8080>
  ServerName two.example
  ProxyPass / http://127.0.0.1:9011/
</VirtualHost>
"""
Ask = Callable[..., Way]


def standing_of(folder: Path, text: str) -> Standing:
    path = folder / "httpd.conf"
    path.write_text(f'ServerRoot "{folder}"\n{AS_ROOT}{text}')
    loaded = load(Source(str(path), str(folder), (), (), (), {}))
    assert loaded.model is not None, loaded.diagnostics
    return stand(loaded.model, loaded.tree)


@pytest.fixture
def main_only(tmp_path: Path) -> Ask:
    standing = standing_of(tmp_path, SITE.partition("<VirtualHost")[0])

    def ask(url: str, *fields: str, answer: tuple[str, ...] = (), **more: str) -> Way:
        return way_of(standing, Asked(url, fields=fields, **more), answer)

    return ask


def steps(way: Way, kind: str) -> list[Step]:
    return [step for step in way.steps if step.kind == kind]


def line_of(way: Way, kind: str) -> str:
    """The text that stands at the place which the first such step names."""
    file, number = steps(way, kind)[0].line
    return Path(file).read_text().splitlines()[number - 1].strip()


def test_the_way_to_a_member_is_told_with_places(main_only: Ask) -> None:
    way = main_only("http://main.example/api/x?y", "Cookie: SID=1.b")
    assert (way.outcome, way.goes_to) == ("member", "balancer://api")
    assert (way.member, way.target) == ("http://127.0.0.1:9002", "/v1/x?y")
    assert line_of(way, "listener") == "Listen 8080"
    assert line_of(way, "mapping") == "ProxyPass /api balancer://api/v1"
    assert line_of(way, "member") == "BalancerMember http://127.0.0.1:9002 route=b"
    assert [step.text for step in steps(way, "session")] == ["route b"]
    assert [step.line[1] for step in steps(way, "request header")] == [
        SITE.splitlines().index("RequestHeader set X-Via fastlb")
        + 2
        + AS_ROOT.count("\n")
    ]
    assert way.sent[:2] == ("GET /v1/x?y HTTP/1.1", "Host: 127.0.0.1:9002")
    assert "X-Via: fastlb" in way.sent


def test_fields_of_the_servers_own_have_no_line_of_others(tmp_path: Path) -> None:
    lines = ("Listen 8080", "RequestHeader set X-A a", "RequestID Make")
    text = "\n".join((*lines, "TraceContext On", "ProxyPass / http://127.0.0.1:1/", ""))
    way = way_of(standing_of(tmp_path, text), Asked("/x"), ())
    first = 3 + AS_ROOT.count("\n")
    assert [(one.text, one.line[1]) for one in steps(way, "request header")] == [
        ("RequestID: X-Request-ID", 0),
        ("TraceContext: traceparent", 0),
        ("RequestHeader set X-A a", first),
    ]


DOCUMENTS = """\
Listen 8080
ErrorDocument 404 "%{REQUEST_URI} is not at %{HTTP_HOST}"
ErrorDocument 403 /sorry/%{req:X-Page}
ErrorDocument 410 https://%{HTTP_HOST}/gone
ErrorDocument 409 default
Redirect gone /gone
Redirect 409 /clash
Redirect 405 /plain
<Location /denied>
  Require all denied
</Location>
<Location /users>
  AuthType Basic
  AuthName "for %{HTTP_HOST}"
  Require valid-user
</Location>
"""


def test_what_an_error_is_answered_with_is_told(tmp_path: Path) -> None:
    standing = standing_of(tmp_path, DOCUMENTS)

    def told(path: str, kind: str = "document") -> list[str]:
        asked = Asked(f"http://h.example{path}", fields=("X-Page: a",))
        return [step.why or step.text for step in steps(way_of(standing, asked), kind)]

    assert told("/x") == ["the text is /x is not at h.example"]
    assert told("/denied") == ["/sorry/a is asked for in its place"]
    assert told("/gone") == ["a redirect to https://h.example/gone"]
    assert told("/clash") == ["the page that is built in"]
    assert told("/plain") == []
    way = way_of(standing, Asked("http://h.example/users"))
    assert [step.text for step in steps(way, "challenge")] == [
        'Basic realm="for h.example"'
    ]


CIPHERS = """\
Listen 8443
SSLEngine on
SSLCertificateFile own.pem
<Location /x>
  SSLCipherSuite HIGH
</Location>
"""


def test_ciphers_of_a_section_are_told(tmp_path: Path) -> None:
    make_pair(None, ["h"]).write(tmp_path, "own")
    standing = standing_of(tmp_path, CIPHERS)

    def told(path: str) -> list[str]:
        way = way_of(standing, Asked(f"https://h:8443{path}"))
        return [step.text for step in steps(way, "access")]

    assert told("/x/y") == ["SSLCipherSuite HIGH"]
    assert told("/") == []


HANDLED = """\
Listen 8080
DocumentRoot /usr
<Location /app>
  SetHandler "proxy:http://127.0.0.1:9001/base"
</Location>
<Location /whole>
  SetHandler "%{req:X-Handler}"
</Location>
"""


def test_a_handler_that_is_a_member_is_told(tmp_path: Path) -> None:
    standing = standing_of(tmp_path, HANDLED)
    way = way_of(standing, Asked("/app/x?y"))
    assert (way.outcome, way.member) == ("member", "http://127.0.0.1:9001")
    assert line_of(way, "mapping").startswith("SetHandler ")
    assert way.sent[0] == "GET /base/usr/app?y HTTP/1.1"
    way = way_of(standing, Asked("/whole", fields=("X-Handler: proxy:http://h",)))
    assert (way.outcome, way.status) == ("error", 500)
    assert "does not write out" in steps(way, "end")[0].why


def test_what_lost_is_told_too(main_only: Ask) -> None:
    way = main_only("/api/x", "Cookie: SID=1.b")
    lost = {step.text: step.why for step in steps(way, "mapping")[0].lost}
    assert (
        lost["ProxyPass / http://127.0.0.1:9009/"] == "matches too, but stands behind"
    )
    assert lost["ProxyPass /static !"] == "does not match"
    members = {step.text: step.why for step in steps(way, "member")[0].lost}
    assert members["http://127.0.0.1:9001"] == "has route a"


def test_without_a_session_the_method_elects(main_only: Ask) -> None:
    way = main_only("/api/x")
    assert way.member == "http://127.0.0.1:9001"
    members = {step.text: step.why for step in steps(way, "member")[0].lost}
    assert members["http://127.0.0.1:9003"].startswith("is a hot standby: ")
    same = "the same, and it stands behind: lbstatus 100"
    assert members["http://127.0.0.1:9002"] == same
    assert steps(way, "member")[0].why == (
        "byrequests elects the greatest lbstatus, of equal ones the first: lbstatus 100"
        " (on a server that has just started)"
    )


def test_who_would_be_asked_first_is_told(tmp_path: Path) -> None:
    text = (
        "Listen 8080\n<Proxy balancer://auth>\nBalancerMember http://127.0.0.1:9\n"
        "</Proxy>\nProxyPass / http://127.0.0.1:9009/\n"
        "<Location /in>\nAuthRequest balancer://auth/verify\n</Location>\n"
        "<Location /in/shut>\nRequire all denied\n</Location>\n"
        "<Location /in/open>\nAuthRequest off\n</Location>\n"
    )
    standing = standing_of(tmp_path, text)

    def told(path: str) -> list[str]:
        way = way_of(standing, Asked(f"http://h:8080{path}"))
        found = steps(way, "access")
        return [f"{one.text}: {one.why}" for one in found if "AuthReq" in one.text]

    (said,) = told("/in/x")
    assert said.startswith("AuthRequest balancer://auth/verify: decides, by its answer")
    assert "GET /verify at balancer://auth" in said
    way = way_of(standing, Asked("http://h:8080/in/x"))
    assert way.member == "http://127.0.0.1:9009/"
    asked = [one for one in steps(way, "access") if "AuthRequest" in one.text]
    file, number = asked[0].line
    assert "AuthRequest" in Path(file).read_text().splitlines()[number - 1]
    assert told("/in/open") == told("/out") == told("/in/shut") == []


def test_the_place_of_who_would_be_asked_has_no_path_twice(tmp_path: Path) -> None:
    text = (
        "Listen 8080\nProxyPass /ask/ http://127.0.0.1:9/ask/\n"
        "ProxyPass / http://127.0.0.1:9009/\n"
        "<Location /in>\nAuthRequest /ask/who\n</Location>\n"
    )
    way = way_of(standing_of(tmp_path, text), Asked("http://h:8080/in/x"))
    (asked,) = (one for one in steps(way, "access") if "AuthReq" in one.text)
    assert "GET /ask/who at http://127.0.0.1:9;" in asked.why


def test_access_is_told_rule_by_rule(main_only: Ask) -> None:
    way = main_only("/api/admin")
    assert (way.outcome, way.status) == ("error", 403)
    assert [(step.text.strip(), step.why) for step in steps(way, "access")][:3] == [
        ("<RequireAny>", "no"),
        ("Require ip 10.0.0.0/8", "no"),
        ("Require env is_bot", "no"),
    ]
    let_in = main_only("/api/admin", client="10.1.2.3")
    assert let_in.outcome == "member"
    by_variable = main_only("/api/admin", "User-Agent: a Bot")
    assert by_variable.outcome == "member"
    assert steps(by_variable, "variable")[0].text == "is_bot = 'yes'"
    assert line_of(by_variable, "variable").startswith("SetEnvIf")
    assert "X-Bot: 1" in by_variable.sent


@pytest.mark.parametrize(
    ("url", "outcome", "status", "goes_to"),
    [
        ("/moved", "redirect", 308, "https://new.example/there"),
        ("/status", "handler", 200, "server-status"),
        ("/static/a", "error", 404, "404"),
        ("/a/../../b", "error", 400, "400"),
        ("/else", "member", 0, "http://127.0.0.1:9009/"),
    ],
)
def test_how_a_request_ends(
    main_only: Ask, url: str, outcome: str, status: int, goes_to: str
) -> None:
    way = main_only(url)
    assert (way.outcome, way.status, way.goes_to) == (outcome, status, goes_to)


def test_a_members_answer_comes_out_as_the_rules_say(main_only: Ask) -> None:
    way = main_only(
        "http://main.example/api/x",
        answer=("Location: http://127.0.0.1:9001/v1/login",),
    )
    assert "Location: http://main.example/api/login" in way.answer
    assert "X-Frame-Options: DENY" in way.answer
    assert [step.text for step in steps(way, "way back")] == [
        "ProxyPassReverse /api balancer://api/v1",
        "Header always set X-Frame-Options DENY",
    ]


def test_what_becomes_of_a_page_is_told_and_not_what_a_link_is(tmp_path: Path) -> None:
    pages = """
Listen 127.0.0.1:8080
ServerName h
ProxyHTMLLinks a href
ProxyHTMLEvents onclick
ProxyHTMLURLMap /in /out
ProxyPass /page http://127.0.0.1:9001/
ProxyPass /set http://127.0.0.1:9001/
ProxyPass /other http://127.0.0.1:9001/
<Location /page>
  ProxyHTMLEnable On
  ProxyHTMLURLMap / /page/
</Location>
<Location /page/off>
  ProxyHTMLEnable Off
  ProxyHTMLFixups reset
</Location>
<Location /set>
  SetOutputFilter proxy-html
</Location>
"""
    standing = standing_of(tmp_path, pages)

    def told(path: str) -> list[str]:
        back = steps(way_of(standing, Asked(path)), "way back")
        return [one.text for one in back if "HTML" in one.text.upper()]

    assert told("/page/x") == [
        "ProxyHTMLURLMap /in /out",
        "ProxyHTMLEnable On",
        "ProxyHTMLURLMap / /page/",
    ]
    assert told("/page/off") == []
    assert told("/other") == []
    assert told("/set") == ["ProxyHTMLURLMap /in /out", "SetOutputFilter proxy-html"]


def test_the_virtual_host_and_why(tmp_path: Path) -> None:
    standing = standing_of(tmp_path, SITE)

    def host(url: str) -> tuple[str, str]:
        step = steps(way_of(standing, Asked(url)), "host")[0]
        return step.text, step.why

    assert host("http://two.example/") == ("two.example", "ServerName is two.example")
    assert host("http://a.one.example/") == (
        "one.example",
        "ServerAlias matches a.one.example",
    )
    name, why = host("http://nobody.example/")
    assert (name, why[:25]) == ("one.example", "the first one at this add")


RULES = """\
ServerName main.example
Listen 8080
RewriteEngine On
RewriteRule ^/old/(.*)$ /new/$1 [R=301,L]
RewriteRule ^/secret - [F]
RewriteCond %{HTTP:Upgrade} =websocket [NC]
RewriteRule ^/(.*) ws://127.0.0.1:9001/$1 [P,L]
RewriteRule ^/api/(.*) http://127.0.0.1:9002/v1/$1 [P]
"""


def test_rules_are_told_one_by_one(tmp_path: Path) -> None:
    standing = standing_of(tmp_path, RULES)

    def way(url: str, *fields: str) -> Way:
        return way_of(standing, Asked(url, fields=fields))

    proxied = way("/api/users?x=1")
    assert (proxied.outcome, proxied.goes_to) == ("member", "http://127.0.0.1:9002")
    assert proxied.target == "/v1/users?x=1"
    (step,) = steps(proxied, "rewrite")
    assert step.text.startswith("RewriteRule ^/api/")
    assert "'/api/users' -> 'http://127.0.0.1:9002/v1/users'" in step.why
    assert [lost.why for lost in step.lost][:2] == ["does not match /api/users"] * 2
    assert "pattern='=websocket' [NC] => not-matched" in step.lost[2].why
    assert line_of(proxied, "rewrite").startswith("RewriteRule ^/api/")
    upgraded = way("/ws", "Upgrade: websocket", "Connection: Upgrade")
    assert upgraded.member.startswith("ws://127.0.0.1:9001")
    moved = way("/old/a?b")
    assert (moved.outcome, moved.status) == ("redirect", 301)
    assert moved.goes_to == "http://main.example/new/a?b"
    denied = way("/secret/x")
    assert (denied.outcome, denied.status) == ("error", 403)
    assert line_of(denied, "rewrite") == "RewriteRule ^/secret - [F]"


def test_sections_by_expression_are_told(tmp_path: Path) -> None:
    standing = standing_of(
        tmp_path,
        "ServerName main.example\nListen 8080\nProxyPass / http://127.0.0.1:9001/\n"
        '<If "%{HTTP_USER_AGENT} =~ /curl/i">\nRequestHeader set X-Kind tool\n'
        "SetEnvIf Host . seen=1\n</If>\n"
        "<Else>\nRequestHeader set X-Kind other\n</Else>\n"
        '<Location /a>\n<If "-n %{QUERY_STRING}">\nRequire all denied\n</If>\n'
        "</Location>\n",
    )
    way = way_of(standing, Asked("/a", fields=("User-Agent: curl/8",)))
    assert [step.text.partition(" ")[0] for step in steps(way, "section")] == [
        "<Location",
        "<If",
    ]
    assert steps(way, "section")[1].why == "its expression holds"
    assert [step.text for step in steps(way, "variable")] == ["seen = '1'"]
    assert line_of(way, "request header") == "RequestHeader set X-Kind tool"
    assert "X-Kind: tool" in way.sent
    other = way_of(standing, Asked("/b"))
    assert steps(other, "section")[0].why == "nothing before it held"
    denied = way_of(standing, Asked("/a?b"))
    assert (denied.outcome, denied.status) == ("error", 403)
    assert line_of(denied, "access") == "Require all denied"


def test_where_nobody_listens_there_is_no_way(main_only: Ask) -> None:
    with pytest.raises(AskedError, match="nothing listens on port 9,"):
        main_only("http://main.example:9/")
    way = main_only("http://main.example/")
    assert "nothing listens on 80" in steps(way, "listener")[0].why


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    standing_of(tmp_path, SITE)
    conf = str(tmp_path / "httpd.conf")
    words = ["explain", "-f", conf, "--from=10.0.0.1", "-H", "X-A: b", "--json"]
    assert run([*words, "http://two.example/a"], "fastlb") == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["outcome"], told["member"]) == ("member", "http://127.0.0.1:9009/")
    assert told["request"]["from"] == "10.0.0.1"
    assert "X-A: b" in told["sent"]
    assert run(["explain", "-f", conf, "http://two.example/a/../../b"], "fastlb") == 3
    assert "-> 400" in capsys.readouterr().out
    assert run(["explain", "-f", conf], "fastlb") == 1
    assert run(["explain", "-f", conf, "ftp://x/"], "fastlb") == 1


def test_a_url_out_of_a_log_drives_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    standing_of(tmp_path, SITE)
    conf = str(tmp_path / "httpd.conf")
    url = "http://two.example/a%1b%5b31m%0a%c2%9bb"
    assert run(["explain", "-f", conf, url], "fastlb") == 0
    told = capsys.readouterr().out
    assert not [c for c in told if not c.isprintable() and c != "\n"]
    assert "/a\\x1b[31m\\x0a" in told


def test_a_rule_that_looks_ahead_says_what_it_has_seen(tmp_path: Path) -> None:
    (tmp_path / "users").write_text("ann:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n")
    standing = standing_of(
        tmp_path,
        "Listen 127.0.0.1:8080\nRewriteEngine on\n"
        "RewriteCond %{LA-U:REMOTE_USER} (.+)\nRewriteRule . - [E=RU:%1]\n"
        "RequestHeader set X-U %{RU}e\nProxyPass / http://127.0.0.1:81/\n"
        f"<Proxy *>\nAuthType Basic\nAuthName x\nAuthUserFile {tmp_path}/users\n"
        "Require valid-user\n</Proxy>\n",
    )
    asked = Asked(
        url="http://127.0.0.1:8080/x",
        fields=("Authorization: Basic YW5uOnNlY3JldA==",),
    )
    found = steps(way_of(standing, asked), "rewrite")
    assert "var=REMOTE_USER -> val=ann" in found[0].why
    assert "setting env variable 'RU' to 'ann'" in found[0].why


def test_a_member_by_another_protocol_is_told_so(tmp_path: Path) -> None:
    text = "Listen 8080\nProxyPass / ajp://127.0.0.1:8009/app/\n"
    way = way_of(standing_of(tmp_path, text), Asked("http://h.example/x?y"))
    assert way.sent == ("GET /app/x?y AJP 1.3", "Host: h.example")
    assert [step.text for step in steps(way, "request head")] == ["by AJP 1.3"]
