"""Expressions: what is refused, what is bounded, and that evaluation always ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from expressions import compiled
from hypothesis import given
from hypothesis import strategies as st
from rows import rows
from test_plan import Plan

from fastlb.cli.explain import command
from fastlb.config.expressions.errors import ExpressionError
from fastlb.facts.expressions import Step
from fastlb.model.expressions import OPS_MAX, STACK_MAX


@rows(
    ("text", "sentence", "at", "cure"),
    [
        ("%{REMOTE_ADR} == 'a'", "Variable 'REMOTE_ADR' does", 2, "%{REMOTE_ADDR}"),
        ("-n tolwer('a')", "Function 'tolwer' does not exist", 3, "tolower"),
        ("'a' -strmach 'b'", "Binary operator '-strmach'", 4, "-strmatch"),
        ("-w 'a'", "Unary operator '-w' does not exist", 0, "-n -z -T"),
        ("%{HTTP_HOST} == a", "syntax error, unexpected $end", 17, "in quotes"),
        ("%{HTTP_HOST}", "syntax error, unexpected $end", 12, "compare it"),
        ("'a' =~ 'b'", "syntax error, unexpected T_STR_BEGIN", 7, "/.../"),
        ("'a' =~ /(/", "Failed to compile regular expression", 7, "m#...#"),
        ("(true", "syntax error, unexpected $end", 5, "parenthesis"),
        ("'a", "Unterminated string or variable", 2, "close the quote"),
        ("'a' -ipmatch 'b'", "parsing of subnet/netmask failed", 4, "10.0.0.0/8"),
        ("'a' in PeerExtList('x')", "PeerExtList takes the number of an", 7, "1.3.6"),
        ("'a' in PeerExtList('2.5.29.17')", "PeerExtList('2.5.29.17') is", 7, "%{SSL"),
    ],
)
def test_what_is_wrong_is_told_with_its_place_and_a_cure(
    text: str, sentence: str, at: int, cure: str
) -> None:
    with pytest.raises(ExpressionError) as problem:
        compiled(text)
    assert str(problem.value).startswith(sentence)
    assert problem.value.at == at
    assert cure in problem.value.cure


def test_the_stack_and_the_steps_have_a_bound() -> None:
    deep = "'a'"
    for _ in range(STACK_MAX):
        deep = f"'b'.tolower({deep})"
    with pytest.raises(ExpressionError, match="joins too many words"):
        compiled(f"{deep} == ''")
    long = " || ".join(["'a' == 'b'"] * OPS_MAX)
    with pytest.raises(ExpressionError, match="too long"):
        compiled(long)


@rows("text", ["(" * 3000 + "true", "!" * 3000 + "true", "%{tolower:" * 3000])
def test_what_is_nested_without_end_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError):
        compiled(text, is_text=text.startswith("%"))


def _words(depth: int, draw: st.DrawFn) -> str:
    kind = draw(st.integers(0, 7 if depth else 5))
    if kind < 6:
        return ("'a'", "''", "%{HTTP:X}", "12", "$1", '"%{HTTP:X}-$0"')[kind]
    if kind == 6:
        return f"tolower({_words(depth - 1, draw)})"
    return f"{_words(depth - 1, draw)}.{_words(depth - 1, draw)}"


@st.composite
def conditions(draw: st.DrawFn, depth: int = 3) -> str:
    def word() -> str:
        return _words(2, draw)

    kind = draw(st.integers(0, 8 if depth else 5))
    if kind == 0:
        return draw(st.sampled_from(["true", "false"]))
    if kind == 1:
        return f"{word()} == {word()}"
    if kind == 2:
        return f"{word()} -lt {word()}"
    if kind == 3:
        return f"{word()} =~ /(a)|b/"
    if kind == 4:
        return f"{word()} in {{{word()}, {word()}}}"
    if kind == 5:
        return f"-n {word()}"
    inner = conditions(depth=depth - 1)
    if kind == 6:
        return f"!({draw(inner)})"
    sign = "&&" if kind == 7 else "||"
    return f"({draw(inner)} {sign} {draw(inner)})"


@pytest.fixture(scope="module")
def plan() -> Iterator[Plan]:
    made = Plan("ProxyPass / http://127.0.0.1:1/\n")
    made("/", "X: aB")
    yield made
    made.close()


@given(conditions())
def test_jumps_go_forward_and_the_stack_ends_empty(text: str) -> None:
    ops = compiled(text).ops
    held = 0
    for at, op in enumerate(ops):
        if op.step in (Step.JUMP_IF, Step.JUMP_UNLESS):
            assert at < op.number <= len(ops)
        elif op.step is Step.JOIN:
            held -= op.number - 1
        elif op.step in (Step.TEXT, Step.VARIABLE, Step.GROUP):
            held += 1
        elif op.step in (Step.MATCH, Step.NOT_EMPTY, Step.IS_ONE, Step.DROP):
            held -= 1
        elif op.step in (Step.SAME, Step.NUMBER_LESS):
            held -= 2
    assert held == 0


@given(text=conditions())
def test_a_condition_and_its_opposite(plan: Plan, text: str) -> None:
    found = plan.probe.expression(compiled(text))
    assert found in (0, 1)
    assert plan.probe.expression(compiled(f"!({text})")) == 1 - found


@given(text=st.text(st.characters(max_codepoint=255)))
def test_any_text_is_taken_or_refused(plan: Plan, text: str) -> None:
    for is_text in (False, True):
        try:
            expression = compiled(text, is_text=is_text)
        except ExpressionError as problem:
            assert 0 <= problem.at <= len(text)
            continue
        plan.probe.expression(expression, is_text)


def test_explain_tells_which_of_them_held(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    conf = tmp_path / "t.conf"
    conf.write_text(
        "Listen 127.0.0.1:8099\nServerName a.test\n<Location /x>\n"
        "<If \"%{QUERY_STRING} == 'q'\">\nRequire expr false\n</If>\n"
        "<Else>\nSetEnv a b\n</Else>\n</Location>\nProxyPass / http://127.0.0.1:1/\n"
    )
    for query, told in (("?q", "Require expr false"), ("", "<Else>")):
        command.run(["-f", str(conf), f"http://a.test:8099/x{query}"])
        assert told in capsys.readouterr().out
