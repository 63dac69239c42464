"""ProxyRequests On opens a server, unless a Require of <Proxy> says to whom."""

from __future__ import annotations

from rows import rows
from trees import notes, resolve_text

ON = "Listen 80\nProxyRequests On\n"
REQUIRE = "Require ip 10.0.0.0/8\n"


def lint(text: str) -> list[tuple[int, str]]:
    """(line, number) of what is said, without notes and that of every proxy."""
    _, found = resolve_text(text)
    graver = [d for d in found if d.severity.value != "note"]
    return [(d.line, d.number) for d in graver if d.number != "FB0286"]


def test_an_open_proxy_is_warned_about() -> None:
    _, found = resolve_text(ON)
    [said] = [item for item in found if item.number == "FB0285"]
    assert said.text == "ProxyRequests On without a Require: an OPEN PROXY"
    assert (said.line, said.severity.value) == (2, "warning")


def test_off_is_silent() -> None:
    assert resolve_text("Listen 80\nProxyRequests Off\n")[1] == []
    assert lint(ON + "ProxyRequests Off\n") == []


def test_that_only_connect_is_served_is_warned_about() -> None:
    _, found = resolve_text(ON)
    [said] = [item for item in found if item.number == "FB0286"]
    assert said.text == "of a forward proxy only CONNECT is served"
    assert (said.line, said.severity.value) == (2, "warning")
    assert notes(ON + "AllowCONNECT 443\n") == [f"2: {said.text}"]


@rows(
    "section",
    [
        "<Proxy *>\n" + REQUIRE + "</Proxy>\n",
        '<Proxy "*">\nRequire all denied\n</Proxy>\n',
        "<ProxyMatch .>\n" + REQUIRE + "</ProxyMatch>\n",
        "<Proxy *>\nOrder deny,allow\nDeny from all\nAllow from 10\n</Proxy>\n",
        "<Proxy *>\n<Limit GET CONNECT>\n" + REQUIRE + "</Limit>\n</Proxy>\n",
        "<Proxy *>\n<LimitExcept GET>\n" + REQUIRE + "</LimitExcept>\n</Proxy>\n",
        "<Proxy *>\nRequire all granted\nSatisfy all\nDeny from all\n</Proxy>\n",
    ],
)
def test_a_section_for_every_target_closes_it(section: str) -> None:
    assert (2, "FB0285") not in lint(ON + section)


@rows(
    "section",
    [
        "<Proxy *>\nRequire all granted\n</Proxy>\n",
        "<Proxy http://h>\n" + REQUIRE + "</Proxy>\n",
        "<Proxy balancer://b>\n" + REQUIRE + "</Proxy>\n",
        "<Proxy *>\n</Proxy>\n",
        "<Proxy *>\n<Limit GET>\n" + REQUIRE + "</Limit>\n</Proxy>\n",
        "<Proxy *>\n<LimitExcept CONNECT>\n" + REQUIRE + "</LimitExcept>\n</Proxy>\n",
        "<Proxy *>\n<Limit POST>\n<RequireAll>\n" + REQUIRE + "Require not ip 10.1\n"
        "</RequireAll>\n</Limit>\n</Proxy>\n",
        "<Proxy *>\n<Limit GET>\nDeny from all\n</Limit>\n</Proxy>\n",
        "<Proxy *>\nOrder deny,allow\nAllow from all\nDeny from all\n</Proxy>\n",
        "<Proxy *>\nRequire all granted\nSatisfy any\nDeny from all\n</Proxy>\n",
        "<Proxy *>\nRequire all granted\n" + REQUIRE + "</Proxy>\n",
        "<Location />\n" + REQUIRE + "</Location>\n",
    ],
)
def test_other_sections_do_not(section: str) -> None:
    assert (2, "FB0285") in lint(ON + section)


def test_a_location_is_told_not_to_hold() -> None:
    _, found = resolve_text(ON + "<Location />\n" + REQUIRE + "</Location>\n")
    [said] = [item for item in found if item.number == "FB0285"]
    assert said.why.endswith("a Require in <Location> does not hold for CONNECT")


def test_the_main_servers_section_closes_a_virtual_host() -> None:
    text = (
        "Listen 80\n<Proxy *>\n" + REQUIRE + "</Proxy>\n<VirtualHost *:80>\n"
        "ProxyRequests On\n</VirtualHost>\n"
    )
    assert lint(text) == []


def test_a_block_is_refused_where_it_would_count() -> None:
    closed = "<Proxy *>\n" + REQUIRE + "</Proxy>\nProxyBlock evil.test\n"
    assert lint(ON + closed) == [(6, "FB0287")]
    assert lint("Listen 80\n" + closed) == []
