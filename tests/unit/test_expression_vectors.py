"""Expressions as httpd 2.4.71 reads and evaluates them (tests/corpus/expressions.json).

Each one is compiled as the check does it, and worked out by the compiled core for the
requests that httpd was asked with.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from expressions import compiled
from test_plan import Plan

from fastlb.config.expressions.errors import ExpressionError

FILE = Path(__file__).parents[1] / "corpus/expressions.json"
CORPUS: dict[str, Any] = json.loads(FILE.read_text())
TEXT = """\
ServerAdmin me@front.test
DocumentRoot @ROOT@
SetEnvIf X-Env (.+) FROM_FIELD=$1
SetEnv PLAIN "value of plain"
Header note nothing nothing
ProxyPass /app/ http://127.0.0.1:1/base/
"""
KINDS = ("conditions", "texts")


def written(kind: str, one: dict[str, Any]) -> str:
    return str(one["expr"]) if kind == "conditions" else f"[{one['expr']}]"


@cache
def plan() -> Plan:
    return Plan(TEXT, listen="Listen 127.0.0.1:80\nServerName front.test\n")


@pytest.fixture(scope="module", autouse=True)
def one_plan() -> Iterator[None]:
    yield
    plan().close()
    plan.cache_clear()


def values(kind: str, one: dict[str, Any]) -> list[object]:
    expression = compiled(written(kind, one), is_text=kind == "texts")
    found: list[object] = []
    for request in CORPUS["requests"]:
        plan().raw(request["raw"].encode("latin-1"), remote="127.0.0.1")
        value = plan().probe.expression(expression, kind == "texts")
        if kind == "conditions":
            # A header rule whose condition fails is applied, in httpd.
            found.append(value != 0)
        else:
            found.append((value or b"").decode("latin-1"))
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_httpd_and_the_check_take_the_same(kind: str) -> None:
    apart = []
    for one in CORPUS[kind]:
        try:
            compiled(written(kind, one), is_text=kind == "texts")
            said = ""
        except ExpressionError as problem:
            said = str(problem)
        if bool(said) != ("error" in one):
            apart.append((one["expr"], one.get("error"), said))
    assert not apart


@pytest.mark.parametrize("kind", KINDS)
def test_httpd_and_the_core_find_the_same(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IN_ENV", "from-env")
    monkeypatch.delenv("NOT_IN_ENV", raising=False)
    apart = []
    for one in CORPUS[kind]:
        if "values" not in one:
            continue
        if (found := values(kind, one)) != one["values"]:
            apart.append((one["expr"], one["values"], found))
    assert not apart


def test_there_are_many() -> None:
    taken = [one for kind in KINDS for one in CORPUS[kind] if "values" in one]
    assert len(taken) >= 600
    assert CORPUS["httpd"].startswith("Apache/2.4.")
