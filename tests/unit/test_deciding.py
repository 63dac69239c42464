"""Which variables access hangs on, and that requests meet no pattern anew."""

from __future__ import annotations

import re
from pathlib import Path

from rows import rows
from trees import errors, model_of

LISTEN = "Listen 8080\n"

ROOT = Path(__file__).parents[2]
IMPORTS_RE = re.compile(r"^\s*(?:import|from) re\b", re.M)


def test_variables_of_require_env_decide() -> None:
    model = model_of(
        LISTEN + "SetEnvIf X-A a one\nSetEnvIf one 1 two\nSetEnvIf two 1 three\n"
        "SetEnvIf X-B b other\n"
        "<Location /a>\n<RequireAll>\nRequire env three\n<RequireNone>\n"
        "Require env four\n</RequireNone>\n</RequireAll>\n</Location>\n"
        "<VirtualHost *:8080>\nServerName x\n<Location />\nRequire env five\n"
        "</Location>\n</VirtualHost>\n"
    )
    found = model.deciding_variables
    assert {"one", "two", "three", "four", "five", "no-proxy"} <= found
    assert "other" not in found


def test_no_proxy_decides_by_itself() -> None:
    assert model_of(LISTEN).deciding_variables == {"no-proxy"}


def test_every_pattern_of_a_model_has_its_places() -> None:
    model = model_of(
        LISTEN + "BrowserMatch x a\nBrowserMatchNoCase x b\nSetEnvIf ^X-. x c\n"
        'RequestHeader edit X-A x y\nHeader echo "^x"\nRedirectMatch 410 x\n'
        "ProxyPassMatch ^/m http://h/\n<LocationMatch x>\nSetEnvIf X-A x d\n"
        "</LocationMatch>\n<Location /g/*/x>\nProxyPass http://h/g\n</Location>\n"
        "<ProxyMatch ^http://h>\nSetEnvIf X-A ^k e\n</ProxyMatch>\n"
        "<Proxy balancer://b>\nBalancerMember http://h\n"
        "ProxySet stickysession=S routeregex=-(.*)$\n</Proxy>\nProxyPass /b balancer://b\n"
    )
    found = {(r.pattern, r.ignore_case): r.place for r in model.regexes}
    assert set(found) == {
        *(("x", False), ("x", True), ("^X-.", False), ("^x", False), ("^/m", False)),
        *((r"\A/g/[^/]*/x\z", False), ("^http://h", False), ("^k", False)),
        ("-(.*)$", False),
    }
    places = [re.sub(r" at .*:", " ", one) for one in found["x", False].split(", ")]
    first = int(places[0].rpartition(" ")[2])
    assert places == [
        f"{name} {first + n}"
        for name, n in (
            *(("BrowserMatch", 0), ("SetEnvIf", 2), ("RequestHeader", 3)),
            *(("RedirectMatch", 5), ("LocationMatch", 7), ("SetEnvIf", 8)),
        )
    ]


@rows(
    "line",
    [
        "<LocationMatch (>\n</LocationMatch>",
        "<ProxyMatch (>\n</ProxyMatch>",
        "ProxyPassMatch ( http://h/",
        "RedirectMatch ( http://h/",
        "SetEnvIf X ( v",
        "BrowserMatch ( v",
        "Header edit X ( y",
        'Header echo "("',
        "SetEnvIf ( x v",
    ],
)
def test_a_refusal_says_what_where_and_what_to_do(line: str) -> None:
    (found,) = errors(LISTEN + line)
    assert "could not be compiled" in found


def test_a_name_of_a_group_that_sets_no_variable_is_refused() -> None:
    thirty = "(.)" * 30
    section = "<LocationMatch ^/{}(?<last>.)$>\n</LocationMatch>"
    assert errors(LISTEN + section.format(thirty)) == []
    (found,) = errors(LISTEN + section.format(thirty + "(.)"))
    assert "The group last is number 32 of its expression" in found


def test_what_answers_requests_knows_no_expressions_of_pythons() -> None:
    # config/ and model/ read text with them, tls/ names of variables
    found = [
        path.relative_to(ROOT).as_posix()
        for folder in ("core", "worker", "admin", "logs")
        for path in (ROOT / "fastlb" / folder).rglob("*.py*")
        if path.suffix in (".py", ".pyx") and IMPORTS_RE.search(path.read_text("utf-8"))
    ]
    assert found == ["fastlb/core/plan/template.pyx"]  # ${NAME}, while a plan is made
