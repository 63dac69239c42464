"""hcexpr= as the monitor works it out, beside what httpd found of the same."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path

import pytest
from expressions import compiled
from hypothesis import given
from hypothesis import strategies as st
from rows import rows
from test_expression_vectors import (
    CORPUS,
    KINDS,
    one_plan,
    plan,
    written,
)
from trees import model_of

from fastlb.facts.expressions import Expression
from fastlb.facts.health import HealthMethod
from fastlb.monitor.checks import AnswerFacts, HealthAnswer
from fastlb.monitor.conditions import (
    FILE_BYTES_MAX,
    INTEGER_MAX,
    UndecidedError,
    globbed,
    holds,
    number_of,
    text_of,
)

ANSWER = HealthAnswer(
    status=503,
    fields=[
        (b"Content-Type", b"text/plain; charset=utf-8"),
        (b"X-State", b"draining"),
        (b"x-state", b"second"),
        (b"Retry-After", b"120"),
    ],
    body=bytearray(b"state: Under maintenance\nleft: 3\n"),
)
assert one_plan  # which ends the plan behind these tests
FACTS = AnswerFacts(ANSWER, HealthMethod.GET)
# What the monitor has no client, request or server of its own for.
OF_A_REQUEST = re.compile(
    r"%\{|\b(req|http|req_novary|resp|reqenv|note|env|ssl)\(|-[RFUA] |\bfile\("
    r"|PeerExtList",
    re.IGNORECASE,
)


def condition(text: str) -> Expression:
    conf = f"""Listen 80
ProxyHCExpr e {{{text}}}
<Proxy balancer://b>
    BalancerMember http://a hcmethod=GET hcexpr=e
</Proxy>
ProxyPass / balancer://b/
"""
    health = model_of(conf).members[0].health
    assert health is not None
    assert health.condition is not None
    return health.condition.expression


@rows(
    ("text", "expected"),
    [
        ("%{REQUEST_STATUS} =~ /^[234]/", False),
        ("%{REQUEST_STATUS} =~ /^[5]/", True),
        ("%{REQUEST_STATUS} -lt 600 && %{REQUEST_STATUS} -ge 503", True),
        ("hc('body') !~ /Under maintenance/", False),
        ("hc('body') =~ /left: (\\d)/ && $1 -lt 5", True),
        ("%{HC_BODY} =~ /under/i", True),
        ("%{hc:BODY} -strmatch '*maintenance*'", True),
        ("%{HC_OTHER} == ''", True),
        ("%{resp:X-State} == 'draining'", True),
        ("resp('retry-after') -gt 60", True),
        ("%{resp:None} == ''", True),
        ("%{CONTENT_TYPE} =~ m#^text/#", True),
        ("%{HTTP:Host} == '' && %{REQUEST_URI} == ''", True),
        ("%{REQUEST_METHOD} == 'GET'", True),
        ("%{TIME_YEAR} -gt 2000 && %{TIME_WDAY} -lt 7", True),
        ("-R '10.0.0.0/8'", False),
        ("%{resp:X-State} in {'up', 'draining'}", True),
    ],
)
def test_what_an_answer_is_asked(text: str, expected: bool) -> None:
    assert holds(condition(text), FACTS) is expected


@pytest.mark.parametrize("kind", KINDS)
def test_httpd_and_the_monitor_find_the_same(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IN_ENV", "from-env")
    monkeypatch.delenv("NOT_IN_ENV", raising=False)
    apart, asked = [], 0
    for one in CORPUS[kind]:
        if "values" not in one or OF_A_REQUEST.search(one["expr"]):
            continue
        asked += 1
        expression = compiled(written(kind, one), is_text=kind == "texts")
        try:
            found: object = (
                text_of(expression, FACTS).decode("latin-1")
                if kind == "texts"
                else holds(expression, FACTS)
            )
        except UndecidedError:
            found = kind != "texts" or ""  # httpd goes on as if it held
        if any(value != found for value in one["values"]):
            apart.append((one["expr"], one["values"], found))
    assert not apart
    assert asked >= 40


@rows(
    ("word", "number"),
    [
        (b"12", 12),
        (b" \t-7x", -7),
        (b"+3", 3),
        (b"x", 0),
        (b"", 0),
        (b"9" * 5000, INTEGER_MAX),
        (b"0" * 5000 + b"5", 5),
        (b"-99999999999999999999999", -INTEGER_MAX),
    ],
)
def test_numbers_end_where_digits_do(word: bytes, number: int) -> None:
    assert number_of(word) == number


@given(st.text("ab*?[]!-\\/c", max_size=12), st.text("abc/-]", max_size=12))
def test_globs_as_the_core_reads_them(pattern: str, subject: str) -> None:
    for operator, how in (("-fnmatch", 0), ("-strmatch", 1), ("-strcmatch", 3)):
        quoted = pattern.replace("\\", "\\\\")
        text = f"'{subject}' {operator} '{quoted}'"
        plan().raw(b"GET /app/ HTTP/1.1\r\nHost: a\r\n\r\n", remote="127.0.0.1")
        found = plan().probe.expression(compiled(text), False)
        assert globbed(pattern.encode(), subject.encode(), how) == (found == 1), text


def test_a_glob_does_not_look_back() -> None:
    pattern = b"*a" * 30 + b"b"
    assert not globbed(pattern, b"a" * 60_000, 1)


def test_what_cannot_be_worked_out(tmp_path: Path) -> None:
    large = tmp_path / "large"
    large.write_bytes(b"x" * (FILE_BYTES_MAX + 1))
    for text in (f"file('{large}') == ''", f"file('{tmp_path}/none') == ''"):
        with pytest.raises(UndecidedError):
            holds(condition(text), FACTS)
    hard = condition("hc('body') =~ /^(a+)+$/")
    slow = AnswerFacts(HealthAnswer(body=bytearray(b"a" * 60_000 + b"!")), FACTS.method)
    with suppress(UndecidedError):
        assert holds(hard, slow) is False
