"""Header, environment, redirect, reverse-map and error-document lines."""

from __future__ import annotations

from rows import rows
from trees import errors, model_of, warnings

from fastlb.base.levels import Level
from fastlb.facts.expressions import Expression
from fastlb.facts.rules import EnvRule, HeaderAction, HeaderRule, Redirect, ReverseMap
from fastlb.facts.vhost import DirConf

LISTEN = "Listen 80\n"


def conf(*lines: str) -> DirConf:
    return model_of(LISTEN + "\n".join(lines) + "\n").vhosts[0].default_conf


def header(line: str) -> HeaderRule:
    found = conf(line)
    return (*found.header_rules, *found.request_header_rules)[0]


@rows("action", ["set", "setifempty", "append", "merge", "add"])
def test_actions_with_a_value(action: str) -> None:
    rule = header(f'Header {action} X-A: "a b"')
    assert (rule.action, rule.name) == (HeaderAction(action), "X-A")
    assert rule.value[0].text == b"a b"
    assert (rule.always, rule.early, rule.condition) == (False, False, None)


def test_always_and_onsuccess_choose_the_table() -> None:
    assert header("Header always set A 1").always
    assert not header("Header onsuccess set A 1").always


def test_unset_echo_and_note() -> None:
    rule = header("Header unset A env=!X")
    assert (rule.action, rule.value) == (HeaderAction.UNSET, ())
    assert rule.condition is not None and rule.condition.negated
    assert header("Header echo ^X-").name == "^X-"
    assert header("Header note A n").action is HeaderAction.NOTE


def test_edit_has_a_regex_and_a_replacement() -> None:
    rule = header('Header edit* Set-Cookie ^(.*)$ "$1; Secure" env=E')
    assert (rule.action, rule.regex) == (HeaderAction.EDIT_ALL, "^(.*)$")
    assert rule.value[0].text == b"$1; Secure"
    assert rule.condition is not None and rule.condition.name == "E"


def test_request_header_may_be_early() -> None:
    assert header("RequestHeader set X-Proto https early").early


def test_an_empty_value_is_a_value() -> None:
    assert header('RequestHeader set X ""').value == ()


@rows(
    ("line", "text"),
    [
        ("Header foo A b", "first argument must be 'add', 'set', 'setifempty', 'app"),
        ("RequestHeader note A b", "RequestHeader does not support the 'note' action"),
        ("RequestHeader echo A", ""),
        ("Header set A", "Header requires three arguments"),
        ("Header set A b c", "Unknown parameter: c"),
        ("Header set A b env=X y", ""),
        ("Header set A b env=", "error: missing environment variable name."),
        ("Header unset A b env=c", ""),
        ("Header edit A b", "Header edit requires a match and a substitution"),
        ("Header edit A ( b", "Header edit regex could not be compiled"),
        ("Header set A %Z", "Unrecognized header format %Z"),
        ("Header set A expr=%{x}", "Can't parse value expression : Variable 'x'"),
        ("Header set A b expr=x", "Can't parse envclause/expression: syntax error"),
        ("SetEnvIf", "Missing header-field name for SetEnvIf"),
        ("SetEnvIf A", "Missing regular expression for SetEnvIf"),
        ("SetEnvIf A b", "Missing envariable expression for SetEnvIf"),
        ("SetEnvIf A ( b", "SetEnvIf regex could not be compiled."),
        ("SetEnvIfExpr x y", ""),
        ("Redirect 404 / http://x/", "Redirect URL not valid for this status"),
        ("Redirect /x", "URL to redirect to is missing"),
        ("Redirect permanent /x", ""),
        ("Redirect /x relative", "Redirect to non-URL"),
        ("Redirect foo /x http://y/", "Redirect: invalid first argument (of three)"),
        ("RedirectMatch ( http://y/", "Regular expression could not be compiled."),
        ("ErrorDocument 999 x", "Unsupported HTTP response code 999"),
        ("ErrorDocument 299 x", "Unsupported HTTP response code 299"),
        ("Redirect 99 /x", "Redirect: status 99 is not in 300 to 599"),
        ("ProxyPassReverse / balancer:///", "ProxyPassReverse Bad syntax for a balan"),
        ("ProxyPassReverse /", "ProxyPassReverse needs a path when not defined in a"),
        ("SetHandler proxy:http://%{HTTP_HOST}/", "SetHandler proxy:http://%{HTTP_HO"),
        ("SetHandler proxy:http://h%{reqenv:X}:80/", "SetHandler proxy:http://h%{reqe"),
        ("SetHandler proxy:%{reqenv:X}", "SetHandler proxy:%{reqenv:X}: scheme, host"),
        ("SetHandler %{NO_SUCH}", "Can't parse expression : "),
    ],
)
def test_refusals(line: str, text: str) -> None:
    found = errors(LISTEN + line + "\n")
    assert len(found) == 1, found
    assert found[0].startswith(f"2: {text}")


def test_environment_rules_keep_their_order() -> None:
    found = conf("SetEnv A 1", "SetEnv B", "PassEnv HOME", "UnsetEnv A C")
    assert found.env_rules == (
        EnvRule("A", b"1", None, None, False),
        EnvRule("B", b"", None, None, False),
        EnvRule("HOME", b"/root", None, None, False),
        EnvRule("A", None, None, None, False),
        EnvRule("C", None, None, None, False),
    )


def test_set_env_if_sets_and_removes_several() -> None:
    found = conf(
        "SetEnvIf Request_URI ^/a x y=$1 !z",
        "SetEnvIfNoCase Host A q",
        "BrowserMatchNoCase bot robot",
    )
    assert found.set_env_if == (
        EnvRule("x", b"1", "Request_URI", "^/a", False),
        EnvRule("y", b"$1", "Request_URI", "^/a", False),
        EnvRule("z", None, "Request_URI", "^/a", False),
        EnvRule("q", b"1", "Host", "A", True),
        EnvRule("robot", b"1", "User-Agent", "bot", True),
    )


def test_warnings_about_the_environment() -> None:
    assert warnings(LISTEN + "PassEnv NOPE\nSetEnv a=b\n") == [
        "2: AH01506: PassEnv variable NOPE was undefined",
        "3: AH10032: Spurious usage of '=' in an environment variable name."
        " 'SetEnv a b' expected instead?",
    ]


@rows(
    ("line", "rule"),
    [
        ("Redirect /a http://h/b", Redirect(302, "/a", False, "http://h/b")),
        ("Redirect permanent /a /b", Redirect(301, "/a", False, "/b")),
        ("Redirect 307 /a http://h/", Redirect(307, "/a", False, "http://h/")),
        ("Redirect gone /a", Redirect(410, "/a", False, None)),
        ("Redirect 404 /a", Redirect(404, "/a", False, None)),
        ("RedirectTemp /a http://h/", Redirect(302, "/a", False, "http://h/")),
        ("RedirectPermanent /a http://h/", Redirect(301, "/a", False, "http://h/")),
        (
            "RedirectMatch ^/(.*)$ http://h/$1",
            Redirect(302, "^/(.*)$", True, "http://h/$1"),
        ),
        ("RedirectMatch seeother x /y", Redirect(303, "x", True, "/y")),
        ("RedirectMatch 410 x", Redirect(410, "x", True, None)),
    ],
)
def test_redirect_forms(line: str, rule: Redirect) -> None:
    assert conf(line).redirects == (rule,)


def test_a_redirect_in_a_section_may_leave_its_path_out() -> None:
    model = model_of(
        LISTEN + "<Location /o>\nRedirect permanent http://h/\nRedirect gone\n"
        "Redirect /p http://h/p\n</Location>\n"
    )
    rules = model.vhosts[0].sections[0].conf.redirects
    assert rules[0] == Redirect(301, "", False, "http://h/")
    assert rules[-1] == Redirect(302, "/p", False, "http://h/p")


def test_reverse_maps_name_their_balancer_or_a_url() -> None:
    model = model_of(
        LISTEN + "<Proxy balancer://b>\nBalancerMember http://a\n</Proxy>\n"
        "ProxyPassReverse / balancer://B/x\nProxyPassReverse /c http://c/ interpolate\n"
        "ProxyPassReverse /n balancer://none/\n<Location /l>\n"
        "ProxyPassReverse http://l/\nProxyPassReverseCookiePath /i /o\n"
        "ProxyPassReverseCookieDomain i o\n</Location>\n"
    )
    assert model.vhosts[0].default_conf.reverse_maps == (
        ReverseMap("/", "balancer://b/x", 0, False),
        ReverseMap("/c", "http://c/", -1, True),
        ReverseMap("/n", "balancer://none/", -1, False),
    )
    section = model.vhosts[0].sections[1].conf
    assert section.reverse_maps == (ReverseMap("/l", "http://l/", -1, False),)
    assert (section.cookie_paths, section.cookie_domains) == (
        (("/i", "/o"),),
        (("i", "o"),),
    )


def test_error_documents_are_text_path_or_url() -> None:
    found = conf(
        'ErrorDocument 404 "not here"',
        "ErrorDocument 500 /e.html",
        "ErrorDocument 503 http://h/e",
        "ErrorDocument 404 other",
        "ErrorDocument 403 default",
    )
    assert dict(found.error_documents) == {
        404: '"other',
        500: "/e.html",
        503: "http://h/e",
        403: "",
    }


def test_error_documents_with_holes_are_read_as_httpd_reads_them() -> None:
    found = conf(
        'ErrorDocument 404 "%{REQUEST_URI} is not here"',
        "ErrorDocument 500 /e/%{REQUEST_STATUS}",
        'ErrorDocument 501 "/e and blanks"',
        "ErrorDocument 502 mailto:me@h",
        "ErrorDocument 503 %{reqenv:X}",
    )
    said = {
        status: document.text if isinstance(document, Expression) else document
        for status, document in found.error_documents
    }
    assert said == {
        404: '"%{REQUEST_URI} is not here',
        500: "/e/%{REQUEST_STATUS}",
        501: '"/e and blanks',
        502: "mailto:me@h",
        503: '"%{reqenv:X}',
    }
    refused = errors(LISTEN + 'ErrorDocument 404 "%{NO_SUCH}"\n')
    assert len(refused) == 1
    assert "Cannot parse expression in ErrorDocument: " in refused[0]


def test_a_url_as_document_of_401_is_ignored() -> None:
    found = warnings(LISTEN + "ErrorDocument 401 http://h/\n")
    assert len(found) == 1 and "cannot use a full URL in a 401" in found[0]
    assert conf("ErrorDocument 401 http://h/").error_documents == ()


def test_a_handler_may_be_a_member_or_a_balancer() -> None:
    text = (
        LISTEN + "DocumentRoot /srv/site/\n"
        "<Proxy balancer://b>\nBalancerMember http://m:1\n</Proxy>\n"
        "<Location /a>\nSetHandler proxy:http://h:8080/base\n</Location>\n"
        "<Location /b>\nSetHandler Proxy:Balancer://B\n</Location>\n"
        "<Location /c>\nSetHandler proxy:unix:/run/x|http://h/%{req:X}\n</Location>\n"
        "<Location /d>\nSetHandler proxy:http://h\nSetHandler none\n</Location>\n"
        "<Location /e>\n<If true>\nSetHandler proxy:http://h:8080\n</If>\n</Location>\n"
    )
    model = model_of(text)
    assert model.vhosts[0].document_root == "/srv/site"
    _, a, b, c, d, e = (one.conf for one in model.vhosts[0].sections)
    assert (a.handler, a.handler_head) == (
        "proxy:http://h:8080/base",
        "proxy:http://h:8080",
    )
    assert a.handler_mapping is not None and b.handler_mapping is not None
    member = model.members[a.handler_mapping.member_index]
    assert (member.url, member.disable_reuse) == ("http://h:8080", True)
    assert model.balancers[b.handler_mapping.balancer_index].name == "balancer://b"
    assert isinstance(c.handler, Expression)
    assert c.handler_head == "proxy:unix:/run/x|http://h"
    assert (d.handler, d.handler_head, d.handler_mapping) == ("none", None, None)
    within = e.ifs[0].conf.handler_mapping
    assert within is not None
    assert within.member_index == a.handler_mapping.member_index


def test_a_handler_of_a_member_that_is_defined_keeps_connections() -> None:
    text = (
        LISTEN + "ProxyPass /x http://h:8080/ timeout=5\n"
        "<Location /a>\nSetHandler proxy:http://h:8080\n</Location>\n"
    )
    model = model_of(text)
    handled = model.vhosts[0].sections[0].conf.handler_mapping
    assert handled is not None
    assert handled.member_index == model.vhosts[0].mappings[0].member_index
    assert not model.members[handled.member_index].disable_reuse


def test_the_condition_of_a_probe_is_read_like_any_other() -> None:
    sound = "ProxyHCExpr a {%{REQUEST_STATUS} =~ /^[234]/}\n"
    sound += "ProxyHCExpr b {hc('body') =~ /x/}"
    assert warnings(LISTEN + sound + "\n") == []
    for text in ("%{NO_SUCH} == 1", "nosuch('x') == 'y'", "%{x == "):
        refused = errors(LISTEN + f"ProxyHCExpr bad {{{text}}}\n")
        words = f'2: Could not parse expression "{text}": '
        assert len(refused) == 1 and refused[0].startswith(words), refused
    assert errors(LISTEN + "<If true>\nRequire expr hc('body') == 'x'\n</If>\n")


def test_an_unknown_handler_is_a_warning() -> None:
    found = warnings(LISTEN + "<Location /s>\nSetHandler server-statsu\n</Location>\n")
    assert found == ["3: SetHandler server-statsu: there is no such handler here"]


@rows(
    ("line", "text"),
    [
        ("ProxyPassReverse /a http://h/", "ProxyPassReverse can not have a path when"),
        ("Redirect permanent http://%{HOST}/", "Cannot parse redirect expression"),
    ],
)
def test_refusals_in_sections(line: str, text: str) -> None:
    found = errors(LISTEN + f"<Location /a>\n{line}\n</Location>\n")
    assert len(found) == 1
    assert found[0].startswith(f"3: {text}")


@rows("section", ["Location /a", "Directory /a", "Proxy *", "Files x"])
def test_a_level_in_a_section_is_not_taken(section: str) -> None:
    text = f"<{section}>\nLogLevel debug\n</{section.split(maxsplit=1)[0]}>\n"
    assert warnings(LISTEN + text) == [
        "3: LogLevel in a section has no effect: levels hold for a whole server"
    ]
    assert model_of(LISTEN + text).vhosts[0].log_level is Level.WARN


def test_a_log_item_that_is_always_empty_is_told() -> None:
    told = warnings('ErrorLogFormat "%F %M"\n')
    assert any("%F says nothing" in text for text in told)
    assert warnings('LogFormat "%L" x\n') == warnings("")
    assert warnings('LogFormat "%{X}^ti %{X}^to" x\n') == warnings("")
    assert warnings('LogFormat "%h %{proxy-status}n" x\n') == warnings("")


@rows("line", ["SetEnv proxy-sendcl 1", "SetEnvIf A b Proxy-Chain-Auth"])
def test_a_variable_that_steers_nothing_here_is_told(line: str) -> None:
    assert any("has no effect" in text for text in warnings(f"{line}\n"))


def test_a_variable_that_is_taken_away_is_no_matter() -> None:
    line = "SetEnvIf A b !proxy-sendcl\nSetEnv proxy-nokeepalive 1\n"
    assert warnings(line) == warnings("")


def test_each_kind_of_error_format_is_a_hosts_own_or_the_main_servers() -> None:
    model = model_of(
        LISTEN
        + """\
ErrorLogFormat request "a %L"
ErrorLogFormat REQUEST "b"
ErrorLogFormat "main %M"
<VirtualHost *:80>
  ServerName one.test
  ErrorLogFormat "own %M"
  ErrorLogFormat Connection "own"
</VirtualHost>
<VirtualHost *:80>
  ServerName two.test
</VirtualHost>
"""
    )
    main, first, second = (vhost.error_formats for vhost in model.vhosts)
    assert second == main
    assert first.request == main.request and len(main.request) == 2
    assert main.connection == () and len(first.connection) == 1
    assert first.message[0].text == "own" and main.message[0].text == "main"


@rows(
    ("line", "why"),
    [
        ('foo "%M"', "ErrorLogFormat type must be one of request, connection"),
        ('request "%M"', "%M cannot be used in once-per-request"),
        ('request ""', "main ErrorLogFormat must contain message format"),
        ('"%Q %M"', "Unrecognized error log format directive %Q"),
    ],
)
def test_what_httpd_refuses_of_error_formats(line: str, why: str) -> None:
    assert any(why in text for text in errors(f"{LISTEN}ErrorLogFormat {line}\n"))
