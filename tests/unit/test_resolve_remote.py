"""ProxyRemote, ProxyRemoteMatch, NoProxy: which members are reached through a proxy."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trees import errors, model_of

from fastlb.facts.member import Remote
from fastlb.model.resolve_remote import network_of

P1 = Remote("p1.test", 80, "")
P2 = Remote("192.0.2.2", 3128, "")


def remotes(lines: str, *urls: str) -> list[Remote | None]:
    """Of members at these URLs."""
    passes = "".join(
        f"ProxyPass /{number}/ {url}/\n" for number, url in enumerate(urls)
    )
    text = f"Listen 80\nSSLProxyEngine On\n{lines}\n{passes}"
    return [member.remote for member in model_of(text).members]


URLS = ("http://a.test", "https://a.test", "http://b.test:8080", "http://192.0.2.9")


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("", [None, None, None, None]),
        ("ProxyRemote * http://p1.test", [P1, P1, P1, P1]),
        ("ProxyRemote http http://P1.test/", [P1, None, P1, P1]),
        ("ProxyRemote HTTPS http://192.0.2.2:3128", [None, P2, None, None]),
        ("ProxyRemote http://A.test http://p1.test", [P1, None, None, None]),
        ("ProxyRemote http://a.test:80 http://p1.test", [P1, None, None, None]),
        (
            "ProxyRemote http://b http://192.0.2.2:3128\nProxyRemote * http://p1.test",
            [P1, P1, P2, P1],
        ),
        ("ProxyRemoteMatch ^https?://a http://p1.test", [P1, P1, None, None]),
        ("ProxyRemote * http://p1.test\nNoProxy a.test", [None, None, P1, P1]),
        ("ProxyRemote * http://p1.test\nNoProxy .test", [None, None, None, P1]),
        ("ProxyRemote * http://p1.test\nNoProxy 192.0", [P1, P1, P1, None]),
        ("ProxyRemote * http://p1.test\nNoProxy 192.0.0.0", [P1, P1, P1, None]),
        ("ProxyRemote * http://p1.test\nNoProxy 192.0.2.8/30", [P1, P1, P1, None]),
        ("ProxyRemote * http://p1.test\nNoProxy 192.0.2.9", [P1, P1, P1, None]),
        ("ProxyRemote * http://p1.test\nNoProxy 192.0.2.7 x", [P1, P1, P1, P1]),
    ],
)
def test_which_members_a_line_takes(lines: str, found: list[Remote | None]) -> None:
    assert remotes(lines, *URLS) == found


def test_what_the_proxy_is_told_of_us() -> None:
    (found,) = remotes("ProxyRemote * http://p1.test user:p:w", "http://a.test")
    assert found is not None
    kind, _, word = found.authorization.partition(" ")
    assert (kind, base64.b64decode(word)) == ("Basic", b"user:p:w")


def test_where_connections_go() -> None:
    (member,) = model_of(
        "Listen 80\nProxyRemote * http://p1.test:81\nProxyPass / http://192.0.2.1/\n"
    ).members
    assert (member.peer_host, member.peer_port) == ("p1.test", 81)
    assert member.is_named
    assert (member.host, member.port) == ("192.0.2.1", 80)
    (member,) = model_of("Listen 80\nProxyPass / unix:/s|http://a/\n").members
    assert not member.is_named


def test_a_virtual_host_adds_its_lines_and_has_members_of_its_own() -> None:
    model = model_of(
        "Listen 80\nProxyRemote http://a.test http://p1.test\n"
        "<Proxy balancer://b>\nBalancerMember http://b.test\n</Proxy>\n"
        "ProxyPass /a/ http://a.test/\nProxyPass /c/ http://c.test/\n"
        "ProxyPass /b/ balancer://b/\n"
        "<VirtualHost *:80>\nServerName v\nProxyRemote * http://192.0.2.2:3128\n"
        "</VirtualHost>\n<VirtualHost *:80>\nServerName w\n</VirtualHost>\n"
    )
    main, other, same = model.vhosts

    def through(vhost: object) -> list[Remote | None]:
        found = []
        for mapping in vhost.mappings:  # type: ignore[attr-defined]
            index = mapping.member_index
            if mapping.balancer_index >= 0:
                index = model.balancers[mapping.balancer_index].members[0]
            found.append(model.members[index].remote)
        return found

    assert through(main) == through(same) == [P1, None, None]
    assert through(other) == [P1, P2, P2]
    assert len(model.members) == 5


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ProxyRemote * p1.test", "Bad syntax for a remote proxy server"),
        ("ProxyRemote * http://", "Bad syntax for a remote proxy server"),
        ("ProxyRemote * http://p1/x", "Bad syntax for a remote proxy server"),
        ("ProxyRemote * http://p1:0", "(bad port number)"),
        ("ProxyRemote * http://p1:70000", "(bad port number)"),
        ("ProxyRemote * socks://p1", "only a proxy at http:// is served"),
        ("ProxyRemote * https://p1", "only a proxy at http:// is served"),
        ("ProxyRemoteMatch ( http://p1", "could not be compiled"),
        ("ProxyRemote *", "ProxyRemote takes two or three arguments"),
        (
            "ProxyRemote http://a.test/x http://p1\nProxyPass / http://a.test/",
            "only some requests of http://a.test/ would go through it",
        ),
        (
            "ProxyRemoteMatch ^http://a\\.test/x http://p1\nProxyPass / http://a.test/",
            "only some requests of http://a.test/ would go through it",
        ),
        (
            "ProxyRemote * http://p1\nProxyPass / ws://a.test/",
            "a member at ws: is not reached through another proxy",
        ),
        (
            "ProxyRemote * http://p1\nProxyPass / http://a.test/ proxyprotocol=v1",
            "proxyprotocol= of http://a.test/ would be said to the proxy before it",
        ),
        (
            "ProxyRemote https http://p1\nSSLProxyEngine On\n<Proxy balancer://b>\n"
            "BalancerMember https://a.test proxyprotocol=v2\n</Proxy>\n"
            "ProxyPass / balancer://b/",
            "proxyprotocol= of https://a.test would be said to the proxy before it",
        ),
        (
            "ProxyRemote * http://p1\nProxyRequests On\n"
            "<Proxy *>\nRequire ip 10\n</Proxy>\nProxyPass / http://a.test/",
            "what a CONNECT asks for is not reached through another proxy",
        ),
    ],
)
def test_what_is_refused(text: str, sentence: str) -> None:
    found = errors(f"Listen 80\n{text}\n")
    assert len(found) == 1
    assert sentence in found[0]


@pytest.mark.parametrize(
    "lines",
    [
        "ProxyRemote http://b http://p1\nProxyPass / http://a.test/ proxyprotocol=v1",
        "ProxyRemote * http://p1\nNoProxy a.test\n"
        "ProxyPass / http://a.test/ proxyprotocol=v1",
    ],
)
def test_who_is_reached_directly_may_be_told_the_client(lines: str) -> None:
    assert errors(f"Listen 80\n{lines}\n") == []


@given(st.text(alphabet="0123456789./:abf", max_size=20))
def test_any_word_is_a_network_or_a_name(word: str) -> None:
    network = network_of(word)
    assert network is None or network.num_addresses >= 1
