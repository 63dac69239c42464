"""AuthRequest: whom it names, and what is refused."""

from __future__ import annotations

import pytest
from rows import rows
from trees import errors, model_of, resolve_text, warnings

from fastlb.facts.mapping import Mapping
from fastlb.facts.server import Model

HEAD = "Listen 80\nServerName h\n"
POOL = "<Proxy balancer://auth>\nBalancerMember http://127.0.0.1:9/a\n</Proxy>\n"


def asking(url: str, more: str = "") -> Model:
    return model_of(f"{HEAD}{more}<Location /in>\nAuthRequest {url}\n</Location>\n")


def asked_in(model: Model, vhost: int = 0) -> Mapping:
    sections = model.vhosts[vhost].sections
    said = next(s.conf.auth_request for s in sections if s.pattern == "/in")
    assert said is not None and said.mapping is not None
    return said.mapping


@rows(
    ("url", "path", "member"),
    [
        ("http://127.0.0.1:9", "/", "http://127.0.0.1:9"),
        ("http://127.0.0.1:9/x?y=$1", "/x?y=$1", "http://127.0.0.1:9"),
        ("HTTP://Localhost/x", "/x", "http://localhost"),
        ("http://[::1]:9/x", "/x", "http://[::1]:9"),
        ("unix:/s|http://h/x", "/x", "unix:/s|http://h"),
    ],
)
def test_a_url_names_a_member_and_what_it_is_asked_for(
    url: str, path: str, member: str
) -> None:
    model = asking(url)
    found = asked_in(model)
    assert found.target_path == path
    assert found.balancer_index == -1
    assert model.members[found.member_index].url == member
    assert not model.members[found.member_index].disable_reuse


def test_a_balancer_is_shared_with_whoever_names_it() -> None:
    model = asking("balancer://AUTH/verify", f"{POOL}ProxyPass /a balancer://auth\n")
    assert len(model.balancers) == 1
    found = asked_in(model)
    assert (found.balancer_index, found.target_path) == (0, "/verify")


def test_a_server_is_shared_with_a_proxypass_whatever_stands_first() -> None:
    line = "ProxyPass /other http://127.0.0.1:9/app timeout=5\n"
    for model in (
        asking("http://127.0.0.1:9/x", line),
        model_of(
            f"{HEAD}<Location /in>\nAuthRequest http://127.0.0.1:9/x\n</Location>\n{line}"
        ),
    ):
        assert len(model.members) == 1
        assert model.members[0].timeout_ms == 5000


@rows(
    ("path", "passes", "asked"),
    [
        ("/o/auth?x", "ProxyPass /o/ http://127.0.0.1:9/p/", "/p/auth?x"),
        ("/o/auth", "ProxyPass /o http://127.0.0.1:9", "/auth"),
        ("/o", "ProxyPass /o http://127.0.0.1:9/p", "/p"),
        ("/o/a", f"{POOL}ProxyPass /o/ balancer://auth/", "/a"),
        ("/o/a", f"{POOL}ProxyPass / balancer://auth", "/o/a"),
        ("/o/a", "ProxyPass /ox http://x/\nProxyPass /o http://127.0.0.1:9/", "//a"),
        (
            "/o/a",
            "<Location /o/>\nProxyPass http://127.0.0.1:9/l/\n</Location>",
            "/l/a",
        ),
    ],
)
def test_a_path_is_asked_of_whoever_has_it(path: str, passes: str, asked: str) -> None:
    model = asking(path, f"{passes}\n")
    assert asked_in(model).target_path == asked


def test_a_virtual_host_asks_as_it_sees_things() -> None:
    model = model_of(
        f"{HEAD}{POOL}<Location /in>\nAuthRequest balancer://auth/x\n</Location>\n"
        "<VirtualHost *:80>\nServerName v\nProxyPass / http://127.0.0.1:8/\n"
        "<Location />\nAuthRequest off\n</Location>\n</VirtualHost>\n"
    )
    assert asked_in(model, 1).balancer_index == 0
    off = model.vhosts[1].sections[-1].conf.auth_request
    assert off is not None and off.mapping is None


@rows(
    ("line", "number"),
    [
        ("AuthRequest nonsense", "FB0223"),
        ("AuthRequest http:///x", "FB0223"),
        ("AuthRequest http://h:99999/", "FB0223"),
        ("AuthRequest ws://h/", "FB0365"),
        ("AuthRequest gopher://h/", "FB0225"),
        ("AuthRequest http://h/a#b", "FB0365"),
        ('AuthRequest "http://h/a b"', "FB0365"),
        ("AuthRequest balancer:///x", "FB0223"),
        ("AuthRequest /nowhere/x", "FB0365"),
        ("AuthRequestSignIn sign.in", "FB0365"),
        ('AuthRequestSignIn "/x?%{nofunction:a}"', "FB0365"),
        ("AuthRequestHeader Host", ""),
        ("AuthRequestHeader a:b", ""),
    ],
)
def test_what_cannot_be_asked_is_refused(line: str, number: str) -> None:
    text = f"{HEAD}ProxyPass /a http://h/\n<Location /in>\n{line}\n</Location>\n"
    _model, found = resolve_text(text)
    numbers = [item.number for item in found if item.is_error]
    assert numbers, "it is taken"
    assert number in ("", *numbers)


def test_a_balancer_without_members_is_told() -> None:
    found = warnings(f"{HEAD}<Location /in>\nAuthRequest balancer://x/\n</Location>\n")
    assert any("balancer://x" in str(item) for item in found)


def test_a_balancer_that_is_asked_alone_is_in_use() -> None:
    text = f"{HEAD}{POOL}<Location /in>\nAuthRequest balancer://auth/\n</Location>\n"
    assert not warnings(text)


@pytest.mark.parametrize("compat", ["", "Compat apache\n"])
def test_apache_has_no_such_directive(compat: str) -> None:
    text = f"{HEAD}{compat}<Location /in>\nAuthRequest http://h/\n</Location>\n"
    assert bool(errors(text)) is bool(compat)
