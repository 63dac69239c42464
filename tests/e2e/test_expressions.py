"""Regular expressions that a client drives to their limit: who is let through then."""

from __future__ import annotations

import re

import pytest
from harness import wait_for
from peers import Message, Peer, answering, request, response
from rig import Rig

NESTED = "a" * 40 + "!"  # 2^40 ways for ^(a+)+$, and no match
PAGES = "Mozilla compatible Trident " * 300


def echo(message: Message) -> bytes:
    seen = message.field("X-Seen") or ""
    return response(f"{message.target} {seen}".encode())


def given_up(rig: Rig) -> list[str]:
    return re.findall(r"FB030[12]: .*", rig.error_log)


def place(rig: Rig, directive: str) -> str:
    """The first line that begins with a directive, as messages name it."""
    lines = (rig.folder / "httpd.conf").read_text().splitlines()
    number = next(n for n, line in enumerate(lines, 1) if line.startswith(directive))
    return f"{rig.folder}/httpd.conf:{number}"


# the three that stopped a worker


@pytest.mark.parametrize(
    ("expression", "agent"),
    [
        ("Mozilla.*compatible.*Trident.*like", PAGES),
        ("^(.*)/(.*) (.*);(.*)$", "/ " * 4000),
        ("^(.*)/(.*) (.*);(.*)$", "/ ;" * 2700 + "\t"),
        ("^(a+)+$", NESTED),
        ("(*NO_JIT)^(a+)+$", NESTED),  # as where code cannot be made
    ],
)
def test_an_expression_that_takes_for_ever_is_no_match(
    rig: Rig, expression: str, agent: str
) -> None:
    rig.serve(
        answering(echo),
        text=f'BrowserMatch "{expression}" old\nRequestHeader set X-Seen old env=old',
    )
    for _ in range(3):
        got = rig.ask(request("/", fields=f"User-Agent: {agent}\r\n"))
        assert (got.status, got.body) in ((200, b"/ "), (200, b"/ old"))
    told = given_up(rig)
    assert len(told) <= 1
    if told:
        assert f"BrowserMatch at {place(rig, 'BrowserMatch')}" in told[0]
        assert "too many steps; it counts as no match" in told[0]


def test_a_limit_is_told_once_and_the_rest_counted(rig: Rig) -> None:
    rig.serve(answering(echo), text='SetEnvIf X-A "^(a+)+$" a\nSetEnvIf X-A b b')
    for _ in range(5):
        assert rig.ask(request("/", fields=f"X-A: {NESTED}\r\n")).status == 200
    (told,) = given_up(rig)
    assert f"SetEnvIf at {place(rig, 'SetEnvIf')}: the match of ^(a+)+$" in told
    assert f"with {len(NESTED)} bytes was given up" in told
    assert "[core:warn]" in rig.error_log


# closed where access hangs on it


@pytest.mark.parametrize(
    "rules",
    [
        '<LocationMatch "^/(a+)+$">\nRequire all denied\n</LocationMatch>',
        '<LocationMatch "^/(a+)+$">\nRequestHeader set X-Seen 1\n</LocationMatch>',
        '<Location ~ "^/(a+)+$">\nRequire all denied\n</Location>',
        '<ProxyMatch "/(a+)+$">\nRequire all denied\n</ProxyMatch>',
        'SetEnvIf Request_URI "^/(a+)+$" bad\n'
        "<Location />\n<RequireAll>\nRequire all granted\nRequire not env bad\n"
        "</RequireAll>\n</Location>",
        # one variable by way of another
        'SetEnvIf Request_URI "^/(a+)+$" first\nSetEnvIf first . bad\n'
        "<Location />\n<RequireAll>\nRequire all granted\nRequire not env bad\n"
        "</RequireAll>\n</Location>",
        'SetEnvIf Request_URI "^/(a+)+$" no-proxy',
        '<Location />\nRedirectMatch "^/(a+)+$" https://front.example/\n</Location>',
    ],
)
def test_undecided_where_access_hangs_on_it_is_an_error(rig: Rig, rules: str) -> None:
    member = rig.member(answering(echo))
    url = member.url
    rig.start(f"{rules}\nErrorDocument 500 /page\nProxyPass / {url}/")
    got = rig.ask(request(f"/{NESTED}"))
    assert got.status == 500
    assert b"/page" not in got.body
    assert member.connections == 0
    (told,) = given_up(rig)
    assert told.endswith("the request is answered with 500")
    assert "[core:error]" in rig.error_log
    assert rig.ask(request("/b")).status == 200
    assert rig.ask(request("/aa")).status != 500


def test_an_exclusion_that_is_undecided_sends_the_request_to_nobody(rig: Rig) -> None:
    member = rig.member(answering(echo))
    rig.start(f'ProxyPassMatch "^/(a+)+$" !\nProxyPass / {member.url}/')
    assert rig.ask(request(f"/{NESTED}")).status == 500
    assert rig.ask(request("/aaa")).status == 404
    assert rig.ask(request("/b")).status == 200
    assert member.connections == 1


def test_a_redirect_that_is_undecided_is_an_error(rig: Rig) -> None:
    rig.start('RedirectMatch 410 "^/(a+)+$"\nRedirectMatch . https://front.example/')
    assert rig.ask(request(f"/{NESTED}")).status == 500
    assert rig.ask(request("/aaa")).status == 410
    assert rig.ask(request("/b")).status == 302


def test_a_mapping_to_a_member_with_rules_of_its_own_is_not_passed_by(rig: Rig) -> None:
    inner, outer = rig.member(answering(echo)), rig.member(answering(echo))
    rig.start(
        f"<Proxy {inner.url}>\nRequire all denied\n</Proxy>\n"
        f'ProxyPassMatch "^/(a+)+$" {inner.url}/\nProxyPass / {outer.url}/'
    )
    assert rig.ask(request(f"/{NESTED}")).status == 500
    assert rig.ask(request("/aaa")).status == 403
    assert outer.connections == 0


# compiled by the check, before the fork


def test_a_worker_compiles_nothing(rig: Rig) -> None:
    rig.serve(
        answering(echo),
        text="BrowserMatch x a\nBrowserMatchNoCase x b\nSetEnvIf ^X-. x c\n"
        'SetEnvIfNoCase ^X-. x d\nRequestHeader edit X-A x y\nHeader echo "^x"\n'
        "RedirectMatch 410 x\nProxyPassMatch ^/m http://127.0.0.1:9/\n"
        "<LocationMatch x>\nRequire all denied\nServerSignature On\n</LocationMatch>\n"
        "<Location /g/*/x>\nProxyPass http://127.0.0.1:9/g\n</Location>\n"
        "<ProxyMatch x>\nSetEnvIf X-A ^k e\n</ProxyMatch>\n"
        "<Proxy balancer://b>\nBalancerMember http://127.0.0.1:9\n"
        "ProxySet stickysession=S routeregex=-(.*)$\n</Proxy>\n"
        "ProxyPass /b balancer://b",
    )
    assert rig.ask(request("/a")).status == 200
    assert rig.ask(request("/x")).status == 403
    assert rig.look()["patterns compiled"] == 0


# no match elsewhere


def test_an_undecided_mapping_leaves_the_request_to_the_next(rig: Rig) -> None:
    first, second = rig.member(answering(echo)), rig.member(answering(echo))
    rig.start(f'ProxyPassMatch "^/(a+)+$" {first.url}/\nProxyPass / {second.url}/')
    got = rig.ask(request(f"/{NESTED}"))
    assert got.status == 200
    assert (first.connections, second.connections) == (0, 1)


def test_an_undecided_edit_leaves_the_field_as_it_was(rig: Rig) -> None:
    def member(peer: Peer) -> None:
        while (got := peer.take_request()) is not None:
            seen = got.field("X-A") or ""
            peer.send(response(seen.encode(), fields=f"X-B: {NESTED}\r\n"))

    rig.serve(
        member,
        text='RequestHeader edit* X-A "^(a+)+$" gone\nHeader edit X-B "^(a+)+$" gone',
    )
    got = rig.ask(request("/", fields=f"X-A: {NESTED}\r\n"))
    assert (got.body, got.field("X-B")) == (NESTED.encode(), NESTED)
    got = rig.ask(request("/", fields="X-A: aaa\r\n"))
    assert got.body == b"gone"


def test_all_matches_of_a_request_together_have_a_bound(rig: Rig) -> None:
    # each of 100 rules comes near its limit; a request cannot have them all
    rules = "\n".join(f'SetEnvIf X-A "^(a+)+$(?#{n})" v' for n in range(100))
    rig.serve(answering(echo), text=f"{rules}\nLimitRequestFieldSize 8190")
    assert rig.ask(request("/", fields=f"X-A: {NESTED}\r\n")).status == 200
    wait_for(
        lambda: "the time for matches of one request is used up" in rig.error_log,
        "the bound of the request",
    )
    assert rig.ask(request("/")).status == 200
