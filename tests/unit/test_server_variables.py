"""Server variables: what httpd 2.4.71 gives, and which language knows what."""

from __future__ import annotations

import pytest
from test_plan import Plan

from fastlb.facts.variables import VARIABLES, Language, split_prefix, variable_named

PROXIED = "ServerAdmin me@one.example\nProxyPass /p http://127.0.0.1:1/q\n"

# Of GET /p/a%20b//c?x=1&y=%41 with User-Agent and two Cookie lines.
VALUES = {
    "REQUEST_METHOD": b"GET",
    "REQUEST_SCHEME": b"http",
    "REQUEST_URI": b"/p/a b/c",
    "DOCUMENT_URI": b"/p/a b/c",
    "REQUEST_FILENAME": b"proxy:http://127.0.0.1:1/q/a%20b/c?x=1&y=%41",
    "SCRIPT_FILENAME": b"proxy:http://127.0.0.1:1/q/a%20b/c?x=1&y=%41",
    "REMOTE_HOST": b"192.0.2.1",
    "REMOTE_ADDR": b"192.0.2.1",
    "REMOTE_PORT": b"50000",
    "CONN_REMOTE_ADDR": b"192.0.2.1",
    "SERVER_ADMIN": b"me@one.example",
    "SERVER_NAME": b"one.example",
    "SERVER_PORT": b"80",
    "SERVER_PROTOCOL": b"HTTP/1.1",
    "QUERY_STRING": b"x=1&y=%41",
    "IS_SUBREQ": b"false",
    "THE_REQUEST": b"GET /p/a%20b//c?x=1&y=%41 HTTP/1.1",
    "HANDLER": b"proxy-server",
    "REQUEST_STATUS": b"200",
    "LAST_MODIFIED": b"19700101000000",
    "HTTPS": b"off",
    "IPV6": b"off",
    "HTTP2": b"off",
    "HTTP_HOST": b"one.example",
    "HTTP_USER_AGENT": b"ua",
    "HTTP_COOKIE": b"a=1, b=2",
    "HTTP_ACCEPT": None,
    "HTTP_REFERER": None,
    "PATH_INFO": None,
    "AUTH_TYPE": None,
    "REMOTE_USER": None,
    "API_VERSION": b"20120211",
    "HTTP:user-agent": b"ua",
    "HTTP:None": None,
    "ENV:none": None,
    "SSL_PROTOCOL": None,
}


@pytest.fixture(scope="module")
def plan() -> Plan:
    made = Plan(PROXIED)
    made("/p/a%20b//c?x=1&y=%41", "User-Agent: ua", "Cookie: a=1", "Cookie: b=2")
    return made


@pytest.mark.parametrize("name", VALUES)
def test_a_variable_of_a_proxied_request(plan: Plan, name: str) -> None:
    assert plan.probe.variable(name, Language.EXPRESSION) == VALUES[name]


def test_letters_count_in_no_case(plan: Plan) -> None:
    assert plan.probe.variable("remote_addr", Language.EXPRESSION) == b"192.0.2.1"
    assert plan.probe.variable("http:USER-AGENT", Language.REWRITE) == b"ua"


def test_the_time_is_whole(plan: Plan) -> None:
    parts = ("YEAR", "MON", "DAY", "HOUR", "MIN", "SEC")
    told = [plan.probe.variable(f"TIME_{p}", Language.REWRITE) for p in parts]
    assert b"".join(told) == plan.probe.variable("TIME", Language.REWRITE)
    assert [len(one) for one in told] == [4, 2, 2, 2, 2, 2]


def test_where_the_languages_differ(plan: Plan) -> None:
    value = plan.probe.variable
    assert value("API_VERSION", Language.REWRITE) == b"20120211:142"
    assert value("SCRIPT_USER", Language.REWRITE) == b"<unknown>"
    assert value("SCRIPT_USER", Language.EXPRESSION) is None
    assert value("SERVER_ADDR", Language.REWRITE) == b"127.0.0.1"
    for name, language in (
        ("SERVER_ADDR", Language.EXPRESSION),
        ("HANDLER", Language.REWRITE),
        ("REQUEST_STATUS", Language.REWRITE),
    ):
        with pytest.raises(ValueError, match="unknown variable"):
            value(name, language)


def test_in_a_header_rule_an_unknown_name_has_no_value(plan: Plan) -> None:
    assert plan.probe.variable("NOBODY", None) is None
    assert plan.probe.variable("SERVER_PORT", None) == b"80"


def test_tls_and_the_version_of_ip() -> None:
    plan = Plan(PROXIED)
    plan("/p/a", tls=True, remote="2001:db8::1")
    value = plan.probe.variable
    assert value("HTTPS", Language.EXPRESSION) == b"on"
    assert value("REQUEST_SCHEME", Language.EXPRESSION) == b"https"
    assert value("IPV6", Language.EXPRESSION) == b"on"


def test_what_is_for_nobody_has_the_name_of_a_file() -> None:
    plan = Plan("DocumentRoot /var/www\n")
    plan("/a?b")
    assert plan.probe.variable("REQUEST_FILENAME", None) == b"/var/www/a"
    assert plan.probe.variable("HANDLER", None) is None


def test_the_table_is_numbered_by_its_places() -> None:
    assert [row.number for row in VARIABLES] == list(range(len(VARIABLES)))
    assert variable_named("Https", Language.REWRITE) is not None
    assert split_prefix("http:X") == ("HTTP:", "X")
    assert split_prefix("REQUEST_URI") == ("", "REQUEST_URI")
