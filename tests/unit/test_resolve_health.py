"""ProxyHCExpr, ProxyHCTemplate and the hc...= of members."""

from __future__ import annotations

import pytest
from rows import rows
from trees import model_of, resolve_text

from fastlb.facts.health import Begin, HealthCheck, HealthMethod

LISTEN = "Listen 80\n"
EXPR = "ProxyHCExpr ok {%{REQUEST_STATUS} =~ /^2/}\n"
TEMPLATE = (
    "ProxyHCTemplate tcp hcinterval=7\n"
    "ProxyHCTemplate Web hcmethod=HEAD hcuri=/up hcpasses=2 hcfails=3 hcexpr=OK\n"
)


def conf(params: str, above: str = "", url: str = "http://a") -> str:
    return (
        f"{LISTEN}{above}<Proxy balancer://b>\nBalancerMember {url} {params}\n"
        "</Proxy>\nProxyPass / balancer://b/\n"
    )


def check_of(params: str, above: str = "", url: str = "http://a") -> HealthCheck | None:
    return model_of(conf(params, above, url)).members[0].health


def said(text: str, *, lenient: bool = True) -> list[str]:
    _, found = resolve_text(text, lenient=lenient)
    return [f"{one.severity.value} {one.line}: {one.text}" for one in found]


def test_a_member_without_a_method_is_not_checked() -> None:
    assert check_of("") is None
    assert check_of("hcmethod=none") is None


def test_what_is_written_is_what_is_done() -> None:
    assert check_of(
        "hcmethod=get11 hcinterval=2min hcpasses=2 hcfails=3 hcuri=/health"
        ' hctimeout=500ms hcstart=down "hcheaders=Host: a.test | X-B: c: d"'
    ) == HealthCheck(
        method=HealthMethod.GET11,
        interval_ms=120_000,
        passes=2,
        fails=3,
        uri="/health",
        condition=None,
        timeout_ms=500,
        begin=Begin.DOWN,
        fields=(("Host", "a.test"), ("X-B", "c: d")),
    )


def test_what_is_not_written() -> None:
    assert check_of("hcmethod=TCP hcpasses=0 hcfails=0") == HealthCheck(
        HealthMethod.TCP, 30_000, 1, 1, "", None, None, Begin.PROBE, ()
    )


def test_templates_are_taken_whole_and_what_stands_behind_wins() -> None:
    above = EXPR + TEMPLATE
    tcp = check_of("hctemplate=TCP", above)
    assert tcp is not None
    # as in httpd, where a template without a method has this one
    assert (tcp.method, tcp.interval_ms) == (HealthMethod.TCP, 7000)
    web = check_of("hcfails=9 hctemplate=web hcpasses=5 hcstart=up", above)
    assert web is not None
    assert web.condition is not None
    assert web.condition.expression.text == "%{REQUEST_STATUS} =~ /^2/"
    assert (web.method, web.uri, web.begin) == (HealthMethod.HEAD, "/up", Begin.UP)
    assert (web.passes, web.fails) == (5, 3)


@rows(
    ("line", "text"),
    [
        ("{%{REQUEST_STATUS} =~ /^[0-9]{3}$/}", "%{REQUEST_STATUS} =~ /^[0-9]{3}$/"),
        ('"%{REQUEST_STATUS} -eq 200"', "%{REQUEST_STATUS} -eq 200"),
        ("{hc('body') =~ /a/}  ", "hc('body') =~ /a/"),
        ("true", "true"),
    ],
)
def test_conditions_in_braces_and_quotes(line: str, text: str) -> None:
    check = check_of("hcmethod=GET hcexpr=ok", f"ProxyHCExpr ok {line}\n")
    assert check is not None
    assert check.condition is not None
    assert check.condition.expression.text == text


@rows(
    ("params", "above", "words"),
    [
        ("hcmethod=x", "", "BalancerMember Unknown method"),
        (
            "hcmethod=PROVIDER",
            "",
            "BalancerMember Health check method PROVIDER not (yet) implemented",
        ),
        ("hcinterval=x", "", "BalancerMember Unparse-able hcinterval setting"),
        (
            "hcinterval=99ms",
            "",
            "BalancerMember Interval must be a positive value greater than 100ms",
        ),
        ("hcpasses=x", "", "BalancerMember Passes must be a positive value"),
        ("hcfails=-1", "", "BalancerMember Fails must be a positive value"),
        ("hcexpr=no", "", "BalancerMember Unknown health check condition expr: no"),
        ("hctemplate=no", EXPR, "BalancerMember Unknown ProxyHCTemplate name: no"),
        ("hcstart=x", "", "BalancerMember hcstart must be probe|up|down"),
        (
            "hctimeout=0",
            "",
            "BalancerMember hctimeout must be at least one millisecond",
        ),
        (
            "hcheaders=x",
            "",
            "BalancerMember hcheaders must be 'Name: value', several divided by |",
        ),
        (
            '"hcheaders=Content-Length: 3"',
            "",
            "BalancerMember hcheaders must not have Content-Length",
        ),
        ("", "ProxyHCExpr a {\n", "Missing expression for ProxyHCExpr"),
        ("", "ProxyHCExpr a {true} x\n", "error: extra parameter(s)"),
        (
            "",
            "ProxyHCExpr abcdefghijklmnop {true}\n",
            "Expression name limited to 15 characters",
        ),
        (
            "",
            "ProxyHCExpr a {%{X} == 'y'}\n",
            "Could not parse expression \"%{X} == 'y'\": Variable 'X' does not exist",
        ),
        (
            "",
            "ProxyHCExpr a {hc(%{TIME}) == 'y'}\n",
            "Could not parse expression \"hc(%{TIME}) == 'y'\": hc() takes the name of"
            " a part of the answer",
        ),
        (
            "",
            "ProxyHCTemplate t hcmethod\n",
            "Invalid ProxyHCTemplate parameter. Parameter must be in the form"
            " 'key=value'",
        ),
        (
            "",
            "ProxyHCTemplate t timeout=3\n",
            "ProxyHCTemplate: unknown Worker hcheck parameter timeout=3; t",
        ),
        (
            "",
            "ProxyHCTemplate t hcmethod=GET hcinterval=1ms\n",
            "ProxyHCTemplate: Interval must be a positive value greater than 100ms"
            " hcinterval=1ms; t",
        ),
    ],
)
def test_what_is_wrong_is_told_as_httpd_tells_it(
    params: str, above: str, words: str
) -> None:
    found = [one for one in said(conf(params, above)) if one.startswith("error")]
    assert [one.partition(": ")[2] for one in found] == [words]


@rows(
    ("params", "cure"),
    [
        ("hcmethod=GETT", "did you mean GET?"),
        ("hcmethod=PROVIDER", "write NONE, TCP"),
        ("hcinterval=1d", "500ms"),
        ("hctemplate=we", "did you mean web?"),
        ("hcexpr=o", "did you mean ok?"),
        ('hcheaders="Host:', "the quotes around all of the word"),
    ],
)
def test_what_to_do_is_told(params: str, cure: str) -> None:
    _, found = resolve_text(conf(params, EXPR + TEMPLATE))
    assert any(cure in one.cure for one in found), [one.cure for one in found]


def test_names_are_those_of_their_server() -> None:
    text = (
        f"{LISTEN}{EXPR}<VirtualHost *:80>\nServerName v\n<Proxy balancer://b>\n"
        "BalancerMember http://a hcmethod=GET hcexpr=ok\n</Proxy>\n"
        "ProxyPass / balancer://b/\n</VirtualHost>\n"
    )
    assert any("Unknown health check condition expr: ok" in one for one in said(text))


@pytest.mark.parametrize(
    ("url", "method"),
    [
        ("ajp://a", "GET"),
        ("fcgi://a", "HEAD"),
        ("uwsgi://a", "OPTIONS11"),
        ("http://a", "CPING"),
        ("https://a", "CPING"),
    ],
)
def test_what_could_never_pass_is_refused(url: str, method: str) -> None:
    _, found = resolve_text(conf(f"hcmethod={method}", url=url))
    assert [one.number for one in found if one.is_error] == ["FB0327"]


@rows(
    ("url", "method"),
    [("ajp://a", "CPING"), ("ajp://a", "TCP"), ("fcgi://a", "TCP"), ("ws://a", "GET")],
)
def test_what_a_protocol_can_answer_is_taken(url: str, method: str) -> None:
    assert check_of(f"hcmethod={method}", url=url) is not None


@rows(
    ("text", "warning"),
    [
        (
            conf("hcuri=/x"),
            "warning 3: hcuri= has no effect: no hcmethod= is written",
        ),
        (
            f"{LISTEN}ProxyPass / http://a/ hcmethod=GET\n",
            "warning 2: hcmethod= has no effect: only members of balancers are checked",
        ),
        (
            conf("hcmethod=GET hcexpr=e", "ProxyHCExpr e {%{HTTP:X} == ''}\n"),
            "warning 2: %{HTTP:X} is empty in a check of health",
        ),
        (
            conf("hcmethod=GET hcexpr=e", "ProxyHCExpr e {hc('head') == ''}\n"),
            "warning 2: %{HC_HEAD} is empty in a check of health",
        ),
    ],
)
def test_what_has_no_effect_is_told(text: str, warning: str) -> None:
    assert warning in said(text)


def test_what_apache_does_not_know_is_refused_where_nothing_else_is_taken() -> None:
    for one in ("hctimeout=3", "hcstart=up", "hcheaders=a:b"):
        found = said("Compat apache\n" + conf(f"hcmethod=GET {one}"))
        assert any("unknown Worker" in line for line in found), one
    found = said("Compat apache\n" + conf("hcmethod=WebSocket"))
    assert any("Unknown method" in line for line in found)
